//! What waits to be written to one screen. Bounded by messages and bytes; at the bound everything is dropped, the screen is
//! too slow, and its socket says so and closes. Pictures are shared and bounded in number, so that their bytes do not count.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{
    hub::{Picture, Sink},
    message::{Payload, payload_bytes},
};

/// Pictures that wait for one screen: those of all groups, twice, for a change of rights while they are sent. At the bound
/// the screen is too slow.
const PICTURES_MAX: usize = 18;

/// Bounds of one screen's queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxLimits {
    /// Messages that wait.
    pub(crate) messages_max: usize,
    /// Their bytes.
    pub(crate) bytes_max: usize,
}

/// The queue of one screen; all clones are the same one.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Inner>);

struct Inner {
    queue: Mutex<Queue>,
    filled: Notify,
    limits: OutboxLimits,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    messages: usize,
    bytes: usize,
    pictures: usize,
    state: State,
}

enum Item {
    One(Payload),
    /// A picture, from its part of that number on.
    Picture(Arc<[Payload]>, usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Slow,
    Gone,
}

impl Outbox {
    /// An empty queue.
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self(Arc::new(Inner { queue: Mutex::default(), filled: Notify::new(), limits }))
    }

    /// Resolves when there is something to take, or the queue has overflowed. For one waiter.
    pub(crate) async fn filled(&self) {
        self.0.filled.notified().await;
    }

    /// Takes up to `count` messages in order; `None` when the screen was too slow.
    pub(crate) fn take(&self, count: usize) -> Option<Vec<Payload>> {
        let mut queue = self.queue();
        if queue.state == State::Slow {
            return None;
        }
        let mut taken = Vec::new();
        while taken.len() < count {
            match queue.items.pop_front() {
                None => break,
                Some(Item::One(payload)) => {
                    queue.messages -= 1;
                    queue.bytes -= payload_bytes(&payload);
                    taken.push(payload);
                }
                Some(Item::Picture(parts, at)) => {
                    taken.extend(parts.get(at).cloned());
                    if at + 1 < parts.len() {
                        queue.items.push_front(Item::Picture(parts, at + 1));
                    } else {
                        queue.pictures -= 1;
                    }
                }
            }
        }
        if !queue.items.is_empty() {
            self.0.filled.notify_one();
        }
        Some(taken)
    }

    /// The socket is gone: whoever still holds this queue learns it with the next push.
    pub(crate) fn close(&self) {
        let mut queue = self.queue();
        *queue = Queue { state: State::Gone, ..Queue::default() };
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, fill: impl FnOnce(&mut Queue)) -> bool {
        let mut queue = self.queue();
        if queue.state != State::Open {
            return false;
        }
        fill(&mut queue);
        let limits = self.0.limits;
        if queue.messages > limits.messages_max || queue.bytes > limits.bytes_max || queue.pictures > PICTURES_MAX {
            *queue = Queue { state: State::Slow, ..Queue::default() };
        }
        self.0.filled.notify_one();
        queue.state == State::Open
    }
}

impl Sink for Outbox {
    fn push(&self, payload: &Payload) -> bool {
        self.put(|queue| {
            queue.messages += 1;
            queue.bytes += payload_bytes(payload);
            queue.items.push_back(Item::One(payload.clone()));
        })
    }

    fn push_picture(&self, picture: &Picture) -> bool {
        self.put(|queue| {
            queue.pictures += 1;
            queue.items.push_back(Item::Picture(picture.parts.clone(), 0));
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Position;

    use super::*;

    fn payload(bytes: usize) -> Payload {
        Payload::Binary(vec![0; bytes].into())
    }

    fn outbox() -> Outbox {
        Outbox::new(OutboxLimits { messages_max: 3, bytes_max: 100 })
    }

    #[test]
    fn messages_and_pictures_keep_their_order() {
        let outbox = outbox();
        let picture = Picture { through: Position::default(), parts: Arc::from([payload(500), payload(501)]) };
        assert!(outbox.push(&payload(1)) && outbox.push_picture(&picture) && outbox.push(&payload(2)));
        let sizes = |taken: Vec<Payload>| taken.iter().map(payload_bytes).collect::<Vec<_>>();
        assert_eq!(outbox.take(2).map(sizes), Some(vec![1, 500]));
        assert_eq!(outbox.take(9).map(sizes), Some(vec![501, 2]));
        assert_eq!(outbox.take(9).map(sizes), Some(vec![]));
    }

    #[test]
    fn at_either_bound_the_screen_is_slow_and_nothing_is_kept() {
        let by_count = outbox();
        assert!((0..3).all(|_| by_count.push(&payload(1))));
        assert!(!by_count.push(&payload(1)));
        let by_bytes = outbox();
        assert!(by_bytes.push(&payload(100)));
        assert!(!by_bytes.push(&payload(1)));
        for outbox in [by_count, by_bytes] {
            assert!(outbox.take(9).is_none());
            assert!(!outbox.push(&payload(1)), "slow for good");
        }
    }

    #[test]
    fn taking_makes_room() {
        let outbox = outbox();
        for _ in 0..50 {
            assert!(outbox.push(&payload(60)));
            assert_eq!(outbox.take(1).map(|taken| taken.len()), Some(1));
        }
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_until_it_is_empty() {
        let outbox = outbox();
        assert!(outbox.push(&payload(1)) && outbox.push(&payload(2)));
        outbox.filled().await;
        assert_eq!(outbox.take(1).map(|taken| taken.len()), Some(1));
        outbox.filled().await;
        assert_eq!(outbox.take(1).map(|taken| taken.len()), Some(1));
        outbox.close();
        assert!(!outbox.push(&payload(1)));
    }
}
