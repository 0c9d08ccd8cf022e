//! Outgoing notices: other systems that are told of what happens, and what waits for each of them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{AdminUnitCode, EventKind, Millis, ReceiverId, State, UnitId, limits, wire::record};

/// Another system that is told of what happens, one notice at a time, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Its id.
    pub id: ReceiverId,
    /// What people call it.
    pub name: String,
    /// Where its notices go ([`Receiver::channel`]).
    pub url: String,
    /// What they are signed with, sealed under the cluster key. Never in an event, never in JSON.
    #[serde(skip)]
    pub secret_sealed: Bytes,
    /// Kinds of event that it is told of; only those about an incident or an instruction are told.
    pub kinds: Vec<EventKind>,
    /// What lies in this administrative unit, or below it; none: everywhere.
    pub admin_unit: Option<AdminUnitCode>,
    /// Is told of nothing; what waits stays.
    pub disabled: bool,
    /// The number of its newest notice.
    pub newest: u64,
    /// The number of the newest that it has confirmed.
    pub confirmed: u64,
    /// Notices that it never got, since `limits::NOTICES_PARKED_MAX` were parked.
    pub missed: u64,
    /// The newest that it refused for good.
    #[serde(default)]
    pub given_up: Option<NoticeGivenUp>,
    /// Is told only of incidents that this unit is on, and of calls for a person only where they are about it: the crew's own phone. None:
    /// of all.
    #[serde(default)]
    pub unit: Option<UnitId>,
    /// Grows whenever it is put.
    #[serde(default)]
    pub version: u64,
    /// How many of those that wait, the newest of them, are not in state but in history, for state has no room. Invariant: at most
    /// `newest` less `confirmed`.
    #[serde(default)]
    pub parked: u64,
}

record!(Receiver {
    id,
    name,
    url,
    secret_sealed,
    kinds,
    admin_unit,
    disabled,
    newest,
    confirmed,
    missed,
    given_up,
    unit,
    version,
    parked
});

/// What a receiver refused for good. It left the queue, so that those behind it go on, and stands here until the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeGivenUp {
    /// How many since the receiver was put.
    pub count: u64,
    /// Its number.
    pub number: u64,
    /// What the receiver said.
    pub reason: String,
    /// When.
    pub at_ms: Millis,
}

record!(NoticeGivenUp { count, number, reason, at_ms });

/// How notices reach a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel<'a> {
    /// Posted there.
    Web(&'a str),
    /// Sent to that address as a letter.
    Mail(&'a str),
    /// Texted to a number through the gateway there.
    Sms {
        /// Where the gateway takes messages.
        url: &'a str,
        /// The number, as ITU-T E.164 has it.
        to: &'a str,
    },
    /// Taken by it over a WebSocket (NENA-STA-024), to which it connects; and what it has for us, we take over one at this address.
    Conveyance(Option<&'a str>),
}

impl Receiver {
    /// The number of its newest notice that state has, or had.
    #[must_use]
    pub fn newest_in_state(&self) -> u64 {
        self.newest.saturating_sub(self.parked)
    }

    /// The number of the oldest notice after `settled` that is parked in history; none: what comes next is in state, or there is
    /// nothing.
    #[must_use]
    pub fn parked_after(&self, settled: u64) -> Option<u64> {
        let next = settled.max(self.confirmed).saturating_add(1);
        (next > self.newest_in_state() && next <= self.newest).then_some(next)
    }

    /// The channel that its address names; none: it names none that there is.
    #[must_use]
    pub fn channel(&self) -> Option<Channel<'_>> {
        let url = self.url.as_str();
        let has_host = |url: &str, scheme: &str| {
            url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        };
        let is_web = |url: &str| has_host(url, "https://") || has_host(url, "http://");
        if is_web(url) {
            return Some(Channel::Web(url));
        }
        if let Some(gateway) = url.strip_prefix("sms+") {
            let (url, to) = gateway.split_once('#')?;
            return (is_web(url) && is_phone_number(to)).then_some(Channel::Sms { url, to });
        }
        if let Some(address) = url.strip_prefix("mailto:") {
            return is_mail_address(address).then_some(Channel::Mail(address));
        }
        match url {
            "wss:" => Some(Channel::Conveyance(None)),
            _ => (has_host(url, "wss://") || has_host(url, "ws://")).then_some(Channel::Conveyance(Some(url))),
        }
    }
}

impl State {
    /// Where a unit's crew is told by text: receivers of its own that are not off (group 0).
    pub fn crew_texts<'a>(&'a self, unit: &'a UnitId) -> impl Iterator<Item = &'a Receiver> {
        let is_text = |receiver: &&Receiver| matches!(receiver.channel(), Some(Channel::Sms { .. }));
        let is_own = move |receiver: &&Receiver| !receiver.disabled && receiver.unit.as_ref() == Some(unit);
        self.receivers().values().filter(is_own).filter(is_text)
    }
}

/// Whether it is a number of ITU-T E.164: a plus, and 8 to 15 digits of which the first is no 0.
fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    })
}

/// Whether a mail server can be given it as it is: one address in ASCII, without quotes, a name, or anything that ends a command.
#[must_use]
pub fn is_mail_address(text: &str) -> bool {
    let is_word = |word: &str| {
        let of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
        !word.is_empty() && word.bytes().all(of_word) && !word.starts_with('.') && !word.ends_with('.')
    };
    let is_domain = |domain: &str| {
        domain.split('.').all(|label| {
            let of_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.bytes().all(of_label)
        })
    };
    let parts = text.split_once('@');
    text.len() <= limits::MAIL_ADDRESS_BYTES_MAX
        && parts.is_some_and(|(user, domain)| is_word(user) && is_domain(domain))
}

/// One notice that waits for its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// For whom.
    pub receiver: ReceiverId,
    /// Counts from 1 for the receiver, without a gap: with the receiver it is the notice's identity.
    pub number: u64,
    /// Log index of the entry that it tells of.
    pub index: u64,
    /// Notices between the one before and this one that were not kept.
    pub missed_before: u64,
    /// An encoded `Event`.
    pub event: Bytes,
}

record!(Notice { receiver, number, index, missed_before, event });

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(url: &str) -> Option<String> {
        let receiver = Receiver {
            id: ReceiverId::new("a").unwrap(),
            name: String::new(),
            url: url.into(),
            secret_sealed: Bytes::new(),
            kinds: Vec::new(),
            admin_unit: None,
            disabled: false,
            newest: 0,
            confirmed: 0,
            missed: 0,
            given_up: None,
            unit: None,
            version: 0,
            parked: 0,
        };
        receiver.channel().map(|channel| format!("{channel:?}"))
    }

    #[test]
    fn an_address_names_its_channel() {
        assert_eq!(channel("https://a/b").as_deref(), Some("Web(\"https://a/b\")"));
        assert_eq!(channel("mailto:truc.ban+1@115.example.vn").as_deref(), Some("Mail(\"truc.ban+1@115.example.vn\")"));
        assert_eq!(
            channel("wss://a:1/IncidentData/ent").as_deref(),
            Some("Conveyance(Some(\"wss://a:1/IncidentData/ent\"))")
        );
        assert_eq!(channel("wss:").as_deref(), Some("Conveyance(None)"));
        assert_eq!(
            channel("sms+https://sms.vnpt.example/gui?ma=1#+84905123456").as_deref(),
            Some("Sms { url: \"https://sms.vnpt.example/gui?ma=1\", to: \"+84905123456\" }")
        );
        for none in [
            "sms:+84905123456",
            "sms+https://a",
            "sms+https://a#0905123456",
            "sms+https://a#+0905123456",
            "sms+https://a#+8490512345x",
            "sms+https://a#+84905123#4",
            "sms+https://a#+8490512",
            "sms+https://a#+8490512345678901",
            "sms+https://#+84905123456",
            "sms+ftp://a#+84905123456",
            "sms+wss://a#+84905123456",
        ] {
            assert_eq!(channel(none), None, "{none}");
        }
        for none in
            ["", "ftp://a", "https://", "http:///x", "mailto:", "mailto:a", "mailto:a@b@c", "mailto:a b@c", "wss:x"]
        {
            assert_eq!(channel(none), None, "{none}");
        }
    }

    #[test]
    fn an_address_is_one_word_that_ends_no_command() {
        for right in ["a@b", "ioc@example.vn", "a.b'c@x-1.vn"] {
            assert!(is_mail_address(right), "{right}");
        }
        for wrong in
            ["a@b>\r\nRCPT TO:<c@d", "\"a b\"@c", "<a@b>", ".a@b", "a.@b", "a@", "@b", "a@b..c", "ầ@b", "a@b,c@d"]
        {
            assert!(!is_mail_address(wrong), "{wrong}");
        }
        assert!(!is_mail_address(&format!("{}@b", "a".repeat(300))));
    }
}
