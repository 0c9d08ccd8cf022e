//! Commands about reports.

use super::vocabulary::body;
use crate::{FormAdvice, IncidentId, IncidentKind, Place, ReportChannel, ReportCode, Severity, wire::record};

body! {
    /// A call, a report, a message. Names an incident, or what a new one is, or neither.
    FileReport {
        /// Made by whoever takes it; cannot be guessed.
        code: ReportCode,
        /// The way that it came.
        channel: ReportChannel,
        /// The channel's own reference; may be empty.
        reference: String,
        /// In the sender's words.
        text: String,
        /// Where.
        place: Place,
        /// Which it belongs to.
        incident: Option<IncidentId>,
        /// What a new one is.
        kind: Option<IncidentKind>,
        /// How bad a new one is.
        severity: Option<Severity>,
        /// What its sender took it for; decides nothing.
        told_kind: Option<IncidentKind>,
        /// What the form's own rules took it for, before the person decided; none: they said nothing. Decides nothing.
        advice: Option<FormAdvice>,
        /// How its sender can be reached; may be empty.
        contact: String,
        /// The sender's language, when they follow it: then its steps are kept. Empty: nobody does.
        language: String,
        /// Part of a drill.
        exercise: bool,
    }
}

body! {
    /// The report belongs to the incident, or to a new one that is opened from it.
    LinkReport {
        /// Which.
        report: ReportCode,
        /// The version seen.
        expected_version: u64,
        /// To which; none: a new one.
        incident: Option<IncidentId>,
        /// What a new one is.
        kind: Option<IncidentKind>,
        /// How bad a new one is.
        severity: Option<Severity>,
        /// Where a new one is; none: where the report says.
        place: Option<Place>,
    }
}

body! {
    /// It does not.
    UnlinkReport {
        /// Which.
        report: ReportCode,
        /// The version seen.
        expected_version: u64,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// What its sender is told.
    AnswerReport {
        /// Which.
        report: ReportCode,
        /// The version seen.
        expected_version: u64,
        /// What.
        answer: String,
    }
}

body! {
    /// What its sender thinks of the answer.
    RateReport {
        /// Which.
        report: ReportCode,
        /// 1 to `limits::RATING_MAX`.
        rating: u32,
        /// May be empty.
        note: String,
    }
}

body! {
    /// Its sender says that it was not done.
    ReopenReport {
        /// Which.
        report: ReportCode,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// Somebody looks at it now, or gives it back.
    TakeReport {
        /// Which.
        report: ReportCode,
        /// The version seen.
        expected_version: u64,
        /// Whether it is taken; otherwise it is given back.
        take: bool,
    }
}

body! {
    /// Not now: it comes back by itself.
    SetReportAside {
        /// Which.
        report: ReportCode,
        /// The version seen.
        expected_version: u64,
        /// For how long, within `limits::REPORT_ASIDE_MS`.
        for_ms: u64,
        /// Why; not empty.
        reason: String,
    }
}
