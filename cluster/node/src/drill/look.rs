//! How every node is, as this one sees it: asked over the peer port, where a node that is cut off is silent.

use std::time::Duration;

use bytes::Bytes;
use edge::Operations;
use futures::future::join_all;
use peer::{Lane, Peers};
use raft::Groups;

use crate::{
    operations::NodeOperations,
    status::{judge::Asked, report::NodeReport},
};

/// A call that asks a node for its report, as `GET /api/cluster` gives it.
pub(crate) const LOOK_KIND: u16 = 420;

/// How long a node may take to say how it is: less than the time between two samples.
const LOOK_WITHIN: Duration = Duration::from_millis(800);

/// This node's own report, for a peer.
pub(crate) async fn own(operations: &NodeOperations) -> Result<Bytes, String> {
    serde_json::to_vec(&operations.status().await).map(Bytes::from).map_err(|error| error.to_string())
}

/// What a node says of itself.
pub(crate) fn read(bytes: &[u8]) -> Result<NodeReport, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Asks every member; who does not answer in time has said nothing.
pub(crate) async fn all(operations: &NodeOperations, groups: &Groups, peers: &Peers) -> Vec<Asked> {
    let looks = groups.members().into_iter().map(|(id, member)| async move {
        let said = if id == groups.node() {
            own(operations).await
        } else {
            let answer = peers.call(id, Lane::Control, LOOK_KIND, Bytes::new(), LOOK_WITHIN).await;
            answer.map_err(|error| error.to_string())
        };
        let answer = said.and_then(|bytes| read(&bytes));
        Asked { node: Some(id), url: member.public_url, answer }
    });
    join_all(looks).await
}
