//! Which group keeps what a command is about.

use domain::{AlarmKey, Command, DistrictId, EntityId, GroupId, Refusal, RefusalCode};

use crate::{cluster::Cluster, host::membership::group_of_no_district};

/// The group of a command. What is placed nowhere is refused with the field that names it.
pub(crate) fn group_of(cluster: &dyn Cluster, command: &Command) -> Result<GroupId, Refusal> {
    let device = |field: &str, entity: EntityId| {
        cluster
            .read(GroupId::COMMAND, |state| state.placements().get(&entity).copied())
            .ok_or_else(|| not_found(field, entity.as_str()))
    };
    match command {
        Command::RegisterSensor(c) => device("register_sensor.sensor.id", EntityId::from(&c.sensor.id)),
        Command::SetDeviceStatus(c) => device("set_device_status.sensor", EntityId::from(&c.sensor)),
        Command::RecordReadings(c) => match c.readings.first() {
            Some(first) => device("record_readings.readings.sensor", EntityId::from(&first.sensor)),
            None => Err(not_found("record_readings.readings", "no reading at all")),
        },
        Command::RegisterCamera(c) => device("register_camera.camera.id", EntityId::from(&c.camera.id)),
        Command::RecordCameraHealth(c) => device("record_camera_health.camera", EntityId::from(&c.camera)),
        Command::RaiseAlarm(c) => alarm(cluster, "raise_alarm.key", &c.key),
        Command::ClearAlarm(c) => alarm(cluster, "clear_alarm.key", &c.key),
        Command::AcknowledgeAlarm(c) => alarm(cluster, "acknowledge_alarm.key", &c.key),
        Command::ShelveAlarm(c) => alarm(cluster, "shelve_alarm.key", &c.key),
        Command::UnshelveAlarm(c) => alarm(cluster, "unshelve_alarm.key", &c.key),
        Command::ConfirmAlarmReport(c) => alarm(cluster, "confirm_alarm_report.key", &c.key),
        Command::TakeOutOfService(c) => device("take_out_of_service.entity", c.entity.clone()),
        Command::ReturnToService(c) => device("return_to_service.entity", c.entity.clone()),
        _ => Ok(GroupId::COMMAND),
    }
}

/// A device's alarms are in its group. A district's own are in whichever group of its devices raised one.
fn alarm(cluster: &dyn Cluster, field: &str, key: &AlarmKey) -> Result<GroupId, Refusal> {
    let placed = cluster.read(GroupId::COMMAND, |state| {
        let device = state.placements().get(&key.entity).copied();
        let district = || state.districts().get(&DistrictId::from(&key.entity)).map(|district| district.group);
        (device, district())
    });
    if let Some(group) = placed.0.or_else(|| group_of_no_district(&key.entity)) {
        return Ok(group);
    }
    let has = |group: &GroupId| cluster.read(*group, |state| state.alarms().contains_key(key));
    let raised_in = GroupId::field().find(has);
    raised_in.or(placed.1).ok_or_else(|| not_found(field, key.entity.as_str()))
}

fn not_found(field: &str, what: &str) -> Refusal {
    Refusal {
        code: RefusalCode::NotFound,
        field: field.to_owned(),
        message: format!("{what}: place it in a field group first, or correct the id"),
    }
}
