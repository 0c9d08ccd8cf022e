//! One entrance per parser that faces the network, for the fuzz targets: whatever the bytes are, none of these may panic,
//! and each result is checked for what it promises. Each says whether the bytes were taken whole, so that a corpus that
//! never gets in is found out.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::call::Serving;
use crate::connection::{Connection, Vitals, Wiring};
use crate::counters::Counters;
use crate::format::Formats;
use crate::frame::{Frame, FrameError, Kind, Outgoing, decode};
use crate::identity::named_in;
use crate::limits::{FRAME_BYTES_MAX, HELLO_FRAME_BYTES_MAX, REASON_BYTES_MAX};
use crate::message::{self, Grant, Hello, Link};
use crate::stream::{StreamReceiver, StreamSender};
use crate::sync::Tasks;
use crate::{Handler, NodeId};

/// How long a connection whose other side has gone may take to end.
const END_MAX: Duration = Duration::from_secs(10);

/// Reads a frame's payload as its kind says, and gives the frame that says the same.
fn said_again(frame: &Frame) -> Result<Outgoing, FrameError> {
    let (id, payload) = (frame.id, frame.payload.clone());
    Ok(match frame.kind {
        Kind::Hello => Hello::parse(payload)?.frame(Formats::from_id(frame.id)?),
        Kind::Ping | Kind::Pong => message::clock(frame.kind, id, message::parse_clock(payload)?),
        Kind::Call => {
            let (kind, deadline, payload) = message::parse_call(payload)?;
            message::call(id, kind, deadline, payload)
        }
        Kind::Open => {
            let (kind, header) = message::parse_open(payload)?;
            message::open(id, kind, header)
        }
        Kind::Credit => message::credit(id, message::parse_credit(payload)?),
        Kind::Live => {
            let (topic, key, value) = message::parse_live(frame.clone())?;
            message::live(topic, &key, value)
        }
        Kind::Refuse | Kind::Decline | Kind::Abort | Kind::Stop => {
            let reason = message::parse_text(&payload);
            // A byte that is no UTF-8 becomes a character of three.
            assert!(reason.len() <= 3 * REASON_BYTES_MAX, "a reason is short");
            message::text(frame.kind, frame.flags, id, &reason)
        }
        Kind::Reply | Kind::Data | Kind::Close => Outgoing::new(frame.kind, frame.flags, id, &[], payload),
    })
}

/// Frames as a connection takes them off its buffer, before and after the hello, and the fields of each.
pub fn fuzz_frames(data: &[u8]) -> bool {
    let mut whole = !data.is_empty();
    for frame_bytes_max in [HELLO_FRAME_BYTES_MAX, FRAME_BYTES_MAX] {
        let mut buffer = BytesMut::from(data);
        loop {
            let before = buffer.len();
            match decode(&mut buffer, frame_bytes_max) {
                Ok(Some(frame)) => {
                    assert!(buffer.len() < before, "a frame takes bytes");
                    assert!(frame.payload.len() < frame_bytes_max, "a frame is within its bound");
                    match said_again(&frame) {
                        Ok(again) => comes_back(&frame, &again),
                        Err(_) => whole = false,
                    }
                }
                Ok(None) => {
                    assert!(
                        buffer.capacity() <= data.len() + 2 * frame_bytes_max,
                        "room is made for one frame at most"
                    );
                    whole &= buffer.is_empty();
                    break;
                }
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
    }
    whole
}

/// What was read from a frame and is written again is the same frame.
fn comes_back(frame: &Frame, again: &Outgoing) {
    // Reasons are made readable on the way.
    if matches!(frame.kind, Kind::Refuse | Kind::Decline | Kind::Abort | Kind::Stop | Kind::Live) {
        return;
    }
    let mut wire = BytesMut::new();
    again.write(&mut wire);
    assert_eq!(decode(&mut wire, FRAME_BYTES_MAX), Ok(Some(frame.clone())), "a frame comes back as it was");
}

/// Certificates, as far as they name a node.
pub fn fuzz_certificate(data: &[u8]) -> bool {
    named_in(&CertificateDer::from(data)).is_ok()
}

/// Answers each call with what it said, and sends each stream's messages back.
struct Echo;

impl Handler for Echo {
    fn call(&self, _: NodeId, kind: u16, payload: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        let answer = if kind == 0 { Err(String::from_utf8_lossy(&payload).into_owned()) } else { Ok(payload) };
        std::future::ready(answer).boxed()
    }

    fn stream(&self, _: NodeId, _: u16, _: Bytes, tx: StreamSender, mut rx: StreamReceiver) {
        tokio::spawn(async move {
            while let Ok(Some(message)) = rx.recv().await {
                if tx.send(message).await.is_err() {
                    return;
                }
            }
            tx.close();
        });
    }

    fn live(&self, _: NodeId, _: u16, _: Bytes, _: Bytes) {}
}

/// One runtime for all inputs: making one costs more than an input. None when the system gives none.
static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// A whole connection, TLS aside: what the peer sent before it left. The first byte says which lane it is and who dialled.
/// Taken whole: the peer broke no rule.
pub fn fuzz_connection(data: &[u8]) -> bool {
    let Some((choice, bytes)) = data.split_first() else { return false };
    let Some(link) = Link::ALL.get(usize::from(choice & 3)) else { return false };
    let runtime = RUNTIME.get_or_init(|| Builder::new_current_thread().enable_time().build().ok());
    runtime.as_ref().is_some_and(|runtime| runtime.block_on(connect(bytes, *link, choice & 4 != 0)))
}

async fn connect(bytes: &[u8], link: Link, dialled: bool) -> bool {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let (stop, stopping) = watch::channel(false);
    let (counters, tasks) = (Arc::<Counters>::default(), Tasks::new());
    let wiring = Wiring {
        handler: Arc::new(Echo),
        counters: Arc::clone(&counters),
        vitals: Arc::new(Vitals::new()),
        serving: Arc::new(Serving::new()),
        tasks: tasks.clone(),
        stopping,
    };
    let connection = Connection::start(near, BytesMut::from(bytes), 9, link, dialled, wiring);
    let end = async {
        // The peer leaves; what this side still says is read, until it leaves too.
        let _ = far.shutdown().await;
        let _ = tokio::io::copy(&mut far, &mut tokio::io::sink()).await;
        stop.send_replace(true);
        tasks.all_ended().await;
    };
    assert!(timeout(END_MAX, end).await.is_ok(), "a connection ends when its other side has gone");
    assert!(connection.is_closed(), "an ended connection is closed");
    let broken = counters.protocol_errors.load(Ordering::Relaxed);
    assert!(broken <= 1, "a connection is broken once");
    assert_eq!(counters.handler_panics.load(Ordering::Relaxed), 0, "no handler panicked");
    broken == 0 && counters.frames_in.load(Ordering::Relaxed) > 0
}

/// Bytes of frames.
fn wire(frames: &[Outgoing]) -> Vec<u8> {
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| frame.write(&mut out));
    out.to_vec()
}

fn of_kind(kind: Kind, id: u64) -> Outgoing {
    Outgoing::new(kind, 0, id, &[], Bytes::from_static(b"abc"))
}

/// Right inputs of [`fuzz_frames`].
#[must_use]
pub fn frame_seeds() -> Vec<Vec<u8>> {
    let hello = Hello { link: Link::Log, from: 1, to: 2, cluster: "here".to_owned() };
    let body = Bytes::from_static(b"body");
    let frames = [
        hello.frame(Formats::FIRST),
        hello.frame(Formats::OWN),
        message::text(Kind::Refuse, 0, 0, "this is cluster there"),
        message::clock(Kind::Ping, 7, 1_757_810_000_000),
        message::clock(Kind::Pong, 7, -1),
        message::call(1, 2, Duration::from_millis(500), body.clone()),
        Outgoing::new(Kind::Reply, 2, 1, &[], body.clone()),
        message::open(1, 3, body.clone()),
        message::text(Kind::Decline, 0, 1, "too many streams are open"),
        of_kind(Kind::Data, 1),
        message::credit(1, Grant { messages: 32, bytes: 4096 }),
        message::text(Kind::Abort, 0, 1, "gone"),
        message::text(Kind::Stop, 0, 1, "gone"),
        Outgoing::new(Kind::Close, 0, 1, &[], Bytes::new()),
        message::live(1, &Bytes::from_static(b"key"), body),
    ];
    let mut seeds: Vec<Vec<u8>> = frames.iter().map(|frame| wire(std::slice::from_ref(frame))).collect();
    seeds.push(wire(&frames));
    seeds
}

/// Right inputs of [`fuzz_connection`].
#[must_use]
pub fn connection_seeds() -> Vec<Vec<u8>> {
    let ping = || message::clock(Kind::Ping, 7, 0);
    let body = || Bytes::from_static(b"body");
    let asked = [
        ping(),
        message::call(1, 1, Duration::from_secs(1), body()),
        message::call(2, 0, Duration::ZERO, body()),
        message::open(1, 3, body()),
        of_kind(Kind::Data, 1),
        message::open(2, 3, body()),
        of_kind(Kind::Data, 2),
        of_kind(Kind::Close, 2),
        message::text(Kind::Stop, 0, 1, "enough"),
        message::text(Kind::Abort, 0, 1, "gone"),
    ];
    let answered = [ping(), of_kind(Kind::Reply, 1), of_kind(Kind::Decline, 1), message::clock(Kind::Pong, 1, 5)];
    let live = [ping(), message::live(1, &Bytes::from_static(b"key"), body())];
    [(0, &asked[..]), (1, &asked), (2, &asked), (4, &answered), (6, &answered), (3, &live), (7, &live)]
        .into_iter()
        .map(|(choice, frames)| [&[choice][..], &wire(frames)].concat())
        .collect()
}
