//! No path lets out what the policy refuses: every role, in every district, of every field and agency, asks every route, sees
//! every picture, is pushed every event and is refused every command. Routes come out of the router's own description, and one
//! whose right is not declared (`declared.rs`) fails. What comes back is searched for words that stand in one record only.

mod declared;

use std::sync::Arc;

use domain::{
    AmendIncident, AttachFile, Digest, FileKind, FileOwner, FileReport, Grant, GroupId, IncidentId, IncidentKind,
    LegId, Millis, NoteIncident, OfferCall, OpenIncident, OpenSession, PersonId, PutPerson, PutRemit, PutUnit, Remit,
    ReportChannel, ReportCode, Role, Severity, StoredFile, Unit, policy,
    policy::{Action, Matter, Noun},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    double::{Cluster, Node},
    http::{answer, client, user},
    province::{Served, accepted, code, config, incident, person, place, province, serve, unit},
    screen::{Client, gateway, whole},
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
use declared::{Asked, DECLARED, UNDESCRIBED};

/// Rooms; none: everywhere.
const SCOPES: [&[&str]; 3] = [&["d1"], &["d2"], &[]];
/// Ids for every path that takes one: incidents of two fields and rooms, a call, a report, a unit, a sensor.
const IDS: [&str; 7] = ["I1", "I3", "I4", "C1", "RF3", "xe3", "s1"];

/// Of fire; and of floods, for agency 115. Without a remit everybody is tried in `rights_matrix`.
fn remits() -> [Remit; 2] {
    [
        Remit { fields: vec![IncidentKind::Fire], agencies: Vec::new() },
        Remit { fields: vec![IncidentKind::Flood], agencies: vec!["115".into()] },
    ]
}

/// A word that stands in one record only, and who may meet it.
struct Marker {
    word: &'static str,
    may: fn(&Grant) -> bool,
}

fn about(field: Option<IncidentKind>, agency: Option<&str>) -> Matter {
    Matter { field, agencies: agency.map(str::to_owned).into_iter().collect() }
}

fn sees(grant: &Grant, at: usize, field: Option<IncidentKind>) -> bool {
    policy::allows_of(grant, Action::See(Noun::Incident), Some(&code(at)), &about(field, None)).is_ok()
}

fn sees_unit(grant: &Grant, agency: &str) -> bool {
    policy::allows_of(grant, Action::See(Noun::Unit), Some(&code(1)), &about(None, Some(agency))).is_ok()
}

fn handles(grant: &Grant, field: IncidentKind) -> bool {
    policy::allows_of(grant, Action::HandleReport, Some(&code(1)), &about(Some(field), None)).is_ok()
}

fn sees_caller(grant: &Grant) -> bool {
    policy::allows(grant, Action::SeeCaller, None).is_ok()
}

const MARKERS: [Marker; 15] = [
    Marker { word: "Ngập 1", may: |grant| sees(grant, 1, Some(IncidentKind::Flood)) },
    Marker { word: "Ngập 2", may: |grant| sees(grant, 3, Some(IncidentKind::Flood)) },
    Marker { word: "Cháy 3", may: |grant| sees(grant, 1, Some(IncidentKind::Fire)) },
    Marker { word: "Cháy 4", may: |grant| sees(grant, 3, Some(IncidentKind::Fire)) },
    Marker { word: "Chưa rõ 5", may: |grant| sees(grant, 1, None) },
    Marker { word: "ghi chú kín 3", may: |grant| sees(grant, 1, Some(IncidentKind::Fire)) },
    Marker { word: "ảnh kín 3", may: |grant| sees(grant, 1, Some(IncidentKind::Fire)) },
    Marker { word: "Xe thang 1", may: |grant| sees_unit(grant, "PCCC") },
    Marker { word: "Xe cứu thương 3", may: |grant| sees_unit(grant, "115") },
    Marker { word: "Khói ở chợ 3", may: |grant| handles(grant, IncidentKind::Fire) },
    Marker { word: "Nước vào nhà 6", may: |grant| handles(grant, IncidentKind::Flood) },
    Marker { word: "0987654321", may: |grant| handles(grant, IncidentKind::Fire) && sees_caller(grant) },
    Marker { word: "0977111222", may: |grant| handles(grant, IncidentKind::Flood) && sees_caller(grant) },
    Marker { word: "0912345678", may: sees_caller },
    Marker { word: "người gọi tên Tư", may: sees_caller },
];

fn report(code: &str, text: &str, contact: &str, of: Option<&str>, told_kind: Option<IncidentKind>) -> FileReport {
    FileReport {
        code: ReportCode::new(code).unwrap(),
        channel: ReportChannel::App,
        reference: String::new(),
        text: text.into(),
        place: place(1),
        incident: of.map(|id| IncidentId::new(id).unwrap()),
        kind: None,
        severity: None,
        told_kind,
        contact: contact.into(),
        language: String::new(),
        exercise: false,
    }
}

/// The province with incidents of three fields, units of two agencies, reports with contacts, and a call.
fn furnished() -> Arc<Cluster> {
    let cluster = province();
    for (kind, at, summary) in
        [(IncidentKind::Fire, 1, "Cháy 3"), (IncidentKind::Fire, 3, "Cháy 4"), (IncidentKind::Other, 1, "Chưa rõ 5")]
    {
        accepted(cluster.commit(GroupId(0), OpenIncident { kind, ..incident(at, summary) }));
    }
    let fire = IncidentId::new("I3").unwrap();
    accepted(cluster.commit(GroupId(0), NoteIncident { incident: fire.clone(), note: "ghi chú kín 3".into() }));
    let attach = AttachFile {
        file: StoredFile { sha256: Digest([3; 32]), kind: FileKind::Jpeg, bytes: 1, width: 1, height: 1 },
        owner: FileOwner::Incident(fire),
        taken_at_ms: Millis(0),
        note: "ảnh kín 3".into(),
    };
    accepted(cluster.commit(GroupId(0), attach));
    for (id, name, agency) in [("xe1", "Xe thang 1", "PCCC"), ("xe3", "Xe cứu thương 3", "115")] {
        let unit = Unit { name: name.into(), agency: agency.into(), ..unit(id, 1) };
        accepted(cluster.commit(GroupId(0), PutUnit { unit }));
    }
    accepted(cluster.commit(GroupId(0), report("RF3", "Khói ở chợ 3", "0987654321", Some("I3"), None)));
    let told = Some(IncidentKind::Flood);
    accepted(cluster.commit(GroupId(0), report("RF6", "Nước vào nhà 6", "0977111222", None, told)));
    let call = OfferCall {
        leg: LegId::new("l1").unwrap(),
        door: "113".into(),
        line: "1022".into(),
        number: "0912345678".into(),
        wanted: "người gọi tên Tư".into(),
        place: None,
        language: String::new(),
        exercise: false,
    };
    accepted(cluster.commit(GroupId(0), call));
    cluster
}

/// Somebody of one role in one scope with one remit.
struct Asker {
    name: String,
    token: Token,
    grant: Grant,
}

/// A session that outlives the test.
fn signed_in(cluster: &Cluster, node: &Node, person: &PersonId) -> Token {
    let token = Token::random().unwrap();
    let expires_at_ms = read(node, GroupId(0), domain::State::clock).plus(40_000_000);
    let open = OpenSession { session: token.session(), person: person.clone(), expires_at_ms };
    accepted(cluster.commit(GroupId(0), open));
    token
}

fn askers(cluster: &Cluster, node: &Node, remits: &[Remit]) -> Vec<Asker> {
    let mut askers = Vec::new();
    for role in Role::ALL {
        for (n, scope) in SCOPES.iter().enumerate() {
            for (field, remit) in remits.iter().enumerate() {
                let name = format!("{role}-{n}-{field}");
                let id = PersonId::new(&name).unwrap();
                accepted(cluster.commit(GroupId(0), PutPerson { person: person(&name, *role, scope) }));
                accepted(cluster.commit(GroupId(0), PutRemit { person: id.clone(), remit: remit.clone() }));
                let token = signed_in(cluster, node, &id);
                let grant = read(node, GroupId(0), |state0| policy::grant(state0, &id, 1)).unwrap();
                askers.push(Asker { name, token, grant });
            }
        }
    }
    askers
}

/// How many markers were there, each of which might be.
fn check(asker: Option<&Asker>, path: &str, came: &str) -> usize {
    let there: Vec<&Marker> = MARKERS.iter().filter(|marker| came.contains(marker.word)).collect();
    for marker in &there {
        let who = asker.map_or("nobody", |it| it.name.as_str());
        let may = asker.is_some_and(|it| (marker.may)(&it.grant));
        assert!(may, "{who} got {:?} from {path}: {came}", marker.word);
    }
    there.len()
}

/// Every route of the router, as it describes them itself.
async fn described(served: &Served) -> Vec<(String, String)> {
    let description: Value = client().get(served.url("/api")).send().await.unwrap().json().await.unwrap();
    let paths = description["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods: Vec<String> = methods.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// The path with every id in it.
fn filled(path: &str) -> Vec<String> {
    match (path.find('{'), path.rfind('}')) {
        (Some(from), Some(to)) => IDS.map(|id| format!("{}{id}{}", &path[..from], &path[to + 1..])).to_vec(),
        _ => vec![path.to_owned()],
    }
}

/// Whether the policy refuses the route to this right.
fn is_refused(asked: Asked, asker: &Asker) -> bool {
    match asked {
        Asked::Asks(actions) => actions.iter().all(|action| policy::allows(&asker.grant, *action, None).is_err()),
        Asked::AsksWhole(action) => policy::allows_every_field(&asker.grant, action).is_err(),
        Asked::Nobody | Asked::Anybody | Asked::Other => false,
    }
}

async fn sent(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned())
}

#[tokio::test]
async fn every_route_declares_its_right() {
    let served = serve(&province(), 1, config());
    let described = described(&served).await;
    let is_declared = |method: &str, path: &str| DECLARED.iter().any(|(m, p, _)| (*m, *p) == (method, path));
    let open: Vec<_> = described.iter().filter(|(method, path)| !is_declared(method, path)).collect();
    assert!(open.is_empty(), "say in `declared.rs` by what right these answer: {open:?}");
    for (method, path, _) in DECLARED {
        let is_there = described.iter().any(|(m, p)| (m.as_str(), p.as_str()) == (*method, *path));
        assert!(is_there, "{method} {path} is gone: take it out of `declared.rs`");
        assert!(!UNDESCRIBED.contains(path), "{path}");
    }
}

#[tokio::test]
async fn what_is_read_is_what_role_district_and_remit_show() {
    let served = serve(&furnished(), 1, config());
    let askers = askers(&served.cluster, &served.node, &remits());
    let (client, mut found) = (client(), 0);
    let mut paths = Vec::new();
    for (_, path, asked) in DECLARED.iter().filter(|(method, ..)| *method == "get") {
        paths.extend(filled(path).into_iter().map(|path| (path, *asked)));
    }
    for query in
        ["/api/reports?incident=I3", "/api/files?incident=I3", "/api/files?report=RF3", "/api/calls?number=0912345678"]
    {
        let is_of = |path: &str| query.split('?').next() == Some(path);
        let (_, _, asked) = DECLARED.iter().find(|(method, path, _)| *method == "get" && is_of(path)).unwrap();
        paths.push((query.to_owned(), *asked));
    }
    for (path, asked) in &paths {
        let (status, came) = sent(client.get(served.url(path))).await;
        check(None, path, &came);
        assert!(matches!(asked, Asked::Nobody) || status >= 400, "nobody got {status} from {path}");
        for asker in &askers {
            let (status, came) = sent(client.get(served.url(path)).bearer_auth(asker.token.text())).await;
            found += check(Some(asker), path, &came);
            assert!(!is_refused(*asked, asker) || status >= 400, "{} got {status} from {path}", asker.name);
        }
    }
    assert!(found > 100, "what may be seen is seen, or this proves nothing: {found}");
}

#[tokio::test]
async fn a_photo_is_given_to_who_sees_its_incident_and_to_nobody_else() {
    let served = serve(&furnished(), 1, config());
    let askers = askers(&served.cluster, &served.node, &remits());
    let (client, mut given) = (client(), 0);
    let sha256 = "03".repeat(32);
    for asker in &askers {
        let path = served.url(&format!("/api/files/{sha256}?incident=I3"));
        let (status, _) = sent(client.get(path).bearer_auth(asker.token.text())).await;
        // This node stores no photos: who may have it is told so, and nobody else that there is one.
        let may = sees(&asker.grant, 1, Some(IncidentKind::Fire));
        assert_eq!(status == 503, may, "{}: {status}", asker.name);
        assert!(may || matches!(status, 403 | 404), "{}: {status}", asker.name);
        given += usize::from(may);
        // The hash alone opens nothing, nor under another incident.
        let path = served.url(&format!("/api/files/{sha256}?incident=I5"));
        assert_ne!(sent(client.get(path).bearer_auth(asker.token.text())).await.0, 503, "{}", asker.name);
    }
    assert!(given > 5, "{given}");
}

#[tokio::test]
async fn a_refusal_tells_nothing_of_another_field() {
    let served = serve(&furnished(), 1, config());
    let askers = askers(&served.cluster, &served.node, &remits()[..1]);
    let client = client();
    let body = json!({"expected_version": 99, "note": "x", "reason": "x", "group": 0, "entity": "s2",
        "condition": "high", "incident": "I1", "text": "x", "units": ["xe1"], "status": "en_route"});
    let commands = DECLARED.iter().filter(|(method, path, _)| *method == "post" && *path != "/api/logout");
    let mut seq = 0;
    for (_, path, asked) in commands {
        for path in filled(path) {
            seq += 1;
            for asker in &askers {
                let request = client.post(served.url(&path)).bearer_auth(asker.token.text());
                let (status, came) = sent(request.header("x-request-seq", seq).json(&body)).await;
                check(Some(asker), &path, &came);
                assert!(!is_refused(*asked, asker) || status >= 400, "{} got {status} from {path}", asker.name);
            }
        }
    }
}

#[tokio::test]
async fn a_command_on_another_field_is_refused_until_the_remit_is_another() {
    let served = serve(&furnished(), 1, config());
    let lan = PersonId::new("lan").unwrap();
    let fire = remits()[0].clone();
    accepted(served.cluster.commit(GroupId(0), PutRemit { person: lan, remit: fire }));
    let lan = user(&served, "lan").await;
    let acknowledge = json!({"expected_version": 1});
    let of = |id: &str| format!("/api/incidents/{id}/acknowledge");
    assert_eq!(answer(lan.post(&served, 1, &of("I1"), &acknowledge)).await.0, 403, "a flood");
    assert_eq!(answer(lan.post(&served, 2, &of("I5"), &acknowledge)).await.0, 200, "nobody's alone");
    let (_, session) = answer(lan.get(&served, "/api/session")).await;
    assert_eq!(session["remit"]["fields"], json!(["fire"]));
    let admin = user(&served, "admin").await;
    let all = json!({"person": "lan", "remit": {}});
    assert_eq!(answer(lan.post(&served, 3, "/api/remits", &all)).await.0, 403);
    assert_eq!(answer(admin.post(&served, 1, "/api/remits", &all)).await.0, 200);
    assert!(read(&*served.node, GroupId(1), domain::State::policy_floor) > 0, "older grants are void");
    assert_eq!(answer(lan.post(&served, 4, &of("I1"), &acknowledge)).await.0, 200);
    assert_eq!(answer(admin.get(&served, "/api/remits")).await.1["items"], json!([]));
}

#[tokio::test]
async fn what_is_pushed_and_replayed_is_what_role_district_and_remit_show() {
    let served = serve(&furnished(), 1, config());
    let node = &served.node;
    let askers = askers(&served.cluster, node, &remits());
    let mut found = 0;
    for asker in &askers {
        let wanted = Subscription::default();
        let view = read(&**node, GroupId(0), |state0| View::new(&asker.grant, &wanted, state0, Encoding::Json));
        for group in GroupId::all() {
            for part in build(&**node, group, &view).parts.iter() {
                let Payload::Text(part) = part else { panic!("a part of JSON is text") };
                found += check(Some(asker), "a picture", part.as_str());
            }
            let places = read(&**node, group, Places::of_state);
            for batch in node.events_after(group, 0, usize::MAX).unwrap() {
                for event in batch.events.iter().filter_map(|event| view.filter(event, &places)) {
                    found += check(Some(asker), "an event", &serde_json::to_string(&*event).unwrap());
                }
            }
        }
    }
    assert!(found > 100, "what may be seen is seen, or this proves nothing: {found}");
}

#[tokio::test(start_paused = true)]
async fn a_remit_cuts_an_open_screen_at_once_and_what_changes_fields_leaves_it() {
    let gateway = gateway(&furnished(), 1, config());
    let lan = signed_in(&gateway.cluster, &gateway.node, &PersonId::new("lan").unwrap());
    let mut screen = Client::open(&gateway, &lan).await;
    let has = |screen: &Client, name: &str| screen.fold.groups.values().any(|group| group.records.contains_key(name));
    assert!(has(&screen, "incident/I1") && has(&screen, "incident/I3") && has(&screen, "unit/xe3"));

    let fire = Remit { agencies: vec!["PCCC".into()], ..remits()[0].clone() };
    let put = PutRemit { person: PersonId::new("lan").unwrap(), remit: fire };
    accepted(gateway.cluster.commit(GroupId(0), put));
    screen.until(|fold| fold.resets.len() == 9 && whole(fold)).await;
    assert!(screen.fold.resets.iter().all(|(_, reason)| reason == "rights-changed"));
    assert!(!has(&screen, "incident/I1") && has(&screen, "incident/I3") && has(&screen, "incident/I5"));
    assert!(has(&screen, "unit/xe1") && !has(&screen, "unit/xe3"), "of another agency");

    let incident = IncidentId::new("I3").unwrap();
    let version = read(&*gateway.node, GroupId(0), |state0| state0.incidents()["I3"].version);
    let amend = AmendIncident {
        incident,
        expected_version: version,
        kind: IncidentKind::Traffic,
        severity: Severity::High,
        place: place(1),
        summary: "Cháy 3".into(),
    };
    accepted(gateway.cluster.commit(GroupId(0), amend));
    let gone = |fold: &super::fold::Fold| !fold.groups[&0].records.contains_key("incident/I3");
    screen.until(gone).await;
    assert_eq!(screen.fold.resets.len(), 9, "it is withdrawn, and nothing begins anew");
}
