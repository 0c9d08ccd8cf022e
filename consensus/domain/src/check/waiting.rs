//! Invariants of reports that wait.

use super::{Violation, hold};
use crate::{ReportDesk, ReportStatus, State};

impl State {
    pub(super) fn check_waiting(&self) -> Result<(), Violation> {
        let mut waiting = 0;
        for report in self.reports.values() {
            let (code, desk) = (&report.code, &report.desk);
            let waits = report.waits().is_some();
            waiting += usize::from(waits);
            let derived = self.waiting_report(code).filter(|_| waits);
            hold(46, self.waiting.get(code) == derived.as_ref(), || format!("report {code} waits, or not"))?;
            let is_taken = desk.taken_by.is_some();
            let is_aside = desk.aside_by.is_some();
            let is_told = desk.taken_at_ms.is_set() == is_taken
                && desk.aside_at_ms.is_set() == is_aside
                && desk.aside_until_ms.is_set() == is_aside
                && desk.aside_reason.is_empty() != is_aside;
            let is_owed = !report.unanswered_since_ms.is_set() || report.status == ReportStatus::InHand;
            hold(46, is_owed, || format!("report {code}: it is {}, and owed an answer", report.status))?;
            let is_right = is_told && !(is_taken && is_aside) && (waits || *desk == ReportDesk::default());
            hold(46, is_right, || format!("report {code}: {desk:?}"))?;
        }
        hold(46, self.waiting.len() == waiting, || "a report waits that is not there".into())
    }
}
