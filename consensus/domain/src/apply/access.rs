//! Keys of service accounts, delegations, and the broken glass. Each event is about the person whose rights change, so that
//! their screens are looked at anew, and is seen by whoever sees people. That older grants no longer count in the field
//! groups is for whoever proposes it; what ends by itself says so in the grant.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Outcome, Work, accepted, valid};
use crate::{
    BreakGlass, Delegation, EndGlass, EventKind, Glass, Person, PersonId, PutDelegation, PutServiceKey, Refusal,
    RefusalCode, RevokeDelegation, RevokeServiceKey, Role, ServiceKey, Stance, TakeDelegation,
    access_book::TouchedAccess, limits, stored::Touched,
};

pub(super) fn put_key(work: &mut Work<'_>, command: &PutServiceKey) -> Outcome {
    let key = ServiceKey { put_at_ms: work.now, ..command.key.clone() };
    valid::name("key.name", &key.name)?;
    valid::distinct("key.scopes", &key.scopes)?;
    if key.scopes.is_empty() {
        return Err(valid::invalid("key.scopes", "is empty: say what the key is for"));
    }
    let latest = work.now.plus(limits::SERVICE_KEY_MS_MAX);
    if key.expires_at_ms <= work.now || key.expires_at_ms > latest {
        return Err(valid::invalid("key.expires_at_ms", format!("choose a time from now to {latest}")));
    }
    if command.overlap_ms > limits::KEY_OVERLAP_MS_MAX {
        return Err(valid::invalid("overlap_ms", format!("at most {}", limits::KEY_OVERLAP_MS_MAX)));
    }
    if !work.state.persons.contains_key(&key.account) {
        return Err(valid::not_found("key.account", &key.account));
    }
    if let Some(known) = work.state.access.service_keys.get(&key.id) {
        // The same words again are a retry; nothing of a key that was given out can be changed.
        let same = ServiceKey { put_at_ms: known.put_at_ms, ..key.clone() };
        if same == *known {
            return Ok(accepted(&key.id, 0));
        }
        let message = "this id was given out: take a new one, and name the former in `replaces`";
        return Err(Refusal::new(RefusalCode::Exists, "key.id", message));
    }
    let former = match &command.replaces {
        Some(id) => {
            let former = work.state.access.service_keys.get(id).ok_or_else(|| valid::not_found("replaces", id))?;
            if former.account != key.account {
                return Err(valid::invalid(
                    "replaces",
                    format!("is a key of {}: name one of the account", former.account),
                ));
            }
            Some(former.clone())
        }
        None => None,
    };
    let now = work.now;
    let expired = |known: &&ServiceKey| known.expires_at_ms <= now && Some(&known.id) != command.replaces.as_ref();
    let leaving: Vec<_> = match work.state.access.service_keys.len() < limits::SERVICE_KEYS_MAX {
        true => Vec::new(),
        false => {
            work.state.access.service_keys.values().filter(expired).take(1).map(|known| known.id.clone()).collect()
        }
    };
    let left = work.state.access.service_keys.len() - leaving.len();
    valid::within("key", left + 1, limits::SERVICE_KEYS_MAX)?;
    for id in leaving {
        work.state.access.service_keys.remove(&id);
        work.touch(Touched::Access(TouchedAccess::ServiceKey(id)));
    }
    if let Some(former) = former {
        let expires_at_ms = former.expires_at_ms.min(now.plus(command.overlap_ms));
        keep_key(work, ServiceKey { expires_at_ms, ..former });
    }
    let (id, account) = (key.id.clone(), key.account.clone());
    keep_key(work, key);
    emit(work, EventKind::ServiceKeyPut, id.as_str(), &account);
    Ok(accepted(id, 0))
}

pub(super) fn revoke_key(work: &mut Work<'_>, command: &RevokeServiceKey) -> Outcome {
    let known = work.state.access.service_keys.get(&command.key);
    let known = known.cloned().ok_or_else(|| valid::not_found("key", &command.key))?;
    if known.expires_at_ms > work.now {
        let account = known.account.clone();
        let expires_at_ms = work.now;
        keep_key(work, ServiceKey { expires_at_ms, ..known });
        emit(work, EventKind::ServiceKeyRevoked, command.key.as_str(), &account);
    }
    Ok(accepted(&command.key, 0))
}

fn keep_key(work: &mut Work<'_>, key: ServiceKey) {
    work.touch(Touched::Access(TouchedAccess::ServiceKey(key.id.clone())));
    work.state.access.service_keys.insert(key.id.clone(), key);
}

pub(super) fn put_delegation(work: &mut Work<'_>, command: &PutDelegation) -> Outcome {
    let delegation = &command.delegation;
    valid::text("delegation.reason", &delegation.reason)?;
    for (field, person) in [("delegation.giver", &delegation.giver), ("delegation.deputy", &delegation.deputy)] {
        let known = work.state.persons.get(person).ok_or_else(|| valid::not_found(field, person))?;
        if matches!(known.role, Role::Device | Role::Telephony) {
            return Err(valid::invalid(field, "is a service account: name a person"));
        }
    }
    if delegation.giver == delegation.deputy {
        return Err(valid::invalid("delegation.deputy", "is the giver: name somebody else"));
    }
    let latest = delegation.from_ms.max(work.now).plus(limits::DELEGATION_MS_MAX);
    let ends_after = delegation.from_ms.max(work.now);
    if delegation.until_ms <= ends_after || delegation.until_ms > latest {
        return Err(valid::invalid("delegation.until_ms", format!("choose a time after {ends_after}, up to {latest}")));
    }
    if let Some(known) = work.state.access.delegations.get(&delegation.id) {
        if known == delegation {
            return Ok(accepted(&delegation.id, 0));
        }
        return Err(Refusal::new(RefusalCode::Exists, "delegation.id", "this id was used before: take a new one"));
    }
    let now = work.now;
    let in_use: BTreeSet<_> = work.state.access.stances.values().filter_map(|stance| stance.acts_by.clone()).collect();
    let ended = |known: &&Delegation| known.until_ms <= now && !in_use.contains(&known.id);
    let leaving: Vec<_> = match work.state.access.delegations.len() < limits::DELEGATIONS_MAX {
        true => Vec::new(),
        false => work.state.access.delegations.values().filter(ended).take(1).map(|known| known.id.clone()).collect(),
    };
    let left = work.state.access.delegations.len() - leaving.len();
    valid::within("delegation", left + 1, limits::DELEGATIONS_MAX)?;
    for id in leaving {
        work.state.access.delegations.remove(&id);
        work.touch(Touched::Access(TouchedAccess::Delegation(id)));
    }
    keep_delegation(work, delegation.clone());
    emit(work, EventKind::DelegationPut, &delegation.reason, &delegation.deputy);
    Ok(accepted(&delegation.id, 0))
}

pub(super) fn revoke_delegation(work: &mut Work<'_>, command: &RevokeDelegation) -> Outcome {
    let known = work.state.access.delegations.get(&command.delegation);
    let known = known.cloned().ok_or_else(|| valid::not_found("delegation", &command.delegation))?;
    if known.until_ms > work.now {
        let deputy = known.deputy.clone();
        let until_ms = work.now;
        keep_delegation(work, Delegation { until_ms, ..known });
        emit(work, EventKind::DelegationRevoked, command.delegation.as_str(), &deputy);
    }
    Ok(accepted(&command.delegation, 0))
}

fn keep_delegation(work: &mut Work<'_>, delegation: Delegation) {
    work.touch(Touched::Access(TouchedAccess::Delegation(delegation.id.clone())));
    work.state.access.delegations.insert(delegation.id.clone(), delegation);
}

pub(super) fn take_delegation(work: &mut Work<'_>, command: &TakeDelegation) -> Outcome {
    let person = work.by_person()?;
    let mut stance = stance_of(work, &person);
    if stance.acts_by == command.delegation {
        return Ok(accepted(&person, 0));
    }
    let kind = match &command.delegation {
        Some(id) => {
            let delegation = work.state.access.delegations.get(id).filter(|it| it.deputy == person);
            let delegation = delegation.ok_or_else(|| valid::not_found("delegation", id))?;
            if !delegation.holds(work.now) {
                let message = format!("counts from {} to {}: take it then", delegation.from_ms, delegation.until_ms);
                return Err(valid::wrong_status("delegation", message));
            }
            EventKind::DelegationTaken
        }
        None => EventKind::DelegationLaidDown,
    };
    stance.acts_by.clone_from(&command.delegation);
    let note = stance.acts_by.as_ref().map(ToString::to_string).unwrap_or_default();
    keep_stance(work, stance);
    emit(work, kind, &note, &person);
    Ok(accepted(&person, 0))
}

pub(super) fn break_glass(work: &mut Work<'_>, command: &BreakGlass) -> Outcome {
    let person = work.by_person()?;
    valid::text("reason", &command.reason)?;
    if command.lasts_ms == 0 || command.lasts_ms > limits::GLASS_MS_MAX {
        return Err(valid::invalid("lasts_ms", format!("choose 1 to {}", limits::GLASS_MS_MAX)));
    }
    let mut stance = stance_of(work, &person);
    let glass =
        Glass { reason: command.reason.clone(), begun_at_ms: work.now, until_ms: work.now.plus(command.lasts_ms) };
    stance.glass = Some(glass);
    keep_stance(work, stance);
    emit(work, EventKind::GlassBroken, &command.reason, &person);
    Ok(accepted(&person, 0))
}

pub(super) fn end_glass(work: &mut Work<'_>, command: &EndGlass) -> Outcome {
    let now = work.now;
    let stance = work.state.access.stances.get(&command.person).cloned();
    if let Some(mut stance) = stance.filter(|stance| stance.broken(now).is_some()) {
        if let Some(glass) = &mut stance.glass {
            glass.until_ms = now;
        }
        keep_stance(work, stance);
        emit(work, EventKind::GlassEnded, "", &command.person);
    }
    Ok(accepted(&command.person, 0))
}

fn stance_of(work: &Work<'_>, person: &PersonId) -> Stance {
    let known = work.state.access.stances.get(person).cloned();
    known.unwrap_or_else(|| Stance { person: person.clone(), acts_by: None, glass: None })
}

fn keep_stance(work: &mut Work<'_>, stance: Stance) {
    work.touch(Touched::Access(TouchedAccess::Stance(stance.person.clone())));
    work.state.access.stances.insert(stance.person.clone(), stance);
}

/// An event about the person whose rights it changes.
pub(super) fn emit(work: &mut Work<'_>, kind: EventKind, note: &str, person: &PersonId) {
    let known = work.state.persons.get(person);
    let shown = known.map(|known| Person { credential_sealed: Bytes::new(), ..known.clone() });
    work.emit(kind, note, shown.map(Into::into));
}
