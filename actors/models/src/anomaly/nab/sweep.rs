//! What detections are worth. A window counts once, by its earliest detection and how early that is; every detection outside
//! costs, less shortly after a window; the first readings of a file count for nothing.

use std::cmp::Ordering;

use super::{Profile, Series};

/// Share of a file that is probation.
const PROBATION_SHARE: f64 = 0.15;
/// A file counts as at most so long for its probation.
const PROBATION_ROWS_MAX: f64 = 5000.0;
/// How steep the sigmoid is in window widths.
const STEEPNESS: f64 = 5.0;
/// Window widths after which a detection costs in full.
const FAR: f64 = 3.0;

/// What a detection at each reading of a file is worth, before the weights of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Between −1 and 1 by reading.
    worth: Vec<f64>,
    /// The window that each reading lies in.
    window: Vec<Option<usize>>,
    /// Readings that do not count.
    probation: usize,
    /// How many windows there are.
    windows: usize,
}

/// The threshold that serves a profile best, and what it yields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// A reading is a detection when its score is at least this. 1.1 when saying nothing is best.
    pub threshold: f64,
    /// The sum over all files, before it is normalised.
    pub raw: f64,
}

impl Judged {
    /// Judges every reading of a series.
    pub fn new(series: &Series) -> Self {
        let rows = series.at_ms.len();
        let mut judged = Self {
            worth: Vec::with_capacity(rows),
            window: Vec::with_capacity(rows),
            probation: probation(rows),
            windows: 0,
        };
        let row_of = |time: i64| series.at_ms.iter().position(|at_ms| *at_ms == time).unwrap_or(0);
        let mut coming = series.windows_ms.iter().enumerate().peekable();
        // The window that the reading lies in: its number, its last time and row, its width.
        let mut inside: Option<(usize, i64, usize, f64)> = None;
        let mut behind: Option<(usize, f64)> = None;
        for (row, at_ms) in series.at_ms.iter().enumerate() {
            if let Some((number, (start_ms, end_ms))) = coming.next_if(|(_, (start_ms, _))| start_ms == at_ms) {
                let last = row_of(*end_ms);
                let width = last as f64 - row_of(*start_ms) as f64 + 1.0;
                inside = Some((number, *end_ms, last, width));
            }
            let place = match (inside, behind) {
                (Some((_, _, last, width)), _) => -(last as f64 - row as f64 + 1.0) / width,
                (None, Some((last, width))) => (row as f64 - last as f64) / (width - 1.0),
                (None, None) => FAR,
            };
            judged.worth.push(if inside.is_some() { sigmoid(place) / sigmoid(-1.0) } else { sigmoid(place) });
            judged.window.push(inside.map(|(number, ..)| number));
            if let Some((_, end_ms, _, width)) = inside
                && end_ms == *at_ms
            {
                behind = Some((row, width));
                inside = None;
            }
        }
        judged.windows = series.windows_ms.len();
        judged
    }

    /// The same judgement of only some of the readings (rows in ascending order): each keeps its worth, its window and whether
    /// it counts.
    pub fn only(&self, rows: &[usize]) -> Self {
        Self {
            worth: rows.iter().filter_map(|row| self.worth.get(*row).copied()).collect(),
            window: rows.iter().filter_map(|row| self.window.get(*row).copied()).collect(),
            probation: rows.partition_point(|row| *row < self.probation),
            windows: self.windows,
        }
    }

    /// How many windows there are.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// How many of the first readings do not count.
    pub fn probation(&self) -> usize {
        self.probation
    }

    /// The window that a reading lies in.
    pub fn window(&self, row: usize) -> Option<usize> {
        self.window.get(row).copied().flatten()
    }
}

/// The readings of a file that do not count: 15 % of it, and no more than of a file of 5,000.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 750")]
fn probation(rows: usize) -> usize {
    (PROBATION_SHARE * rows as f64).floor().min(PROBATION_SHARE * PROBATION_ROWS_MAX) as usize
}

/// From nearly 1 at −1, the beginning of a window, over 0 at its end to −1 far behind it.
fn sigmoid(place: f64) -> f64 {
    if place >= FAR { -1.0 } else { 2.0 / (1.0 + (STEEPNESS * place).exp()) - 1.0 }
}

/// What all thresholds yield over files judged and scored, from the strictest on, as the benchmark's optimiser sweeps them;
/// `visit` gets each threshold with the sum that it yields.
fn sweep(judged: &[Judged], scores: &[Vec<f64>], profile: &Profile, mut visit: impl FnMut(f64, f64)) {
    let mut rows = Vec::new();
    let mut windows = 0;
    for (judged, scores) in judged.iter().zip(scores) {
        for (row, score) in scores.iter().enumerate().skip(judged.probation) {
            rows.push((*score, judged.worth[row], judged.window[row].map(|window| windows + window)));
        }
        windows += judged.windows;
    }
    rows.sort_by(|(left, ..), (right, ..)| right.partial_cmp(left).unwrap_or(Ordering::Equal));
    let mut earliest = vec![-profile.false_negative; windows];
    let mut sum = -profile.false_negative * windows as f64;
    visit(1.1, sum);
    let mut rows = rows.into_iter().peekable();
    while let Some((score, worth, window)) = rows.next() {
        match window {
            None => sum += worth * profile.false_positive,
            Some(window) => {
                let gained = worth * profile.true_positive;
                if gained > earliest[window] {
                    sum += gained - earliest[window];
                    earliest[window] = gained;
                }
            }
        }
        if rows.peek().is_none_or(|(next, ..)| *next < score) {
            visit(score, sum);
        }
    }
}

/// The best single threshold for all files: the strictest of those that yield the most.
pub fn best(judged: &[Judged], scores: &[Vec<f64>], profile: &Profile) -> Best {
    let mut best = Best { threshold: 1.1, raw: f64::NEG_INFINITY };
    sweep(judged, scores, profile, |threshold, raw| {
        if raw > best.raw {
            best = Best { threshold, raw };
        }
    });
    best
}

/// What a given threshold yields over all files, before it is normalised.
pub fn raw_at(judged: &[Judged], scores: &[Vec<f64>], profile: &Profile, threshold: f64) -> f64 {
    let mut at = f64::NAN;
    sweep(judged, scores, profile, |reached, raw| {
        if at.is_nan() || reached >= threshold {
            at = raw;
        }
    });
    at
}

/// A sum on the published scale: 0 for a detector that says nothing, 100 for one that detects every window at its first
/// reading and nothing else. Not a number where there is no window.
pub fn normalised(raw: f64, windows: usize, profile: &Profile) -> f64 {
    let null = -profile.false_negative * windows as f64;
    let perfect = profile.true_positive * windows as f64;
    (raw - null) / (perfect - null) * 100.0
}
