//! A small province to test with: four communes, two district rooms, some people, a sensor and a camera in each.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    AdminUnit, AdminUnitCode, Camera, CameraHealth, CameraId, DeviceStatus, District, DistrictId, EntityId, GroupId,
    IncidentKind, Micro, Millis, OpenIncident, Origin, Person, PersonId, Place, PlaceEntities, Placement,
    PutAdminUnits, PutDistrict, PutPerson, PutUnit, RegisterCamera, RegisterSensor, Reply, Role, Sensor, SensorId,
    SensorKind, Severity, Source, Unit, UnitId, UnitStatus,
};

use super::double::{Cameras, Cluster, Node, ToCluster};
use crate::{
    accounts::hash_password,
    config::EdgeConfig,
    edge::Edge,
    seal::{Sealer, person_context},
};

pub(super) const KEY: [u8; 32] = [9; 32];
pub(super) const PASSWORD: &str = "trống đồng";

/// One hash for all: each costs tens of milliseconds.
static PHC: LazyLock<String> = LazyLock::new(|| hash_password(PASSWORD.as_bytes()).unwrap());

pub(super) fn code(n: usize) -> AdminUnitCode {
    AdminUnitCode::new(&format!("u{n}")).unwrap()
}

pub(super) fn place(n: usize) -> Place {
    Place { latitude_e7: 215_000_000, longitude_e7: 1_058_000_000, admin_unit: code(n), address: String::new() }
}

pub(super) fn sensor(id: &str, at: usize) -> Sensor {
    Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: SensorId::new(id).unwrap(),
        name: format!("Trạm {id}"),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".into(),
        place: place(at),
        thresholds: Vec::new(),
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
    }
}

pub(super) fn camera(id: &str, at: usize, sensitive: bool) -> Camera {
    Camera {
        id: CameraId::new(id).unwrap(),
        name: format!("Camera {id}"),
        rtsp_url: "rtsp://10.0.0.1/1".into(),
        place: place(at),
        azimuth_deg: 0,
        field_of_view_deg: 60,
        credential_sealed: Bytes::from_static(b"sealed"),
        health: CameraHealth::Connecting,
        health_at_ms: Millis(0),
        version: 0,
        sensitive,
        out_of_service: Vec::new(),
    }
}

pub(super) fn unit(id: &str, at: usize) -> Unit {
    Unit {
        id: UnitId::new(id).unwrap(),
        name: id.into(),
        agency: "PCCC".into(),
        skills: Vec::new(),
        station: place(at),
        position: place(at),
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: domain::Duty::default(),
    }
}

pub(super) fn incident(at: usize, summary: &str) -> OpenIncident {
    OpenIncident {
        kind: IncidentKind::Flood,
        severity: Severity::High,
        place: place(at),
        summary: summary.into(),
        source: Source {
            origin: Origin::Report("113".into()),
            episode: 0,
            version: 0,
            active: true,
            at_ms: Millis(0),
            alarm_report: None,
        },
        exercise: false,
        place_is_mapped: false,
        advice: None,
    }
}

pub(super) fn district(id: &str, units: &[usize], group: u32) -> District {
    District {
        id: DistrictId::new(id).unwrap(),
        name: id.into(),
        name_en: id.into(),
        admin_units: units.iter().map(|n| code(*n)).collect(),
        group: GroupId(group),
        load: None,
    }
}

pub(super) fn person(id: &str, role: Role, districts: &[&str]) -> Person {
    let id = PersonId::new(id).unwrap();
    let sealed = Sealer::new(&KEY).seal(&person_context(&id), PHC.as_bytes()).unwrap();
    Person {
        name: format!("Người {id}"),
        id,
        role,
        districts: districts.iter().map(|district| DistrictId::new(district).unwrap()).collect(),
        everywhere: districts.is_empty(),
        disabled: false,
        credential_sealed: sealed,
        unit: None,
    }
}

pub(super) fn accepted(reply: Reply) {
    assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
}

/// Communes u1 to u4, rooms d1 (u1, u2; group 1) and d2 (u3, u4; group 2).
pub(super) fn communes() -> Arc<Cluster> {
    let cluster = Cluster::new();
    let admin_unit = |n| AdminUnit {
        code: code(n),
        name: format!("Xã {n}"),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    accepted(cluster.commit(GroupId(0), PutAdminUnits { admin_units: (1..=4).map(admin_unit).collect() }));
    accepted(cluster.commit(GroupId(0), PutDistrict { district: district("d1", &[1, 2], 1) }));
    accepted(cluster.commit(GroupId(0), PutDistrict { district: district("d2", &[3, 4], 2) }));
    cluster
}

/// The communes with people (admin, operator lan of d1, viewer xem of d2, device tram of d1) and, in each room, a sensor,
/// a camera, a unit and an incident.
pub(super) fn province() -> Arc<Cluster> {
    let cluster = communes();
    for person in [
        person("admin", Role::Admin, &[]),
        person("lan", Role::Operator, &["d1"]),
        person("xem", Role::Viewer, &["d2"]),
        person("tram", Role::Device, &["d1"]),
    ] {
        accepted(cluster.commit(GroupId(0), PutPerson { person }));
    }
    for (n, at) in [(1, 1), (2, 3)] {
        let placed = |id: String| Placement { entity: EntityId::new(&id).unwrap(), group: GroupId(n) };
        let placements = vec![placed(format!("s{n}")), placed(format!("c{n}"))];
        accepted(cluster.commit(GroupId(0), PlaceEntities { placements }));
        accepted(cluster.commit(GroupId(n), RegisterSensor { sensor: sensor(&format!("s{n}"), at) }));
        accepted(cluster.commit(GroupId(n), RegisterCamera { camera: camera(&format!("c{n}"), at, false) }));
        accepted(cluster.commit(GroupId(0), PutUnit { unit: unit(&format!("xe{n}"), at) }));
        accepted(cluster.commit(GroupId(0), incident(at, &format!("Ngập {n}"))));
    }
    cluster
}

/// An edge that a test talks to.
pub(super) struct Served {
    pub(super) cluster: Arc<Cluster>,
    pub(super) node: Arc<Node>,
    pub(super) edge: Edge,
}

impl Served {
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.edge.local_addr())
    }
}

pub(super) fn config() -> EdgeConfig {
    let listen = "127.0.0.1:0".parse().unwrap();
    EdgeConfig {
        sensitive_hidden_after: Duration::from_secs(10),
        ..EdgeConfig::new(listen, "http://trongdong.test".into(), KEY)
    }
}

/// A node's edge over a cluster.
pub(super) fn serve(cluster: &Arc<Cluster>, id: u64, config: EdgeConfig) -> Served {
    let node = cluster.node(id);
    let nodes = Arc::new(|| vec![(1, "http://trongdong.test".to_owned()), (2, "http://khac.test".to_owned())]);
    let road = Arc::new(ToCluster(node.clone()));
    let edge = Edge::start_over(config, node.clone(), road, Arc::new(Cameras::default()), nodes).unwrap();
    Served { cluster: cluster.clone(), node, edge }
}
