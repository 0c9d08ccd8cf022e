//! From an HTTP request to a WebSocket (RFC 6455, section 4.2), on the connection that hyper hands over.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use hyper::{
    HeaderMap, StatusCode,
    header::{
        CONNECTION, HOST, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{socket, view::Encoding};
use crate::{
    app::App,
    auth::cookie_token,
    error::ApiError,
    limits::{INBOUND_BYTES_MAX, SOCKET_PENDING_BYTES_MAX, SOCKET_READ_BYTES, SOCKET_WRITE_BYTES},
    seats::Seat,
    server::Peer,
};

/// Binary protobuf.
pub(crate) const PROTOCOL: &str = "trongdong.v1";
/// JSON text of the same shapes, for a terminal.
pub(crate) const PROTOCOL_JSON: &str = "trongdong.v1.json";

/// `GET /ws`.
pub(crate) async fn websocket(State(app): State<Arc<App>>, mut request: Request) -> Response {
    let (encoding, accept) = match check(|origin| app.is_our_origin(origin), request.headers()) {
        Ok(checked) => checked,
        Err(error) => return error.into_response(),
    };
    let ip = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let token = cookie_token(request.headers());
    let seat = request.extensions().get::<Arc<Seat>>().cloned();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config())).await;
                socket::serve(app, socket, encoding, token, ip).await;
                drop(seat);
            }
            Err(error) => tracing::debug!(%error, "screens: the connection was gone before it became a WebSocket"),
        }
    });
    let protocol = match encoding {
        Encoding::Protobuf => PROTOCOL,
        Encoding::Json => PROTOCOL_JSON,
    };
    let headers: [(HeaderName, HeaderValue); 4] = [
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
        (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol)),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(SOCKET_READ_BYTES)
        .write_buffer_size(SOCKET_WRITE_BYTES)
        .max_write_buffer_size(SOCKET_PENDING_BYTES_MAX)
        .max_message_size(Some(INBOUND_BYTES_MAX))
        .max_frame_size(Some(INBOUND_BYTES_MAX))
}

/// What the handshake asks for: the encoding, and the key's answer. `is_our_origin` says which pages are of this cluster.
pub(crate) fn check(
    is_our_origin: impl Fn(&str) -> bool,
    headers: &HeaderMap,
) -> Result<(Encoding, HeaderValue), ApiError> {
    let has = |name: HeaderName, token: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") || !has(SEC_WEBSOCKET_VERSION, "13") {
        return Err(ApiError::bad_request("upgrade", "open /ws as a WebSocket, version 13"));
    }
    // A page of somebody else's must not open a socket with this browser's cookie.
    if let Some(origin) = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let own = origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
        if !own && !is_our_origin(origin) {
            return Err(ApiError::forbidden("origin", "open the socket from a page of this cluster"));
        }
    }
    let encoding = if has(SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        Encoding::Protobuf
    } else if has(SEC_WEBSOCKET_PROTOCOL, PROTOCOL_JSON) {
        Encoding::Json
    } else {
        let remedy = "offer trongdong.v1 (protobuf) or trongdong.v1.json";
        return Err(ApiError::bad_request("sec-websocket-protocol", remedy));
    };
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let key = key.ok_or_else(|| ApiError::bad_request("sec-websocket-key", "is required"))?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| ApiError::bad_request("sec-websocket-key", "send a nonce in base64"))?;
    Ok((encoding, accept))
}
