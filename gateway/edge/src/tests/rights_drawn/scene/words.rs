//! Words, each of which stands in one record, and who may meet them: asked for, on a screen, or outside of the province.

use domain::{HandoverStatus, policy::Noun};

use super::super::statement::Rights;
use super::{Ledger, Record, Step};

/// By what a word may be met.
#[derive(Clone, Debug)]
pub(in crate::tests::rights_drawn) enum Seen {
    /// Of who sees this record.
    Record(String),
    /// It is said of a photo of this incident or report: of who sees that; of a report's, also of who sees its incident.
    Photo(String),
    /// Of who sees this warning and asks: no screen is told.
    Warning(String),
    /// Of everybody who asks.
    Public,
    /// Of who sees callers.
    Callers,
    /// Of who sees callers and asks: no screen is told.
    Draft,
    /// Of nobody: it was refused, or is not for people.
    Nobody,
}

/// What a word is about, where it is counted by itself that it was shown and that it was withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tests::rights_drawn) enum Topic {
    Warning,
    Handover,
    Photo,
    Caller,
    Draft,
}

impl Topic {
    pub(in crate::tests::rights_drawn) const ALL: [Self; 5] =
        [Self::Warning, Self::Handover, Self::Photo, Self::Caller, Self::Draft];
}

impl Step {
    pub(in crate::tests::rights_drawn) fn topic(&self) -> Option<Topic> {
        match self {
            Self::Warn { .. } | Self::Decide { .. } => Some(Topic::Warning),
            Self::Offer { .. } | Self::Receive { .. } | Self::Answer { .. } => Some(Topic::Handover),
            Self::Photo { .. } => Some(Topic::Photo),
            Self::Call | Self::CallReport { .. } => Some(Topic::Caller),
            Self::Draft { .. } => Some(Topic::Draft),
            _ => None,
        }
    }

    /// Whether its word is a reason that stands in a line of the record.
    pub(in crate::tests::rights_drawn) fn is_reason(&self) -> bool {
        match self {
            Self::Decide { is_published, .. } => !is_published,
            Self::Answer { answer, .. } => *answer == HandoverStatus::Withdrawn,
            _ => false,
        }
    }
}

/// The word as it is written.
pub(in crate::tests::rights_drawn) fn text(word: usize) -> String {
    format!("mk{word:04}x")
}

/// The same as a telephone number. Of a masked one nothing of the word is left.
pub(super) fn number(word: usize) -> String {
    format!("0977{word:04}000")
}

/// The words that stand in a text, as they are written or as a number.
pub(in crate::tests::rights_drawn) fn words_in(text: &str) -> impl Iterator<Item = usize> + '_ {
    let between = move |before: &'static str, behind: &'static str| {
        text.match_indices(before).filter_map(move |(at, _)| {
            let rest = &text.as_bytes()[at + before.len()..];
            let digits = rest.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
            let word = std::str::from_utf8(digits).ok()?.parse::<usize>().ok()?;
            rest[4..].starts_with(behind.as_bytes()).then_some(word)
        })
    };
    between("mk", "x").chain(between("0977", "000"))
}

impl Ledger {
    /// Whether such rights meet the word where they ask for it.
    pub(in crate::tests::rights_drawn) fn meets(&self, rights: &Rights, word: usize) -> bool {
        match &self.words[word] {
            Seen::Record(name) | Seen::Warning(name) => rights.sees(&self.facts(&self.records[name])),
            Seen::Photo(name) => {
                let sees = |name: &str| rights.sees(&self.facts(&self.records[name]));
                sees(name) || self.incident_of(name).is_some_and(sees)
            }
            Seen::Callers | Seen::Draft => rights.sees_callers(),
            Seen::Public => true,
            Seen::Nobody => false,
        }
    }

    /// Whether a screen of such rights is told the word: of a photo those are that show its incident.
    pub(in crate::tests::rights_drawn) fn is_pushed(&self, rights: &Rights, word: usize) -> bool {
        match &self.words[word] {
            Seen::Photo(name) => {
                self.incident_of(name).is_some_and(|incident| rights.sees(&self.facts(&self.records[incident])))
            }
            Seen::Warning(_) | Seen::Public | Seen::Draft => false,
            Seen::Record(_) | Seen::Callers | Seen::Nobody => self.meets(rights, word),
        }
    }

    /// Whether another system is told the word that is registered for this commune, or for everywhere: nothing but incidents,
    /// instructions and exercises there, and what the public can read.
    pub(in crate::tests::rights_drawn) fn goes_out(&self, word: usize, registered: Option<usize>) -> bool {
        let is_there = |record: &Record| registered.is_none_or(|there| record.at.is_none_or(|at| at == there));
        match &self.words[word] {
            Seen::Record(name) => {
                let record = &self.records[name];
                matches!(record.noun, Noun::Incident | Noun::Instruction | Noun::Exercise) && is_there(record)
            }
            Seen::Photo(name) => self.incident_of(name).is_some_and(|incident| is_there(&self.records[incident])),
            Seen::Public => true,
            Seen::Warning(_) | Seen::Callers | Seen::Draft | Seen::Nobody => false,
        }
    }

    /// The name of the incident that this is, or to which this belongs.
    pub(in crate::tests::rights_drawn) fn incident_of<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let record = self.records.get(name)?;
        if record.noun == Noun::Incident { Some(name) } else { record.part_of.as_deref() }
    }
}
