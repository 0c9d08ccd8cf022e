//! The types that openraft is filled in with, and their protobuf forms. Nothing of openraft's own serialization is used:
//! it promises no stable form for wire or disk.

use std::{collections::BTreeMap, fmt, io};

use bytes::Bytes;
use domain::{Logged, Reply};
use openraft::{EntryPayload, Membership, entry::RaftEntry, vote::RaftLeaderId};
use prost::Message;

use crate::{
    membership::{INVITED_MAX, NodeIds},
    wire,
};

/// A node. Ids are never used twice: a node that lost its disk comes back under a new one.
pub type NodeId = u64;

/// What the log carries: an encoded `domain::Entry`, opaque to consensus.
#[derive(Clone)]
pub struct Encoded {
    /// The entry of the domain.
    pub proposal: Bytes,
    /// The log entry that it stands in, as it goes to the disk and to every follower: encoded once. `proposal` is a part of it
    /// then, so it costs no memory. None until the entry has its place in a log.
    whole: Option<Bytes>,
}

impl Encoded {
    /// A proposal without a place in a log.
    #[must_use]
    pub fn new(proposal: Bytes) -> Self {
        Self { proposal, whole: None }
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.proposal == other.proposal
    }
}

impl Eq for Encoded {}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.proposal.len())
    }
}

impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What applying an entry came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A blank entry, or one that changed who the members are.
    Nothing,
    /// A membership entry that changed nothing: this node id was given away.
    Invited(NodeId),
    /// A proposal, and where the log has it, or the first of which it is a retry.
    Replied(Reply, Logged),
}

/// Where a node is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// `host:port` of its peer listener.
    pub peer_address: String,
    /// Origin of its gateway, for screens.
    pub public_url: String,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.peer_address)
    }
}

openraft::declare_raft_types!(
    /// openraft, filled in.
    pub TypeConfig:
        D = Encoded,
        R = Outcome,
        NodeId = NodeId,
        Node = Node,
        AsyncRuntime = crate::stage::Runtime,
);

pub(crate) type LeaderId = openraft::type_config::alias::LeaderIdOf<TypeConfig>;
pub(crate) type LogId = openraft::type_config::alias::LogIdOf<TypeConfig>;
pub(crate) type Vote = openraft::type_config::alias::VoteOf<TypeConfig>;
pub(crate) type Entry = openraft::type_config::alias::EntryOf<TypeConfig>;
pub(crate) type StoredMembership = openraft::type_config::alias::StoredMembershipOf<TypeConfig>;
pub(crate) type SnapshotMeta = openraft::type_config::alias::SnapshotMetaOf<TypeConfig>;
pub(crate) type Snapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, crate::snapshot::SnapshotData>;
pub(crate) type AppendRequest = openraft::raft::AppendEntriesRequest<TypeConfig>;

/// Bytes from a disk or a peer that are not what they should be.
pub(crate) fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}"))
}

pub(crate) fn decode<M: Message + Default>(what: &str, bytes: &[u8]) -> io::Result<M> {
    M::decode(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}: {e}")))
}

pub(crate) fn log_id_to_wire(id: &LogId) -> wire::LogId {
    let leader = id.committed_leader_id();
    wire::LogId { term: leader.term, node: leader.node_id, index: id.index }
}

pub(crate) fn log_id_from_wire(id: &wire::LogId) -> LogId {
    LogId::new(LeaderId::new(id.term, id.node).to_committed(), id.index)
}

pub(crate) fn vote_to_wire(vote: &Vote) -> wire::Vote {
    wire::Vote { term: vote.leader_id.term, node: vote.leader_id.node_id, committed: vote.is_committed() }
}

pub(crate) fn vote_from_wire(vote: &wire::Vote) -> Vote {
    if vote.committed { Vote::new_committed(vote.term, vote.node) } else { Vote::new(vote.term, vote.node) }
}

pub(crate) fn required_vote(vote: Option<&wire::Vote>) -> io::Result<Vote> {
    vote.map(vote_from_wire).ok_or_else(|| malformed("vote"))
}

fn membership_to_wire(membership: &Membership<NodeId, Node>) -> wire::Membership {
    wire::Membership {
        configs: membership
            .get_joint_config()
            .iter()
            .map(|voters| wire::VoterSet { nodes: voters.iter().copied().collect() })
            .collect(),
        nodes: membership
            .nodes()
            .map(|(id, node)| wire::Node {
                id: *id,
                peer_address: node.peer_address.clone(),
                public_url: node.public_url.clone(),
            })
            .collect(),
    }
}

fn membership_from_wire(membership: wire::Membership) -> io::Result<Membership<NodeId, Node>> {
    let configs = membership.configs.into_iter().map(|set| set.nodes.into_iter().collect()).collect();
    let nodes: BTreeMap<NodeId, Node> = membership
        .nodes
        .into_iter()
        .map(|node| (node.id, Node { peer_address: node.peer_address, public_url: node.public_url }))
        .collect();
    Membership::new(configs, nodes).map_err(io::Error::other)
}

/// The entry as it goes to the disk and over the wire.
pub(crate) fn entry_to_bytes(entry: &Entry) -> Bytes {
    match &entry.payload {
        EntryPayload::Normal(Encoded { whole: Some(whole), .. }) => whole.clone(),
        _ => encode_entry(entry),
    }
}

/// The same, and the entry keeps them: whoever sends it to a follower encodes nothing. Only for an entry that has its place in
/// the log.
pub(crate) fn entry_with_bytes(mut entry: Entry) -> (Entry, Bytes) {
    let bytes = entry_to_bytes(&entry);
    if let EntryPayload::Normal(encoded) = &mut entry.payload
        && encoded.whole.is_none()
    {
        // As it was encoded here, the proposal is the last field.
        let proposal = bytes.slice(bytes.len().saturating_sub(encoded.proposal.len())..);
        debug_assert_eq!(proposal, encoded.proposal, "the proposal ends its entry");
        *encoded = Encoded { proposal, whole: Some(bytes.clone()) };
    }
    (entry, bytes)
}

pub(crate) fn encode_entry(entry: &Entry) -> Bytes {
    use wire::entry::Payload;
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(wire::Blank {}),
        EntryPayload::Normal(encoded) => Payload::Proposal(encoded.proposal.clone()),
        EntryPayload::Membership(membership) => Payload::Membership(membership_to_wire(membership)),
    };
    wire::Entry { log_id: Some(log_id_to_wire(&entry.log_id)), payload: Some(payload) }.encode_to_vec().into()
}

pub(crate) fn entry_from_bytes(bytes: Bytes) -> io::Result<Entry> {
    use wire::entry::Payload;
    let wire = wire::Entry::decode(bytes.clone()).map_err(|e| malformed(&format!("log entry: {e}")))?;
    let log_id = wire.log_id.as_ref().map(log_id_from_wire).ok_or_else(|| malformed("log entry: no id"))?;
    let payload = match wire.payload.ok_or_else(|| malformed("log entry: no payload"))? {
        Payload::Blank(_) => EntryPayload::Blank,
        Payload::Proposal(proposal) => EntryPayload::Normal(Encoded { proposal, whole: Some(bytes) }),
        Payload::Membership(membership) => EntryPayload::Membership(membership_from_wire(membership)?),
    };
    Ok(Entry::new(log_id, payload))
}

pub(crate) fn meta_to_wire(last: Option<&LogId>, membership: &StoredMembership, ids: &NodeIds) -> wire::SnapshotMeta {
    wire::SnapshotMeta {
        last_log_id: last.map(log_id_to_wire),
        node_ids: Some(wire::NodeIds { highest: ids.highest, invited: ids.invited.iter().copied().collect() }),
        last_membership: Some(wire::StoredMembership {
            log_id: membership.log_id().as_ref().map(log_id_to_wire),
            membership: Some(membership_to_wire(membership.membership())),
        }),
    }
}

pub(crate) fn meta_from_wire(meta: wire::SnapshotMeta) -> io::Result<SnapshotMeta> {
    let stored = meta.last_membership.ok_or_else(|| malformed("snapshot meta: no membership"))?;
    let membership = membership_from_wire(stored.membership.ok_or_else(|| malformed("membership"))?)?;
    Ok(SnapshotMeta {
        last_log_id: meta.last_log_id.as_ref().map(log_id_from_wire),
        last_membership: StoredMembership::new(stored.log_id.as_ref().map(log_id_from_wire), membership),
    })
}

/// The ids that were given away, as a snapshot or an applied record says. One from before they were kept knows those of
/// its members.
pub(crate) fn node_ids_from_wire(meta: &wire::SnapshotMeta) -> NodeIds {
    let members = meta.last_membership.iter().filter_map(|stored| stored.membership.as_ref()).flat_map(|it| &it.nodes);
    let known = members.map(|node| node.id).max().unwrap_or_default();
    let ids = meta.node_ids.clone().unwrap_or_default();
    let highest = ids.highest.max(known);
    let invited = ids.invited.into_iter().filter(|id| *id <= highest).rev().take(INVITED_MAX).collect();
    NodeIds { highest, invited }
}

pub(crate) fn append_to_bytes(request: &AppendRequest) -> Bytes {
    wire::AppendRequest {
        vote: Some(vote_to_wire(&request.vote)),
        prev_log_id: request.prev_log_id.as_ref().map(log_id_to_wire),
        leader_commit: request.leader_commit.as_ref().map(log_id_to_wire),
        entries: request.entries.iter().map(entry_to_bytes).collect(),
    }
    .encode_to_vec()
    .into()
}

/// Whether the entries follow on each other and on the one before them. openraft takes that for granted on both sides: a leader whose
/// log was purged under a stream would read on behind the gap, and a follower would append behind it.
pub(crate) fn is_gapless(request: &AppendRequest) -> bool {
    let mut next = request.prev_log_id.as_ref().map_or(0, |before| before.index.saturating_add(1));
    request.entries.iter().all(|entry| {
        let follows = entry.index() == next;
        next = next.saturating_add(1);
        follows
    })
}

pub(crate) fn append_from_bytes(bytes: Bytes) -> io::Result<AppendRequest> {
    let wire = wire::AppendRequest::decode(bytes).map_err(|e| malformed(&format!("append request: {e}")))?;
    let request = AppendRequest {
        vote: required_vote(wire.vote.as_ref())?,
        prev_log_id: wire.prev_log_id.as_ref().map(log_id_from_wire),
        leader_commit: wire.leader_commit.as_ref().map(log_id_from_wire),
        entries: wire.entries.into_iter().map(entry_from_bytes).collect::<io::Result<_>>()?,
    };
    if is_gapless(&request) {
        Ok(request)
    } else {
        Err(malformed("append request: a gap before or between its entries"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_encoded_once_for_the_disk_and_for_every_follower() {
        let log_id = LogId::new(LeaderId::new(3, 2).to_committed(), 77);
        for proposal in ["", "a proposal"].map(Bytes::from) {
            let entry = Entry::new(log_id, EntryPayload::Normal(Encoded::new(proposal.clone())));
            let (kept, disk) = entry_with_bytes(entry.clone());
            assert_eq!(disk, encode_entry(&entry));
            assert_eq!(kept, entry);
            let request = AppendRequest {
                vote: Vote::new_committed(3, 2),
                prev_log_id: Some(LogId::new(LeaderId::new(3, 2).to_committed(), 76)),
                leader_commit: None,
                entries: vec![kept.clone()],
            };
            // What is sent are the very bytes that went to the disk, and the follower keeps those that came.
            assert_eq!(entry_to_bytes(&kept).as_ptr(), disk.as_ptr());
            let received = append_from_bytes(append_to_bytes(&request)).unwrap();
            let [received] = &received.entries[..] else { panic!("one entry") };
            assert_eq!(*received, entry);
            let EntryPayload::Normal(Encoded { proposal: held, whole: Some(whole) }) = &received.payload else {
                panic!("a proposal with its entry")
            };
            assert_eq!((held, whole), (&proposal, &disk));
            assert!(held.is_empty() || whole.as_ptr_range().contains(&held.as_ptr()), "held once");
        }
    }

    #[test]
    fn a_request_with_a_gap_is_refused() {
        let log_id = |index| LogId::new(LeaderId::new(1, 1).to_committed(), index);
        let request = |prev: Option<u64>, indexes: &[u64]| AppendRequest {
            vote: Vote::new_committed(1, 1),
            prev_log_id: prev.map(log_id),
            leader_commit: None,
            entries: indexes.iter().map(|index| Entry::new(log_id(*index), EntryPayload::Blank)).collect(),
        };
        let is_taken = |request: AppendRequest| append_from_bytes(append_to_bytes(&request)).is_ok();
        assert!(is_taken(request(None, &[0, 1])));
        assert!(is_taken(request(Some(29), &[30, 31])));
        assert!(is_taken(request(Some(29), &[])));
        // The leader had purged up to 38 while it was streaming from 30 on.
        assert!(!is_taken(request(Some(29), &[39, 40])));
        assert!(!is_taken(request(Some(29), &[30, 32])));
        assert!(!is_taken(request(None, &[1])));
    }
}
