//! The part of group 0's state that is about rights beyond a role.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    Delegation, DelegationId, Digest, Millis, PersonId, Row, SecondFactor, ServiceKey, ServiceKeyId, Stance, State,
    rows,
    stored::{row, same_key},
    wire::{Malformed, Record},
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccessBook {
    pub(crate) second_factors: BTreeMap<PersonId, SecondFactor>,
    pub(crate) service_keys: BTreeMap<ServiceKeyId, ServiceKey>,
    pub(crate) delegations: BTreeMap<DelegationId, Delegation>,
    pub(crate) stances: BTreeMap<PersonId, Stance>,
}

impl AccessBook {
    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.second_factors.len() + self.service_keys.len() + self.delegations.len() + self.stances.len()
    }

    /// Every row, in order of table, then of key.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut out = Vec::with_capacity(self.len());
        out.extend(self.second_factors.iter().map(|(id, record)| row(rows::second_factor_key(id), record)));
        out.extend(self.service_keys.iter().map(|(id, record)| row(rows::service_key_key(id), record)));
        out.extend(self.delegations.iter().map(|(id, record)| row(rows::delegation_key(id), record)));
        out.extend(self.stances.iter().map(|(id, record)| row(rows::stance_key(id), record)));
        out
    }

    /// Whether rows of this table are its own.
    pub(crate) fn reads(table: u8) -> bool {
        matches!(table, rows::SECOND_FACTORS | rows::SERVICE_KEYS | rows::DELEGATIONS | rows::STANCES)
    }

    /// Takes a row of one of these tables.
    pub(crate) fn read_row(&mut self, key: &Bytes, value: &Bytes) -> Result<(), Malformed> {
        match key.first().copied() {
            Some(rows::SECOND_FACTORS) => {
                let record = SecondFactor::decode(value)?;
                same_key(key, &rows::second_factor_key(&record.person))?;
                self.second_factors.insert(record.person.clone(), record);
            }
            Some(rows::SERVICE_KEYS) => {
                let record = ServiceKey::decode(value)?;
                same_key(key, &rows::service_key_key(&record.id))?;
                self.service_keys.insert(record.id.clone(), record);
            }
            Some(rows::DELEGATIONS) => {
                let record = Delegation::decode(value)?;
                same_key(key, &rows::delegation_key(&record.id))?;
                self.delegations.insert(record.id.clone(), record);
            }
            _ => {
                let record = Stance::decode(value)?;
                same_key(key, &rows::stance_key(&record.person))?;
                self.stances.insert(record.person.clone(), record);
            }
        }
        Ok(())
    }
}

impl State {
    /// A person's second factor, confirmed or not, with its sealed seed (group 0).
    #[must_use]
    pub fn second_factor(&self, person: &PersonId) -> Option<&SecondFactor> {
        self.access.second_factors.get(person)
    }

    /// Keys of service accounts, expired ones included (group 0).
    #[must_use]
    pub fn service_keys(&self) -> &BTreeMap<ServiceKeyId, ServiceKey> {
        &self.access.service_keys
    }

    /// The key of that id, if the secret's hash is its own and it counts now (group 0).
    #[must_use]
    pub fn service_key(&self, id: &ServiceKeyId, secret_sha256: &Digest, now: Millis) -> Option<&ServiceKey> {
        let key = self.access.service_keys.get(id)?;
        (key.secret_sha256 == *secret_sha256 && now < key.expires_at_ms).then_some(key)
    }

    /// Delegations, ended ones included (group 0).
    #[must_use]
    pub fn delegations(&self) -> &BTreeMap<DelegationId, Delegation> {
        &self.access.delegations
    }

    /// What people do beyond their own rights, now or the last time (group 0).
    #[must_use]
    pub fn stances(&self) -> &BTreeMap<PersonId, Stance> {
        &self.access.stances
    }
}
