//! Notes: what was acknowledged is in the true history once, what nobody was told of at most once, what was refused not at all.

use std::collections::BTreeMap;

use agree::judge::{
    Verdict, broken,
    promises::{Fate, IS_DOUBLED, IS_LOST},
};
use domain::{EventBatch, EventKind};

use super::Book;

/// Judges the notes of a true history.
pub fn judge(book: &Book, history: &[EventBatch]) -> Verdict {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let noted = history.iter().flat_map(|batch| &batch.events).filter(|event| event.kind == EventKind::IncidentNoted);
    for event in noted {
        *times.entry(event.note.as_str()).or_default() += 1;
    }
    for (note, fate) in &book.notes {
        let what = match (fate, times.remove(note.as_str()).unwrap_or(0)) {
            (Fate::Acknowledged, 0) => IS_LOST,
            (Fate::Refused, 1) => "was refused and is there",
            (_, 0 | 1) => continue,
            _ => IS_DOUBLED,
        };
        return Err(broken("promises", format_args!("the note {note} ({fate:?}) {what}")));
    }
    match times.keys().next() {
        Some(note) => Err(broken("promises", format_args!("the note {note} was never written"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use domain::{Event, Millis};

    use super::*;

    fn history(notes: &[&str]) -> Vec<EventBatch> {
        let event = |note: &&str| Event {
            kind: EventKind::IncidentNoted,
            by: None,
            note: (*note).to_owned(),
            at_ms: Millis(1),
            ordinal: 0,
            subject: None,
        };
        vec![EventBatch { index: 1, at_ms: Millis(1), events: notes.iter().map(event).collect() }]
    }

    #[test]
    fn a_note_is_there_once_or_nobody_was_told() {
        let mut book = Book::default();
        book.note("n-1", Fate::Acknowledged);
        book.note("n-2", Fate::Unknown);
        assert_eq!(judge(&book, &history(&["n-1"])), Ok(()));
        assert_eq!(judge(&book, &history(&["n-1", "n-2"])), Ok(()));
        assert!(judge(&book, &history(&["n-2"])).is_err(), "lost");
        assert!(judge(&book, &history(&["n-1", "n-1"])).is_err(), "doubled");
        assert!(judge(&book, &history(&["n-1", "n-2", "n-2"])).is_err(), "doubled, though nobody was told");
        assert!(judge(&book, &history(&["n-1", "n-3"])).is_err(), "never written");
    }
}
