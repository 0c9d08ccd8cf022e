//! People, what they may do, and the memory of what they were answered.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode, DistrictId, GroupId, Millis, PersonId, ReadingVerdict, SessionId, Terms, UnitId,
    wire::{Malformed, Record, generated, message_field, record, wire_enum},
};

wire_enum! {
    /// What a person is there for. `policy` says what follows.
    Role {
        /// Runs the system.
        Admin = "admin",
        /// Watches and decides.
        Operator = "operator",
        /// Takes calls.
        Agent = "agent",
        /// Assigns units.
        Dispatcher = "dispatcher",
        /// A unit's phone.
        Responder = "responder",
        /// Sees, changes nothing.
        Viewer = "viewer",
        /// A device or an integration: writes readings.
        Device = "device",
        /// A telephone exchange: offers calls and says what becomes of them.
        Telephony = "telephony",
        /// Reads the record of who did what and why, and nothing else.
        Auditor = "auditor",
    }
}

/// A person or a service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Login name.
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// What the person is there for.
    pub role: Role,
    /// Districts seen and acted in.
    pub districts: Vec<DistrictId>,
    /// The whole province, whatever `districts` says.
    pub everywhere: bool,
    /// May not sign in.
    pub disabled: bool,
    /// argon2id hash, sealed under the cluster key. Never in an event, never in JSON.
    #[serde(skip)]
    pub credential_sealed: Bytes,
    /// The unit that a responder crews.
    pub unit: Option<UnitId>,
}

record!(Person { id, name, role, districts, everywhere, disabled, credential_sealed, unit });

/// What a person may do, resolved in group 0 at `index`, carried by an entry for another group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// In the whole province.
    pub everywhere: bool,
    /// Or in these administrative units.
    pub admin_units: BTreeSet<AdminUnitCode>,
    /// Index in group 0 at which this was true.
    pub index: u64,
    /// From which address the person acts, as the gateway saw it; for the record, nothing is decided by it.
    #[serde(default)]
    pub from: String,
    /// Why, where the person was asked for a reason; for the record.
    #[serde(default)]
    pub why: String,
    /// What they are more, or less, than the person's own rights.
    #[serde(default)]
    pub terms: Terms,
}

impl Record for Grant {
    type Wire = generated::Grant;

    fn from_wire(wire: generated::Grant) -> Result<Self, Malformed> {
        use crate::wire::Field;
        let admin_units: Vec<AdminUnitCode> = Field::read("admin_units", wire.admin_units)?;
        Ok(Self {
            person: Field::read("person", wire.person)?,
            role: Field::read("role", wire.role)?,
            everywhere: wire.everywhere,
            admin_units: admin_units.into_iter().collect(),
            index: wire.index,
            from: wire.from,
            why: wire.why,
            terms: Field::read("terms", wire.terms)?,
        })
    }

    fn to_wire(&self) -> generated::Grant {
        generated::Grant {
            person: self.person.to_string(),
            role: crate::wire::Field::write(&self.role),
            everywhere: self.everywhere,
            admin_units: self.admin_units.iter().map(ToString::to_string).collect(),
            index: self.index,
            from: self.from.clone(),
            why: self.why.clone(),
            terms: crate::wire::Field::write(&self.terms),
        }
    }
}

message_field!(Grant);

/// Names a request: a retry has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// Whose.
    pub session: SessionId,
    /// Which, from 1.
    pub seq: u64,
}

record!(RequestId { session, seq });

/// One person's session in one group: the replies that a retry gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Hash of the bearer token.
    pub id: SessionId,
    /// Who signed in.
    pub person: PersonId,
    /// When.
    pub opened_at_ms: Millis,
    /// A request after this is refused.
    pub expires_at_ms: Millis,
    /// The highest sequence number answered.
    pub seq_max: u64,
    /// Replies kept, by sequence number. Invariant: all within `limits::SESSION_WINDOW` of `seq_max`.
    pub answered: Vec<Answered>,
}

record!(Session { id, person, opened_at_ms, expires_at_ms, seq_max, answered });

/// A request and its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Sequence number.
    pub seq: u64,
    /// What it came to.
    pub reply: Reply,
}

record!(Answered { seq, reply });

/// Why a command was refused. `code` is for programs, the rest for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Kind of refusal.
    pub code: RefusalCode,
    /// The field that was wrong; may be empty.
    pub field: String,
    /// What to do about it.
    pub message: String,
}

impl Refusal {
    /// A refusal; `field` is empty when no single one was wrong.
    pub fn new(code: RefusalCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, field: field.into(), message: message.into() }
    }
}

/// Kinds of refusal, ordered by descending precedence: the first that holds is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The command is for another kind of group.
    WrongGroup,
    /// No such session, or it has ended: sign in again.
    UnknownSession,
    /// The sequence number is older than the replies kept: whether it was applied can no longer be told.
    OutsideWindow,
    /// The person's rights changed since the grant was given.
    StaleGrant,
    /// Role or scope do not allow it.
    Forbidden,
    /// A field is wrong.
    Invalid,
    /// A bound of `limits` is reached.
    Limit,
    /// No such entity.
    NotFound,
    /// It is there already, differently.
    Exists,
    /// It changed since the version that the command was based on.
    VersionConflict,
    /// Its status does not allow it.
    WrongStatus,
    /// Not yet due.
    NotDue,
    /// Some node may run a release that cannot read it: nothing was put into the log.
    NotSwitchedOn,
}

impl RefusalCode {
    const ALL: [Self; 13] = [
        Self::WrongGroup,
        Self::UnknownSession,
        Self::OutsideWindow,
        Self::StaleGrant,
        Self::Forbidden,
        Self::Invalid,
        Self::Limit,
        Self::NotFound,
        Self::Exists,
        Self::VersionConflict,
        Self::WrongStatus,
        Self::NotDue,
        Self::NotSwitchedOn,
    ];

    /// Its name on the wire and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongGroup => "wrong_group",
            Self::UnknownSession => "unknown_session",
            Self::OutsideWindow => "outside_window",
            Self::StaleGrant => "stale_grant",
            Self::Forbidden => "forbidden",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::NotFound => "not_found",
            Self::Exists => "exists",
            Self::VersionConflict => "version_conflict",
            Self::WrongStatus => "wrong_status",
            Self::NotDue => "not_due",
            Self::NotSwitchedOn => "not_switched_on",
        }
    }
}

/// What an accepted command came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What it made or changed; may be empty.
    pub entity: String,
    /// Its version after it.
    pub version: u64,
    /// For readings: a verdict for each, in order.
    pub verdicts: Vec<ReadingVerdict>,
    /// Of taking incidents apart: units that the merge brought and that have moved on since.
    #[serde(default)]
    pub stayed: Vec<UnitId>,
    /// Where the log has it. Told to whoever asked; an answer that state keeps is without, so that state holds no terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<Logged>,
}

/// Where the log has a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Of which group.
    pub group: GroupId,
    /// Log index; 0: it was taken before, and the node that answers no longer knows where.
    pub index: u64,
    /// Term of that entry.
    pub term: u64,
    /// It was taken before, under the same number: this is the first answer again.
    pub again: bool,
}

record!(Logged { group, index, term, again });

/// What a command came to: a refusal is a reply, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done.
    Accepted(Accepted),
    /// Nothing changed.
    Refused(Refusal),
}

impl Reply {
    /// Accepted, with the entity and its version.
    pub fn accepted(entity: impl ToString, version: u64) -> Self {
        Self::Accepted(Accepted { entity: entity.to_string(), version, ..Accepted::default() })
    }

    /// The same, with where the log has what was accepted.
    #[must_use]
    pub fn logged_at(self, logged: Option<Logged>) -> Self {
        match self {
            Self::Accepted(accepted) => Self::Accepted(Accepted { logged, ..accepted }),
            refused @ Self::Refused(_) => refused,
        }
    }
}

impl Record for Reply {
    type Wire = generated::Reply;

    fn from_wire(wire: generated::Reply) -> Result<Self, Malformed> {
        if wire.refused_code.is_empty() {
            let verdicts = crate::wire::Field::read("verdicts", wire.verdicts)?;
            let stayed = crate::wire::Field::read("stayed", wire.stayed)?;
            let logged = crate::wire::Field::read("logged", wire.logged)?;
            return Ok(Self::Accepted(Accepted {
                entity: wire.entity,
                version: wire.version,
                verdicts,
                stayed,
                logged,
            }));
        }
        let code = RefusalCode::ALL
            .into_iter()
            .find(|code| code.as_str() == wire.refused_code)
            .ok_or_else(|| Malformed::new("refused_code", "use a known code"))?;
        Ok(Self::Refused(Refusal { code, field: wire.field, message: wire.message }))
    }

    fn to_wire(&self) -> generated::Reply {
        match self {
            Self::Accepted(accepted) => generated::Reply {
                entity: accepted.entity.clone(),
                version: accepted.version,
                verdicts: crate::wire::Field::write(&accepted.verdicts),
                stayed: crate::wire::Field::write(&accepted.stayed),
                logged: crate::wire::Field::write(&accepted.logged),
                ..Default::default()
            },
            Self::Refused(refusal) => generated::Reply {
                refused_code: refusal.code.as_str().to_owned(),
                field: refusal.field.clone(),
                message: refusal.message.clone(),
                ..Default::default()
            },
        }
    }
}

message_field!(Reply);
