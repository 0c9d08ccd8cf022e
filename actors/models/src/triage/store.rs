//! A classifier as the weights of an artifact, and back.
//!
//! Layout: the length of a JSON part as a little-endian u32, that part (schema, shape, calibration), then a bit a bucket that
//! says which have a row (u64 words), the rows' frequencies (a byte each), their scales (f32), the rows (a byte a number),
//! and the layer on top (f32).

use serde::{Deserialize, Serialize};

use super::calibrate::{Calibration, HeadCalibration};
use super::features::Shape;
use super::index::Index;
use super::model::{Model, Parts, Table, TopWeights};
use super::schema::{Choice, Schema};
use crate::artifact::ArtifactError;

/// The artifact's kind for weights in this layout.
pub const KIND: &str = "hashed_text";

#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    schema: Schema,
    shape: Shape,
    frequency_step: f32,
    hidden: usize,
    calibration: Calibration,
    none_threshold: Option<f32>,
}

/// A classifier's weights. `none_threshold` is what triage ranks as no emergency from.
#[must_use]
pub fn encode(model: &Model, none_threshold: Option<f32>) -> Vec<u8> {
    let plan = Plan {
        schema: model.schema.clone(),
        shape: model.shape.clone(),
        frequency_step: model.frequency_step,
        hidden: model.top.hidden_bias.len(),
        calibration: model.calibration.clone(),
        none_threshold,
    };
    let plan = serde_json::to_vec(&plan).unwrap_or_default();
    let mut bytes = Vec::with_capacity(plan.len() + model.table.cells.len() + model.table.scales.len() * 5 + 4096);
    bytes.extend_from_slice(&u32::try_from(plan.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&plan);
    bytes.extend(model.index.bits().iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend_from_slice(&model.frequency);
    let floats = |numbers: &[f32], bytes: &mut Vec<u8>| bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
    floats(&model.table.scales, &mut bytes);
    bytes.extend(model.table.cells.iter().map(|cell| cell.to_le_bytes()[0]));
    for numbers in [&model.top.hidden_bias, &model.top.weight, &model.top.bias] {
        floats(numbers, &mut bytes);
    }
    bytes
}

/// Reads weights back.
///
/// # Errors
/// When lengths, sizes or numbers do not fit one another.
pub fn decode(bytes: &[u8]) -> Result<(Model, Option<f32>), ArtifactError> {
    let mut reader = Reader(bytes);
    let length = reader.take(4, "the plan's length")?;
    let length = u32::from_le_bytes(length.try_into().unwrap_or([0; 4]));
    let plan = reader.take(usize::try_from(length).unwrap_or(usize::MAX), "the plan")?;
    let plan: Plan = serde_json::from_slice(plan).map_err(|_| ArtifactError::Weights { field: "the plan" })?;
    check(&plan)?;
    let outputs = plan.schema.outputs();
    let columns = outputs + plan.hidden;
    let bits = reader.take(plan.shape.buckets().div_ceil(64) * 8, "index")?;
    let index = Index::new(bits.as_chunks::<8>().0.iter().map(|eight| u64::from_le_bytes(*eight)).collect());
    let rows = index.rows();
    let frequency = reader.take(rows, "frequency")?.to_vec();
    let scales = reader.floats(rows, "scales")?;
    let cells = reader.take(rows * columns, "rows")?.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
    let top = TopWeights {
        hidden_bias: reader.floats(plan.hidden, "hidden bias")?,
        weight: reader.floats(plan.hidden * outputs, "layer")?,
        bias: reader.floats(outputs, "bias")?,
    };
    if !reader.0.is_empty() {
        return Err(ArtifactError::Weights { field: "the end" });
    }
    let model = Model::new(Parts {
        schema: plan.schema,
        shape: plan.shape,
        index,
        frequency,
        frequency_step: plan.frequency_step,
        table: Table { columns, cells, scales },
        top,
        calibration: plan.calibration,
    });
    Ok((model, plan.none_threshold))
}

/// Outputs and hidden units at most; what is above is not one of ours.
const WIDTH_MAX: usize = 4096;

fn check(plan: &Plan) -> Result<(), ArtifactError> {
    let field = |field| Err(ArtifactError::Weights { field });
    if plan.schema.heads.len() != plan.calibration.heads.len() {
        return field("calibration");
    }
    for (head, calibration) in plan.schema.heads.iter().zip(&plan.calibration.heads) {
        let n = head.labels.len();
        let fits = match (head.choice, calibration) {
            (Choice::One, HeadCalibration::One { temperature }) => *temperature > 0.0,
            (Choice::Any, HeadCalibration::Any { slopes, offsets, thresholds }) => {
                slopes.len() == n && offsets.len() == n && thresholds.len() == n && n <= super::schema::LABELS_MAX
            }
            _ => false,
        };
        if !fits || n == 0 {
            return field("calibration");
        }
    }
    if plan.schema.outputs() > WIDTH_MAX || plan.hidden > WIDTH_MAX || plan.hidden == 0 {
        return field("width");
    }
    if plan.shape.buckets_log2 > 24 || plan.shape.words_max > 8 || plan.shape.piece_max > 12 {
        return field("shape");
    }
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], ArtifactError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(ArtifactError::Weights { field })?;
        self.0 = rest;
        Ok(taken)
    }

    fn floats(&mut self, n: usize, field: &'static str) -> Result<Vec<f32>, ArtifactError> {
        let bytes = self.take(n.saturating_mul(4), field)?;
        let all: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        if all.iter().all(|x| x.is_finite()) { Ok(all) } else { Err(ArtifactError::Weights { field }) }
    }
}
