//! Commands about hand-overs. `proto/trongdong/v1/dispatch.proto` tells what each is for.

use super::vocabulary::body;
use crate::{IncidentId, IncidentKind, Place, ReceiverId, RoomId, Severity, wire::record};

body! {
    /// Offers an incident to another service.
    OfferHandover {
        /// Which incident.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// The other side's system; none: by telephone, with name and contact.
        to: Option<ReceiverId>,
        /// What people call the other side; of a system: as it is registered.
        to_name: String,
        /// Whom to telephone there.
        contact: String,
        /// The second channel: another system.
        second: Option<ReceiverId>,
        /// The second channel: whom to telephone.
        second_contact: String,
        /// The lead goes over with it.
        lead: bool,
        /// Why; not empty.
        reason: String,
        /// One of our own rooms, at or above the incident's place; then the other side has no system and no name of its own.
        room: Option<RoomId>,
    }
}

body! {
    /// What was answered.
    AnswerHandover {
        /// Of which incident.
        incident: IncidentId,
        /// Its number within it.
        handover: u32,
        /// Taken over, or not.
        accept: bool,
        /// In words; not empty when it is not taken over.
        answer: String,
        /// Who gave it, in words.
        answered_for: String,
        /// What the other side calls the incident.
        reference: String,
        /// The system that answered; none: a person enters it.
        from: Option<ReceiverId>,
    }
}

body! {
    /// Takes an offer back, or what was taken over.
    WithdrawHandover {
        /// Of which incident.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// Its number within it.
        handover: u32,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// Another service offers us an incident.
    ReceiveHandover {
        /// Which service.
        from: ReceiverId,
        /// What it calls the incident: takes effect once.
        reference: String,
        /// What goes on.
        kind: IncidentKind,
        /// How bad it is.
        severity: Severity,
        /// Where.
        place: Place,
        /// In words.
        summary: String,
        /// The lead comes with it.
        lead: bool,
        /// Part of a drill.
        exercise: bool,
    }
}

body! {
    /// Another service takes back what it offered us.
    RetractHandover {
        /// Which service.
        from: ReceiverId,
        /// What it calls the offer.
        reference: String,
        /// Why; may be empty.
        reason: String,
    }
}
