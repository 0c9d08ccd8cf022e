//! Any command about rights beyond a role: short ones, so that what ends by itself ends within a sequence.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{make, person_id, sealed, text, time};

fn key_id() -> impl Strategy<Value = ServiceKeyId> + Clone {
    select(&["k1", "k2", "k3"][..]).prop_map(|text| ServiceKeyId::new(text).unwrap())
}

fn delegation_id() -> impl Strategy<Value = DelegationId> + Clone {
    select(&["q1", "q2", "q3"][..]).prop_map(|text| DelegationId::new(text).unwrap())
}

fn service_key() -> impl Strategy<Value = ServiceKey> {
    let scopes = prop::collection::vec(select(KeyScope::ALL), 0..3);
    (key_id(), person_id(), text(), any::<[u8; 32]>(), scopes, time()).prop_map(
        |(id, account, name, secret, scopes, expires_at_ms)| ServiceKey {
            id,
            account,
            name,
            secret_sha256: Digest(secret),
            scopes,
            put_at_ms: Millis(0),
            expires_at_ms,
        },
    )
}

fn delegation() -> impl Strategy<Value = Delegation> {
    (delegation_id(), person_id(), person_id(), time(), time(), text()).prop_map(
        |(id, giver, deputy, from_ms, until_ms, reason)| Delegation { id, giver, deputy, from_ms, until_ms, reason },
    )
}

fn remit() -> impl Strategy<Value = Remit> {
    let fields = prop::collection::vec(select(IncidentKind::ALL), 0..3);
    let agencies = prop::collection::vec(select(&["114", "115"][..]).prop_map(str::to_owned), 0..3);
    (fields, agencies).prop_map(|(fields, agencies)| Remit { fields, agencies })
}

pub(crate) fn command_of_access() -> BoxedStrategy<Command> {
    prop_oneof![
        3 => make!(PutSecondFactor { person: person_id(), seed_sealed: sealed() }),
        3 => make!(SpendCode { person: person_id(), step: 0u64..5, recovery: 0u32..12 }),
        1 => make!(DropSecondFactor { person: person_id() }),
        3 => make!(PutServiceKey {
            key: service_key(), replaces: prop::option::weighted(0.3, key_id()), overlap_ms: 0u64..500,
        }),
        1 => make!(RevokeServiceKey { key: key_id() }),
        3 => make!(PutDelegation { delegation: delegation() }),
        1 => make!(RevokeDelegation { delegation: delegation_id() }),
        3 => make!(TakeDelegation { delegation: prop::option::weighted(0.7, delegation_id()) }),
        1 => make!(BreakGlass { reason: text(), lasts_ms: 0u64..500 }),
        1 => make!(EndGlass { person: person_id() }),
        1 => make!(PutRemit { person: person_id(), remit: remit() }),
    ]
    .boxed()
}

/// Names who asks, and times that are right. Whether it was about rights.
pub(crate) fn aim(entry: &mut Entry, state: &State) -> bool {
    let now = entry.at_ms;
    let open = entry.request.and_then(|request| state.sessions().get(&request.session));
    let person = open.map_or_else(|| PersonId::new("an").unwrap(), |open| open.person.clone());
    match &mut entry.command {
        Command::PutSecondFactor(command) => {
            command.person = person;
            command.seed_sealed = bytes::Bytes::from_static(b"sealed");
        }
        Command::SpendCode(command) => {
            if let Some(factor) = state.second_factor(&person) {
                command.person = person;
                if command.step > 0 {
                    (command.step, command.recovery) = (factor.last_step + 1, 0);
                }
            }
        }
        Command::PutServiceKey(command) => {
            command.key.name = "Trạm đo mưa".into();
            command.key.expires_at_ms = now.plus(400);
        }
        Command::RevokeServiceKey(command) => {
            if let Some(id) = state.service_keys().keys().next() {
                command.key = id.clone();
            }
        }
        Command::PutDelegation(command) => {
            command.delegation.deputy = person;
            command.delegation.reason = "nghỉ phép".into();
            (command.delegation.from_ms, command.delegation.until_ms) = (now, now.plus(400));
        }
        Command::RevokeDelegation(command) => {
            if let Some(id) = state.delegations().keys().next() {
                command.delegation = id.clone();
            }
        }
        Command::TakeDelegation(command) => {
            let mut own = state.delegations().values().filter(|it| it.deputy == person && it.holds(now));
            if command.delegation.is_some() {
                command.delegation = own.next().map(|it| it.id.clone());
            }
        }
        Command::BreakGlass(command) => {
            command.reason = "lũ quét ở huyện bên".into();
            command.lasts_ms += 1;
        }
        Command::EndGlass(command) => command.person = person,
        Command::DropSecondFactor(command) => command.person = person,
        _ => return false,
    }
    true
}
