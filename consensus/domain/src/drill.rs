//! Drills: faults that the cluster makes on itself for a while, so that its people see what it bears before a storm does.
//!
//! A drill is in one of three phases: its faults are on; they are over, and it is measured how all becomes well again; it is
//! closed and has its verdicts. Only one is not closed at a time. Each fault ends by itself at `until_ms` on the node that suffers
//! it: what stands here says when, and nobody has to be there for it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{
    Millis, PersonId, State, limits,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What breaks.
    DrillScenario {
        /// Nodes play dead to the other nodes and to screens.
        NodeLost = "node_lost",
        /// Nodes keep their screens and have no line to the others.
        LinkLost = "link_lost",
        /// Every flush of the nodes' logs takes longer.
        SlowDisk = "slow_disk",
        /// Cameras raise exercise alarms.
        CameraStorm = "camera_storm",
        /// Calls open exercise incidents.
        CallSurge = "call_surge",
        /// The node that leads the command group plays dead while exercise incidents are opened and worked on.
        LeaderLost = "leader_lost",
    }
}

wire_enum! {
    /// Why the faults ended.
    DrillEnd {
        /// Its time was over.
        Over = "over",
        /// A person stopped it.
        Stopped = "stopped",
        /// Something else broke meanwhile.
        Unsafe = "unsafe",
        /// The node that watched it was gone.
        Lost = "lost",
    }
}

wire_enum! {
    /// What a drill holds the cluster to.
    DrillPromise {
        /// The longest wait for something to be agreed on, ms.
        Serves = "serves",
        /// The longest time in which some group had no leader, ms.
        Elects = "elects",
        /// The oldest picture that screens of nodes outside of the radius were shown, ms.
        Screens = "screens",
        /// From the end of the faults until all was well, ms.
        Heals = "heals",
        /// Writes that were acknowledged and are not there.
        Keeps = "keeps",
        /// Exercise commands in a thousand that were not taken.
        Bears = "bears",
    }
}

impl DrillScenario {
    /// Whether nodes suffer; else all of them bear a load.
    #[must_use]
    pub fn has_radius(self) -> bool {
        !matches!(self, Self::CameraStorm | Self::CallSurge)
    }

    /// What its strength may be: ms for each flush, exercise commands in a minute, or nothing.
    #[must_use]
    pub fn strengths(self) -> RangeInclusive<u32> {
        match self {
            Self::NodeLost | Self::LinkLost => 0..=0,
            Self::SlowDisk => 1..=limits::DRILL_FLUSH_MS_MAX,
            Self::CameraStorm | Self::CallSurge | Self::LeaderLost => 1..=limits::DRILL_COMMANDS_PER_MIN_MAX,
        }
    }
}

/// What the watching node measured since the sample before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillSample {
    /// Grows by one.
    pub number: u32,
    /// When, by the clock of the watching node.
    pub at_ms: Millis,
    /// How long the sample before waited to be agreed on; 0: there was none.
    pub commit_ms: u32,
    /// The longest time in which some group had no leader.
    pub leaderless_ms: u32,
    /// The terms of all groups together: it grows with each election.
    pub terms: u64,
    /// Entries that the slowest node that answers lacks, over all groups.
    pub lag_entries: u64,
    /// The oldest picture on a node outside of the radius.
    pub screens_age_ms: u32,
    /// Nodes that did not answer.
    pub silent: u32,
    /// Exercise commands until now.
    pub sent: u32,
    /// How many of them were not taken.
    pub refused: u32,
    /// Samples that were acknowledged and are not there.
    pub missing: u32,
    /// All is well with the cluster.
    pub healthy: bool,
    /// Frames that screens of all nodes found missing in the drill until now.
    #[serde(default)]
    pub screen_gaps: u32,
    /// Frames that came to them twice.
    #[serde(default)]
    pub screen_doubles: u32,
}

record!(DrillSample {
    number,
    at_ms,
    commit_ms,
    leaderless_ms,
    terms,
    lag_entries,
    screens_age_ms,
    silent,
    sent,
    refused,
    missing,
    healthy,
    screen_gaps,
    screen_doubles,
});

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillVerdict {
    /// Which.
    pub promise: DrillPromise,
    /// In the promise's own unit.
    pub measured: u64,
    /// At most.
    pub target: u64,
    /// Whether.
    pub kept: bool,
}

record!(DrillVerdict { promise, measured, target, kept });

/// A drill, with what was measured of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// Grows by one with each drill.
    pub number: u64,
    /// What breaks.
    pub scenario: DrillScenario,
    /// Nodes that suffer, ascending; of a storm none.
    pub nodes: Vec<u64>,
    /// The node that watches and measures; it does not suffer.
    pub observer: u64,
    /// See [`DrillScenario::strengths`].
    pub strength: u32,
    /// When.
    pub started_at_ms: Millis,
    /// No fault lasts longer, whoever is gone.
    pub until_ms: Millis,
    /// Who started it.
    pub by: Option<PersonId>,
    /// What for, in their words.
    pub purpose: String,
    /// 0: it goes on.
    pub ended_at_ms: Millis,
    /// Why it ended; none: it goes on.
    pub ended: Option<DrillEnd>,
    /// Who stopped it.
    pub ended_by: Option<PersonId>,
    /// 0: it is still being measured how all becomes well again.
    pub closed_at_ms: Millis,
    /// In order, at most `limits::DRILL_SAMPLES_MAX`.
    pub samples: Vec<DrillSample>,
    /// Of a closed drill; none: nobody measured it.
    pub verdicts: Vec<DrillVerdict>,
}

record!(Drill {
    number,
    scenario,
    nodes,
    observer,
    strength,
    started_at_ms,
    until_ms,
    by,
    purpose,
    ended_at_ms,
    ended,
    ended_by,
    closed_at_ms,
    samples,
    verdicts,
});

impl Drill {
    /// Whether its report is final.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed_at_ms.is_set()
    }

    /// Whether every promise was measured and kept.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.is_closed() && !self.verdicts.is_empty() && self.verdicts.iter().all(|verdict| verdict.kept)
    }

    /// What every screen is told of it.
    #[must_use]
    pub fn now(&self) -> DrillNow {
        DrillNow {
            number: self.number,
            scenario: self.scenario,
            nodes: self.nodes.clone(),
            observer: self.observer,
            strength: self.strength,
            started_at_ms: self.started_at_ms,
            until_ms: self.until_ms,
            ended: self.ended.is_some(),
        }
    }
}

/// What every screen, and every node, is told of the drill that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillNow {
    /// Which.
    pub number: u64,
    /// What breaks.
    pub scenario: DrillScenario,
    /// Nodes that suffer.
    pub nodes: Vec<u64>,
    /// The node that watches and measures.
    pub observer: u64,
    /// See [`DrillScenario::strengths`].
    pub strength: u32,
    /// When.
    pub started_at_ms: Millis,
    /// No fault lasts longer.
    pub until_ms: Millis,
    /// The faults are over.
    pub ended: bool,
}

record!(DrillNow { number, scenario, nodes, observer, strength, started_at_ms, until_ms, ended });

impl State {
    /// Drills by number, the oldest ones forgotten (group 0).
    #[must_use]
    pub fn drills(&self) -> &std::collections::BTreeMap<u64, Drill> {
        &self.drills
    }

    /// The one that is not closed (group 0).
    #[must_use]
    pub fn open_drill(&self) -> Option<&Drill> {
        // Only the newest can be: none starts before the one before it is closed.
        self.drills.last_key_value().map(|(_, drill)| drill).filter(|drill| !drill.is_closed())
    }

    /// What every screen is told of it (group 0).
    #[must_use]
    pub fn drill_now(&self) -> Option<DrillNow> {
        self.open_drill().map(Drill::now)
    }
}
