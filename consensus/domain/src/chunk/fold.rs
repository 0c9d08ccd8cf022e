//! Rows of readings as chunks. Pure: whoever has the rows adds them, gives each chunk that has room left, and gets the rows
//! to write; what does not read back as it was is never given out.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Sample, decode, encode};
use crate::{
    Millis, Readings, SensorId,
    limits::CHUNK_READINGS_MAX,
    retention::day_of,
    rows,
    wire::{Malformed, Record},
};

/// A reading, and where its chunk would stand if it were the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The cluster's time at which it was recorded.
    pub recorded_at: Millis,
    /// The log index of its entry.
    pub index: u64,
    /// Its number in the entry's row.
    pub number: u16,
    /// What was measured.
    pub sample: Sample,
}

/// Why rows were not folded: they stay.
#[derive(Debug, thiserror::Error)]
pub enum FoldError<E> {
    /// A row or a chunk cannot be read.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// A chunk does not read back as what it was made of.
    #[error("a chunk of sensor {0} reads back as something else: its rows are kept")]
    Differs(SensorId),
    /// The chunk with room left cannot be had.
    #[error(transparent)]
    Open(E),
}

/// Readings by sensor and day, in the order in which they were recorded.
#[derive(Debug, Default)]
pub struct Fold {
    readings: BTreeMap<(SensorId, Millis), Vec<Recorded>>,
    count: usize,
    first: Option<Bytes>,
    last: Option<Bytes>,
}

impl Fold {
    /// Adds a row of `READINGS`. Rows come in key order.
    ///
    /// # Errors
    /// It is none, or out of order.
    pub fn add(&mut self, key: &Bytes, value: &[u8]) -> Result<(), Malformed> {
        let bad = |what: &str| Malformed::new("rows.readings", format!("{what}: restore the group"));
        let (recorded_at, index) = rows::readings_position(key).ok_or_else(|| bad("has a key of something else"))?;
        if self.last.as_ref().is_some_and(|last| last >= key) {
            return Err(bad("comes out of order"));
        }
        let recorded = Readings::decode(value)?;
        for (number, reading) in recorded.readings.into_iter().enumerate() {
            let number = u16::try_from(number).map_err(|_| bad("holds more readings than a command has"))?;
            let recorded = Recorded { recorded_at, index, number, sample: Sample::from(&reading) };
            self.readings.entry((reading.sensor, day_of(recorded_at))).or_default().push(recorded);
            self.count += 1;
        }
        self.first.get_or_insert_with(|| key.clone());
        self.last = Some(key.clone());
        Ok(())
    }

    /// Readings that were added.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The keys of the rows that were added: from the first of the pair to before the second. No other row can come between
    /// them, because the cluster's time does not go back.
    #[must_use]
    pub fn range(&self) -> Option<(Bytes, Bytes)> {
        let last = self.last.as_ref()?;
        Some((self.first.clone()?, rows::after(last)))
    }

    /// The chunks, in place of the rows. `open` gives the newest chunk of a sensor whose first reading was recorded on the
    /// day that begins at a time: it is filled up before another is begun.
    ///
    /// # Errors
    /// [`FoldError`]; then nothing is to be written.
    pub fn chunks<E>(
        self,
        mut open: impl FnMut(&SensorId, Millis) -> Result<Option<(Bytes, Bytes)>, E>,
    ) -> Result<Vec<(Bytes, Bytes)>, FoldError<E>> {
        let mut chunks = Vec::with_capacity(self.readings.len());
        for ((sensor, day), recorded) in self.readings {
            let mut current = match open(&sensor, day).map_err(FoldError::Open)? {
                Some((key, value)) => Some((key, decode(&value)?)).filter(|(_, of)| of.len() < CHUNK_READINGS_MAX),
                None => None,
            };
            for one in recorded {
                let (_, samples) = current.get_or_insert_with(|| {
                    (rows::reading_chunk_key(&sensor, one.recorded_at, one.index, one.number), Vec::new())
                });
                samples.push(one.sample);
                if samples.len() >= CHUNK_READINGS_MAX {
                    chunks.extend(current.take().map(|chunk| checked(&sensor, chunk)).transpose()?);
                }
            }
            chunks.extend(current.map(|chunk| checked(&sensor, chunk)).transpose()?);
        }
        Ok(chunks)
    }
}

/// The row of a chunk, compared with what it was made of, reading by reading.
fn checked<E>(sensor: &SensorId, (key, samples): (Bytes, Vec<Sample>)) -> Result<(Bytes, Bytes), FoldError<E>> {
    let value = encode(&samples);
    if decode(&value).is_ok_and(|read| read == samples) {
        Ok((key, value.into()))
    } else {
        Err(FoldError::Differs(sensor.clone()))
    }
}
