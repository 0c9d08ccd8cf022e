//! Where devices are kept.

use serde::{Deserialize, Serialize};

use crate::{EntityId, GroupId, wire::record};

/// Where a device's state lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Sensor or camera.
    pub entity: EntityId,
    /// Field group.
    pub group: GroupId,
}

record!(Placement { entity, group });
