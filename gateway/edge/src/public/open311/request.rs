//! A report as an Open311 request, and its history as mySociety's updates.

use domain::ReportStatus;
use serde_json::json;

use super::node::Node;
use crate::public::{followed::Followed, words};

const DAY_MS: u64 = 86_400_000;
/// The province's time, which all of Vietnam has: seven hours ahead of UTC, without summer time.
const ZONE_MS: u64 = 7 * 3_600_000;
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

/// Unix milliseconds as the standard's W3C date and time, in the province's: `2026-11-22T14:05:00+07:00`. The day by Howard
/// Hinnant's `civil_from_days`.
fn datetime(unix_ms: u64) -> String {
    let local_ms = unix_ms.saturating_add(ZONE_MS);
    // Days since 0000-03-01, the start of a cycle of 400 years.
    let days = local_ms / DAY_MS + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let second = local_ms % DAY_MS / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+07:00")
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
