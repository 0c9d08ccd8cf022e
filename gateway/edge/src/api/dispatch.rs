//! Dispatch of an incident: whom to send and why, what waits for a person, tasks of agencies and their one answer, run cards.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    AcknowledgeAttention, AdminUnitCode, AnswerTask, CombineAnswer, GiveTask, GroupId, IncidentId, IncidentKind,
    Millis, PutRunCard, RunCard, Severity, SkillNeed, TaskStatus, Unit, UnitStatus,
    policy::{self, Action, Matter, Noun},
    travel::{ROAD_FACTOR_PERCENT, TRAVEL_SPEED_KM_H},
};
use entity::recommend::{Need, Reason, Recommended, recommend};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::body::{Answer, Asked, Done, Id, Signed, done};
use crate::{
    app::App,
    clock::unix_ms,
    cluster::read,
    error::{ApiError, ErrorBody},
};

/// What the run card asks for, and what of it is on the incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NeedShown {
    skill: String,
    count: u32,
    covered: u32,
}

impl From<Need> for NeedShown {
    fn from(Need { skill, count, covered }: Need) -> Self {
        Self { skill, count, covered }
    }
}

/// One unit, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitShown {
    unit: String,
    name: String,
    agency: String,
    #[schema(value_type = String)]
    status: UnitStatus,
    can_send: bool,
    /// Seconds of the way and of what speaks against it.
    cost_s: u64,
    /// Each with its `code` and its figures.
    #[schema(value_type = Vec<Object>)]
    reasons: Vec<Value>,
}

/// Whom to send. Nothing is sent by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recommendation {
    /// The incident's version that this was made for: the one to name when sending.
    version: u64,
    has_card: bool,
    needs: Vec<NeedShown>,
    units: Vec<UnitShown>,
    /// How the time of travel is estimated.
    speed_km_h: f64,
    road_factor: f64,
}

/// Whom to send to an incident, of the units that the caller sees.
#[utoipa::path(get, path = "/api/incidents/{id}/recommendation", params(("id" = String, Path)),
    responses((status = 200, body = Recommendation), (status = 404, body = ErrorBody)))]
pub(crate) async fn recommendation(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(incident): Id<IncidentId>,
) -> Answer<Recommendation> {
    let sees = |noun: Noun, place: &AdminUnitCode, matter: &Matter| {
        policy::allows_of(&caller.grant, Action::See(noun), Some(place), matter).is_ok()
    };
    let made = read(&*app.source, GroupId::COMMAND, |state0| {
        let incident = state0.incidents().get(&incident)?;
        if !sees(Noun::Incident, &incident.place.admin_unit, &Matter::of_incident(incident)) {
            return None;
        }
        let visible = |unit: &Unit| sees(Noun::Unit, &unit.station.admin_unit, &Matter::of_unit(unit));
        let found = recommend(state0, incident, Millis(unix_ms()).max(state0.clock()), &visible);
        let known = found.units.into_iter().filter_map(|it| Some((state0.units().get(&it.unit)?, it)));
        Some(Recommendation {
            version: incident.version,
            has_card: found.has_card,
            needs: found.needs.into_iter().map(NeedShown::from).collect(),
            units: known.map(|(unit, it)| shown(unit, &it)).collect(),
            speed_km_h: f64::from(TRAVEL_SPEED_KM_H),
            road_factor: f64::from(ROAD_FACTOR_PERCENT) / 100.0,
        })
    });
    made.map(Json).ok_or_else(|| ApiError::not_found("incident", incident.as_str()))
}

fn shown(unit: &Unit, it: &Recommended) -> UnitShown {
    UnitShown {
        unit: unit.id.to_string(),
        name: unit.name.clone(),
        agency: unit.agency.clone(),
        status: unit.status,
        can_send: it.can_send,
        cost_s: it.cost_s,
        reasons: it.reasons.iter().map(reason).collect(),
    }
}

fn reason(reason: &Reason) -> Value {
    match reason {
        Reason::Travel { distance_m, travel_s } => {
            json!({"code": "travel", "distance_m": distance_m, "travel_s": travel_s})
        }
        Reason::Free => json!({"code": "free"}),
        Reason::Busy { status, incident } => json!({"code": "busy", "status": status, "incident": incident}),
        Reason::Skill { skills } => json!({"code": "skill", "skills": skills}),
        Reason::NoSkill => json!({"code": "no_skill"}),
        Reason::Rested { for_ms } => json!({"code": "rested", "for_ms": for_ms}),
        Reason::Tired { for_ms } => json!({"code": "tired", "for_ms": for_ms}),
        Reason::StalePosition { age_ms } => json!({"code": "stale_position", "age_ms": age_ms}),
        Reason::OffShift => json!({"code": "off_shift"}),
        Reason::Unanswered => json!({"code": "unanswered"}),
        Reason::Declined => json!({"code": "declined"}),
        Reason::AgencyTask => json!({"code": "agency_task"}),
        Reason::Mayday => json!({"code": "mayday"}),
    }
}

/// What somebody has looked at.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Looked {
    attention: u32,
}

/// A person has looked at what waited for one.
#[utoipa::path(post, path = "/api/incidents/{id}/attention", request_body = Looked,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody)))]
pub(crate) async fn attention(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Looked>,
) -> Answer<Done> {
    app.run(&ask, AcknowledgeAttention { incident, attention: body.attention }).await.map(done)
}

/// What an agency shall do.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TaskBody {
    expected_version: u64,
    agency: String,
    text: String,
}

/// Gives an agency a task.
#[utoipa::path(post, path = "/api/incidents/{id}/task", request_body = TaskBody,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn task(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<TaskBody>,
) -> Answer<Done> {
    let TaskBody { expected_version, agency, text } = body;
    app.run(&ask, GiveTask { incident, expected_version, agency, text }).await.map(done)
}

/// How far an agency is, and how far the sender believes that it was.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TaskAnswer {
    task: u32,
    #[schema(value_type = String)]
    status: TaskStatus,
    #[schema(value_type = String)]
    expected_status: TaskStatus,
    #[serde(default)]
    answer: String,
}

/// Answers for an agency.
#[utoipa::path(post, path = "/api/incidents/{id}/task/answer", request_body = TaskAnswer,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn answer_task(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<TaskAnswer>,
) -> Answer<Done> {
    let TaskAnswer { task, status, expected_status, answer } = body;
    app.run(&ask, AnswerTask { incident, task, status, expected_status, answer }).await.map(done)
}

/// What all agencies answer together.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Combined {
    expected_version: u64,
    answer: String,
}

/// One answer of all agencies.
#[utoipa::path(post, path = "/api/incidents/{id}/answer", request_body = Combined,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Combined>,
) -> Answer<Done> {
    let Combined { expected_version, answer } = body;
    app.run(&ask, CombineAnswer { incident, expected_version, answer }).await.map(done)
}

/// All run cards: at most one for each kind and severity. Whoever sees incidents sees them.
#[utoipa::path(get, path = "/api/run-cards", responses((status = 200, body = Vec<serde_json::Value>)))]
pub(crate) async fn run_cards(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Vec<RunCard>> {
    policy::allows(&caller.grant, Action::See(Noun::Incident), None)?;
    Ok(Json(read(&*app.source, GroupId::COMMAND, |state0| state0.run_cards().values().cloned().collect())))
}

/// A run card as it shall be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Card {
    #[schema(value_type = String, example = "flood")]
    kind: IncidentKind,
    #[schema(value_type = String, example = "high")]
    severity: Severity,
    #[schema(value_type = Vec<Object>)]
    needs: Vec<SkillNeed>,
    /// The version that was seen: refused with 409 when it is another by now. Absent or 0: whichever it is.
    #[serde(default)]
    expected_version: u64,
}

/// Replaces a run card; without needs it goes.
#[utoipa::path(post, path = "/api/run-cards", request_body = Card, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn put_run_card(State(app): State<Arc<App>>, Asked(ask, body): Asked<Card>) -> Answer<Done> {
    let Card { kind, severity, needs, expected_version: version } = body;
    app.run(&ask, PutRunCard { card: RunCard { kind, severity, needs, version } }).await.map(done)
}
