//! Deadlines: calendars, policies, duty posts with their rosters, and the clocks of incidents and instructions.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    AcknowledgeClock, Calendar, ClockKey, DeadlinePolicy, Digest, DutyPost, FileOwner, GroupId, Measured, Millis,
    PauseClock, PutCalendar, PutDeadlinePolicy, PutDutyPost, ReportCode, ReportProgress, ResumeClock, State as State0,
    policy::Noun,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{
    app::App,
    cluster::read,
    error::{ApiError, ErrorBody},
};

/// Calendars of working time.
#[utoipa::path(get, path = "/api/calendars", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn calendars(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Calendar>> {
    listed(&app, &caller, Noun::Instruction, command_group(), |state, put| {
        state.calendars().values().for_each(|calendar| put(calendar, None));
    })
}

/// Puts a calendar. What runs by it is due at another time from then on.
#[utoipa::path(post, path = "/api/calendars", request_body = serde_json::Value, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put_calendar(State(app): State<Arc<App>>, Asked(ask, calendar): Asked<Calendar>) -> Answer<Done> {
    app.run(&ask, PutCalendar { calendar }).await.map(done)
}

/// Policies of deadlines.
#[utoipa::path(get, path = "/api/deadline-policies", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn policies(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<DeadlinePolicy>> {
    listed(&app, &caller, Noun::Instruction, command_group(), |state, put| {
        state.deadline_policies().values().for_each(|policy| put(policy, None));
    })
}

/// Puts a policy of deadlines, for clocks that start from then on.
#[utoipa::path(post, path = "/api/deadline-policies", request_body = serde_json::Value,
    params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put_policy(State(app): State<Arc<App>>, Asked(ask, policy): Asked<DeadlinePolicy>) -> Answer<Done> {
    app.run(&ask, PutDeadlinePolicy { policy }).await.map(done)
}

/// Duty posts with their rosters.
#[utoipa::path(get, path = "/api/duty-posts", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn posts(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<DutyPost>> {
    listed(&app, &caller, Noun::Instruction, command_group(), |state, put| {
        state.duty_posts().values().for_each(|post| put(post, None));
    })
}

/// Puts a duty post with its whole roster.
#[utoipa::path(post, path = "/api/duty-posts", request_body = serde_json::Value, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put_post(State(app): State<Arc<App>>, Asked(ask, post): Asked<DutyPost>) -> Answer<Done> {
    app.run(&ask, PutDutyPost { post }).await.map(done)
}

/// A clock, and the version of it that was seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Hold {
    /// `{"of": {"incident": "I7"}, "number": 1}`.
    #[schema(value_type = Object)]
    clock: ClockKey,
    expected_version: u64,
    /// Why; to let it run again none is needed.
    #[serde(default)]
    reason: String,
}

/// Stops a clock, for a reason.
#[utoipa::path(post, path = "/api/clocks/pause", request_body = Hold, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn pause(State(app): State<Arc<App>>, Asked(ask, body): Asked<Hold>) -> Answer<Done> {
    let Hold { clock, expected_version, reason } = body;
    app.run(&ask, PauseClock { clock, expected_version, reason }).await.map(done)
}

/// Lets a clock run again, with the working time that was left.
#[utoipa::path(post, path = "/api/clocks/resume", request_body = Hold, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn resume(State(app): State<Arc<App>>, Asked(ask, body): Asked<Hold>) -> Answer<Done> {
    let Hold { clock, expected_version, .. } = body;
    app.run(&ask, ResumeClock { clock, expected_version }).await.map(done)
}

/// A clock that is late, and the version of it that was seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SeenClock {
    /// `{"of": {"incident": "I7"}, "number": 1}`.
    #[schema(value_type = Object)]
    clock: ClockKey,
    expected_version: u64,
}

/// Says that one has seen how late it is: it rings no more until its next step.
#[utoipa::path(post, path = "/api/clocks/acknowledge", request_body = SeenClock, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn acknowledge(State(app): State<Arc<App>>, Asked(ask, body): Asked<SeenClock>) -> Answer<Done> {
    let SeenClock { clock, expected_version } = body;
    app.run(&ask, AcknowledgeClock { clock, expected_version }).await.map(done)
}

/// How far it is: a note, the hash of a photo that was put with the incident (`POST /api/files`), and a promised time. An instruction
/// that serves no incident has no photos: who gave it, or who leads there, leaves the photo out.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Progress {
    /// `{"of": {"incident": "I7"}, "number": 1}`.
    #[schema(value_type = Object)]
    clock: ClockKey,
    expected_version: u64,
    note: String,
    #[schema(value_type = Option<String>)]
    photo_sha256: Option<Digest>,
    promised_at_ms: u64,
}

/// Says how far it is. The deadline is then what was promised.
#[utoipa::path(post, path = "/api/clocks/progress", request_body = Progress, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn progress(State(app): State<Arc<App>>, Asked(ask, body): Asked<Progress>) -> Answer<Done> {
    let Progress { clock, expected_version, note, photo_sha256, promised_at_ms } = body;
    let is_shown = |photo: &Digest| read(&*app.source, GroupId::COMMAND, |state| has_photo(state, &clock, photo));
    if !photo_sha256.as_ref().is_none_or(is_shown) {
        // It may have been put a moment ago.
        app.catch_up().await?;
    }
    if !photo_sha256.as_ref().is_none_or(is_shown) {
        return Err(ApiError::invalid(
            "photo_sha256",
            "is no photo of this incident: put it first, with POST /api/files",
        ));
    }
    let promised_at_ms = Millis(promised_at_ms);
    app.run(&ask, ReportProgress { clock, expected_version, note, photo_sha256, promised_at_ms }).await.map(done)
}

/// Whether the photo is one of the clock's incident; of an instruction without one, any that the centre has.
fn has_photo(state: &State0, clock: &ClockKey, photo: &Digest) -> bool {
    let incident = match &clock.of {
        Measured::Incident(id) => Some(id),
        Measured::Report(code) => return has_photo_of_report(state, code, photo),
        Measured::Instruction(id) => state.instructions().get(id).and_then(|instruction| instruction.incident.as_ref()),
    };
    match incident {
        Some(id) => state.incidents().get(id).is_some_and(|incident| {
            state.attachments_around(incident).iter().any(|attachment| attachment.file.sha256 == *photo)
        }),
        None => state.file(photo).is_some(),
    }
}

/// Whether the photo came with the report, or was put with its answer.
fn has_photo_of_report(state: &State0, code: &ReportCode, photo: &Digest) -> bool {
    let owners = [FileOwner::Report(code.clone()), FileOwner::Answer(code.clone())];
    owners.iter().flat_map(|owner| state.attachments_of(owner)).any(|attachment| attachment.file.sha256 == *photo)
}
