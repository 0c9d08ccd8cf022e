//! What one node says of itself and of what it knows: `GET /api/cluster`.

use serde::{Deserialize, Serialize};

/// A node's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Its id.
    pub node: u64,
    /// Name of its cluster.
    pub cluster: String,
    /// Incarnation of the cluster.
    pub epoch: u64,
    /// Version of the program.
    pub version: String,
    /// It leads nothing for now, because somebody said so or because it is stopping.
    pub is_resting: bool,
    /// Its disk.
    pub disk: DiskReport,
    /// The other members' clocks.
    pub clocks: Vec<ClockReport>,
    /// Who belongs to the cluster, as its log has it.
    pub members: Vec<MemberReport>,
    /// Every group, in order.
    pub groups: Vec<GroupReport>,
    /// What its screens told in the drill that went on last; nodes of older versions do not say.
    #[serde(default)]
    pub screens: ScreensReport,
}

/// Frames that did not come to a node's screens as they should have, while a drill went on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreensReport {
    /// Its number; 0: nothing was told in any.
    pub drill: u64,
    /// Frames that were missing.
    pub gaps: u64,
    /// Frames that came twice.
    pub doubles: u64,
}

/// How much room a node's disk has, by the limits of its `node.toml`; the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomReport {
    /// No entry is taken any more; reads go on.
    None,
    /// Not enough to lead.
    Low,
    /// Enough; what a node of an older version says nothing of.
    #[default]
    Enough,
}

impl From<raft::Room> for RoomReport {
    fn from(room: raft::Room) -> Self {
        match room {
            raft::Room::None => Self::None,
            raft::Room::Low => Self::Low,
            raft::Room::Enough => Self::Enough,
        }
    }
}

/// The disk of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskReport {
    /// Bytes that may still be written; none: the system does not say.
    pub free_bytes: Option<u64>,
    /// What the node makes of that.
    #[serde(default)]
    pub room: RoomReport,
    /// Bytes of log and state.
    pub used_bytes: u64,
    /// RocksDB takes no writes.
    pub write_stopped: bool,
    /// Errors of RocksDB in the background.
    pub background_errors: u64,
    /// What lies damaged on it, by name; nodes of older versions do not look.
    #[serde(default)]
    pub rotten: Vec<String>,
}

/// Another node's clock, as this node measures it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReport {
    /// Whose.
    pub node: u64,
    /// Whether there is a connection with it.
    pub is_connected: bool,
    /// How far it is ahead of this node's, milliseconds.
    pub offset_ms: Option<i64>,
}

/// A member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Its id.
    pub id: u64,
    /// Where peers reach it.
    pub peer_address: String,
    /// Where people reach it.
    pub url: String,
}

/// A group, as this node knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReport {
    /// Which.
    pub group: u32,
    /// Who leads.
    pub leader: Option<u64>,
    /// Raft term.
    pub term: u64,
    /// "Leader", "Follower", "Candidate", "Learner", "Shutdown".
    pub role: String,
    /// Last index in its log.
    pub last_log: u64,
    /// Last index that a quorum holds, as far as it knows.
    pub committed: u64,
    /// Last index applied.
    pub applied: u64,
    /// Last index in a snapshot since its start; 0: none was needed.
    pub snapshot: u64,
    /// Milliseconds since it heard of a quorum.
    pub quorum_age_ms: u64,
    /// Who votes.
    pub voters: Vec<u64>,
    /// Who follows without a vote.
    pub learners: Vec<u64>,
    /// A change of the voters is half done.
    pub is_changing: bool,
    /// From its leader only: how each member follows.
    pub followers: Vec<FollowerReport>,
    /// Why consensus has stopped here.
    pub fatal: Option<String>,
    /// Who came to lead when, as this node saw it since it started, oldest first, at most `raft::LEAD_CHANGES_MAX`; nodes of older
    /// versions do not say.
    #[serde(default)]
    pub leads: Vec<LeadReport>,
}

/// A change of who leads a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadReport {
    /// When, by the clock of the node that tells of it.
    pub at_ms: u64,
    /// Who leads from then on; none: nobody, as far as it knows.
    pub leader: Option<u64>,
    /// Raft term.
    pub term: u64,
}

/// How a member follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowerReport {
    /// Which.
    pub node: u64,
    /// It answered its leader lately.
    pub is_up: bool,
    /// Entries that it lacks; none: not known yet.
    pub lag_entries: Option<u64>,
}
