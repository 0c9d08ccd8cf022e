//! What happened in a play, counted.

use crate::storm::Kind;

/// A change that somebody makes while the storm goes on, and that is no fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A node came to vote.
    Added,
    /// A node came to vote instead of another.
    Replaced,
    /// A node left.
    Removed,
    /// A node led nothing for a while.
    Rested,
    /// A fresh cluster was made of a backup.
    Restored,
}

impl Change {
    /// All of them, with their names in records.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Added, "member_added"),
        (Self::Replaced, "member_replaced"),
        (Self::Removed, "member_removed"),
        (Self::Rested, "rested"),
        (Self::Restored, "restored"),
    ];
}

/// What a play came to, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent.
    pub sent: u64,
    /// Requests acknowledged.
    pub acknowledged: u64,
    /// Linearizable reads answered.
    pub reads: u64,
    /// Entries committed, over all groups.
    pub committed: u64,
    /// Leads won.
    pub leads: u64,
    /// Processes ended, by force or by an error of the disk.
    pub crashes: u64,
    /// Snapshots installed.
    pub snapshots: u64,
    /// Faults, by [`Kind`].
    faults: [u64; Kind::ALL.len()],
    /// Changes, by [`Change`].
    changes: [u64; Change::ALL.len()],
}

impl Counts {
    /// A fault of this kind befell.
    pub fn fault(&mut self, kind: Kind) {
        self.faults[kind as usize] += 1;
    }

    /// Faults of this kind.
    #[must_use]
    pub fn faults_of(&self, kind: Kind) -> u64 {
        self.faults[kind as usize]
    }

    /// A change was made.
    pub fn change(&mut self, change: Change) {
        self.changes[change as usize] += 1;
    }

    /// Changes of this kind.
    #[must_use]
    pub fn changes_of(&self, change: Change) -> u64 {
        self.changes[change as usize]
    }

    /// Adds what another play came to.
    pub fn add(&mut self, more: &Self) {
        self.sent += more.sent;
        self.acknowledged += more.acknowledged;
        self.reads += more.reads;
        self.committed += more.committed;
        self.leads += more.leads;
        self.crashes += more.crashes;
        self.snapshots += more.snapshots;
        for (sum, more) in self.faults.iter_mut().zip(more.faults) {
            *sum += more;
        }
        for (sum, more) in self.changes.iter_mut().zip(more.changes) {
            *sum += more;
        }
    }
}
