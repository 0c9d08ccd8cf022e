//! District rooms, and whether their incidents are as many as expected.

use super::{Outcome, Work, accepted, model, valid};
use crate::{
    District, EventKind, LoadNotice, LoadSide, Millis, ModelKind, PutDistrict, Refusal, ReportLoad, limits,
    stored::Touched,
};

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
    // What a model reported stays.
    let put = District { load: former.and_then(|former| former.load.clone()), ..district.clone() };
    if former != Some(&put) {
        keep(work, put, EventKind::DistrictPut);
    }
    Ok(accepted(&district.id, 0))
}

pub(super) fn report_load(work: &mut Work<'_>, command: &ReportLoad) -> Outcome {
    let former = work.state.districts.get(&command.district);
    let former = former.ok_or_else(|| valid::not_found("district", &command.district))?.clone();
    if let Some(notice) = &command.notice {
        check_notice(work, notice)?;
    }
    let untimed =
        |notice: &Option<LoadNotice>| notice.clone().map(|notice| LoadNotice { reported_at_ms: Millis(0), ..notice });
    if untimed(&former.load) != untimed(&command.notice) {
        let load = command.notice.clone().map(|notice| LoadNotice { reported_at_ms: work.now, ..notice });
        keep(work, District { load, ..former }, EventKind::DistrictLoadReported);
    }
    Ok(accepted(&command.district, 0))
}

/// A notice is of the active version of a load model, and says what it counted.
fn check_notice(work: &Work<'_>, notice: &LoadNotice) -> Result<(), Refusal> {
    let known = model::find(work, "notice.model", &notice.model)?;
    if known.kind != ModelKind::Load {
        return Err(valid::invalid("notice.model", format!("is for {}: name one for load", known.kind)));
    }
    if !known.on || known.active.as_ref() != Some(&notice.model_version) {
        return Err(valid::wrong_status("notice.model_version", "is off or not active: ask nothing of it"));
    }
    let is_outside = match notice.side {
        LoadSide::Above => notice.count > notice.high,
        LoadSide::Below => notice.count < notice.low,
    };
    if !is_outside || notice.low > notice.high {
        return Err(valid::invalid("notice.count", "is not on that side of low and high: look again"));
    }
    Ok(())
}

fn keep(work: &mut Work<'_>, district: District, kind: EventKind) {
    work.touch(Touched::District(district.id.clone()));
    work.state.districts.insert(district.id.clone(), district.clone());
    work.emit(kind, "", Some(district.into()));
}
