//! What went wrong and how much went through, counted since start.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since start. Each only grows; read them with relaxed loads.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: AtomicU64,)* }

        impl Counters {
            /// All counters by name, for a metrics page.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counters! {
    /// Connections that this node dialled and that passed the handshake.
    connections_dialled,
    /// Connections that peers dialled and that passed the handshake.
    connections_accepted,
    /// Accepted connections that gave way to a newer one of the same peer and lane.
    connections_replaced,
    /// Connections dropped because nothing came for too long, or a write made no progress.
    connections_silent,
    /// Attempts to connect that failed, whatever the cause.
    dials_failed,
    /// Incoming connections dropped during the handshake, whatever the cause.
    handshakes_failed,
    /// Incoming connections closed unread because too many handshakes were under way.
    handshakes_refused,
    /// Handshakes, in or out, in which the other side was not who it should be.
    identities_refused,
    /// Connections dropped because the peer broke the protocol: bad or oversized frame, broken credit.
    protocol_errors,
    /// Frames received.
    frames_in,
    /// Bytes received, inside TLS.
    bytes_in,
    /// Bytes sent, inside TLS.
    bytes_out,
    /// Writes, each of one or more frames.
    writes,
    /// Calls refused at a bound, here or by the peer.
    calls_overloaded,
    /// Calls whose deadline passed without an answer.
    calls_timed_out,
    /// Calls of peers that were answered.
    calls_served,
    /// Handlers that panicked.
    handler_panics,
    /// Streams refused at a bound, here or by the peer.
    streams_refused,
    /// Messages that this node refused to send because they fit no frame.
    messages_oversize,
    /// Live values sent to a peer.
    live_sent,
    /// Live values received.
    live_received,
    /// Live values that a newer one of the same key overtook before they were sent.
    live_replaced,
    /// Live values dropped: too large, pushed out at the bound, or the peer gone.
    live_dropped,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// Adds `n`.
pub(crate) fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(u64::try_from(n).unwrap_or(u64::MAX), Ordering::Relaxed);
}
