//! Every bound of the door, with what happens at it, and SIP's own times (RFC 3261, 17.1.1.1).

/// Bytes of one message; a longer one is not answered, and ends a TCP connection.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Headers of one message; more is malformed.
pub(crate) const HEADERS_MAX: usize = 128;
/// Bytes of a name that a stranger chose and that is kept: `Call-ID`, tags, addresses.
pub(crate) const TOKEN_BYTES_MAX: usize = 256;
/// Record routes of one dialog.
pub(crate) const ROUTES_MAX: usize = 8;
/// Callers at a time; one more is answered with 503.
pub(crate) const BRIDGES_MAX: usize = 2_048;
/// TCP connections at a time; one more is closed.
pub(crate) const CONNECTIONS_MAX: usize = 256;
/// Messages that wait for one TCP connection; at the bound it is closed.
pub(crate) const WRITES_MAX: usize = 256;
/// Nothing read from a TCP connection for so long ends it, milliseconds.
pub(crate) const IDLE_MS_MAX: u64 = 600_000;
/// Requests under way in one call; older ones are given up.
pub(crate) const PENDING_MAX: usize = 16;
/// Estimate of a round trip.
pub(crate) const T1_MS: u64 = 500;
/// The longest wait before a request other than INVITE is sent again.
pub(crate) const T2_MS: u64 = 4_000;
/// A transaction is given up after this time: timers B, F, H.
pub(crate) const GIVE_UP_MS: u64 = 64 * T1_MS;
/// How often a caller who waits hears that they are not forgotten (RFC 3261, 13.3.1.1: within 3 minutes for proxies).
pub(crate) const RINGING_AGAIN_MS: u64 = 60_000;
/// An agent's phone has so long to be picked up, once it rings.
pub(crate) const PICK_UP_MS: u64 = 20_000;
