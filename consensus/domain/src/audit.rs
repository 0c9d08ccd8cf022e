//! The record: a hash chain per group, one record for each entry that was applied, accepted or refused.
//!
//! ```text
//! commitment = SHA-256("trongdong audit payload 1" ‖ salt ‖ payload)
//! link       = SHA-256("trongdong audit link 1" ‖ link before ‖ group ‖ number ‖ index ‖ at_ms ‖ commitment)
//! ```
//!
//! Numbers are 4 or 8 bytes, big-endian; the link before the first record is 32 zero bytes. A record stands in two rows:
//! its link, which stays for ever, and its salt with the payload (who, from where, why, what, what came of it), which
//! erasure deletes. The chain still verifies, and nobody can find out the payload by trying, because the salt is gone too.
//! The head of each chain is anchored in another group's, so that a chain cannot be cut off or made anew alone.
//! `verify` checks all this on a machine that has nothing but an export, whose parts have an end each (`export`).

mod export;
pub mod verify;
pub mod why;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub use export::{AuditEnd, EXPORTED_BYTES_MAX, Frame, Framed, frame, frames, part};

use crate::{
    Digest, Entry, GroupId, Millis, Reply, Row, Terms, rows,
    wire::{Field, Malformed, Record, generated, message_field, record},
};

/// The behaviour that [`crate::SwitchFeature`] switches on: from that entry on every entry is recorded.
pub const FEATURE: u32 = 250;
/// Bytes of a salt: too many to try.
pub const SALT_BYTES: usize = 32;

const PAYLOAD_TAG: &[u8] = b"trongdong audit payload 1";
const LINK_TAG: &[u8] = b"trongdong audit link 1";

/// How far a group's chain is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the newest record; 0: there is none.
    pub number: u64,
    /// Its link; of no record: zero bytes.
    pub link: Digest,
}

/// What is hashed into the chain of one record, and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditLink {
    /// Of which group.
    pub group: GroupId,
    /// Counts from 1 within the group.
    pub number: u64,
    /// Log index.
    pub index: u64,
    /// The entry's time.
    pub at_ms: Millis,
    /// Of salt and payload.
    pub commitment: Digest,
    /// Of this and all before.
    pub link: Digest,
}

record!(AuditLink { group, number, index, at_ms, commitment, link });

/// What erasure deletes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSealed {
    /// Drawn by the leader for this entry.
    pub salt: Bytes,
    /// An encoded [`AuditPayload`].
    pub payload: Bytes,
}

record!(AuditSealed { salt, payload });

/// Who did what, from where, why, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPayload {
    /// Who; empty: the system.
    pub by: String,
    /// From which address, as the gateway saw it; may be empty.
    pub from: String,
    /// Why, as the person said; may be empty.
    pub why: String,
    /// The command's name.
    pub name: String,
    /// The encoded command; empty for readings, which stand in rows of their own.
    pub command: Bytes,
    /// For readings: hash of the encoded entry.
    pub entry_sha256: Option<Digest>,
    /// Empty: accepted; else the code of the refusal.
    pub refused: String,
    /// By what it was more, or less, than the person's own rights.
    pub terms: Terms,
    /// Of a drill: the command says so, or what it is about is of one. Of entries before [`crate::VOCABULARY_2`] never.
    pub exercise: bool,
}

record!(AuditPayload { by, from, why, name, command, entry_sha256, refused, terms, exercise });

/// One record as an export has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the chain.
    pub link: AuditLink,
    /// Salt and payload; none: erased, or withheld.
    pub sealed: Option<AuditSealed>,
    /// They are there, and not for whoever asked.
    pub withheld: bool,
}

impl AuditRecord {
    /// The record for who may not see callers: one that tells of a caller has its link alone, and says so.
    #[must_use]
    pub fn without_callers(self) -> Self {
        if self.tells_of_callers() { Self { sealed: None, withheld: true, ..self } } else { self }
    }

    /// Whether what is sealed in it tells of a caller.
    #[must_use]
    pub fn tells_of_callers(&self) -> bool {
        self.sealed.as_ref().is_some_and(|sealed| tells_of_callers(&sealed.payload))
    }
}

/// Whether a payload holds a caller's number, place or words. One that cannot be read may.
fn tells_of_callers(payload: &[u8]) -> bool {
    let Ok(payload) = AuditPayload::decode(payload) else { return true };
    if payload.command.is_empty() {
        return false;
    }
    match crate::Command::decode(&payload.command) {
        Ok(command) => matches!(
            command,
            crate::Command::OfferCall(_)
                | crate::Command::FileReport(_)
                | crate::Command::PutCallDraft(_)
                | crate::Command::NameCaller(_)
                | crate::Command::TransferCall(_)
                | crate::Command::SettleCallback(_)
        ),
        Err(_) => true,
    }
}

impl Record for AuditRecord {
    type Wire = generated::AuditRecord;

    fn from_wire(wire: generated::AuditRecord) -> Result<Self, Malformed> {
        if wire.end.is_some() {
            return Err(Malformed::new("end", "is the end of a part of an export, and no record: read it as a frame"));
        }
        let sealed = wire.sealed.map(AuditSealed::from_wire).transpose()?;
        Ok(Self { link: Field::read("link", wire.link)?, sealed, withheld: wire.withheld })
    }

    fn to_wire(&self) -> generated::AuditRecord {
        let sealed = self.sealed.as_ref().map(Record::to_wire);
        generated::AuditRecord { link: Some(self.link.to_wire()), sealed, withheld: self.withheld, end: None }
    }
}

message_field!(AuditRecord);

/// What a record commits to.
#[must_use]
pub fn commitment(salt: &[u8], payload: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(PAYLOAD_TAG);
    // The salt's length is part of it, so that no byte can change sides.
    hash.update(u64::try_from(salt.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(salt);
    hash.update(payload);
    Digest(hash.finalize().into())
}

/// The link after `before`; of `record` all but its own link counts.
#[must_use]
pub fn link(before: &Digest, record: &AuditLink) -> Digest {
    let mut hash = Sha256::new();
    hash.update(LINK_TAG);
    hash.update(before.0);
    hash.update(record.group.0.to_be_bytes());
    hash.update(record.number.to_be_bytes());
    hash.update(record.index.to_be_bytes());
    hash.update(record.at_ms.0.to_be_bytes());
    hash.update(record.commitment.0);
    Digest(hash.finalize().into())
}

fn entry_sha256(entry: &Entry, proposal: &Bytes) -> Digest {
    let hash = if proposal.is_empty() { Sha256::digest(entry.encode()) } else { Sha256::digest(proposal) };
    Digest(hash.into())
}

/// Records one applied entry: the new head, and the rows of the record. `proposal` is the entry as it stands in the log; empty: it is
/// not at hand, and is encoded anew.
pub(crate) fn append(
    head: &AuditHead,
    at: (GroupId, u64, Millis),
    (entry, proposal): (&Entry, &Bytes),
    (by, terms): (Option<&str>, Option<&Terms>),
    reply: &Reply,
    exercise: bool,
) -> (AuditHead, [Row; 2]) {
    let (group, index, at_ms) = at;
    let is_bulk = matches!(entry.command, crate::Command::RecordReadings(_));
    let grant = entry.grant.as_ref();
    let payload = AuditPayload {
        by: by.unwrap_or_default().to_owned(),
        from: grant.map(|grant| grant.from.clone()).unwrap_or_default(),
        why: grant.map(|grant| grant.why.clone()).unwrap_or_default(),
        name: entry.command.name().to_owned(),
        command: if is_bulk { Bytes::new() } else { entry.command.encode().into() },
        entry_sha256: is_bulk.then(|| entry_sha256(entry, proposal)),
        refused: match reply {
            Reply::Accepted(_) => String::new(),
            Reply::Refused(refusal) => refusal.code.as_str().to_owned(),
        },
        terms: terms.cloned().unwrap_or_default(),
        exercise,
    };
    let payload = Bytes::from(payload.encode());
    let number = head.number.saturating_add(1);
    let commitment = commitment(&entry.salt, &payload);
    let mut record = AuditLink { group, number, index, at_ms, commitment, link: Digest::default() };
    record.link = link(&head.link, &record);
    let sealed = AuditSealed { salt: entry.salt.clone(), payload };
    let rows = [
        Row { key: rows::audit_link_key(number), value: record.encode().into() },
        Row { key: rows::audit_sealed_key(number), value: sealed.encode().into() },
    ];
    (AuditHead { number, link: record.link }, rows)
}
