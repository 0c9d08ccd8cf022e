//! People and service accounts. Raising the policy floor after a change of rights is for whoever proposes it.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Outcome, Work, accepted, call, valid};
use crate::{EventKind, Person, PutPerson, limits, stored::Touched};

pub(super) fn put(work: &mut Work<'_>, command: &PutPerson) -> Outcome {
    let mut person = command.person.clone();
    valid::name("person.name", &person.name)?;
    valid::distinct("person.districts", &person.districts)?;
    valid::within("person.districts", person.districts.len(), limits::DISTRICTS_MAX)?;
    valid::sealed("person.credential_sealed", &person.credential_sealed)?;
    let former = work.state.persons.get(&person.id);
    let added = usize::from(former.is_none());
    valid::within("person", work.state.persons.len() + added, limits::PERSONS_MAX)?;
    let mut scope = BTreeSet::new();
    for id in &person.districts {
        let district = work.state.districts.get(id).ok_or_else(|| valid::not_found("person.districts", id))?;
        scope.extend(&district.admin_units);
    }
    valid::within("person.districts", scope.len(), limits::DISTRICT_UNITS_MAX)?;
    if let Some(unit) = &person.unit
        && !work.state.units.contains_key(unit)
    {
        return Err(valid::not_found("person.unit", unit));
    }
    // Whoever edits a person cannot see the credential, so an empty one keeps what is there.
    if person.credential_sealed.is_empty()
        && let Some(former) = former
    {
        person.credential_sealed = former.credential_sealed.clone();
    }
    if former != Some(&person) {
        let shown = Person { credential_sealed: Bytes::new(), ..person.clone() };
        work.touch(Touched::Person(person.id.clone()));
        work.state.persons.insert(person.id.clone(), person);
        work.emit(EventKind::PersonPut, "", Some(shown.into()));
        // Who may work again can be rung.
        call::route(work);
    }
    Ok(accepted(&command.person.id, 0))
}
