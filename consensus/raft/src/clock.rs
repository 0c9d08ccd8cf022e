//! May this node's clock stamp entries? One bad clock must not fire every deadline.

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

#[cfg(test)]
mod tests {
    use super::may_stamp;

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
