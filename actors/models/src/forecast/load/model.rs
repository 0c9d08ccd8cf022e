//! A trained load forecaster, and the districts that it follows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        super::artifact::Kept,
        narrow,
        net::{Net, Scratch},
    },
    AHEAD_H_MAX,
    counts::CountForecast,
    profile::{Profile, Shape, hour_of_week},
};

/// Stretches of the past whose excess is looked at, in hours.
const OWN_WINDOWS_H: [usize; 6] = [1, 3, 6, 24, 72, 168];
/// The same for the whole province.
const ALL_WINDOWS_H: [usize; 5] = [1, 3, 6, 24, 168];
/// What the net reads.
pub(super) const WIDTH: usize = OWN_WINDOWS_H.len() + ALL_WINDOWS_H.len() + 14;
/// The net moves the usual count by at most this factor's logarithm either way.
const CHANGE_MAX: f32 = 3.0;

/// A trained load forecaster. Plain numbers; [`LoadModel::check`] it when it comes back from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadModel {
    /// What moves the usual count.
    pub net: Net,
    /// Scatter beyond a Poisson distribution: by district, ...
    pub spread: BTreeMap<String, f32>,
    /// ... of all districts together, ...
    pub spread_all: f32,
    /// ... and of a district that the training did not know.
    pub spread_other: f32,
    /// Part of the scatter that the hours of a day have in common.
    pub shared: f32,
    /// Local time less UTC, in hours.
    pub utc_offset_h: i64,
}

impl Kept for LoadModel {
    const KIND: &'static str = "district_counts";

    fn check(&self) -> Result<(), String> {
        self.check()
    }
}

impl LoadModel {
    /// Refuses what a file holds and no training gives.
    ///
    /// # Errors
    ///
    /// The first field that is wrong, and what to do.
    pub fn check(&self) -> Result<(), String> {
        self.net.check().map_err(|error| error.to_string())?;
        if self.net.inputs != WIDTH || self.net.outputs != 1 {
            return Err(format!("the net has {} inputs where {WIDTH} are read; train again", self.net.inputs));
        }
        let spreads = self.spread.values().chain([&self.spread_all, &self.spread_other]);
        if spreads.into_iter().any(|spread| !(0.0..=100.0).contains(spread)) || !(0.0..=1.0).contains(&self.shared) {
            return Err("spread or shared is out of bounds; train again".to_owned());
        }
        Ok(())
    }

    pub(super) fn mean(&self, log_usual: f32, inputs: &[f32], scratch: &mut Scratch) -> f32 {
        self.net.answer(inputs, scratch);
        (log_usual + scratch.out[0].clamp(-CHANGE_MAX, CHANGE_MAX)).exp()
    }
}

/// The districts of a province as their hours go by: constant memory, no look ahead.
#[derive(Clone, Debug)]
pub struct LoadLive {
    districts: Vec<String>,
    profiles: Vec<Profile>,
    shape: Shape,
    utc_offset_h: i64,
    hour: i64,
    inputs: Vec<f32>,
    scratch: Scratch,
}

impl LoadLive {
    /// Starts knowing nothing of these districts.
    #[must_use]
    pub fn new(districts: &[String], utc_offset_h: i64) -> Self {
        Self {
            districts: districts.to_vec(),
            profiles: vec![Profile::new(); districts.len() + 1],
            shape: Shape::new(),
            utc_offset_h,
            hour: i64::MIN,
            inputs: Vec::with_capacity(WIDTH),
            scratch: Scratch::default(),
        }
    }

    /// Takes a finished hour (hours since 1970, UTC): a count per district. Missing ones count as 0.
    pub fn observe(&mut self, hour: i64, counts: &[u32]) {
        let slot = hour_of_week(hour + self.utc_offset_h);
        let all = self.districts.len();
        let counts = &counts[..counts.len().min(all)];
        let sum = counts.iter().sum::<u32>() as f32;
        self.shape.observe(slot, sum);
        for (district, profile) in self.profiles.iter_mut().enumerate() {
            let count = if district == all { sum } else { counts.get(district).copied().unwrap_or(0) as f32 };
            profile.observe(slot, count, &self.shape);
        }
        self.hour = hour;
    }

    /// Series of all districts together.
    #[must_use]
    pub fn all(&self) -> usize {
        self.districts.len()
    }

    /// How many incidents there will be in the hour that begins `ahead_h - 1` hours after the newest ended; `ahead_h` from 1 to
    /// [`AHEAD_H_MAX`], beyond it the last. `None` for no such district, and before anything is known.
    pub fn forecast(&mut self, model: &LoadModel, district: usize, ahead_h: usize) -> Option<CountForecast> {
        let ahead_h = ahead_h.clamp(1, AHEAD_H_MAX);
        if district >= self.profiles.len() || self.hour == i64::MIN {
            return None;
        }
        let log_usual = self.write(district, ahead_h);
        let mean = model.mean(log_usual, &self.inputs, &mut self.scratch);
        let spread = match self.districts.get(district) {
            None => model.spread_all,
            Some(name) => model.spread.get(name).copied().unwrap_or(model.spread_other),
        };
        Some(CountForecast { mean, spread })
    }

    /// What the whole coming day brings: its hours, from the first that has not ended.
    pub fn day(&mut self, model: &LoadModel, district: usize) -> Vec<CountForecast> {
        (1..=AHEAD_H_MAX).filter_map(|ahead| self.forecast(model, district, ahead)).collect()
    }

    /// Bytes that it holds for each district, which do not grow.
    #[must_use]
    pub fn bytes_per_district(&self) -> usize {
        self.profiles.first().map_or(0, Profile::bytes)
    }

    /// What the net reads, and the logarithm of the usual count.
    pub(super) fn write(&mut self, district: usize, ahead_h: usize) -> f32 {
        let local = self.hour + self.utc_offset_h + i64::try_from(ahead_h).unwrap_or(0);
        let slot = hour_of_week(local);
        let (own, all) = (&self.profiles[district], &self.profiles[self.districts.len()]);
        let usual = own.usual(slot, &self.shape);
        let out = &mut self.inputs;
        out.clear();
        out.extend(OWN_WINDOWS_H.iter().map(|hours| own.excess(0, *hours)));
        out.extend(ALL_WINDOWS_H.iter().map(|hours| all.excess(0, *hours)));
        // The same time of yesterday and of last week, with the hours beside it.
        out.push(own.excess(24usize.saturating_sub(ahead_h + 1), 3));
        out.push(all.excess(24usize.saturating_sub(ahead_h + 1), 3));
        out.push(all.excess(168usize.saturating_sub(ahead_h + 1), 3));
        out.push(usual.ln());
        out.push(own.level().ln());
        out.push(if district == self.districts.len() { 1.0 } else { 0.0 });
        let ahead = ahead_h as f32 / AHEAD_H_MAX as f32;
        out.push(ahead);
        // How much the last hours say fades with the time ahead.
        out.push(own.excess(0, 3) * (-3.0 * ahead).exp());
        out.push(all.excess(0, 3) * (-3.0 * ahead).exp());
        for waves in [1.0, 2.0] {
            let angle = (slot % 24) as f64 / 24.0 * std::f64::consts::TAU * waves;
            out.extend([narrow(angle.sin()), narrow(angle.cos())]);
        }
        // 1 January 1970 was a Thursday: days 2 and 3 are the weekend.
        out.push(if matches!(slot / 24, 2 | 3) { 1.0 } else { 0.0 });
        usual.ln()
    }

    pub(super) fn inputs(&self) -> &[f32] {
        &self.inputs
    }
}
