use std::collections::BTreeMap;

use domain::ReadingVerdict;

use super::*;
use crate::town::sensor::sensors;

/// 1 September 2026, midnight in Vietnam.
const START: u64 = 1_788_195_600_000;
const PACE: u32 = 30;

/// `hours` of the town's life, told in steps of `step_ms`.
fn live(seed: u64, sensors: &[Sensor], hours: u64, step_ms: u64) -> Vec<Reading> {
    let mut world = World::new(seed, PACE, sensors, Millis(START));
    let steps = hours * 3_600_000 / step_ms;
    (1..=steps).flat_map(|step| world.advance(Millis(START + step * step_ms))).collect()
}

fn of_kind(sensors: &[Sensor], kind: SensorKind) -> Vec<Sensor> {
    sensors.iter().filter(|sensor| sensor.kind == kind).cloned().collect()
}

#[test]
fn the_same_seed_gives_the_same_readings_in_whatever_steps() {
    let sensors = sensors(60);
    let by_sensor = |readings: Vec<Reading>| {
        let mut sorted = readings;
        sorted.sort_by_key(|reading| (reading.sensor.clone(), reading.at_ms));
        sorted
    };
    let fine = by_sensor(live(1, &sensors, 1, 500));
    assert_eq!(fine, by_sensor(live(1, &sensors, 1, 20_000)));
    assert_ne!(fine, by_sensor(live(2, &sensors, 1, 500)));
    assert!(fine.len() > 5_000, "{}", fine.len());
}

#[test]
fn device_times_ascend_by_whole_periods_and_values_are_what_the_sensor_can_say() {
    let sensors = sensors(200);
    let mut last: BTreeMap<SensorId, u64> = BTreeMap::new();
    for reading in live(4, &sensors, 2, 1_000) {
        let sensor = sensors.iter().find(|sensor| sensor.id == reading.sensor).unwrap();
        assert_eq!(reading.unit_of_measure, sensor.unit_of_measure);
        assert!((sensor.range_min_micro..=sensor.range_max_micro).contains(&reading.value_micro), "{reading:?}");
        if let Some(before) = last.insert(reading.sensor.clone(), reading.at_ms.0) {
            let gap = reading.at_ms.0 - before;
            assert!(gap > 0 && gap % u64::from(sensor.period_ms) == 0, "{gap}");
        }
    }
    assert_eq!(last.len(), sensors.len());
}

#[test]
fn what_it_sends_the_domain_records() {
    let sensors = sensors(50);
    let mut state = domain::State::new(domain::GroupId(1));
    let mut index = 0;
    let mut apply = |command: domain::Command, at_ms: u64| {
        index += 1;
        state.apply(
            index,
            &domain::Entry { at_ms: Millis(at_ms), request: None, grant: None, command, salt: bytes::Bytes::new() },
        )
    };
    for sensor in &sensors {
        let applied = apply(domain::RegisterSensor { sensor: sensor.clone() }.into(), START);
        assert!(matches!(applied.reply, domain::Reply::Accepted(_)), "{:?}", applied.reply);
    }
    for batch in live(5, &sensors, 1, 1_000).chunks(64) {
        let at_ms = batch.last().unwrap().at_ms.0;
        let domain::Reply::Accepted(accepted) =
            apply(domain::RecordReadings { readings: batch.to_vec() }.into(), at_ms).reply
        else {
            panic!("refused");
        };
        assert!(accepted.verdicts.iter().all(|verdict| *verdict == ReadingVerdict::Recorded));
    }
}

#[test]
fn rivers_rise_past_their_first_limit_and_fall_again() {
    let rivers = of_kind(&sensors(500), SensorKind::RiverLevel);
    let mut risen = BTreeMap::new();
    let mut fallen = 0;
    for reading in live(6, &rivers, 3, 1_000) {
        let sensor = rivers.iter().find(|sensor| sensor.id == reading.sensor).unwrap();
        let first = &sensor.thresholds[0];
        if reading.value_micro >= first.limit_micro {
            risen.insert(reading.sensor, true);
        } else if reading.value_micro.0 < first.limit_micro.0 - first.hysteresis_micro.0
            && risen.insert(reading.sensor.clone(), false) == Some(true)
        {
            fallen += 1;
        }
    }
    let ever = risen.len();
    assert!(fallen >= 1, "{fallen} of {ever} fell");
    // Now and then, not always and everywhere: most of the time most rivers are in their beds.
    let high_now = risen.values().filter(|is_high| **is_high).count();
    assert!(high_now < rivers.len() * 3 / 4, "{high_now} of {}", rivers.len());
}

#[test]
fn afternoons_are_warm_and_rush_hours_slow() {
    let mean = |kind: SensorKind, seed: u64, hour: f64| {
        let of_kind = of_kind(&sensors(300), kind);
        let readings = live(seed, &of_kind, 24, 60_000);
        let of_hour: Vec<f64> = readings
            .iter()
            .filter(|reading| (local_hour(reading.at_ms.0) - hour).abs() < 0.5)
            .map(|reading| value(reading.value_micro))
            .collect();
        of_hour.iter().sum::<f64>() / of_hour.len() as f64
    };
    assert!(mean(SensorKind::Temperature, 7, 14.0) > mean(SensorKind::Temperature, 7, 3.0) + 5.0);
    assert!(mean(SensorKind::Traffic, 7, 7.25) < mean(SensorKind::Traffic, 7, 2.0) - 10.0);
}

#[test]
fn panels_trip_jams_come_and_some_sensors_fall_silent_or_flicker() {
    let sensors = sensors(500);
    let readings = live(8, &sensors, 2, 1_000);
    let any = |kind: SensorKind, is_bad: &dyn Fn(f64) -> bool| {
        readings.iter().any(|reading| {
            let sensor = sensors.iter().find(|sensor| sensor.id == reading.sensor).unwrap();
            sensor.kind == kind && is_bad(value(reading.value_micro))
        })
    };
    assert!(any(SensorKind::Fire, &|value| value > 0.5));
    assert!(any(SensorKind::Traffic, &|value| value < 8.0));
    assert!(readings.iter().any(|reading| reading.status == DeviceStatus::Fault));
    let mut times: BTreeMap<&SensorId, Vec<u64>> = BTreeMap::new();
    for reading in &readings {
        times.entry(&reading.sensor).or_default().push(reading.at_ms.0);
    }
    let period = |id: &SensorId| u64::from(sensors.iter().find(|sensor| sensor.id == *id).unwrap().period_ms);
    let silent = times.iter().filter(|(id, at)| at.windows(2).any(|two| two[1] - two[0] > 4 * period(id))).count();
    let flickering =
        times.iter().filter(|(id, at)| at.windows(2).filter(|two| two[1] - two[0] > period(id)).count() > 10).count();
    assert!((3..120).contains(&silent), "{silent}");
    assert!((2..40).contains(&flickering), "{flickering}");
}

#[test]
fn a_clock_that_jumps_does_not_bring_a_flood() {
    let sensors = sensors(50);
    let mut world = World::new(9, PACE, &sensors, Millis(START));
    let sent = world.advance(Millis(START + 86_400_000));
    assert!(sent.len() < 100, "{}", sent.len());
    assert!(sent.iter().all(|reading| reading.at_ms.0 + 2 * STEP_MS > START + 86_400_000));
    assert!(world.advance(Millis(START)).is_empty());
}
