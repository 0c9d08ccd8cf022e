//! Who may ask what of the cluster itself.

use std::sync::{Arc, Mutex, atomic::Ordering};

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    http::{answer, client, user},
    province::{Served, config, province, serve},
};
use crate::{
    config::EdgeConfig,
    operations::{Answered, Invite, OperationError, Operations, WantedDrill},
};

/// Takes down what it is asked, and refuses to let node 1 go.
#[derive(Default)]
pub(super) struct Asked(Mutex<Vec<String>>);

impl Asked {
    /// All that it was asked and told.
    pub(super) fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn done(&self, what: String) -> Answered {
        self.0.lock().unwrap().push(what);
        Box::pin(async { Ok(json!({ "done": true })) })
    }
}

impl Operations for Asked {
    fn status(&self) -> BoxFuture<'static, Value> {
        Box::pin(async { json!({ "node": 1 }) })
    }

    fn digests(&self) -> Answered {
        self.done("digests".to_owned())
    }

    fn invite(&self, invite: Invite) -> Answered {
        self.done(format!("invite {invite:?}"))
    }

    fn leave(&self, node: u64) -> Answered {
        if node == 1 {
            let (code, message) = ("too_few".to_owned(), "invite another first".to_owned());
            return Box::pin(async { Err(OperationError::Refused { code, message }) });
        }
        self.done(format!("leave {node}"))
    }

    fn switch_features(&self, grant: domain::Grant) -> Answered {
        self.done(format!("features by {}", grant.person))
    }

    fn start_drill(&self, wanted: WantedDrill, grant: domain::Grant) -> Answered {
        self.done(format!("drill {} {:?} {}s by {}", wanted.scenario, wanted.nodes, wanted.seconds, grant.person))
    }

    fn stop_drill(&self, drill: u64, grant: domain::Grant) -> Answered {
        self.done(format!("stop {drill} by {}", grant.person))
    }

    fn watch_drill(&self) -> Answered {
        self.done("watch".to_owned())
    }

    fn screens_told(&self, drill: u64, gaps: u32, doubles: u32) {
        self.0.lock().unwrap().push(format!("told in {drill} {gaps} {doubles}"));
    }

    fn drill_report(&self, drill: u64) -> Option<String> {
        (drill == 7).then(|| "<!doctype html><p>7</p>".to_owned())
    }

    fn rest(&self, node: u64, minutes: u32) -> Answered {
        self.done(format!("rest {node} {minutes}"))
    }
}

fn served(asked: &Arc<Asked>) -> Served {
    let operations: Arc<dyn Operations> = asked.clone();
    serve(&province(), 1, EdgeConfig { operations: Some(operations), ..config() })
}

#[tokio::test]
async fn how_the_cluster_is_may_be_asked_without_a_quorum_and_without_signing_in() {
    let served = served(&Arc::default());
    served.node.quorum.store(false, Ordering::SeqCst);
    assert_eq!(answer(client().get(served.url("/api/cluster"))).await, (200, json!({ "node": 1 })));
    assert_eq!(answer(client().get(served.url("/api/cluster/digests"))).await.0, 401);
}

#[tokio::test]
async fn only_an_administrator_for_everywhere_changes_who_belongs_to_it() {
    let asked = Arc::new(Asked::default());
    let served = served(&asked);
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let requests = [
        ("/api/cluster/invitations", json!({ "replaces": 3, "valid_min": 60 })),
        ("/api/cluster/leave", json!({ "node": 4 })),
        ("/api/cluster/rest", json!({ "node": 2, "minutes": 10 })),
        ("/api/cluster/features", json!({})),
    ];
    for (path, body) in &requests {
        assert_eq!(answer(client().post(served.url(path)).json(body)).await.0, 401, "{path}");
        assert_eq!(answer(lan.post(&served, 1, path, body)).await.0, 403, "{path}");
    }
    assert!(asked.0.lock().unwrap().is_empty(), "nobody was asked");
    for (path, body) in &requests {
        assert_eq!(answer(admin.post(&served, 1, path, body)).await, (200, json!({ "done": true })), "{path}");
    }
    let invite = Invite { replaces: Some(3), valid_min: 60 };
    let expected = [format!("invite {invite:?}"), "leave 4".into(), "rest 2 10".into(), "features by admin".into()];
    assert_eq!(*asked.0.lock().unwrap(), expected);
    let (status, refused) = answer(admin.post(&served, 1, "/api/cluster/leave", &json!({ "node": 1 }))).await;
    assert_eq!((status, &refused["code"]), (409, &json!("too_few")));
    let (status, invalid) = answer(admin.post(&served, 1, "/api/cluster/leave", &json!({}))).await;
    assert_eq!((status, &invalid["field"]), (422, &json!("node")));
}

#[tokio::test]
async fn only_an_administrator_for_everywhere_drills_and_anybody_may_see_that_there_is_one() {
    let asked = Arc::new(Asked::default());
    let served = served(&asked);
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let start = json!({ "scenario": "node_lost", "nodes": [2], "seconds": 30, "purpose": "practice" });
    for (path, body) in [("/api/drills", &start), ("/api/drills/7/stop", &json!({}))] {
        assert_eq!(answer(client().post(served.url(path)).json(body)).await.0, 401, "{path}");
        assert_eq!(answer(lan.post(&served, 1, path, body)).await.0, 403, "{path}");
        assert_eq!(answer(admin.post(&served, 1, path, body)).await, (200, json!({ "done": true })), "{path}");
    }
    for path in ["/api/drills", "/api/drills/watch", "/api/drills/7", "/api/drills/7/report"] {
        assert_eq!(answer(client().get(served.url(path))).await.0, 401, "{path}");
        assert_eq!(answer(lan.get(&served, path)).await.0, 403, "{path}");
    }
    assert_eq!(answer(admin.get(&served, "/api/drills")).await, (200, json!([])));
    assert_eq!(answer(admin.get(&served, "/api/drills/8")).await.0, 404);
    assert_eq!(answer(admin.get(&served, "/api/drills/8/report")).await.0, 404);
    let page = admin.get(&served, "/api/drills/7/report").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.text().await.unwrap(), "<!doctype html><p>7</p>");
    let expected = ["drill node_lost [2] 30s by admin".to_owned(), "stop 7 by admin".to_owned()];
    assert_eq!(*asked.0.lock().unwrap(), expected);
    assert_eq!(answer(client().get(served.url("/api/drills/now"))).await, (200, json!({ "last": 0, "drill": null })));
    let wrong = json!({ "scenario": "earthquake", "seconds": 30, "purpose": "practice" });
    assert_eq!(answer(admin.post(&served, 1, "/api/drills", &wrong)).await.0, 422);
}
