//! What devices push and what is fetched from them: readings over MQTT, video over RTSP, and the parsing of readings
//! that MQTT and the HTTP door share. It knows the cluster only as [`Recorder`], so that nothing here can depend on how
//! the cluster agrees. See `DESIGN.md` of this folder.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

mod backoff;
mod fence;
pub mod fuzzing;
pub mod mqtt;
pub mod reading;
mod rfc3339;
pub mod rtsp;

use std::time::Duration;

use domain::{CameraHealth, CameraId, Reading, ReadingVerdict};
use futures::future::BoxFuture;

/// Who says that a reading is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A device account that signed in here, by its id: it speaks for the sensors in its districts.
    Account(String),
    /// The operator's own broker, which decides whom it lets publish: it speaks for every sensor.
    Broker,
}

/// The cluster, as devices need it.
pub trait Recorder: Send + Sync + 'static {
    /// Resolves when a quorum holds the readings or each is refused: one verdict per reading, in order. A sensor that
    /// `speaker` does not speak for is `UnknownSensor`, as one that does not exist.
    ///
    /// # Errors
    /// Nothing is known about the readings. The caller must not acknowledge them; the device sends them again, which is
    /// harmless because a reading's identity is its sensor and device time.
    fn record(
        &self,
        speaker: &Speaker,
        readings: Vec<Reading>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RecordError>>;

    /// Records what a camera's session is like now. `epoch` is the assignment that the session runs under; an older one
    /// than the cluster's is [`RecordError::Refused`].
    ///
    /// # Errors
    /// [`RecordError::Refused`] says that sending it again is useless, the others that the outcome is unknown.
    fn camera_health(
        &self,
        camera: CameraId,
        health: CameraHealth,
        epoch: u64,
    ) -> BoxFuture<'static, Result<(), RecordError>>;

    /// Checks a device key (a service account) in constant time and yields the account's id.
    ///
    /// # Errors
    /// [`LoginError::Denied`] for a wrong pair, [`LoginError::Unavailable`] when it could not be checked.
    fn device_login(&self, user: &str, password: &[u8]) -> BoxFuture<'static, Result<String, LoginError>>;
}

/// Why something was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No quorum answered in time; the outcome is unknown.
    #[error("no quorum answered within the deadline; send again")]
    TimedOut,
    /// The group could not be reached; the outcome is unknown.
    #[error("the cluster cannot take it now ({0}); send again")]
    Unavailable(String),
    /// The cluster answered no; sending the same again is useless.
    #[error("refused: {0}")]
    Refused(String),
}

/// Why a device was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The account does not exist, is closed, or the key is wrong; which one is not said.
    #[error("unknown device account or wrong key; check the user and key of the device")]
    Denied,
    /// It could not be checked now.
    #[error("the account could not be checked ({0}); try again")]
    Unavailable(String),
}
