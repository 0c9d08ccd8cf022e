//! Invariants of reports that devices' alarms filed.

use std::collections::BTreeSet;

use super::{Violation, hold};
use crate::{Incident, Origin, Report, ReportChannel, ReportStatus, State};

impl State {
    pub(super) fn check_device_reports(&self) -> Result<(), Violation> {
        self.incidents.values().try_for_each(|incident| self.check_alarm_sources(incident))?;
        self.reports.values().try_for_each(|report| self.check_device_report(report))?;
        for (entity, heard) in
            self.heard.iter().flat_map(|(entity, all)| all.values().map(move |heard| (entity, heard)))
        {
            // What a person took out tells no incident.
            let report = heard.report.as_ref().and_then(|code| self.reports.get(code));
            let is_out = report.is_some_and(|report| report.incident.is_none());
            hold(53, !is_out || heard.incident.is_none(), || format!("{entity}: {heard:?}"))?;
        }
        Ok(())
    }

    /// A report that a source names is there, unless it has left memory.
    fn check_alarm_sources(&self, incident: &Incident) -> Result<(), Violation> {
        let mut named = BTreeSet::new();
        for source in &incident.sources {
            let Some(code) = &source.alarm_report else { continue };
            let is_here = |report: &Report| {
                report.channel == ReportChannel::Device && report.incident.as_ref() == Some(&incident.id)
            };
            let is_alarm = matches!(source.origin, Origin::Alarm(_));
            let is_right = is_alarm && self.reports.get(code).is_none_or(is_here) && named.insert(code);
            hold(53, is_right, || format!("incident {}: {source:?}", incident.id))?;
        }
        Ok(())
    }

    fn check_device_report(&self, report: &Report) -> Result<(), Violation> {
        let code = &report.code;
        let is_device = report.channel == ReportChannel::Device;
        let has_sender = report.rating > 0 || !report.language.is_empty() || !report.contact.is_empty();
        let is_out = is_device && report.incident.is_none();
        let is_right = (!is_device || (code.is_of_device() && !has_sender)) && report.alarm.is_some() == is_out;
        hold(53, is_right, || format!("report {code}: {report:?}"))?;
        let is_of = |alarm: &crate::Source| alarm.alarm_report.as_ref() == Some(code);
        hold(53, report.alarm.as_ref().is_none_or(is_of), || format!("report {code}: another's alarm"))?;
        let incident = report.incident.as_ref().and_then(|id| self.incidents.get(id));
        let sources =
            incident.into_iter().flat_map(|incident| &incident.sources).filter(|source| is_of(source)).count();
        let is_in_hand = is_device && report.status == ReportStatus::InHand;
        hold(53, !is_in_hand || sources == 1, || format!("report {code}: {sources} sources"))
    }
}
