//! District rooms.

use super::{Outcome, Work, accepted, valid};
use crate::{EventKind, PutDistrict, limits, stored::Touched};

pub(super) fn put(work: &mut Work<'_>, command: &PutDistrict) -> Outcome {
    let district = &command.district;
    valid::name("district.name", &district.name)?;
    valid::maybe_name("district.name_en", &district.name_en)?;
    if !district.group.is_field() {
        let remedy = format!("keeps no devices: choose 1 to {}", limits::FIELD_GROUPS);
        return Err(valid::invalid("district.group", remedy));
    }
    valid::distinct("district.admin_units", &district.admin_units)?;
    valid::within("district.admin_units", district.admin_units.len(), limits::DISTRICT_UNITS_MAX)?;
    let former = work.state.districts.get(&district.id);
    let added = usize::from(former.is_none());
    valid::within("district", work.state.districts.len() + added, limits::DISTRICTS_MAX)?;
    let missing = district.admin_units.iter().find(|code| !work.state.admin_units.contains_key(*code));
    if let Some(code) = missing {
        return Err(valid::not_found("district.admin_units", code));
    }
    if former != Some(district) {
        work.state.districts.insert(district.id.clone(), district.clone());
        work.touch(Touched::District(district.id.clone()));
        work.emit(EventKind::DistrictPut, "", Some(district.clone().into()));
    }
    Ok(accepted(&district.id, 0))
}
