//! One network that learns: the table by hand with Adagrad, the layer on top with burn's autodiff and Adam.
//!
//! burn gives the gradient of the loss by the sums of rows; a row's gradient is that times the feature's weight. Only rows
//! that a message touches are visited, so an epoch costs as much as the texts are long, however large the table is.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData, activation};

use super::model::{Top, TopWeights};
use super::schema::{Choice, Head, Schema, Truth};
use crate::rng::Rng;

/// What a network learns from: rows of features with the truth of each head.
#[derive(Debug, Clone)]
pub struct Item {
    /// Row and weight.
    pub rows: Vec<(u32, f32)>,
    /// One a head.
    pub truths: Vec<Truth>,
}

/// How a network learns.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Examples a step.
    pub batch: usize,
    /// Adagrad's rate for the table.
    pub table_rate: f32,
    /// AdamW's rate for the layer on top.
    pub top_rate: f64,
    /// Share of a touched row that is taken off at each step, before the rate.
    pub table_decay: f32,
    /// Probability that a feature is left out of a step.
    pub dropout: f32,
    /// Share of a one-choice truth that is spread over all labels.
    pub smoothing: f32,
    /// Share of a truth on a scale that goes to the labels beside it.
    pub beside: f32,
}

/// A network and its optimiser's state.
pub struct Learner {
    schema: Schema,
    pace: Pace,
    columns: usize,
    table: Vec<f32>,
    squares: Vec<f32>,
    top: Top,
    optimizer: ModuleOptimizer,
    device: Device,
    rng: Rng,
}

impl std::fmt::Debug for Learner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learner")
            .field("columns", &self.columns)
            .field("numbers", &self.table.len())
            .finish_non_exhaustive()
    }
}

/// Adagrad's first square: keeps the first steps of a row from being as long as the rate.
const SQUARES_START: f32 = 0.01;

impl Learner {
    /// A network that knows nothing: linear part 0, hidden part small and random.
    #[must_use]
    pub fn new(schema: &Schema, rows: usize, hidden: usize, pace: Pace, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let outputs = schema.outputs();
        let columns = outputs + hidden;
        let mut table = vec![0.0; rows * columns];
        for row in table.chunks_exact_mut(columns) {
            for cell in row.iter_mut().skip(outputs) {
                *cell = (rng.unit() - 0.5) * 0.2;
            }
        }
        let spread = 2.0 / small(hidden).sqrt();
        let weights = TopWeights {
            hidden_bias: vec![0.0; hidden],
            weight: (0..hidden * outputs).map(|_| (rng.unit() - 0.5) * spread).collect(),
            bias: vec![0.0; outputs],
        };
        let device = crate::device::training().autodiff();
        Self {
            schema: schema.clone(),
            pace,
            columns,
            squares: vec![SQUARES_START; table.len()],
            table,
            top: Top::new(&weights, &device),
            optimizer: AdamWConfig::new().with_weight_decay(1e-3).init(),
            device,
            rng,
        }
    }

    /// Sets the outputs' biases to what the labels' shares among the items say, so that no feature has to learn how rare a
    /// label is.
    pub fn start_at_shares(&mut self, items: &[&Item]) {
        let mut weights = self.top.valid().weights();
        weights.bias = shares(&self.schema, items);
        self.top = Top::new(&weights, &self.device);
    }

    /// One pass over the items in a new order. Returns the mean loss of an example.
    pub fn epoch(&mut self, items: &[&Item]) -> f64 {
        let mut order: Vec<usize> = (0..items.len()).collect();
        self.rng.shuffle(&mut order);
        let (mut loss, mut steps) = (0.0, 0_u32);
        for part in order.chunks(self.pace.batch.max(1)) {
            let batch: Vec<&Item> = part.iter().filter_map(|at| items.get(*at).copied()).collect();
            loss += f64::from(self.step(&batch));
            steps += 1;
        }
        loss / f64::from(steps.max(1))
    }

    fn step(&mut self, batch: &[&Item]) -> f32 {
        let keep = 1.0 - self.pace.dropout;
        let rows: Vec<Vec<(u32, f32)>> = batch
            .iter()
            .map(|item| {
                let kept = item.rows.iter().filter(|_| !self.rng.chance(self.pace.dropout));
                kept.map(|(row, value)| (*row, value / keep)).collect()
            })
            .collect();
        let mut sums = Vec::with_capacity(batch.len() * self.columns);
        for rows in &rows {
            sums.extend(self.sum(rows));
        }
        let sums =
            Tensor::<2>::from_data(TensorData::new(sums, [batch.len(), self.columns]), &self.device).require_grad();
        let outputs = self.top.forward(sums.clone());
        let loss = self.loss(outputs, batch);
        let value =
            loss.clone().into_data().try_into_vec::<f32>().ok().and_then(|v| v.first().copied()).unwrap_or(f32::NAN);
        let mut gradients = loss.backward();
        let by_sums = sums.grad_remove(&mut gradients).map(|g| g.into_data().try_into_vec::<f32>().unwrap_or_default());
        let gradients = GradientsParams::from_grads(gradients, &self.top);
        self.top = self.optimizer.step(self.pace.top_rate, self.top.clone(), gradients);
        if let Some(by_sums) = by_sums {
            for (rows, gradient) in rows.iter().zip(by_sums.chunks_exact(self.columns)) {
                self.descend(rows, gradient, small(batch.len()));
            }
        }
        value
    }

    fn sum(&self, rows: &[(u32, f32)]) -> Vec<f32> {
        let mut sum = vec![0.0; self.columns];
        for (row, value) in rows {
            let from = usize::try_from(*row).unwrap_or(0) * self.columns;
            if let Some(row) = self.table.get(from..from + self.columns) {
                for (sum, cell) in sum.iter_mut().zip(row) {
                    *sum += value * cell;
                }
            }
        }
        sum
    }

    /// Adagrad on the rows of one example. The loss is a batch's mean; its rows are stepped as for a sum.
    fn descend(&mut self, rows: &[(u32, f32)], gradient: &[f32], batch: f32) {
        let (rate, decay) = (self.pace.table_rate, self.pace.table_decay);
        for (row, value) in rows {
            let from = usize::try_from(*row).unwrap_or(0) * self.columns;
            let span = from..from + self.columns;
            let (Some(row), Some(squares)) = (self.table.get_mut(span.clone()), self.squares.get_mut(span)) else {
                continue;
            };
            for ((cell, square), g) in row.iter_mut().zip(squares).zip(gradient) {
                let g = value * g * batch + decay * *cell;
                *square += g * g;
                *cell -= rate * g / square.sqrt();
            }
        }
    }

    /// Mean over the examples of the sum over heads: cross entropy of one choice, binary cross entropy of each mark.
    fn loss(&self, outputs: Tensor<2>, batch: &[&Item]) -> Tensor<1> {
        let n = batch.len();
        let mut total: Option<Tensor<1>> = None;
        for (place, (first, head)) in self.schema.spans().enumerate() {
            let labels = head.labels.len();
            let (targets, known) = targets(batch, place, head, &self.pace);
            let shape = [n, labels];
            let targets = Tensor::<2>::from_data(TensorData::new(targets, shape), &self.device);
            let mine = outputs.clone().slice([0..n, first..first + labels]);
            let terms = match head.choice {
                Choice::One => activation::log_softmax(mine, 1) * targets,
                Choice::Any => {
                    let known = Tensor::<2>::from_data(TensorData::new(known, shape), &self.device);
                    let yes = activation::log_sigmoid(mine.clone()) * targets.clone();
                    let no = activation::log_sigmoid(mine.neg()) * (known - targets);
                    yes + no
                }
            };
            let loss = terms.sum().neg().div_scalar(small(n));
            total = Some(match total {
                Some(total) => total + loss,
                None => loss,
            });
        }
        total.unwrap_or_else(|| outputs.sum())
    }

    /// Outputs for some items, from the table as it stands.
    #[must_use]
    pub fn outputs(&self, items: &[&Item]) -> Vec<Vec<f32>> {
        let top = self.top.valid();
        let outputs = self.schema.outputs();
        let device = crate::device::training();
        let mut all = Vec::with_capacity(items.len());
        for part in items.chunks(256) {
            let sums: Vec<f32> = part.iter().flat_map(|item| self.sum(&item.rows)).collect();
            let sums = Tensor::<2>::from_data(TensorData::new(sums, [part.len(), self.columns]), &device);
            let answer = top.forward(sums).into_data().try_into_vec::<f32>().unwrap_or_default();
            all.extend(answer.chunks_exact(outputs).map(<[f32]>::to_vec));
        }
        all
    }

    /// What is learned so far.
    #[must_use]
    pub fn learned(&self) -> Learned {
        Learned { columns: self.columns, table: self.table.clone(), top: self.top.valid().weights() }
    }
}

/// A network's numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Numbers a row.
    pub columns: usize,
    /// Rows × columns: the straight part first, then the hidden one.
    pub table: Vec<f32>,
    /// The layer on top.
    pub top: TopWeights,
}

/// Networks side by side as one network that answers the mean of their outputs: the straight parts are averaged, the hidden
/// units stand beside one another. `None` of none.
#[must_use]
pub fn together(all: &[Learned]) -> Option<Learned> {
    let first = all.first()?;
    let outputs = first.top.bias.len();
    let share = 1.0 / small(all.len());
    let columns = outputs + all.iter().map(|one| one.top.hidden_bias.len()).sum::<usize>();
    let rows = first.table.len() / first.columns;
    let mut table = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        let parts: Vec<&[f32]> =
            all.iter().filter_map(|one| one.table.get(row * one.columns..(row + 1) * one.columns)).collect();
        table.extend((0..outputs).map(|at| parts.iter().filter_map(|part| part.get(at)).sum::<f32>() * share));
        table.extend(parts.iter().flat_map(|part| part.iter().skip(outputs)));
    }
    let mut bias = vec![0.0; outputs];
    for (at, sum) in bias.iter_mut().enumerate() {
        *sum = all.iter().filter_map(|one| one.top.bias.get(at)).sum::<f32>() * share;
    }
    let top = TopWeights {
        hidden_bias: all.iter().flat_map(|one| one.top.hidden_bias.iter().copied()).collect(),
        weight: all.iter().flat_map(|one| one.top.weight.iter().map(|w| w * share)).collect(),
        bias,
    };
    Some(Learned { columns, table, top })
}

/// A small count as f32.
#[allow(clippy::cast_precision_loss, reason = "batch and layer sizes are exact in f32")]
fn small(n: usize) -> f32 {
    n as f32
}

/// The log-odds of every mark and the logarithm of every choice's share among the items, each smoothed by half a case.
fn shares(schema: &Schema, items: &[&Item]) -> Vec<f32> {
    let mut all = Vec::with_capacity(schema.outputs());
    for (place, (_, head)) in schema.spans().enumerate() {
        let truths = || items.iter().filter_map(|item| item.truths.get(place)).filter(|t| **t != Truth::Unknown);
        let known = small(truths().count());
        all.extend((0..head.labels.len()).map(|label| {
            let holds = |truth: &&Truth| match truth {
                Truth::One(one) => *one == label,
                Truth::Any(bits) => bits >> label & 1 == 1,
                Truth::Unknown => false,
            };
            let yes = small(truths().filter(holds).count()) + 0.5;
            match head.choice {
                Choice::One => (yes / (known + 0.5)).ln(),
                Choice::Any => (yes / (known - yes + 1.0)).ln(),
            }
        }));
    }
    all
}

/// Targets of a head and where they are known, both `n × labels`.
fn targets(batch: &[&Item], place: usize, head: &Head, pace: &Pace) -> (Vec<f32>, Vec<f32>) {
    let (labels, smoothing) = (head.labels.len(), pace.smoothing);
    let mut targets = vec![0.0; batch.len() * labels];
    let mut known = vec![0.0; batch.len() * labels];
    let rows = targets.chunks_exact_mut(labels).zip(known.chunks_exact_mut(labels));
    for (item, (target, known)) in batch.iter().zip(rows) {
        match (item.truths.get(place), head.choice) {
            (Some(Truth::One(label)), Choice::One) => {
                known.fill(1.0);
                target.fill(smoothing / small(labels));
                let beside = if head.scale { pace.beside } else { 0.0 };
                let around = [label.checked_sub(1), Some(label + 1).filter(|at| *at < labels)];
                let share = beside / small(around.iter().flatten().count().max(1));
                for (at, share) in
                    around.into_iter().flatten().map(|at| (at, share)).chain([(*label, 1.0 - smoothing - beside)])
                {
                    if let Some(cell) = target.get_mut(at) {
                        *cell += share;
                    }
                }
            }
            (Some(Truth::Any(bits)), Choice::Any) => {
                known.fill(1.0);
                for (at, cell) in target.iter_mut().enumerate() {
                    *cell = if bits >> at & 1 == 1 { 1.0 } else { 0.0 };
                }
            }
            _ => {}
        }
    }
    (targets, known)
}

/// Mean loss of an example on outputs as they are, for early stopping; the same sum as the learner's, in f64.
#[must_use]
pub fn held_loss(schema: &Schema, outputs: &[Vec<f32>], items: &[&Item]) -> f64 {
    let mut total = 0.0;
    for (output, item) in outputs.iter().zip(items) {
        for (place, (first, head)) in schema.spans().enumerate() {
            let mine = output.get(first..first + head.labels.len()).unwrap_or(&[]);
            match item.truths.get(place) {
                Some(Truth::One(label)) => {
                    let p = super::calibrate::softmax(mine, 1.0).get(*label).copied().unwrap_or(0.0);
                    total -= f64::from(p.max(1e-9)).ln();
                }
                Some(Truth::Any(bits)) => {
                    for (at, x) in mine.iter().enumerate() {
                        let signed = if bits >> at & 1 == 1 { *x } else { -*x };
                        total += f64::from(-signed).exp().ln_1p().min(50.0);
                    }
                }
                _ => {}
            }
        }
    }
    total * super::quality::ratio(1, items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_learns_what_a_feature_means_and_learns_the_same_again() {
        let schema = Schema::any_of("m", vec!["a".into(), "b".into()]);
        let pace = Pace {
            batch: 8,
            table_rate: 0.3,
            top_rate: 0.01,
            table_decay: 0.0,
            dropout: 0.0,
            smoothing: 0.0,
            beside: 0.0,
        };
        let items: Vec<Item> = (0..64_u32)
            .map(|n| Item { rows: vec![(n % 4, 1.0)], truths: vec![Truth::Any(u64::from(n % 4))] })
            .collect();
        let items: Vec<&Item> = items.iter().collect();
        let run = || {
            let mut learner = Learner::new(&schema, 8, 4, pace, 5);
            let first = learner.epoch(&items);
            let last = (0..30).map(|_| learner.epoch(&items)).last().unwrap();
            assert!(last < first / 4.0, "{first} {last}");
            let outputs = learner.outputs(&items);
            for (output, item) in outputs.iter().zip(&items) {
                let Truth::Any(bits) = item.truths[0] else { panic!() };
                for (at, x) in output.iter().enumerate() {
                    assert_eq!(*x > 0.0, bits >> at & 1 == 1);
                }
            }
            learner.learned()
        };
        assert_eq!(run(), run());
    }

    #[test]
    fn a_truth_on_a_scale_leans_to_its_neighbours() {
        let head = Head { name: "s".into(), choice: Choice::One, labels: vec![String::new(); 4], scale: true };
        let pace = Pace {
            batch: 1,
            table_rate: 0.1,
            top_rate: 0.1,
            table_decay: 0.0,
            dropout: 0.0,
            smoothing: 0.0,
            beside: 0.2,
        };
        let item = |label| Item { rows: Vec::new(), truths: vec![Truth::One(label)] };
        assert_eq!(targets(&[&item(1)], 0, &head, &pace).0, [0.1, 0.8, 0.1, 0.0]);
        assert_eq!(targets(&[&item(3)], 0, &head, &pace).0, [0.0, 0.0, 0.2, 0.8]);
        let no_scale = Head { scale: false, ..head };
        assert_eq!(targets(&[&item(1)], 0, &no_scale, &pace).0, [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_network_begins_at_the_shares_of_the_labels() {
        let choice = Head { name: "k".into(), choice: Choice::One, labels: vec![String::new(); 2], scale: false };
        let marks = Head { choice: Choice::Any, ..choice.clone() };
        let item = |label, bits| Item { rows: Vec::new(), truths: vec![Truth::One(label), bits] };
        let items = [item(0, Truth::Any(1)), item(0, Truth::Any(0)), item(0, Truth::Unknown), item(1, Truth::Any(0))];
        let got = shares(&Schema { heads: vec![choice, marks] }, &items.iter().collect::<Vec<_>>());
        // Three of four and one of four choose; of three that are known, one has the first mark and none the second.
        let want = [3.5_f32 / 4.5, 1.5 / 4.5, 1.5 / 2.5, 0.5 / 3.5].map(f32::ln);
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-6, "{got} {want}");
        }
    }

    #[test]
    fn networks_together_answer_the_mean() {
        let schema = Schema::any_of("m", vec!["a".into(), "b".into()]);
        let pace = Pace {
            batch: 4,
            table_rate: 0.3,
            top_rate: 0.01,
            table_decay: 0.0,
            dropout: 0.0,
            smoothing: 0.0,
            beside: 0.0,
        };
        let items: Vec<Item> = (0..16_u32)
            .map(|n| Item { rows: vec![(n % 4, 1.0)], truths: vec![Truth::Any(u64::from(n % 4))] })
            .collect();
        let items: Vec<&Item> = items.iter().collect();
        let networks: Vec<Learner> = [3, 4]
            .into_iter()
            .map(|seed| {
                let mut learner = Learner::new(&schema, 8, 3, pace, seed);
                learner.epoch(&items);
                learner
            })
            .collect();
        let all: Vec<Learned> = networks.iter().map(Learner::learned).collect();
        let one = together(&all).unwrap();
        assert_eq!(one.columns, 2 + 3 + 3);
        let top = Top::new(&one.top, &Device::flex());
        let row = one.table[one.columns..2 * one.columns].to_vec();
        let sums = Tensor::<2>::from_data(TensorData::new(row, [1, one.columns]), &Device::flex());
        let got = top.forward(sums).into_data().try_into_vec::<f32>().unwrap();
        let each: Vec<_> = networks.iter().map(|network| network.outputs(&items[1..2])).collect();
        for (at, got) in got.iter().enumerate() {
            assert!((got - f32::midpoint(each[0][0][at], each[1][0][at])).abs() < 1e-5);
        }
    }
}
