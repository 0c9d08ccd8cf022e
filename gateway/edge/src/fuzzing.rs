//! One entrance per parser that faces the network, for the fuzz targets: whatever the bytes are, none of these may panic,
//! and each result is checked for what it promises. Each says whether the bytes were taken whole, so that a corpus that
//! never gets in is found out.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
};

use axum::{extract::Query, response::IntoResponse};
use domain::{PersonId, Role, wire::Malformed};
use hyper::{
    HeaderMap, Uri,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use ingest::reading::batch_protobuf;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocket};

use crate::{
    api::{
        access, admin_unit, alarm,
        body::{SEQ_HEADER, from_json},
        camera, district, file, handover, incident, person,
        reading::{basic, parse_json},
        record, report, retention, second_factor, sensor,
        series::{Span, Wanted},
        service_key, session, unit, warning,
    },
    auth::{cookie_token, token},
    conveyance, eido,
    error::ApiError,
    limits::SUBSCRIBE_ITEMS_MAX,
    oidc::{self, discovery::Discovery, id_token, keys::Keys, passage},
    picture,
    public::{self, code, open311},
    screen::{
        message::{Payload, ToServer},
        session::{Effect, Session, Viewer},
        upgrade,
        view::{Encoding, Scope, View},
    },
    seal::Sealer,
    service_key as key_of_service, totp,
};

/// Between two messages of a screen: less than it may send.
const BETWEEN_MESSAGES_MS: u64 = 100;

/// Whether it was taken; what is refused is refused as the sender's mistake.
fn is_taken<T>(result: Result<T, ApiError>) -> bool {
    let refused = result.map_err(|error| error.into_response().status());
    assert!(refused.as_ref().err().is_none_or(|status| status.is_client_error()), "bad input is the sender's mistake");
    refused.is_ok()
}

fn is_read<T: DeserializeOwned>(data: &[u8]) -> bool {
    is_taken(from_json::<T>(data))
}

/// A JSON body, as the body of each command.
pub fn fuzz_body(data: &[u8]) -> bool {
    let read = [
        is_read::<session::Login>(data),
        is_read::<second_factor::Choice>(data),
        is_read::<second_factor::Code>(data),
        is_read::<service_key::Wanted>(data),
        is_read::<access::Giving>(data),
        is_read::<record::Search>(data),
        is_read::<access::Taking>(data),
        is_read::<access::Emergency>(data),
        is_read::<access::Ending>(data),
        is_read::<incident::Opening>(data),
        is_read::<incident::Report>(data),
        is_read::<incident::Seen>(data),
        is_read::<incident::Ending>(data),
        is_read::<incident::Reopening>(data),
        is_read::<incident::Note>(data),
        is_read::<incident::Assignment>(data),
        is_read::<incident::Amendment>(data),
        is_read::<incident::Merging>(data),
        is_read::<alarm::Acknowledgement>(data),
        is_read::<alarm::Shelving>(data),
        is_read::<alarm::Unshelving>(data),
        is_read::<sensor::Registration>(data),
        is_read::<camera::Registration>(data),
        is_read::<unit::Registration>(data),
        is_read::<unit::Tap>(data),
        is_read::<unit::Fix>(data),
        is_read::<person::Registration>(data),
        is_read::<district::Registration>(data),
        is_read::<admin_unit::Registration>(data),
        is_read::<report::Linking>(data),
        is_read::<retention::Wanted>(data),
        is_read::<report::Unlinking>(data),
        is_read::<report::Answering>(data),
        is_read::<file::Showing>(data),
        is_read::<file::Removing>(data),
        is_read::<file::FileRetention>(data),
        is_read::<warning::WarningDrafting>(data),
        is_read::<warning::Deciding>(data),
        is_read::<handover::Offering>(data),
        is_read::<handover::Heard>(data),
        is_read::<handover::TakingBack>(data),
        is_read::<public::report::Filing>(data),
        is_read::<public::report::Rating>(data),
        is_read::<public::report::Reopening>(data),
    ];
    read.contains(&true)
}

/// What stands where a code of a second factor or a service key is expected.
pub fn fuzz_proof(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let key = key_of_service::parse(text);
    assert!(key.is_none() || text.starts_with("tdk_"), "a key says what it is");
    totp::parse(text).is_some() | key.is_some()
}

/// What another service sends about a hand-over: an object that offers an incident, or an answer.
pub fn fuzz_handover(data: &[u8]) -> bool {
    let said = eido::read(data);
    if let Ok(eido::Said::Offers(offered)) = &said {
        let is_on_earth =
            offered.latitude_e7.unsigned_abs() <= 900_000_000 && offered.longitude_e7.unsigned_abs() <= 1_800_000_000;
        assert!(is_on_earth, "a place lies on the earth");
        assert!(!offered.summary.is_empty() && offered.summary.len() <= domain::limits::TEXT_BYTES_MAX, "it fits");
        assert!(offered.address.len() <= domain::limits::NAME_BYTES_MAX, "it fits");
        assert!(offered.summary.chars().all(|c| c == '\n' || !c.is_control()), "what is kept can be shown");
    }
    let answered = from_json::<handover::HandoverAnswer>(data);
    if let Ok(answered) = &answered
        && let Some((incident, number)) = eido::read_handover_name(&answered.handover)
    {
        assert!(answered.handover.starts_with(incident.as_str()) && answered.handover.ends_with(&number.to_string()));
    }
    is_taken(said.map(|_| ())) | is_taken(answered.map(|_| ()))
}

/// What comes over a conveyance of objects (NENA-STA-024), from either side.
pub fn fuzz_conveyance(data: &[u8]) -> bool {
    let asked = conveyance::message::read::<conveyance::message::ToNotifier>(data);
    let told = conveyance::message::read::<conveyance::message::ToSubscriber>(data);
    if let Ok(asked) = &asked {
        let (mut notifier, mut now_ms) = (conveyance::notifier::Notifier::new("fuzz"), 0);
        for _ in 0..4 {
            let effects = notifier.received(now_ms, asked.clone());
            assert!(effects.len() <= conveyance::notifier::EFFECTS_MAX, "one message asks for little");
            if notifier.may_send(now_ms) {
                notifier.send(now_ms, 1, "t".to_owned(), serde_json::json!({}));
                assert!(!notifier.may_send(now_ms), "one object is under way at a time");
            }
            now_ms += 1_000;
            notifier.tick(now_ms);
        }
    }
    asked.is_ok() | told.is_ok()
}

/// What a mail server answers.
pub fn fuzz_smtp_reply(data: &[u8]) -> bool {
    match crate::courier::smtp::parse_reply(data) {
        Ok(Some((reply, bytes))) => {
            assert!(bytes <= data.len() && (200..600).contains(&reply.code) && !reply.lines.is_empty());
            bytes == data.len()
        }
        _ => false,
    }
}

/// What a provider says of itself.
pub fn fuzz_discovery(data: &[u8]) -> bool {
    let read = Discovery::parse("https://op.example", data);
    if let Ok(found) = &read {
        for url in [&found.authorization, &found.token, &found.keys].into_iter().chain(&found.user_info) {
            assert!(matches!(url.scheme(), "https" | "http"), "a browser and we are sent to the web only");
            assert!(url.username().is_empty() && url.password().is_none(), "nobody's password is sent along");
        }
    }
    read.is_ok()
}

/// A provider's keys.
pub fn fuzz_keys(data: &[u8]) -> bool {
    let Ok(keys) = Keys::parse(data) else { return false };
    let algorithms = [oidc::keys::Algorithm::Rs256, oidc::keys::Algorithm::Es256];
    for key in algorithms.iter().filter_map(|algorithm| keys.find(None, *algorithm)) {
        assert!(!key.signed(b"a.b", &[0; 64]) && !key.signed(b"", b""), "nobody has signed this");
    }
    keys.len() > 0
}

/// An ID token that nobody has signed, and what a browser carries through a sign-in.
pub fn fuzz_id_token(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let sealer = Sealer::new(&[7; 32]);
    assert!(passage::open::<passage::Passage>(&sealer, text, 0).is_none(), "nobody has sealed this");
    assert!(passage::open::<passage::Proven>(&sealer, text, 0).is_none(), "nobody has sealed this");
    assert!(!passage::page(Some(text)).starts_with("//"), "a sign-in goes back to a page of ours");
    let Ok(token) = id_token::IdToken::parse(text) else { return false };
    // The base point of P-256.
    let keys = Keys::parse(
        br#"{"keys":[{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":
            "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}]}"#,
    );
    let keys = keys.unwrap_or_default();
    let expected =
        id_token::Expected { issuer: "https://op.example", client_id: "td", nonce: "n", now_s: 1_800_000_000 };
    if let Some(key) = keys.find(None, oidc::keys::Algorithm::Es256) {
        assert!(token.claims(key, &expected).is_err(), "what nobody signed is not believed");
    }
    true
}

/// Readings that are pushed, as JSON of either form and as protobuf.
pub fn fuzz_push(data: &[u8]) -> bool {
    let json = is_taken(parse_json(data));
    json | is_taken(batch_protobuf(data).and_then(ingest::reading::Batch::strict).map_err(ApiError::from))
}

/// What stands before a body and is read by us: a line with path and query, then lines `name: value`.
pub fn fuzz_head(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    let uri = lines.next().and_then(|line| Uri::try_from(line).ok());
    let has_span = uri
        .filter(|uri| uri.query().is_some())
        .is_some_and(|uri| Query::<Span>::try_from_uri(&uri).is_ok() | Query::<Wanted>::try_from_uri(&uri).is_ok());
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let has_token = token(&headers).is_some() | cookie_token(&headers).is_some();
    let has_seq = headers.get(SEQ_HEADER).and_then(|seq| seq.to_str().ok()?.parse::<u64>().ok()).is_some();
    let encoded = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let has_key = encoded.is_some_and(|encoded| is_taken(basic(encoded)));
    let is_upgrade = is_taken(upgrade::check(|origin| origin == "https://other.example", &headers));
    has_span | has_token | has_seq | has_key | is_upgrade
}

/// What a citizen types and what another service's app sends: a code, a resource's name, a form.
pub fn fuzz_public(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let found = code::parse(&text);
    if let Ok(code) = &found {
        assert_eq!(code::parse(&code::shown(code)).as_ref(), Ok(code), "what is shown is read as the same code");
    }
    let (name, _) = open311::node::file(&text);
    assert!(text.starts_with(name), "a name is what stands before its ending");
    let kept = public::words::tidy(&text);
    assert!(kept.chars().all(|c| c == '\n' || !c.is_control()), "what is kept can be shown");
    let filed = open311::form::filing(&open311::form::Fields::parse(data), String::new());
    if let Err(error) = &filed {
        assert!(error.status.is_client_error() && !error.body.field.is_empty(), "what is wrong is named");
    }
    found.is_ok() | filed.is_ok()
}

/// A photo as strangers send it.
pub fn fuzz_picture(data: &[u8]) -> bool {
    let Ok(picture) = picture::strip(data) else { return false };
    // Only what says which way up it is may be longer than it came.
    assert!(picture.bytes.len() <= data.len() + 64, "what is stored is a part of what came");
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    assert!((1..=domain::limits::FILE_PIXELS_MAX).contains(&pixels), "what is shown fits");
    let again = picture::strip(&picture.bytes);
    assert_eq!(again.as_ref(), Ok(&picture), "stripping what was stripped changes nothing");
    true
}

/// Right inputs of [`fuzz_picture`], each with something that is not stored.
#[must_use]
pub fn picture_seeds() -> Vec<Vec<u8>> {
    picture::seeds::seeds()
}

/// What [`picture_seeds`] hold beside their pictures.
pub const PICTURE_SECRET: &[u8] = picture::seeds::SECRET;

/// One message of a screen, in both encodings.
pub fn fuzz_to_server(data: &[u8]) -> bool {
    let check = |read: Result<ToServer, Malformed>| match read {
        Ok(ToServer::Subscribe { subscription, from }) => {
            let most = subscription.districts.len().max(subscription.nouns.len()).max(from.len());
            assert!(most <= SUBSCRIBE_ITEMS_MAX, "a subscription is within its bound");
            true
        }
        Ok(_) => true,
        Err(malformed) => {
            assert!(!malformed.field.is_empty() && !malformed.remedy.is_empty(), "what is wrong is named");
            false
        }
    };
    check(ToServer::from_protobuf(data)) | check(ToServer::from_json(&String::from_utf8_lossy(data)))
}

/// A socket on which all has come that will.
struct Come<'a>(&'a [u8]);

impl Read for Come<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Come<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen's whole connection after the handshake: WebSocket frames, the messages in them, and their order. The first
/// byte says which encoding. Taken whole: the screen said something and was not sent away.
pub fn fuzz_websocket(data: &[u8]) -> bool {
    let Some((choice, bytes)) = data.split_first() else { return false };
    let encoding = if choice & 1 == 0 { Encoding::Protobuf } else { Encoding::Json };
    let mut socket = WebSocket::from_raw_socket(Come(bytes), Side::Server, Some(upgrade::config()));
    let mut session = Session::new(0);
    let (mut now_ms, mut heard) = (0, false);
    // An error of the socket is its end, and ends every input.
    while let Ok(message) = socket.read() {
        now_ms += BETWEEN_MESSAGES_MS;
        let read = match (encoding, &message) {
            (Encoding::Protobuf, Payload::Binary(bytes)) => ToServer::from_protobuf(bytes),
            (Encoding::Json, Payload::Text(text)) => ToServer::from_json(text),
            (_, Payload::Binary(_) | Payload::Text(_)) => Err(Malformed::new("message", "send the other kind")),
            _ => continue,
        };
        let mut effects = session.received(now_ms, read);
        while let Some(effect) = effects.pop() {
            match effect {
                Effect::Authenticate { .. } => effects.extend(session.authenticated(viewer(), 1, 7)),
                Effect::Derive { from } => {
                    let remit = domain::Remit::default();
                    let view =
                        View { scope: Scope::Everywhere, nouns: BTreeSet::new(), encoding, callers: false, remit };
                    effects.extend(session.subscribed(view, from, false));
                }
                Effect::Send(message) => heard |= !message.encode(encoding).is_empty(),
                Effect::Close { .. } => return false,
                Effect::Join { .. } | Effect::Watch(..) | Effect::Unwatch(_) | Effect::Count { .. } => {}
            }
        }
    }
    heard
}

fn viewer() -> Option<Viewer> {
    let person = PersonId::new("lan").ok()?;
    Some(Viewer { person, name: "Lan".to_owned(), role: Role::Operator })
}
