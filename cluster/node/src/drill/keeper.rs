//! Every node's own part in a drill: it suffers what the log says, for as long as the log said beforehand; it watches when it is the one
//! that watches; and whoever leads the command group ends what nobody else has ended.

use std::{sync::Arc, time::Duration};

use domain::{CloseDrill, Command, DrillEnd, DrillNow, EndDrill, GroupId, Millis, State, limits};
use entity::Router;
use futures::future::join_all;
use peer::Peers;
use raft::Groups;
use serde::Deserialize;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    lease::{Fault, Faults, fault_of},
    load,
    observer::observe,
};
use crate::{client::Client, clock::unix_ms, operations::NodeOperations};

/// How often the log is looked at.
const TICK: Duration = Duration::from_millis(250);

/// How often a node that is cut off asks whether its drill was stopped, and how long it waits for that.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// See [`ASK_EVERY`].
const ASK_WITHIN: Duration = Duration::from_millis(700);

/// How long the one who watches may be gone before the drill ends.
const GONE_MAX: Duration = Duration::from_secs(10);

/// How much longer than it may take to heal a drill stays open, for who watches to close it.
const GRACE_MS: u64 = 15_000;

/// How long a command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(5);

/// What another node's gateway says of drills.
#[derive(Debug, Deserialize)]
struct Standing {
    last: u64,
    drill: Option<DrillNow>,
}

impl Standing {
    /// Whether it says that this drill's faults are over. A node that has not heard of the drill yet says nothing of it.
    fn is_over(&self, number: u64) -> bool {
        match &self.drill {
            Some(drill) if drill.number == number => drill.ended,
            _ => self.last >= number,
        }
    }
}

/// What is due of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    End(DrillEnd),
    Close,
}

/// What whoever leads the command group has to do about the drill at this time.
fn due(drill: &DrillNow, is_observer_gone: bool, now_ms: u64) -> Option<Due> {
    let close_ms = drill.until_ms.plus(limits::DRILL_HEAL_MS_MAX + GRACE_MS);
    match drill.ended {
        false if now_ms >= drill.until_ms.0 => Some(Due::End(DrillEnd::Over)),
        false if is_observer_gone => Some(Due::End(DrillEnd::Lost)),
        true if is_observer_gone || Millis(now_ms) >= close_ms => Some(Due::Close),
        _ => None,
    }
}

/// What a node's part needs.
pub(crate) struct Keeper {
    pub(crate) groups: Groups,
    pub(crate) peers: Peers,
    pub(crate) router: Router,
    pub(crate) operations: Arc<NodeOperations>,
    pub(crate) faults: Faults,
    /// The way to other nodes' gateways; none: only the end that was said beforehand ends what this node suffers.
    pub(crate) client: Option<Client>,
}

impl Keeper {
    /// Keeps to what the log says for as long as the node runs.
    pub(crate) async fn run(self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let lead = self.groups.lead_watch(GroupId::COMMAND);
        // The drill whose fault is held or was lifted before its end.
        let (mut held, mut done): (Option<(u64, Fault)>, u64) = (None, 0);
        let mut watching: Option<(u64, JoinHandle<()>)> = None;
        let mut asked_at = Instant::now();
        let mut observer_seen_at = Instant::now();
        loop {
            tick.tick().await;
            let drill = self.groups.read(GroupId::COMMAND, State::drill_now);
            let suffers = drill.as_ref().filter(|drill| drill.number > done);
            let suffers =
                suffers.and_then(|drill| Some((drill.number, fault_of(drill, self.groups.node(), unix_ms())?)));
            match (held.clone(), suffers) {
                (None, Some((number, (fault, left)))) => {
                    tracing::warn!(drill = number, ?fault, ?left, "a drill begins on this node");
                    self.faults.hold(&fault, left);
                    held = Some((number, fault));
                    asked_at = Instant::now();
                }
                (Some((number, _)), None) => {
                    tracing::warn!(drill = number, "the drill on this node is over");
                    self.faults.lift();
                    done = number;
                    held = None;
                }
                (Some((number, Fault::Dead | Fault::CutOff(_))), Some(_)) if asked_at.elapsed() >= ASK_EVERY => {
                    asked_at = Instant::now();
                    if self.is_stopped(number).await {
                        tracing::warn!(drill = number, "the drill on this node was stopped");
                        self.faults.lift();
                        done = number;
                        held = None;
                    }
                }
                _ => {}
            }
            let Some(drill) = drill else {
                observer_seen_at = Instant::now();
                continue;
            };
            self.watch(&drill, &mut watching);
            if drill.observer == self.groups.node() || self.peers.is_connected(drill.observer) {
                observer_seen_at = Instant::now();
            }
            // One that is cut off may take itself for the leader still, and has more urgent things to ask.
            let leads = held.is_none() && lead.borrow().is_self_ready;
            if leads && let Some(due) = due(&drill, observer_seen_at.elapsed() > GONE_MAX, unix_ms()) {
                self.do_due(drill.number, due).await;
            }
        }
    }

    /// Watches the drill if this node is the one that does; goes on with it after a restart.
    fn watch(&self, drill: &DrillNow, watching: &mut Option<(u64, JoinHandle<()>)>) {
        let is_watched = watching.as_ref().is_some_and(|(number, task)| *number == drill.number && !task.is_finished());
        if drill.observer != self.groups.node() || is_watched {
            return;
        }
        let task = observe(
            self.groups.clone(),
            self.peers.clone(),
            self.router.clone(),
            Arc::clone(&self.operations),
            drill.clone(),
        );
        *watching = Some((drill.number, tokio::spawn(task)));
    }

    async fn do_due(&self, drill: u64, due: Due) {
        let command = match due {
            Due::End(reason) => Command::from(EndDrill { drill, reason }),
            Due::Close => {
                load::clear(&self.groups, &self.router, drill).await;
                CloseDrill { drill, verdicts: Vec::new() }.into()
            }
        };
        if let Err(error) = self.router.command(Some(GroupId::COMMAND), command, None, None, COMMAND_WITHIN).await {
            tracing::warn!(drill, %error, "a drill could not be ended: trying again");
        }
    }

    /// Whether any other node's gateway says that the drill is over: the log does not reach this node now.
    async fn is_stopped(&self, drill: u64) -> bool {
        let Some(client) = &self.client else { return false };
        let own = self.groups.node();
        let others = self.groups.members().into_iter().filter(|(id, _)| *id != own);
        let asks = others.map(|(_, member)| async move {
            let url = member.public_url.trim_end_matches('/').to_owned();
            let said = timeout(ASK_WITHIN, client.get_from::<Standing>(&url, "/api/drills/now")).await;
            matches!(said, Ok(Ok(standing)) if standing.is_over(drill))
        });
        join_all(asks).await.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use domain::DrillScenario;

    use super::*;

    fn drill(ended: bool) -> DrillNow {
        DrillNow {
            number: 4,
            scenario: DrillScenario::NodeLost,
            nodes: vec![2],
            observer: 1,
            strength: 0,
            started_at_ms: Millis(0),
            until_ms: Millis(30_000),
            ended,
        }
    }

    #[test]
    fn whoever_leads_ends_what_nobody_else_has_ended() {
        assert_eq!(due(&drill(false), false, 29_999), None);
        assert_eq!(due(&drill(false), false, 30_000), Some(Due::End(DrillEnd::Over)));
        assert_eq!(due(&drill(false), true, 100), Some(Due::End(DrillEnd::Lost)));
        let close_ms = 30_000 + limits::DRILL_HEAL_MS_MAX + GRACE_MS;
        assert_eq!(due(&drill(true), false, close_ms - 1), None, "who watches closes it");
        assert_eq!(due(&drill(true), false, close_ms), Some(Due::Close));
        assert_eq!(due(&drill(true), true, 100), Some(Due::Close));
    }

    #[test]
    fn a_node_that_is_behind_does_not_end_a_drill() {
        let says = |last, drill: Option<DrillNow>| Standing { last, drill }.is_over(4);
        assert!(!says(3, None), "it has not heard of it");
        assert!(!says(4, Some(drill(false))));
        assert!(says(4, Some(drill(true))) && says(4, None) && says(5, None));
        assert!(says(5, Some(DrillNow { number: 5, ..drill(false) })));
    }
}
