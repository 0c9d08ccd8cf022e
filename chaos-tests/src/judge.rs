//! Whether what was promised is what is there, each property in a file of its own. Pure: promises and findings in, broken promises out.
//!
//! | file | what it holds against a node or a screen |
//! |---|---|
//! | `readings.rs` | a reading that is lost, there twice, of another value, or that nobody sent |
//! | `incidents.rs` | the same of reports, acknowledgements and notes |
//! | `registers.rs` | reads and writes of a register that no order explains |
//! | `screens.rs` | a gap, a double, a disorder; a sensor that shows less than was acknowledged |
//! | `streams.rs` | two screens that were told different things |
//! | `../deadlines.rs` | a deadline that is told twice, early, late or never |
//! | `../dispatch.rs` | an offer that is neither acknowledged nor comes back to a person, or both |

mod incidents;
mod readings;
mod registers;
mod screens;
mod streams;

use std::collections::BTreeMap;

pub use self::{
    registers::judge_registers,
    screens::judge_screen,
    streams::{is_abreast, judge_streams},
};
use crate::oracle::Promises;

/// Broken promises listed one by one; what is beyond is counted.
const LISTED_MAX: usize = 20;

/// What one node holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Device times and values in millionths, by sensor.
    pub readings: BTreeMap<String, Vec<(u64, i64)>>,
    /// Incidents by id.
    pub incidents: BTreeMap<String, FoundIncident>,
}

/// An incident as a node holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundIncident {
    /// Its text.
    pub summary: String,
    /// Kind and note of each line of its timeline.
    pub timeline: Vec<(String, String)>,
}

/// Broken promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broken(Vec<String>);

impl Broken {
    fn put(&mut self, text: String) {
        self.0.push(text);
    }

    /// Adds those of another judgement, said of `whom`.
    pub fn add(&mut self, whom: &str, other: Self) {
        self.0.extend(other.0.into_iter().map(|text| format!("{whom}: {text}")));
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} broken promises", self.0.len())?;
        self.0.iter().take(LISTED_MAX).try_for_each(|text| writeln!(f, "  {text}"))
    }
}

/// Every acknowledged reading and command is there exactly once, every unknown one at most once, and nothing else is.
#[must_use]
pub fn judge(promises: &Promises, found: &Found) -> Broken {
    let mut broken = Broken::default();
    readings::judge(promises, found, &mut broken);
    incidents::judge(promises, found, &mut broken);
    broken
}

#[cfg(test)]
mod tests;
