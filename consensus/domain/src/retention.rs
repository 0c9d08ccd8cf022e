//! How long readings are kept. What counts follows from the log alone: the days that were set, and the clock of the entries
//! since. So all replicas stop showing the same readings with the same entry; their bytes go from each disk afterwards.

use serde::{Deserialize, Serialize};

use crate::{Millis, Sensor, SensorId, SensorKind, State, wire::record};

/// A day of the cluster's clock (UTC).
pub const DAY_MS: u64 = 86_400_000;

/// The beginning of the day that the time lies in.
#[must_use]
pub fn day_of(at: Millis) -> Millis {
    Millis(at.0 - at.0 % DAY_MS)
}

/// Days that readings of one kind of sensor are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindRetention {
    /// Of which kind.
    pub kind: SensorKind,
    /// 0: for ever.
    pub days: u32,
}

record!(KindRetention { kind, days });

/// From when on readings of one kind of sensor count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindFloor {
    /// Of which kind.
    pub kind: SensorKind,
    /// By the time at which they were recorded; the beginning of a day.
    pub from_ms: Millis,
}

record!(KindFloor { kind, from_ms });

/// The same of one sensor, whose kind was one that is kept for a shorter time: what was dropped then stays dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorFloor {
    /// Of which sensor.
    pub sensor: SensorId,
    /// See [`KindFloor::from_ms`].
    pub from_ms: Millis,
}

record!(SensorFloor { sensor, from_ms });

/// How long readings are kept, and from when on they count. Both floors only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Days, of kinds without their own; 0: for ever.
    pub days: u32,
    /// Kinds with days of their own, each once.
    pub kinds: Vec<KindRetention>,
    /// Each kind once.
    pub kind_floors: Vec<KindFloor>,
    /// Each sensor once; those that lie above the floor of the sensor's kind.
    pub sensor_floors: Vec<SensorFloor>,
}

record!(Retention { days, kinds, kind_floors, sensor_floors });

impl Retention {
    /// Days that readings of this kind are kept; 0: for ever.
    #[must_use]
    pub fn days_of(&self, kind: SensorKind) -> u32 {
        self.kinds.iter().find(|own| own.kind == kind).map_or(self.days, |own| own.days)
    }

    /// From when on readings of this kind count.
    #[must_use]
    pub fn kind_floor(&self, kind: SensorKind) -> Millis {
        self.kind_floors.iter().find(|floor| floor.kind == kind).map_or(Millis(0), |floor| floor.from_ms)
    }

    /// From when on readings of this sensor count, by the time at which they were recorded.
    #[must_use]
    pub fn floor(&self, sensor: &Sensor) -> Millis {
        let own = self.sensor_floors.iter().find(|floor| floor.sensor == sensor.id);
        own.map_or(Millis(0), |floor| floor.from_ms).max(self.kind_floor(sensor.kind))
    }

    /// Raises the floors to what the days leave at this time; false: they are there already.
    pub(crate) fn advance(&mut self, now: Millis) -> bool {
        let mut has_risen = false;
        for kind in SensorKind::ALL {
            let days = u64::from(self.days_of(*kind));
            let from_ms = day_of(Millis(now.0.saturating_sub(days * DAY_MS)));
            if days == 0 || from_ms <= self.kind_floor(*kind) {
                continue;
            }
            has_risen = true;
            match self.kind_floors.iter_mut().find(|floor| floor.kind == *kind) {
                Some(floor) => floor.from_ms = from_ms,
                None => self.kind_floors.push(KindFloor { kind: *kind, from_ms }),
            }
        }
        has_risen
    }
}

impl State {
    /// How long readings are kept (field groups).
    #[must_use]
    pub fn retention(&self) -> &Retention {
        &self.retention
    }

    /// From when on readings of this sensor count, by the time at which they were recorded; 0: all do.
    #[must_use]
    pub fn readings_from(&self, sensor: &SensorId) -> Millis {
        self.sensors.get(sensor).map_or(Millis(0), |sensor| self.retention.floor(sensor))
    }

    /// What stands in a row: nothing was ever set in a group of an older release, and it has none.
    pub(crate) fn stored_retention(&self) -> Option<&Retention> {
        (self.retention != Retention::default()).then_some(&self.retention)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64) -> Millis {
        Millis(day * DAY_MS + 5)
    }

    #[test]
    fn a_floor_lies_whole_days_back_and_only_rises() {
        let mut retention = Retention { days: 30, ..Retention::default() };
        assert!(retention.advance(at(100)));
        assert_eq!(retention.kind_floor(SensorKind::Rain), Millis(70 * DAY_MS));
        assert!(!retention.advance(Millis(101 * DAY_MS - 1)), "the same day");
        assert!(retention.advance(Millis(101 * DAY_MS)));
        retention.days = 365;
        assert!(!retention.advance(at(102)));
        assert_eq!(retention.kind_floor(SensorKind::Rain), Millis(71 * DAY_MS));
    }

    #[test]
    fn a_kind_of_its_own_counts_by_its_own_days() {
        let kinds = vec![
            KindRetention { kind: SensorKind::Traffic, days: 1 },
            KindRetention { kind: SensorKind::RiverLevel, days: 0 },
        ];
        let mut retention = Retention { days: 10, kinds, ..Retention::default() };
        retention.advance(at(50));
        let floors =
            [SensorKind::Traffic, SensorKind::RiverLevel, SensorKind::Air].map(|kind| retention.kind_floor(kind).0);
        assert_eq!(floors, [49 * DAY_MS, 0, 40 * DAY_MS]);
    }

    #[test]
    fn what_is_kept_for_longer_than_the_clock_has_run_is_all_there() {
        let mut retention = Retention { days: 30, ..Retention::default() };
        assert!(!retention.advance(at(29)));
        assert!(!retention.advance(at(30)));
        assert!(retention.advance(at(31)));
    }
}
