//! What a run of seeds came to, as it stands in the record of all that was tried (`agree::record`). Pure.

use agree::{
    judge::promises::{IS_DOUBLED, IS_LOST},
    storm::Kind,
};
use serde_json::{Map, Value, json};

use crate::{Outcome, judge::Counts};

/// Failures of one run that are kept.
const FAILURES_MAX: usize = 20;

/// A run as it goes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The first seed.
    pub first: u64,
    /// Seeds played.
    pub seeds: u64,
    /// Real time.
    pub seconds: f64,
    virtual_seconds: f64,
    agreed: agree::counts::Counts,
    counts: Counts,
    failures: Vec<Value>,
    failed: u64,
    lost: u64,
    doubled: u64,
}

impl Tally {
    /// Nothing yet of the seeds from this one on.
    #[must_use]
    pub fn from(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Adds a play.
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.virtual_seconds += outcome.passed.as_secs_f64();
        self.agreed.add(&outcome.agreed);
        self.counts.add(&outcome.counts);
        let Some(violation) = &outcome.violation else { return };
        self.failed += 1;
        self.lost += u64::from(violation.what.contains(IS_LOST));
        self.doubled += u64::from(violation.what.contains(IS_DOUBLED));
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(json!({
                "seed": outcome.play.agree.seed, "judge": violation.judge, "what": violation.what, "again": outcome.command(),
            }));
        }
    }

    /// Plays in which something was found.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Seeds in a minute of real time.
    #[must_use]
    pub fn per_minute(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "seeds of a run are far fewer than 2^52")]
        let seeds = self.seeds as f64;
        60.0 * seeds / self.seconds.max(0.001)
    }

    /// As it stands in the record.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let mut faults: Map<String, Value> =
            Kind::ALL.iter().map(|kind| (kind.as_str().to_owned(), self.agreed.faults_of(*kind).into())).collect();
        faults.insert("line_cut".to_owned(), self.counts.cuts.into());
        faults.insert("line_dark".to_owned(), self.counts.tunnels.into());
        let run = json!({
            "first_seed": self.first,
            "seeds": self.seeds,
            "seconds": rounded(self.seconds),
            "virtual_seconds": rounded(self.virtual_seconds),
            "seeds_per_minute": rounded(self.per_minute()),
            "sent": self.counts.asked,
            "acknowledged": self.counts.answered,
            "repeated": self.counts.repeated,
            "reads": self.counts.reads,
            "screens_opened": self.counts.screens_opened,
            "screens_lost": self.counts.screens_lost,
            "screen_messages": self.counts.messages,
            "screen_gaps": self.counts.gaps,
            "served_ms_max": self.counts.served_ms,
            "committed": self.agreed.committed,
            "leads": self.agreed.leads,
            "crashes": self.agreed.crashes,
            "snapshots": self.agreed.snapshots,
            "faults": faults,
            "failed": self.failed,
            "lost": self.lost,
            "doubled": self.doubled,
            "failures": self.failures,
        });
        run.as_object().cloned().unwrap_or_default()
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
