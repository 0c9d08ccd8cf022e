//! Readings over MQTT 3.1.1 with QoS 1, as devices send them: on a few connections, each with one publish under way, so
//! that the readings of one sensor are committed in the order they were given. What was not acknowledged is sent again,
//! to the next node when one dies; the cluster knows a reading by its sensor and device time, so that changes nothing.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{Reading, Readings, limits, wire::Record};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use self::line::Line;

mod line;

/// Topic of batches in protobuf.
const TOPIC: &str = "trongdong/v1/readings/pb";
/// Readings of one publish.
pub const BATCH_READINGS_MAX: usize = 256;
/// Readings of one sensor in one publish. The cluster remembers this many device times of a sensor, so a publish sent again
/// is known for a duplicate as a whole.
const BATCH_SENSOR_READINGS_MAX: usize = limits::SENSOR_WINDOW;
/// Batches waiting on one connection; at the bound whoever publishes waits.
const LANE_BATCHES_MAX: usize = 32;
/// Connections of one publisher.
pub const CONNECTIONS_MAX: usize = 64;
/// First and longest pause before connecting again.
const BACKOFF_MS: (u64, u64) = (100, 3_000);
/// How long one batch is sent again before it is given up and counted as such.
const GIVE_UP_MS: u64 = 600_000;
/// A silent connection is kept alive this often.
const PING_MS: u64 = 20_000;

/// Where and as whom to publish.
#[derive(Clone, Debug)]
pub struct Account {
    /// MQTT listeners of the nodes.
    pub addresses: Vec<SocketAddr>,
    /// Account of role device.
    pub user: String,
    /// Its password.
    pub password: String,
}

/// What came of the readings so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Readings handed over.
    pub given: u64,
    /// Readings in publishes that were acknowledged: held by a quorum, or refused one by one into the quarantine.
    pub acknowledged: u64,
    /// Readings in publishes that were given up.
    pub given_up: u64,
    /// Publishes sent again.
    pub resent: u64,
    /// Connections made.
    pub connections: u64,
}

#[derive(Debug, Default)]
struct Counters {
    given: AtomicU64,
    acknowledged: AtomicU64,
    given_up: AtomicU64,
    resent: AtomicU64,
    connections: AtomicU64,
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

/// The publisher was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the publisher is closed; start another")]
pub struct Closed;

/// A few MQTT connections over which readings are spread by sensor.
pub struct Publisher {
    lanes: Vec<mpsc::Sender<Vec<Reading>>>,
    counters: Arc<Counters>,
    tasks: JoinSet<()>,
}

impl Publisher {
    /// Starts `connections` (1 to [`CONNECTIONS_MAX`]) under client ids that begin with `name`.
    #[must_use]
    pub fn start(account: &Account, name: &str, connections: usize) -> Self {
        let counters = Arc::new(Counters::default());
        let mut tasks = JoinSet::new();
        let lanes = (0..connections.clamp(1, CONNECTIONS_MAX))
            .map(|lane| {
                let (sender, batches) = mpsc::channel(LANE_BATCHES_MAX);
                let lane = Lane {
                    account: account.clone(),
                    client_id: format!("{name}-{lane}"),
                    next_address: lane,
                    line: None,
                    counters: counters.clone(),
                };
                tasks.spawn(lane.run(batches));
                sender
            })
            .collect();
        Self { lanes, counters, tasks }
    }

    /// Hands readings over, keeping their order for each sensor. Waits while the connections are behind.
    ///
    /// # Errors
    /// The publisher was closed.
    pub async fn publish(&self, readings: Vec<Reading>) -> Result<(), Closed> {
        add(&self.counters.given, readings.len());
        for (lane, batch) in batches(readings, self.lanes.len()) {
            let lane = self.lanes.get(lane).ok_or(Closed)?;
            lane.send(batch).await.map_err(|_| Closed)?;
        }
        Ok(())
    }

    /// The counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            given: load(&self.counters.given),
            acknowledged: load(&self.counters.acknowledged),
            given_up: load(&self.counters.given_up),
            resent: load(&self.counters.resent),
            connections: load(&self.counters.connections),
        }
    }

    /// Waits up to `wait` until everything handed over is acknowledged, then closes.
    pub async fn finish(mut self, wait: Duration) -> Counts {
        self.lanes.clear();
        let done = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(wait, done).await.is_err() {
            tracing::warn!("readings are left without acknowledgement");
        }
        self.counts()
    }
}

/// One connection and the batches for it.
struct Lane {
    account: Account,
    client_id: String,
    next_address: usize,
    line: Option<Line>,
    counters: Arc<Counters>,
}

impl Lane {
    async fn run(mut self, mut batches: mpsc::Receiver<Vec<Reading>>) {
        loop {
            match timeout(Duration::from_millis(PING_MS), batches.recv()).await {
                Ok(Some(batch)) => self.deliver(batch).await,
                Ok(None) => break,
                Err(_) => {
                    if let Some(line) = &mut self.line
                        && line.ping().await.is_err()
                    {
                        self.line = None;
                    }
                }
            }
        }
        if let Some(line) = self.line {
            line.close().await;
        }
    }

    /// Sends until acknowledged.
    async fn deliver(&mut self, batch: Vec<Reading>) {
        let count = batch.len();
        let payload = Readings { readings: batch }.encode();
        let until = Instant::now() + Duration::from_millis(GIVE_UP_MS);
        let mut backoff_ms = BACKOFF_MS.0;
        let mut is_again = false;
        loop {
            match self.attempt(&payload, is_again).await {
                Ok(()) => return add(&self.counters.acknowledged, count),
                Err(reason) => tracing::debug!(client = self.client_id, %reason, "publishing again"),
            }
            self.line = None;
            if Instant::now() >= until {
                tracing::warn!(client = self.client_id, count, "gave up on readings that nobody acknowledged");
                return add(&self.counters.given_up, count);
            }
            if !std::mem::replace(&mut is_again, true) {
                add(&self.counters.resent, 1);
            }
            sleep(Duration::from_millis(backoff_ms)).await;
            backoff_ms = (backoff_ms * 2).min(BACKOFF_MS.1);
        }
    }

    async fn attempt(&mut self, payload: &[u8], is_again: bool) -> Result<(), line::LineError> {
        let line = match &mut self.line {
            Some(line) => line,
            empty => {
                let addresses = &self.account.addresses;
                let address =
                    addresses.get(self.next_address % addresses.len().max(1)).ok_or(line::LineError::Nowhere)?;
                self.next_address += 1;
                let opened = Line::open(*address, &self.client_id, &self.account).await?;
                add(&self.counters.connections, 1);
                empty.insert(opened)
            }
        };
        line.publish(TOPIC, payload, is_again).await
    }
}

/// Splits readings over lanes by sensor, and into publishes within their bounds, keeping each sensor's order.
fn batches(readings: Vec<Reading>, lanes: usize) -> Vec<(usize, Vec<Reading>)> {
    let mut open: Vec<(Vec<Reading>, HashMap<String, usize>)> = Vec::new();
    open.resize_with(lanes, Default::default);
    let mut full = Vec::new();
    for reading in readings {
        let lane = lane_of(reading.sensor.as_str(), lanes);
        let Some((batch, counts)) = open.get_mut(lane) else { continue };
        let of_sensor = counts.get(reading.sensor.as_str()).copied().unwrap_or(0);
        if batch.len() >= BATCH_READINGS_MAX || of_sensor >= BATCH_SENSOR_READINGS_MAX {
            full.push((lane, std::mem::take(batch)));
            counts.clear();
        }
        *counts.entry(reading.sensor.to_string()).or_default() += 1;
        batch.push(reading);
    }
    let rest = open.into_iter().enumerate().filter(|(_, (batch, _))| !batch.is_empty());
    full.extend(rest.map(|(lane, (batch, _))| (lane, batch)));
    full
}

/// FNV-1a of the sensor's id: the same sensor is always on the same lane.
fn lane_of(sensor: &str, lanes: usize) -> usize {
    let hash = sensor
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from(hash % lanes.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests;
