//! What a provider says of somebody: an ID token (OpenID Connect Core 1.0, 2 and 3.1.3.7; JWS compact, RFC 7515). Pure.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    CLOCKS_DIFFER_S, ID_TOKEN_BYTES_MAX, OidcError, PASSAGE_MS_MAX, denied,
    keys::{Algorithm, Key},
};

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// An ID token as it came. Nothing in it is believed before [`IdToken::claims`].
#[derive(Clone, Debug)]
pub(crate) struct IdToken<'a> {
    pub(crate) algorithm: Algorithm,
    /// Which key signed it, as it says.
    pub(crate) key: Option<String>,
    message: &'a [u8],
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

/// What an ID token has to say to be ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// Seconds since 1970.
    pub(crate) now_s: u64,
}

fn decoded(part: &str) -> Result<Vec<u8>, OidcError> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| denied("id_token", "is no JWS in compact form"))
}

impl<'a> IdToken<'a> {
    /// Takes an ID token apart.
    ///
    /// # Errors
    /// It is none, or signed in a way that is not taken: `none` and symmetric ones among them.
    pub(crate) fn parse(text: &'a str) -> Result<Self, OidcError> {
        if text.len() > ID_TOKEN_BYTES_MAX {
            return Err(denied("id_token", "is too long"));
        }
        let broken = || denied("id_token", "is no JWS in compact form");
        let (message, signature) = text.rsplit_once('.').ok_or_else(broken)?;
        let (header, payload) = message.split_once('.').ok_or_else(broken)?;
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| broken())?;
        let algorithm = Algorithm::from_name(&header.alg)
            .ok_or_else(|| denied("alg", "is not one that is taken: let the provider sign with RS256 or ES256"))?;
        if header.crit.is_some() {
            return Err(denied("crit", "asks for what is not known here"));
        }
        let claims = serde_json::from_slice(&decoded(payload)?).map_err(|_| broken())?;
        let (message, signature) = (message.as_bytes(), decoded(signature)?);
        Ok(Self { algorithm, key: header.kid, message, signature, claims })
    }

    /// What it says, if this key signed it and it is what was asked for.
    ///
    /// # Errors
    /// Which claim is wrong.
    pub(crate) fn claims(&self, key: &Key, expected: &Expected<'_>) -> Result<&Map<String, Value>, OidcError> {
        if !key.signed(self.message, &self.signature) {
            return Err(denied("signature", "is not the provider's"));
        }
        check(&self.claims, expected)?;
        Ok(&self.claims)
    }
}

/// A time in seconds; a fraction is cut off (RFC 7519 allows one).
fn seconds(claims: &Map<String, Value>, name: &str) -> Option<u64> {
    let Value::Number(number) = claims.get(name)? else { return None };
    let text = number.to_string();
    text.split('.').next()?.parse().ok()
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), OidcError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(denied("iss", "is another provider"));
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(denied("sub", "is missing"));
    }
    let is_us = |audience: &Value| audience.as_str() == Some(expected.client_id);
    let (is_for_us, is_for_others) = match claims.get("aud") {
        Some(Value::Array(all)) => (all.iter().any(is_us), all.len() > 1),
        Some(one) => (is_us(one), false),
        None => (false, false),
    };
    if !is_for_us {
        return Err(denied("aud", "is somebody else"));
    }
    match claims.get("azp") {
        Some(azp) if !is_us(azp) => return Err(denied("azp", "is somebody else")),
        None if is_for_others => return Err(denied("azp", "is missing, and it is for others too")),
        _ => {}
    }
    let now_s = expected.now_s;
    let expires_s = seconds(claims, "exp").ok_or_else(|| denied("exp", "is missing"))?;
    if expires_s.saturating_add(CLOCKS_DIFFER_S) <= now_s {
        return Err(denied("exp", "is over: compare the clocks of this machine and the provider's"));
    }
    let issued_s = seconds(claims, "iat").ok_or_else(|| denied("iat", "is missing"))?;
    let oldest_s = now_s.saturating_sub(PASSAGE_MS_MAX / 1_000 + CLOCKS_DIFFER_S);
    let newest_s = now_s.saturating_add(CLOCKS_DIFFER_S);
    if !(oldest_s..=newest_s).contains(&issued_s) {
        return Err(denied("iat", "is not now: compare the clocks of this machine and the provider's"));
    }
    if claims.contains_key("nbf") && seconds(claims, "nbf").is_none_or(|from_s| from_s > newest_s) {
        return Err(denied("nbf", "is still to come"));
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(denied("nonce", "is that of another sign-in"));
    }
    Ok(())
}

/// Whether the provider asked for more than one factor (RFC 8176).
pub(crate) fn has_two_factors(claims: &Map<String, Value>) -> bool {
    let methods = claims.get("amr").and_then(Value::as_array);
    methods.is_some_and(|methods| methods.iter().any(|method| method.as_str() == Some("mfa")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW_S: u64 = 1_800_000_000;
    const EXPECTED: Expected<'_> =
        Expected { issuer: "https://op.example", client_id: "trongdong", nonce: "n1", now_s: NOW_S };

    fn right() -> Value {
        json!({"iss": "https://op.example", "sub": "17", "aud": "trongdong", "exp": NOW_S + 300, "iat": NOW_S - 2,
            "nonce": "n1"})
    }

    /// The claim that is refused when these are put over what is right; `null` takes one away.
    fn refused(changes: Value) -> Option<&'static str> {
        let mut claims = right();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        match check(claims.as_object().unwrap(), &EXPECTED) {
            Err(OidcError::Denied { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        }
    }

    #[test]
    fn every_claim_has_to_be_as_it_was_asked_for() {
        for (changes, field) in [
            (json!({}), None),
            (json!({"iss": "https://op.example/"}), Some("iss")),
            (json!({"sub": ""}), Some("sub")),
            (json!({"aud": "other"}), Some("aud")),
            (json!({"aud": null}), Some("aud")),
            (json!({"aud": ["trongdong"]}), None),
            (json!({"aud": ["other", "trongdong"]}), Some("azp")),
            (json!({"aud": ["other", "trongdong"], "azp": "trongdong"}), None),
            (json!({"azp": "other"}), Some("azp")),
            (json!({"azp": 7}), Some("azp")),
            (json!({"exp": NOW_S - CLOCKS_DIFFER_S}), Some("exp")),
            (json!({"exp": NOW_S - CLOCKS_DIFFER_S + 1}), None),
            (json!({"exp": null}), Some("exp")),
            (json!({"exp": "1900000000"}), Some("exp")),
            (json!({"exp": 1_900_000_000.5}), None),
            (json!({"iat": NOW_S + CLOCKS_DIFFER_S + 1}), Some("iat")),
            (json!({"iat": NOW_S - 4_000}), Some("iat")),
            (json!({"iat": null}), Some("iat")),
            (json!({"nbf": NOW_S + 4_000}), Some("nbf")),
            (json!({"nonce": "n2"}), Some("nonce")),
            (json!({"nonce": null}), Some("nonce")),
        ] {
            assert_eq!(refused(changes.clone()), field, "{changes}");
        }
    }

    fn compact(header: &Value, claims: &Value, signature: &[u8]) -> String {
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()), part(signature))
    }

    #[test]
    fn only_what_is_signed_with_a_key_pair_is_taken_apart() {
        let field = |header: Value| match IdToken::parse(&compact(&header, &right(), b"")) {
            Err(OidcError::Denied { field, .. }) => field,
            _ => "",
        };
        for name in ["none", "None", "HS256", "RS1", "ES256K", ""] {
            assert_eq!(field(json!({"alg": name})), "alg", "{name}");
        }
        assert_eq!(field(json!({"alg": "RS256", "crit": ["b64"], "b64": false})), "crit");
        assert_eq!(field(json!({"kid": "1"})), "id_token");
        assert_eq!(field(json!({"alg": "ES256", "kid": "1"})), "");
        assert!(IdToken::parse("a.b").is_err() && IdToken::parse("a.b.c.d").is_err());
        assert!(IdToken::parse(&"a".repeat(ID_TOKEN_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn two_factors_are_what_the_provider_says() {
        let has = |amr: Value| has_two_factors(json!({"amr": amr}).as_object().unwrap());
        assert!(has(json!(["pwd", "mfa"])) && !has(json!(["pwd", "otp"])) && !has(json!("mfa")));
    }

    proptest! {
        #[test]
        fn anything_may_come(text in "[A-Za-z0-9_.-]{0,80}|.{0,80}") {
            let _ = IdToken::parse(&text);
        }
    }
}
