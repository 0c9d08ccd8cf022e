//! From a publish to its verdict: parse, record, count, and put aside what was not recorded. The endpoint and the broker's
//! client share it, so that a reading meets the same treatment on either road.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use domain::{ReadingVerdict, SensorId};
use tokio::sync::Semaphore;

use super::{
    lanes::Lanes,
    quarantine::{Counters, Quarantine, Reason},
    topic::Topic,
};
use crate::{RecordError, Recorder, Speaker};

/// How long a commit may take before its outcome counts as unknown: longer than an election, shorter than a device waits.
pub const RECORD_DEADLINE_MS: u64 = 10_000;
/// Payload bytes being committed at once over all connections. At the bound publishes wait, and their sockets are not
/// read: what a node holds for devices is bounded by this and not by the number of devices.
pub const INTAKE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a publish takes of [`INTAKE_BYTES_MAX`] at least, for its bookkeeping.
const PUBLISH_BYTES_MIN: usize = 1024;

/// The way in for publishes.
pub struct Intake {
    recorder: Arc<dyn Recorder>,
    counters: Counters,
    quarantine: Quarantine,
    bytes: Arc<Semaphore>,
    lanes: Lanes,
}

/// The most readings that one sensor has among `sensors`, one entry a reading.
fn readings_max_of_one(sensors: &[SensorId]) -> usize {
    let mut counts = HashMap::new();
    sensors.iter().for_each(|sensor| *counts.entry(sensor).or_insert(0) += 1);
    counts.into_values().max().unwrap_or(0)
}

impl Intake {
    /// An intake that records through `recorder`.
    #[must_use]
    pub fn new(recorder: Arc<dyn Recorder>) -> Arc<Self> {
        Arc::new(Self {
            recorder,
            counters: Counters::default(),
            quarantine: Quarantine::default(),
            bytes: Arc::new(Semaphore::new(INTAKE_BYTES_MAX)),
            lanes: Lanes::default(),
        })
    }

    /// Counts since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What was acknowledged but not recorded.
    #[must_use]
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// The cluster.
    pub(crate) fn recorder(&self) -> &Arc<dyn Recorder> {
        &self.recorder
    }

    /// Waits for room for `payload_bytes`; the room returns when what is yielded is dropped.
    pub(crate) async fn room(self: Arc<Self>, payload_bytes: usize) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let bytes = payload_bytes.clamp(PUBLISH_BYTES_MIN, INTAKE_BYTES_MAX);
        self.bytes.clone().acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX)).await.ok()
    }

    /// Commits one publish of `speaker`, who is `client` in the quarantine. `Ok` means that it may be acknowledged: each
    /// reading is held or refused for good.
    ///
    /// # Errors
    /// The outcome is unknown and the publish must not be acknowledged.
    pub async fn commit(
        &self,
        speaker: &Speaker,
        client: &str,
        topic: &str,
        payload: &Bytes,
    ) -> Result<(), RecordError> {
        Counters::add(&self.counters.publishes);
        let put = |reason: Reason, detail: String| self.quarantine.put(reason, detail, client, topic, payload);
        let batch = match Topic::parse(topic) {
            Err(malformed) => {
                self.counters.add_reason(Reason::Topic);
                put(Reason::Topic, malformed.to_string());
                return Ok(());
            }
            Ok(topic) => match topic.read(payload) {
                Err(malformed) => {
                    self.counters.add_reason(Reason::Malformed);
                    put(Reason::Malformed, malformed.to_string());
                    return Ok(());
                }
                Ok(batch) => batch,
            },
        };
        let mut refused: Option<(Reason, String)> = None;
        for malformed in &batch.broken {
            self.counters.add_reason(Reason::Malformed);
            refused.get_or_insert_with(|| (Reason::Malformed, malformed.to_string()));
        }
        if !batch.readings.is_empty() {
            let sensors: Vec<_> = batch.readings.iter().map(|reading| reading.sensor.clone()).collect();
            let deadline = Duration::from_millis(RECORD_DEADLINE_MS);
            let _turn = self.lanes.enter(client, topic, readings_max_of_one(&sensors)).await;
            // A recorder that forgets its deadline must not hold a connection for ever.
            let verdicts = tokio::time::timeout(deadline * 2, self.recorder.record(speaker, batch.readings, deadline))
                .await
                .map_err(|_| RecordError::TimedOut)??;
            if verdicts.len() != sensors.len() {
                let reason = format!("{} verdicts for {} readings", verdicts.len(), sensors.len());
                return Err(RecordError::Unavailable(reason));
            }
            for (sensor, verdict) in sensors.iter().zip(verdicts) {
                self.count(verdict);
                if let Some(reason) = Reason::of(verdict) {
                    refused.get_or_insert_with(|| (reason, format!("sensor {sensor}: {}", reason.as_str())));
                }
            }
        }
        if let Some((reason, detail)) = refused {
            put(reason, detail);
        }
        Ok(())
    }

    fn count(&self, verdict: ReadingVerdict) {
        match Reason::of(verdict) {
            Some(reason) => self.counters.add_reason(reason),
            None if verdict == ReadingVerdict::Duplicate => {
                self.counters.duplicates.fetch_add(1, Ordering::Relaxed);
            }
            None => {
                self.counters.recorded.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
