//! Invariants of what is out of service, of rules that suppress, and of how often alarms called.

use super::{Violation, hold};
use crate::{Alarm, OutOfService, Sensor, State, limits};

impl State {
    pub(super) fn check_service(&self) -> Result<(), Violation> {
        for sensor in self.sensors.values() {
            let are_right = are_out_rightly(&sensor.out_of_service);
            hold(57, are_right, || format!("sensor {}: {:?}", sensor.id, sensor.out_of_service))?;
            hold(58, are_rules_right(sensor), || format!("sensor {}: {:?}", sensor.id, sensor.suppressions))?;
        }
        for camera in self.cameras.values() {
            let are_right = are_out_rightly(&camera.out_of_service);
            hold(57, are_right, || format!("camera {}: {:?}", camera.id, camera.out_of_service))?;
        }
        self.alarms.values().try_for_each(|alarm| {
            hold(59, are_days_right(alarm), || format!("alarm {}: {:?}", alarm.key, alarm.raised_days))
        })
    }
}

fn are_out_rightly(all: &[OutOfService]) -> bool {
    let ascend = all.windows(2).all(|pair| pair[0].condition < pair[1].condition);
    let has_end = |out: &OutOfService| {
        let longest = out.since_ms.plus(limits::OUT_OF_SERVICE_MS_MAX);
        out.since_ms < out.until_ms && out.until_ms <= longest && !out.reason.trim().is_empty()
    };
    ascend && all.len() <= limits::OUT_OF_SERVICE_MAX && all.iter().all(has_end)
}

fn are_days_right(alarm: &Alarm) -> bool {
    let days = &alarm.raised_days;
    let ascend = days.windows(2).all(|pair| pair[0].from_ms < pair[1].from_ms);
    let is_right = |day: &crate::RaisedDay| day.count > 0 && day.from_ms <= alarm.raised_at_ms;
    ascend && days.len() <= limits::RAISED_DAYS_MAX && days.iter().all(is_right)
}

fn are_rules_right(sensor: &Sensor) -> bool {
    let rules = &sensor.suppressions;
    let is_open = |rule: &crate::Suppression| rules.iter().all(|other| other.condition != rule.while_active);
    let is_once = |(at, rule): (usize, &crate::Suppression)| !rules[..at].contains(rule);
    rules.len() <= limits::SUPPRESSIONS_MAX && rules.iter().all(is_open) && rules.iter().enumerate().all(is_once)
}
