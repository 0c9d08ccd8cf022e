//! What comes from a disk or over the line, for the fuzz targets.

use domain::wire::generated::ToScreen;
use prost::Message;

use crate::{
    copy::{Copy, From},
    record::{self, End, Stored},
    routes::route,
};

/// Reads any bytes as the copy's file, folds what can be read, and reads it once more from what is written of that.
pub fn copy_file(bytes: &[u8]) {
    let mut copy = Copy::new();
    let mut messages = Vec::new();
    let end = record::read(bytes, |stored| {
        if let Stored::Message(message) = &stored
            && let Some(body) = &message.body
        {
            let _ = copy.fold(body, From::File);
        }
        messages.push(stored);
    });
    let mut file = record::MAGIC.to_vec();
    messages.iter().for_each(|stored| stored.write(&mut file));
    let mut count = 0;
    let again = record::read(&file, |_| count += 1);
    assert_eq!((again, count), (End::Whole, messages.len()), "what was read can be written and read; it ended {end:?}");
}

/// Folds any message as if it came over the line, and reads back what is written of the copy.
pub fn line_message(bytes: &[u8]) {
    let Ok(ToScreen { body: Some(body) }) = ToScreen::decode(bytes) else { return };
    let mut copy = Copy::new();
    let _ = copy.fold(&body, From::Line);
    let mut again = Copy::new();
    for message in copy.messages() {
        if let Some(body) = &message.body {
            assert!(again.fold(body, From::File).is_ok(), "what the copy writes it reads");
        }
    }
    assert_eq!(again.places(), copy.places());
}

/// Where a request with any path goes.
pub fn path(method: &str, path: &str) {
    let _ = route(method, path);
}
