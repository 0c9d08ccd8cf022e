//! The cameras that are assigned to this node: starts and stops their streams, tells the cluster how they are, and lets
//! people watch.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use domain::{CameraHealth, CameraId};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{
    client::{CameraConfig, CameraEvent, CameraStream, StreamCounters},
    depacketize::AccessUnit,
    hub::Hub,
};
use crate::{
    RecordError, Recorder,
    backoff::{Backoff, random_u32},
};

/// Cameras that one node fetches; with `GOP_BYTES_MAX` of each it bounds their memory. At the bound the rest of an
/// assignment is left out, and told.
pub const CAMERAS_MAX: usize = 256;
/// Events between a stream and its hub.
const EVENTS_MAX: usize = 64;
/// Wait before health is told again after the cluster could not be reached; doubles to [`REPORT_RETRY_MS_MAX`].
const REPORT_RETRY_MS_MIN: u64 = 500;
/// How long the cluster may take to hold a report; past it the report is made again.
const REPORT_TIMEOUT_MS: u64 = 10_000;
/// Longest wait before health is told again.
const REPORT_RETRY_MS_MAX: u64 = 15_000;

/// Why the fleet cannot do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// Not on this node.
    #[error("camera {0} is not fetched by this node; ask the node that it is assigned to")]
    NotHere(CameraId),
    /// At the bound of viewers.
    #[error("camera {0} has {max} viewers on this node; use another node or close one", max = super::hub::VIEWERS_MAX)]
    TooManyViewers(CameraId),
    /// An older assignment came late.
    #[error("assignment {epoch} is older than {current}, which stands")]
    OldEpoch {
        /// Of the late assignment.
        epoch: u64,
        /// Of the one that stands.
        current: u64,
    },
}

/// What an assignment changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Streams started, changed cameras included.
    pub started: usize,
    /// Streams stopped, changed cameras included.
    pub stopped: usize,
    /// Cameras beyond [`CAMERAS_MAX`], by id.
    pub left_out: Vec<CameraId>,
}

/// How one camera is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraReport {
    /// Which.
    pub camera: CameraId,
    /// Whether frames arrive.
    pub health: CameraHealth,
    /// Of its stream, once a frame came.
    pub codec: Option<Arc<str>>,
    /// Viewers on this node.
    pub viewers: usize,
    /// Frames delivered.
    pub access_units: u64,
    /// Frames dropped: damaged, or before a key frame.
    pub access_units_dropped: u64,
    /// RTP packets missing.
    pub packets_lost: u64,
    /// Connections begun.
    pub connections: u64,
    /// Times that a viewer's queue was full.
    pub viewer_overflows: u64,
}

/// The cameras of this node. Dropping it stops them all.
pub struct Fleet {
    recorder: Arc<dyn Recorder>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    epoch: u64,
    cameras: HashMap<CameraId, Running>,
}

struct Running {
    config: CameraConfig,
    hub: Arc<Mutex<Hub>>,
    counters: Arc<StreamCounters>,
    epoch: watch::Sender<u64>,
    /// Dropping it stops the stream too.
    stop: watch::Sender<bool>,
}

impl Fleet {
    /// A fleet that tells `recorder` how its cameras are.
    #[must_use]
    pub fn new(recorder: Arc<dyn Recorder>) -> Self {
        Self { recorder, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes these the cameras of this node: stops what is not among them, starts what is new, restarts what changed and
    /// leaves the rest alone. Health is reported under `epoch` from now on. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`FleetError::OldEpoch`] when a newer assignment was made before.
    pub fn assign(&self, mut configs: Vec<CameraConfig>, epoch: u64) -> Result<Assigned, FleetError> {
        let mut state = self.state();
        if epoch < state.epoch {
            return Err(FleetError::OldEpoch { epoch, current: state.epoch });
        }
        state.epoch = epoch;
        // By id, so that which ones are left out does not change from call to call.
        configs.sort_by(|a, b| a.camera.cmp(&b.camera));
        configs.dedup_by(|a, b| a.camera == b.camera);
        let left_out =
            configs.split_off(configs.len().min(CAMERAS_MAX)).into_iter().map(|config| config.camera).collect();
        let before = state.cameras.len();
        state.cameras.retain(|camera, running| {
            configs
                .binary_search_by(|config| config.camera.cmp(camera))
                .is_ok_and(|at| configs.get(at).is_some_and(|config| *config == running.config))
        });
        let mut assigned = Assigned { started: 0, stopped: before - state.cameras.len(), left_out };
        for config in configs {
            if let Some(running) = state.cameras.get(&config.camera) {
                running.epoch.send_replace(epoch);
            } else {
                assigned.started += 1;
                state.cameras.insert(config.camera.clone(), self.start(config, epoch));
            }
        }
        if !assigned.left_out.is_empty() {
            tracing::warn!(
                left_out = assigned.left_out.len(),
                max = CAMERAS_MAX,
                "rtsp: more cameras than a node takes"
            );
        }
        Ok(assigned)
    }

    fn start(&self, config: CameraConfig, epoch: u64) -> Running {
        let hub = Arc::new(Mutex::new(Hub::new()));
        let counters = Arc::new(StreamCounters::default());
        let (stop, stopped) = watch::channel(false);
        let (epoch, epochs) = watch::channel(epoch);
        let (events, received) = mpsc::channel(EVENTS_MAX);
        let (health, healths) = watch::channel(CameraHealth::Connecting);
        let stream = CameraStream::new(config.clone(), events, stopped, counters.clone());
        let report = report(self.recorder.clone(), config.camera.clone(), healths, epochs);
        let pump = pump(received, hub.clone(), health);
        tokio::spawn(async move {
            // The stream ends first; its events end the pump, and with it the reporter.
            tokio::join!(stream.run(), pump, report);
        });
        Running { config, hub, counters, epoch, stop }
    }

    /// Watches a camera: the frames since its last key frame, then each as it comes. A viewer that is slow misses frames
    /// up to a key frame; the receiver ends when the camera leaves this node.
    ///
    /// # Errors
    /// The camera is not here, or has too many viewers.
    pub fn watch(&self, camera: &CameraId) -> Result<mpsc::Receiver<Arc<AccessUnit>>, FleetError> {
        let state = self.state();
        let running = state.cameras.get(camera).ok_or_else(|| FleetError::NotHere(camera.clone()))?;
        let receiver = lock(&running.hub).watch();
        receiver.ok_or_else(|| FleetError::TooManyViewers(camera.clone()))
    }

    /// Whether a camera's frames arrive; `None` when it is not here.
    #[must_use]
    pub fn health(&self, camera: &CameraId) -> Option<CameraHealth> {
        self.state().cameras.get(camera).map(|running| lock(&running.hub).health)
    }

    /// How each camera is, in no order.
    #[must_use]
    pub fn reports(&self) -> Vec<CameraReport> {
        let state = self.state();
        let report = |(camera, running): (&CameraId, &Running)| {
            let hub = lock(&running.hub);
            let counters = &running.counters;
            CameraReport {
                camera: camera.clone(),
                health: hub.health,
                codec: hub.codec.clone(),
                viewers: hub.viewers(),
                access_units: counters.access_units.load(Ordering::Relaxed),
                access_units_dropped: counters.access_units_dropped.load(Ordering::Relaxed),
                packets_lost: counters.packets_lost.load(Ordering::Relaxed),
                connections: counters.connections.load(Ordering::Relaxed),
                viewer_overflows: hub.skipped,
            }
        };
        state.cameras.iter().map(report).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn lock(hub: &Mutex<Hub>) -> MutexGuard<'_, Hub> {
    hub.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pump(mut events: mpsc::Receiver<CameraEvent>, hub: Arc<Mutex<Hub>>, told: watch::Sender<CameraHealth>) {
    while let Some(event) = events.recv().await {
        match event {
            CameraEvent::Unit(unit) => lock(&hub).on_unit(unit),
            CameraEvent::Health(health) => {
                lock(&hub).on_health(health);
                told.send_replace(health);
            }
        }
    }
}

/// Tells the cluster each health until it is held or refused, the newest in place of older ones; all anew under a new
/// epoch. Ends with the stream.
async fn report(
    recorder: Arc<dyn Recorder>,
    camera: CameraId,
    mut healths: watch::Receiver<CameraHealth>,
    mut epochs: watch::Receiver<u64>,
) {
    let mut backoff = Backoff::new(REPORT_RETRY_MS_MIN, REPORT_RETRY_MS_MAX);
    loop {
        let health = *healths.borrow_and_update();
        let epoch = *epochs.borrow_and_update();
        let told = recorder.camera_health(camera.clone(), health, epoch);
        let told = timeout(Duration::from_millis(REPORT_TIMEOUT_MS), told).await;
        let retry = match told.unwrap_or(Err(RecordError::TimedOut)) {
            Ok(()) => None,
            Err(RecordError::Refused(reason)) => {
                tracing::debug!(%camera, epoch, %reason, "rtsp: health refused");
                None
            }
            Err(error) => {
                tracing::debug!(%camera, epoch, %error, "rtsp: health not told yet");
                Some(backoff.next(random_u32()))
            }
        };
        if retry.is_none() {
            backoff.reset();
        }
        let wait = async {
            match retry {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            changed = healths.changed() => if changed.is_err() { return },
            // The epoch's sender goes with the camera; the stream ends then too.
            changed = epochs.changed() => if changed.is_err() { return },
        }
    }
}
