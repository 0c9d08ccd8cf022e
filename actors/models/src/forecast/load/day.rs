//! A day as it was expected when it began, beside what has been counted since.

use serde::{Deserialize, Serialize};

use super::{
    AHEAD_H_MAX,
    band::{Band, BandWatch, Side},
    counts::Hourly,
    model::{LoadLive, LoadModel},
};

/// What was expected of one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourBand {
    /// One in twenty hours has fewer.
    pub low: u32,
    /// The middle.
    pub median: u32,
    /// One in twenty hours has more.
    pub high: u32,
}

/// One district's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrictDay {
    /// Its name in the history; empty: all together.
    pub district: String,
    /// From midnight on.
    pub hours: Vec<HourBand>,
    /// Counted in the hours that have ended.
    pub counts: Vec<u32>,
    /// Their sum.
    pub so_far: u32,
    /// What was expected of that sum; nothing before an hour has ended.
    pub band: Option<Band>,
    /// On which side of it the day is, as it is said: not after one look.
    pub side: Side,
}

/// The days of all districts, and last of all together. `hourly` ends with the last hour that has ended, `utc_offset_h` says
/// when a day begins. Nothing where the history does not reach back before midnight.
#[must_use]
pub fn day(model: &LoadModel, hourly: &Hourly, utc_offset_h: i64) -> Vec<DistrictDay> {
    let (midnight, ended) = today(hourly, utc_offset_h);
    let Some(before) = usize::try_from(midnight - hourly.first_hour).ok().filter(|before| *before > 0) else {
        return Vec::new();
    };
    let mut live = LoadLive::new(&hourly.districts, utc_offset_h);
    let all = hourly.districts.len();
    let mut counts = vec![0; all];
    for at in 0..before {
        for (count, series) in counts.iter_mut().zip(&hourly.counts) {
            *count = series.get(at).copied().unwrap_or(0);
        }
        live.observe(hourly.first_hour + i64::try_from(at).unwrap_or(0), &counts);
    }
    let of_district = |(district, series): (usize, &Vec<u32>)| {
        let expected = live.day(model, district);
        let counts = series.get(before..before + ended).unwrap_or_default().to_vec();
        let hours = expected.iter().map(|hour| {
            let quantiles = hour.usual_quantiles();
            HourBand { low: quantiles[0], median: quantiles[2], high: quantiles[4] }
        });
        let hours = hours.collect();
        let (mut watch, mut so_far, mut band) = (BandWatch::default(), 0u32, None);
        for (past, count) in counts.iter().enumerate() {
            so_far = so_far.saturating_add(*count);
            let of_past = expected.get(..=past).unwrap_or_default();
            let now = Band::of_day_so_far(of_past, model.shared);
            watch.observe(so_far, now);
            band = Some(now);
        }
        let name = hourly.districts.get(district).cloned().unwrap_or_default();
        DistrictDay { district: name, hours, counts, so_far, band, side: watch.side() }
    };
    hourly.counts.iter().enumerate().map(of_district).collect()
}

/// The hour of the last midnight, and how many hours have ended since. Just after the last hour of a day that is the day which
/// has ended, not the one which begins.
#[must_use]
pub fn today(hourly: &Hourly, utc_offset_h: i64) -> (i64, usize) {
    let next = hourly.first_hour + i64::try_from(hourly.hours()).unwrap_or(0);
    let last = next - 1;
    let midnight = last - (last + utc_offset_h).rem_euclid(24);
    (midnight, usize::try_from(next - midnight).unwrap_or(0).min(AHEAD_H_MAX))
}

#[cfg(test)]
mod tests {
    use super::{super::train::tests::made, *};
    use crate::forecast::{
        fit::FitOptions,
        load::{LoadOptions, train},
    };

    #[test]
    fn a_day_begins_at_the_provinces_midnight() {
        let hourly = |first_hour, hours| Hourly { first_hour, districts: Vec::new(), counts: vec![vec![0; hours]] };
        // 17:00 UTC is midnight there.
        assert_eq!(today(&hourly(0, 18), 7), (17, 1));
        assert_eq!(today(&hourly(0, 17), 7), (-7, 24));
        assert_eq!(today(&hourly(17, 30), 7), (41, 6));
    }

    #[test]
    fn a_busy_day_leaves_its_band_and_a_usual_one_does_not() {
        let mut hourly = made(12, 1);
        let fit = FitOptions { epochs_max: 6, hidden: 4, rate: 5e-3, ..LoadOptions::default().fit };
        let trained = train(&hourly, &LoadOptions { fit, ..LoadOptions::default() }, &mut |_| ()).unwrap();
        let (midnight, ended) = today(&hourly, 7);
        let hours = hourly.hours();
        let usual = day(&trained.model, &hourly, 7);
        assert_eq!((usual.len(), usual[3].district.as_str(), usual[0].district.as_str()), (4, "", "a"));
        assert!(usual.iter().all(|it| it.hours.len() == 24 && it.counts.len() == ended));
        assert!(usual.iter().all(|it| it.hours.iter().all(|hour| hour.low <= hour.median && hour.median <= hour.high)));
        assert_eq!(usual[3].side, Side::Within, "{:?}", usual[3]);
        let from = usize::try_from(midnight - hourly.first_hour).unwrap();
        for at in from..hours {
            hourly.counts[0][at] = hourly.counts[0][at] * 4 + 6;
            hourly.counts[3][at] = hourly.counts[..3].iter().map(|series| series[at]).sum();
        }
        let busy = day(&trained.model, &hourly, 7);
        assert_eq!((busy[0].side, busy[1].side), (Side::Above, usual[1].side));
        assert!(busy[0].so_far > busy[0].band.unwrap().high);
        // Nothing is known of the time before midnight.
        let short = Hourly { first_hour: midnight, counts: vec![vec![1]; 4], ..hourly };
        assert!(day(&trained.model, &short, 7).is_empty());
    }
}
