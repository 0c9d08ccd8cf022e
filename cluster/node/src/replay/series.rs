//! A recorded series as a sensor, when its points are sent, and many of them merged by time.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use domain::{
    Condition, DeviceStatus, Micro, Millis, Place, Reading, Sensor, SensorId, SensorKind, Severity, Threshold,
};
use tokio::{sync::watch, time::sleep};

use super::Speed;
use crate::{
    clock::unix_ms,
    town::{measure::micro, tables},
};

/// How often a wait for a far point looks whether it should stop.
const WAIT_MS_MAX: u64 = 1_000;

/// What a series is, before its points.
#[derive(Clone, Copy, Debug)]
pub struct Kind<'a> {
    /// Sensor id.
    pub id: &'a str,
    /// Vietnamese name.
    pub name: &'a str,
    /// What is measured.
    pub kind: SensorKind,
    /// UCUM code.
    pub unit: &'a str,
    /// What the sensor can say; both 0: anything.
    pub range: (f64, f64),
}

/// One limit: condition, abnormal above it, limit, hysteresis, severity.
pub type Limit = (&'static str, bool, f64, f64, Severity);

/// A sensor and what it measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As it is registered. It expects no period: a recording has gaps and an end, and neither is an alarm of today.
    pub sensor: Sensor,
    /// Ascending by time, no time twice.
    pub points: Vec<(Millis, Micro)>,
}

impl Series {
    /// A series of points in any order. Of two at one time the first counts.
    ///
    /// # Errors
    /// The id is none, or there is no commune to put the sensor in.
    pub fn new(kind: Kind<'_>, limits: &[Limit], mut points: Vec<(Millis, f64)>) -> Result<Self, String> {
        points.sort_by_key(|(at, _)| *at);
        points.dedup_by_key(|(at, _)| *at);
        let threshold = |(condition, above, limit, hysteresis, severity): &Limit| {
            Ok(Threshold {
                condition: Condition::new(condition)?,
                above: *above,
                limit_micro: micro(*limit),
                hysteresis_micro: micro(hysteresis.abs()),
                debounce_ms: 0,
                severity: *severity,
            })
        };
        let thresholds = limits.iter().map(threshold).collect::<Result<_, domain::wire::Malformed>>();
        let sensor = Sensor {
            exercise: false,
            suppressions: Vec::new(),
            out_of_service: Vec::new(),
            id: SensorId::new(kind.id).map_err(|e| e.to_string())?,
            name: kind.name.to_owned(),
            kind: kind.kind,
            unit_of_measure: kind.unit.to_owned(),
            place: place(kind.id).ok_or("there is no commune to put its sensors in")?,
            thresholds: thresholds.map_err(|e| e.to_string())?,
            period_ms: 0,
            silence_periods: 0,
            rate_limit_micro_per_min: 0,
            range_min_micro: micro(kind.range.0),
            range_max_micro: micro(kind.range.1),
            status: DeviceStatus::Measuring,
            last_at_ms: Millis(0),
            last_micro: Micro(0),
            last_recorded_at_ms: Millis(0),
            version: 0,
        };
        let points = points.into_iter().map(|(at, value)| (at, micro(value))).collect();
        Ok(Self { sensor, points })
    }

    /// Adds the name of a run to the sensor's id. `run` was checked to fit.
    pub fn rename(&mut self, run: &str) {
        if let Ok(id) = SensorId::new(&format!("{}{run}", self.sensor.id)) {
            self.sensor.id = id;
        }
    }

    /// A reading of it.
    #[must_use]
    pub fn reading(&self, at_ms: Millis, value_micro: Micro) -> Reading {
        Reading {
            sensor: self.sensor.id.clone(),
            at_ms,
            value_micro,
            status: DeviceStatus::Measuring,
            unit_of_measure: self.sensor.unit_of_measure.clone(),
        }
    }

    /// Whether the cluster takes this value.
    #[must_use]
    pub fn can_say(&self, value: Micro) -> bool {
        let range = (self.sensor.range_min_micro, self.sensor.range_max_micro);
        range == Default::default() || (range.0..=range.1).contains(&value)
    }
}

/// Somewhere in the province, always the same place for an id.
fn place(id: &str) -> Option<Place> {
    let communes = tables::communes();
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let hash = usize::try_from(hash).unwrap_or(0);
    communes.get(hash % communes.len().max(1)).map(|commune| commune.place(hash / 97, ""))
}

/// The value below which this share of the values lies; none of an empty series.
#[must_use]
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list in memory"
    )]
    let at = (share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(at).copied()
}

/// Which time a point gets, and when it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    speed: Speed,
    /// Recorded time that becomes `anchor`: of the first point when played, of the last at full speed.
    recorded: Millis,
    anchor: Millis,
}

impl Pace {
    /// A pace for points from `first` to `last` that begins, or at full speed ends, at `now`.
    #[must_use]
    pub fn new(speed: Speed, first: Option<Millis>, last: Option<Millis>, now: Millis) -> Self {
        let recorded = match speed {
            Speed::Times(_) => first,
            Speed::Max => last,
        };
        Self { speed, recorded: recorded.unwrap_or(now), anchor: now }
    }

    /// Time of a point as the device says it.
    #[must_use]
    pub fn device_time(&self, at: Millis) -> Millis {
        match self.speed {
            Speed::Times(times) => {
                let since = Duration::from_millis(at.since(self.recorded)).div_f64(times);
                self.anchor.plus(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
            Speed::Max => Millis(self.anchor.0.saturating_sub(self.recorded.since(at))),
        }
    }

    /// How long until a point is sent.
    #[must_use]
    pub fn wait_ms(&self, at: Millis, now: Millis) -> u64 {
        match self.speed {
            Speed::Times(_) => self.device_time(at).since(now),
            Speed::Max => 0,
        }
    }

    /// Waits until it is due: true. False: it was stopped.
    pub async fn wait_for(&self, at: Millis, stop: &watch::Receiver<bool>) -> bool {
        loop {
            if *stop.borrow() {
                return false;
            }
            match self.wait_ms(at, Millis(unix_ms())) {
                0 => return true,
                wait => sleep(Duration::from_millis(wait.min(WAIT_MS_MAX))).await,
            }
        }
    }
}

/// All points of all series, ascending by time; at one time in the order of the series.
pub fn merge(all: &[Series]) -> impl Iterator<Item = (Millis, &Series, Micro)> {
    let mut heads: BinaryHeap<_> = all
        .iter()
        .enumerate()
        .filter_map(|(index, series)| Some(Reverse((series.points.first()?.0, index, 0))))
        .collect();
    std::iter::from_fn(move || {
        let Reverse((at, index, point)) = heads.pop()?;
        let series = all.get(index)?;
        let (_, value) = series.points.get(point)?;
        if let Some((next, _)) = series.points.get(point + 1) {
            heads.push(Reverse((*next, index, point + 1)));
        }
        Some((at, series, *value))
    })
}
