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

/// How long it is left lying how far is committed: that is told a moment after each entry, and a batch of its own for it costs a
/// turn of the thread and a write. With one writer the next entry takes it along.
const LINGER: Duration = Duration::from_millis(3);

/// Whether it may be left lying. A truncation may not, though nobody waits for it: the snapshot behind it is made durable by
/// another thread, and a process that ended in between would have entries that part from what it has applied.
fn may_linger(op: &LogOp) -> bool {
    matches!(op, LogOp::Committed { .. })
}

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
    /// How many of them are not to be left lying.
    urgent: usize,
    /// The thread sleeps for a moment only, and then looks at all that has come: it need not be woken for what can wait.
    lingers: bool,
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
        let is_urgent = !may_linger(&op);
        state.depth.ops += 1;
        state.depth.bytes += op.bytes();
        state.urgent += usize::from(is_urgent);
        state.waiting.push_back(Queued { op, done });
        let wakes = is_urgent || !state.lingers;
        drop(state);
        if wakes {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Takes operations up to `bytes_max`, at least one. Waits for the first, at most `wait`; what may linger is no first
    /// one for a moment.
    pub(crate) fn take(&self, bytes_max: usize, wait: Option<Duration>) -> Taken {
        let begun = Instant::now();
        let (deadline, lingers_until) = (wait.map(|wait| begun + wait), begun + LINGER);
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            let lingers = now < lingers_until && !state.closed;
            if state.urgent > 0 || (!state.waiting.is_empty() && !lingers) {
                break;
            }
            if state.closed {
                return Taken::Closed;
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Taken::Idle;
            }
            state.lingers = lingers;
            let until = if lingers { Some(deadline.unwrap_or(lingers_until).min(lingers_until)) } else { deadline };
            state = match until {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(now);
                    self.filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.lingers = false;
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
        let ops: Vec<_> = state.waiting.drain(..count).collect();
        let urgent = ops.iter().filter(|queued| !may_linger(&queued.op)).count();
        state.urgent = state.urgent.saturating_sub(urgent);
        Taken::Ops(ops, bytes)
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
            state.urgent = 0;
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

    fn committed() -> LogOp {
        LogOp::Committed { group: 1, committed: Bytes::from_static(b"c") }
    }

    #[test]
    fn how_far_is_committed_goes_with_the_next_entry_and_alone_a_moment_later() {
        let queue = Arc::new(Queue::new(1 << 20));
        let put = |op| assert!(queue.push(op, Box::new(|_| {})).is_ok());
        put(committed());
        let begun = Instant::now();
        let Taken::Ops(alone, _) = queue.take(1000, None) else { panic!("there is one") };
        assert_eq!(alone.len(), 1);
        assert!(begun.elapsed() >= LINGER);
        put(committed());
        put(vote(10));
        put(committed());
        let Taken::Ops(together, _) = queue.take(1000, Some(Duration::ZERO)) else { panic!("a vote does not wait") };
        assert_eq!(together.iter().map(|queued| queued.op.needs_flush()).collect::<Vec<_>>(), [false, true, false]);
        put(committed());
        put(LogOp::Truncate { group: 1, from: 7 });
        assert!(matches!(queue.take(1000, Some(Duration::ZERO)), Taken::Ops(ops, _) if ops.len() == 2));
        // A thread that has lain still for long hears of it although nobody waits.
        let sleeper = Arc::clone(&queue);
        let taken =
            std::thread::spawn(move || matches!(sleeper.take(1000, None), Taken::Ops(ops, _) if ops.len() == 1));
        std::thread::sleep(2 * LINGER);
        put(committed());
        assert!(taken.join().unwrap());
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
