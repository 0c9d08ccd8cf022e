//! What a person works on is set by an administrator. The event is about the person, so that their screens are looked at anew;
//! that older grants no longer count in the field groups is for whoever proposes it.

use super::{Outcome, Work, accepted, access, valid};
use crate::{EventKind, PutRemit, Remit, access_book::TouchedAccess, limits, stored::Touched};

pub(super) fn put(work: &mut Work<'_>, command: &PutRemit) -> Outcome {
    let Remit { mut fields, mut agencies } = command.remit.clone();
    valid::distinct("remit.fields", &fields)?;
    valid::distinct("remit.agencies", &agencies)?;
    valid::within("remit.agencies", agencies.len(), limits::REMIT_AGENCIES_MAX)?;
    agencies.iter().try_for_each(|agency| valid::name("remit.agencies", agency))?;
    if !work.state.persons.contains_key(&command.person) {
        return Err(valid::not_found("person", &command.person));
    }
    fields.sort_unstable();
    agencies.sort_unstable();
    let remit = Remit { fields, agencies };
    let known = work.state.access.remits.get(&command.person).cloned().unwrap_or_default();
    if known != remit {
        work.touch(Touched::Access(TouchedAccess::Remit(command.person.clone())));
        if remit.is_all() {
            work.state.access.remits.remove(&command.person);
        } else {
            work.state.access.remits.insert(command.person.clone(), remit);
        }
        access::emit(work, EventKind::RemitPut, "", &command.person);
    }
    Ok(accepted(&command.person, 0))
}
