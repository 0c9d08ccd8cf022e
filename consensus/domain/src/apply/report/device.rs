//! Reports of devices: filed by an alarm in the entry in which it opens or joins an incident, so once for each occurrence on every
//! replica. Nobody follows one: it says what the device said, and is settled with its incident.
//!
//! | what | from | to |
//! |---|---|---|
//! | its alarm opens or joins an incident | – | in hand |
//! | the occurrence goes on in another incident, the former being done with | in hand, answered | in hand, there |
//! | its incident is closed | in hand | answered, with that note |
//! | its incident goes on after all | answered | in hand |
//! | a person takes it out | in hand | received, and the alarm stays out |
//! | a person puts it to an incident | received | in hand, and the alarm tells that one |

use super::{Report, has_room, keep, make_room, new_link};
use crate::{
    Alarm, EventKind, FeedIncident, IncidentId, Millis, Refusal, ReportChannel, ReportCode, ReportDesk, ReportStatus,
    Source, State, VOCABULARY_2,
    apply::{Work, incident, valid},
    limits,
    stored::Touched,
};

/// Why the system undid a link: the occurrence went on, and the incident did not.
const WENT_ON: &str = "came up again";

/// Under which code the alarm's occurrence is reported; none: it is not. An incident is worth more than its report, so where no report
/// has room the incident goes without.
pub(in crate::apply) fn code_for(state: &State, alarm: &Alarm) -> Option<ReportCode> {
    if !alarm.active || !state.has_feature(VOCABULARY_2) {
        return None;
    }
    let code = ReportCode::of_device(&alarm.key, alarm.first_episode(), alarm.exercise)?;
    let can_be = match state.reports.get(&code) {
        Some(known) => known.channel == ReportChannel::Device,
        None => has_room(state),
    };
    can_be.then_some(code)
}

/// Files the report of the alarm, which told the incident just now; one of the same occurrence that was in another goes over.
pub(in crate::apply) fn gather(work: &mut Work<'_>, command: &FeedIncident, id: &IncidentId, code: &ReportCode) {
    let Some(mut report) = work.state.reports.get(code).cloned() else { return file(work, command, id, code) };
    if let Some(former) = report.incident.replace(id.clone()).filter(|former| former != id) {
        incident::leave_alarm(work, (&former, id), &command.alarm.key, code);
    }
    if let Some(link) = report.links.last_mut().filter(|link| !link.undone_at_ms.is_set()) {
        link.undone_at_ms = work.now;
        WENT_ON.clone_into(&mut link.reason);
    }
    if report.links.len() >= limits::REPORT_LINKS_MAX {
        report.links.remove(0);
    }
    report.links.push(new_link(work, id));
    report.alarm = None;
    let kind = take_in_hand(&mut report);
    keep(work, report, kind);
}

fn file(work: &mut Work<'_>, command: &FeedIncident, id: &IncidentId, code: &ReportCode) {
    make_room(work);
    let alarm = &command.alarm;
    let report = Report {
        code: code.clone(),
        channel: ReportChannel::Device,
        reference: alarm.key.to_string(),
        text: command.summary.clone(),
        place: alarm.place.clone(),
        status: ReportStatus::InHand,
        incident: Some(id.clone()),
        links: vec![new_link(work, id)],
        received_at_ms: work.now,
        received_by: None,
        answer: String::new(),
        answered_at_ms: Millis(0),
        answered_by: None,
        rating: 0,
        rating_note: String::new(),
        reopened_count: 0,
        version: 0,
        told_kind: Some(command.kind),
        contact: String::new(),
        language: String::new(),
        steps: Vec::new(),
        exercise: alarm.exercise,
        desk: ReportDesk::default(),
        unanswered_since_ms: Millis(0),
        clocks: Vec::new(),
        alarm: None,
    };
    keep(work, report, EventKind::ReportFiled);
}

/// Whether a person has it out of every incident.
pub(in crate::apply) fn is_parted(state: &State, code: &ReportCode) -> bool {
    let is_out = |report: &Report| report.channel == ReportChannel::Device && report.incident.is_none();
    state.has_feature(VOCABULARY_2) && state.reports.get(code).is_some_and(is_out)
}

/// The alarm changed while its report is out: it is kept with the report, for whoever puts it somewhere.
pub(in crate::apply) fn keep_parted(work: &mut Work<'_>, code: &ReportCode, alarm: Source) {
    let Some(mut report) = work.state.reports.get(code).cloned() else { return };
    report.alarm = Some(alarm);
    work.touch(Touched::Report(code.clone()));
    work.state.keep_report(report);
}

/// What its alarm is by now. Of an occurrence that is over it does not hold any more.
pub(super) fn alarm_of(state: &State, report: &Report) -> Option<Source> {
    let mut alarm = report.alarm.clone()?;
    let crate::Origin::Alarm(key) = &alarm.origin else { return None };
    let is_newest = state.heard_of(key).is_some_and(|heard| heard.report.as_ref() == Some(&report.code));
    alarm.active &= is_newest;
    Some(alarm)
}

/// Their incident was closed: what devices told of it is settled with the same words.
pub(super) fn settle(work: &mut Work<'_>, told: Vec<Report>, note: &str) {
    for mut report in of_devices(told, ReportStatus::InHand) {
        report.status = ReportStatus::Answered;
        note.clone_into(&mut report.answer);
        report.answered_at_ms = work.now;
        report.answered_by = work.by();
        keep(work, report, EventKind::ReportAnswered);
    }
}

/// The same of the incident's own alarms: the end of an exercise, which closes many at once, ends all that is marked.
pub(in crate::apply) fn settle_own(work: &mut Work<'_>, id: &IncidentId, note: &str) {
    let sources = work.state.incidents.get(id).into_iter().flat_map(|incident| &incident.sources);
    let codes = sources.filter_map(|source| source.alarm_report.as_ref());
    let own = codes.filter_map(|code| work.state.reports.get(code)).cloned().collect();
    settle(work, own, note);
}

/// It goes on after all.
pub(super) fn take_up(work: &mut Work<'_>, told: Vec<Report>) {
    for mut report in of_devices(told, ReportStatus::Answered) {
        let kind = take_in_hand(&mut report);
        keep(work, report, kind);
    }
}

fn of_devices(mut told: Vec<Report>, status: ReportStatus) -> Vec<Report> {
    told.retain(|report| report.channel == ReportChannel::Device && report.status == status);
    told
}

fn take_in_hand(report: &mut Report) -> EventKind {
    let was_answered = report.status == ReportStatus::Answered;
    report.status = ReportStatus::InHand;
    if !was_answered {
        return EventKind::ReportLinked;
    }
    report.reopened_count = report.reopened_count.saturating_add(1);
    EventKind::ReportReopened
}

/// Nobody follows a device's report, so nobody rates it or opens it again: its device does, by coming up again.
pub(super) fn need_sender(report: &Report) -> Result<(), Refusal> {
    if report.channel != ReportChannel::Device {
        return Ok(());
    }
    Err(valid::wrong_status("report", "it is a device's, which nobody follows: reopen its incident instead"))
}

/// Nobody files one by hand, nor takes a code that a device may have.
pub(super) fn need_person(work: &Work<'_>, channel: ReportChannel, code: &ReportCode) -> Result<(), Refusal> {
    if channel == ReportChannel::Device {
        return Err(valid::invalid("channel", "is a device's: its alarm reports by itself, name another"));
    }
    if code.is_of_device() && work.state.has_feature(VOCABULARY_2) {
        return Err(valid::invalid("code", "is kept for devices: make another"));
    }
    Ok(())
}
