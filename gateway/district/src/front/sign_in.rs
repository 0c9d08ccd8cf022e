//! Signing in and out. The province decides; while it cannot be asked, whom it let in at this node lately may come in again with
//! the same password, and sees the copy.

use std::sync::PoisonError;

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use domain::limits::SESSION_MS_MAX;
use edge::{
    DeviceId, Devices, Peer, Token, cookie, cookie_named, device_cookie, hash_password, limits::DEVICE_COOKIE_BYTES_MAX,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Front, Refused, answered, read, session_of};
use crate::{
    limits::{COMMAND_BYTES_MAX, FORWARD_DEADLINE, PASSWORD_BYTES_MAX, SEND_DEADLINE},
    people::{self, Account, Sitting, Who},
    province::{Answer, Asked},
    shared::unix_ms,
};

/// Checked when there is no such account, so that the answer takes as long: argon2id of a random password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$b2RvbmctdHJvbmcx$Z0l0ywmqkS0Cq1VZq3v1PqH9nBWmYQbTzKk0oV5uX7A";

/// The province's device cookie, as a browser keeps it for this node's host.
const PROVINCE_DEVICE: &str = "td_device_province";

/// What somebody signs in with.
#[derive(Deserialize)]
pub(crate) struct Login {
    person: String,
    password: String,
}

/// What a sign-in needs of the province's answer beside [`Who`].
#[derive(Deserialize)]
pub(crate) struct Opened {
    next_seq: u64,
    expires_at_ms: u64,
}

fn session_body(who: &Who, next_seq: u64, expires_at_ms: u64) -> Value {
    let mut body = serde_json::to_value(who).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.insert("next_seq".to_owned(), json!(next_seq));
        body.insert("expires_at_ms".to_owned(), json!(expires_at_ms));
    }
    body
}

fn not_let_in() -> Refused {
    let message = "unknown here, or wrong password: while the line to the province is cut, only those can sign in who did so at \
                   this node a short while ago, with the same password";
    Refused(StatusCode::UNAUTHORIZED, "denied_offline", "", message.to_owned())
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn verifies(password: &str, verifier: &str) -> bool {
    let parsed = PasswordHash::new(verifier);
    parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

impl Front {
    /// `POST /api/login`.
    pub(super) async fn login(&self, request: Request) -> Result<Response, Refused> {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let ip = peer.unwrap_or(std::net::IpAddr::from([0, 0, 0, 0]));
        let devices = self.devices.read(request.headers(), unix_ms());
        let known_there = cookie_named(request.headers(), PROVINCE_DEVICE);
        let known_there = known_there.filter(|it| it.len() <= DEVICE_COOKIE_BYTES_MAX).map(ToOwned::to_owned);
        let body = read(request.into_body(), COMMAND_BYTES_MAX).await?;
        let login: Login = serde_json::from_slice(&body).map_err(|error| {
            let message = format!("send person and password as JSON ({error})");
            Refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "body", message)
        })?;
        if login.password.len() > PASSWORD_BYTES_MAX {
            return Err(not_let_in());
        }
        let device = self.device_of(&login.person, &devices);
        let tried = self.guarded(|guard| guard.begin(&login.person, ip, device, unix_ms())).map_err(|wait_ms| {
            let message = format!("too many failed tries: wait {wait_ms} ms");
            Refused(StatusCode::TOO_MANY_REQUESTS, "too_soon", "", message)
        })?;
        if self.shared.stands() {
            let body = Some(body.to_vec());
            let device = known_there;
            let asked = Asked { path: "/api/login".to_owned(), device, body, from: peer, ..Asked::default() };
            match self.province.ask(Method::POST, &asked, FORWARD_DEADLINE).await {
                Ok(answer) if answer.status == 200 => {
                    let response = self.let_in(&login, &answer, &devices).await?;
                    self.guarded(|guard| guard.succeeded(&tried, unix_ms()));
                    return Ok(response);
                }
                Ok(answer) if answer.status < 500 => {
                    if answer.is_signed_out() && !answer.asks_for_code() {
                        self.denied(&login).await?;
                    }
                    return Ok(answered(answer));
                }
                // A province without a quorum lets nobody in; what it said before has to do.
                Ok(_) | Err(_) => {}
            }
        }
        let response = self.let_in_again(&login, &devices).await?;
        self.guarded(|guard| guard.succeeded(&tried, unix_ms()));
        Ok(response)
    }

    /// The device cookie of somebody who signed in in that browser with the password that counts here.
    fn device_of(&self, person: &str, devices: &Devices) -> Option<DeviceId> {
        self.shared.people(|people| {
            let account = people.account(person, unix_ms(), u64::MAX)?;
            devices.of(person, account.verifier.as_bytes()).filter(|_| !account.verifier.is_empty())
        })
    }

    fn guarded<R>(&self, look: impl FnOnce(&mut edge::LoginGuard) -> R) -> R {
        look(&mut self.guard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The province has let somebody in.
    async fn let_in(&self, login: &Login, answer: &Answer, devices: &Devices) -> Result<Response, Refused> {
        let odd = |what: &str| {
            Refused(
                StatusCode::BAD_GATEWAY,
                "province",
                "",
                format!("the province's answer was not understood: {what}"),
            )
        };
        let who: Who = serde_json::from_slice(&answer.body).map_err(|error| odd(&error.to_string()))?;
        let opened: Opened = serde_json::from_slice(&answer.body).map_err(|error| odd(&error.to_string()))?;
        let token = answer.token.clone().ok_or_else(|| odd("no session came with it"))?;
        let (id, session) = session_of(&token).ok_or_else(|| odd("its session is none"))?;
        let verifier = self.verifier(&login.password, &who).await;
        let sitting = Sitting {
            person: who.person.clone(),
            token: token.clone(),
            expires_at_ms: opened.expires_at_ms,
            at_province: true,
            seq_reserved: 0,
            left: false,
        };
        self.sit(id, sitting.clone())?;
        let bound = self.shared.outbox(|outbox| outbox.bind(&who.person, &session, opened.next_seq));
        let next_seq = opened.next_seq + bound.len() as u64;
        self.shared.people(|people| {
            people.remember(Account { who: who.clone(), verifier: verifier.clone(), verified_at_ms: unix_ms() });
            people.used(&session, next_seq.saturating_sub(1));
        });
        // The token before the entries that are sent under it.
        self.shared.write_people().await.map_err(|error| Refused::disk(&error))?;
        self.shared.write_entries(bound).await.map_err(|error| Refused::disk(&error))?;
        self.shared.change(|copy| {
            copy.put_person(&who.record(), &who.remit);
            copy.admit(sitting.session(id));
        });
        self.shared.to_send.notify_one();
        let mut response = self.opened(&token, &who, next_seq, opened.expires_at_ms);
        self.known_here(&mut response, devices, &who, &verifier);
        if let Some(known_there) = &answer.device {
            set(&mut response, &device_cookie(PROVINCE_DEVICE, known_there, self.secure));
        }
        Ok(response)
    }

    /// The verifier of a password that the province accepted: the one that is there while it is the same password, since device
    /// cookies are given for it.
    async fn verifier(&self, password: &str, who: &Who) -> String {
        let person = who.person.as_str();
        let former = self.shared.people(|people| people.account(person, unix_ms(), u64::MAX).cloned());
        if let Some(former) = former.filter(|former| !former.verifier.is_empty())
            && self.check(password, former.verifier.clone()).await
        {
            return former.verifier;
        }
        let _permit = self.checks.acquire().await;
        let password = password.to_owned();
        let hashed = tokio::task::spawn_blocking(move || hash_password(password.as_bytes())).await;
        hashed.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// The browser is one that they signed in with.
    fn known_here(&self, response: &mut Response, devices: &Devices, who: &Who, verifier: &str) {
        let renewed = self.devices.renewed(devices, &who.person, verifier.as_bytes(), unix_ms(), self.secure);
        if let Some(cookie) = renewed {
            set(response, &cookie);
        }
    }

    fn sit(&self, id: domain::SessionId, sitting: Sitting) -> Result<(), Refused> {
        if self.shared.people(|people| people.sit(id, sitting, unix_ms())) {
            return Ok(());
        }
        let message = "too many are signed in at this node: sign somebody out".to_owned();
        Err(Refused(StatusCode::TOO_MANY_REQUESTS, "limit", "", message))
    }

    /// The province has not let somebody in. Was the password right until now, it counts here no longer either.
    async fn denied(&self, login: &Login) -> Result<(), Refused> {
        let account = self.shared.people(|people| people.account(&login.person, unix_ms(), u64::MAX).cloned());
        let Some(account) = account else { return Ok(()) };
        if self.check(&login.password, account.verifier).await {
            self.shared.people(|people| people.forget(&account.who.person));
            self.shared.write_people().await.map_err(|error| Refused::disk(&error))?;
        }
        Ok(())
    }

    async fn check(&self, password: &str, verifier: String) -> bool {
        let _permit = self.checks.acquire().await;
        let password = password.to_owned();
        tokio::task::spawn_blocking(move || verifies(&password, &verifier)).await.unwrap_or_default()
    }

    /// The province cannot be asked: it let them in here before.
    async fn let_in_again(&self, login: &Login, devices: &Devices) -> Result<Response, Refused> {
        let now_ms = unix_ms();
        let account =
            self.shared.people(|people| people.account(&login.person, now_ms, self.sign_in_age_ms_max).cloned());
        let verifier = account.as_ref().map_or_else(|| NOBODY.to_owned(), |account| account.verifier.clone());
        let is_right = self.check(&login.password, verifier).await;
        let account = account.filter(|_| is_right).ok_or_else(not_let_in)?;
        let token = Token::random().ok_or_else(|| {
            Refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "", "this node has no randomness".to_owned())
        })?;
        let session = token.session();
        let over_ms = account.verified_at_ms.saturating_add(self.sign_in_age_ms_max);
        let expires_at_ms = over_ms.min(now_ms + SESSION_MS_MAX);
        let sitting = Sitting {
            person: account.who.person.clone(),
            token: token.text(),
            expires_at_ms,
            at_province: false,
            seq_reserved: 0,
            left: false,
        };
        self.sit(session, sitting.clone())?;
        self.shared.write_people().await.map_err(|error| Refused::disk(&error))?;
        self.shared.change(|copy| {
            copy.put_person(&account.who.record(), &account.who.remit);
            copy.admit(sitting.session(session));
        });
        tracing::info!(person = %account.who.person, "district: signed in without the province");
        let mut response = self.opened(&token.text(), &account.who, 1, expires_at_ms);
        self.known_here(&mut response, devices, &account.who, &account.verifier);
        Ok(response)
    }

    fn opened(&self, token: &str, who: &Who, next_seq: u64, expires_at_ms: u64) -> Response {
        let cookie = cookie(token, expires_at_ms.saturating_sub(unix_ms()), self.secure);
        let body = session_body(who, next_seq, expires_at_ms);
        (AppendHeaders([(header::SET_COOKIE, cookie)]), Json(body)).into_response()
    }

    /// `GET /api/session`.
    pub(super) async fn session(&self, headers: &HeaderMap) -> Result<Response, Refused> {
        let caller = self.caller(headers)?;
        let who = self.shared.people(|people| people.who(&caller.sitting.person).cloned());
        let who = who.ok_or_else(Refused::signed_out)?;
        let own = self.shared.outbox(|outbox| outbox.seq_max(&caller.session)) + 1;
        let mut next_seq = own.max(caller.sitting.seq_reserved + 1);
        if self.shared.stands() && caller.sitting.at_province {
            let token = Some(caller.sitting.token.clone());
            let asked = Asked { path: "/api/session".to_owned(), token, ..Asked::default() };
            if let Ok(answer) = self.ask(Method::GET, &asked, &caller).await?
                && answer.status == 200
                && let Some(there) = answer.json().get("next_seq").and_then(Value::as_u64)
            {
                next_seq = own.max(there);
            }
        }
        Ok(Json(session_body(&who, next_seq, caller.sitting.expires_at_ms)).into_response())
    }

    /// `POST /api/logout`. What was kept is still sent; the token is forgotten after that.
    pub(super) async fn logout(&self, headers: &HeaderMap) -> Result<Response, Refused> {
        let caller = self.caller(headers)?;
        let session = caller.session.as_str();
        if let Some(id) = people::id_of(session) {
            self.shared.change(|copy| copy.dismiss(&id));
        }
        let mut is_over = !caller.sitting.at_province;
        if !is_over && self.shared.stands() && !self.shared.outbox(|outbox| outbox.has_waiting(session)) {
            let token = Some(caller.sitting.token.clone());
            let asked = Asked { path: "/api/logout".to_owned(), token, ..Asked::default() };
            let answer = self.province.ask(Method::POST, &asked, SEND_DEADLINE).await;
            is_over = answer.is_ok_and(|answer| answer.status == 204 || answer.is_signed_out());
        }
        self.shared.people(|people| {
            if is_over {
                people.end(session);
            } else {
                people.leave(session);
            }
        });
        self.shared.write_people().await.map_err(|error| Refused::disk(&error))?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        if let Ok(gone) = HeaderValue::try_from(cookie("", 0, self.secure)) {
            response.headers_mut().insert(header::SET_COOKIE, gone);
        }
        Ok(response)
    }
}
