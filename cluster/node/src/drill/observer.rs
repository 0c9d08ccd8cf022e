//! The node that watches a drill: it has each second's measurement agreed on, which is itself the write that is measured; it ends the drill
//! when its time is over or something else breaks, waits until all is well again, and closes it with its verdicts.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use domain::{
    CloseDrill, Command, Drill, DrillEnd, DrillNow, DrillSample, EndDrill, GroupId, MeasureDrill, Millis, Reply, limits,
};
use entity::Router;
use peer::Peers;
use raft::Groups;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::{
    load::{self, Sent},
    look,
    plan::{against, group_without_majority},
    screens::Summed,
    verdict::verdicts,
};
use crate::{clock::unix_ms, operations::NodeOperations, status::judge::Asked};

/// Between two samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether every group has a leader.
const LEAD_TICK: Duration = Duration::from_millis(50);

/// How long one attempt to have a sample agreed on may take.
const ATTEMPT: Duration = Duration::from_secs(4);

/// Pause before the next attempt.
const AGAIN: Duration = Duration::from_millis(50);

/// How long a read that holds all that was acknowledged may take.
const BARRIER_WITHIN: Duration = Duration::from_secs(2);

/// So many looks in a row have to say that another node is lost, before the drill ends for it.
const UNSAFE_LOOKS: u32 = 3;

/// So many samples in a row have to be well, before the drill is closed.
const WELL_SAMPLES: usize = 3;

/// The longest time without a leader since it was last asked for.
#[derive(Debug, Default)]
struct Leaderless {
    since: Option<Instant>,
    longest: Duration,
}

impl Leaderless {
    fn note(&mut self, is_leaderless: bool, now: Instant) {
        if !is_leaderless {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert(now);
        self.longest = self.longest.max(now.saturating_duration_since(since));
    }

    /// What it was, and from here on anew; a time without a leader that goes on counts from its beginning.
    fn take(&mut self) -> Duration {
        std::mem::take(&mut self.longest)
    }
}

/// What one look at all nodes comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    terms: u64,
    lag_entries: u64,
    screens_age_ms: u64,
    silent: u32,
    is_healthy: bool,
    is_unsafe: bool,
}

pub(crate) fn looked(asked: &[Asked], drill: &DrillNow) -> Looked {
    let reports: Vec<_> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    let groups = |group: u32| reports.iter().flat_map(|it| &it.groups).filter(move |it| it.group == group);
    let mut looked = Looked {
        silent: u32::try_from(asked.len() - reports.len()).unwrap_or(u32::MAX),
        is_healthy: against(asked).is_empty(),
        is_unsafe: group_without_majority(&drill.nodes, asked).is_some(),
        ..Looked::default()
    };
    for group in GroupId::all() {
        let newest = groups(group.0).map(|it| it.committed).max().unwrap_or(0);
        let slowest = groups(group.0).map(|it| it.applied).min().unwrap_or(0);
        looked.terms = looked.terms.saturating_add(groups(group.0).map(|it| it.term).max().unwrap_or(0));
        looked.lag_entries = looked.lag_entries.max(newest.saturating_sub(slowest));
    }
    let outside = reports.iter().filter(|it| !drill.nodes.contains(&it.node)).flat_map(|it| &it.groups);
    looked.screens_age_ms = outside.map(|it| it.quorum_age_ms).max().unwrap_or(0);
    looked
}

fn ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

struct Observer {
    groups: Groups,
    router: Router,
    drill: DrillNow,
    sent: Arc<Sent>,
    /// Samples that were acknowledged by this process.
    acknowledged: Vec<u32>,
    missing: u32,
}

/// What became of a command.
enum Told {
    Accepted,
    /// It makes no sense any more.
    Refused,
    /// Nobody answered.
    Unanswered,
}

impl Observer {
    async fn tell(&self, command: impl Into<Command>) -> Told {
        match self.router.command(Some(GroupId::COMMAND), command.into(), None, None, ATTEMPT).await {
            Ok(Reply::Accepted(_)) => Told::Accepted,
            Ok(Reply::Refused(refusal)) => {
                tracing::debug!(?refusal, "a drill goes another way");
                Told::Refused
            }
            Err(_) => Told::Unanswered,
        }
    }

    /// The drill as it stands on this node.
    fn now(&self) -> Option<Drill> {
        self.groups.read(GroupId::COMMAND, |state| state.drills().get(&self.drill.number).cloned())
    }

    /// The same, after all that was acknowledged; counts what of it is not there.
    async fn read(&mut self) -> Option<Drill> {
        let is_newest = self.groups.read_barrier(GroupId::COMMAND, BARRIER_WITHIN).await.is_ok();
        let drill = self.now()?;
        if is_newest {
            let is_there = |number: &&u32| drill.samples.iter().any(|sample| sample.number == **number);
            let there = self.acknowledged.iter().filter(is_there).count();
            self.missing = u32::try_from(self.acknowledged.len() - there).unwrap_or(u32::MAX);
        }
        Some(drill)
    }

    /// Has a sample agreed on, however long it takes while the drill is open; how long it took.
    async fn measure(&mut self, sample: DrillSample) -> Option<Duration> {
        let begun = Instant::now();
        let give_up_ms = self.drill.until_ms.plus(limits::DRILL_HEAL_MS_MAX);
        loop {
            match self.tell(MeasureDrill { drill: self.drill.number, sample }).await {
                Told::Accepted => {
                    self.acknowledged.push(sample.number);
                    return Some(begun.elapsed());
                }
                Told::Refused => return None,
                Told::Unanswered if Millis(unix_ms()) >= give_up_ms => return None,
                Told::Unanswered => sleep(AGAIN).await,
            }
        }
    }
}

/// Whether the drill is to be closed: all has been well for a while, or it was waited for long enough, or there is no room for more.
fn is_done(drill: &Drill, now_ms: u64) -> bool {
    let is_over = drill.ended.is_some();
    let after: Vec<bool> =
        drill.samples.iter().filter(|sample| sample.at_ms >= drill.ended_at_ms).map(|sample| sample.healthy).collect();
    let is_well = after.len() >= WELL_SAMPLES && after[after.len() - WELL_SAMPLES..].iter().all(|healthy| *healthy);
    let is_late = Millis(now_ms).since(drill.ended_at_ms) >= limits::DRILL_HEAL_MS_MAX;
    is_over && (is_well || is_late || drill.samples.len() >= limits::DRILL_SAMPLES_MAX)
}

/// Notes, until it is aborted, whether every group has a leader as far as this node knows.
async fn note_leads(groups: Groups, leaderless: Arc<Mutex<Leaderless>>) {
    let mut tick = interval(LEAD_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = tick.tick().await;
        let is_leaderless = GroupId::all().any(|group| groups.lead_watch(group).borrow().leader.is_none());
        leaderless.lock().unwrap_or_else(PoisonError::into_inner).note(is_leaderless, now);
    }
}

/// Watches a drill to its end.
pub(crate) async fn observe(
    groups: Groups,
    peers: Peers,
    router: Router,
    operations: Arc<NodeOperations>,
    drill: DrillNow,
) {
    let sent = Arc::new(Sent::default());
    let load = tokio::spawn(load::send(groups.clone(), router.clone(), drill.clone(), Arc::clone(&sent)));
    let leaderless = Arc::new(Mutex::new(Leaderless::default()));
    let lead = tokio::spawn(note_leads(groups.clone(), Arc::clone(&leaderless)));
    let _ends = (EndsWith(load), EndsWith(lead));

    let number = drill.number;
    let mut observer = Observer { groups, router, drill, sent, acknowledged: Vec::new(), missing: 0 };
    let mut tick = interval(SAMPLE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut took, mut unsafe_looks, mut is_cleared) = (Duration::ZERO, 0, false);
    let mut screens = Summed::default();
    loop {
        tick.tick().await;
        let Some(now) = observer.read().await.filter(|now| !now.is_closed()) else { return };
        let asked = look::all(&operations, &observer.groups, &peers).await;
        let looked = looked(&asked, &observer.drill);
        let (screen_gaps, screen_doubles) = screens.take(number, &asked);
        unsafe_looks = if looked.is_unsafe { unsafe_looks + 1 } else { 0 };
        if now.ended.is_none() {
            let reason = if unix_ms() >= now.until_ms.0 {
                Some(DrillEnd::Over)
            } else {
                (unsafe_looks >= UNSAFE_LOOKS).then_some(DrillEnd::Unsafe)
            };
            if let Some(reason) = reason {
                observer.tell(EndDrill { drill: number, reason }).await;
            }
        } else if !is_cleared {
            load::clear(&observer.groups, &observer.router, number).await;
            is_cleared = true;
        }
        if is_done(&now, unix_ms()) {
            // What was still on its way when it was taken back before.
            load::clear(&observer.groups, &observer.router, number).await;
            observer.tell(CloseDrill { drill: number, verdicts: verdicts(&now) }).await;
            continue;
        }
        let sample = DrillSample {
            number: now.samples.last().map_or(1, |last| last.number.saturating_add(1)),
            at_ms: Millis(unix_ms()),
            commit_ms: ms(took),
            leaderless_ms: ms(leaderless.lock().unwrap_or_else(PoisonError::into_inner).take()),
            terms: looked.terms,
            lag_entries: looked.lag_entries,
            screens_age_ms: u32::try_from(looked.screens_age_ms).unwrap_or(u32::MAX),
            silent: looked.silent,
            sent: observer.sent.sent.load(Ordering::Relaxed),
            refused: observer.sent.refused.load(Ordering::Relaxed),
            missing: observer.missing,
            healthy: looked.is_healthy,
            screen_gaps,
            screen_doubles,
        };
        // Refused: somebody has measured or closed meanwhile; the next round sees it.
        took = observer.measure(sample).await.unwrap_or_default();
    }
}

/// Ends a task with whoever holds this.
struct EndsWith(tokio::task::JoinHandle<()>);

impl Drop for EndsWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use domain::DrillScenario;

    use super::*;
    use crate::{
        drill::verdict::tests::drill,
        status::report::{GroupReport, NodeReport},
    };

    #[test]
    fn the_longest_time_without_a_leader_counts_across_samples() {
        let (mut leaderless, at) = (Leaderless::default(), Instant::now());
        let later = |ms| at + Duration::from_millis(ms);
        leaderless.note(true, later(0));
        leaderless.note(true, later(300));
        assert_eq!(leaderless.take(), Duration::from_millis(300));
        leaderless.note(true, later(900));
        leaderless.note(false, later(950));
        leaderless.note(true, later(1000));
        assert_eq!(leaderless.take(), Duration::from_millis(900), "from its beginning");
        leaderless.note(false, later(1100));
        assert_eq!(leaderless.take(), Duration::ZERO);
    }

    #[test]
    fn a_look_tells_of_lag_age_and_who_is_silent() {
        let node = |node: u64, applied, quorum_age_ms| {
            let group = GroupReport {
                group: 0,
                term: 4,
                committed: 90,
                applied,
                quorum_age_ms,
                voters: vec![1, 2, 3],
                ..GroupReport::default()
            };
            let report = NodeReport { node, groups: vec![group], ..NodeReport::default() };
            Asked { node: Some(node), url: String::new(), answer: Ok(report) }
        };
        let silent = Asked { node: Some(2), url: String::new(), answer: Err("cut off".to_owned()) };
        let now = drill(DrillScenario::NodeLost).now();
        let found = looked(&[node(1, 90, 200), silent.clone(), node(3, 60, 700)], &now);
        assert_eq!((found.terms, found.lag_entries, found.screens_age_ms, found.silent), (4, 30, 700, 1));
        assert!(!found.is_unsafe && !found.is_healthy);
        let third = Asked { node: Some(3), ..silent.clone() };
        assert!(looked(&[node(1, 90, 200), silent, third], &now).is_unsafe, "another one is lost");
        let suffers = looked(&[node(1, 90, 200), node(2, 90, 9000), node(3, 90, 0)], &now);
        assert_eq!(suffers.screens_age_ms, 200, "screens of the radius may be old");
    }

    #[test]
    fn a_drill_is_closed_when_all_is_well_for_a_while_or_it_takes_too_long() {
        let mut drill = drill(DrillScenario::NodeLost);
        assert!(!is_done(&drill, 14_000), "two samples");
        let last = *drill.samples.last().unwrap();
        drill.samples.push(DrillSample { number: 14, ..last });
        assert!(is_done(&drill, 15_000));
        drill.samples.push(DrillSample { number: 15, healthy: false, ..last });
        assert!(!is_done(&drill, 16_000));
        assert!(is_done(&drill, 11_000 + limits::DRILL_HEAL_MS_MAX));
        drill.ended = None;
        assert!(!is_done(&drill, u64::MAX));
    }
}
