//! On which days an alarm called for somebody, and that a cause which suppresses another can be seen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::any;
use bytes::Bytes;
use domain::{calendar::DAY_MS, *};
use proptest::prelude::*;

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn key() -> AlarmKey {
    AlarmKey { entity: id("cam"), condition: id("high") }
}

struct World {
    state: State,
    index: u64,
}

impl World {
    /// A field group with one camera.
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId(1)), index: 0 };
        let place = Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() };
        let camera = Camera {
            id: id("cam"),
            name: "Cầu Gia Bảy".into(),
            rtsp_url: "rtsp://10.0.0.1/1".into(),
            place,
            azimuth_deg: 0,
            field_of_view_deg: 90,
            credential_sealed: Bytes::new(),
            health: CameraHealth::Live,
            health_at_ms: Millis(0),
            version: 0,
            sensitive: false,
            out_of_service: Vec::new(),
        };
        world.apply(Millis(1), None, RegisterCamera { camera });
        world
    }

    fn apply(&mut self, at_ms: Millis, grant: Option<Grant>, command: impl Into<Command>) {
        self.index += 1;
        let entry = Entry { at_ms, request: None, grant, command: command.into(), salt: Bytes::new() };
        let reply = self.state.apply(self.index, &entry).reply;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
        self.state.check().unwrap();
    }

    /// It comes up at that time, and goes a second later.
    fn raise(&mut self, at_ms: Millis) {
        let episode = self.state.alarms().get(&key()).map_or(1, |alarm| alarm.episode + 1);
        let (value_micro, limit_micro) = (Micro(2), Micro(1));
        let (severity, exercise, finding) = (Severity::High, false, None);
        self.apply(
            at_ms,
            None,
            RaiseAlarm { key: key(), episode, severity, value_micro, limit_micro, exercise, finding },
        );
        self.apply(at_ms.plus(1000), None, ClearAlarm { key: key(), episode, value_micro });
    }

    fn days(&self) -> Vec<(u64, u32)> {
        let days = self.state.alarms().get(&key()).map(|alarm| alarm.raised_days.clone()).unwrap_or_default();
        days.iter().map(|day| (day.from_ms.0 / DAY_MS, day.count)).collect()
    }
}

/// A station with two limits.
fn station() -> Sensor {
    let limit = |condition: &str| Threshold {
        condition: id(condition),
        above: true,
        limit_micro: Micro(1),
        hysteresis_micro: Micro(0),
        debounce_ms: 0,
        severity: Severity::High,
    };
    Sensor {
        id: id("station"),
        name: "Sông Cầu tại Chợ Mới".into(),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".into(),
        place: Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() },
        thresholds: vec![limit("low"), limit("high")],
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
    }
}

fn by_oanh() -> Grant {
    Grant {
        person: id("oanh"),
        role: Role::Operator,
        everywhere: true,
        admin_units: Default::default(),
        index: 1,
        from: String::new(),
        why: String::new(),
        terms: Terms::default(),
    }
}

#[test]
fn an_alarm_counts_each_day_on_which_it_called_for_seven_days() {
    let mut world = World::new();
    world.raise(Millis(10 * DAY_MS));
    assert!(world.days().is_empty(), "not before it is switched on");
    world.apply(Millis(10 * DAY_MS), None, SwitchFeature { feature: VOCABULARY_2 });
    for day in 11..=13 {
        world.raise(Millis(day * DAY_MS));
        world.raise(Millis(day * DAY_MS + DAY_MS / 2));
    }
    assert_eq!(world.days(), [(11, 2), (12, 2), (13, 2)]);
    // What chatters is one row, and counts once.
    world.raise(Millis(13 * DAY_MS + DAY_MS / 2 + 5000));
    assert_eq!(world.days(), [(11, 2), (12, 2), (13, 2)]);
    world.raise(Millis(18 * DAY_MS));
    assert_eq!(world.days(), [(12, 2), (13, 2), (18, 1)], "the eleventh is more than seven days ago");
}

#[test]
fn what_called_for_nobody_is_not_counted() {
    let mut world = World::new();
    world.apply(Millis(1), None, SwitchFeature { feature: VOCABULARY_2 });
    world.raise(Millis(10 * DAY_MS));
    let (reason, at) = ("đang sửa".to_owned(), Millis(11 * DAY_MS));
    let out =
        TakeOutOfService { entity: id("cam"), condition: None, reason: reason.clone(), until_ms: at.plus(DAY_MS) };
    world.apply(at, Some(by_oanh()), out);
    world.raise(at.plus(120_000));
    world.apply(at.plus(240_000), Some(by_oanh()), ReturnToService { entity: id("cam"), condition: None });
    let until_ms = at.plus(3_600_000);
    world.apply(at.plus(240_000), Some(by_oanh()), ShelveAlarm { key: key(), reason, until_ms });
    world.raise(at.plus(360_000));
    assert_eq!(world.days(), [(10, 1)]);
    world.apply(until_ms, None, UnshelveAlarm { key: key() });
    world.raise(until_ms.plus(120_000));
    assert_eq!(world.days(), [(10, 1), (11, 1)]);
}

#[test]
fn what_is_suppressed_comes_back_when_nobody_can_see_its_cause() {
    let mut world = World::new();
    let sensor =
        Sensor { suppressions: vec![Suppression { condition: id("low"), while_active: id("high") }], ..station() };
    world.apply(Millis(DAY_MS), None, RegisterSensor { sensor });
    let (value_micro, limit_micro, episode) = (Micro(2), Micro(1), 1);
    let (severity, exercise, finding) = (Severity::High, false, None);
    let at = Millis(DAY_MS + 1);
    for condition in ["low", "high"] {
        let key = AlarmKey { entity: id("station"), condition: id(condition) };
        let finding = finding.clone();
        world.apply(at, None, RaiseAlarm { key, episode, severity, value_micro, limit_micro, exercise, finding });
    }
    let low = AlarmKey { entity: id("station"), condition: id("low") };
    let suppressed = |world: &World, at| world.state.inhibited(&low, at).is_some();
    assert!(suppressed(&world, at));
    let out = TakeOutOfService {
        entity: id("station"),
        condition: Some(id("high")),
        reason: "đang sửa".into(),
        until_ms: at.plus(1000),
    };
    world.apply(at, Some(by_oanh()), out);
    assert!(!suppressed(&world, at), "its cause is out of service");
    assert!(suppressed(&world, at.plus(1000)), "and back, without an entry");
}

proptest! {
    #[test]
    fn somebody_always_hears_of_what_suppresses(entries in any::entries(any::command_of_field())) {
        let mut state = State::new(GroupId(1));
        let world = any::world(GroupId(1)).into_iter().map(|entry| (false, entry));
        for (index, (is_aimed, mut entry)) in (1..).zip(world.chain(entries)) {
            if is_aimed {
                any::aim(&mut entry, &state);
            }
            state.apply(index, &entry);
            let now = state.clock();
            for alarm in state.alarms().values() {
                let Some(Inhibited::Suppressed(cause)) = state.inhibited(&alarm.key, now) else { continue };
                let key = AlarmKey { entity: alarm.key.entity.clone(), condition: cause.clone() };
                let is_seen = state.alarms().get(&key).is_some_and(|cause| cause.active && cause.shelf.is_none());
                prop_assert!(is_seen && state.inhibited(&key, now).is_none(), "{}", key);
            }
        }
    }
}
