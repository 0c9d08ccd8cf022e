//! The recipe of triage: the generator's messages and the operators' corrections, to an artifact with its quality.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use thiserror::Error;

use super::danger;
use super::labelled::Labelled;
use super::labels::{Kind, Severity};
use super::normal::plain;
use super::quality::ratio;
use super::schema::{Example, Schema, Truth};
use super::store;
use super::train::{Progress, Settings, TrainError, Trained, train};
use super::verdict::{NAME, may_be_none};
use crate::artifact::{Artifact, Header};
use crate::corpus::Generator;
use crate::corpus::grammar::GrammarError;
use crate::corpus::noise::{Typist, typed};
use crate::rng::{Rng, mix};

/// The recipe of the shipped model.
pub const SHIPPED_SEED: u64 = 20_250_701;

/// Messages that the shipped model learns from.
pub const SHIPPED_MESSAGES: usize = 120_000;

/// The threshold of none is never below this, however well the generated messages were told apart.
pub const NONE_THRESHOLD_MIN: f32 = 0.9;

/// The threshold of none goes on from the highest probability that a held-out emergency reached, by this share of what is left
/// to 1: what people write is stranger than what a generator says.
pub const NONE_MARGIN: f32 = 0.25;

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
            version: 3,
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
    let open: Vec<bool> = examples
        .iter()
        .map(|example| {
            let features = trained.model.features(&example.text);
            may_be_none(&features, danger::found(&features.tokens).len())
        })
        .collect();
    let none_threshold = none_threshold(&examples, &trained.out_of_fold, &open);
    let quality = figures(&trained, &examples, &open, none_threshold);
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

/// An emergency that somebody has to act on. A message that is only to be known of (an all-clear, a water level) may sink.
fn is_emergency(example: &Example) -> bool {
    let none = Truth::One(Kind::None.index());
    let known_of = Truth::One(Severity::Info.index());
    example.truths.first().is_some_and(|kind| *kind != none) && example.truths.get(1) != Some(&known_of)
}

fn is_none(example: &Example) -> bool {
    example.truths.first() == Some(&Truth::One(Kind::None.index()))
}

/// Above what any held-out emergency reached, of those that the probability alone decides (`open`).
fn none_threshold(examples: &[Example], out_of_fold: &[Vec<f32>], open: &[bool]) -> f32 {
    let most = examples
        .iter()
        .zip(out_of_fold)
        .zip(open)
        .filter(|((example, _), open)| is_emergency(example) && **open)
        .map(|((_, probabilities), _)| none_probability(probabilities))
        .fold(0.0, f32::max);
    (most.next_up() + (1.0 - most) * NONE_MARGIN).clamp(NONE_THRESHOLD_MIN, 0.999_999)
}

fn figures(trained: &Trained, examples: &[Example], open: &[bool], threshold: f32) -> BTreeMap<String, f64> {
    let mut quality = BTreeMap::new();
    for head in &trained.quality.heads {
        quality.insert(format!("{}_accuracy", head.name), head.accuracy);
        quality.insert(format!("{}_micro_f1", head.name), head.micro_f1);
        quality.insert(format!("{}_macro_f1", head.name), head.macro_f1);
        quality.insert(format!("{}_calibration_error", head.name), head.calibration_error);
    }
    let ranked = |of: fn(&Example) -> bool| {
        let all = examples.iter().zip(&trained.out_of_fold).zip(open).filter(move |((e, _), _)| of(e));
        let none = all.clone().filter(|((_, p), open)| **open && none_probability(p) >= threshold).count();
        (none, all.count())
    };
    let ((missed, emergencies), (found, others)) = (ranked(is_emergency), ranked(is_none));
    quality.insert("emergencies_ranked_none".to_owned(), ratio(missed, 1));
    quality.insert("emergencies".to_owned(), ratio(emergencies, 1));
    quality.insert("others_ranked_none_share".to_owned(), ratio(found, others));
    quality
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Triage;
    use super::*;

    fn small(corrections: Vec<Labelled>) -> Recipe {
        let mut recipe = Recipe { messages: 1200, corrections, ..Recipe::shipped(Vec::new()) };
        recipe.settings.folds = 2;
        recipe.settings.epochs_max = 3;
        recipe
    }

    fn corrected() -> Labelled {
        Labelled {
            id: "c1".into(),
            kind: Kind::Pollution,
            severity: Some(Severity::Low),
            needs: Vec::new(),
            people: None,
            vulnerable: Vec::new(),
            text: "chuồn chuồn ngô đậu kín giàn mướp nhà bà Tròn".into(),
        }
    }

    #[test]
    fn what_an_operator_corrects_is_learned_however_it_is_typed() {
        let read = |recipe: &Recipe| {
            let made = make(recipe, &mut |_| ControlFlow::Continue(())).unwrap();
            let triage = Triage::from_artifact(&made.artifact).unwrap();
            let texts = ["chuồn chuồn ngô đậu kín giàn mướp nhà bà Tròn", "chuon chuon ngo dau kin gian muop"];
            triage.read_batch(&texts).unwrap().into_iter().map(|verdict| verdict.kind).collect::<Vec<_>>()
        };
        assert_ne!(read(&small(Vec::new())), [Kind::Pollution; 2]);
        assert_eq!(read(&small(vec![corrected()])), [Kind::Pollution; 2]);
    }

    #[test]
    fn what_is_kept_apart_is_not_learned_even_as_a_correction() {
        let mut recipe = small(vec![corrected()]);
        let said = |recipe: &Recipe| recipe.examples().unwrap().iter().filter(|e| e.text == corrected().text).count();
        assert!(said(&recipe) >= 1);
        recipe.keep_apart = vec![corrected().text.to_uppercase()];
        assert_eq!(said(&recipe), 0);
    }

    #[test]
    fn the_threshold_stands_above_every_emergency_that_somebody_has_to_act_on() {
        let example = |kind: Kind, severity: Severity| Example {
            text: String::new(),
            truths: vec![Truth::One(kind.index()), Truth::One(severity.index())],
            group: 0,
        };
        let examples = [
            example(Kind::Fire, Severity::Low),
            example(Kind::Fire, Severity::Info),
            example(Kind::Fire, Severity::High),
            example(Kind::None, Severity::Info),
        ];
        let threshold =
            none_threshold(&examples, &[vec![0.92], vec![0.99], vec![0.999], vec![1.0]], &[true, true, false, true]);
        assert!((threshold - (0.92 + 0.08 * NONE_MARGIN)).abs() < 1e-5, "{threshold}");
    }
}
