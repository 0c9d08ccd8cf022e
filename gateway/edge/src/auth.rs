//! Who asks. A session is a random token that the browser keeps in a cookie (or a program sends as a bearer); the cluster
//! keeps its hash, so that any node knows it and nobody who reads the log can use it.

use std::{net::IpAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    CloseSession, Grant, GroupId, Millis, OpenSession, Person, PersonId, RefusalCode, Reply, Role, SecondFactor,
    SessionId, VOCABULARY_2, limits::SESSION_MS_MAX, policy,
};
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, COOKIE},
};
use sha2::{Digest, Sha256};

use crate::{
    accounts::{Accounts, LoginFailure},
    clock::unix_ms,
    cluster::{Road, Source, read},
    device_cookie::{DeviceId, Devices},
    error::ApiError,
    limits::{BARRIER_DEADLINE, COMMAND_DEADLINE, SEQ_SKIPPED},
    service_key,
};

/// Name of the cookie.
pub const COOKIE_NAME: &str = "td_session";

/// A bearer token: 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// A new one; `None` when the system gives no randomness.
    #[must_use]
    pub fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Reads base64url; `None` for anything that is no token.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As the client keeps it.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// As the cluster keeps it.
    #[must_use]
    pub fn session(&self) -> SessionId {
        SessionId(Sha256::digest(self.0).into())
    }
}

/// Who asks, with the rights that hold now.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) session: SessionId,
    pub(crate) person: Person,
    pub(crate) grant: Grant,
    pub(crate) expires_at_ms: Millis,
    /// By which route this is asked for and from which screen, as the record of a look has it where nobody said why; empty: by none.
    pub(crate) asked: String,
}

/// Where somebody signs in.
pub(crate) struct Whence<'a> {
    /// The address that is guarded.
    pub(crate) ip: IpAddr,
    /// Where they are, as the record has it: behind a district centre's node more than that.
    pub(crate) from: &'a str,
    /// Who signed in lately in their browser.
    pub(crate) devices: &'a Devices,
}

/// Sessions, as this node knows them.
pub(crate) struct Auth {
    source: Arc<dyn Source>,
    road: Arc<dyn Road>,
    pub(crate) accounts: Accounts,
}

impl Auth {
    pub(crate) fn new(source: Arc<dyn Source>, road: Arc<dyn Road>, accounts: Accounts) -> Self {
        Self { source, road, accounts }
    }

    /// Signs a person in and opens the session in group 0. `code` may be empty; who has a second factor is then asked for one.
    pub(crate) async fn sign_in(
        &self,
        person: &str,
        password: &str,
        code: &str,
        whence: &Whence<'_>,
    ) -> Result<(Token, Caller), ApiError> {
        // Signing in takes a quorum in any case, and a node that is behind must neither deny somebody who is new, nor take a password
        // that was changed, nor miss that there is a second factor.
        self.catch_up().await?;
        let Whence { ip, from, devices } = *whence;
        let (person, tried) = self.accounts.password(person, password.as_bytes(), ip, devices).await?;
        if let Some(factor) = self.accounts.second_factor(&person.id) {
            if code.is_empty() {
                return Err(LoginFailure::CodeNeeded.into());
            }
            let device = devices.of(person.id.as_str(), &person.credential_sealed);
            self.spend(&factor, code, (ip, device)).await?;
        }
        self.accounts.let_in(&tried);
        self.open(&person.id, from).await
    }

    /// Signs in somebody for whom another provider vouched. `has_two`: with two factors, which is enough; else who has a second
    /// factor here is asked for a code of it, as with a password.
    ///
    /// # Errors
    /// They are not in the register, disabled, or no person; or a code is asked for.
    pub(crate) async fn sign_in_vouched(
        &self,
        person: &PersonId,
        code: &str,
        has_two: bool,
        whence: &Whence<'_>,
    ) -> Result<(Token, Caller), ApiError> {
        self.catch_up().await?;
        let is_person = |known: &Person| !known.disabled && !matches!(known.role, Role::Device | Role::Telephony);
        let is_known =
            read(&*self.source, GroupId::COMMAND, |state0| state0.persons().get(person).is_some_and(is_person));
        if !is_known {
            return Err(LoginFailure::Denied.into());
        }
        if let Some(factor) = self.accounts.second_factor(person).filter(|_| !has_two) {
            if code.is_empty() {
                return Err(LoginFailure::CodeNeeded.into());
            }
            let device = self.accounts.device_of(person, whence.devices);
            self.spend(&factor, code, (whence.ip, device)).await?;
        }
        self.open(person, whence.from).await
    }

    /// [`Accounts::catch_up`], as an answer says it.
    async fn catch_up(&self) -> Result<(), ApiError> {
        self.accounts.catch_up().await.map_err(|error| ApiError::unavailable(&error.to_string()))
    }

    /// Opens a session for somebody who has shown all that is asked for, from there.
    async fn open(&self, person: &PersonId, from: &str) -> Result<(Token, Caller), ApiError> {
        let token = Token::random().ok_or_else(|| ApiError::unavailable("this node has no randomness; use another"))?;
        let session = token.session();
        // State's clock is the one that ends the session; it may be a little ahead of this node's.
        let clock = read(&*self.source, GroupId::COMMAND, domain::State::clock);
        let now = clock.max(Millis(unix_ms()));
        // A minute less than the most, so that a leader whose clock is behind does not refuse it.
        let expires_at_ms = now.plus(SESSION_MS_MAX - 60_000);
        let open = OpenSession { session, person: person.clone(), expires_at_ms };
        let index = self.source.applied(GroupId::COMMAND).index;
        let own = read(&*self.source, GroupId::COMMAND, |state0| {
            policy::grant_at(state0, person, index, now_by(state0)).filter(|_| state0.has_feature(VOCABULARY_2))
        });
        let own = own.map(|grant| Grant { from: from.to_owned(), ..grant });
        let reply = self.road.command(Some(GroupId::COMMAND), open.into(), None, own, COMMAND_DEADLINE).await?;
        if let Reply::Refused(refusal) = reply {
            return Err(refusal.into());
        }
        let index = self.source.applied(GroupId::COMMAND).index;
        let found = read(&*self.source, GroupId::COMMAND, |state0| {
            let person = state0.persons().get(person)?.clone();
            let grant = policy::grant_at(state0, &person.id, index, now_by(state0))?;
            Some((person, grant))
        });
        let (person, grant) = found.ok_or_else(ApiError::signed_out)?;
        Ok((token, Caller { session, person, grant, expires_at_ms, asked: String::new() }))
    }

    /// Spends a code of the second factor: once, whichever node is asked. It comes from that address, with that device cookie of the
    /// person.
    ///
    /// # Errors
    /// It is wrong or was spent, or whether it was is unknown.
    pub(crate) async fn spend(
        &self,
        factor: &SecondFactor,
        code: &str,
        (ip, device): (IpAddr, Option<DeviceId>),
    ) -> Result<(), ApiError> {
        let spend = self.accounts.judge(factor, code, (ip, device)).map_err(ApiError::from)?;
        let reply = self.road.command(Some(GroupId::COMMAND), spend.into(), None, None, COMMAND_DEADLINE).await?;
        match reply {
            Reply::Accepted(_) => {
                self.accounts.spent(&factor.person, ip);
                Ok(())
            }
            Reply::Refused(refusal) if refusal.code == RefusalCode::WrongStatus => Err(LoginFailure::CodeDenied.into()),
            Reply::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// Who shows a service key as a bearer; it looks, and sends no numbered commands. None: the request has no key.
    pub(crate) async fn caller_by_key(&self, headers: &HeaderMap) -> Option<Result<Caller, ApiError>> {
        let bearer = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let shown = service_key::parse(bearer.trim())?;
        let caller = self.accounts.grant_of_key(&shown).await.and_then(|grant| {
            let person = read(&*self.source, GroupId::COMMAND, |state0| state0.persons().get(&grant.person).cloned())?;
            let expires_at_ms = grant.terms.until_ms;
            // No session has this id: the hash of a token is another one than that of a key.
            let session = SessionId(shown.secret_sha256.0);
            Some(Caller { session, person, grant, expires_at_ms, asked: String::new() })
        });
        Some(caller.ok_or_else(ApiError::signed_out))
    }

    /// Who holds the token. A token that this node has not heard of may be newer than what it has applied, so it asks the
    /// quorum before it says no.
    pub(crate) async fn caller(&self, token: &Token) -> Result<Caller, ApiError> {
        if let Some(caller) = self.caller_now(token) {
            return Ok(caller);
        }
        let session = token.session();
        let is_known = read(&*self.source, GroupId::COMMAND, |state0| state0.sessions().contains_key(&session));
        // A district centre's node knows every session that it has let in, and lets in no other.
        if is_known || self.source.line().is_some() {
            return Err(ApiError::signed_out());
        }
        self.catch_up().await?;
        self.caller_now(token).ok_or_else(ApiError::signed_out)
    }

    /// Who holds the token, by what this node has applied.
    pub(crate) fn caller_now(&self, token: &Token) -> Option<Caller> {
        let session = token.session();
        // Read before the rights, which are at least that new.
        let index = self.source.applied(GroupId::COMMAND).index;
        read(&*self.source, GroupId::COMMAND, |state0| {
            let known =
                state0.sessions().get(&session).filter(|known| !is_over(known.expires_at_ms, state0.clock()))?;
            let person = state0.persons().get(&known.person)?.clone();
            let grant = policy::grant_at(state0, &person.id, index, now_by(state0))?;
            Some(Caller { session, person, grant, expires_at_ms: known.expires_at_ms, asked: String::new() })
        })
    }

    /// Whether the token's session still is, by what this node has applied.
    pub(crate) fn is_alive(&self, token: &Token) -> bool {
        let session = token.session();
        read(&*self.source, GroupId::COMMAND, |state0| {
            let known = state0.sessions().get(&session);
            known.is_some_and(|known| !is_over(known.expires_at_ms, state0.clock()))
        })
    }

    /// The first sequence number that the session has certainly not used, in any group.
    pub(crate) async fn next_seq(&self, session: SessionId) -> u64 {
        let barriers = GroupId::all().map(|group| self.source.read_barrier(group, BARRIER_DEADLINE));
        let barriers = futures::future::join_all(barriers).await;
        let highest = GroupId::all().map(|group| {
            read(&*self.source, group, |state| state.sessions().get(&session).map_or(0, |known| known.seq_max))
        });
        let highest = highest.max().unwrap_or_default();
        // A group that could not be asked may have answered more than this node has applied.
        let skipped = if barriers.iter().all(Result::is_ok) { 0 } else { SEQ_SKIPPED };
        highest + skipped + 1
    }

    /// Ends a session in every group that knows it. The command group counts; the others forget it when it expires.
    pub(crate) async fn sign_out(&self, caller: &Caller) -> Result<(), ApiError> {
        let session = caller.session;
        let is_told = read(&*self.source, GroupId::COMMAND, |state0| state0.has_feature(VOCABULARY_2));
        // Who ends it and from where stands in the record of the group that counts.
        let own = |group: GroupId| (is_told && group == GroupId::COMMAND).then(|| caller.grant.clone());
        let known = |group: &GroupId| {
            *group == GroupId::COMMAND || read(&*self.source, *group, |state| state.sessions().contains_key(&session))
        };
        let closing = GroupId::all().filter(known).map(|group| {
            self.road.command(Some(group), CloseSession { session }.into(), None, own(group), COMMAND_DEADLINE)
        });
        let closed = futures::future::join_all(closing).await;
        match closed.into_iter().next() {
            Some(Err(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn is_over(expires_at_ms: Millis, clock: Millis) -> bool {
    expires_at_ms <= clock.max(Millis(unix_ms()))
}

/// The later one of state's clock, which stands still while nothing happens, and this node's.
pub(crate) fn now_by(state0: &domain::State) -> Millis {
    state0.clock().max(Millis(unix_ms()))
}

/// The grant as it would be given now, with what it said for the record; none: there is no such right any more.
pub(crate) fn renewed(source: &dyn Source, former: &Grant, index: u64) -> Option<Grant> {
    let grant = read(source, GroupId::COMMAND, |state0| match &former.terms.key {
        Some(key) => policy::grant_of_key(state0, key, index, now_by(state0)),
        None => policy::grant_at(state0, &former.person, index, now_by(state0)),
    })?;
    Some(Grant { from: former.from.clone(), why: former.why.clone(), ..grant })
}

/// The token of a request: `authorization: Bearer`, else the cookie.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<Token> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match bearer {
        Some(bearer) => Token::read(bearer.trim()),
        None => cookie_token(headers),
    }
}

/// The token in the cookie.
pub(crate) fn cookie_token(headers: &HeaderMap) -> Option<Token> {
    cookie_named(headers, COOKIE_NAME).and_then(Token::read)
}

/// The first cookie of that name.
#[must_use]
pub fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The cookie to set; an empty `value` takes it away.
#[must_use]
pub fn cookie(value: &str, max_age_ms: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", max_age_ms / 1_000)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_the_bearer_goes_first() {
        let (one, two) = (Token([1; 32]), Token([2; 32]));
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::try_from(format!("a=b; {COOKIE_NAME}={}; c", one.text())).unwrap());
        assert!(token(&headers) == Some(one));
        headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", two.text())).unwrap());
        assert!(token(&headers) == Some(two));
    }

    #[test]
    fn the_cluster_never_sees_the_token() {
        let token = Token([7; 32]);
        assert_ne!(token.session().0, token.0);
        assert_eq!(cookie("x", 2_500, true), "td_session=x; Path=/; Max-Age=2; HttpOnly; SameSite=Strict; Secure");
    }

    proptest! {
        #[test]
        fn any_header_may_come(value in "[ -~]{0,80}") {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::try_from(&value).unwrap());
            prop_assert!(cookie_token(&headers).is_none());
            headers.insert(AUTHORIZATION, HeaderValue::try_from(&value).unwrap());
            prop_assert!(token(&headers).is_none());
        }
    }
}
