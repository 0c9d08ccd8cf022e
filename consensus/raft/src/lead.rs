//! Who leads a group, and how old the knowledge of its quorum is.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use domain::{GroupId, Millis};
use openraft::{Instant as _, ServerState, async_runtime::watch::WatchReceiver};
use tokio::{sync::watch, time::Instant};

use crate::{
    groups::{Group, Groups, Inner},
    kinds,
    mesh::Mesh,
    stage,
    types::NodeId,
};

/// How often leaders tell how old their quorum is.
const QUORUM_TELL: Duration = Duration::from_millis(500);

/// Who leads a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    /// The leader, as far as this node knows.
    pub leader: Option<NodeId>,
    /// Raft term.
    pub term: u64,
    /// This node leads, and has applied the first entry of its term: actors may wake.
    pub is_self_ready: bool,
}

/// A change of who leads a group, as this node saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadChange {
    /// When, by this node's clock.
    pub at_ms: Millis,
    /// Who leads from then on; none: nobody, as far as this node knows.
    pub leader: Option<NodeId>,
    /// Raft term.
    pub term: u64,
}

/// Changes that a node remembers of each group: an hour of one that is elected anew every five minutes, since an election makes two.
pub const LEAD_CHANGES_MAX: usize = 24;

/// The newest changes of who leads a group since this node started, oldest first. Pure.
#[derive(Debug, Default)]
pub(crate) struct Leads(VecDeque<LeadChange>);

impl Leads {
    /// Takes in who leads now; `now` is asked only when that changed. At the bound the oldest change is forgotten.
    fn note(&mut self, lead: Lead, now: impl FnOnce() -> Millis) {
        let Lead { leader, term, .. } = lead;
        let is_same = match self.0.back() {
            Some(last) => (last.leader, last.term) == (leader, term),
            // Before the first word of anybody there is nothing to remember.
            None => leader.is_none(),
        };
        if is_same {
            return;
        }
        if self.0.len() >= LEAD_CHANGES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(LeadChange { at_ms: now(), leader, term });
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> Vec<LeadChange> {
        self.0.iter().copied().collect()
    }
}

/// What a leader last told of its quorum.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    at: Instant,
    age: Duration,
}

impl Groups {
    /// Rings when the lead of the group changes.
    #[must_use]
    pub fn lead_watch(&self, group: GroupId) -> watch::Receiver<Lead> {
        self.group(group).lead.subscribe()
    }

    /// Time since this node last knew of a quorum of the group: itself when it leads, else by its leader's word.
    #[must_use]
    pub fn quorum_age(&self, group: GroupId) -> Duration {
        let group = self.group(group);
        if let Ok(leader) = group.raft.as_leader() {
            return leader.last_quorum_acked().map_or(Duration::ZERO, |acked| acked.elapsed());
        }
        match *group.quorum.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(told) => told.age + told.at.elapsed(),
            None => self.0.started.elapsed(),
        }
    }

    /// Takes what the live bus brings for consensus.
    pub fn serve_live(&self, from: NodeId, topic: u16, key: &[u8], value: &[u8]) {
        match topic {
            kinds::QUORUM_TOPIC => {}
            kinds::ROOM_TOPIC => return self.take_room(from, value),
            kinds::REST_TOPIC => return self.serve_rest(from),
            kinds::START_TOPIC => return self.serve_starting(from),
            _ => return,
        }
        let (Ok(key), Ok(age)) = (<[u8; 4]>::try_from(key), <[u8; 8]>::try_from(value)) else { return };
        let Ok(group) = self.group_at(u32::from_be_bytes(key)) else { return };
        if group.lead.borrow().leader == Some(from) {
            let told = Told { at: Instant::now(), age: Duration::from_millis(u64::from_be_bytes(age)) };
            *group.quorum.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        }
    }
}

/// Keeps a group's [`Lead`] as openraft's metrics and the state machine have it, and the members' addresses as the log has
/// them: a node knows who joined after it was configured, and can reach whoever comes to lead.
pub(crate) async fn watch_lead(node: NodeId, group: Arc<Group>, peers: Arc<dyn Mesh>) {
    let mut metrics = group.raft.server_metrics();
    let mut applied = group.shared.applied.subscribe();
    #[cfg(feature = "seeded-bugs")]
    let mut led_in = 0;
    loop {
        let lead = {
            // Cloned at once: a borrowed metric held for long stops openraft's core.
            let now = WatchReceiver::borrow_watched(&metrics).clone();
            for (member, known) in now.membership_config.nodes().filter(|(member, _)| **member != node) {
                peers.set_address(*member, &known.peer_address);
            }
            let term = now.vote.leader_id.term;
            let leads = now.state == ServerState::Leader && now.current_leader == Some(node);
            let is_self_ready = leads && group.shared.view().applied.term == term;
            #[cfg(feature = "seeded-bugs")]
            let is_self_ready = is_self_ready || (leads && crate::bugs::is_made(crate::bugs::Bug::ReadyTooEarly));
            #[cfg(feature = "seeded-bugs")]
            let is_self_ready = if crate::bugs::is_made(crate::bugs::Bug::LeadToldOnce) && is_self_ready {
                led_in = if led_in == 0 { term } else { led_in };
                led_in == term
            } else {
                is_self_ready
            };
            Lead { leader: now.current_leader, term, is_self_ready }
        };
        group.leads.lock().unwrap_or_else(PoisonError::into_inner).note(lead, stage::now_ms);
        group.lead.send_if_modified(|current| {
            let changed = *current != lead;
            *current = lead;
            changed
        });
        let waits_to_be_ready = lead.leader == Some(node) && !lead.is_self_ready;
        tokio::select! {
            biased;
            changed = WatchReceiver::changed(&mut metrics) => if changed.is_err() {
                group.lead.send_replace(Lead::default());
                return;
            },
            changed = applied.changed(), if waits_to_be_ready => if changed.is_err() {
                return;
            },
        }
    }
}

/// Tells the others how old the quorum of each group is that this node leads.
pub(crate) async fn tell_quorum(inner: Weak<Inner>) {
    let mut tick = tokio::time::interval(QUORUM_TELL);
    loop {
        tick.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let this = Groups(inner);
        this.mind_start();
        let inner = &this.0;
        inner.tell_rest();
        inner.tell_starting();
        for group in &inner.groups {
            if let Ok(leader) = group.raft.as_leader() {
                let age = leader.last_quorum_acked().map_or(Duration::ZERO, |acked| acked.elapsed());
                let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
                let key = Bytes::copy_from_slice(&group.id.0.to_be_bytes());
                inner.peers.publish(kinds::QUORUM_TOPIC, key, Bytes::copy_from_slice(&age.to_be_bytes()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_remembered_once_and_the_oldest_leaves() {
        let mut leads = Leads::default();
        let lead = |leader, term| Lead { leader, term, is_self_ready: false };
        leads.note(lead(None, 0), || Millis(1));
        leads.note(lead(Some(2), 1), || Millis(2));
        leads.note(Lead { is_self_ready: true, ..lead(Some(2), 1) }, || Millis(3));
        leads.note(lead(None, 2), || Millis(4));
        leads.note(lead(Some(3), 2), || Millis(5));
        let change = |at_ms, leader, term| LeadChange { at_ms: Millis(at_ms), leader, term };
        assert_eq!(leads.all(), [change(2, Some(2), 1), change(4, None, 2), change(5, Some(3), 2)]);
        for term in 3..30 {
            leads.note(lead(Some(1), term), || Millis(term * 10));
        }
        let all = leads.all();
        assert_eq!((all.len(), all.last()), (LEAD_CHANGES_MAX, Some(&change(290, Some(1), 29))));
        assert_eq!(all.first(), Some(&change(60, Some(1), 6)));
    }
}
