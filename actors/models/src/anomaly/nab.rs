//! The Numenta Anomaly Benchmark's own protocol and scorer, rebuilt: windows weighted by a sigmoid, probation, one threshold
//! a profile for all files, and the scale on which the null detector has 0 and the perfect one 100.
//!
//! After Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly Benchmark" (2015,
//! arXiv:1510.03336), and the behaviour of version 1.1 of the benchmark where the paper is silent. Pure: texts in, figures out.

mod baseline;
mod evaluate;
mod profile;
mod series;
mod sweep;
mod variants;

pub use baseline::{SplitMix, null_scores, perfect_scores, random_scores};
pub use evaluate::{Figures, Halves, chosen_half, detect, detect_all, figures, figures_at, halves};
pub use profile::{Profile, ProfileError};
pub use series::{Series, SeriesError, windows_of};
pub use sweep::{Best, Judged, best, normalised, raw_at};
pub use variants::{VARIANTS, variants};

#[cfg(test)]
mod tests;
