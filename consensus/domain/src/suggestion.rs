//! What a model says of an incident, and what a person does with it.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, IncidentId, IncidentKind, Micro, Millis, ModelName, PersonId, Severity, VersionName,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What somebody needs.
    Need {
        /// To be fetched from where they are.
        Rescue = "rescue",
        /// A doctor, an ambulance.
        Medical = "medical",
        /// Food or water.
        FoodWater = "food_water",
        /// A roof.
        Shelter = "shelter",
        /// Electricity.
        Power = "power",
        /// A way that is open.
        Road = "road",
    }
}

/// What a model says of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// 0 to 1, calibrated, in millionths.
    pub confidence_micro: Micro,
    /// What is going on.
    pub kind: Option<IncidentKind>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What is needed, each once.
    pub needs: Vec<Need>,
    /// How many people; 0: not told.
    pub people: u32,
    /// Of them children, old, ill or pregnant people.
    pub vulnerable: u32,
    /// How likely it is no emergency at all: 0 to 1, in millionths.
    pub no_emergency_micro: Micro,
    /// It is the same as this one.
    pub duplicate_of: Option<IncidentId>,
    /// The words that decided, at most `limits::ADVICE_REASONS_MAX`.
    pub reasons: Vec<String>,
}

record!(Advice {
    confidence_micro,
    kind,
    severity,
    needs,
    people,
    vulnerable,
    no_emergency_micro,
    duplicate_of,
    reasons,
});

wire_enum! {
    /// What became of a suggestion.
    SuggestionStatus {
        /// Nobody has decided.
        Pending = "pending",
        /// The incident became what it said.
        Accepted = "accepted",
        /// The incident became something else.
        Overridden = "overridden",
        /// A person put it aside.
        Dismissed = "dismissed",
        /// The same model said something newer first.
        Superseded = "superseded",
    }
}

wire_enum! {
    /// What a person does with a suggestion.
    SuggestionDecision {
        /// The incident becomes what was suggested.
        Accepted = "accepted",
        /// It becomes what the person set.
        Overridden = "overridden",
        /// It stays.
        Dismissed = "dismissed",
    }
}

/// What a model said, of what, and what a person did with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Counts from 1 within the incident.
    pub number: u32,
    /// Who said it.
    pub model: ModelName,
    /// In which version.
    pub model_version: VersionName,
    /// Said by a shadow: shown to nobody as advice.
    pub shadow: bool,
    /// Hash of the text that was read.
    pub input_sha256: Digest,
    /// Its length.
    pub input_bytes: u32,
    /// What it said.
    pub advice: Advice,
    /// What became of it.
    pub status: SuggestionStatus,
    /// When it was said.
    pub suggested_at_ms: Millis,
    /// When it was decided on or superseded.
    pub decided_at_ms: Millis,
    /// By whom; none: by the system.
    pub decided_by: Option<PersonId>,
    /// The kind that the person set.
    pub chosen_kind: Option<IncidentKind>,
    /// The severity that the person set.
    pub chosen_severity: Option<Severity>,
    /// The incident that the person says is the same.
    pub chosen_duplicate_of: Option<IncidentId>,
}

record!(Suggestion {
    number,
    model,
    model_version,
    shadow,
    input_sha256,
    input_bytes,
    advice,
    status,
    suggested_at_ms,
    decided_at_ms,
    decided_by,
    chosen_kind,
    chosen_severity,
    chosen_duplicate_of,
});

impl Suggestion {
    /// Nobody has decided, and it is not superseded.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.status == SuggestionStatus::Pending
    }
}
