//! What models that look at readings are shown and what they find. This crate knows them as [`Watcher`]; the node ties it
//! to them.

pub(crate) mod lookout;
pub(crate) mod rules;

use std::time::Instant;

use domain::{
    Condition, Digest, GroupId, Micro, Millis, ModelKind, ModelName, SensorId, SensorKind, Threshold, UnusualReason,
    VersionName,
};
use tokio::sync::oneshot;

use crate::advice::Silence;

/// Models that look at readings. Behind it are threads of their own: showing never waits.
pub trait Watcher: Send + Sync + 'static {
    /// Takes what was recorded and returns at once. What is found may come from any thread; after `sights.until` nobody
    /// waits for it. Findings that are dropped count as [`Silence::Failed`].
    fn watch(&self, sights: Sights, findings: Findings);
}

/// What a model is shown: readings that were just recorded, in the order of the log.
#[derive(Clone, Debug)]
pub struct Sights {
    /// Of which group.
    pub group: GroupId,
    /// Which lead of it on this node. Under another one readings went by that were not shown, so nothing that was learnt of
    /// the group's series holds any more.
    pub reign: u64,
    /// What is looked for: [`ModelKind::Anomaly`] or [`ModelKind::Forecast`].
    pub kind: ModelKind,
    /// By which model.
    pub model: ModelName,
    /// In which version of it.
    pub version: VersionName,
    /// Of the artifact, as registered: one that has another hash is not this version.
    pub sha256: Digest,
    /// Not empty.
    pub sights: Vec<Sight>,
    /// The deadline.
    pub until: Instant,
}

/// A reading, as a model sees it. The device was measuring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// By which sensor.
    pub sensor: SensorId,
    /// What it measures.
    pub kind: SensorKind,
    /// Device time.
    pub at: Millis,
    /// What was measured.
    pub value: Micro,
    /// For [`ModelKind::Forecast`]: the sensor's limits. Else empty.
    pub thresholds: Vec<Threshold>,
}

/// Something that a model found. Nothing in it is believed before it is checked; numbers out of range make it void.
#[derive(Clone, Debug, PartialEq)]
pub struct Spotted {
    /// About which sensor.
    pub sensor: SensorId,
    /// What it read.
    pub value: Micro,
    /// What.
    pub spot: Spot,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// The reading is unlike those before.
    Unusual {
        /// 0 to 1; from 0.5 on a person should look.
        score: f64,
        /// What is unusual.
        reason: UnusualReason,
    },
    /// A limit will probably be passed. Said again, it takes the place of what was said before.
    Passing {
        /// Which limit.
        condition: Condition,
        /// 0 to 1.
        probability: f64,
        /// When the middle of the forecast passes it.
        at: Millis,
        /// When its early quarter does.
        earliest: Millis,
        /// When its late quarter does; none: not within the forecast's reach.
        latest: Option<Millis>,
        /// What it will read then: the quantiles 5, 25, 50, 75 and 95 %.
        quantiles: [f64; 5],
    },
    /// No limit is expected to be passed any more.
    NotPassing,
}

/// Where a model gives what it found, once.
#[derive(Debug)]
pub struct Findings(oneshot::Sender<Result<Vec<Spotted>, Silence>>);

impl Findings {
    /// Findings, and where they arrive.
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<Vec<Spotted>, Silence>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Gives them, often none. Whoever comes too late is not heard.
    pub fn give(self, found: Result<Vec<Spotted>, Silence>) {
        let _ = self.0.send(found);
    }
}
