//! Training of a classifier from examples: cross-fitted, stopped early, calibrated on what was not learned from.
//!
//! The examples are split into folds by group. For each fold a network learns from the others and stops when the fold's loss
//! stops falling; its outputs for the fold are kept. Calibration, thresholds and the reported quality come from those
//! outputs alone. The model that is handed over learns from all examples for as many epochs as the folds took on average.

use std::ops::ControlFlow;

use thiserror::Error;

use super::calibrate::Calibration;
use super::features::{Features, Shape, extract, inverse_frequency};
use super::learner::{Item, Learner, Pace, held_loss};
use super::model::{Model, Parts, Table};
use super::quality::{Quality, judge};
use super::schema::{Example, LABELS_MAX, Schema, Truth};
use crate::rng::mix;

/// How a training goes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The same seed and examples give the same model on the same kind of processor.
    pub seed: u64,
    /// How text is read.
    pub shape: Shape,
    /// Hidden units.
    pub hidden: usize,
    /// How a network learns.
    pub pace: Pace,
    /// Parts that the examples are split into, 2 to 20.
    pub folds: usize,
    /// Passes over the examples at most.
    pub epochs_max: usize,
    /// Passes without a better loss on the fold after which a network stops.
    pub patience: usize,
}

impl Settings {
    /// For Vietnamese messages and the schema of triage.
    #[must_use]
    pub fn triage(seed: u64) -> Self {
        Self {
            seed,
            shape: Shape {
                buckets_log2: 15,
                vietnamese: true,
                words_max: 3,
                piece_min: 3,
                piece_max: 5,
                piece_weight: 0.5,
            },
            hidden: 24,
            pace: Pace { batch: 32, table_rate: 0.15, top_rate: 2e-3, table_decay: 0.0, dropout: 0.2, smoothing: 0.02 },
            folds: 4,
            epochs_max: 12,
            patience: 2,
        }
    }

    /// For English messages with many labels.
    #[must_use]
    pub fn english(seed: u64) -> Self {
        Self {
            seed,
            shape: Shape {
                buckets_log2: 18,
                vietnamese: false,
                words_max: 2,
                piece_min: 3,
                piece_max: 5,
                piece_weight: 0.7,
            },
            hidden: 48,
            pace: Pace { batch: 32, table_rate: 0.1, top_rate: 2e-3, table_decay: 0.0, dropout: 0.3, smoothing: 0.0 },
            folds: 4,
            epochs_max: 12,
            patience: 2,
        }
    }
}

/// Where a training stands, after each epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Network at work, from 0; the last is the one that learns from all.
    pub run: usize,
    /// Networks in all.
    pub runs: usize,
    /// Epoch just done, from 1.
    pub epoch: usize,
    /// Mean loss of an example while learning.
    pub loss: f64,
    /// Mean loss of an example of the fold; none for the last network.
    pub held_loss: Option<f64>,
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrainError {
    /// Too little to split.
    #[error("{got} examples are too few; give at least {min}")]
    TooFew {
        /// Examples that came.
        got: usize,
        /// Examples that are needed.
        min: usize,
    },
    /// An example does not fit the schema.
    #[error("example {example}: the truth of head {head} does not fit the schema; correct the row")]
    Truth {
        /// Which example.
        example: usize,
        /// Which head.
        head: usize,
    },
    /// The settings cannot be used.
    #[error("{field} is out of range: {remedy}")]
    Setting {
        /// Which field.
        field: &'static str,
        /// What to give instead.
        remedy: &'static str,
    },
    /// The progress callback said stop.
    #[error("the training was stopped")]
    Stopped,
    /// The loss is no number any more.
    #[error("the loss became infinite in epoch {epoch}; lower the rates")]
    Diverged {
        /// When.
        epoch: usize,
    },
}

/// Examples below which a split says nothing.
pub const EXAMPLES_MIN: usize = 40;

/// A model with what was found out about it.
#[derive(Debug, Clone)]
pub struct Trained {
    /// Ready to answer.
    pub model: Model,
    /// Of examples that the judged network did not learn from.
    pub quality: Quality,
    /// Calibrated probabilities of each example from the network that did not learn from it.
    pub out_of_fold: Vec<Vec<f32>>,
    /// Every epoch.
    pub curve: Vec<Progress>,
}

/// Trains a classifier.
///
/// # Errors
/// When examples or settings cannot be used, the callback says stop, or the loss grows without bound.
pub fn train(
    schema: &Schema,
    examples: &[Example],
    settings: &Settings,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Trained, TrainError> {
    check(schema, examples, settings)?;
    let (frequency, step, items) = prepare(examples, &settings.shape);
    let fold_of: Vec<usize> = examples.iter().map(|e| fold(e.group, settings)).collect();
    let mut curve = Vec::new();
    let mut outputs = vec![Vec::new(); items.len()];
    let mut epochs = Vec::new();
    for held in 0..settings.folds {
        let learn: Vec<&Item> =
            items.iter().zip(&fold_of).filter(|(_, fold)| **fold != held).map(|(item, _)| item).collect();
        let places: Vec<usize> = (0..items.len()).filter(|at| fold_of.get(*at) == Some(&held)).collect();
        let judged: Vec<&Item> = places.iter().filter_map(|at| items.get(*at)).collect();
        if learn.is_empty() || judged.is_empty() {
            continue;
        }
        let best = run_fold(schema, settings, held, &learn, &judged, &mut curve, progress)?;
        epochs.push(best.epoch);
        for (at, output) in places.into_iter().zip(best.outputs) {
            if let Some(slot) = outputs.get_mut(at) {
                *slot = output;
            }
        }
    }
    let passes = (epochs.iter().sum::<usize>() + epochs.len() / 2).checked_div(epochs.len()).unwrap_or(1).max(1);
    let mut learner = learner(schema, settings, settings.folds);
    let all: Vec<&Item> = items.iter().collect();
    for epoch in 1..=passes {
        let loss = learner.epoch(&all);
        report(
            Progress { run: settings.folds, runs: settings.folds + 1, epoch, loss, held_loss: None },
            &mut curve,
            progress,
        )?;
    }
    let truths: Vec<Vec<Truth>> = items.into_iter().map(|item| item.truths).collect();
    let calibration = Calibration::fit(schema, &outputs, &truths);
    let out_of_fold: Vec<Vec<f32>> = outputs.iter().map(|output| calibration.probabilities(schema, output)).collect();
    let quality = judge(schema, &calibration, &out_of_fold, &truths);
    let (columns, full, top) = learner.finish();
    let parts = Parts {
        schema: schema.clone(),
        shape: settings.shape.clone(),
        frequency,
        frequency_step: step,
        table: Table::from_full(columns, &full),
        top,
        calibration,
    };
    Ok(Trained { model: Model::new(parts), quality, out_of_fold, curve })
}

fn check(schema: &Schema, examples: &[Example], settings: &Settings) -> Result<(), TrainError> {
    if examples.len() < EXAMPLES_MIN {
        return Err(TrainError::TooFew { got: examples.len(), min: EXAMPLES_MIN });
    }
    if !(2..=20).contains(&settings.folds) {
        return Err(TrainError::Setting { field: "folds", remedy: "give 2 to 20" });
    }
    if settings.epochs_max == 0 || settings.hidden == 0 {
        return Err(TrainError::Setting { field: "epochs_max or hidden", remedy: "give at least 1" });
    }
    if schema.heads.iter().any(|head| head.labels.is_empty() || head.labels.len() > LABELS_MAX) {
        return Err(TrainError::Setting { field: "schema", remedy: "give each head 1 to 64 labels" });
    }
    for (at, example) in examples.iter().enumerate() {
        for (place, head) in schema.heads.iter().enumerate() {
            let labels = head.labels.len();
            let fits = match (example.truths.get(place), head.choice) {
                (Some(Truth::Unknown), _) => true,
                (Some(Truth::One(label)), super::schema::Choice::One) => *label < labels,
                (Some(Truth::Any(bits)), super::schema::Choice::Any) => labels == LABELS_MAX || bits >> labels == 0,
                _ => false,
            };
            if !fits {
                return Err(TrainError::Truth { example: at, head: place });
            }
        }
    }
    Ok(())
}

/// Inverse document frequencies in steps of a byte, what a step is worth, and every example as rows.
fn prepare(examples: &[Example], shape: &Shape) -> (Vec<u8>, f32, Vec<Item>) {
    let mut features: Vec<Features> = examples.iter().map(|example| extract(&example.text, shape)).collect();
    let full = inverse_frequency(shape, &features);
    let step = full.iter().copied().fold(1.0, f32::max) / 255.0;
    let frequency: Vec<u8> = full.iter().map(|f| to_step(f / step)).collect();
    let items = features
        .iter_mut()
        .zip(examples)
        .map(|(features, example)| {
            features.weigh(shape, |bucket| {
                let steps = usize::try_from(bucket).ok().and_then(|row| frequency.get(row)).copied().unwrap_or(0);
                f32::from(steps) * step
            });
            Item { rows: features.rows(), truths: example.truths.clone() }
        })
        .collect();
    (frequency, step, items)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and clamped to the range of u8")]
fn to_step(x: f32) -> u8 {
    x.round().clamp(0.0, 255.0) as u8
}

fn fold(group: u64, settings: &Settings) -> usize {
    let folds = u64::try_from(settings.folds).unwrap_or(2);
    usize::try_from(mix(group ^ settings.seed.rotate_left(17)) % folds).unwrap_or(0)
}

fn learner(schema: &Schema, settings: &Settings, run: usize) -> Learner {
    let run = u64::try_from(run).unwrap_or(0);
    Learner::new(schema, settings.shape.buckets(), settings.hidden, settings.pace, mix(settings.seed.wrapping_add(run)))
}

struct Best {
    epoch: usize,
    loss: f64,
    outputs: Vec<Vec<f32>>,
}

fn run_fold(
    schema: &Schema,
    settings: &Settings,
    run: usize,
    learn: &[&Item],
    judged: &[&Item],
    curve: &mut Vec<Progress>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Best, TrainError> {
    let mut learner = learner(schema, settings, run);
    let mut best = Best { epoch: 0, loss: f64::INFINITY, outputs: Vec::new() };
    for epoch in 1..=settings.epochs_max {
        let loss = learner.epoch(learn);
        let outputs = learner.outputs(judged);
        let held = held_loss(schema, &outputs, judged);
        report(Progress { run, runs: settings.folds + 1, epoch, loss, held_loss: Some(held) }, curve, progress)?;
        if held < best.loss {
            best = Best { epoch, loss: held, outputs };
        } else if epoch >= best.epoch + settings.patience {
            break;
        }
    }
    Ok(best)
}

fn report(
    now: Progress,
    curve: &mut Vec<Progress>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    curve.push(now);
    if !now.loss.is_finite() || now.held_loss.is_some_and(|loss| !loss.is_finite()) {
        return Err(TrainError::Diverged { epoch: now.epoch });
    }
    match progress(now) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(TrainError::Stopped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Vec<Example> {
        let words = ["chay nha khoi den", "nuoc ngap mai nha", "tai nan xe may", "cam on trung tam"];
        (0..120_usize)
            .map(|n| Example {
                text: format!("{} so {n} {}", words[n % 4], ["gap", "som", "nhe"][n % 3]),
                truths: vec![Truth::One(n % 4)],
                group: n as u64,
            })
            .collect()
    }

    fn schema() -> Schema {
        let mut schema = Schema::any_of("kind", ["fire", "flood", "traffic", "none"].map(str::to_owned).to_vec());
        schema.heads[0].choice = super::super::schema::Choice::One;
        schema
    }

    fn settings() -> Settings {
        let mut settings = Settings::triage(9);
        settings.shape.buckets_log2 = 12;
        settings.folds = 2;
        settings.epochs_max = 6;
        settings
    }

    #[test]
    fn the_same_seed_gives_the_same_model_and_it_knows_its_examples() {
        let mut seen = 0;
        let mut train_once = || {
            train(&schema(), &examples(), &settings(), &mut |_| {
                seen += 1;
                ControlFlow::Continue(())
            })
            .unwrap()
        };
        let (one, two) = (train_once(), train_once());
        assert_eq!(one.model.table, two.model.table);
        assert_eq!(one.model.top, two.model.top);
        assert!(one.quality.heads[0].accuracy > 0.95, "{:?}", one.quality);
        let probabilities = one.model.probabilities(&["nha bi chay"]).unwrap();
        assert_eq!(super::super::calibrate::likeliest(&probabilities[0]), 0);
        assert!(seen >= 4);
    }

    #[test]
    fn a_training_stops_when_it_is_told_to() {
        let stopped = train(&schema(), &examples(), &settings(), &mut |_| ControlFlow::Break(()));
        assert_eq!(stopped.err(), Some(TrainError::Stopped));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut examples = examples();
        examples[7].truths = vec![Truth::One(4)];
        let refused = train(&schema(), &examples, &settings(), &mut |_| ControlFlow::Continue(()));
        assert_eq!(refused.err(), Some(TrainError::Truth { example: 7, head: 0 }));
        let few = train(&schema(), &[], &settings(), &mut |_| ControlFlow::Continue(()));
        assert_eq!(few.err(), Some(TrainError::TooFew { got: 0, min: EXAMPLES_MIN }));
    }
}
