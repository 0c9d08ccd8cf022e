//! Keys of service accounts as they are given out: `tdk_<id>_<secret>`, the secret being 32 bytes in base64url. They go where
//! a password of an account goes (HTTP Basic, MQTT), or as a bearer. Pure.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Digest, ServiceKeyId};
use ring::hmac;
use sha2::{Digest as _, Sha256};

/// What every key begins with, so that one that leaked is found by whoever scans for keys.
const PREFIX: &str = "tdk_";
/// Symbols of the secret.
const SECRET_SYMBOLS: usize = 43;
/// What the derivation is for, so that nothing else under the cluster's key gives a secret.
const CONTEXT: &[u8] = b"trongdong service key 1\0";

/// A key as somebody shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    id: &'a str,
    /// As the cluster keeps it.
    pub(crate) secret_sha256: Digest,
}

impl Shown<'_> {
    /// Which.
    pub(crate) fn id(&self) -> Option<ServiceKeyId> {
        ServiceKeyId::new(self.id).ok()
    }
}

/// The key in a text; none: it is another secret, such as a password.
pub(crate) fn parse(text: &str) -> Option<Shown<'_>> {
    let rest = text.strip_prefix(PREFIX)?;
    let at = rest.len().checked_sub(SECRET_SYMBOLS + 1)?;
    let (id, secret) = (rest.get(..at)?, rest.get(at..)?.strip_prefix('_')?);
    let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?;
    (secret.len() == 32).then(|| Shown { id, secret_sha256: hash(&secret) })
}

/// A key's text, and what the cluster keeps of it. The same request gives the same key, so that one whose answer was lost
/// learns it by being sent again; without the cluster's key nobody makes one.
pub(crate) fn make(cluster_key: &[u8; 32], id: &ServiceKeyId, session: &[u8; 32], seq: u64) -> (String, Digest) {
    let mac = hmac::Key::new(hmac::HMAC_SHA256, cluster_key);
    let secret = hmac::sign(&mac, &[CONTEXT, session, &seq.to_be_bytes(), id.as_str().as_bytes()].concat());
    let text = format!("{PREFIX}{id}_{}", BASE64_URL_SAFE_NO_PAD.encode(secret.as_ref()));
    (text, hash(secret.as_ref()))
}

fn hash(secret: &[u8]) -> Digest {
    Digest(Sha256::digest(secret).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_given_out() {
        let id = ServiceKeyId::new("mua-son-la").unwrap();
        let (text, kept) = make(&[7; 32], &id, &[1; 32], 4);
        let shown = parse(&text).unwrap();
        assert_eq!((shown.id(), shown.secret_sha256), (Some(id.clone()), kept));
        assert_eq!(make(&[7; 32], &id, &[1; 32], 4).0, text, "the same request, the same key");
        for other in
            [make(&[8; 32], &id, &[1; 32], 4), make(&[7; 32], &id, &[2; 32], 4), make(&[7; 32], &id, &[1; 32], 5)]
        {
            assert_ne!(other.1, kept);
        }
        assert_eq!(parse("mật khẩu"), None);
        assert_eq!(parse(&text[..text.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn any_text_may_come(text in "(tdk_)?.{0,80}") {
            if let Some(shown) = parse(&text) {
                prop_assert!(text.starts_with(PREFIX) && text.len() > SECRET_SYMBOLS + shown.id.len());
            }
        }
    }
}
