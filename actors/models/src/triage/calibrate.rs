//! From outputs to probabilities that mean what they say, and from those to decisions.
//!
//! A head of one choice is divided by a temperature (Guo et al., On calibration of modern neural networks, 2017); a head of
//! marks gets a line for each label (Platt, 1999, with Platt's softened targets). Both are fitted on outputs for examples
//! that the network did not learn from. The threshold of a mark is the one with the best F1 there.

use serde::{Deserialize, Serialize};

use super::schema::{Choice, Schema, Truth};

/// One head's way from outputs to probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadCalibration {
    /// Softmax of the outputs divided by this.
    One {
        /// Above 1 makes the model less sure than it was.
        temperature: f32,
    },
    /// Sigmoid of a line of each output.
    Any {
        /// One a label.
        slopes: Vec<f32>,
        /// One a label.
        offsets: Vec<f32>,
        /// Probability from which the label is said to hold.
        thresholds: Vec<f32>,
    },
}

/// All heads' ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// In the schema's order.
    pub heads: Vec<HeadCalibration>,
}

impl Calibration {
    /// Changes nothing: temperature 1, thresholds one half.
    #[must_use]
    pub fn none(schema: &Schema) -> Self {
        let heads = schema
            .heads
            .iter()
            .map(|head| match head.choice {
                Choice::One => HeadCalibration::One { temperature: 1.0 },
                Choice::Any => {
                    let n = head.labels.len();
                    HeadCalibration::Any { slopes: vec![1.0; n], offsets: vec![0.0; n], thresholds: vec![0.5; n] }
                }
            })
            .collect();
        Self { heads }
    }

    /// Fits every head. `outputs` and `truths` go together, one entry an example that the network did not learn from.
    #[must_use]
    pub fn fit(schema: &Schema, outputs: &[Vec<f32>], truths: &[Vec<Truth>]) -> Self {
        let mut heads = Vec::with_capacity(schema.heads.len());
        for (place, (first, head)) in schema.spans().enumerate() {
            let span = first..first + head.labels.len();
            let rows = outputs
                .iter()
                .zip(truths)
                .filter_map(|(output, truth)| Some((output.get(span.clone())?, truth.get(place)?)));
            heads.push(match head.choice {
                Choice::One => {
                    let known: Vec<(&[f32], usize)> = rows
                        .filter_map(|(x, t)| if let Truth::One(label) = t { Some((x, *label)) } else { None })
                        .collect();
                    HeadCalibration::One { temperature: fit_temperature(&known) }
                }
                Choice::Any => {
                    let known: Vec<(&[f32], u64)> = rows
                        .filter_map(|(x, t)| if let Truth::Any(bits) = t { Some((x, *bits)) } else { None })
                        .collect();
                    fit_marks(head.labels.len(), &known)
                }
            });
        }
        Self { heads }
    }

    /// Probabilities of all labels, in the order of the outputs.
    #[must_use]
    pub fn probabilities(&self, schema: &Schema, output: &[f32]) -> Vec<f32> {
        let mut all = Vec::with_capacity(output.len());
        for ((first, head), calibration) in schema.spans().zip(&self.heads) {
            let output = output.get(first..first + head.labels.len()).unwrap_or(&[]);
            match calibration {
                HeadCalibration::One { temperature } => all.extend(softmax(output, *temperature)),
                HeadCalibration::Any { slopes, offsets, .. } => {
                    all.extend(output.iter().zip(slopes.iter().zip(offsets)).map(|(x, (a, b))| sigmoid(a * x + b)));
                }
            }
        }
        all
    }

    /// The decision of each head on these probabilities: the likeliest label, or every label at its threshold.
    #[must_use]
    pub fn decide(&self, schema: &Schema, probabilities: &[f32]) -> Vec<Truth> {
        schema
            .spans()
            .zip(&self.heads)
            .map(|((first, head), calibration)| {
                let mine = probabilities.get(first..first + head.labels.len()).unwrap_or(&[]);
                match calibration {
                    HeadCalibration::One { .. } => Truth::One(likeliest(mine)),
                    HeadCalibration::Any { thresholds, .. } => Truth::Any(
                        mine.iter()
                            .zip(thresholds)
                            .enumerate()
                            .filter(|(_, (p, threshold))| *p >= *threshold)
                            .fold(0, |bits, (at, _)| bits | (1 << at)),
                    ),
                }
            })
            .collect()
    }
}

/// The place of the greatest number, the first of equals; 0 of none.
#[must_use]
pub fn likeliest(numbers: &[f32]) -> usize {
    let mut best = 0;
    for (at, number) in numbers.iter().enumerate() {
        if numbers.get(best).is_some_and(|most| number > most) {
            best = at;
        }
    }
    best
}

/// 1 / (1 + e^-x).
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Softmax of the outputs divided by the temperature.
#[must_use]
pub fn softmax(output: &[f32], temperature: f32) -> Vec<f32> {
    let most = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = output.iter().map(|x| ((x - most) / temperature).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

/// The temperature with the least mean negative log likelihood, by golden section over its logarithm.
fn fit_temperature(known: &[(&[f32], usize)]) -> f32 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    if known.is_empty() {
        return 1.0;
    }
    let loss = |log_temperature: f64| -> f64 {
        let temperature = log_temperature.exp();
        known
            .iter()
            .map(|(output, label)| {
                let most = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f64 = output.iter().map(|x| (f64::from(x - most) / temperature).exp()).sum();
                sum.ln() - output.get(*label).map_or(0.0, |x| f64::from(x - most) / temperature)
            })
            .sum()
    };
    let (mut low, mut high) = (0.1_f64.ln(), 10.0_f64.ln());
    for _ in 0..40 {
        let (left, right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
        if loss(left) < loss(right) { high = right } else { low = left }
    }
    narrow(f64::midpoint(low, high).exp())
}

#[allow(clippy::cast_possible_truncation, reason = "a fitted number of ordinary size; f32 is what the model keeps")]
fn narrow(x: f64) -> f32 {
    x as f32
}

fn fit_marks(labels: usize, known: &[(&[f32], u64)]) -> HeadCalibration {
    let (mut slopes, mut offsets, mut thresholds) = (Vec::new(), Vec::new(), Vec::new());
    for label in 0..labels {
        let points: Vec<(f32, bool)> =
            known.iter().filter_map(|(x, bits)| Some((*x.get(label)?, bits >> label & 1 == 1))).collect();
        let (slope, offset) = fit_line(&points);
        let mut scored: Vec<(f32, bool)> =
            points.iter().map(|(x, holds)| (sigmoid(slope * x + offset), *holds)).collect();
        slopes.push(slope);
        offsets.push(offset);
        thresholds.push(best_threshold(&mut scored));
    }
    HeadCalibration::Any { slopes, offsets, thresholds }
}

/// Platt's line by Newton's method; (1, 0) where a label has no case or nothing but cases.
fn fit_line(points: &[(f32, bool)]) -> (f32, f32) {
    let yes = points.iter().filter(|(_, holds)| *holds).count();
    let no = points.len() - yes;
    if yes == 0 || no == 0 {
        return (1.0, 0.0);
    }
    let (yes, no) = (count(yes), count(no));
    let (high, low) = ((yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0));
    let (mut a, mut b) = (1.0_f64, 0.0_f64);
    for _ in 0..30 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for (x, holds) in points {
            let x = f64::from(*x);
            let p = 1.0 / (1.0 + (-(a * x + b)).exp());
            let miss = p - if *holds { high } else { low };
            let weight = (p * (1.0 - p)).max(1e-9);
            ga += miss * x;
            gb += miss;
            haa += weight * x * x;
            hab += weight * x;
            hbb += weight;
        }
        let determinant = haa * hbb - hab * hab;
        if determinant.abs() < 1e-12 {
            break;
        }
        let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
        a -= da.clamp(-1.0, 1.0);
        b -= db.clamp(-2.0, 2.0);
        if da.abs() + db.abs() < 1e-7 {
            break;
        }
    }
    // A label whose outputs say nothing keeps its sense: more must never mean less likely.
    if a > 0.0 && a.is_finite() && b.is_finite() { (narrow(a), narrow(b)) } else { (1.0, 0.0) }
}

#[allow(clippy::cast_precision_loss, reason = "counts of examples are far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

/// The threshold with the best F1, halfway between two scores; one half for a label without a case.
fn best_threshold(scored: &mut [(f32, bool)]) -> f32 {
    let yes = scored.iter().filter(|(_, holds)| *holds).count();
    if yes == 0 {
        return 0.5;
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut best, mut threshold, mut hits) = (0.0, 0.5, 0);
    for (at, (score, holds)) in scored.iter().enumerate() {
        hits += usize::from(*holds);
        let next = scored.get(at + 1).map_or(0.0, |next| next.0);
        if next == *score {
            continue;
        }
        let f1 = 2.0 * count(hits) / count(at + 1 + yes);
        if f1 > best {
            (best, threshold) = (f1, f32::midpoint(*score, next));
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::super::schema::Head;
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn a_model_twice_too_sure_gets_temperature_two() {
        let mut rng = Rng::new(1);
        let outputs: Vec<Vec<f32>> = (0..4000).map(|_| vec![(rng.unit() - 0.5) * 8.0, 0.0]).collect();
        let known: Vec<(&[f32], usize)> =
            outputs.iter().map(|o| (o.as_slice(), usize::from(!rng.chance(softmax(o, 2.0)[0])))).collect();
        let temperature = fit_temperature(&known);
        assert!((temperature - 2.0).abs() < 0.2, "{temperature}");
    }

    #[test]
    fn platts_line_is_found_again() {
        let mut rng = Rng::new(2);
        let points: Vec<(f32, bool)> = (0..6000)
            .map(|_| {
                let x = (rng.unit() - 0.5) * 6.0;
                (x, rng.chance(sigmoid(1.5 * x - 1.0)))
            })
            .collect();
        let (a, b) = fit_line(&points);
        assert!((a - 1.5).abs() < 0.15 && (b + 1.0).abs() < 0.15, "{a} {b}");
    }

    #[test]
    fn the_threshold_is_where_f1_is_best() {
        let mut scored = vec![(0.9, true), (0.8, true), (0.6, false), (0.3, true), (0.2, false), (0.1, false)];
        let threshold = best_threshold(&mut scored);
        // Taking three of three with one wrong (F1 6/7) is better than two of three with none wrong (4/5).
        assert!((0.2..0.3).contains(&threshold), "{threshold}");
    }

    #[test]
    fn decisions_follow_the_thresholds() {
        let schema = Schema {
            heads: vec![Head {
                name: "m".into(),
                choice: Choice::Any,
                labels: vec!["a".into(), "b".into()],
                scale: false,
            }],
        };
        let calibration = Calibration {
            heads: vec![HeadCalibration::Any {
                slopes: vec![1.0; 2],
                offsets: vec![0.0; 2],
                thresholds: vec![0.3, 0.9],
            }],
        };
        assert_eq!(calibration.decide(&schema, &[0.4, 0.8]), [Truth::Any(1)]);
        assert_eq!(likeliest(&[0.1, 0.7, 0.7]), 1);
    }
}
