//! Photos and clips of people without an account: sent with a report by who has its code, and shown with its answer.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Extension, Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    AttachFile, Attachment, Digest, FileKind, FileOwner, GroupId, Millis, ReportCode, ReportStatus, State as State0,
    limits::{CLIP_BYTES_MAX, FILE_BYTES_MAX, REPORT_FILES_MAX},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    error::{PublicError, PublicErrorBody},
    followed::typed,
    guard::Kind,
};
use crate::{
    api::{
        body::read as read_body,
        file::{bytes_max, is_clip, shown},
    },
    app::App,
    cluster::{RoadError, read},
    error::ApiError,
    limits::BARRIER_DEADLINE,
    login_guard::network,
    server::Peer,
};

/// A quorum holds the photo.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sent {
    /// Photos that the report has now.
    pub(crate) photos: usize,
    /// How many it may have.
    pub(crate) photos_max: usize,
}

/// A photo of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerPhoto {
    /// Where it is.
    pub(crate) url: String,
    /// What it is: a clip is `mp4` or `quicktime`.
    #[schema(value_type = String)]
    pub(crate) kind: FileKind,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What it shows, for who cannot see it; may be empty.
    pub(crate) note: String,
}

/// The photos that go with the answer of a report.
pub(crate) fn answer_photos(state: &State0, report: &ReportCode, shown: &str) -> Vec<AnswerPhoto> {
    let photo = |attachment: &Attachment| AnswerPhoto {
        url: format!("/api/public/reports/{shown}/files/{}", attachment.file.sha256),
        kind: attachment.file.kind,
        width: attachment.file.width,
        height: attachment.file.height,
        note: attachment.note.clone(),
    };
    state.attachments_of(&FileOwner::Answer(report.clone())).map(photo).collect()
}

/// Puts a photo with a report, as JPEG, PNG or WebP, or a clip, as MP4 or MOV under a content type of `video/*`: the body is the file.
/// 201 says that a quorum holds it. After 429, 503 or no answer send the same again: it is one photo, however often it is sent. Who sent it
/// cannot have it shown again here; only what goes with the answer is.
#[utoipa::path(post, path = "/api/public/reports/{code}/files", params(("code" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/*"),
    responses((status = 201, body = Sent), (status = 404, body = PublicErrorBody), (status = 409, body = PublicErrorBody),
    (status = 413, body = PublicErrorBody), (status = 422, body = PublicErrorBody), (status = 429, body = PublicErrorBody),
    (status = 503, body = PublicErrorBody)))]
pub(crate) async fn attach(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(code): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Sent>), PublicError> {
    let is_clip = is_clip(&headers);
    app.admit(if is_clip { Kind::Clip } else { Kind::Write }, peer.0.ip())?;
    let report = typed(&code)?;
    app.need_open(&report, peer).await?;
    let seats = if is_clip { &app.public.clips } else { &app.public.uploads };
    let seat = seats.take(network(peer.0.ip())).ok_or_else(|| PublicError::busy(UPLOADS_WAIT_S))?;
    let sent = read_body(body, bytes_max(is_clip)).await.map_err(|error| not_read(error, is_clip))?;
    let file = app.keep_picture(sent).await.map_err(|error| not_kept(error, is_clip))?;
    drop(seat);
    let owner = FileOwner::Report(report);
    app.propose_public(AttachFile { file, owner: owner.clone(), taken_at_ms: Millis(0), note: String::new() })
        .await
        .map_err(|error| if error.body.field == "owner" { enough() } else { error })?;
    // It may not be here yet; without a quorum for it now, what is here has to do.
    let _ = app.catch_up().await;
    let photos = read(&*app.source, GroupId::COMMAND, |state| state.attachments_of(&owner).count());
    Ok((StatusCode::CREATED, Json(Sent { photos, photos_max: REPORT_FILES_MAX })))
}

/// A photo or a clip of the answer, or the part of it in the range, for whoever has the report's code.
#[utoipa::path(get, path = "/api/public/reports/{code}/files/{sha256}", params(("code" = String, Path), ("sha256" = String, Path)),
    responses((status = 200, content_type = "image/*"), (status = 206, content_type = "video/*"),
    (status = 404, body = PublicErrorBody), (status = 416), (status = 429, body = PublicErrorBody), (status = 503, body = PublicErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path((code, sha256)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, PublicError> {
    app.admit(Kind::Look, peer.0.ip())?;
    let report = typed(&code)?;
    let named = Digest::try_from(sha256).ok().and_then(|sha256| {
        read(&*app.source, GroupId::COMMAND, |state| {
            state.reports().get(&report).filter(|report| !report.exercise)?;
            let mut photos = state.attachments_of(&FileOwner::Answer(report.clone()));
            photos.find(|attachment| attachment.file.sha256 == sha256).map(|attachment| attachment.file)
        })
    });
    let Some(file) = named else {
        app.charge(Kind::Miss, peer.0.ip())?;
        return Err(no_photo());
    };
    Ok(shown(file, app.fetch_picture(file).await?, &headers))
}

/// When to come again where as many photos are on their way as are taken.
const UPLOADS_WAIT_S: u64 = 10;

impl App {
    /// That a report can have one more photo. One that this node has not heard of is asked of a quorum, and costs more.
    async fn need_open(&self, report: &ReportCode, peer: Peer) -> Result<(), PublicError> {
        let look = || {
            read(&*self.source, GroupId::COMMAND, |state| {
                let found = state.reports().get(report).filter(|report| !report.exercise)?;
                let photos = state.attachments_of(&FileOwner::Report(report.clone())).count();
                Some((found.status, photos))
            })
        };
        let found = match look() {
            Some(found) => found,
            None => {
                self.charge(Kind::Miss, peer.0.ip())?;
                let _turn = self.public.turn()?;
                let barrier = self.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
                barrier.map_err(|_| PublicError::from(RoadError::NoLeader))?;
                look().ok_or_else(PublicError::no_report)?
            }
        };
        match found {
            (ReportStatus::Answered, _) => Err(PublicError::new(
                StatusCode::CONFLICT,
                "wrong_status",
                "code",
                "Phản ánh này đã có trả lời. Hãy yêu cầu xử lý lại trước khi gửi thêm ảnh.",
                "This report has its answer. Open it again before you send more photos.",
            )),
            // The same photo may come again: `apply` tells it from one more.
            (_, photos) if photos > REPORT_FILES_MAX => Err(enough()),
            _ => Ok(()),
        }
    }
}

fn enough() -> PublicError {
    PublicError::new(
        StatusCode::CONFLICT,
        "enough",
        "photos",
        &format!("Phản ánh đã có đủ {REPORT_FILES_MAX} ảnh, không nhận thêm."),
        &format!("The report has its {REPORT_FILES_MAX} photos, and takes no more."),
    )
}

fn no_photo() -> PublicError {
    PublicError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "sha256",
        "Không có ảnh này trong phần trả lời. Hãy mở lại trang theo dõi.",
        "The answer has no such photo. Open the tracking page again.",
    )
}

/// Why the bytes did not come in whole.
fn not_read(error: ApiError, is_clip: bool) -> PublicError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large(is_clip) } else { error.into() }
}

fn too_large(is_clip: bool) -> PublicError {
    let bytes_max = if is_clip { CLIP_BYTES_MAX } else { FILE_BYTES_MAX };
    let mebibytes = bytes_max / (1024 * 1024);
    let (vi, en) = if is_clip {
        (
            format!("Video quá lớn. Hãy gửi đoạn ngắn hơn, không quá {mebibytes} MB."),
            format!("The video is too large. Send a shorter one of at most {mebibytes} MiB."),
        )
    } else {
        (
            format!("Ảnh quá lớn. Hãy gửi ảnh nhỏ hơn {mebibytes} MB."),
            format!("The photo is too large. Send one of at most {mebibytes} MiB."),
        )
    };
    PublicError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "photo", &vi, &en)
}

/// Why a photo was not kept, in words for who sent it.
fn not_kept(error: ApiError, is_clip: bool) -> PublicError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(is_clip),
        StatusCode::UNPROCESSABLE_ENTITY => PublicError::invalid(
            "photo",
            "Tệp này không phải ảnh JPEG, PNG, WebP hay video MP4, MOV (H.264, HEVC) dùng được, hoặc bị hỏng, hoặc quá nhiều điểm \
             ảnh. Hãy chụp, quay lại hoặc chọn tệp khác.",
            error.message(),
        ),
        StatusCode::TOO_MANY_REQUESTS => PublicError::busy(UPLOADS_WAIT_S),
        _ => error.into(),
    }
}
