//! Webhooks: a notice is posted to its receiver as JSON, signed with the receiver's secret. The receiver knows a notice
//! that is posted again by its `idempotency-key`, and that it is ours by its `trongdong-signature`.
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
//! Any status from 200 to 299 says that it was taken; everything else, redirects too, that it was not.

use domain::{Event, EventKind, Handover, HandoverDirection, Notice, Receiver, ReceiverId, Subject, wire::Record};
use entity::{Courier, Undelivered};
use futures::{FutureExt, future::BoxFuture};
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::{api::handover::HandoverAnswer, cap, eido, seal::Sealer};

/// The header of the signature, out and in.
pub(crate) const SIGNATURE_HEADER: &str = "trongdong-signature";

/// The context of a receiver's secret.
#[must_use]
pub fn receiver_context(receiver: &ReceiverId) -> String {
    format!("receiver/{receiver}")
}

/// Posts notices over HTTP. One for a node; its connections are kept and shared.
pub struct WebCourier {
    http: reqwest::Client,
    epoch: u64,
    sealer: Sealer,
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

impl WebCourier {
    /// A courier of the cluster's `epoch`. `http` brings the roots that it trusts, its deadline, and follows no redirect,
    /// so that nothing is posted to where no administrator said.
    #[must_use]
    pub fn new(http: reqwest::Client, epoch: u64, sealing_key: &[u8; 32]) -> Self {
        Self { http, epoch, sealer: Sealer::new(sealing_key) }
    }

    fn request(&self, receiver: &Receiver, notice: &Notice) -> Result<reqwest::RequestBuilder, Undelivered> {
        let event = Event::decode(&notice.event).map_err(|e| Undelivered(e.to_string()))?;
        let exercise = event.subject.as_ref().is_some_and(Subject::is_exercise);
        let (kind, body) = self.body(receiver, notice, &event, exercise)?;
        let key = format!("{}-{}-{}", self.epoch, receiver.id, notice.number);
        let request = self.http.post(&receiver.url);
        let request = request.header("content-type", kind).header("idempotency-key", key);
        let request = if exercise { request.header("trongdong-exercise", "true") } else { request };
        let request = match self.secret_of(receiver)? {
            Some(secret) => request.header(SIGNATURE_HEADER, signature(&secret, &body)),
            None => request,
        };
        Ok(request.body(body))
    }

    /// The media type and the bytes: the same whenever the notice is posted.
    fn body(
        &self,
        receiver: &Receiver,
        notice: &Notice,
        event: &Event,
        exercise: bool,
    ) -> Result<(&'static str, Vec<u8>), Undelivered> {
        let failed = |error: serde_json::Error| Undelivered(error.to_string());
        if event.kind == EventKind::WarningPublished
            && let Some(Subject::Warning(warning)) = &event.subject
        {
            return Ok((cap::CAP_TYPE, cap::alert(warning).into_bytes()));
        }
        let body = match Handover::of_event(event) {
            Some((incident, handover)) if handover.direction == HandoverDirection::Out => {
                let issuer = format!("trongdong-{}", self.epoch);
                serde_json::to_vec(&eido::write(&issuer, incident, handover, event.at_ms))
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
                exercise,
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
        opened.map(Some).map_err(|e| Undelivered(e.to_string()))
    }
}

impl Courier for WebCourier {
    fn deliver(&self, receiver: Receiver, notice: Notice) -> BoxFuture<'static, Result<(), Undelivered>> {
        let request = self.request(&receiver, &notice);
        async move {
            // The address stands in the configuration and is not repeated in a log: it may hold a token.
            let answer = request?.send().await.map_err(|e| Undelivered(e.without_url().to_string()))?;
            let status = answer.status();
            if status.is_success() { Ok(()) } else { Err(Undelivered(format!("the receiver answered {status}"))) }
        }
        .boxed()
    }
}

/// Whether the body was signed under the secret. Compared in a time that does not depend on where they differ.
pub(crate) fn is_signed(secret: &[u8], body: &[u8], signature: &str) -> bool {
    let expected = self::signature(secret, body);
    let differences = expected.bytes().zip(signature.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
    expected.len() == signature.len() && differences == 0
}

/// `sha256=` and the hexadecimal HMAC-SHA256 of the body.
pub(crate) fn signature(secret: &[u8], body: &[u8]) -> String {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret).expect("a key of any length");
    mac.update(body);
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests;
