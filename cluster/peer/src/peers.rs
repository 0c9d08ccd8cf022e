//! A node among its peers: the port, the address book, and the way to each peer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::connection::{Connection, Wiring};
use crate::counters::{Counters, count};
use crate::cut::{self, CutOff};
use crate::dial::{Attempt, Outcome, Step};
use crate::error::{CallError, PeerError};
use crate::format::Formats;
use crate::handshake::{self, HandshakeError, Known, Local};
use crate::identity::Identity;
use crate::limits::{
    CALL_DEADLINE_MAX, HANDSHAKE_TIMEOUT, HANDSHAKES_MAX, LIVE_KEY_BYTES_MAX, LIVE_VALUE_BYTES_MAX, PEERS_MAX,
    REDIAL_WAIT_MAX, SHUTDOWN_WAIT_MAX,
};
use crate::message::Link;
use crate::peer::Peer;
use crate::stream::{StreamReceiver, StreamSender};
use crate::sync::{Tasks, lock, wall_ahead_ms};
use crate::tls::Tls;
use crate::{Handler, Lane, NodeId};

/// How often a call looks for a connection anew, when the one it had was closed before anything was sent.
const CONNECT_TRIES: u32 = 3;

/// How long the accept loop rests when the system refuses to accept (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Inner {
    local: Local,
    address: SocketAddr,
    handler: Arc<dyn Handler>,
    counters: Arc<Counters>,
    pub(crate) peers: Mutex<HashMap<NodeId, Arc<Peer>>>,
    tasks: Tasks,
    stopping: watch::Sender<bool>,
    /// With whom this node does not talk for now.
    pub(crate) cut: Mutex<CutOff>,
}

/// This node's end of all connections to its peers. Clones share it. It works until [`Peers::shutdown`]; dropping it does not stop it.
#[derive(Clone)]
pub struct Peers(Arc<Inner>);

impl Peers {
    /// Binds `listen` and takes connections in from then on.
    ///
    /// # Errors
    /// When the identity's certificates do not fit it or each other, or the address cannot be bound.
    pub async fn start(identity: Identity, listen: SocketAddr, handler: Arc<dyn Handler>) -> Result<Self, PeerError> {
        Self::start_speaking(Formats::OWN, identity, listen, handler).await
    }

    /// The same for a node that speaks other formats than this version's: an earlier release's, in drills of upgrades.
    ///
    /// # Errors
    /// As [`Peers::start`].
    pub async fn start_speaking(
        formats: Formats,
        identity: Identity,
        listen: SocketAddr,
        handler: Arc<dyn Handler>,
    ) -> Result<Self, PeerError> {
        identity.check()?;
        let tls = Tls::new(&identity)?;
        let failed = |source| PeerError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let inner = Arc::new(Inner {
            address: listener.local_addr().map_err(failed)?,
            local: Local { cluster: identity.cluster.into(), node: identity.node, formats, tls },
            handler,
            counters: Arc::default(),
            peers: Mutex::default(),
            tasks: Tasks::new(),
            stopping: watch::Sender::new(false),
            cut: Mutex::default(),
        });
        inner.tasks.spawn(Arc::clone(&inner).accept(listener));
        Ok(Self(inner))
    }

    /// The address that it listens on, with the port that was given for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// This node's number.
    pub fn node(&self) -> NodeId {
        self.0.local.node
    }

    /// Says where a peer is, as `host:port`. A changed address takes effect at once: what was dialled to the old one is closed.
    pub fn set_address(&self, node: NodeId, address: &str) {
        let Some(peer) = self.0.peer(node) else { return };
        let changed = {
            let mut current = lock(&peer.address);
            let changed = current.as_deref() != Some(address);
            *current = Some(address.into());
            changed
        };
        if changed {
            for dial in &peer.dials {
                dial.reset("the peer's address has changed");
            }
        }
    }

    /// Asks a peer, connecting first if need be, and waits for its answer for at most `deadline` in all.
    ///
    /// # Errors
    /// See [`CallError`]: its variants say whether the peer may have done something.
    pub async fn call(
        &self,
        to: NodeId,
        lane: Lane,
        kind: u16,
        payload: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, CallError> {
        let until = Instant::now() + deadline.min(CALL_DEADLINE_MAX);
        let result = self.call_until(to, lane.into(), kind, payload, until).await;
        match &result {
            Err(CallError::Overloaded(_)) => count(&self.0.counters.calls_overloaded),
            Err(CallError::Timeout) => count(&self.0.counters.calls_timed_out),
            _ => {}
        }
        result
    }

    async fn call_until(
        &self,
        to: NodeId,
        link: Link,
        kind: u16,
        payload: Bytes,
        until: Instant,
    ) -> Result<Bytes, CallError> {
        let mut tries = CONNECT_TRIES;
        loop {
            let connection = self.0.connect(to, link, until).await?;
            connection.check_size(payload.len())?;
            tries -= 1;
            match connection.call(kind, payload.clone(), until).await {
                // Closed between finding and using it: nothing was sent.
                Err(CallError::Unreachable(_)) if tries > 0 => {}
                result => return result,
            }
        }
    }

    /// Opens an ordered stream of messages both ways, connecting first if need be. It does not wait for the peer's
    /// handler; a peer that declines ends the stream as overloaded.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn open(
        &self,
        to: NodeId,
        lane: Lane,
        kind: u16,
        header: Bytes,
    ) -> Result<(StreamSender, StreamReceiver), CallError> {
        let until = Instant::now() + HANDSHAKE_TIMEOUT;
        let mut tries = CONNECT_TRIES;
        loop {
            let connection = self.0.connect(to, lane.into(), until).await?;
            connection.check_size(header.len())?;
            tries -= 1;
            match connection.open(kind, header.clone(), until).await {
                Err(CallError::Unreachable(_)) if tries > 0 => {}
                result => return result,
            }
        }
    }

    /// Puts a value on the live bus for every peer that is connected now. It never waits; what has not been sent when a newer
    /// value of the same topic and key comes is replaced by it. A peer whose address this node does not know gets it only if that
    /// peer has dialled a live connection itself.
    pub fn publish(&self, topic: u16, key: Bytes, value: Bytes) {
        if !self.0.fits_bus(&key, &value) {
            return;
        }
        let peers: Vec<_> = lock(&self.0.peers).values().cloned().collect();
        for peer in peers.into_iter().filter(|peer| peer.is_connected()) {
            self.0.publish(&peer, topic, key.clone(), value.clone());
        }
    }

    /// Puts a value on the live bus for one peer, connecting if need be. It never waits.
    pub fn publish_to(&self, to: NodeId, topic: u16, key: Bytes, value: Bytes) {
        if !self.0.fits_bus(&key, &value) {
            return;
        }
        let peer = lock(&self.0.peers).get(&to).cloned();
        match peer {
            Some(peer) => self.0.publish(&peer, topic, key, value),
            None => count(&self.0.counters.live_dropped),
        }
    }

    /// Whether any connection with this peer is up, whoever dialled it.
    pub fn is_connected(&self, node: NodeId) -> bool {
        let peer = lock(&self.0.peers).get(&node).cloned();
        peer.is_some_and(|peer| peer.is_connected())
    }

    /// How long ago the last byte came from this peer, on any connection; `None` if none ever came.
    pub fn last_heard(&self, node: NodeId) -> Option<Duration> {
        lock(&self.0.peers).get(&node).and_then(|peer| peer.vitals.last_heard())
    }

    /// How far the peer's wall clock is ahead of ours in ms, from the best of the last pings on the control lane. That ours was
    /// set shows at once, that the peer's was with the next pings. `None` while no connection with it is up, or none of the
    /// control lane has been.
    pub fn clock_offset_ms(&self, node: NodeId) -> Option<i64> {
        let peer = lock(&self.0.peers).get(&node).cloned().filter(|peer| peer.is_connected())?;
        lock(&peer.vitals.clock).offset_ms(wall_ahead_ms())
    }

    /// What was counted since start.
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Stops listening, closes every connection (what is pending on them fails) and drops the handlers at work; waits for
    /// that for at most [`SHUTDOWN_WAIT_MAX`](crate::limits::SHUTDOWN_WAIT_MAX).
    pub async fn shutdown(&self) {
        self.0.stopping.send_replace(true);
        let peers: Vec<_> = lock(&self.0.peers).values().cloned().collect();
        for peer in peers {
            peer.disconnect("this node stops");
        }
        if timeout(SHUTDOWN_WAIT_MAX, self.0.tasks.all_ended()).await.is_err() {
            tracing::warn!("tasks of peer connections still run after {} s", SHUTDOWN_WAIT_MAX.as_secs());
        }
    }
}

impl Peers {
    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    async fn stopped(&self) {
        // The sender is in `self`, so the wait cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// The peer of this number, made known if it was not; `None` at the bound.
    fn peer(&self, node: NodeId) -> Option<Arc<Peer>> {
        let mut peers = lock(&self.peers);
        if !peers.contains_key(&node) && peers.len() >= PEERS_MAX {
            tracing::warn!(node, "more than {PEERS_MAX} peers: not taken in");
            return None;
        }
        Some(Arc::clone(peers.entry(node).or_insert_with(|| Arc::new(Peer::new(node)))))
    }

    fn wiring(&self, peer: &Peer, link: Link) -> Wiring {
        Wiring {
            handler: Arc::clone(&self.handler),
            counters: Arc::clone(&self.counters),
            vitals: Arc::clone(&peer.vitals),
            serving: Arc::clone(&peer.serving[link.index()]),
            tasks: self.tasks.clone(),
            stopping: self.stopping.subscribe(),
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stopped() => return,
            };
            let (tcp, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections of peers");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else {
                count(&self.counters.handshakes_refused);
                continue;
            };
            let inner = Arc::clone(&self);
            self.tasks.spawn(async move {
                tokio::select! {
                    () = inner.take_in(tcp, from) => {}
                    () = inner.stopped() => {}
                }
                drop(permit);
            });
        }
    }

    async fn take_in(&self, tcp: TcpStream, from: SocketAddr) {
        if self.is_cut_from_all() {
            return;
        }
        let known = match handshake::accept(&self.local, tcp).await {
            Ok(known) => known,
            Err(error) => {
                count(&self.counters.handshakes_failed);
                self.count_identity(&error);
                tracing::warn!(%from, %error, "connection refused");
                return;
            }
        };
        let Some(peer) = self.peer(known.peer) else {
            count(&self.counters.handshakes_failed);
            return;
        };
        if self.is_cut(known.peer) {
            return;
        }
        count(&self.counters.connections_accepted);
        let slot = &peer.accepted[known.link.index()];
        // A peer dials a lane once: a second connection means that it has given up the first. Close that one before frames of
        // the new one are read.
        if let Some(old) = lock(slot).take().filter(|old| !old.is_closed()) {
            count(&self.counters.connections_replaced);
            old.close("the peer has dialled anew");
        }
        let connection = self.start(&peer, known, false);
        let raced = lock(slot).replace(Arc::clone(&connection));
        raced.inspect(|raced| raced.close("the peer has dialled anew"));
        if self.is_stopping() {
            connection.close("this node stops");
        }
        // The cut may have begun between the look and here.
        if self.is_cut(connection.peer) {
            connection.close(cut::REASON);
        }
    }

    fn start(&self, peer: &Peer, known: Known, dialled: bool) -> Arc<Connection> {
        let wiring = self.wiring(peer, known.link);
        Connection::start(known.io, known.read, known.peer, known.link, dialled, wiring)
    }

    fn count_identity(&self, error: &HandshakeError) {
        if matches!(error, HandshakeError::Identity(_)) {
            count(&self.counters.identities_refused);
        }
    }

    /// The connection of this lane to a peer: the one that is up, or the one that the only attempt under way brings.
    async fn connect(self: &Arc<Self>, to: NodeId, link: Link, until: Instant) -> Result<Arc<Connection>, CallError> {
        let unreachable = |why: &str| CallError::Unreachable(format!("node {to}: {why}"));
        let peer = lock(&self.peers).get(&to).cloned().ok_or_else(|| unreachable("has no address"))?;
        let dial = &peer.dials[link.index()];
        for _ in 0..CONNECT_TRIES {
            if self.is_stopping() {
                return Err(unreachable("this node stops"));
            }
            if self.is_cut(to) {
                return Err(unreachable(cut::REASON));
            }
            let (mut outcome, again) = match dial.step(Instant::now(), jitter()) {
                Step::Use(connection) => return Ok(connection),
                Step::Refused(why) => return Err(unreachable(&why)),
                Step::Wait { outcome, again } => (outcome, again),
                Step::Start(attempt) => {
                    // In its own task: a caller with a short deadline must not end the attempt of all.
                    self.tasks.spawn(Arc::clone(self).dial(Arc::clone(&peer), link, attempt));
                    continue;
                }
            };
            let patience = if again { until.min(Instant::now() + REDIAL_WAIT_MAX) } else { until };
            let ended = match timeout_at(patience, outcome.wait_for(Option::is_some)).await {
                Ok(ended) => ended.ok().and_then(|ended| ended.clone()),
                Err(_) => return Err(unreachable("still connecting")),
            };
            match ended {
                Some(Ok(connection)) => return Ok(connection),
                Some(Err(why)) => return Err(unreachable(&why)),
                // The attempt was for an address that has changed meanwhile.
                None => {}
            }
        }
        Err(unreachable("still connecting"))
    }

    async fn dial(self: Arc<Self>, peer: Arc<Peer>, link: Link, attempt: Attempt) {
        let outcome = tokio::select! {
            outcome = self.attempt(&peer, link) => outcome,
            () = self.stopped() => Err("this node stops".into()),
        };
        if let Err(error) = &outcome {
            count(&self.counters.dials_failed);
            tracing::debug!(peer = peer.node, link = link.name(), %error, "cannot connect");
        }
        peer.dials[link.index()].finish(attempt, outcome.clone(), Instant::now(), jitter());
        if self.is_stopping()
            && let Ok(connection) = outcome
        {
            connection.close("this node stops");
        }
    }

    async fn attempt(&self, peer: &Peer, link: Link) -> Outcome {
        if self.is_cut(peer.node) {
            return Err(cut::REASON.into());
        }
        let address = lock(&peer.address).clone().ok_or_else(|| Arc::from("has no address"))?;
        match handshake::dial(&self.local, &address, peer.node, link).await {
            Ok(_) if self.is_cut(peer.node) => Err(cut::REASON.into()),
            Ok(known) => {
                count(&self.counters.connections_dialled);
                Ok(self.start(peer, known, true))
            }
            Err(error) => {
                self.count_identity(&error);
                if matches!(
                    error,
                    HandshakeError::Identity(_) | HandshakeError::Formats(_) | HandshakeError::Refused(_)
                ) {
                    tracing::warn!(peer = peer.node, link = link.name(), %error, "not a peer to talk with");
                }
                Err(format!("{address}: {error}").into())
            }
        }
    }

    fn fits_bus(&self, key: &Bytes, value: &Bytes) -> bool {
        let fits = key.len() <= LIVE_KEY_BYTES_MAX && value.len() <= LIVE_VALUE_BYTES_MAX;
        if !fits {
            count(&self.counters.messages_oversize);
            count(&self.counters.live_dropped);
        }
        fits
    }

    fn publish(self: &Arc<Self>, peer: &Arc<Peer>, topic: u16, key: Bytes, value: Bytes) {
        peer.live.put(topic, key, value, &self.counters);
        if !peer.pumped.swap(true, Ordering::AcqRel) {
            self.tasks.spawn(Arc::clone(self).pump(Arc::clone(peer)));
        }
    }

    /// Empties one peer's live queue: first room on the connection, only then the value, so that what is sent is the latest.
    async fn pump(self: Arc<Self>, peer: Arc<Peer>) {
        loop {
            let bytes = tokio::select! {
                bytes = peer.live.next_bytes() => bytes,
                () = self.stopped() => return,
            };
            let Ok(connection) = self.live_connection(&peer).await else {
                peer.live.clear(&self.counters);
                continue;
            };
            // Closed: the next round finds or dials another.
            let Ok(room) = connection.outbox.room(bytes).await else { continue };
            let Some((topic, key, value)) = peer.live.take() else { continue };
            let frame = crate::message::live(topic, &key, value);
            match connection.queued(connection.outbox.push(frame, room)) {
                Ok(()) => count(&self.counters.live_sent),
                Err(()) => count(&self.counters.live_dropped),
            }
        }
    }

    /// Always the one that this node dialled, so that values of one key stay in order; that of the peer only where this node has no address for it.
    async fn live_connection(self: &Arc<Self>, peer: &Peer) -> Result<Arc<Connection>, CallError> {
        let has_address = lock(&peer.address).is_some();
        if !has_address && let Some(connection) = peer.accepted(Link::Live) {
            return Ok(connection);
        }
        self.connect(peer.node, Link::Live, Instant::now() + HANDSHAKE_TIMEOUT).await
    }
}

/// A random number; without randomness nodes would only come back more in step.
fn jitter() -> u32 {
    getrandom::u32().unwrap_or(0)
}
