//! Rights for a time: a giver's by a delegation, and the whole province by a broken glass. What takes a right away is done
//! when no grant that was given before counts anywhere any more.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    BreakGlass, Delegation, DelegationId, EndGlass, GroupId, Millis, PersonId, PutDelegation, RevokeDelegation, Stance,
    TakeDelegation, policy, policy::Action,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::Listed,
    second_factor::Nothing,
};
use crate::{
    app::App,
    auth::Caller,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::LIST_MAX,
};

/// A delegation as it shall be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Giving {
    /// Whose rights; absent: the caller's own.
    #[schema(value_type = Option<String>)]
    giver: Option<PersonId>,
    #[schema(value_type = String)]
    deputy: PersonId,
    #[schema(value_type = u64)]
    from_ms: Millis,
    #[schema(value_type = u64)]
    until_ms: Millis,
    reason: String,
}

/// Which delegation to act by.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Taking {
    /// Absent: by one's own rights again.
    #[schema(value_type = Option<String>)]
    delegation: Option<DelegationId>,
}

/// Why, and for how long.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Emergency {
    reason: String,
    /// At most an hour.
    lasts_ms: u64,
}

/// Whose glass ends.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Ending {
    /// Absent: the caller's own.
    #[schema(value_type = Option<String>)]
    person: Option<PersonId>,
}

fn found<'a, T: Clone + 'a>(all: impl Iterator<Item = &'a T>) -> Listed<T> {
    let mut items: Vec<T> = all.take(LIST_MAX + 1).cloned().collect();
    let truncated = items.len() > LIST_MAX;
    items.truncate(LIST_MAX);
    Listed { items, truncated }
}

/// Whoever runs the system or reads the record sees everybody's, others those that they are a party to.
fn sees_all(caller: &Caller) -> bool {
    let may = |action| policy::allows(&caller.grant, action, None).is_ok();
    may(Action::Administer) || may(Action::ReadRecord)
}

/// Whether the caller may look at all: at their own, or as somebody who sees everybody's.
fn may_look(caller: &Caller) -> Result<(), ApiError> {
    if sees_all(caller) {
        return Ok(());
    }
    Ok(policy::allows(&caller.grant, Action::Delegate, None)?)
}

/// Delegations: one's own, and for administrators everybody's.
#[utoipa::path(get, path = "/api/delegations", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn delegations(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Delegation>> {
    may_look(&caller)?;
    let (all, person) = (sees_all(&caller), &caller.person.id);
    let visible = |it: &&Delegation| all || it.giver == *person || it.deputy == *person;
    Ok(Json(read(&*app.source, GroupId::COMMAND, |state0| found(state0.delegations().values().filter(visible)))))
}

/// Gives one's rights to somebody for a time; they take them when they need them.
#[utoipa::path(post, path = "/api/delegations", request_body = Giving, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn delegate(State(app): State<Arc<App>>, Asked(ask, body): Asked<Giving>) -> Answer<Done> {
    let Giving { giver, deputy, from_ms, until_ms, reason } = body;
    // The same request is the same delegation.
    let id = DelegationId::new(&format!("Q{}-{}", ask.caller.session, ask.seq))?;
    let giver = giver.unwrap_or_else(|| ask.caller.person.id.clone());
    let delegation = Delegation { id, giver, deputy, from_ms, until_ms, reason };
    app.run(&ask, PutDelegation { delegation }).await.map(done)
}

/// Ends a delegation.
#[utoipa::path(post, path = "/api/delegations/{id}/revoke", request_body = Nothing,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Id(delegation): Id<DelegationId>,
    Asked(ask, Nothing {}): Asked<Nothing>,
) -> Answer<Done> {
    let accepted = app.run(&ask, RevokeDelegation { delegation }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}

/// Acts by a delegation from here on, or by one's own rights again.
#[utoipa::path(post, path = "/api/delegations/take", request_body = Taking, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn take(State(app): State<Arc<App>>, Asked(ask, body): Asked<Taking>) -> Answer<Done> {
    let accepted = app.run(&ask, TakeDelegation { delegation: body.delegation }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}

/// Who has or had more than their own rights, and why: one's own, and for administrators everybody's.
#[utoipa::path(get, path = "/api/glass", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn glasses(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Stance>> {
    may_look(&caller)?;
    let (all, person) = (sees_all(&caller), &caller.person.id);
    let visible = |it: &&Stance| all || it.person == *person;
    Ok(Json(read(&*app.source, GroupId::COMMAND, |state0| found(state0.stances().values().filter(visible)))))
}

/// Takes the whole province for at most an hour. Everybody who sees people is told, with the reason.
#[utoipa::path(post, path = "/api/glass", request_body = Emergency, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn break_glass(State(app): State<Arc<App>>, Asked(ask, body): Asked<Emergency>) -> Answer<Done> {
    let Emergency { reason, lasts_ms } = body;
    tracing::warn!(person = %ask.caller.person.id, lasts_ms, "auth: the glass is broken");
    app.run(&ask, BreakGlass { reason, lasts_ms }).await.map(done)
}

/// Ends it before its time: one's own, or, by an administrator, somebody's.
#[utoipa::path(post, path = "/api/glass/end", request_body = Ending, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody)))]
pub(crate) async fn end_glass(State(app): State<Arc<App>>, Asked(ask, body): Asked<Ending>) -> Answer<Done> {
    let person = body.person.unwrap_or_else(|| ask.caller.person.id.clone());
    let accepted = app.run(&ask, EndGlass { person }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}
