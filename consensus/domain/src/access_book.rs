//! The part of group 0's state that is about rights beyond a role.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    Delegation, DelegationId, Digest, Millis, PersonId, PersonRemit, Remit, Row, RowChange, SecondFactor, ServiceKey,
    ServiceKeyId, Stance, State, rows,
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
    /// Of those who do not work for all.
    pub(crate) remits: BTreeMap<PersonId, Remit>,
}

/// Names a row of the book that an entry touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TouchedAccess {
    SecondFactor(PersonId),
    ServiceKey(ServiceKeyId),
    Delegation(DelegationId),
    Stance(PersonId),
    Remit(PersonId),
}

fn remit_row(person: &PersonId, remit: &Remit) -> Row {
    row(rows::remit_key(person), &PersonRemit { person: person.clone(), remit: remit.clone() })
}

impl AccessBook {
    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.second_factors.len()
            + self.service_keys.len()
            + self.delegations.len()
            + self.stances.len()
            + self.remits.len()
    }

    /// Every row, table by table, in order of key.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut out = Vec::with_capacity(self.len());
        out.extend(self.second_factors.iter().map(|(id, record)| row(rows::second_factor_key(id), record)));
        out.extend(self.service_keys.iter().map(|(id, record)| row(rows::service_key_key(id), record)));
        out.extend(self.delegations.iter().map(|(id, record)| row(rows::delegation_key(id), record)));
        out.extend(self.stances.iter().map(|(id, record)| row(rows::stance_key(id), record)));
        out.extend(self.remits.iter().map(|(person, remit)| remit_row(person, remit)));
        out
    }

    /// The row as it stands after the entry: put, or gone.
    pub(crate) fn row_change(&self, touched: &TouchedAccess) -> RowChange {
        let (key, found) = match touched {
            TouchedAccess::SecondFactor(id) => {
                let key = rows::second_factor_key(id);
                (key.clone(), self.second_factors.get(id).map(|record| row(key, record)))
            }
            TouchedAccess::ServiceKey(id) => {
                let key = rows::service_key_key(id);
                (key.clone(), self.service_keys.get(id).map(|record| row(key, record)))
            }
            TouchedAccess::Delegation(id) => {
                let key = rows::delegation_key(id);
                (key.clone(), self.delegations.get(id).map(|record| row(key, record)))
            }
            TouchedAccess::Stance(id) => {
                let key = rows::stance_key(id);
                (key.clone(), self.stances.get(id).map(|record| row(key, record)))
            }
            TouchedAccess::Remit(id) => (rows::remit_key(id), self.remits.get(id).map(|remit| remit_row(id, remit))),
        };
        found.map_or(RowChange::Delete(key), RowChange::Put)
    }

    /// Whether rows of this table are its own.
    pub(crate) fn reads(table: u8) -> bool {
        matches!(table, rows::SECOND_FACTORS | rows::SERVICE_KEYS | rows::DELEGATIONS | rows::STANCES | rows::REMITS)
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
            Some(rows::REMITS) => {
                let record = PersonRemit::decode(value)?;
                same_key(key, &rows::remit_key(&record.person))?;
                self.remits.insert(record.person, record.remit);
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

    /// What a person works on; none: on all (group 0).
    #[must_use]
    pub fn remit(&self, person: &PersonId) -> Option<&Remit> {
        self.access.remits.get(person)
    }

    /// Remits of those who do not work on all (group 0).
    #[must_use]
    pub fn remits(&self) -> &BTreeMap<PersonId, Remit> {
        &self.access.remits
    }

    /// What people do beyond their own rights, now or the last time (group 0).
    #[must_use]
    pub fn stances(&self) -> &BTreeMap<PersonId, Stance> {
        &self.access.stances
    }
}
