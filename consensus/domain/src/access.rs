//! Rights beyond a role: what a grant is more or less than its person's own, a second factor, keys of service accounts,
//! delegations, and the glass that somebody breaks in an emergency. `apply/access.rs` and `apply/second_factor.rs` have the
//! commands, `access_book.rs` has what is kept.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    DelegationId, Digest, Millis, PersonId, Remit, ServiceKeyId,
    policy::{Action, Noun},
    wire::{record, wire_enum},
};

wire_enum! {
    /// What a service key lets do, of what its account may.
    KeyScope {
        /// Write readings, and what a device says of itself.
        Readings = "readings",
        /// See what the account sees.
        See = "see",
        /// Offer calls and say what becomes of them.
        Telephony = "telephony",
    }
}

impl KeyScope {
    /// Whether it lets do this.
    #[must_use]
    pub fn covers(self, action: Action) -> bool {
        match self {
            Self::Readings => action == Action::ReportDevice,
            // Who works here, and what citizens wrote, is nobody's integration's business. That it looks is recorded, as with
            // anybody.
            Self::See => match action {
                Action::See(noun) => !matches!(noun, Noun::Person | Noun::Report),
                _ => action == Action::RecordRead,
            },
            Self::Telephony => matches!(action, Action::DriveTelephony | Action::TakeCall),
        }
    }
}

/// What a grant is more, or less, than its person's own rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whose rights they are, by a delegation; none: the person's own.
    pub acts_for: Option<PersonId>,
    /// The person broke the glass: the whole province.
    pub broken_glass: bool,
    /// The service key by which an account acts.
    pub key: Option<ServiceKeyId>,
    /// With a key: nothing but these.
    pub scopes: Vec<KeyScope>,
    /// The rights end by themselves at this time; unset: they do not.
    pub until_ms: Millis,
    /// Fields and agencies that they are for.
    #[serde(default)]
    pub remit: Remit,
}

record!(default Terms { acts_for, broken_glass, key, scopes, until_ms, remit });

impl Terms {
    /// Whether the rights have ended by themselves.
    #[must_use]
    pub fn is_over(&self, now: Millis) -> bool {
        self.until_ms.is_set() && self.until_ms <= now
    }

    /// Whether the rights are the person's own, without end; a remit makes them no less so.
    #[must_use]
    pub fn are_own(&self) -> bool {
        *self == Self { remit: self.remit.clone(), ..Self::default() }
    }

    /// Whether they let do this; without a key they take nothing away.
    #[must_use]
    pub fn allow(&self, action: Action) -> bool {
        self.key.is_none() || self.scopes.iter().any(|scope| scope.covers(action))
    }

    /// They end at this time, or before.
    pub(crate) fn end_at(&mut self, at: Millis) {
        if !self.until_ms.is_set() || at < self.until_ms {
            self.until_ms = at;
        }
    }
}

/// A person's second factor: a TOTP seed (RFC 6238), and the recovery codes that are made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub person: PersonId,
    /// Sealed under the cluster key. Never in an event, never in JSON.
    pub seed_sealed: Bytes,
    /// The person has shown a code of it: nobody signs in without one any more.
    pub confirmed: bool,
    /// The time step of the newest code that was spent: one at or before it is a replay.
    pub last_step: u64,
    /// Recovery codes that were spent: bit n is code n + 1.
    pub recovery_spent: u32,
    /// Since when.
    pub put_at_ms: Millis,
}

record!(SecondFactor { person, seed_sealed, confirmed, last_step, recovery_spent, put_at_ms });

/// A key of a service account. The key itself is nowhere in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKey {
    /// Which; the first half of the key.
    pub id: ServiceKeyId,
    /// Whose rights bound it.
    pub account: PersonId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the second half, 32 bytes of chance, which no guess reaches.
    #[serde(skip)]
    pub secret_sha256: Digest,
    /// What it lets do; not empty.
    pub scopes: Vec<KeyScope>,
    /// Since when; the command's own is not taken.
    pub put_at_ms: Millis,
    /// It counts before this time only.
    pub expires_at_ms: Millis,
}

record!(ServiceKey { id, account, name, secret_sha256, scopes, put_at_ms, expires_at_ms });

/// One person's rights to another, from then until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Which.
    pub id: DelegationId,
    /// Whose rights.
    pub giver: PersonId,
    /// To whom.
    pub deputy: PersonId,
    /// From then on.
    pub from_ms: Millis,
    /// Before then.
    pub until_ms: Millis,
    /// Why; not empty.
    pub reason: String,
}

record!(Delegation { id, giver, deputy, from_ms, until_ms, reason });

impl Delegation {
    /// Whether it counts now.
    #[must_use]
    pub fn holds(&self, now: Millis) -> bool {
        self.from_ms <= now && now < self.until_ms
    }
}

/// The whole province for somebody who has a reason; it ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    /// Why; not empty.
    pub reason: String,
    /// Since when.
    pub begun_at_ms: Millis,
    /// Before then.
    pub until_ms: Millis,
}

record!(Glass { reason, begun_at_ms, until_ms });

/// What a person does beyond their own rights, now or the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stance {
    /// Who.
    pub person: PersonId,
    /// The delegation by which they act.
    pub acts_by: Option<DelegationId>,
    /// The glass that they broke last.
    pub glass: Option<Glass>,
}

record!(Stance { person, acts_by, glass });

impl Stance {
    /// The glass, while it is broken.
    #[must_use]
    pub fn broken(&self, now: Millis) -> Option<&Glass> {
        self.glass.as_ref().filter(|glass| now < glass.until_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lets_do_what_its_scopes_name_and_nothing_else() {
        let key = Some(ServiceKeyId::new("k1").unwrap());
        let terms = Terms { key, scopes: vec![KeyScope::See], ..Terms::default() };
        assert!(terms.allow(Action::See(Noun::Sensor)) && !terms.allow(Action::See(Noun::Person)));
        assert!(!terms.allow(Action::ReportDevice) && !terms.allow(Action::Administer));
        assert!(terms.allow(Action::RecordRead), "who looks has it recorded");
        assert!(Terms::default().allow(Action::Administer), "without a key nothing is taken away");
        let none = Terms { scopes: Vec::new(), ..terms };
        assert!(!none.allow(Action::See(Noun::Sensor)), "a key without scopes lets do nothing");
    }

    #[test]
    fn the_sooner_end_counts_and_unset_is_no_end() {
        let mut terms = Terms::default();
        assert!(!terms.is_over(Millis(u64::MAX)));
        terms.end_at(Millis(20));
        terms.end_at(Millis(10));
        terms.end_at(Millis(30));
        assert!(!terms.is_over(Millis(9)) && terms.is_over(Millis(10)));
    }
}
