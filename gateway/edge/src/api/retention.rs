//! How long readings are kept. Each field group keeps its own readings, and is told in its own log.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{GroupId, KindFloor, KindRetention, Reply, Retention, SetRetention, chunk, policy, policy::Action};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Answer, Plain, Signed};
use crate::{
    app::App,
    auth::renewed,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{BARRIER_DEADLINE, COMMAND_DEADLINE},
};

/// How long readings shall be kept.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Wanted {
    /// Days, of kinds of sensors without their own; 0: for ever.
    days: u32,
    /// Kinds with days of their own: `kind` and `days`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    kinds: Vec<KindRetention>,
}

/// How long readings are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    days: u32,
    #[schema(value_type = Vec<Object>)]
    kinds: Vec<KindRetention>,
    /// From when on readings of a kind count, by the time at which they were recorded.
    #[schema(value_type = Vec<Object>)]
    floors: Vec<KindFloor>,
    /// False: not every group says the same, because setting it was cut off. Set it again.
    is_everywhere: bool,
}

/// How long readings are kept, for administrators.
#[utoipa::path(get, path = "/api/retention",
    responses((status = 200, body = Kept), (status = 403, body = ErrorBody)))]
pub(crate) async fn show(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Kept> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    Ok(Json(kept(&app)))
}

fn kept(app: &App) -> Kept {
    let groups: Vec<Retention> =
        GroupId::field().map(|group| read(&*app.source, group, |state| state.retention().clone())).collect();
    let said = |it: &Retention| (it.days, it.kinds.clone());
    let first = groups.first().cloned().unwrap_or_default();
    let is_everywhere = groups.iter().all(|it| said(it) == said(&first));
    // A group without entries may lag by a day: what counts nowhere any more is the lowest.
    let floors = first.kind_floors.iter().map(|floor| KindFloor {
        from_ms: groups.iter().map(|it| it.kind_floor(floor.kind)).min().unwrap_or_default(),
        ..*floor
    });
    let floors = floors.collect();
    Kept { days: first.days, kinds: first.kinds, floors, is_everywhere }
}

/// Sets how long readings are kept, in place of what was set before. What is past its days goes at once and does not come
/// back. It may be sent again: each group that has it already stays as it is.
#[utoipa::path(post, path = "/api/retention", request_body = Wanted,
    responses((status = 200, body = Kept), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Plain(wanted): Plain<Wanted>,
) -> Answer<Kept> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    // A node of an earlier release could not read the command.
    let is_known = |group| read(&*app.source, group, |state| state.has_feature(chunk::FEATURE));
    if !GroupId::field().all(is_known) {
        return Err(ApiError::refused(
            "feature",
            "switch it on first, once every node runs this version: trongdong features",
        ));
    }
    // Not older than any group's floor of rights.
    let index = app.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
    let index = index.map_err(|error| ApiError::unavailable(&error.to_string()))?;
    let grant = renewed(&*app.source, &caller.grant, index).ok_or_else(ApiError::signed_out)?;
    policy::allows(&grant, Action::Administer, None)?;
    tracing::info!(person = %grant.person, ?wanted, "how long readings are kept is set");
    let command = SetRetention { days: wanted.days, kinds: wanted.kinds };
    let setting = GroupId::field().map(|group| {
        app.road.command(Some(group), command.clone().into(), None, Some(grant.clone()), COMMAND_DEADLINE)
    });
    for set in join_all(setting).await {
        match set? {
            Reply::Accepted(_) => {}
            Reply::Refused(refusal) => return Err(refusal.into()),
        }
    }
    // The answer says what this node shows next.
    let barriers = join_all(GroupId::field().map(|group| app.source.read_barrier(group, BARRIER_DEADLINE))).await;
    if barriers.iter().any(Result::is_err) {
        return Err(ApiError::unknown("it is set, and this node has not heard of it yet: look again"));
    }
    Ok(Json(kept(&app)))
}
