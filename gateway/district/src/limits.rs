//! Every bound of a district centre's node that is not a matter of configuration, with what happens at it.

use std::time::Duration;

/// A request passed on to the province, from its head to its answer; shorter than a screen's own patience (8 s), so that a
/// command is kept and said to be kept before the screen asks again. Past it the line counts as silent for this request.
pub const FORWARD_DEADLINE: Duration = Duration::from_millis(6_000);
/// The same for a kept command, of which nobody waits for the answer.
pub const SEND_DEADLINE: Duration = Duration::from_millis(15_000);
/// Connecting to one of the province's nodes; past it the next one is tried.
pub const CONNECT_DEADLINE: Duration = Duration::from_millis(3_000);
/// Bytes of an answer of the province; more is 502.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a body that is passed on: a push of readings. More is 413.
pub const FORWARD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a command's body, as at the province; more is 413.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;

/// Pause before the line is opened again: the first, and the longest. It doubles, and a random part of it is taken off, so
/// that all districts do not come back in one moment.
pub const RECONNECT_MS: (u64, u64) = (250, 15_000);
/// Pause before a kept command is sent again after an answer that asks for it.
pub const RESEND_MS: (u64, u64) = (500, 15_000);
/// How often sessions are shown to the province, so that one that was ended there ends here.
pub const SESSIONS_CHECKED_EVERY: Duration = Duration::from_secs(300);

/// Batches of one group kept for screens of the room that resume; the oldest leave, and such a screen gets a picture.
pub const TAIL_BATCHES_MAX: usize = 4_096;
/// Records that wait to be written to disk; at the bound the line waits.
pub const WRITES_MAX: usize = 1_024;
/// Time between two flushes of the copy to the disk: so much of it a power cut may cost, and the line brings it again.
pub const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// Time between two notes on disk that the province was heard, and of places that moved with nothing to see.
pub const NOTED_EVERY: Duration = Duration::from_secs(5);
/// The copy's file is written anew when this much, and twice its first length, was added to it.
pub const LOG_BYTES_MIN: u64 = 8 * 1024 * 1024;
/// Bytes of one record of the copy's file: a message of the line. More is a damaged length.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Records of one part of a picture that is written to disk.
pub const RECORDS_PER_PART: usize = 512;

/// Accounts remembered for signing in while the line is cut; at the bound the one that signed in longest ago leaves.
pub const ACCOUNTS_MAX: usize = 512;
/// Sessions at once; at the bound a sign-in is refused.
pub const SITTINGS_MAX: usize = 1_024;
/// Passwords checked at a time; more wait.
pub const CHECKS_MAX: usize = 2;
/// Bytes of a password, as at the province.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Numbers of a session that are noted on disk in advance, so that a number is never given twice after a crash.
pub const SEQ_RESERVED: u64 = 64;

/// Answered commands kept so that whoever entered them hears of it; at the bound the oldest leave.
pub const ANSWERED_MAX: usize = 256;
/// How long they are kept.
pub const ANSWERED_MS: u64 = 24 * 3_600_000;
/// Numbers remembered that were passed on and not answered; at the bound every number counts as one.
pub const MAYBE_SENT_MAX: usize = 4_096;
/// Kept commands of one session sent one after the other before the next session has its turn.
pub const SENT_PER_TURN: usize = 16;
/// Kept commands in one list; the newest are shown.
pub const LISTED_MAX: usize = 300;
