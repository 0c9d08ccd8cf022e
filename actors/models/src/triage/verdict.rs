//! What triage says of a message: every label with its probability, and the words that decided.

use serde::Serialize;

use super::calibrate::{HeadCalibration, softmax};
use super::danger;
use super::features::Features;
use super::labels::{Kind, Need, Severity, Vulnerable};
use super::model::{Model, Nonsense};
use super::people::{patients, people};
use super::schema::Schema;
use super::store;
use crate::artifact::{Artifact, ArtifactError};

/// Words of a message whose part in the decision is measured; those after them are still read, but not explained.
pub const WORDS_EXPLAINED_MAX: usize = 48;

/// Reasons given at most.
pub const REASONS_MAX: usize = 6;

/// Messages that are answered in one go at most.
pub const BATCH_MAX: usize = 32;

/// Words that the model has to know of a message before it may rank it as no emergency: of `gi vay` nobody knows what is meant.
pub const NONE_WORDS_MIN: usize = 3;

/// The name under which triage is registered.
pub const NAME: &str = "triage";

/// The model that the product ships, as `trongdong train triage` makes it.
pub const SHIPPED: &[u8] = include_bytes!("../../trained/triage.bin");

/// A label with its calibrated probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scored<T> {
    /// The label.
    pub label: T,
    /// How likely it is, 0 to 1.
    pub probability: f32,
}

/// A word's part in the choice of the kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The word as it stands in the message.
    pub word: String,
    /// Its first byte in the message.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// By how much the log-odds of the chosen kind fall without it; below 0, it spoke against.
    pub weight: f32,
}

/// What triage says of one message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The likeliest kind; `None` only when `ranked_none`.
    pub kind: Kind,
    /// All kinds, likeliest first.
    pub kinds: Vec<Scored<Kind>>,
    /// How likely it is that nothing is the matter.
    pub none_probability: f32,
    /// True when that passes the strict threshold, enough words are known and none of danger objects. It may sink in the
    /// queue, never leave it.
    pub ranked_none: bool,
    /// The likeliest severity.
    pub severity: Scored<Severity>,
    /// All severities, in the scale's order.
    pub severities: Vec<Scored<Severity>>,
    /// Needs that hold, likeliest first.
    pub needs: Vec<Scored<Need>>,
    /// The vulnerable that are there, likeliest first.
    pub vulnerable: Vec<Scored<Vulnerable>>,
    /// People in danger, where the text says how many.
    pub people: Option<u32>,
    /// Words of danger, as they stand in the message.
    pub danger: Vec<String>,
    /// The words that decided the kind, strongest first.
    pub reasons: Vec<Reason>,
}

/// Triage, ready to answer. Clones share the table.
#[derive(Debug, Clone)]
pub struct Triage {
    model: Model,
    none_threshold: f32,
}

impl Triage {
    /// The shipped model.
    ///
    /// # Errors
    /// When the embedded file is not a model of triage.
    pub fn shipped() -> Result<Self, ArtifactError> {
        Self::from_artifact(&Artifact::decode(SHIPPED)?)
    }

    /// A trained model.
    ///
    /// # Errors
    /// When it is not a model of triage.
    pub fn from_artifact(artifact: &Artifact) -> Result<Self, ArtifactError> {
        if artifact.header.kind != store::KIND {
            return Err(ArtifactError::Kind { got: artifact.header.kind.clone(), want: store::KIND });
        }
        let (model, none_threshold) = store::decode(&artifact.weights)?;
        let none_threshold = none_threshold.ok_or(ArtifactError::Weights { field: "none_threshold" })?;
        if !model.schema.answers_as(&Schema::triage()) {
            return Err(ArtifactError::Weights { field: "schema" });
        }
        Ok(Self { model, none_threshold })
    }

    /// The classifier inside, for who measures it.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Probability of no emergency from which a message without words of danger is ranked as none.
    #[must_use]
    pub fn none_threshold(&self) -> f32 {
        self.none_threshold
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When the model answers nonsense; rules carry on then.
    pub fn read(&self, text: &str) -> Result<Verdict, Nonsense> {
        let mut all = self.read_batch(&[text])?;
        all.pop().ok_or(Nonsense::Shape { got: 0, want: 1 })
    }

    /// Reads some messages in one go.
    ///
    /// # Errors
    /// When the model answers nonsense for one of them.
    pub fn read_batch(&self, texts: &[&str]) -> Result<Vec<Verdict>, Nonsense> {
        let mut verdicts = Vec::with_capacity(texts.len());
        for part in texts.chunks(BATCH_MAX) {
            let seen: Vec<Features> = part.iter().map(|text| self.model.features(text)).collect();
            let words: Vec<Vec<Word>> = seen.iter().map(words).collect();
            let mut sums = Vec::with_capacity(part.len() * 16);
            for (features, words) in seen.iter().zip(&words) {
                let sum = self.model.sum(features);
                let without = words.iter().map(|word| self.without(features, word, &sum));
                sums.extend(std::iter::once(sum.clone()).chain(without));
            }
            let mut outputs = self.model.outputs(&sums)?.into_iter();
            for ((text, features), words) in part.iter().zip(&seen).zip(&words) {
                let Some(full) = outputs.next() else { return Err(Nonsense::Shape { got: 0, want: 1 }) };
                let without: Vec<Vec<f32>> = outputs.by_ref().take(words.len()).collect();
                verdicts.push(self.verdict(text, features, words, &full, &without)?);
            }
        }
        Ok(verdicts)
    }

    /// The sum as it would be without any feature that this word is part of.
    fn without(&self, features: &Features, word: &Word, sum: &[f32]) -> Vec<f32> {
        let mut sum = sum.to_vec();
        for occurrence in &features.occurrences {
            let (first, last) = (usize::from(occurrence.first), usize::from(occurrence.last));
            if first <= word.last && last >= word.first {
                self.model.table.add(occurrence.bucket, -occurrence.value, &mut sum);
            }
        }
        sum
    }

    fn kind_probabilities(&self, output: &[f32]) -> Vec<f32> {
        let temperature = match self.model.calibration.heads.first() {
            Some(HeadCalibration::One { temperature }) => *temperature,
            _ => 1.0,
        };
        softmax(output.get(..Kind::ALL.len()).unwrap_or(&[]), temperature)
    }

    fn verdict(
        &self,
        text: &str,
        features: &Features,
        words: &[Word],
        full: &[f32],
        without: &[Vec<f32>],
    ) -> Result<Verdict, Nonsense> {
        let all = self.model.calibration.probabilities(&self.model.schema, full);
        if let Some(output) = all.iter().position(|p| !(0.0..=1.0).contains(p)) {
            return Err(Nonsense::NotFinite { output });
        }
        let at = |offset: usize, n: usize| all.get(offset..offset + n).unwrap_or(&[]);
        let (kinds_n, severities_n, needs_n) = (Kind::ALL.len(), Severity::ALL.len(), Need::ALL.len());
        let mut kinds = scored(Kind::ALL, at(0, kinds_n));
        let none_probability = kinds.first().map_or(0.0, |none| none.probability);
        sort(&mut kinds);
        let severities = scored(Severity::ALL, at(kinds_n, severities_n));
        let mut by_probability = severities.clone();
        sort(&mut by_probability);
        let danger: Vec<String> = danger::found(&features.tokens)
            .into_iter()
            .filter_map(|(from, to)| text.get(from..to).map(str::to_owned))
            .collect();
        let ranked_none = none_probability >= self.none_threshold && may_be_none(features, danger.len());
        let kind = if ranked_none {
            Kind::None
        } else {
            kinds.iter().find(|scored| scored.label != Kind::None).map_or(Kind::Other, |scored| scored.label)
        };
        let severity = by_probability.first().copied().unwrap_or(Scored { label: Severity::Info, probability: 0.0 });
        Ok(Verdict {
            kind,
            none_probability,
            ranked_none,
            severity,
            needs: self.holding(Need::ALL, 2, at(kinds_n + severities_n, needs_n)),
            vulnerable: self.holding(Vulnerable::ALL, 3, at(kinds_n + severities_n + needs_n, Vulnerable::ALL.len())),
            people: if kind == Kind::Medical && severity.label >= Severity::High {
                patients(&features.tokens)
            } else {
                people(&features.tokens)
            },
            reasons: self.reasons(text, kind, words, full, without),
            danger,
            kinds,
            severities,
        })
    }

    /// Labels of a head of marks that reach their threshold.
    fn holding<T: Copy>(&self, labels: &[T], head: usize, probabilities: &[f32]) -> Vec<Scored<T>> {
        let Some(HeadCalibration::Any { thresholds, .. }) = self.model.calibration.heads.get(head) else {
            return Vec::new();
        };
        let mut all: Vec<Scored<T>> = scored(labels, probabilities)
            .into_iter()
            .zip(thresholds)
            .filter(|(scored, threshold)| scored.probability >= **threshold)
            .map(|(scored, _)| scored)
            .collect();
        sort(&mut all);
        all
    }

    fn reasons(&self, text: &str, kind: Kind, words: &[Word], full: &[f32], without: &[Vec<f32>]) -> Vec<Reason> {
        let odds = |output: &[f32]| {
            let p = self.kind_probabilities(output).get(kind.index()).copied().unwrap_or(0.5).clamp(1e-6, 1.0 - 1e-6);
            (p / (1.0 - p)).ln()
        };
        let whole = odds(full);
        let mut reasons: Vec<Reason> = words
            .iter()
            .zip(without)
            .filter_map(|(word, output)| {
                let text = text.get(word.start..word.end)?.to_owned();
                Some(Reason { word: text, start: word.start, end: word.end, weight: whole - odds(output) })
            })
            .collect();
        reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        reasons.truncate(REASONS_MAX);
        reasons
    }
}

/// True where the probability alone may decide that a message is no emergency: enough words are known, and none is one of
/// danger.
#[must_use]
pub(super) fn may_be_none(features: &Features, dangers: usize) -> bool {
    dangers == 0 && features.words_known() >= NONE_WORDS_MIN
}

/// A word of the message and the tokens that it became: shorthand may stand for several.
#[derive(Debug, Clone, Copy)]
struct Word {
    first: usize,
    last: usize,
    start: usize,
    end: usize,
}

fn words(features: &Features) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, token) in features.tokens.iter().enumerate() {
        let full = words.len() == WORDS_EXPLAINED_MAX;
        match words.last_mut() {
            Some(last) if last.start == token.start && last.end == token.end => last.last = at,
            _ if full => break,
            _ => words.push(Word { first: at, last: at, start: token.start, end: token.end }),
        }
    }
    words
}

fn scored<T: Copy>(labels: &[T], probabilities: &[f32]) -> Vec<Scored<T>> {
    labels
        .iter()
        .zip(probabilities)
        .map(|(label, probability)| Scored { label: *label, probability: *probability })
        .collect()
}

/// Likeliest first; the order of the labels among equals.
fn sort<T>(all: &mut [Scored<T>]) {
    all.sort_by(|a, b| b.probability.total_cmp(&a.probability));
}
