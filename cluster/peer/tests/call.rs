//! Calls between nodes on loopback: answers, deadlines, reconnecting, clocks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::common::*;
use peer::limits::{CALLS_MAX, MESSAGE_BYTES_MAX, SHUTDOWN_WAIT_MAX};
use peer::{Bytes, CallError, Lane};

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_back_on_every_lane_and_from_three_nodes() {
    let province = Province::new();
    let nodes = [node(province.identity(1)).await, node(province.identity(2)).await, node(province.identity(3)).await];
    for a in &nodes {
        for b in nodes.iter().filter(|b| b.peers.node() != a.peers.node()) {
            a.knows(b);
            for lane in [Lane::Control, Lane::Log, Lane::Bulk] {
                let answer = a.peers.call(b.peers.node(), lane, ECHO, Bytes::from_static(b"chao"), SOON).await;
                assert_eq!(answer.unwrap(), format!("{}:chao", a.peers.node()));
            }
        }
    }
    assert_eq!(nodes[0].counter("connections_dialled"), 6, "one connection per peer and lane");
    assert_eq!(nodes[0].counter("connections_accepted"), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_one_connection_and_large_payloads_pass() {
    let (_province, a, _b) = pair().await;
    let calls = (0..200u32).map(|i| {
        let peers = a.peers.clone();
        tokio::spawn(async move {
            let body = Bytes::from(vec![u8::try_from(i % 251).unwrap(); 50_000]);
            let answer = peers.call(2, Lane::Log, ECHO, body.clone(), SOON).await.unwrap();
            assert_eq!(answer[2..], body[..]);
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let largest = Bytes::from(vec![7; MESSAGE_BYTES_MAX - 2]);
    assert_eq!(a.peers.call(2, Lane::Log, ECHO, largest, SOON).await.unwrap().len(), MESSAGE_BYTES_MAX);
    assert_eq!(a.counter("connections_dialled"), 1);
    assert!(a.counter("writes") < 200, "frames that wait together are written together: {}", a.counter("writes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_own_error() {
    let (_province, a, b) = pair().await;
    let call = |kind, body, deadline| a.peers.call(2, Lane::Control, kind, body, deadline);
    assert_eq!(call(REFUSE, Bytes::new(), SOON).await, Err(CallError::Remote("not to be had".to_owned())));
    assert_eq!(call(PANIC, Bytes::new(), SOON).await, Err(CallError::Remote("the handler panicked".to_owned())));
    assert!(matches!(call(HUGE, Bytes::new(), SOON).await, Err(CallError::Remote(why)) if why.contains("exceeds")));
    let too_large = call(ECHO, vec![0; MESSAGE_BYTES_MAX + 1].into(), SOON).await.unwrap_err();
    assert_eq!(too_large, CallError::TooLarge { bytes: MESSAGE_BYTES_MAX + 1, max: MESSAGE_BYTES_MAX });
    assert!(too_large.never_done());
    let start = Instant::now();
    assert_eq!(call(NEVER, Bytes::new(), Duration::from_millis(50)).await, Err(CallError::Timeout));
    assert!((Duration::from_millis(50)..SOON).contains(&start.elapsed()));
    assert!(call(ECHO, Bytes::new(), SOON).await.is_ok(), "the connection outlived all of that");
    assert_eq!((a.counter("connections_dialled"), b.counter("handler_panics")), (1, 1));
    let unknown = a.peers.call(99, Lane::Control, ECHO, Bytes::new(), SOON).await;
    assert_eq!(unknown, Err(CallError::Unreachable("node 99: has no address".to_owned())));
    assert!(a.peers.open(99, Lane::Control, ECHO, Bytes::new()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_process_is_told_from_a_lost_connection() {
    let (_province, a, b) = pair().await;
    a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap();
    let mut ended = Box::pin(a.peers.ended(2));
    let mut is_pending = async || tokio::time::timeout(Duration::from_millis(100), &mut ended).await.is_err();
    assert!(is_pending().await, "it is connected");
    // Under another name of the same host the connection is made anew, which closes the first.
    a.peers.set_address(2, &format!("localhost:{}", b.peers.local_addr().port()));
    assert!(is_pending().await, "it still listens");
    a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap();
    b.peers.shutdown().await;
    tokio::time::timeout(SOON, ended).await.unwrap();
    tokio::time::timeout(SOON, a.peers.ended(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_are_bounded() {
    let (_province, a, b) = pair().await;
    a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..CALLS_MAX {
        let peers = a.peers.clone();
        waiting.spawn(async move { peers.call(2, Lane::Control, NEVER, Bytes::new(), SOON).await });
    }
    until("all are at work", || b.at_work.load(Ordering::Relaxed) == u64::try_from(CALLS_MAX).unwrap()).await;
    let here = a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await;
    assert!(matches!(&here, Err(CallError::Overloaded(why)) if why.contains("to node 2")), "{here:?}");
    assert!(a.peers.call(2, Lane::Log, ECHO, Bytes::new(), SOON).await.is_ok(), "another lane is not concerned");
    waiting.shutdown().await;
    // Dropped calls are forgotten here; the peer is at work on them until their deadline and says so.
    let there = a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await;
    assert_eq!(there, Err(CallError::Overloaded("too many calls are in flight".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnects_after_the_other_side_restarts_on_another_port() {
    let (province, a, b) = pair().await;
    a.peers.call(2, Lane::Log, ECHO, Bytes::new(), SOON).await.unwrap();
    assert!(a.peers.is_connected(2) && b.peers.is_connected(1));
    let pending = tokio::spawn({
        let peers = a.peers.clone();
        async move { peers.call(2, Lane::Log, NEVER, Bytes::new(), SOON).await }
    });
    until("the call is at work", || b.at_work.load(Ordering::Relaxed) == 1).await;
    b.peers.shutdown().await;
    let lost = pending.await.unwrap();
    assert!(matches!(lost, Err(CallError::Closed(_))), "{lost:?}");
    until("the connection is gone", || !a.peers.is_connected(2)).await;

    // Dead: refused at once, with a few attempts for many calls.
    let (start, failed_before) = (Instant::now(), a.counter("dials_failed"));
    for _ in 0..500 {
        let error = a.peers.call(2, Lane::Log, ECHO, Bytes::new(), SOON).await.unwrap_err();
        assert!(matches!(error, CallError::Unreachable(_)), "{error:?}");
    }
    assert!(start.elapsed() < SOON, "none of them waited for its own deadline");
    assert!(a.counter("dials_failed") - failed_before < 10, "{}", a.counter("dials_failed"));

    let again = node(province.identity(2)).await;
    assert_ne!(again.peers.local_addr(), b.peers.local_addr());
    a.knows(&again);
    assert!(a.peers.call(2, Lane::Log, ECHO, Bytes::new(), SOON).await.is_ok(), "a new address ends the pause");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_with_a_short_deadline_does_not_end_the_attempt_of_all() {
    let (_province, a, _b) = pair().await;
    let hasty = a.peers.call(2, Lane::Control, ECHO, Bytes::new(), Duration::ZERO).await;
    assert!(matches!(hasty, Err(CallError::Unreachable(_))), "never sent: {hasty:?}");
    until("the attempt goes on", || a.peers.is_connected(2)).await;
    assert_eq!((a.counter("connections_dialled"), a.counter("dials_failed")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_give_offset_and_age_on_both_sides() {
    let (_province, a, b) = pair().await;
    assert_eq!((a.peers.last_heard(2), a.peers.clock_offset_ms(2)), (None, None));
    a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap();
    until("both have an offset", || a.peers.clock_offset_ms(2).is_some() && b.peers.clock_offset_ms(1).is_some()).await;
    // A ping that a busy machine held up is off by half of that; the next one is not.
    let offset = || a.peers.clock_offset_ms(2).is_some_and(|offset| offset.abs() < 1000);
    until("one machine has one clock", offset).await;
    until("it was heard just now", || a.peers.last_heard(2).is_some_and(|age| age < Duration::from_secs(3))).await;
    a.peers.shutdown().await;
    assert_eq!(a.peers.clock_offset_ms(2), None, "without a connection there is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_what_is_pending_and_frees_the_port() {
    let (_province, a, b) = pair().await;
    let pending = tokio::spawn({
        let peers = b.peers.clone();
        async move { peers.call(1, Lane::Control, NEVER, Bytes::new(), SOON).await }
    });
    until("the call is at work", || a.at_work.load(Ordering::Relaxed) == 1).await;
    let start = Instant::now();
    a.peers.shutdown().await;
    assert!(start.elapsed() < SHUTDOWN_WAIT_MAX, "every task has ended, the handler's too: it was not left behind");
    assert!(matches!(pending.await.unwrap(), Err(CallError::Closed(_))));
    assert!(matches!(a.peers.call(2, Lane::Log, ECHO, Bytes::new(), SOON).await, Err(CallError::Unreachable(_))));
    tokio::net::TcpListener::bind(a.peers.local_addr()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_is_mutual_spares_whom_it_says_and_ends() {
    let province = Province::new();
    let nodes = [node(province.identity(1)).await, node(province.identity(2)).await, node(province.identity(3)).await];
    for a in &nodes {
        nodes.iter().filter(|b| b.peers.node() != a.peers.node()).for_each(|b| a.knows(b));
    }
    let [one, two, three] = &nodes;
    let call = |from: &Node, to| {
        let peers = from.peers.clone();
        async move { peers.call(to, Lane::Control, ECHO, Bytes::from_static(b"chao"), SOON).await }
    };
    assert!(call(one, 2).await.is_ok() && call(two, 1).await.is_ok() && call(three, 1).await.is_ok());

    one.peers.cut(peer::Cut::AllBut([3].into()), SOON);
    assert!(!one.peers.is_connected(2));
    assert!(matches!(call(one, 2).await, Err(CallError::Unreachable(why)) if why.contains("drill")));
    assert!(call(two, 1).await.is_err(), "who cuts takes nobody in");
    assert!(call(one, 3).await.is_ok() && call(three, 1).await.is_ok());
    one.peers.cut(peer::Cut::Everybody, SOON);
    assert!(call(one, 3).await.is_err() && call(three, 1).await.is_err());

    one.peers.mend();
    let until = Instant::now() + SOON;
    while call(one, 2).await.is_err() || call(three, 1).await.is_err() {
        assert!(Instant::now() < until, "they do not find each other again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
