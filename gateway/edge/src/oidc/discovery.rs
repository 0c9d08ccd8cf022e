//! What a provider says of itself (OpenID Connect Discovery 1.0, 3 and 4.3). Pure.

use reqwest::Url;
use serde::Deserialize;

use super::{OidcError, keys::Algorithm};

/// Where the document lies, below the issuer.
pub(crate) const PATH: &str = ".well-known/openid-configuration";

#[derive(Deserialize)]
struct Raw {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
}

/// A provider's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Discovery {
    /// Where people sign in.
    pub(crate) authorization: Url,
    /// Where a code becomes an ID token.
    pub(crate) token: Url,
    /// Where its keys are.
    pub(crate) keys: Url,
    /// Where it tells of somebody what the ID token does not say; absent: nowhere.
    pub(crate) user_info: Option<Url>,
    /// It takes our secret in the form only, and not in a header.
    pub(crate) secret_in_form: bool,
}

fn unavailable(what: impl Into<String>) -> OidcError {
    OidcError::Unavailable(what.into())
}

/// Whether what goes there stays between the two: HTTPS, or this machine.
fn is_private(url: &Url) -> bool {
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// An address that may be asked.
fn address(name: &str, text: &str) -> Result<Url, OidcError> {
    let url = Url::parse(text).map_err(|error| unavailable(format!("{name} is no address ({error})")))?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_private(&url) && url.has_host() && is_plain {
        return Ok(url);
    }
    Err(unavailable(format!("{name} must be https, without a name, a password or a fragment")))
}

/// Where a provider says what it is.
///
/// # Errors
/// The issuer is no address that may be asked.
pub(crate) fn document(issuer: &str) -> Result<Url, OidcError> {
    if address("issuer", issuer)?.query().is_some() {
        return Err(unavailable("issuer must have no query"));
    }
    address("issuer", &format!("{}/{PATH}", issuer.trim_end_matches('/')))
}

impl Discovery {
    /// Reads the document of that issuer.
    ///
    /// # Errors
    /// It is none, another one's, or not of a provider that we can work with.
    pub(crate) fn parse(issuer: &str, bytes: &[u8]) -> Result<Self, OidcError> {
        let raw: Raw = serde_json::from_slice(bytes)
            .map_err(|error| unavailable(format!("its discovery document is none ({error})")))?;
        if raw.issuer != issuer {
            return Err(unavailable("it is another issuer than was configured: write exactly what it writes"));
        }
        let signs = raw.id_token_signing_alg_values_supported;
        if signs.is_some_and(|names| !names.iter().any(|name| Algorithm::from_name(name).is_some())) {
            return Err(unavailable("it signs neither with RS256 nor with ES256"));
        }
        // Without a word about it, it is the header (Discovery 1.0, 3).
        let methods = raw.token_endpoint_auth_methods_supported.unwrap_or_else(|| vec!["client_secret_basic".into()]);
        let takes = |name: &str| methods.iter().any(|method| method == name);
        if !takes("client_secret_basic") && !takes("client_secret_post") {
            return Err(unavailable("it takes no client secret: allow client_secret_basic"));
        }
        let user_info = raw.userinfo_endpoint.as_deref().map(|text| address("userinfo_endpoint", text)).transpose()?;
        Ok(Self {
            authorization: address("authorization_endpoint", &raw.authorization_endpoint)?,
            token: address("token_endpoint", &raw.token_endpoint)?,
            keys: address("jwks_uri", &raw.jwks_uri)?,
            user_info,
            secret_in_form: !takes("client_secret_basic"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://op.example/realms/tinh";

    fn read(changes: Value) -> Result<Discovery, OidcError> {
        let mut document = json!({"issuer": ISSUER, "authorization_endpoint": "https://op.example/auth?a=b",
            "token_endpoint": "https://op.example/token", "jwks_uri": "https://keys.example/jwks"});
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        Discovery::parse(ISSUER, document.to_string().as_bytes())
    }

    #[test]
    fn a_provider_is_taken_as_it_is_configured_and_over_https_only() {
        let read_right = read(json!({})).unwrap();
        assert_eq!(read_right.token.as_str(), "https://op.example/token");
        assert!(!read_right.secret_in_form && read_right.user_info.is_none());
        let told_at = read(json!({"userinfo_endpoint": "https://op.example/me"})).unwrap().user_info;
        assert_eq!(told_at.as_ref().map(Url::as_str), Some("https://op.example/me"));
        assert!(read(json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]})).unwrap().secret_in_form);
        assert!(read(json!({"token_endpoint": "http://127.0.0.1:9/token"})).is_ok(), "on this machine");
        for wrong in [
            json!({"issuer": "https://op.example/realms/tinh/"}),
            json!({"token_endpoint": "http://op.example/token"}),
            json!({"token_endpoint": "http://127.0.0.1.example/token"}),
            json!({"jwks_uri": "file:///etc/passwd"}),
            json!({"userinfo_endpoint": "http://op.example/me"}),
            json!({"jwks_uri": "https://lan:secret@op.example/jwks"}),
            json!({"authorization_endpoint": "javascript:alert(1)"}),
            json!({"authorization_endpoint": 7}),
            json!({"id_token_signing_alg_values_supported": ["none", "HS256"]}),
            json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
        ] {
            assert!(matches!(read(wrong.clone()), Err(OidcError::Unavailable(_))), "{wrong}");
        }
    }

    #[test]
    fn the_document_lies_below_the_issuer() {
        let found = document("https://op.example/realms/tinh/").unwrap();
        assert_eq!(found.as_str(), "https://op.example/realms/tinh/.well-known/openid-configuration");
        assert!(document("http://op.example").is_err() && document("https://op.example?a=b").is_err());
        assert!(document("tinh").is_err());
    }

    proptest! {
        #[test]
        fn anything_may_come(text in ".{0,200}") {
            prop_assert!(Discovery::parse(ISSUER, text.as_bytes()).is_err());
        }
    }
}
