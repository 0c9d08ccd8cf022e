//! Reports: a call, a citizen's report, a message or a device's alarm, under a code. One incident gathers many.

mod device;

use serde::{Deserialize, Serialize};

use crate::{
    Clock, IncidentId, IncidentKind, Millis, PersonId, Place, ReportCode, ReportDesk, Severity, Source,
    wire::{record, wire_enum},
};

wire_enum! {
    /// The way that a report came.
    ReportChannel {
        /// By telephone.
        Call = "call",
        /// From the citizens' app.
        App = "app",
        /// As a message of another service.
        Message = "message",
        /// From a web page.
        Web = "web",
        /// By a device's alarm: nobody follows it.
        Device = "device",
    }
}

/// What a form's own rules take a caller's words for: a suggestion to whoever fills it in. The log has it beside what they decided, so
/// that it can be counted how often it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormAdvice {
    /// Of what kind.
    pub kind: IncidentKind,
    /// How bad.
    pub severity: Severity,
}

record!(FormAdvice { kind, severity });

wire_enum! {
    /// How far it is.
    ReportStatus {
        /// Nobody has done anything.
        Received = "received",
        /// It belongs to an incident.
        InHand = "in_hand",
        /// Its sender has an answer.
        Answered = "answered",
    }
}

/// That a report belonged to an incident, and until when: what was put together can be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLink {
    /// Which.
    pub incident: IncidentId,
    /// Since when.
    pub at_ms: Millis,
    /// Who said so; none: the system.
    pub by: Option<PersonId>,
    /// Until when; unset: it still does.
    pub undone_at_ms: Millis,
    /// Who took it apart.
    pub undone_by: Option<PersonId>,
    /// Why; empty while it lasts.
    pub reason: String,
}

record!(ReportLink { incident, at_ms, by, undone_at_ms, undone_by, reason });

wire_enum! {
    /// What happened to a report, as its sender sees it.
    ReportStepKind {
        /// It came.
        Received = "received",
        /// It belongs to an incident.
        InHand = "in_hand",
        /// It was taken out of its incident, to be looked at anew.
        SetBack = "set_back",
        /// Its sender has an answer.
        Answered = "answered",
        /// Its sender says that it was not done.
        Reopened = "reopened",
    }
}

/// One step of a report that its sender follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportStep {
    /// What.
    pub kind: ReportStepKind,
    /// When.
    pub at_ms: Millis,
    /// The answer, or why it was opened again; otherwise empty.
    pub note: String,
}

record!(ReportStep { kind, at_ms, note });

/// A report as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What its sender follows. It cannot be guessed, but for a device's, which nobody follows.
    pub code: ReportCode,
    /// The way that it came.
    pub channel: ReportChannel,
    /// The channel's own reference; may be empty. Of a device: the key of its alarm.
    pub reference: String,
    /// In the sender's words.
    pub text: String,
    /// Where.
    pub place: Place,
    /// How far it is.
    pub status: ReportStatus,
    /// The incident that it belongs to now.
    pub incident: Option<IncidentId>,
    /// Every incident that it ever belonged to, oldest first, at most `limits::REPORT_LINKS_MAX`.
    pub links: Vec<ReportLink>,
    /// When it came. Opening it again does not set this clock back.
    pub received_at_ms: Millis,
    /// Who took it; none: the system.
    pub received_by: Option<PersonId>,
    /// The last answer; may be empty.
    pub answer: String,
    /// When.
    pub answered_at_ms: Millis,
    /// By whom.
    pub answered_by: Option<PersonId>,
    /// 1 to 5; 0: not rated.
    pub rating: u32,
    /// What the sender said with it; may be empty.
    pub rating_note: String,
    /// How often it was opened again.
    pub reopened_count: u32,
    /// Grows with every change.
    pub version: u64,
    /// What its sender took it for; decides nothing.
    pub told_kind: Option<IncidentKind>,
    /// How its sender can be reached; may be empty. Personal: only for who handles reports.
    pub contact: String,
    /// The sender's language; empty: nobody follows it.
    pub language: String,
    /// What happened to it, oldest first, at most `limits::REPORT_STEPS_MAX`; empty where nobody follows it.
    pub steps: Vec<ReportStep>,
    /// Part of a drill: it is shown to no citizen, and counts nowhere.
    #[serde(default)]
    pub exercise: bool,
    /// Who looks at it while it waits.
    #[serde(default)]
    pub desk: ReportDesk,
    /// Since when its incident is closed, and its sender, who follows it, has no answer; unset: that is not so.
    #[serde(default)]
    pub unanswered_since_ms: Millis,
    /// By when its sender has an answer, oldest first, at most `limits::CLOCKS_MAX`.
    #[serde(default)]
    pub clocks: Vec<Clock>,
    /// Of a device: its alarm as it was last heard, exactly while it belongs to no incident, which has it otherwise.
    #[serde(default)]
    pub alarm: Option<Source>,
}

record!(Report {
    code,
    channel,
    reference,
    text,
    place,
    status,
    incident,
    links,
    received_at_ms,
    received_by,
    answer,
    answered_at_ms,
    answered_by,
    rating,
    rating_note,
    reopened_count,
    version,
    told_kind,
    contact,
    language,
    steps,
    exercise,
    clocks,
    desk,
    unanswered_since_ms,
    alarm,
});
