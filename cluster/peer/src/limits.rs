//! Every bound of this crate, with what happens at it.

use std::time::Duration;

/// The largest frame, its length field included. A longer one ends the connection that it came on.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The largest payload of a call, reply, stream header or stream message: a frame less its header, rounded down to leave room for what
/// stands before the payload. The sender refuses a larger one with [`CallError::TooLarge`](crate::CallError::TooLarge).
pub const MESSAGE_BYTES_MAX: usize = FRAME_BYTES_MAX - 2048;

/// Bytes that one read of a connection has room for, and the room below which it is made anew: frames are mostly small, and many
/// come at once. Without it a buffer grows by 64 bytes, a read each.
pub(crate) const READ_BYTES: usize = 16 * 1024;
pub(crate) const READ_BYTES_MIN: usize = 4 * 1024;

/// The largest frame before a peer has said who it is.
pub(crate) const HELLO_FRAME_BYTES_MAX: usize = 2048;

/// The longest name of a cluster. [`Identity`](crate::Identity) refuses a longer one.
pub const CLUSTER_NAME_BYTES_MAX: usize = 64;

/// The longest reason or error text that travels in a frame. A longer one is cut.
pub const REASON_BYTES_MAX: usize = 1024;

/// How long TCP, TLS and hello together may take. Then the connection is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Incoming handshakes at a time. A connection beyond it is closed unread.
pub const HANDSHAKES_MAX: usize = 64;

/// Peers that one node knows, by address or because they dialled. A further one is refused.
pub const PEERS_MAX: usize = 256;

/// Open streams per connection. At the bound, opening fails as overloaded.
pub const STREAMS_MAX: usize = 128;

/// The same on the side that did not open them: the opener may count a stream as gone a moment earlier.
pub(crate) const STREAMS_ACCEPTED_MAX: usize = 2 * STREAMS_MAX;

/// Calls in flight per peer and lane, on either side. At the bound, a call fails as overloaded.
pub const CALLS_MAX: usize = 1024;

/// Request bytes per peer and lane that handlers are at work on. At the bound, a call is answered as overloaded.
pub const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The longest deadline of a call. A longer one counts as this.
pub const CALL_DEADLINE_MAX: Duration = Duration::from_secs(300);

/// Messages that a stream's sender may be ahead of its receiver. At the bound, `send` waits.
pub const WINDOW_MESSAGES: u32 = 64;

/// Bytes that a stream's sender may be ahead of its receiver. At the bound, `send` waits.
pub const WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Payload bytes that wait for one connection's writer. At the bound, senders wait their turn.
pub const OUTBOX_BYTES_MAX: u32 = 8 * 1024 * 1024;

/// The same on the bus's connection: little, since what waits there is no longer the latest.
pub const OUTBOX_LIVE_BYTES_MAX: u32 = 64 * 1024;

/// What a frame costs of the outbox at least, so that small frames are bounded in number too.
pub(crate) const OUTBOX_FRAME_COST_MIN: u32 = 1024;

/// Frames that wait for one connection's writer, those that cost nothing (pings, credit, refusals) included. They can pile up only
/// when the peer asks much and reads nothing; at the bound it loses the connection.
pub const OUTBOX_FRAMES_MAX: usize = 16 * 1024;

/// How many bytes the writer gathers before it writes (one frame may exceed it).
pub(crate) const DRAIN_BYTES_MAX: usize = 256 * 1024;

/// How often each side pings, on every connection.
pub const PING_PERIOD: Duration = Duration::from_millis(500);

/// How long a connection may be without an incoming byte. Then it is dropped.
pub const SILENCE_MAX: Duration = Duration::from_secs(3);

/// How long a write may make no progress. Then the connection is dropped.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(10);

/// The longest key on the live bus. A longer one is dropped and counted.
pub const LIVE_KEY_BYTES_MAX: usize = 256;

/// The largest value on the live bus. A larger one is dropped and counted.
pub const LIVE_VALUE_BYTES_MAX: usize = 1024 * 1024;

/// Keys that wait for one peer on the live bus. At the bound, the one that has waited longest is dropped and counted.
pub const LIVE_KEYS_MAX: usize = 8192;

/// Bytes that wait for one peer on the live bus. At the bound, the value that has waited longest is dropped and counted.
pub const LIVE_QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The first pause after a failed attempt to connect; it doubles with each further one.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);

/// The longest pause between two attempts to connect.
pub const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// How long a caller waits for an attempt that follows a failed one. A peer that is dead should not cost each caller its deadline.
pub const REDIAL_WAIT_MAX: Duration = Duration::from_millis(250);

/// A connection that lasts less than this counts as a failed attempt, so a peer that accepts and drops is backed off from.
pub const FLAP_MAX: Duration = Duration::from_secs(1);

/// How long `shutdown` waits for its tasks to end.
pub const SHUTDOWN_WAIT_MAX: Duration = Duration::from_secs(2);
