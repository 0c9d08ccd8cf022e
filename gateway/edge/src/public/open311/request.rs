//! A report as an Open311 request, and its history as mySociety's updates.

use domain::{Millis, ReportStatus};
use serde_json::json;

use super::node::Node;
use crate::{
    cap,
    public::{followed::Followed, words},
};

/// Steps of a degree in our places.
const E7: f64 = 1e7;

/// The request; one, or more for who shows many.
pub(super) fn request(report: &Followed) -> Vec<Node> {
    let degrees = |e7: Option<i32>| Node::Scalar(e7.map_or(json!(null), |e7| json!(f64::from(e7) / E7)));
    let (code, name) = match (report.kind, report.kind_text) {
        (Some(kind), Some(name)) => (kind.as_str(), name.vi),
        _ => ("other", words::kind(domain::IncidentKind::Other).vi),
    };
    let address = [report.place.address.as_str(), report.place.name.as_str()];
    let address: Vec<_> = address.into_iter().filter(|part| !part.is_empty()).collect();
    vec![Node::Record(vec![
        ("service_request_id", Node::text(&report.code)),
        ("status", Node::text(if report.status == ReportStatus::Answered { "closed" } else { "open" })),
        ("status_notes", Node::text(report.answer.as_deref().unwrap_or(report.status_text.vi))),
        ("service_name", Node::text(name)),
        ("service_code", Node::text(code)),
        ("description", Node::text(&report.text)),
        ("agency_responsible", Node::text("")),
        ("service_notice", Node::text(report.waiting_message.as_ref().map_or("", |message| &message.vi))),
        ("requested_datetime", Node::text(&datetime(report.received_at_ms))),
        ("updated_datetime", Node::text(&datetime(report.updated_at_ms))),
        ("expected_datetime", Node::text("")),
        ("address", Node::text(&address.join(", "))),
        ("address_id", Node::text(&report.place.admin_unit)),
        ("zipcode", Node::text("")),
        ("lat", degrees(report.place.latitude_e7)),
        ("long", degrees(report.place.longitude_e7)),
        ("media_url", Node::text(&report.media_url)),
    ])]
}

/// Its steps, oldest first.
pub(super) fn updates(report: &Followed) -> Vec<Node> {
    let update = |(number, step): (usize, &crate::public::followed::Step)| {
        let is_closed = step.kind == domain::ReportStepKind::Answered;
        let description = if step.note.is_empty() { step.text.vi } else { step.note.as_str() };
        Node::Record(vec![
            ("update_id", Node::text(&format!("{}.{number}", report.code))),
            ("service_request_id", Node::text(&report.code)),
            ("status", Node::text(if is_closed { "CLOSED" } else { "OPEN" })),
            ("updated_datetime", Node::text(&datetime(step.at_ms))),
            ("description", Node::text(description)),
        ])
    };
    (1..).zip(&report.history).map(update).collect()
}

/// The standard's W3C date and time, in the province's: `2026-11-22T14:05:00+07:00`.
fn datetime(unix_ms: u64) -> String {
    cap::time(Millis(unix_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_province() {
        assert_eq!(datetime(0), "1970-01-01T07:00:00+07:00");
        assert_eq!(datetime(951_782_399_999), "2000-02-29T06:59:59+07:00");
        assert_eq!(datetime(1_798_736_399_000), "2026-12-31T23:59:59+07:00");
        assert_eq!(datetime(4_107_517_200_000), "2100-03-01T00:00:00+07:00");
    }
}
