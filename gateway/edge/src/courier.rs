//! Carries notices over the channel that a receiver's address names: webhooks here, letters in `mail`, text messages by `sms`. Who
//! connects to us (NENA-STA-024) is served in `conveyance`.
//!
//! A webhook is posted, signed with the receiver's secret. The receiver knows a notice that is posted again by its
//! `idempotency-key`, and that it is ours by its `trongdong-signature`.
//!
//! ```text
//! POST <url>
//! content-type: application/json
//! idempotency-key: <epoch>-<receiver>-<number>
//! trongdong-signature: sha256=<HMAC-SHA256 (RFC 2104) of the body under the secret, hexadecimal>
//! trongdong-exercise: true                              (only when it is part of a drill)
//!
//! {"epoch":…,"receiver":"…","number":…,"index":…,"missed_before":…,"exercise":…,"event":{…}}
//! ```
//!
//! Three kinds of event have a body of their own, so that whoever gets them needs to know nothing of us: a warning is CAP 1.2
//! (`application/cap+xml`); an incident that is offered, escalated or taken back is a NENA EIDO; what we answered to an offer is
//! what we would be answered (`api/handover.rs`).
//!
//! Any status from 200 to 299 says that it was taken. 409, 410, 413, 415 and 422 say that it never will be: it is given up, where
//! its administrator sees it. Everything else, redirects too, says that it was not taken now.

use std::time::Duration;

use domain::{
    Channel, Event, EventKind, Handover, HandoverDirection, Notice, Receiver, ReceiverId, Subject, wire::Record,
};
use entity::{Courier, Undelivered};
use futures::{FutureExt, future::BoxFuture};
use hmac::{Hmac, Mac};
use hyper::StatusCode;
use serde::Serialize;
use sha2::Sha256;

use crate::{api::handover::HandoverAnswer, cap, eido, seal::Sealer};

pub(crate) mod letter;
pub(crate) mod mail;
pub(crate) mod sms;
pub(crate) mod smtp;

use letter::Enclosed;
pub use letter::MailSender;
pub use mail::MailConfig;
pub use smtp::{MailServer, MailTls};

/// The header of the signature, out and in.
pub(crate) const SIGNATURE_HEADER: &str = "trongdong-signature";
/// How long a letter may take: its server may think about a whole one for a while, and who hangs up gets it twice.
const MAIL_WITHIN: Duration = Duration::from_secs(90);
/// How long a webhook may take.
const POST_WITHIN: Duration = Duration::from_secs(10);
/// What a receiver says that has understood a notice and will never take it.
const NEVER: [StatusCode; 5] = [
    StatusCode::CONFLICT,
    StatusCode::GONE,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// The context of a receiver's secret.
#[must_use]
pub fn receiver_context(receiver: &ReceiverId) -> String {
    format!("receiver/{receiver}")
}

/// Carries notices over HTTP and by mail. One for a node; its connections are kept and shared.
pub struct WebCourier {
    http: reqwest::Client,
    epoch: u64,
    sealer: Sealer,
    mail: Option<MailConfig>,
}

#[derive(Serialize)]
struct Body<'a> {
    epoch: u64,
    receiver: &'a ReceiverId,
    number: u64,
    index: u64,
    missed_before: u64,
    /// Part of a drill: nobody has to move.
    exercise: bool,
    event: &'a Event,
}

/// A notice as a program gets it: the same whenever it is sent.
struct Made {
    event: Event,
    kind: &'static str,
    bytes: Vec<u8>,
    signature: Option<String>,
}

impl WebCourier {
    /// A courier of the cluster's `epoch`. `http` brings the roots that it trusts, its deadline, and follows no redirect,
    /// so that nothing is posted to where no administrator said.
    #[must_use]
    pub fn new(http: reqwest::Client, epoch: u64, sealing_key: &[u8; 32]) -> Self {
        Self { http, epoch, sealer: Sealer::new(sealing_key), mail: None }
    }

    /// The same with a mail server; without one a letter waits.
    #[must_use]
    pub fn with_mail(self, mail: Option<MailConfig>) -> Self {
        Self { mail, ..self }
    }

    fn make(&self, receiver: &Receiver, notice: &Notice) -> Result<Made, Undelivered> {
        // What this node cannot read a newer one may.
        let event = Event::decode(&notice.event).map_err(|e| Undelivered::Again(e.to_string()))?;
        let (kind, bytes) = match receiver.channel() {
            Some(Channel::Sms { to, .. }) => (sms::TYPE, sms::body(to, &event)),
            _ => self.body(receiver, notice, &event)?,
        };
        let signature = self.secret_of(receiver)?.map(|secret| signature(&secret, &bytes));
        Ok(Made { event, kind, bytes, signature })
    }

    fn request(&self, url: &str, receiver: &Receiver, notice: &Notice, made: Made) -> reqwest::RequestBuilder {
        let key = format!("{}-{}-{}", self.epoch, receiver.id, notice.number);
        let request = self.http.post(url);
        let request = request.header("content-type", made.kind).header("idempotency-key", key);
        let request = if made.event.is_exercise() { request.header("trongdong-exercise", "true") } else { request };
        let request = match &made.signature {
            Some(signature) => request.header(SIGNATURE_HEADER, signature),
            None => request,
        };
        request.body(made.bytes)
    }

    /// The media type and the bytes: the same whenever the notice is sent.
    fn body(
        &self,
        receiver: &Receiver,
        notice: &Notice,
        event: &Event,
    ) -> Result<(&'static str, Vec<u8>), Undelivered> {
        let failed = |error: serde_json::Error| Undelivered::Again(error.to_string());
        if event.kind == EventKind::WarningPublished
            && let Some(Subject::Warning(warning)) = &event.subject
        {
            return Ok((cap::CAP_TYPE, cap::alert(warning).into_bytes()));
        }
        let body = match Handover::of_event(event) {
            Some((incident, handover)) if handover.direction != HandoverDirection::In => {
                serde_json::to_vec(&eido::write(&eido::issuer(self.epoch), incident, Some(handover), event.at_ms))
            }
            Some((incident, handover)) => serde_json::to_vec(&HandoverAnswer {
                handover: handover.reference.clone(),
                accept: event.kind == EventKind::HandoverAccepted,
                answer: handover.answer.clone(),
                answered_for: handover.answered_for.clone(),
                reference: eido::handover_name(incident, handover),
            }),
            None => serde_json::to_vec(&Body {
                epoch: self.epoch,
                receiver: &receiver.id,
                number: notice.number,
                index: notice.index,
                missed_before: notice.missed_before,
                exercise: event.is_exercise(),
                event,
            }),
        };
        body.map(|body| ("application/json", body)).map_err(failed)
    }

    /// None: the receiver was put without one, and its notices are not signed.
    fn secret_of(&self, receiver: &Receiver) -> Result<Option<Vec<u8>>, Undelivered> {
        if receiver.secret_sealed.is_empty() {
            return Ok(None);
        }
        let opened = self.sealer.open(&receiver_context(&receiver.id), &receiver.secret_sealed);
        opened.map(Some).map_err(|e| Undelivered::Again(e.to_string()))
    }
}

/// Posts it, and says what the answer means.
async fn post(request: reqwest::RequestBuilder) -> Result<(), Undelivered> {
    // The address stands in the configuration and is not repeated in a log: it may hold a token.
    let answer = request.send().await.map_err(|e| Undelivered::Again(e.without_url().to_string()))?;
    let status = answer.status();
    let said = format!("the receiver answered {status}");
    if status.is_success() {
        Ok(())
    } else if NEVER.contains(&status) {
        Err(Undelivered::Never(said))
    } else {
        Err(Undelivered::Again(said))
    }
}

impl Courier for WebCourier {
    fn deliver(&self, receiver: Receiver, notice: Notice) -> BoxFuture<'static, Result<(), Undelivered>> {
        let made = match self.make(&receiver, &notice) {
            Ok(made) => made,
            Err(undelivered) => return std::future::ready(Err(undelivered)).boxed(),
        };
        match receiver.channel() {
            Some(Channel::Web(url) | Channel::Sms { url, .. }) => {
                post(self.request(url, &receiver, &notice, made)).boxed()
            }
            Some(Channel::Mail(to)) => {
                let (epoch, to, mail) = (self.epoch, to.to_owned(), self.mail.clone());
                async move {
                    let Some(mail) = mail else {
                        return Err(Undelivered::Again(
                            "this node has no mail server: name one in node.toml".to_owned(),
                        ));
                    };
                    let enclosed = Enclosed { kind: made.kind, bytes: &made.bytes, signature: made.signature };
                    mail::deliver(&mail, epoch, &to, &receiver, &notice, &made.event, &enclosed).await
                }
                .boxed()
            }
            Some(Channel::Conveyance(_)) | None => {
                std::future::ready(Err(Undelivered::Again("nobody carries to this address".to_owned()))).boxed()
            }
        }
    }

    fn within(&self, receiver: &Receiver) -> Duration {
        if matches!(receiver.channel(), Some(Channel::Mail(_))) { MAIL_WITHIN } else { POST_WITHIN }
    }
}

/// Whether the body was signed under the secret. Compared in a time that does not depend on where they differ.
pub(crate) fn is_signed(secret: &[u8], body: &[u8], signature: &str) -> bool {
    let expected = self::signature(secret, body);
    let differences = expected.bytes().zip(signature.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
    expected.len() == signature.len() && differences == 0
}

/// `sha256=` and the hexadecimal HMAC-SHA256 of the body: what a receiver is sent with a notice, and sends with an answer.
#[must_use]
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret).expect("a key of any length");
    mac.update(body);
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests;
