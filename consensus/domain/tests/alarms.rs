//! On which days an alarm called for somebody.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use bytes::Bytes;
use domain::*;

const DAY_MS: u64 = 86_400_000;

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn key() -> AlarmKey {
    AlarmKey { entity: id("gauge"), condition: id("high") }
}

struct World {
    state: State,
    index: u64,
}

impl World {
    /// A field group with one gauge.
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId(1)), index: 0 };
        let place = Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() };
        let camera = Camera {
            id: id("gauge"),
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
        TakeOutOfService { entity: id("gauge"), condition: None, reason: reason.clone(), until_ms: at.plus(DAY_MS) };
    world.apply(at, Some(by_oanh()), out);
    world.raise(at.plus(120_000));
    world.apply(at.plus(240_000), Some(by_oanh()), ReturnToService { entity: id("gauge"), condition: None });
    let until_ms = at.plus(3_600_000);
    world.apply(at.plus(240_000), Some(by_oanh()), ShelveAlarm { key: key(), reason, until_ms });
    world.raise(at.plus(360_000));
    assert_eq!(world.days(), [(10, 1)]);
    world.apply(until_ms, None, UnshelveAlarm { key: key() });
    world.raise(until_ms.plus(120_000));
    assert_eq!(world.days(), [(10, 1), (11, 1)]);
}
