//! What a browser carries through a sign-in at a provider, sealed, so that any node can go on with it and this one keeps nothing
//! of a sign-in that nobody ends. Pure, but for chance.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::PersonId;
use reqwest::Url;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::PASSAGE_MS_MAX;
use crate::{device_cookie::Devices, seal::Sealer};

/// Name of the cookie between leaving for the provider and coming back.
pub(crate) const PASSAGE_COOKIE: &str = "td_oidc";
/// Name of the cookie between coming back and the code of the second factor.
pub(crate) const PROVEN_COOKIE: &str = "td_oidc_proven";
/// Bytes of the address of a page that a sign-in goes back to.
const BACK_BYTES_MAX: usize = 256;

/// A sign-in that is under way at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passage {
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// The code is worth nothing without it (RFC 7636).
    pub(crate) verifier: String,
    /// The page to go back to.
    pub(crate) back: String,
    /// Who signed in in this browser lately. The device cookie itself does not come along from another site's page.
    #[serde(default)]
    pub(crate) devices: Devices,
    pub(crate) until_ms: u64,
}

/// Somebody whom the provider vouched for, and who still owes a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proven {
    pub(crate) person: PersonId,
    pub(crate) until_ms: u64,
}

/// 32 bytes of chance as text; none: the system gives none.
fn chance() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A page of ours that a sign-in may go back to, with what its address sets (`?lang=en&room=tinh`); anything else is the first
/// page.
pub(crate) fn page(back: Option<&str>) -> String {
    let is_page = |address: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._?=&".contains(&byte);
        address.len() <= BACK_BYTES_MAX
            && address.strip_prefix('/').is_some_and(|rest| !rest.starts_with('/'))
            && address.bytes().all(plain)
    };
    back.filter(|address| is_page(address)).unwrap_or("/").to_owned()
}

impl Passage {
    /// Begins one; none: the system gives no randomness.
    pub(crate) fn begin(back: Option<&str>, devices: Devices, now_ms: u64) -> Option<Self> {
        let (state, nonce, verifier) = (chance()?, chance()?, chance()?);
        Some(Self { state, nonce, verifier, back: page(back), devices, until_ms: now_ms + PASSAGE_MS_MAX })
    }

    /// Where the browser is sent.
    pub(crate) fn address(&self, authorization: &Url, client_id: &str, returns_to: &str, claim: &str) -> Url {
        let mut url = authorization.clone();
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let scope = match claim {
            "email" => "openid email",
            "sub" => "openid",
            _ => "openid profile",
        };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", returns_to)
            .append_pair("scope", scope)
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        url
    }
}

/// What may be sealed into a cookie: it ends by itself.
pub(crate) trait Carried: Serialize + DeserializeOwned {
    /// Keeps one kind from being taken for the other.
    const CONTEXT: &'static str;
    /// It counts before then.
    fn until_ms(&self) -> u64;
}

impl Carried for Passage {
    const CONTEXT: &'static str = "oidc/passage";
    fn until_ms(&self) -> u64 {
        self.until_ms
    }
}

impl Carried for Proven {
    const CONTEXT: &'static str = "oidc/proven";
    fn until_ms(&self) -> u64 {
        self.until_ms
    }
}

/// As the browser carries it; none: the system gives no randomness.
pub(crate) fn seal<T: Carried>(sealer: &Sealer, carried: &T) -> Option<String> {
    let bytes = serde_json::to_vec(carried).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(sealer.seal(T::CONTEXT, &bytes).ok()?))
}

/// What the browser carried; none: it is not ours, or it has ended.
pub(crate) fn open<T: Carried>(sealer: &Sealer, text: &str, now_ms: u64) -> Option<T> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let opened: T = serde_json::from_slice(&sealer.open(T::CONTEXT, &sealed).ok()?).ok()?;
    (now_ms < opened.until_ms()).then_some(opened)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_carried_opens_here_in_time_and_as_what_it_is() {
        let sealer = Sealer::new(&[7; 32]);
        let passage = Passage::begin(Some("/rooms.html"), Devices::default(), 1_000).unwrap();
        assert_eq!(passage.back, "/rooms.html");
        let text = seal(&sealer, &passage).unwrap();
        assert_eq!(open::<Passage>(&sealer, &text, 2_000), Some(passage.clone()));
        assert_eq!(open::<Passage>(&sealer, &text, 1_000 + PASSAGE_MS_MAX), None, "it has ended");
        assert_eq!(open::<Proven>(&sealer, &text, 2_000), None);
        assert_eq!(open::<Passage>(&Sealer::new(&[8; 32]), &text, 2_000), None);
        assert_ne!(Passage::begin(None, Devices::default(), 1_000).unwrap().state, passage.state);
    }

    #[test]
    fn the_address_says_what_is_asked_for_and_not_the_verifier() {
        let passage = Passage {
            state: "s".into(),
            nonce: "n".into(),
            // RFC 7636, appendix B.
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
            back: "/".into(),
            devices: Devices::default(),
            until_ms: 1,
        };
        let base = Url::parse("https://op.example/auth?realm=tinh").unwrap();
        let url = passage.address(&base, "td", "https://n1.example/api/oidc/callback", "preferred_username");
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(value("realm"), Some("tinh"));
        assert_eq!(value("code_challenge"), Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert_eq!((value("code_challenge_method"), value("scope")), (Some("S256"), Some("openid profile")));
        assert_eq!(value("redirect_uri"), Some("https://n1.example/api/oidc/callback"));
        assert!(!url.as_str().contains(&passage.verifier));
    }

    #[test]
    fn a_sign_in_goes_back_to_our_own_pages_only() {
        for (asked, to) in [
            ("/rooms.html", "/rooms.html"),
            ("/unit", "/unit"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/?lang=en&room=tinh", "/?lang=en&room=tinh"),
            ("/?x=\r\nset-cookie:a", "/"),
            ("", "/"),
        ] {
            assert_eq!(page(Some(asked)), to);
        }
        assert_eq!(page(None), "/");
    }

    proptest! {
        #[test]
        fn anything_may_come(text in ".{0,120}", back in ".{0,80}") {
            prop_assert_eq!(open::<Passage>(&Sealer::new(&[7; 32]), &text, 0), None);
            let back = page(Some(&back));
            prop_assert!(back.starts_with('/') && !back.starts_with("//"));
        }
    }
}
