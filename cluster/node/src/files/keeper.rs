//! What goes on by itself: what this node should have and has not is fetched, what nothing names any more is removed, copies are read
//! over again, and whoever leads proposes to forget what has been kept for long enough.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{Command, Digest, DropFiles, GroupId, State, StoredFile};
use futures::{StreamExt, stream};
use raft::Proposal;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{LINE_WITHIN, NodeFiles};

/// How often it is looked whether something is missing.
const REPAIR_TICK: Duration = Duration::from_secs(2);

/// Files that are fetched between two looks, and at a time: a node that comes new takes what the others can spare.
const REPAIRED_AT_ONCE: usize = 64;
/// See [`REPAIRED_AT_ONCE`].
const REPAIRS_SIDE_BY_SIDE: usize = 2;

/// Every so many looks copies are read over again, and it is seen to what is over.
const LOOKS_PER_ROUND: u64 = 30;

/// Copies read over in a round: a hundred thousand photos take five weeks.
const READ_OVER_PER_ROUND: usize = 64;

/// How old a copy has to be that nothing names before it is removed: whoever put it may be about to name it, and gives up long before.
const ORPHAN_AGE: Duration = Duration::from_secs(3_600);

/// How long a quorum is given to say how far the log is.
const BARRIER_WITHIN: Duration = Duration::from_secs(5);

/// How long a proposal may take.
const PROPOSE_WITHIN: Duration = Duration::from_secs(5);

/// Runs for as long as the node does.
pub(crate) async fn keep(files: Arc<NodeFiles>) {
    let mut tick = interval(REPAIR_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    let mut read_over = Digest::default();
    for look in 0_u64.. {
        tick.tick().await;
        let mark = files.groups.read(GroupId::COMMAND, State::files_mark);
        let is_round = look % LOOKS_PER_ROUND == LOOKS_PER_ROUND - 1;
        if is_round {
            read_over = files.read_over(read_over).await;
        }
        // What a copy's damage took away is missing without a change of state.
        if seen != Some(mark) || is_round {
            seen = (files.repair().await == 0).then_some(mark);
        }
        if is_round {
            files.sweep().await;
            files.drop_due().await;
        }
    }
}

/// What is missing, in the order of the hashes.
fn missing(wanted: impl Iterator<Item = StoredFile>, held: &BTreeMap<Digest, u64>) -> Vec<StoredFile> {
    wanted.filter(|file| held.get(&file.sha256) != Some(&u64::from(file.bytes))).collect()
}

impl NodeFiles {
    /// Fetches some of what is missing; how many are still.
    async fn repair(&self) -> usize {
        let held = self.store.held();
        let missing = self.groups.read(GroupId::COMMAND, |state| missing(state.files(), &held));
        let count = missing.len();
        let fetching = missing
            .into_iter()
            .take(REPAIRED_AT_ONCE)
            .map(|file| async move { self.fetch_far(file, Instant::now() + LINE_WITHIN).await.is_some() });
        let fetched = stream::iter(fetching).buffer_unordered(REPAIRS_SIDE_BY_SIDE);
        let repaired = fetched.filter(|done| std::future::ready(*done)).count().await;
        let left = count - repaired;
        let counted = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.counters.repaired.fetch_add(counted(repaired), Ordering::Relaxed);
        self.counters.missing.store(counted(left), Ordering::Relaxed);
        if repaired > 0 || left > 0 {
            tracing::info!(repaired, left, "files that this node did not have");
        }
        left
    }

    /// Reads some copies over, from where the last round ended; where this one ended. One that is spoiled is then missing.
    async fn read_over(&self, after: Digest) -> Digest {
        let held = self.store.held();
        let mut last = Digest::default();
        for file in held.keys().filter(|file| **file > after).take(READ_OVER_PER_ROUND) {
            self.read(*file).await;
            last = *file;
        }
        last
    }

    /// Removes copies that nothing names, once this node has heard how far the log is: one that was named meanwhile is not removed.
    async fn sweep(&self) {
        if self.groups.read_barrier(GroupId::COMMAND, BARRIER_WITHIN).await.is_err() {
            return;
        }
        let held = self.store.held();
        let orphans: Vec<Digest> = self
            .groups
            .read(GroupId::COMMAND, |state| held.keys().filter(|file| state.file(file).is_none()).copied().collect());
        for file in orphans {
            let store = Arc::clone(&self.store);
            let removed = tokio::task::spawn_blocking(move || store.remove_older(&file, ORPHAN_AGE)).await;
            match removed {
                Ok(Ok(true)) => {
                    self.counters.swept.fetch_add(1, Ordering::Relaxed);
                }
                Ok(Ok(false)) | Err(_) => {}
                Ok(Err(error)) => tracing::warn!(%file, %error, "a file that nothing names cannot be removed"),
            }
        }
    }

    /// While this node leads: proposes to forget what has been kept for long enough.
    async fn drop_due(&self) {
        if !self.groups.lead_watch(GroupId::COMMAND).borrow().is_self_ready {
            return;
        }
        let numbers = self.groups.read(GroupId::COMMAND, |state| state.files_due(state.clock()));
        if numbers.is_empty() {
            return;
        }
        let command = Command::DropFiles(DropFiles { numbers });
        if let Err(error) = self.groups.propose(GroupId::COMMAND, Proposal::system(command), PROPOSE_WITHIN).await {
            tracing::warn!(%error, "files whose time is over could not be forgotten: trying again");
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::FileKind;

    use super::*;

    #[test]
    fn what_is_not_there_or_too_short_is_missing() {
        let file =
            |byte: u8| StoredFile { sha256: Digest([byte; 32]), kind: FileKind::Jpeg, bytes: 9, width: 1, height: 1 };
        let held = BTreeMap::from([(Digest([1; 32]), 9), (Digest([2; 32]), 4), (Digest([4; 32]), 9)]);
        let found = missing([1, 2, 3].map(file).into_iter(), &held);
        assert_eq!(found, [2, 3].map(file));
    }
}
