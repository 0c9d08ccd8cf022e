//! What waits for a connection's writer.
//!
//! One queue in order. Payload frames first get room (bytes, fair among senders, kept until written); small frames that
//! the reader or a `Drop` has to send do not wait and are bounded in number only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::frame::Outgoing;
use crate::limits::{DRAIN_BYTES_MAX, OUTBOX_FRAME_COST_MIN, OUTBOX_FRAMES_MAX};
use crate::sync::lock;

/// Room for one frame. It is given back when the frame has been written, or on drop.
pub(crate) struct Room {
    _held: OwnedSemaphorePermit,
}

/// Why a frame was not queued. It has certainly not been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotQueued {
    /// The connection is closed.
    Closed,
    /// The peer asks and does not read; the connection is to be closed.
    Full,
}

struct Queue {
    frames: VecDeque<(Outgoing, Option<Room>)>,
    closed: bool,
}

pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    room: Arc<Semaphore>,
    room_bytes: u32,
}

impl Outbox {
    pub(crate) fn new(room_bytes: u32) -> Self {
        Self {
            queue: Mutex::new(Queue { frames: VecDeque::new(), closed: false }),
            filled: Notify::new(),
            room: Arc::new(Semaphore::new(usize::try_from(room_bytes).unwrap_or(usize::MAX))),
            room_bytes,
        }
    }

    /// Waits for room for a payload of `bytes`. One that is larger than the whole outbox waits until it is empty.
    pub(crate) async fn room(&self, bytes: usize) -> Result<Room, NotQueued> {
        let cost = u32::try_from(bytes).unwrap_or(u32::MAX).max(OUTBOX_FRAME_COST_MIN).min(self.room_bytes);
        let permit = Arc::clone(&self.room).acquire_many_owned(cost).await.map_err(|_| NotQueued::Closed)?;
        Ok(Room { _held: permit })
    }

    /// Queues a payload frame.
    pub(crate) fn push(&self, frame: Outgoing, room: Room) -> Result<(), NotQueued> {
        self.put(|frames| frames.push_back((frame, Some(room))))
    }

    /// Queues a small frame behind what is there.
    pub(crate) fn push_small(&self, frame: Outgoing) -> Result<(), NotQueued> {
        self.put(|frames| frames.push_back((frame, None)))
    }

    /// Queues a small frame before everything else: pings measure the line, not the queue.
    pub(crate) fn push_first(&self, frame: Outgoing) -> Result<(), NotQueued> {
        self.put(|frames| frames.push_front((frame, None)))
    }

    fn put(&self, add: impl FnOnce(&mut VecDeque<(Outgoing, Option<Room>)>)) -> Result<(), NotQueued> {
        {
            let mut queue = lock(&self.queue);
            if queue.closed {
                return Err(NotQueued::Closed);
            }
            if queue.frames.len() >= OUTBOX_FRAMES_MAX {
                return Err(NotQueued::Full);
            }
            add(&mut queue.frames);
        }
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until something is queued and moves as much of it as one write should hold into `chunk`; their room goes to `held`, to be dropped
    /// after the write. False when the outbox is closed.
    pub(crate) async fn drain(&self, chunk: &mut BytesMut, held: &mut Vec<Room>) -> bool {
        loop {
            {
                let mut queue = lock(&self.queue);
                if queue.closed {
                    return false;
                }
                while chunk.len() < DRAIN_BYTES_MAX
                    && let Some((frame, room)) = queue.frames.pop_front()
                {
                    chunk.reserve(frame.len());
                    frame.write(chunk);
                    held.extend(room);
                }
            }
            if !chunk.is_empty() {
                return true;
            }
            self.filled.notified().await;
        }
    }

    /// Drops what is queued; from now on nothing is taken.
    pub(crate) fn close(&self) {
        let dropped = {
            let mut queue = lock(&self.queue);
            queue.closed = true;
            std::mem::take(&mut queue.frames)
        };
        drop(dropped);
        self.room.close();
        self.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::FutureExt;

    use super::*;
    use crate::frame::{HEADER_BYTES, Kind};

    fn frame(body: usize) -> Outgoing {
        Outgoing::new(Kind::Data, 0, 0, &[], Bytes::from(vec![1; body]))
    }

    #[tokio::test]
    async fn a_small_frame_costs_the_least_and_a_huge_one_the_whole() {
        let outbox = Outbox::new(8192);
        let most = outbox.room(8000).await.unwrap();
        assert!(outbox.room(0).now_or_never().is_none(), "192 bytes are left and a frame costs 1024 at least");
        drop(most);
        assert!(outbox.room(1 << 30).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_full_outbox_makes_wait_until_the_write_is_over() {
        let outbox = Outbox::new(8192);
        let room = outbox.room(8192).await.unwrap();
        outbox.push(frame(8192), room).unwrap();
        assert!(outbox.room(1).now_or_never().is_none());
        let (mut chunk, mut held) = (BytesMut::new(), Vec::new());
        assert!(outbox.drain(&mut chunk, &mut held).await);
        assert_eq!(chunk.len(), 8192 + HEADER_BYTES);
        assert!(outbox.room(1).now_or_never().is_none(), "drained is not yet written");
        held.clear();
        assert!(outbox.room(1).now_or_never().is_some());
    }

    #[tokio::test]
    async fn many_frames_become_one_write_and_a_ping_goes_first() {
        let outbox = Outbox::new(1 << 20);
        for _ in 0..10 {
            outbox.push_small(frame(0)).unwrap();
        }
        outbox.push_first(Outgoing::new(Kind::Ping, 0, 0, &[], Bytes::new())).unwrap();
        let (mut chunk, mut held) = (BytesMut::new(), Vec::new());
        assert!(outbox.drain(&mut chunk, &mut held).await);
        assert_eq!(chunk.len(), 11 * HEADER_BYTES);
        assert_eq!(chunk[4], Kind::Ping as u8);
    }

    #[tokio::test]
    async fn small_frames_are_bounded_and_a_closed_outbox_takes_nothing() {
        let outbox = Outbox::new(1 << 20);
        for _ in 0..OUTBOX_FRAMES_MAX {
            outbox.push_small(frame(0)).unwrap();
        }
        assert_eq!(outbox.push_small(frame(0)), Err(NotQueued::Full));
        outbox.close();
        assert_eq!(outbox.push_small(frame(0)), Err(NotQueued::Closed));
        assert!(outbox.room(1).await.is_err());
        assert!(!outbox.drain(&mut BytesMut::new(), &mut Vec::new()).await);
    }
}
