//! What comes from a disk or over the line, for the fuzz targets. Each says whether the bytes were taken whole.

use domain::wire::generated::ToScreen;
use prost::Message;

use crate::{
    copy::{Copy, Folded, Via},
    front::sign_in::{Login, Opened},
    people::Who,
    province::Answer,
    record::{self, End, Stored},
    routes::{Route, route},
};

/// Reads any bytes as the copy's file, folds what can be read, and reads it once more from what is written of that.
pub fn fuzz_copy_file(bytes: &[u8]) -> bool {
    let mut copy = Copy::new();
    let mut records = Vec::new();
    let mut is_folded = true;
    let end = record::read(bytes, |stored| {
        if let Stored::Message(message) = &stored
            && let Some(body) = &message.body
        {
            is_folded &= copy.fold(body, Via::File).is_ok();
        }
        records.push(stored);
    });
    let mut file = record::MAGIC.to_vec();
    records.iter().for_each(|stored| stored.write(&mut file));
    let mut count = 0;
    let again = record::read(&file, |_| count += 1);
    assert_eq!((again, count), (End::Whole, records.len()), "what was read can be written and read; it ended {end:?}");
    is_folded && end == End::Whole
}

/// Folds any message as if it came over the line, and reads back what is written of the copy.
pub fn fuzz_line_message(bytes: &[u8]) -> bool {
    let Ok(ToScreen { body: Some(body) }) = ToScreen::decode(bytes) else { return false };
    let mut copy = Copy::new();
    let folded = copy.fold(&body, Via::Line);
    let mut again = Copy::new();
    for message in copy.messages() {
        if let Some(body) = &message.body {
            assert!(again.fold(body, Via::File).is_ok(), "what the copy writes it reads");
        }
    }
    assert_eq!(again.places(), copy.places());
    folded.is_ok_and(|folded| folded != Folded::Gap)
}

/// Reads a sign-in, and the province's answer to one.
pub fn fuzz_people(bytes: &[u8]) -> bool {
    let answer = Answer {
        status: 429,
        content_type: String::new(),
        retry_after: None,
        age: None,
        token: None,
        device: None,
        body: bytes.to_vec(),
    };
    assert_eq!(answer.asks_for_patience(), answer.code() != "limit");
    let is_login = serde_json::from_slice::<Login>(bytes).is_ok();
    let Ok(who) = serde_json::from_slice::<Who>(bytes) else { return is_login };
    let written = serde_json::to_vec(&who).unwrap_or_default();
    assert_eq!(
        serde_json::from_slice::<Who>(&written).ok().as_ref(),
        Some(&who),
        "what is kept of a person is read again"
    );
    serde_json::from_slice::<Opened>(bytes).is_ok()
}

/// Finds out where a request goes: `METHOD path`.
pub fn fuzz_route(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some((method, path)) = text.split_once(' ') else { return false };
    let found = route(method, path);
    assert!(
        found != Route::Command || (method == "POST" && path.starts_with("/api/")),
        "only what people enter is kept"
    );
    true
}

/// A file of the copy that holds these messages, for the corpus.
#[must_use]
pub fn copy_file(messages: &[ToScreen]) -> Vec<u8> {
    let mut file = record::MAGIC.to_vec();
    for message in messages {
        Stored::Message(message.clone()).write(&mut file);
    }
    Stored::Heard(record::Heard { at_ms: 1, quorum_age_ms: 2 }).write(&mut file);
    file
}
