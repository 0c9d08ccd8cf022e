//! A cluster that tests hold in their hand.
#![allow(dead_code, reason = "each test uses its part")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{CameraHealth, CameraId, Reading, ReadingVerdict};
use futures::{FutureExt, future::BoxFuture};
use ingest::{LoginError, RecordError, Recorder, Speaker};
use tokio::sync::{mpsc, oneshot};

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A port of loopback below those that the system gives to lines that go out: nobody takes it before somebody listens there, or while
/// nobody does. Another one each time.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let drawn =
        |_| 32_100 + (u16::try_from(std::process::id() % 600).unwrap() + NEXT.fetch_add(1, Ordering::Relaxed)) % 600;
    (0..600).map(drawn).find(is_free).unwrap()
}

/// A commit that waits for the test's word.
pub(crate) struct Commit {
    pub(crate) readings: Vec<Reading>,
    pub(crate) answer: oneshot::Sender<Result<Vec<ReadingVerdict>, RecordError>>,
}

impl Commit {
    pub(crate) fn recorded(self) {
        let verdicts = vec![ReadingVerdict::Recorded; self.readings.len()];
        let _ = self.answer.send(Ok(verdicts));
    }
}

/// Records at once, or hands each commit to the test.
pub(crate) struct FakeCluster {
    commits: Option<mpsc::UnboundedSender<Commit>>,
    pub(crate) held: Mutex<BTreeMap<(String, u64), Reading>>,
    pub(crate) health: Mutex<Vec<(CameraId, CameraHealth, u64)>>,
    pub(crate) open: AtomicUsize,
    pub(crate) open_max: AtomicUsize,
}

impl FakeCluster {
    fn with(commits: Option<mpsc::UnboundedSender<Commit>>) -> Arc<Self> {
        Arc::new(Self {
            commits,
            held: Mutex::default(),
            health: Mutex::default(),
            open: AtomicUsize::new(0),
            open_max: AtomicUsize::new(0),
        })
    }

    pub(crate) fn at_once() -> Arc<Self> {
        Self::with(None)
    }

    pub(crate) fn by_hand() -> (Arc<Self>, mpsc::UnboundedReceiver<Commit>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self::with(Some(sender)), receiver)
    }
}

impl Recorder for FakeCluster {
    fn record(
        &self,
        _: &Speaker,
        readings: Vec<Reading>,
        _: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RecordError>> {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.open_max.fetch_max(open, Ordering::SeqCst);
        let Some(commits) = &self.commits else {
            let mut held = self.held.lock().unwrap();
            let verdicts = readings
                .into_iter()
                .map(|reading| match reading.sensor.as_str() {
                    "unknown" => ReadingVerdict::UnknownSensor,
                    sensor => match held.insert((sensor.to_owned(), reading.at_ms.0), reading.clone()) {
                        None => ReadingVerdict::Recorded,
                        Some(_) => ReadingVerdict::Duplicate,
                    },
                })
                .collect();
            self.open.fetch_sub(1, Ordering::SeqCst);
            return async move { Ok(verdicts) }.boxed();
        };
        let (answer, answered) = oneshot::channel();
        commits.send(Commit { readings, answer }).unwrap();
        async move { answered.await.unwrap_or(Err(RecordError::TimedOut)) }.boxed()
    }

    fn camera_health(
        &self,
        camera: CameraId,
        health: CameraHealth,
        epoch: u64,
    ) -> BoxFuture<'static, Result<(), RecordError>> {
        self.health.lock().unwrap().push((camera, health, epoch));
        async { Ok(()) }.boxed()
    }

    fn device_login(&self, user: &str, password: &[u8]) -> BoxFuture<'static, Result<String, LoginError>> {
        let result = match (user, password) {
            (user, b"key") => Ok(format!("account-{user}")),
            (_, b"later") => Err(LoginError::Unavailable("no quorum".into())),
            _ => Err(LoginError::Denied),
        };
        async move { result }.boxed()
    }
}
