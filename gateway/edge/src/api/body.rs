//! What a request carries, read with bounds, and errors that name the field.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{FromRequest, FromRequestParts, MatchedPath, Path, Query, Request},
    http::{
        HeaderMap, Uri,
        header::{FORWARDED, REFERER},
        request::Parts,
    },
};
use bytes::Bytes;
use domain::{Accepted, Logged, audit::why};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::{self, Caller},
    command::Ask,
    error::ApiError,
    limits::{BODY_BYTES_MAX, REASON_BYTES_MAX},
    server::Peer,
};

/// Header with the number of a command.
pub(crate) const SEQ_HEADER: &str = "x-request-seq";

/// Header with the reason for a request, in percent-encoded UTF-8, since a browser sends nothing else.
pub(crate) const REASON_HEADER: &str = "x-reason";

/// Bytes of a screen's name; no page of ours has a longer one.
const SCREEN_BYTES_MAX: usize = 32;

/// What a command came to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Done {
    /// What it made or changed.
    pub(crate) entity: String,
    /// Its version after it.
    pub(crate) version: u64,
    /// Where the log has it: group, index and term, and whether it was taken before under the same number. Index 0: it was, and
    /// nobody remembers where. Absent: it left no entry of its own, or the leader runs a release that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) log: Option<Logged>,
}

/// The answer to a command that was accepted.
pub(crate) fn done(accepted: Accepted) -> Json<Done> {
    Json(Done { entity: accepted.entity, version: accepted.version, log: accepted.logged })
}

/// The result of a handler.
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;

/// Whoever is signed in.
pub(crate) struct Signed(pub(crate) Caller);

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let mut caller = match app.auth.caller_by_key(&parts.headers).await {
            Some(caller) => caller?,
            None => {
                let token = auth::token(&parts.headers).ok_or_else(ApiError::signed_out)?;
                app.auth.caller(&token).await?
            }
        };
        caller.grant.from = from_where(&parts.headers, parts.extensions.get::<Peer>());
        caller.grant.why = reason(&parts.headers);
        caller.asked = asked(parts);
        Ok(Self(caller))
    }
}

/// From where, for the record: the address that this node saw, and behind it the one that a district centre's node says it saw
/// (`forwarded`, RFC 7239). Whoever else sends that header adds a word, and hides nothing.
pub(crate) fn from_where(headers: &HeaderMap, peer: Option<&Peer>) -> String {
    let peer = peer.map(|peer| peer.0.ip().to_string()).unwrap_or_default();
    let said = headers.get(FORWARDED).and_then(|value| value.to_str().ok()?.strip_prefix("for="));
    let said = said.map(|said| said.trim_matches(|c: char| matches!(c, '"' | '[' | ']')));
    match said.and_then(|said| said.parse::<IpAddr>().ok()) {
        Some(screen) => format!("{peer} for {screen}"),
        None => peer,
    }
}

/// By which route somebody asks, and from which screen of ours. The route and not the path: looks at many of one noun are asked for in
/// one way, and share a record.
fn asked(parts: &Parts) -> String {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let referer = parts.headers.get(REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    why::asked(route, &screen_of(referer))
}

/// The screen of a page's address, such as `screen/wall`; empty: it is none of ours.
fn screen_of(referer: &str) -> String {
    let Ok(page) = referer.parse::<Uri>() else { return String::new() };
    let name = match page.path() {
        "/" => "wall",
        path => path.trim_start_matches('/').trim_end_matches(".html"),
    };
    let is_name =
        (1..=SCREEN_BYTES_MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if is_name { format!("screen/{}", if name == "index" { "wall" } else { name }) } else { String::new() }
}

/// Why somebody asks, for the record.
pub(crate) fn reason(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(REASON_HEADER) else { return String::new() };
    reason_of(&String::from_utf8_lossy(&percent_decoded(value.as_bytes())))
}

/// A reason as it goes into the record: the first `REASON_BYTES_MAX` bytes of one line.
pub(crate) fn reason_of(said: &str) -> String {
    let mut bytes = 0;
    let fits = |c: &char| {
        bytes += c.len_utf8();
        bytes <= REASON_BYTES_MAX
    };
    said.chars().filter(|c| !c.is_control()).take_while(fits).collect()
}

/// Bytes with `%XX` (RFC 3986, 2.1) as what they stand for; anything else stays as it is.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let escaped = match after {
            [high, low, ..] if first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => decoded.push(first),
        }
    }
    decoded
}

/// A command: who asks, under which number, and its body.
pub(crate) struct Asked<T>(pub(crate) Ask, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Signed(caller) = Signed::from_request_parts(&mut parts, app).await?;
        if caller.grant.terms.key.is_some() {
            return Err(ApiError::forbidden("authorization", "a service key sends no commands of people: sign in"));
        }
        let seq = seq_of(&parts.headers)?;
        let bytes = read(body, BODY_BYTES_MAX).await?;
        let ask = Ask { caller, seq, fingerprint: fingerprint(parts.uri.path(), &bytes) };
        Ok(Self(ask, from_json(&bytes)?))
    }
}

/// The number of a command.
pub(crate) fn seq_of(headers: &HeaderMap) -> Result<u64, ApiError> {
    let seq = headers.get(SEQ_HEADER).and_then(|seq| seq.to_str().ok()?.parse().ok());
    seq.filter(|seq| *seq > 0).ok_or_else(|| {
        ApiError::bad_request(
            SEQ_HEADER,
            "send the number of the command: `next_seq` of GET /api/session, and one more each time",
        )
    })
}

/// What tells a request from another under the same number: where it went, and its body.
pub(crate) fn fingerprint(what: &str, body: &[u8]) -> [u8; 32] {
    let mut fingerprint = Sha256::new_with_prefix(what);
    fingerprint.update([0]);
    fingerprint.update(body);
    fingerprint.finalize().into()
}

/// An id in the path.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let id = Path::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|error| ApiError::invalid("id", &error.body_text()))
    }
}

/// What follows the `?`.
pub(crate) struct Asking<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Asking<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        let query = Query::try_from_uri(&parts.uri);
        query.map(|Query(query)| Self(query)).map_err(|error| ApiError::invalid("query", &error.body_text()))
    }
}

/// A body without a command.
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Plain<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, ApiError> {
        Ok(Self(from_json(&read(request.into_body(), BODY_BYTES_MAX).await?)?))
    }
}

/// A body of at most `bytes_max`.
pub(crate) async fn read(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::too_large(bytes_max)),
        Err(_) => Err(ApiError::bad_request("body", "send the whole body")),
    }
}

/// Reads JSON; an error names the field, as in `place.latitude_e7`.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        if error.inner().is_syntax() || error.inner().is_eof() {
            return ApiError::bad_request("body", &format!("send valid JSON ({})", error.inner()));
        }
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // An absent field is told at the object that lacks it.
        let absent =
            message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')).map(|(name, _)| name);
        let field = match (path.as_str(), absent) {
            (".", Some(name)) => name.to_owned(),
            (path, Some(name)) => format!("{path}.{name}"),
            (path, None) => path.to_owned(),
        };
        ApiError::invalid(&field, &if absent.is_some() { "is required".to_owned() } else { message })
    })?;
    json.end().map_err(|error| ApiError::bad_request("body", &format!("send one JSON value ({error})")))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use domain::Place;
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[allow(dead_code, reason = "read by the derive only")]
        place: Place,
    }

    fn refused(json: &str) -> (u16, String) {
        let error = from_json::<Outer>(json.as_bytes()).unwrap_err();
        let body = format!("{error:?}");
        let field = body.split("field: \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        (error.into_response().status().as_u16(), field)
    }

    #[test]
    fn from_where_is_what_this_node_saw_and_behind_it_what_a_district_centres_node_says() {
        let peer = Peer("10.2.0.5:4711".parse().unwrap());
        let from = |said: Option<&'static str>| {
            let headers: HeaderMap = said.map(|said| (FORWARDED, said.parse().unwrap())).into_iter().collect();
            from_where(&headers, Some(&peer))
        };
        assert_eq!(from(None), "10.2.0.5");
        assert_eq!(from(Some("for=192.168.3.4")), "10.2.0.5 for 192.168.3.4");
        assert_eq!(from(Some("for=\"[2001:db8::7]\"")), "10.2.0.5 for 2001:db8::7");
        assert_eq!(from(Some("for=nobody; DROP")), "10.2.0.5", "an address, or nothing");
        assert_eq!(from_where(&HeaderMap::new(), None), "");
    }

    #[test]
    fn a_screen_is_a_page_of_ours_by_its_name() {
        for (referer, screen) in [
            ("https://td.example:8443/", "screen/wall"),
            ("https://td.example/index.html?lang=vi", "screen/wall"),
            ("https://td.example/console.html?call=C1#x", "screen/console"),
            ("https://td.example/deadlines", "screen/deadlines"),
            ("https://evil.example/a/b", ""),
            ("https://evil.example/Ho%20ten", ""),
            ("", ""),
            ("not an address", ""),
        ] {
            assert_eq!(screen_of(referer), screen, "{referer}");
        }
        assert_eq!(screen_of(&format!("https://td.example/{}", "a".repeat(SCREEN_BYTES_MAX + 1))), "");
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(refused("{"), (400, "body".into()));
        assert_eq!(refused("{} {}"), (422, "place".into()));
        assert_eq!(refused("{}"), (422, "place".into()));
        assert_eq!(refused(r#"{"place":{"latitude_e7":"x"}}"#), (422, "place.latitude_e7".into()));
        assert_eq!(refused(r#"{"place":{"latitude_e7":1,"longitude_e7":2}}"#), (422, "place.admin_unit".into()));
        assert_eq!(refused(r#"{"place":{"latitude_e7":1,"longitude_e7":2,"admin_unit":"a/b"}}"#).0, 422);
    }

    proptest! {
        #[test]
        fn any_bytes_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(from_json::<Outer>(&bytes).is_err());
        }
    }
}
