//! Fits a [`Net`] to rows with burn: AdamW, a falling rate, early stopping on rows that it does not learn from.

use burn::{
    module::{Module, Param},
    nn::Linear,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, Tensor, TensorData, activation::relu},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use super::rows::{Loss, ROWS_MAX, Rows};
use super::{
    net::{HIDDEN_MAX, INPUTS_MAX, Net, OUTPUTS_MAX},
    random::Random,
    rows::LOG_MEAN_MAX,
};

/// How to fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitOptions {
    /// The same seed and the same rows give the same weights on one machine.
    pub seed: u64,
    /// Width of the hidden layer; 0: a straight line.
    pub hidden: usize,
    /// Passes over the rows at most.
    pub epochs_max: usize,
    /// Ends after this many passes that did no better on the rows held back.
    pub patience: usize,
    /// Rows of one step.
    pub batch: usize,
    /// Rate of the first step; falls along a cosine to a twentieth.
    pub rate: f64,
    /// What pulls weights to zero.
    pub weight_decay: f32,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { seed: 1, hidden: 32, epochs_max: 60, patience: 8, batch: 256, rate: 2e-3, weight_decay: 1e-3 }
    }
}

/// One pass over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// At most this many.
    pub epochs_max: usize,
    /// Mean loss over the pass, while learning.
    pub train_loss: f32,
    /// Mean loss on the rows held back.
    pub stop_loss: f32,
    /// The least of those yet.
    pub best: bool,
}

/// What a fit gives.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The weights of the best pass.
    pub net: Net,
    /// Every pass.
    pub epochs: Vec<Epoch>,
}

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FitError {
    /// Too few rows to learn from or to stop by.
    #[error("{rows} rows to learn from and {stop} to stop by: at least {least} of each; give a longer history")]
    TooFew {
        /// To learn from.
        rows: usize,
        /// To stop by.
        stop: usize,
        /// Of each.
        least: usize,
    },
    /// A size is out of bounds.
    #[error("{field} is {found}, at most {most}: give the newest, or fewer covariates")]
    TooMany {
        /// Which.
        field: &'static str,
        /// What it is.
        found: usize,
        /// What it may be.
        most: usize,
    },
    /// The loss is no number any more.
    #[error("the loss is no number after pass {epoch}: lower the rate, or look for wild values in the data")]
    Diverged {
        /// After which pass.
        epoch: usize,
    },
    /// burn would not give its weights.
    #[error("the weights cannot be read: {0}")]
    Read(String),
}

/// Fewer rows than this teach nothing.
const ROWS_LEAST: usize = 32;

#[derive(Module, Debug)]
struct Body {
    skip: Linear,
    first: Option<Linear>,
    second: Option<Linear>,
}

struct Batch {
    target: Vec<f32>,
    known: Vec<f32>,
    offset: Vec<f32>,
}

/// Fits a net to `rows`, stopping by `stop`.
///
/// # Errors
///
/// Too few or too many rows, a width out of bounds, or a loss that leaves the numbers.
pub fn fit(
    rows: &Rows,
    stop: &Rows,
    loss: &Loss,
    options: &FitOptions,
    progress: &mut dyn FnMut(&Epoch),
) -> Result<Fitted, FitError> {
    let outputs = loss.outputs(rows.targets_each);
    if rows.len() < ROWS_LEAST || stop.len() < ROWS_LEAST {
        return Err(FitError::TooFew { rows: rows.len(), stop: stop.len(), least: ROWS_LEAST });
    }
    for (field, found, most) in [
        ("rows", rows.len(), ROWS_MAX),
        ("inputs", rows.width, INPUTS_MAX),
        ("hidden", options.hidden, HIDDEN_MAX),
        ("outputs", outputs, OUTPUTS_MAX),
    ] {
        if found > most {
            return Err(FitError::TooMany { field, found, most });
        }
    }
    let device = crate::device::training().autodiff();
    let mut random = Random::new(options.seed);
    let mut net = start(rows, outputs, options.hidden, &mut random);
    let mut body = to_body(&net, &device);
    let mut optimizer = AdamWConfig::new().with_weight_decay(options.weight_decay).init();
    let scaled: Vec<f32> = (0..rows.inputs.len()).map(|i| net.scaled(i % rows.width, rows.inputs[i])).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut best = (f32::INFINITY, net.clone());
    let mut epochs = Vec::new();
    let mut since_best = 0;
    for epoch in 1..=options.epochs_max {
        random.shuffle(&mut order);
        let fallen = (epoch - 1) as f64 / options.epochs_max as f64;
        let rate = options.rate * (0.05 + 0.95 * 0.5 * (1.0 + (std::f64::consts::PI * fallen).cos()));
        let (mut sum, mut steps) = (0.0, 0.0);
        for chosen in order.chunks(options.batch.max(1)) {
            let (input, batch) = gather(rows, &scaled, chosen);
            let input = Tensor::<2>::from_data(TensorData::new(input, [chosen.len(), rows.width]), &device);
            let cost = of_batch(loss, forward(&body, input), &batch, &device);
            sum += cost.clone().into_scalar::<f32>();
            steps += 1.0;
            let gradients = GradientsParams::from_grads(cost.backward(), &body);
            body = optimizer.step(rate, body, gradients);
        }
        read_back(&body, &mut net)?;
        let stop_loss = loss.mean(&net, stop);
        if !stop_loss.is_finite() {
            return Err(FitError::Diverged { epoch });
        }
        let better = stop_loss < best.0;
        if better {
            best = (stop_loss, net.clone());
            since_best = 0;
        } else {
            since_best += 1;
        }
        let done = Epoch { epoch, epochs_max: options.epochs_max, train_loss: sum / steps, stop_loss, best: better };
        progress(&done);
        epochs.push(done);
        if since_best >= options.patience {
            break;
        }
    }
    Ok(Fitted { net: best.1, epochs })
}

/// Before the first step: the line says nothing, the hidden layer is scaled after He et al. 2015.
fn start(rows: &Rows, outputs: usize, hidden: usize, random: &mut Random) -> Net {
    let inputs = rows.width;
    let mut mean = vec![0.0f64; inputs];
    let mut square = vec![0.0f64; inputs];
    let mut known = vec![0.0f64; inputs];
    for (at, value) in rows.inputs.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let value = f64::from(*value);
        mean[at % inputs] += value;
        square[at % inputs] += value * value;
        known[at % inputs] += 1.0;
    }
    let mut deviation = vec![1.0f32; inputs];
    for i in 0..inputs {
        let of = known[i].max(1.0);
        mean[i] /= of;
        let variance = (square[i] / of - mean[i] * mean[i]).max(0.0);
        // An input that never changes says nothing; 1 keeps it at 0 without a division by nothing.
        deviation[i] =
            if variance.sqrt() > 1e-6 * (1.0 + mean[i].abs()) { super::narrow(variance.sqrt()) } else { 1.0 };
    }
    let spread = (2.0 / inputs as f32).sqrt();
    let spread_out = (0.1 / hidden.max(1) as f32).sqrt();
    Net {
        inputs,
        hidden,
        outputs,
        mean: mean.into_iter().map(super::narrow).collect(),
        deviation,
        skip: vec![0.0; inputs * outputs],
        bias: vec![0.0; outputs],
        first: (0..inputs * hidden).map(|_| random.normal() * spread).collect(),
        first_bias: vec![0.0; hidden],
        second: (0..hidden * outputs).map(|_| random.normal() * spread_out).collect(),
    }
}

fn linear(weight: &[f32], bias: &[f32], device: &Device) -> Linear {
    let shape = [weight.len() / bias.len().max(1), bias.len()];
    Linear {
        weight: Param::from_data(TensorData::new(weight.to_vec(), shape), device),
        bias: Some(Param::from_data(TensorData::new(bias.to_vec(), [bias.len()]), device)),
    }
}

fn to_body(net: &Net, device: &Device) -> Body {
    let bend = net.hidden > 0;
    Body {
        skip: linear(&net.skip, &net.bias, device),
        first: bend.then(|| linear(&net.first, &net.first_bias, device)),
        second: bend.then(|| Linear { bias: None, ..linear(&net.second, &net.bias, device) }),
    }
}

fn forward(body: &Body, input: Tensor<2>) -> Tensor<2> {
    let line = body.skip.forward(input.clone());
    match (&body.first, &body.second) {
        (Some(first), Some(second)) => line + second.forward(relu(first.forward(input))),
        _ => line,
    }
}

fn read_back(body: &Body, net: &mut Net) -> Result<(), FitError> {
    fn numbers<const D: usize>(param: &Param<Tensor<D>>) -> Result<Vec<f32>, FitError> {
        param.val().try_to_vec_as::<f32>().map_err(|error| FitError::Read(error.to_string()))
    }
    net.skip = numbers(&body.skip.weight)?;
    if let Some(bias) = &body.skip.bias {
        net.bias = numbers(bias)?;
    }
    if let (Some(first), Some(second)) = (&body.first, &body.second) {
        net.first = numbers(&first.weight)?;
        if let Some(bias) = &first.bias {
            net.first_bias = numbers(bias)?;
        }
        net.second = numbers(&second.weight)?;
    }
    Ok(())
}

/// The loss over a batch, for the gradient. `out` is `[batch, outputs]`; target and known `[batch, targets]`.
fn of_batch(loss: &Loss, out: Tensor<2>, batch: &Batch, device: &Device) -> Tensor<1> {
    let [rows, _] = out.dims();
    let targets = batch.target.len() / rows.max(1);
    let target = Tensor::<2>::from_data(TensorData::new(batch.target.clone(), [rows, targets]), device);
    match loss {
        Loss::Pinball(levels) => {
            let known = Tensor::<2>::from_data(TensorData::new(batch.known.clone(), [rows, targets]), device);
            let quantiles = levels.len();
            let level =
                Tensor::<1>::from_data(TensorData::new(levels.clone(), [quantiles]), device).reshape([1, 1, quantiles]);
            let error = target.reshape([rows, targets, 1]) - out.reshape([rows, targets, quantiles]);
            let cost = error.clone() * level + relu(error.neg());
            (cost * known.reshape([rows, targets, 1])).mean()
        }
        Loss::Poisson => {
            let offset = Tensor::<2>::from_data(TensorData::new(batch.offset.clone(), [rows, 1]), device);
            let log_mean = (out + offset).clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX);
            (log_mean.clone().exp() - target * log_mean).mean()
        }
        Loss::Logistic => (relu(out.clone()) - out.clone() * target + out.abs().neg().exp().log1p()).mean(),
    }
}

fn gather(rows: &Rows, scaled: &[f32], chosen: &[usize]) -> (Vec<f32>, Batch) {
    let mut input = Vec::with_capacity(chosen.len() * rows.width);
    let targets = chosen.len() * rows.targets_each;
    let mut batch = Batch {
        target: Vec::with_capacity(targets),
        known: Vec::with_capacity(targets),
        offset: Vec::with_capacity(chosen.len()),
    };
    for row in chosen {
        input.extend_from_slice(&scaled[row * rows.width..(row + 1) * rows.width]);
        for target in rows.target(*row) {
            batch.target.push(if target.is_finite() { *target } else { 0.0 });
            batch.known.push(if target.is_finite() { 1.0 } else { 0.0 });
        }
        batch.offset.push(rows.offset(*row));
    }
    (input, batch)
}

#[cfg(test)]
mod tests {
    use super::{super::net::Scratch, *};

    fn bent(rows: usize, seed: u64) -> Rows {
        let mut random = Random::new(seed);
        let mut made = Rows::new(2, 1);
        for _ in 0..rows {
            let (x, z) = (random.normal(), random.normal());
            made.inputs.extend([x, z]);
            made.targets.push(x.abs() * 2.0 - z + random.normal() * (0.2 + 0.2 * z.abs()));
        }
        made
    }

    #[test]
    fn quantiles_of_a_bent_line_are_learned_and_the_same_from_the_same_seed() {
        let loss = Loss::Pinball(vec![0.1, 0.5, 0.9]);
        let options = FitOptions { epochs_max: 30, rate: 1e-2, ..FitOptions::default() };
        let (rows, stop, test) = (bent(3000, 1), bent(500, 2), bent(2000, 3));
        let mut seen = 0;
        let fitted = fit(&rows, &stop, &loss, &options, &mut |_| seen += 1).unwrap();
        assert_eq!(seen, fitted.epochs.len());
        fitted.net.check().unwrap();
        let mut scratch = Scratch::default();
        let mut inside = 0;
        for row in 0..test.len() {
            fitted.net.answer(test.input(row), &mut scratch);
            inside += usize::from((scratch.out[0]..=scratch.out[2]).contains(&test.target(row)[0]));
        }
        let covered = inside as f32 / test.len() as f32;
        assert!((0.74..0.86).contains(&covered), "{covered}");
        assert!(loss.mean(&fitted.net, &test) < 0.13, "{}", loss.mean(&fitted.net, &test));
        let again = fit(&rows, &stop, &loss, &options, &mut |_| ()).unwrap();
        assert_eq!(again.net, fitted.net);
    }

    #[test]
    fn burn_and_the_plain_numbers_agree() {
        let rows = bent(64, 5);
        let mut net = start(&rows, 3, 8, &mut Random::new(9));
        for (i, weight) in net.skip.iter_mut().enumerate() {
            *weight = i as f32 * 0.1 - 0.2;
        }
        let device = Device::flex();
        let body = to_body(&net, &device);
        let scaled: Vec<f32> = (0..rows.inputs.len()).map(|i| net.scaled(i % 2, rows.inputs[i])).collect();
        let out = forward(&body, Tensor::from_data(TensorData::new(scaled, [64, 2]), &device));
        let out: Vec<f32> = out.try_to_vec_as().unwrap();
        let mut scratch = Scratch::default();
        for row in 0..rows.len() {
            net.answer(rows.input(row), &mut scratch);
            for (one, other) in scratch.out.iter().zip(&out[row * 3..]) {
                assert!((one - other).abs() < 1e-5, "{one} {other}");
            }
        }
    }

    #[test]
    fn odds_and_counts_are_learned() {
        let mut random = Random::new(3);
        let mut make = |rows: usize| {
            let (mut odds, mut counts) = (Rows::new(1, 1), Rows::new(1, 1));
            for _ in 0..rows {
                let x = random.normal();
                odds.inputs.push(x);
                odds.targets.push(if random.chance(1.0 / (1.0 + (-2.0 * x).exp())) { 1.0 } else { 0.0 });
                counts.inputs.push(x);
                counts.offsets.push(1.0);
                counts.targets.push((1.0 + 0.5 * x).exp());
            }
            (odds, counts)
        };
        let ((odds, counts), (odds_stop, counts_stop)) = (make(3000), make(500));
        let options = FitOptions { hidden: 0, epochs_max: 60, rate: 2e-2, weight_decay: 0.0, ..FitOptions::default() };
        let fitted = fit(&odds, &odds_stop, &Loss::Logistic, &options, &mut |_| ()).unwrap();
        assert!((fitted.net.skip[0] / fitted.net.deviation[0] - 2.0).abs() < 0.25, "{:?}", fitted.net.skip);
        let fitted = fit(&counts, &counts_stop, &Loss::Poisson, &options, &mut |_| ()).unwrap();
        assert!((fitted.net.skip[0] / fitted.net.deviation[0] - 0.5).abs() < 0.03, "{:?}", fitted.net.skip);
    }

    #[test]
    fn too_little_is_refused() {
        let few = bent(10, 1);
        let error = fit(&few, &few, &Loss::Logistic, &FitOptions::default(), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("longer history"), "{error}");
    }
}
