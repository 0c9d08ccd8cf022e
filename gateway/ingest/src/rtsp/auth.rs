//! Basic (RFC 7617) and Digest (RFC 7616 with MD5, RFC 2069 without qop) authentication, as cameras ask for it.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};

/// Challenges read from one header; a camera that offers more is not believed.
const CHALLENGES_MAX: usize = 8;
/// Parameters read of one challenge.
const PARAMETERS_MAX: usize = 16;

/// User and password of a camera. Prints neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// `None` when the user could not stand in a header: with a quote, a backslash, a colon or a control character.
    #[must_use]
    pub fn new(user: &str, password: &str) -> Option<Self> {
        let fits = !user.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | ':'));
        fits.then(|| Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// What a camera asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// User and password in the clear.
    Basic,
    /// A hash over them and a nonce.
    Digest {
        /// Of the camera.
        realm: String,
        /// Of this challenge.
        nonce: String,
        /// To be sent back.
        opaque: Option<String>,
        /// The camera knows `qop=auth`; the older form otherwise.
        qop_auth: bool,
        /// The last nonce had merely aged.
        stale: bool,
    },
}

impl Challenge {
    /// The best challenge in the value of `WWW-Authenticate`, where several may stand: Digest with MD5 before Basic.
    /// `None` when none can be answered.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut basic = false;
        for (scheme, parameters) in challenges(header) {
            if scheme.eq_ignore_ascii_case("basic") {
                basic = true;
            }
            if scheme.eq_ignore_ascii_case("digest")
                && let Some(digest) = Self::digest(&parameters)
            {
                return Some(digest);
            }
        }
        basic.then_some(Self::Basic)
    }

    fn digest(parameters: &[(&str, &str)]) -> Option<Self> {
        let get = |name: &str| parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        if get("algorithm").is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("md5")) {
            return None;
        }
        let qop_auth = match get("qop") {
            None => false,
            Some(qop) if qop.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth")) => true,
            // `auth-int` alone would hash bodies; no camera is known to ask for it.
            Some(_) => return None,
        };
        Some(Self::Digest {
            realm: get("realm")?.to_owned(),
            nonce: get("nonce")?.to_owned(),
            opaque: get("opaque").map(str::to_owned),
            qop_auth,
            stale: get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The value of `Authorization` for one request. `count` is how often this challenge was answered, from 1.
    #[must_use]
    pub fn answer(&self, credentials: &Credentials, method: &str, uri: &str, count: u32, cnonce: &str) -> String {
        let Credentials { user, password } = credentials;
        match self {
            Self::Basic => format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
            Self::Digest { realm, nonce, opaque, qop_auth, .. } => {
                let secret = md5_hex(&format!("{user}:{realm}:{password}"));
                let request = md5_hex(&format!("{method}:{uri}"));
                let (response, qop) = if *qop_auth {
                    let response = md5_hex(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{request}"));
                    (response, format!(", qop=auth, nc={count:08x}, cnonce=\"{cnonce}\""))
                } else {
                    (md5_hex(&format!("{secret}:{nonce}:{request}")), String::new())
                };
                let opaque = opaque.as_ref().map(|opaque| format!(", opaque=\"{opaque}\"")).unwrap_or_default();
                format!(
                    "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
                     response=\"{response}\", algorithm=MD5{qop}{opaque}"
                )
            }
        }
    }
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().fold(String::with_capacity(32), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}"));
        hex
    })
}

/// Splits `Scheme a=b, c="d", Scheme2 ...` (RFC 7235 section 4.1). A value with a control character ends the reading: it
/// would be sent back in a header.
fn challenges(header: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut found: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ',')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return found;
        }
        let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            if found.len() == CHALLENGES_MAX {
                return found;
            }
            found.push((name, Vec::new()));
            rest = after;
            continue;
        };
        let Some((value, after)) = split_value(value.trim_start_matches([' ', '\t'])) else { return found };
        if let Some((_, parameters)) = found.last_mut()
            && parameters.len() < PARAMETERS_MAX
        {
            parameters.push((name, value));
        }
        rest = after;
    }
}

/// A token or a quoted string (without its quotes, as Digest hashes it) and what follows.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let (value, after) = match text.strip_prefix('"') {
        None => text.split_at(text.find([',', ' ', '\t']).unwrap_or(text.len())),
        Some(quoted) => {
            let mut escaped = false;
            let end = quoted.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })?;
            (quoted.get(..end)?, quoted.get(end + 1..)?)
        }
    };
    (!value.chars().any(char::is_control)).then_some((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(header: &str) -> Challenge {
        Challenge::parse(header).unwrap()
    }

    #[test]
    fn the_example_of_rfc_7616_with_md5() {
        let challenge = digest(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        );
        let credentials = Credentials::new("Mufasa", "Circle of Life").unwrap();
        let answer =
            challenge.answer(&credentials, "GET", "/dir/index.html", 1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
        assert!(answer.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{answer}");
        assert!(answer.contains("nc=00000001"));
        assert!(answer.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
    }

    #[test]
    fn the_old_form_without_qop() {
        let challenge = digest("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"");
        let credentials = Credentials::new("Mufasa", "CircleOfLife").unwrap();
        let answer = challenge.answer(&credentials, "GET", "/dir/index.html", 1, "x");
        assert!(answer.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{answer}");
        assert!(!answer.contains("qop"));
    }

    #[test]
    fn digest_is_chosen_before_basic_and_what_cannot_be_answered_is_left() {
        let both = "Basic realm=\"a, b=c\", Digest realm=\"r\", nonce=\"n\", stale=TRUE";
        assert!(matches!(digest(both), Challenge::Digest { stale: true, .. }));
        assert_eq!(digest("Digest realm=r, nonce=n, algorithm=SHA-256, Basic realm=\"r\""), Challenge::Basic);
        assert_eq!(Challenge::parse("Digest realm=r, nonce=n, qop=\"auth-int\""), None);
        assert_eq!(Challenge::parse("Digest realm=\"r\", nonce=\"a\r\n b\""), None);
        assert_eq!(Challenge::parse("Bearer"), None);
        assert_eq!(Challenge::parse("Digest realm=\"open"), None);
    }

    #[test]
    fn basic_is_base64() {
        let credentials = Credentials::new("Aladdin", "open sesame").unwrap();
        assert_eq!(Challenge::Basic.answer(&credentials, "", "", 1, ""), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(format!("{credentials:?}"), "Credentials(..)");
        assert_eq!(Credentials::new("a\"b", ""), None);
    }
}
