//! Models: what is registered of them, what is in use, and what became of what they said.

use serde::{Deserialize, Serialize};

use crate::{
    Advice, Digest, IncidentKind, Micro, Millis, ModelName, PersonId, SuggestionStatus, VersionName, limits,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What a model is for.
    ModelKind {
        /// What a text tells of.
        Triage = "triage",
        /// Which incident is the same one.
        Duplicate = "duplicate",
        /// Readings unlike those before.
        Anomaly = "anomaly",
        /// What a sensor will measure.
        Forecast = "forecast",
        /// How many incidents there will be.
        Load = "load",
    }
}

wire_enum! {
    /// How a version takes part.
    ModelMode {
        /// Asked and compared; nobody is shown what it says.
        Shadow = "shadow",
        /// What it says is advice.
        Active = "active",
    }
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Which, as in the report of the training: "macro_f1".
    pub name: String,
    /// In millionths.
    pub value_micro: Micro,
}

record!(Figure { name, value_micro });

/// How large a part of the data is of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindShare {
    /// Which kind.
    pub kind: IncidentKind,
    /// 0 to 1, in millionths.
    pub share_micro: Micro,
}

record!(KindShare { kind, share_micro });

/// One version of a model, as registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Its name within the model.
    pub version: VersionName,
    /// Of the artifact.
    pub sha256: Digest,
    /// What it was trained on and measured by.
    pub data: String,
    /// What was measured, at most `limits::MODEL_FIGURES_MAX`.
    pub quality: Vec<Figure>,
    /// Kinds in the data, for drift; may be empty.
    pub shares: Vec<KindShare>,
    /// When.
    pub registered_at_ms: Millis,
    /// By whom; none: by the system.
    pub registered_by: Option<PersonId>,
}

record!(ModelVersion { version, sha256, data, quality, shares, registered_at_ms, registered_by });

/// A model and what is in use of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// What it is for.
    pub kind: ModelKind,
    /// Off: nothing is asked of it, and nothing that it says is taken.
    pub on: bool,
    /// Why it was switched last; empty: it never was.
    pub switch_reason: String,
    /// When.
    pub switched_at_ms: Millis,
    /// By whom.
    pub switched_by: Option<PersonId>,
    /// In the order of their registration, at most `limits::MODEL_VERSIONS_MAX`.
    pub versions: Vec<ModelVersion>,
    /// Gives advice.
    pub active: Option<VersionName>,
    /// Is compared.
    pub shadow: Option<VersionName>,
    /// Active before, the last one at the end, at most `limits::MODEL_FORMER_MAX`.
    pub former: Vec<VersionName>,
    /// Grows with every change.
    pub revision: u64,
}

record!(Model {
    name,
    kind,
    on,
    switch_reason,
    switched_at_ms,
    switched_by,
    versions,
    active,
    shadow,
    former,
    revision,
});

impl Model {
    /// The version as registered.
    #[must_use]
    pub fn version(&self, version: &VersionName) -> Option<&ModelVersion> {
        self.versions.iter().find(|known| known.version == *version)
    }

    /// How the version takes part; none: it does not.
    #[must_use]
    pub fn mode_of(&self, version: &VersionName) -> Option<ModelMode> {
        if self.active.as_ref() == Some(version) {
            return Some(ModelMode::Active);
        }
        (self.shadow.as_ref() == Some(version)).then_some(ModelMode::Shadow)
    }

    /// The versions that are asked now: none while it is off.
    pub fn asked(&self) -> impl Iterator<Item = &VersionName> {
        self.active.iter().chain(&self.shadow).filter(|_| self.on)
    }
}

/// Suggestions of one bin of confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Those that somebody decided on.
    pub decided: u64,
    /// And took.
    pub accepted: u64,
}

record!(CalibrationBin { decided, accepted });

/// How often something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCount {
    /// Which kind.
    pub kind: IncidentKind,
    /// How often.
    pub count: u64,
}

record!(KindCount { kind, count });

/// What became of what one version said. A shadow's suggestion counts as accepted when a person came to the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Of which model.
    pub model: ModelName,
    /// Of which version.
    pub version: VersionName,
    /// Suggestions taken.
    pub suggested: u64,
    /// The person did what it said.
    pub accepted: u64,
    /// The person did something else.
    pub overridden: u64,
    /// The person put it aside.
    pub dismissed: u64,
    /// Asked without an answer in time.
    pub late: u64,
    /// Asked without an answer that could be taken.
    pub failed: u64,
    /// `limits::CALIBRATION_BINS` of them, from confidence 0 to 1.
    pub bins: Vec<CalibrationBin>,
    /// Kinds suggested, by kind, ascending.
    pub kinds: Vec<KindCount>,
    /// The newest suggestion.
    pub suggested_at_ms: Millis,
    /// It did not answer when it was last asked.
    pub silent: bool,
}

record!(Tally {
    model,
    version,
    suggested,
    accepted,
    overridden,
    dismissed,
    late,
    failed,
    bins,
    kinds,
    suggested_at_ms,
    silent,
});

impl Tally {
    /// Of a version that has said nothing.
    #[must_use]
    pub fn new(model: ModelName, version: VersionName) -> Self {
        Self {
            model,
            version,
            suggested: 0,
            accepted: 0,
            overridden: 0,
            dismissed: 0,
            late: 0,
            failed: 0,
            bins: vec![CalibrationBin::default(); limits::CALIBRATION_BINS],
            kinds: Vec::new(),
            suggested_at_ms: Millis(0),
            silent: false,
        }
    }

    /// Suggestions that somebody decided on.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.accepted.saturating_add(self.overridden).saturating_add(self.dismissed)
    }

    /// Counts what it said.
    pub(crate) fn count_suggested(&mut self, advice: &Advice, now: Millis) {
        self.suggested += 1;
        self.suggested_at_ms = now;
        self.silent = false;
        let Some(kind) = advice.kind else { return };
        match self.kinds.binary_search_by_key(&kind, |counted| counted.kind) {
            Ok(at) => self.kinds[at].count += 1,
            Err(at) => self.kinds.insert(at, KindCount { kind, count: 1 }),
        }
    }

    /// Counts what became of it.
    pub(crate) fn count_decided(&mut self, confidence: Micro, status: SuggestionStatus) {
        match status {
            SuggestionStatus::Accepted => self.accepted += 1,
            SuggestionStatus::Overridden => self.overridden += 1,
            SuggestionStatus::Dismissed => self.dismissed += 1,
            SuggestionStatus::Pending | SuggestionStatus::Superseded => return,
        }
        if let Some(bin) = self.bins.get_mut(bin_of(confidence)) {
            bin.decided += 1;
            bin.accepted += u64::from(status == SuggestionStatus::Accepted);
        }
    }
}

/// The bin that a confidence falls in; 1 falls in the last one.
fn bin_of(confidence: Micro) -> usize {
    let bin = usize::try_from(confidence.0.max(0)).unwrap_or(usize::MAX) / (1_000_000 / limits::CALIBRATION_BINS);
    bin.min(limits::CALIBRATION_BINS - 1)
}

/// Why a model in use gives no advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceCause {
    /// A person switched it off.
    Off,
    /// It did not answer when it was last asked.
    Silent,
}

impl SilenceCause {
    /// Its name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Silent => "silent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_falls_in_one_of_ten_bins() {
        let bins = [0, 99_999, 100_000, 899_999, 900_000, 1_000_000].map(|micro| bin_of(Micro(micro)));
        assert_eq!(bins, [0, 0, 1, 8, 9, 9]);
    }
}
