//! Is this the person's password? The credential lives sealed in the state of group 0; checking it is costly by design
//! (argon2id, RFC 9106), so that checks are bounded and a device's right key is remembered for a while.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use bytes::Bytes;
use domain::{EntityId, Grant, GroupId, Person, PersonId, SensorId, policy, policy::Action};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    clock::unix_ms,
    cluster::{Source, read},
    limits::{KEY_VERIFIED_MS, KEYS_VERIFIED_MAX, PASSWORD_BYTES_MAX, VERIFICATION_WAIT, VERIFICATIONS_MAX},
    login_guard::LoginGuard,
    seal::{CannotSeal, Sealer, person_context},
};

/// Checked when there is no such person, so that the answer takes as long: argon2id of a random password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$b2RvbmctdHJvbmcx$Z0l0ywmqkS0Cq1VZq3v1PqH9nBWmYQbTzKk0oV5uX7A";

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginFailure {
    /// No such person, disabled, or the wrong password; which one is not said.
    #[error("unknown person or wrong password")]
    Denied,
    /// Too many wrong ones.
    #[error("too many failed tries: wait {wait_ms} ms")]
    TooSoon {
        /// How long.
        wait_ms: u64,
    },
    /// At the bound of checks at a time.
    #[error("too many sign in at once: try again in a second")]
    Busy,
}

/// The people and service accounts of the cluster, as this node knows them.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    source: Arc<dyn Source>,
    sealer: Sealer,
    guard: Mutex<LoginGuard>,
    checks: Arc<Semaphore>,
    /// Digests of keys that were right, and until when they count.
    verified: Mutex<HashMap<[u8; 32], u64>>,
    /// Makes the digests worthless to anybody else.
    digest_key: [u8; 32],
}

/// Whether whoever holds `grant` speaks for a sensor: a device does for those in its districts. A sensor that is not known
/// here gets its verdict from the cluster.
pub(crate) fn speaks_for(source: &dyn Source, grant: &Grant, sensor: &SensorId) -> bool {
    if grant.everywhere {
        return true;
    }
    let entity = EntityId::from(sensor);
    let group = read(source, GroupId::COMMAND, |state0| state0.placements().get(&entity).copied());
    let place = group.and_then(|group| {
        read(source, group, |state| state.sensors().get(sensor).map(|sensor| sensor.place.admin_unit.clone()))
    });
    place.is_none_or(|place| policy::allows(grant, Action::ReportDevice, Some(&place)).is_ok())
}

impl Accounts {
    /// The accounts in `source`, with credentials sealed by `sealer`.
    pub(crate) fn over(source: Arc<dyn Source>, sealer: Sealer) -> Self {
        let mut digest_key = [0; 32];
        // Without randomness nothing is remembered, see `digest`.
        let has_key = getrandom::fill(&mut digest_key).is_ok();
        if !has_key {
            digest_key = [0; 32];
        }
        Self(Arc::new(Inner {
            source,
            sealer,
            guard: Mutex::default(),
            checks: Arc::new(Semaphore::new(VERIFICATIONS_MAX)),
            verified: Mutex::default(),
            digest_key,
        }))
    }

    /// What seals and opens credentials.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// Checks a password typed by somebody at `ip`.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub async fn sign_in(&self, person: &str, password: &[u8], ip: IpAddr) -> Result<Person, LoginFailure> {
        self.guard().begin(person, ip, unix_ms()).map_err(|wait_ms| LoginFailure::TooSoon { wait_ms })?;
        let known = self.find(person);
        if !self.check(known.as_ref(), password).await? {
            return Err(LoginFailure::Denied);
        }
        self.guard().succeeded(person, ip);
        known.ok_or(LoginFailure::Denied)
    }

    /// Checks a device's key. A right one is remembered for `limits::KEY_VERIFIED_MS`, or until the credential changes.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub async fn device(&self, account: &str, key: &[u8], ip: IpAddr) -> Result<Person, LoginFailure> {
        let digest = self.find(account).and_then(|person| self.digest(&person, key).map(|digest| (person, digest)));
        if let Some((person, digest)) = &digest
            && self.verified().get(digest).is_some_and(|until_ms| unix_ms() < *until_ms)
        {
            return Ok(person.clone());
        }
        let person = self.sign_in(account, key, ip).await?;
        if let Some((_, digest)) = digest {
            let mut verified = self.verified();
            if verified.len() >= KEYS_VERIFIED_MAX {
                verified.clear();
            }
            verified.insert(digest, unix_ms() + KEY_VERIFIED_MS);
        }
        Ok(person)
    }

    /// Which of `sensors` the account speaks for now, in order; `None` when it may report nothing any more.
    #[must_use]
    pub fn speaks_for(&self, account: &str, sensors: &[&SensorId]) -> Option<Vec<bool>> {
        let source = &*self.0.source;
        let person = self.find(account)?;
        let index = source.applied(GroupId::COMMAND).index;
        let grant = read(source, GroupId::COMMAND, |state0| policy::grant(state0, &person.id, index))?;
        policy::allows(&grant, Action::ReportDevice, None).ok()?;
        Some(sensors.iter().map(|sensor| speaks_for(source, &grant, sensor)).collect())
    }

    /// The credential to keep of a new password: argon2id in PHC form, sealed for that person.
    ///
    /// # Errors
    /// [`CannotSeal`].
    pub async fn credential(&self, person: &PersonId, password: &[u8]) -> Result<Bytes, CannotSeal> {
        let permit = self.0.checks.clone().acquire_owned().await.map_err(|_| CannotSeal)?;
        let (password, sealer, context) = (password.to_vec(), self.0.sealer.clone(), person_context(person));
        let hashing = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            sealer.seal(&context, hash_password(&password)?.as_bytes())
        });
        hashing.await.map_err(|_| CannotSeal)?
    }

    fn find(&self, person: &str) -> Option<Person> {
        read(&*self.0.source, GroupId::COMMAND, |state0| state0.persons().get(person).cloned())
            .filter(|person| !person.disabled && !person.credential_sealed.is_empty())
    }

    /// Whether the password is the person's. Takes as long when there is no such person.
    async fn check(&self, person: Option<&Person>, password: &[u8]) -> Result<bool, LoginFailure> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let permit = timeout(VERIFICATION_WAIT, self.0.checks.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(LoginFailure::Busy) };
        let opened = person.and_then(|person| {
            let opened = self.0.sealer.open(&person_context(&person.id), &person.credential_sealed);
            if opened.is_err() {
                tracing::warn!(person = %person.id, "auth: the credential does not open: another sealing key?");
            }
            String::from_utf8(opened.ok()?).ok()
        });
        let password = password.to_vec();
        let checking = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let is_somebody = opened.is_some();
            let phc = opened.as_deref().unwrap_or(NOBODY);
            let hash = PasswordHash::new(phc);
            let is_right = hash.is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok());
            is_right && is_somebody
        });
        checking.await.map_err(|_| LoginFailure::Busy)
    }

    /// Stands for this key of this account as long as its credential is the same one.
    fn digest(&self, person: &Person, key: &[u8]) -> Option<[u8; 32]> {
        if self.0.digest_key == [0; 32] {
            return None;
        }
        let mut digest = <Hmac<Sha256> as Mac>::new_from_slice(&self.0.digest_key).ok()?;
        for part in [person.id.as_str().as_bytes(), &person.credential_sealed, key] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Some(digest.finalize().into_bytes().into())
    }

    fn guard(&self) -> MutexGuard<'_, LoginGuard> {
        self.0.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<[u8; 32], u64>> {
        self.0.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// argon2id with the crate's recommended cost (19 MiB, two passes), in PHC form.
///
/// # Errors
/// [`CannotSeal`] when the system gives no randomness for the salt.
pub fn hash_password(password: &[u8]) -> Result<String, CannotSeal> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| CannotSeal)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| CannotSeal)?;
    Ok(Argon2::default().hash_password(password, &salt).map_err(|_| CannotSeal)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_a_hash_that_is_checked_in_full() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        let expected = Argon2::default();
        assert_eq!(hash.params.get_decimal("m"), Some(expected.params().m_cost()));
        assert_eq!(hash.params.get_decimal("t"), Some(expected.params().t_cost()));
        assert!(hash.hash.is_some() && hash.salt.is_some());
        assert!(expected.verify_password(b"anything", &hash).is_err());
    }

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let phc = hash_password("mật khẩu".as_bytes()).unwrap();
        let hash = PasswordHash::new(&phc).unwrap();
        assert!(Argon2::default().verify_password("mật khẩu".as_bytes(), &hash).is_ok());
        assert!(Argon2::default().verify_password(b"mat khau", &hash).is_err());
    }
}
