//! One camera's viewers and what a new one starts with: everything since the last key frame. Pure but for the queues.

use std::sync::Arc;

use domain::CameraHealth;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::depacketize::AccessUnit;

/// Viewers of one camera on one node.
pub(super) const VIEWERS_MAX: usize = 64;
/// Frames that wait for one viewer. At the bound the viewer misses frames up to the next key frame.
pub(super) const VIEWER_FRAMES_MAX: usize = 512;
/// Frames kept since the last key frame; fewer than [`VIEWER_FRAMES_MAX`], so that they fit a new viewer's queue.
pub(super) const GOP_FRAMES_MAX: usize = 300;
/// Bytes kept since the last key frame. Past either bound nothing is kept, and a new viewer starts at the next key frame.
pub(super) const GOP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Fans one camera out.
#[derive(Debug)]
pub(super) struct Hub {
    gop: Vec<Arc<AccessUnit>>,
    gop_bytes: usize,
    /// The kept frames reach from a key frame to now without a hole.
    gop_whole: bool,
    viewers: Vec<Viewer>,
    pub(super) health: CameraHealth,
    pub(super) codec: Option<Arc<str>>,
    /// Frames that a viewer missed because it was slow.
    pub(super) skipped: u64,
}

#[derive(Debug)]
struct Viewer {
    queue: mpsc::Sender<Arc<AccessUnit>>,
    awaits_key: bool,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            gop: Vec::new(),
            gop_bytes: 0,
            gop_whole: false,
            viewers: Vec::new(),
            health: CameraHealth::Connecting,
            codec: None,
            skipped: 0,
        }
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers.iter().filter(|viewer| !viewer.queue.is_closed()).count()
    }

    /// A viewer that starts with what is kept. `None` at [`VIEWERS_MAX`].
    pub(super) fn watch(&mut self) -> Option<mpsc::Receiver<Arc<AccessUnit>>> {
        self.viewers.retain(|viewer| !viewer.queue.is_closed());
        if self.viewers.len() >= VIEWERS_MAX {
            return None;
        }
        let (queue, receiver) = mpsc::channel(VIEWER_FRAMES_MAX);
        let mut viewer = Viewer { queue, awaits_key: true };
        if self.gop_whole {
            for unit in &self.gop {
                viewer.give(unit);
            }
        }
        self.viewers.push(viewer);
        Some(receiver)
    }

    /// Takes a change of health. Without a signal the kept frames are a picture of the past, and nobody starts with them.
    pub(super) fn on_health(&mut self, health: CameraHealth) {
        self.health = health;
        if health != CameraHealth::Live {
            self.forget();
            for viewer in &mut self.viewers {
                viewer.awaits_key = true;
            }
        }
    }

    /// Takes a frame.
    pub(super) fn on_unit(&mut self, unit: AccessUnit) {
        let unit = Arc::new(unit);
        self.codec = Some(unit.codec.clone());
        if unit.key {
            self.forget();
            self.gop_whole = true;
        }
        if self.gop_whole {
            if self.gop.len() < GOP_FRAMES_MAX && self.gop_bytes + unit.data.len() <= GOP_BYTES_MAX {
                self.gop_bytes += unit.data.len();
                self.gop.push(unit.clone());
            } else {
                self.forget();
            }
        }
        let skipped = &mut self.skipped;
        self.viewers.retain_mut(|viewer| {
            if !viewer.give(&unit) {
                *skipped += 1;
            }
            !viewer.queue.is_closed()
        });
    }

    fn forget(&mut self) {
        self.gop.clear();
        self.gop_bytes = 0;
        self.gop_whole = false;
    }
}

impl Viewer {
    /// Queues a frame, unless the viewer must wait for a key frame; `false` when the queue was full.
    fn give(&mut self, unit: &Arc<AccessUnit>) -> bool {
        if self.awaits_key && !unit.key {
            return true;
        }
        match self.queue.try_send(unit.clone()) {
            Ok(()) => {
                self.awaits_key = false;
                true
            }
            Err(TrySendError::Full(_)) => {
                self.awaits_key = true;
                false
            }
            Err(TrySendError::Closed(_)) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn unit(key: bool, number: u64, bytes: usize) -> AccessUnit {
        AccessUnit { timestamp_us: number, key, codec: "avc1.42C01E".into(), data: Bytes::from(vec![0; bytes]) }
    }

    fn numbers(receiver: &mut mpsc::Receiver<Arc<AccessUnit>>) -> Vec<u64> {
        std::iter::from_fn(|| receiver.try_recv().ok()).map(|unit| unit.timestamp_us).collect()
    }

    #[test]
    fn a_new_viewer_starts_at_the_last_key_frame() {
        let mut hub = Hub::new();
        for n in 0..7 {
            hub.on_unit(unit(n % 5 == 0, n, 10));
        }
        let mut receiver = hub.watch().unwrap();
        hub.on_unit(unit(false, 7, 10));
        assert_eq!(numbers(&mut receiver), [5, 6, 7]);
    }

    #[test]
    fn a_slow_viewer_goes_on_at_a_key_frame_and_disturbs_nobody() {
        let mut hub = Hub::new();
        hub.on_unit(unit(true, 0, 1));
        let mut slow = hub.watch().unwrap();
        let mut quick = hub.watch().unwrap();
        let full = VIEWER_FRAMES_MAX as u64;
        for n in 1..full + 10 {
            hub.on_unit(unit(false, n, 1));
            assert_eq!(numbers(&mut quick).last(), Some(&n));
        }
        assert_eq!(numbers(&mut slow), (0..full).collect::<Vec<_>>());
        hub.on_unit(unit(false, 1_000, 1));
        hub.on_unit(unit(true, 1_001, 1));
        assert_eq!(numbers(&mut slow), [1_001]);
        assert_eq!(hub.skipped, 1, "one frame met the full queue, the rest was not tried");
    }

    #[test]
    fn a_group_over_the_bounds_is_not_kept() {
        let mut hub = Hub::new();
        hub.on_unit(unit(true, 0, GOP_BYTES_MAX));
        hub.on_unit(unit(false, 1, 1));
        let mut receiver = hub.watch().unwrap();
        assert!(numbers(&mut receiver).is_empty());
        hub.on_unit(unit(false, 2, 1));
        hub.on_unit(unit(true, 3, 1));
        assert_eq!(numbers(&mut receiver), [3]);
        const { assert!(GOP_FRAMES_MAX < VIEWER_FRAMES_MAX) };
    }

    #[test]
    fn without_a_signal_nobody_starts_with_the_past() {
        let mut hub = Hub::new();
        hub.on_health(CameraHealth::Live);
        hub.on_unit(unit(true, 0, 1));
        hub.on_health(CameraHealth::NoSignal);
        assert!(numbers(&mut hub.watch().unwrap()).is_empty());
    }

    #[test]
    fn viewers_have_a_bound_and_those_who_left_make_room() {
        let mut hub = Hub::new();
        let mut receivers: Vec<_> = (0..VIEWERS_MAX).map(|_| hub.watch().unwrap()).collect();
        assert!(hub.watch().is_none());
        receivers.pop();
        assert!(hub.watch().is_some());
    }
}
