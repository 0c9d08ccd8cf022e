//! Bytes that a reading takes at rest, as a row and in a chunk: a year of a hundred sensors that are read each ten minutes, put
//! through the domain's own rows and folds. What the disk adds by itself, and takes away by compressing, is not in it.

use std::{collections::BTreeMap, convert::Infallible};

use bytes::Bytes;
use domain::{DAY_MS, DeviceStatus, Micro, Millis, Reading, Readings, SensorId, chunk::Fold, rows, wire::Record};

use crate::Result;

/// Sensors of one batch: as many readings as a device sends at once.
const SENSORS: usize = 100;
const STEP_MS: u64 = 600_000;
/// When the year begins.
const FROM_MS: u64 = 1_767_225_600_000;
/// Bytes of group and generation before a key, and of version and checksum before a value, as `rocks` stores them.
const OVERHEAD_BYTES: usize = 8 + 5;

/// Bytes of a reading as a row, and in a chunk.
pub(crate) fn bytes_per_reading(days: u64) -> Result<(f64, f64)> {
    let sensors: Vec<SensorId> =
        (0..SENSORS).map(|at| SensorId::new(&format!("tram-{at:04}"))).collect::<std::result::Result<_, _>>()?;
    let (mut as_rows, mut in_chunks, mut readings, mut index) = (0, 0, 0, 0);
    let mut chance = Chance(7);
    for day in 0..days {
        let from = FROM_MS + day * DAY_MS;
        let mut chunks: BTreeMap<Bytes, Bytes> = BTreeMap::new();
        let mut fold = Fold::default();
        for at in (from..from + DAY_MS).step_by(usize::try_from(STEP_MS)?) {
            index += 1;
            let batch: Vec<Reading> =
                sensors.iter().enumerate().map(|(number, sensor)| reading(sensor, number, at, &mut chance)).collect();
            readings += batch.len();
            let key = rows::readings_key(Millis(at + 900), index);
            let value = Readings { readings: batch }.encode();
            as_rows += key.len() + value.len() + OVERHEAD_BYTES;
            fold.add(&key, &value)?;
            // Each hour, as a node does it: the day's chunks are filled up.
            if (at + STEP_MS).is_multiple_of(3_600_000) {
                let folded = std::mem::take(&mut fold).chunks(|sensor, day| {
                    let (from, to) = rows::reading_chunks_range(sensor, day, day.plus(DAY_MS));
                    let open = chunks.range(from..to).next_back();
                    Ok::<_, Infallible>(open.map(|(key, value)| (key.clone(), value.clone())))
                })?;
                chunks.extend(folded);
            }
        }
        in_chunks += chunks.iter().map(|(key, value)| key.len() + value.len() + OVERHEAD_BYTES).sum::<usize>();
    }
    Ok((per(as_rows, readings), per(in_chunks, readings)))
}

#[allow(clippy::cast_precision_loss, reason = "far below 53 bits")]
fn per(bytes: usize, readings: usize) -> f64 {
    bytes as f64 / readings as f64
}

/// Of four kinds in turn: a river's level in centimetres with tide, floods and ripples; rain in steps of 0.2 mm that mostly
/// does not fall; temperature in tenths of a degree; fine dust in tenths of a microgram, which is mostly noise. The device's
/// clock is some milliseconds off, as those of most are.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "made-up values of a few digits")]
fn reading(sensor: &SensorId, number: usize, at: u64, chance: &mut Chance) -> Reading {
    let day = (at - FROM_MS) as f64 / DAY_MS as f64 + number as f64 * 0.37;
    let turn = |days: f64| (day / days * std::f64::consts::TAU).sin();
    let rains = turn(6.3) + turn(17.0) > 1.2;
    let (value, step) = match number % 4 {
        0 => {
            (3.0 + 0.6 * turn(0.5175) + 2.0 * turn(365.0).max(0.0) * turn(11.0).max(0.0) + 0.01 * chance.noise(), 0.01)
        }
        1 => (if rains { (2.0 + 2.0 * chance.noise()).max(0.0) } else { 0.0 }, 0.2),
        2 => (26.0 + 5.0 * turn(365.0) + 4.0 * turn(1.0) + 0.1 * chance.noise(), 0.1),
        _ => (35.0 + 12.0 * turn(1.0) + 6.0 * chance.noise(), 0.1),
    };
    let micro_per_step = (step * 1e6_f64).round() as i64;
    let jitter_ms = if number % 3 == 0 { 0 } else { (chance.noise().abs() * 15.0) as u64 };
    Reading {
        sensor: sensor.clone(),
        at_ms: Millis(at + jitter_ms),
        value_micro: Micro((value / step).round() as i64 * micro_per_step),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    }
}

/// The same numbers in every run (xorshift64*).
struct Chance(u64);

impl Chance {
    /// About normal, of deviation 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are wanted")]
    fn noise(&mut self) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            sum += (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_takes_a_tenth_of_the_rows() {
        let (as_row, in_chunk) = bytes_per_reading(3).unwrap();
        assert!(as_row > 20.0 && in_chunk < as_row / 8.0, "{as_row} and {in_chunk}");
    }
}
