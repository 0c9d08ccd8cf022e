//! What stands in memory and on the disk after truncations, snapshots and starts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use openraft::vote::RaftLeaderId;

use super::*;
use crate::{memory::MemoryDisk, types::LeaderId};

fn at(term: u64, index: u64) -> LogId {
    LogId::new(LeaderId::new(term, 1).to_committed(), index)
}

fn blank(term: u64, index: u64) -> Entry {
    Entry::new(at(term, index), openraft::EntryPayload::Blank)
}

fn held(disk: &MemoryDisk) -> Vec<(u64, u64)> {
    let read = disk.read_log(0, 0..u64::MAX, READ_BYTES_MAX).unwrap();
    let ids = read.into_iter().map(|(_, bytes)| entry_from_bytes(bytes).unwrap().log_id());
    ids.map(|id| (id.committed_leader_id().term, id.index)).collect()
}

async fn log_of(disk: &MemoryDisk, entries: impl Iterator<Item = Entry>) -> LogStore {
    let mut log = LogStore::open(0, Arc::new(disk.clone())).unwrap();
    log.append(entries.collect::<Vec<_>>(), IOFlushed::noop()).await.unwrap();
    log
}

/// A follower that was to install a snapshot had dropped an entry that a majority had agreed on with its vote, before it had
/// the snapshot in the place of it.
#[tokio::test]
async fn what_is_truncated_for_a_snapshot_stays_until_the_snapshot_is_there() {
    let disk = MemoryDisk::new();
    let mut log = log_of(&disk, (1..=6).map(|index| blank(1, index))).await;
    // openraft knows of three that they are committed; where the snapshot ends, 5, the leader has another entry.
    log.truncate_after(Some(at(1, 3))).await.unwrap();
    assert_eq!(log.get_log_state().await.unwrap().last_log_id, Some(at(1, 3)));
    assert!(log.try_get_log_entries(4..9).await.unwrap().is_empty());
    assert_eq!(held(&disk).len(), 6, "a crash now loses nothing");
    // The snapshot is installed.
    log.purge(at(2, 5)).await.unwrap();
    assert!(held(&disk).is_empty());
    log.append([blank(2, 6)], IOFlushed::noop()).await.unwrap();
    assert_eq!(held(&disk), [(2, 6)]);
    assert_eq!(log.get_log_state().await.unwrap().last_log_id, Some(at(2, 6)));
}

#[tokio::test]
async fn what_is_truncated_goes_when_other_entries_come() {
    let disk = MemoryDisk::new();
    let mut log = log_of(&disk, (1..=6).map(|index| blank(1, index))).await;
    log.truncate_after(Some(at(1, 4))).await.unwrap();
    log.truncate_after(Some(at(1, 3))).await.unwrap();
    log.append([blank(2, 4)], IOFlushed::noop()).await.unwrap();
    assert_eq!(held(&disk), [(1, 1), (1, 2), (1, 3), (2, 4)]);
    // A purge of what lies before leaves it alone.
    log.truncate_after(Some(at(1, 3))).await.unwrap();
    log.purge(at(1, 2)).await.unwrap();
    assert_eq!(held(&disk), [(1, 3), (2, 4)]);
    log.append([blank(3, 4)], IOFlushed::noop()).await.unwrap();
    assert_eq!(held(&disk), [(1, 3), (3, 4)]);
}

#[tokio::test]
async fn a_log_that_a_crash_left_under_another_snapshot_begins_behind_it() {
    let disk = MemoryDisk::new();
    drop(log_of(&disk, (1..=6).map(|index| blank(1, index))).await);
    let open = |applied| {
        let log = LogStore::open(0, Arc::new(disk.clone())).unwrap();
        log.begin_behind(applied).unwrap();
        log
    };
    // Rows may be ahead of the log, by entries that were written and not flushed.
    for same in [None, Some(at(1, 5)), Some(at(1, 9))] {
        assert_eq!(open(same).get_log_state().await.unwrap().last_log_id, Some(at(1, 6)));
    }
    let state = open(Some(at(2, 5))).get_log_state().await.unwrap();
    assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(at(2, 5)), Some(at(2, 5))));
    assert!(held(&disk).is_empty());
    let again = LogStore::open(0, Arc::new(disk)).unwrap().get_log_state().await.unwrap();
    assert_eq!(again.last_log_id, Some(at(2, 5)));
}

/// The log ends before the snapshot, with an entry of a later leader that nobody followed: by the order of log ids it is the
/// newer, and what comes next would not follow on it.
#[tokio::test]
async fn a_log_that_ends_before_the_snapshot_under_a_later_leader_begins_behind_it() {
    let disk = MemoryDisk::new();
    drop(log_of(&disk, (1..=5).map(|index| blank(1, index)).chain([blank(5, 6)])).await);
    let mut log = LogStore::open(0, Arc::new(disk.clone())).unwrap();
    log.begin_behind(Some(at(4, 9))).unwrap();
    let state = log.get_log_state().await.unwrap();
    assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(at(4, 9)), Some(at(4, 9))));
    log.append([blank(6, 10)], IOFlushed::noop()).await.unwrap();
    assert_eq!(held(&disk), [(6, 10)]);
}

/// After a start only the last entry stands in memory. A read that went on to it gave openraft entries behind the
/// committed ones, and it applied them.
#[tokio::test]
async fn a_read_after_a_start_ends_where_it_was_told_to() {
    let disk = MemoryDisk::new();
    let entry = |index| {
        let log_id = LogId::new(LeaderId::new(1, 1).to_committed(), index);
        (index, entry_with_bytes(Entry::new(log_id, openraft::EntryPayload::Blank)).1)
    };
    let entries = (1..=10).map(entry).collect();
    disk.submit(LogOp::Append { group: 0, entries }, Box::new(|done| done.unwrap()));
    let mut log = LogStore::open(0, Arc::new(disk)).unwrap();
    let indexes = |read: Vec<Entry>| read.iter().map(|entry| entry.index()).collect::<Vec<_>>();
    assert_eq!(indexes(log.try_get_log_entries(3..5).await.unwrap()), [3, 4]);
    assert_eq!(indexes(log.limited_get_log_entries(3, 5).await.unwrap()), [3, 4]);
    let streamed: Vec<_> = futures::TryStreamExt::try_collect(log.entries_stream(3..5).await).await.unwrap();
    assert_eq!(indexes(streamed), [3, 4]);
    assert_eq!(indexes(log.try_get_log_entries(8..=10).await.unwrap()), [8, 9, 10]);
}
