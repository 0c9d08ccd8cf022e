//! What is counted, for `/metrics`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Numbers since start; those called gauges go down again.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: AtomicU64),+ }

        impl Counters {
            /// Every counter by name, as it stands.
            #[must_use]
            pub fn snapshot(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed))),+]
            }
        }
    };
}

counters! {
    /// Readings answered with a verdict of the group.
    readings_judged,
    /// Readings of sensors that are placed nowhere.
    readings_unplaced,
    /// Entries of readings proposed.
    reading_batches,
    /// Readings that gave way to newer ones of the same sensor.
    readings_conflated,
    /// Calls of `record` refused at a bound.
    records_overloaded,
    /// Commands passed on to the log.
    commands,
    /// Commands refused at a bound.
    commands_overloaded,
    /// Messages sent to another node.
    hops,
    /// Messages taken from another node.
    told,
    /// Messages that ended with nobody leading the group.
    no_leader,
    /// Messages whose outcome is unknown.
    unknown,
    /// Alarms proposed to be raised.
    alarms_raised,
    /// Alarms proposed to be cleared.
    alarms_cleared,
    /// Alarms reported to the command group.
    alarms_reported,
    /// Reports folded into a district's flood of alarms.
    alarms_folded,
    /// Reports that failed and are made again.
    reports_failed,
    /// Escalations proposed.
    escalations,
    /// Steps of clocks proposed.
    deadlines_fired,
    /// Ends of rings and wrap-ups proposed, and legs of doors that are gone.
    calls_ushered,
    /// Notices brought to receivers.
    notices_sent,
    /// Notices that did not get there and are brought again.
    notices_failed,
    /// Offers proposed to go to the next unit.
    offers_expired,
    /// Check-ins proposed to be asked for, or to call a person.
    check_ins_escalated,
    /// Questions put to models.
    advice_asked,
    /// Suggestions that the command group took.
    advice_suggested,
    /// Suggestions that it refused: the register or the incident had moved on.
    advice_refused,
    /// Questions without an answer in time.
    advice_late,
    /// Questions without an answer that could be taken.
    advice_failed,
    /// What was told and not asked about, since the queue was full.
    advice_dropped,
    /// Readings shown to models.
    watch_shown,
    /// Batches of readings that were not shown, since the queue was full.
    watch_dropped,
    /// Batches of readings without an answer in time.
    watch_late,
    /// Batches of readings without an answer that could be taken, and findings that made no sense.
    watch_failed,
    /// Alarms raised, or said anew, for what models found.
    findings_raised,
    /// Such alarms ended.
    findings_cleared,
    /// Findings left out: their district had its share, or too many were on their way.
    findings_bounded,
    /// Readings that the rules did not see since a sensor's actor was behind.
    rule_readings_skipped,
    /// Times that the pump fell below the floor of the event tail and looked at the whole state instead.
    rescans,
    /// Leads gained.
    reigns,
    /// Gauge: actors alive.
    actors,
    /// Actors that panicked or failed.
    actor_failures,
}

pub(crate) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

pub(crate) fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Ordering::Relaxed);
}

/// Counts an actor for as long as its state lives.
pub(crate) struct Alive(Arc<Counters>);

impl Alive {
    pub(crate) fn new(counters: &Arc<Counters>) -> Self {
        count(&counters.actors);
        Self(counters.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.actors.fetch_sub(1, Ordering::Relaxed);
    }
}
