//! What a form's own rules suggested, and whether the person took it: both stand in the command, and nothing is kept of it. Pure.

use domain::{Command, IncidentKind, Severity};
use serde::Serialize;
use utoipa::ToSchema;

/// What was suggested to whoever filled a form in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Advised {
    #[schema(value_type = String)]
    kind: IncidentKind,
    /// Otherwise they said another one.
    kind_taken: bool,
    #[schema(value_type = String)]
    severity: Severity,
    severity_taken: bool,
}

/// Of a command that decides on both; none: nothing was suggested, or there was nothing to decide.
pub(super) fn advised(command: &Command) -> Option<Advised> {
    let (advice, kind, severity) = match command {
        Command::FileReport(it) => (it.advice.as_ref()?, it.kind?, it.severity?),
        Command::OpenIncident(it) => (it.advice.as_ref()?, it.kind, it.severity),
        _ => return None,
    };
    Some(Advised {
        kind: advice.kind,
        kind_taken: advice.kind == kind,
        severity: advice.severity,
        severity_taken: advice.severity == severity,
    })
}

#[cfg(test)]
mod tests {
    use domain::{AdminUnitCode, FileReport, FormAdvice, Place, ReportChannel, ReportCode};

    use super::*;

    fn file(advice: Option<FormAdvice>, kind: Option<IncidentKind>, severity: Option<Severity>) -> Command {
        let admin_unit = AdminUnitCode::new("u1").unwrap();
        FileReport {
            code: ReportCode::new("7K3F").unwrap(),
            channel: ReportChannel::Call,
            reference: "C1".into(),
            text: "Cháy".into(),
            place: Place { latitude_e7: 1, longitude_e7: 2, admin_unit, address: String::new() },
            incident: None,
            kind,
            severity,
            told_kind: None,
            advice,
            contact: String::new(),
            language: "vi".into(),
            exercise: false,
        }
        .into()
    }

    #[test]
    fn what_was_suggested_is_compared_with_what_was_decided() {
        let advice = FormAdvice { kind: IncidentKind::Fire, severity: Severity::High };
        let told = advised(&file(Some(advice.clone()), Some(IncidentKind::Fire), Some(Severity::Low))).unwrap();
        assert_eq!((told.kind_taken, told.severity_taken), (true, false));
        assert_eq!(advised(&file(Some(advice), None, None)), None, "one more voice of what is known decides nothing");
        assert_eq!(advised(&file(None, Some(IncidentKind::Fire), Some(Severity::High))), None);
    }
}
