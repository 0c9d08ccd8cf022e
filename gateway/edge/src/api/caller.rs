//! What is known of who calls, put together from one look at the state: earlier calls and reports, where they last were, and
//! which open incidents are near. Pure.

use domain::{
    Call, CallId, Grant, Incident, IncidentStatus, PastCall, Place, Report, ReportCode, State,
    policy::{self, Action, Matter, Noun},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{call::shown_draft, report::may_handle};
use crate::screen::view::without_shadows;

/// Incidents within this distance are near, metres: they may be what the caller tells of.
const NEAR_M_MAX: f64 = 1_000.0;
/// Incidents of one pop; nearer ones first.
const NEAR_MAX: usize = 20;
/// Reports of one pop; newer ones first.
const REPORTS_MAX: usize = 20;
/// Metres of a degree of latitude (WGS 84, mean).
const DEGREE_M: f64 = 111_195.0;

/// An earlier report of the caller's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PastReport {
    #[schema(value_type = String)]
    code: ReportCode,
    #[schema(value_type = String)]
    status: domain::ReportStatus,
    text: String,
    #[schema(value_type = Object)]
    place: Place,
    received_at_ms: u64,
    #[schema(value_type = Option<String>)]
    incident: Option<domain::IncidentId>,
    answer: String,
    /// Of an exercise.
    exercise: bool,
}

/// An open incident near the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Near {
    #[schema(value_type = Object)]
    incident: Incident,
    distance_m: u32,
}

/// Everything that an agent has to see when it rings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pop {
    #[schema(value_type = Object)]
    call: Call,
    #[schema(value_type = Option<Object>)]
    draft: Option<serde_json::Value>,
    /// As they said it before; empty: not known.
    name: String,
    /// Calls of the number that are over.
    calls_total: u64,
    /// The newest of them.
    #[schema(value_type = Vec<Object>)]
    calls: Vec<Past>,
    reports: Vec<PastReport>,
    /// Where the caller is, or last was.
    #[schema(value_type = Option<Object>)]
    place: Option<Place>,
    place_at_ms: u64,
    /// Open incidents near there, the nearest first.
    incidents: Vec<Near>,
}

/// An earlier call, under the name that calls have elsewhere.
#[derive(Debug, Serialize)]
pub(crate) struct Past {
    id: CallId,
    line: String,
    offered_at_ms: u64,
    ended_at_ms: u64,
    outcome: String,
    agent: Option<domain::PersonId>,
    reports: Vec<ReportCode>,
}

impl From<&PastCall> for Past {
    fn from(past: &PastCall) -> Self {
        Self {
            id: past.call.clone(),
            line: past.line.clone(),
            offered_at_ms: past.offered_at_ms.0,
            ended_at_ms: past.ended_at_ms.0,
            outcome: past.outcome.clone(),
            agent: past.agent.clone(),
            reports: past.reports.clone(),
        }
    }
}

/// The pop of a call; none: there is no such call.
pub(crate) fn pop(state: &State, grant: &Grant, id: &CallId) -> Option<Pop> {
    let call = state.calls().get(id)?;
    let caller = state.caller(&call.number).filter(|_| !call.number.is_empty());
    let past = caller.map(|caller| caller.calls.as_slice()).unwrap_or_default();
    let earlier = past.iter().rev().filter(|past| past.call != *id);
    let codes = call.reports.iter().rev().chain(earlier.clone().flat_map(|past| past.reports.iter().rev()));
    // Who calls is the same person everywhere; what they reported elsewhere is for those who handle it there.
    let reports = codes.filter_map(|code| state.reports().get(code)).filter(|report| may_handle(state, grant, report));
    let reports = reports.take(REPORTS_MAX).map(past_report).collect();
    let of_call = call.place.as_ref().map(|place| (place, call.offered_at_ms));
    let of_caller = caller.and_then(|caller| Some((caller.place.as_ref()?, caller.place_at_ms)));
    let last = of_call.into_iter().chain(of_caller).max_by_key(|(_, at)| *at);
    Some(Pop {
        draft: state.call_draft(id).and_then(shown_draft),
        name: caller.map(|caller| caller.name.clone()).unwrap_or_default(),
        calls_total: caller.map_or(0, |caller| caller.total),
        calls: earlier.map(Past::from).collect(),
        reports,
        place: last.map(|(place, _)| place.clone()),
        place_at_ms: last.map_or(0, |(_, at)| at.0),
        incidents: last.map(|(place, _)| near(state, grant, place)).unwrap_or_default(),
        call: call.clone(),
    })
}

fn past_report(report: &Report) -> PastReport {
    PastReport {
        code: report.code.clone(),
        status: report.status,
        text: report.text.clone(),
        place: report.place.clone(),
        received_at_ms: report.received_at_ms.0,
        incident: report.incident.clone(),
        answer: report.answer.clone(),
        exercise: report.exercise,
    }
}

fn near(state: &State, grant: &Grant, place: &Place) -> Vec<Near> {
    let is_open = |it: &&Incident| {
        matches!(it.status, IncidentStatus::Opened | IncidentStatus::Acknowledged | IncidentStatus::Assigned)
    };
    let sees = |it: &&Incident| {
        let place = Some(&it.place.admin_unit);
        policy::allows_of(grant, Action::See(Noun::Incident), place, &Matter::of_incident(it)).is_ok()
    };
    let mut found: Vec<(f64, &Incident)> = state
        .incidents()
        .values()
        .filter(is_open)
        .map(|incident| (distance_m(place, &incident.place), incident))
        .filter(|(distance, incident)| *distance <= NEAR_M_MAX && sees(incident))
        .collect();
    found.sort_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| one.id.cmp(&other.id)));
    found.truncate(NEAR_MAX);
    let shown = |(distance, incident): (f64, &Incident)| Near {
        incident: without_shadows(incident).into_owned(),
        distance_m: whole(distance),
    };
    found.into_iter().map(shown).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below the bound, and at it where not")]
pub(super) fn whole(distance_m: f64) -> u32 {
    distance_m.round() as u32
}

/// On the plane that touches the earth between the two, which is right to a metre at this distance.
pub(super) fn distance_m(a: &Place, b: &Place) -> f64 {
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    let north = degrees(b.latitude_e7) - degrees(a.latitude_e7);
    let middle = f64::midpoint(degrees(a.latitude_e7), degrees(b.latitude_e7)).to_radians();
    let mut east = degrees(b.longitude_e7) - degrees(a.longitude_e7);
    if east.abs() > 180.0 {
        east -= 360.0 * east.signum();
    }
    (north * DEGREE_M).hypot(east * DEGREE_M * middle.cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude_e7: i32, longitude_e7: i32) -> Place {
        let admin_unit = domain::AdminUnitCode::new("u1").unwrap();
        Place { latitude_e7, longitude_e7, admin_unit, address: String::new() }
    }

    #[test]
    fn distances_are_those_of_the_map() {
        // From the bridge of Bến Tượng to the station of Quan Triều in Thái Nguyên: 4.9 km.
        let far = distance_m(&at(215_900_000, 1_058_500_000), &at(216_300_000, 1_058_300_000));
        assert!((4_850.0..4_950.0).contains(&far), "{far}");
        assert!(distance_m(&at(0, 1_799_999_000), &at(0, -1_799_999_000)) < 30.0);
        assert_eq!(whole(distance_m(&at(1, 1), &at(1, 1))), 0);
    }
}
