//! Invariants of retention.

use std::collections::BTreeSet;

use super::{Violation, hold};
use crate::{State, limits, retention::DAY_MS};

impl State {
    pub(super) fn check_retention(&self) -> Result<(), Violation> {
        let retention = &self.retention;
        let kinds: BTreeSet<_> = retention.kinds.iter().map(|own| own.kind).collect();
        let floors: BTreeSet<_> = retention.kind_floors.iter().map(|floor| floor.kind).collect();
        let sensors: BTreeSet<_> = retention.sensor_floors.iter().map(|floor| &floor.sensor).collect();
        let is_once = kinds.len() == retention.kinds.len()
            && floors.len() == retention.kind_floors.len()
            && sensors.len() == retention.sensor_floors.len();
        hold(33, is_once, || format!("{retention:?}: twice"))?;
        let days = retention.kinds.iter().map(|own| own.days).chain([retention.days]).max().unwrap_or(0);
        hold(3, days <= limits::RETENTION_DAYS_MAX, || format!("{days} days of readings"))?;
        let of_kinds = retention.kind_floors.iter().map(|floor| floor.from_ms);
        let mut from = of_kinds.chain(retention.sensor_floors.iter().map(|floor| floor.from_ms));
        let is_right = from.all(|from| from.0 % DAY_MS == 0 && from <= self.clock)
            && sensors.iter().all(|sensor| self.sensors.contains_key(*sensor));
        hold(33, is_right, || format!("{retention:?} at {}", self.clock))
    }
}
