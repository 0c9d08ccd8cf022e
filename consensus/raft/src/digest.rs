//! What a node holds of a group, in three numbers. Replicas may have packed their readings up to different moments, so a reading
//! counts by what it says and not by where it stands.

use std::{collections::BTreeMap, io, sync::Arc};

use bytes::Bytes;
use domain::{
    GroupId, Millis, Readings, SensorId,
    chunk::{self, Sample},
    rows,
    wire::{Field, Record},
};

use crate::{
    groups::Groups,
    machine::CHUNK_BYTES,
    snapshot::Sum,
    stage,
    types::{decode, malformed, meta_from_wire},
};

/// How often a group is read anew whose readings were erased, or packed for the first time, while it was read.
const READ_ANEW_MAX: usize = 4;

/// What a node holds of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Log index that it is of.
    pub index: u64,
    /// Rows; once readings are packed, rows of anything else, and readings.
    pub rows: u64,
    /// CRC-32C over keys and values in key order; once readings are packed, over those of anything else and over the sum of
    /// the CRC-32C of each reading.
    pub crc32c: u32,
}

/// Readings, in whatever order they come.
#[derive(Debug, Default)]
struct OfReadings {
    /// From when on those of a sensor count.
    floors: BTreeMap<SensorId, Millis>,
    count: u64,
    sum: u64,
}

impl OfReadings {
    fn add(&mut self, sensor: &SensorId, recorded_at: Millis, sample: Sample) {
        if self.floors.get(sensor).is_some_and(|floor| recorded_at < *floor) {
            return;
        }
        let mut crc = crc32c::crc32c(sensor.as_str().as_bytes());
        crc = crc32c::crc32c_append(crc, &sample.at_ms.0.to_be_bytes());
        crc = crc32c::crc32c_append(crc, &sample.value_micro.0.to_be_bytes());
        crc = crc32c::crc32c_append(crc, sample.status.as_str().as_bytes());
        self.count += 1;
        self.sum = self.sum.wrapping_add(u64::from(crc));
    }

    /// Takes a row of readings or a chunk; false: it is something else.
    fn take(&mut self, key: &[u8], value: &[u8]) -> io::Result<bool> {
        let unreadable = |error: domain::wire::Malformed| malformed(&error.to_string());
        if let Some((recorded_at, _)) = rows::readings_position(key) {
            for reading in Readings::decode(value).map_err(unreadable)?.readings {
                self.add(&reading.sensor, recorded_at, Sample::from(&reading));
            }
            return Ok(true);
        }
        let Some((sensor, recorded_at)) = rows::reading_chunk_place(key) else { return Ok(false) };
        let sensor: SensorId = Field::read("sensor", sensor.to_owned()).map_err(unreadable)?;
        for sample in chunk::decode(value).map_err(unreadable)? {
            self.add(&sensor, recorded_at, sample);
        }
        Ok(true)
    }
}

impl Groups {
    /// What this node holds of the group, in three numbers: replicas that are equal, at the same index, have equal ones. It
    /// reads everything, rows of history included.
    ///
    /// # Errors
    /// The disk fails, or something on it cannot be read.
    pub async fn digest(&self, group: GroupId) -> io::Result<Digest> {
        let mut floors = self.floors(group);
        for _ in 0..READ_ANEW_MAX {
            let digest = self.digest_by(group, floors.clone()).await?;
            // The rows are of a later moment than the floors. Where these have not moved since they hold for the rows too.
            let now = self.floors(group);
            if now == floors {
                return Ok(digest);
            }
            floors = now;
        }
        self.digest_by(group, floors).await
    }

    /// From when on readings of each sensor count, once they are packed. Before that is switched on every replica has rows, also one of an
    /// earlier release, which sums them as they are.
    fn floors(&self, group: GroupId) -> Option<BTreeMap<SensorId, Millis>> {
        self.read(group, |state| {
            let floors =
                || state.sensors().keys().map(|sensor| (sensor.clone(), state.readings_from(sensor))).collect();
            state.has_feature(chunk::FEATURE).then(floors)
        })
    }

    async fn digest_by(&self, group: GroupId, floors: Option<BTreeMap<SensorId, Millis>>) -> io::Result<Digest> {
        let kept = Arc::clone(self.group(group));
        stage::blocking(move || {
            let mut readings = floors.map(|floors| OfReadings { floors, ..OfReadings::default() });
            let mut view = kept.shared.frozen(kept.disk.as_ref())?;
            let applied = match view.applied()? {
                Some(bytes) => meta_from_wire(decode("applied state", &bytes)?)?.last_log_id,
                None => None,
            };
            let index = applied.map_or(0, |id| id.index);
            let mut sum = Sum::default();
            loop {
                let rows = view.next_rows(CHUNK_BYTES)?;
                if rows.is_empty() {
                    break;
                }
                let mut others: Vec<(Bytes, Bytes)> = Vec::with_capacity(rows.len());
                for (key, value) in rows {
                    let is_taken = match &mut readings {
                        Some(readings) => readings.take(&key, &value)?,
                        None => false,
                    };
                    if !is_taken {
                        others.push((key, value));
                    }
                }
                sum.add(&others);
            }
            let Some(readings) = readings else { return Ok(Digest { index, rows: sum.rows, crc32c: sum.crc32c }) };
            let crc32c = crc32c::crc32c_append(sum.crc32c, &readings.sum.to_be_bytes());
            Ok(Digest { index, rows: sum.rows + readings.count, crc32c })
        })
        .await
    }
}
