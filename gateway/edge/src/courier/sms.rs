//! Notices as text messages: a receiver whose address is `sms+https://gateway/path#+84905123456` gets each of its notices at that number
//! through the province's own gateway, posted and signed as a webhook is, under the same `idempotency-key`, so that what is posted
//! again is sent once.
//!
//! ```json
//! {"to":"+84905123456","text":"Đội xe-1 không trả lời lệnh · I12: cháy, mức 4/5"}
//! ```
//!
//! The text says what happened to what, and nothing that a person wrote: summary, address, note and names stay on the screens, because
//! a text message is read on a locked phone and kept by others. It is one part (3GPP TS 23.038): a longer one arrives late or in pieces.

use domain::{AttentionKind, Event, EventKind, Incident, Subject};
use serde::Serialize;

use super::letter::{happened, incident_kind};

/// The media type of what a gateway gets.
pub(crate) const TYPE: &str = "application/json";
/// Septets of one part in the default alphabet.
const SEPTETS_MAX: usize = 160;
/// Code units of one part in UCS-2, which any other letter asks for.
const UNITS_MAX: usize = 70;
/// The default alphabet (6.2.1) without its ends of lines.
const ALPHABET: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                        abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, of which each takes two septets.
const EXTENSION: &str = "^{}\\[~]|€";

#[derive(Serialize)]
struct Body<'a> {
    to: &'a str,
    text: &'a str,
}

/// What the gateway gets: the same whenever the notice is sent.
pub(crate) fn body(to: &str, event: &Event) -> Vec<u8> {
    // Texts can be written.
    serde_json::to_vec(&Body { to, text: &one_part(&text(event)) }).unwrap_or_default()
}

/// What happened to what, the most important first: the end may be cut off.
fn text(event: &Event) -> String {
    let mark = if event.is_exercise() { "[DIỄN TẬP] " } else { "" };
    let happened = happened(event.kind).0;
    match event.subject.as_ref() {
        Some(Subject::Incident(incident)) => {
            let what = called(event, incident).unwrap_or_else(|| happened.to_owned());
            let (kind, level) = (incident_kind(incident.kind), incident.severity.level());
            format!("{mark}{what} · {}: {kind}, mức {level}/5", incident.id)
        }
        // Everybody reads it anyway.
        Some(Subject::Warning(warning)) => {
            let headline = warning.content.texts.first().map_or(warning.id.as_str(), |text| text.headline.as_str());
            format!("{mark}{happened}: {headline}")
        }
        Some(Subject::Instruction(instruction)) => format!("{mark}{happened}: {}", instruction.id),
        Some(Subject::Exercise(exercise)) => format!("{mark}{happened}: {}", exercise.id),
        _ => format!("{mark}{happened}"),
    }
}

/// Why a person is called to a crew, or a crew to its order; none: the event is another one.
fn called(event: &Event, incident: &Incident) -> Option<String> {
    if event.kind == EventKind::UnitOfferReminded {
        // What the cluster put there is the unit's id.
        return Some(format!("Đội {}: lệnh đang chờ trả lời", event.note));
    }
    let newest = incident.dispatch.attentions.last().filter(|_| event.kind == EventKind::IncidentAttentionRaised)?;
    let unit = &newest.unit;
    Some(match newest.kind {
        AttentionKind::OfferUnanswered => match &newest.next {
            Some(next) => format!("Đội {unit} không trả lời lệnh, chuyển {next}"),
            None => format!("Đội {unit} không trả lời lệnh"),
        },
        AttentionKind::OfferRefused => format!("Đội {unit} không đi được"),
        AttentionKind::CheckInOverdue => format!("Đội {unit} quá giờ chưa báo"),
        AttentionKind::ArrivalLate => format!("Đội {unit} đến muộn"),
        AttentionKind::Mayday => format!("ĐỘI {unit} GẶP NẠN"),
    })
}

/// As much of it as one part holds, in one line.
fn one_part(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let is_default = text.chars().all(|c| ALPHABET.contains(c) || EXTENSION.contains(c));
    let size: fn(char) -> usize = if is_default { septets } else { char::len_utf16 };
    let mut left = Some(if is_default { SEPTETS_MAX } else { UNITS_MAX });
    let fits = |c: &char| {
        left = left.and_then(|left| left.checked_sub(size(*c)));
        left.is_some()
    };
    text.chars().take_while(fits).collect()
}

/// What a letter of the default alphabet takes.
fn septets(c: char) -> usize {
    if EXTENSION.contains(c) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_part_is_160_septets_or_70_units() {
        assert_eq!(one_part(&"a".repeat(200)), "a".repeat(160));
        assert_eq!(one_part(&"[".repeat(200)), "[".repeat(80));
        assert_eq!(one_part(&"ệ".repeat(200)), "ệ".repeat(70));
        assert_eq!(one_part(&"😀".repeat(200)), "😀".repeat(35), "no half of a letter");
        assert_eq!(one_part(&format!("{}ệ", "a".repeat(100))), "a".repeat(70), "one letter asks for UCS-2");
        assert_eq!(one_part("a\r\nb"), "a  b");
        assert_eq!(ALPHABET.chars().count(), 125, "128 less both ends of lines and the escape");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_its_part(text in any::<String>()) {
            let part = one_part(&text);
            let septets: usize = part.chars().map(septets).sum();
            prop_assert!(part.encode_utf16().count() <= UNITS_MAX || septets <= SEPTETS_MAX);
            prop_assert!(!part.contains(char::is_control));
            let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            prop_assert!(line.starts_with(&part));
        }
    }
}
