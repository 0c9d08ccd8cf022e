//! One entrance per parser of what other nodes send, for the fuzz targets: whatever the bytes are, none of these may
//! panic, and each result is checked for what it promises. Each says whether the bytes were taken whole, so that a corpus
//! that never gets in is found out.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::GroupId;
use openraft::{EntryPayload, Membership, entry::RaftEntry, vote::RaftLeaderId};
use prost::Message;

use crate::{
    change::{Stepped, goal_from_bytes, goal_to_bytes, stepped_from_bytes, stepped_to_bytes},
    disk::{Disk, RowBatch},
    machine::{load, meta_of},
    membership::{Goal, NodeIds},
    memory::MemoryDisk,
    network::{append_result, append_result_to_bytes, with_group},
    serve::{split_group, vote_request},
    snapshot::{Parts, Received},
    types::{
        AppendRequest, Encoded, Entry, LeaderId, LogId, Node, StoredMembership, Vote, append_from_bytes,
        append_to_bytes, decode, encode_entry, entry_from_bytes, log_id_to_wire, meta_to_wire, required_vote,
        vote_to_wire,
    },
    wire,
};

/// Append requests, and the entries in them.
pub fn fuzz_append(data: &[u8]) -> bool {
    let Ok(request) = append_from_bytes(Bytes::copy_from_slice(data)) else { return false };
    for entry in &request.entries {
        let bytes = encode_entry(entry);
        let again = entry_from_bytes(bytes.clone()).map(|again| encode_entry(&again));
        assert!(again.is_ok_and(|again| again == bytes), "an entry is written and read as the same");
    }
    let bytes = append_to_bytes(&request);
    let again = append_from_bytes(bytes.clone()).map(|again| append_to_bytes(&again));
    assert!(again.is_ok_and(|again| again == bytes), "a request is written and read as the same");
    true
}

/// Votes, votes beforehand, the handing over of the lead and changes of the members, each behind its group.
pub fn fuzz_call(data: &[u8]) -> bool {
    let Ok((_, message)) = split_group(Bytes::copy_from_slice(data)) else { return false };
    let is_vote = vote_request(&message).is_ok();
    let is_transfer = decode::<wire::TransferLeaderRequest>("transfer request", &message)
        .is_ok_and(|transfer| required_vote(transfer.from_leader.as_ref()).is_ok());
    let goal = goal_from_bytes(&message);
    if let Ok((goal, node)) = &goal {
        let again = goal_from_bytes(&goal_to_bytes(*goal, node.as_ref()));
        assert!(again.is_ok_and(|again| again == (*goal, node.clone())), "a goal is written and read as the same");
    }
    is_vote | is_transfer | goal.is_ok()
}

/// What is answered to this node: to an append, in a stream or not, to a vote, to a snapshot, to a read.
pub fn fuzz_answer(data: &[u8]) -> bool {
    let streamed = append_result(data);
    if let Ok(result) = &streamed {
        let bytes = append_result_to_bytes(result);
        let again = append_result(&bytes).map(|again| append_result_to_bytes(&again));
        assert!(again.is_ok_and(|again| again == bytes), "an answer is written and read as the same");
    }
    let voted = decode::<wire::VoteResponse>("vote answer", data);
    let installed = decode::<wire::SnapshotResponse>("snapshot answer", data);
    let is_vote = voted.is_ok_and(|voted| required_vote(voted.vote.as_ref()).is_ok());
    let is_installed = installed.is_ok_and(|installed| required_vote(installed.vote.as_ref()).is_ok());
    let is_appended = decode::<wire::AppendResponse>("append answer", data).is_ok();
    let is_read = decode::<wire::ReadIndexResponse>("read answer", data).is_ok();
    let is_stepped = stepped_from_bytes(data).is_ok();
    let is_told = decode::<wire::MembersResponse>("members", data).is_ok();
    streamed.is_ok() | is_vote | is_installed | is_appended | is_read | is_stepped | is_told
}

/// A snapshot as it is received, from its header to the state that is loaded from it: the header behind its group, then
/// the parts, each after two bytes of length.
pub fn fuzz_snapshot(data: &[u8]) -> bool {
    let mut parts = Lengths(data);
    let Some(header) = parts.next() else { return false };
    let Ok((group, header)) = split_group(Bytes::copy_from_slice(header)) else { return false };
    let Ok(header) = decode::<wire::SnapshotHeader>("snapshot header", &header) else { return false };
    let (Ok(_), Ok((meta, ids))) = (required_vote(header.vote.as_ref()), meta_of(header)) else { return false };
    let disk = MemoryDisk::new();
    let is_ours = GroupId::all().any(|ours| ours.0 == group);
    let Some(mut received) =
        is_ours.then(|| disk.install(group).ok().map(|install| Received::new(install, ids.clone()))).flatten()
    else {
        return false;
    };
    for part in parts {
        match received.take(part) {
            Ok(false) => {}
            Ok(true) => {
                let applied = meta_to_wire(meta.last_log_id.as_ref(), &meta.last_membership, &ids).encode_to_vec();
                let floor = meta.last_log_id.map_or(0, |id| id.index);
                return received.finish(applied.into(), floor).is_ok() && load(group, &disk).is_ok();
            }
            Err(_) => return false,
        }
    }
    false
}

/// Pieces, each after two bytes of length; the last may be shorter than it says.
struct Lengths<'a>(&'a [u8]);

impl<'a> Iterator for Lengths<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let (piece, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        self.0 = rest;
        Some(piece)
    }
}

fn with_length(piece: &[u8]) -> Vec<u8> {
    let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], piece].concat()
}

fn log_id(index: u64) -> LogId {
    LogId::new(LeaderId::new(3, 1).to_committed(), index)
}

fn membership() -> Membership<u64, Node> {
    let voters = BTreeSet::from([1, 2, 3]);
    let node = |id| Node { peer_address: format!("node-{id}:7001"), public_url: format!("https://node-{id}.example") };
    let nodes: BTreeMap<u64, Node> = voters.iter().map(|id| (*id, node(*id))).collect();
    Membership::new(vec![voters], nodes).unwrap_or_default()
}

/// Right inputs of [`fuzz_append`]; `proposals` are encoded entries of the domain.
#[must_use]
pub fn append_seeds(proposals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let proposals = proposals.iter().map(|bytes| EntryPayload::Normal(Encoded::new(Bytes::copy_from_slice(bytes))));
    let payloads = [EntryPayload::Blank, EntryPayload::Membership(membership())].into_iter().chain(proposals);
    let entries = (8..).zip(payloads).map(|(index, payload)| Entry::new(log_id(index), payload));
    let entries: Vec<Entry> = entries.collect();
    let request = |entries: &[Entry]| {
        let request = AppendRequest {
            vote: Vote::new_committed(3, 1),
            prev_log_id: Some(log_id(entries.first().map_or(7, |first| first.index() - 1))),
            leader_commit: Some(log_id(6)),
            entries: entries.to_vec(),
        };
        append_to_bytes(&request).to_vec()
    };
    entries.chunks(3).map(request).chain([request(&[])]).collect()
}

/// Right inputs of [`fuzz_call`].
#[must_use]
pub fn call_seeds() -> Vec<Vec<u8>> {
    let vote = Some(vote_to_wire(&Vote::new(3, 1)));
    let last_log_id = Some(log_id_to_wire(&log_id(7)));
    let asked = wire::VoteRequest { vote, last_log_id, leader_transfer: true };
    let handed = wire::TransferLeaderRequest { from_leader: vote, to_node: 2, last_log_id };
    let node = Node { peer_address: "node-4:7001".to_owned(), public_url: "https://node-4.example".to_owned() };
    let goals = [
        goal_to_bytes(Goal::Learn { node: 4 }, Some(&node)),
        goal_to_bytes(Goal::Vote { node: 4, instead_of: Some(3) }, None),
        goal_to_bytes(Goal::Leave { node: 3 }, None),
    ];
    let calls = [asked.encode_to_vec().into(), handed.encode_to_vec().into()].into_iter().chain(goals);
    calls.map(|message: Bytes| with_group(4, &message).to_vec()).collect()
}

/// Right inputs of [`fuzz_answer`].
#[must_use]
pub fn answer_seeds() -> Vec<Vec<u8>> {
    use openraft::raft::StreamAppendError::{Conflict, HigherVote};
    let vote = Some(vote_to_wire(&Vote::new(3, 1)));
    let last_log_id = Some(log_id_to_wire(&log_id(7)));
    let streamed = [Ok(Some(log_id(7))), Ok(None), Err(Conflict(log_id(7))), Err(HigherVote(Vote::new(4, 2)))];
    let mut seeds: Vec<Vec<u8>> = streamed.iter().map(|result| append_result_to_bytes(result).to_vec()).collect();
    seeds.push(wire::VoteResponse { vote, last_log_id, vote_granted: true }.encode_to_vec());
    seeds.push(wire::SnapshotResponse { vote }.encode_to_vec());
    seeds.push(wire::ReadIndexResponse { read_log_id: last_log_id }.encode_to_vec());
    let refused = Stepped::Refused { code: "too_few".to_owned(), message: "invite another first".to_owned() };
    let steps = [Stepped::Done, Stepped::Waiting("node 4 lacks 7 entries".to_owned()), refused, Stepped::Invited(4)];
    seeds.extend(steps.iter().map(|step| stepped_to_bytes(step).to_vec()));
    seeds
}

/// A right input of [`fuzz_snapshot`]: the snapshot of `group` with these rows, of which there are less than 64 KiB. None
/// when they are no rows.
#[must_use]
pub fn snapshot_seeds(group: u32, rows: &[(Bytes, Bytes)]) -> Vec<Vec<u8>> {
    let last = log_id(7);
    let meta = meta_to_wire(Some(&last), &StoredMembership::new(Some(log_id(2)), membership()), &NodeIds::default());
    let header =
        wire::SnapshotHeader { vote: Some(vote_to_wire(&Vote::new_committed(3, 1))), meta: Some(meta.clone()) };
    let mut seed = with_length(&with_group(group, &header.encode_to_vec()));
    let disk = MemoryDisk::new();
    let batch = RowBatch { puts: rows.to_vec(), applied: meta.encode_to_vec().into(), ..RowBatch::default() };
    let view = disk.write_rows(group, batch).and_then(|()| disk.snapshot(group));
    let Ok(mut parts) = view.map(Parts::new) else { return Vec::new() };
    while let Ok(Some(part)) = parts.next() {
        seed.extend(with_length(&part));
    }
    vec![seed]
}
