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
/// How often a caller who waits hears that they are not forgotten (RFC 3261, 13.3.1.1: every minute, since a proxy may give up
/// after three).
pub(crate) const RINGING_AGAIN_MS: u64 = 60_000;
/// An agent's phone has so long to be picked up, once it rings.
pub(crate) const PICK_UP_MS: u64 = 20_000;
/// Callers who hear the announcement at a time; one more hears what their exchange plays, and is sent their place as everybody is.
pub(crate) const LISTENERS_MAX: usize = 256;
/// Sound is sent to no lower port: what listens there is no telephone (RFC 6335, 6).
pub(crate) const RTP_PORT_MIN: u16 = 1_024;
/// Bytes of the phrase that tells a place in the queue and the desk's message, which has 256 at most; the rest of a longer one is
/// left out.
pub(crate) const PHRASE_BYTES_MAX: usize = 320;
/// Seconds of an announcement; a longer one is refused at the start.
pub const ANNOUNCEMENT_S_MAX: usize = 60;
/// Bytes of its file: so many seconds of 16-bit samples, and what a studio writes beside them; a larger one is refused.
pub const ANNOUNCEMENT_BYTES_MAX: usize = ANNOUNCEMENT_S_MAX * 16_000 + 64 * 1024;
