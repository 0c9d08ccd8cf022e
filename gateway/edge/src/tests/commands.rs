//! Commands of a few kinds on a few records, so that they collide.

use domain::{
    Advice, AlarmKey, AmendIncident, AnswerReport, CameraHealth, CameraId, ClearAlarm, Command, Condition,
    DecideSuggestion, DeviceStatus, Digest, EntityId, FileReport, GiveTask, GroupId, IncidentId, IncidentKind,
    LinkReport, Micro, Millis, ModelKind, ModelMode, ModelName, NoteIncident, PutUnit, RaiseAlarm, Reading,
    RecordCameraHealth, RecordReadings, RegisterCamera, RegisterModel, RegisterSensor, ReopenReport, ReportChannel,
    ReportCode, RollOutModel, SensorId, SetDeviceStatus, Severity, Suggest, SuggestionDecision, UnlinkReport,
    VersionName,
};

use super::{
    double::Node,
    province::{camera, incident, place, sensor, unit},
};
use crate::cluster::read;

/// A command that may or may not be accepted; `truth` follows every log.
pub(super) fn command(truth: &Node, what: u8, id: u8, at: usize, value: i64) -> (GroupId, Command) {
    let sensor_id = SensorId::new(&format!("s{id}")).unwrap();
    let key = AlarmKey { entity: EntityId::from(&sensor_id), condition: Condition::new("high").unwrap() };
    let incident_id = IncidentId::new(&format!("I{}", id + 1)).unwrap();
    let episode = read(truth, GroupId(1), |state| state.alarms().get(&key).map_or(0, |alarm| alarm.episode));
    let expected_version =
        read(truth, GroupId(0), |state| state.incidents().get(&incident_id).map_or(0, |incident| incident.version));
    let summary = format!("{value}");
    match what {
        0 => (GroupId(0), PutUnit { unit: unit(&format!("xe{id}"), at) }.into()),
        1 => (GroupId(0), incident(at, &summary).into()),
        2 => {
            let (kind, severity) = (IncidentKind::Fire, Severity::Low);
            let amend =
                AmendIncident { incident: incident_id, expected_version, kind, severity, place: place(at), summary };
            (GroupId(0), amend.into())
        }
        3 => (GroupId(0), NoteIncident { incident: incident_id, note: summary }.into()),
        4 => (GroupId(1), RegisterSensor { sensor: sensor(&format!("s{id}"), at) }.into()),
        5 | 6 => {
            let reading = |n: u8| Reading {
                sensor: SensorId::new(&format!("s{n}")).unwrap(),
                at_ms: Millis(4_000_000_000_000 + value.unsigned_abs() * 10),
                value_micro: Micro(value),
                status: DeviceStatus::Measuring,
                unit_of_measure: String::new(),
            };
            (GroupId(1), RecordReadings { readings: (0..=id).map(reading).collect() }.into())
        }
        7 => (GroupId(1), RegisterCamera { camera: camera(&format!("c{id}"), at, false) }.into()),
        8 => {
            let health = if value > 0 { CameraHealth::Live } else { CameraHealth::NoSignal };
            let camera = CameraId::new(&format!("c{id}")).unwrap();
            (GroupId(1), RecordCameraHealth { camera, health, epoch: 1 }.into())
        }
        11 => (GroupId(0), register(id)),
        12 => {
            let mode = if value > 0 { ModelMode::Active } else { ModelMode::Shadow };
            (GroupId(0), RollOutModel { name: triage(), version: version(id), mode }.into())
        }
        13 | 14 => (GroupId(0), suggest(incident_id, id, value)),
        15 => {
            let decide = DecideSuggestion {
                incident: incident_id,
                expected_version,
                suggestion: value.unsigned_abs().try_into().unwrap_or(0) % 5,
                decision: SuggestionDecision::Accepted,
                kind: None,
                severity: None,
                duplicate_of: None,
            };
            (GroupId(0), decide.into())
        }
        16 => {
            let (agency, text) = ("115".to_owned(), summary);
            (GroupId(0), GiveTask { incident: incident_id, expected_version, agency, text }.into())
        }
        17..=21 => (GroupId(0), report(truth, what, id, at, (value > 0).then_some(incident_id))),
        9 if value > 0 => {
            let status = DeviceStatus::Calibrating;
            (GroupId(1), SetDeviceStatus { sensor: sensor_id, status }.into())
        }
        9 => (GroupId(1), ClearAlarm { key, episode, value_micro: Micro(value) }.into()),
        _ => {
            let raise = RaiseAlarm {
                key,
                episode: episode + 1,
                severity: Severity::High,
                value_micro: Micro(value),
                limit_micro: Micro(0),
                exercise: false,
                finding: None,
            };
            (GroupId(1), raise.into())
        }
    }
}

/// What comes of a report, which may belong to the incident: it waits, is settled, and is opened again.
fn report(truth: &Node, what: u8, id: u8, at: usize, incident: Option<IncidentId>) -> Command {
    let report = ReportCode::new(&format!("R{id}")).unwrap();
    let expected_version =
        read(truth, GroupId(0), |state| state.reports().get(&report).map_or(0, |report| report.version));
    match what {
        17 => {
            let told_kind = incident.is_none().then_some(IncidentKind::Flood);
            FileReport {
                code: report,
                channel: ReportChannel::Web,
                reference: String::new(),
                text: "x".into(),
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
            .into()
        }
        18 => AnswerReport { report, expected_version, answer: "x".into() }.into(),
        19 => ReopenReport { report, reason: format!("{at}") }.into(),
        20 => LinkReport { report, expected_version, incident, kind: None, severity: None, place: None }.into(),
        _ => UnlinkReport { report, expected_version, reason: "x".into() }.into(),
    }
}

fn triage() -> ModelName {
    ModelName::new("triage").unwrap()
}

fn version(id: u8) -> VersionName {
    VersionName::new(&format!("v{id}")).unwrap()
}

fn register(id: u8) -> Command {
    let (quality, shares) = (Vec::new(), Vec::new());
    let (kind, sha256, data) = (ModelKind::Triage, Digest([id; 32]), "own corpus".to_owned());
    RegisterModel { name: triage(), version: version(id), kind, sha256, data, quality, shares }.into()
}

/// What the version says of the incident; the same text comes again.
fn suggest(incident: IncidentId, id: u8, value: i64) -> Command {
    let advice = Advice {
        confidence_micro: Micro(value.abs() * 1000),
        kind: Some(IncidentKind::Medical),
        severity: None,
        needs: Vec::new(),
        people: 0,
        vulnerable: 0,
        no_emergency_micro: Micro(0),
        duplicate_of: None,
        reasons: Vec::new(),
    };
    let model_version = version(u8::try_from(value.rem_euclid(3)).unwrap());
    let input_sha256 = Digest([u8::try_from(value.rem_euclid(16)).unwrap() + id; 32]);
    Suggest { incident, model: triage(), model_version, input_sha256, input_bytes: 1, advice }.into()
}
