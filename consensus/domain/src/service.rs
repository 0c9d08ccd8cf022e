//! Two more states of ISA-18.2, beside those that an alarm has by itself: out of service, by a person and for a while; and
//! suppressed by design, by a rule of its sensor. Both are of the device. Its alarms go on being raised, kept and counted, and
//! call for nobody; both end without a command, the one at its time and the other with its cause.

use serde::{Deserialize, Serialize};

use crate::{AlarmKey, Condition, Millis, PersonId, SensorId, State, wire::record};

/// A device, or one condition of it, that a person took out of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfService {
    /// Which condition; none: whatever the device's alarms are about.
    pub condition: Option<Condition>,
    /// Who took the responsibility.
    pub by: PersonId,
    /// Why; not empty.
    pub reason: String,
    /// Since when.
    pub since_ms: Millis,
    /// Until when, at most `limits::OUT_OF_SERVICE_MS_MAX` after `since_ms`. Then it is in service again by itself.
    pub until_ms: Millis,
}

record!(OutOfService { condition, by, reason, since_ms, until_ms });

impl OutOfService {
    fn covers(&self, condition: &Condition, now: Millis) -> bool {
        now < self.until_ms && self.condition.as_ref().is_none_or(|own| own == condition)
    }
}

/// A rule of one sensor: while one of its conditions holds, another calls for nobody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suppression {
    /// The condition that is suppressed,
    pub condition: Condition,
    /// and the one that says it already.
    pub while_active: Condition,
}

record!(Suppression { condition, while_active });

/// Why an alarm calls for nobody although nobody shelved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inhibited<'a> {
    /// A person took it out of service.
    OutOfService(&'a OutOfService),
    /// This condition of the same sensor holds.
    Suppressed(&'a Condition),
}

impl State {
    /// Why what this alarm is about calls for nobody at `now`; none: it does. A cause suppresses only while it can be seen itself:
    /// somebody always hears of one of the two.
    #[must_use]
    pub fn inhibited(&self, key: &AlarmKey, now: Millis) -> Option<Inhibited<'_>> {
        if let Some(out) = self.out_of_service(key, now) {
            return Some(Inhibited::OutOfService(out));
        }
        let sensor = self.sensors.get(&SensorId::from(&key.entity))?;
        let is_seen = |condition: &Condition| {
            let cause = AlarmKey { entity: key.entity.clone(), condition: condition.clone() };
            let holds = self.alarms.get(&cause).is_some_and(|alarm| alarm.active && alarm.shelf.is_none());
            holds && self.out_of_service(&cause, now).is_none()
        };
        let mut rules = sensor.suppressions.iter().filter(|rule| rule.condition == key.condition);
        rules.find(|rule| is_seen(&rule.while_active)).map(|rule| Inhibited::Suppressed(&rule.while_active))
    }

    fn out_of_service(&self, key: &AlarmKey, now: Millis) -> Option<&OutOfService> {
        self.device_out_of_service(&key.entity)?.iter().find(|out| out.covers(&key.condition, now))
    }
}
