//! Answers that are longer than memory: piece by piece, from one node.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{StatusCode, header};
use tokio::time::timeout;

use super::{ANSWER_BYTES_MAX, COOKIE, Client, ClientError, refused, with_causes};

/// How long a whole stream may take.
const STREAM_MS_MAX: u64 = 6 * 3_600_000;
/// How long it may take to begin, and each piece of it to come.
const PIECE_MS_MAX: u64 = 60_000;

/// An answer under way.
pub struct Streamed {
    /// Origin of the node that gives it.
    pub origin: String,
    path: String,
    response: reqwest::Response,
}

impl Client {
    /// Looks at `path` of the first node that serves it, and hands over the answer as it comes. A stream that was begun is not
    /// begun anew at another node.
    ///
    /// # Errors
    /// A refusal, or no node serves it.
    pub async fn stream(&self, path: &str) -> Result<Streamed, ClientError> {
        let cookie = self.session.read().await.as_ref().map(|session| session.cookie.clone());
        let mut last = String::new();
        for origin in &self.origins {
            let mut request = self.http.get(format!("{origin}{path}")).timeout(Duration::from_millis(STREAM_MS_MAX));
            if let Some(cookie) = &cookie {
                request = request.header(header::COOKIE, format!("{COOKIE}={cookie}"));
            }
            let response = match timeout(Duration::from_millis(PIECE_MS_MAX), request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => {
                    last = format!("{origin}: {}", with_causes(&error));
                    continue;
                }
                Err(_) => {
                    last = format!("{origin}: nothing for {} s", PIECE_MS_MAX / 1000);
                    continue;
                }
            };
            let status = response.status();
            let streamed = Streamed { origin: origin.clone(), path: path.to_owned(), response };
            if status.is_success() {
                return Ok(streamed);
            }
            let refused = refused(status, &streamed.whole().await?);
            if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
                return Err(ClientError::Refused { path: path.to_owned(), refused });
            }
            last = format!("{origin}: {refused}");
        }
        Err(ClientError::Unknown { path: path.to_owned(), seconds: PIECE_MS_MAX / 1000, last })
    }
}

impl Streamed {
    /// The next piece; none at the end. An answer that was cut may look as if it had ended: what is in it must say.
    ///
    /// # Errors
    /// The line was cut, or nothing comes.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        let cut = |reason| ClientError::Answer { path: format!("{}{}", self.origin, self.path), reason };
        match timeout(Duration::from_millis(PIECE_MS_MAX), self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(cut(with_causes(&error))),
            Err(_) => Err(cut(format!("nothing came for {} s", PIECE_MS_MAX / 1000))),
        }
    }

    async fn whole(mut self) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                break;
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}
