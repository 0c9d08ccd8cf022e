//! Any entry, from small pools so that entries collide, and with times and versions that are right often enough.

mod access;
mod aim;
mod call;
mod deadline;
mod dispatch;
mod drill;
mod erasure;
mod file;
mod finding;
mod model;
mod report;
mod room;
mod warning;
mod world;

use access::command_of_access;
pub(crate) use aim::aim;
pub(crate) use call::command_of_call;
use deadline::command_of_deadline;
use dispatch::command_of_dispatch;
use model::command_of_model;
use report::command_of_report;
use room::command_of_room;
use warning::command_of_warning;
pub(crate) use world::world;

use bytes::Bytes;
use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

const AREAS: [&str; 3] = ["hue", "thuan-hoa", "phu-vang"];
const DISTRICTS: [&str; 2] = ["west", "east"];
const PERSONS: [&str; 4] = ["an", "oanh", "rin", "tram"];
const UNITS: [&str; 3] = ["boat-1", "boat-2", "truck-1"];
const SENSORS: [&str; 2] = ["gauge", "rain"];
const CAMERAS: [&str; 2] = ["cam", "gate"];
const ENTITIES: [&str; 5] = ["gauge", "rain", "cam", "west", "nobody"];
const CONDITIONS: [&str; 5] = ["high", "flood", "fault", "unusual", "forecast"];

macro_rules! ids {
    ($($function:ident $type:ident $pool:expr;)+) => {$(
        fn $function() -> impl Strategy<Value = $type> + Clone {
            select(&$pool[..]).prop_map(|text| $type::new(text).unwrap())
        }
    )+};
}

ids! {
    area AdminUnitCode AREAS;
    district_id DistrictId DISTRICTS;
    person_id PersonId PERSONS;
    unit_id UnitId UNITS;
    incident_id IncidentId ["I1", "I2", "I3", "I4"];
    sensor_id SensorId SENSORS;
    camera_id CameraId CAMERAS;
    entity_id EntityId ENTITIES;
    condition Condition CONDITIONS;
}

macro_rules! named {
    ($($function:ident $type:ident;)+) => {$(
        fn $function() -> impl Strategy<Value = $type> + Clone {
            select($type::ALL)
        }
    )+};
}

named! {
    role Role;
    severity Severity;
    kind IncidentKind;
    unit_status UnitStatus;
    device_status DeviceStatus;
    health CameraHealth;
}

fn session_id() -> impl Strategy<Value = SessionId> + Clone {
    select(&[1u8, 2, 3][..]).prop_map(|byte| SessionId([byte; 32]))
}

fn text() -> impl Strategy<Value = String> + Clone {
    select(&["", "Nước lên", "a\tb", "boat"][..]).prop_map(str::to_owned)
}

/// Within the time that a sequence takes, mostly.
fn time() -> impl Strategy<Value = Millis> + Clone {
    prop_oneof![8 => 0u64..400_000, 1 => Just(0), 1 => any::<u64>()].prop_map(Millis)
}

fn version() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![9 => 0u64..8, 1 => any::<u64>()]
}

fn episode() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![9 => 0u32..5, 1 => any::<u32>()]
}

fn group() -> impl Strategy<Value = GroupId> + Clone {
    (0u32..11).prop_map(GroupId)
}

fn micro() -> impl Strategy<Value = Micro> + Clone {
    prop_oneof![3 => -3i64..3, 1 => any::<i64>()].prop_map(Micro)
}

fn place() -> impl Strategy<Value = Place> + Clone {
    let degrees = prop_oneof![9 => Just(164_600_000), 1 => any::<i32>()];
    (degrees, area(), text()).prop_map(|(latitude_e7, admin_unit, address)| Place {
        latitude_e7,
        longitude_e7: 1_075_900_000,
        admin_unit,
        address,
    })
}

fn sealed() -> impl Strategy<Value = Bytes> + Clone {
    select(&["", "sealed"][..]).prop_map(|text| Bytes::from_static(text.as_bytes()))
}

fn admin_unit() -> impl Strategy<Value = AdminUnit> + Clone {
    (area(), text(), prop::option::of(area())).prop_map(|(code, name, parent)| AdminUnit {
        code,
        name,
        name_en: String::new(),
        parent,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    })
}

fn district() -> impl Strategy<Value = District> + Clone {
    (district_id(), text(), prop::collection::vec(area(), 0..3), group()).prop_map(|(id, name, admin_units, group)| {
        District { id, name, name_en: String::new(), admin_units, group, load: None }
    })
}

fn person() -> impl Strategy<Value = Person> + Clone {
    let districts = prop::collection::vec(district_id(), 0..3);
    (person_id(), role(), districts, any::<bool>(), any::<bool>(), sealed(), prop::option::of(unit_id())).prop_map(
        |(id, role, districts, everywhere, disabled, credential_sealed, unit)| Person {
            id,
            name: "Somebody".into(),
            role,
            districts,
            everywhere,
            disabled,
            credential_sealed,
            unit,
        },
    )
}

fn unit() -> impl Strategy<Value = Unit> + Clone {
    (unit_id(), text(), place(), place(), unit_status()).prop_map(|(id, name, station, position, status)| Unit {
        id,
        name,
        agency: String::new(),
        skills: Vec::new(),
        station,
        position,
        position_at_ms: Millis(0),
        status,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: Duty::default(),
    })
}

fn sensor() -> impl Strategy<Value = Sensor> + Clone {
    let thresholds = prop::collection::vec((condition(), micro(), severity()), 0..3);
    let rule = (condition(), condition());
    let rules =
        prop::collection::vec(rule.prop_map(|(condition, while_active)| Suppression { condition, while_active }), 0..2);
    (sensor_id(), text(), place(), (thresholds, rules), (micro(), micro()), device_status()).prop_map(
        |(id, name, place, (thresholds, suppressions), (range_min_micro, range_max_micro), status)| Sensor {
            exercise: false,
            suppressions,
            out_of_service: Vec::new(),
            id,
            name,
            kind: SensorKind::Rain,
            unit_of_measure: "mm".into(),
            place,
            thresholds: thresholds
                .into_iter()
                .map(|(condition, hysteresis_micro, severity)| Threshold {
                    condition,
                    above: true,
                    limit_micro: Micro(1),
                    hysteresis_micro,
                    debounce_ms: 0,
                    severity,
                })
                .collect(),
            period_ms: 0,
            silence_periods: 0,
            rate_limit_micro_per_min: 0,
            range_min_micro,
            range_max_micro,
            status,
            last_at_ms: Millis(5),
            last_micro: Micro(5),
            last_recorded_at_ms: Millis(5),
            version: 5,
        },
    )
}

fn camera() -> impl Strategy<Value = Camera> + Clone {
    let url = select(&["rtsp://10.0.0.1/main", "http://x", "rtsp://u:p@x/"][..]);
    (camera_id(), url, place(), sealed(), health(), 0u32..400).prop_map(
        |(id, url, place, credential_sealed, health, azimuth_deg)| Camera {
            id,
            name: "Cam".into(),
            rtsp_url: url.into(),
            place,
            azimuth_deg,
            field_of_view_deg: 90,
            credential_sealed,
            health,
            health_at_ms: Millis(5),
            version: 5,
            sensitive: false,
            out_of_service: Vec::new(),
        },
    )
}

fn reading() -> impl Strategy<Value = Reading> + Clone {
    let id = prop_oneof![9 => sensor_id(), 1 => Just(SensorId::new("nobody").unwrap())];
    let unit = select(&["", "", "mm", "m"][..]);
    (id, time(), micro(), device_status(), unit).prop_map(|(sensor, at_ms, value_micro, status, unit)| Reading {
        sensor,
        at_ms,
        value_micro,
        status,
        unit_of_measure: unit.into(),
    })
}

fn alarm_key() -> impl Strategy<Value = AlarmKey> + Clone {
    (entity_id(), condition()).prop_map(|(entity, condition)| AlarmKey { entity, condition })
}

fn alarm() -> impl Strategy<Value = Alarm> + Clone {
    (alarm_key(), episode(), severity(), any::<bool>(), place(), version(), any::<bool>()).prop_map(
        |(key, episode, severity, active, place, version, exercise)| Alarm {
            key,
            episode,
            severity,
            active,
            acknowledged: false,
            shelf: None,
            place,
            value_micro: Micro(1),
            limit_micro: Micro(0),
            raised_at_ms: Millis(1),
            cleared_at_ms: Millis(0),
            acknowledged_at_ms: Millis(0),
            acknowledged_by: None,
            reported_version: 0,
            version,
            incident: None,
            occurrences: 1,
            exercise,
            finding: None,
            raised_days: Vec::new(),
        },
    )
}

fn source() -> impl Strategy<Value = Source> + Clone {
    let origin = prop_oneof![
        Just(Origin::Report("call-1".into())),
        person_id().prop_map(Origin::Person),
        alarm_key().prop_map(Origin::Alarm),
    ];
    origin.prop_map(|origin| {
        let is_alarm = matches!(origin, Origin::Alarm(_));
        let alarm_report = is_alarm.then(|| ReportCode::new("device.0").unwrap());
        Source { origin, episode: 1, version: 1, active: true, at_ms: Millis(9), alarm_report }
    })
}

/// `Type { field: strategy, .. }` as a strategy of the command.
macro_rules! make {
    ($name:ident { $($field:ident: $strategy:expr),+ $(,)? }) => {
        ($($strategy,)+).prop_map(|($($field,)+)| Command::from($name { $($field),+ })).boxed()
    };
}

pub(crate) use make;

fn of_any_group() -> BoxedStrategy<Command> {
    prop_oneof![
        4 => make!(OpenSession { session: session_id(), person: person_id(), expires_at_ms: time() }),
        1 => make!(CloseSession { session: session_id() }),
        1 => make!(RaisePolicyFloor { floor: 0u64..40 }),
        1 => make!(SwitchFeature { feature: select(&[0, 1, audit::FEATURE][..]) }),
        1 => make!(RecordRead { what: text(), why: text() }),
        1 => make!(EraseAudit { numbers: prop::collection::vec(0u64..9, 0..3), rule: text() }),
        1 => make!(AnchorAudit { group: group(), number: version(), link: (0u8..4).prop_map(|byte| Digest([byte; 32])) }),
    ]
    .boxed()
}

pub(crate) fn command_of_group_0() -> BoxedStrategy<Command> {
    let puts = prop_oneof![
        make!(PutAdminUnits { admin_units: prop::collection::vec(admin_unit(), 0..3) }),
        make!(PutDistrict { district: district() }),
        make!(PutPerson { person: person() }),
        make!(PlaceEntities {
            placements: prop::collection::vec(
                (entity_id(), group()).prop_map(|(entity, group)| Placement { entity, group }),
                0..3
            )
        }),
        make!(SetLiveNodes { nodes: prop::collection::vec(0u64..4, 0..3), epoch: version() }),
        make!(PutUnit { unit: unit() }),
    ];
    let units = prop_oneof![
        4 => make!(SetUnitStatus {
            unit: unit_id(), status: unit_status(), expected_status: unit_status(), tapped_at_ms: time(),
            assignment: 0u64..3, reason: text(),
        }),
        1 => make!(MoveUnit { unit: unit_id(), position: place(), at_ms: time() }),
    ];
    let opens = prop_oneof![
        make!(OpenIncident {
            kind: kind(),
            severity: severity(),
            place: place(),
            summary: text(),
            source: source(),
            exercise: any::<bool>(),
            place_is_mapped: any::<bool>(),
            advice: Just(None),
        }),
        make!(FeedIncident { alarm: alarm(), kind: kind(), summary: Just("water".to_owned()) }),
    ];
    let (incident, expected_version) = (incident_id(), version());
    let works = prop_oneof![
        1 => make!(AmendIncident {
            incident: incident.clone(), expected_version: expected_version.clone(),
            kind: kind(), severity: severity(), place: place(), summary: text(),
        }),
        1 => make!(NoteIncident { incident: incident.clone(), note: text() }),
        1 => make!(AcknowledgeIncident { incident: incident.clone(), expected_version: expected_version.clone() }),
        4 => make!(AssignIncident {
            incident: incident.clone(), expected_version: expected_version.clone(), units: prop::collection::vec(unit_id(), 0..3),
        }),
        1 => make!(ResolveIncident { incident: incident.clone(), expected_version: expected_version.clone(), note: text() }),
        1 => make!(CloseIncident { incident: incident.clone(), expected_version: expected_version.clone(), note: text() }),
        2 => make!(ReopenIncident { incident: incident.clone(), expected_version: expected_version.clone(), reason: text() }),
        2 => make!(MergeIncident {
            incident: incident.clone(), expected_version: expected_version.clone(), into: incident_id(),
        }),
        2 => make!(UnmergeIncident { incident: incident.clone(), expected_version: expected_version.clone() }),
        2 => make!(EscalateIncident { incident: incident, from_level: 0u32..4 }),
    ];
    prop_oneof![
        2 => of_any_group(),
        3 => puts,
        5 => units,
        5 => opens,
        10 => works,
        8 => command_of_model(),
        10 => command_of_dispatch(),
        6 => command_of_report(),
        8 => command_of_deadline(),
        9 => command_of_call(),
        5 => command_of_access(),
        6 => command_of_warning(),
        7 => command_of_room(),
        4 => drill::command(),
        4 => file::command(),
        2 => erasure::command(),
        1 => command_of_device(),
    ]
    .boxed()
}

fn command_of_device() -> BoxedStrategy<Command> {
    prop_oneof![
        1 => make!(RegisterSensor { sensor: sensor() }),
        1 => make!(SetDeviceStatus { sensor: sensor_id(), status: device_status() }),
        4 => make!(RecordReadings { readings: prop::collection::vec(reading(), 0..12) }),
        1 => make!(RegisterCamera { camera: camera() }),
        2 => make!(RecordCameraHealth { camera: camera_id(), health: health(), epoch: version() }),
        1 => make!(SetRetention {
            days: 0u32..3,
            kinds: prop::collection::vec(
                (select(SensorKind::ALL), 0u32..3).prop_map(|(kind, days)| KindRetention { kind, days }),
                0..3
            ),
        }),
    ]
    .boxed()
}

pub(crate) fn command_of_field() -> BoxedStrategy<Command> {
    let alarms = prop_oneof![
        4 => make!(RaiseAlarm {
            key: alarm_key(), episode: episode(), severity: severity(), value_micro: micro(), limit_micro: micro(),
            exercise: any::<bool>(), finding: Just(None),
        }),
        4 => finding::command(),
        4 => make!(ClearAlarm { key: alarm_key(), episode: episode(), value_micro: micro() }),
        2 => make!(AcknowledgeAlarm { key: alarm_key(), episode: episode() }),
        2 => make!(ShelveAlarm { key: alarm_key(), reason: text(), until_ms: time() }),
        1 => make!(UnshelveAlarm { key: alarm_key() }),
        2 => make!(TakeOutOfService {
            entity: entity_id(), condition: prop::option::of(condition()), reason: text(), until_ms: time(),
        }),
        2 => make!(ReturnToService { entity: entity_id(), condition: prop::option::of(condition()) }),
        2 => make!(ConfirmAlarmReport {
            key: alarm_key(), episode: episode(), version: version(), incident: prop::option::of(incident_id()),
        }),
    ];
    let foreign = make!(PutUnit { unit: unit() });
    prop_oneof![2 => of_any_group(), 5 => command_of_device(), 8 => alarms, 1 => foreign].boxed()
}

fn grant() -> impl Strategy<Value = Grant> {
    (person_id(), role(), any::<bool>(), prop::collection::btree_set(area(), 0..3), 0u64..40).prop_map(
        |(person, role, everywhere, admin_units, index)| Grant {
            person,
            role,
            everywhere,
            admin_units,
            index,
            from: "10.0.0.7".into(),
            why: String::new(),
            terms: Terms::default(),
        },
    )
}

pub(crate) fn entry(command: impl Strategy<Value = Command>) -> impl Strategy<Value = Entry> {
    let seq = prop_oneof![8 => 0u64..10, 2 => 0u64..400, 1 => any::<u64>()];
    let request = (session_id(), seq).prop_map(|(session, seq)| RequestId { session, seq });
    // The clock seldom leaps, or nothing would be within a session.
    let at = prop_oneof![30 => 0u64..400_000, 1 => 0u64..40_000_000].prop_map(Millis);
    let salt = select(&["", "salt"][..]).prop_map(|text| Bytes::from_static(text.as_bytes()));
    (at, prop::option::weighted(0.3, request), prop::option::weighted(0.4, grant()), command, salt)
        .prop_map(|(at_ms, request, grant, command, salt)| Entry { at_ms, request, grant, command, salt })
}

/// Entries, of which two in three are aimed at the state that they meet.
pub(crate) fn entries(command: impl Strategy<Value = Command>) -> impl Strategy<Value = Vec<(bool, Entry)>> {
    prop::collection::vec((prop::bool::weighted(0.66), entry(command)), 1..100)
}
