//! Commands about the record. `proto/trongdong/v1/audit.proto` tells what each is for.

use super::vocabulary::body;
use crate::{Digest, GroupId, wire::record};

body! {
    /// Somebody looked at something sensitive: it stands in the record.
    RecordRead {
        /// At what: a noun and an id, a camera, an export.
        what: String,
        /// Why; not empty.
        why: String,
    }
}

body! {
    /// Erases what records held; that they stood there stays.
    EraseAudit {
        /// Their numbers in this group, ascending; at most `limits::ERASED_PER_COMMAND_MAX`.
        numbers: Vec<u64>,
        /// By which rule; not empty.
        rule: String,
    }
}

body! {
    /// Anchors the head of another group's chain in this one's.
    AnchorAudit {
        /// Which group.
        group: GroupId,
        /// The number of its newest record.
        number: u64,
        /// That record's link.
        link: Digest,
    }
}
