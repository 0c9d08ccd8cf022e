//! Where each record stands on disk and in snapshots: the first byte of a key is its table, the rest is the record's identity.
//!
//! State rows are read back at start. History rows (`TIMELINE`, `READINGS`, `FORMER_SENSORS`, `FORMER_ALARMS`, `PARKED_NOTICES`,
//! `DUTY_LOG`, `INSTRUCTION_TIMELINE`, `AUDIT_LINKS`, `AUDIT_SEALED`) are yielded by `apply` and never read by it; `READING_CHUNKS` are made of
//! `READINGS` by each node.
//! A name holds neither NUL nor any byte below `-`, so a NUL ends a name within a key and keeps the order of names.

mod history;

use bytes::Bytes;

pub use history::{
    duty_log_key, duty_log_range, former_alarm_key, former_alarms_range, former_sensor_key, former_sensors_range,
    former_until, parked_notice_key, parked_notices_range,
};

use crate::{
    AdminUnitCode, AlarmKey, CalendarId, CallId, CameraId, DeadlinePolicyId, DelegationId, DistrictId, DutyPostId,
    EntityId, ExerciseId, IncidentId, IncidentKind, InstructionId, Millis, ModelName, PersonId, ReceiverId, ReportCode,
    RoomId, SensorId, ServiceKeyId, SessionId, Severity, ShiftNoteId, UnitId, VersionName, WarningId, wire::Field,
};

/// Scalars of the group.
pub const META: u8 = 1;
/// Administrative units, by code.
pub const ADMIN_UNITS: u8 = 2;
/// Districts, by id.
pub const DISTRICTS: u8 = 3;
/// People, by id.
pub const PERSONS: u8 = 4;
/// Placements, by entity.
pub const PLACEMENTS: u8 = 5;
/// Response units, by id.
pub const UNITS: u8 = 6;
/// Incidents, by id.
pub const INCIDENTS: u8 = 7;
/// Sensors, by id.
pub const SENSORS: u8 = 8;
/// Windows of device times, by sensor.
pub const WINDOWS: u8 = 9;
/// Cameras, by id.
pub const CAMERAS: u8 = 10;
/// The highest epoch heard of each camera: 8 bytes, big-endian.
pub const CAMERA_EPOCHS: u8 = 11;
/// Alarms, by key.
pub const ALARMS: u8 = 12;
/// What group 0 has heard of each alarm: version (8 bytes) and episode (4), big-endian, then the incident's id, if any.
pub const HEARD: u8 = 13;
/// Sessions without their answers, by id.
pub const SESSIONS: u8 = 14;
/// Answers, by session and sequence number: one small row per request.
pub const ANSWERS: u8 = 15;
/// Models, by name.
pub const MODELS: u8 = 16;
/// Tallies, by model and version.
pub const TALLIES: u8 = 17;
/// Run cards: the wire numbers of kind and severity, a byte each.
pub const RUN_CARDS: u8 = 200;
/// Reports, by code.
pub const REPORTS: u8 = 201;
/// Calls, by id.
pub const CALLS: u8 = 220;
/// People who take calls, by person.
pub const AGENTS: u8 = 221;
/// How calls are taken.
pub const CALL_DESK: u8 = 222;
/// What is known of a number, by number.
pub const CALLERS: u8 = 223;
/// What agents have put down and not saved, by call.
pub const CALL_DRAFTS: u8 = 224;
/// Command rooms, by id.
pub const ROOMS: u8 = 160;
/// Exercises, by id.
pub const EXERCISES: u8 = 161;
/// What shifts left to the next, by id.
pub const SHIFT_NOTES: u8 = 162;
/// History: the log of each room, by the cluster's time.
pub const DUTY_LOG: u8 = 163;
/// History: the events of each incident.
pub const TIMELINE: u8 = 64;
/// History: what was recorded, by the cluster's time.
pub const READINGS: u8 = 65;
/// History: the same readings, packed by sensor and day. Each node makes them of its rows; no hash of state has them.
pub const READING_CHUNKS: u8 = 66;
/// History: sensors as they stood until their limits were set anew, by sensor and the cluster's time (since feature 350).
pub const FORMER_SENSORS: u8 = 67;
/// History: alarms as they stood until they came up again or a model said them anew, by alarm and the cluster's time (since
/// feature 350).
pub const FORMER_ALARMS: u8 = 68;
/// History: notices that wait behind those that state has room for, by receiver and number; they go when they are confirmed.
pub const PARKED_NOTICES: u8 = 69;
/// Drills, by number.
pub const DRILLS: u8 = 231;
/// What files belong to, by number.
pub const FILES: u8 = 170;
/// How far files are, and how long they are kept: one row.
pub const FILE_SETTINGS: u8 = 171;
/// The rules by which personal data go: one row.
pub const ERASURE: u8 = 184;
/// What people work on, by person.
pub const REMITS: u8 = 181;
/// How long readings are kept: one row.
pub const RETENTION: u8 = 230;
/// Calendars of working time, by id.
pub const CALENDARS: u8 = 240;
/// Policies of deadlines, by id.
pub const DEADLINE_POLICIES: u8 = 241;
/// Duty posts, by id.
pub const DUTY_POSTS: u8 = 242;
/// Instructions, by id.
pub const INSTRUCTIONS: u8 = 243;
/// Receivers of notices, by id.
pub const RECEIVERS: u8 = 244;
/// Notices that wait, by receiver and number.
pub const NOTICES: u8 = 245;
/// Second factors, by person.
pub const SECOND_FACTORS: u8 = 246;
/// Keys of service accounts, by id.
pub const SERVICE_KEYS: u8 = 247;
/// Delegations, by id.
pub const DELEGATIONS: u8 = 248;
/// What people do beyond their own rights, by person.
pub const STANCES: u8 = 249;
/// History: the events of each instruction.
pub const INSTRUCTION_TIMELINE: u8 = 250;
/// History: the links of the record, by number.
pub const AUDIT_LINKS: u8 = 251;
/// History: salts and payloads of the record, by number; erasure deletes them.
pub const AUDIT_SEALED: u8 = 252;

/// Messages to the public, by id.
pub const WARNINGS: u8 = 253;

/// Tables of history, ascending.
const HISTORY: [u8; 10] = [
    TIMELINE,
    READINGS,
    READING_CHUNKS,
    FORMER_SENSORS,
    FORMER_ALARMS,
    PARKED_NOTICES,
    DUTY_LOG,
    INSTRUCTION_TIMELINE,
    AUDIT_LINKS,
    AUDIT_SEALED,
];

/// Whether the row of this key is state (true) or history (false).
#[must_use]
pub fn is_state(key: &[u8]) -> bool {
    !key.first().is_some_and(|table| HISTORY.contains(table))
}

/// Ranges of keys, from the first to before the second, in their order: every row of state lies in one of them, also of a
/// table that this version does not know, and no row of history does.
#[must_use]
pub fn state_ranges() -> Vec<(Bytes, Bytes)> {
    let starts = std::iter::once(0).chain(HISTORY.map(|table| table + 1));
    // Above every key, for names are shorter.
    let end = Bytes::from_static(&[u8::MAX; 256]);
    let ends = HISTORY.map(|table| Bytes::copy_from_slice(&[table])).into_iter().chain([end]);
    let ranges = starts.map(|table| Bytes::copy_from_slice(&[table])).zip(ends);
    ranges.filter(|(from, to)| from < to).collect()
}

/// The key right after this one: where a range begins that leaves it out, or ends that takes it in.
#[must_use]
pub fn after(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}

fn key(table: u8, parts: &[&[u8]]) -> Bytes {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(table);
    for part in parts {
        key.extend_from_slice(part);
    }
    key.into()
}

/// Key of the scalars.
#[must_use]
pub fn meta_key() -> Bytes {
    key(META, &[])
}

/// Key of how long readings are kept.
#[must_use]
pub fn retention_key() -> Bytes {
    key(RETENTION, &[])
}

/// Key of the rules by which personal data go.
#[must_use]
pub fn erasure_key() -> Bytes {
    key(ERASURE, &[])
}

macro_rules! name_keys {
    ($($(#[$doc:meta])* $function:ident $table:ident $id:ident)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $function(id: &$id) -> Bytes {
            key($table, &[id.as_str().as_bytes()])
        }
    )+};
}

name_keys! {
    /// Key of an administrative unit.
    admin_unit_key ADMIN_UNITS AdminUnitCode
    /// Key of a district.
    district_key DISTRICTS DistrictId
    /// Key of a person.
    person_key PERSONS PersonId
    /// Key of a placement.
    placement_key PLACEMENTS EntityId
    /// Key of a response unit.
    unit_key UNITS UnitId
    /// Key of an incident.
    incident_key INCIDENTS IncidentId
    /// Key of a sensor.
    sensor_key SENSORS SensorId
    /// Key of a sensor's window.
    window_key WINDOWS SensorId
    /// Key of a camera.
    camera_key CAMERAS CameraId
    /// Key of a camera's epoch.
    camera_epoch_key CAMERA_EPOCHS CameraId
    /// Key of a model.
    model_key MODELS ModelName
    /// Key of a calendar.
    calendar_key CALENDARS CalendarId
    /// Key of a policy of deadlines.
    deadline_policy_key DEADLINE_POLICIES DeadlinePolicyId
    /// Key of a duty post.
    duty_post_key DUTY_POSTS DutyPostId
    /// Key of a second factor.
    second_factor_key SECOND_FACTORS PersonId
    /// Key of a service key.
    service_key_key SERVICE_KEYS ServiceKeyId
    /// Key of a delegation.
    delegation_key DELEGATIONS DelegationId
    /// Key of what a person does beyond their own rights.
    stance_key STANCES PersonId
    /// Key of what a person works on.
    remit_key REMITS PersonId
    /// Key of an instruction.
    instruction_key INSTRUCTIONS InstructionId
    /// Key of a receiver.
    receiver_key RECEIVERS ReceiverId
    /// Key of a report.
    report_key REPORTS ReportCode
    /// Key of a call.
    call_key CALLS CallId
    /// Key of an agent.
    agent_key AGENTS PersonId
    /// Key of a draft.
    call_draft_key CALL_DRAFTS CallId
    /// Key of a message to the public.
    warning_key WARNINGS WarningId
    /// Key of a command room.
    room_key ROOMS RoomId
    /// Key of an exercise.
    exercise_key EXERCISES ExerciseId
    /// Key of what a shift left to the next.
    shift_note_key SHIFT_NOTES ShiftNoteId
}

/// Key of an alarm.
#[must_use]
pub fn alarm_key(alarm: &AlarmKey) -> Bytes {
    key(ALARMS, &[alarm.entity.as_str().as_bytes(), &[0], alarm.condition.as_str().as_bytes()])
}

/// Key of what group 0 has heard of an alarm.
#[must_use]
pub fn heard_key(alarm: &AlarmKey) -> Bytes {
    key(HEARD, &[alarm.entity.as_str().as_bytes(), &[0], alarm.condition.as_str().as_bytes()])
}

/// Key of how calls are taken.
#[must_use]
pub fn call_desk_key() -> Bytes {
    key(CALL_DESK, &[])
}

/// Key of what is known of a number.
#[must_use]
pub fn caller_key(number: &str) -> Bytes {
    key(CALLERS, &[number.as_bytes()])
}

/// Key of a tally.
#[must_use]
pub fn tally_key(model: &ModelName, version: &VersionName) -> Bytes {
    key(TALLIES, &[model.as_str().as_bytes(), &[0], version.as_str().as_bytes()])
}

/// Key of a run card.
#[must_use]
pub fn run_card_key(kind: IncidentKind, severity: Severity) -> Bytes {
    let number = |wire: i32| u8::try_from(wire).unwrap_or(u8::MAX);
    key(RUN_CARDS, &[&[number(kind.write()), number(severity.write())]])
}

/// Key of a session.
#[must_use]
pub fn session_key(session: &SessionId) -> Bytes {
    key(SESSIONS, &[&session.0])
}

/// Key of an answer.
#[must_use]
pub fn answer_key(session: &SessionId, seq: u64) -> Bytes {
    key(ANSWERS, &[&session.0, &seq.to_be_bytes()])
}

/// Key of one event in an incident's timeline. The value is an `Event`.
#[must_use]
pub fn timeline_key(incident: &IncidentId, index: u64, ordinal: u32) -> Bytes {
    key(TIMELINE, &[incident.as_str().as_bytes(), &[0], &index.to_be_bytes(), &ordinal.to_be_bytes()])
}

/// The keys of an incident's whole timeline, oldest first: from the first of the pair to before the second.
#[must_use]
pub fn timeline_range(incident: &IncidentId) -> (Bytes, Bytes) {
    let name = incident.as_str().as_bytes();
    (key(TIMELINE, &[name, &[0]]), key(TIMELINE, &[name, &[1]]))
}

/// Key of one event in an instruction's timeline. The value is an `Event`.
#[must_use]
pub fn instruction_timeline_key(instruction: &InstructionId, index: u64, ordinal: u32) -> Bytes {
    key(INSTRUCTION_TIMELINE, &[instruction.as_str().as_bytes(), &[0], &index.to_be_bytes(), &ordinal.to_be_bytes()])
}

/// The keys of an instruction's whole timeline, oldest first: from the first of the pair to before the second.
#[must_use]
pub fn instruction_timeline_range(instruction: &InstructionId) -> (Bytes, Bytes) {
    let name = instruction.as_str().as_bytes();
    (key(INSTRUCTION_TIMELINE, &[name, &[0]]), key(INSTRUCTION_TIMELINE, &[name, &[1]]))
}

/// Key of what a file belongs to.
#[must_use]
pub fn file_key(number: u64) -> Bytes {
    key(FILES, &[&number.to_be_bytes()])
}

/// Key of how far files are.
#[must_use]
pub fn file_settings_key() -> Bytes {
    key(FILE_SETTINGS, &[])
}

/// Key of a drill.
#[must_use]
pub fn drill_key(number: u64) -> Bytes {
    key(DRILLS, &[&number.to_be_bytes()])
}

/// Key of a notice.
#[must_use]
pub fn notice_key(receiver: &ReceiverId, number: u64) -> Bytes {
    key(NOTICES, &[receiver.as_str().as_bytes(), &[0], &number.to_be_bytes()])
}

/// Key of a record's link. The value is an `AuditLink`.
#[must_use]
pub fn audit_link_key(number: u64) -> Bytes {
    key(AUDIT_LINKS, &[&number.to_be_bytes()])
}

/// Key of a record's salt and payload. The value is an `AuditSealed`.
#[must_use]
pub fn audit_sealed_key(number: u64) -> Bytes {
    key(AUDIT_SEALED, &[&number.to_be_bytes()])
}

/// The log index and the ordinal in a timeline key; none if it is not one.
#[must_use]
pub fn timeline_position(key: &[u8]) -> Option<(u64, u32)> {
    let (&table, rest) = key.split_first()?;
    let (rest, ordinal) = rest.split_last_chunk::<4>()?;
    let (name, index) = rest.split_last_chunk::<8>()?;
    let is_timeline = table == TIMELINE && name.last() == Some(&0);
    is_timeline.then(|| (u64::from_be_bytes(*index), u32::from_be_bytes(*ordinal)))
}

/// Key of the readings that one entry recorded. The value is a `Readings`; `at` is state's clock, not device time.
#[must_use]
pub fn readings_key(at: Millis, index: u64) -> Bytes {
    key(READINGS, &[&at.0.to_be_bytes(), &index.to_be_bytes()])
}

/// The keys of what was recorded from `from` to before `to`, by the cluster's time: from the first to before the second.
#[must_use]
pub fn readings_range(from: Millis, to: Millis) -> (Bytes, Bytes) {
    (key(READINGS, &[&from.0.to_be_bytes()]), key(READINGS, &[&to.0.to_be_bytes()]))
}

/// The cluster's time and the log index in a key of readings; none if it is not one.
#[must_use]
pub fn readings_position(key: &[u8]) -> Option<(Millis, u64)> {
    let (&table, rest) = key.split_first()?;
    let (at, index) = rest.split_first_chunk::<8>()?;
    let index: [u8; 8] = index.try_into().ok()?;
    (table == READINGS).then(|| (Millis(u64::from_be_bytes(*at)), u64::from_be_bytes(index)))
}

/// Key of a chunk: the sensor, and where its first reading stood: the cluster's time, the log index, the number in that
/// entry's row. The value is a `ReadingChunk`.
#[must_use]
pub fn reading_chunk_key(sensor: &SensorId, at: Millis, index: u64, number: u16) -> Bytes {
    let place = [&at.0.to_be_bytes()[..], &index.to_be_bytes(), &number.to_be_bytes()].concat();
    key(READING_CHUNKS, &[sensor.as_str().as_bytes(), &[0], &place])
}

/// The sensor in a chunk's key, and the cluster's time at which its first reading was recorded; none if it is not one.
#[must_use]
pub fn reading_chunk_place(key: &[u8]) -> Option<(&str, Millis)> {
    let (&table, rest) = key.split_first()?;
    let (name, place) = rest.split_last_chunk::<18>()?;
    let (at, _) = place.split_first_chunk::<8>()?;
    let name = std::str::from_utf8(name.strip_suffix(&[0])?).ok()?;
    (table == READING_CHUNKS).then(|| (name, Millis(u64::from_be_bytes(*at))))
}

/// The keys of a sensor's chunks whose first reading was recorded from `from` to before `to`: from the first of the pair to
/// before the second.
#[must_use]
pub fn reading_chunks_range(sensor: &SensorId, from: Millis, to: Millis) -> (Bytes, Bytes) {
    let at = |at: Millis| key(READING_CHUNKS, &[sensor.as_str().as_bytes(), &[0], &at.0.to_be_bytes()]);
    (at(from), at(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_state_hold_every_table_but_history() {
        let ranges = state_ranges();
        assert!(ranges.is_sorted() && HISTORY.is_sorted());
        for table in 0..=u8::MAX {
            for key in [vec![table], vec![table, 7], [vec![table], vec![b'z'; 200]].concat()] {
                let holding = ranges.iter().filter(|(from, to)| from[..] <= key[..] && key[..] < to[..]).count();
                assert_eq!(holding, usize::from(is_state(&key)), "table {table}");
            }
        }
    }

    #[test]
    fn a_timeline_range_holds_its_own_incident_only() {
        let (one, ten) = (IncidentId::new("I1").unwrap(), IncidentId::new("I10").unwrap());
        let (from, to) = timeline_range(&one);
        let inside = timeline_key(&one, u64::MAX, u32::MAX);
        assert!(from <= inside && inside < to);
        let outside = timeline_key(&ten, 0, 0);
        assert!(!(from <= outside && outside < to));
    }

    #[test]
    fn a_timeline_key_gives_its_position_back() {
        let key = timeline_key(&IncidentId::new("I7").unwrap(), 0x0102, 3);
        assert_eq!(timeline_position(&key), Some((0x0102, 3)));
        assert_eq!(timeline_position(&readings_key(Millis(1), 2)), None);
        assert_eq!(timeline_position(&[TIMELINE]), None);
    }

    #[test]
    fn a_sensors_chunks_are_its_own_and_in_the_order_of_time() {
        let (one, ten) = (SensorId::new("s1").unwrap(), SensorId::new("s10").unwrap());
        let (from, to) = reading_chunks_range(&one, Millis(5), Millis(9));
        let inside = [(5, 0, 0), (5, 1, 0), (5, 1, 1), (8, 0, 7)];
        let keys = inside.map(|(at, index, number)| reading_chunk_key(&one, Millis(at), index, number));
        assert!(keys.is_sorted() && keys.iter().all(|key| from <= *key && *key < to && !is_state(key)));
        for (sensor, at) in [(&one, 4), (&one, 9), (&ten, 6)] {
            let key = reading_chunk_key(sensor, Millis(at), u64::MAX, 0);
            assert!(key < from || to <= key, "{sensor} {at}");
        }
        assert_eq!(readings_position(&readings_key(Millis(3), 4)), Some((Millis(3), 4)));
        assert_eq!(readings_position(&keys[0]), None);
        assert_eq!(reading_chunk_place(&keys[3]), Some(("s1", Millis(8))));
        assert_eq!(reading_chunk_place(&readings_key(Millis(3), 4)), None);
    }

    #[test]
    fn alarm_keys_sort_as_the_alarms_do() {
        let alarm = |entity: &str, condition: &str| AlarmKey {
            entity: EntityId::new(entity).unwrap(),
            condition: crate::Condition::new(condition).unwrap(),
        };
        let (first, second) = (alarm("a", "z"), alarm("a-1", "a"));
        assert!(first < second && alarm_key(&first) < alarm_key(&second));
    }
}
