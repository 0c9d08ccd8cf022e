//! Room on the disk: a node that runs low gives its leads away and takes no new writes as a leader; one that has none left takes no
//! entries from other leaders either. It goes on serving reads, catches up when space returns, and never fills its disk to the
//! last byte, where a log cannot even be compacted.

use std::{
    collections::BTreeMap,
    sync::{
        PoisonError, Weak,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    groups::{Group, Groups, Inner},
    kinds,
    types::NodeId,
};

/// How often a node tells the others how much room it has, and a node without enough tries to give its leads away.
const ROOM_TELL: Duration = Duration::from_millis(500);

/// What a node told longer ago than this is not counted on.
const ROOM_AGE_MAX: Duration = Duration::from_secs(5);

/// How much room a node's disk has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// No entry is taken any more, from nobody.
    None,
    /// Not enough to lead.
    Low,
    /// Enough.
    #[default]
    Enough,
}

impl Room {
    /// Its name for operators.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Enough => "enough",
        }
    }

    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::None,
            1 => Self::Low,
            _ => Self::Enough,
        }
    }
}

/// This node's room, as it was last measured.
#[derive(Debug)]
pub(crate) struct OwnRoom(AtomicU8);

impl Default for OwnRoom {
    fn default() -> Self {
        Self(AtomicU8::new(Room::Enough as u8))
    }
}

impl OwnRoom {
    pub(crate) fn get(&self) -> Room {
        Room::from_byte(self.0.load(Ordering::Acquire))
    }

    fn set(&self, room: Room) -> Room {
        Room::from_byte(self.0.swap(room as u8, Ordering::AcqRel))
    }
}

/// What the others told of their room. At most as many as there are nodes.
pub(crate) type ToldRoom = BTreeMap<NodeId, (Instant, Room)>;

impl Groups {
    /// Says how much room this node's disk has. Whoever measures it says it again and again.
    pub fn set_room(&self, room: Room) {
        let before = self.0.room.set(room);
        if before > room {
            tracing::error!(room = room.as_str(), "the disk runs out of room: make some, or add a larger disk");
        } else if before < room {
            tracing::info!(room = room.as_str(), "the disk has room again");
        }
    }

    /// How much room a node has: this one as it was last measured, another one as it said a moment ago. One that has said
    /// nothing is taken to have enough.
    #[must_use]
    pub fn room(&self, node: NodeId) -> Room {
        if node == self.node() {
            return self.0.room.get();
        }
        let told = self.0.told_room.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(&node).filter(|(at, _)| at.elapsed() <= ROOM_AGE_MAX).map_or(Room::Enough, |(_, room)| *room)
    }

    /// Takes what the live bus brings of another node's room.
    pub(crate) fn take_room(&self, from: NodeId, value: &[u8]) {
        let [byte] = value else { return };
        let mut told = self.0.told_room.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(from, (Instant::now(), Room::from_byte(*byte)));
    }

    /// The voter with the most room, and more than this node; of equals one that does not rest.
    fn roomier(&self, group: &Group) -> Option<NodeId> {
        let own = self.room(self.node());
        let others = group.raft.voter_ids().filter(|id| *id != self.node() && self.0.peers.is_connected(*id));
        let with_room = others.map(|id| (self.room(id), id)).filter(|(room, _)| *room > own);
        with_room.max_by_key(|(room, id)| (*room, !self.is_resting(*id), std::cmp::Reverse(*id))).map(|(_, id)| id)
    }

    /// Whether a leader without enough room may pass a proposal on to one that has it.
    pub(crate) fn has_roomier(&self, group: &Group) -> bool {
        self.roomier(group).is_some()
    }
}

/// Tells the others how much room there is here, and gives the leads away that this node should not have.
pub(crate) async fn mind_room(inner: Weak<Inner>) {
    let mut tick = tokio::time::interval(ROOM_TELL);
    loop {
        tick.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let groups = Groups(inner);
        let room = groups.room(groups.node());
        groups.0.peers.publish(kinds::ROOM_TOPIC, Bytes::new(), Bytes::copy_from_slice(&[room as u8]));
        if room == Room::Enough {
            continue;
        }
        for group in groups.0.groups.iter().filter(|group| group.raft.as_leader().is_ok()) {
            if let Some(to) = groups.roomier(group) {
                tracing::warn!(group = group.id.0, to, "the disk has too little room: handing the lead over");
                let _ = group.raft.trigger().transfer_leader(to).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_room_is_less_and_survives_the_wire() {
        assert!(Room::None < Room::Low && Room::Low < Room::Enough);
        for room in [Room::None, Room::Low, Room::Enough] {
            assert_eq!(Room::from_byte(room as u8), room);
        }
        let own = OwnRoom::default();
        assert_eq!((own.set(Room::Low), own.get()), (Room::Enough, Room::Low));
    }
}
