//! Training of a classifier from examples: cross-fitted, stopped early, calibrated on what was not learned from.
//!
//! The examples are split into folds by group. For each fold a network learns from the others and stops when the fold's loss
//! stops getting better; its outputs for the fold are kept. Calibration, thresholds and the reported quality come from those
//! outputs alone. The model that is handed over is these networks side by side, answering their mean.

use std::ops::ControlFlow;

use thiserror::Error;

use super::calibrate::Calibration;
use super::features::{Features, Shape, documents, extract, inverse_frequency};
use super::index::Index;
use super::learner::{Item, Learned, Learner, Pace, held_loss, together};
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
    /// Texts that a feature has to stand in to be learned.
    pub texts_min: u32,
    /// Features that are learned at most, the most frequent first.
    pub rows_max: usize,
    /// Hidden units of each network.
    pub hidden: usize,
    /// How a network learns.
    pub pace: Pace,
    /// Parts that the examples are split into, and networks, 2 to 20.
    pub folds: usize,
    /// What a network stops by.
    pub stop: Stop,
    /// Passes over the examples at most.
    pub epochs_max: usize,
    /// Passes without getting better on the fold after which a network stops.
    pub patience: usize,
}

/// What a network has to get better at on the fold that it does not learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The loss: where probabilities matter.
    Loss,
    /// The mean of micro and macro F1 of the first head at its best thresholds: where decisions matter, and rare labels,
    /// which the loss forgets.
    F1,
}

impl Settings {
    /// For Vietnamese messages and the schema of triage.
    #[must_use]
    pub fn triage(seed: u64) -> Self {
        Self {
            seed,
            shape: Shape {
                buckets_log2: 18,
                vietnamese: true,
                words_max: 2,
                piece_min: 3,
                piece_max: 4,
                piece_weight: 0.25,
                class_weight: 0.8,
                skips: true,
                length_power: 0.7,
            },
            texts_min: 3,
            rows_max: 15_000,
            hidden: 24,
            pace: Pace {
                batch: 32,
                table_rate: 0.04,
                top_rate: 2e-3,
                table_decay: 0.0,
                dropout: 0.5,
                smoothing: 0.02,
                beside: 0.1,
            },
            folds: 4,
            stop: Stop::Loss,
            epochs_max: 6,
            patience: 1,
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
                class_weight: 0.0,
                skips: false,
                length_power: 1.0,
            },
            texts_min: 2,
            rows_max: 1 << 18,
            hidden: 100,
            pace: Pace {
                batch: 32,
                table_rate: 0.05,
                top_rate: 2e-3,
                table_decay: 0.0,
                dropout: 0.75,
                smoothing: 0.0,
                beside: 0.0,
            },
            folds: 4,
            stop: Stop::F1,
            epochs_max: 12,
            patience: 2,
        }
    }
}

/// Where a training stands, after each epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Network at work, from 0.
    pub run: usize,
    /// Networks in all.
    pub runs: usize,
    /// Epoch just done, from 1.
    pub epoch: usize,
    /// Mean loss of an example while learning.
    pub loss: f64,
    /// Mean loss of an example of the fold.
    pub held_loss: f64,
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
    let Prepared { index, frequency, step, items } = prepare(examples, settings);
    let fold_of: Vec<usize> = examples.iter().map(|e| fold(e.group, settings)).collect();
    let mut curve = Vec::new();
    let mut outputs = vec![Vec::new(); items.len()];
    let mut networks = Vec::new();
    for held in 0..settings.folds {
        let learn: Vec<&Item> =
            items.iter().zip(&fold_of).filter(|(_, fold)| **fold != held).map(|(item, _)| item).collect();
        let places: Vec<usize> = (0..items.len()).filter(|at| fold_of.get(*at) == Some(&held)).collect();
        let judged: Vec<&Item> = places.iter().filter_map(|at| items.get(*at)).collect();
        if learn.is_empty() || judged.is_empty() {
            return Err(TrainError::Setting { field: "folds", remedy: "give fewer folds, or examples of more groups" });
        }
        let best = run_fold(schema, settings, index.rows(), held, (&learn, &judged), &mut curve, progress)?;
        networks.extend(best.learned);
        for (at, output) in places.into_iter().zip(best.outputs) {
            if let Some(slot) = outputs.get_mut(at) {
                *slot = output;
            }
        }
    }
    let learned = together(&networks).ok_or(TrainError::Diverged { epoch: 0 })?;
    let truths: Vec<Vec<Truth>> = items.into_iter().map(|item| item.truths).collect();
    let calibration = Calibration::fit(schema, &outputs, &truths);
    let out_of_fold: Vec<Vec<f32>> = outputs.iter().map(|output| calibration.probabilities(schema, output)).collect();
    let quality = judge(schema, &calibration, &out_of_fold, &truths);
    let parts = Parts {
        schema: schema.clone(),
        shape: settings.shape.clone(),
        index,
        frequency,
        frequency_step: step,
        table: Table::from_full(learned.columns, &learned.table),
        top: learned.top,
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

/// The examples as a network sees them.
struct Prepared {
    index: Index,
    /// Inverse document frequency of each row, in steps of a byte.
    frequency: Vec<u8>,
    /// What a step is worth.
    step: f32,
    items: Vec<Item>,
}

fn prepare(examples: &[Example], settings: &Settings) -> Prepared {
    let shape = &settings.shape;
    let mut features: Vec<Features> = examples.iter().map(|example| extract(&example.text, shape)).collect();
    let documents = documents(shape, &features);
    let index = Index::of_frequent(&documents, settings.texts_min, settings.rows_max);
    let known = documents.iter().zip(0..).filter(|(_, bucket)| index.row(*bucket).is_some());
    let full: Vec<f32> = known.map(|(n, _)| inverse_frequency(examples.len(), *n)).collect();
    let step = full.iter().copied().fold(1.0, f32::max) / 255.0;
    let frequency: Vec<u8> = full.iter().map(|f| to_step(f / step)).collect();
    let items = features
        .iter_mut()
        .zip(examples)
        .map(|(features, example)| {
            features.keep(&index);
            features.weigh(shape, |row| {
                let steps = usize::try_from(row).ok().and_then(|row| frequency.get(row)).copied().unwrap_or(0);
                f32::from(steps) * step
            });
            Item { rows: features.rows(), truths: example.truths.clone() }
        })
        .collect();
    Prepared { index, frequency, step, items }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and clamped to the range of u8")]
fn to_step(x: f32) -> u8 {
    x.round().clamp(0.0, 255.0) as u8
}

fn fold(group: u64, settings: &Settings) -> usize {
    let folds = u64::try_from(settings.folds).unwrap_or(2);
    usize::try_from(mix(group ^ settings.seed.rotate_left(17)) % folds).unwrap_or(0)
}

fn learner(schema: &Schema, settings: &Settings, rows: usize, run: usize) -> Learner {
    let run = u64::try_from(run).unwrap_or(0);
    Learner::new(schema, rows, settings.hidden, settings.pace, mix(settings.seed.wrapping_add(run)))
}

struct Best {
    epoch: usize,
    score: f64,
    outputs: Vec<Vec<f32>>,
    learned: Option<Learned>,
}

fn run_fold(
    schema: &Schema,
    settings: &Settings,
    rows: usize,
    run: usize,
    (learn, judged): (&[&Item], &[&Item]),
    curve: &mut Vec<Progress>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Best, TrainError> {
    let mut learner = learner(schema, settings, rows, run);
    learner.start_at_shares(learn);
    let mut best = Best { epoch: 0, score: f64::NEG_INFINITY, outputs: Vec::new(), learned: None };
    for epoch in 1..=settings.epochs_max {
        let loss = learner.epoch(learn);
        let outputs = learner.outputs(judged);
        let held = held_loss(schema, &outputs, judged);
        report(Progress { run, runs: settings.folds, epoch, loss, held_loss: held }, curve, progress)?;
        let score = match settings.stop {
            Stop::Loss => -held,
            Stop::F1 => best_f1(schema, &outputs, judged),
        };
        if score > best.score {
            best = Best { epoch, score, outputs, learned: Some(learner.learned()) };
        } else if epoch >= best.epoch + settings.patience {
            break;
        }
    }
    Ok(best)
}

/// Mean of micro and macro F1 of the first head, with thresholds fitted to the very outputs that are judged.
fn best_f1(schema: &Schema, outputs: &[Vec<f32>], judged: &[&Item]) -> f64 {
    let truths: Vec<Vec<Truth>> = judged.iter().map(|item| item.truths.clone()).collect();
    let calibration = Calibration::fit(schema, outputs, &truths);
    let probabilities: Vec<Vec<f32>> = outputs.iter().map(|output| calibration.probabilities(schema, output)).collect();
    let quality = judge(schema, &calibration, &probabilities, &truths);
    quality.heads.first().map_or(0.0, |head| f64::midpoint(head.micro_f1, head.macro_f1))
}

fn report(
    now: Progress,
    curve: &mut Vec<Progress>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    curve.push(now);
    if !now.loss.is_finite() || !now.held_loss.is_finite() {
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
