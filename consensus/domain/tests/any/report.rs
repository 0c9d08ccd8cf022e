//! Any command about reports: three codes, so that they collide.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{incident_id, kind, make, place, severity, text, version};

fn code() -> impl Strategy<Value = ReportCode> + Clone {
    select(&["7K3F", "9QXM", "2ABC"][..]).prop_map(|text| ReportCode::new(text).unwrap())
}

pub(super) fn command_of_report() -> BoxedStrategy<Command> {
    prop_oneof![
        4 => make!(FileReport {
            code: code(),
            channel: select(ReportChannel::ALL),
            reference: text(),
            text: text(),
            place: place(),
            incident: prop::option::weighted(0.2, incident_id()),
            kind: prop::option::weighted(0.3, kind()),
            severity: prop::option::weighted(0.3, severity()),
        }),
        3 => make!(LinkReport { report: code(), expected_version: version(), incident: incident_id() }),
        2 => make!(UnlinkReport { report: code(), expected_version: version(), reason: text() }),
        3 => make!(AnswerReport { report: code(), expected_version: version(), answer: text() }),
        1 => make!(RateReport { report: code(), rating: 0u32..7, note: text() }),
        2 => make!(ReopenReport { report: code(), reason: text() }),
    ]
    .boxed()
}

/// Names the version that is right.
pub(super) fn aim(entry: &mut Entry, state: &State) {
    let version = |code: &ReportCode| state.reports().get(code).map_or(1, |report| report.version);
    let answered = state.reports().values().find(|report| report.status == ReportStatus::Answered);
    let answered = answered.map(|report| report.code.clone());
    match &mut entry.command {
        Command::LinkReport(command) => command.expected_version = version(&command.report),
        Command::UnlinkReport(command) => command.expected_version = version(&command.report),
        Command::AnswerReport(command) => command.expected_version = version(&command.report),
        Command::RateReport(command) => command.report = answered.unwrap_or(command.report.clone()),
        Command::ReopenReport(command) => command.report = answered.unwrap_or(command.report.clone()),
        other => super::model::aim(other, state),
    }
}
