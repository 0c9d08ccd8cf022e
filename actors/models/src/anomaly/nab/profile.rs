//! What a detection is worth, by profile.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The weights of one application profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// As the benchmark names it.
    pub name: String,
    /// For the earliest detection in a window, times its place in the window.
    pub true_positive: f64,
    /// Against a window without a detection.
    pub false_negative: f64,
    /// Against each detection outside every window.
    pub false_positive: f64,
}

/// Why the profiles could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not the benchmark's format.
    #[error("profiles.json is not an object of profiles with a CostMatrix each: {0}")]
    Format(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "CostMatrix")]
    cost_matrix: CostMatrix,
}

#[derive(Deserialize)]
struct CostMatrix {
    #[serde(rename = "tpWeight")]
    true_positive: f64,
    #[serde(rename = "fnWeight")]
    false_negative: f64,
    #[serde(rename = "fpWeight")]
    false_positive: f64,
}

impl Profile {
    /// The three profiles of version 1.1: standard, fewer false alarms, fewer misses.
    pub fn published() -> [Self; 3] {
        let profile = |name: &str, false_negative, false_positive| Self {
            name: name.to_owned(),
            true_positive: 1.0,
            false_negative,
            false_positive,
        };
        [
            profile("standard", 1.0, 0.11),
            profile("reward_low_FP_rate", 1.0, 0.22),
            profile("reward_low_FN_rate", 2.0, 0.11),
        ]
    }

    /// Reads the benchmark's `config/profiles.json`.
    ///
    /// # Errors
    /// [`ProfileError::Format`] when it is something else.
    pub fn read(text: &str) -> Result<Vec<Self>, ProfileError> {
        let entries: BTreeMap<String, Entry> = serde_json::from_str(text)?;
        let profile = |(name, Entry { cost_matrix }): (String, Entry)| Self {
            name,
            true_positive: cost_matrix.true_positive,
            false_negative: cost_matrix.false_negative,
            false_positive: cost_matrix.false_positive,
        };
        Ok(entries.into_iter().map(profile).collect())
    }
}
