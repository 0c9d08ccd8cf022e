//! Why the public was refused: in Vietnamese and English, with the field and what to do about it.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{Refusal, RefusalCode};
use hyper::{
    StatusCode,
    header::{CONNECTION, HeaderValue, RETRY_AFTER},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{cluster::RoadError, error::ApiError};

/// A refusal: `code` is for programs, `field` and the messages for people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PublicErrorBody {
    /// Kind of failure, such as `busy`.
    pub(crate) code: String,
    /// The field that was wrong; empty when it is none.
    pub(crate) field: String,
    /// What to do about it, in Vietnamese.
    pub(crate) message: String,
    /// The same in English.
    pub(crate) message_en: String,
}

/// A public request that failed.
#[derive(Clone, Debug)]
pub(crate) struct PublicError {
    pub(crate) status: StatusCode,
    retry_after_s: Option<u64>,
    closes: bool,
    pub(crate) body: Box<PublicErrorBody>,
}

impl PublicError {
    pub(crate) fn new(status: StatusCode, code: &str, field: &str, vi: &str, en: &str) -> Self {
        let body = PublicErrorBody {
            code: code.to_owned(),
            field: field.to_owned(),
            message: vi.to_owned(),
            message_en: en.to_owned(),
        };
        Self { status, retry_after_s: None, closes: false, body: Box::new(body) }
    }

    /// 422: a value is wrong.
    pub(crate) fn invalid(field: &str, vi: &str, en: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", field, vi, en)
    }

    /// 429: too many at a time; nothing was done.
    pub(crate) fn busy(wait_s: u64) -> Self {
        let wait_s = wait_s.max(1);
        let vi = format!(
            "Đang có quá nhiều yêu cầu nên yêu cầu này chưa được ghi nhận. Hãy gửi lại sau {wait_s} giây. Việc khẩn cấp xin gọi 114 \
             (cháy, cứu nạn), 115 (cấp cứu), việc khác gọi 1022."
        );
        let en = format!(
            "Too many requests are coming in, and this one was not taken. Send it again in {wait_s} seconds. In an emergency call \
             114 (fire, rescue) or 115 (ambulance), for anything else call 1022."
        );
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", "", &vi, &en);
        error.retry_after_s = Some(wait_s);
        error
    }

    /// 404: no such report.
    pub(crate) fn no_report() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "code",
            "Không có phản ánh nào với mã này. Hãy xem lại mã, hoặc gọi 1022.",
            "There is no report under this code. Look at the code again, or call 1022.",
        )
    }

    /// The connection is closed after the answer: somebody else needs its place.
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Its headers beside the body.
    pub(crate) fn dress(&self, response: &mut Response) {
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    fn again(mut self) -> Self {
        self.retry_after_s = Some(RETRY_S);
        self
    }
}

/// When to come again after something that passes by itself.
const RETRY_S: u64 = 2;

impl From<ApiError> for PublicError {
    fn from(error: ApiError) -> Self {
        let (status, field, en) = (error.status(), error.field(), error.message());
        let vi = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "Nội dung gửi lên quá dài. Hãy viết ngắn lại rồi gửi.".to_owned(),
            StatusCode::BAD_REQUEST => "Nội dung gửi lên không đọc được. Hãy gửi đủ và đúng dạng.".to_owned(),
            _ if status.is_server_error() => "Máy chủ đang bận. Hãy gửi lại sau ít giây.".to_owned(),
            _ => format!("Mục “{field}” còn thiếu hoặc chưa đúng. Hãy sửa rồi gửi lại."),
        };
        Self::new(status, error.code(), field, &vi, en)
    }
}

impl From<RoadError> for PublicError {
    fn from(error: RoadError) -> Self {
        let unavailable = |code| {
            Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                code,
                "",
                "Hệ thống tạm thời chưa ghi nhận được. Hãy gửi lại sau ít giây; việc khẩn cấp xin gọi 114 hoặc 115.",
                "It cannot be taken at this moment. Send it again in a few seconds; in an emergency call 114 or 115.",
            )
            .again()
        };
        match error {
            RoadError::Overloaded => Self::busy(RETRY_S),
            RoadError::NoLeader => unavailable("no_leader"),
            RoadError::DiskFull => unavailable("disk_full"),
            RoadError::Stopped => unavailable("stopping"),
            RoadError::Cut => unavailable("line_cut"),
            RoadError::Unknown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unknown",
                "",
                "Chưa biết đã ghi nhận hay chưa. Hãy gửi lại đúng yêu cầu này: dù gửi mấy lần cũng chỉ ghi một lần.",
                "Whether it was taken is not known. Send the same request again: it is taken once, however often it is sent.",
            )
            .again(),
        }
    }
}

impl From<Refusal> for PublicError {
    fn from(refusal: Refusal) -> Self {
        // The field without the name of the command, which is nobody's business here.
        let field = refusal.field.split_once('.').map_or(refusal.field.as_str(), |(_, field)| field);
        match refusal.code {
            RefusalCode::NotFound => Self::no_report(),
            RefusalCode::Exists => Self::new(
                StatusCode::CONFLICT,
                "exists",
                "key",
                "Khóa này đã dùng cho một phản ánh khác. Hãy tạo khóa mới rồi gửi lại.",
                "This key was used for another report. Make a new key and send it again.",
            ),
            RefusalCode::WrongStatus => Self::new(
                StatusCode::CONFLICT,
                "wrong_status",
                "code",
                "Phản ánh này chưa có trả lời mới. Hãy đợi cơ quan trả lời rồi đánh giá hoặc yêu cầu xử lý lại.",
                "This report has no new answer yet. Wait for the answer, then rate it or open it again.",
            ),
            RefusalCode::Limit if field == "report" => Self::busy(60),
            RefusalCode::NotSwitchedOn => Self::busy(60),
            _ => Self::invalid(
                field,
                &format!("Mục “{field}” chưa đúng. Hãy viết ngắn gọn, chỉ gồm chữ và số, rồi gửi lại."),
                &refusal.message,
            ),
        }
    }
}

impl IntoResponse for PublicError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&*self.body)).into_response();
        self.dress(&mut response);
        response
    }
}
