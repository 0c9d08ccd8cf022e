//! Second factors. Whether a code is right is asked where the sealing key is; that it is spent once is decided here.

use super::{Outcome, Work, accepted, valid};
use crate::{
    DropSecondFactor, EventKind, PersonId, PutSecondFactor, Refusal, RefusalCode, SecondFactor, SpendCode,
    access_book::TouchedAccess, limits, stored::Touched,
};

pub(super) fn put(work: &mut Work<'_>, command: &PutSecondFactor) -> Outcome {
    known(work, &command.person)?;
    valid::sealed("seed_sealed", &command.seed_sealed)?;
    if command.seed_sealed.is_empty() {
        return Err(valid::invalid("seed_sealed", "is empty: send a sealed seed"));
    }
    let former = work.state.access.second_factors.get(&command.person);
    if former.is_some_and(|former| former.confirmed) {
        let message = "there is one already: take it away first, with one of its codes";
        return Err(Refusal::new(RefusalCode::Exists, "person", message));
    }
    let factor = SecondFactor {
        person: command.person.clone(),
        seed_sealed: command.seed_sealed.clone(),
        confirmed: false,
        last_step: 0,
        recovery_spent: 0,
        put_at_ms: work.now,
    };
    keep(work, factor, EventKind::SecondFactorPut);
    Ok(accepted(&command.person, 0))
}

pub(super) fn spend(work: &mut Work<'_>, command: &SpendCode) -> Outcome {
    let factor = work.state.access.second_factors.get(&command.person);
    let mut factor = factor.cloned().ok_or_else(|| valid::not_found("person", &command.person))?;
    if command.step > 0 {
        if command.recovery > 0 {
            return Err(valid::invalid("recovery", "is one or the other: send a step or a recovery code"));
        }
        if command.step <= factor.last_step {
            return Err(valid::wrong_status("step", "this code was used before: wait for the next one"));
        }
        let was_confirmed = std::mem::replace(&mut factor.confirmed, true);
        factor.last_step = command.step;
        if was_confirmed {
            // Somebody signs in: what is kept changes, and nobody has to be told.
            store(work, factor);
        } else {
            keep(work, factor, EventKind::SecondFactorConfirmed);
        }
        return Ok(accepted(&command.person, command.step));
    }
    if !(1..=limits::RECOVERY_CODES).contains(&command.recovery) {
        return Err(valid::invalid("recovery", format!("send 1 to {}", limits::RECOVERY_CODES)));
    }
    if !factor.confirmed {
        return Err(valid::wrong_status("person", "no code of it was shown yet: send one of the app's"));
    }
    let bit = 1 << (command.recovery - 1);
    if factor.recovery_spent & bit != 0 {
        return Err(valid::wrong_status("recovery", "this code was used before: take another one of the list"));
    }
    factor.recovery_spent |= bit;
    keep(work, factor, EventKind::RecoveryCodeSpent);
    Ok(accepted(&command.person, 0))
}

pub(super) fn drop(work: &mut Work<'_>, command: &DropSecondFactor) -> Outcome {
    if work.state.access.second_factors.remove(&command.person).is_some() {
        work.touch(Touched::Access(TouchedAccess::SecondFactor(command.person.clone())));
        emit(work, EventKind::SecondFactorDropped, &command.person);
    }
    Ok(accepted(&command.person, 0))
}

fn known(work: &Work<'_>, person: &PersonId) -> Result<(), Refusal> {
    let is_known = work.state.persons.contains_key(person);
    if is_known { Ok(()) } else { Err(valid::not_found("person", person)) }
}

fn store(work: &mut Work<'_>, factor: SecondFactor) {
    work.touch(Touched::Access(TouchedAccess::SecondFactor(factor.person.clone())));
    work.state.access.second_factors.insert(factor.person.clone(), factor);
}

fn keep(work: &mut Work<'_>, factor: SecondFactor, kind: EventKind) {
    let person = factor.person.clone();
    store(work, factor);
    emit(work, kind, &person);
}

fn emit(work: &mut Work<'_>, kind: EventKind, person: &PersonId) {
    super::access::emit(work, kind, "", person);
}
