//! What was recorded of sensors, out of rows and chunks; and as few points as a chart has room for. No floating point: a mean
//! is a whole number of millionths.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    Micro, Millis, Readings, SensorId,
    chunk::{Packed, Sample},
    limits::CLOCK_AHEAD_MS_MAX,
    retention::day_of,
    rows,
    wire::{Malformed, Record},
};

/// What is asked for: readings of a span of device time, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Of which sensors, and from when on their readings count (see [`crate::State::readings_from`]).
    pub sensors: BTreeMap<SensorId, Millis>,
    /// From then.
    pub from: Millis,
    /// Until then.
    pub to: Millis,
}

impl Asked {
    /// When the earliest of these readings can have been recorded: a device is at most a little ahead of the cluster. It may
    /// be late by any time, so there is no latest.
    fn recorded_from(&self) -> Millis {
        Millis(self.from.0.saturating_sub(CLOCK_AHEAD_MS_MAX))
    }

    /// The keys under which a sensor's chunks may hold some of them.
    #[must_use]
    pub fn chunks(&self, sensor: &SensorId) -> (Bytes, Bytes) {
        let counts_from = self.sensors.get(sensor).copied().unwrap_or_default();
        // A chunk stands where its first reading does, and holds no other day's.
        let from = day_of(self.recorded_from()).max(counts_from);
        rows::reading_chunks_range(sensor, from, Millis(u64::MAX))
    }

    /// The keys under which rows may hold some of them.
    #[must_use]
    pub fn rows(&self) -> (Bytes, Bytes) {
        let counts_from = self.sensors.values().copied().min().unwrap_or_default();
        rows::readings_range(self.recorded_from().max(counts_from), Millis(u64::MAX))
    }

    fn is_within(&self, sample: &Sample) -> bool {
        (self.from..=self.to).contains(&sample.at_ms)
    }

    /// Hands over what was asked for of a sensor's chunk.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn take_chunk(&self, value: &[u8], mut take: impl FnMut(Sample)) -> Result<(), Malformed> {
        let packed = Packed::read(value)?;
        if packed.touches(self.from, self.to) {
            packed.samples()?.into_iter().filter(|sample| self.is_within(sample)).for_each(&mut take);
        }
        Ok(())
    }

    /// Hands over what was asked for of a row.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn take_row(&self, key: &[u8], value: &[u8], mut take: impl FnMut(&SensorId, Sample)) -> Result<(), Malformed> {
        let recorded_at = rows::readings_position(key).map_or(Millis(0), |(at, _)| at);
        for reading in Readings::decode(value)?.readings {
            let sample = Sample::from(&reading);
            if self.is_within(&sample) && self.sensors.get(&reading.sensor).is_some_and(|from| recorded_at >= *from) {
                take(&reading.sensor, sample);
            }
        }
        Ok(())
    }
}

/// What was measured in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Where the stretch begins.
    pub from_ms: Millis,
    /// The lowest.
    pub min_micro: Micro,
    /// The highest.
    pub max_micro: Micro,
    /// The mean of the readings, towards zero.
    pub mean_micro: Micro,
    /// The newest.
    pub last_micro: Micro,
    /// How many.
    pub count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    min: Micro,
    max: Micro,
    sum: i128,
    last: (Millis, Micro),
    count: u64,
}

/// Gathers readings, in any order, into stretches of equal length.
#[derive(Clone, Debug)]
pub struct Downsampled {
    from: Millis,
    to: Millis,
    step_ms: u64,
    cells: Vec<Option<Cell>>,
}

impl Downsampled {
    /// At most `points` (and at least one) stretches from `from` to `to`, both included.
    #[must_use]
    pub fn new(from: Millis, to: Millis, points: usize) -> Self {
        let (span_ms, points) = (to.since(from).saturating_add(1), points.max(1));
        let step_ms = span_ms.div_ceil(points as u64);
        let cells = usize::try_from(span_ms.div_ceil(step_ms)).unwrap_or(points).min(points);
        Self { from, to, step_ms, cells: vec![None; cells] }
    }

    /// How long a stretch is.
    #[must_use]
    pub fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// Adds a reading; one outside of the span is passed over.
    pub fn add(&mut self, sample: Sample) {
        if !(self.from..=self.to).contains(&sample.at_ms) {
            return;
        }
        let at = usize::try_from(sample.at_ms.since(self.from) / self.step_ms).unwrap_or(usize::MAX);
        let Some(cell) = self.cells.get_mut(at) else { return };
        let value = sample.value_micro;
        let new = Cell { min: value, max: value, sum: 0, last: (sample.at_ms, value), count: 0 };
        let cell = cell.get_or_insert(new);
        cell.min = cell.min.min(value);
        cell.max = cell.max.max(value);
        cell.sum += i128::from(value.0);
        cell.count += 1;
        if sample.at_ms >= cell.last.0 {
            cell.last = (sample.at_ms, value);
        }
    }

    /// The stretches in which something was measured, by time.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let numbered = (0_u64..).zip(&self.cells);
        let points = numbered.filter_map(|(number, cell)| {
            let cell = cell.as_ref()?;
            let mean = cell.sum / i128::from(cell.count);
            Some(Point {
                from_ms: self.from.plus(number * self.step_ms),
                min_micro: cell.min,
                max_micro: cell.max,
                // Between the lowest and the highest, so it fits.
                mean_micro: Micro(i64::try_from(mean).unwrap_or(cell.max.0)),
                last_micro: cell.last.1,
                count: cell.count,
            })
        });
        points.collect()
    }
}
