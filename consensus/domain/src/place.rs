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

/// A tenth of a degree, some 11 km.
const COARSE_E7: i32 = 1_000_000;

impl Place {
    /// What figures need of it: the unit, and the position to a tenth of a degree, by which nobody is found.
    pub(crate) fn coarse(&self) -> Self {
        Self {
            latitude_e7: self.latitude_e7 - self.latitude_e7 % COARSE_E7,
            longitude_e7: self.longitude_e7 - self.longitude_e7 % COARSE_E7,
            admin_unit: self.admin_unit.clone(),
            address: String::new(),
        }
    }

    /// Whether it says more than that.
    pub(crate) fn is_exact(&self) -> bool {
        *self != self.coarse()
    }
}
