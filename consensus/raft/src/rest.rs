//! A node that is about to stop, or is being looked after, leads nothing: it hands its leads over, and the others give it
//! none while it rests.

use std::{sync::PoisonError, time::Duration};

use bytes::Bytes;
use domain::GroupId;
use tokio::time::{Instant, timeout};

use crate::{
    groups::{Groups, Inner},
    kinds,
    types::NodeId,
};

/// How long one lead may take to pass over before another node is tried.
const HAND_OVER_WAIT: Duration = Duration::from_secs(1);

/// How long a node counts as resting after it last said so.
const TOLD_FOR: Duration = Duration::from_secs(3);

impl Inner {
    fn rests_until(&self) -> Option<Instant> {
        let until = *self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > Instant::now())
    }

    /// Tells the others, while it is so, that this node rests.
    pub(crate) fn tell_rest(&self) {
        if self.rests_until().is_some() {
            self.peers.publish(kinds::REST_TOPIC, Bytes::new(), Bytes::new());
        }
    }
}

impl Groups {
    /// Leads nothing for so long: what it leads it hands over, and gets none back. Zero ends the rest.
    pub fn rest(&self, length: Duration) {
        let until = Instant::now().checked_add(length);
        *self.0.rest_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        self.0.tell_rest();
    }

    /// Whether the node should not be given a lead: it rests, by its own word of a moment ago.
    #[must_use]
    pub fn is_resting(&self, node: NodeId) -> bool {
        if node == self.node() {
            return self.0.rests_until().is_some();
        }
        let resting = self.0.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(&node).is_some_and(|told| told.elapsed() < TOLD_FOR)
    }

    pub(crate) fn serve_rest(&self, from: NodeId) {
        self.0.resting.lock().unwrap_or_else(PoisonError::into_inner).insert(from, Instant::now());
    }

    /// Groups that this node leads.
    #[must_use]
    pub fn leads(&self) -> Vec<GroupId> {
        self.ids().filter(|group| self.group(*group).lead.borrow().leader == Some(self.node())).collect()
    }

    /// Hands every lead over, one after the other, each to the voter that lacks least of those that do not rest. Gives what it still leads at the end:
    /// nobody was fit to take it. Call [`Groups::rest`] before, or the leads come back.
    pub async fn hand_over_leads(&self, deadline: Duration) -> Vec<GroupId> {
        let hand_over = async {
            for id in self.leads() {
                let group = self.group(id);
                let mut view = self.group_view(group);
                // Nor to one with less room on its disk: it would give the lead back.
                let own = self.room(self.node());
                let is_fit = |node: &NodeId| !self.is_resting(*node) && self.room(*node) >= own;
                view.voters.last_mut().into_iter().for_each(|voters| voters.retain(is_fit));
                let Some(to) = view.successor(self.node()) else { continue };
                tracing::info!(group = id.0, to, "handing the lead over");
                self.transfer_leader(id, to).await;
                let mut lead = group.lead.subscribe();
                let passed = lead.wait_for(|lead| lead.leader.is_some_and(|leader| leader != self.node()));
                let _ = timeout(HAND_OVER_WAIT, passed).await;
            }
        };
        let _ = timeout(deadline, hand_over).await;
        self.leads()
    }
}
