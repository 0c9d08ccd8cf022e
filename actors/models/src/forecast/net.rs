//! The trained function: one hidden layer beside a straight line, as plain numbers.
//!
//! Training goes through burn (`fit.rs`); a single answer is a few thousand multiplications, for which a tensor's bookkeeping
//! would cost more than the work. A test holds both to the same result.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Numbers that go in, at most.
pub const INPUTS_MAX: usize = 1024;
/// Width of the hidden layer, at most.
pub const HIDDEN_MAX: usize = 256;
/// Numbers that come out, at most.
pub const OUTPUTS_MAX: usize = 256;
/// An input further from its mean than this many deviations is taken for this far: a broken sensor must not fling the answer.
pub const INPUT_DEVIATIONS_MAX: f32 = 6.0;

/// `bias + skip·x + second·relu(first_bias + first·x)`, where `x` are the inputs less their mean, over their deviation.
///
/// Matrices are by input: the weights of input `i` are together. `hidden` 0 leaves the straight line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Net {
    /// Numbers that go in.
    pub inputs: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Numbers that come out.
    pub outputs: usize,
    /// Mean of each input over the training rows.
    pub mean: Vec<f32>,
    /// Deviation of each input over the training rows, positive.
    pub deviation: Vec<f32>,
    /// `inputs × outputs`.
    pub skip: Vec<f32>,
    /// `outputs`.
    pub bias: Vec<f32>,
    /// `inputs × hidden`.
    pub first: Vec<f32>,
    /// `hidden`.
    pub first_bias: Vec<f32>,
    /// `hidden × outputs`.
    pub second: Vec<f32>,
}

/// Weights that are none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetError {
    /// A width is out of bounds.
    #[error("{field} is {found}: at most {most}, and not 0 (hidden may be 0); train again")]
    Width {
        /// Which.
        field: &'static str,
        /// What it is.
        found: usize,
        /// What it may be.
        most: usize,
    },
    /// A matrix does not have the size that the widths say.
    #[error("{field} has {found} numbers where the widths say {expected}; the file is damaged, train again")]
    Length {
        /// Which.
        field: &'static str,
        /// What it has.
        found: usize,
        /// What it should have.
        expected: usize,
    },
    /// Not a number, or a deviation that is not positive.
    #[error("{field} holds what is no usable number; the file is damaged, train again")]
    Number {
        /// Which.
        field: &'static str,
    },
}

/// Room for one answer, kept between answers.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    scaled: Vec<f32>,
    hidden: Vec<f32>,
    /// What came out.
    pub out: Vec<f32>,
}

impl Net {
    /// Refuses weights that a file holds and no training gives.
    ///
    /// # Errors
    ///
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), NetError> {
        let (inputs, hidden, outputs) = (self.inputs, self.hidden, self.outputs);
        for (field, found, least, most) in
            [("inputs", inputs, 1, INPUTS_MAX), ("hidden", hidden, 0, HIDDEN_MAX), ("outputs", outputs, 1, OUTPUTS_MAX)]
        {
            if !(least..=most).contains(&found) {
                return Err(NetError::Width { field, found, most });
            }
        }
        for (field, values, expected) in [
            ("mean", &self.mean, inputs),
            ("deviation", &self.deviation, inputs),
            ("skip", &self.skip, inputs * outputs),
            ("bias", &self.bias, outputs),
            ("first", &self.first, inputs * hidden),
            ("first_bias", &self.first_bias, hidden),
            ("second", &self.second, hidden * outputs),
        ] {
            if values.len() != expected {
                return Err(NetError::Length { field, found: values.len(), expected });
            }
            if values.iter().any(|value| !value.is_finite()) {
                return Err(NetError::Number { field });
            }
        }
        if self.deviation.iter().any(|value| *value <= 0.0) {
            return Err(NetError::Number { field: "deviation" });
        }
        Ok(())
    }

    /// Puts one input into the units that the weights are for; what is no number counts as the mean.
    #[must_use]
    pub fn scaled(&self, input: usize, value: f32) -> f32 {
        let scaled = (value - self.mean[input]) / self.deviation[input];
        if scaled.is_finite() { scaled.clamp(-INPUT_DEVIATIONS_MAX, INPUT_DEVIATIONS_MAX) } else { 0.0 }
    }

    /// Answers into `scratch.out`. `inputs` has `self.inputs` numbers; missing ones count as their mean.
    pub fn answer(&self, inputs: &[f32], scratch: &mut Scratch) {
        scratch.scaled.clear();
        scratch.scaled.extend(inputs.iter().take(self.inputs).enumerate().map(|(i, value)| self.scaled(i, *value)));
        scratch.out.clear();
        scratch.out.extend_from_slice(&self.bias);
        scratch.hidden.clear();
        scratch.hidden.extend_from_slice(&self.first_bias);
        add_product(&scratch.scaled, &self.skip, &mut scratch.out);
        add_product(&scratch.scaled, &self.first, &mut scratch.hidden);
        for value in &mut scratch.hidden {
            *value = value.max(0.0);
        }
        add_product(&scratch.hidden, &self.second, &mut scratch.out);
    }

    /// Bytes that the weights take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let numbers = self.mean.len() + self.deviation.len() + self.skip.len() + self.bias.len();
        (numbers + self.first.len() + self.first_bias.len() + self.second.len()) * size_of::<f32>()
    }
}

/// `out += values · matrix`, the matrix by row.
fn add_product(values: &[f32], matrix: &[f32], out: &mut [f32]) {
    if out.is_empty() {
        return;
    }
    for (value, row) in values.iter().zip(matrix.chunks_exact(out.len())) {
        for (sum, weight) in out.iter_mut().zip(row) {
            *sum += value * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net() -> Net {
        Net {
            inputs: 2,
            hidden: 1,
            outputs: 1,
            mean: vec![0.0, 1.0],
            deviation: vec![1.0, 2.0],
            skip: vec![1.0, 10.0],
            bias: vec![0.5],
            first: vec![1.0, 0.0],
            first_bias: vec![-1.0],
            second: vec![100.0],
        }
    }

    #[test]
    fn the_line_and_the_bend_add_up() {
        let mut scratch = Scratch::default();
        net().answer(&[0.5, 3.0], &mut scratch);
        assert_eq!(scratch.out, vec![0.5 + 0.5 + 10.0]);
        net().answer(&[2.0, 1.0], &mut scratch);
        assert_eq!(scratch.out, vec![0.5 + 2.0 + 100.0]);
    }

    #[test]
    fn what_is_no_number_counts_as_the_mean() {
        let mut scratch = Scratch::default();
        net().answer(&[f32::NAN, f32::INFINITY], &mut scratch);
        assert_eq!(scratch.out, vec![0.5]);
        net().answer(&[1e9, 1.0], &mut scratch);
        assert!(scratch.out[0] < 1000.0);
    }

    #[test]
    fn damaged_weights_are_refused_by_name() {
        assert_eq!(net().check(), Ok(()));
        let mut short = net();
        short.skip.pop();
        assert_eq!(short.check(), Err(NetError::Length { field: "skip", found: 1, expected: 2 }));
        let mut flat = net();
        flat.deviation[0] = 0.0;
        assert_eq!(flat.check(), Err(NetError::Number { field: "deviation" }));
        let mut wide = net();
        wide.hidden = HIDDEN_MAX + 1;
        assert!(matches!(wide.check(), Err(NetError::Width { field: "hidden", .. })));
    }
}
