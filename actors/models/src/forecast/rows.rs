//! What a fit learns from, and what it makes small.

use super::{
    net::{Net, Scratch},
    pinball,
};

/// Rows of one fit at most; who has more gives the newest.
pub const ROWS_MAX: usize = 400_000;

/// What goes in and what should have come out. `NaN` as a target: not known, not counted.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Inputs of one row.
    pub width: usize,
    /// Targets of one row.
    pub targets_each: usize,
    /// `rows × width`.
    pub inputs: Vec<f32>,
    /// `rows × targets_each`.
    pub targets: Vec<f32>,
    /// For [`Loss::Poisson`]: what is added to the answer, one a row; else empty.
    pub offsets: Vec<f32>,
}

impl Rows {
    /// No rows yet.
    #[must_use]
    pub fn new(width: usize, targets_each: usize) -> Self {
        Self { width, targets_each, ..Self::default() }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len() / self.targets_each.max(1)
    }

    /// None.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Inputs of a row.
    #[must_use]
    pub fn input(&self, row: usize) -> &[f32] {
        &self.inputs[row * self.width..(row + 1) * self.width]
    }

    /// Targets of a row.
    #[must_use]
    pub fn target(&self, row: usize) -> &[f32] {
        &self.targets[row * self.targets_each..(row + 1) * self.targets_each]
    }

    pub(super) fn offset(&self, row: usize) -> f32 {
        self.offsets.get(row).copied().unwrap_or(0.0)
    }
}

/// What is to be small.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// Each target is answered by these quantiles, side by side.
    Pinball(Vec<f32>),
    /// One target, a count; the answer plus the row's offset is the logarithm of its mean.
    Poisson,
    /// One target, 0 or 1; the answer is the logarithm of its odds.
    Logistic,
}

/// The logarithm of a mean count, at most: what keeps an exponential finite while it learns.
pub(super) const LOG_MEAN_MAX: f32 = 12.0;

impl Loss {
    pub(super) fn outputs(&self, targets_each: usize) -> usize {
        match self {
            Self::Pinball(levels) => targets_each * levels.len(),
            Self::Poisson | Self::Logistic => targets_each,
        }
    }

    /// Of one row in plain numbers: the sum, and over how many targets.
    fn of_row(&self, out: &[f32], target: &[f32], offset: f32) -> (f32, usize) {
        match self {
            Self::Pinball(levels) => {
                let mut sum = 0.0;
                let mut known = 0;
                for (answers, truth) in out.chunks_exact(levels.len()).zip(target) {
                    if truth.is_finite() {
                        known += levels.len();
                        sum += levels.iter().zip(answers).map(|(level, q)| pinball(*level, *q, *truth)).sum::<f32>();
                    }
                }
                (sum, known)
            }
            Self::Poisson => {
                let log_mean = (out[0] + offset).clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX);
                (log_mean.exp() - target[0] * log_mean, 1)
            }
            Self::Logistic => (out[0].max(0.0) - out[0] * target[0] + (-out[0].abs()).exp().ln_1p(), 1),
        }
    }

    /// The mean over rows in plain numbers.
    #[must_use]
    pub fn mean(&self, net: &Net, rows: &Rows) -> f32 {
        let mut scratch = Scratch::default();
        let (mut sum, mut known) = (0.0f64, 0usize);
        for row in 0..rows.len() {
            net.answer(rows.input(row), &mut scratch);
            let (cost, of) = self.of_row(&scratch.out, rows.target(row), rows.offset(row));
            sum += f64::from(cost);
            known += of;
        }
        super::narrow(sum / known.max(1) as f64)
    }
}
