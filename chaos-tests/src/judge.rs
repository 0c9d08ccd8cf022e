//! Whether what was promised is what is there. Pure: promises and findings in, broken promises out.

use std::collections::{BTreeMap, BTreeSet};

use node::watch::picture::{Group, Picture, Seen};

use crate::{
    oracle::{Fate, Promises},
    registers::{Reads, Registers},
};

/// Broken promises listed one by one; what is beyond is counted.
const LISTED_MAX: usize = 20;

/// What one node holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Device times and values in millionths, by sensor.
    pub readings: BTreeMap<String, Vec<(u64, i64)>>,
    /// Incidents by id.
    pub incidents: BTreeMap<String, FoundIncident>,
}

/// An incident as a node holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundIncident {
    /// Its text.
    pub summary: String,
    /// Kind and note of each line of its timeline.
    pub timeline: Vec<(String, String)>,
}

/// Broken promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broken(Vec<String>);

impl Broken {
    fn put(&mut self, text: String) {
        self.0.push(text);
    }

    /// Adds those of another judgement, said of `whom`.
    pub fn add(&mut self, whom: &str, other: Self) {
        self.0.extend(other.0.into_iter().map(|text| format!("{whom}: {text}")));
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} broken promises", self.0.len())?;
        self.0.iter().take(LISTED_MAX).try_for_each(|text| writeln!(f, "  {text}"))
    }
}

/// Every acknowledged reading and command is there exactly once, every unknown one at most once, and nothing else is.
#[must_use]
pub fn judge(promises: &Promises, found: &Found) -> Broken {
    let mut broken = Broken::default();
    judge_readings(promises, found, &mut broken);
    judge_incidents(promises, found, &mut broken);
    broken
}

fn judge_readings(promises: &Promises, found: &Found, broken: &mut Broken) {
    let mut times: BTreeMap<(&str, u64), Vec<i64>> = BTreeMap::new();
    for (sensor, readings) in &found.readings {
        for (at_ms, value_micro) in readings {
            times.entry((sensor, *at_ms)).or_default().push(*value_micro);
        }
    }
    for ((sensor, at_ms), promise) in &promises.readings {
        let name = format!("reading of {sensor} at {at_ms}");
        let values = times.remove(&(sensor.as_str(), *at_ms)).unwrap_or_default();
        match (&promise.fate, values.as_slice()) {
            (Fate::Refused(why), _) => broken.put(format!("{name} was refused: {why}")),
            (Fate::Acknowledged, []) => broken.put(format!("{name} was acknowledged and is lost")),
            (Fate::Unknown, []) => {}
            (_, [value]) if *value == promise.value_micro => {}
            (_, [value]) => broken.put(format!("{name} says {value} and not {}", promise.value_micro)),
            (_, values) => broken.put(format!("{name} is there {} times", values.len())),
        }
    }
    for ((sensor, at_ms), values) in times {
        broken.put(format!("reading of {sensor} at {at_ms} ({values:?}) was never sent"));
    }
}

fn judge_incidents(promises: &Promises, found: &Found, broken: &mut Broken) {
    let mut by_summary: BTreeMap<&str, Vec<(&String, &FoundIncident)>> = BTreeMap::new();
    for (id, incident) in &found.incidents {
        by_summary.entry(&incident.summary).or_default().push((id, incident));
    }
    for (summary, promise) in &promises.incidents {
        let held = by_summary.remove(summary.as_str()).unwrap_or_default();
        let incident = match (&promise.opened, held.as_slice()) {
            (Fate::Refused(why), _) => {
                broken.put(format!("incident {summary} was refused: {why}"));
                continue;
            }
            (Fate::Acknowledged, []) => {
                broken.put(format!("incident {summary} was acknowledged and is lost"));
                continue;
            }
            (Fate::Unknown, []) => continue,
            (_, [(id, incident)]) => {
                if promise.id.as_ref().is_some_and(|known| known != *id) {
                    broken.put(format!("incident {summary} was answered as {:?} and is {id}", promise.id));
                }
                incident
            }
            (_, several) => {
                let ids: Vec<_> = several.iter().map(|(id, _)| id.as_str()).collect();
                broken.put(format!("incident {summary} is there {} times: {}", ids.len(), ids.join(" ")));
                continue;
            }
        };
        let count = |kind: &str| incident.timeline.iter().filter(|(is, _)| is == kind).count();
        demand(broken, &format!("opening of {summary}"), Some(&promise.opened), count("incident_opened"));
        let acknowledgement = format!("acknowledgement of {summary}");
        demand(broken, &acknowledgement, promise.acknowledged.as_ref(), count("incident_acknowledged"));
        for (note, fate) in &promise.notes {
            let times = incident.timeline.iter().filter(|(kind, of)| kind == "incident_noted" && of == note).count();
            demand(broken, &format!("note {note} of {summary}"), Some(fate), times);
        }
        let noted = incident.timeline.iter().filter(|(kind, _)| kind == "incident_noted");
        for (_, note) in noted.filter(|(_, note)| !promise.notes.contains_key(note)) {
            broken.put(format!("note {note} of {summary} was never sent"));
        }
    }
    for (summary, held) in by_summary {
        broken.put(format!("{} incidents {summary} were never reported", held.len()));
    }
}

/// Says what is wrong with something that is there so many times; no fate: it was never sent.
fn demand(broken: &mut Broken, what: &str, fate: Option<&Fate>, times: usize) {
    match (fate, times) {
        (Some(Fate::Refused(why)), _) => broken.put(format!("{what} was refused: {why}")),
        (Some(Fate::Acknowledged), 0) => broken.put(format!("{what} was acknowledged and is lost")),
        (Some(Fate::Acknowledged | Fate::Unknown), 1) | (Some(Fate::Unknown) | None, 0) => {}
        (None, times) => broken.put(format!("{what} was never sent and is there {times} times")),
        (_, times) => broken.put(format!("{what} is there {times} times")),
    }
}

/// Some order explains what each register told. What was read by mistake is not the cluster's fault; what nobody read or wrote shows
/// nothing.
#[must_use]
pub fn judge_registers(registers: &Registers) -> Broken {
    let mut broken = Broken::default();
    if registers.reads() == Reads::Linearizable {
        broken.0.extend(registers.judge());
        let ordered = registers.ordered();
        if ordered.reads == 0 || ordered.writes == 0 {
            broken.put(format!("nothing is proved by {ordered:?}"));
        }
    }
    broken
}

/// What a screen counted on the way, and that it shows the newest of every sensor.
#[must_use]
pub fn judge_screen(promises: &Promises, picture: &Picture) -> Broken {
    let mut broken = Broken::default();
    let counters = &picture.counters;
    for (name, count) in [("gaps", counters.gaps), ("doubles", counters.doubles), ("disorders", counters.disorders)] {
        if count > 0 {
            broken.put(format!("{count} {name}"));
        }
    }
    for group in &picture.groups {
        let mut shown = BTreeSet::new();
        for reading in group.since_snapshot().flat_map(|seen| &seen.readings) {
            if !shown.insert(reading) {
                broken.put(format!("reading of {} at {} was shown twice", reading.0, reading.1));
            }
        }
    }
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    let held = promises.readings.iter().filter(|(_, promise)| promise.fate == Fate::Acknowledged);
    for ((sensor, at_ms), _) in held {
        let newest = newest.entry(sensor).or_default();
        *newest = (*newest).max(*at_ms);
    }
    for (sensor, at_ms) in newest {
        let shown = match picture.record(&format!("sensor/{sensor}")) {
            Some(domain::wire::generated::event::Subject::Sensor(sensor)) => sensor.last_at_ms,
            _ => 0,
        };
        if shown < at_ms {
            broken.put(format!("sensor {sensor} shows {shown}, and {at_ms} was acknowledged"));
        }
    }
    broken
}

/// The entry up to which a screen holds a group. Who begins at an entry and has not heard its events calls its end by another
/// ordinal, and holds all of it the same.
fn entry(group: &Group) -> Option<(u64, u64)> {
    group.through.map(|through| (through.epoch, through.index))
}

/// Whether both screens hold the group up to the same entry: then both were told everything up to there.
#[must_use]
pub fn is_abreast(one: &Group, two: &Group) -> bool {
    entry(one).is_some() && entry(one) == entry(two)
}

/// Two screens with one view, looked at where both are at the same place: each was told the same, in the same order, since both
/// have their newest snapshot. Yields also how many events they have in common.
#[must_use]
pub fn judge_streams(one: &Picture, two: &Picture) -> (Broken, usize) {
    let mut broken = Broken::default();
    let mut common = 0;
    for (number, (one, two)) in one.groups.iter().zip(&two.groups).enumerate() {
        // Their ends are laid upon each other below: of screens at different places these are different events.
        if entry(one) != entry(two) {
            let (left, right) = (one.through, two.through);
            broken.put(format!("group {number}: one screen is at {left:?}, the other at {right:?}: no common end"));
            continue;
        }
        let one: Vec<&Seen> = one.since_snapshot().collect();
        let two: Vec<&Seen> = two.since_snapshot().collect();
        let length = one.len().min(two.len());
        common += length;
        let tails = one[one.len() - length..].iter().zip(&two[two.len() - length..]);
        // From the end, where both are the same: one event more shifts all that came before it.
        if let Some((left, right)) = tails.rev().find(|(left, right)| left.fingerprint != right.fingerprint) {
            broken.put(format!(
                "group {number}: one screen was told {:?} {} at {:?}, the other {:?} {} at {:?}",
                left.kind, left.subject, left.at, right.kind, right.subject, right.at
            ));
        }
    }
    (broken, common)
}

#[cfg(test)]
mod tests;
