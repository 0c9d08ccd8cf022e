//! Invariants of files.

use super::{Violation, hold};
use crate::{State, file_book::FileBook, limits};

impl State {
    pub(super) fn check_files(&self) -> Result<(), Violation> {
        let book = &self.files;
        let is_within = book.attachments.len() <= limits::FILES_MAX && book.bytes <= limits::FILES_BYTES_MAX;
        hold(3, is_within, || format!("{} attachments, {} bytes", book.attachments.len(), book.bytes))?;
        let mut anew = FileBook { settings: book.settings, ..FileBook::default() };
        for (number, attachment) in &book.attachments {
            hold(2, *number == attachment.number, || format!("file {} under {number}", attachment.number))?;
            let is_right = *number >= 1
                && *number <= book.settings.attached
                && (1..=attachment.file.kind.bytes_max()).contains(&attachment.file.bytes);
            hold(45, is_right, || format!("file {number}: {attachment:?}"))?;
            anew.keep(attachment.clone());
        }
        hold(45, anew == *book, || "what is derived of files is not what it is derived from".into())
    }
}
