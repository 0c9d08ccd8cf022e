//! What an export tells, a line for each record: who, when, from where, what and why. Pure.

use domain::{
    AuditPayload, AuditRecord, Command, Millis,
    audit::why::why,
    calendar::{DAY_MS, OFFSET_MS, date_of, day_of},
    wire::Record,
};

/// One record. What somebody wrote is put on one line, whatever they wrote.
pub(super) fn line(record: &AuditRecord) -> String {
    let told = match &record.sealed {
        None if record.withheld => "withheld from whoever exported it".to_owned(),
        None => "erased".to_owned(),
        Some(sealed) => {
            told(&sealed.payload).unwrap_or_else(|| "not readable: show it with a newer program".to_owned())
        }
    };
    let line = format!("{}:{} {} {told}", record.link.group, record.link.number, time(record.link.at_ms));
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn told(payload: &[u8]) -> Option<String> {
    let payload = AuditPayload::decode(payload).ok()?;
    let command = match payload.command.is_empty() {
        true => None,
        false => Some(Command::decode(&payload.command).ok()?),
    };
    let mut text = if payload.by.is_empty() { "the system".to_owned() } else { payload.by.clone() };
    if let Some(person) = &payload.terms.acts_for {
        text.push_str(&format!(" for {person}"));
    }
    if payload.terms.broken_glass {
        text.push_str(" by emergency access");
    }
    if let Some(key) = &payload.terms.key {
        text.push_str(&format!(" by key {key}"));
    }
    if !payload.from.is_empty() {
        text.push_str(&format!(" from {}", payload.from));
    }
    text.push_str(&format!(": {}", payload.name));
    if payload.exercise {
        text.push_str(" (exercise)");
    }
    if !payload.refused.is_empty() {
        text.push_str(&format!(", refused: {}", payload.refused));
    }
    text.push_str(&format!("; why: {}", why(&payload, command.as_ref())));
    Some(text)
}

/// As the province's clocks show it.
fn time(at: Millis) -> String {
    let (year, month, day) = date_of(day_of(at));
    let seconds = at.0.saturating_add(OFFSET_MS) % DAY_MS / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::{AuditLink, AuditSealed, Digest, GroupId, NoteIncident, ServiceKeyId, Terms};

    use super::*;

    fn record(by: &str, why: &str, terms: Terms) -> AuditRecord {
        let incident = domain::IncidentId::new("I1").unwrap();
        let command = Command::from(NoteIncident { incident, note: "bà Tư, số 7".into() });
        let payload = AuditPayload {
            by: by.into(),
            from: "10.0.0.7".into(),
            why: why.into(),
            name: command.name().into(),
            command: command.encode().into(),
            entry_sha256: None,
            refused: String::new(),
            terms,
            exercise: false,
        };
        let sealed = AuditSealed { salt: Bytes::new(), payload: payload.encode().into() };
        let at_ms = Millis(1_763_800_000_000);
        let (commitment, link) = (Digest::default(), Digest::default());
        let link = AuditLink { group: GroupId(0), number: 12, index: 40, at_ms, commitment, link };
        AuditRecord { link, sealed: Some(sealed), withheld: false }
    }

    #[test]
    fn a_record_says_who_when_from_where_what_and_why_on_one_line() {
        let said = record("lan", "gọi lại\nngay", Terms::default());
        let head = "0:12 2025-11-22 15:26:40";
        assert_eq!(line(&said), format!("{head} lan from 10.0.0.7: NoteIncident; why: gọi lại ngay"));
        let none = record("lan", "", Terms::default());
        assert_eq!(line(&none), format!("{head} lan from 10.0.0.7: NoteIncident; why: none was given"));
        let key = Terms { key: ServiceKeyId::new("doc-1").ok(), ..Terms::default() };
        let derived = format!("{head} kho by key doc-1 from 10.0.0.7: NoteIncident; why: key doc-1 (derived)");
        assert_eq!(line(&record("kho", "", key)), derived);
        let system = record("", "", Terms::default());
        assert_eq!(line(&system), format!("{head} the system from 10.0.0.7: NoteIncident; why: system (derived)"));
        assert_eq!(line(&AuditRecord { sealed: None, ..said.clone() }), format!("{head} erased"));
        let withheld = AuditRecord { sealed: None, withheld: true, ..said };
        assert_eq!(line(&withheld), format!("{head} withheld from whoever exported it"));
    }
}
