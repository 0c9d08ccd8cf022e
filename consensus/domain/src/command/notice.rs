//! Commands about outgoing notices. `proto/trongdong/v1/notice.proto` tells what each is for.

use super::vocabulary::body;
use crate::{Receiver, ReceiverId, wire::record};

body! {
    /// Puts a receiver of notices; how far it is stays.
    PutReceiver {
        /// As it shall be; its version is the one that was seen, 0 names none.
        receiver: Receiver,
    }
}

body! {
    /// A receiver has taken its notices.
    ConfirmNotices {
        /// Which.
        receiver: ReceiverId,
        /// All up to this number.
        through: u64,
    }
}

body! {
    /// A receiver refuses its oldest notice for good.
    GiveUpNotice {
        /// Which.
        receiver: ReceiverId,
        /// The notice's number.
        number: u64,
        /// What the receiver said; not empty.
        reason: String,
    }
}
