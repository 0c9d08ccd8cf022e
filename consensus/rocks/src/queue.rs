//! Log operations on their way to the write-ahead thread.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use raft::disk::{BoxFuture, Done, LogOp};
use tokio::sync::Notify;

use crate::lock::lock;

/// Bounded by bytes: `room` waits while the bound is passed. Only who does not wait for `room` can pass it.
pub(crate) struct Queue {
    bytes_max: usize,
    state: Mutex<State>,
    /// There is something to take, or the queue closes.
    filled: Condvar,
    /// Bytes have left, or the queue has closed.
    emptied: Notify,
}

/// An operation and who waits for it.
pub(crate) struct Queued {
    pub(crate) op: LogOp,
    pub(crate) done: Done,
}

/// What [`Queue::take`] found.
pub(crate) enum Taken {
    /// Operations in order of arrival, and their bytes, which [`Queue::give_back`] wants to hear of.
    Ops(Vec<Queued>, usize),
    /// Nothing came in time.
    Idle,
    /// The queue is closed and empty.
    Closed,
}

/// Bytes and number of operations that wait or are being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) ops: usize,
    pub(crate) bytes: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Queued>,
    /// Of what waits and of what is being written.
    depth: Depth,
    /// Nothing more is taken in.
    closed: bool,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::default(), filled: Condvar::new(), emptied: Notify::new() }
    }

    /// Appends an operation; a closed queue gives it back.
    pub(crate) fn push(&self, op: LogOp, done: Done) -> Result<(), Queued> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Queued { op, done });
        }
        state.depth.ops += 1;
        state.depth.bytes += op.bytes();
        state.waiting.push_back(Queued { op, done });
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes operations up to `bytes_max`, at least one. Waits for the first, at most `wait`.
    pub(crate) fn take(&self, bytes_max: usize, wait: Option<Duration>) -> Taken {
        let deadline = wait.map(|wait| Instant::now() + wait);
        let mut state = lock(&self.state);
        while state.waiting.is_empty() {
            if state.closed {
                return Taken::Closed;
            }
            state = match deadline {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Taken::Idle;
                    }
                    self.filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let mut bytes = 0;
        let mut count = 0;
        for queued in &state.waiting {
            bytes += queued.op.bytes();
            if bytes > bytes_max && count > 0 {
                bytes -= queued.op.bytes();
                break;
            }
            count += 1;
        }
        Taken::Ops(state.waiting.drain(..count).collect(), bytes)
    }

    /// Operations that were taken are done.
    pub(crate) fn give_back(&self, ops: usize, bytes: usize) {
        let has_room = {
            let mut state = lock(&self.state);
            state.depth.ops = state.depth.ops.saturating_sub(ops);
            state.depth.bytes = state.depth.bytes.saturating_sub(bytes);
            self.has_room(&state)
        };
        if has_room {
            self.emptied.notify_waiters();
        }
    }

    /// Takes in nothing more. What waits is still worked off.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.filled.notify_all();
        self.emptied.notify_waiters();
    }

    /// Takes in nothing more, and returns what waited.
    pub(crate) fn clear(&self) -> VecDeque<Queued> {
        let waiting = {
            let mut state = lock(&self.state);
            state.closed = true;
            state.depth = Depth::default();
            mem::take(&mut state.waiting)
        };
        self.filled.notify_all();
        self.emptied.notify_waiters();
        waiting
    }

    pub(crate) fn depth(&self) -> Depth {
        lock(&self.state).depth
    }

    /// Resolves when fewer bytes than the bound wait. A closed queue has room, so that who waits comes and hears why.
    pub(crate) fn room(self: Arc<Self>) -> BoxFuture<()> {
        Box::pin(async move {
            loop {
                let mut emptied = std::pin::pin!(self.emptied.notified());
                // Registered before the look, so that what leaves between the look and the wait is not missed.
                emptied.as_mut().enable();
                if self.has_room(&lock(&self.state)) {
                    return;
                }
                emptied.await;
            }
        })
    }

    fn has_room(&self, state: &State) -> bool {
        state.closed || state.depth.bytes < self.bytes_max
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;

    use super::*;

    fn vote(bytes: usize) -> LogOp {
        LogOp::Vote { group: 1, vote: Bytes::from(vec![0; bytes]) }
    }

    fn push(queue: &Queue, bytes: usize) {
        assert!(queue.push(vote(bytes), Box::new(|_| {})).is_ok());
    }

    #[test]
    fn a_drain_is_bounded_but_never_empty() {
        let queue = Queue::new(1 << 20);
        for bytes in [5000, 100, 100, 5000] {
            push(&queue, bytes);
        }
        let mut drains = Vec::new();
        while let Taken::Ops(ops, bytes) = queue.take(1000, Some(Duration::ZERO)) {
            assert_eq!(bytes, ops.iter().map(|queued| queued.op.bytes()).sum::<usize>());
            queue.give_back(ops.len(), bytes);
            drains.push(ops.len());
        }
        assert_eq!(drains, [1, 2, 1]);
        assert_eq!(queue.depth(), Depth::default());
    }

    #[test]
    fn room_comes_when_bytes_are_done_not_when_they_are_taken() {
        let queue = Arc::new(Queue::new(1000));
        push(&queue, 2000);
        let mut room = Arc::clone(&queue).room();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(room.as_mut().poll(&mut context), Poll::Pending);
        let Taken::Ops(ops, bytes) = queue.take(usize::MAX, None) else { panic!("there is one") };
        assert_eq!(room.as_mut().poll(&mut context), Poll::Pending);
        queue.give_back(ops.len(), bytes);
        assert_eq!(room.as_mut().poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn a_closed_queue_is_worked_off_and_refuses() {
        let queue = Arc::new(Queue::new(1));
        push(&queue, 10);
        queue.close();
        assert!(queue.push(vote(1), Box::new(|_| {})).is_err());
        assert!(matches!(queue.take(1, None), Taken::Ops(..)));
        assert!(matches!(queue.take(1, None), Taken::Closed));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(Arc::clone(&queue).room().as_mut().poll(&mut context), Poll::Ready(()));
    }
}
