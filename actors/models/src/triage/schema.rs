//! What a classifier decides: a list of heads, each one choice of several or several marks at once.

use serde::{Deserialize, Serialize};

use super::labels::{Kind, Need, Severity, Vulnerable};

/// Labels of one head at most: marks of a head travel as bits of one word.
pub const LABELS_MAX: usize = 64;

/// How the labels of a head go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Exactly one holds: softmax.
    One,
    /// Each holds or not: a sigmoid each.
    Any,
}

/// A question that the classifier answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its name in reports.
    pub name: String,
    /// One label or any number of them.
    pub choice: Choice,
    /// The labels' names, in the order of the outputs.
    pub labels: Vec<String>,
    /// True when the labels of one choice are a scale: the one next to the truth is less wrong than the others.
    #[serde(default)]
    pub scale: bool,
}

/// All heads of a classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// In the order of the outputs.
    pub heads: Vec<Head>,
}

/// The truth of one head for one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Nobody said; the head learns nothing from this example.
    Unknown,
    /// The label that holds.
    One(usize),
    /// The labels that hold, as bits.
    Any(u64),
}

/// A text with the truth of each head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The message.
    pub text: String,
    /// One truth a head, in the schema's order.
    pub truths: Vec<Truth>,
    /// Examples of one group stay together when data is split, so that what is learned by heart is not counted as skill.
    pub group: u64,
}

impl Schema {
    /// Outputs of all heads together.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.heads.iter().map(|head| head.labels.len()).sum()
    }

    /// Heads with the place of their first output.
    pub fn spans(&self) -> impl Iterator<Item = (usize, &Head)> {
        self.heads.iter().scan(0, |at, head| {
            let first = *at;
            *at += head.labels.len();
            Some((first, head))
        })
    }

    /// True when both answer the same questions in the same places. What only matters while learning may differ.
    #[must_use]
    pub fn answers_as(&self, other: &Self) -> bool {
        let question = |head: &Head| (head.name.clone(), head.choice, head.labels.clone());
        self.heads.iter().map(question).eq(other.heads.iter().map(question))
    }

    /// The schema of triage: kind, severity, needs, vulnerable.
    #[must_use]
    pub fn triage() -> Self {
        let head = |name: &str, choice, labels: Vec<&str>| Head {
            name: name.to_owned(),
            choice,
            labels: labels.into_iter().map(str::to_owned).collect(),
            scale: false,
        };
        let scale = |head: Head| Head { scale: true, ..head };
        Self {
            heads: vec![
                head("kind", Choice::One, Kind::ALL.iter().map(|k| k.name()).collect()),
                scale(head("severity", Choice::One, Severity::ALL.iter().map(|s| s.name()).collect())),
                head("needs", Choice::Any, Need::ALL.iter().map(|n| n.name()).collect()),
                head("vulnerable", Choice::Any, Vulnerable::ALL.iter().map(|v| v.name()).collect()),
            ],
        }
    }

    /// One head with any number of these labels.
    #[must_use]
    pub fn any_of(name: &str, labels: Vec<String>) -> Self {
        Self { heads: vec![Head { name: name.to_owned(), choice: Choice::Any, labels, scale: false }] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_know_their_outputs() {
        let schema = Schema::triage();
        let spans: Vec<_> = schema.spans().map(|(first, head)| (first, head.labels.len())).collect();
        assert_eq!(spans, [(0, 9), (9, 5), (14, 6), (20, 5)]);
        assert_eq!(schema.outputs(), 25);
        let mut other = schema.clone();
        other.heads[1].scale = false;
        assert!(schema.answers_as(&other));
        other.heads[1].labels.swap(0, 1);
        assert!(!schema.answers_as(&other));
    }
}
