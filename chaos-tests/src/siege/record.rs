//! What is kept of a siege: a line of JSON for each round.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{dispatch::Settled, oracle::Promises, registers::Ordered, unix_ms};

/// Characters of a failure that are kept.
const FAILURE_CHARS_MAX: usize = 4_000;

/// One fault that was got over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// Its name.
    pub fault: String,
    /// Seconds until the next command was acknowledged that was sent after it; for a partition that healed, until the node that
    /// was cut off heard the quorum again; for restarts in turn, the longest time without any acknowledgement.
    pub recovery_s: f64,
}

/// What a round came to.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// What was got over.
    pub happened: Vec<Happened>,
    /// What was promised and found; nothing when it did not come to that.
    pub promises: Promises,
    /// How often the states of all nodes were compared, and were equal.
    pub states_compared: usize,
    /// Within which time they were.
    pub equal_within: Duration,
    /// By how much the latest deadline was late; none: no deadline was judged.
    pub deadline_late: Option<Duration>,
    /// What became of the units that were sent.
    pub dispatches: Settled,
    /// What was read and written of the registers, and put in an order.
    pub ordered: Ordered,
    /// What went wrong.
    pub failure: Option<String>,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// What was besieged.
    pub commit: String,
    /// What draws it again.
    pub seed: u64,
    /// When it ended, milliseconds since 1970.
    pub at_ms: u64,
    /// Clusters that were besieged at the same time on one machine.
    pub clusters: usize,
    /// How long it took, with the cluster's making and the judgement.
    pub seconds: f64,
    /// What happened.
    pub happened: Vec<Happened>,
    /// Readings that were acknowledged, each looked for on every node.
    pub readings_acknowledged: usize,
    /// Commands that were acknowledged, each looked for on every node.
    pub commands_acknowledged: usize,
    /// What nobody learned the outcome of: there once or not at all.
    pub unknown: usize,
    /// How often the states of all nodes were compared: after each fault.
    pub states_compared: usize,
    /// The longest time until they were equal.
    pub equal_s_max: f64,
    /// By how many seconds the latest deadline was late; none: no deadline was judged.
    pub deadline_late_s_max: Option<f64>,
    /// Offers to units that their crews acknowledged.
    pub offers_answered: usize,
    /// Offers that nobody answered, and that came back to a person.
    pub offers_escalated: usize,
    /// Linearizable reads of registers through every gateway, explained by an order.
    #[serde(default)]
    pub reads_ordered: usize,
    /// Writes of the same order.
    #[serde(default)]
    pub writes_ordered: usize,
    /// What went wrong; none: every promise was kept.
    pub failure: Option<String>,
}

impl RoundRecord {
    /// The record of a round that has just ended.
    #[must_use]
    pub fn new(commit: &str, seed: u64, clusters: usize, took: Duration, played: &Played) -> Self {
        let promises = &played.promises;
        Self {
            commit: commit.to_owned(),
            seed,
            at_ms: unix_ms(),
            clusters,
            seconds: took.as_secs_f64(),
            happened: played.happened.clone(),
            readings_acknowledged: promises.readings_acknowledged(),
            commands_acknowledged: promises.commands_acknowledged(),
            unknown: promises.unknown(),
            states_compared: played.states_compared,
            equal_s_max: played.equal_within.as_secs_f64(),
            deadline_late_s_max: played.deadline_late.map(|late| late.as_secs_f64()),
            offers_answered: played.dispatches.answered,
            offers_escalated: played.dispatches.escalated,
            reads_ordered: played.ordered.reads,
            writes_ordered: played.ordered.writes,
            failure: played.failure.as_ref().map(|failure| failure.chars().take(FAILURE_CHARS_MAX).collect()),
        }
    }

    /// Adds it to a record.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, path: &Path) -> io::Result<()> {
        let mut file = File::options().create(true).append(true).open(path)?;
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        file.write_all(&line)
    }
}
