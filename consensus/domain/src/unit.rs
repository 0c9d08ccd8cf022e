//! Response units: in one incident at most.

use serde::{Deserialize, Serialize};

use crate::{
    IncidentId, Millis, Place, UnitId,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What a unit is doing (APCO 1.116.2).
    UnitStatus {
        /// Free.
        Available = "available",
        /// Assigned, not yet answered.
        Offered = "offered",
        /// Will go.
        Accepted = "accepted",
        /// On the way.
        EnRoute = "en_route",
        /// There.
        OnScene = "on_scene",
        /// Not to be assigned.
        OutOfService = "out_of_service",
    }
}

/// A response unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Call sign.
    pub name: String,
    /// Whose it is.
    pub agency: String,
    /// What it can do.
    pub skills: Vec<String>,
    /// Where it is stationed.
    pub station: Place,
    /// Where it was last seen.
    pub position: Place,
    /// When.
    pub position_at_ms: Millis,
    /// What it is doing.
    pub status: UnitStatus,
    /// Since when.
    pub status_at_ms: Millis,
    /// The incident that it is in. Invariant: that incident lists it.
    pub incident: Option<IncidentId>,
    /// Grows with every change but positions.
    pub version: u64,
}

record!(Unit { id, name, agency, skills, station, position, position_at_ms, status, status_at_ms, incident, version });
