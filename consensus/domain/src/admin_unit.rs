//! The dated administrative hierarchy, and the district rooms that are named sets of it.

use serde::{Deserialize, Serialize};

use crate::{AdminUnitCode, DistrictId, GroupId, Millis, wire::record};

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
}

record!(District { id, name, name_en, admin_units, group });
