//! The state of a new cluster out of a backup: rows, how far they are, who the members are, and a log that goes on behind them.
//!
//! Indexes go on where the backup ends and do not begin anew: rights in the field groups name indexes of the command group,
//! and history rows carry theirs. The term goes on too, so that no entry of the new log is older than the state below it.

use std::{collections::BTreeMap, io, sync::mpsc};

use bytes::Bytes;
use domain::{GroupId, Row};
use openraft::{Membership, vote::RaftLeaderId};
use prost::Message;

use super::LogPlace;
use crate::{
    disk::{Disk, LogOp},
    membership::NodeIds,
    types::{LeaderId, LogId, Node, NodeId, StoredMembership, Vote, log_id_to_wire, meta_to_wire, vote_to_wire},
};

/// Why a group was not seeded. What was written does not count: the folder is to be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum SeedError<E> {
    /// The disk has a log or a state of this group.
    #[error("group {0}: the disk is not empty: seed a new one")]
    NotEmpty(GroupId),
    /// A new cluster has members, and names them.
    #[error("members: {0}")]
    Members(String),
    /// The disk failed.
    #[error("group {0}: the disk failed")]
    Disk(GroupId, #[source] io::Error),
    /// The rows did not come.
    #[error(transparent)]
    Rows(E),
}

/// Makes `rows` the state of `group` on an empty disk, as of `at`, in a cluster of `members`. Rows come in key order, some at
/// a time. Blocks on IO; done means on the platter.
///
/// # Errors
/// [`SeedError`].
pub fn seed<E>(
    disk: &dyn Disk,
    group: GroupId,
    at: LogPlace,
    members: &BTreeMap<NodeId, Node>,
    rows: impl IntoIterator<Item = Result<Vec<Row>, E>>,
) -> Result<(), SeedError<E>> {
    let failed = |error| SeedError::Disk(group, error);
    let log = disk.log(group.0).map_err(failed)?;
    if log != crate::disk::LogOnDisk::default() || disk.applied(group.0).map_err(failed)?.is_some() {
        return Err(SeedError::NotEmpty(group));
    }
    let voters = members.keys().copied().collect();
    let membership =
        Membership::new(vec![voters], members.clone()).map_err(|error| SeedError::Members(error.to_string()))?;
    let leader = LeaderId::new(at.term, at.leader);
    let last = LogId::new(leader.to_committed(), at.index);

    let mut install = disk.install(group.0).map_err(failed)?;
    for some in rows {
        let some = some.map_err(SeedError::Rows)?;
        install.put_rows(some.into_iter().map(|row| (row.key, row.value)).collect()).map_err(failed)?;
    }
    // The log before the state: a state without its log would be taken for a node that lost it.
    let purged = log_id_to_wire(&last).encode_to_vec().into();
    durable(disk, LogOp::Purge { group: group.0, upto: at.index, purged }).map_err(failed)?;
    let vote = vote_to_wire(&Vote::new(at.term, at.leader)).encode_to_vec().into();
    durable(disk, LogOp::Vote { group: group.0, vote }).map_err(failed)?;
    let stored = StoredMembership::new(Some(last), membership);
    // Its ids are its members': no node of the old cluster can come to it, so their ids are free.
    let applied: Bytes = meta_to_wire(Some(&last), &stored, &NodeIds::default()).encode_to_vec().into();
    install.finish(applied, at.index).map_err(failed)
}

fn durable(disk: &dyn Disk, op: LogOp) -> io::Result<()> {
    let (done, waiting) = mpsc::channel();
    disk.submit(op, Box::new(move |result| drop(done.send(result))));
    waiting.recv().map_err(|_| io::Error::other("the disk was closed"))?
}
