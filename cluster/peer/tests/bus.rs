//! The live bus between nodes on loopback: latest value only, never in the publisher's way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use crate::common::*;
use peer::limits::{LIVE_KEY_BYTES_MAX, LIVE_VALUE_BYTES_MAX};
use peer::{Bytes, Lane};

#[tokio::test(flavor = "multi_thread")]
async fn values_reach_every_connected_peer_and_no_other() {
    let province = Province::new();
    let a = node(province.identity(1)).await;
    let (mut b, mut c) = (node(province.identity(2)).await, node(province.identity(3)).await);
    a.knows(&b);
    a.knows(&c);
    a.peers.publish(4, Bytes::from_static(b"nobody"), Bytes::from_static(b"is connected"));
    for to in [2, 3] {
        a.peers.call(to, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap();
    }
    a.peers.publish(5, Bytes::from_static(b"unit 7"), Bytes::from_static(b"18.34N 105.90E"));
    for node in [&mut b, &mut c] {
        let (from, topic, key, value) = node.next_live().await;
        assert_eq!((from, topic, &key[..], &value[..]), (1, 5, &b"unit 7"[..], &b"18.34N 105.90E"[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peer_can_be_meant_and_is_connected_for_it() {
    let (_province, a, mut b) = pair().await;
    a.peers.publish_to(2, 1, Bytes::from_static(b"k"), Bytes::from_static(b"v"));
    assert_eq!(b.next_live().await.3, "v");
    a.peers.publish_to(77, 1, Bytes::new(), Bytes::new());
    assert_eq!(a.counter("live_dropped"), 1, "an unknown peer gets nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_peer_gets_only_the_latest_and_the_publisher_never_waits() {
    const VALUES: u32 = 2000;
    const BYTES: usize = 64 * 1024;
    let (_province, a, mut b) = pair().await;
    a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap();
    for n in 1..=VALUES {
        let mut value = vec![0; BYTES];
        value[..4].copy_from_slice(&n.to_be_bytes());
        a.peers.publish(1, Bytes::from_static(b"frame"), value.into());
        tokio::task::yield_now().await;
    }
    a.peers.publish(1, Bytes::from_static(b"last"), Bytes::from_static(b"one"));
    // The peer's handler holds up its reader until here: what fits the sockets is under way, the rest was overtaken.
    let (mut got, mut latest) = (0, 0);
    loop {
        let (_, _, key, value) = b.next_live().await;
        if key == "last" {
            break;
        }
        let n = u32::from_be_bytes(value[..4].try_into().unwrap());
        assert!(n > latest, "older after newer");
        (got, latest) = (got + 1, n);
    }
    assert_eq!(latest, VALUES, "the latest always arrives");
    assert!(got < VALUES / 2, "{got} of {VALUES} arrived");
    // The last one may be here before it is counted there.
    let counted = || a.counter("live_sent") + a.counter("live_replaced");
    until("all are counted", || counted() > u64::from(VALUES)).await;
    assert_eq!(counted(), u64::from(VALUES) + 1);
    assert!(a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_dropped_and_counted() {
    let (_province, a, mut b) = pair().await;
    a.peers.publish_to(2, 1, vec![0; LIVE_KEY_BYTES_MAX + 1].into(), Bytes::new());
    a.peers.publish_to(2, 1, Bytes::new(), vec![0; LIVE_VALUE_BYTES_MAX + 1].into());
    assert_eq!((a.counter("live_dropped"), a.counter("messages_oversize")), (2, 2));
    a.peers.publish_to(2, 1, vec![1; LIVE_KEY_BYTES_MAX].into(), vec![2; LIVE_VALUE_BYTES_MAX].into());
    assert_eq!(b.next_live().await.3.len(), LIVE_VALUE_BYTES_MAX);
}
