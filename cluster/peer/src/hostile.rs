//! What a peer that breaks the rules can do: lose its own connection. Raw bytes against a connection, without TLS.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::call::Serving;
use crate::connection::{Connection, Vitals, Wiring};
use crate::counters::Counters;
use crate::error::CallError;
use crate::frame::{Frame, Kind, Outgoing, decode};
use crate::limits::{CALLS_MAX, FRAME_BYTES_MAX, SILENCE_MAX, STREAMS_ACCEPTED_MAX, WINDOW_MESSAGES};
use crate::message::{self, Grant, Link};
use crate::stream::{StreamReceiver, StreamSender};
use crate::sync::Tasks;
use crate::{Handler, NodeId};

/// Keeps streams open and never answers a call.
struct Sink(mpsc::Sender<(StreamSender, StreamReceiver)>);

impl Handler for Sink {
    fn call(&self, _: NodeId, _: u16, _: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        std::future::pending().boxed()
    }

    fn stream(&self, _: NodeId, _: u16, _: Bytes, tx: StreamSender, rx: StreamReceiver) {
        let _ = self.0.try_send((tx, rx));
    }

    fn live(&self, _: NodeId, _: u16, _: Bytes, _: Bytes) {}
}

struct Bench {
    connection: Arc<Connection>,
    raw: DuplexStream,
    counters: Arc<Counters>,
    streams: mpsc::Receiver<(StreamSender, StreamReceiver)>,
    _stop: watch::Sender<bool>,
}

fn bench(link: Link, dialled: bool) -> Bench {
    let (near, raw) = tokio::io::duplex(64 * 1024);
    let (sink, streams) = mpsc::channel(1024);
    let (stop, stopping) = watch::channel(false);
    let counters = Arc::<Counters>::default();
    let wiring = Wiring {
        handler: Arc::new(Sink(sink)),
        counters: Arc::clone(&counters),
        vitals: Arc::new(Vitals::new()),
        serving: Arc::new(Serving::new()),
        tasks: Tasks::new(),
        stopping,
    };
    let connection = Connection::start(near, BytesMut::new(), 9, link, dialled, wiring);
    Bench { connection, raw, counters, streams, _stop: stop }
}

impl Bench {
    async fn send(&mut self, frame: Outgoing) {
        let mut bytes = BytesMut::new();
        frame.write(&mut bytes);
        // The other side may have closed already: what it closed for is what the test looks at.
        let _ = self.raw.write_all(&bytes).await;
    }

    /// Reads until the connection is closed and says why; everything that came before is returned too.
    async fn closed(mut self) -> (String, Vec<Frame>) {
        let (mut buf, mut frames) = (BytesMut::new(), Vec::new());
        while self.raw.read_buf(&mut buf).await.is_ok_and(|n| n > 0) {}
        while let Some(frame) = decode(&mut buf, FRAME_BYTES_MAX).unwrap() {
            frames.push(frame);
        }
        assert!(self.connection.is_closed());
        (self.connection.closed_error().to_string(), frames)
    }

    async fn next(&mut self, buf: &mut BytesMut, kind: Kind) -> Frame {
        loop {
            while let Some(frame) = decode(buf, FRAME_BYTES_MAX).unwrap() {
                if frame.kind == kind {
                    return frame;
                }
            }
            assert!(self.raw.read_buf(buf).await.unwrap() > 0, "closed: {}", self.connection.closed_error());
        }
    }

    fn protocol_errors(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }
}

async fn loses_its_connection(mut bench: Bench, frames: Vec<Outgoing>, why: &str) {
    let counters = bench.protocol_errors();
    for frame in frames {
        bench.send(frame).await;
    }
    let (reason, _) = bench.closed().await;
    assert!(reason.contains(why), "{reason}");
    assert_eq!(counters.protocol_errors.load(Ordering::Relaxed), 1);
}

fn empty(kind: Kind, id: u64) -> Outgoing {
    Outgoing::new(kind, 0, id, &[], Bytes::new())
}

#[tokio::test]
async fn oversize_frame() {
    let mut bench = bench(Link::Control, false);
    let counters = bench.protocol_errors();
    bench.raw.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
    assert!(bench.closed().await.0.contains("frame.length 4294967295 is outside"));
    assert_eq!(counters.protocol_errors.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn frames_out_of_place() {
    let call = message::call(1, 1, std::time::Duration::from_secs(1), Bytes::new());
    loses_its_connection(bench(Link::Log, true), vec![call.clone()], "Call is not for this side or lane").await;
    loses_its_connection(bench(Link::Live, false), vec![call], "Call is not for this side or lane").await;
    loses_its_connection(bench(Link::Log, true), vec![message::open(1, 1, Bytes::new())], "Open is not for").await;
    loses_its_connection(bench(Link::Log, false), vec![empty(Kind::Reply, 1)], "Reply is not for").await;
    loses_its_connection(bench(Link::Log, false), vec![empty(Kind::Hello, 0)], "Hello is not for").await;
    let live = message::live(1, &Bytes::new(), Bytes::new());
    loses_its_connection(bench(Link::Control, false), vec![live], "Live is not for").await;
}

#[tokio::test]
async fn broken_credit() {
    let mut frames = vec![message::open(1, 1, Bytes::new())];
    frames.extend((0..=WINDOW_MESSAGES).map(|_| empty(Kind::Data, 1)));
    loses_its_connection(bench(Link::Bulk, false), frames, "exceeds the credit").await;
    let grant = message::credit(1, Grant { messages: 1, bytes: 0 });
    let frames = vec![message::open(1, 1, Bytes::new()), grant];
    loses_its_connection(bench(Link::Bulk, false), frames, "credit exceeds the window").await;
}

#[tokio::test]
async fn reused_stream_id_and_data_after_the_end() {
    let frames = vec![message::open(2, 1, Bytes::new()), message::open(2, 1, Bytes::new())];
    loses_its_connection(bench(Link::Bulk, false), frames, "stream id 2 is used twice").await;
    let frames = vec![message::open(1, 1, Bytes::new()), empty(Kind::Close, 1), empty(Kind::Data, 1)];
    loses_its_connection(bench(Link::Bulk, false), frames, "after the stream's end").await;
}

#[tokio::test]
async fn who_asks_and_does_not_read_loses_the_connection() {
    let mut bench = bench(Link::Control, false);
    let counters = bench.protocol_errors();
    let mut ping = BytesMut::new();
    message::clock(Kind::Ping, 1, 0).write(&mut ping);
    while bench.raw.write_all(&ping).await.is_ok() {}
    assert!(bench.connection.closed_error().to_string().contains("asks and does not read"));
    assert_eq!(counters.protocol_errors.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn calls_beyond_the_bound_are_refused_and_the_connection_lives() {
    let mut bench = bench(Link::Control, false);
    for id in 0..=u64::try_from(CALLS_MAX).unwrap() {
        bench.send(message::call(id, 1, std::time::Duration::from_secs(60), Bytes::new())).await;
    }
    let reply = bench.next(&mut BytesMut::new(), Kind::Reply).await;
    assert_eq!((reply.id, reply.flags), (u64::try_from(CALLS_MAX).unwrap(), 2));
    assert!(!bench.connection.is_closed());
}

#[tokio::test]
async fn streams_beyond_the_bound_are_declined_and_the_connection_lives() {
    let mut bench = bench(Link::Bulk, false);
    let over = u64::try_from(STREAMS_ACCEPTED_MAX).unwrap() + 1;
    for id in 1..=over {
        bench.send(message::open(id, 1, Bytes::new())).await;
    }
    let decline = bench.next(&mut BytesMut::new(), Kind::Decline).await;
    assert_eq!(decline.id, over);
    assert_eq!(bench.streams.len(), STREAMS_ACCEPTED_MAX);
    assert!(!bench.connection.is_closed());
}

#[tokio::test]
async fn a_declined_stream_ends_as_overloaded() {
    let mut bench = bench(Link::Bulk, true);
    let (tx, mut rx) = bench.connection.open(1, Bytes::new(), Instant::now() + SILENCE_MAX).await.unwrap();
    let open = bench.next(&mut BytesMut::new(), Kind::Open).await;
    bench.send(message::text(Kind::Decline, 0, open.id, "full")).await;
    assert_eq!(rx.recv().await, Err(CallError::Overloaded("full".to_owned())));
    assert_eq!(tx.send(Bytes::new()).await, Err(CallError::Overloaded("full".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_dropped_and_everything_pending_fails() {
    let bench = bench(Link::Control, true);
    let connection = Arc::clone(&bench.connection);
    let (_tx, mut rx) = connection.open(1, Bytes::new(), Instant::now() + SILENCE_MAX).await.unwrap();
    let start = Instant::now();
    let (call, stream) = tokio::join!(connection.call(1, Bytes::new(), start + SILENCE_MAX * 10), rx.recv());
    assert!(matches!(&call, Err(CallError::Closed(why)) if why.contains("no byte for 3 s")), "{call:?}");
    assert!(matches!(stream, Err(CallError::Closed(_))));
    assert!((SILENCE_MAX..SILENCE_MAX * 2).contains(&start.elapsed()));
    assert_eq!(bench.counters.connections_silent.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_nothing_behind() {
    let bench = bench(Link::Control, true);
    let soon = Instant::now() + std::time::Duration::from_millis(10);
    for _ in 0..2 * CALLS_MAX {
        let call = bench.connection.call(1, Bytes::new(), soon + SILENCE_MAX);
        assert!(call.now_or_never().is_none(), "it waits for its answer; now it is dropped");
    }
    assert_eq!(bench.connection.call(1, Bytes::new(), soon).await, Err(CallError::Timeout));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_frames_leave_a_connection_that_lives_or_is_closed(
        frames in prop::collection::vec((1u8..=15, 0u8..3, 0u64..4, prop::collection::vec(any::<u8>(), 0..40)), 0..40),
        dialled in any::<bool>(), link in 0usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = bench(Link::ALL[link], dialled);
            for (kind, flags, id, payload) in frames {
                let length = u32::try_from(10 + payload.len()).unwrap();
                let mut bytes = length.to_be_bytes().to_vec();
                bytes.extend([kind, flags]);
                bytes.extend(id.to_be_bytes());
                bytes.extend(payload);
                let _ = bench.raw.write_all(&bytes).await;
            }
            let mut ping = BytesMut::new();
            message::clock(Kind::Ping, 77, 0).write(&mut ping);
            let _ = bench.raw.write_all(&ping).await;
            let mut buf = BytesMut::new();
            'ended: loop {
                while let Some(frame) = decode(&mut buf, FRAME_BYTES_MAX).unwrap() {
                    if (frame.kind, frame.id) == (Kind::Pong, 77) {
                        break 'ended;
                    }
                }
                if !bench.raw.read_buf(&mut buf).await.is_ok_and(|n| n > 0) {
                    assert_eq!(bench.counters.protocol_errors.load(Ordering::Relaxed), 1);
                    break;
                }
            }
        });
    }
}
