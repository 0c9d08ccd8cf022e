//! What waits for one peer on the live bus: the latest value per topic and key, in the order in which the keys came. Pure, but for the lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::counters::{Counters, add, count};
use crate::limits::{LIVE_KEYS_MAX, LIVE_QUEUE_BYTES_MAX};
use crate::sync::lock;

type Slot = (u16, Bytes);

/// A value of the bus: topic, key, value.
pub(crate) type Value = (u16, Bytes, Bytes);

#[derive(Debug, Default)]
struct LiveQueue {
    values: HashMap<Slot, Bytes>,
    order: VecDeque<Slot>,
    bytes: usize,
}

/// What became of a value that was put.
#[derive(Debug, Default, PartialEq, Eq)]
struct Put {
    replaced: bool,
    dropped: usize,
}

impl LiveQueue {
    /// A newer value takes the place of the older one, also in the order: a key that changes often is not put off for ever.
    fn put(&mut self, topic: u16, key: Bytes, value: Bytes) -> Put {
        let slot = (topic, key);
        let mut put = Put::default();
        self.bytes += value.len();
        if let Some(old) = self.values.get_mut(&slot) {
            self.bytes -= old.len();
            *old = value;
            put.replaced = true;
        } else {
            self.bytes += slot.1.len();
            self.order.push_back(slot.clone());
            self.values.insert(slot, value);
        }
        while self.order.len() > LIVE_KEYS_MAX || self.bytes > LIVE_QUEUE_BYTES_MAX {
            self.take();
            put.dropped += 1;
        }
        put
    }

    fn take(&mut self) -> Option<Value> {
        let slot = self.order.pop_front()?;
        let value = self.values.remove(&slot).unwrap_or_default();
        self.bytes -= slot.1.len() + value.len();
        Some((slot.0, slot.1, value))
    }

    fn next_bytes(&self) -> Option<usize> {
        self.order.front().map(|slot| slot.1.len() + self.values.get(slot).map_or(0, Bytes::len))
    }
}

/// The queue with its lock and its one reader's wake-up.
#[derive(Debug, Default)]
pub(crate) struct LiveOutbox {
    queue: Mutex<LiveQueue>,
    filled: Notify,
}

impl LiveOutbox {
    /// Puts a value and never waits.
    pub(crate) fn put(&self, topic: u16, key: Bytes, value: Bytes, counters: &Counters) {
        let put = lock(&self.queue).put(topic, key, value);
        if put.replaced {
            count(&counters.live_replaced);
        }
        add(&counters.live_dropped, put.dropped);
        self.filled.notify_one();
    }

    /// Waits for a value and says how large it is, without taking it: until it is taken a newer one may replace it.
    pub(crate) async fn next_bytes(&self) -> usize {
        loop {
            let next = lock(&self.queue).next_bytes();
            if let Some(bytes) = next {
                return bytes;
            }
            self.filled.notified().await;
        }
    }

    pub(crate) fn take(&self) -> Option<Value> {
        lock(&self.queue).take()
    }

    /// Drops all that waits: the peer is gone, and on its return these values would be old.
    pub(crate) fn clear(&self, counters: &Counters) {
        let dropped = std::mem::take(&mut *lock(&self.queue));
        add(&counters.live_dropped, dropped.order.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(queue: &mut LiveQueue, key: u32, value: Vec<u8>) -> Put {
        queue.put(1, Bytes::copy_from_slice(&key.to_be_bytes()), value.into())
    }

    #[test]
    fn latest_value_keeps_the_place_of_the_first() {
        let mut queue = LiveQueue::default();
        put(&mut queue, 1, vec![1]);
        put(&mut queue, 2, vec![2]);
        assert_eq!(put(&mut queue, 1, vec![3, 3]), Put { replaced: true, dropped: 0 });
        assert_eq!(queue.next_bytes(), Some(6));
        assert_eq!(queue.take().unwrap().2, vec![3, 3]);
        assert_eq!(queue.take().unwrap().2, vec![2]);
        assert_eq!(queue.take(), None);
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn longest_waiting_leaves_at_the_bounds() {
        let mut queue = LiveQueue::default();
        for key in 0..=u32::try_from(LIVE_KEYS_MAX).unwrap() {
            put(&mut queue, key, vec![]);
        }
        assert_eq!(queue.take().unwrap().1, 1u32.to_be_bytes()[..]);
        let dropped = put(&mut queue, 0, vec![0; LIVE_QUEUE_BYTES_MAX - 4]).dropped;
        assert_eq!(dropped, LIVE_KEYS_MAX - 1, "all others made room");
        assert_eq!(queue.order.len(), 1);
    }

    #[test]
    fn topics_do_not_share_keys() {
        let mut queue = LiveQueue::default();
        queue.put(1, Bytes::from_static(b"k"), Bytes::from_static(b"a"));
        assert!(!queue.put(2, Bytes::from_static(b"k"), Bytes::from_static(b"b")).replaced);
    }

    proptest! {
        #[test]
        fn holds_the_latest_of_each_key_and_counts_its_bytes(puts in prop::collection::vec((0u32..8, 0usize..50), 0..100)) {
            let mut queue = LiveQueue::default();
            let mut model = std::collections::BTreeMap::new();
            for (key, len) in puts {
                put(&mut queue, key, vec![0; len]);
                model.insert(key.to_be_bytes().to_vec(), len);
            }
            prop_assert_eq!(queue.bytes, model.values().map(|len| len + 4).sum::<usize>());
            while let Some((_, key, value)) = queue.take() {
                prop_assert_eq!(model.remove(&key[..]), Some(value.len()));
            }
            prop_assert!(model.is_empty());
        }
    }
}
