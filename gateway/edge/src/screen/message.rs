//! What goes over a screen's socket, as values, and its two encodings: protobuf as in `screen.proto`, and JSON of the same
//! shapes for a terminal. Pure.

use std::{borrow::Cow, collections::BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use domain::{
    AdminUnit, Agent, Alarm, Call, CallDesk, Camera, CameraHealth, CameraId, District, DistrictId, DrillNow, Event,
    Exercise, GroupId, Incident, Instruction, LiveNodes, Millis, Model, ModelName, PersonId, Position, Role, Room,
    Sensor, ShiftNote, SilenceCause, Tally, Unit, WaitingReport,
    wire::{Field, Malformed, Record, generated},
};
use prost::Message;
use serde::{Deserialize, Serialize};
pub(crate) use tokio_tungstenite::tungstenite::Message as Payload;

use super::view::{Encoding, SUBSCRIBABLE, Subscription};
use crate::{api::body::reason_of, limits::SUBSCRIBE_ITEMS_MAX};

/// Why a screen's picture of a group is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ResetReason {
    /// The tail no longer reaches back to where the screen was.
    BelowFloor,
    /// The person sees other places than before.
    RightsChanged,
    /// The screen asked for something else.
    SubscriptionChanged,
    /// The cluster is another one than the screen knew.
    Restored,
    /// The way back is longer than a new picture.
    Overflow,
}

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ByeCode {
    /// It does not keep up.
    Slow,
    /// The session ended, or its person may no longer sign in.
    SessionEnded,
    /// It said something that is not in the protocol.
    BadMessage,
    /// This node stops.
    ShuttingDown,
    /// It said nothing.
    HelloTimeout,
    /// Nobody is signed in.
    Unauthorized,
    /// At a bound of sockets.
    TooMany,
    /// This node cannot tell now who it is: it hears no quorum.
    Unavailable,
}

macro_rules! names {
    ($type:ident { $($variant:ident $name:literal),+ $(,)? }) => {
        impl $type {
            /// Its name on the wire.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

names!(ResetReason {
    BelowFloor "below-floor",
    RightsChanged "rights-changed",
    SubscriptionChanged "subscription-changed",
    Restored "restored",
    Overflow "overflow",
});
names!(ByeCode {
    Slow "slow",
    SessionEnded "session-ended",
    BadMessage "bad-message",
    ShuttingDown "shutting-down",
    HelloTimeout "hello-timeout",
    Unauthorized "unauthorized",
    TooMany "too-many",
    Unavailable "unavailable",
});

/// Who the screen is, and what it may count on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Welcome {
    pub(crate) node: u64,
    pub(crate) epoch: u64,
    pub(crate) person: PersonId,
    pub(crate) person_name: String,
    pub(crate) role: Role,
    pub(crate) server_time_ms: u64,
    pub(crate) heartbeat_ms: u32,
}

/// One part of a group's visible records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Part {
    pub(crate) through: Position,
    pub(crate) last: bool,
    pub(crate) admin_units: Vec<AdminUnit>,
    pub(crate) districts: Vec<District>,
    pub(crate) units: Vec<Unit>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) sensors: Vec<Sensor>,
    pub(crate) cameras: Vec<Camera>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) live_nodes: Option<LiveNodes>,
    pub(crate) models: Vec<Model>,
    pub(crate) tallies: Vec<Tally>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) calls: Vec<Call>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) call_desk: Option<CallDesk>,
    pub(crate) exercises: Vec<Exercise>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) shift_notes: Vec<ShiftNote>,
    pub(crate) waiting_reports: Vec<WaitingReport>,
    pub(crate) part: u32,
    pub(crate) at_ms: Millis,
}

/// Events of one group in `(from, through]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Frame<'a> {
    pub(crate) from: Position,
    pub(crate) through: Position,
    pub(crate) events: Vec<Cow<'a, Event>>,
    pub(crate) withdrawn: Vec<String>,
    pub(crate) at_ms: Millis,
}

/// How old one group is on this node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GroupPulse {
    pub(crate) group: GroupId,
    pub(crate) leader_age_ms: u64,
    pub(crate) applied_index: u64,
    pub(crate) leader: u64,
}

/// A model in use that gives no advice now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SilentModel {
    pub(crate) name: ModelName,
    pub(crate) cause: SilenceCause,
}

/// How old this node's picture is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Heartbeat {
    pub(crate) server_time_ms: u64,
    pub(crate) quorum_age_ms: u64,
    pub(crate) groups: Vec<GroupPulse>,
    pub(crate) models: Vec<SilentModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<LinePulse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drill: Option<DrillNow>,
}

/// How the line from a district centre's node to the province stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct LinePulse {
    pub(crate) cut: bool,
    pub(crate) age_ms: u64,
    pub(crate) kept: u32,
}

/// One access unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct VideoFrame {
    pub(crate) camera: CameraId,
    pub(crate) timestamp_us: u64,
    pub(crate) key: bool,
    #[serde(serialize_with = "as_base64")]
    pub(crate) data: Bytes,
}

/// What there is to see of a camera, or why nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct VideoStatus {
    pub(crate) camera: CameraId,
    pub(crate) health: Option<CameraHealth>,
    pub(crate) codec: String,
    pub(crate) message: String,
}

fn as_base64<S: serde::Serializer>(data: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(data))
}

/// What goes to a screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "made, encoded and dropped in one place")]
pub(crate) enum ToScreen<'a> {
    Welcome(Welcome),
    Snapshot(Part),
    Frame(Frame<'a>),
    Reset { group: GroupId, reason: ResetReason },
    Pong { nonce: u64, server_time_ms: u64 },
    Bye { code: ByeCode, message: String },
    VideoFrame(VideoFrame),
    VideoStatus(VideoStatus),
    Heartbeat(Heartbeat),
}

impl ToScreen<'_> {
    /// The WebSocket message: binary protobuf, or JSON text.
    pub(crate) fn encode(&self, encoding: Encoding) -> Payload {
        match encoding {
            Encoding::Protobuf => {
                let wire = generated::ToScreen { body: Some(self.to_wire()) };
                Payload::Binary(Bytes::from(wire.encode_to_vec()))
            }
            // Every type in it has string keys and finite numbers, so that writing to memory cannot fail.
            Encoding::Json => Payload::Text(serde_json::to_string(self).unwrap_or_default().into()),
        }
    }

    fn to_wire(&self) -> generated::to_screen::Body {
        use generated::to_screen::Body;
        match self {
            Self::Welcome(it) => Body::Welcome(generated::Welcome {
                node: it.node,
                epoch: it.epoch,
                person: it.person.to_string(),
                person_name: it.person_name.clone(),
                role: it.role.write(),
                server_time_ms: it.server_time_ms,
                heartbeat_ms: it.heartbeat_ms,
            }),
            Self::Snapshot(it) => Body::Snapshot(generated::Snapshot {
                through: Some(it.through.to_wire()),
                last: it.last,
                admin_units: it.admin_units.write(),
                districts: it.districts.write(),
                units: it.units.write(),
                incidents: it.incidents.write(),
                sensors: it.sensors.write(),
                cameras: it.cameras.write(),
                alarms: it.alarms.write(),
                live_nodes: it.live_nodes.as_ref().map(Record::to_wire),
                part: it.part,
                at_ms: it.at_ms.0,
                models: it.models.write(),
                tallies: it.tallies.write(),
                instructions: it.instructions.write(),
                calls: it.calls.write(),
                agents: it.agents.write(),
                call_desk: it.call_desk.as_ref().map(Record::to_wire),
                exercises: it.exercises.write(),
                rooms: it.rooms.write(),
                shift_notes: it.shift_notes.write(),
                waiting_reports: it.waiting_reports.write(),
            }),
            Self::Frame(it) => Body::Frame(generated::Frame {
                from: Some(it.from.to_wire()),
                through: Some(it.through.to_wire()),
                events: it.events.iter().map(|event| event.to_wire()).collect(),
                withdrawn: it.withdrawn.clone(),
                at_ms: it.at_ms.0,
            }),
            Self::Reset { group, reason } => {
                Body::Reset(generated::Reset { group: group.0, reason: reason.as_str().to_owned() })
            }
            Self::Pong { nonce, server_time_ms } => {
                Body::Pong(generated::Pong { nonce: *nonce, server_time_ms: *server_time_ms })
            }
            Self::Bye { code, message } => {
                Body::Bye(generated::Bye { code: code.as_str().to_owned(), message: message.clone() })
            }
            Self::VideoFrame(it) => Body::VideoFrame(generated::VideoFrame {
                camera: it.camera.to_string(),
                timestamp_us: it.timestamp_us,
                key: it.key,
                data: it.data.clone(),
            }),
            Self::VideoStatus(it) => Body::VideoStatus(generated::VideoStatus {
                camera: it.camera.to_string(),
                health: it.health.write(),
                codec: it.codec.clone(),
                message: it.message.clone(),
            }),
            Self::Heartbeat(it) => {
                let groups = it.groups.iter().map(|&GroupPulse { group, leader_age_ms, applied_index, leader }| {
                    generated::GroupAge { group: group.0, leader_age_ms, applied_index, leader }
                });
                let models = it.models.iter().map(|model| generated::ModelSilence {
                    name: model.name.to_string(),
                    cause: model.cause.as_str().to_owned(),
                });
                let line = it.line.as_ref();
                Body::Heartbeat(generated::Heartbeat {
                    server_time_ms: it.server_time_ms,
                    quorum_age_ms: it.quorum_age_ms,
                    groups: groups.collect(),
                    models: models.collect(),
                    line: line.map(|&LinePulse { cut, age_ms, kept }| generated::ProvinceLine { cut, age_ms, kept }),
                    drill: it.drill.as_ref().map(Record::to_wire),
                })
            }
        }
    }
}

/// Bytes of a message on the wire, without the WebSocket head.
pub(crate) fn payload_bytes(payload: &Payload) -> usize {
    payload.len()
}

/// What comes from a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToServer {
    /// The token is empty when the cookie carries it. `why`: what the screen is for, for the record; may be empty.
    Hello {
        token: String,
        why: String,
    },
    Subscribe {
        subscription: Subscription,
        from: Vec<Position>,
    },
    /// `gaps`, `doubles`: frames that were missing or came twice since those that an answered one told of.
    Ping {
        nonce: u64,
        gaps: u32,
        doubles: u32,
    },
    /// `why` is empty where nobody said.
    WatchCamera {
        camera: CameraId,
        why: String,
    },
    UnwatchCamera {
        camera: CameraId,
    },
}

/// `ToServer` as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum JsonToServer {
    Hello(JsonHello),
    Subscribe(JsonSubscribe),
    Ping(JsonPing),
    WatchCamera(JsonCamera),
    UnwatchCamera(JsonCamera),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JsonHello {
    token: String,
    language: String,
    why: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JsonSubscribe {
    districts: Vec<String>,
    nouns: Vec<String>,
    from: Vec<Position>,
}

#[derive(Deserialize)]
struct JsonPing {
    nonce: u64,
    #[serde(default)]
    gaps: u32,
    #[serde(default)]
    doubles: u32,
}

#[derive(Deserialize)]
struct JsonCamera {
    camera: String,
    #[serde(default)]
    why: String,
}

impl ToServer {
    /// Reads a protobuf `ToServer`. Errors name the field and the remedy.
    pub(crate) fn from_protobuf(bytes: &[u8]) -> Result<Self, Malformed> {
        use generated::to_server::Body;
        let wire = generated::ToServer::decode(bytes)
            .map_err(|e| Malformed::new("message", format!("send a protobuf trongdong.v1.ToServer ({e})")))?;
        let Some(body) = wire.body else { return Err(Malformed::new("message", "send one of its bodies")) };
        Ok(match body {
            Body::Hello(it) => Self::hello(it.token, &it.language, &it.why)?,
            Body::Subscribe(it) => Self::subscribe(it.districts, it.nouns, Field::read("from", it.from)?)?,
            Body::Ping(it) => Self::Ping { nonce: it.nonce, gaps: it.gaps, doubles: it.doubles },
            Body::WatchCamera(it) => Self::WatchCamera { camera: CameraId::new(&it.camera)?, why: reason_of(&it.why) },
            Body::UnwatchCamera(it) => Self::UnwatchCamera { camera: CameraId::new(&it.camera)? },
        })
    }

    /// Reads a JSON `ToServer`, such as `{"ping":{"nonce":1}}`. Errors name the field and the remedy.
    pub(crate) fn from_json(text: &str) -> Result<Self, Malformed> {
        let message: JsonToServer = serde_json::from_str(text)
            .map_err(|e| Malformed::new("message", format!("send {{\"ping\":{{\"nonce\":1}}}} or the like ({e})")))?;
        Ok(match message {
            JsonToServer::Hello(it) => Self::hello(it.token, &it.language, &it.why)?,
            JsonToServer::Subscribe(it) => Self::subscribe(it.districts, it.nouns, it.from)?,
            JsonToServer::Ping(it) => Self::Ping { nonce: it.nonce, gaps: it.gaps, doubles: it.doubles },
            JsonToServer::WatchCamera(it) => {
                Self::WatchCamera { camera: CameraId::new(&it.camera)?, why: reason_of(&it.why) }
            }
            JsonToServer::UnwatchCamera(it) => Self::UnwatchCamera { camera: CameraId::new(&it.camera)? },
        })
    }

    /// The language is checked and no more: texts are made at the screen, which knows its own.
    fn hello(token: String, language: &str, why: &str) -> Result<Self, Malformed> {
        if !matches!(language, "" | "vi" | "en") {
            return Err(Malformed::new("hello.language", "use vi or en"));
        }
        Ok(Self::Hello { token, why: reason_of(why) })
    }

    fn subscribe(districts: Vec<String>, nouns: Vec<String>, from: Vec<Position>) -> Result<Self, Malformed> {
        let most = districts.len().max(nouns.len()).max(from.len());
        if most > SUBSCRIBE_ITEMS_MAX {
            return Err(Malformed::new("subscribe", format!("name at most {SUBSCRIBE_ITEMS_MAX} of each")));
        }
        let districts = districts.iter().map(|id| DistrictId::new(id).map_err(|e| e.within("subscribe.districts")));
        let noun = |name: &String| {
            let known = SUBSCRIBABLE.iter().find(|(known, _)| known == name).map(|(_, noun)| *noun);
            let remedy = "use any of sensor camera alarm incident instruction unit reading model call report";
            known.ok_or_else(|| Malformed::new("subscribe.nouns", remedy))
        };
        let subscription = Subscription {
            districts: districts.collect::<Result<BTreeSet<_>, _>>()?,
            nouns: nouns.iter().map(noun).collect::<Result<BTreeSet<_>, _>>()?,
        };
        Ok(Self::Subscribe { subscription, from })
    }
}

#[cfg(test)]
mod tests;
