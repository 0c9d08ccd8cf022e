//! Photos and clips: put with an incident, a report or an answer; listed and shown to who may see what they belong to.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    AttachFile, Attachment, DetachFile, Digest, FileKind, FileOwner, Grant, GroupId, Incident, IncidentId, Millis,
    PersonId, ReportCode, SetFileRetention, State as State0, StoredFile,
    limits::{CLIP_BYTES_MAX, FILE_BYTES_MAX},
    policy::{self, Action, Matter, Noun},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Asking, Done, Id, Signed, done, fingerprint, read as read_body, seq_of},
    list::Listed,
    range::{Wanted, wanted},
    report::may_handle,
};
use crate::{
    app::App,
    auth::Caller,
    cluster::{RoadError, read},
    command::Ask,
    error::{ApiError, ErrorBody},
    files::FilesError,
    limits::{CLIP_KEEP_DEADLINE, FILE_FETCH_DEADLINE, FILE_KEEP_DEADLINE},
    picture::{self, NotPicture, Picture},
};

/// What a photo belongs to, exactly one of them, and what is said of it.
#[derive(Deserialize)]
pub(crate) struct Attaching {
    incident: Option<IncidentId>,
    report: Option<ReportCode>,
    answer: Option<ReportCode>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    taken_at_ms: u64,
}

/// Of what photos are asked for: exactly one.
#[derive(Deserialize)]
pub(crate) struct Around {
    incident: Option<IncidentId>,
    report: Option<ReportCode>,
}

impl Around {
    /// Why a picture of a page is looked at, which can send no header: what it was asked for with.
    fn why(&self) -> String {
        let incident = self.incident.as_ref().map(|id| format!("incident/{id}"));
        incident.or_else(|| self.report.as_ref().map(|code| format!("report/{code}"))).unwrap_or_default()
    }
}

/// Shows a photo that the centre has to the sender of an answered report.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Showing {
    #[schema(value_type = String)]
    sha256: Digest,
    /// What it shows, for who cannot see it.
    #[serde(default)]
    note: String,
}

/// Takes a photo away.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Removing {
    reason: String,
}

/// How long photos are kept.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct FileRetention {
    /// Days after what they belong to was done; 0: as long as that is remembered.
    days: u32,
}

/// A photo, and what it belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Photo {
    number: u64,
    #[schema(value_type = String)]
    sha256: Digest,
    #[schema(value_type = String)]
    kind: FileKind,
    bytes: u32,
    width: u32,
    height: u32,
    /// One of `incident`, `report`, `answer`, with its id.
    #[schema(value_type = Object)]
    owner: FileOwner,
    at_ms: u64,
    /// 0: not told.
    taken_at_ms: u64,
    /// `null`: somebody without an account.
    #[schema(value_type = Option<String>)]
    by: Option<PersonId>,
    note: String,
}

impl Photo {
    fn new(attachment: &Attachment) -> Self {
        let StoredFile { sha256, kind, bytes, width, height } = attachment.file;
        Self {
            number: attachment.number,
            sha256,
            kind,
            bytes,
            width,
            height,
            owner: attachment.owner.clone(),
            at_ms: attachment.at_ms.0,
            taken_at_ms: attachment.taken_at_ms.0,
            by: attachment.by.clone(),
            note: attachment.note.clone(),
        }
    }
}

/// Puts a photo, as JPEG, PNG or WebP, or a clip, as MP4 or MOV under a content type of `video/*`: the body is the file. 200 says that a
/// quorum holds it; what is stored is the picture alone, without what the camera wrote beside it. Sent again under the same number it is
/// put once.
#[utoipa::path(post, path = "/api/files", request_body(content = Vec<u8>, content_type = "image/*"),
    params(("incident" = Option<String>, Query), ("report" = Option<String>, Query), ("answer" = Option<String>, Query),
        ("note" = Option<String>, Query), ("taken_at_ms" = Option<u64>, Query), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(crate) async fn attach(
    State(app): State<Arc<App>>,
    Asking(attaching): Asking<Attaching>,
    request: Request,
) -> Answer<Done> {
    let (mut parts, body) = request.into_parts();
    let Signed(caller) = Signed::from_request_parts(&mut parts, &app).await?;
    let Attaching { incident, report, answer, note, taken_at_ms } = attaching;
    let owner = match (incident, report, answer) {
        (Some(id), None, None) => FileOwner::Incident(id),
        (None, Some(code), None) => FileOwner::Report(code),
        (None, None, Some(code)) => FileOwner::Answer(code),
        _ => {
            return Err(ApiError::invalid(
                "incident",
                "name one of incident, report, answer: what the photo belongs to",
            ));
        }
    };
    // Before a byte of it is read, let alone stored.
    let may_attach = |grant: &Grant| app.may_attach(&Caller { grant: grant.clone(), ..caller.clone() }, &owner);
    app.by_newest(&caller.grant, may_attach).await?;
    let seq = seq_of(&parts.headers)?;
    let is_clip = is_clip(&parts.headers);
    let seats = if is_clip { &app.clips } else { &app.uploads };
    let seat = seats.try_acquire().map_err(|_| ApiError::from(RoadError::Overloaded))?;
    let sent = read_body(body, bytes_max(is_clip)).await?;
    let what = parts.uri.path_and_query().map_or("", |what| what.as_str());
    let ask = Ask { caller, seq, fingerprint: fingerprint(what, &sent) };
    let file = app.keep_picture(sent).await?;
    drop(seat);
    app.run(&ask, AttachFile { file, owner, taken_at_ms: Millis(taken_at_ms), note }).await.map(done)
}

/// Photos of an incident, those that came with its reports included; or of a report, with those of its answer.
#[utoipa::path(get, path = "/api/files", params(("incident" = Option<String>, Query), ("report" = Option<String>, Query)),
    responses((status = 200, body = Listed<Photo>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Asking(around): Asking<Around>,
) -> Answer<Listed<Photo>> {
    let items = app.photos_around(&caller, &around, |found| found.iter().map(|it| Photo::new(it)).collect())?;
    Ok(Json(Listed { items, truncated: false }))
}

/// A photo or a clip, or the part of it in the range, to who may see what it is asked for: an incident or a report that names it. The
/// hash alone opens nothing.
#[utoipa::path(get, path = "/api/files/{id}", params(("id" = String, Path), ("incident" = Option<String>, Query),
    ("report" = Option<String>, Query)),
    responses((status = 200, content_type = "image/*"), (status = 206, content_type = "video/*"), (status = 404, body = ErrorBody),
        (status = 416), (status = 503, body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Signed(mut caller): Signed,
    Id(sha256): Id<Digest>,
    Asking(around): Asking<Around>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let named = |found: &[&Attachment]| found.iter().map(|it| it.file).find(|file| file.sha256 == sha256);
    let file = app.photos_around(&caller, &around, named)?;
    let file = file.ok_or_else(|| ApiError::not_found("file", &sha256.to_string()))?;
    let name: String = sha256.to_string().chars().take(12).collect();
    if caller.grant.why.is_empty() {
        caller.grant.why = around.why();
    }
    app.look(&caller, &format!("photo/{name}")).await?;
    Ok(shown(file, app.fetch_picture(file).await?, &headers))
}

/// Takes a photo away from what it belongs to. Its bytes go once nothing names them.
#[utoipa::path(post, path = "/api/files/{id}/remove", request_body = Removing,
    params(("id" = u64, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Id(number): Id<u64>,
    Asked(ask, body): Asked<Removing>,
) -> Answer<Done> {
    app.run(&ask, DetachFile { number, reason: body.reason }).await.map(done)
}

/// Shows a photo of the report, or of the incident that it belongs to, with the answer.
#[utoipa::path(post, path = "/api/reports/{id}/photos", request_body = Showing,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn show_with_answer(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<Showing>,
) -> Answer<Done> {
    let Showing { sha256, note } = body;
    let file = app.caught_up(|| app.photo_of(&ask.caller, &report, sha256)).await?;
    let owner = FileOwner::Answer(report);
    app.run(&ask, AttachFile { file, owner, taken_at_ms: Millis(0), note }).await.map(done)
}

/// How long photos are kept, for administrators.
#[utoipa::path(get, path = "/api/file-retention", responses((status = 200, body = FileRetention),
    (status = 403, body = ErrorBody)))]
pub(crate) async fn retention(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<FileRetention> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let days = read(&*app.source, GroupId::COMMAND, State0::file_retention_days);
    Ok(Json(FileRetention { days }))
}

/// Sets how long photos are kept after what they belong to was done.
#[utoipa::path(post, path = "/api/file-retention", request_body = FileRetention, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn set_retention(State(app): State<Arc<App>>, Asked(ask, body): Asked<FileRetention>) -> Answer<Done> {
    app.run(&ask, SetFileRetention { days: body.days }).await.map(done)
}

/// Whether a request says that it brings a clip, which takes longer and has seats of its own. What it is, is seen in its bytes.
pub(crate) fn is_clip(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.get(..6)).is_some_and(|kind| kind.eq_ignore_ascii_case("video/"))
}

/// Bytes of a body with a photo, or with a clip.
pub(crate) fn bytes_max(is_clip: bool) -> usize {
    usize::try_from(if is_clip { CLIP_BYTES_MAX } else { FILE_BYTES_MAX }).unwrap_or(usize::MAX)
}

/// A photo or a clip as it is served, or the part that is asked for: what it is was decided when it was stored, and a browser that takes
/// it for anything else may do nothing with it.
pub(crate) fn shown(file: StoredFile, bytes: Bytes, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.sha256);
    let length = bytes.len();
    let (status, bytes, range) = match wanted(asked, &tag, length) {
        Wanted::All => (StatusCode::OK, bytes, None),
        Wanted::Part(part) => {
            let range = format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1));
            (StatusCode::PARTIAL_CONTENT, bytes.slice(part), Some(range))
        }
        Wanted::Outside => {
            let range = format!("bytes */{length}");
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response();
        }
    };
    let mut response = (status, Body::from(bytes)).into_response();
    let headers = response.headers_mut();
    let name: String = file.sha256.to_string().chars().take(12).collect();
    let disposition = format!("inline; filename=\"{name}.{}\"", file.kind.ending());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind.media_type()));
    let told =
        [(header::CONTENT_DISPOSITION, Some(disposition)), (header::ETAG, Some(tag)), (header::CONTENT_RANGE, range)];
    for (name, value) in told {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    for (name, value) in [
        (header::ACCEPT_RANGES, "bytes"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl App {
    /// Whether the caller may put a photo there, by what this node has applied. `apply` decides; this spares the upload.
    fn may_attach(&self, caller: &Caller, owner: &FileOwner) -> Result<(), ApiError> {
        if caller.grant.terms.key.is_some() {
            return Err(ApiError::forbidden("authorization", "a service key sends no commands of people: sign in"));
        }
        let missing = |noun: &str, id: &str| ApiError::not_found(noun, id);
        read(&*self.source, GroupId::COMMAND, |state| match owner {
            FileOwner::Incident(id) => {
                let incident = state.incidents().get(id).ok_or_else(|| missing("incident", id.as_str()))?;
                if is_crew_of(state, caller, incident) {
                    return Ok(policy::allows(&caller.grant, Action::NoteIncident, None)?);
                }
                let place = Some(&incident.place.admin_unit);
                Ok(policy::allows_of(&caller.grant, Action::NoteIncident, place, &Matter::of_incident(incident))?)
            }
            FileOwner::Report(code) | FileOwner::Answer(code) => {
                let report = state.reports().get(code).ok_or_else(|| missing("report", code.as_str()))?;
                let place = Some(&report.place.admin_unit);
                Ok(policy::allows_of(&caller.grant, Action::HandleReport, place, &Matter::of_report(state, report))?)
            }
        })
    }

    /// A photo of a report that the caller may see, or of the incident that it belongs to.
    fn photo_of(&self, caller: &Caller, report: &ReportCode, sha256: Digest) -> Result<StoredFile, ApiError> {
        let incident = read(&*self.source, GroupId::COMMAND, |state| state.reports().get(report)?.incident.clone());
        let named = |found: &[&Attachment]| found.iter().map(|it| it.file).find(|file| file.sha256 == sha256);
        let of_report = Around { incident: None, report: Some(report.clone()) };
        let mut file = self.photos_around(caller, &of_report, named)?;
        if file.is_none() && incident.is_some() {
            file = self.photos_around(caller, &Around { incident, report: None }, named)?;
        }
        file.ok_or_else(|| ApiError::not_found("file", &sha256.to_string()))
    }

    /// What `look` makes of the photos around an incident or a report that the caller may see.
    fn photos_around<R>(
        &self,
        caller: &Caller,
        around: &Around,
        look: impl FnOnce(&[&Attachment]) -> R,
    ) -> Result<R, ApiError> {
        read(&*self.source, GroupId::COMMAND, |state| match (&around.incident, &around.report) {
            (Some(id), None) => {
                let incident = state.incidents().get(id).filter(|incident| may_see(state, caller, incident));
                let incident = incident.ok_or_else(|| ApiError::not_found("incident", id.as_str()))?;
                Ok(look(&state.attachments_around(incident)))
            }
            (None, Some(code)) => {
                policy::allows(&caller.grant, Action::HandleReport, None)?;
                let report = state.reports().get(code).filter(|report| may_handle(state, &caller.grant, report));
                let report = report.ok_or_else(|| ApiError::not_found("report", code.as_str()))?;
                let owners = [FileOwner::Report(report.code.clone()), FileOwner::Answer(report.code.clone())];
                let found: Vec<&Attachment> = owners.iter().flat_map(|owner| state.attachments_of(owner)).collect();
                Ok(look(&found))
            }
            _ => Err(ApiError::invalid("incident", "name one of incident and report: whose photos")),
        })
    }

    /// Strips what was sent and has a quorum keep it.
    pub(crate) async fn keep_picture(&self, sent: Bytes) -> Result<StoredFile, ApiError> {
        let files = self.config.files.clone().ok_or_else(no_files)?;
        // Some milliseconds of work for a large file: not where others wait.
        let stripped = tokio::task::spawn_blocking(move || picture::strip(&sent)).await;
        let picture =
            stripped.map_err(|_| ApiError::unavailable("the photo could not be looked at; send it again"))??;
        let Picture { kind, width, height, bytes } = picture;
        let length = u32::try_from(bytes.len()).map_err(|_| NotPicture::Bytes)?;
        let sha256 = Digest(Sha256::digest(&bytes).into());
        let within = if kind.is_clip() { CLIP_KEEP_DEADLINE } else { FILE_KEEP_DEADLINE };
        files.keep(sha256, bytes.into(), within).await?;
        Ok(StoredFile { sha256, kind, bytes: length, width, height })
    }

    /// The bytes of a photo, from whichever node has them.
    pub(crate) async fn fetch_picture(&self, file: StoredFile) -> Result<Bytes, ApiError> {
        let files = self.config.files.clone().ok_or_else(no_files)?;
        Ok(files.fetch(file, FILE_FETCH_DEADLINE).await?)
    }
}

fn no_files() -> ApiError {
    ApiError::unavailable("this node stores no photos: ask a node of the province")
}

/// Who sees the incident sees its photos and its course; so does a crew that is on it, wherever it comes from.
pub(super) fn may_see(state: &State0, caller: &Caller, incident: &Incident) -> bool {
    let see = Action::See(Noun::Incident);
    let place = Some(&incident.place.admin_unit);
    policy::allows_of(&caller.grant, see, place, &Matter::of_incident(incident)).is_ok()
        || (policy::allows(&caller.grant, see, None).is_ok() && is_crew_of(state, caller, incident))
}

fn is_crew_of(state: &State0, caller: &Caller, incident: &Incident) -> bool {
    let who = caller.grant.terms.acts_for.as_ref().unwrap_or(&caller.person.id);
    let unit = state.persons().get(who).and_then(|person| person.unit.as_ref());
    unit.is_some_and(|unit| incident.units.contains(unit))
}

impl From<NotPicture> for ApiError {
    fn from(not: NotPicture) -> Self {
        match not {
            NotPicture::Bytes => Self::too_large(bytes_max(false)),
            NotPicture::ClipBytes => Self::too_large(bytes_max(true)),
            _ => Self::invalid("body", &not.to_string()),
        }
    }
}

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::DiskFull => RoadError::DiskFull.into(),
            FilesError::Busy => RoadError::Overloaded.into(),
            FilesError::NoQuorum | FilesError::Missing | FilesError::Disk(_) => Self::unavailable(&error.to_string()),
        }
    }
}
