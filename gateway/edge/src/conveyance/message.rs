//! What the two sides say (NENA-STA-024.1.1-2025, 2.1.5; its schema is `NENA911/WebSocket-Subscribe-Notify`): JSON objects with one
//! element that names the message. Written from the published description.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Bytes of a name that the other side gave; longer ones are refused.
pub(crate) const NAME_BYTES_MAX: usize = 256;
/// It was done.
pub(crate) const OK: u16 = 200;
/// It makes no sense.
pub(crate) const BAD: u16 = 400;
/// Too much at once.
pub(crate) const TOO_LARGE: u16 = 413;
/// No such subscription.
pub(crate) const UNKNOWN: u16 = 481;
/// This notifier does not do that.
pub(crate) const NOT_IMPLEMENTED: u16 = 501;
/// Not now.
pub(crate) const UNAVAILABLE: u16 = 503;

/// From the subscriber.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToNotifier {
    Subscribe(Subscribe),
    Unsubscribe(Subscribed),
    EventResponse(EventResponse),
    TerminateResponse(Ended),
}

/// From the notifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToSubscriber {
    SubscribeResponse(SubscribeResponse),
    UnsubscribeResponse(Ended),
    Response(Response),
    Event(Event),
    Terminate(Subscribed),
}

/// Asks for a subscription, or renews the one that is named. Times are in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribe {
    pub(crate) request_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_sub_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_accepts: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) qual_filter: Option<String>,
    /// After so long without an event there has to be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_rate: Option<u64>,
    /// So long there must be none after an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_rate: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subscription_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) incident_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<u64>,
}

/// What became of that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscribeResponse {
    pub(crate) request_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subscription_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_rate: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_rate: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<u64>,
    pub(crate) status_code: u16,
    pub(crate) status_text: String,
}

/// Ends a subscription, from either side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribed {
    pub(crate) request_id: String,
    pub(crate) subscription_id: String,
}

/// What became of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ended {
    pub(crate) request_id: String,
    pub(crate) subscription_id: String,
    pub(crate) status_code: u16,
    pub(crate) status_text: String,
}

/// A request that is not done here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pub(crate) request_id: String,
    pub(crate) status_code: u16,
    pub(crate) status_text: String,
}

/// Objects; none: nothing has happened, and the line is well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    pub(crate) subscription_id: String,
    pub(crate) transaction_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notification: Vec<Value>,
}

/// Acknowledges an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventResponse {
    pub(crate) transaction_id: String,
    pub(crate) status_code: u16,
    pub(crate) status_text: String,
}

/// A message.
///
/// # Errors
/// What is wrong with it, in words for the other side.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// The message as it goes over the wire.
pub(crate) fn write<T: Serialize>(message: &T) -> String {
    // These types have text keys only and no number that JSON lacks, so writing cannot fail.
    serde_json::to_string(message).unwrap_or_default()
}

/// The answer to a request that cannot be read; none: it has no name by which it could be answered.
pub(crate) fn refusal(bytes: &[u8]) -> Option<ToSubscriber> {
    let whole: Value = serde_json::from_slice(bytes).ok()?;
    let (kind, asked) = whole.as_object()?.iter().next()?;
    let name = |field: &str| asked.get(field)?.as_str().filter(|id| id.len() <= NAME_BYTES_MAX).map(str::to_owned);
    let request_id = name("requestId")?;
    let (bad, bad_text) = (BAD, words(BAD));
    Some(match kind.as_str() {
        "subscribe" => ToSubscriber::SubscribeResponse(SubscribeResponse {
            request_id,
            status_code: bad,
            status_text: bad_text,
            ..SubscribeResponse::default()
        }),
        "unsubscribe" => ToSubscriber::UnsubscribeResponse(Ended {
            request_id,
            subscription_id: name("subscriptionId").unwrap_or_default(),
            status_code: bad,
            status_text: bad_text,
        }),
        _ => ToSubscriber::Response(Response {
            request_id,
            status_code: NOT_IMPLEMENTED,
            status_text: words(NOT_IMPLEMENTED),
        }),
    })
}

/// A number of the standard in words.
pub(crate) fn words(code: u16) -> String {
    let text = match code {
        OK => "OK",
        BAD => "Bad request",
        TOO_LARGE => "Payload too large",
        UNKNOWN => "Subscription does not exist",
        NOT_IMPLEMENTED => "Not implemented",
        _ => "Service unavailable",
    };
    text.to_owned()
}
