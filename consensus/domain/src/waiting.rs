//! Reports that wait for a person: derived of reports and of what was sent with them, so none can be forgotten.
//!
//! | a report is | it waits |
//! |---|---|
//! | received | always: it belongs to no incident; a device's only once a person took it out of one |
//! | in hand | if its sender opened it again since somebody put it there, or follows it and its incident was closed; a device's never |
//! | answered | never |
//!
//! Who takes one has it for `limits::REPORT_TAKEN_MS`, and one that is set aside comes back at its time, or when a photo comes.
//! Both ends are times in the record and need no command, so nothing is lost with a timer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    FileOwner, IncidentId, IncidentKind, Millis, PersonId, Place, Report, ReportChannel, ReportCode, ReportStatus,
    ReportStep, ReportStepKind, State, limits,
    policy::Matter,
    wire::{record, wire_enum},
};

/// Who looks at a report that waits, or until when it is set aside. Invariant: empty while it does not wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDesk {
    /// Who looks at it; none: nobody.
    pub taken_by: Option<PersonId>,
    /// Since when.
    pub taken_at_ms: Millis,
    /// Who set it aside.
    pub aside_by: Option<PersonId>,
    /// When.
    pub aside_at_ms: Millis,
    /// Until when.
    pub aside_until_ms: Millis,
    /// Why; not empty while it is aside.
    pub aside_reason: String,
}

record!(default ReportDesk { taken_by, taken_at_ms, aside_by, aside_at_ms, aside_until_ms, aside_reason });

wire_enum! {
    /// Why a report waits for a person.
    WaitReason {
        /// Nobody has done anything.
        Filed = "filed",
        /// It was taken out of its incident.
        SetBack = "set_back",
        /// Its sender says that it was not done.
        Reopened = "reopened",
        /// It does not wait any more: screens forget it.
        Settled = "settled",
        /// Its incident was closed, and its sender has no answer.
        Unanswered = "unanswered",
    }
}

/// A report that waits for a person, as the rooms see it. How its sender can be reached is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingReport {
    /// Which.
    pub code: ReportCode,
    /// The way that it came.
    pub channel: ReportChannel,
    /// What its sender took it for.
    pub kind: Option<IncidentKind>,
    /// In the sender's words.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Why it waits.
    pub why: WaitReason,
    /// When it came.
    pub received_at_ms: Millis,
    /// Since when it waits, for this reason.
    pub since_ms: Millis,
    /// The incident that it was opened again in, or that was closed without an answer to it.
    pub incident: Option<IncidentId>,
    /// Why it was opened again, or taken out; may be empty.
    pub note: String,
    /// How often it was opened again.
    pub reopened_count: u32,
    /// Who looks at it.
    pub taken_by: Option<PersonId>,
    /// Since when.
    pub taken_at_ms: Millis,
    /// From then on it is anybody's again.
    pub taken_until_ms: Millis,
    /// Who set it aside.
    pub aside_by: Option<PersonId>,
    /// Until when; unset: it is not set aside, or a photo came since.
    pub aside_until_ms: Millis,
    /// Why.
    pub aside_reason: String,
    /// Photos that its sender sent with it.
    pub photos: u32,
    /// When the newest of them came.
    pub last_photo_at_ms: Millis,
    /// The report's, for `expected_version`.
    pub version: u64,
    /// Part of a drill.
    pub exercise: bool,
    /// The field that it is in, as `policy::Matter` has it; none: every field.
    pub field: Option<IncidentKind>,
    /// The agencies that have a part in it; none: every agency's.
    pub agencies: Vec<String>,
}

record!(WaitingReport {
    code,
    channel,
    kind,
    text,
    place,
    why,
    received_at_ms,
    since_ms,
    incident,
    note,
    reopened_count,
    taken_by,
    taken_at_ms,
    taken_until_ms,
    aside_by,
    aside_until_ms,
    aside_reason,
    photos,
    last_photo_at_ms,
    version,
    exercise,
    field,
    agencies,
});

impl Report {
    /// Why it waits for a person, and since when; none: it does not.
    #[must_use]
    pub fn waits(&self) -> Option<(WaitReason, Millis)> {
        let last = self.links.last();
        match self.status {
            ReportStatus::Answered => None,
            // What a device told is looked at with its incident.
            ReportStatus::InHand if self.channel == ReportChannel::Device => None,
            ReportStatus::InHand => {
                // Whoever put it there after the answer has seen it.
                let is_seen = last.is_some_and(|link| link.at_ms > self.answered_at_ms);
                if self.answered_at_ms.is_set() && !is_seen {
                    return Some((WaitReason::Reopened, self.reopened_at()));
                }
                let since = self.unanswered_since_ms;
                since.is_set().then_some((WaitReason::Unanswered, since))
            }
            ReportStatus::Received => Some(match last {
                Some(link) if link.undone_at_ms >= self.answered_at_ms => (WaitReason::SetBack, link.undone_at_ms),
                _ if self.answered_at_ms.is_set() => (WaitReason::Reopened, self.reopened_at()),
                _ => (WaitReason::Filed, self.received_at_ms),
            }),
        }
    }

    /// The newest step by which its sender opened it again; none: they never did, or do not follow it.
    #[must_use]
    pub fn last_reopening(&self) -> Option<&ReportStep> {
        self.steps.iter().rev().find(|step| step.kind == ReportStepKind::Reopened)
    }

    /// When its sender opened it again; where nobody follows it the answer is the last that is known of before.
    fn reopened_at(&self) -> Millis {
        self.last_reopening().map_or(self.answered_at_ms, |step| step.at_ms)
    }

    fn waits_because(&self, why: WaitReason) -> String {
        match why {
            WaitReason::SetBack => self.links.last().map(|link| link.reason.clone()).unwrap_or_default(),
            WaitReason::Reopened => self.last_reopening().map(|step| step.note.clone()).unwrap_or_default(),
            WaitReason::Filed | WaitReason::Settled | WaitReason::Unanswered => String::new(),
        }
    }
}

impl State {
    /// Reports that wait for a person, those that are taken or set aside included (group 0).
    #[must_use]
    pub fn waiting_reports(&self) -> &BTreeMap<ReportCode, WaitingReport> {
        &self.waiting
    }

    /// The report as the rooms see it: one that does not wait is settled. None: there is no such report.
    pub(crate) fn waiting_report(&self, code: &ReportCode) -> Option<WaitingReport> {
        let report = self.reports.get(code)?;
        let (why, since_ms) = report.waits().unwrap_or((WaitReason::Settled, self.clock));
        let sent = || self.files.of(&FileOwner::Report(code.clone()));
        let last_photo_at_ms = sent().map(|photo| photo.at_ms).max().unwrap_or_default();
        let desk = &report.desk;
        let is_aside = desk.aside_until_ms.is_set() && last_photo_at_ms <= desk.aside_at_ms;
        let is_taken = desk.taken_by.is_some();
        let Matter { field, agencies } = Matter::of_report(self, report);
        Some(WaitingReport {
            code: code.clone(),
            channel: report.channel,
            kind: report.told_kind,
            text: report.text.clone(),
            place: report.place.clone(),
            why,
            received_at_ms: report.received_at_ms,
            since_ms,
            incident: report.incident.clone(),
            note: report.waits_because(why),
            reopened_count: report.reopened_count,
            taken_by: desk.taken_by.clone(),
            taken_at_ms: desk.taken_at_ms,
            taken_until_ms: if is_taken { desk.taken_at_ms.plus(limits::REPORT_TAKEN_MS) } else { Millis(0) },
            aside_by: desk.aside_by.clone().filter(|_| is_aside),
            aside_until_ms: if is_aside { desk.aside_until_ms } else { Millis(0) },
            aside_reason: if is_aside { desk.aside_reason.clone() } else { String::new() },
            photos: u32::try_from(sent().count()).unwrap_or(u32::MAX),
            last_photo_at_ms,
            version: report.version,
            exercise: report.exercise,
            field,
            agencies,
        })
    }

    /// Keeps `waiting` right after a change of the report or of what was sent with it. What screens have to be told of it;
    /// none: it did not wait before and does not now.
    pub(crate) fn note_waiting(&mut self, code: &ReportCode) -> Option<WaitingReport> {
        let former = self.waiting.remove(code);
        let now = self.waiting_report(code)?;
        if now.why != WaitReason::Settled {
            self.waiting.insert(code.clone(), now.clone());
            return Some(now);
        }
        former.map(|_| now)
    }

    /// The state with `waiting` as it is derived: after reading rows.
    pub(crate) fn with_waiting(mut self) -> Self {
        let waits = self.reports.values().filter(|report| report.waits().is_some());
        let codes: Vec<_> = waits.map(|report| report.code.clone()).collect();
        for code in codes {
            self.note_waiting(&code);
        }
        self
    }
}
