//! What is written can be read again, and nothing in a record breaks out of its place in a letter.

use bytes::Bytes;
use domain::{EventKind, ReceiverId, wire::Record};
use proptest::prelude::*;

use super::*;

pub(crate) fn sender() -> MailSender {
    MailSender { address: "ioc@example.vn".into(), name: "Trung tâm điều hành".into() }
}

pub(crate) fn receiver(url: &str) -> Receiver {
    Receiver {
        id: ReceiverId::new("115-hue").unwrap(),
        name: "Cấp cứu 115".into(),
        url: url.into(),
        secret_sealed: Bytes::new(),
        kinds: vec![EventKind::IncidentOpened],
        admin_unit: None,
        disabled: false,
        newest: 1,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: None,
        version: 0,
        parked: 0,
    }
}

pub(crate) fn notice(number: u64, note: &str) -> (Notice, Event) {
    let event = Event {
        kind: EventKind::DeadlineLate,
        by: None,
        note: note.into(),
        at_ms: Millis(1_763_830_800_000),
        ordinal: 0,
        subject: None,
    };
    let receiver = ReceiverId::new("115-hue").unwrap();
    (Notice { receiver, number, index: 900, missed_before: 0, event: event.encode().into() }, event)
}

fn written(note: &str, enclosed: &[u8]) -> String {
    let (notice, event) = notice(12, note);
    let enclosed = Enclosed { kind: "application/json", bytes: enclosed, signature: Some("sha256=00".into()) };
    let receiver = receiver("mailto:truc@115.example.vn");
    let letter = write(7, &sender(), "truc@115.example.vn", &receiver, &notice, &event, &enclosed);
    String::from_utf8(letter.bytes).unwrap()
}

/// What stands in the parts of a letter, decoded.
pub(crate) fn parts(letter: &str) -> Vec<Vec<u8>> {
    let parts = letter.split("--trongdong-notice\r\n").skip(1);
    let decoded = parts.map(|part| {
        let body = part.split_once("\r\n\r\n").unwrap().1.split("--trongdong-notice--").next().unwrap();
        STANDARD.decode(body.replace("\r\n", "")).unwrap()
    });
    decoded.collect()
}

/// Encoded words as the text that they stand for.
pub(crate) fn read_words(field: &str) -> String {
    let words = field.split_ascii_whitespace().map(|word| {
        let inner = word.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
        STANDARD.decode(inner).unwrap()
    });
    String::from_utf8(words.flatten().collect()).unwrap()
}

fn field<'a>(letter: &'a str, name: &str) -> &'a str {
    let head = letter.split_once("\r\n\r\n").unwrap().0;
    let start = head.find(&format!("{name}: ")).unwrap() + name.len() + 2;
    let rest = &head[start..];
    let mut end = 0;
    loop {
        end += rest[end..].find("\r\n").unwrap_or(rest.len() - end);
        if !rest[end..].starts_with("\r\n ") {
            return &rest[..end];
        }
        end += 2;
    }
}

#[test]
fn a_letter_has_its_identity_both_languages_and_what_a_webhook_gets() {
    let letter = written("I1#1 answer", b"{\"number\":12}");
    assert_eq!(field(&letter, "Message-ID"), "<7-115-hue-12@example.vn>");
    assert_eq!(field(&letter, "Date"), "23 Nov 2025 00:00:00 +0700");
    assert_eq!(field(&letter, "To"), "<truc@115.example.vn>");
    assert!(field(&letter, "From").ends_with(" <ioc@example.vn>"));
    assert_eq!(read_words(field(&letter, "Subject")), "Quá hạn: I1#1 answer");
    assert_eq!(field(&letter, "Trongdong-Signature"), "sha256=00");
    assert!(!letter.contains("Trongdong-Exercise"));
    let parts = parts(&letter);
    let text = String::from_utf8(parts[0].clone()).unwrap();
    assert!(text.find("Quá hạn").unwrap() < text.find("Late").unwrap(), "{text}");
    assert_eq!(parts[1], b"{\"number\":12}");
    assert_eq!(written("a", b"b"), written("a", b"b"), "sent again it is the same");
}

proptest! {
    #[test]
    fn whatever_a_record_holds_stays_in_its_place(note in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let letter = written(&note, &bytes);
        prop_assert!(letter.is_ascii() && !letter.replace("\r\n", "").contains(['\r', '\n']));
        prop_assert!(letter.split("\r\n").all(|line| line.len() <= 200), "RFC 5322 allows 998 bytes a line");
        prop_assert_eq!(letter.matches("Message-ID: ").count(), 1);
        let shown: String = note.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        prop_assert_eq!(read_words(field(&letter, "Subject")), format!("Quá hạn: {shown}"));
        prop_assert_eq!(&parts(&letter)[1], &bytes);
    }
}
