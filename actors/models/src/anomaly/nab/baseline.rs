//! The detectors that the scale is made of, and chance.

use super::{Judged, Series};

/// Small seeded random numbers (SplitMix64, Steele, Lea & Flood 2014): the same on every machine.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..1`.
    pub fn next_share(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`, 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.next_u64().checked_rem(bound).unwrap_or(0)).unwrap_or(0)
    }
}

/// Says nothing of any reading.
pub fn null_scores(series: &[Series]) -> Vec<Vec<f64>> {
    series.iter().map(|series| vec![0.5; series.values.len()]).collect()
}

/// Says 1 at the first reading of every window, after probation, and 0 otherwise.
pub fn perfect_scores(judged: &[Judged], series: &[Series]) -> Vec<Vec<f64>> {
    let scores = |(judged, series): (&Judged, &Series)| {
        let mut before = None;
        let score = |row: usize| {
            let window = if row < judged.probation() { None } else { judged.window(row) };
            let score = if window.is_some() && window != before { 1.0 } else { 0.0 };
            before = window;
            score
        };
        (0..series.values.len()).map(score).collect()
    };
    judged.iter().zip(series).map(scores).collect()
}

/// Says anything of any reading.
pub fn random_scores(series: &[Series], seed: u64) -> Vec<Vec<f64>> {
    let mut random = SplitMix::new(seed);
    series.iter().map(|series| series.values.iter().map(|_| random.next_share()).collect()).collect()
}
