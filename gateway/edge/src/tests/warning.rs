//! Warnings from a draft to everybody's feed, and hand-overs with another service's system: who may, and what is refused.

use domain::{
    AmendIncident, GroupId, HandoverDirection, HandoverStatus, IncidentId, IncidentKind, Severity, WarningId,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    http::{User, answer, client, user},
    province::{Served, accepted, config, place, province, serve},
};
use crate::{cap::strict, cluster::read, courier::signature, eido};

fn served() -> Served {
    serve(&province(), 1, config())
}

fn clock(served: &Served) -> u64 {
    read(&*served.node, GroupId::COMMAND, |state| state.clock().0)
}

fn draft(served: &Served, area: &str) -> Value {
    let text = |language: &str| {
        json!({"language": language, "event": "Lũ", "headline": "Nước lên <nhanh>", "description": "Vượt báo động III",
            "instruction": "Rời bãi sông"})
    };
    json!({
        "incident": "I1", "message": "alert",
        "content": {
            "purpose": "actual", "sender": "ioc.example.vn", "sender_name": "Trung tâm", "severity": "critical",
            "urgency": "immediate", "certainty": "observed", "response": "evacuate",
            "expires_at_ms": clock(served) + 600_000, "texts": [text("vi"), text("en")],
            "areas": [{"admin_unit": area}],
        }
    })
}

async fn public(served: &Served, path: &str) -> (u16, String, String) {
    let response = client().get(served.url(path)).send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

#[tokio::test]
async fn a_warning_is_everybodys_once_a_second_person_has_approved_it() {
    let served = served();
    let (lan, admin, xem) = (user(&served, "lan").await, user(&served, "admin").await, user(&served, "xem").await);
    assert_eq!(answer(xem.post(&served, 1, "/api/warnings", &draft(&served, "u1"))).await.0, 403, "a viewer");
    let elsewhere = answer(lan.post(&served, 1, "/api/warnings", &draft(&served, "u3"))).await;
    assert_eq!(elsewhere.0, 403, "u3 is another room's: {elsewhere:?}");
    let (status, done) = answer(lan.post(&served, 2, "/api/warnings", &draft(&served, "u1"))).await;
    assert_eq!((status, &done["entity"]), (200, &json!("W1")));
    assert_eq!(public(&served, "/api/public/warnings/W1").await.0, 404, "a draft is not public");
    let seen = json!({"expected_version": 1});
    assert_eq!(answer(lan.post(&served, 3, "/api/warnings/W1/approve", &seen)).await.0, 403, "its author");
    assert_eq!(answer(admin.post(&served, 1, "/api/warnings/W1/approve", &seen)).await.0, 200);

    let (status, kind, feed) = public(&served, "/api/public/warnings").await;
    assert_eq!((status, kind.as_str()), (200, "application/atom+xml; charset=utf-8"));
    assert!(feed.contains("/api/public/warnings/W1") && feed.contains("Nước lên &lt;nhanh&gt;"), "{feed}");
    let (status, kind, alert) = public(&served, "/api/public/warnings/W1").await;
    assert_eq!((status, kind.as_str()), (200, "application/cap+xml"));
    strict::check(&alert).unwrap();
    assert!(!alert.contains(">lan") && !alert.contains("admin"), "nobody's name: {alert}");

    let mut cancel = draft(&served, "u1");
    (cancel["message"], cancel["of"]) = (json!("cancel"), json!("W1"));
    assert_eq!(answer(admin.post(&served, 2, "/api/warnings", &cancel)).await.0, 200);
    assert_eq!(answer(lan.post(&served, 4, "/api/warnings/W2/approve", &seen)).await.0, 200);
    let (_, _, alert) = public(&served, "/api/public/warnings/W2").await;
    strict::check(&alert).unwrap();
    let in_force = read(&*served.node, GroupId::COMMAND, |state| {
        let first = &state.warnings()[&WarningId::new("W1").unwrap()];
        first.is_in_force(state.clock())
    });
    assert!(!in_force);
    assert_eq!(answer(xem.get(&served, "/api/warnings")).await.1["items"], json!([]), "of another room");
    assert_eq!(answer(lan.get(&served, "/api/warnings")).await.1["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_draft_is_where_its_incident_is_and_what_was_published_where_it_was_written_for() {
    let served = served();
    let (lan, admin, xem) = (user(&served, "lan").await, user(&served, "admin").await, user(&served, "xem").await);
    assert_eq!(answer(lan.post(&served, 1, "/api/warnings", &draft(&served, "u1"))).await.0, 200);
    let amend = AmendIncident {
        incident: IncidentId::new("I1").unwrap(),
        expected_version: 1,
        kind: IncidentKind::Flood,
        severity: Severity::High,
        place: place(3),
        summary: "Ngập ở xã khác".into(),
    };
    accepted(served.cluster.commit(GroupId::COMMAND, amend));
    let listed =
        async |user: &User| answer(user.get(&served, "/api/warnings")).await.1["items"].as_array().unwrap().len();
    assert_eq!((listed(&lan).await, listed(&xem).await, listed(&admin).await), (0, 1, 1), "as the incident itself");
    let seen = json!({"expected_version": 1});
    assert_eq!(answer(admin.post(&served, 1, "/api/warnings/W1/approve", &seen)).await.0, 200);
    assert_eq!((listed(&lan).await, listed(&xem).await, listed(&admin).await), (1, 0, 1), "it warns u1");
}

const SECRET: &str = "mật khẩu chung của hai bên";

async fn with_partner(served: &Served, admin: &User) {
    let receiver = json!({"id": "115", "name": "Cấp cứu 115", "url": "https://115.example/trongdong", "secret": SECRET,
        "kinds": ["incident_opened"], "admin_unit": "u1"});
    assert_eq!(answer(admin.post(served, 1, "/api/receivers", &receiver)).await.0, 200);
}

async fn sent(served: &Served, path: &str, body: &Value, secret: &str) -> (u16, Value) {
    let bytes = serde_json::to_vec(body).unwrap();
    let signature = signature(secret.as_bytes(), &bytes);
    let request = client().request(Method::POST, served.url(path)).header("trongdong-signature", signature);
    answer(request.body(bytes)).await
}

#[tokio::test]
async fn a_service_takes_over_what_it_was_offered_and_nobody_else_can() {
    let served = served();
    let (lan, admin) = (user(&served, "lan").await, user(&served, "admin").await);
    with_partner(&served, &admin).await;
    let offer =
        json!({"expected_version": 1, "to": "115", "second_contact": "0234 115", "lead": true, "reason": "cần xe"});
    assert_eq!(answer(lan.post(&served, 1, "/api/incidents/I1/handover", &offer)).await.0, 200);
    let xem = user(&served, "xem").await;
    assert_eq!(answer(xem.get(&served, "/api/handover/parties")).await.0, 403);
    let parties = answer(lan.get(&served, "/api/handover/parties")).await;
    assert_eq!(parties, (200, json!([{"id": "115", "name": "Cấp cứu 115"}])), "no address and no secret");
    let taken = json!({"handover": "I1.1", "accept": true, "answered_for": "kíp 2", "reference": "115-9"});
    for (receiver, secret) in [("115", "another"), ("nobody", SECRET)] {
        let path = format!("/api/handover/{receiver}/answers");
        assert_eq!(sent(&served, &path, &taken, secret).await.0, 403, "{receiver}");
    }
    for _ in 0..2 {
        assert_eq!(sent(&served, "/api/handover/115/answers", &taken, SECRET).await.0, 204, "also when it comes again");
    }
    let led = read(&*served.node, GroupId::COMMAND, |state| {
        state.incidents()[&IncidentId::new("I1").unwrap()].dispatch.led_by().map(|it| it.reference.clone())
    });
    assert_eq!(led.as_deref(), Some("115-9"));
    let wrong = sent(&served, "/api/handover/115/answers", &json!({"handover": "x", "accept": true}), SECRET).await;
    assert_eq!((wrong.0, &wrong.1["field"]), (422, &json!("handover")));
}

#[tokio::test]
async fn an_object_that_offers_an_incident_opens_one_and_a_person_answers() {
    let served = served();
    let (lan, admin, xem) = (user(&served, "lan").await, user(&served, "admin").await, user(&served, "xem").await);
    with_partner(&served, &admin).await;
    let eido = json!({
        "$id": "urn:emergency:uid:incidentid:9:115.example", "eidoVersion": "1.0", "issuingElementIdentification": "115",
        "incidentComponent": {"$id": "i", "incidentTypeCommonRegistryText": "FUNK", "incidentCommonPriorityNumber": 8},
        "locationComponent": [{"$id": "l", "locationTypeDescriptionRegistryText": "CurrentIncident",
            "locationByValue": "<gml:pos>21.5 105.8</gml:pos>"}],
        "agencyComponent": []
    });
    for _ in 0..2 {
        assert_eq!(sent(&served, "/api/handover/115/incidents", &eido, SECRET).await.0, 202);
    }
    let opened = read(&*served.node, GroupId::COMMAND, |state| {
        let received = |it: &&domain::Incident| !it.dispatch.handovers.is_empty();
        state.incidents().values().filter(received).cloned().collect::<Vec<_>>()
    });
    assert_eq!(opened.len(), 1, "the same object is one incident");
    let incident = &opened[0];
    assert_eq!((incident.kind, incident.severity), (domain::IncidentKind::Fire, domain::Severity::High));
    assert_eq!(incident.place.admin_unit.as_str(), "u1", "what the service is registered for");
    assert_eq!(incident.dispatch.handovers[0].direction, HandoverDirection::In);
    let path = format!("/api/incidents/{}/handover/answer", incident.id);
    let taken = json!({"handover": 1, "accept": true});
    assert_eq!(answer(xem.post(&served, 1, &path, &taken)).await.0, 403, "a viewer");
    assert_eq!(answer(lan.post(&served, 1, &path, &taken)).await.0, 200);
    let status =
        read(&*served.node, GroupId::COMMAND, |state| state.incidents()[&incident.id].dispatch.handovers[0].status);
    assert_eq!(status, HandoverStatus::Accepted);
    let ours = eido::handover_name(incident, &incident.dispatch.handovers[0]);
    let theirs = json!({"handover": ours, "accept": false, "answer": "x"});
    assert_eq!(sent(&served, "/api/handover/115/answers", &theirs, SECRET).await.0, 403, "it is not theirs to answer");
    let no_place = json!({"$id": "a", "eidoVersion": "1.0", "incidentComponent": {}});
    let refused = sent(&served, "/api/handover/115/incidents", &no_place, SECRET).await;
    assert_eq!((refused.0, &refused.1["field"]), (422, &json!("locationComponent.locationByValue")));
}
