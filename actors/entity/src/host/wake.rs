//! Wakes the actors of incidents and units whose deadline is near. The deadline is state, so an actor is needed only when it
//! passes: a new lead of a province in flood takes commands first, and wakes a hundred actors instead of all of them.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use domain::{IncidentId, Millis, State, UnitId};
use tokio::{task::yield_now, time::sleep};

use crate::{
    config::{WAKE_AHEAD_MS, WAKE_PERIOD, WAKE_SLICE_RECORDS_MAX},
    host::reign::Reign,
    incident::rules as incident_rules,
    unit::rules as unit_rules,
};

/// Whether a deadline is near enough for its actor to be awake; what is further away, a later look finds.
pub(crate) fn is_near(due: Option<Millis>, now: Millis) -> bool {
    due.is_some_and(|due| due <= now.plus(WAKE_AHEAD_MS))
}

/// Looks at the state's incidents and units, again and again, until the reign ends.
pub(crate) async fn run(reign: Arc<Reign>) {
    loop {
        let incidents =
            |state: &State, after: Option<&IncidentId>, now| slice(state.incidents(), after, incident_rules::due, now);
        round(&reign, incidents, Reign::tell_incident).await;
        let units = |state: &State, after: Option<&UnitId>, now| slice(state.units(), after, unit_rules::due, now);
        round(&reign, units, Reign::tell_unit).await;
        sleep(WAKE_PERIOD).await;
    }
}

/// One look at all records of a kind, slice by slice.
async fn round<K>(
    reign: &Arc<Reign>,
    look: impl Fn(&State, Option<&K>, Millis) -> (Vec<K>, Option<K>),
    tell: impl Fn(&Arc<Reign>, &K),
) {
    let mut after: Option<K> = None;
    loop {
        let now = reign.clock.now().clock;
        let (near, last) = reign.ctx.cluster.read(reign.group, |state| look(state, after.as_ref(), now));
        near.iter().for_each(|key| tell(reign, key));
        after = last;
        if after.is_none() {
            return;
        }
        // Whoever waits to be served comes between two slices.
        yield_now().await;
    }
}

/// Of the next records after `after`: those whose deadline is near, and the last one looked at; none when it was the end.
fn slice<K: Ord + Clone, V>(
    all: &BTreeMap<K, V>,
    after: Option<&K>,
    due: impl Fn(&V) -> Option<Millis>,
    now: Millis,
) -> (Vec<K>, Option<K>) {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let (mut near, mut looked_at, mut last) = (Vec::new(), 0, None);
    for (key, value) in all.range::<K, _>((from, Bound::Unbounded)).take(WAKE_SLICE_RECORDS_MAX) {
        if is_near(due(value), now) {
            near.push(key.clone());
        }
        looked_at += 1;
        last = Some(key);
    }
    (near, last.filter(|_| looked_at == WAKE_SLICE_RECORDS_MAX).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_bounded_and_together_they_are_all() {
        let count = 3 * WAKE_SLICE_RECORDS_MAX + 5;
        let all: BTreeMap<usize, usize> = (0..count).map(|key| (key, key)).collect();
        let now = Millis(1_000);
        // Every third is near, the next one is far, the last has no deadline.
        let due = |value: &usize| match value % 3 {
            0 => Some(now.plus(WAKE_AHEAD_MS)),
            1 => Some(now.plus(WAKE_AHEAD_MS + 1)),
            _ => None,
        };
        let (mut after, mut near, mut slices) = (None, Vec::new(), 0);
        loop {
            let (found, last) = slice(&all, after.as_ref(), due, now);
            assert!(found.len() <= WAKE_SLICE_RECORDS_MAX);
            near.extend(found);
            slices += 1;
            after = last;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(slices, 4);
        assert_eq!(near, (0..count).filter(|key| key % 3 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn a_deadline_that_has_passed_is_near_and_none_is_not() {
        assert!(is_near(Some(Millis(1)), Millis(1_000_000)));
        assert!(!is_near(None, Millis(1_000_000)));
        assert_eq!(slice(&BTreeMap::<u8, u8>::new(), None, |_| None, Millis(1)), (Vec::new(), None));
    }
}
