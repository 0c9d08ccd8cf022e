//! Nothing gets out that the policy refuses: every role in every scope asks every route that there is, with every id, sees every
//! picture, is pushed every event, replays from the beginning, and is refused every command. What comes back is searched for
//! words that stand in one record only; which of them may be in it is asked of the policy.

use std::sync::Arc;

use domain::{
    AlarmKey, AttachFile, Condition, DeviceStatus, Digest, EntityId, FileKind, FileOwner, FileReport, Grant, GroupId,
    IncidentId, Micro, Millis, NoteIncident, OpenSession, PersonId, PutPerson, PutUnit, RaiseAlarm, Reading,
    RecordReadings, ReportChannel, ReportCode, Role, SensorId, Severity, StoredFile, Unit, policy,
    policy::{Action, Noun},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    double::{Cluster, Node},
    http::client,
    province::{Served, accepted, code, config, person, place, province, serve, unit},
};
use crate::{
    auth::Token,
    cluster::{Source, read},
    screen::{
        message::Payload,
        places::Places,
        snapshot::build,
        view::{Encoding, Subscription, View},
    },
};

/// Ids of both rooms, for every path that takes one.
const IDS: [&str; 8] = ["I1", "I2", "s1", "s2", "c1", "c2", "xe1", "xe2"];
/// Rooms; none: everywhere.
const SCOPES: [&[&str]; 3] = [&["d1"], &["d2"], &[]];

/// A word that stands in records of one place only, and the nouns by which it may be seen.
struct Marker {
    word: &'static str,
    nouns: &'static [Noun],
    at: usize,
}

const MARKERS: [Marker; 18] = [
    Marker { word: "Ngập 1", nouns: &[Noun::Incident], at: 1 },
    Marker { word: "Ngập 2", nouns: &[Noun::Incident], at: 3 },
    Marker { word: "ghi chú kín 1", nouns: &[Noun::Incident], at: 1 },
    Marker { word: "ghi chú kín 2", nouns: &[Noun::Incident], at: 3 },
    Marker { word: "ảnh kín 1", nouns: &[Noun::Incident], at: 1 },
    Marker { word: "ảnh kín 2", nouns: &[Noun::Incident], at: 3 },
    Marker { word: "tin kín 1", nouns: &[Noun::Report], at: 1 },
    Marker { word: "tin kín 2", nouns: &[Noun::Report], at: 3 },
    Marker { word: "Trạm s1", nouns: &[Noun::Sensor], at: 1 },
    Marker { word: "Trạm s2", nouns: &[Noun::Sensor], at: 3 },
    Marker { word: "Camera c1", nouns: &[Noun::Camera], at: 1 },
    Marker { word: "Camera c2", nouns: &[Noun::Camera], at: 3 },
    Marker { word: "Xe thang 1", nouns: &[Noun::Unit, Noun::Incident], at: 1 },
    Marker { word: "Xe thang 2", nouns: &[Noun::Unit, Noun::Incident], at: 3 },
    Marker { word: "27182818", nouns: &[Noun::Alarm, Noun::Incident], at: 1 },
    Marker { word: "31415926", nouns: &[Noun::Alarm, Noun::Incident], at: 3 },
    Marker { word: "1732050", nouns: &[Noun::Reading, Noun::Sensor], at: 1 },
    Marker { word: "1414213", nouns: &[Noun::Reading, Noun::Sensor], at: 3 },
];

/// Somebody of one role in one scope.
struct Asker {
    name: String,
    token: Token,
    grant: Grant,
}

fn furnished() -> Arc<Cluster> {
    let cluster = province();
    for (n, at, alarm, value) in [(1_u32, 1, 27_182_818, 1_732_050), (2, 3, 31_415_926, 1_414_213)] {
        let sensor = SensorId::new(&format!("s{n}")).unwrap();
        let entity = EntityId::from(&sensor);
        let raise = RaiseAlarm {
            key: AlarmKey { entity, condition: Condition::new("high").unwrap() },
            episode: 1,
            severity: Severity::High,
            value_micro: Micro(alarm),
            limit_micro: Micro(1),
            exercise: false,
            finding: None,
        };
        accepted(cluster.commit(GroupId(n), raise));
        let reading = Reading {
            sensor,
            at_ms: Millis(4_000_000_000_000),
            value_micro: Micro(value),
            status: DeviceStatus::Measuring,
            unit_of_measure: "m".into(),
        };
        accepted(cluster.commit(GroupId(n), RecordReadings { readings: vec![reading] }));
        let renamed = Unit { name: format!("Xe thang {n}"), ..unit(&format!("xe{n}"), at) };
        accepted(cluster.commit(GroupId(0), PutUnit { unit: renamed }));
        let incident = IncidentId::new(&format!("I{n}")).unwrap();
        accepted(
            cluster.commit(GroupId(0), NoteIncident { incident: incident.clone(), note: format!("ghi chú kín {n}") }),
        );
        let sha256 = Digest([u8::try_from(n).unwrap(); 32]);
        let attach = AttachFile {
            file: StoredFile { sha256, kind: FileKind::Jpeg, bytes: 1, width: 1, height: 1 },
            owner: FileOwner::Incident(incident),
            taken_at_ms: Millis(0),
            note: format!("ảnh kín {n}"),
        };
        accepted(cluster.commit(GroupId(0), attach));
        let report = FileReport {
            code: ReportCode::new(&format!("R{n}")).unwrap(),
            channel: ReportChannel::Web,
            reference: String::new(),
            text: format!("tin kín {n}"),
            place: place(at),
            incident: None,
            kind: None,
            severity: None,
            told_kind: None,
            advice: None,
            contact: String::new(),
            language: String::new(),
            exercise: false,
        };
        accepted(cluster.commit(GroupId(0), report));
    }
    cluster
}

fn askers(cluster: &Cluster, node: &Node) -> Vec<Asker> {
    let mut askers = Vec::new();
    for role in Role::ALL {
        for (n, scope) in SCOPES.iter().enumerate() {
            let name = format!("{role}-{n}");
            accepted(cluster.commit(GroupId(0), PutPerson { person: person(&name, *role, scope) }));
            let token = Token::random().unwrap();
            let id = PersonId::new(&name).unwrap();
            let expires_at_ms = read(node, GroupId(0), domain::State::clock).plus(40_000_000);
            let open = OpenSession { session: token.session(), person: id.clone(), expires_at_ms };
            accepted(cluster.commit(GroupId(0), open));
            let grant = read(node, GroupId(0), |state0| policy::grant(state0, &id, 1)).unwrap();
            askers.push(Asker { name, token, grant });
        }
    }
    askers
}

/// Nobody has the policy's word for a marker: it must not be in what came.
fn check(asker: Option<&Asker>, path: &str, came: &str) {
    for marker in &MARKERS {
        let sees = |noun: &Noun| {
            asker.is_some_and(|it| policy::allows(&it.grant, Action::See(*noun), Some(&code(marker.at))).is_ok())
        };
        let may_be_there = marker.nouns.iter().any(sees);
        let who = asker.map_or("nobody", |it| it.name.as_str());
        assert!(may_be_there || !came.contains(marker.word), "{who} got {:?} from {path}: {came}", marker.word);
    }
}

/// Every route of the description that has the method, with every id in it.
pub(super) async fn paths(served: &Served, method: &str) -> Vec<String> {
    let description: Value = client().get(served.url("/api")).send().await.unwrap().json().await.unwrap();
    let mut paths = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        if methods.get(method).is_none() || ["/api/login", "/api/logout"].contains(&path.as_str()) {
            continue;
        }
        match (path.find('{'), path.rfind('}')) {
            (Some(from), Some(to)) => {
                paths.extend(IDS.map(|id| format!("{}{id}{}", &path[..from], &path[to + 1..])));
            }
            _ => paths.push(path.clone()),
        }
    }
    paths
}

async fn text(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned()
}

#[tokio::test]
async fn what_is_read_is_what_the_policy_shows() {
    let served = serve(&furnished(), 1, config());
    let askers = askers(&served.cluster, &served.node);
    let (client, mut found) = (client(), 0);
    let mut paths = paths(&served, "get").await;
    assert!(paths.len() > 40, "the description names the routes: {paths:?}");
    let span = "from_ms=3999999999000&to_ms=4000000100000";
    paths.extend(IDS.map(|id| format!("/api/sensors/{id}/readings?{span}")));
    paths.extend(IDS.map(|id| format!("/api/sensors/{id}/series?{span}&points_max=10")));
    paths.extend(IDS.map(|id| format!("/api/reports?incident={id}")));
    paths.extend(IDS.map(|id| format!("/api/files?incident={id}")));
    for path in &paths {
        check(None, path, &text(client.get(served.url(path))).await);
        for asker in &askers {
            let request = client.get(served.url(path)).bearer_auth(asker.token.text());
            let came = text(request).await;
            check(Some(asker), path, &came);
            found += MARKERS.iter().filter(|marker| came.contains(marker.word)).count();
        }
    }
    assert!(found > 200, "what may be seen is seen, or this proves nothing: {found}");
}

#[tokio::test]
async fn a_refusal_tells_nothing_of_what_it_refuses() {
    let served = serve(&furnished(), 1, config());
    let askers = askers(&served.cluster, &served.node);
    let client = client();
    let body =
        json!({"expected_version": 99, "note": "x", "reason": "x", "group": 0, "entity": "s2", "condition": "high"});
    for (seq, path) in (1_u64..).zip(paths(&served, "post").await) {
        for asker in &askers {
            if path == "/api/audit/export" && policy::allows(&asker.grant, Action::ReadRecord, None).is_ok() {
                continue;
            }
            let request = client.post(served.url(&path)).bearer_auth(asker.token.text());
            let came = text(request.header("x-request-seq", seq).json(&body)).await;
            // An export of the record is for whoever administers everywhere, who sees all of it.
            check(Some(asker), &path, &came);
        }
    }
}

#[tokio::test]
async fn what_is_pushed_and_replayed_is_what_the_policy_shows() {
    let served = serve(&furnished(), 1, config());
    let node = &served.node;
    let askers = askers(&served.cluster, node);
    let mut found = 0;
    for asker in &askers {
        let wanted = Subscription::default();
        let view = read(&**node, GroupId(0), |state0| View::new(&asker.grant, &wanted, state0, Encoding::Json));
        for group in GroupId::all() {
            let picture = build(&**node, group, &view);
            for part in picture.parts.iter() {
                let Payload::Text(part) = part else { panic!("a part of JSON is text") };
                check(Some(asker), "a picture", part.as_str());
                found += MARKERS.iter().filter(|marker| part.as_str().contains(marker.word)).count();
            }
            let places = read(&**node, group, Places::of_state);
            for batch in node.events_after(group, 0, usize::MAX).unwrap() {
                for event in batch.events.iter().filter_map(|event| view.filter(event, &places)) {
                    check(Some(asker), "an event", &format!("{event:?}"));
                    check(Some(asker), "an event", &serde_json::to_string(&*event).unwrap());
                }
            }
        }
    }
    assert!(found > 50, "what may be seen is seen, or this proves nothing: {found}");
}
