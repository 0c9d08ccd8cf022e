//! Rows with a format of their own, read.

use bytes::Bytes;

use super::same_key;
use crate::{
    AlarmKey, Answered, Condition, SessionId, rows,
    state::Heard,
    wire::{Field, Malformed, Record},
};

pub(super) fn read_text(field: &'static str, bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed::new(field, "is not text: restore the group"))
}

pub(super) fn read_answer(key: &Bytes, value: &Bytes) -> Result<(SessionId, Answered), Malformed> {
    let answered = Answered::decode(value)?;
    let id = key.get(1..33).and_then(|id| id.try_into().ok());
    let session = SessionId(id.ok_or_else(|| Malformed::new("rows.answers", "a session id has 32 bytes"))?);
    same_key(key, &rows::answer_key(&session, answered.seq))?;
    Ok((session, answered))
}

pub(super) fn read_heard(key: &[u8], value: &Bytes) -> Result<(AlarmKey, Heard), Malformed> {
    let short = || Malformed::new("rows.heard", "is cut off: restore the group");
    let at = key.iter().position(|byte| *byte == 0).ok_or_else(short)?;
    let key = AlarmKey {
        entity: Field::read("entity", read_text("rows.heard", &key[..at])?)?,
        condition: Condition::new(&read_text("rows.heard", &key[at + 1..])?)?,
    };
    let (version, rest) = value.split_first_chunk::<8>().ok_or_else(short)?;
    let (episode, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let (incident, report) = match rest.iter().position(|byte| *byte == 0) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &[][..]),
    };
    let heard = Heard {
        version: u64::from_be_bytes(*version),
        episode: u32::from_be_bytes(*episode),
        incident: Field::read("incident", read_text("rows.heard", incident)?)?,
        report: Field::read("report", read_text("rows.heard", report)?)?,
    };
    Ok((key, heard))
}
