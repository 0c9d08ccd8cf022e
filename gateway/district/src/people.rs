//! Who may sign in here while the line is cut, and who is signed in. Pure: what is kept in a file, sealed, is this as JSON.

use std::collections::BTreeMap;

use domain::{Digest, DistrictId, Millis, Person, PersonId, Remit, Role, Session, SessionId, UnitId};
use serde::{Deserialize, Serialize};

use crate::limits::{ACCOUNTS_MAX, SEQ_RESERVED, SITTINGS_MAX};

/// Somebody whom the province let in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// As the province said.
    #[serde(flatten)]
    pub(crate) who: Who,
    /// argon2id of the password that the province accepted (PHC string).
    pub(crate) verifier: String,
    /// When it did.
    pub(crate) verified_at_ms: u64,
}

/// A person as `/api/login` and `/api/session` of the province tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    pub(crate) person: PersonId,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) role: Role,
    #[serde(default)]
    pub(crate) districts: Vec<DistrictId>,
    #[serde(default)]
    pub(crate) everywhere: bool,
    #[serde(default)]
    pub(crate) unit: Option<UnitId>,
    /// What they work on; a node that signed them in before it knew of remits has all, until the province is asked again.
    #[serde(default)]
    pub(crate) remit: Remit,
}

impl Who {
    pub(crate) fn record(&self) -> Person {
        Person {
            id: self.person.clone(),
            name: self.name.clone(),
            role: self.role,
            districts: self.districts.clone(),
            everywhere: self.everywhere,
            disabled: false,
            credential_sealed: bytes::Bytes::new(),
            unit: self.unit.clone(),
        }
    }
}

/// A session at this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sitting {
    pub(crate) person: PersonId,
    /// What the browser holds, and the province too where it gave it.
    pub(crate) token: String,
    pub(crate) expires_at_ms: u64,
    /// Whether the province gave it. One that this node gave ends when the line is back.
    pub(crate) at_province: bool,
    /// No number up to here is given again.
    pub(crate) seq_reserved: u64,
    /// Signed out here; the token is kept until what was kept under it is answered.
    pub(crate) left: bool,
}

/// Accounts and sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct People {
    accounts: BTreeMap<PersonId, Account>,
    /// By the hash of the token, in hexadecimal.
    sittings: BTreeMap<String, Sitting>,
}

/// A session id as it is written.
pub(crate) fn name_of(session: SessionId) -> String {
    Digest(session.0).to_string()
}

/// Reads it.
pub(crate) fn id_of(name: &str) -> Option<SessionId> {
    Digest::try_from(name.to_owned()).ok().map(|digest| SessionId(digest.0))
}

impl People {
    /// Whom the password may be checked for: somebody whom the province let in here within `age_ms_max`.
    pub(crate) fn account(&self, person: &str, now_ms: u64, age_ms_max: u64) -> Option<&Account> {
        let account = self.accounts.values().find(|account| account.who.person.as_str() == person)?;
        // A clock that went back makes nobody's verifier younger than it is: its age is then unknown.
        let age_ms = now_ms.checked_sub(account.verified_at_ms)?;
        (age_ms <= age_ms_max).then_some(account)
    }

    /// The province let somebody in. At the bound whoever did so longest ago is forgotten.
    pub(crate) fn remember(&mut self, account: Account) {
        self.accounts.insert(account.who.person.clone(), account);
        while self.accounts.len() > ACCOUNTS_MAX {
            let oldest = self.accounts.values().min_by_key(|account| account.verified_at_ms);
            let Some(oldest) = oldest.map(|account| account.who.person.clone()) else { return };
            self.accounts.remove(&oldest);
        }
    }

    /// Nobody signs in as this person here until the province has let them in again.
    pub(crate) fn forget(&mut self, person: &PersonId) -> bool {
        self.accounts.remove(person).is_some()
    }

    /// Opens a session; false at the bound.
    pub(crate) fn sit(&mut self, session: SessionId, sitting: Sitting, now_ms: u64) -> bool {
        self.sittings.retain(|_, it| it.expires_at_ms > now_ms || it.at_province);
        if self.sittings.len() >= SITTINGS_MAX {
            let over = self.sittings.iter().find(|(_, it)| it.expires_at_ms <= now_ms).map(|(name, _)| name.clone());
            let Some(over) = over else { return false };
            self.sittings.remove(&over);
        }
        self.sittings.insert(name_of(session), sitting);
        true
    }

    /// Whoever holds the session, also one that has ended here but may have commands kept.
    pub(crate) fn sitting(&self, session: &str) -> Option<&Sitting> {
        self.sittings.get(session)
    }

    /// All of them.
    pub(crate) fn sittings(&self) -> impl Iterator<Item = (&String, &Sitting)> {
        self.sittings.iter()
    }

    /// Ends a session and forgets its token.
    pub(crate) fn end(&mut self, session: &str) -> Option<Sitting> {
        self.sittings.remove(session)
    }

    /// Whoever holds it has signed out.
    pub(crate) fn leave(&mut self, session: &str) {
        if let Some(sitting) = self.sittings.get_mut(session) {
            sitting.left = true;
        }
    }

    /// A number of the session was used. True when the people have to be written down before it counts.
    pub(crate) fn used(&mut self, session: &str, seq: u64) -> bool {
        let Some(sitting) = self.sittings.get_mut(session) else { return false };
        if seq <= sitting.seq_reserved {
            return false;
        }
        sitting.seq_reserved = seq.saturating_add(SEQ_RESERVED);
        true
    }

    /// Another record of somebody; true when it differs.
    pub(crate) fn amend(&mut self, who: &Who) -> bool {
        match self.accounts.get_mut(&who.person) {
            Some(account) if account.who != *who => {
                account.who = who.clone();
                true
            }
            _ => false,
        }
    }

    /// Who somebody is.
    pub(crate) fn who(&self, person: &PersonId) -> Option<&Who> {
        self.accounts.get(person).map(|account| &account.who)
    }
}

impl Sitting {
    /// As the edge knows it, for as long as it lets anybody in.
    pub(crate) fn session(&self, id: SessionId) -> Session {
        Session {
            id,
            person: self.person.clone(),
            opened_at_ms: Millis(0),
            expires_at_ms: Millis(self.expires_at_ms),
            seq_max: 0,
            answered: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(person: &str, verified_at_ms: u64) -> Account {
        let who = Who {
            person: PersonId::new(person).unwrap(),
            name: "Lan".into(),
            role: Role::Operator,
            districts: vec![DistrictId::new("d1").unwrap()],
            everywhere: false,
            unit: None,
            remit: Remit::default(),
        };
        Account { who, verifier: "$argon2id$".into(), verified_at_ms }
    }

    fn sitting(expires_at_ms: u64) -> Sitting {
        Sitting {
            person: PersonId::new("lan").unwrap(),
            token: "t".into(),
            expires_at_ms,
            at_province: false,
            seq_reserved: 0,
            left: false,
        }
    }

    #[test]
    fn an_account_counts_for_a_while_and_never_from_the_future() {
        let mut people = People::default();
        people.remember(account("lan", 1_000));
        assert!(people.account("lan", 1_500, 500).is_some());
        assert!(people.account("lan", 1_501, 500).is_none());
        assert!(people.account("lan", 999, 500).is_none(), "a clock that went back");
        assert!(people.account("minh", 1_000, 500).is_none());
        assert!(people.forget(&PersonId::new("lan").unwrap()));
        assert!(people.account("lan", 1_000, 500).is_none());
    }

    #[test]
    fn a_session_is_read_as_it_was_written() {
        let id = SessionId(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        assert_eq!(id_of(&name_of(id)), Some(id));
        assert_eq!(id_of("xyz"), None);
        assert_eq!(id_of(&"zz".repeat(32)), None);
    }

    #[test]
    fn bounds_forget_the_oldest_and_refuse_one_more() {
        let mut people = People::default();
        for number in 0..=ACCOUNTS_MAX as u64 {
            people.remember(account(&format!("p{number}"), number));
        }
        assert!(people.account("p0", 1_000, 1_000_000).is_none());
        assert!(people.account("p1", 1_000, 1_000_000).is_some());
        for number in 0..SITTINGS_MAX as u64 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            assert!(people.sit(SessionId(id), sitting(100), 0));
        }
        assert!(!people.sit(SessionId([9; 32]), sitting(100), 0));
        assert!(people.sit(SessionId([9; 32]), sitting(200), 150), "those that are over make room");
    }

    #[test]
    fn it_is_the_same_after_it_was_written() {
        let mut people = People::default();
        people.remember(account("lan", 1_000));
        people.sit(SessionId([7; 32]), sitting(5), 0);
        let json = serde_json::to_vec(&people).unwrap();
        assert_eq!(serde_json::from_slice::<People>(&json).unwrap(), people);
    }

    #[test]
    fn the_provinces_answer_is_read_and_an_older_province_gives_no_place() {
        let new = r#"{"person":"lan","name":"Lan","role":"operator","next_seq":1,"expires_at_ms":5,"districts":["d1"],"everywhere":false}"#;
        assert_eq!(serde_json::from_str::<Who>(new).unwrap(), account("lan", 0).who);
        let old = r#"{"person":"lan","name":"Lan","role":"operator","next_seq":1,"expires_at_ms":5}"#;
        assert!(serde_json::from_str::<Who>(old).unwrap().districts.is_empty());
    }

    proptest! {
        /// However often the process ends: no number is given twice.
        #[test]
        fn a_number_is_noted_before_it_is_used(steps in proptest::collection::vec((0_u64..40, any::<bool>()), 1..60)) {
            let mut people = People::default();
            people.sit(SessionId([7; 32]), sitting(5), 0);
            let name = name_of(SessionId([7; 32]));
            let mut on_disk = people.clone();
            let mut used = 0;
            for (more, crashes) in steps {
                used += more;
                if people.used(&name, used) {
                    on_disk = people.clone();
                }
                if crashes {
                    people = on_disk.clone();
                    prop_assert!(people.sitting(&name).unwrap().seq_reserved >= used);
                    used = people.sitting(&name).unwrap().seq_reserved;
                }
            }
        }
    }
}
