//! What models are asked and what they answer. This crate knows a model as [`Advisor`]; the node ties it to one.

pub(crate) mod agenda;
pub(crate) mod desk;
pub(crate) mod rules;

use std::time::Instant;

use domain::{Digest, IncidentId, IncidentKind, Millis, ModelKind, ModelName, Place, VersionName};
use tokio::sync::oneshot;

/// Models that can be asked. Behind it are threads of their own: asking never waits.
pub trait Advisor: Send + Sync + 'static {
    /// Takes a question and returns at once. The answer may come from any thread; after `question.until` nobody waits
    /// for it. An `answer` that is dropped counts as [`Silence::Failed`].
    fn ask(&self, question: Question, answer: Answer);
}

/// What a model is asked about an incident.
#[derive(Clone, Debug)]
pub struct Question {
    /// What sort of answer is wanted.
    pub kind: ModelKind,
    /// Which model.
    pub model: ModelName,
    /// Which version of it.
    pub version: VersionName,
    /// Of the artifact, as registered: one that has another hash is not this version.
    pub sha256: Digest,
    /// What was told.
    pub about: About,
    /// For [`ModelKind::Duplicate`]: what it may be the same as, the nearest first; at most `CANDIDATES_MAX`.
    pub candidates: Vec<About>,
    /// The deadline.
    pub until: Instant,
}

/// An incident, as a model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Which.
    pub incident: IncidentId,
    /// What is known of its kind.
    pub kind: IncidentKind,
    /// Its line and, where one was just added, the note, on a line of its own.
    pub text: String,
    /// Where.
    pub place: Place,
    /// When it was opened.
    pub at: Millis,
}

/// What a model answers. Nothing in it is believed before it is checked; numbers out of range make it void.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advice {
    /// 0 to 1, calibrated.
    pub confidence: f64,
    /// Place in `IncidentKind::ALL`.
    pub kind: Option<usize>,
    /// Level 1 to 5.
    pub severity: Option<usize>,
    /// Places in `Need::ALL`.
    pub needs: Vec<usize>,
    /// How many people; 0: not told.
    pub people: u32,
    /// Of them children, old, ill or pregnant people.
    pub vulnerable: u32,
    /// 0 to 1: how likely it is no emergency at all.
    pub no_emergency: f64,
    /// For [`ModelKind::Duplicate`]: place in `Question::candidates`; none: it is the same as none of them.
    pub same_as: Option<usize>,
    /// The words that decided.
    pub reasons: Vec<String>,
}

/// Why there is no advice. The rules carry on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Silence {
    /// There is no such model on this node.
    #[error("there is no such model on this node")]
    Off,
    /// The model has too much to do.
    #[error("the model has too much to do")]
    Full,
    /// It was not ready by the deadline.
    #[error("the model was not ready by the deadline")]
    Late,
    /// It failed, or its answer was void.
    #[error("the model failed, or its answer was void")]
    Failed,
}

/// Where a model gives its answer, once.
#[derive(Debug)]
pub struct Answer(oneshot::Sender<Result<Advice, Silence>>);

impl Answer {
    /// An answer, and where it arrives.
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<Advice, Silence>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Gives it. Whoever comes too late is not heard.
    pub fn give(self, answer: Result<Advice, Silence>) {
        let _ = self.0.send(answer);
    }

    /// Whether nobody waits any more, so that the work can be spared.
    #[must_use]
    pub fn is_too_late(&self) -> bool {
        self.0.is_closed()
    }
}
