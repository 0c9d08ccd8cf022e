//! What a person works on: fields and agencies, beside level and place. Empty is all. `policy/matter.rs` says what of a record
//! it is asked of; `apply/remit.rs` has the command.

use serde::{Deserialize, Serialize};

use crate::{IncidentKind, PersonId, wire::record};

/// Fields and agencies that somebody works for. Whoever has none named works for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Remit {
    /// Kinds of incident; empty: all. Ascending.
    #[serde(default)]
    pub fields: Vec<IncidentKind>,
    /// Names of agencies, as units and tasks have them; empty: all. Ascending.
    #[serde(default)]
    pub agencies: Vec<String>,
}

record!(default Remit { fields, agencies });

impl Remit {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.fields.is_empty() && self.agencies.is_empty()
    }
}

/// One person's remit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRemit {
    /// Whose.
    pub person: PersonId,
    /// What they work on; not all.
    pub remit: Remit,
}

record!(PersonRemit { person, remit });
