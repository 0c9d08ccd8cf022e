//! Commands about the register of models.

use super::vocabulary::body;
use crate::{Digest, Figure, KindShare, ModelKind, ModelMode, ModelName, VersionName, wire::record};

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
