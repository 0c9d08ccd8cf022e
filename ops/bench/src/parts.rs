//! The parts of the measurement. Each starts a cluster of its own, so that none sees another's data, and ends what it starts.

use std::path::PathBuf;

use serde_json::{Map, Value};

pub(crate) mod command;
pub(crate) mod fanout;
pub(crate) mod kill;
pub(crate) mod latency;
pub(crate) mod memory;
pub(crate) mod paint;
pub(crate) mod readings;

/// What every part is given.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The `trongdong` program.
    pub(crate) program: PathBuf,
    /// Root of the checkout.
    pub(crate) root: PathBuf,
    /// Folders of clusters stay.
    pub(crate) keep: bool,
    /// Shorter and fewer, to try the benchmark itself; its figures are not written.
    pub(crate) quick: bool,
}

impl Setting {
    /// `full`, or `quick` when the benchmark itself is tried.
    pub(crate) fn choose<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// What a part has found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Named figures of the report.
    pub(crate) figures: Map<String, Value>,
    /// All else that was measured.
    pub(crate) detail: Map<String, Value>,
}

impl Found {
    /// Puts a figure, to three decimals; nothing where there is none.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.figures.insert(name.into(), crate::stats::rounded(value).into());
        }
    }

    /// Puts p50 and p99 of sorted samples as `<name>_ms_p50` and `<name>_ms_p99`, and their curve into the details.
    pub(crate) fn percentiles(&mut self, name: &str, sorted: &[f64]) {
        for percent in [50.0, 99.0] {
            self.figure(format!("{name}_ms_p{percent}"), crate::stats::percentile(sorted, percent));
        }
        self.detail.insert(name.to_owned(), crate::stats::curve(sorted));
    }

    /// Puts a detail.
    pub(crate) fn note(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.detail.insert(name.into(), value.into());
    }
}
