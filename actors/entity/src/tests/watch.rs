//! Models that look at readings: what they find is an alarm beside the limits, and what they do not say holds up nothing.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use domain::{
    Condition, Digest, Found, GroupId, Micro, Millis, ModelKind, ModelMode, ModelName, RegisterModel, RollOutModel,
    SensorId, Severity, SwitchModel, UnusualReason, VersionName,
};
use tokio::time::Instant;

use super::world::{FIELD, SECOND, START_MS, World, accepted, reading, until};
use crate::{
    Findings, Router, Sights, Silence, Spot, Spotted, Watcher,
    config::{FINDINGS_PER_DISTRICT_MAX, WATCH_DEADLINE, WATCH_IN_FLIGHT_MAX, WATCH_TICK},
};

/// What a fake model does with what it is shown; none: it never answers.
type Mind = fn(&Sights) -> Option<Result<Vec<Spotted>, Silence>>;

struct Fake {
    mind: Mind,
    shown: Mutex<Vec<Sights>>,
    held: Mutex<Vec<Findings>>,
}

impl Fake {
    fn new(mind: Mind) -> Arc<Self> {
        Arc::new(Self { mind, shown: Mutex::default(), held: Mutex::default() })
    }

    fn shown(&self) -> Vec<Sights> {
        self.shown.lock().unwrap().clone()
    }
}

impl Watcher for Fake {
    fn watch(&self, sights: Sights, findings: Findings) {
        let said = (self.mind)(&sights);
        self.shown.lock().unwrap().push(sights);
        match said {
            Some(said) => findings.give(said),
            None => self.held.lock().unwrap().push(findings),
        }
    }
}

/// Whatever reads 9 m or more is unusual.
fn unusual(sights: &Sights) -> Option<Result<Vec<Spotted>, Silence>> {
    let strange = sights.sights.iter().filter(|sight| sight.value >= Micro(9_000_000));
    let spotted = |sight: &crate::Sight| Spotted {
        sensor: sight.sensor.clone(),
        value: sight.value,
        spot: Spot::Unusual { score: 0.8125, reason: UnusualReason::Spike },
    };
    Some(Ok(strange.map(spotted).collect()))
}

/// What reads 20 m or more will pass its limit in the third hour; the probability grows with the value.
fn passing(sights: &Sights) -> Option<Result<Vec<Spotted>, Silence>> {
    let hour = 3_600_000;
    let spotted = |sight: &crate::Sight| {
        let spot = Spot::Passing {
            condition: sight.thresholds[0].condition.clone(),
            probability: if sight.value >= Micro(23_000_000) { 0.9 } else { 0.6 },
            at: Millis(START_MS).plus(3 * hour),
            earliest: Millis(START_MS).plus(2 * hour),
            latest: None,
            quantiles: [25.0, 26.5, 27.0, 27.5, 29.0],
        };
        let spot = if sight.value >= Micro(20_000_000) { spot } else { Spot::NotPassing };
        Spotted { sensor: sight.sensor.clone(), value: sight.value, spot }
    };
    Some(Ok(sights.sights.iter().map(spotted).collect()))
}

fn register(world: &World, kind: ModelKind) {
    let (name, version) = (ModelName::new(kind.as_str()).unwrap(), VersionName::new("v1").unwrap());
    let register = RegisterModel {
        name: name.clone(),
        version: version.clone(),
        kind,
        sha256: Digest([7; 32]),
        data: "own readings".into(),
        quality: Vec::new(),
        shares: Vec::new(),
    };
    accepted(world.apply(GroupId::COMMAND, register));
    accepted(world.apply(GroupId::COMMAND, RollOutModel { name, version, mode: ModelMode::Active }));
}

fn switch(world: &World, kind: ModelKind, on: bool) {
    let name = ModelName::new(kind.as_str()).unwrap();
    accepted(world.apply(GroupId::COMMAND, SwitchModel { name, on, reason: "as a test asked for".into() }));
}

/// A node that leads, with the model in use and the lookout awake.
async fn watched(kind: ModelKind, mind: Mind, sensors: usize) -> (Arc<World>, Router, Arc<Fake>, Vec<SensorId>) {
    let world = World::new();
    let sensors = (0..sensors).map(|number| world.sensor(&format!("S{number:02}"), "05443")).collect();
    let router = world.node(1);
    let fake = Fake::new(mind);
    router.watch_with(fake.clone());
    register(&world, kind);
    world.lead(1).await;
    tokio::time::sleep(SECOND).await;
    (world, router, fake, sensors)
}

async fn record(world: &World, router: &Router, sensors: &[SensorId], tenths: i64) {
    let readings = sensors.iter().map(|sensor| reading(sensor, world.clock(), tenths)).collect();
    router.record(readings, 5 * SECOND).await.unwrap();
}

/// Readings each minute, so that no silence comes in between.
async fn minutes(world: &World, router: &Router, sensors: &[SensorId], tenths: i64, minutes: usize) {
    for _ in 0..minutes {
        tokio::time::sleep(60 * SECOND).await;
        record(world, router, sensors, tenths).await;
    }
}

fn counted(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn what_is_unusual_is_an_alarm_of_its_own_and_ends_by_itself() {
    let (world, router, fake, sensors) = watched(ModelKind::Anomaly, unusual, 1).await;
    record(&world, &router, &sensors, 50).await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(fake.shown().len(), 1);
    assert!(world.alarm("S00", "unusual").is_none());
    record(&world, &router, &sensors, 93).await;
    until(|| world.is_active("S00", "unusual")).await;
    let alarm = world.alarm("S00", "unusual").unwrap();
    assert_eq!((alarm.severity, alarm.value_micro), (Severity::Low, Micro(9_300_000)));
    let finding = alarm.finding.unwrap();
    assert_eq!((finding.model.as_str(), finding.model_version.as_str()), ("anomaly", "v1"));
    assert!(matches!(finding.found, Found::Unusual(it) if it.score_micro == Micro(812_500)));
    until(|| world.incidents().len() == 1).await;
    assert_eq!(world.incidents()[0].summary, "Mực nước bất thường: Trạm S00 9.3 m (tăng vọt so với mức thường)");
    // While it goes on it stays, and is not said again.
    minutes(&world, &router, &sensors, 94, 20).await;
    assert!(world.is_active("S00", "unusual"));
    assert_eq!(world.proposed(FIELD, "RaiseAlarm"), 1);
    // Half an hour without another one ends it.
    minutes(&world, &router, &sensors, 50, 29).await;
    assert!(world.is_active("S00", "unusual"));
    minutes(&world, &router, &sensors, 50, 2).await;
    assert!(!world.is_active("S00", "unusual"));
    // Who has just looked is not called again at once, and later is.
    tokio::time::sleep(SECOND).await;
    record(&world, &router, &sensors, 93).await;
    tokio::time::sleep(SECOND).await;
    assert!(!world.is_active("S00", "unusual"));
    minutes(&world, &router, &sensors, 50, 31).await;
    tokio::time::sleep(SECOND).await;
    record(&world, &router, &sensors, 93).await;
    until(|| world.is_active("S00", "unusual")).await;
    assert_eq!(world.alarm("S00", "unusual").unwrap().episode, 2);
    assert_eq!(world.alarm("S00", "silence"), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_off_is_shown_nothing_and_what_it_said_ends() {
    let (world, router, fake, sensors) = watched(ModelKind::Anomaly, unusual, 1).await;
    record(&world, &router, &sensors, 93).await;
    until(|| world.is_active("S00", "unusual")).await;
    switch(&world, ModelKind::Anomaly, false);
    until(|| !world.is_active("S00", "unusual")).await;
    let shown = fake.shown().len();
    minutes(&world, &router, &sensors, 95, 3).await;
    assert_eq!(fake.shown().len(), shown);
    assert!(!world.is_active("S00", "unusual"));
    assert_eq!(counted(&router.counters().watch_dropped) + counted(&router.counters().watch_failed), 0);
    // On again it is shown what comes.
    switch(&world, ModelKind::Anomaly, true);
    tokio::time::sleep(2 * WATCH_TICK).await;
    record(&world, &router, &sensors, 95).await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(fake.shown().len(), shown + 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_passed_needs_no_model() {
    let (world, router, _, sensors) = watched(ModelKind::Anomaly, unusual, 1).await;
    record(&world, &router, &sensors, 93).await;
    until(|| world.is_active("S00", "unusual")).await;
    tokio::time::sleep(SECOND).await;
    record(&world, &router, &sensors, 273).await;
    until(|| world.is_active("S00", "high")).await;
    until(|| !world.is_active("S00", "unusual")).await;
    minutes(&world, &router, &sensors, 274, 40).await;
    assert_eq!(world.alarm("S00", "unusual").unwrap().episode, 1);
    assert_eq!(world.incidents().len(), 1, "one trouble, one incident");
}

#[tokio::test(start_paused = true)]
async fn a_forecast_is_said_anew_and_taken_back() {
    let (world, router, fake, sensors) = watched(ModelKind::Forecast, passing, 1).await;
    record(&world, &router, &sensors, 210).await;
    until(|| world.is_active("S00", "forecast")).await;
    let alarm = world.alarm("S00", "forecast").unwrap();
    // The limit itself is high; what is only probable stands below.
    assert_eq!((alarm.severity, alarm.limit_micro), (Severity::Medium, Micro(27_000_000)));
    assert_eq!(fake.shown()[0].sights[0].thresholds.len(), 1);
    until(|| world.incidents().len() == 1).await;
    let summary = &world.incidents()[0].summary;
    let expected =
        "Dự báo mực nước vượt mức cao: Trạm S00 trong khoảng 2 giờ nữa, xác suất 60% (hiện 21 m, giới hạn 27)";
    assert_eq!(summary, expected);
    minutes(&world, &router, &sensors, 230, 1).await;
    let probability = || match world.alarm("S00", "forecast").unwrap().finding.unwrap().found {
        Found::Passing(passing) => passing.probability_micro,
        Found::Unusual(_) => Micro(0),
    };
    until(|| probability() == Micro(900_000)).await;
    let alarm = world.alarm("S00", "forecast").unwrap();
    assert_eq!((alarm.episode, alarm.value_micro), (1, Micro(23_000_000)));
    // What has not changed is not proposed again.
    let proposed = world.proposed(FIELD, "RaiseAlarm");
    minutes(&world, &router, &sensors, 235, 3).await;
    assert_eq!(world.proposed(FIELD, "RaiseAlarm"), proposed);
    minutes(&world, &router, &sensors, 150, 1).await;
    until(|| !world.is_active("S00", "forecast")).await;
    // What has come true is no forecast.
    minutes(&world, &router, &sensors, 210, 1).await;
    until(|| world.is_active("S00", "forecast")).await;
    minutes(&world, &router, &sensors, 271, 1).await;
    until(|| world.is_active("S00", "high") && !world.is_active("S00", "forecast")).await;
    assert_eq!(world.incidents().len(), 1, "the incident that was foreseen is the one that came");
    assert_eq!(world.incidents()[0].severity, Severity::High);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_findings_is_bounded_and_makes_no_flood_of_alarms() {
    let (world, router, _, sensors) = watched(ModelKind::Anomaly, unusual, 40).await;
    record(&world, &router, &sensors, 93).await;
    tokio::time::sleep(20 * SECOND).await;
    let active = || sensors.iter().filter(|sensor| world.is_active(sensor.as_str(), "unusual")).count();
    assert_eq!(active(), FINDINGS_PER_DISTRICT_MAX);
    assert_eq!(counted(&router.counters().findings_bounded), 40 - FINDINGS_PER_DISTRICT_MAX as u64);
    assert!(world.alarm("D1", "flood").is_none());
    minutes(&world, &router, &sensors, 93, 30).await;
    assert_eq!(world.proposed(FIELD, "RaiseAlarm"), FINDINGS_PER_DISTRICT_MAX);
    // The next leader counts on.
    let two = world.node(2);
    two.watch_with(Fake::new(unusual));
    world.lead(2).await;
    minutes(&world, &two, &sensors, 93, 20).await;
    assert_eq!(world.proposed(FIELD, "RaiseAlarm"), FINDINGS_PER_DISTRICT_MAX);
    // Another hour, another share.
    minutes(&world, &two, &sensors, 93, 20).await;
    assert_eq!(world.proposed(FIELD, "RaiseAlarm"), 2 * FINDINGS_PER_DISTRICT_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_new_lead_says_so_and_ends_what_the_last_one_said() {
    let (world, router, _, sensors) = watched(ModelKind::Anomaly, unusual, 1).await;
    record(&world, &router, &sensors, 93).await;
    until(|| world.is_active("S00", "unusual")).await;
    let router = world.node(2);
    let two = Fake::new(|_| Some(Ok(Vec::new())));
    router.watch_with(two.clone());
    world.lead(2).await;
    minutes(&world, &router, &sensors, 93, 31).await;
    assert!(!world.is_active("S00", "unusual"));
    let number = two.shown()[0].reign;
    assert!(two.shown().iter().all(|it| it.group == FIELD && it.reign == number && it.sha256 == Digest([7; 32])));
    // What it sees after another lead in between does not follow on what it saw before.
    world.lead(1).await;
    world.lead(2).await;
    minutes(&world, &router, &sensors, 50, 1).await;
    until(|| two.shown().last().unwrap().reign != number).await;
}

#[tokio::test(start_paused = true)]
async fn silent_full_and_senseless_models_hold_up_nothing() {
    fn spot(sights: &Sights, spot: Spot) -> Option<Result<Vec<Spotted>, Silence>> {
        let (sensor, value) = (sights.sights[0].sensor.clone(), sights.sights[0].value);
        Some(Ok(vec![Spotted { sensor, value, spot }]))
    }
    fn condition() -> Condition {
        Condition::new("high").unwrap()
    }
    let minds: [(&str, Mind); 7] = [
        ("never answers", |_| None),
        ("full", |_| Some(Err(Silence::Full))),
        ("fails", |_| Some(Err(Silence::Failed))),
        ("not a number", |it| spot(it, Spot::Unusual { score: f64::NAN, reason: UnusualReason::Dip })),
        ("more than sure", |it| spot(it, Spot::Unusual { score: 1.01, reason: UnusualReason::Dip })),
        ("quantiles that fall", |it| {
            let (at, earliest) = (Millis(9), Millis(9));
            let quantiles = [3.0, 2.0, 3.0, 4.0, 5.0];
            spot(it, Spot::Passing { condition: condition(), probability: 0.9, at, earliest, latest: None, quantiles })
        }),
        ("times that do not follow", |it| {
            let (at, earliest) = (Millis(9), Millis(10));
            let quantiles = [1.0, 2.0, 3.0, 4.0, 5.0];
            spot(it, Spot::Passing { condition: condition(), probability: 0.9, at, earliest, latest: None, quantiles })
        }),
    ];
    for (name, mind) in minds {
        let (world, router, _, sensors) = watched(ModelKind::Anomaly, mind, 2).await;
        let begun = Instant::now();
        for _ in 0..WATCH_IN_FLIGHT_MAX + 50 {
            record(&world, &router, &sensors, 50).await;
            tokio::time::sleep(SECOND / 100).await;
        }
        assert!(begun.elapsed() < 10 * SECOND, "{name}: readings took {:?}", begun.elapsed());
        record(&world, &router, &sensors[..1], 273).await;
        until(|| world.is_active("S00", "high")).await;
        assert!(begun.elapsed() < 10 * SECOND, "{name}: the limit was seen after {:?}", begun.elapsed());
        tokio::time::sleep(WATCH_DEADLINE + 20 * SECOND).await;
        let counters = router.counters();
        assert!(counted(&counters.watch_late) + counted(&counters.watch_failed) > 0, "{name}");
        assert_eq!(world.proposed(FIELD, "RaiseAlarm"), 1, "{name}");
        let (is_silent, tallied) = world.read(GroupId::COMMAND, |state| {
            let tally = state.tallies().values().next().unwrap();
            (tally.silent, tally.late + tally.failed)
        });
        assert!(is_silent, "{name}");
        assert_eq!(tallied, counted(&counters.watch_late) + counted(&counters.watch_failed), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_answers_again_is_silent_no_more() {
    // Late for the first reading, in time from then on.
    let (world, router, _, sensors) = watched(
        ModelKind::Anomaly,
        |sights| Some(if sights.sights[0].value < Micro(5_000_000) { Err(Silence::Full) } else { Ok(Vec::new()) }),
        1,
    )
    .await;
    let is_silent = || world.read(GroupId::COMMAND, |state| state.tallies().values().any(|tally| tally.silent));
    record(&world, &router, &sensors, 10).await;
    until(is_silent).await;
    minutes(&world, &router, &sensors, 60, 1).await;
    until(|| !is_silent()).await;
}
