//! Detectors over the benchmark's files, and their figures.

use super::{Judged, Profile, Series, best, normalised, raw_at};
use crate::anomaly::{Detector, Settings};

/// A detector's figures in one profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The profile.
    pub profile: String,
    /// On the published scale.
    pub score: f64,
    /// The one threshold for all files.
    pub threshold: f64,
}

/// Files for choosing settings, and files that these settings never saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Halves {
    /// Settings are chosen on these.
    pub chosen: Vec<Series>,
    /// And proved on these.
    pub held_out: Vec<Series>,
}

/// Whether the file at this place, in the order of names, is of the half on which settings are chosen: every other one.
pub fn chosen_half(place: usize) -> bool {
    place.is_multiple_of(2)
}

/// Files in the order of their names, every other one held out.
pub fn halves(series: &[Series]) -> Halves {
    let mut sorted: Vec<_> = series.iter().collect();
    sorted.sort_by_key(|series| series.name.as_str());
    let half = |chosen: bool| {
        let places = sorted.iter().enumerate().filter(move |(place, _)| chosen_half(*place) == chosen);
        places.map(|(_, series)| (*series).clone()).collect()
    };
    Halves { chosen: half(true), held_out: half(false) }
}

/// The scores of one fresh detector over one series, reading by reading.
pub fn detect(series: &Series, settings: &Settings) -> Vec<f64> {
    let mut detector = Detector::new(settings.clone());
    series.at_ms.iter().zip(&series.values).map(|(at_ms, value)| detector.observe(*at_ms, *value).score).collect()
}

/// The same over many series.
pub fn detect_all(series: &[Series], settings: &Settings) -> Vec<Vec<f64>> {
    series.iter().map(|series| detect(series, settings)).collect()
}

/// The figures of scores in every profile, each at its own best threshold.
pub fn figures(judged: &[Judged], scores: &[Vec<f64>], profiles: &[Profile]) -> Vec<Figures> {
    let windows = judged.iter().map(Judged::windows).sum();
    let figures = |profile: &Profile| {
        let best = best(judged, scores, profile);
        Figures {
            profile: profile.name.clone(),
            score: normalised(best.raw, windows, profile),
            threshold: best.threshold,
        }
    };
    profiles.iter().map(figures).collect()
}

/// The figure of scores in one profile at a threshold that was chosen elsewhere.
pub fn figures_at(judged: &[Judged], scores: &[Vec<f64>], profile: &Profile, threshold: f64) -> Figures {
    let windows = judged.iter().map(Judged::windows).sum();
    let score = normalised(raw_at(judged, scores, profile, threshold), windows, profile);
    Figures { profile: profile.name.clone(), score, threshold }
}
