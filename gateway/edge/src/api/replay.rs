//! The course of an incident with what was measured and what rang around it, for whoever goes through it on a map as it was seen
//! then. All of it is derived from history and from state; nothing is kept for it.

mod past;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Json, extract::State};
use domain::{
    Alarm, AlarmKey, Condition, DeviceStatus, EntityId, Grant, GroupId, Incident, IncidentId, Millis, Origin, PersonId,
    Place, Sensor, SensorId, SensorKind, Severity, Threshold,
    chunk::Sample,
    policy::{self, Action, Noun},
    series::Asked,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Id, Signed},
    caller::{distance_m, whole},
    series::{gather, shown},
    timeline::{TimelineItem, course, seen},
};
use crate::{
    app::App,
    cluster::read,
    error::ErrorBody,
    limits::{REPLAY_ALARMS_ASKED_MAX, REPLAY_BEFORE_MS, REPLAY_LINES_MAX, REPLAY_NEAR_M_MAX, REPLAY_STATIONS_MAX},
};

/// More than this apart in latitude is farther than [`REPLAY_NEAR_M_MAX`]: most of a province is passed over without a cosine.
const LATITUDE_E7_MAX: u32 = REPLAY_NEAR_M_MAX * 91;

/// An incident as it was seen, moment by moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replay {
    #[schema(value_type = String)]
    incident: IncidentId,
    exercise: bool,
    /// The log index that this node had applied.
    applied: u64,
    /// What happened, oldest first.
    lines: Vec<TimelineItem>,
    /// Where something was measured: those whose alarms fed the incident, then the nearest.
    stations: Vec<Station>,
    /// What rang, likewise: of each alarm its episodes that fell into this time, the oldest first.
    alarms: Vec<Ringing>,
    /// There is more: the end is missing, or readings, limits or episodes are.
    truncated: bool,
}

/// A station and what it said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Station {
    #[schema(value_type = String)]
    id: SensorId,
    name: String,
    #[schema(value_type = String)]
    kind: SensorKind,
    /// UCUM code.
    unit_of_measure: String,
    latitude_e7: i32,
    longitude_e7: i32,
    distance_m: u32,
    exercise: bool,
    /// As they are set now.
    limits: Vec<Limit>,
    /// As they were set before, each until when; ascending, from the beginning of this time on.
    limits_before: Vec<LimitsUntil>,
    /// Readings that were recorded before are not kept; 0: all are.
    kept_from_ms: u64,
    /// By device time, ascending: of each moment the newest until then.
    readings: Vec<Said>,
}

/// An alarm limit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limit {
    #[schema(value_type = String)]
    condition: Condition,
    above: bool,
    limit: f64,
    #[schema(value_type = String)]
    severity: Severity,
}

/// Limits that were set anew at a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsUntil {
    until_ms: u64,
    limits: Vec<Limit>,
}

/// A reading.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Said {
    at_ms: u64,
    value: f64,
    #[schema(value_type = String)]
    status: DeviceStatus,
}

/// An episode of an alarm.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ringing {
    #[schema(value_type = String)]
    entity: EntityId,
    #[schema(value_type = String)]
    condition: Condition,
    #[schema(value_type = String)]
    severity: Severity,
    latitude_e7: i32,
    longitude_e7: i32,
    value: f64,
    limit: f64,
    raised_at_ms: u64,
    /// 0: it still holds.
    cleared_at_ms: u64,
    /// 0: nobody has.
    acknowledged_at_ms: u64,
    /// `null`: nobody, or the system.
    #[schema(value_type = Option<String>)]
    acknowledged_by: Option<PersonId>,
    exercise: bool,
    /// What a model said of it before it said it anew, each until when; ascending.
    before: Vec<SaidUntil>,
}

/// What was said of an alarm until a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SaidUntil {
    until_ms: u64,
    #[schema(value_type = String)]
    severity: Severity,
    value: f64,
    limit: f64,
}

/// The course of an incident with what was measured and what rang around it, as far as the caller may see either now.
#[utoipa::path(get, path = "/api/incidents/{id}/replay", params(("id" = String, Path)),
    responses((status = 200, body = Replay), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(incident): Id<IncidentId>,
) -> Answer<Replay> {
    let incident = seen(&app, &caller, &incident)?;
    // Before the lines, which are at least that new.
    let applied = app.source.applied(GroupId::COMMAND).index;
    let now = read(&*app.source, GroupId::COMMAND, domain::State::clock);
    let (lines, mut is_whole) = course(&app, &incident.id, REPLAY_LINES_MAX).await?;
    let from = lines.first().map_or(now, |line| Millis(line.at_ms));
    let is_over = incident.closed_at_ms.is_set() || !is_whole;
    let until = lines.last().filter(|_| is_over).map_or(now, |line| Millis(line.at_ms));

    let sight = Sight { grant: &caller.grant, incident: &incident, from, until };
    let mut around = Around::new(sight);
    for group in GroupId::field() {
        read(&*app.source, group, |state| around.look(group, state));
    }
    let Around { stations, alarms, .. } = around;
    // After state, which has what came after the last of these.
    let (alarms, is_all) = past::rung(&app, sight, alarms).await?;
    is_whole &= is_all;
    let mut limits_before = BTreeMap::new();
    for (group, sensor, _) in stations.values() {
        let (before, is_all) = past::limits(&app, sight, *group, &sensor.id).await?;
        is_whole &= is_all;
        limits_before.insert(sensor.id.clone(), before);
    }

    let times = lines.iter().map(|line| Millis(line.at_ms)).chain(alarms.iter().flat_map(changes));
    let moments: BTreeSet<Millis> = times.filter(|at| (from..=until).contains(at)).collect();
    let said = Newest::new(moments, stations.values().map(|(_, sensor, _)| sensor.id.clone()));
    let said = Arc::new(Mutex::new(said));
    let mut asked_of: BTreeMap<GroupId, BTreeMap<SensorId, Millis>> = BTreeMap::new();
    for (group, sensor, _) in stations.values() {
        asked_of.entry(*group).or_default().insert(sensor.id.clone(), Millis(0));
    }
    for (group, sensors) in asked_of {
        let asked = Asked { sensors, from: Millis(from.0.saturating_sub(REPLAY_BEFORE_MS)), to: until };
        let into = said.clone();
        let take = move |sensor: &SensorId, sample: Sample| {
            into.lock().unwrap_or_else(PoisonError::into_inner).add(sensor, sample);
            true
        };
        is_whole &= gather(&app, group, asked, Box::new(take)).await?;
    }
    let mut said = std::mem::take(&mut said.lock().unwrap_or_else(PoisonError::into_inner).of);
    let stations = stations.into_iter().map(|((_, distance_m, _), (_, sensor, kept_from))| {
        let readings = said.remove(&sensor.id).unwrap_or_default();
        let before = limits_before.remove(&sensor.id).unwrap_or_default();
        station(sensor, distance_m, kept_from, readings, before)
    });
    Ok(Json(Replay {
        incident: incident.id.clone(),
        exercise: incident.exercise,
        applied,
        lines,
        stations: stations.collect(),
        alarms,
        truncated: !is_whole,
    }))
}

/// Those that fed the incident first, then by distance in metres.
type Rank<Id> = (bool, u32, Id);

/// What somebody may see around an incident while it went on, and no drill around what is real.
#[derive(Clone, Copy)]
struct Sight<'a> {
    grant: &'a Grant,
    incident: &'a Incident,
    from: Millis,
    until: Millis,
}

impl Sight<'_> {
    /// Whether this episode fell into the time, and is seen.
    fn rang(&self, alarm: &Alarm) -> bool {
        alarm.raised_at_ms <= self.until
            && self.has_lasted(alarm)
            && self.shows(Noun::Alarm, &alarm.place)
            && self.is_of_its_kind(alarm.exercise)
    }

    /// Not over before it began.
    fn has_lasted(&self, alarm: &Alarm) -> bool {
        !alarm.cleared_at_ms.is_set() || alarm.cleared_at_ms >= self.from
    }

    fn shows(&self, noun: Noun, place: &Place) -> bool {
        policy::allows(self.grant, Action::See(noun), Some(&place.admin_unit)).is_ok()
    }

    fn is_of_its_kind(&self, exercise: bool) -> bool {
        self.incident.exercise || !exercise
    }

    fn metres(&self, place: &Place) -> u32 {
        whole(distance_m(&self.incident.place, place))
    }

    fn near(&self, place: &Place) -> Option<u32> {
        if place.latitude_e7.abs_diff(self.incident.place.latitude_e7) > LATITUDE_E7_MAX {
            return None;
        }
        Some(self.metres(place)).filter(|metres| *metres <= REPLAY_NEAR_M_MAX)
    }
}

/// Gathers what lies around an incident.
struct Around<'a> {
    sight: Sight<'a>,
    /// Alarms that fed it.
    feeding: BTreeSet<&'a AlarmKey>,
    /// With their groups, and from when on their readings are kept.
    stations: BTreeMap<Rank<SensorId>, (GroupId, Sensor, Millis)>,
    /// With their groups, as they stand now.
    alarms: BTreeMap<Rank<AlarmKey>, (GroupId, Alarm)>,
}

impl<'a> Around<'a> {
    fn new(sight: Sight<'a>) -> Self {
        let feeding = sight.incident.sources.iter().filter_map(|source| match &source.origin {
            Origin::Alarm(key) => Some(key),
            Origin::Report(_) | Origin::Person(_) => None,
        });
        Self { sight, feeding: feeding.collect(), stations: BTreeMap::new(), alarms: BTreeMap::new() }
    }

    /// Takes what a group has.
    fn look(&mut self, group: GroupId, state: &domain::State) {
        let sight = self.sight;
        let fed: BTreeSet<SensorId> =
            self.feeding.iter().filter_map(|key| SensorId::new(key.entity.as_str()).ok()).collect();
        for sensor in fed.iter().filter_map(|id| state.sensors().get(id)) {
            self.take_sensor((false, sight.metres(&sensor.place), sensor.id.clone()), group, state, sensor);
        }
        for sensor in state.sensors().values() {
            if let Some(metres) = sight.near(&sensor.place).filter(|_| !fed.contains(&sensor.id)) {
                self.take_sensor((true, metres, sensor.id.clone()), group, state, sensor);
            }
        }
        for alarm in state.alarms().values() {
            let feeds = self.feeding.contains(&alarm.key) || alarm.incident.as_ref() == Some(&sight.incident.id);
            let metres = if feeds { Some(sight.metres(&alarm.place)) } else { sight.near(&alarm.place) };
            if let Some(metres) = metres {
                self.take_alarm((!feeds, metres, alarm.key.clone()), group, alarm);
            }
        }
    }

    fn take_sensor(&mut self, rank: Rank<SensorId>, group: GroupId, state: &domain::State, sensor: &Sensor) {
        let is_shown = [Noun::Sensor, Noun::Reading].iter().all(|noun| self.sight.shows(*noun, &sensor.place));
        if is_shown && self.sight.is_of_its_kind(sensor.exercise) {
            let kept_from = state.readings_from(&sensor.id);
            keep(&mut self.stations, REPLAY_STATIONS_MAX, rank, || (group, sensor.clone(), kept_from));
        }
    }

    /// One that came up again after the end may have rung before it; which of its episodes are seen is asked of each.
    fn take_alarm(&mut self, rank: Rank<AlarmKey>, group: GroupId, alarm: &Alarm) {
        let may_have_rung = self.sight.rang(alarm) || alarm.episode > 1;
        if may_have_rung && self.sight.has_lasted(alarm) && self.sight.shows(Noun::Alarm, &alarm.place) {
            keep(&mut self.alarms, REPLAY_ALARMS_ASKED_MAX, rank, || (group, alarm.clone()));
        }
    }
}

/// Keeps the first so many.
fn keep<K: Ord, V>(kept: &mut BTreeMap<K, V>, max: usize, key: K, value: impl FnOnce() -> V) {
    if kept.len() >= max && kept.last_key_value().is_some_and(|(last, _)| *last < key) {
        return;
    }
    kept.insert(key, value());
    if kept.len() > max {
        kept.pop_last();
    }
}

/// When an alarm changed.
fn changes(alarm: &Ringing) -> impl Iterator<Item = Millis> {
    let own = [alarm.raised_at_ms, alarm.acknowledged_at_ms, alarm.cleared_at_ms];
    own.into_iter().chain(alarm.before.iter().map(|said| said.until_ms)).map(Millis)
}

/// Of each sensor and each moment the newest reading since the moment before.
#[derive(Debug)]
struct Newest {
    moments: Vec<Millis>,
    of: BTreeMap<SensorId, Vec<Option<Sample>>>,
}

impl Newest {
    fn new(moments: BTreeSet<Millis>, sensors: impl Iterator<Item = SensorId>) -> Self {
        let of = sensors.map(|sensor| (sensor, vec![None; moments.len()])).collect();
        Self { moments: moments.into_iter().collect(), of }
    }

    fn add(&mut self, sensor: &SensorId, sample: Sample) {
        let at = self.moments.partition_point(|moment| *moment < sample.at_ms);
        // None: it was measured after the end.
        let slot = self.of.get_mut(sensor).and_then(|slots| slots.get_mut(at));
        if let Some(slot) = slot
            && slot.is_none_or(|held| held.at_ms <= sample.at_ms)
        {
            *slot = Some(sample);
        }
    }
}

fn station(
    sensor: Sensor,
    distance_m: u32,
    kept_from: Millis,
    readings: Vec<Option<Sample>>,
    limits_before: Vec<LimitsUntil>,
) -> Station {
    let said = |sample: Sample| Said { at_ms: sample.at_ms.0, value: shown(sample.value_micro), status: sample.status };
    Station {
        id: sensor.id,
        name: sensor.name,
        kind: sensor.kind,
        unit_of_measure: sensor.unit_of_measure,
        latitude_e7: sensor.place.latitude_e7,
        longitude_e7: sensor.place.longitude_e7,
        distance_m,
        exercise: sensor.exercise,
        limits: limits_of(sensor.thresholds),
        limits_before,
        kept_from_ms: kept_from.0,
        readings: readings.into_iter().flatten().map(said).collect(),
    }
}

fn limits_of(thresholds: Vec<Threshold>) -> Vec<Limit> {
    let limit = |of: Threshold| Limit {
        condition: of.condition,
        above: of.above,
        limit: shown(of.limit_micro),
        severity: of.severity,
    };
    thresholds.into_iter().map(limit).collect()
}

#[cfg(test)]
mod tests {
    use domain::Micro;

    use super::*;

    fn sample(at_ms: u64, value: i64) -> Sample {
        Sample { at_ms: Millis(at_ms), value_micro: Micro(value), status: DeviceStatus::Measuring }
    }

    #[test]
    fn at_each_moment_stands_the_newest_reading_until_then_in_whatever_order_they_come() {
        let sensor = SensorId::new("s1").unwrap();
        let mut newest = Newest::new([10, 20, 30].map(Millis).into(), std::iter::once(sensor.clone()));
        for (at_ms, value) in [(12, 2), (4, 1), (20, 4), (15, 3), (31, 9), (2, 0)] {
            newest.add(&sensor, sample(at_ms, value));
        }
        let slots = &newest.of[&sensor];
        assert_eq!(slots, &[Some(sample(4, 1)), Some(sample(20, 4)), None], "what came after the end is not of it");
    }

    #[test]
    fn the_first_so_many_are_kept() {
        let mut kept = BTreeMap::new();
        for key in [5, 1, 4, 2, 3] {
            keep(&mut kept, 3, key, || key * 10);
        }
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), [(1, 10), (2, 20), (3, 30)]);
    }
}
