//! What a sensor's readings, or their absence, mean. Pure: readings and the time in, proposals out, decided against the
//! alarms in state; so a rule that forgets everything and begins anew changes nothing but a debounce under way.

use domain::{AlarmKey, DeviceStatus, EntityId, Micro, Millis, Reading, Sensor, SensorKind, Severity, Threshold};

use crate::{
    alarm::{Book, Propose, condition},
    clock::Now,
};

/// Readings closer together than this give no rate: the noise of a value over a moment looks like a fast change.
const RATE_SPAN_MS_MIN: u64 = 1000;
/// The rate is normal again at this share of its limit, so that it does not flap around it.
const RATE_CLEAR_PERCENT: i128 = 80;
const MS_PER_MIN: i128 = 60_000;

/// A sensor and the alarms of its group, as they stand in state.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) sensor: &'a Sensor,
    pub(crate) alarms: Book<'a>,
}

impl Known<'_> {
    fn key(&self, condition: &domain::Condition) -> AlarmKey {
        AlarmKey { entity: EntityId::from(&self.sensor.id), condition: condition.clone() }
    }

    /// How long it may say nothing; none: for ever.
    fn silence_ms(&self) -> Option<u64> {
        let silence_ms = u64::from(self.sensor.period_ms) * u64::from(self.sensor.silence_periods);
        (silence_ms > 0).then_some(silence_ms)
    }

    fn is_silent(&self) -> bool {
        self.alarms.active(&self.key(&condition::SILENCE)).is_some()
    }

    /// A fire panel whose line is dead is a danger of its own.
    fn device_severity(&self) -> Severity {
        if self.sensor.kind == SensorKind::Fire { Severity::High } else { Severity::Low }
    }
}

/// A limit is passed, and not yet for long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    condition: domain::Condition,
    /// Device time of the reading that passed it.
    since_device: Millis,
    /// When that reading came.
    since_clock: Millis,
}

/// What has to be remembered of one sensor between readings. All of it may be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SensorRule {
    /// Device time and value of the newest reading taken in.
    last: Option<(Millis, Micro)>,
    /// The reading that the next rate is measured from; none while the device does not measure.
    rate_from: Option<(Millis, Micro)>,
    /// At most one for each threshold.
    pending: Vec<Pending>,
}

impl SensorRule {
    /// A reading was recorded.
    pub(crate) fn reading(&mut self, known: Known<'_>, reading: &Reading, now: Now) -> Vec<Propose> {
        let mut proposed = Vec::new();
        proposed.extend(known.alarms.clear(&known.key(&condition::SILENCE), reading.value_micro));
        // What comes late says nothing about now. A rule that has just begun knows from state what the newest is.
        let newest = self.last.map_or(known.sensor.last_at_ms, |(at, _)| at.plus(1));
        if reading.at_ms < newest {
            return proposed;
        }
        self.last = Some((reading.at_ms, reading.value_micro));
        proposed.extend(fault(known, reading.status, reading.value_micro));
        if reading.status != DeviceStatus::Measuring {
            self.pending.clear();
            self.rate_from = None;
            return proposed;
        }
        for threshold in &known.sensor.thresholds {
            proposed.extend(self.threshold(known, threshold, reading, now));
        }
        proposed.extend(self.rate(known, reading));
        proposed
    }

    /// Time has passed, or the sensor is not what it was.
    pub(crate) fn tick(&mut self, known: Known<'_>, now: Now) -> Vec<Propose> {
        let value = self.last.map_or(known.sensor.last_micro, |(_, value)| value);
        let mut proposed = Vec::new();
        if known.sensor.status != DeviceStatus::Measuring {
            self.pending.clear();
            self.rate_from = None;
        }
        for pending in std::mem::take(&mut self.pending) {
            let threshold = known.sensor.thresholds.iter().find(|t| t.condition == pending.condition);
            let Some(threshold) = threshold else { continue };
            if now.clock.since(pending.since_clock) < threshold.debounce_ms.into() {
                self.pending.push(pending);
            } else {
                let key = known.key(&threshold.condition);
                proposed.extend(known.alarms.raise(&key, threshold.severity, value, threshold.limit_micro));
            }
        }
        proposed.extend(fault(known, known.sensor.status, value));
        proposed.extend(silence(known, value, now));
        proposed.extend(orphans(known, value));
        proposed
    }

    /// In how many milliseconds time alone changes something.
    pub(crate) fn wake_in_ms(&self, known: Known<'_>, now: Now) -> Option<u64> {
        let debounced = self.pending.iter().filter_map(|pending| {
            let threshold = known.sensor.thresholds.iter().find(|t| t.condition == pending.condition)?;
            Some(u64::from(threshold.debounce_ms).saturating_sub(now.clock.since(pending.since_clock)))
        });
        let silent = match known.silence_ms() {
            Some(limit_ms) if !known.is_silent() && known.sensor.status != DeviceStatus::Calibrating => {
                Some(limit_ms.saturating_sub(silent_for_ms(known.sensor, now)))
            }
            _ => None,
        };
        debounced.chain(silent).min()
    }

    /// Nothing is under way: no alarm of these rules is active, no debounce runs.
    pub(crate) fn is_quiet(&self, known: Known<'_>) -> bool {
        let mut own = known.alarms.of(&EntityId::from(&known.sensor.id)).filter(|alarm| alarm.finding.is_none());
        self.pending.is_empty() && !own.any(|alarm| alarm.active)
    }

    fn threshold(&mut self, known: Known<'_>, threshold: &Threshold, reading: &Reading, now: Now) -> Option<Propose> {
        let key = known.key(&threshold.condition);
        let value = reading.value_micro;
        let pending = self.pending.iter().position(|pending| pending.condition == threshold.condition);
        if known.alarms.active(&key).is_some() {
            pending.map(|at| self.pending.swap_remove(at));
            return if is_left(threshold, value) { known.alarms.clear(&key, value) } else { None };
        }
        if !is_passed(threshold, value) {
            pending.map(|at| self.pending.swap_remove(at));
            return None;
        }
        let since = pending.and_then(|at| self.pending.get(at)).map_or(reading.at_ms, |pending| pending.since_device);
        if reading.at_ms.since(since) >= threshold.debounce_ms.into() {
            pending.map(|at| self.pending.swap_remove(at));
            return known.alarms.raise(&key, threshold.severity, value, threshold.limit_micro);
        }
        if pending.is_none() {
            self.pending.push(Pending {
                condition: threshold.condition.clone(),
                since_device: reading.at_ms,
                since_clock: now.clock,
            });
        }
        None
    }

    fn rate(&mut self, known: Known<'_>, reading: &Reading) -> Option<Propose> {
        let limit = known.sensor.rate_limit_micro_per_min;
        if limit == 0 {
            return None;
        }
        let to = (reading.at_ms, reading.value_micro);
        let Some(from) = self.rate_from else {
            self.rate_from = Some(to);
            return None;
        };
        let span_ms = to.0.since(from.0);
        if span_ms < RATE_SPAN_MS_MIN {
            return None;
        }
        self.rate_from = Some(to);
        let change = (i128::from(to.1.0) - i128::from(from.1.0)).abs();
        let rate = change * MS_PER_MIN / i128::from(span_ms);
        let shown = Micro(i64::try_from(rate).unwrap_or(i64::MAX));
        let key = known.key(&condition::RATE);
        if rate > i128::from(limit) {
            let limit = Micro(i64::try_from(limit).unwrap_or(i64::MAX));
            known.alarms.raise(&key, Severity::Medium, shown, limit)
        } else if rate * 100 <= i128::from(limit) * RATE_CLEAR_PERCENT {
            known.alarms.clear(&key, shown)
        } else {
            None
        }
    }
}

/// The limit counts as passed when it is reached.
fn is_passed(threshold: &Threshold, value: Micro) -> bool {
    if threshold.above { value >= threshold.limit_micro } else { value <= threshold.limit_micro }
}

/// Far enough back inside. Between this and the limit nothing changes.
fn is_left(threshold: &Threshold, value: Micro) -> bool {
    let (limit, hysteresis) = (threshold.limit_micro.0, threshold.hysteresis_micro.0);
    let is_inside = if threshold.above {
        value.0 <= limit.saturating_sub(hysteresis)
    } else {
        value.0 >= limit.saturating_add(hysteresis)
    };
    is_inside && !is_passed(threshold, value)
}

fn fault(known: Known<'_>, status: DeviceStatus, value: Micro) -> Option<Propose> {
    let key = known.key(&condition::FAULT);
    if status == DeviceStatus::Fault {
        known.alarms.raise(&key, known.device_severity(), value, Micro(0))
    } else {
        known.alarms.clear(&key, value)
    }
}

fn silent_for_ms(sensor: &Sensor, now: Now) -> u64 {
    now.clock.since(sensor.last_recorded_at_ms).min(now.up_for_ms)
}

/// The alarm's value is how long the sensor said nothing, in seconds; its limit how long it may.
fn silence(known: Known<'_>, value: Micro, now: Now) -> Option<Propose> {
    let limit_ms = known.silence_ms()?;
    let key = known.key(&condition::SILENCE);
    // Not `up_for_ms` here: that this node has just got ready does not end anybody's silence.
    if now.clock.since(known.sensor.last_recorded_at_ms) < limit_ms {
        return known.alarms.clear(&key, value);
    }
    let silent_ms = silent_for_ms(known.sensor, now);
    // Whoever calibrates a device may unplug it.
    if silent_ms < limit_ms || known.sensor.status == DeviceStatus::Calibrating {
        return None;
    }
    let seconds = |ms: u64| Micro(i64::try_from(ms / 1000).unwrap_or(i64::MAX).saturating_mul(1_000_000));
    known.alarms.raise(&key, known.device_severity(), seconds(silent_ms), seconds(limit_ms))
}

/// Alarms of conditions that the sensor no longer has: nothing else would ever clear them.
fn orphans(known: Known<'_>, value: Micro) -> Vec<Propose> {
    let sensor = known.sensor;
    let has = |name: &domain::Condition| {
        *name == *condition::FAULT
            || (*name == *condition::SILENCE && known.silence_ms().is_some())
            || (*name == *condition::RATE && sensor.rate_limit_micro_per_min > 0)
            || sensor.thresholds.iter().any(|threshold| threshold.condition == *name)
    };
    // What models found is ended by the lookout.
    let active = known.alarms.of(&EntityId::from(&sensor.id)).filter(|alarm| alarm.active && alarm.finding.is_none());
    active
        .filter(|alarm| !has(&alarm.key.condition))
        .filter_map(|alarm| known.alarms.clear(&alarm.key, value))
        .collect()
}
