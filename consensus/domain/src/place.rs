//! Where something is, and how bad it is.

use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode,
    wire::{record, wire_enum},
};

wire_enum! {
    /// Five levels, the same everywhere; `Critical` is the worst.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// Act within the shift.
        Low = "low",
        /// Act within the hour.
        Medium = "medium",
        /// Act now.
        High = "high",
        /// Lives are in danger.
        Critical = "critical",
    }
}

impl Severity {
    /// 1 (info) to 5 (critical), the number that screens show.
    #[must_use]
    pub fn level(self) -> usize {
        match self {
            Self::Info => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
            Self::Critical => 5,
        }
    }
}

/// A place on the map (WGS 84) and the administrative unit that decides who may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Degrees times 10^7, within ±90°.
    pub latitude_e7: i32,
    /// Degrees times 10^7, within ±180°.
    pub longitude_e7: i32,
    /// The commune that it lies in.
    pub admin_unit: AdminUnitCode,
    /// What a person would say; may be empty.
    #[serde(default)]
    pub address: String,
}

record!(Place { latitude_e7, longitude_e7, admin_unit, address });
