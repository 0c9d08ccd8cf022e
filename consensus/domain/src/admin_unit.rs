//! The dated administrative hierarchy, and the district rooms that are named sets of it.

use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode, DistrictId, GroupId, Millis, ModelName, VersionName,
    wire::{record, wire_enum},
};

/// One unit of the hierarchy: a province, a commune, an abolished district. No level is special.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminUnit {
    /// Official code.
    pub code: AdminUnitCode,
    /// Vietnamese name with its kind, NFC.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// The unit above; none for the top.
    pub parent: Option<AdminUnitCode>,
    /// Names that people still use.
    pub aliases: Vec<String>,
    /// First moment of validity.
    pub valid_from_ms: Millis,
    /// First moment after validity; unset: still valid.
    pub valid_until_ms: Millis,
}

record!(AdminUnit { code, name, name_en, parent, aliases, valid_from_ms, valid_until_ms });

/// A district room: a named set of administrative units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct District {
    /// Its id.
    pub id: DistrictId,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// The units that it watches.
    pub admin_units: Vec<AdminUnitCode>,
    /// Field group for devices registered from now on.
    pub group: GroupId,
    /// Its count of incidents is not what was expected; none while it is.
    #[serde(default)]
    pub load: Option<LoadNotice>,
}

record!(District { id, name, name_en, admin_units, group, load });

wire_enum! {
    /// On which side of what was expected a count is.
    LoadSide {
        /// More than expected.
        Above = "above",
        /// Fewer than expected: a line may be cut.
        Below = "below",
    }
}

/// A district's count of incidents of the day so far has left the band that a model expected of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadNotice {
    /// Which model.
    pub model: ModelName,
    /// In which version.
    pub model_version: VersionName,
    /// On which side.
    pub side: LoadSide,
    /// Counted since the day began.
    pub count: u32,
    /// Fewer leave the band.
    pub low: u32,
    /// More leave it.
    pub high: u32,
    /// When the day began.
    pub day_at_ms: Millis,
    /// When it was reported; set when it is taken.
    pub reported_at_ms: Millis,
}

record!(LoadNotice { model, model_version, side, count, low, high, day_at_ms, reported_at_ms });
