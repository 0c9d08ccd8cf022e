//! Changes of who belongs to the cluster, done: the steps of [`crate::membership`], each at the leader of its group.
//!
//! Whoever is asked goes from group to group and asks each leader for one step after the other, until nothing is left to do.
//! It remembers nothing: the members in the log say how far a change is.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use bytes::Bytes;
use domain::GroupId;
use openraft::{
    ChangeMembers, Instant as _,
    async_runtime::watch::WatchReceiver,
    errors::{ClientWriteError, RaftError},
    raft::ClientWriteResponse,
};
use peer::Lane;
use prost::Message;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    groups::{Group, Groups},
    kinds,
    membership::{Goal, GroupView, Refusal, Step, is_up, next},
    network::with_group,
    types::{Node, NodeId, Outcome, TypeConfig, decode, malformed},
    wire,
};

/// How long one step may take: two entries on a quorum's disks. A step that is cut off is taken again.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the next leader is waited for; the group elects one by itself after about that.
const HAND_OVER_WAIT: Duration = Duration::from_secs(1);

/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// A read barrier before somebody is refused for not being known.
const BARRIER_TIMEOUT: Duration = Duration::from_secs(2);

/// How far a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Every group is as it should be.
    Done,
    /// To be asked again: in which group, and what is waited for.
    Waiting {
        /// Which.
        group: GroupId,
        /// What for, in words.
        reason: String,
    },
}

/// A change that cannot be; what was done before stays, and hurts nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ChangeRefused {
    /// For programs: `not_invited`, `not_a_member`, `too_few`, `costs_quorum`, `instead_of_itself`.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// What one step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stepped {
    Done,
    Waiting(String),
    Refused { code: String, message: String },
    NotLeader,
    Invited(NodeId),
}

impl Refusal {
    /// Its name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInvited { .. } => "not_invited",
            Self::NotAMember { .. } => "not_a_member",
            Self::TooFew { .. } => "too_few",
            Self::CostsQuorum { .. } => "costs_quorum",
            Self::InsteadOfItself { .. } => "instead_of_itself",
        }
    }
}

impl Groups {
    /// Brings `goal` about in every group, as far as it goes until `deadline`. `node` is where the node is reached, for who
    /// learns. Asking again goes on where it stands, whoever is asked.
    ///
    /// # Errors
    /// A group's leader refuses: nothing was changed there.
    pub async fn change(&self, goal: Goal, node: Option<&Node>, deadline: Duration) -> Result<Progress, ChangeRefused> {
        let until = Instant::now() + deadline;
        // The command group knows who was invited, so it comes first; and who is out of it is out of all.
        let command_last = matches!(goal, Goal::Leave { .. });
        let field = self.field().collect::<Vec<_>>();
        let groups = if command_last {
            field.into_iter().chain([GroupId::COMMAND]).collect::<Vec<_>>()
        } else {
            [GroupId::COMMAND].into_iter().chain(field).collect()
        };
        for group in groups {
            let request = goal_to_bytes(goal, node);
            loop {
                let reason = match self.ask_step(group, &request, until).await {
                    Stepped::Done => break,
                    Stepped::Refused { code, message } => return Err(ChangeRefused { code, message }),
                    Stepped::Waiting(reason) => reason,
                    Stepped::NotLeader | Stepped::Invited(_) => {
                        "nhóm chưa có nút điều khiển / the group has no leader yet".to_owned()
                    }
                };
                if Instant::now() + LOOK >= until {
                    return Ok(Progress::Waiting { group, reason });
                }
                sleep(LOOK).await;
            }
        }
        Ok(Progress::Done)
    }

    /// Gives a node id away that no node ever had. None: nobody leads now, ask again.
    pub async fn invite(&self, deadline: Duration) -> Option<NodeId> {
        let until = Instant::now() + deadline;
        let goal = wire::change_request::Goal::Invite(wire::Blank {});
        let request: Bytes = wire::ChangeRequest { goal: Some(goal) }.encode_to_vec().into();
        while Instant::now() < until {
            if let Stepped::Invited(node) = self.ask_step(GroupId::COMMAND, &request, until).await {
                return Some(node);
            }
            sleep(LOOK).await;
        }
        None
    }

    /// Whether a node may join or has joined, by everything that was acknowledged before the call. None: no quorum answers.
    pub async fn may_belong(&self, node: NodeId) -> Option<bool> {
        self.read_barrier(GroupId::COMMAND, BARRIER_TIMEOUT).await.ok()?;
        let is_invited = self.group(GroupId::COMMAND).shared.view().node_ids.invited.contains(&node);
        Some(is_invited || self.members().iter().any(|(member, _)| *member == node))
    }

    /// One step at whoever leads the group.
    async fn ask_step(&self, group: GroupId, request: &Bytes, until: Instant) -> Stepped {
        let Some(leader) = self.group(group).lead.borrow().leader else { return Stepped::NotLeader };
        let deadline = until.saturating_duration_since(Instant::now()).min(STEP_TIMEOUT + LOOK);
        if leader == self.node() {
            let stepped = timeout(deadline, self.step(self.group(group), request)).await;
            return stepped.ok().and_then(Result::ok).unwrap_or(Stepped::NotLeader);
        }
        let payload = with_group(group.0, request);
        match self.0.peers.call(leader, Lane::Control, kinds::CHANGE, payload, deadline).await {
            Ok(answer) => stepped_from_bytes(&answer).unwrap_or(Stepped::NotLeader),
            Err(error) => Stepped::Waiting(error.to_string()),
        }
    }

    /// One step towards a goal, at this group's leader.
    pub(crate) async fn step(&self, group: &Group, request: &[u8]) -> io::Result<Stepped> {
        // One at a time: each looks at the members that the last one left behind.
        let _turn = group.changing.lock().await;
        if !group.lead.borrow().is_self_ready {
            return Ok(Stepped::NotLeader);
        }
        if is_invite(request)? {
            return Ok(self.give_id_away(group).await);
        }
        let (goal, node) = goal_from_bytes(request)?;
        let mut view = self.group_view(group);
        if let Goal::Learn { node } = goal {
            view.is_invited = self.is_invited(group, node).await;
        }
        Ok(match next(goal, &view) {
            // A leader that was deposed and does not know it may lack an invitation, or a member. That too few answer it knows.
            Err(refusal) if !matches!(refusal, Refusal::CostsQuorum { .. }) && !self.still_leads(group).await => {
                Stepped::NotLeader
            }
            Err(refusal) => Stepped::Refused { code: refusal.code().to_owned(), message: refusal.to_string() },
            Ok(Step::Done) => Stepped::Done,
            Ok(Step::Wait(wait)) => Stepped::Waiting(wait.to_string()),
            Ok(step) => {
                tracing::info!(group = group.id.0, ?goal, ?step, "the members change");
                take(group, step, goal, node.unwrap_or_default()).await
            }
        })
    }

    /// Whether a majority follows this node still.
    async fn still_leads(&self, group: &Group) -> bool {
        timeout(BARRIER_TIMEOUT, self.leader_read_index(group)).await.is_ok_and(|read| read.is_ok())
    }

    /// Whether a node may be taken in. The command group's leader knows the ids that were given away; the others go by it.
    async fn is_invited(&self, group: &Group, node: NodeId) -> bool {
        if group.id == GroupId::COMMAND {
            return group.shared.view().node_ids.invited.contains(&node);
        }
        let is_member = || self.members().iter().any(|(member, _)| *member == node);
        is_member() || (self.read_barrier(GroupId::COMMAND, BARRIER_TIMEOUT).await.is_ok() && is_member())
    }

    /// A membership entry that changes nothing: applying it yields the id (see [`crate::membership::NodeIds`]).
    async fn give_id_away(&self, group: &Group) -> Stepped {
        if self.group_view(group).voters.len() > 1 {
            let wait = "một thay đổi thành viên chưa xong / a change of the members is not finished";
            return Stepped::Waiting(wait.to_owned());
        }
        let same = ChangeMembers::AddVoterIds(BTreeSet::new());
        match timeout(STEP_TIMEOUT, group.raft.change_membership(same, true)).await {
            Ok(Ok(ClientWriteResponse { data: Outcome::Invited(node), .. })) => Stepped::Invited(node),
            Ok(Ok(_)) => Stepped::Waiting("một thay đổi khác xen vào / another change came between".to_owned()),
            Ok(Err(error)) => of_error(&error),
            Err(_) => Stepped::Waiting("đa số chưa trả lời / no majority has answered".to_owned()),
        }
    }

    /// The group as this node, its leader, knows it.
    pub(crate) fn group_view(&self, group: &Group) -> GroupView {
        let metrics = WatchReceiver::borrow_watched(&group.raft.metrics()).clone();
        let membership = metrics.membership_config.membership();
        let last = metrics.last_log_index.unwrap_or(0);
        let acked_ago = |node: &NodeId| metrics.heartbeat.as_ref()?.get(node)?.as_ref().map(|acked| acked.elapsed());
        let members = membership.nodes().map(|(node, _)| *node);
        let mut up: BTreeSet<NodeId> =
            members.filter(|node| is_up(acked_ago(node), self.0.peers.is_connected(*node))).collect();
        let mut lag: BTreeMap<NodeId, u64> = metrics
            .replication
            .iter()
            .flatten()
            .filter_map(|(node, matched)| Some((*node, last.saturating_sub(matched.as_ref()?.index))))
            .collect();
        let named_at = metrics.membership_config.log_id().as_ref().map_or(0, |at| at.index);
        let is_pending = named_at > group.shared.view().applied.index;
        up.insert(group.node);
        lag.insert(group.node, 0);
        GroupView {
            voters: membership.get_joint_config().clone(),
            learners: membership.learner_ids().collect(),
            leader: group.node,
            up,
            lag,
            is_invited: false,
            is_pending,
        }
    }

    /// Who belongs to the command group, by the word of `peer`; none when it does not answer, or has not heard of a quorum
    /// itself, or is of another cluster.
    pub async fn members_by(&self, peer: NodeId, deadline: Duration) -> Option<Vec<NodeId>> {
        let ask = with_group(GroupId::COMMAND.0, &[]);
        let answer = self.0.peers.call(peer, Lane::Control, kinds::MEMBERS, ask, deadline).await.ok()?;
        let told: wire::MembersResponse = decode("members", &answer).ok()?;
        (told.epoch == self.epoch()).then(|| told.nodes.iter().map(|node| node.id).collect())
    }

    /// Answers [`Groups::members_by`].
    pub(crate) async fn tell_members(&self) -> Result<Bytes, String> {
        self.read_barrier(GroupId::COMMAND, BARRIER_TIMEOUT).await.map_err(|error| error.to_string())?;
        let nodes = self.members().into_iter().map(|(id, node)| node_to_wire(id, &node)).collect();
        Ok(wire::MembersResponse { epoch: self.epoch(), nodes }.encode_to_vec().into())
    }
}

/// Does a step.
async fn take(group: &Group, step: Step, goal: Goal, node: Node) -> Stepped {
    let raft = &group.raft;
    let changed = timeout(STEP_TIMEOUT, async {
        match (step, goal) {
            (Step::AddLearner, Goal::Learn { node: id }) => raft.add_learner(id, node, false).await,
            (Step::Change(voters), _) => raft.change_membership(voters, false).await,
            (Step::FinishJoint, _) => raft.change_membership(ChangeMembers::AddVoterIds(BTreeSet::new()), false).await,
            (Step::Forget(id), _) => {
                raft.change_membership(ChangeMembers::RemoveNodes(BTreeSet::from([id])), false).await
            }
            (Step::HandOver(to), _) => {
                let mut lead = group.lead.subscribe();
                let _ = raft.trigger().transfer_leader(to).await;
                // Asked again at once it would choose anew, and two would stand.
                let passed = lead.wait_for(|lead| lead.leader.is_some_and(|leader| leader != group.node));
                let _ = timeout(HAND_OVER_WAIT, passed).await;
                return Ok(None);
            }
            _ => return Ok(None),
        }
        .map(Some)
    });
    match changed.await {
        Ok(Ok(_)) => Stepped::Waiting("bước này đã xong, còn bước sau / this step is done, another follows".to_owned()),
        Ok(Err(error)) => of_error(&error),
        Err(_) => Stepped::Waiting("đa số chưa trả lời / no majority has answered".to_owned()),
    }
}

fn of_error(error: &RaftError<TypeConfig, ClientWriteError<TypeConfig>>) -> Stepped {
    match error {
        RaftError::APIError(ClientWriteError::ForwardToLeader(_)) | RaftError::Fatal(_) => Stepped::NotLeader,
        RaftError::APIError(other) => Stepped::Waiting(other.to_string()),
    }
}

fn node_to_wire(id: NodeId, node: &Node) -> wire::Node {
    wire::Node { id, peer_address: node.peer_address.clone(), public_url: node.public_url.clone() }
}

pub(crate) fn goal_to_bytes(goal: Goal, node: Option<&Node>) -> Bytes {
    use wire::change_request::Goal as Wire;
    let goal = match goal {
        Goal::Learn { node: id } => Wire::Learn(node_to_wire(id, node.unwrap_or(&Node::default()))),
        Goal::Vote { node, instead_of } => {
            Wire::Vote(wire::VoteGoal { node, instead_of: instead_of.unwrap_or_default() })
        }
        Goal::Leave { node } => Wire::Leave(node),
    };
    wire::ChangeRequest { goal: Some(goal) }.encode_to_vec().into()
}

fn is_invite(request: &[u8]) -> io::Result<bool> {
    let wire: wire::ChangeRequest = decode("change request", request)?;
    Ok(matches!(wire.goal, Some(wire::change_request::Goal::Invite(_))))
}

pub(crate) fn goal_from_bytes(request: &[u8]) -> io::Result<(Goal, Option<Node>)> {
    use wire::change_request::Goal as Wire;
    let wire: wire::ChangeRequest = decode("change request", request)?;
    Ok(match wire.goal.ok_or_else(|| malformed("change request: no goal"))? {
        Wire::Learn(node) => {
            let goal = Goal::Learn { node: node.id };
            (goal, Some(Node { peer_address: node.peer_address, public_url: node.public_url }))
        }
        Wire::Vote(vote) => {
            let instead_of = Some(vote.instead_of).filter(|old| *old != 0);
            (Goal::Vote { node: vote.node, instead_of }, None)
        }
        Wire::Leave(node) => (Goal::Leave { node }, None),
        Wire::Invite(_) => return Err(malformed("change request: an invitation has no goal")),
    })
}

pub(crate) fn stepped_to_bytes(stepped: &Stepped) -> Bytes {
    use wire::change_response::Result as Wire;
    let result = match stepped {
        Stepped::Done => Wire::Done(wire::Blank {}),
        Stepped::Waiting(reason) => Wire::Waiting(reason.clone()),
        Stepped::Refused { code, message } => {
            Wire::Refused(wire::Refused { code: code.clone(), message: message.clone() })
        }
        Stepped::NotLeader => Wire::NotLeader(wire::Blank {}),
        Stepped::Invited(node) => Wire::Invited(*node),
    };
    wire::ChangeResponse { result: Some(result) }.encode_to_vec().into()
}

pub(crate) fn stepped_from_bytes(answer: &[u8]) -> io::Result<Stepped> {
    use wire::change_response::Result as Wire;
    let wire: wire::ChangeResponse = decode("change answer", answer)?;
    Ok(match wire.result.ok_or_else(|| malformed("change answer"))? {
        Wire::Done(_) => Stepped::Done,
        Wire::Waiting(reason) => Stepped::Waiting(reason),
        Wire::Refused(refused) => Stepped::Refused { code: refused.code, message: refused.message },
        Wire::NotLeader(_) => Stepped::NotLeader,
        Wire::Invited(node) => Stepped::Invited(node),
    })
}
