//! What a crew's phone shows: the unit that the person crews, the incident that it was sent to, its agency's tasks there. The
//! unit is the scope, because help crosses districts.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    GroupId, Incident, IncidentId, IncidentKind, Place, Severity, State as State0, Task, Unit,
    policy::{self, Action, Noun},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Answer, Signed};
use crate::{
    app::App,
    clock::unix_ms,
    cluster::read_at,
    error::{ApiError, ErrorBody},
};

/// The incident as its crew needs it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Order {
    #[schema(value_type = String)]
    incident: IncidentId,
    #[schema(value_type = String)]
    kind: IncidentKind,
    #[schema(value_type = String)]
    severity: Severity,
    summary: String,
    #[schema(value_type = Object)]
    place: Place,
    exercise: bool,
    place_is_mapped: bool,
    /// Call signs of the others on it.
    others: Vec<String>,
    /// Of the crew's agency.
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<Task>,
}

/// What the centre knows of a crew.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CrewView {
    #[schema(value_type = Object)]
    unit: Unit,
    order: Option<Order>,
    server_time_ms: u64,
    /// Log index that this is true of: an answer with a lower one is older.
    index: u64,
}

/// The caller's unit and its order.
#[utoipa::path(get, path = "/api/crew", responses((status = 200, body = CrewView), (status = 404, body = ErrorBody)))]
pub(crate) async fn crew(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<CrewView> {
    policy::allows(&caller.grant, Action::See(Noun::Unit), None)?;
    let missing = || ApiError::not_found("unit", "of yours: ask an administrator to enter which one you crew; none is");
    let id = caller.person.unit.ok_or_else(missing)?;
    let view = read_at(&*app.source, GroupId::COMMAND, |state0, at| {
        let unit = state0.units().get(&id)?;
        let incident = unit.incident.as_ref().and_then(|incident| state0.incidents().get(incident));
        let order = incident.map(|incident| order(state0, incident, unit));
        Some(CrewView { unit: unit.clone(), order, server_time_ms: unix_ms(), index: at.index })
    });
    view.map(Json).ok_or_else(missing)
}

fn order(state0: &State0, incident: &Incident, unit: &Unit) -> Order {
    let others = incident.units.iter().filter(|id| **id != unit.id).filter_map(|id| state0.units().get(id));
    let tasks = incident.dispatch.tasks.iter().filter(|task| task.agency == unit.agency);
    Order {
        incident: incident.id.clone(),
        kind: incident.kind,
        severity: incident.severity,
        summary: incident.summary.clone(),
        place: incident.place.clone(),
        exercise: incident.exercise,
        place_is_mapped: incident.place_is_mapped,
        others: others.map(|other| other.name.clone()).collect(),
        tasks: tasks.cloned().collect(),
    }
}
