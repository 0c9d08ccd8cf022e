//! Reports that wait for a person: who sees them on their screens, what each act makes of them there, and what their senders are told.

use domain::{
    Alarm, AlarmKey, AnswerReport, AttachFile, CallDesk, Condition, Digest, EntityId, FeedIncident, FileKind,
    FileOwner, FileReport, GroupId, IncidentKind, LegId, Micro, Millis, OfferCall, PutCallDesk, PutPerson,
    ReopenReport, ReportChannel, ReportCode, Role, Severity, StoredFile, SwitchFeature, VOCABULARY_2,
    wire::generated::{self as wire, WaitReason},
};
use prost::Message;
use serde_json::{Value, json};

use super::{
    fold::Fold,
    http::{answer, client, user},
    province::{Served, accepted, config, person, place, province, serve},
    screen::{Client, gateway, token},
};
use crate::limits::REPORTS_WAITING_MAX;

fn code(text: &str) -> ReportCode {
    ReportCode::new(text).unwrap()
}

fn filing(report: &str, at: usize) -> FileReport {
    FileReport {
        code: code(report),
        channel: ReportChannel::Web,
        reference: String::new(),
        text: "Nước vào nhà".into(),
        place: place(at),
        incident: None,
        kind: None,
        severity: None,
        told_kind: Some(IncidentKind::Flood),
        advice: None,
        contact: "0905 000 000".into(),
        language: "vi".into(),
        exercise: false,
    }
}

/// What a screen has of reports that wait, by code.
fn waiting(fold: &Fold) -> Vec<wire::WaitingReport> {
    let records = fold.groups[&0].records.iter().filter(|(name, _)| name.starts_with("report/"));
    records.map(|(_, record)| wire::WaitingReport::decode(&record[..]).unwrap()).collect()
}

fn find(fold: &Fold, report: &str) -> Option<wire::WaitingReport> {
    waiting(fold).into_iter().find(|it| it.code == report)
}

#[tokio::test]
async fn what_waits_is_on_the_screens_of_its_district_until_a_person_has_dealt_with_it() {
    let cluster = province();
    accepted(cluster.commit(GroupId::COMMAND, SwitchFeature { feature: VOCABULARY_2 }));
    for (id, role) in [("binh", Role::Dispatcher), ("khach", Role::Viewer)] {
        accepted(cluster.commit(GroupId::COMMAND, PutPerson { person: person(id, role, &["d1"]) }));
    }
    let served = serve(&cluster, 1, config());
    let screens = gateway(&cluster, 2, config());
    for (report, at) in [("7K3F", 1), ("9QXM", 3)] {
        accepted(cluster.commit(GroupId::COMMAND, filing(report, at)));
    }
    let mut screen = Client::open(&screens, &token(&cluster, "lan")).await;
    let seen = waiting(&screen.fold);
    assert_eq!(seen.len(), 1, "the other district's is not hers: {seen:?}");
    assert_eq!((seen[0].code.as_str(), seen[0].why), ("7K3F", WaitReason::Filed as i32));
    assert_eq!(waiting(&Client::open(&screens, &token(&cluster, "khach")).await.fold), [], "who only looks on");
    accepted(cluster.commit(GroupId::COMMAND, filing("2ABC", 2)));
    screen.until(|fold| find(fold, "2ABC").is_some()).await;

    let (lan, binh) = (user(&served, "lan").await, user(&served, "binh").await);
    let khach = user(&served, "khach").await;
    assert_eq!(answer(khach.get(&served, "/api/reports/waiting")).await.0, 403);
    let (_, listed) = answer(binh.get(&served, "/api/reports/waiting")).await;
    let codes: Vec<_> = listed["items"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, [json!("7K3F"), json!("2ABC")], "the one that has waited the longest first");
    assert!(listed["items"][0].get("contact").is_none(), "{listed}");

    // Two take the same one: the second is told to look first.
    let take = json!({"expected_version": 1, "take": true});
    assert_eq!(answer(lan.post(&served, 1, "/api/reports/7K3F/take", &take)).await.0, 200);
    let (status, refused) = answer(binh.post(&served, 1, "/api/reports/7K3F/take", &take)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("version_conflict")), "{refused}");
    screen.until(|fold| find(fold, "7K3F").is_some_and(|it| it.taken_by == "lan")).await;
    let taken = find(&screen.fold, "7K3F").unwrap();
    assert_eq!(taken.taken_until_ms, taken.taken_at_ms + domain::limits::REPORT_TAKEN_MS);

    let aside = |for_ms: u64| json!({"expected_version": 2, "for_ms": for_ms, "reason": "Chờ xã xác minh"});
    let (status, refused) = answer(lan.post(&served, 2, "/api/reports/7K3F/aside", &aside(1))).await;
    assert_eq!((status, &refused["field"]), (422, &json!("SetReportAside.for_ms")), "{refused}");
    assert_eq!(answer(lan.post(&served, 3, "/api/reports/7K3F/aside", &aside(3_600_000))).await.0, 200);
    screen.until(|fold| find(fold, "7K3F").is_some_and(|it| it.aside_until_ms > 0)).await;
    assert_eq!(find(&screen.fold, "7K3F").unwrap().taken_by, "");

    // A photo comes: it is back, and says how many there are.
    let photo = AttachFile {
        file: StoredFile { sha256: Digest([7; 32]), kind: FileKind::Jpeg, bytes: 1, width: 1, height: 1 },
        owner: FileOwner::Report(code("7K3F")),
        taken_at_ms: Millis(0),
        note: String::new(),
    };
    accepted(cluster.commit(GroupId::COMMAND, photo));
    screen.until(|fold| find(fold, "7K3F").is_some_and(|it| it.photos == 1 && it.aside_until_ms == 0)).await;

    // An incident is opened from one, and the other is answered: neither waits.
    let open = json!({"expected_version": 1, "kind": "flood", "severity": "high"});
    let (status, opened) = answer(binh.post(&served, 2, "/api/reports/2ABC/link", &open)).await;
    assert_eq!(status, 200, "{opened}");
    screen.until(|fold| find(fold, "2ABC").is_none()).await;
    assert!(screen.fold.groups[&0].records.contains_key("incident/I3"));
    let both = json!({"expected_version": 2, "incident": "I1", "kind": "flood", "severity": "high"});
    assert_eq!(answer(binh.post(&served, 3, "/api/reports/2ABC/link", &both)).await.0, 409, "it belongs to one");
    let told = json!({"expected_version": 3, "answer": "Đã cử tổ xuống"});
    assert_eq!(answer(lan.post(&served, 4, "/api/reports/7K3F/answer", &told)).await.0, 200);
    screen.until(|fold| waiting(fold).is_empty()).await;

    // Its sender says that it was not done.
    accepted(cluster.commit(GroupId::COMMAND, ReopenReport { report: code("7K3F"), reason: "Vẫn ngập".into() }));
    screen.until(|fold| find(fold, "7K3F").is_some()).await;
    let again = find(&screen.fold, "7K3F").unwrap();
    assert_eq!((again.why, again.note.as_str()), (WaitReason::Reopened as i32, "Vẫn ngập"));
    assert_eq!((again.reopened_count, again.photos), (1, 1));

    // Whoever comes now has the same picture as who followed all of it.
    let fresh = Client::open(&screens, &token(&cluster, "lan")).await;
    assert_eq!(waiting(&fresh.fold), waiting(&screen.fold));
}

async fn follow(served: &Served, shown: &str) -> Value {
    let (status, seen) = answer(client().get(served.url(&format!("/api/public/reports/{shown}")))).await;
    assert_eq!(status, 200, "{seen}");
    seen
}

/// In an overload the centre has something to say to callers that wait; who follows a report waits as well.
#[tokio::test]
async fn who_follows_a_report_is_told_what_callers_that_wait_are_told() {
    let served = serve(&province(), 1, config());
    let cluster = &served.cluster;
    let filing = json!({
        "key": "a-key-of-chance-0002", "kind": "flood", "text": "Nước vào nhà",
        "place": {"admin_unit": "u1", "address": "Tổ 5"}, "contact": "", "language": "vi"
    });
    let (status, filed) = answer(client().post(served.url("/api/public/reports")).json(&filing)).await;
    assert_eq!(status, 201, "{filed}");
    let shown = filed["code"].as_str().unwrap().to_owned();
    let words = "Nhiều cuộc gọi, xin chờ";
    let desk = CallDesk { overload_waiting: 1, waiting_message: words.into(), ..CallDesk::default() };
    accepted(cluster.commit(GroupId::COMMAND, PutCallDesk { desk }));
    assert_eq!(follow(&served, &shown).await["waiting_message"], json!(null), "there is no overload");
    for (leg, number) in [("a", "0905000001"), ("b", "0905000002")] {
        let offer = OfferCall {
            leg: LegId::new(leg).unwrap(),
            door: "pbx".into(),
            line: "1022".into(),
            number: number.into(),
            wanted: String::new(),
            place: None,
            language: String::new(),
            exercise: false,
        };
        accepted(cluster.commit(GroupId::COMMAND, offer));
    }
    let message = json!({"vi": words, "en": words});
    assert_eq!(follow(&served, &shown).await["waiting_message"], message);
    let request = client().get(served.url(&format!("/open311/v2/requests/{shown}.json")));
    assert_eq!(answer(request).await.1[0]["service_notice"], message["vi"]);
    let report = crate::public::code::parse(&shown).unwrap();
    let told = AnswerReport { report, expected_version: 1, answer: "Đã cử tổ xuống".into() };
    accepted(cluster.commit(GroupId::COMMAND, told));
    assert_eq!(follow(&served, &shown).await["waiting_message"], json!(null), "they wait no longer");
}

/// A flood ends at the door, and not on the screens; who sent before is told what they were told.
#[tokio::test]
async fn when_too_many_wait_the_public_comes_back_later_and_nothing_that_came_is_lost() {
    let served = serve(&province(), 1, config());
    let cluster = &served.cluster;
    let letter = |key: &str| json!({"key": key, "text": "Nước vào nhà", "place": {"admin_unit": "u1"}, "contact": "", "language": "vi"});
    let send = |key: &str| answer(client().post(served.url("/api/public/reports")).json(&letter(key)));
    let (status, first) = send("a-key-of-chance-0003").await;
    assert_eq!(status, 201, "{first}");
    for n in 1..REPORTS_WAITING_MAX {
        accepted(cluster.commit(GroupId::COMMAND, filing(&format!("R{n}"), 1)));
    }
    let (status, refused) = send("a-key-of-chance-0004").await;
    assert_eq!((status, &refused["code"]), (429, &json!("busy")), "{refused}");
    let (status, again) = send("a-key-of-chance-0003").await;
    assert_eq!((status, &again["code"]), (201, &first["code"]), "what came is there");
    let told = AnswerReport { report: code("R1"), expected_version: 1, answer: "Đã cử tổ xuống".into() };
    accepted(cluster.commit(GroupId::COMMAND, told));
    assert_eq!(send("a-key-of-chance-0004").await.0, 201, "somebody has dealt with one");
}

fn alarm(condition: &str) -> Alarm {
    Alarm {
        key: AlarmKey { entity: EntityId::new("S1").unwrap(), condition: Condition::new(condition).unwrap() },
        episode: 1,
        severity: Severity::High,
        active: true,
        acknowledged: false,
        shelf: None,
        place: place(1),
        value_micro: Micro(1),
        limit_micro: Micro(0),
        raised_at_ms: Millis(1),
        cleared_at_ms: Millis(0),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        reported_version: 0,
        version: 1,
        incident: None,
        occurrences: 1,
        exercise: false,
        finding: None,
        raised_days: Vec::new(),
    }
}

#[tokio::test]
async fn what_a_device_reports_is_listed_with_its_incident_taken_out_put_back_and_nobodys_in_the_open() {
    let cluster = province();
    accepted(cluster.commit(GroupId::COMMAND, SwitchFeature { feature: VOCABULARY_2 }));
    for condition in ["high", "silent"] {
        let told = FeedIncident { alarm: alarm(condition), kind: IncidentKind::Flood, summary: "Nước cao".into() };
        accepted(cluster.commit(GroupId::COMMAND, told));
    }
    let served = serve(&cluster, 1, config());
    let lan = user(&served, "lan").await;
    let (_, all) = answer(lan.get(&served, "/api/incidents")).await;
    let is_fed = |it: &&Value| it["summary"] == "Nước cao";
    let incident = all["items"].as_array().unwrap().iter().find(is_fed).unwrap()["id"].as_str().unwrap().to_owned();
    let listed = format!("/api/reports?incident={incident}");
    let (_, here) = answer(lan.get(&served, &listed)).await;
    assert_eq!(here["items"].as_array().unwrap().len(), 2, "{here}");
    let high = here["items"].as_array().unwrap().iter().find(|it| it["reference"] == "S1/high").unwrap().clone();
    assert_eq!(
        (&high["channel"], &high["status"], &high["contact"]),
        (&json!("device"), &json!("in_hand"), &json!(""))
    );
    let report = high["code"].as_str().unwrap();

    let out = json!({"expected_version": 1, "reason": "trạm khác"});
    assert_eq!(answer(lan.post(&served, 1, &format!("/api/reports/{report}/unlink"), &out)).await.0, 200);
    assert_eq!(answer(lan.get(&served, &listed)).await.1["items"].as_array().unwrap().len(), 1);
    let (_, waiting) = answer(lan.get(&served, "/api/reports/waiting")).await;
    assert_eq!((&waiting["items"][0]["code"], &waiting["items"][0]["channel"]), (&json!(report), &json!("device")));
    let back = json!({"expected_version": 2, "incident": incident});
    assert_eq!(answer(lan.post(&served, 2, &format!("/api/reports/{report}/link"), &back)).await.0, 200);
    assert_eq!(answer(lan.get(&served, "/api/reports/waiting")).await.1["items"], json!([]));

    // Its code is no secret, and opens nothing to who has no account.
    let asked = client().get(served.url(&format!("/api/public/reports/{report}"))).send().await.unwrap();
    assert_eq!(asked.status().as_u16(), 422);
}
