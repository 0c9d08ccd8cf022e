//! May this node's clock stamp entries? One bad clock must not fire every deadline.

use crate::types::NodeId;

/// A leader stamps only while its clock is this near to the median of a quorum's.
pub const CLOCK_SKEW_MS_MAX: i64 = 2_000;

/// `offsets_ms` are the clocks of other voters minus ours, those that are known. `voters` counts all, us included. With
/// fewer than a quorum known nothing can be judged, and nothing could be committed either.
#[must_use]
pub(crate) fn may_stamp(offsets_ms: &[i64], voters: usize) -> bool {
    let quorum = voters / 2 + 1;
    let mut clocks: Vec<i64> = offsets_ms.to_vec();
    clocks.push(0);
    if clocks.len() < quorum {
        return true;
    }
    clocks.sort_unstable();
    // With an even count the one nearer to us: of two clocks nobody can tell which is wrong.
    let (low, high) = (clocks[(clocks.len() - 1) / 2], clocks[clocks.len() / 2]);
    low.abs().min(high.abs()) <= CLOCK_SKEW_MS_MAX
}

/// Who is to lead instead: of the other voters, by id and by their clocks minus ours, the one whose clock is nearest to the median of all
/// that are known. Of three clocks of which two are wrong, each its own way, that is the right one.
#[must_use]
pub(crate) fn fittest(others: &[(NodeId, i64)]) -> Option<NodeId> {
    let mut clocks: Vec<i64> = others.iter().map(|(_, offset_ms)| *offset_ms).chain([0]).collect();
    clocks.sort_unstable();
    let (low, high) = (clocks[(clocks.len() - 1) / 2], clocks[clocks.len() / 2]);
    let apart = |offset_ms: i64| offset_ms.abs_diff(low).min(offset_ms.abs_diff(high));
    others.iter().min_by_key(|(_, offset_ms)| apart(*offset_ms)).map(|(node, _)| *node)
}

#[cfg(test)]
mod tests {
    use super::{fittest, may_stamp};

    #[test]
    fn two_whose_clocks_part_do_not_hand_the_lead_to_each_other() {
        // Node 1 is 15 s ahead, node 2 as much behind, and node 3 is right.
        assert_eq!(fittest(&[(2, -30_000), (3, -15_000)]), Some(3), "as node 1 sees it");
        assert_eq!(fittest(&[(1, 30_000), (3, 15_000)]), Some(3), "as node 2 sees it");
        assert_eq!(
            fittest(&[(4, 9_000), (5, 9_010), (6, 8_990), (7, -40_000)]),
            Some(6),
            "nearest to the median, which is its own"
        );
        assert_eq!(fittest(&[(2, 60_000)]), Some(2), "there is no other");
        assert_eq!(fittest(&[(2, i64::MIN), (3, i64::MAX), (5, 7)]), Some(5));
        assert_eq!(fittest(&[]), None);
    }

    #[test]
    fn the_odd_one_out_may_not_stamp() {
        assert!(may_stamp(&[5, -12], 3));
        assert!(!may_stamp(&[9_000, 9_010], 3), "both others agree that we are 9 s behind");
        assert!(may_stamp(&[9_000, 3], 3), "the other one is wrong");
        assert!(may_stamp(&[], 3), "alone, nothing can be judged");
        assert!(may_stamp(&[], 1));
        assert!(may_stamp(&[60_000], 3), "one against one");
    }
}
