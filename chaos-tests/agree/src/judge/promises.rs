//! What clients were promised: acknowledged is there, once, on every node; unknown may be there or not, but once; refused is not there.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{GroupId, Incident, Millis, Origin, Readings, State, rows, wire::Record};
use raft::disk::Disk;

use super::{Verdict, broken};
use crate::world::{FIELD, World};

/// What is known of something that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Fate {
    /// Nobody told. Written down before it is sent.
    #[default]
    Unknown,
    /// It is committed.
    Acknowledged,
    /// It was never appended, and is not asked for again.
    Refused,
}

/// What is said of something that was acknowledged and is not there.
pub const IS_LOST: &str = "was acknowledged and is lost";

/// What is said of something that is there more than once.
pub const IS_DOUBLED: &str = "is there more than once";

/// A measurement: its sensor and its device time.
pub type Measured = (String, u64);

/// All that was asked for once.
#[derive(Default)]
pub struct Promises {
    /// Incidents, by their summary.
    incidents: BTreeMap<String, Fate>,
    /// Readings, with their value.
    readings: BTreeMap<Measured, (i64, Fate)>,
}

impl Promises {
    /// An incident will be asked for, or its fate is known.
    pub fn incident(&mut self, summary: &str, fate: Fate) {
        self.incidents.insert(summary.to_owned(), fate);
    }

    /// A reading will be sent, or its fate is known.
    pub fn reading(&mut self, measured: Measured, value: i64, fate: Fate) {
        self.readings.insert(measured, (value, fate));
    }

    /// Judges the incidents of one node's state, which has come to rest.
    pub fn judge_incidents(&self, state: &State) -> Verdict {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for incident in state.incidents().values().filter(|incident| !is_of_alarm(incident)) {
            *found.entry(incident.summary.as_str()).or_default() += 1;
        }
        for (summary, fate) in &self.incidents {
            let times = found.remove(summary.as_str()).unwrap_or(0);
            judge_times(&format!("incident {summary}"), *fate, times)?;
        }
        // What is amended has been there from the beginning, alarms open their own; everything else was asked for.
        match found.keys().find(|summary| !summary.starts_with('v')) {
            Some(summary) => Err(broken("promises", format_args!("incident {summary} was never asked for"))),
            None => Ok(()),
        }
    }

    /// Judges the readings of one node's rows.
    pub fn judge_readings(&self, stored: &dyn Disk, group: GroupId) -> Verdict {
        let (from, to) = rows::readings_range(Millis(0), Millis(u64::MAX));
        let read = stored.scan(group.0, &from, &to, usize::MAX);
        let read: Vec<(Bytes, Bytes)> = read.map_err(|e| broken("promises", format_args!("cannot be read: {e}")))?;
        let mut found: BTreeMap<Measured, Vec<i64>> = BTreeMap::new();
        for (_, bytes) in read {
            let recorded = Readings::decode(&bytes)
                .map_err(|e| broken("promises", format_args!("a row of readings cannot be read: {e}")))?;
            for reading in recorded.readings {
                let measured = (reading.sensor.to_string(), reading.at_ms.0);
                found.entry(measured).or_default().push(reading.value_micro.0);
            }
        }
        let (from, to) = ([rows::READING_CHUNKS], [rows::READING_CHUNKS + 1]);
        let chunks = stored.scan(group.0, &from, &to, usize::MAX);
        for (key, bytes) in chunks.map_err(|e| broken("promises", format_args!("cannot be read: {e}")))? {
            let sensor = rows::reading_chunk_place(&key).map_or("", |(sensor, _)| sensor).to_owned();
            let samples = domain::chunk::decode(&bytes)
                .map_err(|e| broken("promises", format_args!("a chunk of readings cannot be read: {e}")))?;
            for sample in samples {
                found.entry((sensor.clone(), sample.at_ms.0)).or_default().push(sample.value_micro.0);
            }
        }
        for (measured, (value, fate)) in &self.readings {
            let values = found.remove(measured).unwrap_or_default();
            judge_times(&format!("reading {measured:?}"), *fate, values.len())?;
            if let Some(other) = values.iter().find(|found| *found != value) {
                return Err(broken("promises", format_args!("reading {measured:?} was {value} and is {other}")));
            }
        }
        match found.first_key_value() {
            Some((measured, _)) => Err(broken("promises", format_args!("reading {measured:?} was never sent"))),
            None => Ok(()),
        }
    }
}

/// Whether nobody but alarms has asked for it.
fn is_of_alarm(incident: &Incident) -> bool {
    !incident.sources.is_empty() && incident.sources.iter().all(|source| matches!(source.origin, Origin::Alarm(_)))
}

fn judge_times(what: &str, fate: Fate, times: usize) -> Verdict {
    match (fate, times) {
        (Fate::Acknowledged, 0) => Err(broken("promises", format_args!("{what} {IS_LOST}"))),
        (Fate::Refused, 1) => Err(broken("promises", format_args!("{what} was refused for sure and is there"))),
        (_, 0 | 1) => Ok(()),
        (fate, times) => Err(broken("promises", format_args!("{what} ({fate:?}) {IS_DOUBLED}: {times} times"))),
    }
}

/// Judges what every node that runs has come to.
pub fn judge(world: &World) -> Verdict {
    let promises = world.judges.promises();
    for node in world.node_ids() {
        let (Some(groups), Some(stored)) = (world.groups(node), world.stored(node)) else {
            return Err(broken("promises", format_args!("node {node} does not run at the end")));
        };
        let named = |mut found: super::Violation| {
            found.what = format!("node {node}: {}", found.what);
            found
        };
        groups.read(GroupId::COMMAND, |state| promises.judge_incidents(state)).map_err(named)?;
        promises.judge_readings(&stored, FIELD).map_err(named)?;
    }
    Ok(())
}
