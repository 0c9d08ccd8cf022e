//! In what order the readings of one client on one topic may be committed: side by side, but never so far apart that a
//! late one falls out of the window within which the cluster knows a retry from a straggler.
//!
//! While the lead of a group moves, one commit can be on its way for seconds and the next ones go through at once. A
//! reading that more than [`SENSOR_WINDOW`] newer ones of its sensor have overtaken would be refused as too late, although
//! its device did nothing wrong. So a lane holds the publishes between its oldest unfinished one and its newest, and lets
//! the next one in only when it cannot have overtaken more than the window holds.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use domain::limits::SENSOR_WINDOW;
use tokio::sync::oneshot;

/// One lane a client and topic that has a commit under way. Bounded by the commits under way.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<Key, Lane>>);

/// A client and its topic.
type Key = (String, String);

#[derive(Default)]
struct Lane {
    /// Publishes let in, oldest first; the first is unfinished.
    open: VecDeque<Open>,
    /// Publishes that wait, oldest first.
    waiting: VecDeque<Waiting>,
    next_ticket: u64,
}

struct Open {
    ticket: u64,
    readings: usize,
    is_done: bool,
}

struct Waiting {
    ticket: u64,
    readings: usize,
    go: oneshot::Sender<()>,
}

/// A publish that was let in, until it is dropped.
pub(super) struct Turn<'a> {
    lanes: &'a Lanes,
    key: Key,
    ticket: u64,
}

impl Lane {
    fn has_room(&self, readings: usize) -> bool {
        let held: usize = self.open.iter().map(|open| open.readings).sum();
        // A larger batch than the window goes alone, in the order that its device gave it.
        self.open.is_empty() || held + readings <= SENSOR_WINDOW
    }

    fn finish(&mut self, ticket: u64) {
        self.waiting.retain(|waiting| waiting.ticket != ticket);
        self.open.iter_mut().filter(|open| open.ticket == ticket).for_each(|open| open.is_done = true);
        while self.open.front().is_some_and(|open| open.is_done) {
            self.open.pop_front();
        }
        while let Some(first) = self.waiting.front()
            && self.has_room(first.readings)
            && let Some(Waiting { ticket, readings, go }) = self.waiting.pop_front()
        {
            // One that stopped waiting a moment ago finishes itself with the drop of its turn.
            let _ = go.send(());
            self.open.push_back(Open { ticket, readings, is_done: false });
        }
    }
}

impl Lanes {
    /// Waits until a publish with `readings` readings of one sensor may be committed.
    pub(super) async fn enter(&self, client: &str, topic: &str, readings: usize) -> Turn<'_> {
        let key = (client.to_owned(), topic.to_owned());
        let (ticket, wait) = {
            let mut lanes = self.lock();
            let lane = lanes.entry(key.clone()).or_default();
            let ticket = lane.next_ticket;
            lane.next_ticket += 1;
            if lane.waiting.is_empty() && lane.has_room(readings) {
                lane.open.push_back(Open { ticket, readings, is_done: false });
                (ticket, None)
            } else {
                let (go, wait) = oneshot::channel();
                lane.waiting.push_back(Waiting { ticket, readings, go });
                (ticket, Some(wait))
            }
        };
        // Made before the wait, so that who stops waiting leaves nothing behind.
        let turn = Turn { lanes: self, key, ticket };
        if let Some(wait) = wait {
            // The sender is kept until it is this publish's turn, so there is no other end to this.
            let _ = wait.await;
        }
        turn
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Lane>> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        let Some(lane) = lanes.get_mut(&self.key) else { return };
        lane.finish(self.ticket);
        if lane.open.is_empty() && lane.waiting.is_empty() {
            lanes.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on};

    use super::*;

    #[test]
    fn a_straggler_is_overtaken_by_less_than_the_window() {
        let lanes = Lanes::default();
        let straggler = block_on(lanes.enter("station", "river", 1));
        for _ in 1..SENSOR_WINDOW {
            drop(lanes.enter("station", "river", 1).now_or_never().unwrap());
        }
        let mut next = Box::pin(lanes.enter("station", "river", 1));
        assert!(next.as_mut().now_or_never().is_none(), "the window is full of what overtook the first");
        drop(straggler);
        assert!(next.now_or_never().is_some());
        assert!(lanes.lock().is_empty());
    }

    #[test]
    fn a_batch_larger_than_the_window_goes_alone() {
        let lanes = Lanes::default();
        let batch = block_on(lanes.enter("station", "all", SENSOR_WINDOW * 3));
        let mut next = Box::pin(lanes.enter("station", "all", 1));
        assert!(next.as_mut().now_or_never().is_none());
        drop(batch);
        assert!(next.now_or_never().is_some());
    }

    #[test]
    fn other_clients_and_topics_do_not_wait() {
        let lanes = Lanes::default();
        let _full = block_on(lanes.enter("station", "river", SENSOR_WINDOW));
        assert!(lanes.enter("station", "rain", 1).now_or_never().is_some());
        assert!(lanes.enter("other", "river", 1).now_or_never().is_some());
    }

    #[test]
    fn who_stops_waiting_keeps_nobody_back() {
        let lanes = Lanes::default();
        let first = block_on(lanes.enter("station", "river", SENSOR_WINDOW));
        let mut gone = Box::pin(lanes.enter("station", "river", 1));
        assert!(gone.as_mut().now_or_never().is_none());
        let mut patient = Box::pin(lanes.enter("station", "river", SENSOR_WINDOW));
        assert!(patient.as_mut().now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!(patient.now_or_never().is_some());
        assert!(lanes.lock().is_empty());
    }
}
