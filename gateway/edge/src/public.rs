//! What people without an account may ask: put a report, follow it by its code, rate it, open it again. Nothing here may hurt
//! the command room: a public request has turns, rates and a share of the connections of its own, all of them smaller than
//! what staff have, and is sent away by name (429, and whom to call) when they are used up.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use axum::body::Body;
use domain::{Command, GroupId, Reply};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    api::body::{from_json, read},
    app::App,
    clock::unix_ms,
    limits::{
        COMMAND_DEADLINE, PUBLIC_BODY_BYTES_MAX, PUBLIC_CLIPS_MAX, PUBLIC_CLIPS_PER_IP_MAX, PUBLIC_TURNS_MAX,
        PUBLIC_UPLOADS_MAX, PUBLIC_UPLOADS_PER_IP_MAX,
    },
    public::{
        error::PublicError,
        guard::{Guard, Kind},
    },
    seats::Seats,
};

pub(crate) mod code;
pub(crate) mod error;
pub(crate) mod file;
pub(crate) mod followed;
pub(crate) mod guard;
pub(crate) mod open311;
pub(crate) mod open_data;
pub(crate) mod report;
pub(crate) mod words;

/// What the public requests of this node share.
pub(crate) struct Public {
    guard: Mutex<Guard>,
    /// Turns on the way into the cluster.
    turns: Semaphore,
    /// Turns to bring a photo.
    pub(crate) uploads: Seats,
    /// Turns to bring a clip.
    pub(crate) clips: Seats,
    /// What was last taken out of the state for everybody.
    open_data: open_data::Taken,
}

impl Default for Public {
    fn default() -> Self {
        Self {
            guard: Mutex::default(),
            turns: Semaphore::new(PUBLIC_TURNS_MAX),
            uploads: Seats::new(PUBLIC_UPLOADS_MAX, PUBLIC_UPLOADS_PER_IP_MAX),
            clips: Seats::new(PUBLIC_CLIPS_MAX, PUBLIC_CLIPS_PER_IP_MAX),
            open_data: open_data::Taken::default(),
        }
    }
}

impl Public {
    /// A turn on the way into the cluster, at once or not at all.
    pub(crate) fn turn(&self) -> Result<SemaphorePermit<'_>, PublicError> {
        self.turns.try_acquire().map_err(|_| PublicError::busy(1))
    }
}

impl App {
    /// Lets a public request in, or says when to come again. Staff keep a share of the connections for themselves: where the
    /// rest is used up, the public's are closed after an answer.
    pub(crate) fn admit(&self, kind: Kind, ip: IpAddr) -> Result<(), PublicError> {
        let share = self.config.connections_max.saturating_mul(PUBLIC_SHARE_NUMERATOR) / PUBLIC_SHARE_DENOMINATOR;
        if self.connections.taken() > share {
            return Err(PublicError::busy(BUSY_WAIT_S).closing());
        }
        self.charge(kind, ip)
    }

    /// Counts a request, or says for how long to wait.
    pub(crate) fn charge(&self, kind: Kind, ip: IpAddr) -> Result<(), PublicError> {
        let mut guard = self.public.guard.lock().unwrap_or_else(PoisonError::into_inner);
        guard.take(kind, ip, unix_ms()).map_err(|wait_ms| PublicError::busy(wait_ms.div_ceil(1_000)))
    }

    /// Proposes what somebody without an account asked for; it holds once a quorum has it.
    pub(crate) async fn propose_public(&self, command: impl Into<Command>) -> Result<(), PublicError> {
        let _turn = self.public.turn()?;
        let reply = self.road.command(Some(GroupId::COMMAND), command.into(), None, None, COMMAND_DEADLINE).await;
        match reply? {
            Reply::Accepted(_) => Ok(()),
            Reply::Refused(refusal) => Err(refusal.into()),
        }
    }
}

/// Of the connections of this node, the share past which public requests are sent away.
const PUBLIC_SHARE_NUMERATOR: usize = 3;
/// See [`PUBLIC_SHARE_NUMERATOR`].
const PUBLIC_SHARE_DENOMINATOR: usize = 4;
/// When to come again where connections are short.
const BUSY_WAIT_S: u64 = 10;

/// A JSON body of the public, within its bound.
pub(crate) async fn body<T: DeserializeOwned>(body: Body) -> Result<T, PublicError> {
    Ok(from_json(&read(body, PUBLIC_BODY_BYTES_MAX).await?)?)
}
