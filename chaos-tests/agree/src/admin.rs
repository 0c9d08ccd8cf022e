//! Who changes the members meanwhile: nodes are invited, learn, get a vote, stand in for others, leave, and rest. As in the
//! runbooks, what was begun is asked for again, at any node, until it is done.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use raft::{Groups, Node, NodeId, Progress, membership::Goal};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use crate::{
    counts::Change,
    judge::{Verdict, broken},
    stage,
    world::World,
};

/// Voters that are left at least, so that what the cluster refuses is never asked for.
const VOTERS_MIN: usize = raft::membership::VOTERS_MIN;

/// Voters at most: more only take longer.
const VOTERS_MAX: usize = 5;

/// How long one node is asked at a time.
const ASK_MAX: Duration = Duration::from_secs(2);

/// How long a node is waited for beyond that before it is taken for dead.
const SILENCE_MAX: Duration = Duration::from_millis(500);

/// From the end of the storm until every change that was begun is done. Each of up to four steps in two groups may wait for a
/// learner that has to be sent a snapshot.
const DONE_WITHIN: Duration = Duration::from_secs(30);

/// Asks any node that is up. None: it is not, or did not answer.
pub async fn at_any<R: Send + 'static>(
    world: &Arc<World>,
    ask: impl FnOnce(Groups) -> BoxFuture<'static, R> + Send,
) -> Option<R> {
    let node = world.any();
    let asked = ask(world.groups(node)?);
    let (tell, answer) = oneshot::channel();
    stage::spawn_on(node, async move {
        // Who asked may not wait any more.
        let _ = tell.send(asked.await);
    });
    timeout(ASK_MAX + SILENCE_MAX, answer).await.ok()?.ok()
}

/// Changes the members until the storm is over, and ends what it has begun.
pub async fn administer(world: Arc<World>) {
    loop {
        let (pause, choice) = {
            let mut chance = world.chance();
            (chance.ms(200, 2_500), chance.below(10))
        };
        sleep(pause).await;
        if !world.storms() {
            return;
        }
        let members = world.members();
        let old = {
            let members: Vec<NodeId> = members.iter().copied().collect();
            world.chance().pick(&members).copied()
        };
        match choice {
            0..3 if members.len() < VOTERS_MAX => bring_in(&world, None).await,
            3..6 => bring_in(&world, old).await,
            6..8 if members.len() > VOTERS_MIN => {
                let Some(old) = old else { continue };
                world.note(format_args!("node {old} shall leave"));
                if bring_about(&world, Goal::Leave { node: old }, None).await {
                    world.leave(old);
                    world.count(|counts| counts.change(Change::Removed));
                }
            }
            _ => rest(&world).await,
        }
    }
}

/// A node is invited, learns and votes, beside the others or instead of one.
async fn bring_in(world: &Arc<World>, instead_of: Option<NodeId>) {
    let Some(Some(id)) = at_any(world, |groups| async move { groups.invite(ASK_MAX).await }.boxed()).await else {
        return;
    };
    let given = world.judges.invited(id, world.play.nodes);
    world.hold(given);
    world.note(format_args!("node {id} is invited, instead of {instead_of:?}"));
    world.join(id);
    let node = World::address_of(id);
    if !bring_about(world, Goal::Learn { node: id }, Some(node)).await
        || !bring_about(world, Goal::Vote { node: id, instead_of }, None).await
    {
        return;
    }
    world.votes(id);
    world.count(|counts| counts.change(if instead_of.is_some() { Change::Replaced } else { Change::Added }));
    if let Some(old) = instead_of {
        world.leave(old);
    }
}

/// Asks until it is done. False: it was not, which is told.
async fn bring_about(world: &Arc<World>, goal: Goal, node: Option<Node>) -> bool {
    let mut calm_since = None;
    loop {
        let node = node.clone();
        let asked = at_any(world, |groups| async move { groups.change(goal, node.as_ref(), ASK_MAX).await }.boxed());
        let waits_for = match asked.await {
            Some(Ok(Progress::Done)) => {
                let is_so = judge_done(world, goal);
                let is_done = is_so.is_ok();
                world.hold(is_so);
                return is_done;
            }
            Some(Ok(Progress::Waiting { reason, .. })) => reason,
            Some(Err(refused)) if matches!(refused.code.as_str(), "costs_quorum" | "not_a_member") => refused.message,
            Some(Err(refused)) => {
                world.violate("members", format_args!("{goal:?} was refused: {refused:?}"));
                return false;
            }
            None => "nobody answers".to_owned(),
        };
        if !world.storms() && calm_since.get_or_insert_with(Instant::now).elapsed() > DONE_WITHIN {
            world.violate("members", format_args!("{goal:?} is not done in {DONE_WITHIN:?} of calm: {waits_for}"));
            return false;
        }
        let pause = world.chance().ms(50, 300);
        sleep(pause).await;
    }
}

/// What is told to be done is true in every group, whoever leads next. Of learners the true history knows nothing.
fn judge_done(world: &World, goal: Goal) -> Verdict {
    for group in World::group_ids() {
        let voters = world.judges.ask(group, |judges| judges.truth.voters().to_vec()).unwrap_or_default();
        let votes = |node: NodeId| voters.iter().any(|voters| voters.contains(&node));
        let is_so = match goal {
            Goal::Learn { .. } => true,
            Goal::Vote { node, instead_of } => voters.len() == 1 && votes(node) && !instead_of.is_some_and(votes),
            Goal::Leave { node } => !votes(node),
        };
        if !is_so {
            return Err(broken(
                "members",
                format_args!("{goal:?} is told to be done in group {group}, where {voters:?} is agreed on"),
            ));
        }
    }
    Ok(())
}

/// A node is looked after: it leads nothing for a while.
async fn rest(world: &Arc<World>) {
    let length = world.chance().ms(200, 2_000);
    let rests = at_any(world, move |groups| {
        async move {
            groups.rest(length);
            groups.hand_over_leads(length).await.len()
        }
        .boxed()
    });
    if rests.await.is_some() {
        world.count(|counts| counts.change(Change::Rested));
    }
}
