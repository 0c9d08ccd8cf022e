//! On which days an alarm called for somebody, that a cause which suppresses another can be seen, and what history keeps of how alarms
//! and limits were.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use std::collections::BTreeMap;

use crate::any;
use bytes::Bytes;
use domain::{calendar::DAY_MS, rows, wire::Record, *};
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
    history: BTreeMap<Bytes, Bytes>,
}

impl World {
    /// A field group with one camera.
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId(1)), index: 0, history: BTreeMap::new() };
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
        let applied = self.state.apply(self.index, &entry);
        assert!(matches!(applied.reply, Reply::Accepted(_)), "{:?}", applied.reply);
        self.state.check().unwrap();
        for change in applied.rows {
            if let RowChange::Put(row) = change
                && !rows::is_state(&row.key)
            {
                assert!(self.history.insert(row.key, row.value).is_none(), "a key of history comes once");
            }
        }
    }

    /// What stood until when.
    fn former<T: Record>(&self, (from, to): (Bytes, Bytes)) -> Vec<(u64, T)> {
        let found = self.history.range(from..to);
        found.map(|(key, value)| (rows::former_until(key).unwrap().0, T::decode(value).unwrap())).collect()
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
fn each_ringing_of_an_alarm_is_left_to_history_with_its_times() {
    let mut world = World::new();
    world.raise(Millis(10_000));
    world.raise(Millis(200_000));
    assert!(world.history.is_empty(), "not before it is switched on");
    world.apply(Millis(300_000), None, SwitchFeature { feature: VOCABULARY_2 });
    world.raise(Millis(400_000));
    world.apply(Millis(420_000), Some(by_oanh()), AcknowledgeAlarm { key: key(), episode: 3 });
    world.raise(Millis(600_000));
    let kept: Vec<(u64, Alarm)> = world.former(rows::former_alarms_range(&key(), Millis(0)));
    let told: Vec<_> = kept
        .iter()
        .map(|(until, it)| (*until, it.episode, it.raised_at_ms.0, it.cleared_at_ms.0, it.acknowledged_at_ms.0))
        .collect();
    assert_eq!(told, [(400_000, 2, 200_000, 201_000, 0), (600_000, 3, 400_000, 401_000, 420_000)]);
    assert_eq!(kept[1].1.acknowledged_by, Some(id("oanh")));
    assert!(kept.iter().all(|(_, it)| it.raised_days.is_empty()), "they are counted on in the one that stands");
    let newest = &world.state.alarms()[&key()];
    assert_eq!((newest.episode, newest.raised_at_ms), (4, Millis(600_000)), "state has the newest");
    assert_eq!(world.former::<Alarm>(rows::former_alarms_range(&key(), Millis(400_001))).len(), 1);
    let other = AlarmKey { condition: id("higher"), ..key() };
    assert!(world.former::<Alarm>(rows::former_alarms_range(&other, Millis(0))).is_empty());
}

#[test]
fn what_a_model_said_before_it_said_it_anew_is_left_to_history() {
    let mut world = World::new();
    world.apply(Millis(1), None, SwitchFeature { feature: VOCABULARY_2 });
    world.apply(Millis(1), None, RegisterSensor { sensor: station() });
    let key = AlarmKey { entity: id("station"), condition: id(UNUSUAL) };
    let mut say = |at_ms: u64, severity, score| {
        let found = Found::Unusual(Unusual { score_micro: Micro(score), reason: UnusualReason::Spike });
        let finding = Some(Finding { model: id("muc-nuoc"), model_version: id("1"), found });
        let (value_micro, limit_micro, exercise) = (Micro(2), Micro(1), false);
        let key = key.clone();
        let raise = RaiseAlarm { key, episode: 1, severity, value_micro, limit_micro, exercise, finding };
        world.apply(Millis(at_ms), None, raise);
    };
    say(10_000, Severity::Low, 300_000);
    // Sent again it is the same word.
    say(11_000, Severity::Low, 300_000);
    say(20_000, Severity::Medium, 900_000);
    let kept: Vec<(u64, Alarm)> = world.former(rows::former_alarms_range(&key, Millis(0)));
    let told: Vec<_> = kept.iter().map(|(until, it)| (*until, it.episode, it.severity, it.active)).collect();
    assert_eq!(told, [(20_000, 1, Severity::Low, true)]);
}

#[test]
fn each_change_of_a_sensors_limits_is_left_to_history() {
    let mut world = World::new();
    let with = |limit: i64| {
        let mut sensor = station();
        sensor.thresholds[0].limit_micro = Micro(limit);
        sensor
    };
    world.apply(Millis(10), None, RegisterSensor { sensor: with(1) });
    world.apply(Millis(20), None, RegisterSensor { sensor: with(2) });
    assert!(world.history.is_empty(), "not before it is switched on");
    world.apply(Millis(30), None, SwitchFeature { feature: VOCABULARY_2 });
    world.apply(Millis(40), None, RegisterSensor { sensor: with(3) });
    // The same again, and another name: its limits are what they were.
    world.apply(Millis(50), None, RegisterSensor { sensor: with(3) });
    world.apply(Millis(60), None, RegisterSensor { sensor: Sensor { name: "Sông Cầu".into(), ..with(3) } });
    world.apply(Millis(70), None, RegisterSensor { sensor: Sensor { thresholds: Vec::new(), ..with(3) } });
    let kept: Vec<(u64, Sensor)> = world.former(rows::former_sensors_range(&id("station"), Millis(0)));
    let told: Vec<_> = kept.iter().map(|(until, it)| (*until, it.thresholds[0].limit_micro.0)).collect();
    assert_eq!(told, [(40, 2), (70, 3)]);
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
