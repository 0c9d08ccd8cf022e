//! The classifier: a table of hashed features that is summed, and a small layer on top.
//!
//! Each feature owns one row of the table. Its first columns go straight to the outputs (a linear classifier), the others
//! feed a hidden layer that all outputs share, through which labels learn from one another. The sum over rows is done here
//! by hand, because a product with a matrix that is almost all zeros is a walk over the rows that are not; the layer on top
//! runs in burn.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData, activation};
use thiserror::Error;

use super::calibrate::Calibration;
use super::features::{Features, Shape, extract_known};
use super::index::Index;
use super::schema::Schema;

/// A model answered something that cannot be an answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Nonsense {
    /// An output is not a number, or is infinite.
    #[error("output {output} of the model is not a finite number; take back the model's last version")]
    NotFinite {
        /// Which output.
        output: usize,
    },
    /// The layer on top could not be read back.
    #[error("the model's layer gave {got} numbers where {want} were due; take back the model's last version")]
    Shape {
        /// Numbers that came.
        got: usize,
        /// Numbers that were due.
        want: usize,
    },
}

/// The layer on top, on a device of burn.
#[derive(Module, Debug)]
pub struct Top {
    hidden_bias: Param<Tensor<1>>,
    output: Linear,
}

/// The numbers of the layer on top, on no device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopWeights {
    /// One a hidden unit.
    pub hidden_bias: Vec<f32>,
    /// Hidden × outputs, a row for each hidden unit.
    pub weight: Vec<f32>,
    /// One an output.
    pub bias: Vec<f32>,
}

impl Top {
    /// The layer with these numbers.
    #[must_use]
    pub fn new(weights: &TopWeights, device: &Device) -> Self {
        let (hidden, outputs) = (weights.hidden_bias.len(), weights.bias.len());
        let tensor = |data: &[f32], device: &Device| {
            Tensor::<1>::from_data(TensorData::new(data.to_vec(), [data.len()]), device)
        };
        let matrix = Tensor::<2>::from_data(TensorData::new(weights.weight.clone(), [hidden, outputs]), device);
        Self {
            hidden_bias: Param::from_tensor(tensor(&weights.hidden_bias, device)),
            output: Linear {
                weight: Param::from_tensor(matrix),
                bias: Some(Param::from_tensor(tensor(&weights.bias, device))),
            },
        }
    }

    /// The numbers of this layer; empty vectors where the device gives none.
    #[must_use]
    pub fn weights(&self) -> TopWeights {
        let numbers = |data: TensorData| data.try_into_vec::<f32>().unwrap_or_default();
        TopWeights {
            hidden_bias: numbers(self.hidden_bias.val().into_data()),
            weight: numbers(self.output.weight.val().into_data()),
            bias: self.output.bias.as_ref().map(|bias| numbers(bias.val().into_data())).unwrap_or_default(),
        }
    }

    /// Sums of rows `[n, outputs + hidden]` in, outputs before any softmax or sigmoid `[n, outputs]` out.
    #[must_use]
    pub fn forward(&self, sums: Tensor<2>) -> Tensor<2> {
        let [n, columns] = sums.dims();
        let hidden = self.hidden_bias.dims()[0];
        let outputs = columns - hidden;
        let direct = sums.clone().slice([0..n, 0..outputs]);
        let hidden = activation::relu(sums.slice([0..n, outputs..columns]) + self.hidden_bias.val().unsqueeze());
        direct + self.output.forward(hidden)
    }
}

/// The table with a byte a number and one scale a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Numbers a row.
    pub columns: usize,
    /// Rows × columns.
    pub cells: Vec<i8>,
    /// What a cell's unit is worth, one a row.
    pub scales: Vec<f32>,
}

impl Table {
    /// Rounds a table of full numbers to bytes.
    #[must_use]
    pub fn from_full(columns: usize, full: &[f32]) -> Self {
        let mut cells = Vec::with_capacity(full.len());
        let mut scales = Vec::with_capacity(full.len() / columns.max(1));
        for row in full.chunks_exact(columns) {
            let scale = row.iter().fold(0.0_f32, |most, x| most.max(x.abs())) / 127.0;
            scales.push(scale);
            cells.extend(row.iter().map(|x| if scale > 0.0 { to_cell(x / scale) } else { 0 }));
        }
        Self { columns, cells, scales }
    }

    /// Adds `value` times this row.
    pub fn add(&self, row: u32, value: f32, sum: &mut [f32]) {
        let Ok(row) = usize::try_from(row) else { return };
        let Some(scale) = self.scales.get(row).filter(|scale| **scale != 0.0) else { return };
        let Some(cells) = self.cells.get(row * self.columns..(row + 1) * self.columns) else { return };
        let factor = value * scale;
        for (sum, cell) in sum.iter_mut().zip(cells) {
            *sum += factor * f32::from(*cell);
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "rounded and clamped to the range of i8")]
fn to_cell(x: f32) -> i8 {
    x.round().clamp(-127.0, 127.0) as i8
}

/// A trained classifier, ready to answer. Clones share the table.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it decides.
    pub schema: Schema,
    /// How it reads text.
    pub shape: Shape,
    /// Which buckets have a row.
    pub index: Arc<Index>,
    /// Inverse document frequency of each row, in steps of `frequency_step`.
    pub frequency: Arc<Vec<u8>>,
    /// What one step of `frequency` is worth.
    pub frequency_step: f32,
    /// The rows of the features.
    pub table: Arc<Table>,
    /// How outputs become probabilities and decisions.
    pub calibration: Calibration,
    /// The layer's numbers.
    pub top: TopWeights,
    layer: Top,
}

/// What is needed to build a `Model`.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What it decides.
    pub schema: Schema,
    /// How it reads text.
    pub shape: Shape,
    /// Which buckets have a row.
    pub index: Index,
    /// Inverse document frequency of each row in steps.
    pub frequency: Vec<u8>,
    /// What one step is worth.
    pub frequency_step: f32,
    /// The rows.
    pub table: Table,
    /// The layer on top.
    pub top: TopWeights,
    /// Probabilities and decisions.
    pub calibration: Calibration,
}

impl Model {
    /// Puts the parts together on the processor.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let layer = Top::new(&parts.top, &Device::flex());
        Self {
            schema: parts.schema,
            shape: parts.shape,
            index: Arc::new(parts.index),
            frequency: Arc::new(parts.frequency),
            frequency_step: parts.frequency_step,
            table: Arc::new(parts.table),
            calibration: parts.calibration,
            top: parts.top,
            layer,
        }
    }

    /// A message as this model sees it.
    #[must_use]
    pub fn features(&self, text: &str) -> Features {
        let mut features = extract_known(text, &self.shape, &self.index);
        features.weigh(&self.shape, |row| {
            let steps = usize::try_from(row).ok().and_then(|row| self.frequency.get(row)).copied().unwrap_or(0);
            f32::from(steps) * self.frequency_step
        });
        features
    }

    /// The sum of the rows of a message's features.
    #[must_use]
    pub fn sum(&self, features: &Features) -> Vec<f32> {
        let mut sum = vec![0.0; self.table.columns];
        for same in features.occurrences.chunk_by(|a, b| a.bucket == b.bucket) {
            let value = same.iter().map(|occurrence| occurrence.value).sum();
            if let Some(first) = same.first() {
                self.table.add(first.bucket, value, &mut sum);
            }
        }
        sum
    }

    /// Outputs of the layer for some sums, `outputs` numbers each.
    ///
    /// # Errors
    /// When the layer gives back another count of numbers, or one that is not finite.
    pub fn outputs(&self, sums: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Nonsense> {
        let (n, columns, outputs) = (sums.len(), self.table.columns, self.schema.outputs());
        if n == 0 {
            return Ok(Vec::new());
        }
        let flat: Vec<f32> = sums.iter().flat_map(|sum| sum.iter().copied()).collect();
        if flat.len() != n * columns {
            return Err(Nonsense::Shape { got: flat.len(), want: n * columns });
        }
        let sums = Tensor::<2>::from_data(TensorData::new(flat, [n, columns]), &Device::flex());
        let answer = self.layer.forward(sums).into_data().try_into_vec::<f32>().unwrap_or_default();
        if answer.len() != n * outputs {
            return Err(Nonsense::Shape { got: answer.len(), want: n * outputs });
        }
        match answer.iter().position(|x| !x.is_finite()) {
            Some(at) => Err(Nonsense::NotFinite { output: at % outputs }),
            None => Ok(answer.chunks_exact(outputs).map(<[f32]>::to_vec).collect()),
        }
    }

    /// Calibrated probabilities of all labels for some texts.
    ///
    /// # Errors
    /// As `outputs`.
    pub fn probabilities(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Nonsense> {
        let sums: Vec<_> = texts.iter().map(|text| self.sum(&self.features(text))).collect();
        let outputs = self.outputs(&sums)?;
        Ok(outputs.iter().map(|output| self.calibration.probabilities(&self.schema, output)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_gives_what_the_formula_gives() {
        let weights =
            TopWeights { hidden_bias: vec![0.5, -1.0], weight: vec![1.0, 2.0, 3.0, 4.0], bias: vec![0.1, 0.2] };
        let top = Top::new(&weights, &Device::flex());
        let sums = Tensor::<2>::from_data(TensorData::new(vec![1.0_f32, 2.0, 0.5, 0.5], [1, 4]), &Device::flex());
        let got = top.forward(sums).into_data().try_into_vec::<f32>().unwrap();
        // Hidden: relu(0.5 + 0.5) = 1 and relu(0.5 - 1) = 0.
        assert!((got[0] - (1.0 + 1.0 + 0.1)).abs() < 1e-6);
        assert!((got[1] - (2.0 + 2.0 + 0.2)).abs() < 1e-6);
        assert_eq!(top.weights(), weights);
    }

    #[test]
    fn rounding_to_bytes_keeps_rows_within_half_a_step() {
        let full = vec![0.5, -1.0, 0.25, 0.0, 0.0, 0.0];
        let table = Table::from_full(3, &full);
        let mut sum = vec![0.0; 3];
        table.add(0, 1.0, &mut sum);
        for (got, want) in sum.iter().zip(&full) {
            assert!((got - want).abs() <= 0.5 / 127.0 + 1e-6);
        }
        table.add(1, 1.0, &mut sum);
        table.add(99, 1.0, &mut sum);
    }
}
