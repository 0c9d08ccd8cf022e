//! Commands of a few kinds on a few records, so that they collide.

use domain::{
    AlarmKey, AmendIncident, CameraHealth, CameraId, ClearAlarm, Command, Condition, DeviceStatus, EntityId, GroupId,
    IncidentId, IncidentKind, Micro, Millis, NoteIncident, PutUnit, RaiseAlarm, Reading, RecordCameraHealth,
    RecordReadings, RegisterCamera, RegisterSensor, SensorId, SetDeviceStatus, Severity,
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
            };
            (GroupId(1), raise.into())
        }
    }
}
