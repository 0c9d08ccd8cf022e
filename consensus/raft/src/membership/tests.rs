//! A made-up group, led by whoever is up, that does what the plan says. Whatever it is and whatever is asked of it, it can
//! always commit, and every plan ends.

use proptest::{collection::btree_set, prelude::*, sample::Index};

use super::*;

/// Steps that a plan may take in the worst case: wait, hand over, joint, uniform, forget, with a crash at each.
const STEPS_MAX: usize = 24;

fn set(nodes: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
    nodes.into_iter().collect()
}

/// A group of these voters and learners, all up and caught up, led by the first.
fn group(voters: &[NodeId], learners: &[NodeId]) -> GroupView {
    let all = set(voters.iter().chain(learners).copied());
    GroupView {
        voters: vec![set(voters.iter().copied())],
        learners: set(learners.iter().copied()),
        leader: voters[0],
        lag: all.iter().map(|node| (*node, 0)).collect(),
        up: all,
        is_invited: false,
        is_pending: false,
    }
}

/// Down.
fn without(mut view: GroupView, node: NodeId) -> GroupView {
    view.up.remove(&node);
    view
}

#[test]
fn a_node_joins_as_learner_then_votes() {
    let (learn, vote) = (Goal::Learn { node: 4 }, Goal::Vote { node: 4, instead_of: None });
    let mut view = group(&[1, 2, 3], &[]);
    assert_eq!(next(learn, &view), Err(Refusal::NotInvited { node: 4 }));
    assert_eq!(next(vote, &view), Err(Refusal::NotAMember { node: 4 }));
    view.is_invited = true;
    assert_eq!(next(learn, &view), Ok(Step::AddLearner));
    view.learners.insert(4);
    assert_eq!(next(learn, &view), Ok(Step::Wait(Wait::ForAnswer { node: 4 })));
    view.up.insert(4);
    view.lag.insert(4, LAG_ENTRIES_MAX + 1);
    assert_eq!(next(learn, &view), Ok(Step::Wait(Wait::ForEntries { node: 4, entries: LAG_ENTRIES_MAX + 1 })));
    assert!(matches!(next(vote, &view), Ok(Step::Wait(_))), "no vote for who is behind");
    view.lag.insert(4, LAG_ENTRIES_MAX);
    assert_eq!(next(learn, &view), Ok(Step::Done));
    assert_eq!(next(vote, &view), Ok(Step::Change(set([1, 2, 3, 4]))));
    assert_eq!(next(vote, &group(&[1, 2, 3, 4], &[])), Ok(Step::Done));
}

/// A node that stood in for another stopped asking in the middle of the last group's change, and nobody finished it.
#[test]
fn who_is_in_half_a_change_is_not_settled() {
    let settled = group(&[2, 3, 4], &[]);
    assert!(settled.is_settled_voter(4) && !settled.is_settled_voter(1));
    let joint = GroupView { voters: vec![set([1, 2, 3]), set([2, 3, 4])], ..settled.clone() };
    assert!(!joint.is_settled_voter(4) && !joint.is_settled_voter(2));
    assert!(!GroupView { is_pending: true, ..settled }.is_settled_voter(4));
    assert!(!group(&[1, 2, 3], &[4]).is_settled_voter(4));
}

/// Over a line on which an answer took longer than a heartbeat, no node could be taken into a group in which nothing was written.
#[test]
fn who_is_connected_over_a_slow_line_is_up() {
    assert!(is_up(None, true) && is_up(Some(Duration::from_secs(60)), true));
    assert!(is_up(Some(Duration::from_secs(1)), false));
    assert!(!is_up(None, false) && !is_up(Some(UP_WITHIN), false));
}

/// A leader that nobody hears appends a change, and is asked again before it is agreed on or lost.
#[test]
fn nothing_is_done_before_it_is_agreed_on() {
    let pending = |view: GroupView| GroupView { is_pending: true, ..view };
    for goal in [Goal::Learn { node: 4 }, Goal::Vote { node: 4, instead_of: None }, Goal::Leave { node: 5 }] {
        let view = group(&[1, 2, 3, 4], &[]);
        assert_eq!(next(goal, &view), Ok(Step::Done));
        assert_eq!(next(goal, &pending(view)), Ok(Step::Wait(Wait::ForMajority)), "{goal:?}");
    }
}

#[test]
fn a_lost_node_is_replaced_in_one_joint_change_and_never_by_itself() {
    let goal = Goal::Vote { node: 4, instead_of: Some(3) };
    let view = without(group(&[1, 2, 3], &[4]), 3);
    assert_eq!(next(goal, &view), Ok(Step::Change(set([1, 2, 4]))), "two of three are a quorum of both");
    assert_eq!(
        next(goal, &without(view, 2)),
        Err(Refusal::CostsQuorum { up: 1, of: 3 }),
        "one of three agrees on nothing"
    );
    let itself = Goal::Vote { node: 3, instead_of: Some(3) };
    assert_eq!(next(itself, &group(&[1, 2, 3], &[])), Err(Refusal::InsteadOfItself { node: 3 }));
    // Half done by somebody who crashed.
    let mut joint = without(group(&[1, 2, 3], &[]), 3);
    joint.voters.push(set([1, 2, 4]));
    joint.up.insert(4);
    assert_eq!(next(goal, &joint), Ok(Step::FinishJoint));
    assert_eq!(next(goal, &group(&[1, 2, 4], &[])), Ok(Step::Done));
}

#[test]
fn a_replaced_leader_and_a_leaving_leader_hand_over_first() {
    let mut view = group(&[1, 2, 3, 4], &[5]);
    view.lag.insert(2, 7);
    assert_eq!(next(Goal::Leave { node: 1 }, &view), Ok(Step::HandOver(3)), "to who lacks least");
    assert_eq!(next(Goal::Vote { node: 5, instead_of: Some(1) }, &view), Ok(Step::HandOver(3)));
    view.leader = 3;
    assert_eq!(next(Goal::Leave { node: 1 }, &view), Ok(Step::Change(set([2, 3, 4]))));
}

#[test]
fn the_only_voter_is_replaced_in_two_changes_with_a_hand_over_between() {
    let goal = Goal::Vote { node: 2, instead_of: Some(1) };
    let steps = [Step::Change(set([1, 2])), Step::HandOver(2), Step::Change(set([2])), Step::Done];
    assert_eq!(run(goal, group(&[1], &[2]), &[]).unwrap().0, steps);
}

#[test]
fn leaving_that_costs_the_quorum_is_refused_with_the_remedy() {
    let refused = next(Goal::Leave { node: 3 }, &group(&[1, 2, 3], &[])).unwrap_err();
    assert_eq!(refused, Refusal::TooFew { node: 3, left: 2 });
    assert!(refused.to_string().contains("trongdong invite"), "{refused}");
    let view = without(without(group(&[1, 2, 3, 4, 5], &[]), 4), 5);
    assert_eq!(next(Goal::Leave { node: 3 }, &view), Err(Refusal::CostsQuorum { up: 2, of: 4 }));
    assert_eq!(next(Goal::Leave { node: 5 }, &view), Ok(Step::Change(set([1, 2, 3, 4]))));
    assert_eq!(next(Goal::Leave { node: 9 }, &view), Ok(Step::Done), "who is out is out");
}

#[test]
fn an_id_is_given_once() {
    let mut ids = NodeIds::default();
    assert_eq!(ids.applied([1, 2, 3].into_iter(), false), None);
    assert_eq!((ids.applied([].into_iter(), true), ids.applied([].into_iter(), true)), (Some(4), Some(5)));
    assert_eq!(ids.applied([1, 2, 3, 5].into_iter(), false), None);
    assert_eq!(ids, NodeIds { highest: 5, invited: set([4]) });
    ids.applied([1, 2, 3].into_iter(), false);
    assert!(!ids.invited.contains(&5), "who left does not come back");
    for _ in 0..100 {
        ids.applied([].into_iter(), true);
    }
    assert_eq!((ids.invited.len(), ids.highest), (INVITED_MAX, 105));
}

/// Lets the plan run on a group until it ends. `crashes` say after which steps the leader dies between the two entries of a
/// joint change, and `lags` how far behind a new learner is at first.
fn run(goal: Goal, mut view: GroupView, crashes: &[bool]) -> Result<(Vec<Step>, GroupView), TestCaseError> {
    let majority =
        |view: &GroupView, voters: &BTreeSet<NodeId>| voters.intersection(&view.up).count() > voters.len() / 2;
    let mut steps = Vec::new();
    for at in 0..STEPS_MAX {
        let step = match next(goal, &view) {
            Ok(step) => step,
            Err(_) => return Ok((steps, view)),
        };
        steps.push(step.clone());
        match step {
            Step::Done => return Ok((steps, view)),
            Step::AddLearner => {
                let Goal::Learn { node } = goal else { return Err(TestCaseError::fail("only a goal to learn adds")) };
                view.learners.insert(node);
                view.up.insert(node);
                view.lag.insert(node, 100_000);
            }
            Step::Wait(Wait::ForAnswer { node }) => {
                view.up.insert(node);
                view.lag.entry(node).or_insert(100_000);
            }
            Step::Wait(Wait::ForEntries { node, .. }) => {
                view.lag.insert(node, 0);
            }
            Step::Wait(Wait::ForMajority) => view.is_pending = false,
            Step::Wait(Wait::ForSuccessor) => view.lag.values_mut().for_each(|lag| *lag = 0),
            Step::HandOver(to) => {
                prop_assert!(view.voters[0].contains(&to) && view.up.contains(&to) && to != view.leader);
                view.leader = to;
            }
            Step::Forget(node) => {
                prop_assert!(!view.voters[0].contains(&node), "a voter is not forgotten");
                view.learners.remove(&node);
                view.lag.remove(&node);
            }
            Step::Change(target) => {
                prop_assert_eq!(view.voters.len(), 1, "one change at a time");
                prop_assert!(target.contains(&view.leader), "who leads stays");
                prop_assert!(majority(&view, &view.voters[0]) && majority(&view, &target), "both can commit");
                let old = view.voters[0].clone();
                prop_assert!(old.symmetric_difference(&target).count() <= 2);
                view.learners.retain(|node| !target.contains(node));
                view.voters.push(target);
                if crashes.get(at).copied().unwrap_or_default() {
                    // The leader dies with the change half done; another one that both sides know takes over. It comes back
                    // before anybody asks again, as an operator would see to.
                    let both: BTreeSet<_> = view.voters[0].intersection(&view.voters[1]).copied().collect();
                    let other = both.intersection(&view.up).copied().find(|node| *node != view.leader);
                    view.leader = other.unwrap_or(view.leader);
                } else {
                    view.voters.remove(0);
                }
            }
            Step::FinishJoint => {
                prop_assert_eq!(view.voters.len(), 2);
                prop_assert!(view.voters.iter().all(|voters| majority(&view, voters)), "both can commit");
                view.voters.remove(0);
            }
        }
        let voters = view.voters.last().cloned().unwrap_or_default();
        prop_assert!(majority(&view, &voters), "the group can go on after {:?}", steps.last());
    }
    Err(TestCaseError::fail(format!("the plan does not end: {steps:?}")))
}

prop_compose! {
    /// A group in which a majority is up and one of those leads.
    fn any_group()(
        voters in btree_set(1_u64..10, 1..8), learners in btree_set(1_u64..12, 0..3), down in btree_set(1_u64..12, 0..4),
        lags in prop::collection::vec(0_u64..2_000, 12), leader: Index, is_invited: bool,
    ) -> GroupView {
        let learners: BTreeSet<_> = learners.difference(&voters).copied().collect();
        let all: BTreeSet<_> = voters.union(&learners).copied().collect();
        let mut up: BTreeSet<_> = all.difference(&down).copied().collect();
        for voter in &voters {
            if up.intersection(&voters).count() <= voters.len() / 2 {
                up.insert(*voter);
            }
        }
        let able: Vec<_> = voters.intersection(&up).copied().collect();
        let leader = *leader.get(&able);
        let mut lag: BTreeMap<_, _> = all.iter().zip(lags).map(|(node, lag)| (*node, lag)).collect();
        lag.insert(leader, 0);
        GroupView { voters: vec![voters], learners, leader, up, lag, is_invited, is_pending: false }
    }
}

fn any_goal() -> impl Strategy<Value = Goal> {
    let node = 1_u64..12;
    prop_oneof![
        node.clone().prop_map(|node| Goal::Learn { node }),
        (node.clone(), prop::option::of(node.clone())).prop_map(|(node, instead_of)| Goal::Vote { node, instead_of }),
        node.prop_map(|node| Goal::Leave { node }),
    ]
}

proptest! {
    #[test]
    fn a_quorum_of_the_old_and_of_the_new_is_never_lost_and_every_plan_ends(
        goal in any_goal(), view in any_group(), crashes in prop::collection::vec(any::<bool>(), STEPS_MAX),
    ) {
        let before = view.clone();
        let (steps, after) = run(goal, view, &crashes)?;
        let voters = after.voters.last().cloned().unwrap_or_default();
        prop_assert!(!voters.is_empty());
        if steps.last() == Some(&Step::Done) {
            match goal {
                Goal::Learn { node } => prop_assert!(after.is_member(node) && after.up.contains(&node)),
                Goal::Vote { node, instead_of } => {
                    prop_assert!(voters.contains(&node));
                    prop_assert!(instead_of.is_none_or(|old| !after.is_member(old)));
                }
                Goal::Leave { node } => {
                    prop_assert!(!after.is_member(node));
                    prop_assert!(voters.len() >= VOTERS_MIN || voters == before.voters[0]);
                }
            }
            // Asked again, nothing is left to do.
            prop_assert_eq!(next(goal, &after), Ok(Step::Done));
        }
    }
}
