//! A camera's stream: connects, plays, watches, and comes back after every failure. The socket and the clock around the
//! pure `session` and `depacketize`.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{CameraHealth, CameraId};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    address::{Address, AddressError},
    auth::Credentials,
    depacketize::{AccessUnit, Depacketizer},
    session::{Session, SessionError, SessionEvent},
};
use crate::{
    backoff::{Backoff, random_u32},
    fence::turned,
};

/// How long a camera may take to accept a TCP connection.
pub const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// A playing camera that completes no frame for this long has no signal.
pub const FRAME_TIMEOUT_MS: u64 = 5_000;
/// A playing camera that sends no usable key frame for this long is connected anew.
pub const KEY_FRAME_TIMEOUT_MS: u64 = 30_000;
/// How long a camera may leave a request unread.
const WRITE_TIMEOUT_MS: u64 = 5_000;
/// How long TEARDOWN may take; a camera forgets the session by itself later.
const TEARDOWN_TIMEOUT_MS: u64 = 1_000;
/// Wait before the first reconnect; doubles to [`RECONNECT_MS_MAX`].
const RECONNECT_MS_MIN: u64 = 1_000;
/// Longest wait before a reconnect.
const RECONNECT_MS_MAX: u64 = 60_000;
/// Shortest wait after a refused password: cameras lock accounts that are tried too often.
const UNAUTHORIZED_MS_MIN: u64 = 30_000;
/// A session that lasted this long was a good one: the next wait is the shortest again.
const GOOD_SESSION_MS: u64 = 10_000;
/// What the read buffer grows by.
const READ_CHUNK_BYTES: usize = 16 * 1024;

/// A camera to fetch. Prints no password.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraConfig {
    /// Which.
    pub camera: CameraId,
    /// `rtsp://host[:port]/path`, without user and password.
    pub url: String,
    /// Empty when the camera asks for none.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for CameraConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Address::parse(&self.url) {
            Ok(address) => write!(f, "{} at {address}", self.camera),
            Err(error) => write!(f, "{} ({error})", self.camera),
        }
    }
}

/// What a stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraEvent {
    /// Its health has changed.
    Health(CameraHealth),
    /// A frame.
    Unit(AccessUnit),
}

/// Counts of one camera, for metrics.
#[derive(Debug, Default)]
pub struct StreamCounters {
    /// Frames delivered.
    pub access_units: AtomicU64,
    /// Frames dropped: damaged, or before a key frame.
    pub access_units_dropped: AtomicU64,
    /// RTP packets missing.
    pub packets_lost: AtomicU64,
    /// Connections begun.
    pub connections: AtomicU64,
}

/// Why a connection to a camera ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("user: leave out quotes, backslashes, colons and control characters")]
    User,
    #[error("cannot connect within {CONNECT_TIMEOUT_MS} ms")]
    ConnectTimeout,
    #[error("the camera does not read what is sent to it")]
    WriteTimeout,
    #[error("connection ended: {0}")]
    Io(#[from] io::Error),
    #[error("no frame for {FRAME_TIMEOUT_MS} ms")]
    NoFrame,
    #[error("no usable key frame for {KEY_FRAME_TIMEOUT_MS} ms; set the camera's key frame interval lower")]
    NoKeyFrame,
    #[error("stopped")]
    Stopped,
}

impl Ended {
    fn health(&self) -> CameraHealth {
        match self {
            Self::Session(SessionError::Unauthorized | SessionError::UnknownChallenge(_)) | Self::User => {
                CameraHealth::Unauthorized
            }
            _ => CameraHealth::NoSignal,
        }
    }
}

/// One camera's stream.
pub struct CameraStream {
    config: CameraConfig,
    events: mpsc::Sender<CameraEvent>,
    stop: watch::Receiver<bool>,
    counters: Arc<StreamCounters>,
    health: Option<CameraHealth>,
}

impl CameraStream {
    /// A stream that tells `events` until `stop` turns true or nobody listens. A listener that does not keep up slows the
    /// camera's connection down.
    #[must_use]
    pub fn new(
        config: CameraConfig,
        events: mpsc::Sender<CameraEvent>,
        stop: watch::Receiver<bool>,
        counters: Arc<StreamCounters>,
    ) -> Self {
        Self { config, events, stop, counters, health: None }
    }

    /// Runs to the end. A dead camera stays `NoSignal` while it is tried again, so that it does not flicker.
    pub async fn run(mut self) {
        let mut backoff = Backoff::new(RECONNECT_MS_MIN, RECONNECT_MS_MAX);
        if self.tell(CameraHealth::Connecting).await.is_err() {
            return;
        }
        loop {
            let began = Instant::now();
            let Err(ended) = self.play().await;
            if matches!(ended, Ended::Stopped) {
                return;
            }
            if self.health == Some(CameraHealth::Live) && began.elapsed() >= Duration::from_millis(GOOD_SESSION_MS) {
                backoff.reset();
            }
            let health = ended.health();
            let mut wait = backoff.next(random_u32());
            if health == CameraHealth::Unauthorized {
                wait = wait.max(Duration::from_millis(UNAUTHORIZED_MS_MIN));
            }
            tracing::warn!(camera = ?self.config, reason = %ended, wait_ms = wait.as_millis(), "rtsp: session ended");
            if self.tell(health).await.is_err() {
                return;
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = self.events.closed() => return,
                _ = turned(&mut self.stop, true) => return,
            }
        }
    }

    async fn tell(&mut self, health: CameraHealth) -> Result<(), Ended> {
        if self.health == Some(health) {
            return Ok(());
        }
        self.health = Some(health);
        self.send(CameraEvent::Health(health)).await
    }

    async fn send(&mut self, event: CameraEvent) -> Result<(), Ended> {
        tokio::select! {
            sent = self.events.send(event) => sent.map_err(|_| Ended::Stopped),
            _ = turned(&mut self.stop, true) => Err(Ended::Stopped),
        }
    }

    /// One connection, to its end.
    async fn play(&mut self) -> Result<std::convert::Infallible, Ended> {
        let address = Address::parse(&self.config.url)?;
        let CameraConfig { user, password, .. } = &self.config;
        let credentials = match (user.as_str(), password.as_str()) {
            ("", "") => None,
            _ => Some(Credentials::new(user, password).ok_or(Ended::User)?),
        };
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        let host_port = address.host_port();
        let mut stream = tokio::select! {
            connected = timeout(Duration::from_millis(CONNECT_TIMEOUT_MS), TcpStream::connect(host_port)) => {
                connected.map_err(|_| Ended::ConnectTimeout)??
            }
            _ = turned(&mut self.stop, true) => return Err(Ended::Stopped),
        };
        stream.set_nodelay(true)?;
        let clock = Clock(Instant::now());
        let cnonce = format!("{:08x}{:08x}", random_u32(), random_u32());
        let mut session = Session::new(address, credentials, cnonce, clock.now_ms());
        let mut playing = Playing::default();
        let result = self.drive(&mut stream, &mut session, &mut playing, clock).await;
        // A camera has few sessions to give; one that is not ended blocks the next for its whole timeout.
        session.teardown(clock.now_ms());
        let goodbye = async { stream.write_all(&session.take_output()).await };
        // It is gone either way.
        let _ = timeout(Duration::from_millis(TEARDOWN_TIMEOUT_MS), goodbye).await;
        result
    }

    async fn drive(
        &mut self,
        stream: &mut TcpStream,
        session: &mut Session,
        playing: &mut Playing,
        clock: Clock,
    ) -> Result<std::convert::Infallible, Ended> {
        loop {
            while let Some(event) = session.step(clock.now_ms())? {
                self.on_event(event, playing, clock).await?;
            }
            let output = session.take_output();
            if !output.is_empty() {
                timeout(Duration::from_millis(WRITE_TIMEOUT_MS), stream.write_all(&output))
                    .await
                    .map_err(|_| Ended::WriteTimeout)??;
            }
            let deadline_ms = session.deadline_ms().into_iter().chain(playing.deadline_ms()).min();
            let wake = clock.at(deadline_ms.unwrap_or(clock.now_ms() + FRAME_TIMEOUT_MS));
            let input = session.input();
            input.reserve(READ_CHUNK_BYTES);
            tokio::select! {
                read = stream.read_buf(input) => if read? == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                },
                () = sleep_until(wake) => {}
                () = self.events.closed() => return Err(Ended::Stopped),
                _ = turned(&mut self.stop, true) => return Err(Ended::Stopped),
            }
            let now_ms = clock.now_ms();
            session.tick(now_ms)?;
            playing.check(now_ms)?;
        }
    }

    async fn on_event(&mut self, event: SessionEvent, playing: &mut Playing, clock: Clock) -> Result<(), Ended> {
        match event {
            SessionEvent::Described(track) => {
                let unix_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
                playing.depacketizer = Some(Depacketizer::new(&track, u64::try_from(unix_us).unwrap_or(u64::MAX)));
            }
            SessionEvent::Playing => playing.begin(clock.now_ms()),
            SessionEvent::TornDown => {}
            SessionEvent::Rtp(packet) => {
                let Some(depacketizer) = &mut playing.depacketizer else { return Ok(()) };
                let before = depacketizer.stats();
                let mut units = Vec::new();
                depacketizer.push(&packet, &mut units);
                let after = depacketizer.stats();
                if after.access_units > before.access_units {
                    playing.frame_at_ms = playing.frame_at_ms.map(|_| clock.now_ms());
                }
                let count = |counter: &AtomicU64, n: u64| {
                    counter.fetch_add(n, Ordering::Relaxed);
                };
                count(&self.counters.packets_lost, after.packets_lost - before.packets_lost);
                count(&self.counters.access_units_dropped, after.access_units_dropped - before.access_units_dropped);
                for unit in units {
                    if unit.key {
                        playing.key_at_ms = playing.key_at_ms.map(|_| clock.now_ms());
                    }
                    count(&self.counters.access_units, 1);
                    self.tell(CameraHealth::Live).await?;
                    self.send(CameraEvent::Unit(unit)).await?;
                }
            }
        }
        Ok(())
    }
}

/// Milliseconds since a connection began.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn at(self, ms: u64) -> Instant {
        self.0 + Duration::from_millis(ms)
    }
}

/// What a connection knows once there is a track. The times are set when the camera answers PLAY.
#[derive(Default)]
struct Playing {
    depacketizer: Option<Depacketizer>,
    frame_at_ms: Option<u64>,
    key_at_ms: Option<u64>,
}

impl Playing {
    fn begin(&mut self, now_ms: u64) {
        self.frame_at_ms = Some(now_ms);
        self.key_at_ms = Some(now_ms);
    }

    fn deadline_ms(&self) -> Option<u64> {
        let frame = self.frame_at_ms.map(|at_ms| at_ms + FRAME_TIMEOUT_MS);
        let key = self.key_at_ms.map(|at_ms| at_ms + KEY_FRAME_TIMEOUT_MS);
        frame.into_iter().chain(key).min()
    }

    fn check(&self, now_ms: u64) -> Result<(), Ended> {
        if self.frame_at_ms.is_some_and(|at_ms| at_ms + FRAME_TIMEOUT_MS <= now_ms) {
            return Err(Ended::NoFrame);
        }
        if self.key_at_ms.is_some_and(|at_ms| at_ms + KEY_FRAME_TIMEOUT_MS <= now_ms) {
            return Err(Ended::NoKeyFrame);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_counts_from_play() {
        let mut playing = Playing::default();
        assert!(playing.check(1_000_000).is_ok());
        assert_eq!(playing.deadline_ms(), None);
        playing.begin(1_000);
        assert_eq!(playing.deadline_ms(), Some(6_000));
        assert!(playing.check(5_999).is_ok());
        assert!(matches!(playing.check(6_000), Err(Ended::NoFrame)));
        playing.frame_at_ms = Some(31_000);
        assert!(matches!(playing.check(31_000), Err(Ended::NoKeyFrame)));
    }

    #[test]
    fn a_config_prints_no_secret() {
        let config = CameraConfig {
            camera: CameraId::new("gate").unwrap(),
            url: "rtsp://10.0.0.7/a?pwd=hunter2".into(),
            user: "admin".into(),
            password: "hunter2".into(),
        };
        assert_eq!(format!("{config:?}"), "gate at rtsp://10.0.0.7:554/a?...");
        let config = CameraConfig { url: "rtsp://admin:hunter2@10.0.0.7/".into(), ..config };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
