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
    operations::{Answered, Invite, OperationError, Operations},
};

/// Takes down what it is asked, and refuses to let node 1 go.
#[derive(Default)]
struct Asked(Mutex<Vec<String>>);

impl Asked {
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
