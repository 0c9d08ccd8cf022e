//! Somebody at the HTTP API of the nodes. A command goes under one number to node after node until somebody answers it; now and then it is sent once
//! more at another node after that, and has to be answered the same.

use std::{sync::Arc, time::Duration};

use agree::{chance::Chance, judge::promises::Fate, stage};
use edge::staged::Asked;
use raft::NodeId;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    bug::Mistake,
    line::{self, Line},
    town::{PROBE, Town, token},
};

/// How long a person asks for the same before they let it be, and its outcome unknown.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Between two attempts, in ms.
const PAUSE_MS: (u64, u64) = (20, 250);

/// Of a thousand commands that were accepted so many are sent once more.
const AGAIN_PER_MILLE: u64 = 250;

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done: what it made or changed, and its version after it.
    Accepted(String, u64),
    /// It is refused, with this code.
    Refused(String),
    /// Nobody answered.
    Unknown,
}

impl Outcome {
    /// What is known of it.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Accepted(..) => Fate::Acknowledged,
            Self::Refused(_) => Fate::Refused,
            Self::Unknown => Fate::Unknown,
        }
    }

    /// Whether it was refused for another reason than that somebody else was first.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Refused(code) if !matches!(code.as_str(), "version_conflict" | "wrong_status"))
    }
}

/// A person who is signed in.
pub struct Person {
    /// Where they work.
    pub town: Arc<Town>,
    /// Who.
    pub number: u64,
    /// Their line.
    pub line: Arc<Line>,
    /// What they draw from.
    pub chance: Chance,
    seq: u64,
    /// Who answered last.
    at: Option<NodeId>,
}

impl Person {
    /// The person of this number.
    #[must_use]
    pub fn new(town: Arc<Town>, number: u64, line: Arc<Line>) -> Self {
        let chance = town.world.chance().fork();
        Self { town, number, line, chance, seq: 0, at: None }
    }

    /// Who sees whether the nodes serve. Their line is never cut.
    #[must_use]
    pub fn probe(town: Arc<Town>) -> Self {
        Self::new(town, PROBE, Arc::default())
    }

    /// The number of a new command.
    pub fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// What the person's own clock says, in Unix milliseconds.
    #[must_use]
    pub fn now_ms() -> u64 {
        stage::wall_ms(stage::WORLD)
    }

    /// A pause between `low` and `high` ms.
    pub async fn pause(&mut self, low: u64, high: u64) {
        let pause = self.chance.ms(low, high);
        sleep(pause).await;
    }

    /// Looks; none: nobody answered.
    pub async fn get(&mut self, path: &str) -> Option<Value> {
        self.look(path, false).await
    }

    /// The same for all that was acknowledged before, at any node; none: nobody answered, or the node did not hear a quorum.
    pub async fn get_linearizable(&mut self, path: &str) -> Option<Value> {
        self.look(path, true).await
    }

    async fn look(&mut self, path: &str, is_linearizable: bool) -> Option<Value> {
        let node = self.any_node();
        let asked = Asked { is_linearizable, ..self.asked("GET", path, None, String::new()) };
        let (status, body) = line::ask(&self.town, &self.line, node, asked).await?;
        if status == 200 { serde_json::from_slice(&body).ok() } else { None }
    }

    /// Sends a command until it is answered, or the person's patience ends.
    pub async fn command(&mut self, path: &str, body: &Value) -> Outcome {
        let seq = self.next_seq();
        self.send(seq, path, body, PATIENCE).await
    }

    /// The same under a number that was taken before, for so long.
    pub async fn send(&mut self, mut seq: u64, path: &str, body: &Value, patience: Duration) -> Outcome {
        let until = Instant::now() + patience;
        self.town.count(|counts| counts.asked += 1);
        while Instant::now() < until {
            let random = self.any_node();
            let node = self.at.take().unwrap_or(random);
            if let Some((outcome, answer)) = self.attempt(seq, path, body, node).await {
                self.at = Some(node);
                let number = self.number;
                self.town.world.note(format_args!("{number} asks {path} as {seq}: node {node} says {outcome:?}"));
                if let Outcome::Accepted(..) = outcome {
                    self.town.count(|counts| counts.answered += 1);
                    if self.chance.per_mille(AGAIN_PER_MILLE) {
                        self.again(seq, path, body, &answer).await;
                    }
                }
                return outcome;
            }
            if self.town.hosts.mistake() == Some(Mistake::RetryRenumbered) {
                seq = self.next_seq();
            }
            self.pause(PAUSE_MS.0, PAUSE_MS.1).await;
        }
        Outcome::Unknown
    }

    /// One attempt; none: nobody knows.
    async fn attempt(&mut self, seq: u64, path: &str, body: &Value, node: NodeId) -> Option<(Outcome, Value)> {
        let asked = self.asked("POST", path, Some(seq), body.to_string());
        let (status, bytes) = line::ask(&self.town, &self.line, node, asked).await?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let outcome = match status {
            200 => {
                let version = answer.get("version").and_then(Value::as_u64).unwrap_or_default();
                Outcome::Accepted(text("entity"), version)
            }
            // The node cannot say now, or does not know the session yet: another one may.
            401 | 429 | 500.. => return None,
            _ => Outcome::Refused(text("code")),
        };
        Some((outcome, answer))
    }

    /// What was accepted is asked for once more, anywhere: the answer is the same, and nothing changes.
    async fn again(&mut self, seq: u64, path: &str, body: &Value, first: &Value) {
        let node = self.any_node();
        let Some((outcome, answer)) = self.attempt(seq, path, body, node).await else { return };
        self.town.count(|counts| counts.repeated += 1);
        if !is_the_same(first, &answer) {
            let number = self.number;
            self.town.world.violate(
                "promises",
                format_args!(
                    "{number} asked {path} as {seq} twice: {first}, then node {node} says {outcome:?} {answer}"
                ),
            );
        }
    }

    fn asked(&self, method: &'static str, path: &str, seq: Option<u64>, body: String) -> Asked {
        Asked { method, path: path.to_owned(), token: token(self.number), seq, is_linearizable: false, body }
    }

    fn any_node(&mut self) -> NodeId {
        let nodes: Vec<NodeId> = self.town.world.node_ids().collect();
        self.chance.pick(&nodes).copied().unwrap_or(1)
    }
}

/// Whether both tell of one entry in the same words. A retry says that it is one, and where the first was if its node knows.
fn is_the_same(first: &Value, again: &Value) -> bool {
    let words = |answer: &Value| {
        let mut answer = answer.clone();
        let place = answer.as_object_mut().and_then(|fields| fields.remove("log"));
        (answer, place)
    };
    let known = |place: Option<Value>| {
        let place = place?;
        let number = |field: &str| place.get(field).and_then(Value::as_u64);
        let index = number("index").filter(|index| *index > 0)?;
        Some((number("group"), index, number("term")))
    };
    let ((first, was), (again, is)) = (words(first), words(again));
    let are_one = known(was).zip(known(is)).is_none_or(|(was, is)| was == is);
    first == again && are_one
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_the_same_again_wherever_its_entry_is_known() {
        let told = |version: u64, index: u64, again: bool| {
            let place = json!({ "group": 0, "index": index, "term": 2, "again": again });
            json!({ "entity": "I1", "version": version, "log": place })
        };
        assert!(is_the_same(&told(2, 32, false), &told(2, 32, true)));
        assert!(is_the_same(&told(2, 32, false), &told(2, 0, true)), "that node does not know where");
        assert!(is_the_same(&told(2, 0, true), &told(2, 32, true)));
        assert!(!is_the_same(&told(2, 32, false), &told(2, 33, true)), "it was taken twice");
        assert!(!is_the_same(&told(2, 32, false), &told(3, 32, true)));
    }
}
