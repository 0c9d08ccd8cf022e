//! Reports. Which incident one belongs to is said by both sides in one entry, and every link can be undone.
//!
//! | command | from | to |
//! |---|---|---|
//! | file | – | received; in hand, with an incident |
//! | link | received | in hand |
//! | unlink | in hand | received |
//! | answer | received, in hand, answered | answered |
//! | rate | answered | the same |
//! | reopen | answered | in hand if it still belongs to an incident, or else received |
//! | take, set aside | one that waits for a person (`Report::waits`) | the same |
//!
//! By when its sender has an answer is said by a policy (`answer_report`): the clock starts when it is filed, is met by the answer,
//! and starts anew beside the first one when it is opened again.
//!
//! Where the sender follows it (it was filed with a language) its steps are kept, and opening it again in the same words is a retry.
//! What a device reports stands in `device.rs`.

mod device;

pub(super) use device::{code_for, gather, is_parted, keep_parted, settle_own};

use super::{
    Outcome, Work, accepted, call, deadline,
    incident::{self, Telling},
    valid,
};
use crate::{
    AnswerReport, ClockStatus, EventKind, FileReport, Incident, IncidentId, LinkReport, Millis, Obligation, Origin,
    RateReport, Refusal, RefusalCode, ReopenReport, Report, ReportChannel, ReportCode, ReportDesk, ReportLink,
    ReportStatus, ReportStep, ReportStepKind, SetReportAside, State, TakeReport, UnlinkReport, VOCABULARY_2, erasure,
    limits, stored::Touched,
};

pub(super) fn file(work: &mut Work<'_>, command: &FileReport) -> Outcome {
    valid::text("text", &command.text)?;
    valid::maybe_name("reference", &command.reference)?;
    valid::place("place", &command.place)?;
    valid::maybe_name("contact", &command.contact)?;
    valid::maybe_name("language", &command.language)?;
    device::need_person(work, command.channel, &command.code)?;
    if let Some(known) = work.state.reports.get(&command.code) {
        let is_same =
            (known.channel, &known.reference, &known.text) == (command.channel, &command.reference, &command.text);
        let message = "is another report's: make a new code";
        return is_same
            .then(|| accepted(&known.code, known.version))
            .ok_or_else(|| Refusal::new(RefusalCode::Exists, "code", message));
    }
    need_room(work)?;
    let incident = match (&command.incident, command.kind, command.severity) {
        (None, None, None) => None,
        (Some(id), None, None) => Some(incident::join_report(work, id, &command.code, command.exercise)?),
        (None, Some(kind), Some(severity)) => {
            let FileReport { code, place, text, exercise, .. } = command;
            let told = Telling { code, place, text, exercise: *exercise, alarm: None };
            Some(incident::open_report(work, &told, kind, severity)?)
        }
        _ => {
            let remedy = "name an incident, or kind and severity of a new one, or neither";
            return Err(valid::invalid("incident", remedy));
        }
    };
    make_room(work);
    let links = incident.iter().map(|incident| new_link(work, incident)).collect();
    let mut report = Report {
        code: command.code.clone(),
        channel: command.channel,
        reference: command.reference.clone(),
        text: command.text.clone(),
        place: command.place.clone(),
        status: if incident.is_some() { ReportStatus::InHand } else { ReportStatus::Received },
        incident,
        links,
        received_at_ms: work.now,
        received_by: work.by(),
        answer: String::new(),
        answered_at_ms: Millis(0),
        answered_by: None,
        rating: 0,
        rating_note: String::new(),
        reopened_count: 0,
        version: 0,
        told_kind: command.told_kind,
        contact: command.contact.clone(),
        language: command.language.clone(),
        steps: Vec::new(),
        exercise: command.exercise,
        desk: ReportDesk::default(),
        unanswered_since_ms: Millis(0),
        clocks: Vec::new(),
        alarm: None,
    };
    start_clock(work, &mut report);
    step(work, &mut report, ReportStepKind::Received, "");
    if report.incident.is_some() {
        step(work, &mut report, ReportStepKind::InHand, "");
    }
    let incident = report.incident.clone();
    let outcome = keep(work, report, EventKind::ReportFiled);
    call::filed(work, command, incident.as_ref());
    Ok(outcome)
}

pub(super) fn link(work: &mut Work<'_>, command: &LinkReport) -> Outcome {
    let mut report = find_version(work, &command.report, command.expected_version)?;
    if let Some(incident) = &report.incident {
        return Err(valid::wrong_status("report", format!("it belongs to {incident}: undo that first")));
    }
    if report.status != ReportStatus::Received {
        return Err(valid::wrong_status("report", format!("it is {}: open it again first", report.status)));
    }
    valid::within("report", report.links.len() + 1, limits::REPORT_LINKS_MAX)?;
    if let Some(place) = &command.place {
        valid::place("place", place)?;
    }
    let alarm = device::alarm_of(work.state, &report);
    let incident = match (&command.incident, command.kind, command.severity) {
        (Some(id), None, None) => match &alarm {
            Some(alarm) => incident::join_alarm(work, id, alarm, report.exercise)?,
            None => incident::join_report(work, id, &report.code, report.exercise)?,
        },
        (None, Some(kind), Some(severity)) => {
            let Report { code, text, exercise, .. } = &report;
            let place = command.place.as_ref().unwrap_or(&report.place);
            let told = Telling { code, place, text, exercise: *exercise, alarm: alarm.as_ref() };
            incident::open_report(work, &told, kind, severity)?
        }
        _ => return Err(valid::invalid("incident", "name an incident, or kind and severity of a new one")),
    };
    if let Some(alarm) = &alarm {
        incident::heard_in(work, alarm, &incident);
        report.alarm = None;
    }
    report.links.push(new_link(work, &incident));
    report.incident = Some(incident);
    report.status = ReportStatus::InHand;
    step(work, &mut report, ReportStepKind::InHand, "");
    Ok(keep(work, report, EventKind::ReportLinked))
}

pub(super) fn unlink(work: &mut Work<'_>, command: &UnlinkReport) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut report = find_version(work, &command.report, command.expected_version)?;
    let incident = report.incident.take().filter(|_| report.status == ReportStatus::InHand);
    let Some(incident) = incident else {
        return Err(valid::wrong_status("report", format!("it is {}: it belongs to no incident", report.status)));
    };
    if report.channel == ReportChannel::Device {
        report.alarm = Some(incident::part_alarm(work, &incident, &report.code)?);
    } else {
        incident::part_report(work, &incident, &report.code)?;
    }
    let (now, by) = (work.now, work.by());
    if let Some(link) = report.links.last_mut() {
        link.undone_at_ms = now;
        link.undone_by = by;
        link.reason.clone_from(&command.reason);
    }
    report.status = ReportStatus::Received;
    // Why is for those who handle it.
    step(work, &mut report, ReportStepKind::SetBack, "");
    Ok(keep(work, report, EventKind::ReportUnlinked))
}

pub(super) fn answer(work: &mut Work<'_>, command: &AnswerReport) -> Outcome {
    valid::text("answer", &command.answer)?;
    let mut report = find_version(work, &command.report, command.expected_version)?;
    report.status = ReportStatus::Answered;
    report.answer.clone_from(&command.answer);
    report.answered_at_ms = work.now;
    report.answered_by = work.by();
    end_clocks(work, &mut report, ClockStatus::Met);
    step(work, &mut report, ReportStepKind::Answered, &command.answer);
    Ok(keep(work, report, EventKind::ReportAnswered))
}

/// Whoever takes one that somebody else has does so on the version that says so: never unknowingly.
pub(super) fn take(work: &mut Work<'_>, command: &TakeReport) -> Outcome {
    let by = work.by_person()?;
    let mut report = find_waiting(work, &command.report, command.expected_version)?;
    if command.take {
        report.desk = ReportDesk { taken_by: Some(by), taken_at_ms: work.now, ..ReportDesk::default() };
        return Ok(keep_desk(work, report, EventKind::ReportTaken));
    }
    if report.desk.taken_by.is_none() {
        return Ok(accepted(&report.code, report.version));
    }
    report.desk = ReportDesk::default();
    Ok(keep_desk(work, report, EventKind::ReportGivenBack))
}

pub(super) fn set_aside(work: &mut Work<'_>, command: &SetReportAside) -> Outcome {
    valid::text("reason", &command.reason)?;
    let by = work.by_person()?;
    if !limits::REPORT_ASIDE_MS.contains(&command.for_ms) {
        let (least, most) = (limits::REPORT_ASIDE_MS.start(), limits::REPORT_ASIDE_MS.end());
        return Err(valid::invalid("for_ms", format!("is out of range: send {least} to {most} milliseconds")));
    }
    let mut report = find_waiting(work, &command.report, command.expected_version)?;
    report.desk = ReportDesk {
        aside_by: Some(by),
        aside_at_ms: work.now,
        aside_until_ms: work.now.plus(command.for_ms),
        aside_reason: command.reason.clone(),
        ..ReportDesk::default()
    };
    Ok(keep_desk(work, report, EventKind::ReportSetAside))
}

/// The drill is over: nobody has to answer it any more. Whether that was so.
pub(super) fn answer_drilled(work: &mut Work<'_>, code: &ReportCode, note: &str) -> bool {
    let is_open = |report: &&Report| report.status != ReportStatus::Answered;
    let Some(mut report) = work.state.reports.get(code).filter(is_open).cloned() else { return false };
    report.status = ReportStatus::Answered;
    note.clone_into(&mut report.answer);
    report.answered_at_ms = work.now;
    report.answered_by = work.by();
    end_clocks(work, &mut report, ClockStatus::Void);
    step(work, &mut report, ReportStepKind::Answered, note);
    keep(work, report, EventKind::ReportAnswered);
    true
}

/// The sender's own; the last rating counts.
pub(super) fn rate(work: &mut Work<'_>, command: &RateReport) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    if !(1..=limits::RATING_MAX).contains(&command.rating) {
        return Err(valid::invalid("rating", format!("is out of range: send 1 to {}", limits::RATING_MAX)));
    }
    let mut report = find(work, &command.report)?;
    device::need_sender(&report)?;
    need_answered(&report)?;
    if (report.rating, &report.rating_note) == (command.rating, &command.note) {
        return Ok(accepted(&report.code, report.version));
    }
    report.rating = command.rating;
    report.rating_note.clone_from(&command.note);
    Ok(keep(work, report, EventKind::ReportRated))
}

pub(super) fn reopen(work: &mut Work<'_>, command: &ReopenReport) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut report = find(work, &command.report)?;
    device::need_sender(&report)?;
    let is_retry = |last: &ReportStep| last.kind == ReportStepKind::Reopened && last.note == command.reason;
    if report.steps.last().is_some_and(is_retry) {
        return Ok(accepted(&report.code, report.version));
    }
    need_answered(&report)?;
    report.status = if report.incident.is_some() { ReportStatus::InHand } else { ReportStatus::Received };
    report.reopened_count = report.reopened_count.saturating_add(1);
    start_clock(work, &mut report);
    step(work, &mut report, ReportStepKind::Reopened, &command.reason);
    Ok(keep(work, report, EventKind::ReportReopened))
}

/// How its sender can be reached goes; what was reported and answered stays.
pub(super) fn forget_contact(work: &mut Work<'_>, code: &ReportCode) {
    let Some(mut report) = work.state.reports.get(code).cloned() else { return };
    report.contact = String::new();
    keep(work, report, EventKind::PersonalErased);
}

/// What its sender said goes, and where it was; what was answered stays.
pub(super) fn forget_words(work: &mut Work<'_>, code: &ReportCode) {
    let Some(mut report) = work.state.reports.get(code).cloned() else { return };
    erasure::forget_report(&mut report);
    keep(work, report, EventKind::PersonalErased);
}

fn find(work: &Work<'_>, code: &ReportCode) -> Result<Report, Refusal> {
    work.state.reports.get(code).cloned().ok_or_else(|| valid::not_found("report", code))
}

fn find_version(work: &Work<'_>, code: &ReportCode, expected_version: u64) -> Result<Report, Refusal> {
    let report = find(work, code)?;
    if report.version == expected_version {
        return Ok(report);
    }
    let message = format!("it is at version {}: look, then decide anew", report.version);
    Err(valid::version_conflict("expected_version", message))
}

fn find_waiting(work: &Work<'_>, code: &ReportCode, expected_version: u64) -> Result<Report, Refusal> {
    let report = find_version(work, code, expected_version)?;
    if report.waits().is_some() {
        return Ok(report);
    }
    Err(valid::wrong_status("report", format!("it is {}: it waits for nobody", report.status)))
}

fn need_answered(report: &Report) -> Result<(), Refusal> {
    if report.status == ReportStatus::Answered {
        return Ok(());
    }
    Err(valid::wrong_status("report", format!("it is {}: wait for the answer", report.status)))
}

fn new_link(work: &Work<'_>, incident: &IncidentId) -> ReportLink {
    ReportLink {
        incident: incident.clone(),
        at_ms: work.now,
        by: work.by(),
        undone_at_ms: Millis(0),
        undone_by: None,
        reason: String::new(),
    }
}

/// Notes a step for the sender who follows it.
fn step(work: &Work<'_>, report: &mut Report, kind: ReportStepKind, note: &str) {
    if report.language.is_empty() {
        return;
    }
    if report.steps.len() >= limits::REPORT_STEPS_MAX {
        report.steps.remove(1);
    }
    report.steps.push(ReportStep { kind, at_ms: work.now, note: note.to_owned() });
}

/// Keeps the report: whatever somebody did about it, nobody has it any more and nothing is set aside.
fn keep(work: &mut Work<'_>, mut report: Report, kind: EventKind) -> crate::Accepted {
    if kind != EventKind::ReportRated {
        report.desk = ReportDesk::default();
        report.unanswered_since_ms = Millis(0);
    }
    keep_desk(work, report, kind)
}

/// Keeps the report as a new version and tells its code. What it says is for whom it concerns: who sees those that wait.
fn keep_desk(work: &mut Work<'_>, mut report: Report, kind: EventKind) -> crate::Accepted {
    report.version += 1;
    let (outcome, code) = (accepted(&report.code, report.version), report.code.clone());
    keep_as_it_was(work, report, kind, code.as_str());
    outcome
}

/// An incident was closed: whoever told of it and follows that has an answer to get, and somebody has to see that they do.
pub(super) fn incident_closed(work: &mut Work<'_>, id: &IncidentId, note: &str) {
    if !work.state.has_feature(VOCABULARY_2) {
        return;
    }
    let told = told_of(work.state, id);
    let now = work.now;
    owe(work, &told, now);
    device::settle(work, told, note);
}

/// It goes on after all: what is told of it is in hand as it was.
pub(super) fn incident_reopened(work: &mut Work<'_>, id: &IncidentId) {
    if !work.state.has_feature(VOCABULARY_2) {
        return;
    }
    let told = told_of(work.state, id);
    owe(work, &told, Millis(0));
    device::take_up(work, told);
}

fn owe(work: &mut Work<'_>, told: &[Report], since: Millis) {
    for report in told {
        let mut report = report.clone();
        let is_open = report.status == ReportStatus::InHand && !report.language.is_empty();
        if !is_open || report.unanswered_since_ms.is_set() == since.is_set() {
            continue;
        }
        report.unanswered_since_ms = since;
        if report.waits().is_none() {
            report.desk = ReportDesk::default();
        }
        keep_desk(work, report, EventKind::ReportSupplemented);
    }
}

/// It is another field's or agency's than before: what waits of it is so as well.
pub(super) fn incident_in_other_hands(work: &mut Work<'_>, id: &IncidentId) {
    for report in told_of(work.state, id) {
        supplemented(work, &report.code);
    }
}

/// The reports that belong to the incident, or to one that was merged into it.
fn told_of(state: &State, id: &IncidentId) -> Vec<Report> {
    let is_it = |other: &IncidentId| other == id || state.incident_now(other).is_some_and(|now| now.id == *id);
    let of = |it: &&Incident| it.id == *id || (it.merged_into.is_some() && is_it(&it.id));
    let sources = state.incidents.values().filter(of).flat_map(|incident| &incident.sources);
    let codes = sources.filter_map(|source| match &source.origin {
        Origin::Report(code) => state.reports.get(code.as_str()),
        Origin::Alarm(_) => state.reports.get(source.alarm_report.as_ref()?),
        Origin::Person(_) => None,
    });
    codes.filter(|report| report.incident.as_ref().is_some_and(is_it)).cloned().collect()
}

/// A photo came to it, or was taken away: whoever sees that it waits is told, and one that was set aside is back.
pub(super) fn supplemented(work: &mut Work<'_>, code: &ReportCode) {
    let waiting = work.state.note_waiting(code);
    if let Some(waiting) = waiting.filter(|_| work.state.has_feature(VOCABULARY_2)) {
        work.emit(EventKind::ReportSupplemented, code.as_str(), Some(waiting.into()));
    }
}

/// The same without a new version. The note names the code.
pub(super) fn keep_as_it_was(work: &mut Work<'_>, report: Report, kind: EventKind, note: &str) {
    let code = report.code.clone();
    work.touch(Touched::Report(code.clone()));
    work.state.keep_report(report);
    let waiting = work.state.note_waiting(&code);
    let subject = waiting.filter(|_| work.state.has_feature(VOCABULARY_2)).map(Into::into);
    work.emit(kind, note, subject);
}

/// By when its sender has an answer, in the round of how often it was opened again.
fn start_clock(work: &Work<'_>, report: &mut Report) {
    let incident = report.incident.as_ref().and_then(|id| work.state.incidents.get(id));
    let kind = incident.map(|incident| incident.kind).or(report.told_kind);
    let case = deadline::Case { kind, agency: "", admin_unit: &report.place.admin_unit };
    let Some(policy) = deadline::policy(work.state, Obligation::AnswerReport, &case) else { return };
    let terms = deadline::terms(policy, deadline::number(&report.clocks), report.reopened_count);
    deadline::start(work.state, &mut report.clocks, terms, work.now);
}

fn end_clocks(work: &Work<'_>, report: &mut Report, status: ClockStatus) {
    deadline::end(work.state, &mut report.clocks, &[Obligation::AnswerReport], status, work.now);
}

/// Refuses when nothing could leave for a new report.
fn need_room(work: &Work<'_>) -> Result<(), Refusal> {
    if has_room(work.state) {
        return Ok(());
    }
    valid::within("report", work.state.reports.len() + 1, limits::REPORTS_MAX)
}

fn has_room(state: &State) -> bool {
    let is_answered = |report: &Report| report.status == ReportStatus::Answered;
    state.reports.len() < limits::REPORTS_MAX || state.reports.values().any(is_answered)
}

/// At the bound those answered the longest leave, `limits::REPORTS_DROPPED_AT_ONCE` at a time, so that the look through all
/// of them is rare. The incidents keep them as their sources.
fn make_room(work: &mut Work<'_>) {
    if work.state.reports.len() < limits::REPORTS_MAX {
        return;
    }
    let answered = work.state.reports.values().filter(|report| report.status == ReportStatus::Answered);
    let mut done: Vec<_> = answered.map(|report| (report.answered_at_ms, report.code.clone())).collect();
    done.sort_unstable();
    for (_, code) in done.into_iter().take(limits::REPORTS_DROPPED_AT_ONCE) {
        work.state.drop_report(&code);
        work.touch(Touched::Report(code));
    }
}
