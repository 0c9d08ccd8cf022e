//! Outgoing notices: other systems that are told of what happens, and what waits for each of them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{AdminUnitCode, EventKind, ReceiverId, wire::record};

/// Another system that is told of what happens, one notice at a time, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Its id.
    pub id: ReceiverId,
    /// What people call it.
    pub name: String,
    /// Where notices are posted.
    pub url: String,
    /// What they are signed with, sealed under the cluster key. Never in an event, never in JSON.
    #[serde(skip)]
    pub secret_sealed: Bytes,
    /// Kinds of event that it is told of; only those about an incident or an instruction are told.
    pub kinds: Vec<EventKind>,
    /// What lies in this administrative unit, or below it; none: everywhere.
    pub admin_unit: Option<AdminUnitCode>,
    /// Is told of nothing; what waits stays.
    pub disabled: bool,
    /// The number of its newest notice.
    pub newest: u64,
    /// The number of the newest that it has confirmed.
    pub confirmed: u64,
    /// Notices that it never got, since `limits::NOTICES_MAX` were waiting.
    pub missed: u64,
}

record!(Receiver { id, name, url, secret_sealed, kinds, admin_unit, disabled, newest, confirmed, missed });

/// One notice that waits for its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// For whom.
    pub receiver: ReceiverId,
    /// Counts from 1 for the receiver, without a gap: with the receiver it is the notice's identity.
    pub number: u64,
    /// Log index of the entry that it tells of.
    pub index: u64,
    /// Notices between the one before and this one that were not kept.
    pub missed_before: u64,
    /// An encoded `Event`.
    pub event: Bytes,
}

record!(Notice { receiver, number, index, missed_before, event });
