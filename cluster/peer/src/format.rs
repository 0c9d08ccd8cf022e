//! Which formats of frames and messages a node speaks. Pure.
//!
//! A cluster is upgraded node by node, so a release speaks its own format and that of the release before it. Two nodes talk when
//! there is a format that both speak; otherwise the connection is refused, and both sides are told the formats and the
//! remedy.

use crate::NodeId;
use crate::frame::FrameError;

/// The formats that a node speaks, from the oldest to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    oldest: u32,
    newest: u32,
}

impl Formats {
    /// What the first release speaks. Its hello says nothing of formats, and does not look at those that it is told.
    pub const FIRST: Self = Self { oldest: 1, newest: 1 };

    /// What this version speaks. In format 2 a hello says which formats its sender speaks.
    pub const OWN: Self = Self { oldest: 1, newest: 2 };

    /// As they stand in a hello, in the place of a frame's id, which the first release leaves 0.
    pub(crate) fn to_id(self) -> u64 {
        if self == Self::FIRST { 0 } else { (u64::from(self.oldest) << 32) | u64::from(self.newest) }
    }

    pub(crate) fn from_id(id: u64) -> Result<Self, FrameError> {
        if id == 0 {
            return Ok(Self::FIRST);
        }
        let [a, b, c, d, e, f, g, h] = id.to_be_bytes();
        let (oldest, newest) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        let said = Self { oldest, newest };
        // Who speaks the first one only does not say so.
        if oldest == 0 || oldest > newest || said == Self::FIRST {
            return Err(FrameError::Field { field: "hello.formats", problem: "are none" });
        }
        Ok(said)
    }

    /// Why `node`, which speaks these, and `other`, which speaks `theirs`, cannot talk; none: they can.
    pub(crate) fn refuse(self, node: NodeId, theirs: Self, other: NodeId) -> Option<String> {
        let older = if self.newest < theirs.oldest {
            node
        } else if theirs.newest < self.oldest {
            other
        } else {
            return None;
        };
        Some(format!(
            "node {node} speaks formats {} to {} and node {other} {} to {}, none in common: run a newer version on node {older}, \
             one release after the other",
            self.oldest, self.newest, theirs.oldest, theirs.newest
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn formats(oldest: u32, newest: u32) -> Formats {
        Formats { oldest, newest }
    }

    #[test]
    fn formats_come_back_and_who_says_nothing_is_of_the_first_release() {
        for said in [Formats::FIRST, Formats::OWN, formats(7, 7), formats(u32::MAX, u32::MAX)] {
            assert_eq!(Formats::from_id(said.to_id()), Ok(said));
        }
        assert_eq!(Formats::from_id(0), Ok(Formats::FIRST));
        for none in [1, 1 << 32, (2 << 32) | 1, (1 << 32) | 1] {
            assert!(Formats::from_id(none).is_err(), "{none}");
        }
    }

    #[test]
    fn who_has_a_format_in_common_talks_and_who_has_none_is_told_what_to_do() {
        assert_eq!(Formats::OWN.refuse(1, Formats::FIRST, 2), None);
        assert_eq!(formats(2, 3).refuse(1, Formats::OWN, 2), None);
        let refused = formats(2, 3).refuse(1, Formats::FIRST, 2).unwrap();
        assert_eq!(
            refused,
            "node 1 speaks formats 2 to 3 and node 2 1 to 1, none in common: run a newer version on node 2, one release after \
             the other"
        );
        assert!(Formats::FIRST.refuse(2, formats(2, 3), 1).unwrap().contains("a newer version on node 2"));
    }
}
