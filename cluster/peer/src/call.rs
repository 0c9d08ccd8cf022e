//! Calls: one request, one answer, a deadline that both sides keep.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::connection::Connection;
use crate::counters::count;
use crate::error::CallError;
use crate::frame::{Frame, FrameError, Kind, Outgoing};
use crate::limits::{CALL_BYTES_MAX, CALL_DEADLINE_MAX, CALLS_MAX};
use crate::message;
use crate::sync::lock;

/// Flags of a reply.
const REPLY_DONE: u8 = 0;
const REPLY_ERROR: u8 = 1;
const REPLY_OVERLOADED: u8 = 2;

/// What handlers are at work on for one peer and lane, over all its connections: reconnecting brings no new allowance.
pub(crate) struct Serving {
    calls: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

impl Serving {
    pub(crate) fn new() -> Self {
        Self { calls: Arc::new(Semaphore::new(CALLS_MAX)), bytes: Arc::new(Semaphore::new(CALL_BYTES_MAX)) }
    }
}

/// The calls of this side that wait for their answers.
pub(crate) struct Calls {
    last_id: u64,
    pending: HashMap<u64, oneshot::Sender<Result<Bytes, CallError>>>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self { last_id: 0, pending: HashMap::new() }
    }

    /// Gives all that wait the same error. A caller that has gone needs none.
    pub(crate) fn fail(self, error: &CallError) {
        for answer in self.pending.into_values() {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

impl Connection {
    /// Asks and waits for the answer until `until`.
    pub(crate) async fn call(&self, kind: u16, payload: Bytes, until: Instant) -> Result<Bytes, CallError> {
        let never_sent = || CallError::Unreachable(self.closed_text());
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut calls = lock(&self.calls);
            let calls = calls.as_mut().ok_or_else(never_sent)?;
            if calls.pending.len() >= CALLS_MAX {
                return Err(CallError::Overloaded(format!("{CALLS_MAX} calls to node {} are in flight", self.peer)));
            }
            calls.last_id += 1;
            calls.pending.insert(calls.last_id, answer);
            calls.last_id
        };
        let _pending = Pending { connection: self, id };
        let room = match timeout_at(until, self.outbox.room(payload.len())).await {
            Ok(room) => room.map_err(|_| never_sent())?,
            Err(_) => {
                return Err(CallError::Overloaded(format!(
                    "the queue to node {} stayed full until the deadline",
                    self.peer
                )));
            }
        };
        let deadline = until.saturating_duration_since(Instant::now());
        if deadline.is_zero() {
            return Err(CallError::Unreachable(format!("node {}: the deadline passed before it was sent", self.peer)));
        }
        self.queued(self.outbox.push(message::call(id, kind, deadline, payload), room)).map_err(|()| never_sent())?;
        match timeout_at(until, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(self.closed_error()),
            Err(_) => Err(CallError::Timeout),
        }
    }

    pub(crate) fn on_reply(&self, frame: Frame) {
        let answer = lock(&self.calls).as_mut().and_then(|calls| calls.pending.remove(&frame.id));
        // A caller whose deadline has passed is gone.
        if let Some(answer) = answer {
            let _ = answer.send(match frame.flags {
                REPLY_DONE => Ok(frame.payload),
                REPLY_ERROR => Err(CallError::Remote(message::parse_text(&frame.payload))),
                _ => Err(CallError::Overloaded(message::parse_text(&frame.payload))),
            });
        }
    }

    /// Starts the handler for a call, or refuses it at the bound.
    pub(crate) fn serve(self: &Arc<Self>, frame: Frame) -> Result<(), FrameError> {
        let (id, (kind, deadline, payload)) = (frame.id, message::parse_call(frame.payload)?);
        let serving = &self.wiring.serving;
        let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let admitted = Arc::clone(&serving.calls)
            .try_acquire_owned()
            .and_then(|call| Ok((call, Arc::clone(&serving.bytes).try_acquire_many_owned(bytes)?)));
        let Ok(admitted) = admitted else {
            count(&self.wiring.counters.calls_overloaded);
            let refusal = message::text(Kind::Reply, REPLY_OVERLOADED, id, "too many calls are in flight");
            let _ = self.queued(self.outbox.push_small(refusal));
            return Ok(());
        };
        let until = Instant::now() + deadline.min(CALL_DEADLINE_MAX);
        let connection = Arc::clone(self);
        let mut stopping = self.wiring.stopping.clone();
        self.wiring.tasks.spawn(async move {
            tokio::select! {
                // Past the deadline the caller is gone: no answer.
                _ = timeout_at(until, connection.answer(id, kind, payload)) => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
            drop(admitted);
        });
        Ok(())
    }

    async fn answer(&self, id: u64, kind: u16, payload: Bytes) {
        let handler = Arc::clone(&self.wiring.handler);
        let peer = self.peer;
        // A handler's panic is the handler's: the caller hears of it and the connection goes on.
        let work = AssertUnwindSafe(async move { handler.call(peer, kind, payload).await }).catch_unwind().await;
        let answer = work.unwrap_or_else(|_| {
            count(&self.wiring.counters.handler_panics);
            Err("the handler panicked".to_owned())
        });
        let answer = answer.and_then(|reply| match self.check_size(reply.len()) {
            Ok(()) => Ok(reply),
            Err(error) => Err(format!("answer: {error}")),
        });
        let frame = match answer {
            Ok(reply) => Outgoing::new(Kind::Reply, REPLY_DONE, id, &[], reply),
            Err(error) => message::text(Kind::Reply, REPLY_ERROR, id, &error),
        };
        if let Ok(room) = self.outbox.room(frame.len()).await
            && self.queued(self.outbox.push(frame, room)).is_ok()
        {
            count(&self.wiring.counters.calls_served);
        }
    }
}

/// Forgets a call that is answered, timed out or dropped.
struct Pending<'a> {
    connection: &'a Connection,
    id: u64,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(calls) = lock(&self.connection.calls).as_mut() {
            calls.pending.remove(&self.id);
        }
    }
}
