//! What peers send to this node goes to whom it is for: consensus, actors, video.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use entity::Router;
use futures::future::BoxFuture;
use peer::{Handler, NodeId, StreamReceiver, StreamSender};
use raft::Groups;

use crate::{
    admission::{self, Admission},
    drill::look,
    operations::NodeOperations,
    relay::Relay,
};

/// Listens before the rest of the node is up: what comes too early is refused, and the peer tries again.
#[derive(Default)]
pub(crate) struct Dispatch {
    pub(crate) groups: OnceLock<Groups>,
    pub(crate) router: OnceLock<Router>,
    pub(crate) relay: OnceLock<Arc<Relay>>,
    pub(crate) admission: OnceLock<Arc<Admission>>,
    pub(crate) operations: OnceLock<Arc<NodeOperations>>,
}

const STARTING: &str = "this node is starting";

impl Handler for Dispatch {
    fn call(&self, from: NodeId, kind: u16, payload: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        if raft::kinds::RANGE.contains(&kind) {
            let groups = self.groups.get().cloned();
            return Box::pin(async move {
                let groups = groups.ok_or_else(|| STARTING.to_owned())?;
                groups.serve_call(from, kind, payload).await
            });
        }
        if kind == look::LOOK_KIND {
            let operations = self.operations.get().cloned();
            return Box::pin(async move {
                let operations = operations.ok_or_else(|| STARTING.to_owned())?;
                look::own(&operations).await
            });
        }
        let router = self.router.get().cloned();
        let door = self.admission.get().cloned();
        Box::pin(async move {
            if admission::KINDS.contains(&kind) {
                return door.ok_or_else(|| STARTING.to_owned())?.call(from, kind, payload).await;
            }
            let router = router.ok_or_else(|| STARTING.to_owned())?;
            match kind {
                entity::TELL_KIND => router.told(payload).await,
                _ => Err(format!("kind {kind} is not known: is this node older?")),
            }
        })
    }

    fn stream(&self, from: NodeId, kind: u16, header: Bytes, tx: StreamSender, rx: StreamReceiver) {
        if raft::kinds::RANGE.contains(&kind) {
            if let Some(groups) = self.groups.get().cloned() {
                tokio::spawn(async move { groups.serve_stream(kind, header, tx, rx).await });
            }
            return;
        }
        match (kind, self.relay.get()) {
            (crate::relay::VIDEO_KIND, Some(relay)) => {
                let relay = Arc::clone(relay);
                tokio::spawn(async move { relay.serve(header, tx).await });
            }
            _ => tracing::warn!(from, kind, "a stream of an unknown kind was dropped"),
        }
    }

    fn live(&self, from: NodeId, topic: u16, key: Bytes, value: Bytes) {
        if let Some(groups) = self.groups.get() {
            groups.serve_live(from, topic, &key, &value);
        }
    }
}
