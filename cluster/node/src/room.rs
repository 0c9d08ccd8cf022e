//! Measures the room on the data folder's disk, and tells consensus.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use raft::{Groups, Room};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::DiskConfig;

/// How often the room is measured. At a gigabyte a second the reserve would still be measured once.
const MEASURE_TICK: Duration = Duration::from_millis(500);

/// A node that ran low has room again when it has a fifth of the limit more, and at most this much: it does not go to and fro.
const AGAIN_BYTES_MAX: u64 = 512 << 20;

/// What the node's metrics tell of it.
#[derive(Debug, Default)]
pub(crate) struct DiskGauge {
    free_bytes: AtomicU64,
    room: AtomicU64,
}

impl DiskGauge {
    /// Names and values for `/metrics`; room 0: none, 1: low, 2: enough.
    pub(crate) fn snapshot(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("disk_free_bytes", self.free_bytes.load(Ordering::Relaxed)),
            ("disk_room", self.room.load(Ordering::Relaxed)),
        ]
    }
}

/// The room that so many free bytes are, after it was `before`.
fn room(before: Room, free_bytes: u64, limits: &DiskConfig) -> Room {
    let with_margin = |limit: u64| limit.saturating_add((limit / 5).min(AGAIN_BYTES_MAX));
    let full = if before == Room::None { with_margin(limits.full_bytes) } else { limits.full_bytes };
    let low = if before == Room::Enough { limits.low_bytes } else { with_margin(limits.low_bytes) };
    match free_bytes {
        free if free < full => Room::None,
        free if free < low => Room::Low,
        _ => Room::Enough,
    }
}

/// Bytes that this program may still write to the disk of `folder`.
fn free_bytes(folder: &PathBuf) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Measures for as long as the node runs. A disk that cannot be measured is taken to be as it was.
pub(crate) async fn measure(groups: Groups, folder: PathBuf, limits: DiskConfig, gauge: Arc<DiskGauge>) {
    let mut tick = interval(MEASURE_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = Room::Enough;
    loop {
        tick.tick().await;
        let measured = folder.clone();
        match tokio::task::spawn_blocking(move || free_bytes(&measured)).await {
            Ok(Ok(free)) => {
                before = room(before, free, &limits);
                gauge.free_bytes.store(free, Ordering::Relaxed);
                gauge.room.store(before as u64, Ordering::Relaxed);
                groups.set_room(before);
            }
            Ok(Err(error)) => {
                tracing::warn!(folder = %folder.display(), %error, "the room on the disk cannot be measured")
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: DiskConfig = DiskConfig { low_bytes: 1000, full_bytes: 100 };

    #[test]
    fn room_shrinks_at_the_limits_and_comes_back_above_them() {
        assert_eq!(room(Room::Enough, 1000, &LIMITS), Room::Enough);
        assert_eq!(room(Room::Enough, 999, &LIMITS), Room::Low);
        assert_eq!(room(Room::Low, 1100, &LIMITS), Room::Low);
        assert_eq!(room(Room::Low, 1200, &LIMITS), Room::Enough);
        assert_eq!(room(Room::Low, 99, &LIMITS), Room::None);
        assert_eq!(room(Room::None, 110, &LIMITS), Room::None);
        assert_eq!(room(Room::None, 120, &LIMITS), Room::Low);
        assert_eq!(room(Room::None, 5000, &LIMITS), Room::Enough);
    }

    #[test]
    fn this_disk_can_be_measured() {
        assert!(free_bytes(&std::env::temp_dir()).unwrap() > 0);
        assert!(free_bytes(&PathBuf::from("/no/such/folder")).is_err());
    }
}
