//! Streams between nodes on loopback: order, credit, ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use crate::common::*;
use peer::limits::{STREAMS_MAX, WINDOW_BYTES, WINDOW_MESSAGES};
use peer::{Bytes, CallError, Lane, StreamSender};

/// How long a send has to wait to count as stopped by the window.
const STOPPED: Duration = Duration::from_millis(200);

fn message(n: u32) -> Bytes {
    Bytes::copy_from_slice(&n.to_be_bytes())
}

/// Sends as many as the window has room for; the next one has to wait.
async fn fill(tx: &StreamSender, body: &Bytes, room: u32) {
    for n in 0..room {
        tokio::time::timeout(SOON, tx.send(body.clone()))
            .await
            .unwrap_or_else(|_| panic!("stopped at {n} of {room}"))
            .unwrap();
    }
    assert!(tokio::time::timeout(STOPPED, tx.send(body.clone())).await.is_err(), "more than {room} went");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_in_order_both_ways_and_end_in_order() {
    let (_province, a, mut b) = pair().await;
    let (tx, mut rx) = a.peers.open(2, Lane::Log, 7, Bytes::from_static(b"group 3")).await.unwrap();
    let (from, kind, header, back, mut there) = b.next_stream().await;
    assert_eq!((from, kind, &header[..]), (1, 7, &b"group 3"[..]));
    assert_eq!((tx.peer(), there.peer()), (2, 1));
    let echo = tokio::spawn(async move {
        while let Some(message) = there.recv().await? {
            back.send(message).await?;
        }
        back.close();
        Ok::<_, CallError>(())
    });
    let count = WINDOW_MESSAGES * 20;
    let send = async {
        for n in 0..count {
            tx.send(message(n)).await.unwrap();
        }
        tx.close();
    };
    let receive = async {
        for n in 0..count {
            assert_eq!(rx.recv().await.unwrap().unwrap(), message(n));
        }
        assert_eq!(rx.recv().await, Ok(None));
        assert_eq!(rx.recv().await, Ok(None), "the end stays the end");
    };
    tokio::join!(send, receive);
    echo.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_receiver_stops_its_sender_at_the_window_and_nobody_else() {
    let (_province, a, mut b) = pair().await;
    let (slow, _rx) = a.peers.open(2, Lane::Log, 1, Bytes::new()).await.unwrap();
    let (.., _back, mut slow_there) = b.next_stream().await;
    fill(&slow, &message(0), WINDOW_MESSAGES).await;

    let (heavy, _rx) = a.peers.open(2, Lane::Log, 1, Bytes::new()).await.unwrap();
    let (.., _back, mut heavy_there) = b.next_stream().await;
    let mebibyte = Bytes::from(vec![1; 1 << 20]);
    fill(&heavy, &mebibyte, WINDOW_BYTES >> 20).await;

    let (quick, _rx) = a.peers.open(2, Lane::Log, 1, Bytes::new()).await.unwrap();
    let (.., _back, mut quick_there) = b.next_stream().await;
    let reader = tokio::spawn(async move {
        let mut got = 0;
        while let Ok(Some(_)) = quick_there.recv().await {
            got += 1;
        }
        got
    });
    for n in 0..1000 {
        quick.send(message(n)).await.unwrap();
    }
    quick.close();
    assert_eq!(reader.await.unwrap(), 1000);
    assert!(a.peers.call(2, Lane::Log, ECHO, Bytes::new(), SOON).await.is_ok());

    // Half a window taken is half a window granted.
    for _ in 0..WINDOW_MESSAGES / 2 {
        slow_there.recv().await.unwrap().unwrap();
    }
    fill(&slow, &message(0), WINDOW_MESSAGES / 2).await;
    for _ in 0..4 {
        assert_eq!(heavy_there.recv().await.unwrap().unwrap(), mebibyte);
    }
    fill(&heavy, &mebibyte, 4).await;
    assert_eq!(b.counter("protocol_errors") + a.counter("protocol_errors"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_half_tells_the_other_side() {
    let (_province, a, mut b) = pair().await;
    let (tx, mut rx) = a.peers.open(2, Lane::Log, 1, Bytes::new()).await.unwrap();
    tx.send(message(1)).await.unwrap();
    drop(tx);
    let (.., back, mut there) = b.next_stream().await;
    assert_eq!(there.recv().await.unwrap().unwrap(), message(1), "what was sent arrives");
    let broken = there.recv().await;
    assert!(matches!(&broken, Err(CallError::Closed(why)) if why.contains("without closing")), "{broken:?}");
    back.send(message(2)).await.unwrap();
    assert_eq!(rx.recv().await.unwrap().unwrap(), message(2), "the other direction goes on");
    drop(rx);
    let stopped = tokio::time::timeout(SOON, async {
        loop {
            if let Err(error) = back.send(message(3)).await {
                return error;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(stopped.await.unwrap(), CallError::Closed("the receiver went away".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_breaks_its_streams_and_keeps_what_had_arrived() {
    let (_province, a, mut b) = pair().await;
    let (tx, _rx) = a.peers.open(2, Lane::Bulk, 1, Bytes::new()).await.unwrap();
    let (.., _back, mut there) = b.next_stream().await;
    tx.send(message(1)).await.unwrap();
    assert_eq!(there.recv().await.unwrap().unwrap(), message(1));
    let blocked = tokio::spawn(async move { while tx.send(message(2)).await.is_ok() {} });
    a.peers.shutdown().await;
    blocked.await.unwrap();
    let mut kept = 0;
    let end = loop {
        match there.recv().await {
            Ok(Some(_)) => kept += 1,
            end => break end,
        }
    };
    assert!(matches!(end, Err(CallError::Closed(_))), "a lost connection is no orderly end: {end:?}");
    assert!(kept <= 4 * WINDOW_MESSAGES);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_an_ended_one_makes_place() {
    let (_province, a, mut b) = pair().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        streams.push(a.peers.open(2, Lane::Bulk, 1, Bytes::new()).await.unwrap());
    }
    let over = a.peers.open(2, Lane::Bulk, 1, Bytes::new()).await;
    assert!(matches!(over, Err(CallError::Overloaded(_))));
    assert!(a.peers.open(2, Lane::Log, 1, Bytes::new()).await.is_ok(), "another lane is not concerned");
    let (tx, mut rx) = streams.pop().unwrap();
    tx.close();
    for _ in 0..=STREAMS_MAX {
        let (.., back, there) = b.next_stream().await;
        back.close();
        drop(there);
    }
    assert_eq!(tokio::time::timeout(SOON, rx.recv()).await.unwrap(), Ok(None));
    assert!(a.peers.open(2, Lane::Bulk, 1, Bytes::new()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_is_dropped_loses_no_credit() {
    let (_province, a, mut b) = pair().await;
    let (tx, _rx) = a.peers.open(2, Lane::Log, 1, Bytes::new()).await.unwrap();
    let (.., _back, mut there) = b.next_stream().await;
    let half = Bytes::from(vec![0; (WINDOW_BYTES / 2) as usize - 4096]);
    // The third waits for bytes, and is dropped while it holds a message's credit.
    fill(&tx, &half, 2).await;
    for _ in 0..100 {
        assert!(tokio::time::timeout(Duration::from_millis(1), tx.send(half.clone())).await.is_err());
    }
    for _ in 0..2 {
        there.recv().await.unwrap().unwrap();
    }
    fill(&tx, &half, 2).await;
}
