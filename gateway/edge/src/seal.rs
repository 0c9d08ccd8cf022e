//! Secrets in the replicated state are sealed: AES-256-GCM (NIST SP 800-38D) under the cluster's sealing key, which is in no
//! log, snapshot or backup. The context is authenticated with it, so that a sealed secret put into another record does not
//! open there.

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// First byte of what is sealed: the form of the rest (nonce, ciphertext, tag).
const FORM: u8 = 1;

/// Seals and opens under one key.
#[derive(Clone)]
pub struct Sealer(LessSafeKey);

/// What was to be opened was not sealed under this key for this context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed under another key or for another record: check the cluster's sealing key")]
pub struct NotSealed;

/// No randomness, or more to seal than AES-GCM takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not be sealed: the system gives no randomness, or the secret is too long")]
pub struct CannotSeal;

impl Sealer {
    /// A sealer under `key`.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        #[allow(clippy::expect_used, reason = "AES-256 takes every key of 32 bytes")]
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals `secret` for `context`, such as `person/lan` (see [`person_context`]).
    ///
    /// # Errors
    /// [`CannotSeal`].
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Bytes, CannotSeal> {
        // A random nonce of 96 bits is safe for 2^32 secrets under one key; a province has some thousands.
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| CannotSeal)?;
        let mut sealed = secret.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut sealed)
            .map_err(|_| CannotSeal)?;
        Ok([&[FORM][..], &nonce, &sealed].concat().into())
    }

    /// Opens what [`Sealer::seal`] made for the same context.
    ///
    /// # Errors
    /// [`NotSealed`].
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let Some((&FORM, rest)) = sealed.split_first() else { return Err(NotSealed) };
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(NotSealed)?;
        let mut secret = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length =
            self.0.open_in_place(nonce, Aad::from(context.as_bytes()), &mut secret).map_err(|_| NotSealed)?.len();
        secret.truncate(length);
        Ok(secret)
    }
}

/// The context of a person's credential.
#[must_use]
pub fn person_context(person: &domain::PersonId) -> String {
    format!("person/{person}")
}

/// The context of the seed of a person's second factor.
#[must_use]
pub(crate) fn second_factor_context(person: &domain::PersonId) -> String {
    format!("second-factor/{person}")
}

/// The context of a camera's user and password, sealed as `user:password`.
#[must_use]
pub fn camera_context(camera: &domain::CameraId) -> String {
    format!("camera/{camera}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_opens_under_the_same_key_and_context_only() {
        let (sealer, other) = (Sealer::new(&[7; 32]), Sealer::new(&[8; 32]));
        let sealed = sealer.seal("person/lan", b"secret").unwrap();
        assert_eq!(sealer.open("person/lan", &sealed), Ok(b"secret".to_vec()));
        assert_eq!(sealer.open("person/minh", &sealed), Err(NotSealed));
        assert_eq!(other.open("person/lan", &sealed), Err(NotSealed));
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(sealer.seal("person/lan", b"secret").unwrap(), sealed, "another nonce each time");
    }

    proptest! {
        #[test]
        fn what_was_changed_does_not_open(at in 0_usize..64, bit in 0_u8..8) {
            let sealer = Sealer::new(&[7; 32]);
            let mut sealed = sealer.seal("c", b"secret").unwrap().to_vec();
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(sealer.open("c", &sealed), Err(NotSealed));
        }

        #[test]
        fn anything_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(Sealer::new(&[7; 32]).open("c", &bytes), Err(NotSealed));
        }
    }
}
