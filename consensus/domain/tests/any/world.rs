//! Who and what is there before anything happens.

use bytes::Bytes;
use domain::*;

use super::{AREAS, UNITS, call, deadline, model, room};

/// What is there before the first entry.
pub(crate) fn world(group: GroupId) -> Vec<Entry> {
    let place = |area| Place {
        latitude_e7: 0,
        longitude_e7: 0,
        admin_unit: AdminUnitCode::new(area).unwrap(),
        address: String::new(),
    };
    let area = |code: &str| AdminUnit {
        code: AdminUnitCode::new(code).unwrap(),
        name: code.into(),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    let unit = |id: &str| Unit {
        id: UnitId::new(id).unwrap(),
        name: id.into(),
        agency: String::new(),
        skills: Vec::new(),
        station: place("hue"),
        position: place("hue"),
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: Duty::default(),
    };
    let person = |id: &str, role, everywhere| Person {
        id: PersonId::new(id).unwrap(),
        name: id.into(),
        role,
        districts: Vec::new(),
        everywhere,
        disabled: false,
        credential_sealed: Bytes::new(),
        unit: None,
    };
    let mut commands: Vec<Command> = Vec::new();
    if group == GroupId::COMMAND {
        commands.push(PutAdminUnits { admin_units: AREAS.map(area).to_vec() }.into());
        commands.extend(UNITS.map(|id| PutUnit { unit: unit(id) }.into()));
        commands.push(PutPerson { person: person("an", Role::Admin, true) }.into());
        commands.push(PutPerson { person: person("oanh", Role::Operator, true) }.into());
        commands.extend(call::in_use());
        commands.extend(deadline::in_use());
        commands.extend(model::in_use());
        commands.extend(room::in_use());
    }
    let sensor = |id: &str| Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: SensorId::new(id).unwrap(),
        name: id.into(),
        kind: SensorKind::Rain,
        unit_of_measure: "mm".into(),
        place: place("hue"),
        thresholds: vec![Threshold {
            condition: Condition::new("high").unwrap(),
            above: true,
            limit_micro: Micro(1),
            hysteresis_micro: Micro(0),
            debounce_ms: 0,
            severity: Severity::High,
        }],
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
    };
    if group.is_field() {
        commands.push(RegisterSensor { sensor: sensor("gauge") }.into());
    }
    let open = |byte, who| OpenSession {
        session: SessionId([byte; 32]),
        person: PersonId::new(who).unwrap(),
        expires_at_ms: Millis(30_000_000),
    };
    commands.push(open(1, "an").into());
    commands.push(open(2, "oanh").into());
    let entry = |command| Entry { at_ms: Millis(1), request: None, grant: None, command, salt: Bytes::new() };
    commands.into_iter().map(entry).collect()
}
