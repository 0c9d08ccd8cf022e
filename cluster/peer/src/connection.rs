//! One connection to a known peer: a reader that sorts frames out, a writer that gathers them, pings.
//!
//! The reader never waits for anything but bytes: what it has to send goes to the outbox without waiting, what it hands on is
//! bounded by credit or refused. So no peer can stop it, and two nodes cannot wait for each other's writers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use crate::call::{Calls, Serving};
use crate::clock::{ClockFilter, offset_ms};
use crate::counters::{Counters, add, count};
use crate::error::CallError;
use crate::frame::{Frame, FrameError, Kind, decode};
use crate::limits::{
    DRAIN_BYTES_MAX, FRAME_BYTES_MAX, OUTBOX_BYTES_MAX, OUTBOX_LIVE_BYTES_MAX, PING_PERIOD, READ_BYTES, READ_BYTES_MIN,
    SILENCE_MAX, STREAMS_ACCEPTED_MAX, STREAMS_MAX, WRITE_STALL_MAX,
};
use crate::message::{self, Link};
use crate::outbox::{NotQueued, Outbox};
use crate::stream::{StreamFault, StreamReceiver, StreamSender, StreamState};
use crate::sync::{Tasks, lock, steady_ms, wall_ms};
use crate::{Handler, NodeId};

/// How long a closing connection may take to say so to the peer.
const GOODBYE_MAX: Duration = Duration::from_millis(200);

/// What all connections to one peer share about it.
pub(crate) struct Vitals {
    start: Instant,
    /// When a byte last came, in ms since `start`, plus one; 0 for never.
    heard_ms: AtomicU64,
    pub(crate) clock: Mutex<ClockFilter>,
    /// How many connections with it have ended.
    pub(crate) closings: watch::Sender<u64>,
}

impl Vitals {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            heard_ms: AtomicU64::new(0),
            clock: Mutex::new(ClockFilter::default()),
            closings: watch::Sender::new(0),
        }
    }

    fn hear(&self) {
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.heard_ms.fetch_max(ms + 1, Ordering::Relaxed);
    }

    /// How long ago a byte last came.
    pub(crate) fn last_heard(&self) -> Option<Duration> {
        let ms = self.heard_ms.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.start.elapsed().saturating_sub(Duration::from_millis(ms)))
    }
}

/// What a connection is connected to on this side.
#[derive(Clone)]
pub(crate) struct Wiring {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) serving: Arc<Serving>,
    pub(crate) tasks: Tasks,
    /// True once the node shuts down: handlers are dropped.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Stream(#[from] StreamFault),
    #[error("{0:?} is not for this side or lane")]
    OutOfPlace(Kind),
    #[error("stream id {0} is used twice")]
    StreamId(u64),
    #[error("peer asks and does not read: {n} frames wait", n = crate::limits::OUTBOX_FRAMES_MAX)]
    NotReading,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("peer closed it")]
    Ended,
    #[error("no byte for {} s", SILENCE_MAX.as_secs())]
    Silent,
    #[error("a write made no progress for {} s", WRITE_STALL_MAX.as_secs())]
    Stalled,
}

struct Streams {
    last_id: u64,
    open: HashMap<u64, Arc<StreamState>>,
}

pub(crate) struct Connection {
    pub(crate) peer: NodeId,
    pub(crate) link: Link,
    pub(crate) outbox: Outbox,
    pub(crate) wiring: Wiring,
    /// Whether this side dialled, and so may open calls and streams.
    dialled: bool,
    /// Why it is closed, once it is.
    closed: watch::Sender<Option<Arc<str>>>,
    /// `None` once closed, so that nothing is added that nobody would end.
    pub(crate) calls: Mutex<Option<Calls>>,
    streams: Mutex<Option<Streams>>,
    ping: Mutex<Option<(u64, Instant, i64)>>,
}

impl Connection {
    /// Starts the reader and the writer. `read` is what came with the handshake already.
    pub(crate) fn start<S>(io: S, read: BytesMut, peer: NodeId, link: Link, dialled: bool, wiring: Wiring) -> Arc<Self>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        if link == Link::Control {
            // The peer may have restarted on another machine since the last samples.
            lock(&wiring.vitals.clock).clear();
        }
        wiring.vitals.hear();
        let room = if link == Link::Live { OUTBOX_LIVE_BYTES_MAX } else { OUTBOX_BYTES_MAX };
        let connection = Arc::new(Self {
            peer,
            link,
            dialled,
            outbox: Outbox::new(room),
            wiring,
            closed: watch::Sender::new(None),
            calls: Mutex::new(Some(Calls::new())),
            streams: Mutex::new(Some(Streams { last_id: 0, open: HashMap::new() })),
            ping: Mutex::new(None),
        });
        let (reader, writer) = tokio::io::split(io);
        connection.wiring.tasks.spawn(Arc::clone(&connection).read(reader, read));
        connection.wiring.tasks.spawn(Arc::clone(&connection).write(writer));
        connection
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.borrow().is_some()
    }

    /// Why it is closed, as an error for whoever had something under way.
    pub(crate) fn closed_error(&self) -> CallError {
        CallError::Closed(self.closed_text())
    }

    pub(crate) fn closed_text(&self) -> String {
        let reason = self.closed.borrow().clone();
        let reason = reason.as_deref().unwrap_or("closing");
        format!("{} connection to node {}: {reason}", self.link.name(), self.peer)
    }

    /// Ends the connection, and with it all that is pending on it. Only the first reason counts.
    pub(crate) fn close(&self, reason: &str) {
        let first = self.closed.send_if_modified(|closed| {
            let first = closed.is_none();
            closed.get_or_insert_with(|| reason.into());
            first
        });
        if !first {
            return;
        }
        tracing::debug!(peer = self.peer, link = self.link.name(), reason, "connection closed");
        self.outbox.close();
        let error = self.closed_error();
        let calls = lock(&self.calls).take();
        calls.into_iter().for_each(|calls| calls.fail(&error));
        let streams = lock(&self.streams).take();
        for stream in streams.into_iter().flat_map(|streams| streams.open.into_values()) {
            stream.fail(&error);
        }
        self.wiring.vitals.closings.send_modify(|closings| *closings += 1);
    }

    fn fail(&self, fault: &Fault) {
        if self.is_closed() {
            return;
        }
        match fault {
            Fault::Frame(_) | Fault::Stream(_) | Fault::OutOfPlace(_) | Fault::StreamId(_) | Fault::NotReading => {
                count(&self.wiring.counters.protocol_errors);
                tracing::warn!(peer = self.peer, link = self.link.name(), %fault, "peer broke the protocol");
            }
            Fault::Silent | Fault::Stalled => {
                count(&self.wiring.counters.connections_silent);
                tracing::warn!(peer = self.peer, link = self.link.name(), %fault, "peer is silent");
            }
            Fault::Io(_) | Fault::Ended => {}
        }
        self.close(&fault.to_string());
    }

    /// Passes on whether a frame was queued; a peer that lets the queue fill up loses the connection.
    pub(crate) fn queued(&self, result: Result<(), NotQueued>) -> Result<(), ()> {
        result.map_err(|why| {
            if why == NotQueued::Full {
                self.fail(&Fault::NotReading);
            }
        })
    }

    pub(crate) fn forget_stream(&self, id: u64) {
        if let Some(streams) = lock(&self.streams).as_mut() {
            streams.open.remove(&id);
        }
    }

    /// Opens a stream. It does not wait for the peer: one that declines ends the stream.
    pub(crate) async fn open(
        self: &Arc<Self>,
        kind: u16,
        header: Bytes,
        until: Instant,
    ) -> Result<(StreamSender, StreamReceiver), CallError> {
        let never_sent = || CallError::Unreachable(self.closed_text());
        let room = match timeout_at(until, self.outbox.room(header.len())).await {
            Ok(room) => room.map_err(|_| never_sent())?,
            Err(_) => return Err(CallError::Overloaded(format!("the queue to node {} stayed full", self.peer))),
        };
        let (state, inbox) = {
            let mut streams = lock(&self.streams);
            let streams = streams.as_mut().ok_or_else(never_sent)?;
            if streams.open.len() >= STREAMS_MAX {
                count(&self.wiring.counters.streams_refused);
                return Err(CallError::Overloaded(format!("{STREAMS_MAX} streams to node {} are open", self.peer)));
            }
            streams.last_id += 1;
            let id = streams.last_id;
            // Under the lock, so that ids arrive in order.
            match self.outbox.push(message::open(id, kind, header), room) {
                Ok(()) => {}
                Err(_) => return Err(never_sent()),
            }
            let (state, inbox) = StreamState::new(id);
            streams.open.insert(id, Arc::clone(&state));
            (state, inbox)
        };
        let receiver = StreamReceiver::new(Arc::clone(self), Arc::clone(&state), inbox);
        Ok((StreamSender::new(Arc::clone(self), state), receiver))
    }

    async fn read<S: AsyncRead>(self: Arc<Self>, mut reader: ReadHalf<S>, mut buf: BytesMut) {
        let _closes = ClosesOnDrop(&self);
        let mut closed = self.closed.subscribe();
        let mut tick = interval(PING_PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let mut pings = 0;
        let fault = loop {
            if let Err(fault) = self.take_frames(&mut buf) {
                break fault;
            }
            // For a large frame there is room already: more would copy what has come of it.
            if buf.len() < READ_BYTES && buf.capacity() - buf.len() < READ_BYTES_MIN {
                // Small payloads are copied out, so mostly this is the same memory again.
                buf.reserve(READ_BYTES);
            }
            tokio::select! {
                read = reader.read_buf(&mut buf) => match read {
                    Ok(0) => break Fault::Ended,
                    Ok(n) => {
                        add(&self.wiring.counters.bytes_in, n);
                        heard = Instant::now();
                        self.wiring.vitals.hear();
                    }
                    Err(error) => break Fault::Io(error),
                },
                _ = tick.tick() => {
                    if heard.elapsed() > SILENCE_MAX {
                        break Fault::Silent;
                    }
                    pings += 1;
                    self.send_ping(pings);
                }
                _ = closed.wait_for(Option::is_some) => return,
            }
        };
        self.fail(&fault);
    }

    async fn write<S: AsyncWrite>(self: Arc<Self>, mut writer: WriteHalf<S>) {
        let _closes = ClosesOnDrop(&self);
        let mut closed = self.closed.subscribe();
        let written = tokio::select! {
            fault = self.write_all(&mut writer) => Some(fault),
            _ = closed.wait_for(Option::is_some) => None,
        };
        match written {
            Some(Some(fault)) => self.fail(&fault),
            // Closed by somebody else: say so, so that the peer need not wait for silence.
            Some(None) | None => {
                let _ = timeout(GOODBYE_MAX, writer.shutdown()).await;
            }
        }
    }

    /// Writes until the outbox is closed (`None`) or the line fails.
    async fn write_all<S: AsyncWrite>(&self, writer: &mut WriteHalf<S>) -> Option<Fault> {
        let (mut chunk, mut held) = (BytesMut::new(), Vec::new());
        while self.outbox.drain(&mut chunk, &mut held).await {
            count(&self.wiring.counters.writes);
            add(&self.wiring.counters.bytes_out, chunk.len());
            while !chunk.is_empty() {
                match timeout(WRITE_STALL_MAX, writer.write_buf(&mut chunk)).await {
                    Ok(Ok(0)) => return Some(Fault::Ended),
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return Some(Fault::Io(error)),
                    Err(_) => return Some(Fault::Stalled),
                }
            }
            match timeout(WRITE_STALL_MAX, writer.flush()).await {
                Ok(Ok(())) => held.clear(),
                Ok(Err(error)) => return Some(Fault::Io(error)),
                Err(_) => return Some(Fault::Stalled),
            }
            if chunk.capacity() > 2 * DRAIN_BYTES_MAX {
                chunk = BytesMut::new();
            }
        }
        None
    }

    fn send_ping(&self, id: u64) {
        *lock(&self.ping) = Some((id, Instant::now(), steady_ms()));
        let _ = self.queued(self.outbox.push_first(message::clock(Kind::Ping, id, wall_ms())));
    }

    fn take_frames(self: &Arc<Self>, buf: &mut BytesMut) -> Result<(), Fault> {
        while let Some(frame) = decode(buf, FRAME_BYTES_MAX)? {
            if self.is_closed() {
                // Another connection may have taken over: what is still here is not to arrive after its frames.
                return Err(Fault::Ended);
            }
            count(&self.wiring.counters.frames_in);
            self.take(frame)?;
        }
        Ok(())
    }

    fn take(self: &Arc<Self>, frame: Frame) -> Result<(), Fault> {
        let live = self.link == Link::Live;
        match frame.kind {
            Kind::Ping => {
                message::parse_clock(frame.payload)?;
                let _ = self.queued(self.outbox.push_first(message::clock(Kind::Pong, frame.id, wall_ms())));
            }
            Kind::Pong => self.on_pong(frame.id, message::parse_clock(frame.payload)?),
            Kind::Live if live => {
                let (topic, key, value) = message::parse_live(frame)?;
                count(&self.wiring.counters.live_received);
                self.wiring.handler.live(self.peer, topic, key, value);
            }
            Kind::Call if !live && !self.dialled => self.serve(frame)?,
            Kind::Open if !live && !self.dialled => self.on_open(frame)?,
            Kind::Reply if !live && self.dialled => self.on_reply(frame),
            Kind::Decline if !live && self.dialled => {
                count(&self.wiring.counters.streams_refused);
                if let Some(stream) = self.stream(frame.id) {
                    self.forget_stream(frame.id);
                    stream.fail(&CallError::Overloaded(message::parse_text(&frame.payload)));
                }
            }
            Kind::Data | Kind::Credit | Kind::Close | Kind::Abort | Kind::Stop if !live => {
                self.on_stream_frame(frame)?
            }
            kind => return Err(Fault::OutOfPlace(kind)),
        }
        Ok(())
    }

    /// Frames of a stream that is not (or no longer) known were sent before the peer knew of its end.
    fn on_stream_frame(&self, frame: Frame) -> Result<(), Fault> {
        let Some(stream) = self.stream(frame.id) else { return Ok(()) };
        match frame.kind {
            Kind::Data => stream.on_data(frame.payload)?,
            Kind::Credit => stream.on_credit(message::parse_credit(frame.payload)?)?,
            Kind::Stop => stream.stop_sending(CallError::Closed(message::parse_text(&frame.payload))),
            kind => {
                let error = (kind == Kind::Abort).then(|| CallError::Closed(message::parse_text(&frame.payload)));
                // Under the lock: who sees the end finds the stream's place free.
                let mut streams = lock(&self.streams);
                if stream.on_end(error)
                    && let Some(streams) = streams.as_mut()
                {
                    streams.open.remove(&frame.id);
                }
            }
        }
        Ok(())
    }

    fn stream(&self, id: u64) -> Option<Arc<StreamState>> {
        lock(&self.streams).as_ref().and_then(|streams| streams.open.get(&id).cloned())
    }

    fn on_pong(&self, id: u64, peer_wall_ms: i64) {
        let sent = lock(&self.ping).take_if(|(ping, ..)| *ping == id);
        if let Some((_, sent, sent_ms)) = sent
            && self.link == Link::Control
        {
            let round_trip = sent.elapsed();
            lock(&self.wiring.vitals.clock).add(round_trip, offset_ms(sent_ms, round_trip, peer_wall_ms));
        }
    }

    fn on_open(self: &Arc<Self>, frame: Frame) -> Result<(), Fault> {
        let (kind, header) = message::parse_open(frame.payload)?;
        let opened = {
            let mut streams = lock(&self.streams);
            let Some(streams) = streams.as_mut() else { return Ok(()) };
            if frame.id <= streams.last_id {
                return Err(Fault::StreamId(frame.id));
            }
            streams.last_id = frame.id;
            (streams.open.len() < STREAMS_ACCEPTED_MAX).then(|| {
                let (state, inbox) = StreamState::new(frame.id);
                streams.open.insert(frame.id, Arc::clone(&state));
                (state, inbox)
            })
        };
        let Some((state, inbox)) = opened else {
            count(&self.wiring.counters.streams_refused);
            let decline = message::text(Kind::Decline, 0, frame.id, "too many streams are open");
            let _ = self.queued(self.outbox.push_small(decline));
            return Ok(());
        };
        let receiver = StreamReceiver::new(Arc::clone(self), Arc::clone(&state), inbox);
        self.wiring.handler.stream(self.peer, kind, header, StreamSender::new(Arc::clone(self), state), receiver);
        Ok(())
    }
}

/// Closes the connection however its reader or writer ends, a handler's panic in the reader included.
struct ClosesOnDrop<'a>(&'a Connection);

impl Drop for ClosesOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close("its task ended");
    }
}
