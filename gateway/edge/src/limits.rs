//! Every bound of the edge that is not a matter of configuration, with what happens at it.

use std::time::Duration;

/// One HTTP request, from its head to its answer. Past it the answer is 503 `unknown`: the command may still be applied,
/// and the same `x-request-seq` asks what became of it.
pub const REQUEST_MS_MAX: u64 = 10_000;
/// What a command is given on its way through the cluster; shorter than [`REQUEST_MS_MAX`], so that its own error is told.
pub const COMMAND_DEADLINE: Duration = Duration::from_millis(8_000);
/// A read barrier asked for while somebody waits for an answer.
pub const BARRIER_DEADLINE: Duration = Duration::from_millis(2_000);
/// TLS handshake and, apart from it, the head of a request. Past it the connection is closed.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_millis(10_000);
/// Kernel send buffer of a connection: small, so that a reader that stalls is noticed early.
pub const SEND_BUFFER_BYTES: u32 = 64 * 1024;
/// Connections that wait to be accepted.
pub const ACCEPT_BACKLOG: u32 = 1024;
/// Time given to open connections when the edge stops; then they are cut.
pub const STOP_DEADLINE: Duration = Duration::from_millis(3_000);

/// Bytes of a JSON body; more is 413.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a body of somebody without an account; more is 413.
pub const PUBLIC_BODY_BYTES_MAX: usize = 16 * 1024;
/// Commands of people without an account that are on their way at a time: a sixteenth of what the actors' door to one group
/// lets through (1,024), so that the rest is always left to staff. At the bound the answer is 429.
pub const PUBLIC_TURNS_MAX: usize = 64;
/// Addresses of the public whose requests are counted one by one; at the bound those leave that have nothing to wait for, and
/// new ones share one count.
pub const PUBLIC_ADDRESSES_MAX: usize = 20_000;
/// Reports that wait for a person while the public's door takes more: each is on the screens of its district. From then on it is 429, and
/// the sender's page keeps what it has and sends it again.
pub const REPORTS_WAITING_MAX: usize = 20_000;
/// Codes in one Open311 question; more is 422.
pub const OPEN311_IDS_MAX: usize = 20;
/// Rows of one page of open data; the next page has more.
pub const OPEN_DATA_ROWS_PER_PAGE_MAX: usize = 1_000;
/// Pages of open data: those who want all of years keep what they have read. What is older is in none.
pub const OPEN_DATA_PAGES_MAX: usize = 50;
/// How long what was taken out of the state for open data is told again: looking through 200,000 records takes a while in which nothing is
/// applied.
pub const OPEN_DATA_KEPT_MS: u64 = 600_000;
/// Reports of one list for staff; a longer one ends there and says `truncated`.
pub const REPORTS_LISTED_MAX: usize = 200;
/// Reports looked through for one list; past it the list says `truncated`.
pub const REPORTS_SCANNED_MAX: usize = 50_000;
/// Bytes of a body of readings; more is 413.
pub const READINGS_BYTES_MAX: usize = 1024 * 1024;
/// Items of one list answer; a longer one ends there and says `truncated`.
pub const LIST_MAX: usize = 10_000;
/// Calls that are over in a screen's first picture, the newest: those of an hour of a day of 60,000, since the console says how fast they were
/// answered. Those that follow come as they end.
pub const CALLS_OVER_SHOWN_MAX: usize = 2_500;
/// Rows read for one chart or timeline, and as many chunks for a chart; past it the answer says `truncated`. More rows of
/// readings than these are packed within minutes.
pub const ROWS_SCANNED_MAX: usize = 40_000;
/// Rows fetched at a time.
pub const ROWS_PER_SCAN: usize = 512;
/// Lines of one replay, the oldest first; a longer course ends there and says `truncated`.
pub const REPLAY_LINES_MAX: usize = 2_000;
/// How far around an incident a replay looks for stations and alarms, metres: a flood's gauge lies some kilometres up the river.
pub const REPLAY_NEAR_M_MAX: u32 = 10_000;
/// Stations of one replay: those whose alarms fed the incident, then the nearest.
pub const REPLAY_STATIONS_MAX: usize = 12;
/// Alarms of one replay, likewise.
pub const REPLAY_ALARMS_MAX: usize = 50;
/// Alarms of which a replay asks whether they rang then, likewise: of one that rang since, only history knows.
pub const REPLAY_ALARMS_ASKED_MAX: usize = 400;
/// Ringings of one replay; past it the answer says `truncated`.
pub const REPLAY_RINGINGS_MAX: usize = 500;
/// Times that the limits of one station were set anew while a replay goes on; past it the answer says `truncated`.
pub const REPLAY_LIMITS_MAX: usize = 100;
/// The newest reading of a station at a replay's beginning may be so old; a longer silence is shown as one.
pub const REPLAY_BEFORE_MS: u64 = 6 * 3_600_000;
/// Entries of a room's log in one answer; more: `truncated`.
pub const LOG_ENTRIES_MAX: usize = 1000;
/// How far back a room's log is shown unless somebody asks for another span: two shifts of 12 hours.
pub const LOG_SPAN_MS: u64 = 24 * 3_600_000;
/// Points of one chart; past it the answer says `truncated`.
pub const POINTS_MAX: usize = 10_000;
/// Points of one series; more is 422.
pub const SERIES_POINTS_MAX: usize = 2_000;
/// Span of one series: ten years; more is 422.
pub const SERIES_SPAN_MS_MAX: u64 = 3_660 * 86_400_000;

/// Read barriers at a time for whom this node does not know: nobody can make it ask the quorum without end. More wait within
/// their request's deadline.
pub const LOOKUPS_MAX: usize = 16;
/// Password verifications at a time: argon2id takes 19 MiB and tens of milliseconds of a core each. More wait.
pub const VERIFICATIONS_MAX: usize = 2;
/// The same of tries that bring a device cookie: whoever makes the others wait makes these wait for nothing.
pub const VERIFICATIONS_BY_DEVICE_MAX: usize = 1;
/// How long one waits for a free verification; past it the answer is 429.
pub const VERIFICATION_WAIT: Duration = Duration::from_millis(3_000);
/// Bytes of a password; longer is refused before it is hashed.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Bytes of a new password, at least (NIST SP 800-63B).
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Pairs of account and address whose failed logins are remembered; at the bound the one that may try soonest leaves.
pub const LOGIN_FAILURES_MAX: usize = 10_000;
/// Device cookies whose failed tries are counted; at the bound the one that may try soonest is counted from zero again.
pub const DEVICES_COUNTED_MAX: usize = 10_000;
/// People whom one browser's device cookie names, those who signed in there last: a shift of a room. At the bound whoever did so longest
/// ago leaves, and is counted there as anywhere else.
pub const DEVICES_PER_BROWSER_MAX: usize = 8;
/// How long a device cookie counts after a sign-in: half a year.
pub const DEVICE_MS_MAX: u64 = 180 * 86_400_000;
/// Bytes of a device cookie, which browsers keep up to; a longer one is none.
pub const DEVICE_COOKIE_BYTES_MAX: usize = 4_096;
/// People, and device cookies, whose wrong codes are counted, and addresses known of people; at the bound the oldest of each leaves.
pub const CODE_GUARD_MAX: usize = 10_000;
/// Device keys remembered as right, so that each push of readings does not cost a hash; at the bound all are forgotten.
pub const KEYS_VERIFIED_MAX: usize = 10_000;
/// How long a device key stays remembered as right.
pub const KEY_VERIFIED_MS: u64 = 60_000;
/// Sequence numbers skipped when not every group could be asked for the highest one; below `domain::limits::SESSION_WINDOW`.
pub const SEQ_SKIPPED: u64 = 64;
/// Requests remembered to notice one number used for two different commands; at the bound the oldest leaves.
pub const REQUESTS_REMEMBERED_MAX: usize = 4_096;

/// First message of a screen; past it `Bye{"hello-timeout"}`.
pub const HELLO_MS_MAX: u64 = 5_000;
/// Bytes of one message from a screen; more is `Bye{"bad-message"}`.
pub const INBOUND_BYTES_MAX: usize = 64 * 1024;
/// Messages that one screen may send per second; more is `Bye{"bad-message"}`.
pub const INBOUND_PER_SECOND_MAX: u32 = 50;
/// Frames that one message of a screen may tell to have been missing, or to have come twice; more is taken for so many.
pub const FRAMES_TOLD_MAX: u32 = 1_000;
/// Districts, nouns or positions in one `Subscribe`.
pub const SUBSCRIBE_ITEMS_MAX: usize = 1_024;
/// Time between two heartbeats.
pub const HEARTBEAT_MS: u64 = 1_000;
/// One write to a screen, feeds and flush together; past it the connection is closed.
pub const FLUSH_DEADLINE: Duration = Duration::from_millis(5_000);
/// Frames taken from a screen's queue for one flush.
pub const FRAMES_PER_FLUSH_MAX: usize = 64;
/// Encoded bytes at which a frame or a part of a snapshot ends. One batch or record past it is still taken whole.
pub const FRAME_BYTES_SOFT_MAX: usize = 256 * 1024;
/// Batches taken from the event tail at a time.
pub const BATCHES_MAX: usize = 1_024;
/// Least time between two looks at a group's tail: what comes within it shares a frame.
pub const WAKE_INTERVAL: Duration = Duration::from_millis(10);
/// Records cloned under the state's lock at a time while a snapshot is built.
pub const RECORDS_PER_READ: usize = 2_048;
/// A snapshot is shared with later screens while the tail behind it is no longer than this many log entries.
pub const SNAPSHOT_SHARED_ENTRIES_MAX: u64 = 512;
/// Snapshots built at a time on this node. More wait.
pub const SNAPSHOTS_BUILT_MAX: usize = 2;
/// Places left by records, remembered to tell resuming screens what left their view; at the bound the oldest go, and a
/// screen that resumes from before them gets a snapshot.
pub const MOVES_MAX: usize = 4_096;
/// Cameras that one screen watches at a time; one more is answered with a `VideoStatus`.
pub const CAMERAS_WATCHED_MAX: usize = 16;
/// Video frames that wait for one screen, all cameras together. At the bound a camera drops to its next key frame.
pub const VIDEO_FRAMES_MAX: usize = 120;
/// Bytes of video that wait for one screen. At the bound a camera drops to its next key frame.
pub const VIDEO_BYTES_MAX: usize = 8 * 1024 * 1024;
/// WebSocket buffers of one connection. Reading: allocated at once. Writing: flushed past it. Pending: an error past it.
pub const SOCKET_READ_BYTES: usize = 4 * 1024;
/// See [`SOCKET_READ_BYTES`].
pub const SOCKET_WRITE_BYTES: usize = 16 * 1024;
/// See [`SOCKET_READ_BYTES`]. A snapshot part or a key frame must fit behind what is already waiting.
pub const SOCKET_PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Batches and bytes sent to a screen that resumes; past either it gets a snapshot, which is the shorter way.
pub const RESUME_BATCHES_MAX: usize = 16_384;
/// See [`RESUME_BATCHES_MAX`].
pub const RESUME_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Joins, departures and pictures that wait for one group's hub; at the bound a screen waits to be taken in.
pub const HUB_REQUESTS_MAX: usize = 1_024;
/// Bytes of a reason that go into the record; the rest is cut off.
pub const REASON_BYTES_MAX: usize = 256;
/// Bytes of what was looked at, in a record of looks; the rest is cut off.
pub const LOOK_BYTES_MAX: usize = 64;
/// Looks of one person in one session that wait to be recorded; one more is 503.
pub const LOOKS_WAITING_MAX: usize = 256;
/// Least time between two records of looks of one person in one session: what comes within it shares the next.
pub const READ_RECORD_INTERVAL: Duration = Duration::from_millis(50);
/// Records of looks of this node that are on their way at a time: the rest of the actors' door is left to commands. More wait.
pub const READ_RECORDS_MAX: usize = 16;
/// Time between two tries to record a look.
pub const READ_RETRY: Duration = Duration::from_millis(1_000);
/// How long the same look of the same person is one.
pub const READ_SAME_MS: u64 = 5 * 60_000;
/// Looks remembered as recorded; at the bound the oldest leaves, and is recorded again.
pub const READS_REMEMBERED_MAX: usize = 16_384;
/// How long a look that was shown may wait for its record; past it the same person is shown nothing more of the kind.
pub const UNRECORDED_MS_MAX: u64 = 10_000;
/// How long a screen waits for the record that callers are looked at; past it their numbers are hidden until it is there.
pub const CALLERS_RECORDED_WAIT: Duration = Duration::from_millis(1_000);
/// How long a screen waits for the record that a sensitive camera is looked at; past it there is no picture.
pub const CAMERA_RECORDED_WAIT: Duration = Duration::from_millis(2_000);
/// Records of one export; who verifies a whole group asks again after the last.
pub const AUDIT_EXPORTED_MAX: usize = 1_024;
/// Records of erasure that are looked through for what erased the lines of one answer.
pub const AUDIT_EXPLAINERS_MAX: usize = 1_024;
/// Lines of the record in one answer; who wants more asks again before the last.
pub const AUDIT_LISTED_MAX: usize = 100;
/// Parts of [`AUDIT_EXPORTED_MAX`] records that are looked through for one answer; past it the answer says where to go on.
pub const AUDIT_WINDOWS_MAX: usize = 16;
/// One request that brings a photo, from its head to its answer: a phone on a thin line needs a minute for what it made small.
pub const UPLOAD_MS_MAX: u64 = 90_000;
/// The same for a clip, which nobody makes small: half a megabit a second.
pub const CLIP_UPLOAD_MS_MAX: u64 = 270_000;
/// Photos of staff that are being read or stored at a time: each is in memory meanwhile. At the bound the answer is 429.
pub const UPLOADS_MAX: usize = 16;
/// The same of people without an account.
pub const PUBLIC_UPLOADS_MAX: usize = 16;
/// The same from one address: who sends slowly on purpose leaves the others their part.
pub const PUBLIC_UPLOADS_PER_IP_MAX: usize = 4;
/// Clips of staff that are being read or stored at a time: they have seats of their own, so photos, which are quick, wait for none.
pub const CLIPS_MAX: usize = 8;
/// The same of people without an account.
pub const PUBLIC_CLIPS_MAX: usize = 8;
/// The same from one address, behind which a commune may be.
pub const PUBLIC_CLIPS_PER_IP_MAX: usize = 2;
/// How long a quorum is given to store a photo.
pub const FILE_KEEP_DEADLINE: Duration = Duration::from_millis(15_000);
/// The same of a clip: two other nodes take the longest one over 10 Mbit/s in 27 s.
pub const CLIP_KEEP_DEADLINE: Duration = Duration::from_millis(40_000);
/// How long the nodes are given to find a photo; shorter than [`REQUEST_MS_MAX`].
pub const FILE_FETCH_DEADLINE: Duration = Duration::from_millis(8_000);
/// Bytes of what another service sends about a hand-over; more is 413.
pub const EIDO_BYTES_MAX: usize = 256 * 1024;
/// Warnings in the public feed: the newest.
pub const WARNINGS_IN_FEED_MAX: usize = 100;
