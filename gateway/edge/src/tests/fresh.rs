//! How fresh what is looked at is, and says that it is.

use std::sync::atomic::Ordering;

use domain::{GroupId, Millis, Origin, Severity, Source};
use reqwest::Response;
use serde_json::Value;

use super::{
    http::user,
    province::{Served, config, place, province, serve},
};

const AGE: &str = "x-state-age-ms";

fn open(served: &Served) {
    let source = Source {
        origin: Origin::Report("tươi".into()),
        episode: 0,
        version: 0,
        active: false,
        at_ms: Millis(1),
        alarm_report: None,
    };
    let reply = served.cluster.commit(
        GroupId::COMMAND,
        domain::OpenIncident {
            kind: domain::IncidentKind::Flood,
            severity: Severity::Low,
            place: place(1),
            summary: "Ngập đường".into(),
            source,
            exercise: false,
            place_is_mapped: false,
            advice: None,
        },
    );
    assert!(matches!(reply, domain::Reply::Accepted(_)), "{reply:?}");
}

async fn incidents(response: Response) -> usize {
    let body: Value = response.json().await.unwrap();
    body["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_look_says_its_age_and_who_asks_for_it_gets_what_was_acknowledged_before() {
    let served = serve(&province(), 1, config());
    let admin = user(&served, "admin").await;
    let look = || admin.get(&served, "/api/incidents");
    let before = incidents(look().send().await.unwrap()).await;

    // Acknowledged elsewhere; this node has not applied it yet, and has lost sight of the others for a minute.
    served.node.follows.store(false, Ordering::SeqCst);
    open(&served);
    served.node.quorum.store(false, Ordering::SeqCst);
    let stale = look().send().await.unwrap();
    assert_eq!((stale.status().as_u16(), &stale.headers()[AGE]), (200, &"60000".parse().unwrap()));
    assert_eq!(incidents(stale).await, before);
    let refused = look().header("x-read", "linearizable").send().await.unwrap();
    assert_eq!(refused.status(), 503, "nothing is shown rather than something old");

    served.node.quorum.store(true, Ordering::SeqCst);
    let fresh = look().header("x-read", "linearizable").send().await.unwrap();
    assert_eq!((fresh.status().as_u16(), &fresh.headers()[AGE]), (200, &"0".parse().unwrap()));
    assert_eq!(incidents(fresh).await, before + 1);
    assert_eq!(look().header("x-read", "fresh").send().await.unwrap().status(), 422);
}
