//! One screen: what it was told has no gap and no double, and it shows the newest.

use std::collections::{BTreeMap, BTreeSet};

use node::watch::picture::Picture;

use super::Broken;
use crate::oracle::{Fate, Promises};

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
