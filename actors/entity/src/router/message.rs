//! A message between routers, and its answer.

use std::time::Duration;

use bytes::Bytes;
use domain::{
    Command, Grant, GroupId, Reading, Readings, Reply, RequestId,
    limits::READINGS_PER_COMMAND_MAX,
    wire::{Field, Malformed, Record, generated},
};
use prost::Message;
use raft::NodeId;

use crate::{config::HOPS_MAX, error::ServeError};

/// What somebody wants: always the message, never what was decided on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) group: GroupId,
    pub(crate) request: Option<RequestId>,
    pub(crate) grant: Option<Grant>,
    pub(crate) body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// At most [`READINGS_PER_COMMAND_MAX`].
    Readings(Vec<Reading>),
    Command(Box<Command>),
}

/// What became of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Replied(Reply),
    Failed(Failure),
    /// It did not leave this node.
    NeverSent,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    NotLeader(Option<NodeId>),
    Overloaded,
    DiskFull,
    Unknown,
    Stopped,
}

impl From<Result<Reply, ServeError>> for Outcome {
    fn from(served: Result<Reply, ServeError>) -> Self {
        match served {
            Ok(reply) => Self::Replied(reply),
            Err(ServeError::NotLeader(leader)) => Self::Failed(Failure::NotLeader(leader)),
            Err(ServeError::Overloaded) => Self::Failed(Failure::Overloaded),
            Err(ServeError::DiskFull) => Self::Failed(Failure::DiskFull),
            Err(ServeError::Unknown) => Self::Failed(Failure::Unknown),
            Err(ServeError::Stopped) => Self::Failed(Failure::Stopped),
        }
    }
}

impl Envelope {
    /// Whether sending it twice is harmless although its first outcome is unknown: it has an identity, or is made of
    /// nothing but one.
    pub(crate) fn is_idempotent(&self) -> bool {
        if self.request.is_some() {
            return true;
        }
        match &self.body {
            Body::Readings(_) => true,
            Body::Command(command) => matches!(
                **command,
                Command::RecordReadings(_)
                    | Command::RecordCameraHealth(_)
                    | Command::RaiseAlarm(_)
                    | Command::ClearAlarm(_)
                    | Command::UnshelveAlarm(_)
                    | Command::ConfirmAlarmReport(_)
                    | Command::FeedIncident(_)
                    | Command::EscalateIncident(_)
                    | Command::OpenSession(_)
                    | Command::CloseSession(_)
                    | Command::RaisePolicyFloor(_)
                    | Command::PlaceEntities(_)
                    | Command::SetRetention(_)
                    | Command::ReceiveHandover(_)
                    | Command::AnswerHandover(_)
                    | Command::RetractHandover(_)
                    | Command::ConfirmNotices(_)
                    | Command::GiveUpNotice(_)
                    | Command::RecordRead(_)
                    | Command::StopDrill(_)
                    | Command::EndDrill(_)
                    | Command::MeasureDrill(_)
                    | Command::CloseDrill(_)
                    | Command::AttachFile(_)
                    | Command::DetachFile(_)
                    | Command::DropFiles(_)
                    | Command::ErasePersonal(_)
            ),
        }
    }

    /// `hops` counts this sending.
    pub(crate) fn encode(&self, deadline: Duration, hops: u32) -> Bytes {
        use generated::tell::Message as Wire;
        let message = match &self.body {
            Body::Readings(readings) => Wire::Readings(generated::Readings { readings: readings.write() }),
            Body::Command(command) => Wire::Command(command.to_wire()),
        };
        let tell = generated::Tell {
            group: self.group.0,
            deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX),
            hops,
            request: self.request.write(),
            grant: self.grant.write(),
            message: Some(message),
        };
        tell.encode_to_vec().into()
    }

    /// The message, and the time that its sender has left.
    pub(crate) fn decode(payload: Bytes) -> Result<(Self, Duration), Malformed> {
        use generated::tell::Message as Wire;
        let bytes = payload.len();
        let tell = generated::Tell::decode(payload)
            .map_err(|error| Malformed::new("tell", format!("send valid protobuf ({error})")))?;
        // Half of a message is another message: who sent it knows more than this version.
        if tell.encoded_len() != bytes {
            return Err(Malformed::new(
                "tell",
                "it holds fields that this version does not know: run the newer version here",
            ));
        }
        let group = GroupId(tell.group);
        if group != GroupId::COMMAND && !group.is_field() {
            return Err(Malformed::new("tell.group", "name a group of this cluster"));
        }
        if tell.hops > HOPS_MAX {
            return Err(Malformed::new("tell.hops", format!("a message is sent on at most {HOPS_MAX} times")));
        }
        let body = match tell.message {
            Some(Wire::Readings(readings)) => {
                let Readings { readings } = Readings::from_wire(readings).map_err(|e| e.within("tell"))?;
                if readings.len() > READINGS_PER_COMMAND_MAX {
                    return Err(Malformed::new(
                        "tell.readings",
                        format!("send at most {READINGS_PER_COMMAND_MAX} at a time"),
                    ));
                }
                Body::Readings(readings)
            }
            Some(Wire::Command(command)) => {
                Body::Command(Box::new(Command::from_wire(command).map_err(|e| e.within("tell"))?))
            }
            None => return Err(Malformed::new("tell.message", "is required")),
        };
        let envelope = Self {
            group,
            request: tell.request.map(RequestId::from_wire).transpose().map_err(|e| e.within("tell"))?,
            grant: tell.grant.map(Grant::from_wire).transpose().map_err(|e| e.within("tell"))?,
            body,
        };
        Ok((envelope, Duration::from_millis(tell.deadline_ms.into())))
    }
}

pub(crate) fn encode_told(served: Result<Reply, ServeError>) -> Bytes {
    use generated::told::Outcome as Wire;
    let failure = |code: &str, leader: Option<NodeId>| {
        Wire::Failure(generated::TellFailure { code: code.to_owned(), leader: leader.unwrap_or_default() })
    };
    let outcome = match served {
        Ok(reply) => Wire::Reply(reply.to_wire()),
        Err(ServeError::NotLeader(leader)) => failure(NOT_LEADER, leader),
        Err(ServeError::Overloaded) => failure(OVERLOADED, None),
        Err(ServeError::DiskFull) => failure(DISK_FULL, None),
        Err(ServeError::Unknown) => failure(TIMEOUT, None),
        Err(ServeError::Stopped) => failure(CLOSED, None),
    };
    generated::Told { outcome: Some(outcome) }.encode_to_vec().into()
}

/// Reads an answer. A failure of a kind that is not known leaves the outcome unknown.
pub(crate) fn decode_told(payload: &[u8]) -> Result<Outcome, Malformed> {
    use generated::told::Outcome as Wire;
    let told = generated::Told::decode(payload)
        .map_err(|error| Malformed::new("told", format!("send valid protobuf ({error})")))?;
    Ok(match told.outcome {
        Some(Wire::Reply(reply)) => Outcome::Replied(Reply::from_wire(reply).map_err(|e| e.within("told"))?),
        Some(Wire::Failure(failure)) => Outcome::Failed(match failure.code.as_str() {
            NOT_LEADER => Failure::NotLeader((failure.leader != 0).then_some(failure.leader)),
            OVERLOADED => Failure::Overloaded,
            DISK_FULL => Failure::DiskFull,
            CLOSED => Failure::Stopped,
            _ => Failure::Unknown,
        }),
        None => return Err(Malformed::new("told.outcome", "is required")),
    })
}

const NOT_LEADER: &str = "not-leader";
const OVERLOADED: &str = "overloaded";
const DISK_FULL: &str = "disk-full";
const TIMEOUT: &str = "timeout";
const CLOSED: &str = "closed";

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
