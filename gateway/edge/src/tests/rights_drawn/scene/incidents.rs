//! What becomes of an incident, and of reports.

use domain::{
    Advice, AmendIncident, AnswerReport, Command, Digest, FileReport, GiveTask, GroupId, IncidentId, IncidentKind,
    LinkReport, Micro, ModelName, NoteIncident, ReopenReport, ReportChannel, ReportCode, Severity, Suggest,
    VersionName, policy::Noun,
};

use super::super::super::province::place;
use super::{Doing, Ledger, Record, Seen, Step, Then, nth, text};

impl Ledger {
    pub(super) fn of_incident(&mut self, step: &Step, version: &dyn Fn(&str) -> u64) -> Option<Doing> {
        let (Step::Amend { incident: n, .. }
        | Step::Note { incident: n }
        | Step::Task { incident: n, .. }
        | Step::Advice { incident: n, .. }
        | Step::Link { incident: n, .. }) = step
        else {
            return None;
        };
        let id = nth(&self.ids(Noun::Incident), *n)?;
        let named = IncidentId::new(&id).unwrap();
        let expected_version = version(&id);
        let name = format!("incident/{id}");
        let word = self.word();
        let said = text(word);
        let of_record = move |name: String| -> Then {
            Box::new(move |ledger, _, _| {
                ledger.words[word] = Seen::Record(name);
                Some(word)
            })
        };
        let (command, then): (Command, Then) = match step.clone() {
            Step::Amend { kind, at, .. } => (
                AmendIncident {
                    incident: named,
                    expected_version,
                    kind,
                    severity: Severity::Low,
                    place: place(at),
                    summary: said,
                }
                .into(),
                Box::new(move |ledger, _, _| {
                    let agencies = ledger.records[&name].agencies.clone();
                    let record = Record::new(Noun::Incident, Some(at), Some(word));
                    ledger.put(name, Record { kind: Some(kind), agencies, ..record })
                }),
            ),
            Step::Note { .. } => (NoteIncident { incident: named, note: said }.into(), of_record(name)),
            Step::Task { agency, .. } => (
                GiveTask { incident: named, expected_version, agency: agency.into(), text: said }.into(),
                Box::new(move |ledger, _, _| {
                    if let Some(record) = ledger.records.get_mut(&name) {
                        record.agencies.insert(agency);
                    }
                    ledger.words[word] = Seen::Record(name);
                    Some(word)
                }),
            ),
            Step::Advice { is_shadow, .. } => {
                let then: Then = if is_shadow { Box::new(|_, _, _| None) } else { of_record(name) };
                (advice(named, is_shadow, word, said), then)
            }
            _ => {
                let Step::Link { report, .. } = step else { return None };
                let code = nth(&self.ids(Noun::Report), *report)?;
                let expected_version = version(&code);
                let of_report = format!("report/{code}");
                let link = LinkReport {
                    report: ReportCode::new(&code).unwrap(),
                    expected_version,
                    incident: Some(named),
                    kind: None,
                    severity: None,
                    place: None,
                };
                let then: Then = Box::new(move |ledger, _, _| {
                    // It waits for nobody any more, and is its incident's.
                    if let Some(record) = ledger.records.get_mut(&of_report) {
                        (record.part_of, record.is_held) = (Some(name), false);
                    }
                    None
                });
                (link.into(), then)
            }
        };
        Some(Doing { group: GroupId(0), by: None, command, then })
    }

    /// A report of an incident that is answered, and opened again: then it waits.
    pub(super) fn report_again(
        &mut self,
        n: usize,
        at: usize,
        part: usize,
        version: &dyn Fn(&str) -> u64,
    ) -> Option<Doing> {
        let (command, then): (Command, Then) = if part == 0 {
            let incident = nth(&self.ids(Noun::Incident), n)?;
            let word = self.word();
            let named = IncidentId::new(&incident).unwrap();
            let then: Then = Box::new(move |ledger, id, _| {
                let part_of = Some(format!("incident/{incident}"));
                let record = Record::new(Noun::Report, Some(at), Some(word));
                ledger.put(format!("report/{id}"), Record { part_of, is_held: false, ..record });
                None
            });
            (file(&format!("R{word}"), text(word), at, Some(named), None).into(), then)
        } else {
            // The newest word is that of the report, if there was an incident.
            let code = format!("R{}", self.words.len().checked_sub(1)?);
            let name = format!("report/{code}");
            let word = self.records.get(&name)?.word;
            let report = ReportCode::new(&code).unwrap();
            match part {
                1 => {
                    let answer =
                        AnswerReport { report, expected_version: version(&code), answer: "Đã đến".into() };
                    (answer.into(), Box::new(|_, _, _| None))
                }
                2 => {
                    let then: Then = Box::new(move |ledger, _, _| {
                        ledger.records.get_mut(&name)?.is_held = true;
                        word
                    });
                    (ReopenReport { report, reason: "Vẫn còn".into() }.into(), then)
                }
                _ => return None,
            }
        };
        Some(Doing { group: GroupId(0), by: None, command, then })
    }
}

pub(super) fn file(
    code: &str,
    said: String,
    at: usize,
    incident: Option<IncidentId>,
    told_kind: Option<IncidentKind>,
) -> FileReport {
    FileReport {
        code: ReportCode::new(code).unwrap(),
        channel: ReportChannel::Web,
        reference: String::new(),
        text: said,
        place: place(at),
        incident,
        kind: None,
        severity: None,
        told_kind,
        advice: None,
        contact: String::new(),
        language: "vi".into(),
        exercise: false,
    }
}

/// What a version of the model says; v0 is a shadow, v1 is active.
fn advice(incident: IncidentId, is_shadow: bool, word: usize, said: String) -> Command {
    let advice = Advice {
        confidence_micro: Micro(1_000),
        kind: Some(IncidentKind::Medical),
        severity: None,
        needs: Vec::new(),
        people: 0,
        vulnerable: 0,
        no_emergency_micro: Micro(0),
        duplicate_of: None,
        reasons: vec![said],
    };
    let model_version = VersionName::new(if is_shadow { "v0" } else { "v1" }).unwrap();
    let input_sha256 = Digest([u8::try_from(word % 256).unwrap(); 32]);
    let model = ModelName::new("triage").unwrap();
    Suggest { incident, model, model_version, input_sha256, input_bytes: 1, advice }.into()
}
