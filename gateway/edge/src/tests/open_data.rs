//! What everybody may download: how late, how exact, of what kinds, and that nothing personal is in it.

use std::sync::Arc;

use domain::{
    AnswerReport, CloseIncident, FileReport, GroupId, IncidentId, IncidentKind, NoteIncident, OpenIncident, Place,
    Reply, ReportChannel, ReportCode,
};
use proptest::prelude::*;
use reqwest::{Response, header::HeaderMap};
use serde_json::Value;

use super::{
    double::Cluster,
    http::client,
    province::{Served, accepted, communes, config, incident, place, serve},
};
use crate::public::{
    open_data::{
        table::{DELAY_MS, Table, What},
        write,
    },
    words,
};

const HEADER: &str =
    "kind,kind_vi,kind_en,severity,admin_unit,admin_unit_name,latitude,longitude,reported_at,done_at\r\n";

/// A place whose exact position and address are nobody else's.
fn at_home(address: &str) -> Place {
    Place { latitude_e7: 215_467_891, longitude_e7: 1_058_049_999, address: address.to_owned(), ..place(1) }
}

fn opened(cluster: &Cluster, kind: IncidentKind, exercise: bool, word: &str) -> IncidentId {
    let open = OpenIncident { kind, exercise, place: at_home(word), ..incident(1, word) };
    match cluster.commit(GroupId::COMMAND, open) {
        Reply::Accepted(done) => IncidentId::new(&done.entity).unwrap(),
        Reply::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn closed(cluster: &Cluster, incident: IncidentId, word: &str) {
    let close = CloseIncident { incident, expected_version: 1, note: word.to_owned() };
    accepted(cluster.commit(GroupId::COMMAND, close));
}

fn filed(cluster: &Cluster, code: &str, kind: IncidentKind, exercise: bool, word: &str) -> ReportCode {
    let code = ReportCode::new(code).unwrap();
    let report = FileReport {
        code: code.clone(),
        channel: ReportChannel::Web,
        reference: word.to_owned(),
        text: word.to_owned(),
        place: at_home(word),
        incident: None,
        kind: None,
        severity: None,
        told_kind: Some(kind),
        advice: None,
        contact: word.to_owned(),
        language: "vi".to_owned(),
        exercise,
    };
    accepted(cluster.commit(GroupId::COMMAND, report));
    code
}

fn answered(cluster: &Cluster, report: ReportCode, word: &str) {
    let answer = AnswerReport { report, expected_version: 1, answer: word.to_owned() };
    accepted(cluster.commit(GroupId::COMMAND, answer));
}

/// Lets a day pass: the log's clock stands still until the next entry.
fn a_day_passes(cluster: &Cluster, incident: &IncidentId) {
    cluster.pass(DELAY_MS);
    let note = NoteIncident { incident: incident.clone(), note: "riêng: ghi chú".to_owned() };
    accepted(cluster.commit(GroupId::COMMAND, note));
}

async fn asked(served: &Served, file: &str, etag: Option<&str>) -> Response {
    let request = client().get(served.url(&format!("/api/public/open-data/{file}")));
    let request = if let Some(etag) = etag { request.header("if-none-match", etag) } else { request };
    request.send().await.unwrap()
}

async fn told(served: &Served, file: &str) -> String {
    let response = asked(served, file, None).await;
    assert_eq!(response.status(), 200, "{file}");
    response.text().await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

#[tokio::test]
async fn a_closed_incident_is_everybodys_after_a_day_and_nothing_about_people_is() {
    let cluster = communes();
    let served = serve(&cluster, 1, config());
    let fire = opened(&cluster, IncidentKind::Fire, false, "riêng: tóm tắt");
    let shut = [IncidentKind::Medical, IncidentKind::PublicOrder, IncidentKind::Other];
    let mut others: Vec<_> = shut.map(|kind| opened(&cluster, kind, false, "riêng: tóm tắt")).into();
    others.push(opened(&cluster, IncidentKind::Flood, true, "riêng: diễn tập"));
    for incident in others.into_iter().chain([fire.clone()]) {
        closed(&cluster, incident, "riêng: kết quả");
    }
    let open = opened(&cluster, IncidentKind::Traffic, false, "riêng: chưa xong");
    assert_eq!(told(&served, "incidents.csv").await, HEADER, "not at once");
    a_day_passes(&cluster, &open);
    let row = "fire,Cháy,Fire,high,u1,Xã 1,21.55,105.80,2096-10-02T14:00:00+07:00,2096-10-02T14:00:00+07:00\r\n";
    assert_eq!(told(&served, "incidents.csv").await, format!("{HEADER}{row}"));
    let features: Value = serde_json::from_str(&told(&served, "incidents.geojson").await).unwrap();
    assert_eq!(features["features"].as_array().unwrap().len(), 1);
    assert_eq!(features["features"][0]["geometry"]["coordinates"], serde_json::json!([105.8, 21.55]));
    assert_eq!(told(&served, "reports.csv").await, HEADER);
}

#[tokio::test]
async fn a_report_is_everybodys_after_a_day_and_its_answer_a_day_after_that() {
    let cluster = communes();
    let served = serve(&cluster, 1, config());
    let any = opened(&cluster, IncidentKind::Other, false, "riêng: tóm tắt");
    let report = filed(&cluster, "RIENG1", IncidentKind::Traffic, false, "riêng: lời");
    filed(&cluster, "RIENG2", IncidentKind::Medical, false, "riêng: lời");
    filed(&cluster, "RIENG3", IncidentKind::Flood, true, "riêng: diễn tập");
    assert_eq!(told(&served, "reports.csv").await, HEADER, "not at once");
    a_day_passes(&cluster, &any);
    answered(&cluster, report, "riêng: trả lời");
    let row = "traffic,Giao thông,Traffic,,u1,Xã 1,21.55,105.80,2096-10-02T14:00:00+07:00,";
    assert_eq!(told(&served, "reports.csv").await, format!("{HEADER}{row}\r\n"), "that it is answered is news");
    a_day_passes(&cluster, &any);
    assert_eq!(told(&served, "reports.csv").await, format!("{HEADER}{row}2096-10-03T14:00:00+07:00\r\n"));
}

#[tokio::test]
async fn who_has_a_page_is_not_sent_it_again_and_who_asks_too_often_waits() {
    let cluster = communes();
    let served = serve(&cluster, 1, config());
    for (file, kind) in [
        ("incidents.csv", "text/csv; charset=utf-8; header=present"),
        ("reports.csv", "text/csv; charset=utf-8; header=present"),
        ("incidents.geojson", "application/geo+json"),
        ("reports.geojson", "application/geo+json"),
    ] {
        let first = asked(&served, file, None).await;
        let headers = first.headers().clone();
        assert_eq!((first.status().as_u16(), header(&headers, "content-type")), (200, kind), "{file}");
        assert_eq!(header(&headers, "cache-control"), "public, max-age=600");
        assert!(headers.get("link").is_none(), "there is no next page");
        let again = asked(&served, file, Some(header(&headers, "etag"))).await;
        assert_eq!((again.status().as_u16(), again.headers()["etag"].clone()), (304, headers["etag"].clone()));
        assert_eq!(again.bytes().await.unwrap().len(), 0);
        assert_eq!(asked(&served, file, Some("\"other\"")).await.status(), 200);
    }
    let wrong = asked(&served, "incidents.csv?page=0", None).await;
    assert_eq!(wrong.status(), 422);
    assert_eq!(wrong.json::<Value>().await.unwrap()["field"], "page");
    assert_eq!(asked(&served, "nothing.csv", None).await.status(), 404);
    let mut refused = None;
    for _ in 0..1_000 {
        let response = asked(&served, "reports.csv", None).await;
        if response.status() != 200 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("never told to wait");
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
}

/// Kinds as they are told and opened.
fn kind() -> impl Strategy<Value = IncidentKind> {
    prop::sample::select(words::KINDS.map(|(kind, _)| kind).to_vec())
}

fn is_about_things(kind: IncidentKind) -> bool {
    !matches!(kind, IncidentKind::Medical | IncidentKind::PublicOrder | IncidentKind::Other)
}

/// Both files of one of the two; how many rows are in each.
fn files(cluster: &Arc<Cluster>, what: What) -> (String, usize) {
    let node = cluster.node(1);
    let table = Table::take(what, &*node);
    let csv = String::from_utf8(write::csv(&table, 1)).unwrap();
    let json = String::from_utf8(write::geo_json(&table, 1)).unwrap();
    let rows = serde_json::from_str::<Value>(&json).unwrap()["features"].as_array().unwrap().len();
    assert_eq!(csv.lines().count(), rows + 1, "{csv}");
    (csv + &json, rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_word_of_a_person_gets_out(
        reports in prop::collection::vec((kind(), any::<bool>(), any::<bool>(), "[A-Z]{1,12}"), 1..8),
        incidents in prop::collection::vec((kind(), any::<bool>(), any::<bool>(), "[A-Z]{1,12}"), 1..8),
    ) {
        let cluster = communes();
        let mut last = None;
        for (n, (kind, exercise, is_answered, word)) in reports.iter().enumerate() {
            let word = format!("RIENG{word}");
            let report = filed(&cluster, &format!("RIENG{n}"), *kind, *exercise, &word);
            if *is_answered {
                answered(&cluster, report, &word);
            }
        }
        for (kind, exercise, is_closed, word) in &incidents {
            let word = format!("RIENG{word}");
            let incident = opened(&cluster, *kind, *exercise, &word);
            if *is_closed {
                closed(&cluster, incident.clone(), &word);
            }
            last = Some(incident);
        }
        a_day_passes(&cluster, &last.unwrap());
        let (told, rows) = files(&cluster, What::Reports);
        prop_assert!(!told.to_uppercase().contains("RIENG") && !told.contains("I1"), "{}", told);
        let expected = reports.iter().filter(|(kind, exercise, ..)| is_about_things(*kind) && !exercise).count();
        prop_assert_eq!(rows, expected);
        let (told, rows) = files(&cluster, What::Incidents);
        prop_assert!(!told.to_uppercase().contains("RIENG") && !told.contains("I1"), "{}", told);
        let is_shown = |(kind, exercise, closed, _): &&(IncidentKind, bool, bool, String)| {
            is_about_things(*kind) && !exercise && *closed
        };
        prop_assert_eq!(rows, incidents.iter().filter(is_shown).count());
    }
}
