//! Moving pictures for one screen. They wait apart from events and never displace them: who is slow misses frames up to a
//! key frame, camera by camera.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{CameraHealth, CameraId};
use ingest::rtsp::AccessUnit;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use super::{
    hub::Sink,
    message::{ToScreen, VideoFrame, VideoStatus},
    outbox::Outbox,
    view::Encoding,
};
use crate::limits::{VIDEO_BYTES_MAX, VIDEO_FRAMES_MAX};

/// Frames that wait for one screen. Pure.
#[derive(Debug, Default)]
struct Frames {
    waiting: VecDeque<(CameraId, Arc<AccessUnit>)>,
    bytes: usize,
    /// Watched cameras, and whether each waits for a key frame.
    awaits_key: BTreeMap<CameraId, bool>,
}

impl Frames {
    fn put(&mut self, camera: &CameraId, unit: Arc<AccessUnit>) {
        let Some(awaits_key) = self.awaits_key.get_mut(camera) else { return };
        if *awaits_key && !unit.key {
            return;
        }
        if self.waiting.len() >= VIDEO_FRAMES_MAX || self.bytes + unit.data.len() > VIDEO_BYTES_MAX {
            // What waits of this camera is as late as the screen is; it goes on with the next key frame.
            *awaits_key = true;
            self.drop_waiting(camera);
            return;
        }
        *awaits_key = false;
        self.bytes += unit.data.len();
        self.waiting.push_back((camera.clone(), unit));
    }

    fn drop_waiting(&mut self, camera: &CameraId) {
        self.waiting.retain(|(of, _)| of != camera);
        self.bytes = self.waiting.iter().map(|(_, unit)| unit.data.len()).sum();
    }

    fn take(&mut self) -> Option<(CameraId, Arc<AccessUnit>)> {
        let (camera, unit) = self.waiting.pop_front()?;
        self.bytes -= unit.data.len();
        Some((camera, unit))
    }
}

/// The cameras that one screen watches.
pub(crate) struct Watching {
    frames: Arc<Mutex<Frames>>,
    filled: Arc<Notify>,
    outbox: Outbox,
    encoding: Encoding,
    watched: BTreeMap<CameraId, Watched>,
}

/// One of them.
struct Watched {
    pump: JoinHandle<()>,
    /// It stops while nobody hears the cluster.
    is_guarded: bool,
}

/// What a screen is told when a camera's pictures must not be shown.
pub(crate) const SENSITIVE_HIDDEN: &str =
    "hidden: this node cannot hear the cluster, and the camera is marked sensitive";

impl Watching {
    /// Nothing is watched yet. Texts about cameras go to `outbox`.
    pub(crate) fn new(outbox: Outbox, encoding: Encoding) -> Self {
        Self { frames: Arc::default(), filled: Arc::default(), outbox, encoding, watched: BTreeMap::new() }
    }

    /// Follows a camera's frames. While `hidden` holds true of a sensitive camera, the frames stop.
    pub(crate) fn start(
        &mut self,
        camera: CameraId,
        units: mpsc::Receiver<Arc<AccessUnit>>,
        hidden: Option<watch::Receiver<bool>>,
    ) {
        self.stop(&camera);
        self.frames().awaits_key.insert(camera.clone(), true);
        let pump = Pump {
            camera: camera.clone(),
            frames: self.frames.clone(),
            filled: self.filled.clone(),
            outbox: self.outbox.clone(),
            encoding: self.encoding,
        };
        let is_guarded = hidden.is_some();
        self.watched.insert(camera, Watched { pump: tokio::spawn(pump.run(units, hidden)), is_guarded });
    }

    /// Stops following a camera.
    pub(crate) fn stop(&mut self, camera: &CameraId) {
        if let Some(watched) = self.watched.remove(camera) {
            watched.pump.abort();
        }
        let mut frames = self.frames();
        frames.awaits_key.remove(camera);
        frames.drop_waiting(camera);
    }

    /// Whether the camera's picture is shown on the terms of a sensitive one.
    pub(crate) fn is_guarded(&self, camera: &CameraId) -> bool {
        self.watched.get(camera).is_some_and(|watched| watched.is_guarded)
    }

    /// Resolves when a frame waits. For one waiter.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// The next frame, ready to be written.
    pub(crate) fn take(&self) -> Option<ToScreen<'static>> {
        let mut frames = self.frames();
        let (camera, unit) = frames.take()?;
        if !frames.waiting.is_empty() {
            self.filled.notify_one();
        }
        let frame = VideoFrame { camera, timestamp_us: unit.timestamp_us, key: unit.key, data: unit.data.clone() };
        Some(ToScreen::VideoFrame(frame))
    }

    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        for watched in self.watched.values() {
            watched.pump.abort();
        }
    }
}

/// Carries one camera's frames to one screen's queue.
struct Pump {
    camera: CameraId,
    frames: Arc<Mutex<Frames>>,
    filled: Arc<Notify>,
    outbox: Outbox,
    encoding: Encoding,
}

impl Pump {
    async fn run(self, mut units: mpsc::Receiver<Arc<AccessUnit>>, mut hidden: Option<watch::Receiver<bool>>) {
        let mut codec: Option<Arc<str>> = None;
        loop {
            let unit = tokio::select! {
                unit = units.recv() => unit,
                () = until_hidden(&mut hidden) => return self.tell(None, "", SENSITIVE_HIDDEN),
            };
            let Some(unit) = unit else {
                return self.tell(Some(CameraHealth::NoSignal), "", "the camera left this node; watch it again");
            };
            if codec.as_ref() != Some(&unit.codec) {
                self.tell(Some(CameraHealth::Live), &unit.codec, "");
                codec = Some(unit.codec.clone());
            }
            self.frames.lock().unwrap_or_else(PoisonError::into_inner).put(&self.camera, unit);
            self.filled.notify_one();
        }
    }

    fn tell(&self, health: Option<CameraHealth>, codec: &str, message: &str) {
        let camera = self.camera.clone();
        let status = VideoStatus { camera, health, codec: codec.to_owned(), message: message.to_owned() };
        // A screen that is too slow for this is closed by its own socket.
        let _ = self.outbox.push(&ToScreen::VideoStatus(status).encode(self.encoding));
    }
}

/// Resolves when the camera must not be shown; never for one that is not sensitive.
async fn until_hidden(hidden: &mut Option<watch::Receiver<bool>>) {
    if let Some(hidden) = hidden
        && hidden.wait_for(|hidden| *hidden).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn unit(key: bool, number: u64, bytes: usize) -> Arc<AccessUnit> {
        let data = Bytes::from(vec![0; bytes]);
        Arc::new(AccessUnit { timestamp_us: number, key, codec: "avc1.42C01E".into(), data })
    }

    fn camera(id: &str) -> CameraId {
        CameraId::new(id).unwrap()
    }

    fn watching(ids: &[&str]) -> Frames {
        let awaits_key = ids.iter().map(|id| (camera(id), true)).collect();
        Frames { awaits_key, ..Frames::default() }
    }

    fn taken(frames: &mut Frames) -> Vec<(String, u64)> {
        std::iter::from_fn(|| frames.take()).map(|(id, unit)| (id.to_string(), unit.timestamp_us)).collect()
    }

    #[test]
    fn a_screen_starts_at_a_key_frame() {
        let mut frames = watching(&["a"]);
        for n in 0..4 {
            frames.put(&camera("a"), unit(n == 2, n, 1));
        }
        frames.put(&camera("b"), unit(true, 9, 1));
        assert_eq!(taken(&mut frames), [("a".into(), 2), ("a".into(), 3)], "and gets nothing that it does not watch");
    }

    #[test]
    fn the_camera_that_is_over_the_bound_drops_to_its_next_key_frame_and_the_other_goes_on() {
        let mut frames = watching(&["a", "b"]);
        frames.put(&camera("b"), unit(true, 1, 1));
        for n in 0..VIDEO_FRAMES_MAX as u64 {
            frames.put(&camera("a"), unit(n == 0, n, 1));
        }
        frames.put(&camera("a"), unit(false, 998, 1));
        frames.put(&camera("a"), unit(true, 999, 1));
        assert_eq!(taken(&mut frames), [("b".into(), 1), ("a".into(), 999)]);
        assert_eq!(frames.bytes, 0);
    }

    #[test]
    fn bytes_have_a_bound_too() {
        let mut frames = watching(&["a"]);
        frames.put(&camera("a"), unit(true, 0, VIDEO_BYTES_MAX));
        frames.put(&camera("a"), unit(false, 1, 1));
        assert_eq!(taken(&mut frames), []);
    }
}
