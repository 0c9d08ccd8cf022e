//! Which findings become alarms, and when such an alarm is over. Pure.
//!
//! A finding is probable and a passed limit is certain, so findings stand back: they are bounded by district and hour, they
//! say nothing of what an alarm of the sensor says already, and they end by themselves.

use std::collections::{BTreeMap, VecDeque};

use domain::{
    Alarm, AlarmKey, Condition, DeviceStatus, Digest, EntityId, Finding, Found, Micro, Millis, ModelKind, ModelName,
    Passing, RaiseAlarm, Reading, Sensor, SensorId, SensorKind, Severity, State, Unusual, UnusualReason, VersionName,
    limits,
};

use crate::{
    advice::rules::micro as share,
    alarm::{Book, Propose, condition},
    clock::Now,
    config::{FINDINGS_PER_DISTRICT_MAX, FINDINGS_WINDOW_MS, WATCH_IN_FLIGHT_MS},
    sensor::rules::Known,
    watch::{Sight, Spot, Spotted},
};

/// From this score on a person should look.
const SCORE_MIN: Micro = Micro(500_000);
/// So long after the last finding an unusual sensor is called usual again.
pub(crate) const UNUSUAL_QUIET_MS: u64 = 30 * 60_000;
/// So long after its end no new finding of the same sensor is raised: who has just looked need not look again.
const UNUSUAL_REST_MS: u64 = 30 * 60_000;
/// A forecast ends so long after the time at which it should have come true.
const FORECAST_GRACE_MS: u64 = 60 * 60_000;

/// A version that looks at readings now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InUse {
    pub(crate) kind: ModelKind,
    pub(crate) model: ModelName,
    pub(crate) version: VersionName,
    pub(crate) sha256: Digest,
}

impl InUse {
    fn is_of(&self, finding: &Finding) -> bool {
        self.model == finding.model && self.version == finding.model_version
    }
}

/// The versions in use, as the register has them: for each kind the first model by name that is on and has an active one. A
/// shadow is shown nothing, since no person decides anything that it could be compared with.
pub(crate) fn in_use(command: &State) -> Vec<InUse> {
    let of_kind = |kind| {
        command.models().values().filter(|model| model.kind == kind && model.on).find_map(|model| {
            let version = model.version(model.active.as_ref()?)?;
            let (model, version, sha256) = (model.name.clone(), version.version.clone(), version.sha256);
            Some(InUse { kind, model, version, sha256 })
        })
    };
    [ModelKind::Anomaly, ModelKind::Forecast].into_iter().filter_map(of_kind).collect()
}

/// What a model of this kind is shown of these readings: what was measured, and for forecasts only of sensors with a limit
/// whose course can be foreseen.
pub(crate) fn sights(state: &State, kind: ModelKind, readings: &[Reading]) -> Vec<Sight> {
    let is_forecast = kind == ModelKind::Forecast;
    let sight = |reading: &Reading| {
        let sensor = state.sensors().get(&reading.sensor).filter(|_| reading.status == DeviceStatus::Measuring)?;
        // What a device of drills says is nothing to learn from.
        if sensor.exercise {
            return None;
        }
        if is_forecast && (sensor.thresholds.is_empty() || !is_foreseeable(sensor.kind)) {
            return None;
        }
        Some(Sight {
            sensor: reading.sensor.clone(),
            kind: sensor.kind,
            at: reading.at_ms,
            value: reading.value_micro,
            thresholds: if is_forecast { sensor.thresholds.clone() } else { Vec::new() },
        })
    };
    readings.iter().filter_map(sight).collect()
}

fn is_foreseeable(kind: SensorKind) -> bool {
    matches!(kind, SensorKind::RiverLevel | SensorKind::Rain | SensorKind::Air | SensorKind::Traffic)
}

/// What a finding comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// Nothing is to be said.
    Nothing,
    /// It makes no sense, and is not taken.
    Nonsense,
    /// The district has had its share of findings.
    Bounded,
    /// An alarm, or what is said anew within one.
    Raise(Box<RaiseAlarm>),
    /// The alarm is over.
    Clear(Propose),
}

/// Where and when a finding is decided on.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) known: Known<'a>,
    pub(crate) district: &'a EntityId,
    pub(crate) now: Now,
}

impl Scene<'_> {
    fn key(&self, condition: &Condition) -> AlarmKey {
        AlarmKey { entity: EntityId::from(&self.known.sensor.id), condition: condition.clone() }
    }

    /// What a rule has raised already needs no model to say it.
    fn has_alarm(&self) -> bool {
        has_alarm(self.known.alarms, &EntityId::from(&self.known.sensor.id))
    }
}

fn has_alarm(alarms: Book<'_>, entity: &EntityId) -> bool {
    alarms.of(entity).any(|alarm| alarm.active && alarm.finding.is_none())
}

/// What an alarm says beside its finding.
struct Measure {
    severity: Severity,
    value: Micro,
    limit: Micro,
}

/// What has to be remembered of a group's findings. All of it may be lost.
#[derive(Debug, Default)]
pub(crate) struct WatchRule {
    /// When findings were raised in each district, within the window; at most `FINDINGS_PER_DISTRICT_MAX` each.
    raised: BTreeMap<EntityId, VecDeque<Millis>>,
    /// Alarms of findings, proposed or active, and when each was last found. At most two for each sensor.
    open: BTreeMap<AlarmKey, Millis>,
}

impl WatchRule {
    /// Takes up what stands in state.
    pub(crate) fn remember(&mut self, alarm: &Alarm, district: EntityId, now: Now) {
        if alarm.finding.is_none() {
            return;
        }
        if alarm.active {
            self.open.insert(alarm.key.clone(), alarm.raised_at_ms);
        }
        if now.clock.since(alarm.raised_at_ms) < FINDINGS_WINDOW_MS {
            let raised = self.raised.entry(district).or_default();
            let at = raised.partition_point(|at| *at <= alarm.raised_at_ms);
            raised.insert(at, alarm.raised_at_ms);
            let over = raised.len().saturating_sub(FINDINGS_PER_DISTRICT_MAX);
            raised.drain(..over);
        }
    }

    /// Decides on a finding against the sensor and its alarms.
    pub(crate) fn found(&mut self, by: &InUse, spotted: &Spotted, scene: Scene<'_>) -> Decided {
        let found = match read(spotted) {
            Read::Nonsense => return Decided::Nonsense,
            Read::Nothing => return Decided::Nothing,
            Read::Over => {
                let clear = scene.known.alarms.clear(&scene.key(&condition::FORECAST), spotted.value);
                return clear.map_or(Decided::Nothing, Decided::Clear);
            }
            Read::Found(found) => found,
        };
        if scene.known.sensor.status != DeviceStatus::Measuring {
            return Decided::Nothing;
        }
        match &found {
            Found::Unusual(_) => self.unusual(by, found, spotted.value, scene),
            Found::Passing(passing) => {
                let mut thresholds = scene.known.sensor.thresholds.iter();
                let Some(limit) = thresholds.find(|limit| limit.condition == passing.condition) else {
                    return Decided::Nothing;
                };
                if scene.known.alarms.active(&scene.key(&passing.condition)).is_some() {
                    return Decided::Nothing;
                }
                let severity = limit.severity.min(limits::FINDING_SEVERITY_MAX);
                let measure = Measure { severity, value: spotted.value, limit: limit.limit_micro };
                self.raise(by, scene.key(&condition::FORECAST), found, measure, scene)
            }
        }
    }

    fn unusual(&mut self, by: &InUse, found: Found, value: Micro, scene: Scene<'_>) -> Decided {
        let key = scene.key(&condition::UNUSUAL);
        if let Some(seen) = self.open.get_mut(&key) {
            *seen = scene.now.clock;
            return Decided::Nothing;
        }
        let rests = scene.known.alarms.0.get(&key).is_some_and(|alarm| {
            alarm.cleared_at_ms.is_set() && scene.now.clock.since(alarm.cleared_at_ms) < UNUSUAL_REST_MS
        });
        if rests || scene.has_alarm() {
            return Decided::Nothing;
        }
        let measure = Measure { severity: Severity::Low, value, limit: Micro(0) };
        self.raise(by, key, found, measure, scene)
    }

    /// Raises an alarm, or says anew what is active; the bound is on what is raised.
    fn raise(&mut self, by: &InUse, key: AlarmKey, found: Found, measure: Measure, scene: Scene<'_>) -> Decided {
        let now = scene.now.clock;
        let former = scene.known.alarms.0.get(&key);
        let episode = match former.filter(|alarm| alarm.active) {
            Some(alarm) => {
                self.open.insert(key.clone(), now);
                if alarm.finding.as_ref().is_some_and(|finding| by.is_of(finding) && finding.found == found) {
                    return Decided::Nothing;
                }
                alarm.episode
            }
            // Proposed, and not there yet.
            None if self.open.contains_key(&key) => return Decided::Nothing,
            None if !self.has_room(scene.district, now) => return Decided::Bounded,
            None => {
                self.raised.entry(scene.district.clone()).or_default().push_back(now);
                self.open.insert(key.clone(), now);
                former.map_or(1, |alarm| alarm.episode.saturating_add(1))
            }
        };
        Decided::Raise(Box::new(RaiseAlarm {
            key,
            episode,
            severity: measure.severity,
            value_micro: measure.value,
            limit_micro: measure.limit,
            exercise: false,
            finding: Some(Finding { model: by.model.clone(), model_version: by.version.clone(), found }),
        }))
    }

    fn has_room(&mut self, district: &EntityId, now: Millis) -> bool {
        self.raised.retain(|_, raised| {
            while raised.front().is_some_and(|at| now.since(*at) >= FINDINGS_WINDOW_MS) {
                raised.pop_front();
            }
            !raised.is_empty()
        });
        self.raised.get(district).is_none_or(|raised| raised.len() < FINDINGS_PER_DISTRICT_MAX)
    }

    /// The alarms that are over, although no model says so.
    pub(crate) fn over(&mut self, in_use: &[InUse], state: &State, now: Now) -> Vec<Propose> {
        let alarms = Book(state.alarms());
        let mut over = Vec::new();
        self.open.retain(|key, seen| {
            let Some(alarm) = alarms.active(key) else { return now.clock.since(*seen) < WATCH_IN_FLIGHT_MS };
            let sensor = state.sensors().get(&SensorId::from(&key.entity));
            if is_over(alarm, sensor, alarms, in_use, *seen, now) {
                let value = sensor.map_or(alarm.value_micro, |sensor| sensor.last_micro);
                over.extend(alarms.clear(key, value));
            }
            true
        });
        over
    }

    /// Whether nothing that it raised is active or on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }
}

fn is_over(alarm: &Alarm, sensor: Option<&Sensor>, alarms: Book<'_>, in_use: &[InUse], seen: Millis, now: Now) -> bool {
    let (Some(finding), Some(sensor)) = (&alarm.finding, sensor) else { return true };
    // Off, or another version: what it said is not said any more.
    if !in_use.iter().any(|by| by.is_of(finding)) || sensor.status != DeviceStatus::Measuring {
        return true;
    }
    let entity = &alarm.key.entity;
    let is_active = |condition: &Condition| {
        alarms.active(&AlarmKey { entity: entity.clone(), condition: condition.clone() }).is_some()
    };
    match &finding.found {
        Found::Unusual(_) => {
            has_alarm(alarms, entity) || now.clock.since(seen.max(alarm.raised_at_ms)) >= UNUSUAL_QUIET_MS
        }
        Found::Passing(passing) => {
            let has_limit = sensor.thresholds.iter().any(|limit| limit.condition == passing.condition);
            let is_past = now.clock >= passing.latest_ms.max(passing.at_ms).plus(FORECAST_GRACE_MS);
            !has_limit || is_past || is_active(&passing.condition) || is_active(&condition::SILENCE)
        }
    }
}

enum Read {
    Nothing,
    Nonsense,
    Over,
    Found(Found),
}

/// Checks what a model says. Numbers out of range make it void; what is too weak is nothing.
fn read(spotted: &Spotted) -> Read {
    match &spotted.spot {
        Spot::Unusual { score, reason } => match share(*score) {
            None => Read::Nonsense,
            // Silence is a rule of its own.
            Some(score_micro) if score_micro < SCORE_MIN || *reason == UnusualReason::Gap => Read::Nothing,
            Some(score_micro) => Read::Found(Found::Unusual(Unusual { score_micro, reason: *reason })),
        },
        Spot::NotPassing => Read::Over,
        Spot::Passing { condition, probability, at, earliest, latest, quantiles } => {
            let quantiles = quantiles.iter().map(|quantile| value(*quantile)).collect::<Option<Vec<_>>>();
            let (Some(probability_micro), Some(quantiles_micro)) = (share(*probability), quantiles) else {
                return Read::Nonsense;
            };
            let is_timed = at.is_set() && earliest <= at && latest.is_none_or(|latest| *at <= latest);
            if !is_timed || !quantiles_micro.is_sorted() {
                return Read::Nonsense;
            }
            Read::Found(Found::Passing(Passing {
                condition: condition.clone(),
                probability_micro,
                at_ms: *at,
                earliest_ms: *earliest,
                latest_ms: latest.unwrap_or_default(),
                quantiles_micro,
            }))
        }
    }
}

/// A value in millionths of its unit; none for what no sensor measures.
fn value(value: f64) -> Option<Micro> {
    const VALUE_MAX: f64 = 9e12;
    if value.is_nan() || value.abs() > VALUE_MAX {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "at most 9e18 either way")]
    let micro = (value * 1e6).round() as i64;
    Some(Micro(micro))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
