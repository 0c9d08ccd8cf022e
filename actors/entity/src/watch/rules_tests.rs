use domain::{Condition, Entry, GroupId, RegisterSensor, Reply, UnusualReason};
use proptest::{prelude::*, sample::select};

use super::*;
use crate::tests::world::sensor;

fn by() -> InUse {
    let (model, version) = (ModelName::new("watch").unwrap(), VersionName::new("v1").unwrap());
    InUse { kind: ModelKind::Anomaly, model, version, sha256: Digest([7; 32]) }
}

fn apply(state: &mut State, index: u64, at: Millis, command: impl Into<domain::Command>) -> Reply {
    let reply = state
        .apply(
            index,
            &Entry { at_ms: at, request: None, grant: None, command: command.into(), salt: bytes::Bytes::new() },
        )
        .reply;
    state.check().unwrap();
    reply
}

/// Mostly what a model may say, and now and then anything.
fn share() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 0.4..1.0, 1 => any::<f64>(), 1 => Just(f64::NAN)]
}

fn spot() -> impl Strategy<Value = Spot> {
    let unusual = (share(), select(UnusualReason::ALL)).prop_map(|(score, reason)| Spot::Unusual { score, reason });
    let value = prop_oneof![8 => -50.0..50.0, 1 => any::<f64>()];
    let times = (0u64..90, 0u64..90, prop::option::of(0u64..90));
    let passing = (select(&["high", "low"][..]), share(), times, prop::array::uniform5(value), any::<bool>()).prop_map(
        |(condition, probability, (earliest, at, latest), mut quantiles, is_sorted)| {
            if is_sorted {
                quantiles.sort_by(f64::total_cmp);
            }
            let time = |minutes: u64| Millis(minutes * 60_000);
            Spot::Passing {
                condition: Condition::new(condition).unwrap(),
                probability,
                at: time(at),
                earliest: time(earliest),
                latest: latest.map(time),
                quantiles,
            }
        },
    );
    prop_oneof![4 => unusual, 4 => passing, 1 => Just(Spot::NotPassing)]
}

proptest! {
    /// Whatever a model says, what comes of it is taken by the domain, and no district gets more than its share.
    #[test]
    fn what_is_raised_is_taken(steps in prop::collection::vec((0usize..9, spot(), 0u64..400_000), 1..60)) {
        let mut state = State::new(GroupId(1));
        let mut rule = WatchRule::default();
        let ids: Vec<_> = (0..9).map(|number| SensorId::new(&format!("S{number}")).unwrap()).collect();
        let (mut index, mut now) = (0, Millis(1));
        for id in &ids {
            index += 1;
            apply(&mut state, index, now, RegisterSensor { sensor: sensor(id, "05443") });
        }
        let district = EntityId::new("D1").unwrap();
        let mut raised: Vec<Millis> = Vec::new();
        for (at, spot, wait_ms) in steps {
            now = now.plus(wait_ms);
            index += 1;
            let spotted = Spotted { sensor: ids[at].clone(), value: Micro(1), spot };
            let clock = Now { clock: now, up_for_ms: 0 };
            let known = Known { sensor: &state.sensors()[&ids[at]], alarms: Book(state.alarms()) };
            let reply = match rule.found(&by(), &spotted, Scene { known, district: &district, now: clock }) {
                Decided::Raise(raise) => {
                    if !state.alarms().get(&raise.key).is_some_and(|alarm| alarm.active) {
                        raised.push(now);
                    }
                    apply(&mut state, index, now, *raise)
                }
                Decided::Clear(clear) => apply(&mut state, index, now, domain::Command::from(clear)),
                Decided::Nothing | Decided::Nonsense | Decided::Bounded => continue,
            };
            prop_assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
            let lately = raised.iter().filter(|at| now.since(**at) < FINDINGS_WINDOW_MS).count();
            prop_assert!(lately <= FINDINGS_PER_DISTRICT_MAX, "{lately}");
            for clear in rule.over(&[by()], &state, clock) {
                index += 1;
                let reply = apply(&mut state, index, now, domain::Command::from(clear));
                prop_assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
            }
        }
        // Switched off, nothing of it stays.
        for clear in rule.over(&[], &state, Now { clock: now, up_for_ms: 0 }) {
            index += 1;
            apply(&mut state, index, now, domain::Command::from(clear));
        }
        prop_assert!(state.alarms().values().all(|alarm| !alarm.active));
    }
}
