//! Commands about the register of models, and about what they say.

use super::vocabulary::body;
use crate::{
    Advice, Digest, Figure, IncidentId, IncidentKind, KindShare, ModelKind, ModelMode, ModelName, Severity,
    SuggestionDecision, VersionName, wire::record,
};

body! {
    /// Registers a version of a model. It is asked nothing until it is rolled out.
    RegisterModel {
        /// Which model.
        name: ModelName,
        /// Which version.
        version: VersionName,
        /// What it is for, the same for all versions.
        kind: ModelKind,
        /// Of the artifact.
        sha256: Digest,
        /// What it was trained on and measured by.
        data: String,
        /// What was measured.
        quality: Vec<Figure>,
        /// Kinds in the data; may be empty.
        shares: Vec<KindShare>,
    }
}

body! {
    /// Takes a version into use.
    RollOutModel {
        /// Which model.
        name: ModelName,
        /// Which version.
        version: VersionName,
        /// How.
        mode: ModelMode,
    }
}

body! {
    /// Takes a version out of use; what was active before is active again.
    RollBackModel {
        /// Which model.
        name: ModelName,
        /// As what it was in use.
        mode: ModelMode,
        /// The version that is left: takes effect once.
        version: VersionName,
    }
}

body! {
    /// Turns a model off or on.
    SwitchModel {
        /// Which model.
        name: ModelName,
        /// Whether it shall be on.
        on: bool,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// How often a version was asked in vain since the last report; both 0: it answers again.
    ReportSilence {
        /// Which model.
        model: ModelName,
        /// Which version.
        model_version: VersionName,
        /// Without an answer in time.
        late: u32,
        /// Without an answer that could be taken.
        failed: u32,
    }
}

body! {
    /// What a model said, proposed after the commit of what it read.
    Suggest {
        /// Of which incident.
        incident: IncidentId,
        /// Who says it.
        model: ModelName,
        /// In which version: active or a shadow.
        model_version: VersionName,
        /// Hash of the text that was read: takes effect once.
        input_sha256: Digest,
        /// Its length.
        input_bytes: u32,
        /// What it says.
        advice: Advice,
    }
}

body! {
    /// What a person does with a suggestion, and the change that it makes.
    DecideSuggestion {
        /// Of which incident.
        incident: IncidentId,
        /// The version seen; dismissing needs none.
        expected_version: u64,
        /// Its number within the incident.
        suggestion: u32,
        /// What.
        decision: SuggestionDecision,
        /// When overridden: what is going on instead.
        kind: Option<IncidentKind>,
        /// When overridden: how bad it is instead.
        severity: Option<Severity>,
        /// When overridden: which one it is the same as instead.
        duplicate_of: Option<IncidentId>,
    }
}
