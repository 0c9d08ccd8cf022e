//! Models over HTTP and on screens: who registers, who sees, who decides, and what a shadow says to nobody.

use std::sync::Arc;

use domain::{
    Advice, Digest, GroupId, IncidentId, IncidentKind, Micro, ModelName, ReportSilence, Severity, Suggest, VersionName,
};
use serde_json::{Value, json};

use super::{
    double::Cluster,
    http::{answer, user},
    province::{Served, accepted, config, province, serve},
};
use crate::screen::pulse::heartbeat;

fn served() -> Served {
    serve(&province(), 1, config())
}

/// A model says something of the incident in d1.
pub(super) fn suggest(cluster: &Arc<Cluster>, version: &str, text: u8) {
    let advice = Advice {
        confidence_micro: Micro(870_000),
        kind: Some(IncidentKind::Medical),
        severity: Some(Severity::Critical),
        needs: Vec::new(),
        people: 3,
        vulnerable: 1,
        no_emergency_micro: Micro(0),
        duplicate_of: None,
        reasons: vec!["khó thở".into()],
    };
    let suggest = Suggest {
        incident: IncidentId::new("I1").unwrap(),
        model: ModelName::new("triage").unwrap(),
        model_version: VersionName::new(version).unwrap(),
        input_sha256: Digest([text; 32]),
        input_bytes: 6,
        advice,
    };
    accepted(cluster.commit(GroupId(0), suggest));
}

fn registration(version: &str) -> Value {
    json!({
        "name": "triage", "version": version, "kind": "triage", "sha256": "ab".repeat(32), "data": "own corpus, seed 1",
        "quality": [{"name": "macro_f1", "value_micro": 873_000}],
        "shares": [{"kind": "flood", "share_micro": 400_000}],
    })
}

/// Two versions, the second as a shadow.
async fn in_use(served: &Served) {
    let admin = user(served, "admin").await;
    for (seq, version, mode) in [(1, "v1", "active"), (3, "v2", "shadow")] {
        let (status, body) = answer(admin.post(served, seq, "/api/models", &registration(version))).await;
        assert_eq!((status, &body["entity"]), (200, &json!("triage")), "{body}");
        let of = json!({"version": version, "mode": mode});
        let (status, body) = answer(admin.post(served, seq + 1, "/api/models/triage/roll-out", &of)).await;
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test]
async fn who_sees_the_models_sees_the_load_forecast() {
    let served = served();
    let (lan, xem) = (user(&served, "lan").await, user(&served, "xem").await);
    assert_eq!(answer(xem.get(&served, "/api/load")).await.0, 403, "a wall sees no models");
    // A node without one says so.
    assert_eq!(answer(lan.get(&served, "/api/load")).await.0, 503);
    let load: crate::LoadForecast = std::sync::Arc::new(|| json!({"state": "learning", "hours": 7}));
    let served = serve(&province(), 1, crate::EdgeConfig { load: Some(load), ..config() });
    let lan = user(&served, "lan").await;
    assert_eq!(answer(lan.get(&served, "/api/load")).await, (200, json!({"state": "learning", "hours": 7})));
}

#[tokio::test]
async fn administrators_register_and_officers_look() {
    let served = served();
    in_use(&served).await;
    let (admin, lan, xem) = (user(&served, "admin").await, user(&served, "lan").await, user(&served, "xem").await);
    let listed = answer(lan.get(&served, "/api/models")).await.1;
    assert_eq!((&listed["items"][0]["active"], &listed["items"][0]["shadow"]), (&json!("v1"), &json!("v2")));
    assert_eq!(listed["items"][0]["versions"][0]["sha256"], json!("ab".repeat(32)));
    assert_eq!(answer(lan.get(&served, "/api/tallies")).await.1["items"].as_array().unwrap().len(), 2);
    for path in ["/api/models", "/api/tallies"] {
        assert_eq!(answer(xem.get(&served, path)).await.0, 403, "a wall sees no models");
    }
    assert_eq!(answer(lan.post(&served, 1, "/api/models", &registration("v3"))).await.0, 403);
    let other = json!({"name": "triage", "version": "v1", "kind": "triage", "sha256": "cd".repeat(32), "data": "x"});
    assert_eq!(answer(admin.post(&served, 5, "/api/models", &other)).await.1["code"], "exists");
    let short = json!({"name": "triage", "version": "v3", "kind": "triage", "sha256": "ab", "data": "x"});
    let (status, body) = answer(admin.post(&served, 6, "/api/models", &short)).await;
    assert_eq!((status, &body["field"]), (422, &json!("sha256")), "{body}");
    let silent = json!({"on": false, "reason": ""});
    assert_eq!(answer(admin.post(&served, 7, "/api/models/triage/switch", &silent)).await.0, 422);
    let back = json!({"version": "v2", "mode": "shadow"});
    assert_eq!(answer(admin.post(&served, 8, "/api/models/triage/roll-back", &back)).await.0, 200);
}

#[tokio::test]
async fn a_suggestion_is_accepted_on_the_version_seen_and_a_shadow_is_shown_to_nobody() {
    let served = served();
    in_use(&served).await;
    suggest(&served.cluster, "v1", 1);
    suggest(&served.cluster, "v2", 1);
    let (admin, lan, xem) = (user(&served, "admin").await, user(&served, "lan").await, user(&served, "xem").await);
    for person in [&admin, &lan] {
        let listed = answer(person.get(&served, "/api/incidents")).await.1;
        let said = listed["items"][0]["suggestions"].as_array().unwrap();
        assert_eq!((said.len(), &said[0]["model_version"]), (1, &json!("v1")), "{listed}");
        assert_eq!(said[0]["advice"]["reasons"], json!(["khó thở"]));
    }
    let path = "/api/incidents/I1/suggestions/1";
    let accept = json!({"expected_version": 1, "decision": "accepted"});
    assert_eq!(answer(xem.post(&served, 1, path, &accept)).await.0, 403);
    let stale = json!({"expected_version": 9, "decision": "accepted"});
    assert_eq!(answer(lan.post(&served, 1, path, &stale)).await.1["code"], "version_conflict");
    let of_shadow = answer(lan.post(&served, 2, "/api/incidents/I1/suggestions/2", &accept)).await.1;
    assert_eq!(of_shadow["code"], "wrong_status");
    let (status, done) = answer(lan.post(&served, 3, path, &accept)).await;
    assert_eq!((status, &done["entity"], &done["version"]), (200, &json!("I1"), &json!(2)));
    let incident = answer(lan.get(&served, "/api/incidents")).await.1["items"][0].clone();
    assert_eq!((&incident["kind"], &incident["severity"]), (&json!("medical"), &json!("critical")));
    assert_eq!(incident["suggestions"][0]["decided_by"], json!("lan"));
    let tallies = answer(lan.get(&served, "/api/tallies")).await.1;
    assert_eq!((&tallies["items"][0]["accepted"], &tallies["items"][0]["bins"][8]["accepted"]), (&json!(1), &json!(1)));
    let timeline = answer(lan.get(&served, "/api/incidents/I1/timeline")).await.1;
    let last = timeline.as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], json!("incident_suggestion_decided"));

    // Overriding sets something else, in the same entry.
    suggest(&served.cluster, "v1", 2);
    let over = json!({"expected_version": 2, "decision": "overridden", "kind": "fire", "severity": "low"});
    assert_eq!(answer(lan.post(&served, 4, "/api/incidents/I1/suggestions/3", &over)).await.0, 200);
    let incident = answer(lan.get(&served, "/api/incidents")).await.1["items"][0].clone();
    assert_eq!((&incident["kind"], &incident["severity"]), (&json!("fire"), &json!("low")));
    let tallies = answer(lan.get(&served, "/api/tallies")).await.1;
    assert_eq!(tallies["items"][0]["overridden"], json!(1));
}

#[tokio::test]
async fn the_heartbeat_names_what_gives_no_advice() {
    let served = served();
    in_use(&served).await;
    assert_eq!(heartbeat(&*served.node).models, []);
    let (model, model_version) = (ModelName::new("triage").unwrap(), VersionName::new("v1").unwrap());
    accepted(served.cluster.commit(GroupId(0), ReportSilence { model, model_version, late: 2, failed: 0 }));
    let causes = || heartbeat(&*served.node).models.iter().map(|it| it.cause.as_str()).collect::<Vec<_>>();
    assert_eq!(causes(), ["silent"]);
    suggest(&served.cluster, "v1", 1);
    assert_eq!(causes(), [""; 0]);
    let admin = user(&served, "admin").await;
    let off = json!({"on": false, "reason": "gợi ý sai từ trưa"});
    assert_eq!(answer(admin.post(&served, 5, "/api/models/triage/switch", &off)).await.0, 200);
    assert_eq!(causes(), ["off"]);
}
