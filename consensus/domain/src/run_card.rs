//! Run cards: what to send, by what goes on and how bad it is.

use serde::{Deserialize, Serialize};

use crate::{IncidentKind, Severity, wire::record};

/// So many units that can do this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillNeed {
    /// As in `Unit::skills`.
    pub skill: String,
    /// How many units, 1 to `limits::INCIDENT_UNITS_MAX`.
    pub count: u32,
}

record!(SkillNeed { skill, count });

/// What to send to an incident of this kind and severity. A recommendation counts by it; nothing is sent by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCard {
    /// What goes on.
    pub kind: IncidentKind,
    /// How bad it is.
    pub severity: Severity,
    /// At most `limits::SKILLS_MAX`, each skill once.
    pub needs: Vec<SkillNeed>,
    /// Grows with every change.
    #[serde(default)]
    pub version: u64,
}

record!(RunCard { kind, severity, needs, version });
