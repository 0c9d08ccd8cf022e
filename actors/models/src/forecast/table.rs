//! A series and its covariates on a regular grid.

use thiserror::Error;

use super::plan::CHANNELS_MAX;

/// Steps of one table at most: eleven years of hours.
pub const TABLE_ROWS_MAX: usize = 100_000;

/// One measurement of a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When.
    pub at_ms: i64,
    /// What; what is no number counts as missing.
    pub value: f32,
}

/// What a step says when it holds several readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gather {
    /// The newest: levels.
    Last,
    /// Their mean: concentrations.
    Mean,
    /// Their sum: rainfall, vehicles.
    Sum,
}

/// A series (channel 0) and its covariates, a value a step; `NaN`: not known.
#[derive(Clone, Debug)]
pub struct Table {
    /// Time of the first step.
    pub first_at_ms: i64,
    /// Length of a step.
    pub step_ms: i64,
    /// `channels × steps`, all equally long.
    pub channels: Vec<Vec<f32>>,
}

/// Why there is no table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// No reading of the series itself.
    #[error("the series has no reading: name a sensor that has measured")]
    Empty,
    /// Too many channels.
    #[error("{found} channels, at most {CHANNELS_MAX}: leave out covariates")]
    Channels {
        /// How many.
        found: usize,
    },
    /// Too long.
    #[error("{found} steps, at most {TABLE_ROWS_MAX}: give a shorter span or a longer step")]
    Rows {
        /// How many.
        found: usize,
    },
    /// A step of no length.
    #[error("step_ms is {found}: give a positive length")]
    Step {
        /// What it is.
        found: i64,
    },
}

impl Table {
    /// Puts readings on a grid. Channel 0 is the series, which says where the table begins and ends.
    ///
    /// # Errors
    ///
    /// Nothing measured, too many channels or steps, a step of no length.
    pub fn from_readings(step_ms: i64, channels: &[(Gather, Vec<Reading>)]) -> Result<Self, TableError> {
        if step_ms <= 0 {
            return Err(TableError::Step { found: step_ms });
        }
        if channels.len() > CHANNELS_MAX {
            return Err(TableError::Channels { found: channels.len() });
        }
        let series = channels.first().map(|(_, readings)| readings.as_slice()).unwrap_or_default();
        let slots = || series.iter().map(|reading| reading.at_ms.div_euclid(step_ms));
        let (Some(first), Some(last)) = (slots().min(), slots().max()) else { return Err(TableError::Empty) };
        let rows = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
        if rows > TABLE_ROWS_MAX {
            return Err(TableError::Rows { found: rows });
        }
        let channels =
            channels.iter().map(|(gather, readings)| column(first, rows, step_ms, *gather, readings)).collect();
        Ok(Self { first_at_ms: first * step_ms, step_ms, channels })
    }

    /// Steps.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Time of a step.
    #[must_use]
    pub fn at_ms(&self, row: usize) -> i64 {
        self.first_at_ms + self.step_ms * i64::try_from(row).unwrap_or(i64::MAX / self.step_ms.max(1))
    }

    /// Where what is not known stands at the newest that was; before anything was known, 0.
    #[must_use]
    pub fn filled(&self) -> Self {
        let mut filled = self.clone();
        for channel in &mut filled.channels {
            let mut last = channel.iter().copied().find(|value| value.is_finite()).unwrap_or(0.0);
            for value in channel {
                if value.is_finite() {
                    last = *value;
                } else {
                    *value = last;
                }
            }
        }
        filled
    }
}

fn column(first: i64, rows: usize, step_ms: i64, gather: Gather, readings: &[Reading]) -> Vec<f32> {
    let mut values = vec![f32::NAN; rows];
    let mut newest = vec![(i64::MIN, 0.0f32); rows];
    for reading in readings.iter().filter(|reading| reading.value.is_finite()) {
        let Ok(row) = usize::try_from(reading.at_ms.div_euclid(step_ms) - first) else { continue };
        let (Some(value), Some(state)) = (values.get_mut(row), newest.get_mut(row)) else { continue };
        match gather {
            Gather::Last if reading.at_ms >= state.0 => {
                *state = (reading.at_ms, 0.0);
                *value = reading.value;
            }
            Gather::Last => {}
            Gather::Mean => {
                state.1 += 1.0;
                let before = if value.is_finite() { *value } else { 0.0 };
                *value = before + (reading.value - before) / state.1;
            }
            Gather::Sum => *value = if value.is_finite() { *value } else { 0.0 } + reading.value,
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_fall_into_steps() {
        let at = |at_ms, value| Reading { at_ms, value };
        let series = vec![at(25, 3.0), at(1, 1.0), at(9, 2.0), at(8, 7.0)];
        let rain = vec![at(0, 1.0), at(5, 2.0), at(31, 9.0), at(-4, 9.0)];
        let mean = vec![at(20, 4.0), at(21, 6.0), at(22, f32::NAN)];
        let table =
            Table::from_readings(10, &[(Gather::Last, series), (Gather::Sum, rain), (Gather::Mean, mean)]).unwrap();
        assert_eq!(table.rows(), 3);
        assert_eq!(table.at_ms(2), 20);
        assert_eq!((table.channels[0][0], table.channels[0][2]), (2.0, 3.0));
        assert!(table.channels[0][1].is_nan());
        assert_eq!(table.channels[1][0], 3.0);
        assert_eq!(table.channels[2][2], 5.0);
        assert_eq!(table.filled().channels[0], vec![2.0, 2.0, 3.0]);
    }

    #[test]
    fn what_cannot_be_a_table_is_refused() {
        assert!(matches!(Table::from_readings(10, &[]), Err(TableError::Empty)));
        assert!(matches!(Table::from_readings(0, &[]), Err(TableError::Step { .. })));
        let far = vec![Reading { at_ms: 0, value: 0.0 }, Reading { at_ms: i64::MAX / 2, value: 0.0 }];
        assert!(matches!(Table::from_readings(1, &[(Gather::Last, far)]), Err(TableError::Rows { .. })));
    }
}
