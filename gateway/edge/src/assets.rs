//! The screens' own files, built into the program.

use std::{fmt::Write, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, VARY,
        },
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{app::App, error::ApiError};

/// `web/dist`, in the program.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// Any path that is no API. A page that does not exist is the start page, which knows its own routes.
pub(crate) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let headers = request.headers();
    let path = request.uri().path().trim_start_matches('/');
    // A page is found without its ending too: people type `/unit` on a phone.
    let page = format!("{path}.html");
    let is_page = !path.is_empty() && !path.contains('.') && Dist::get(&page).is_some();
    let path = match path {
        "" => "index.html",
        _ if is_page => &page,
        path => path,
    };
    if let Some(found) = find(path, accepts(headers, ACCEPT_ENCODING, "br")) {
        return answer(&app, path, found, headers);
    }
    let is_navigation = accepts(headers, ACCEPT, "text/html");
    match find("index.html", accepts(headers, ACCEPT_ENCODING, "br")).filter(|_| is_navigation) {
        Some(index) => answer(&app, "index.html", index, headers),
        None => ApiError::not_found("path", request.uri().path()).into_response(),
    }
}

/// A file, and its encoding when it is the compressed sibling.
struct Found {
    file: EmbeddedFile,
    encoding: Option<&'static str>,
}

fn find(path: &str, takes_brotli: bool) -> Option<Found> {
    let compressed = takes_brotli.then(|| Dist::get(&format!("{path}.br"))).flatten();
    match compressed {
        Some(file) => Some(Found { file, encoding: Some("br") }),
        None => Dist::get(path).map(|file| Found { file, encoding: None }),
    }
}

fn answer(app: &App, path: &str, found: Found, headers: &HeaderMap) -> Response {
    let etag = etag(&found.file.metadata.sha256_hash());
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = kind.type_() == mime_guess::mime::TEXT || kind.subtype() == mime_guess::mime::JAVASCRIPT;
    let kind = if is_text { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    // The names of built assets hold their hash; everything else may change with the next version.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut out = HeaderMap::new();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    };
    put(ETAG, &etag);
    put(CACHE_CONTROL, cache);
    put(VARY, "accept-encoding");
    if path.ends_with(".html") {
        put(CONTENT_SECURITY_POLICY, &content_security_policy(app));
        put(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(self)");
        put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    }
    if is_known(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, out).into_response();
    }
    put(CONTENT_TYPE, &kind);
    if let Some(encoding) = found.encoding {
        put(CONTENT_ENCODING, encoding);
    }
    let bytes = match found.file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    (out, bytes).into_response()
}

/// The tag of what has this digest.
pub(crate) fn etag(sha256: &[u8; 32]) -> String {
    let mut etag = String::from("\"");
    for byte in sha256 {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

/// Whether who asks has what bears this tag already.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| known.trim() == etag)
}

/// Whether a header names `wanted`, and not with weight 0.
fn accepts(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_wanted = parts.next().is_some_and(|part| part.eq_ignore_ascii_case(wanted));
        is_wanted && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)))
    })
}

/// A page talks to its own node and to the others of the cluster, and to nobody else.
fn content_security_policy(app: &App) -> String {
    let mut connect = String::from("'self'");
    let urls = (app.nodes)().into_iter().map(|(_, url)| url).chain([app.config.public_url.clone()]);
    for url in urls {
        let url = url.trim_end_matches('/');
        let Some((scheme, authority)) = url.split_once("://") else { continue };
        let socket = if scheme == "https" { "wss" } else { "ws" };
        if authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
        {
            let _ = write!(connect, " {scheme}://{authority} {socket}://{authority}");
        }
    }
    format!(
        "default-src 'self'; connect-src {connect}; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
         worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_lists_are_read() {
        let accepts_br = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts(&headers, ACCEPT_ENCODING, "br")
        };
        assert!(accepts_br("gzip, deflate, br") && accepts_br("br;q=0.5"));
        assert!(!accepts_br("gzip") && !accepts_br("br;q=0") && !accepts_br("brotli"));
    }

    #[test]
    fn there_is_always_a_start_page() {
        assert!(find("index.html", false).is_some());
        assert!(find("no/such/file", true).is_none());
        assert!(find("../../Cargo.toml", false).is_none());
    }
}
