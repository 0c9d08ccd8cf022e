//! Commands about files. That a quorum holds the bytes is seen to by the node that proposes, before it does.

use super::vocabulary::body;
use crate::{FileOwner, Millis, StoredFile, wire::record};

body! {
    /// A file belongs to something. Proposed only when a quorum of nodes holds the bytes. Sent again it does nothing.
    AttachFile {
        /// Which.
        file: StoredFile,
        /// To what.
        owner: FileOwner,
        /// When it was taken by its sender's clock; unset: not told.
        taken_at_ms: Millis,
        /// What it shows, for who cannot see it; may be empty.
        note: String,
    }
}

body! {
    /// It does not any more.
    DetachFile {
        /// Which attachment.
        number: u64,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// How long files are kept after what they belong to was done.
    SetFileRetention {
        /// 0: as long as what they belong to is remembered.
        days: u32,
    }
}

body! {
    /// Forgets those of these attachments whose time is over. Sent again it does nothing.
    DropFiles {
        /// At most `limits::FILES_DROPPED_AT_ONCE`.
        numbers: Vec<u64>,
    }
}
