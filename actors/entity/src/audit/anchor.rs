//! Anchors the heads of other groups' chains in this one's: all field groups' in the command group's, and the command
//! group's in the first field group's. So no chain can be cut off or made anew without another one saying so.
//!
//! What is applied on this node is committed for ever, so its own view of the other groups is good enough. A new leader
//! anchors anew; an anchor too many does no harm. A head is anchored once it is `ANCHOR_SETTLE_WAIT` old: a backup holds
//! each group as of a moment of its own, and an anchor in one must not name what the other's view does not hold yet.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use domain::{AnchorAudit, AuditHead, GroupId, State, audit::FEATURE};
use tokio::time::{Instant, interval_at, sleep};

use crate::{
    config::{ANCHOR_FIRST_WAIT, ANCHOR_PERIOD, ANCHOR_SETTLE_WAIT},
    host::reign::Reign,
};

/// Whose heads are anchored in the group.
pub(crate) fn anchored_in(group: GroupId) -> Vec<GroupId> {
    match group {
        GroupId::COMMAND => GroupId::field().collect(),
        GroupId(1) => vec![GroupId::COMMAND],
        _ => Vec::new(),
    }
}

/// The anchors of heads that have moved since they were anchored last.
fn moved(heads: impl IntoIterator<Item = (GroupId, AuditHead)>, last: &BTreeMap<GroupId, u64>) -> Vec<AnchorAudit> {
    let is_new = |(group, head): &(GroupId, AuditHead)| head.number > last.get(group).copied().unwrap_or(0);
    let anchor = |(group, head): (GroupId, AuditHead)| AnchorAudit { group, number: head.number, link: head.link };
    heads.into_iter().filter(is_new).map(anchor).collect()
}

/// Runs until the reign ends.
pub(crate) async fn run(reign: Weak<Reign>) {
    let mut ticks = interval_at(Instant::now() + ANCHOR_FIRST_WAIT, ANCHOR_PERIOD);
    let mut last = BTreeMap::new();
    loop {
        ticks.tick().await;
        let Some(heads) = reign.upgrade().map(|reign| heads(&reign)) else { return };
        // The reign may end meanwhile: nothing of it is held.
        sleep(ANCHOR_SETTLE_WAIT).await;
        let Some(reign) = reign.upgrade() else { return };
        anchor(&reign, heads, &mut last).await;
    }
}

/// The heads to anchor here, as this node has them; none while the record is not switched on.
fn heads(reign: &Arc<Reign>) -> Vec<(GroupId, AuditHead)> {
    let cluster = &reign.ctx.cluster;
    if !cluster.read(reign.group, |state| state.has_feature(FEATURE)) {
        return Vec::new();
    }
    anchored_in(reign.group).into_iter().map(|group| (group, cluster.read(group, State::audit_head))).collect()
}

async fn anchor(reign: &Arc<Reign>, heads: Vec<(GroupId, AuditHead)>, last: &mut BTreeMap<GroupId, u64>) {
    for anchor in moved(heads, last) {
        let (group, number) = (anchor.group, anchor.number);
        // What fails is anchored with the next tick.
        if reign.propose(anchor.into()).await.is_ok() {
            last.insert(group, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Digest;

    use super::*;

    #[test]
    fn only_a_head_that_moved_is_anchored() {
        let head = |number| AuditHead { number, link: Digest([1; 32]) };
        let heads = [(GroupId(1), head(0)), (GroupId(2), head(5)), (GroupId(3), head(7))];
        let found = moved(heads, &BTreeMap::from([(GroupId(2), 5), (GroupId(3), 6)]));
        assert_eq!(found, [AnchorAudit { group: GroupId(3), number: 7, link: Digest([1; 32]) }]);
    }

    #[test]
    fn every_group_is_anchored_in_another() {
        let anchored: Vec<_> = GroupId::all().flat_map(anchored_in).collect();
        assert!(GroupId::all().all(|group| anchored.contains(&group)));
        assert!(GroupId::all().all(|group| !anchored_in(group).contains(&group)));
    }
}
