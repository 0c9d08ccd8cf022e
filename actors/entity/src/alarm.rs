//! Alarms: what rules of every noun share, and how alarms reach the command group.

pub(crate) mod report;
pub(crate) mod reporter;
pub(crate) mod summary;

use std::{collections::BTreeMap, sync::LazyLock};

use domain::{Alarm, AlarmKey, ClearAlarm, Command, Condition, EntityId, Micro, RaiseAlarm, Severity};

/// Names of the conditions that are no threshold's.
pub(crate) mod condition {
    use super::{Condition, LazyLock, named};

    /// The value changes too fast.
    pub(crate) static RATE: LazyLock<Condition> = LazyLock::new(|| named("rate"));
    /// A sensor says nothing.
    pub(crate) static SILENCE: LazyLock<Condition> = LazyLock::new(|| named("silence"));
    /// A device says that it is broken.
    pub(crate) static FAULT: LazyLock<Condition> = LazyLock::new(|| named("fault"));
    /// A camera sends no picture.
    pub(crate) static NO_SIGNAL: LazyLock<Condition> = LazyLock::new(|| named("no-signal"));
    /// A model found a reading unlike those before.
    pub(crate) static UNUSUAL: LazyLock<Condition> = LazyLock::new(|| named(domain::UNUSUAL));
    /// A model expects that a limit will be passed.
    pub(crate) static FORECAST: LazyLock<Condition> = LazyLock::new(|| named(domain::FORECAST));
    /// A district has too many alarms to look at each.
    pub(crate) static FLOOD: LazyLock<Condition> = LazyLock::new(|| named("flood"));
    /// The first of all possible names, where the alarms of an entity begin.
    pub(super) static FIRST: LazyLock<Condition> = LazyLock::new(|| named("-"));
}

fn named(name: &str) -> Condition {
    #[allow(clippy::expect_used, reason = "called with the literals above only, and a test goes over them")]
    Condition::new(name).expect("a condition's name")
}

/// What a rule wants of the log. Each names the episode, so that it takes effect once however often it is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Propose {
    /// A condition came up.
    Raise { key: AlarmKey, episode: u32, severity: Severity, value: Micro, limit: Micro },
    /// It went.
    Clear { key: AlarmKey, episode: u32, value: Micro },
}

impl From<Propose> for Command {
    fn from(propose: Propose) -> Self {
        match propose {
            Propose::Raise { key, episode, severity, value, limit } => {
                let (value_micro, limit_micro, finding) = (value, limit, None);
                RaiseAlarm { key, episode, severity, value_micro, limit_micro, exercise: false, finding }.into()
            }
            Propose::Clear { key, episode, value } => ClearAlarm { key, episode, value_micro: value }.into(),
        }
    }
}

/// The alarms of a group's state, as rules ask for them.
#[derive(Clone, Copy)]
pub(crate) struct Book<'a>(pub(crate) &'a BTreeMap<AlarmKey, Alarm>);

impl<'a> Book<'a> {
    /// All alarms of an entity, active or remembered.
    pub(crate) fn of(self, entity: &EntityId) -> impl Iterator<Item = &'a Alarm> + use<'a> {
        let first = AlarmKey { entity: entity.clone(), condition: condition::FIRST.clone() };
        let entity = entity.clone();
        self.0.range(first..).take_while(move |(key, _)| key.entity == entity).map(|(_, alarm)| alarm)
    }

    /// The alarm, if its condition holds.
    pub(crate) fn active(self, key: &AlarmKey) -> Option<&'a Alarm> {
        self.0.get(key).filter(|alarm| alarm.active)
    }

    /// Raises it, if it is not active.
    pub(crate) fn raise(self, key: &AlarmKey, severity: Severity, value: Micro, limit: Micro) -> Option<Propose> {
        let last = self.0.get(key);
        if last.is_some_and(|alarm| alarm.active) {
            return None;
        }
        let episode = last.map_or(1, |alarm| alarm.episode.saturating_add(1));
        Some(Propose::Raise { key: key.clone(), episode, severity, value, limit })
    }

    /// Clears it, if it is active.
    pub(crate) fn clear(self, key: &AlarmKey, value: Micro) -> Option<Propose> {
        let alarm = self.active(key)?;
        Some(Propose::Clear { key: key.clone(), episode: alarm.episode, value })
    }
}

/// Plain alarms for the tests of rules: the same fold as state's, as far as rules see it.
#[cfg(test)]
pub(crate) mod fold {
    use domain::{AdminUnitCode, Millis, Place};

    use super::*;

    pub(crate) fn place() -> Place {
        Place {
            latitude_e7: 215_900_000,
            longitude_e7: 1_058_400_000,
            admin_unit: AdminUnitCode::new("05443").unwrap(),
            address: String::new(),
        }
    }

    /// Does what was proposed; panics when it would not have taken effect.
    pub(crate) fn apply(alarms: &mut BTreeMap<AlarmKey, Alarm>, proposed: &[Propose], at: Millis) {
        for propose in proposed {
            match propose.clone() {
                Propose::Raise { key, episode, severity, value, limit } => {
                    let last = alarms.get(&key);
                    assert!(!last.is_some_and(|alarm| alarm.active), "{key} raised twice");
                    assert_eq!(episode, last.map_or(1, |alarm| alarm.episode + 1), "{key}: episode");
                    let version = last.map_or(1, |alarm| alarm.version + 1);
                    let alarm = Alarm {
                        key: key.clone(),
                        episode,
                        severity,
                        active: true,
                        acknowledged: false,
                        shelf: None,
                        place: place(),
                        value_micro: value,
                        limit_micro: limit,
                        raised_at_ms: at,
                        cleared_at_ms: Millis(0),
                        acknowledged_at_ms: Millis(0),
                        acknowledged_by: None,
                        reported_version: 0,
                        version,
                        incident: None,
                        occurrences: 1,
                        exercise: false,
                        finding: None,
                        raised_days: Vec::new(),
                    };
                    alarms.insert(key, alarm);
                }
                Propose::Clear { key, episode, .. } => {
                    let alarm = alarms.get_mut(&key).unwrap();
                    assert!(alarm.active && alarm.episode == episode, "{key} cleared without being active");
                    alarm.active = false;
                    alarm.cleared_at_ms = at;
                    alarm.version += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Millis;

    use super::*;

    fn key(entity: &str, condition: &str) -> AlarmKey {
        AlarmKey { entity: EntityId::new(entity).unwrap(), condition: Condition::new(condition).unwrap() }
    }

    #[test]
    fn names_are_names() {
        use condition::*;
        for name in [&RATE, &SILENCE, &FAULT, &NO_SIGNAL, &UNUSUAL, &FORECAST, &FLOOD, &FIRST] {
            assert!(**name >= *FIRST);
        }
    }

    #[test]
    fn an_entity_has_its_own_alarms_only() {
        let mut alarms = BTreeMap::new();
        for key in [key("S1", "high"), key("S1", "rate"), key("S10", "high"), key("S0", "rate")] {
            let raise = Book(&alarms).raise(&key, Severity::Low, Micro(1), Micro(0)).unwrap();
            fold::apply(&mut alarms, &[raise], Millis(1));
        }
        let of: Vec<_> = Book(&alarms).of(&EntityId::new("S1").unwrap()).map(|a| a.key.to_string()).collect();
        assert_eq!(of, ["S1/high", "S1/rate"]);
    }

    #[test]
    fn an_episode_is_counted_on_and_nothing_is_done_twice() {
        let (mut alarms, key) = (BTreeMap::new(), key("S1", "high"));
        assert_eq!(Book(&alarms).clear(&key, Micro(0)), None);
        for episode in 1..4 {
            let raise = Book(&alarms).raise(&key, Severity::Low, Micro(1), Micro(0)).unwrap();
            assert!(matches!(raise, Propose::Raise { episode: e, .. } if e == episode));
            fold::apply(&mut alarms, &[raise], Millis(1));
            assert_eq!(Book(&alarms).raise(&key, Severity::Low, Micro(1), Micro(0)), None);
            let clear = Book(&alarms).clear(&key, Micro(0)).unwrap();
            fold::apply(&mut alarms, &[clear], Millis(2));
        }
    }
}
