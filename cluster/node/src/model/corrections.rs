//! What operators made of the suggestions of triage, as messages that it can learn from: `trongdong train triage --data`.

use domain::{Incident, IncidentKind, Need, Severity, Suggestion, SuggestionStatus};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A message with what a person said of it: a line of what `trongdong train triage` reads.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Correction<'a> {
    id: String,
    kind: IncidentKind,
    severity: Severity,
    needs: &'a [Need],
    text: &'a str,
}

/// What a node lists.
#[derive(Deserialize)]
pub(super) struct Listed {
    /// As many as it lists at once.
    pub(super) items: Vec<Incident>,
    /// There are more.
    pub(super) truncated: bool,
}

/// What a person's decision on this incident teaches: its kind and severity as they stand now, since the last word is a person's.
/// Needs are those of the suggestion, which the person has seen.
///
/// None: nobody has decided, it is a drill, machines reported it, or its text is no longer the one that was read.
pub(super) fn correction(incident: &Incident) -> Option<Correction<'_>> {
    if incident.exercise || incident.kind == IncidentKind::Device {
        return None;
    }
    let text = incident.summary.trim();
    let read = Sha256::digest(incident.summary.as_bytes());
    let is_decided = |suggestion: &&Suggestion| {
        matches!(suggestion.status, SuggestionStatus::Accepted | SuggestionStatus::Overridden)
            && suggestion.decided_by.is_some()
            && suggestion.advice.kind.is_some()
            && suggestion.input_sha256.0 == *read
    };
    let decided = incident.suggestions.iter().rev().find(is_decided)?;
    (!text.is_empty()).then(|| Correction {
        id: incident.id.to_string(),
        kind: incident.kind,
        severity: incident.severity,
        needs: &decided.advice.needs,
        text,
    })
}

/// As lines of JSON, and how many there are.
///
/// # Errors
/// Never: names and words always have a JSON form.
pub(super) fn lines(incidents: &[Incident]) -> Result<(String, usize), serde_json::Error> {
    let (mut all, mut count) = (String::new(), 0);
    for correction in incidents.iter().filter_map(correction) {
        all.push_str(&serde_json::to_string(&correction)?);
        all.push('\n');
        count += 1;
    }
    Ok((all, count))
}

#[cfg(test)]
mod tests {
    use models::triage::labelled;
    use serde_json::json;

    use super::*;

    fn incident(status: &str, text: &str, read: &str) -> Incident {
        let digest = Sha256::digest(read.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let advice = json!({
            "confidence_micro": 700_000, "kind": "traffic", "severity": "low", "needs": ["rescue"], "people": 3,
            "vulnerable": 0, "no_emergency_micro": 10_000, "duplicate_of": null, "reasons": [],
        });
        let suggestion = json!({
            "number": 1, "model": "triage", "model_version": "v2", "shadow": false, "input_sha256": digest,
            "input_bytes": read.len(), "status": status, "suggested_at_ms": 1, "decided_at_ms": 2,
            "decided_by": "lan", "chosen_kind": "flood", "chosen_severity": null, "chosen_duplicate_of": null,
            "advice": advice,
        });
        let place = json!({
            "latitude_e7": 165_000_000, "longitude_e7": 1_080_000_000, "admin_unit": "25747", "address": "",
        });
        let mut incident = json!({
            "id": "I-1", "kind": "flood", "severity": "critical", "summary": text, "status": "opened",
            "place": place, "sources": [], "units": [], "opened_at_ms": 1, "opened_by": null,
            "acknowledged_at_ms": 0, "acknowledged_by": null, "closed_at_ms": 0, "merged_into": null,
            "status_before_merge": null, "acknowledge_due_at_ms": 0, "escalation_level": 0,
        });
        let more = json!({
            "reopened_count": 0, "version": 3, "exercise": false, "place_is_mapped": false, "suggestions": [suggestion],
        });
        incident.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(incident).unwrap()
    }

    #[test]
    fn what_a_person_decided_is_what_training_reads() {
        let text = "nước ngập tới mái, cứu \"gấp\"";
        let (file, count) = lines(&[incident("overridden", text, text), incident("accepted", text, text)]).unwrap();
        assert_eq!(count, 2);
        let read = labelled::parse(&file).unwrap();
        assert_eq!((read[0].kind.name(), read[0].text.as_str()), ("flood", text));
        assert_eq!(read[0].severity.map(|severity| severity.name()), Some("critical"));
        assert_eq!(read[0].needs.iter().map(|need| need.name()).collect::<Vec<_>>(), ["rescue"]);
    }

    #[test]
    fn what_nobody_decided_and_what_was_not_read_teaches_nothing() {
        for status in ["pending", "dismissed", "superseded"] {
            assert_eq!(correction(&incident(status, "a", "a")), None, "{status}");
        }
        assert_eq!(correction(&incident("overridden", "another text by now", "a")), None);
        let drill = Incident { exercise: true, ..incident("overridden", "a", "a") };
        assert_eq!(correction(&drill), None);
        let machine = Incident { kind: IncidentKind::Device, ..incident("overridden", "a", "a") };
        assert_eq!(correction(&machine), None);
    }
}
