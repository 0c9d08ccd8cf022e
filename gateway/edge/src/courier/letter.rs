//! A notice as a letter (RFC 5322, MIME): words for a person, Vietnamese first, and behind them what a webhook would get, byte for
//! byte, so that a program may read it too. Pure: the same notice is the same letter, whenever and by whichever node it is sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Event, EventKind, Handover, IncidentKind, Millis, Notice, Receiver, Subject};

use super::smtp::Letter;
use crate::cap;

/// Bytes of text in one encoded word (RFC 2047 allows 75 characters with its frame).
const WORD_BYTES_MAX: usize = 42;
/// Characters of a line of base64 (RFC 2045).
const BASE64_LINE: usize = 76;
/// No line of base64 has a hyphen, so this parts nothing but parts.
const BOUNDARY: &str = "trongdong-notice";
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSender {
    /// The address; what is behind its `@` is the domain of message ids.
    pub address: String,
    /// What people call the centre.
    pub name: String,
}

/// What goes with a letter for programs.
pub(crate) struct Enclosed<'a> {
    /// Its media type.
    pub(crate) kind: &'static str,
    pub(crate) bytes: &'a [u8],
    /// `sha256=` and the HMAC of the bytes; none: the receiver has no secret.
    pub(crate) signature: Option<String>,
}

/// Under which id the letter about a notice goes, however often it is sent.
pub(crate) fn message_id(epoch: u64, receiver: &Receiver, number: u64, sender: &MailSender) -> String {
    format!("<{epoch}-{}-{number}@{}>", receiver.id, domain_of(&sender.address))
}

/// What is behind the `@` of an address.
pub(crate) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

/// The letter.
pub(crate) fn write(
    epoch: u64,
    sender: &MailSender,
    to: &str,
    receiver: &Receiver,
    notice: &Notice,
    event: &Event,
    enclosed: &Enclosed<'_>,
) -> Letter {
    let mut head = Vec::new();
    let mut field = |name: &str, value: &str| head.push(format!("{name}: {value}\r\n"));
    field("Date", &date(event.at_ms));
    field("From", &format!("{} <{}>", words(&sender.name), sender.address));
    field("To", &format!("<{to}>"));
    field("Message-ID", &message_id(epoch, receiver, notice.number, sender));
    field("Subject", &words(&subject(event)));
    field("Auto-Submitted", "auto-generated");
    if event.is_exercise() {
        field("Trongdong-Exercise", "true");
    }
    if let Some(signature) = &enclosed.signature {
        field("Trongdong-Signature", signature);
    }
    field("MIME-Version", "1.0");
    field("Content-Type", &format!("multipart/mixed; boundary=\"{BOUNDARY}\""));
    let name = if enclosed.kind == cap::CAP_TYPE { "warning.xml" } else { "notice.json" };
    let text = text(receiver, notice, event, name);
    let body = format!(
        "{}\r\n--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --{BOUNDARY}\r\nContent-Type: {}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--{BOUNDARY}--\r\n",
        head.concat(),
        lines(text.as_bytes()),
        enclosed.kind,
        lines(enclosed.bytes),
    );
    Letter { from: sender.address.clone(), to: to.to_owned(), bytes: body.into_bytes() }
}

fn subject(event: &Event) -> String {
    let mark = if event.is_exercise() { "[DIỄN TẬP · EXERCISE] " } else { "" };
    let what = match event.subject.as_ref() {
        Some(Subject::Incident(incident)) => format!("{} · {}", incident.id, incident.summary),
        Some(Subject::Warning(warning)) => {
            warning.content.texts.first().map_or_else(|| warning.id.to_string(), |text| text.headline.clone())
        }
        Some(Subject::Instruction(instruction)) => format!("{} · {}", instruction.id, instruction.title),
        Some(Subject::Exercise(exercise)) => exercise.name.clone(),
        _ => event.note.clone(),
    };
    format!("{mark}{}: {what}", happened(event.kind).0)
}

/// What happened, in both languages; of what is told seldom, its name.
pub(crate) fn happened(kind: EventKind) -> (&'static str, &'static str) {
    match kind {
        EventKind::IncidentOpened => ("Sự việc mới", "New incident"),
        EventKind::IncidentClosed => ("Sự việc đã đóng", "Incident closed"),
        EventKind::IncidentAssigned => ("Điều đội", "Units are sent"),
        EventKind::IncidentEscalated => ("Sự việc chưa ai tiếp nhận", "Nobody has acknowledged the incident"),
        EventKind::IncidentAttentionRaised => ("Cần người xử lý", "A person is needed"),
        EventKind::UnitOfferReminded => ("Lệnh đang chờ trả lời", "An order waits for an answer"),
        EventKind::HandoverOffered => ("Đề nghị tiếp nhận sự việc", "An incident is offered to you"),
        EventKind::HandoverEscalated => ("Đề nghị tiếp nhận sự việc (kênh thứ hai)", "An offer on its second channel"),
        EventKind::HandoverWithdrawn => ("Đề nghị tiếp nhận được rút lại", "An offer is taken back"),
        EventKind::HandoverAccepted => ("Đã tiếp nhận sự việc", "The incident is taken over"),
        EventKind::HandoverRefused => ("Từ chối tiếp nhận sự việc", "The incident is not taken over"),
        EventKind::WarningPublished => ("Cảnh báo cho người dân", "Warning to the public"),
        EventKind::InstructionGiven => ("Chỉ đạo mới", "New instruction"),
        EventKind::DeadlineNearlyLate => ("Sắp quá hạn", "Nearly late"),
        EventKind::DeadlineLate => ("Quá hạn", "Late"),
        EventKind::DeadlineOverdue => ("Quá hạn lâu", "Overdue"),
        other => (other.as_str(), other.as_str()),
    }
}

/// Its Vietnamese name.
pub(crate) fn incident_kind(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Flood => "ngập lụt",
        IncidentKind::Fire => "cháy",
        IncidentKind::Medical => "cấp cứu",
        IncidentKind::Traffic => "giao thông",
        IncidentKind::Pollution => "ô nhiễm",
        IncidentKind::PublicOrder => "an ninh trật tự",
        IncidentKind::Infrastructure => "hạ tầng",
        IncidentKind::Device => "thiết bị",
        IncidentKind::Other => "khác",
    }
}

/// Both languages, one paragraph each.
fn text(receiver: &Receiver, notice: &Notice, event: &Event, name: &str) -> String {
    let (vi, en) = happened(event.kind);
    let at = cap::time(event.at_ms);
    let mut facts = (Vec::new(), Vec::new());
    let mut fact = |label: (&str, &str), value: (&str, &str)| {
        facts.0.push(format!("{}: {}", label.0, value.0));
        facts.1.push(format!("{}: {}", label.1, value.1));
    };
    if event.is_exercise() {
        fact(("DIỄN TẬP", "EXERCISE"), ("không ai phải xuất phát", "nobody has to move"));
    }
    match event.subject.as_ref() {
        Some(Subject::Incident(incident)) => {
            let kind = (incident_kind(incident.kind), incident.kind.as_str());
            fact(("Sự việc", "Incident"), (incident.id.as_str(), incident.id.as_str()));
            fact(("Loại", "Kind"), kind);
            fact(("Mức độ", "Severity"), (incident.severity.as_str(), incident.severity.as_str()));
            fact(("Nội dung", "Summary"), (incident.summary.as_str(), incident.summary.as_str()));
            let place = format!("{} ({})", incident.place.address, incident.place.admin_unit);
            fact(("Địa điểm", "Place"), (place.as_str(), place.as_str()));
        }
        Some(Subject::Warning(warning)) => {
            for text in &warning.content.texts {
                let label =
                    if text.language == "en" { ("Tiếng Anh", "English") } else { ("Tiếng Việt", "Vietnamese") };
                let words = format!("{}\n{}\n{}", text.headline, text.description, text.instruction);
                fact(label, (words.as_str(), words.as_str()));
            }
        }
        _ => {}
    }
    if let Some((_, handover)) = Handover::of_event(event) {
        fact(("Lý do", "Reason"), (handover.reason.as_str(), handover.reason.as_str()));
        if handover.status.is_waiting() {
            let how = ("gọi điện cho trung tâm để trả lời", "telephone the centre to answer");
            fact(("Cần trả lời", "An answer is required"), how);
        }
    }
    if !event.note.is_empty() {
        fact(("Ghi chú", "Note"), (event.note.as_str(), event.note.as_str()));
    }
    let missed = match notice.missed_before {
        0 => String::new(),
        count => format!("\n({count} thông báo trước đó không lưu được / {count} notices before it were not kept)"),
    };
    format!(
        "{vi}\nThời điểm: {at}\n{}\nThông báo số {number} gửi {to}. Dữ liệu cho máy đọc: {name}.\n\n\
         {en}\nTime: {at}\n{}\nNotice {number} for {to}. For programs: {name}.{missed}\n",
        facts.0.join("\n"),
        facts.1.join("\n"),
        number = notice.number,
        to = receiver.name,
    )
}

/// A date as a letter has it (RFC 5322), by the clock on Vietnam's walls.
fn date(at: Millis) -> String {
    let iso = cap::time(at);
    let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
    format!("{} {} {} {} +0700", part(8, 10), MONTHS.get(month).unwrap_or(&"Jan"), part(0, 4), part(11, 19))
}

/// Text as encoded words, whatever it holds: no control character and no line end gets into a head.
fn words(text: &str) -> String {
    let mut chunks = vec![String::new()];
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        match chunks.last_mut() {
            Some(last) if last.len() + c.len_utf8() <= WORD_BYTES_MAX => last.push(c),
            _ => chunks.push(c.to_string()),
        }
    }
    let encoded: Vec<_> = chunks.iter().map(|chunk| format!("=?UTF-8?B?{}?=", STANDARD.encode(chunk))).collect();
    encoded.join("\r\n ")
}

/// Base64 in lines.
fn lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut out = String::with_capacity(text.len() + text.len() / BASE64_LINE * 2 + 2);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % BASE64_LINE == 0 {
            out.push_str("\r\n");
        }
        out.push(c);
    }
    out + "\r\n"
}

#[cfg(test)]
pub(crate) mod tests;
