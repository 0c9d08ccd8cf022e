//! What is needed of H.264 (ITU-T H.264, RFC 6184) to carry it without decoding it.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

/// Type of a NAL unit: a slice of an IDR picture, where decoding can start.
pub const NAL_IDR: u8 = 5;
/// Type of a NAL unit: sequence parameter set.
pub const NAL_SPS: u8 = 7;
/// Type of a NAL unit: picture parameter set.
pub const NAL_PPS: u8 = 8;
/// Parameter sets of each kind kept; H.264 allows more, cameras send one.
pub const PARAMETER_SETS_MAX: usize = 8;
/// Bytes of one parameter set; they have tens.
pub const PARAMETER_SET_BYTES_MAX: usize = 1024;

/// The parameter sets that stand before each key frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterSets {
    /// Sequence parameter sets, without start codes.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, without start codes.
    pub pps: Vec<Bytes>,
}

impl ParameterSets {
    /// Reads `sprop-parameter-sets` (RFC 6184 section 8.1): base64, comma separated. What is no parameter set is left out.
    #[must_use]
    pub fn from_sprop(sprop: &str) -> Self {
        let mut sets = Self::default();
        for nal in sprop.split(',').take(2 * PARAMETER_SETS_MAX) {
            if let Ok(nal) = STANDARD.decode(nal.trim()) {
                sets.take(&nal);
            }
        }
        sets
    }

    /// Keeps a NAL unit if it is a parameter set within the bounds, and says whether it did.
    pub fn take(&mut self, nal: &[u8]) -> bool {
        let sets = match nal.first().map(|header| header & 0x1f) {
            // Profile, constraints and level follow the header and make the codec string.
            Some(NAL_SPS) if nal.len() >= 4 => &mut self.sps,
            Some(NAL_PPS) if nal.len() >= 2 => &mut self.pps,
            _ => return false,
        };
        if sets.iter().any(|set| set == nal) {
            // Encoder and payloader may each put the sets before a key frame.
            return true;
        }
        if nal.len() > PARAMETER_SET_BYTES_MAX || sets.len() >= PARAMETER_SETS_MAX {
            return false;
        }
        sets.push(Bytes::copy_from_slice(nal));
        true
    }

    /// Puts each kind that `newer` has in the place of the older ones.
    pub fn replace(&mut self, newer: Self) {
        if !newer.sps.is_empty() {
            self.sps = newer.sps;
        }
        if !newer.pps.is_empty() {
            self.pps = newer.pps;
        }
    }

    /// Whether decoding can start with them.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.sps.is_empty() && !self.pps.is_empty()
    }

    /// Codec string of RFC 6381: `avc1.PPCCLL` from the first sequence parameter set.
    #[must_use]
    pub fn codec(&self) -> Option<String> {
        match self.sps.first()?.get(1..4)? {
            [profile, constraints, level] => Some(format!("avc1.{profile:02X}{constraints:02X}{level:02X}")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sprop_gives_sets_and_codec() {
        let sets = ParameterSets::from_sprop("Z0LAHtkDxWhAAAADAEAAAAwDxYuS, aMuMsg==, not base64, AAAA");
        assert_eq!((sets.sps.len(), sets.pps.len()), (1, 1));
        assert!(sets.is_whole());
        assert_eq!(sets.codec().as_deref(), Some("avc1.42C01E"));
    }

    #[test]
    fn bounds() {
        let mut sets = ParameterSets::default();
        assert!(!sets.take(&[]));
        assert!(!sets.take(&[0x67, 1]));
        assert!(!sets.take(&vec![0x67; PARAMETER_SET_BYTES_MAX + 1]));
        for n in 0..8 {
            assert!(sets.take(&[0x67, 1, 2, n]));
            assert!(sets.take(&[0x67, 1, 2, n]), "the same again is kept once");
        }
        assert_eq!(sets.sps.len(), PARAMETER_SETS_MAX);
        assert!(!sets.take(&[0x67, 1, 2, 8]));
        assert_eq!(ParameterSets::default().codec(), None);
    }
}
