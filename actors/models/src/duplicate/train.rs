//! Learns the score of a pair from labelled reports: the pairs are those that the index really finds, in the order in which reports
//! come, so how often a candidate is the same is what it is in use.

use serde::{Deserialize, Serialize};

use super::{
    super::forecast::{
        HOUR_MS,
        fit::{Epoch, FitError, FitOptions, Loss, ROWS_MAX, Rows, fit},
    },
    Labelled,
    evaluate::{SuggestionQuality, evaluate},
    index::Index,
    model::Model,
    pair::{GROUNDS, Known},
    pleas::{NightOptions, Wording, night},
};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DuplicateOptions {
    /// How to fit; the hidden layer is left out whatever it says, so that every reason adds up.
    pub fit: FitOptions,
    /// From which probability on a suggestion counts as shown, for the quality.
    pub shown_from: f32,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        let fit =
            FitOptions { seed: 1, hidden: 0, epochs_max: 40, patience: 5, batch: 512, rate: 2e-2, weight_decay: 1e-4 };
        Self { fit, shown_from: 0.5 }
    }
}

/// What was measured while training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DuplicateQuality {
    /// Every pass.
    pub epochs: Vec<Epoch>,
    /// Pairs that it learned from.
    pub rows: usize,
    /// On the stream that it stopped by.
    pub stop: SuggestionQuality,
}

/// A model and how good it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DuplicateTrained {
    /// The model.
    pub model: Model,
    /// How good it is.
    pub quality: DuplicateQuality,
}

/// Learns from streams of reports, stopping by one that came later.
///
/// # Errors
///
/// Too few pairs, or a loss that leaves the numbers.
pub fn train(
    streams: &[Vec<Labelled>],
    stop: &[Labelled],
    options: &DuplicateOptions,
    progress: &mut dyn FnMut(&Epoch),
) -> Result<DuplicateTrained, FitError> {
    let mut rows = Rows::new(GROUNDS.len(), 1);
    for stream in streams {
        pairs(stream, &mut rows);
    }
    let mut hold = Rows::new(GROUNDS.len(), 1);
    pairs(stop, &mut hold);
    let fit_options = FitOptions { hidden: 0, ..options.fit.clone() };
    let fitted = fit(&rows, &hold, &Loss::Logistic, &fit_options, progress)?;
    let model = Model { net: fitted.net };
    let stop = evaluate(&model, stop, 0, options.shown_from);
    Ok(DuplicateTrained { model, quality: DuplicateQuality { epochs: fitted.epochs, rows: rows.len(), stop } })
}

/// The pairs that the index finds as the reports come.
fn pairs(stream: &[Labelled], rows: &mut Rows) {
    let mut index: Index<usize> = Index::default();
    for (at, one) in stream.iter().enumerate() {
        for (key, features) in index.pairs(&Known::of(&one.report)) {
            let Some(same) = one.same(&stream[key]) else { continue };
            if rows.len() >= ROWS_MAX {
                return;
            }
            rows.inputs.extend(features);
            rows.targets.push(if same { 1.0 } else { 0.0 });
        }
        index.insert(at, &one.report);
    }
}

/// Nights that the shipped weights learn from, and one that they stop by; seeds from 1.
const RECIPE_NIGHTS: u64 = 30;

/// How the shipped weights are made: from the project's own generator and nothing else.
///
/// # Errors
///
/// As [`train`].
pub fn recipe(options: &DuplicateOptions, progress: &mut dyn FnMut(&Epoch)) -> Result<DuplicateTrained, FitError> {
    // From a quiet day, which has few candidates, to the densest surge.
    let of = |seed: u64| {
        let (events, hours) =
            [(150, 48), (60, 3), (150, 3), (300, 24), (300, 3), (600, 3)][usize::try_from(seed % 6).unwrap_or(0)];
        night(&NightOptions { seed, events, span_ms: hours * HOUR_MS, wording: Wording::Train })
    };
    let nights: Vec<_> = (1..=RECIPE_NIGHTS).map(of).collect();
    train(&nights, &of(RECIPE_NIGHTS + 1), options, progress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_on_one_night_it_is_right_on_another_in_other_words() {
        let of = |seed, wording| night(&NightOptions { seed, events: 150, wording, ..NightOptions::default() });
        let options = DuplicateOptions {
            fit: FitOptions { epochs_max: 10, ..DuplicateOptions::default().fit },
            ..DuplicateOptions::default()
        };
        let streams = [of(1, Wording::Train), of(2, Wording::Train)];
        let trained = train(&streams, &of(3, Wording::Train), &options, &mut |_| ()).unwrap();
        trained.model.check().unwrap();
        let quality = evaluate(&trained.model, &of(1001, Wording::Test), 0, 0.5);
        assert!(quality.precision() > 0.8 && quality.recall() > 0.6, "{quality:?}");
    }

    #[test]
    fn the_shipped_weights_hold_on_a_night_that_nobody_has_seen() {
        let options = NightOptions { seed: 2001, wording: Wording::Test, ..NightOptions::default() };
        let quality = evaluate(&Model::shipped().unwrap(), &night(&options), 0, 0.5);
        assert!(quality.precision() > 0.8 && quality.recall() > 0.7, "{quality:?}");
        assert!(quality.calibration_error < 0.05, "{quality:?}");
    }
}
