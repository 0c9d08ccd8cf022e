//! The rules by which personal data go, over HTTP: who sets them, and what is refused.

use serde_json::json;

use super::{
    http::{answer, user},
    province::{config, province, serve},
};

#[tokio::test]
async fn an_administrator_sets_the_rules_and_nobody_else_does() {
    let served = serve(&province(), 1, config());
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let as_rules = |kept: &[(&str, u32)]| -> Vec<serde_json::Value> {
        kept.iter().map(|(kind, days)| json!({ "kind": kind, "days": days })).collect()
    };
    let asked = as_rules(&[("report", 730), ("contact", 365), ("caller", 30)]);
    let rules = json!({ "number": 1, "rules": asked });
    assert_eq!(answer(lan.get(&served, "/api/erasure")).await.0, 403);
    assert_eq!(answer(lan.post(&served, 1, "/api/erasure", &rules)).await.0, 403);
    assert_eq!(answer(admin.get(&served, "/api/erasure")).await.1, json!({ "number": 0, "rules": [] }));
    assert_eq!(answer(admin.post(&served, 1, "/api/erasure", &rules)).await.0, 200);
    let kept = as_rules(&[("caller", 30), ("contact", 365), ("report", 730)]);
    let stands = json!({ "number": 1, "rules": kept });
    assert_eq!(answer(admin.get(&served, "/api/erasure")).await.1, stands);

    // Who has not seen what another one set is told so, and a day too few is named.
    let (status, body) = answer(admin.post(&served, 2, "/api/erasure", &json!({ "number": 1, "rules": [] }))).await;
    assert_eq!((status, &body["code"]), (409, &json!("version_conflict")), "{body}");
    let none = json!({ "number": 2, "rules": [{ "kind": "caller", "days": 0 }] });
    let (status, body) = answer(admin.post(&served, 3, "/api/erasure", &none)).await;
    assert_eq!(status, 422, "{body}");
    assert!(body["field"].as_str().unwrap().ends_with("rules.days"), "{body}");
    let unknown = json!({ "number": 2, "rules": [{ "kind": "photos", "days": 3 }] });
    assert!((400..500).contains(&answer(admin.post(&served, 4, "/api/erasure", &unknown)).await.0));
}
