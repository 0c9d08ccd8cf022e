//! Readings: what was acknowledged is there once with its value, and nothing else is.

use std::collections::BTreeMap;

use super::{Broken, Found};
use crate::oracle::{Fate, Promises};

pub(super) fn judge(promises: &Promises, found: &Found, broken: &mut Broken) {
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
