//! How good suggestions are on labelled reports that come one after the other, as they would.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{
    super::forecast::net::Scratch,
    Labelled,
    index::{GAP_MS_MAX, Index},
    model::Model,
    pair::Known,
};

/// Bins of the reliability curve.
const BINS: usize = 10;

/// How good suggestions are. A report counts where it is known whether an earlier one is about the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SuggestionQuality {
    /// From which probability on the first suggestion is shown.
    pub shown_from: f32,
    /// Reports that were asked about.
    pub reports: usize,
    /// Of these: an earlier one within the window is about the same.
    pub with_earlier: usize,
    /// A suggestion was shown.
    pub shown: usize,
    /// The suggestion shown is about the same.
    pub right: usize,
    /// One about the same was among the candidates, whatever its score.
    pub found: usize,
    /// Pairs scored.
    pub pairs: usize,
    /// Pairs about the same.
    pub pairs_same: usize,
    /// Mean distance of probability from frequency over tenths of probability, by number of pairs (expected calibration error).
    pub calibration_error: f32,
    /// The curve: mean probability, frequency, pairs.
    pub reliability: Vec<(f32, f32, usize)>,
    /// Mean time of one question and keeping the report, in microseconds.
    pub question_us: f32,
}

impl SuggestionQuality {
    /// Of what was shown, so much was right.
    #[must_use]
    pub fn precision(&self) -> f32 {
        self.right as f32 / self.shown.max(1) as f32
    }

    /// Of what could have been shown, so much was, rightly.
    #[must_use]
    pub fn recall(&self) -> f32 {
        self.right as f32 / self.with_earlier.max(1) as f32
    }

    /// Adds what was counted elsewhere; curves and times stay what they were.
    pub fn add(&mut self, other: &Self) {
        self.reports += other.reports;
        self.with_earlier += other.with_earlier;
        self.shown += other.shown;
        self.right += other.right;
        self.found += other.found;
        self.pairs += other.pairs;
        self.pairs_same += other.pairs_same;
    }
}

/// Lets reports come in their order and asks about each from `first` on, before it is kept.
#[must_use]
pub fn evaluate(model: &Model, reports: &[Labelled], first: usize, shown_from: f32) -> SuggestionQuality {
    let mut quality = SuggestionQuality { shown_from, ..SuggestionQuality::default() };
    let mut index: Index<usize> = Index::default();
    let mut bins = [(0.0f32, 0.0f32, 0usize); BINS];
    let mut scratch = Scratch::default();
    let begun = Instant::now();
    let mut window = 0;
    for (at, one) in reports.iter().enumerate() {
        if at >= first {
            while window < at && one.report.at_ms.saturating_sub(reports[window].report.at_ms) > GAP_MS_MAX {
                window += 1;
            }
            ask(model, &index, reports, (window, at), &mut quality, &mut bins, &mut scratch);
        }
        index.insert(at, &one.report);
    }
    quality.question_us = begun.elapsed().as_secs_f32() * 1e6 / reports.len().max(1) as f32;
    for (sum, same, pairs) in bins {
        let of = pairs.max(1) as f32;
        quality.calibration_error += (sum - same).abs() / quality.pairs.max(1) as f32;
        quality.reliability.push((sum / of, same / of, pairs));
    }
    quality
}

fn ask(
    model: &Model,
    index: &Index<usize>,
    reports: &[Labelled],
    (window, at): (usize, usize),
    quality: &mut SuggestionQuality,
    bins: &mut [(f32, f32, usize); BINS],
    scratch: &mut Scratch,
) {
    let one = &reports[at];
    let mut best: Option<(f32, Option<bool>)> = None;
    let mut found = false;
    for (key, features) in index.pairs(&Known::of(&one.report)) {
        let same = one.same(&reports[key]);
        let probability = model.of_features(&features, scratch);
        if best.is_none_or(|(most, _)| probability > most) {
            best = Some((probability, same));
        }
        let Some(same) = same else { continue };
        found |= same;
        quality.pairs += 1;
        quality.pairs_same += usize::from(same);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability in tenths")]
        let bin = &mut bins[((probability * BINS as f32) as usize).min(BINS - 1)];
        bin.0 += probability;
        bin.1 += if same { 1.0 } else { 0.0 };
        bin.2 += 1;
    }
    let earlier = reports[window..at].iter().rev().any(|other| other.event == one.event);
    let shown = best.filter(|(probability, _)| *probability >= quality.shown_from);
    // Nobody knows whether the suggestion is right.
    if matches!(shown, Some((_, None))) {
        return;
    }
    quality.reports += 1;
    quality.with_earlier += usize::from(earlier);
    quality.found += usize::from(found);
    quality.shown += usize::from(shown.is_some());
    quality.right += usize::from(matches!(shown, Some((_, Some(true)))));
}
