//! A provider's keys (JWK Set, RFC 7517), and whether one of them signed (JWA RS256 and ES256, RFC 7518). Nothing else signs:
//! no `none`, and nothing symmetric. Pure.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::{KEYS_MAX, OidcError};

/// Bytes of a coordinate of P-256.
const COORDINATE_BYTES: usize = 32;
/// Bytes of an RSA modulus: 2,048 to 8,192 bits, as `ring` takes them.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// How something was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The algorithm of that name; none: we take no such signature.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// Uncompressed (SEC 1, 2.3.3).
    P256(Vec<u8>),
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    name: Option<String>,
    material: Material,
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

fn bytes(text: Option<&String>) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text?).ok()
}

impl RawKey {
    /// The key, if it is for signatures that we take.
    fn read(self) -> Option<Key> {
        if self.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let (algorithm, material) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let modulus: Vec<u8> = bytes(self.n.as_ref())?.into_iter().skip_while(|byte| *byte == 0).collect();
                let exponent: Vec<u8> = bytes(self.e.as_ref())?.into_iter().skip_while(|byte| *byte == 0).collect();
                let fits = MODULUS_BYTES.contains(&modulus.len()) && (1..=8).contains(&exponent.len());
                (Algorithm::Rs256, fits.then_some(Material::Rsa { modulus, exponent })?)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(self.x.as_ref())?, bytes(self.y.as_ref())?);
                let fits = x.len() == COORDINATE_BYTES && y.len() == COORDINATE_BYTES;
                (Algorithm::Es256, fits.then_some(Material::P256([&[4][..], &x, &y].concat()))?)
            }
            _ => return None,
        };
        if self.alg.as_deref().is_some_and(|name| Algorithm::from_name(name) != Some(algorithm)) {
            return None;
        }
        Some(Key { name: self.kid, material })
    }
}

impl Key {
    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }

    /// Whether it signed this.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus.as_slice(), e: exponent.as_slice() };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

/// A provider's keys that sign in ways that we take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    /// Reads a JWK Set. Keys for something else, or of a kind that we do not know, are left out (RFC 7517, 5).
    ///
    /// # Errors
    /// It is no JWK Set.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, OidcError> {
        let set: RawSet = serde_json::from_slice(bytes)
            .map_err(|error| OidcError::Unavailable(format!("its keys are no JWK Set ({error})")))?;
        let read = |raw| serde_json::from_value::<RawKey>(raw).ok().and_then(RawKey::read);
        Ok(Self(set.keys.into_iter().filter_map(read).take(KEYS_MAX).collect()))
    }

    /// The key of that name for that algorithm. Without a name it is the only one for the algorithm, if it is the only one.
    pub(crate) fn find(&self, name: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut found = self.0.iter().filter(|key| key.algorithm() == algorithm);
        match name {
            Some(_) => found.find(|key| key.name.as_deref() == name),
            None => found.next().filter(|_| found.next().is_none()),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    // Signed by another program (pyca/cryptography over OpenSSL) with keys that were thrown away.
    const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiIxIn0.HLWCpre6Q\
        bM26q08n6Mlhu_bIg7Qsep5z0l7QLcBq--cBOpPfUSvO4vT6shyB3AYXwf6cvP2n5qrz72UWqt3b94PwFX2QoYbnII8vJIaw\
        equcJEIgn_0F8UALTXPu_bE2_OkdUdw5_C1HnziPSzU0KK0-hw3HFpou_qjgeOpMTUx3kS7HMruLBvSrX3lCr1HbHrWBsZrd\
        MjhgBpl9IRrhSk1dTdswXsjdaQ8yzbzhY655bKh5UV9RUQFMaVDfpKJiX02xoS8pfJESnr_ft_ZM_LFSKgugK8VGpU4EfVLx\
        E8iPeSBlpt0z6moFtNcdnP_uZqYEZAhVspepzkpDh3Jbw";
    const ES256: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiIxIn0.d175-urk7\
        -e2MrgEgDIe1Cx_Ow3Y8cuFub0whx7igZ3KaQ7zTR_NV2gJ6EC1kLqgiZfLv4n5ehISvtXh0bd-uQ";
    const MODULUS: &str = "wGb0lpJJhGfhu-MiYet2Qwq8fyKDvoLsWPTyTfHgxvykhcLfWztRU5Z0rjIEJm6t3HMkONBCaS9w32jVNWSSQE2Sn1sLmq5b\
        aR3eJTILB25q0Je-FvT_ieuk0OWTSEATlZHkh_VcFxuZIah7Q3Pt-UuKL0I9Tmm6eBwM6hK4PaToAaZcJnzkJ0pryZXmUT_v\
        eS2kHQtZ8YY6ztpSVvUbYHhbZ0VKO9Zjhqff6IvwJion0R_lMoMCsqWQqY7HM_hVhyuLn2MKUf9poW6_D9GszQ4ElzjAbX1k\
        lRNle6a-8R840FTwSBGAsO4Vfo_J15l9n2JP2KgoUiiV22zPFWzUtQ";

    fn rsa() -> Value {
        json!({"kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": MODULUS, "e": "AQAB"})
    }

    fn p256() -> Value {
        json!({"kty": "EC", "kid": "e", "crv": "P-256",
            "x": "IgwHlu0hg739rizxLu8LdU0TK4OfKGEXFJvxulvClhs", "y": "DRiCfPAPoe_n1DZ3pnzq07tZV7tuCz0Bb9o7YDs1KqM"})
    }

    fn set(keys: Value) -> Keys {
        Keys::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
    }

    fn parts(token: &str) -> (&[u8], Vec<u8>) {
        let (message, signature) = token.rsplit_once('.').unwrap();
        (message.as_bytes(), BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap())
    }

    #[test]
    fn what_another_program_signed_is_believed_and_nothing_else() {
        let keys = set(json!([rsa(), p256()]));
        for (name, algorithm, token) in [("r", Algorithm::Rs256, RS256), ("e", Algorithm::Es256, ES256)] {
            let (message, signature) = parts(token);
            let key = keys.find(Some(name), algorithm).unwrap();
            assert!(key.signed(message, &signature), "{name}");
            assert!(!key.signed(&message[1..], &signature), "{name}");
            let mut other = signature.clone();
            other[7] ^= 1;
            assert!(!key.signed(message, &other) && !key.signed(message, &[]), "{name}");
        }
        let (message, signature) = parts(RS256);
        assert!(!keys.find(None, Algorithm::Es256).unwrap().signed(message, &signature), "another key");
    }

    #[test]
    fn keys_for_something_else_are_left_out() {
        let mut encrypts = rsa();
        encrypts["use"] = json!("enc");
        let mut other = p256();
        other["alg"] = json!("ES384");
        let mut small = rsa();
        small["n"] = json!("AQAB");
        let symmetric = json!({"kty": "oct", "k": "AQAB", "kid": "o"});
        assert_eq!(set(json!([encrypts, other, small, symmetric, 7, {"kty": "EC"}])).len(), 0);
        assert!(Keys::parse(b"{}").is_err() && Keys::parse(b"[]").is_err());
    }

    #[test]
    fn a_key_is_found_by_its_name_and_without_one_only_where_there_is_no_other() {
        let mut second = p256();
        second["kid"] = json!("e2");
        let two = set(json!([rsa(), p256(), second]));
        assert!(two.find(Some("e2"), Algorithm::Es256).is_some() && two.find(Some("e2"), Algorithm::Rs256).is_none());
        assert!(two.find(None, Algorithm::Es256).is_none() && two.find(None, Algorithm::Rs256).is_some());
        let many: Vec<Value> = std::iter::repeat_with(p256).take(KEYS_MAX + 9).collect();
        assert_eq!(set(json!(many)).len(), KEYS_MAX);
    }

    proptest! {
        #[test]
        fn anything_may_come(text in ".{0,200}", n in ".{0,40}") {
            let _ = Keys::parse(text.as_bytes());
            let key = json!({"keys": [{"kty": "RSA", "n": n, "e": "AQAB"}]});
            prop_assert_eq!(Keys::parse(key.to_string().as_bytes()).unwrap().len(), 0);
        }
    }
}
