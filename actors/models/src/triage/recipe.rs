//! The recipe of triage: the generator's messages and the operators' corrections, to an artifact with its quality.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use thiserror::Error;

use super::danger;
use super::features::extract;
use super::labelled::Labelled;
use super::labels::Kind;
use super::normal::plain;
use super::quality::ratio;
use super::schema::{Example, Schema, Truth};
use super::store;
use super::train::{Progress, Settings, TrainError, Trained, train};
use super::verdict::NAME;
use crate::artifact::{Artifact, Header};
use crate::corpus::Generator;
use crate::corpus::grammar::GrammarError;
use crate::corpus::noise::{Typist, typed};
use crate::rng::{Rng, mix};

/// The recipe of the shipped model.
pub const SHIPPED_SEED: u64 = 20_250_701;

/// Messages that the shipped model learns from.
pub const SHIPPED_MESSAGES: usize = 20_000;

/// The threshold of none is never below this, however well the generated messages were told apart.
pub const NONE_THRESHOLD_MIN: f32 = 0.9;

/// Of so many held-out emergencies, one at most is ranked as none at the threshold. They come from cores that the judged
/// network never saw, so they are stranger to it than what people write is to the model that is handed over.
pub const EMERGENCIES_PER_MISS_MIN: usize = 2000;

/// How many times a correction is learned from: once as it stands, and else as other people would have typed it. It is real,
/// and rare.
pub const CORRECTION_COPIES: usize = 24;

/// What triage is made from.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Of the generator and of the training.
    pub seed: u64,
    /// Messages from the generator.
    pub messages: usize,
    /// Messages that operators labelled.
    pub corrections: Vec<Labelled>,
    /// Texts that are never learned from, because somebody tests with them.
    pub keep_apart: Vec<String>,
    /// The artifact's version.
    pub version: u32,
    /// How it is trained.
    pub settings: Settings,
}

impl Recipe {
    /// The recipe of the model that the product ships.
    #[must_use]
    pub fn shipped(keep_apart: Vec<String>) -> Self {
        Self {
            seed: SHIPPED_SEED,
            messages: SHIPPED_MESSAGES,
            corrections: Vec::new(),
            keep_apart,
            version: 1,
            settings: Settings::triage(SHIPPED_SEED),
        }
    }

    /// The examples to learn from: none of them is a text that is kept apart.
    ///
    /// # Errors
    /// When the grammar cannot be read.
    pub fn examples(&self) -> Result<Vec<Example>, GrammarError> {
        let apart: BTreeSet<String> = self.keep_apart.iter().map(|text| plain(text)).collect();
        let generated = Generator::new()?.messages(self.seed, self.messages)?;
        let mut examples: Vec<Example> = generated.iter().map(crate::corpus::Message::example).collect();
        let mut rng = Rng::new(mix(self.seed));
        for correction in &self.corrections {
            let example = correction.example();
            for _ in 1..CORRECTION_COPIES {
                let text = typed(&example.text, &Typist::random(&mut rng), &mut rng);
                examples.push(Example { text, ..example.clone() });
            }
            examples.push(example);
        }
        examples.retain(|example| !apart.contains(&plain(&example.text)));
        Ok(examples)
    }
}

/// Why there is no triage.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecipeError {
    /// The generator's grammar.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// The training.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Triage as it was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// To be kept, registered and shipped.
    pub artifact: Artifact,
    /// What the training found out.
    pub trained: Trained,
    /// Threshold of none.
    pub none_threshold: f32,
}

/// Makes triage by a recipe.
///
/// # Errors
/// When the grammar or the training refuses.
pub fn make(recipe: &Recipe, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Made, RecipeError> {
    let examples = recipe.examples()?;
    let trained = train(&Schema::triage(), &examples, &recipe.settings, progress)?;
    let objects: Vec<bool> = examples
        .iter()
        .map(|example| !danger::found(&extract(&example.text, &recipe.settings.shape).tokens).is_empty())
        .collect();
    let none_threshold = none_threshold(&examples, &trained.out_of_fold, &objects);
    let quality = figures(&trained, &examples, &objects, none_threshold);
    let header = Header {
        name: NAME.to_owned(),
        version: recipe.version,
        kind: store::KIND.to_owned(),
        data: format!(
            "{} messages of the generator (seed {}), {} corrections of operators; quality on cores that were held out",
            recipe.messages,
            recipe.seed,
            recipe.corrections.len()
        ),
        seed: recipe.seed,
        quality,
    };
    let weights = store::encode(&trained.model, Some(none_threshold));
    Ok(Made { artifact: Artifact { header, weights }, trained, none_threshold })
}

fn none_probability(probabilities: &[f32]) -> f32 {
    probabilities.get(Kind::None.index()).copied().unwrap_or(0.0)
}

fn is_emergency(example: &Example) -> bool {
    example.truths.first().is_some_and(|truth| *truth != Truth::One(Kind::None.index()))
}

/// The least threshold at which no more held-out emergencies are ranked as none than are allowed; those in which a word of
/// danger stands never are.
fn none_threshold(examples: &[Example], out_of_fold: &[Vec<f32>], objects: &[bool]) -> f32 {
    let emergencies = examples.iter().filter(|example| is_emergency(example)).count();
    let mut reached: Vec<f32> = examples
        .iter()
        .zip(out_of_fold)
        .zip(objects)
        .filter(|((example, _), objects)| is_emergency(example) && !**objects)
        .map(|((_, probabilities), _)| none_probability(probabilities))
        .collect();
    reached.sort_by(|a, b| b.total_cmp(a));
    let allowed = emergencies / EMERGENCIES_PER_MISS_MIN;
    let most = reached.get(allowed).copied().unwrap_or(0.0);
    most.next_up().clamp(NONE_THRESHOLD_MIN, 0.999_999)
}

fn figures(trained: &Trained, examples: &[Example], objects: &[bool], threshold: f32) -> BTreeMap<String, f64> {
    let mut quality = BTreeMap::new();
    for head in &trained.quality.heads {
        quality.insert(format!("{}_accuracy", head.name), head.accuracy);
        quality.insert(format!("{}_micro_f1", head.name), head.micro_f1);
        quality.insert(format!("{}_macro_f1", head.name), head.macro_f1);
        quality.insert(format!("{}_calibration_error", head.name), head.calibration_error);
    }
    let ranked = |emergency: bool| {
        let all = examples
            .iter()
            .zip(&trained.out_of_fold)
            .zip(objects)
            .filter(move |((e, _), _)| is_emergency(e) == emergency);
        let none = all.clone().filter(|((_, p), objects)| !**objects && none_probability(p) >= threshold).count();
        (none, all.count())
    };
    let ((missed, emergencies), (found, others)) = (ranked(true), ranked(false));
    quality.insert("emergencies_ranked_none".to_owned(), ratio(missed, 1));
    quality.insert("emergencies".to_owned(), ratio(emergencies, 1));
    quality.insert("others_ranked_none_share".to_owned(), ratio(found, others));
    quality
}
