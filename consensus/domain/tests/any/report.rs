//! Any command about reports: three codes, so that they collide.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{incident_id, kind, make, place, severity, text, version};

pub(super) fn code() -> impl Strategy<Value = ReportCode> + Clone {
    select(&["7K3F", "9QXM", "2ABC"][..]).prop_map(|text| ReportCode::new(text).unwrap())
}

pub(super) fn command_of_report() -> BoxedStrategy<Command> {
    prop_oneof![
        4 => followed(filed()),
        3 => make!(LinkReport {
            report: code(),
            expected_version: version(),
            incident: prop::option::weighted(0.9, incident_id()),
            kind: prop::option::weighted(0.3, kind()),
            severity: prop::option::weighted(0.3, severity()),
            place: prop::option::weighted(0.2, place()),
        }),
        2 => make!(TakeReport { report: code(), expected_version: version(), take: prop::bool::weighted(0.7) }),
        2 => make!(SetReportAside {
            report: code(),
            expected_version: version(),
            for_ms: prop_oneof![4 => 60_000u64..400_000, 1 => any::<u64>()],
            reason: text(),
        }),
        2 => make!(UnlinkReport { report: code(), expected_version: version(), reason: text() }),
        3 => make!(AnswerReport { report: code(), expected_version: version(), answer: text() }),
        1 => make!(RateReport { report: code(), rating: 0u32..7, note: text() }),
        2 => make!(ReopenReport { report: code(), reason: text() }),
    ]
    .boxed()
}

fn filed() -> BoxedStrategy<Command> {
    let of = (
        prop::option::weighted(0.2, incident_id()),
        prop::option::weighted(0.3, kind()),
        prop::option::weighted(0.3, severity()),
    );
    // Nobody files a device's by hand: `tests/alarm_reports.rs`.
    let drawn = (code(), select(&ReportChannel::ALL[..4]), text(), text(), place(), of);
    let file = |(code, channel, reference, text, place, (incident, kind, severity))| FileReport {
        code,
        channel,
        reference,
        text,
        place,
        incident,
        kind,
        severity,
        told_kind: None,
        advice: None,
        contact: String::new(),
        language: String::new(),
        exercise: false,
    };
    drawn.prop_map(move |drawn| Command::from(file(drawn))).boxed()
}

/// Those that come over the web are followed, and of calls a form said the same. Nothing more is drawn for it, so that the sequences
/// stay what they are.
fn followed(command: BoxedStrategy<Command>) -> BoxedStrategy<Command> {
    let follow = |mut command| {
        if let Command::FileReport(report) = &mut command
            && report.channel == ReportChannel::Web
        {
            report.told_kind = report.kind;
            report.contact.clone_from(&report.reference);
            report.language = "vi".to_owned();
        }
        if let Command::FileReport(report) = &mut command
            && report.channel == ReportChannel::Call
        {
            let said = report.kind.zip(report.severity);
            report.advice = said.map(|(kind, severity)| FormAdvice { kind, severity });
        }
        command
    };
    command.prop_map(follow).boxed()
}

/// Names a report that is as far as the command needs it, and its version, and says something.
pub(super) fn aim(entry: &mut Entry, state: &State) {
    let some = || "Nước lên".to_owned();
    let find = |status| state.reports().values().find(|report| report.status == status);
    let received = find(ReportStatus::Received).cloned();
    let in_hand = find(ReportStatus::InHand).cloned();
    let answered = find(ReportStatus::Answered).map(|report| report.code.clone());
    match &mut entry.command {
        Command::FileReport(command) => {
            command.text = some();
            if command.kind.is_none() || command.incident.is_some() {
                (command.kind, command.severity) = (None, None);
            }
        }
        Command::LinkReport(command) => {
            if command.incident.is_some() || command.kind.is_none() || command.severity.is_none() {
                (command.kind, command.severity) = (None, None);
            }
            let Some(report) = received else { return };
            (command.report, command.expected_version) = (report.code, report.version);
        }
        Command::TakeReport(command) => {
            let Some((code, report)) = state.waiting_reports().iter().next() else { return };
            (command.report, command.expected_version) = (code.clone(), report.version);
        }
        Command::SetReportAside(command) => {
            let Some((code, report)) = state.waiting_reports().iter().next() else { return };
            (command.report, command.expected_version, command.reason) = (code.clone(), report.version, some());
        }
        Command::UnlinkReport(command) => {
            let Some(report) = in_hand else { return };
            (command.report, command.expected_version, command.reason) = (report.code, report.version, some());
        }
        Command::AnswerReport(command) => {
            let Some(report) = received.or(in_hand) else { return };
            (command.report, command.expected_version, command.answer) = (report.code, report.version, some());
        }
        Command::RateReport(command) => command.report = answered.unwrap_or(command.report.clone()),
        Command::ReopenReport(command) => {
            command.report = answered.unwrap_or(command.report.clone());
            command.reason = some();
        }
        other => super::model::aim(other, state),
    }
}
