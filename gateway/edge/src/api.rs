//! The HTTP API, by noun. `GET /api` describes it as OpenAPI.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    assets,
    command::{DEADLINE, too_late},
    conveyance, fresh,
    limits::{CLIP_UPLOAD_MS_MAX, UPLOAD_MS_MAX},
    public::{file as citizen_file, open_data, open311, report as citizen},
    screen::upgrade::websocket,
};

pub(crate) mod access;
pub(crate) mod admin_unit;
pub(crate) mod agent;
pub(crate) mod alarm;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod caller;
pub(crate) mod camera;
pub(crate) mod cluster;
pub(crate) mod crew;
pub(crate) mod deadline;
pub(crate) mod dispatch;
pub(crate) mod district;
pub(crate) mod drill;
pub(crate) mod duty;
pub(crate) mod erasure;
pub(crate) mod exercise;
pub(crate) mod file;
pub(crate) mod handover;
pub(crate) mod incident;
pub(crate) mod instruction;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod model;
pub(crate) mod node;
pub(crate) mod oidc;
pub(crate) mod person;
pub(crate) mod place;
pub(crate) mod quarantine;
mod range;
pub(crate) mod reading;
pub(crate) mod receiver;
pub(crate) mod record;
pub(crate) mod remit;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod retention;
pub(crate) mod room;
pub(crate) mod second_factor;
pub(crate) mod sensor;
pub(crate) mod series;
pub(crate) mod service_key;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod telephony;
pub(crate) mod timeline;
pub(crate) mod unit;
pub(crate) mod warning;

#[derive(OpenApi)]
#[openapi(info(
    title = "Trống Đồng",
    description = "Commands carry `x-request-seq`, a number that grows by one per command of a session. After a network \
                   error, 429 or 503 send the same request with the same number: it is applied once, however often it is sent. \
                   `x-reason` says why, in percent-encoded UTF-8, and stands in the record; what changes rights, erases or \
                   publishes a warning is refused without it (422), and of all else the record says what follows from the rest. \
                   Looks are answered from what the node has applied; `x-state-age-ms` says how long ago it last knew of a \
                   quorum. With `x-read: linearizable` the answer holds all that was acknowledged before, or is 503. \
                   Screens follow `GET /ws` (protocols `trongdong.v1` and `trongdong.v1.json`); other services fetch NENA EIDOs \
                   over `GET /IncidentData/ent/{receiver}` (protocol `emergency-ent1.0`, NENA-STA-024.1.1)."
))]
struct Description;

/// Every route of the edge.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(session::login))
        .routes(routes!(session::logout))
        .routes(routes!(session::current))
        .routes(routes!(oidc::ways))
        .routes(routes!(sign_in::holds))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(oidc::code))
        .routes(routes!(incident::list, incident::open))
        .routes(routes!(incident::acknowledge))
        .routes(routes!(incident::resolve))
        .routes(routes!(incident::close))
        .routes(routes!(incident::reopen))
        .routes(routes!(incident::note))
        .routes(routes!(incident::assign))
        .routes(routes!(incident::amend))
        .routes(routes!(incident::merge))
        .routes(routes!(incident::unmerge))
        .routes(routes!(report::list, incident::report))
        .routes(routes!(report::waiting))
        .routes(routes!(report::link))
        .routes(routes!(report::take))
        .routes(routes!(report::set_aside))
        .routes(routes!(report::unlink))
        .routes(routes!(report::answer))
        .routes(routes!(citizen::communes))
        .routes(routes!(citizen::file))
        .routes(routes!(citizen::follow))
        .routes(routes!(citizen::rate))
        .routes(routes!(citizen::reopen))
        .routes(routes!(citizen_file::attach))
        .routes(routes!(citizen_file::show))
        .routes(routes!(open_data::incidents_csv))
        .routes(routes!(open_data::incidents_geojson))
        .routes(routes!(open_data::reports_csv))
        .routes(routes!(open_data::reports_geojson))
        .routes(routes!(file::list, file::attach))
        .routes(routes!(file::show))
        .routes(routes!(file::remove))
        .routes(routes!(file::show_with_answer))
        .routes(routes!(file::retention, file::set_retention))
        .routes(routes!(erasure::show, erasure::set))
        .routes(routes!(dispatch::recommendation))
        .routes(routes!(dispatch::attention))
        .routes(routes!(dispatch::task))
        .routes(routes!(dispatch::answer_task))
        .routes(routes!(dispatch::answer))
        .routes(routes!(dispatch::run_cards, dispatch::put_run_card))
        .routes(routes!(model::decide))
        .routes(routes!(model::list, model::register))
        .routes(routes!(model::tallies))
        .routes(routes!(load::load))
        .routes(routes!(model::roll_out))
        .routes(routes!(model::roll_back))
        .routes(routes!(model::switch))
        .routes(routes!(timeline::timeline))
        .routes(routes!(replay::replay))
        .routes(routes!(alarm::list))
        .routes(routes!(alarm::acknowledge))
        .routes(routes!(alarm::shelve))
        .routes(routes!(alarm::unshelve))
        .routes(routes!(alarm::take_out))
        .routes(routes!(alarm::give_back))
        .routes(routes!(sensor::list, sensor::register))
        .routes(routes!(series::readings))
        .routes(routes!(series::series))
        .routes(routes!(retention::show, retention::set))
        .routes(routes!(camera::list, camera::register))
        .routes(routes!(unit::list, unit::put))
        .routes(routes!(unit::status))
        .routes(routes!(unit::position))
        .routes(routes!(unit::check_in))
        .routes(routes!(unit::mayday))
        .routes(routes!(unit::clear_mayday))
        .routes(routes!(unit::shift))
        .routes(routes!(crew::crew))
        .routes(routes!(person::list, person::put))
        .routes(routes!(remit::list, remit::put))
        .routes(routes!(district::list, district::put))
        .routes(routes!(admin_unit::list, admin_unit::put))
        .routes(routes!(deadline::calendars, deadline::put_calendar))
        .routes(routes!(deadline::policies, deadline::put_policy))
        .routes(routes!(deadline::posts, deadline::put_post))
        .routes(routes!(deadline::pause))
        .routes(routes!(deadline::resume))
        .routes(routes!(deadline::acknowledge))
        .routes(routes!(deadline::progress))
        .routes(routes!(instruction::list, instruction::give))
        .routes(routes!(instruction::take))
        .routes(routes!(instruction::finish))
        .routes(routes!(instruction::confirm))
        .routes(routes!(instruction::cancel))
        .routes(routes!(instruction::reopen))
        .routes(routes!(receiver::list, receiver::put))
        .routes(routes!(duty::duty))
        .routes(routes!(second_factor::show, second_factor::enrol))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(second_factor::drop_own))
        .routes(routes!(second_factor::drop_of))
        .routes(routes!(service_key::list, service_key::put))
        .routes(routes!(service_key::revoke))
        .routes(routes!(access::delegations, access::delegate))
        .routes(routes!(access::revoke))
        .routes(routes!(access::take))
        .routes(routes!(access::glasses, access::break_glass))
        .routes(routes!(access::end_glass))
        .routes(routes!(warning::list, warning::draft))
        .routes(routes!(warning::approve))
        .routes(routes!(warning::reject))
        .routes(routes!(warning::feed))
        .routes(routes!(warning::message))
        .routes(routes!(handover::offer))
        .routes(routes!(handover::answer))
        .routes(routes!(handover::withdraw))
        .routes(routes!(handover::parties))
        .routes(routes!(handover::receive))
        .routes(routes!(handover::answered))
        .routes(routes!(exercise::list, exercise::start))
        .routes(routes!(exercise::end))
        .routes(routes!(room::list, room::put))
        .routes(routes!(room::push))
        .routes(routes!(room::follow))
        .routes(routes!(room::shift_notes))
        .routes(routes!(room::write_shift_note))
        .routes(routes!(room::acknowledge_shift_note))
        .routes(routes!(room::log, room::write_log))
        .routes(routes!(call::list))
        .routes(routes!(call::pop))
        .routes(routes!(call::answer))
        .routes(routes!(call::hold))
        .routes(routes!(call::transfer))
        .routes(routes!(call::end))
        .routes(routes!(call::take_callback))
        .routes(routes!(call::settle_callback))
        .routes(routes!(call::name))
        .routes(routes!(call::erase))
        .routes(routes!(call::report))
        .routes(routes!(call::draft, call::put_draft))
        .routes(routes!(agent::list, agent::put))
        .routes(routes!(agent::status))
        .routes(routes!(agent::desk, agent::put_desk))
        .routes(routes!(telephony::offer))
        .routes(routes!(telephony::answer))
        .routes(routes!(telephony::hold))
        .routes(routes!(telephony::transfer))
        .routes(routes!(telephony::end))
        .routes(routes!(telephony::standing))
        .routes(routes!(audit::export))
        .routes(routes!(record::list))
        .routes(routes!(reading::push))
        .routes(routes!(quarantine::list))
        .routes(routes!(backup::backup))
        .routes(routes!(cluster::status))
        .routes(routes!(cluster::digests))
        .routes(routes!(cluster::invite))
        .routes(routes!(cluster::leave))
        .routes(routes!(cluster::rest))
        .routes(routes!(cluster::switch_features))
        .routes(routes!(drill::list, drill::start))
        .routes(routes!(drill::now))
        .routes(routes!(drill::watch))
        .routes(routes!(drill::show))
        .routes(routes!(drill::stop))
        .routes(routes!(drill::report))
        .routes(routes!(node::list))
        .routes(routes!(node::live))
        .routes(routes!(node::ready))
        .routes(routes!(node::metrics))
        .split_for_parts();
    let description = Arc::new(description);
    api.merge(open311::router())
        .route("/api", get(move || std::future::ready(Json(description.as_ref().clone()))))
        .route("/api/{*rest}", axum::routing::any(missing))
        .route("/ws", get(websocket))
        .route("/IncidentData/ent/{receiver}", get(conveyance::serve::accept))
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(app.clone(), around))
        .with_state(app)
}

async fn missing(request: Request) -> Response {
    crate::error::ApiError::not_found("path", request.uri().path()).into_response()
}

/// Around every request: its deadline, what a browser must be told, and a count.
async fn around(State(app): State<Arc<App>>, route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    // A page may talk to any node of its own cluster, and with a cookie only to those.
    let allowed = origin.filter(|origin| origin.to_str().is_ok_and(|origin| app.is_our_origin(origin)));
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let deadline = deadline_of(&request, route.as_ref());
        match timeout(deadline, fresh::answer(&app, request, next)).await {
            Ok(response) => response,
            Err(_) => too_late().into_response(),
        }
    };
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    app.metrics.answered(route, response.status().as_u16());
    let headers = response.headers_mut();
    if let Some(origin) = allowed {
        share(headers, origin);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What a node answers now may be wrong in a second; assets say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What a request that brings a photo is given at most.
const UPLOAD_DEADLINE: Duration = Duration::from_millis(UPLOAD_MS_MAX);

/// The same of a clip.
const CLIP_DEADLINE: Duration = Duration::from_millis(CLIP_UPLOAD_MS_MAX);

/// What a request is given: one that brings a photo or a clip takes its time over a thin line.
fn deadline_of(request: &Request, route: Option<&MatchedPath>) -> Duration {
    match (brings_photo(request, route), file::is_clip(request.headers())) {
        (true, true) => CLIP_DEADLINE,
        (true, false) => UPLOAD_DEADLINE,
        (false, _) => DEADLINE,
    }
}

/// Whether a request brings a photo or a clip.
fn brings_photo(request: &Request, route: Option<&MatchedPath>) -> bool {
    let route = route.map_or("", MatchedPath::as_str);
    request.method() == Method::POST && matches!(route, "/api/files" | "/api/public/reports/{code}/files")
}

fn share(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, x-read, x-reason, x-request-seq"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after, x-audit-through, x-audit-withheld, x-state-age-ms"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
