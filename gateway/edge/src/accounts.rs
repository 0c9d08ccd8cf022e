//! Is this the person's password? The credential lives sealed in the state of group 0; checking it is costly by design
//! (argon2id, RFC 9106), so that checks are bounded and a device's right key is remembered for a while.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use bytes::Bytes;
use domain::{
    EntityId, Grant, GroupId, Millis, Person, PersonId, SecondFactor, SensorId, ServiceKeyId, SpendCode, policy,
    policy::Action,
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    clock::unix_ms,
    cluster::{BarrierError, Source, read},
    code_guard::CodeGuard,
    device_cookie::{DeviceId, Devices},
    limits::{
        BARRIER_DEADLINE, KEY_VERIFIED_MS, KEYS_VERIFIED_MAX, LOOKUPS_MAX, PASSWORD_BYTES_MAX, VERIFICATION_WAIT,
        VERIFICATIONS_BY_DEVICE_MAX, VERIFICATIONS_MAX,
    },
    login_guard::{LoginGuard, Try, Waiting},
    seal::{CannotSeal, Sealer, person_context, second_factor_context},
    service_key, totp,
};

/// Checked when there is no such person, so that the answer takes as long: argon2id of a random password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$b2RvbmctdHJvbmcx$Z0l0ywmqkS0Cq1VZq3v1PqH9nBWmYQbTzKk0oV5uX7A";

/// Who it is that signs in at a provider from a browser with a device cookie, until that is known; no person has such a name.
const ANYBODY: &str = "oidc/";

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
    /// The password was right, and a code of the second factor is asked for.
    #[error("send a code of your authenticator application, or a recovery code, as `code`")]
    CodeNeeded,
    /// The code is not one of the person's, or was used before; which one is not said.
    #[error("this code is wrong or was used before: wait for the next one")]
    CodeDenied,
    /// At the bound of checks at a time.
    #[error("too many sign in at once: try again in a second")]
    Busy,
}

/// Who is held up at this node.
pub(crate) struct Held {
    pub(crate) passwords: Vec<Waiting>,
    /// Person, wrong codes, and until when.
    pub(crate) codes: Vec<(String, u32, u64)>,
}

/// When each service key was last used at this node, since it was started: to be let in, or to bring something. No more than
/// there are keys. All doors of a node share one.
#[derive(Clone, Default)]
pub struct KeyUses(Arc<Mutex<HashMap<ServiceKeyId, u64>>>);

impl KeyUses {
    fn note(&self, key: ServiceKeyId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, unix_ms());
    }

    /// Milliseconds since 1970; 0: not yet.
    pub(crate) fn last_ms(&self, key: &ServiceKeyId) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or_default()
    }
}

/// The people and service accounts of the cluster, as this node knows them.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    source: Arc<dyn Source>,
    sealer: Sealer,
    guard: Mutex<LoginGuard>,
    codes: Mutex<CodeGuard>,
    checks: Arc<Semaphore>,
    /// Those of tries that bring a device cookie.
    checks_by_device: Arc<Semaphore>,
    lookups: Semaphore,
    /// Digests of keys that were right, and until when they count.
    verified: Mutex<HashMap<[u8; 32], u64>>,
    uses: KeyUses,
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
    /// The accounts in `source`, with credentials sealed by `sealer`; uses of keys are noted in `uses`.
    pub(crate) fn over(source: Arc<dyn Source>, sealer: Sealer, uses: KeyUses) -> Self {
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
            codes: Mutex::default(),
            checks: Arc::new(Semaphore::new(VERIFICATIONS_MAX)),
            checks_by_device: Arc::new(Semaphore::new(VERIFICATIONS_BY_DEVICE_MAX)),
            lookups: Semaphore::new(LOOKUPS_MAX),
            verified: Mutex::default(),
            uses,
            digest_key,
        }))
    }

    /// What seals and opens credentials.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// Waits until this node has applied what any node has acknowledged before: whom one has just let in, another is not to deny.
    ///
    /// # Errors
    /// No quorum answered within [`BARRIER_DEADLINE`]; at a district centre's node, which has a copy and no quorum, always.
    pub(crate) async fn catch_up(&self) -> Result<(), BarrierError> {
        let _permit = self.0.lookups.acquire().await;
        self.0.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await.map(drop)
    }

    /// Checks a password where nobody can be asked for a code: who has a second factor is denied.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub async fn sign_in(&self, person: &str, password: &[u8], ip: IpAddr) -> Result<Person, LoginFailure> {
        if self.find(person).is_none() {
            // A node that hears no quorum goes on with what it knows.
            let _ = self.catch_up().await;
        }
        let (person, tried) = self.password(person, password, ip, &Devices::default()).await?;
        if self.second_factor(&person.id).is_some() {
            return Err(LoginFailure::Denied);
        }
        self.let_in(&tried);
        Ok(person)
    }

    /// Checks a password typed by somebody at `ip`, in a browser with `devices`. The try goes on counting until
    /// [`Accounts::let_in`].
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub(crate) async fn password(
        &self,
        person: &str,
        password: &[u8],
        ip: IpAddr,
        devices: &Devices,
    ) -> Result<(Person, Try), LoginFailure> {
        let known = self.find(person);
        let device = known.as_ref().and_then(|known| devices.of(person, &known.credential_sealed));
        let tried = self.begin(person, ip, device)?;
        if !self.check(known.as_ref(), password, tried.is_by_device()).await? {
            return Err(LoginFailure::Denied);
        }
        Ok((known.ok_or(LoginFailure::Denied)?, tried))
    }

    /// Begins a try, which counts until [`Accounts::let_in`]. `device` is the device cookie of whoever it is about.
    ///
    /// # Errors
    /// [`LoginFailure::TooSoon`].
    pub(crate) fn begin(&self, name: &str, ip: IpAddr, device: Option<DeviceId>) -> Result<Try, LoginFailure> {
        self.guard().begin(name, ip, device, unix_ms()).map_err(|wait_ms| LoginFailure::TooSoon { wait_ms })
    }

    /// Whoever it is has shown all that is asked for.
    pub(crate) fn let_in(&self, tried: &Try) {
        self.guard().succeeded(tried, unix_ms());
    }

    /// Begins a try with nothing to guess, of nobody known yet; by the device cookie of anybody in that browser, else by the address.
    ///
    /// # Errors
    /// [`LoginFailure::TooSoon`].
    pub(crate) fn begin_by(&self, name: &str, ip: IpAddr, devices: &Devices) -> Result<Try, LoginFailure> {
        match devices.people().find_map(|person| self.device_of(person, devices)) {
            // Apart from the tries at the person's own password, which this one's end says nothing of.
            Some(device) => self.begin(ANYBODY, ip, Some(device)),
            None => self.begin(name, ip, None),
        }
    }

    /// It ended well.
    pub(crate) fn let_in_by(&self, tried: &Try) {
        self.guard().ended_well(tried);
    }

    /// The person's device cookie in a browser with `devices`, by the credential that they have now.
    pub(crate) fn device_of(&self, person: &PersonId, devices: &Devices) -> Option<DeviceId> {
        self.known(person.as_str()).and_then(|known| devices.of(person.as_str(), &known.credential_sealed))
    }

    /// The second factor that the person signs in with; none: they have none, or have not yet shown a code of it.
    pub(crate) fn second_factor(&self, person: &PersonId) -> Option<SecondFactor> {
        let factor = read(&*self.0.source, GroupId::COMMAND, |state0| state0.second_factor(person).cloned());
        factor.filter(|factor| factor.confirmed)
    }

    /// The seed of a second factor.
    pub(crate) fn seed(&self, factor: &SecondFactor) -> Option<Vec<u8>> {
        let opened = self.0.sealer.open(&second_factor_context(&factor.person), &factor.seed_sealed);
        if opened.is_err() {
            tracing::warn!(person = %factor.person, "auth: the seed does not open: another sealing key?");
        }
        opened.ok()
    }

    /// Whether it is a code of the second factor: what has to be spent for it in the log, which knows whether it was before.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub(crate) fn judge(
        &self,
        factor: &SecondFactor,
        code: &str,
        (ip, device): (IpAddr, Option<DeviceId>),
    ) -> Result<SpendCode, LoginFailure> {
        let (person, now_ms) = (&factor.person, unix_ms());
        let typed = totp::parse(code);
        let seed = self.seed(factor).ok_or(LoginFailure::Busy)?;
        // Held until it was judged, so that many at once are no way around.
        let mut codes = self.codes();
        // A recovery code is too long to guess, so whoever has one is never held up by those who guess.
        if !matches!(typed, Some(totp::Typed::Recovery(_))) {
            let begun = codes.begin(person.as_str(), ip, device, now_ms);
            begun.map_err(|wait_ms| LoginFailure::TooSoon { wait_ms })?;
        }
        let spend = match typed {
            Some(totp::Typed::Totp(code)) => totp::step_of(&seed, code, now_ms).map(|step| (step, 0)),
            Some(totp::Typed::Recovery(code)) => totp::recovery_number(&seed, &code).map(|number| (0, number)),
            None => None,
        };
        let Some((step, recovery)) = spend else {
            codes.failed(person.as_str(), ip, device, now_ms);
            return Err(LoginFailure::CodeDenied);
        };
        Ok(SpendCode { person: person.clone(), step, recovery })
    }

    /// The code was spent: the address is one of the person's.
    pub(crate) fn spent(&self, person: &PersonId, ip: IpAddr) {
        self.codes().succeeded(person.as_str(), ip, unix_ms());
    }

    /// Checks what a device or another system sends with the name of its account: a service key, or the account's own.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub(crate) async fn service(
        &self,
        account: &str,
        key: &[u8],
        ip: IpAddr,
    ) -> Result<(Person, Option<ServiceKeyId>), LoginFailure> {
        if let Some(shown) = std::str::from_utf8(key).ok().and_then(service_key::parse) {
            let grant = self.grant_of_key(&shown).await.filter(|grant| grant.person.as_str() == account);
            let key = grant.and_then(|grant| grant.terms.key).ok_or(LoginFailure::Denied)?;
            return Ok((self.known(account).ok_or(LoginFailure::Denied)?, Some(key)));
        }
        Ok((self.device(account, key, ip).await?, None))
    }

    /// What a service key lets do now; none: it is none that counts, by a quorum's word where one can be had.
    pub(crate) async fn grant_of_key(&self, shown: &service_key::Shown<'_>) -> Option<Grant> {
        if let Some(grant) = self.grant_of_key_now(shown) {
            return Some(grant);
        }
        self.catch_up().await.ok()?;
        self.grant_of_key_now(shown)
    }

    /// What a service key lets do, by what this node has applied.
    fn grant_of_key_now(&self, shown: &service_key::Shown<'_>) -> Option<Grant> {
        let id = shown.id()?;
        let index = self.0.source.applied(GroupId::COMMAND).index;
        let grant = read(&*self.0.source, GroupId::COMMAND, |state0| {
            let now = state0.clock().max(Millis(unix_ms()));
            let key = state0.service_key(&id, &shown.secret_sha256, now)?;
            policy::grant_of_key(state0, &key.id, index, now)
        })?;
        self.0.uses.note(id);
        Some(grant)
    }

    /// Uses of keys, for another door of this node.
    #[must_use]
    pub fn key_uses(&self) -> KeyUses {
        self.0.uses.clone()
    }

    /// Who is held up now.
    pub(crate) fn held(&self, now_ms: u64) -> Held {
        Held { passwords: self.guard().waiting(now_ms), codes: self.codes().waiting(now_ms) }
    }

    /// Checks what a device signs in with over MQTT: the name to ask [`Accounts::speaks_for`] by, which says by which key.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub async fn device_name(&self, account: &str, key: &[u8], ip: IpAddr) -> Result<String, LoginFailure> {
        let (person, key) = self.service(account, key, ip).await?;
        let name = key.map_or_else(|| person.id.to_string(), |key| format!("{}/{key}", person.id));
        self.speaks_for(&name, &[]).map(|_| name).ok_or(LoginFailure::Denied)
    }

    /// Checks a device's key. A right one is remembered for `limits::KEY_VERIFIED_MS`, or until the credential changes.
    ///
    /// # Errors
    /// [`LoginFailure`].
    pub async fn device(&self, account: &str, key: &[u8], ip: IpAddr) -> Result<Person, LoginFailure> {
        let digest = self.find(account).and_then(|person| self.digest(&person, key).map(|digest| (person, digest)));
        if let Some((person, digest)) = &digest
            && self.verified().get(digest).is_some_and(|until_ms| unix_ms() < *until_ms)
            && self.second_factor(&person.id).is_none()
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

    /// Which of `sensors` the account, or its key behind a slash, speaks for now, in order; `None` when it may report nothing
    /// any more.
    #[must_use]
    pub fn speaks_for(&self, account: &str, sensors: &[&SensorId]) -> Option<Vec<bool>> {
        let source = &*self.0.source;
        let index = source.applied(GroupId::COMMAND).index;
        let grant = match account.split_once('/') {
            Some((_, key)) => {
                let key = ServiceKeyId::new(key).ok()?;
                let grant = read(source, GroupId::COMMAND, |state0| {
                    policy::grant_of_key(state0, &key, index, state0.clock().max(Millis(unix_ms())))
                })?;
                self.0.uses.note(key);
                grant
            }
            None => {
                let person = self.find(account)?;
                read(source, GroupId::COMMAND, |state0| policy::grant(state0, &person.id, index))?
            }
        };
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
        self.known(person).filter(|person| !person.credential_sealed.is_empty())
    }

    fn known(&self, person: &str) -> Option<Person> {
        read(&*self.0.source, GroupId::COMMAND, |state0| state0.persons().get(person).cloned())
            .filter(|person| !person.disabled)
    }

    /// Whether the password is the person's. Takes as long when there is no such person.
    async fn check(&self, person: Option<&Person>, password: &[u8], is_by_device: bool) -> Result<bool, LoginFailure> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let checks = if is_by_device { &self.0.checks_by_device } else { &self.0.checks };
        let permit = timeout(VERIFICATION_WAIT, checks.clone().acquire_owned()).await;
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

    fn codes(&self) -> MutexGuard<'_, CodeGuard> {
        self.0.codes.lock().unwrap_or_else(PoisonError::into_inner)
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
