//! What becomes of a message that brings no reply.

use raft::NodeId;

/// Why there is no reply. Only after `Unknown` may the message have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// A bound was reached before the message was looked at; nothing was done. Send again later.
    #[error("the group is at its bound of messages; send again later")]
    Overloaded,
    /// Nobody led the group within the deadline; nothing was done. Send again.
    #[error("nobody led the group within the deadline; send again")]
    NoLeader,
    /// The outcome is unknown. Send the same again, with the same identity.
    #[error("the outcome is unknown; send the same again")]
    Unknown,
    /// No node's disk has room for more; nothing was done. What is stored can be read.
    #[error("the disks have no room for more; make some, then send again")]
    DiskFull,
    /// This node is stopping; nothing was done. Ask another node.
    #[error("this node is stopping; ask another")]
    Stopped,
}

/// Why this node did not serve a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServeError {
    /// It does not lead the group; nothing was done.
    NotLeader(Option<NodeId>),
    Overloaded,
    DiskFull,
    Unknown,
    Stopped,
}

impl ServeError {
    /// Of several failures of one message, the one that tells the truth about all of it.
    pub(crate) fn worst(self, other: Self) -> Self {
        fn rank(error: ServeError) -> u8 {
            match error {
                ServeError::NotLeader(_) => 0,
                ServeError::Overloaded => 1,
                ServeError::DiskFull => 2,
                ServeError::Stopped => 3,
                ServeError::Unknown => 4,
            }
        }
        if rank(other) > rank(self) { other } else { self }
    }
}
