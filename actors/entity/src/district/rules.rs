//! A flood of alarms in a district. Pure. Nobody can look at eleven alarms in ten minutes and do anything else (the
//! guidance of ISA-18.2 is one or two in ten minutes, and a flood above ten), so they become one line with a count.

use std::collections::BTreeSet;

use domain::{AlarmKey, EntityId, Micro, Millis, Severity};

use crate::{
    alarm::{Book, Propose, condition},
    clock::Now,
};

/// Alarms are counted over this time.
pub(crate) const FLOOD_WINDOW_MS: u64 = 600_000;
/// More than so many are a flood.
pub(crate) const FLOOD_ABOVE: usize = 10;
/// Fewer than so many are none.
pub(crate) const FLOOD_BELOW: usize = 5;
/// Alarms remembered. Above it the oldest is forgotten and the count is "at least".
const FLOOD_REMEMBERED_MAX: usize = 1024;

/// The alarms raised lately in one district. What a restart forgets is found again in state, except for earlier
/// episodes of one alarm.
#[derive(Clone, Debug, Default)]
pub(crate) struct FloodRule {
    /// By time, each episode once, at most [`FLOOD_REMEMBERED_MAX`].
    raised: BTreeSet<(Millis, AlarmKey, u32)>,
    /// When this rule began to count: before a whole window has passed it may know too few to call a flood over.
    began: Option<Millis>,
}

impl FloodRule {
    /// This episode of an alarm was raised then.
    pub(crate) fn raised(&mut self, key: AlarmKey, episode: u32, at: Millis) {
        self.raised.insert((at, key, episode));
        if self.raised.len() > FLOOD_REMEMBERED_MAX {
            self.raised.pop_first();
        }
    }

    /// Decides against the district's flood alarm in state.
    pub(crate) fn decide(&mut self, key: &AlarmKey, alarms: Book<'_>, now: Now) -> Option<Propose> {
        while self.raised.first().is_some_and(|(at, ..)| now.clock.since(*at) >= FLOOD_WINDOW_MS) {
            self.raised.pop_first();
        }
        let count = self.raised.len();
        let counted_ms = now.clock.since(*self.began.get_or_insert(now.clock));
        if count > FLOOD_ABOVE {
            alarms.raise(key, Severity::High, ones(count), ones(FLOOD_ABOVE))
        } else if count < FLOOD_BELOW && counted_ms >= FLOOD_WINDOW_MS {
            alarms.clear(key, ones(count))
        } else {
            None
        }
    }

    /// Nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.raised.is_empty()
    }
}

/// The alarm of a district's flood.
pub(crate) fn flood_key(district: &EntityId) -> AlarmKey {
    AlarmKey { entity: district.clone(), condition: condition::FLOOD.clone() }
}

fn ones(count: usize) -> Micro {
    Micro(i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
