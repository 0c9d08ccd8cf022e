//! What a report says: its own words and place, those of the incident that it opened, and the lines of timelines that repeat them.

use bytes::Bytes;

use super::{Done, PersonalMatter};
use crate::{
    Event, Incident, IncidentId, IncidentStatus, Millis, Origin, PersonalKind, Report, ReportChannel, ReportCode,
    ReportStatus, ReportStepKind, State, Subject, limits, rows,
    wire::{Malformed, Record, record},
};

/// A line of a timeline as it stands once it repeats nothing that a report said. No entry can read history: who looks writes the line, and
/// the entry holds that it says nothing of the sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineLine {
    /// Of whose timeline.
    pub timeline: IncidentId,
    /// Log index of the line.
    pub index: u64,
    /// An encoded [`Event`] about an incident that is due.
    pub event: Bytes,
}

record!(TimelineLine { timeline, index, event });

impl TimelineLine {
    /// The row of a timeline without what it says of that incident; none: it says nothing of it.
    ///
    /// # Errors
    /// The row is no line of a timeline.
    pub fn without(
        case: &IncidentId,
        timeline: &IncidentId,
        (key, value): (&[u8], &[u8]),
    ) -> Result<Option<Self>, Malformed> {
        let Some((index, _)) = rows::timeline_position(key) else {
            return Err(Malformed::new("timeline", "is another table's: read a timeline"));
        };
        let mut event = Event::decode(value)?;
        let Some(Subject::Incident(incident)) = &mut event.subject else { return Ok(None) };
        if incident.id != *case || !says_words(incident) {
            return Ok(None);
        }
        forget_words(incident);
        Ok(Some(Self { timeline: timeline.clone(), index, event: event.encode().into() }))
    }

    /// The place of its event in the entry, and the incident that it is about.
    ///
    /// # Errors
    /// It is about no incident, or says more of one than it may.
    pub(crate) fn read(&self) -> Result<(u32, IncidentId), Malformed> {
        let event = Event::decode(&self.event)?;
        match event.subject {
            Some(Subject::Incident(incident)) if !says_words(&incident) => Ok((event.ordinal, incident.id)),
            _ => Err(Malformed::new("event", "repeats what was reported: send the line without it")),
        }
    }
}

impl State {
    /// Reports whose words are to go, at most `limits::ERASED_AT_ONCE` (group 0).
    #[must_use]
    pub fn words_to_erase(&self, now: Millis) -> Vec<ReportCode> {
        if self.erasure.kept_ms(PersonalKind::Report).is_none() {
            return Vec::new();
        }
        let codes = self.reports.keys().filter(|code| self.are_words_to_erase(code, now));
        codes.take(limits::ERASED_AT_ONCE).cloned().collect()
    }

    /// Incidents that say what a report said, and are to forget it, at most `limits::ERASED_AT_ONCE` (group 0).
    #[must_use]
    pub fn cases_to_erase(&self, now: Millis) -> Vec<IncidentId> {
        if self.erasure.kept_ms(PersonalKind::Report).is_none() {
            return Vec::new();
        }
        let ids = self.incidents.keys().filter(|id| self.is_case_to_erase(id, now));
        ids.take(limits::ERASED_AT_ONCE).cloned().collect()
    }

    /// Whether the matter can ever be due: what is said of an incident that a report opened is, of another it is the centre's own; of one
    /// that nobody remembers it may be (group 0).
    #[must_use]
    pub fn is_personal(&self, matter: &PersonalMatter) -> bool {
        match matter {
            PersonalMatter::Case(id) => self.incidents.get(id).is_none_or(is_opened_by_report),
            PersonalMatter::Leg(_) | PersonalMatter::Call(_) | PersonalMatter::Report(_) | PersonalMatter::Words(_) => {
                true
            }
        }
    }

    /// Whose timelines repeat what this incident says: its own, and that of each which it was merged into (group 0).
    #[must_use]
    pub fn timelines_of(&self, case: &IncidentId) -> Vec<IncidentId> {
        let mut found = vec![case.clone()];
        // Ends: merges make no circle.
        while let Some(into) = found.last().and_then(|id| self.incidents.get(id)?.merged_into.clone()) {
            found.push(into);
        }
        found
    }

    pub(crate) fn are_words_to_erase(&self, code: &ReportCode, now: Millis) -> bool {
        let Some(report) = self.reports.get(code) else { return false };
        says(report) && self.is_over(PersonalKind::Report, &self.done_of_words(report), now)
    }

    pub(crate) fn is_case_to_erase(&self, id: &IncidentId, now: Millis) -> bool {
        let Some(incident) = self.incidents.get(id) else { return false };
        says_words(incident) && self.is_over(PersonalKind::Report, &self.done_of_case(incident), now)
    }

    /// The case of a report ends with its answer and with its incident. Whoever follows it has an answer to get first.
    pub(super) fn done_of_words(&self, report: &Report) -> Done {
        let is_answered = report.status == ReportStatus::Answered;
        let own = if is_answered { report.answered_at_ms } else { report.received_at_ms };
        let Some(id) = &report.incident else {
            return if is_answered { Done::Since(own) } else { Done::Open };
        };
        match self.incident_now(id) {
            _ if !is_answered && !report.language.is_empty() => Done::Open,
            Some(incident) if incident.status != IncidentStatus::Closed => Done::Open,
            Some(incident) => Done::Since(own.max(incident.closed_at_ms)),
            // Only what is closed leaves memory.
            None => Done::Since(own),
        }
    }

    /// What a device or a person at a desk opened says nothing of a report.
    pub(super) fn done_of_case(&self, incident: &Incident) -> Done {
        if !is_opened_by_report(incident) {
            return Done::Open;
        }
        match self.incident_now(&incident.id) {
            Some(now) if now.status != IncidentStatus::Closed => Done::Open,
            Some(now) => Done::Since(now.closed_at_ms),
            None => Done::Since(incident.opened_at_ms),
        }
    }
}

/// Whether a report still says anything of its sender's.
fn says(report: &Report) -> bool {
    // A device says nothing of anybody.
    if report.channel == ReportChannel::Device {
        return false;
    }
    let steps = report.steps.iter();
    let mut own = steps.filter(|step| step.kind == ReportStepKind::Reopened).map(|step| &step.note);
    report.place.is_exact()
        || !report.text.is_empty()
        || !report.rating_note.is_empty()
        || own.any(|note| !note.is_empty())
}

/// Takes out what its sender said. The answer, the rating and how long it took stay.
pub(crate) fn forget_report(report: &mut Report) {
    report.text = String::new();
    report.rating_note = String::new();
    report.place = report.place.coarse();
    for step in report.steps.iter_mut().filter(|step| step.kind == ReportStepKind::Reopened) {
        step.note = String::new();
    }
}

fn is_opened_by_report(incident: &Incident) -> bool {
    incident.sources.first().is_some_and(|source| matches!(source.origin, Origin::Report(_)))
}

/// Whether an incident still says what was reported.
fn says_words(incident: &Incident) -> bool {
    !incident.summary.is_empty() || incident.place.is_exact()
}

/// Takes that out: kind, unit and times stay.
pub(crate) fn forget_words(incident: &mut Incident) {
    incident.summary = String::new();
    incident.place = incident.place.coarse();
}
