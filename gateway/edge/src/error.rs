//! What goes wrong, as HTTP: one type, one place where outcomes of the cluster become statuses.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{Refusal, RefusalCode, wire::Malformed};
use hyper::{
    StatusCode,
    header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{accounts::LoginFailure, api::body::REASON_HEADER, cluster::RoadError, seal::CannotSeal};

/// The password was right and a code of the second factor is asked for.
pub const CODE_NEEDED: &str = "code_needed";
/// The password was right and the code was not.
pub const CODE_DENIED: &str = "code_denied";
/// Code of [`RoadError::Cut`].
pub const CUT_CODE: &str = "line_cut";

/// Why a request failed: `code` is for programs, `field` and `message` for whoever has to put it right.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// Kind of failure, such as `version_conflict`.
    code: String,
    /// The field that was wrong; empty when it is none.
    field: String,
    /// What to do about it.
    message: String,
    /// What became of each reading, for a refused push of readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    verdicts: Option<Value>,
}

/// A request that failed.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    retry_after_s: Option<u64>,
    body: Box<ErrorBody>,
}

impl ApiError {
    fn new(status: StatusCode, code: &str, field: &str, message: &str) -> Self {
        let body = ErrorBody { code: code.into(), field: field.into(), message: message.into(), verdicts: None };
        Self { status, retry_after_s: None, body: Box::new(body) }
    }

    /// 400: the request itself is not as it should be.
    pub(crate) fn bad_request(field: &str, remedy: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", field, remedy)
    }

    /// 422: a value in it is wrong.
    pub(crate) fn invalid(field: &str, remedy: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", field, remedy)
    }

    /// 422: nobody said why, of what is done for a reason that is said alone.
    pub(crate) fn why_needed() -> Self {
        Self::invalid(REASON_HEADER, "say why in this header, in percent-encoded UTF-8: it stands in the record")
    }

    /// 422: no reading was recorded.
    pub(crate) fn all_refused(verdicts: Value) -> Self {
        let message = "none was recorded: see what became of each in `verdicts`";
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "all_refused", "readings", message);
        error.body.verdicts = Some(verdicts);
        error
    }

    /// 401: nobody is signed in.
    pub(crate) fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed_out", "", "sign in: POST /api/login")
    }

    /// 403.
    pub(crate) fn forbidden(field: &str, remedy: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", field, remedy)
    }

    /// 404.
    pub(crate) fn not_found(noun: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", noun, &format!("there is no {noun} {id} that you may see"))
    }

    /// 409: one sequence number for two commands.
    pub(crate) fn seq_reused(seq: u64) -> Self {
        let message = format!("{seq} was already used for another command: use the next number");
        Self::new(StatusCode::CONFLICT, "seq_reused", "x-request-seq", &message)
    }

    /// 409: the cluster would not bear it.
    pub(crate) fn refused(code: &str, message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, code, "", message)
    }

    /// 413.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "body", &format!("send at most {bytes_max} bytes"))
    }

    /// 503: nothing was done.
    pub(crate) fn unavailable(message: &str) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "", message);
        error.retry_after_s = Some(1);
        error
    }

    /// 503: it may have been done.
    pub(crate) fn unknown(message: &str) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unknown", "", message);
        error.retry_after_s = Some(1);
        error
    }

    /// Whether the same request may succeed in a moment, or at another node.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// What to do about it, as in the body.
    pub(crate) fn message(&self) -> &str {
        &self.body.message
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The field that was wrong, as in the body.
    pub(crate) fn field(&self) -> &str {
        &self.body.field
    }

    /// Its kind, as in the body.
    pub(crate) fn code(&self) -> &str {
        &self.body.code
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            RefusalCode::UnknownSession => StatusCode::UNAUTHORIZED,
            RefusalCode::Forbidden => StatusCode::FORBIDDEN,
            RefusalCode::NotFound => StatusCode::NOT_FOUND,
            RefusalCode::Invalid | RefusalCode::WrongGroup => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalCode::Limit => StatusCode::TOO_MANY_REQUESTS,
            RefusalCode::OutsideWindow
            | RefusalCode::StaleGrant
            | RefusalCode::Exists
            | RefusalCode::VersionConflict
            | RefusalCode::WrongStatus
            | RefusalCode::NotDue
            | RefusalCode::NotSwitchedOn => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.code.as_str(), &refusal.field, &refusal.message)
    }
}

impl From<RoadError> for ApiError {
    fn from(error: RoadError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            RoadError::Overloaded => (StatusCode::TOO_MANY_REQUESTS, "overloaded"),
            RoadError::NoLeader => (StatusCode::SERVICE_UNAVAILABLE, "no_leader"),
            RoadError::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            RoadError::Unknown => (StatusCode::SERVICE_UNAVAILABLE, "unknown"),
            RoadError::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            RoadError::Cut => (StatusCode::SERVICE_UNAVAILABLE, CUT_CODE),
        };
        Self { retry_after_s: Some(1), ..Self::new(status, code, "", &message) }
    }
}

impl From<LoginFailure> for ApiError {
    fn from(failure: LoginFailure) -> Self {
        let message = failure.to_string();
        match failure {
            LoginFailure::Denied => Self::new(StatusCode::UNAUTHORIZED, "denied", "", &message),
            LoginFailure::CodeNeeded => Self::new(StatusCode::UNAUTHORIZED, CODE_NEEDED, "code", &message),
            LoginFailure::CodeDenied => Self::new(StatusCode::UNAUTHORIZED, CODE_DENIED, "code", &message),
            LoginFailure::TooSoon { wait_ms } => Self {
                retry_after_s: Some(wait_ms.div_ceil(1_000)),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_soon", "", &message)
            },
            LoginFailure::Busy => {
                Self { retry_after_s: Some(1), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", "", &message) }
            }
        }
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        Self::invalid(&malformed.field, &malformed.remedy)
    }
}

impl From<CannotSeal> for ApiError {
    fn from(error: CannotSeal) -> Self {
        Self::unavailable(&error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(*self.body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // For programs; a browser would ask for a password of its own if this said Basic.
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_status() {
        let refused = |code| ApiError::from(Refusal { code, field: "f".into(), message: "m".into() }).status.as_u16();
        assert_eq!(refused(RefusalCode::UnknownSession), 401);
        assert_eq!(refused(RefusalCode::Forbidden), 403);
        assert_eq!(refused(RefusalCode::NotFound), 404);
        assert_eq!(refused(RefusalCode::VersionConflict), 409);
        assert_eq!(refused(RefusalCode::WrongStatus), 409);
        assert_eq!(refused(RefusalCode::Invalid), 422);
        assert_eq!(refused(RefusalCode::Limit), 429);
        let road = |error: RoadError| (ApiError::from(error.clone()).status.as_u16(), ApiError::from(error).body.code);
        assert_eq!(road(RoadError::Overloaded), (429, "overloaded".into()));
        assert_eq!(road(RoadError::Unknown), (503, "unknown".into()));
        assert_eq!(road(RoadError::DiskFull), (507, "disk_full".into()));
        assert_eq!(road(RoadError::Cut), (503, CUT_CODE.into()));
        assert_eq!(road(RoadError::NoLeader), (503, "no_leader".into()));
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_that_are_enough() {
        let error = ApiError::from(LoginFailure::TooSoon { wait_ms: 1_001 });
        assert_eq!(error.into_response().headers().get(RETRY_AFTER).unwrap(), "2");
    }
}
