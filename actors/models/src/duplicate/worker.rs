//! "The same incident?" as the model threads see it: a report, what it may be the same as, and which of these it is.

use super::{
    model::{Model, Score},
    pair::{Known, Report},
    text::{Rarity, shared_words},
};
use crate::serve::Worker;

/// Words that two reports share, of those that are named.
const WORDS_NAMED_MAX: usize = 4;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The report.
    pub report: Report,
    /// What it may be the same as.
    pub candidates: Vec<Report>,
}

/// What it is probably the same as.
#[derive(Clone, Debug, PartialEq)]
pub struct Same {
    /// Place in the question's candidates.
    pub candidate: usize,
    /// How probably, and why.
    pub score: Score,
    /// How far apart.
    pub distance_m: f32,
    /// How long apart.
    pub gap_ms: i64,
    /// The rarest words that both have.
    pub words: Vec<String>,
}

/// A model with what it has learned of late about how rare words are.
#[derive(Clone, Debug)]
pub struct Matcher {
    model: Model,
    rarity: Rarity,
    shown_from: f32,
}

impl Matcher {
    /// Says something from this probability on.
    #[must_use]
    pub fn new(model: Model, shown_from: f32) -> Self {
        Self { model, rarity: Rarity::default(), shown_from }
    }

    fn best(&mut self, question: &Question) -> Option<Same> {
        let report = Known::of(&question.report);
        self.rarity.observe(&report.text);
        let scored = question.candidates.iter().enumerate().map(|(candidate, other)| {
            let other = Known::of(other);
            (candidate, self.model.score(&report, &other, &self.rarity), report.distance_m(&other))
        });
        let best = scored.max_by(|one, other| one.1.probability.total_cmp(&other.1.probability));
        let (candidate, score, distance_m) = best.filter(|(_, score, _)| score.probability >= self.shown_from)?;
        let other = question.candidates.get(candidate)?;
        let gap_ms = question.report.at_ms.saturating_sub(other.at_ms).saturating_abs();
        let words = shared_words(&question.report.text, &other.text, &self.rarity, WORDS_NAMED_MAX);
        Some(Same { candidate, score, distance_m, gap_ms, words })
    }
}

impl Worker for Matcher {
    type Item = Question;
    type Answer = Option<Same>;

    fn answer(&mut self, items: &[Question]) -> Vec<Result<Option<Same>, String>> {
        items.iter().map(|question| Ok(self.best(question))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(latitude_e7: i32, text: &str) -> Report {
        Report {
            at_ms: 0,
            latitude_e7,
            longitude_e7: 1_075_900_000,
            uncertainty_m: 30.0,
            kind: Some(0),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_same_house_is_named_and_another_fire_is_not() {
        let mut matcher = Matcher::new(Model::shipped().unwrap(), 0.5);
        let plea = report(164_600_000, "Cứu với, nhà số 12 đường Lê Lợi ngập tới mái, có 5 người và 1 bà cụ");
        let candidates = vec![
            report(164_700_000, "cháy xưởng gỗ"),
            report(164_600_500, "12 le loi nuoc len toi mai roi co 5 nguoi cuu voi"),
        ];
        let same = matcher.best(&Question { report: plea.clone(), candidates }).unwrap();
        assert_eq!(same.candidate, 1);
        assert!(same.words.iter().any(|word| word == "12"), "{same:?}");
        let far = vec![report(164_900_000, "xe tải lật ở cầu Gia Bẩy")];
        assert_eq!(matcher.best(&Question { report: plea, candidates: far }), None);
    }
}
