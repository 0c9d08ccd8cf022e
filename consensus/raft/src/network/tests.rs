//! Who is called, at what pace, and who is found to have lost what it had acknowledged.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::{channel::mpsc, poll};
use openraft::{network::RPCOption, vote::RaftLeaderId};

use super::*;
use crate::mesh::Stream as MeshStream;

/// A way to nodes that are down; counts how often one was called for.
#[derive(Default)]
struct Down(AtomicUsize);

impl Mesh for Down {
    fn set_address(&self, _: NodeId, _: &str) {}

    fn call(&self, _: NodeId, _: Lane, _: u16, _: Bytes, _: Duration) -> peer::BoxFuture<'_, Result<Bytes, CallError>> {
        Box::pin(async { Err(CallError::Unreachable("down".to_owned())) })
    }

    fn open(&self, _: NodeId, _: Lane, _: u16, _: Bytes) -> peer::BoxFuture<'_, Result<MeshStream, CallError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(CallError::Unreachable("down".to_owned())) })
    }

    fn publish(&self, _: u16, _: Bytes, _: Bytes) {}

    fn is_connected(&self, _: NodeId) -> bool {
        false
    }

    fn clock_offset_ms(&self, _: NodeId) -> Option<i64> {
        None
    }

    fn ended(&self, _: NodeId) -> peer::BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn nobody_is_called_before_there_is_something_to_say() {
    let down = Arc::new(Down::default());
    let mut link = Network::new(1, down.clone()).new_client(2, &Node::default()).await;
    let (mut requests, input) = mpsc::channel(1);
    let option = RPCOption::new(Duration::from_millis(100));
    let mut appending = link.stream_append(input, option.clone());
    assert!(poll!(&mut appending).is_pending(), "openraft holds its first request back");
    assert_eq!(down.0.load(Ordering::Relaxed), 0);
    let vote = Vote::new_committed(3, 1);
    let request = AppendRequest { vote, prev_log_id: None, leader_commit: None, entries: Vec::new() };
    assert!(requests.try_send(request).is_ok());
    assert!(appending.await.is_err(), "the node is down");
    assert_eq!(down.0.load(Ordering::Relaxed), 1);
    let nothing = futures::stream::empty();
    assert!(link.stream_append(nothing, option).await.is_ok(), "nothing was to be said");
    assert_eq!(down.0.load(Ordering::Relaxed), 1);
}

#[test]
fn who_has_acknowledged_an_entry_and_then_has_it_not_has_lost_it_unless_another_led() {
    let leader = |term| Vote::new_committed(term, 1);
    let at = |index| LogId::new(crate::types::LeaderId::new(3, 1).to_committed(), index);
    let conflict = |index| Err(StreamAppendError::Conflict(at(index)));
    let acknowledged = Acknowledged::default();
    assert_eq!(acknowledged.take(2, leader(3), &conflict(9)), None, "nothing is known of it");
    assert_eq!(acknowledged.take(2, leader(3), &Ok(Some(at(20)))), None);
    assert_eq!(acknowledged.take(2, leader(3), &Ok(Some(at(7)))), None, "a heartbeat, which says less");
    assert_eq!(acknowledged.take(2, leader(3), &conflict(21)), None, "it never had that one");
    assert_eq!(acknowledged.take(4, leader(3), &conflict(9)), None, "another node");
    assert_eq!(acknowledged.take(2, leader(5), &conflict(9)), None, "who led in between may have truncated it");
    assert_eq!(acknowledged.take(2, leader(3), &conflict(20)), Some(at(20)));
    assert_eq!(acknowledged.take(2, leader(3), &conflict(10)), None, "said once");
}

#[test]
fn a_snapshot_keeps_a_pace_unless_it_was_overtaken() {
    let begun = Instant::now();
    assert_eq!(paced(begun, 0), begun);
    assert_eq!(paced(begun, SNAPSHOT_BYTES_PER_S * 90), begun + Duration::from_secs(90));
    let soon = begun + SNAPSHOT_AGAIN_WITHIN;
    assert!(is_paced(None, begun), "the first");
    assert!(!is_paced(Some(begun), soon), "what was written meanwhile had left the log already");
    assert!(is_paced(Some(begun), soon + Duration::from_secs(1)), "one that has nothing to do with the last");
}
