//! Notices when a count leaves the band that was expected of it, and when it is back. Pure; knows no clock.

use serde::{Deserialize, Serialize};

use super::counts::CountForecast;

/// The band of a day or an hour claims this much: one in fifty calm ones would leave it by chance for one look.
pub const OUTER: (f32, f32) = (0.01, 0.99);
/// Back within this part it is called normal again.
pub const INNER: (f32, f32) = (0.1, 0.9);
/// Looks in succession outside before it is said.
pub const LEAVE_LOOKS: u32 = 2;
/// Looks in succession inside before it is taken back.
pub const RETURN_LOOKS: u32 = 2;

/// What is expected of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Fewer leave the band.
    pub low: u32,
    /// From here up it is normal again.
    pub inner_low: u32,
    /// Up to here it is normal again.
    pub inner_high: u32,
    /// More leave the band.
    pub high: u32,
}

impl Band {
    /// The band of a forecast.
    #[must_use]
    pub fn of(forecast: CountForecast) -> Self {
        let quantiles = forecast.quantiles(&[OUTER.0, INNER.0, INNER.1, OUTER.1]);
        Self { low: quantiles[0], inner_low: quantiles[1], inner_high: quantiles[2], high: quantiles[3] }
    }

    /// The band of the day so far: `hours` as they were forecast when it began, those that have passed. `shared` as in the model.
    #[must_use]
    pub fn of_day_so_far(hours: &[CountForecast], shared: f32) -> Self {
        Self::of(CountForecast::together(hours, shared))
    }
}

/// Where the count is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// As expected.
    #[default]
    Within,
    /// More than expected.
    Above,
    /// Fewer than expected: a line may be cut.
    Below,
}

/// Remembers where the count was called to be, and how long it has been elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandWatch {
    side: Side,
    toward: Side,
    looks: u32,
}

impl BandWatch {
    /// Where the count is called to be.
    #[must_use]
    pub fn side(&self) -> Side {
        self.side
    }

    /// Takes a look; says where the count is when that has changed.
    pub fn observe(&mut self, count: u32, band: Band) -> Option<Side> {
        let seen = if count > band.high {
            Side::Above
        } else if count < band.low {
            Side::Below
        } else if (band.inner_low..=band.inner_high).contains(&count) {
            Side::Within
        } else {
            // Between inner and outer: on the same side what was said stands; from the other side it has come back.
            let upper = count > band.inner_high;
            if (self.side == Side::Above) == upper && self.side != Side::Within { self.side } else { Side::Within }
        };
        if seen == self.side {
            self.looks = 0;
            return None;
        }
        self.looks = if seen == self.toward { self.looks + 1 } else { 1 };
        self.toward = seen;
        let needed = if seen == Side::Within { RETURN_LOOKS } else { LEAVE_LOOKS };
        if self.looks < needed {
            return None;
        }
        self.side = seen;
        self.looks = 0;
        Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Band = Band { low: 5, inner_low: 8, inner_high: 14, high: 20 };

    fn sides(counts: &[u32]) -> Vec<Option<Side>> {
        let mut watch = BandWatch::default();
        counts.iter().map(|count| watch.observe(*count, BAND)).collect()
    }

    #[test]
    fn one_look_outside_says_nothing_two_do() {
        assert_eq!(sides(&[25, 10, 25, 10]), [None; 4]);
        assert_eq!(sides(&[25, 25]), [None, Some(Side::Above)]);
        assert_eq!(sides(&[3, 3]), [None, Some(Side::Below)]);
        assert_eq!(sides(&[25, 3, 25, 3]), [None; 4]);
    }

    #[test]
    fn between_the_bands_what_was_said_stands() {
        assert_eq!(sides(&[25, 25, 18, 18, 18, 21]), [None, Some(Side::Above), None, None, None, None]);
        assert_eq!(sides(&[25, 25, 10, 18, 10, 10]), [None, Some(Side::Above), None, None, None, Some(Side::Within)]);
        assert_eq!(sides(&[18, 18, 6, 6]), [None; 4]);
    }

    #[test]
    fn from_above_to_below() {
        assert_eq!(sides(&[25, 25, 2, 2]), [None, Some(Side::Above), None, Some(Side::Below)]);
        // From above into the lower margin is back.
        assert_eq!(sides(&[25, 25, 6, 6]), [None, Some(Side::Above), None, Some(Side::Within)]);
    }

    #[test]
    fn a_day_is_wider_than_its_hours_are_apart() {
        let hours = [CountForecast { mean: 10.0, spread: 0.05 }; 24];
        let own = Band::of_day_so_far(&hours, 0.0);
        let common = Band::of_day_so_far(&hours, 1.0);
        assert!(own.low < 240 && 240 < own.high);
        assert!(common.high > own.high && common.low < own.low);
        assert!(own.low <= own.inner_low && own.inner_high <= own.high);
    }
}
