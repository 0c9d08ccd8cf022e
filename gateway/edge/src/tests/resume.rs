//! What a node that started a moment ago can and cannot tell a screen that resumes there.

use std::sync::Arc;

use domain::{AssignIncident, GroupId, IncidentId, PersonId, Position, PutUnit, UnitId, wire::Record};

use super::{
    double::{Cluster, EPOCH},
    fold::Fold,
    hub::{Gateway, fold, join, live, views},
    province::{accepted, incident, province, unit},
};
use crate::{
    cluster::Source,
    screen::{fanout::rights_may_differ, view::View},
};

/// A screen's position on a first node after `command` was applied there, and a second node that started after it.
fn moved_on(view: &Arc<View>, act: impl Fn(&Cluster)) -> (Position, Position, Gateway) {
    let (cluster, mut first, queue) = live(view);
    let before = Position::from_wire(fold(&queue).positions()[0]).unwrap();
    act(&cluster);
    first.node.catch_up();
    first.pump(GroupId(0));
    first.hubs.values_mut().for_each(crate::screen::hub::Hub::beat);
    let after = Position::from_wire(fold(&queue).positions()[0]).unwrap();
    (before, after, Gateway::new(&cluster, 2))
}

fn resumed(gateway: &mut Gateway, view: &Arc<View>, from: Position) -> Fold {
    let queue = join(gateway, 7, view, Some(from), None);
    while gateway.build(false) {}
    fold(&queue)
}

#[test]
fn what_may_have_left_the_view_before_the_node_started_takes_a_picture() {
    let view = &views()[1];
    let put = |cluster: &Cluster, at| accepted(cluster.commit(GroupId(0), PutUnit { unit: unit("xe", at) }));
    let (before, _, mut second) = moved_on(view, |cluster| {
        put(cluster, 1);
        put(cluster, 4);
    });
    assert_eq!(resumed(&mut second, view, before).resets, [(0, "below-floor".into())]);
    // Whoever sees everything loses nothing from sight, and resumes.
    let view = &views()[0];
    let (before, _, mut second) = moved_on(view, |cluster| put(cluster, 4));
    let queue = join(&mut second, 7, view, Some(before), None);
    assert_eq!(queue.payloads(), 1, "one frame");
}

#[test]
fn a_node_that_started_at_an_entry_of_several_events_knows_its_last_one_from_the_tail() {
    let view = &views()[0];
    let assign = |cluster: &Cluster| {
        accepted(cluster.commit(GroupId(0), PutUnit { unit: unit("xe", 1) }));
        accepted(cluster.commit(GroupId(0), incident(1, "ngập")));
        let (incident, units) = (IncidentId::new("I1").unwrap(), vec![UnitId::new("xe").unwrap()]);
        accepted(cluster.commit(GroupId(0), AssignIncident { incident, expected_version: 1, units }));
    };
    let (_, after, mut second) = moved_on(view, assign);
    assert!(after.ordinal > 0, "the entry has several events");
    assert_eq!(second.hubs[&GroupId(0)].at(), after, "both nodes call the place the same");
    assert_eq!(join(&mut second, 7, view, Some(after), None).payloads(), 0, "nothing is missing");

    let (_, after, mut second) = moved_on(view, assign);
    second.node.trim(GroupId(0), second.node.applied(GroupId(0)).index);
    let hub = Gateway::seed(&second.node, GroupId(0));
    second.hubs.insert(GroupId(0), hub);
    assert_eq!(
        resumed(&mut second, view, after).resets,
        [(0, "below-floor".into())],
        "without the tail it cannot tell"
    );
}

#[test]
fn a_screen_of_the_cluster_before_it_was_restored_is_not_told_of_rights() {
    let node = province().node(1);
    node.catch_up();
    let lan = PersonId::new("lan").unwrap();
    let at = |epoch, group| Position { epoch, group: GroupId(group), index: 1, ordinal: 0 };
    let differ = |from: &[Position]| rights_may_differ(&*node, &lan, from);
    assert!(!differ(&[at(EPOCH + 1, 0), at(EPOCH + 1, 1)]), "each group says `restored`");
    assert!(differ(&[at(EPOCH + 1, 0), at(EPOCH, 1)]), "a place of this epoch does not pass unseen");
    assert!(differ(&[at(EPOCH, 1)]), "nor one without a place in the command group");
    assert!(!differ(&[]));
}
