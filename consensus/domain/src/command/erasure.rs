//! Commands about personal data that go by rule.

use super::vocabulary::body;
use crate::{CallId, ErasureRule, IncidentId, ReportCode, TimelineLine, wire::record};

body! {
    /// Sets the rules by which personal data go, in place of those before. What is gone stays gone.
    SetErasure {
        /// One more than the number that holds: of two who set them at once the second has to look first.
        number: u64,
        /// Each kind once. A kind without a rule is kept.
        rules: Vec<ErasureRule>,
    }
}

body! {
    /// Erases what is due by the rules. Sent again it does nothing.
    ErasePersonal {
        /// The number of the rules.
        rule: u64,
        /// Calls that are over; those of them that are not due stay. At most `limits::ERASED_AT_ONCE`.
        calls: Vec<CallId>,
        /// Reports that are answered; those of them that are not due stay. At most `limits::ERASED_AT_ONCE`.
        reports: Vec<ReportCode>,
        /// Numbers of records of this group's chain, ascending: their salts and payloads go. At most
        /// `limits::ERASED_PER_COMMAND_MAX`.
        records: Vec<u64>,
        /// Reports whose case has ended; those of them that are not due stay. At most `limits::ERASED_AT_ONCE`.
        words: Vec<ReportCode>,
        /// Incidents that reports opened and that are closed; those of them that are not due stay. At most `limits::ERASED_AT_ONCE`.
        cases: Vec<IncidentId>,
        /// Lines of timelines in place of those that repeat what such incidents say, also of some whose turn comes with a later entry.
        /// At most `limits::LINES_ERASED_AT_ONCE`.
        lines: Vec<TimelineLine>,
    }
}
