//! No path lets out what the policy refuses: every role, in every district, of every field and agency, asks every route, sees
//! every picture, is pushed every event, reads the record and is refused every command. Routes come out of the router's own
//! description, and one whose right is not declared (`declared.rs`) fails. What comes back, refusals included, is searched for words
//! that stand in one record only (`furnished.rs`). Over HTTP each path is asked by a part of them (`askers.rs`), pictures and events
//! by all.

mod askers;
mod declared;
mod furnished;

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use domain::{
    AmendIncident, AnswerReport, FileReport, GroupId, IncidentId, IncidentKind, OpenIncident, PersonId, PutPerson,
    PutRemit, PutUnit, Remit, ReopenReport, ReportChannel, ReportCode, Role, Severity, SwitchFeature, Unit,
    VOCABULARY_2, policy,
    policy::{Action, Noun},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    double::Cluster,
    http::{answer, client, user},
    province::{Served, accepted, code, config, incident, person, place, province, serve, unit},
    screen::{Client, Gateway, gateway, token, whole},
};
use crate::{
    cluster::{Source, read},
    screen::{
        message::Payload,
        places::Places,
        snapshot::build,
        view::{Encoding, Subscription, View},
    },
};
use askers::{Asker, Askers, is_refused, reads_record, signed_in};
use declared::{Asked, DECLARED, UNDESCRIBED};
use furnished::{COMMUNES, Furnished, Ids, about};

/// Fails where a word came that the policy shows to others only; how many words came.
fn check(furnished: &Furnished, asker: Option<&Asker>, path: &str, came: &str) -> usize {
    let mut count = 0;
    for marker in furnished.found(came) {
        let who = asker.map_or("nobody", |it| it.name.as_str());
        assert!(marker.may(asker.map(|it| &it.grant)), "{who} got the {} from {path}: {came}", marker.what);
        count += 1;
    }
    count
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

/// Ids for a path that takes one.
fn ids<'a>(path: &str, ids: &'a Ids) -> Vec<&'a str> {
    let known = match path.split('/').nth(2) {
        Some("incidents") => &ids.incidents,
        Some("reports") => &ids.reports,
        Some("instructions") => &ids.instructions,
        Some("warnings") => &ids.warnings,
        Some("shift-notes") => &ids.shift_notes,
        Some("rooms") => &ids.rooms,
        Some("public") if path.contains("warnings") => &ids.warnings,
        Some("public") => &ids.reports,
        Some("units") => return vec!["x01", "x23"],
        Some("sensors") => return vec!["s1", "s2"],
        _ => return vec!["C1", "l1", "1"],
    };
    known.iter().map(String::as_str).collect()
}

/// The path with each of its ids in it; at most so many, others each turn. What else it takes is a number.
fn filled(path: &str, known: &Ids, ids_max: usize, turn: usize) -> Vec<String> {
    let mut parts = path.split(['{', '}']);
    let (Some(before), Some(_), Some(behind)) = (parts.next(), parts.next(), parts.next()) else {
        return vec![path.to_owned()];
    };
    let behind =
        parts.enumerate().fold(behind.to_owned(), |all, (n, part)| all + if n.is_multiple_of(2) { "1" } else { part });
    let known = ids(path, known);
    let count = known.len();
    // The ends of neighbours are of other fields: a step that has no factor with the count goes through all of them.
    let chosen = (0..count.min(ids_max)).map(|n| known[(turn + n * 7) % count]);
    chosen.map(|id| format!("{before}{id}{behind}")).collect()
}

/// Every path that is looked at, with whom it asks.
fn looked_at(known: &Ids) -> Vec<(String, Asked)> {
    let mut paths = Vec::new();
    for (_, path, asked) in DECLARED.iter().filter(|(method, ..)| *method == "get") {
        paths.extend(filled(path, known, usize::MAX, 0).into_iter().map(|path| (path, *asked)));
    }
    let asked = |of: &str| DECLARED.iter().find(|(method, path, _)| (*method, *path) == ("get", of)).unwrap().2;
    let photo = |n: usize| format!("{:02x}", n + 1).repeat(32);
    for (n, id) in known.incidents.iter().enumerate() {
        paths.push((format!("/api/reports?incident={id}"), asked("/api/reports")));
        paths.push((format!("/api/files?incident={id}"), asked("/api/files")));
        paths.push((format!("/api/files/{}?incident={id}", photo(n)), asked("/api/files/{id}")));
    }
    for id in known.reports.iter().step_by(3) {
        paths.push((format!("/api/files?report={id}"), asked("/api/files")));
    }
    for query in ["/api/calls?line=1022", "/api/reports?status=received"] {
        paths.push((query.to_owned(), asked(query.split('?').next().unwrap())));
    }
    paths
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
    let furnished = Furnished::unrecorded();
    let served = serve(&furnished.cluster, 1, config());
    let askers = Askers::new(&served.cluster, &served.node);
    let (client, mut found) = (client(), BTreeSet::new());
    for (turn, (path, asked)) in looked_at(&furnished.ids).into_iter().enumerate() {
        let (status, came) = sent(client.get(served.url(&path))).await;
        check(&furnished, None, &path, &came);
        assert!(matches!(asked, Asked::Nobody) || status >= 400, "nobody got {status} from {path}");
        for asker in askers.of_path(asked, turn) {
            let (status, came) = sent(client.get(served.url(&path)).bearer_auth(asker.token.text())).await;
            check(&furnished, Some(asker), &path, &came);
            found.extend(furnished.found(&came).map(|marker| marker.what.clone()));
            assert!(!is_refused(asked, asker) || status >= 400, "{} got {status} from {path}", asker.name);
        }
    }
    let missed = furnished.markers.iter().map(|marker| &marker.what).filter(|what| !found.contains(*what));
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "what may be seen is seen by somebody, or this proves nothing: {missed:?}");
}

#[tokio::test]
async fn a_photo_is_given_to_who_sees_its_incident_and_to_nobody_else() {
    let furnished = Furnished::unrecorded();
    let served = serve(&furnished.cluster, 1, config());
    let askers = Askers::new(&served.cluster, &served.node);
    let (client, mut given) = (client(), 0);
    // Of a fire in u1, which no agency has a task in.
    let of = IncidentKind::ALL.iter().position(|kind| *kind == IncidentKind::Fire).unwrap() * COMMUNES.len();
    let (id, other) = (&furnished.ids.incidents[of], &furnished.ids.incidents[of + 1]);
    let sha256 = format!("{:02x}", of + 1).repeat(32);
    for asker in askers.all() {
        let path = served.url(&format!("/api/files/{sha256}?incident={id}"));
        let (status, _) = sent(client.get(path).bearer_auth(asker.token.text())).await;
        // This node stores no photos: who may have it is told so, and nobody else that there is one.
        let fire = about(Some(IncidentKind::Fire), None);
        let may = policy::allows_of(&asker.grant, Action::See(Noun::Incident), Some(&code(1)), &fire).is_ok();
        assert_eq!(status == 503, may, "{}: {status}", asker.name);
        assert!(may || matches!(status, 403 | 404), "{}: {status}", asker.name);
        given += usize::from(may);
        // The hash alone opens nothing, nor under another incident.
        let path = served.url(&format!("/api/files/{sha256}?incident={other}"));
        assert_ne!(sent(client.get(path).bearer_auth(asker.token.text())).await.0, 503, "{}", asker.name);
    }
    assert!(given > 20, "{given}");
}

#[tokio::test]
async fn a_refusal_tells_nothing_of_another_field() {
    let furnished = Furnished::unrecorded();
    let served = serve(&furnished.cluster, 1, config());
    let askers = Askers::new(&served.cluster, &served.node);
    let client = client();
    let body = json!({"expected_version": 99, "note": "x", "reason": "x", "group": 0, "entity": "s2",
        "condition": "high", "incident": "I1", "into": "I5", "text": "x", "units": ["x01"], "status": "en_route",
        "agency": "115", "answer": "x", "to_name": "x", "contact": "x", "second_contact": "x", "handover": 1,
        "accept": true, "remark": "x", "clock": {"of": {"incident": "I1"}, "number": 1}});
    let commands = DECLARED.iter().filter(|(method, path, _)| *method == "post" && *path != "/api/logout");
    let mut turn = 0;
    for (_, path, asked) in commands {
        for path in filled(path, &furnished.ids, 3, turn) {
            turn += 1;
            let seq = u64::try_from(turn).unwrap();
            for asker in askers.of_command(turn) {
                let request = client.post(served.url(&path)).bearer_auth(asker.token.text());
                let (status, came) = sent(request.header("x-request-seq", seq).json(&body)).await;
                check(&furnished, Some(asker), &path, &came);
                assert!(!is_refused(*asked, asker) || status >= 400, "{} got {status} from {path}", asker.name);
                // Nor where it lies.
                let elsewhere = (1..=4).map(code).filter(|code| !policy::covers(&asker.grant, code));
                let named = elsewhere.filter(|code| status >= 400 && came.contains(code.as_str())).count();
                assert_eq!(named, 0, "{} learned from {path} where it lies: {came}", asker.name);
            }
        }
    }
}

#[tokio::test]
async fn the_record_tells_no_words_but_to_who_reads_them_of_every_field() {
    let furnished = Furnished::new();
    let served = serve(&furnished.cluster, 1, config());
    let askers = Askers::of(&[Role::Admin, Role::Auditor, Role::Operator], &served.cluster, &served.node);
    let (client, mut given, mut told, mut seq) = (client(), 0, 0, 0_u64);
    let of = |more: Value| {
        let mut wanted = json!({"group": 0, "reason": "thanh tra"});
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wanted
    };
    // What the one who gives reasons did, what nobody in particular did, and what is found by a word.
    let searches = [of(json!({"by": "duyet"})), of(json!({"kind": "system"})), of(json!({"text": "mk"}))];
    for asker in askers.all() {
        let may_look = policy::allows(&asker.grant, Action::ReadRecord, None).is_ok();
        for search in &searches {
            seq += 1;
            let request = client.post(served.url("/api/audit/records")).bearer_auth(asker.token.text());
            let (status, came) = sent(request.header("x-request-seq", seq).json(search)).await;
            assert_eq!(status == 200, may_look, "{}: {status} {came}", asker.name);
            let words: Vec<_> = furnished.found(&came).map(|marker| &marker.what).collect();
            assert!(reads_record(asker) || words.is_empty(), "{} was told {words:?}", asker.name);
            told += words.len();
        }
        let mut after = 0;
        loop {
            seq += 1;
            let wanted = of(json!({"after": after}));
            let request = client.post(served.url("/api/audit/export")).bearer_auth(asker.token.text());
            let response = request.header("x-request-seq", seq).json(&wanted).send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let came = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
            assert_eq!(status == 200, reads_record(asker), "{}: {status}", asker.name);
            let sees_callers = policy::allows(&asker.grant, Action::SeeCaller, None).is_ok();
            for marker in furnished.found(&came) {
                let may = reads_record(asker) && (sees_callers || !marker.is_callers());
                assert!(may, "{} was given the {} of the record", asker.name, marker.what);
                given += 1;
            }
            let through = headers.get("x-audit-through").and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
            // Each look adds a record of its own behind what was there.
            match through {
                Some(through) if status == 200 && after + 1_000 < through => after = through,
                _ => break,
            }
        }
    }
    assert!(given > 100 && told > 20, "what may be read is read, or this proves nothing: {given}, {told}");
}

#[tokio::test]
async fn what_is_pushed_and_replayed_is_what_role_district_and_remit_show() {
    let furnished = Furnished::unrecorded();
    let served = serve(&furnished.cluster, 1, config());
    let node = &served.node;
    let askers = Askers::new(&served.cluster, node);
    let mut found = 0;
    let mut views = Vec::new();
    for asker in askers.all() {
        let wanted = Subscription::default();
        views.push(read(&**node, GroupId(0), |state0| View::new(&asker.grant, &wanted, state0, Encoding::Json)));
    }
    for group in GroupId::all() {
        let places = read(&**node, group, Places::of_state);
        for (asker, view) in askers.all().iter().zip(&views).filter(|(_, view)| !view.nouns.is_empty()) {
            for part in build(&**node, group, view).parts.iter() {
                let Payload::Text(part) = part else { panic!("a part of JSON is text") };
                found += check(&furnished, Some(asker), "a picture", part.as_str());
            }
        }
        for batch in node.events_after(group, 0, usize::MAX).unwrap() {
            for event in &batch.events {
                // Most are shown as they are, and are looked through once.
                let whole = serde_json::to_string(event).unwrap();
                if furnished.found(&whole).next().is_none() {
                    continue;
                }
                for (asker, view) in askers.all().iter().zip(&views) {
                    found += match view.filter(event, &places) {
                        Some(Cow::Borrowed(_)) => check(&furnished, Some(asker), "an event", &whole),
                        Some(Cow::Owned(shown)) => {
                            check(&furnished, Some(asker), "an event", &serde_json::to_string(&shown).unwrap())
                        }
                        None => 0,
                    };
                }
            }
        }
    }
    assert!(found > 1_000, "what may be seen is seen, or this proves nothing: {found}");
}

/// The province with a fire, I3, one of unknown kind, I4, and a unit of another agency.
fn screens() -> Arc<Cluster> {
    let cluster = province();
    for (kind, summary) in [(IncidentKind::Fire, "Cháy"), (IncidentKind::Other, "Chưa rõ")] {
        accepted(cluster.commit(GroupId(0), OpenIncident { kind, ..incident(1, summary) }));
    }
    let other = Unit { agency: "115".into(), ..unit("xe3", 1) };
    accepted(cluster.commit(GroupId(0), PutUnit { unit: other }));
    cluster
}

#[tokio::test]
async fn a_command_on_another_field_is_refused_until_the_remit_is_another() {
    let served = serve(&screens(), 1, config());
    let lan = PersonId::new("lan").unwrap();
    let fire = Remit { fields: vec![IncidentKind::Fire], agencies: Vec::new() };
    accepted(served.cluster.commit(GroupId(0), PutRemit { person: lan, remit: fire }));
    let lan = user(&served, "lan").await;
    let acknowledge = json!({"expected_version": 1});
    let of = |id: &str| format!("/api/incidents/{id}/acknowledge");
    assert_eq!(answer(lan.post(&served, 1, &of("I1"), &acknowledge)).await.0, 403, "a flood");
    assert_eq!(answer(lan.post(&served, 2, &of("I4"), &acknowledge)).await.0, 200, "nobody's alone");
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

/// I3 is of another kind than it seemed.
fn amend(gateway: &Gateway, kind: IncidentKind) {
    let amend = AmendIncident {
        incident: IncidentId::new("I3").unwrap(),
        expected_version: read(&*gateway.node, GroupId(0), |state0| state0.incidents()["I3"].version),
        kind,
        severity: Severity::High,
        place: place(1),
        summary: "Cháy".into(),
    };
    accepted(gateway.cluster.commit(GroupId(0), amend));
}

#[tokio::test(start_paused = true)]
async fn a_remit_cuts_an_open_screen_at_once_and_what_changes_fields_leaves_it() {
    let gateway = gateway(&screens(), 1, config());
    let lan = signed_in(&gateway.cluster, &gateway.node, &PersonId::new("lan").unwrap());
    let mut screen = Client::open(&gateway, &lan).await;
    let has = |screen: &Client, name: &str| screen.fold.groups.values().any(|group| group.records.contains_key(name));
    assert!(has(&screen, "incident/I1") && has(&screen, "incident/I3") && has(&screen, "unit/xe3"));

    let fire = Remit { fields: vec![IncidentKind::Fire], agencies: vec!["PCCC".into()] };
    let put = PutRemit { person: PersonId::new("lan").unwrap(), remit: fire };
    accepted(gateway.cluster.commit(GroupId(0), put));
    screen.until(|fold| fold.resets.len() == 9 && whole(fold)).await;
    assert!(screen.fold.resets.iter().all(|(_, reason)| reason == "rights-changed"));
    assert!(!has(&screen, "incident/I1") && has(&screen, "incident/I3") && has(&screen, "incident/I4"));
    assert!(has(&screen, "unit/xe1") && !has(&screen, "unit/xe3"), "of another agency");

    amend(&gateway, IncidentKind::Traffic);
    let gone = |fold: &super::fold::Fold| !fold.groups[&0].records.contains_key("incident/I3");
    screen.until(gone).await;
    assert_eq!(screen.fold.resets.len(), 9, "it is withdrawn, and nothing begins anew");
}

#[tokio::test(start_paused = true)]
async fn a_report_that_waits_is_on_the_screens_of_whose_its_incident_is_now() {
    let gateway = gateway(&screens(), 1, config());
    let commit = |command: domain::Command| accepted(gateway.cluster.commit(GroupId(0), command));
    commit(SwitchFeature { feature: VOCABULARY_2 }.into());
    for (id, field) in [("nuoc", IncidentKind::Flood), ("chay", IncidentKind::Fire)] {
        commit(PutPerson { person: person(id, Role::Operator, &["d1"]) }.into());
        let remit = Remit { fields: vec![field], agencies: Vec::new() };
        commit(PutRemit { person: PersonId::new(id).unwrap(), remit }.into());
    }
    let report = || ReportCode::new("R1").unwrap();
    let file = FileReport {
        code: report(),
        channel: ReportChannel::Web,
        reference: String::new(),
        text: "Khói ở chợ".into(),
        place: place(1),
        incident: Some(IncidentId::new("I3").unwrap()),
        kind: None,
        severity: None,
        told_kind: Some(IncidentKind::Flood),
        advice: None,
        contact: String::new(),
        language: "vi".into(),
        exercise: false,
    };
    commit(file.into());
    let expected_version = read(&*gateway.node, GroupId(0), |state0| state0.reports()["R1"].version);
    commit(AnswerReport { report: report(), expected_version, answer: "Đã cử tổ đến".into() }.into());
    commit(ReopenReport { report: report(), reason: "Vẫn còn khói".into() }.into());

    let mut nuoc = Client::open(&gateway, &token(&gateway.cluster, "nuoc")).await;
    let mut chay = Client::open(&gateway, &token(&gateway.cluster, "chay")).await;
    let has = |fold: &super::fold::Fold| fold.groups[&0].records.contains_key("report/R1");
    assert!(has(&chay.fold) && !has(&nuoc.fold), "its sender took it for a flood, and it is a fire");
    amend(&gateway, IncidentKind::Flood);
    nuoc.until(has).await;
    chay.until(|fold| !has(fold)).await;
    assert!(nuoc.fold.resets.is_empty() && chay.fold.resets.is_empty(), "nothing begins anew");
}
