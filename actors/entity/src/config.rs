//! What can be set, and every bound of this crate.

use std::time::Duration;

/// Readings that one group takes in at a time, from its proposer's side. Above it `record` is refused with `Overloaded`.
pub(crate) const READINGS_IN_FLIGHT_MAX: usize = 65_536;
/// Commands that one group takes in at a time. Above it `command` is refused with `Overloaded`.
pub(crate) const COMMANDS_IN_FLIGHT_MAX: usize = 1024;
/// Readings that wait in one district for the next commit. Above it a newer reading of a sensor takes the place of an
/// older one that nobody has been answered for; where none gives way, the newcomer is refused.
pub(crate) const DISTRICT_QUEUE_READINGS_MAX: usize = 4 * domain::limits::READINGS_PER_COMMAND_MAX;
/// Times that one message is sent to another node. Then the caller hears `NoLeader`. With the waits between them these are
/// enough for the longest deadline.
pub(crate) const HOPS_MAX: u32 = 128;
/// Wait for a sign of an election before a message is tried again.
pub(crate) const ELECTION_WAIT_MAX: Duration = Duration::from_millis(200);
/// Wait of a node that is elected and not yet ready, before it answers that it does not lead.
pub(crate) const READY_WAIT_MAX: Duration = Duration::from_millis(500);
/// How long a new lead waits for state's clock to be brought to now.
pub(crate) const STAMP_WAIT_MAX: Duration = Duration::from_millis(500);
/// How long a message about something unknown waits for this node to hear what others have registered.
pub(crate) const CATCH_UP_WAIT_MAX: Duration = Duration::from_secs(2);
/// Longest deadline of a message; a longer one is cut to it.
pub(crate) const DEADLINE_MAX: Duration = Duration::from_secs(30);
/// Entries' events taken from the tail at a time.
pub(crate) const PUMP_BATCHES_MAX: usize = 256;
/// Feeds of recorded readings that wait in the mailboxes of one group. At the bound the pump waits; what it misses
/// meanwhile it makes good by looking at the state.
pub(crate) const FEEDS_IN_FLIGHT_MAX: usize = 64;
/// How often a whole group is looked at: the net under a wake that was lost with an actor that failed.
pub(crate) const RESCAN_PERIOD: Duration = Duration::from_secs(60);
/// How often it is looked which deadlines of incidents and units have come near.
pub(crate) const WAKE_PERIOD: Duration = Duration::from_secs(30);
/// A deadline that is further away has no actor yet. Four looks fall into it, so one that comes late costs nothing.
pub(crate) const WAKE_AHEAD_MS: u64 = 120_000;
/// Records that are looked at, and so actors that are woken, before others get their turn: about a millisecond.
pub(crate) const WAKE_SLICE_RECORDS_MAX: usize = 128;
/// Readings that wait for one sensor's actor. Above it a reading is not shown to the rules; the next one is.
pub(crate) const SENSOR_BACKLOG_MAX: u64 = 256;
/// How often a district looks for silent sensors.
pub(crate) const SLAB_TICK: Duration = Duration::from_secs(1);
/// Quiet sensors that are looked at in one tick; a larger district takes several ticks for a round.
pub(crate) const SLAB_SCAN_MAX: usize = 2048;
/// Alarms that one round of reporting takes.
pub(crate) const REPORTS_PER_ROUND_MAX: usize = 256;
/// Alarms that are reported to the command group at a time.
pub(crate) const REPORTS_IN_FLIGHT_MAX: usize = 16;
/// Wait before a report that failed is made again.
pub(crate) const REPORT_RETRY_WAIT: Duration = Duration::from_secs(2);
/// Wait before an actor's proposal that failed is decided anew.
pub(crate) const DECIDE_AGAIN_WAIT: Duration = Duration::from_secs(1);
/// What was told and waits to be asked about. Above it a model is not asked: the next look at the whole state may.
pub(crate) const ADVICE_QUEUE_MAX: usize = 1024;
/// What was told and is being asked about at a time.
pub(crate) const ADVICE_IN_FLIGHT_MAX: usize = 64;
/// An incident is asked about again this long after an answer at the earliest, with the newest that was told of it:
/// nobody reads advice faster, and what is said anew takes the place of what was said before.
pub(crate) const ADVICE_PAUSE: Duration = Duration::from_millis(500);
/// How long a model may take for an answer. Then it is late, and nobody waits for it any more.
pub(crate) const ADVICE_DEADLINE: Duration = Duration::from_secs(2);
/// How often silence is reported, each version at most once.
pub(crate) const SILENCE_REPORT_PERIOD: Duration = Duration::from_secs(10);
/// Incidents that one look at the whole state asks about again.
pub(crate) const ADVICE_RESCAN_MAX: usize = 64;
/// An incident that is older is not asked about again.
pub(crate) const ADVICE_AGE_MS_MAX: u64 = 600_000;
/// Incidents that one may be the same as, in one question.
pub(crate) const CANDIDATES_MAX: usize = 32;
/// Two reports of the same are at most so far apart: three hours.
pub(crate) const DUPLICATE_WITHIN_MS: u64 = 3 * 3_600_000;
/// Steps of clocks that one round takes.
pub(crate) const FIRES_PER_ROUND_MAX: usize = 256;
/// Steps that are proposed at a time: enough that a thousand clocks which end together are told within ten seconds.
pub(crate) const FIRES_IN_FLIGHT_MAX: usize = 32;
/// Rings and wrap-ups that one round ends.
pub(crate) const CALLS_PER_ROUND_MAX: usize = 256;
/// Ends of rings and wrap-ups that are proposed at a time.
pub(crate) const CALLS_IN_FLIGHT_MAX: usize = 16;
/// The longest sleep while a clock runs: so long a step may be late when the machine's clock was set or the machine slept.
pub(crate) const KEEPER_LOOK_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often the heads of other groups' chains are anchored, if they moved.
pub(crate) const ANCHOR_PERIOD: Duration = Duration::from_secs(600);
/// How long a head has been the head before it is anchored. A backup freezes the groups one after the other, within seconds: whatever
/// anchor is in one group's view, the record that it names is then in the other's, and the restored chain is found whole.
pub(crate) const ANCHOR_SETTLE_WAIT: Duration = Duration::from_secs(120);
/// How long a new lead waits before it anchors: leads that go round fill no log.
pub(crate) const ANCHOR_FIRST_WAIT: Duration = Duration::from_secs(60);
/// How long a receiver may take to take a notice. Then it is brought again.
pub(crate) const DELIVER_DEADLINE: Duration = Duration::from_secs(10);
/// Wait before a notice that failed is brought again; twice as long after each further failure.
pub(crate) const DELIVER_AGAIN_WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest of these waits: how late a receiver that is back hears of it.
pub(crate) const DELIVER_AGAIN_WAIT_MAX: Duration = Duration::from_secs(300);
/// Batches of readings that wait to be shown to models. Above it they are not shown.
pub(crate) const WATCH_QUEUE_MAX: usize = 1024;
/// Batches of readings shown to models and not answered yet. Above it the next one is not shown, and counts as late.
pub(crate) const WATCH_IN_FLIGHT_MAX: usize = 256;
/// How long a model may take to say what it finds. Then it is late, and nobody waits for it any more.
pub(crate) const WATCH_DEADLINE: Duration = Duration::from_secs(10);
/// How often it is looked at which models are in use and which findings are over.
pub(crate) const WATCH_TICK: Duration = Duration::from_secs(5);
/// Findings taken from one answer; the others are left out.
pub(crate) const FINDINGS_PER_ANSWER_MAX: usize = 256;
/// Findings on their way into the log at a time, of one group. Above it a finding is left out.
pub(crate) const FINDINGS_IN_FLIGHT_MAX: usize = 16;
/// A finding that was proposed and is not in state after this time has failed.
pub(crate) const WATCH_IN_FLIGHT_MS: u64 = 15_000;
/// Findings are counted over this time: an hour.
pub(crate) const FINDINGS_WINDOW_MS: u64 = 3_600_000;
/// Findings that are raised in one district within the window. Above it they are counted and left out: the guidance of
/// ISA-18.2 is one or two alarms in ten minutes, and those of limits must keep most of that.
pub(crate) const FINDINGS_PER_DISTRICT_MAX: usize = 4;
/// The shortest sleep of a timer: state's clock moves with entries, so a deadline may be found a little early.
pub(crate) const TIMER_WAIT_MIN: Duration = Duration::from_millis(50);
/// How long stopping waits for the hosts to end.
pub(crate) const STOP_WAIT_MAX: Duration = Duration::from_secs(2);

/// What the operator can set.
#[derive(Clone, Debug)]
pub struct EntityConfig {
    /// How long an actor waits for its own proposal. Past it the outcome is unknown and it decides anew.
    pub commit_deadline: Duration,
    /// How long a camera may be without a picture before it is an alarm, milliseconds.
    pub camera_debounce_ms: u64,
    /// How long a camera's new node may take to report it, after the cameras were placed anew, milliseconds.
    pub camera_report_within_ms: u64,
}

impl Default for EntityConfig {
    fn default() -> Self {
        Self { commit_deadline: Duration::from_secs(5), camera_debounce_ms: 15_000, camera_report_within_ms: 60_000 }
    }
}
