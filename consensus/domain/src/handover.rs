//! Hand-overs: an incident is offered to another service, or by one to us. They stand in the incident, so whoever sees it
//! sees whose it is; the time to answer is a clock of the incident like any other (`deadline`).

use serde::{Deserialize, Serialize};

use crate::{
    Dispatch, Event, EventKind, Incident, Millis, PersonId, ReceiverId, RoomId, Subject,
    wire::{record, wire_enum},
};

wire_enum! {
    /// Who offers.
    HandoverDirection {
        /// We, to another service.
        Out = "out",
        /// Another service, to us.
        In = "in",
        /// One of our rooms, to another: up or down.
        Within = "within",
    }
}

wire_enum! {
    /// How far it is.
    HandoverStatus {
        /// Waits for an answer.
        Offered = "offered",
        /// Nobody answered in time: the second channel is used.
        Escalated = "escalated",
        /// Taken over.
        Accepted = "accepted",
        /// Not taken over.
        Refused = "refused",
        /// Taken back.
        Withdrawn = "withdrawn",
    }
}

impl HandoverStatus {
    /// Whether the other side still owes an answer.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Offered | Self::Escalated)
    }
}

/// One offer as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Counts from 1 within the incident.
    pub number: u32,
    /// Who offers.
    pub direction: HandoverDirection,
    /// The other side's system; none: it is reached by telephone only.
    pub party: Option<ReceiverId>,
    /// What people call the other side.
    pub party_name: String,
    /// Whom to telephone there; may be empty where there is a system.
    pub contact: String,
    /// The second channel: another system.
    pub second: Option<ReceiverId>,
    /// The second channel: whom to telephone; may be empty where there is a second system.
    pub second_contact: String,
    /// The lead goes over with it; else the other side helps.
    pub lead: bool,
    /// Why.
    pub reason: String,
    /// How far it is.
    pub status: HandoverStatus,
    /// The number of the incident's clock that measures the answer.
    pub clock: u32,
    /// When it was offered.
    pub offered_at_ms: Millis,
    /// By whom; none: by the other side.
    pub offered_by: Option<PersonId>,
    /// When nobody had answered in time.
    pub escalated_at_ms: Millis,
    /// When it was accepted or refused.
    pub answered_at_ms: Millis,
    /// Who entered the answer; none: it came from the other side's system.
    pub answered_by: Option<PersonId>,
    /// Who gave it there, in words.
    pub answered_for: String,
    /// What was answered.
    pub answer: String,
    /// What the other side calls the incident; may be empty.
    pub reference: String,
    /// When it was taken back.
    pub withdrawn_at_ms: Millis,
    /// Within: the room that it is offered to.
    pub room: Option<RoomId>,
    /// The system that answered, by whichever channel; none: a person entered the answer.
    pub taken_by: Option<ReceiverId>,
    /// What people call it; may be empty.
    pub taken_by_name: String,
}

record!(Handover {
    number,
    direction,
    party,
    party_name,
    contact,
    second,
    second_contact,
    lead,
    reason,
    status,
    clock,
    offered_at_ms,
    offered_by,
    escalated_at_ms,
    answered_at_ms,
    answered_by,
    answered_for,
    answer,
    reference,
    withdrawn_at_ms,
    room,
    taken_by,
    taken_by_name,
});

impl Handover {
    /// Whether the other side of it is this one, by either channel.
    #[must_use]
    pub fn is_with(&self, receiver: &ReceiverId) -> bool {
        self.party.as_ref() == Some(receiver) || self.second.as_ref() == Some(receiver)
    }

    /// What an event is about, if it is about a hand-over: its note begins with "#" and the number.
    #[must_use]
    pub fn of_event(event: &Event) -> Option<(&Incident, &Self)> {
        if !is_of_handover(event.kind) {
            return None;
        }
        let Some(Subject::Incident(incident)) = &event.subject else { return None };
        let number = event.note.strip_prefix('#')?.split(' ').next()?.parse().ok()?;
        let handover = incident.dispatch.handovers.iter().find(|handover| handover.number == number)?;
        Some((incident, handover))
    }
}

/// Kinds of event that only the other side is told of.
pub(crate) fn is_of_handover(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::HandoverOffered
            | EventKind::HandoverEscalated
            | EventKind::HandoverAccepted
            | EventKind::HandoverRefused
            | EventKind::HandoverWithdrawn
            | EventKind::HandoverReceived
    )
}

impl Dispatch {
    /// Who has the lead, if it is not the room in which the incident came up: the other side of the newest hand-over that decided
    /// it. What another service offers is theirs until we have taken it over with the lead; what we offer is ours until they have.
    #[must_use]
    pub fn led_by(&self) -> Option<&Handover> {
        let decided = self.handovers.iter().filter_map(|it| {
            let is_taken = it.lead && it.status == HandoverStatus::Accepted;
            match it.direction {
                HandoverDirection::Out | HandoverDirection::Within => is_taken.then_some((it.answered_at_ms, it)),
                HandoverDirection::In => Some((if is_taken { it.answered_at_ms } else { it.offered_at_ms }, it)),
            }
        });
        let (_, newest) = decided.max_by_key(|(at, it)| (*at, it.number))?;
        let is_ours =
            newest.direction == HandoverDirection::In && newest.lead && newest.status == HandoverStatus::Accepted;
        (!is_ours).then_some(newest)
    }
}
