//! A session for a screen.

use std::time::Duration;

use reqwest::header::SET_COOKIE;

use super::{COOKIE, WatchError};
use crate::client::tls;

/// How long signing in at one node may take: a password check waits for its turn and costs tens of milliseconds.
const SIGN_IN_MS_MAX: u64 = 10_000;

/// Signs in at the first node that answers and yields the session token, which counts at every node.
///
/// # Errors
/// No node answers, or the account is not let in.
pub async fn sign_in(
    origins: &[String],
    ca_pem: Option<&[u8]>,
    person: &str,
    password: &str,
) -> Result<String, WatchError> {
    let http = reqwest::Client::builder()
        .use_preconfigured_tls(tls::config(ca_pem)?)
        .timeout(Duration::from_millis(SIGN_IN_MS_MAX))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|e| WatchError::config("ca", e.to_string()))?;
    let mut last = WatchError::config("url", "give the origin of at least one node");
    for origin in origins {
        let lost = |reason: String| WatchError::Lost { origin: origin.clone(), reason };
        let body = serde_json::json!({ "person": person, "password": password });
        let sent = http.post(format!("{}/api/login", origin.trim_end_matches('/'))).json(&body).send().await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                last = lost(error.to_string());
                continue;
            }
        };
        let status = response.status();
        let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let token = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('=')).find_map(|(name, value)| {
            (name.trim() == COOKIE && !value.trim().is_empty()).then(|| value.trim().to_owned())
        });
        match token {
            Some(token) if status.is_success() => return Ok(token),
            _ if status.is_server_error() => last = lost(format!("answers {status}")),
            _ => {
                let message = response.text().await.unwrap_or_default();
                return Err(WatchError::SignIn { person: person.to_owned(), status: status.as_u16(), message });
            }
        }
    }
    Err(last)
}
