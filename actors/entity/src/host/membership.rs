//! Which district a device is of. A device's group is fixed and its district is not: districts are named sets of
//! administrative units in the command group, and may change. Here is what was read of them last.

use std::collections::BTreeMap;

use domain::{AdminUnitCode, EntityId, GroupId, SensorId, State};

/// What was read. At most as many sensors as the group has.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    sensors: BTreeMap<SensorId, EntityId>,
    units: BTreeMap<AdminUnitCode, EntityId>,
}

impl Membership {
    /// Reads the districts of all sensors of a group anew; `command` is read after `field`, never both at once.
    pub(crate) fn read(
        group: GroupId,
        field: impl FnOnce(&mut dyn FnMut(&State)),
        command: impl FnOnce(&mut dyn FnMut(&State)),
    ) -> Self {
        let mut sensors: Vec<(SensorId, AdminUnitCode)> = Vec::new();
        field(&mut |state| {
            sensors = state.sensors().values().map(|s| (s.id.clone(), s.place.admin_unit.clone())).collect();
        });
        let mut membership = Self::default();
        command(&mut |state| {
            for (_, unit) in &sensors {
                if !membership.units.contains_key(unit) {
                    membership.units.insert(unit.clone(), district_of(state, unit, group));
                }
            }
        });
        for (sensor, unit) in sensors {
            if let Some(district) = membership.units.get(&unit) {
                membership.sensors.insert(sensor, district.clone());
            }
        }
        membership
    }

    /// The district of a sensor that is known.
    pub(crate) fn sensor(&self, sensor: &SensorId) -> Option<EntityId> {
        self.sensors.get(sensor).cloned()
    }

    /// The district of an administrative unit that was asked for before.
    pub(crate) fn unit(&self, unit: &AdminUnitCode) -> Option<EntityId> {
        self.units.get(unit).cloned()
    }

    pub(crate) fn put_unit(&mut self, unit: AdminUnitCode, district: EntityId) {
        self.units.insert(unit, district);
    }

    pub(crate) fn put_sensor(&mut self, sensor: SensorId, district: EntityId) {
        self.sensors.insert(sensor, district);
    }

    /// The sensors of each district.
    pub(crate) fn districts(&self) -> BTreeMap<EntityId, Vec<SensorId>> {
        let mut districts: BTreeMap<EntityId, Vec<SensorId>> = BTreeMap::new();
        for (sensor, district) in &self.sensors {
            districts.entry(district.clone()).or_default().push(sensor.clone());
        }
        districts
    }
}

/// The district of an administrative unit: the first by id of those that watch it, or the group's own for what nobody
/// watches.
pub(crate) fn district_of(command: &State, unit: &AdminUnitCode, group: GroupId) -> EntityId {
    command.districts_of(unit).next().map_or_else(|| no_district(group), |district| EntityId::from(&district.id))
}

/// Stands for the district of what no district watches. One for each group, since its alarms are kept by group.
pub(crate) fn no_district(group: GroupId) -> EntityId {
    #[allow(clippy::expect_used, reason = "letters, a hyphen, a dot and a number make an id")]
    EntityId::new(&format!("{NO_DISTRICT}{group}")).expect("an id")
}

/// The group of such a district.
pub(crate) fn group_of_no_district(entity: &EntityId) -> Option<GroupId> {
    let group = GroupId(entity.as_str().strip_prefix(NO_DISTRICT)?.parse().ok()?);
    group.is_field().then_some(group)
}

const NO_DISTRICT: &str = "no-district.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_watches_has_a_district_by_group() {
        assert_eq!(group_of_no_district(&no_district(GroupId(3))), Some(GroupId(3)));
        for other in ["no-district.0", "no-district.9", "no-district.x", "D3"] {
            assert_eq!(group_of_no_district(&EntityId::new(other).unwrap()), None, "{other}");
        }
    }
}
