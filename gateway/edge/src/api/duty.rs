//! Whether the caller is on duty, so that only those who are are alarmed.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::GroupId;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Answer, Signed};
use crate::{app::App, auth::now_by, cluster::read, error::ErrorBody};

/// A post that the caller is on duty at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Post {
    id: String,
    name: String,
    /// Until when, by the roster.
    until_ms: u64,
}

/// Whether what rings in the room is to ring here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Duty {
    rung: bool,
    /// Posts that the caller is on duty at now.
    posts: Vec<Post>,
}

/// Whether the caller is rung, and by which rosters they are on duty.
#[utoipa::path(get, path = "/api/duty", responses((status = 200, body = Duty), (status = 401, body = ErrorBody)))]
pub(crate) async fn duty(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Duty> {
    let person = &caller.person.id;
    Ok(Json(read(&*app.source, GroupId::COMMAND, |state0| {
        let now = now_by(state0);
        let posts = state0.posts_of(person).filter_map(|post| {
            let own = post.shifts.iter().filter(|shift| shift.person == *person);
            let current = own.filter(|shift| shift.from_ms <= now && now < shift.until_ms);
            let until_ms = current.map(|shift| shift.until_ms.0).max()?;
            Some(Post { id: post.id.to_string(), name: post.name.clone(), until_ms })
        });
        Duty { rung: state0.is_rung(person, now), posts: posts.collect() }
    })))
}
