//! The administrative hierarchy.

use std::collections::BTreeMap;

use super::{Outcome, Work, accepted, valid};
use crate::{AdminUnit, AdminUnitCode, EventKind, PutAdminUnits, Refusal, State, limits, stored::Touched};

pub(super) fn put(work: &mut Work<'_>, command: &PutAdminUnits) -> Outcome {
    let units = &command.admin_units;
    if units.is_empty() {
        return Err(valid::invalid("admin_units", "is empty: name at least one"));
    }
    units.iter().try_for_each(check_unit)?;
    valid::distinct("admin_units", units.iter().map(|unit| &unit.code))?;
    valid::within("admin_units", units.len(), limits::ADMIN_UNITS_PER_COMMAND_MAX)?;
    let added = units.iter().filter(|unit| !work.state.admin_units.contains_key(&unit.code)).count();
    valid::within("admin_units", work.state.admin_units.len() + added, limits::ADMIN_UNITS_MAX)?;
    check_parents(work.state, units)?;
    for unit in units {
        if work.state.admin_units.get(&unit.code) == Some(unit) {
            continue;
        }
        work.state.admin_units.insert(unit.code.clone(), unit.clone());
        work.touch(Touched::AdminUnit(unit.code.clone()));
        work.emit(EventKind::AdminUnitPut, "", Some(unit.clone().into()));
    }
    Ok(accepted("", 0))
}

fn check_unit(unit: &AdminUnit) -> Result<(), Refusal> {
    valid::name("admin_units.name", &unit.name)?;
    valid::maybe_name("admin_units.name_en", &unit.name_en)?;
    valid::within("admin_units.aliases", unit.aliases.len(), limits::ALIASES_MAX)?;
    unit.aliases.iter().try_for_each(|alias| valid::name("admin_units.aliases", alias))?;
    if unit.valid_until_ms.is_set() && unit.valid_until_ms <= unit.valid_from_ms {
        return Err(valid::invalid("admin_units.valid_until_ms", "is not after valid_from_ms: give a later end"));
    }
    Ok(())
}

/// Each parent is in state or stands earlier in the command; with the command applied, no unit lies too deep.
fn check_parents(state: &State, units: &[AdminUnit]) -> Result<(), Refusal> {
    let mut put: BTreeMap<&AdminUnitCode, Option<&AdminUnitCode>> = BTreeMap::new();
    for unit in units {
        if let Some(parent) = &unit.parent
            && !put.contains_key(parent)
            && !state.admin_units.contains_key(parent)
        {
            return Err(valid::not_found("admin_units.parent", parent));
        }
        put.insert(&unit.code, unit.parent.as_ref());
    }
    let is_moved = |unit: &AdminUnit| {
        let former = state.admin_units.get(&unit.code);
        former.is_some_and(|former| former.parent != unit.parent)
    };
    if units.iter().any(is_moved) {
        // What hangs below a moved unit moves with it, so all are looked at. Rare: a reform of the hierarchy.
        for code in state.admin_units.keys() {
            check_depth(state, &put, code)?;
        }
    }
    units.iter().try_for_each(|unit| check_depth(state, &put, &unit.code))
}

/// Walks to the top; a circle never gets there and fails as too deep.
fn check_depth(
    state: &State,
    put: &BTreeMap<&AdminUnitCode, Option<&AdminUnitCode>>,
    code: &AdminUnitCode,
) -> Result<(), Refusal> {
    let mut at = code;
    for _ in 0..limits::ADMIN_DEPTH_MAX {
        let stored = || state.admin_units.get(at).and_then(|unit| unit.parent.as_ref());
        match put.get(at).copied().unwrap_or_else(stored) {
            Some(parent) => at = parent,
            None => return Ok(()),
        }
    }
    let remedy = format!("{code} has no top within {} levels: name a parent above it", limits::ADMIN_DEPTH_MAX);
    Err(valid::invalid("admin_units.parent", remedy))
}
