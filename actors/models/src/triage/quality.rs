//! How good decisions and probabilities are: precision, recall and F1 by label, and calibration.

use serde::{Deserialize, Serialize};

use super::calibrate::{Calibration, HeadCalibration};
use super::schema::{Choice, Schema, Truth};

/// Bars of a reliability diagram.
pub const RELIABILITY_BINS: usize = 10;

/// One label's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelQuality {
    /// The label.
    pub name: String,
    /// Examples where it holds.
    pub support: usize,
    /// Examples where the model says so.
    pub predicted: usize,
    /// Examples where both do.
    pub hits: usize,
    /// Probability from which the model says so; none for a head of one choice.
    pub threshold: Option<f32>,
}

impl LabelQuality {
    /// Share of what is said that is so; 0 when nothing is said, as scikit-learn counts it.
    #[must_use]
    pub fn precision(&self) -> f64 {
        ratio(self.hits, self.predicted)
    }

    /// Share of what is so that is said; 0 when nothing is so.
    #[must_use]
    pub fn recall(&self) -> f64 {
        ratio(self.hits, self.support)
    }

    /// Harmonic mean of both; 0 when there is neither.
    #[must_use]
    pub fn f1(&self) -> f64 {
        ratio(2 * self.hits, self.predicted + self.support)
    }
}

/// One bar of a reliability diagram: what was said, and what came.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Bin {
    /// Probabilities that fell in.
    pub count: usize,
    /// Their sum.
    pub said: f64,
    /// How often it was so.
    pub came: usize,
}

/// One head's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadQuality {
    /// The head.
    pub name: String,
    /// By label.
    pub labels: Vec<LabelQuality>,
    /// Examples whose truth is known.
    pub examples: usize,
    /// Share of examples decided exactly right.
    pub accuracy: f64,
    /// F1 over all decisions together.
    pub micro_f1: f64,
    /// Mean F1 of the labels.
    pub macro_f1: f64,
    /// Expected calibration error: how far said and come lie apart on average.
    pub calibration_error: f64,
    /// The reliability diagram: of the chosen label (one choice) or of every label (marks).
    pub bins: Vec<Bin>,
}

/// All heads' figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// In the schema's order.
    pub heads: Vec<HeadQuality>,
}

/// Part of a whole; 0 of nothing.
#[allow(clippy::cast_precision_loss, reason = "counts of examples are far below 2^52")]
#[must_use]
pub fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Judges probabilities against the truth.
#[must_use]
pub fn judge(schema: &Schema, calibration: &Calibration, probabilities: &[Vec<f32>], truths: &[Vec<Truth>]) -> Quality {
    let decisions: Vec<Vec<Truth>> = probabilities.iter().map(|p| calibration.decide(schema, p)).collect();
    let mut heads = Vec::with_capacity(schema.heads.len());
    for (place, ((first, head), how)) in schema.spans().zip(&calibration.heads).enumerate() {
        let mut labels: Vec<LabelQuality> = head
            .labels
            .iter()
            .enumerate()
            .map(|(at, name)| LabelQuality {
                name: name.clone(),
                support: 0,
                predicted: 0,
                hits: 0,
                threshold: match how {
                    HeadCalibration::Any { thresholds, .. } => thresholds.get(at).copied(),
                    HeadCalibration::One { .. } => None,
                },
            })
            .collect();
        let mut bins = vec![Bin::default(); RELIABILITY_BINS];
        let (mut examples, mut right) = (0, 0);
        for ((said, truth), decision) in probabilities.iter().zip(truths).zip(&decisions) {
            let (Some(truth), Some(decision)) = (truth.get(place), decision.get(place)) else { continue };
            let (Some(truth_bits), Some(decision_bits)) = (bits(*truth), bits(*decision)) else { continue };
            examples += 1;
            right += usize::from(truth_bits == decision_bits);
            for (at, label) in labels.iter_mut().enumerate() {
                let (is, says) = (truth_bits >> at & 1 == 1, decision_bits >> at & 1 == 1);
                label.support += usize::from(is);
                label.predicted += usize::from(says);
                label.hits += usize::from(is && says);
                if (head.choice == Choice::Any || says)
                    && let Some(p) = said.get(first + at)
                {
                    put(&mut bins, *p, is);
                }
            }
        }
        let sum = |of: fn(&LabelQuality) -> usize| labels.iter().map(of).sum::<usize>();
        let micro_f1 = ratio(2 * sum(|l| l.hits), sum(|l| l.predicted) + sum(|l| l.support));
        let macro_f1 = labels.iter().map(LabelQuality::f1).sum::<f64>() * ratio(1, labels.len());
        heads.push(HeadQuality {
            name: head.name.clone(),
            examples,
            accuracy: ratio(right, examples),
            micro_f1,
            macro_f1,
            calibration_error: calibration_error(&bins),
            labels,
            bins,
        });
    }
    Quality { heads }
}

/// A truth as bits; `None` when unknown.
fn bits(truth: Truth) -> Option<u64> {
    match truth {
        Truth::Unknown => None,
        Truth::One(label) => 1_u64.checked_shl(u32::try_from(label).ok()?),
        Truth::Any(bits) => Some(bits),
    }
}

fn put(bins: &mut [Bin], p: f32, is: bool) {
    // The bin is the number of borders at or below p.
    let at = (1..RELIABILITY_BINS).filter(|border| f64::from(p) >= ratio(*border, RELIABILITY_BINS)).count();
    if let Some(bin) = bins.get_mut(at) {
        bin.count += 1;
        bin.said += f64::from(p);
        bin.came += usize::from(is);
    }
}

fn calibration_error(bins: &[Bin]) -> f64 {
    let total: usize = bins.iter().map(|bin| bin.count).sum();
    bins.iter()
        .filter(|bin| bin.count > 0)
        .map(|bin| (bin.said * ratio(1, bin.count) - ratio(bin.came, bin.count)).abs() * ratio(bin.count, total))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // f1_score([[1,0],[1,1],[0,0],[0,1]], [[1,1],[0,1],[0,0],[0,1]]): micro 0.75, labels 2/3 and 4/5.
        let schema = Schema::any_of("m", vec!["a".into(), "b".into()]);
        let calibration = Calibration::none(&schema);
        let probabilities = vec![vec![0.9, 0.9], vec![0.1, 0.9], vec![0.1, 0.1], vec![0.1, 0.9]];
        let truths: Vec<_> = [0b01, 0b11, 0b00, 0b10].into_iter().map(|bits| vec![Truth::Any(bits)]).collect();
        let head = &judge(&schema, &calibration, &probabilities, &truths).heads[0];
        assert!((head.micro_f1 - 0.75).abs() < 1e-9);
        assert!((head.labels[0].f1() - 2.0 / 3.0).abs() < 1e-9);
        assert!((head.macro_f1 - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-9);
        assert!((head.accuracy - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_said_nine_times_in_ten_and_comes_so_has_no_error() {
        let bins = [Bin { count: 10, said: 9.0, came: 9 }, Bin { count: 10, said: 1.0, came: 3 }];
        assert!((calibration_error(&bins) - 0.1).abs() < 1e-9);
    }
}
