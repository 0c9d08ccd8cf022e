//! Devices are placed in a field group before they are registered there.

use domain::{
    AdminUnitCode, Command, EntityId, GroupId, PlaceEntities, Placement, Reply, limits::FIELD_GROUPS, policy,
};

use crate::{app::App, auth::Caller, cluster::read, error::ApiError, limits::COMMAND_DEADLINE};

impl App {
    /// Places a device that is new in the field group of its district room, or, where no room watches, in one by its name.
    /// The caller must be allowed to register it; the placement itself is the system's business.
    pub(crate) async fn place(
        &self,
        caller: &Caller,
        entity: EntityId,
        admin_unit: &AdminUnitCode,
        register: &Command,
    ) -> Result<(), ApiError> {
        policy::allows(&caller.grant, policy::action_of(register), Some(admin_unit))?;
        if self.placement(&entity).is_some() {
            return Ok(());
        }
        let of_district = read(&*self.source, GroupId::COMMAND, |state0| {
            state0.districts_of(admin_unit).map(|district| district.group).next()
        });
        let group = of_district.unwrap_or_else(|| group_by_name(&entity));
        let place = PlaceEntities { placements: vec![Placement { entity, group }] };
        // Placing what another request has placed meanwhile changes nothing.
        match self.road.command(Some(GroupId::COMMAND), place.into(), None, None, COMMAND_DEADLINE).await? {
            Reply::Accepted(_) => Ok(()),
            Reply::Refused(refusal) => Err(refusal.into()),
        }
    }
}

/// Spreads by FNV-1a of the name, the same on every node.
fn group_by_name(entity: &EntityId) -> GroupId {
    let hash =
        entity.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    GroupId(1 + hash % FIELD_GROUPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_spread_over_all_field_groups() {
        let groups: std::collections::BTreeSet<_> =
            (0..100).map(|n| group_by_name(&EntityId::new(&format!("sensor-{n}")).unwrap())).collect();
        assert!(groups.iter().all(|group| group.is_field()));
        assert_eq!(groups.len(), FIELD_GROUPS as usize);
    }
}
