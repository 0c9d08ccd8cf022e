//! The public's own routes: which communes there are, put a report, follow, rate and reopen it.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Extension, Path, State},
    http::{HeaderName, StatusCode, header::CACHE_CONTROL},
};
use domain::{
    AdminUnitCode, FileReport, GroupId, IncidentKind, Place, RateReport, ReopenReport, ReportChannel, ReportCode,
    limits::{NAME_BYTES_MAX, RATING_MAX, TEXT_BYTES_MAX},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body, code,
    error::{PublicError, PublicErrorBody},
    followed::{Followed, typed},
    guard::Kind,
    words::{self, tidy, tidy_line},
};
use crate::{app::App, clock::unix_ms, cluster::read, limits::REPORTS_WAITING_MAX, server::Peer};

/// When a sender comes back whose report found too many waiting, seconds: people deal with a report in minutes.
const FULL_RETRY_S: u64 = 60;

/// What a citizen has to say.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Filing {
    /// Made by the sender, 16 to 64 of `a-z A-Z 0-9 - _`, from a source of randomness. The same key is the same report.
    pub(crate) key: String,
    /// What the sender takes it for; may be absent.
    #[schema(value_type = Option<String>)]
    pub(crate) kind: Option<IncidentKind>,
    /// In the sender's words.
    pub(crate) text: String,
    pub(crate) place: Where,
    /// How the sender can be reached; may be absent.
    #[serde(default)]
    pub(crate) contact: String,
    /// `vi` or `en`.
    #[serde(default)]
    pub(crate) language: Language,
}

/// Where it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Where {
    /// The commune, of `GET /api/public/communes`.
    #[schema(value_type = String)]
    pub(crate) admin_unit: AdminUnitCode,
    #[serde(default)]
    pub(crate) address: String,
    /// Degrees times 10^7; may be absent, with the longitude.
    pub(crate) latitude_e7: Option<i32>,
    pub(crate) longitude_e7: Option<i32>,
}

/// The sender's language.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    #[default]
    Vi,
    En,
}

/// The report is held by a quorum.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Filed {
    /// What the sender follows it by, as it is read out.
    code: String,
}

/// What the sender thinks of the answer.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Rating {
    /// 1 to 5.
    rating: u32,
    #[serde(default)]
    note: String,
}

/// Why it is opened again.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Reopening {
    reason: String,
}

/// A commune that a report can be about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Commune {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) name_en: String,
}

/// How long a browser keeps the communes.
const COMMUNES_KEPT: &str = "public, max-age=300";

/// The communes that a report can be about, by name.
#[utoipa::path(get, path = "/api/public/communes", responses(
    (status = 200, body = Vec<Commune>), (status = 429, body = PublicErrorBody)))]
pub(crate) async fn communes(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
) -> Result<([(HeaderName, &'static str); 1], Json<Vec<Commune>>), PublicError> {
    app.admit(Kind::Look, peer.0.ip())?;
    Ok(([(CACHE_CONTROL, COMMUNES_KEPT)], Json(app.communes())))
}

/// Puts a report. 201 says that a quorum holds it; after 429, 503 or no answer send the same again under the same key: it
/// is one report, however often it is sent.
#[utoipa::path(post, path = "/api/public/reports", request_body = Filing, responses(
    (status = 201, body = Filed), (status = 409, body = PublicErrorBody), (status = 413, body = PublicErrorBody),
    (status = 422, body = PublicErrorBody), (status = 429, body = PublicErrorBody), (status = 503, body = PublicErrorBody)))]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    sent: Body,
) -> Result<(StatusCode, Json<Filed>), PublicError> {
    app.admit(Kind::Write, peer.0.ip())?;
    let filing: Filing = body(sent).await?;
    let code = app.file_public(filing, ReportChannel::Web).await?;
    Ok((StatusCode::CREATED, Json(Filed { code: code::shown(&code) })))
}

/// How far a report is: for whoever has its code.
#[utoipa::path(get, path = "/api/public/reports/{code}", params(("code" = String, Path)), responses(
    (status = 200, body = Followed), (status = 404, body = PublicErrorBody), (status = 422, body = PublicErrorBody),
    (status = 429, body = PublicErrorBody), (status = 503, body = PublicErrorBody)))]
pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(code): Path<String>,
) -> Result<Json<Followed>, PublicError> {
    app.admit(Kind::Look, peer.0.ip())?;
    app.followed(&code, peer.0.ip()).await.map(Json)
}

/// Rates the answer; the last rating counts.
#[utoipa::path(post, path = "/api/public/reports/{code}/rating", params(("code" = String, Path)), request_body = Rating,
    responses((status = 204), (status = 404, body = PublicErrorBody), (status = 409, body = PublicErrorBody),
    (status = 422, body = PublicErrorBody), (status = 429, body = PublicErrorBody)))]
pub(crate) async fn rate(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(code): Path<String>,
    sent: Body,
) -> Result<StatusCode, PublicError> {
    app.admit(Kind::Write, peer.0.ip())?;
    let report = typed(&code)?;
    let Rating { rating, note } = body(sent).await?;
    if !(1..=RATING_MAX).contains(&rating) {
        return Err(PublicError::invalid("rating", "Hãy chọn từ 1 đến 5.", "Choose 1 to 5."));
    }
    let note = bounded("note", tidy(&note), TEXT_BYTES_MAX)?;
    app.about(RateReport { report, rating, note }, peer).await
}

/// Opens an answered report again. Sent again in the same words it is opened once.
#[utoipa::path(post, path = "/api/public/reports/{code}/reopening", params(("code" = String, Path)), request_body = Reopening,
    responses((status = 204), (status = 404, body = PublicErrorBody), (status = 409, body = PublicErrorBody),
    (status = 422, body = PublicErrorBody), (status = 429, body = PublicErrorBody)))]
pub(crate) async fn reopen(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(code): Path<String>,
    sent: Body,
) -> Result<StatusCode, PublicError> {
    app.admit(Kind::Write, peer.0.ip())?;
    let report = typed(&code)?;
    let Reopening { reason } = body(sent).await?;
    let reason = needed(
        "reason",
        bounded("reason", tidy(&reason), TEXT_BYTES_MAX)?,
        "Hãy viết ngắn gọn vì sao cần xử lý lại.",
        "Say in a few words why it has to be looked at again.",
    )?;
    app.about(ReopenReport { report, reason }, peer).await
}

impl App {
    /// Files what a citizen sent, however it came; its code, once a quorum holds it.
    pub(crate) async fn file_public(&self, filing: Filing, channel: ReportChannel) -> Result<ReportCode, PublicError> {
        let command = self.filed(filing, channel)?;
        let code = command.code.clone();
        let is_full = read(&*self.source, GroupId::COMMAND, |state| {
            // What is there already is told so, however many wait.
            state.waiting_reports().len() >= REPORTS_WAITING_MAX && !state.reports().contains_key(&code)
        });
        if is_full {
            return Err(PublicError::busy(FULL_RETRY_S));
        }
        self.propose_public(command).await?;
        Ok(code)
    }

    /// The command that files it, or which field is wrong.
    fn filed(&self, filing: Filing, channel: ReportChannel) -> Result<FileReport, PublicError> {
        let Filing { key, kind, text, place, contact, language } = filing;
        if !code::is_key(&key) {
            return Err(PublicError::invalid(
                "key",
                "Hãy tạo khóa ngẫu nhiên 16 đến 64 ký tự a-z A-Z 0-9 - _.",
                "Make a random key of 16 to 64 of a-z A-Z 0-9 - _.",
            ));
        }
        let text = needed(
            "text",
            bounded("text", tidy(&text), TEXT_BYTES_MAX)?,
            "Hãy viết ngắn gọn chuyện gì đang xảy ra.",
            "Say in a few words what is happening.",
        )?;
        if kind.is_some_and(|kind| words::KINDS.iter().all(|(known, _)| *known != kind)) {
            return Err(PublicError::invalid(
                "kind",
                "Hãy chọn một loại có trong danh sách.",
                "Choose a kind of the list.",
            ));
        }
        let (latitude_e7, longitude_e7) = match (place.latitude_e7, place.longitude_e7) {
            (None, None) => (0, 0),
            (Some(latitude @ -900_000_000..=900_000_000), Some(longitude @ -1_800_000_000..=1_800_000_000)) => {
                (latitude, longitude)
            }
            _ => {
                return Err(PublicError::invalid(
                    "place",
                    "Vị trí trên bản đồ không đúng. Hãy chọn lại, hoặc bỏ vị trí và chỉ ghi địa chỉ.",
                    "The position is not on the map. Choose it again, or leave it out and give the address only.",
                ));
            }
        };
        let is_known =
            read(&*self.source, GroupId::COMMAND, |state| state.admin_units().contains_key(&place.admin_unit));
        if !is_known {
            return Err(PublicError::invalid(
                "place.admin_unit",
                "Hãy chọn xã, phường trong danh sách.",
                "Choose a commune of the list (GET /api/public/communes).",
            ));
        }
        let address = bounded("place.address", tidy_line(&place.address), NAME_BYTES_MAX)?;
        let language = match language {
            Language::Vi => "vi",
            Language::En => "en",
        };
        Ok(FileReport {
            code: code::derive(&self.config.sealing_key, &key),
            channel,
            reference: String::new(),
            text,
            place: Place { latitude_e7, longitude_e7, admin_unit: place.admin_unit, address },
            incident: None,
            kind: None,
            severity: None,
            told_kind: kind,
            advice: None,
            contact: bounded("contact", tidy_line(&contact), NAME_BYTES_MAX)?,
            language: language.to_owned(),
            exercise: false,
        })
    }

    /// Proposes what the sender of a report asked for, and lets this node have it before it says so; a code that nobody has
    /// costs more.
    async fn about(&self, command: impl Into<domain::Command>, peer: Peer) -> Result<StatusCode, PublicError> {
        match self.propose_public(command).await {
            Ok(()) => {
                // Who sent it looks next, and at this node it may not be applied yet. It is held, with or without a quorum now.
                let _ = self.catch_up().await;
                Ok(StatusCode::NO_CONTENT)
            }
            Err(error) => {
                if error.status == StatusCode::NOT_FOUND {
                    self.charge(Kind::Miss, peer.0.ip())?;
                }
                Err(error)
            }
        }
    }

    /// Administrative units that have none below them and are in force now, by name.
    pub(crate) fn communes(&self) -> Vec<Commune> {
        let now_ms = unix_ms();
        let mut communes: Vec<Commune> = read(&*self.source, GroupId::COMMAND, |state| {
            let units = state.admin_units();
            let parents: BTreeSet<_> = units.values().filter_map(|unit| unit.parent.as_ref()).collect();
            let is_over = |until_ms: domain::Millis| until_ms.is_set() && until_ms.0 <= now_ms;
            let leaves = units.values().filter(|unit| !parents.contains(&unit.code) && !is_over(unit.valid_until_ms));
            leaves
                .map(|unit| Commune {
                    code: unit.code.to_string(),
                    name: unit.name.clone(),
                    name_en: unit.name_en.clone(),
                })
                .collect()
        });
        communes.sort_by(|a, b| a.name.cmp(&b.name));
        communes
    }
}

/// A text within its bound.
fn bounded(field: &str, text: String, bytes_max: usize) -> Result<String, PublicError> {
    if text.len() <= bytes_max {
        return Ok(text);
    }
    // A Vietnamese letter takes up to three bytes.
    let (vi, en) = (
        format!("Mục “{field}” quá dài. Hãy viết ngắn lại, nhiều nhất khoảng {} chữ.", bytes_max / 3),
        format!("It is too long: send at most {bytes_max} bytes of UTF-8."),
    );
    Err(PublicError::invalid(field, &vi, &en))
}

fn needed(field: &str, text: String, vi: &str, en: &str) -> Result<String, PublicError> {
    if text.is_empty() { Err(PublicError::invalid(field, vi, en)) } else { Ok(text) }
}
