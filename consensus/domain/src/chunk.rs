//! Chunks: the readings of one sensor and one day of the cluster's clock in a few bytes each. Each node makes them of its own
//! rows and lets the rows go; nothing that is decided depends on them.
//!
//! `packed` of a `ReadingChunk` (format 1) is, with numbers as LEB128 and signs zigzag:
//! 1. the first device time; with a second reading the first step between times; then the changes from step to step, packed;
//! 2. the first value; then the changes from value to value, packed;
//! 3. the statuses as runs: how many runs, and of each the status and its length.
//!
//! [`pack`](bits) says how a series of numbers is packed. Times of a device that keeps its period cost one bit or none, and
//! values that move by a few steps of the sensor's resolution a few bits. The delta-of-delta is Gorilla's (Pelkonen et al.,
//! VLDB 2015); the codes are Golomb-Rice's, since values are whole numbers here and no floats.

mod bits;
mod fold;

use crate::{
    DeviceStatus, Micro, Millis, Reading, limits::CHUNK_READINGS_MAX, wire::Field, wire::Malformed, wire::generated,
};

pub use fold::{Fold, FoldError, Recorded};

/// The behaviour that [`crate::SwitchFeature`] switches on: rows of readings become chunks. A node of an earlier release takes
/// a chunk's row for state, so none is made before every node knows better.
pub const FEATURE: u32 = 300;

/// How `packed` is laid out.
const FORMAT: u32 = 1;

/// Bytes of a chunk of so many readings, at most: what no reading can make it pass.
#[must_use]
pub const fn bytes_max(readings: usize) -> usize {
    // Of each reading at most two numbers that are written out with their escape, and a run of its own; then the header.
    readings * (2 * 11 + 3) + 96
}

/// One reading of a sensor that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Device time.
    pub at_ms: Millis,
    /// What was measured.
    pub value_micro: Micro,
    /// What the device said of itself.
    pub status: DeviceStatus,
}

impl From<&Reading> for Sample {
    fn from(reading: &Reading) -> Self {
        Self { at_ms: reading.at_ms, value_micro: reading.value_micro, status: reading.status }
    }
}

/// Packs readings in the order in which they were recorded: at least one, at most [`CHUNK_READINGS_MAX`].
#[must_use]
pub fn encode(samples: &[Sample]) -> Vec<u8> {
    use prost::Message;
    let (from_ms, span_ms) = span(samples);
    let mut packed = Vec::new();
    let times: Vec<i64> = samples.iter().map(|sample| sample.at_ms.0.cast_signed()).collect();
    let mut steps = bits::changes(&times).into_iter();
    bits::write_number(&mut packed, times.first().copied().unwrap_or(0).cast_unsigned());
    if let Some(first) = steps.next() {
        bits::write_number(&mut packed, bits::zigzag(first));
        let steps: Vec<i64> = std::iter::once(first).chain(steps).collect();
        bits::pack(&mut packed, &bits::changes(&steps));
    }
    let values: Vec<i64> = samples.iter().map(|sample| sample.value_micro.0).collect();
    bits::write_number(&mut packed, bits::zigzag(values.first().copied().unwrap_or(0)));
    bits::pack(&mut packed, &bits::changes(&values));
    let runs = samples.chunk_by(|one, next| one.status == next.status);
    bits::write_number(&mut packed, runs.clone().count() as u64);
    for run in runs {
        let status = run.first().map_or(0, |sample| sample.status.write());
        bits::write_number(&mut packed, u64::from(status.unsigned_abs()));
        bits::write_number(&mut packed, run.len() as u64);
    }
    let readings = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let chunk = generated::ReadingChunk { format: FORMAT, readings, from_ms, span_ms, packed: packed.into() };
    chunk.encode_to_vec()
}

/// A chunk whose readings are not unpacked yet.
#[derive(Clone, Debug)]
pub struct Packed(generated::ReadingChunk);

impl Packed {
    /// Reads the head.
    ///
    /// # Errors
    /// It is no chunk of this format, or of more readings than one has.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        use prost::Message;
        let chunk =
            generated::ReadingChunk::decode(bytes).map_err(|error| bad(format!("is not readable ({error})")))?;
        if chunk.format != FORMAT {
            return Err(Malformed::new("chunk.format", format!("is {}: run the newer program", chunk.format)));
        }
        if !usize::try_from(chunk.readings).is_ok_and(|readings| (1..=CHUNK_READINGS_MAX).contains(&readings)) {
            return Err(bad(format!("says that it has {} readings", chunk.readings)));
        }
        Ok(Self(chunk))
    }

    /// Whether a reading may lie in this span of device time, both ends included.
    #[must_use]
    pub fn touches(&self, from: Millis, to: Millis) -> bool {
        self.0.from_ms <= to.0 && from.0 <= self.0.from_ms.saturating_add(self.0.span_ms)
    }

    /// How many readings it has.
    #[must_use]
    pub fn readings(&self) -> u32 {
        self.0.readings
    }

    /// Its readings, in the order in which they were recorded.
    ///
    /// # Errors
    /// Bytes are missing, left over, or not what the head says.
    pub fn samples(&self) -> Result<Vec<Sample>, Malformed> {
        let cut = || bad("is cut off");
        let count = usize::try_from(self.0.readings).map_err(|_| cut())?;
        let mut packed = self.0.packed.as_ref();
        let mut times = vec![bits::read_number(&mut packed).ok_or_else(cut)?.cast_signed()];
        if count > 1 {
            let first = bits::unzigzag(bits::read_number(&mut packed).ok_or_else(cut)?);
            let bends = bits::unpack(&mut packed, count - 2).ok_or_else(cut)?;
            let steps = bits::sums(first, &bends);
            times = bits::sums(times.first().copied().unwrap_or(0), &steps);
        }
        let first = bits::unzigzag(bits::read_number(&mut packed).ok_or_else(cut)?);
        let values = bits::sums(first, &bits::unpack(&mut packed, count - 1).ok_or_else(cut)?);
        let statuses = read_statuses(&mut packed, count)?;
        if !packed.is_empty() {
            return Err(bad("has bytes left over"));
        }
        let samples: Vec<Sample> = (times.into_iter().zip(values).zip(statuses))
            .map(|((at, value), status)| Sample {
                at_ms: Millis(at.cast_unsigned()),
                value_micro: Micro(value),
                status,
            })
            .collect();
        if samples.len() != count || span(&samples) != (self.0.from_ms, self.0.span_ms) {
            return Err(bad("is of another span than it says"));
        }
        Ok(samples)
    }
}

/// The readings of a chunk's row.
///
/// # Errors
/// [`Packed::read`], [`Packed::samples`].
pub fn decode(bytes: &[u8]) -> Result<Vec<Sample>, Malformed> {
    Packed::read(bytes)?.samples()
}

/// The earliest device time, and how far from it the latest is.
fn span(samples: &[Sample]) -> (u64, u64) {
    let from = samples.iter().map(|sample| sample.at_ms.0).min().unwrap_or(0);
    let to = samples.iter().map(|sample| sample.at_ms.0).max().unwrap_or(0);
    (from, to - from)
}

fn read_statuses(packed: &mut &[u8], count: usize) -> Result<Vec<DeviceStatus>, Malformed> {
    let runs = bits::read_number(packed).ok_or_else(|| bad("is cut off"))?;
    let mut statuses = Vec::with_capacity(count);
    for _ in 0..runs {
        let status = bits::read_number(packed).and_then(|status| i32::try_from(status).ok()).unwrap_or(0);
        let length = bits::read_number(packed).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if length == 0 || length > count - statuses.len() {
            return Err(bad("has statuses of more readings than it has"));
        }
        let status: DeviceStatus = Field::read("chunk.status", status)?;
        statuses.extend(std::iter::repeat_n(status, length));
    }
    if statuses.len() == count { Ok(statuses) } else { Err(bad("has statuses of fewer readings than it has")) }
}

fn bad(what: impl std::fmt::Display) -> Malformed {
    Malformed::new("chunk", format!("{what}: restore the group"))
}

#[cfg(test)]
mod tests;
