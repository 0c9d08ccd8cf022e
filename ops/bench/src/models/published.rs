//! Figures of others that were published, with where they stand. They were not measured here.

/// Where [`NAB`] stands.
pub(crate) const NAB_SOURCE: &str =
    "the scoreboard of the Numenta Anomaly Benchmark 1.1 (README.md of github.com/numenta/NAB, commit ea702d7)";

/// Scores of detectors over all 58 files: name, standard, fewer false alarms, fewer misses. Of a range the best is taken.
pub(crate) const NAB: [(&str, f64, f64, f64); 10] = [
    ("ARTime", 74.9, 65.1, 80.4),
    ("Numenta HTM", 70.5, 62.6, 75.2),
    ("CAD OSE", 69.9, 67.0, 73.2),
    ("earthgecko Skyline", 58.2, 46.2, 63.9),
    ("KNN CAD", 58.0, 43.4, 64.8),
    ("Relative Entropy", 54.6, 47.6, 58.8),
    ("Random Cut Forest", 51.7, 38.4, 59.7),
    ("Twitter ADVec", 47.1, 33.6, 53.5),
    ("Windowed Gaussian", 39.6, 20.9, 47.4),
    ("Random", 11.0, 1.2, 19.5),
];
