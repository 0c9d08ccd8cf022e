//! The frames between nodes: one mutually authenticated port per node, and on it calls, streams and the live bus.
//!
//! This crate knows nothing of consensus or cameras. A payload is bytes, a message type is a number (`kind`), and
//! the [`Handler`] that a node passes in gives both their meaning.
//!
//! - **One port, several connections.** To each peer a node dials at most one connection per lane: control, log, bulk, and one of
//!   the bus's own. TCP delivers in order, so what must not wait behind something else needs another connection.
//! - **Who dials asks.** Calls and streams are opened by the side that dialled; the other side dials its own. No connection
//!   is shared by two askers, so there is no simultaneous open to untangle and no parity of stream ids.
//! - **A frame** is `u32 length | u8 kind | u8 flags | u64 id | payload` ([`mod@limits`] has every bound). The length is checked
//!   before anything is allocated. Integrity is TLS's business.
//! - **Identity is in the certificate**: its URI `trongdong://<cluster>/node/<id>`, signed by the cluster's own authority, has to
//!   equal what the hello frame says and whom the dialler meant. Names and addresses prove nothing, so they may change.
//! - **A stream has credit** in both directions, in messages and in bytes. A receiver that stalls stops its sender at the window
//!   and nobody else. Who sends beyond the credit loses the connection.
//! - **Every wait is bounded.** A connection's queue holds so many bytes, calls in flight and streams are counted, handshakes are
//!   timed and counted. At a bound the answer is [`CallError::Overloaded`], a drop of the oldest live value, or the end of
//!   the one connection that misbehaved; [`Counters`] says how often.
//! - **Silence is an event.** Both sides ping every 500 ms on every connection; after 3 s without a byte it is dropped and all
//!   that was pending on it fails. The pings carry the wall clock, so each side knows the other's offset.
//! - **A dead peer fails fast.** Connecting is lazy, happens once for all callers, and backs off with jitter; in the pause
//!   between two attempts a call is refused at once as [`CallError::Unreachable`].
//! - **What an error says about the outcome** is part of the interface: `Unreachable`, `Overloaded` and `TooLarge` mean that
//!   nothing was done, `Timeout` and `Closed` that nobody knows.
//! - **The live bus** keeps the latest value per topic and key, drops the oldest at its bound and never makes a publisher wait.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking"))]

pub mod authority;
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;

mod backoff;
mod bus;
mod call;
mod clock;
mod connection;
mod counters;
mod credit;
mod cut;
mod dial;
mod ended;
mod error;
mod format;
mod frame;
mod handshake;
#[cfg(test)]
mod hostile;
mod identity;
mod message;
mod outbox;
mod peer;
mod peers;
mod stream;
mod sync;
mod tls;

pub use bytes::Bytes;
pub use counters::Counters;
pub use cut::{CUT_MAX, Cut};
pub use error::{CallError, PeerError};
pub use format::Formats;
pub use futures::future::BoxFuture;
pub use identity::Identity;
pub use peers::Peers;
pub use stream::{StreamReceiver, StreamSender};

/// A node's number, unique in its cluster and never given twice.
pub type NodeId = u64;

/// Which of the connections to a peer a call or stream uses: heartbeats and votes never wait behind log bytes, nor
/// those behind snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Small and urgent: heartbeats, votes, read barriers, one-hop messages.
    Control,
    /// The log's entries and their acknowledgements.
    Log,
    /// Whatever is large and may take its time: snapshots, files.
    Bulk,
}

/// What a node does with what its peers send. One handler serves all peers and lanes.
pub trait Handler: Send + Sync + 'static {
    /// Answers a call. The future runs in its own task, for no longer than the caller's deadline: then it is dropped. `Err` reaches the caller
    /// as [`CallError::Remote`]. At most [`limits::CALLS_MAX`] run at a time per connection.
    fn call(&self, from: NodeId, kind: u16, payload: Bytes) -> BoxFuture<'static, Result<Bytes, String>>;

    /// Takes over a stream that a peer opened. It is called by the connection's reader and must not block: it spawns.
    /// To refuse the stream, drop both halves.
    fn stream(&self, from: NodeId, kind: u16, header: Bytes, tx: StreamSender, rx: StreamReceiver);

    /// Takes a value from the live bus. It is called by the connection's reader and must not block.
    fn live(&self, from: NodeId, topic: u16, key: Bytes, value: Bytes);
}
