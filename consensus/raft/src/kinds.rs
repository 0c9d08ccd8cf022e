//! Kinds of messages between nodes that belong to consensus.

/// Entries or a heartbeat, answered.
pub(crate) const APPEND: u16 = 1;
/// A vote.
pub(crate) const VOTE: u16 = 2;
/// Would you vote?
pub(crate) const PRE_VOTE: u16 = 3;
/// Take the lead.
pub(crate) const TRANSFER: u16 = 4;
/// Which index must a read wait for?
pub(crate) const READ_INDEX: u16 = 5;
/// Take a step in a change of the members.
pub(crate) const CHANGE: u16 = 6;
/// Who are the members?
pub(crate) const MEMBERS: u16 = 7;
/// You have lost what you had acknowledged.
pub(crate) const LOST: u16 = 8;
/// A stream of appends.
pub(crate) const STREAM_APPEND: u16 = 10;
/// A snapshot.
pub(crate) const SNAPSHOT: u16 = 11;
/// On the live bus: how old a leader's quorum is.
pub(crate) const QUORUM_TOPIC: u16 = 1;
/// On the live bus: how much room a node's disk has.
pub(crate) const ROOM_TOPIC: u16 = 2;
/// On the live bus: the sender leads nothing for now.
pub(crate) const REST_TOPIC: u16 = 3;
/// On the live bus: the sender has started and is not in step yet.
pub(crate) const START_TOPIC: u16 = 4;
/// All of them; whoever dispatches messages of a node sends these here.
pub const RANGE: std::ops::RangeInclusive<u16> = 1..=99;
