//! The rules of one sensor, as transcripts and as properties.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of the transcripts are small")]

use std::{collections::BTreeMap, error::Error};

use domain::{
    Alarm, AlarmKey, Condition, DeviceStatus, EntityId, Micro, Millis, Reading, Sensor, SensorId, SensorKind, Severity,
    Threshold,
};
use proptest::prelude::*;

use super::rules::{Known, SensorRule};
use crate::{
    alarm::{Book, Propose, fold},
    clock::Now,
};

/// The clock of state at second 0 of a transcript.
const START_MS: u64 = 1_000_000;

fn sensor() -> Sensor {
    Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: SensorId::new("S1").unwrap(),
        name: "Trạm Gia Bảy".into(),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".into(),
        place: fold::place(),
        thresholds: Vec::new(),
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 1,
    }
}

/// A sensor, its alarms and the rule, with the time at which this leader got ready.
struct Bench {
    sensor: Sensor,
    alarms: BTreeMap<AlarmKey, Alarm>,
    rule: SensorRule,
    up_since: Millis,
}

impl Bench {
    fn new() -> Self {
        Self { sensor: sensor(), alarms: BTreeMap::new(), rule: SensorRule::default(), up_since: Millis(START_MS) }
    }

    fn now(&self, clock: Millis) -> Now {
        Now { clock, up_for_ms: clock.since(self.up_since) }
    }

    /// State records first, then the rule sees it.
    fn reading(&mut self, device: Millis, clock: Millis, value: Micro, status: DeviceStatus) -> Vec<Propose> {
        self.sensor.status = status;
        self.sensor.last_recorded_at_ms = clock;
        if device >= self.sensor.last_at_ms {
            (self.sensor.last_at_ms, self.sensor.last_micro) = (device, value);
        }
        let sensor = self.sensor.id.clone();
        let reading = Reading { sensor, at_ms: device, value_micro: value, status, unit_of_measure: String::new() };
        let known = Known { sensor: &self.sensor, alarms: Book(&self.alarms) };
        let proposed = self.rule.reading(known, &reading, self.now(clock));
        fold::apply(&mut self.alarms, &proposed, clock);
        proposed
    }

    fn tick(&mut self, clock: Millis) -> Vec<Propose> {
        let now = self.now(clock);
        let known = Known { sensor: &self.sensor, alarms: Book(&self.alarms) };
        let proposed = self.rule.tick(known, now);
        fold::apply(&mut self.alarms, &proposed, clock);
        proposed
    }

    fn known(&self) -> Known<'_> {
        Known { sensor: &self.sensor, alarms: Book(&self.alarms) }
    }
}

fn micro(text: &str) -> Micro {
    Micro((text.parse::<f64>().unwrap() * 1e6).round() as i64)
}

fn told(proposed: &[Propose]) -> String {
    let line = |propose: &Propose| match propose {
        Propose::Raise { key, episode, severity, value, limit } => {
            format!("raise {} #{episode} {severity}: {value}, limit {limit}\n", key.condition)
        }
        Propose::Clear { key, episode, value } => format!("clear {} #{episode}: {value}\n", key.condition),
    };
    proposed.iter().map(line).collect()
}

impl goldenscript::Runner for Bench {
    fn run(&mut self, command: &goldenscript::Command) -> Result<String, Box<dyn Error>> {
        let mut args = command.consume_args();
        let second = |seconds: f64| Millis(START_MS + (seconds * 1000.0).round() as u64);
        let output = match command.name.as_str() {
            "threshold" => {
                let condition = args.next_pos().ok_or("which condition?")?.value.clone();
                self.sensor.thresholds.retain(|threshold| threshold.condition.as_str() != condition);
                if let Some(above) = args.lookup("above") {
                    self.sensor.thresholds.push(threshold(&condition, true, &above.value, &mut args)?);
                } else if let Some(below) = args.lookup("below") {
                    self.sensor.thresholds.push(threshold(&condition, false, &below.value, &mut args)?);
                }
                String::new()
            }
            "rate" => {
                self.sensor.rate_limit_micro_per_min = u64::try_from(micro(&args.next_pos().ok_or("limit?")?.value).0)?;
                String::new()
            }
            "period" => {
                let seconds: u32 = args.next_pos().ok_or("seconds?")?.parse()?;
                self.sensor.period_ms = seconds * 1000;
                self.sensor.silence_periods = args.lookup_parse("silence")?.unwrap_or(3);
                String::new()
            }
            "fire" => {
                self.sensor.kind = SensorKind::Fire;
                String::new()
            }
            "reading" => {
                let value = micro(&args.next_pos().ok_or("value?")?.value);
                let clock = second(args.lookup_parse("at")?.ok_or("at?")?);
                let device = args.lookup_parse("device")?.map_or(clock, second);
                let status =
                    args.lookup("status").map_or(Some(DeviceStatus::Measuring), |s| DeviceStatus::from_name(&s.value));
                let proposed = self.reading(device, clock, value, status.ok_or("status?")?);
                told(&proposed)
            }
            "status" => {
                let status = &args.next_pos().ok_or("status?")?.value;
                self.sensor.status = DeviceStatus::from_name(status).ok_or("status?")?;
                String::new()
            }
            "tick" => {
                let clock = second(args.lookup_parse("at")?.ok_or("at?")?);
                told(&self.tick(clock))
            }
            "wake" => {
                let clock = second(args.lookup_parse("at")?.ok_or("at?")?);
                let wake = self.rule.wake_in_ms(self.known(), self.now(clock));
                wake.map_or("never".into(), |ms| format!("in {} s", ms as f64 / 1000.0))
            }
            "quiet" => self.rule.is_quiet(self.known()).to_string(),
            // Another leader: the rule has forgotten everything, state has not.
            "failover" => {
                self.rule = SensorRule::default();
                self.up_since = second(args.lookup_parse("at")?.ok_or("at?")?);
                String::new()
            }
            other => return Err(format!("what is {other}?").into()),
        };
        args.reject_rest()?;
        Ok(output)
    }
}

fn threshold(
    condition: &str,
    above: bool,
    limit: &str,
    args: &mut goldenscript::ArgumentConsumer<'_>,
) -> Result<Threshold, Box<dyn Error>> {
    Ok(Threshold {
        condition: Condition::new(condition)?,
        above,
        limit_micro: micro(limit),
        hysteresis_micro: args.lookup("hysteresis").map_or(Micro(0), |argument| micro(&argument.value)),
        debounce_ms: args.lookup_parse::<u32>("debounce")?.unwrap_or(0) * 1000,
        severity: Severity::High,
    })
}

#[test]
fn transcripts() {
    let folder = "tests/scripts/sensor";
    let mut scripts = 0;
    for script in std::fs::read_dir(folder).unwrap() {
        goldenscript::run(&mut Bench::new(), script.unwrap().path()).unwrap();
        scripts += 1;
    }
    assert!(scripts >= 5, "the scripts are gone");
}

/// Something that happens to a sensor.
#[derive(Clone, Debug)]
enum Step {
    Reading { value: i64, status: DeviceStatus, late_ms: u64 },
    Tick,
    Status(DeviceStatus),
    Failover,
}

fn step() -> impl Strategy<Value = (u64, Step)> {
    let status = prop_oneof![
        6 => Just(DeviceStatus::Measuring),
        1 => Just(DeviceStatus::Calibrating),
        1 => Just(DeviceStatus::Fault),
    ];
    let reading = (15i64..35, status.clone(), prop_oneof![5 => Just(0u64), 1 => 0u64..100_000]);
    let step = prop_oneof![
        8 => reading.prop_map(|(value, status, late_ms)| Step::Reading { value: value * 1_000_000, status, late_ms }),
        3 => Just(Step::Tick),
        1 => status.prop_map(Step::Status),
        1 => Just(Step::Failover),
    ];
    (0u64..120_000, step)
}

fn busy_sensor() -> Sensor {
    let threshold = |name: &str, above, limit: i64, debounce_ms| Threshold {
        condition: Condition::new(name).unwrap(),
        above,
        limit_micro: Micro(limit * 1_000_000),
        hysteresis_micro: Micro(2_000_000),
        debounce_ms,
        severity: Severity::High,
    };
    Sensor {
        thresholds: vec![
            threshold("high", true, 27, 0),
            threshold("slow", true, 27, 30_000),
            threshold("low", false, 20, 0),
        ],
        period_ms: 60_000,
        silence_periods: 3,
        rate_limit_micro_per_min: 5_000_000,
        ..sensor()
    }
}

proptest! {
    /// `fold::apply` refuses two raises without a clear between, a clear of what is not active, and a wrong episode.
    #[test]
    fn raises_and_clears_alternate_whatever_happens(steps in prop::collection::vec(step(), 0..60)) {
        let mut bench = Bench { sensor: busy_sensor(), ..Bench::new() };
        let mut clock = Millis(START_MS);
        for (pause_ms, step) in steps {
            clock = clock.plus(pause_ms);
            let proposed = match step {
                Step::Reading { value, status, late_ms } => {
                    bench.reading(Millis(clock.0.saturating_sub(late_ms)), clock, Micro(value), status)
                }
                Step::Tick => bench.tick(clock),
                Step::Status(status) => {
                    bench.sensor.status = status;
                    bench.tick(clock)
                }
                Step::Failover => {
                    bench.rule = SensorRule::default();
                    bench.up_since = clock;
                    Vec::new()
                }
            };
            let raised: Vec<_> = proposed.iter().filter_map(|p| match p {
                Propose::Raise { key, .. } => Some(key.condition.as_str()),
                Propose::Clear { .. } => None,
            }).collect();
            match bench.sensor.status {
                DeviceStatus::Measuring => prop_assert!(!raised.contains(&"fault")),
                DeviceStatus::Calibrating => prop_assert!(raised.is_empty(), "{raised:?} while calibrating"),
                DeviceStatus::Fault => prop_assert!(raised.iter().all(|c| ["fault", "silence"].contains(c)), "{raised:?}"),
            }
            // What is due by now comes with the next look; then nothing is left to do, nor to wake for.
            bench.tick(clock);
            prop_assert_eq!(bench.tick(clock), vec![]);
            if bench.rule.wake_in_ms(bench.known(), bench.now(clock)) == Some(0) {
                prop_assert!(false, "it wants to wake at once and does nothing");
            }
        }
    }

    #[test]
    fn inside_the_band_nothing_changes(values in prop::collection::vec(25_000_001i64..27_000_000, 1..40), begins_high in any::<bool>()) {
        let mut bench = Bench { sensor: Sensor { thresholds: busy_sensor().thresholds[..1].to_vec(), ..sensor() }, ..Bench::new() };
        let mut clock = Millis(START_MS);
        if begins_high {
            prop_assert_eq!(bench.reading(clock, clock, Micro(28_000_000), DeviceStatus::Measuring).len(), 1);
        }
        for value in values {
            clock = clock.plus(1000);
            prop_assert_eq!(bench.reading(clock, clock, Micro(value), DeviceStatus::Measuring), vec![]);
            let entity = EntityId::new("S1").unwrap();
            prop_assert_eq!(Book(&bench.alarms).of(&entity).any(|alarm| alarm.active), begins_high);
        }
    }

    /// Whatever the numbers are, nothing overflows.
    #[test]
    fn any_number_is_taken(
        values in prop::collection::vec((any::<i64>(), any::<u64>()), 0..20),
        limit in any::<i64>(),
        hysteresis in 0..i64::MAX,
        rate in any::<u64>(),
    ) {
        let mut bench = Bench::new();
        bench.sensor = Sensor { rate_limit_micro_per_min: rate, period_ms: u32::MAX, silence_periods: u32::MAX, ..busy_sensor() };
        for threshold in &mut bench.sensor.thresholds {
            threshold.limit_micro = Micro(limit);
            threshold.hysteresis_micro = Micro(hysteresis);
        }
        for (value, at) in values {
            bench.reading(Millis(at), Millis(at), Micro(value), DeviceStatus::Measuring);
            bench.tick(Millis(at));
        }
    }
}
