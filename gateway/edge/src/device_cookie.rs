//! A browser in which somebody signed in keeps a cookie that says so (OWASP, "Slow Down Online Guessing Attacks with Device
//! Cookies"). It lets nobody in. A try that brings it is counted by it alone, so that nobody who guesses elsewhere, at the same
//! address or at the same account, holds up whoever it names. It is sealed under a key of its own, which every node derives of
//! the cluster's, and is void once the person's credential is another one. Pure, but for chance.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::PersonId;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    auth::cookie_named,
    limits::{DEVICE_COOKIE_BYTES_MAX, DEVICE_MS_MAX, DEVICES_PER_BROWSER_MAX},
    seal::Sealer,
};

/// Name of the cookie.
pub const DEVICE_COOKIE_NAME: &str = "td_device";
/// Keeps what is sealed for this from being taken for anything else.
const CONTEXT: &str = "device-cookie";

/// One person's cookie in one browser, since they signed in last; what its tries are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceId(u128);

impl DeviceId {
    /// A new one; none: the system gives no randomness.
    fn random() -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(u128::from_be_bytes(bytes)))
    }

    /// One of a test's own.
    #[cfg(test)]
    pub(crate) fn of(number: u128) -> Self {
        Self(number)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Device {
    person: PersonId,
    id: DeviceId,
    /// Stands for the credential that they signed in with.
    credential: u128,
    until_ms: u64,
}

/// Who signed in in a browser lately, the last one first: a room shares one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices(Vec<Device>);

impl Devices {
    /// The cookie of `person`, while `credential` is still the one that it was made with.
    #[must_use]
    pub fn of(&self, person: &str, credential: &[u8]) -> Option<DeviceId> {
        let own = self.0.iter().find(|device| device.person.as_str() == person)?;
        (own.credential == digest(credential)).then_some(own.id)
    }

    /// Whose cookies these are.
    pub(crate) fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.0.iter().map(|device| &device.person)
    }

    /// The same after `person` signed in here; at the bound whoever did so longest ago leaves. None: the system gives no
    /// randomness.
    fn after(&self, person: &PersonId, credential: &[u8], now_ms: u64) -> Option<Self> {
        let (id, credential) = (DeviceId::random()?, digest(credential));
        let new = Device { person: person.clone(), id, credential, until_ms: now_ms.saturating_add(DEVICE_MS_MAX) };
        let others = self.0.iter().filter(|device| device.person != *person).cloned();
        Some(Self(std::iter::once(new).chain(others).take(DEVICES_PER_BROWSER_MAX).collect()))
    }
}

/// Half of SHA-256.
fn digest(credential: &[u8]) -> u128 {
    let digest = Sha256::digest(credential);
    digest.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte))
}

/// Makes and reads them.
pub struct DeviceCookies(Sealer);

impl DeviceCookies {
    /// Under a key derived of `key`.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let key = Sha256::new_with_prefix(b"trongdong device cookie 1").chain_update(key).finalize();
        Self(Sealer::new(&key.into()))
    }

    /// What a request brings; what nobody here has made, or what has ended, is none.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap, now_ms: u64) -> Devices {
        let text = cookie_named(headers, DEVICE_COOKIE_NAME).filter(|text| text.len() <= DEVICE_COOKIE_BYTES_MAX);
        let mut devices = text.and_then(|text| self.open(text)).unwrap_or_default();
        devices.0.retain(|device| now_ms < device.until_ms);
        devices
    }

    fn open(&self, text: &str) -> Option<Devices> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&self.0.open(CONTEXT, &sealed).ok()?).ok()
    }

    /// What the browser is to keep after `person` signed in, beside what it brought; none: the system gives no randomness.
    #[must_use]
    pub fn renewed(
        &self,
        devices: &Devices,
        person: &PersonId,
        credential: &[u8],
        now_ms: u64,
        secure: bool,
    ) -> Option<String> {
        let devices = serde_json::to_vec(&devices.after(person, credential, now_ms)?).ok()?;
        let text = BASE64_URL_SAFE_NO_PAD.encode(self.0.seal(CONTEXT, &devices).ok()?);
        Some(device_cookie(DEVICE_COOKIE_NAME, &text, secure))
    }
}

/// The cookie to set. It goes with requests to the API alone.
#[must_use]
pub fn device_cookie(name: &str, value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let age_s = DEVICE_MS_MAX / 1_000;
    format!("{name}={value}; Path=/api; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use hyper::header::{COOKIE, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn id(name: &str) -> PersonId {
        PersonId::new(name).unwrap()
    }

    /// A request with what a browser keeps.
    fn with(set: &str) -> HeaderMap {
        let pair = set.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(format!("td_session=x; {pair}")).unwrap())])
    }

    #[test]
    fn it_names_who_signed_in_until_it_ends_or_their_credential_is_another_one() {
        let cookies = DeviceCookies::new(&[7; 32]);
        let set = cookies.renewed(&Devices::default(), &id("lan"), b"one", 1_000, true).unwrap();
        assert!(set.ends_with("; Path=/api; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure"), "{set}");
        assert!(!device_cookie("a", "b", false).contains("Secure"));
        let at_another_node = DeviceCookies::new(&[7; 32]).read(&with(&set), 2_000);
        assert!(at_another_node.of("lan", b"one").is_some());
        assert_eq!(at_another_node.of("lan", b"two"), None, "the password was changed");
        assert_eq!(at_another_node.of("minh", b"one"), None);
        assert_eq!(cookies.read(&with(&set), 1_000 + DEVICE_MS_MAX), Devices::default(), "it has ended");
        assert_eq!(DeviceCookies::new(&[8; 32]).read(&with(&set), 2_000), Devices::default(), "another cluster's");
        assert_eq!(cookies.read(&HeaderMap::new(), 2_000), Devices::default());
    }

    #[test]
    fn a_browser_that_a_room_shares_keeps_those_who_came_last_and_fits_into_a_cookie() {
        let cookies = DeviceCookies::new(&[7; 32]);
        let mut devices = Devices::default();
        let name = |n: usize| id(&format!("{n:0>64}"));
        for n in 0..=DEVICES_PER_BROWSER_MAX {
            let set = cookies.renewed(&devices, &name(n), b"c", 1_000, false).unwrap();
            assert!(set.len() < DEVICE_COOKIE_BYTES_MAX, "{}", set.len());
            devices = cookies.read(&with(&set), 1_000);
        }
        assert_eq!(devices.people().count(), DEVICES_PER_BROWSER_MAX);
        assert_eq!(devices.of(name(0).as_str(), b"c"), None, "who came first has left");
        let former = devices.of(name(1).as_str(), b"c").unwrap();
        let again = devices.after(&name(1), b"c", 1_000).unwrap();
        assert_eq!(again.people().count(), DEVICES_PER_BROWSER_MAX, "nobody is in it twice");
        assert_ne!(again.of(name(1).as_str(), b"c"), Some(former), "each sign-in has a count of its own");
        assert_eq!(again.of(name(2).as_str(), b"c"), devices.of(name(2).as_str(), b"c"), "others keep theirs");
    }

    proptest! {
        #[test]
        fn anything_may_come(text in "[ -~]{0,200}") {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(format!("td_device={text}")).unwrap())]);
            prop_assert_eq!(DeviceCookies::new(&[7; 32]).read(&headers, 0), Devices::default());
        }

        #[test]
        fn what_was_changed_is_none(at in any::<prop::sample::Index>(), symbol in "[A-Za-z0-9_-]") {
            let cookies = DeviceCookies::new(&[7; 32]);
            let set = cookies.renewed(&Devices::default(), &id("lan"), b"c", 0, false).unwrap();
            let pair = set.split(';').next().unwrap();
            let at = DEVICE_COOKIE_NAME.len() + 1 + at.index(pair.len() - DEVICE_COOKIE_NAME.len() - 1);
            let changed = format!("{}{symbol}{}", &pair[..at], &pair[at + 1..]);
            prop_assume!(changed != pair);
            prop_assert_eq!(cookies.read(&with(&changed), 0), Devices::default());
        }
    }
}
