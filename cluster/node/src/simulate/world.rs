//! What each sensor measures. Pure and with a seed: the same sensors and times give the same readings on every machine, in
//! whatever steps time is told.

use std::f64::consts::TAU;

use domain::{DeviceStatus, Micro, Millis, Reading, Sensor, SensorId, SensorKind};

use super::weather::Weather;
use crate::town::{
    measure::{KM_PER_DEGREE, degrees, micro, value},
    random::Random,
};

/// One step of the world. The weather and the rivers move by this, whatever the sensors' periods are.
const STEP_MS: u64 = 1_000;
/// When time is told later than this, what lies between did not happen: a machine that slept does not flood the cluster.
const BACKLOG_MS_MAX: u64 = 60_000;
/// Vietnam's clock is ahead of UTC by this.
const LOCAL_MS: u64 = 7 * 3_600_000;
const HOUR_MS: f64 = 3_600_000.0;

/// Mean time between two spells of silence of one sensor: about seven an hour among 500.
const SILENCE_EVERY_H: f64 = 72.0;
/// Mean time between two faults of one sensor.
const FAULT_EVERY_H: f64 = 240.0;
/// Mean time between two alarms of one fire panel: one every half hour among 160.
const FIRE_EVERY_H: f64 = 80.0;
/// Mean time between two jams at one place.
const JAM_EVERY_H: f64 = 12.0;
/// Mean time between two episodes of bad air at one place.
const SMOG_EVERY_H: f64 = 24.0;
/// One sensor of so many flickers: a third of its readings are never sent.
const FLICKERING_OF: usize = 50;
/// Share of its readings that a flickering sensor does not send.
const FLICKER: f64 = 0.35;

/// How many metres one millimetre of rain over its catchment raises a river.
const RISE_M_PER_MM: f64 = 0.055;
/// How long rain is on its way to the river, hours of weather.
const LAG_H: f64 = 1.5;
/// How fast a river falls again, hours of weather.
const RECESSION_H: f64 = 7.0;
/// A river stands so far below its first limit when it has not rained.
const BASE_BELOW_M: f64 = 2.2;
/// A river hears of rain upstream: north-west of it, so many kilometres away.
const UPSTREAM_KM: [f64; 3] = [4.0, 14.0, 26.0];

/// Something that comes at random, lasts, and goes.
#[derive(Clone, Debug)]
struct Spell {
    every_h: f64,
    minutes: (f64, f64),
    from_ms: u64,
    until_ms: u64,
}

fn ms(hours: f64) -> u64 {
    // Saturating, and never negative: durations come from `waiting` and `between`.
    u64::try_from(micro(hours * HOUR_MS / 1e6).0).unwrap_or(0)
}

impl Spell {
    fn new(every_h: f64, minutes: (f64, f64), start_ms: u64, random: &mut Random) -> Self {
        let mut spell = Self { every_h, minutes, from_ms: start_ms, until_ms: start_ms };
        spell.plan(random);
        spell
    }

    fn plan(&mut self, random: &mut Random) {
        self.from_ms = self.until_ms + ms(random.waiting(self.every_h)).max(1);
        self.until_ms = self.from_ms + ms(random.between(self.minutes.0, self.minutes.1) / 60.0);
    }

    /// Whether it is on. Time only goes on.
    fn is_on(&mut self, at_ms: u64, random: &mut Random) -> bool {
        while at_ms >= self.until_ms {
            self.plan(random);
        }
        at_ms >= self.from_ms
    }
}

/// One sensor and the part of the world that it looks at.
#[derive(Clone, Debug)]
struct Device {
    id: SensorId,
    kind: SensorKind,
    unit: String,
    range: (Micro, Micro),
    place: (f64, f64),
    /// For a river: where its water comes from.
    upstream: Vec<(f64, f64)>,
    /// For a river: its level without rain, metres.
    base_m: f64,
    /// For a river: rain on its way, mm/h, and what stands above the base, metres.
    inflow_mm_h: f64,
    above_m: f64,
    period_ms: u64,
    next_ms: u64,
    is_flickering: bool,
    silence: Spell,
    fault: Spell,
    event: Spell,
    /// Its own bias, within ±1.
    bias: f64,
    random: Random,
}

impl Device {
    fn new(seed: u64, sensor: &Sensor, start_ms: u64) -> Self {
        let mut random = Random::new(seed, sensor.id.as_str());
        let place = (degrees(sensor.place.latitude_e7), degrees(sensor.place.longitude_e7));
        let period_ms = u64::from(sensor.period_ms).max(STEP_MS);
        let (every_h, minutes) = match sensor.kind {
            SensorKind::Fire => (FIRE_EVERY_H, (3.0, 8.0)),
            SensorKind::Traffic => (JAM_EVERY_H, (4.0, 15.0)),
            _ => (SMOG_EVERY_H, (8.0, 25.0)),
        };
        let first_limit = sensor.thresholds.iter().filter(|it| it.above).map(|it| it.limit_micro).min();
        let upstream = UPSTREAM_KM.map(|km| {
            let (north, west) = (km * 0.8 / KM_PER_DEGREE, km * 0.6 / KM_PER_DEGREE);
            (place.0 + north, place.1 - west)
        });
        Self {
            id: sensor.id.clone(),
            kind: sensor.kind,
            unit: sensor.unit_of_measure.clone(),
            range: (sensor.range_min_micro, sensor.range_max_micro),
            place,
            upstream: if sensor.kind == SensorKind::RiverLevel { upstream.to_vec() } else { Vec::new() },
            base_m: first_limit.map_or(1.0, value) - BASE_BELOW_M,
            inflow_mm_h: 0.0,
            above_m: 0.0,
            period_ms,
            // Not all at once.
            next_ms: start_ms + random.next() % period_ms,
            is_flickering: random.below(FLICKERING_OF) == 0,
            silence: Spell::new(SILENCE_EVERY_H, (4.0, 12.0), start_ms, &mut random),
            fault: Spell::new(FAULT_EVERY_H, (3.0, 10.0), start_ms, &mut random),
            event: Spell::new(every_h, minutes, start_ms, &mut random),
            bias: random.between(-1.0, 1.0),
            random,
        }
    }

    /// A linear reservoir behind a delay: rain comes in late, and what stands above the base runs off.
    fn flow(&mut self, weather: &Weather, hours: f64) {
        if self.upstream.is_empty() {
            return;
        }
        let rain = self.upstream.iter().map(|place| weather.rain_mm_h(*place)).sum::<f64>();
        #[allow(clippy::cast_precision_loss, reason = "a handful")]
        let rain = rain / self.upstream.len() as f64;
        self.inflow_mm_h += (rain - self.inflow_mm_h) * (hours / LAG_H).min(1.0);
        self.above_m += self.inflow_mm_h * RISE_M_PER_MM * hours;
        self.above_m -= self.above_m * (hours / RECESSION_H).min(1.0);
    }

    /// Its next reading if it sends one.
    fn measure(&mut self, weather: &Weather, at_ms: u64) -> Option<Reading> {
        let is_silent = self.silence.is_on(at_ms, &mut self.random);
        let is_faulty = self.fault.is_on(at_ms, &mut self.random);
        let is_on = self.event.is_on(at_ms, &mut self.random);
        // Drawn whether it is sent or not, so that one device's mishaps do not change what it measures later.
        let noise = self.random.normal();
        let is_lost = self.is_flickering && self.random.chance(FLICKER);
        if is_silent || is_lost {
            return None;
        }
        let value = micro(self.value(weather, at_ms, is_on, noise));
        Some(Reading {
            sensor: self.id.clone(),
            at_ms: Millis(at_ms),
            value_micro: if self.range == Default::default() { value } else { value.clamp(self.range.0, self.range.1) },
            status: if is_faulty { DeviceStatus::Fault } else { DeviceStatus::Measuring },
            unit_of_measure: self.unit.clone(),
        })
    }

    fn value(&self, weather: &Weather, at_ms: u64, is_on: bool, noise: f64) -> f64 {
        let hour = local_hour(at_ms);
        let rain = weather.rain_mm_h(self.place);
        match self.kind {
            SensorKind::RiverLevel => self.base_m + self.above_m + 0.008 * noise,
            SensorKind::Rain if rain < 0.1 => 0.0,
            SensorKind::Rain => (rain * (1.0 + 0.05 * noise)).max(0.0),
            // Worst at seven in the morning and in the evening, washed out by rain.
            SensorKind::Air => {
                let daily = 34.0 + 12.0 * (TAU * (hour - 7.0) / 12.0).cos() + 10.0 * self.bias;
                let smog = if is_on { 130.0 } else { 0.0 };
                ((daily + smog) * (-rain / 15.0).exp() + 2.0 * noise).max(1.0)
            }
            SensorKind::Fire => f64::from(u8::from(is_on)),
            SensorKind::Traffic => {
                let free = 42.0 + 8.0 * self.bias - 22.0 * peak(hour) - (rain / 8.0).min(10.0);
                let speed = if is_on { 4.5 } else { free };
                (speed + 1.5 * noise).max(0.0)
            }
            // Warmest at two in the afternoon, cooler in the north and in the rain.
            SensorKind::Temperature => {
                let north = (self.place.0 - 21.6) * 3.0;
                25.0 + 5.5 * (TAU * (hour - 14.0) / 24.0).cos() - north - (rain / 10.0).min(5.0)
                    + self.bias
                    + 0.15 * noise
            }
            SensorKind::Other => 50.0 + 10.0 * self.bias + noise,
        }
    }
}

/// Hour of the day in Vietnam, with its fraction.
#[allow(clippy::cast_precision_loss, reason = "milliseconds of a day")]
fn local_hour(at_ms: u64) -> f64 {
    ((at_ms + LOCAL_MS) % 86_400_000) as f64 / HOUR_MS
}

/// Share of the rush hour: 1 at 7:15 and 17:15.
fn peak(hour: f64) -> f64 {
    let bell = |at: f64| (-((hour - at) / 0.9).powi(2)).exp();
    (bell(7.25) + bell(17.25)).min(1.0)
}

/// The province as its sensors see it.
#[derive(Clone, Debug)]
pub struct World {
    weather: Weather,
    weather_pace: f64,
    devices: Vec<Device>,
    at_ms: u64,
}

impl World {
    /// A world that begins at `start`, with weather `weather_pace` times faster than real.
    #[must_use]
    pub fn new(seed: u64, weather_pace: u32, sensors: &[Sensor], start: Millis) -> Self {
        // On a whole step, so that the steps in which time is told do not matter.
        let at_ms = start.0 - start.0 % STEP_MS;
        let devices = sensors.iter().map(|sensor| Device::new(seed, sensor, at_ms)).collect();
        Self { weather: Weather::new(seed), weather_pace: f64::from(weather_pace), devices, at_ms }
    }

    /// Lets time pass until `now` and yields what was sent, in order of device time for each sensor.
    pub fn advance(&mut self, now: Millis) -> Vec<Reading> {
        if now.0.saturating_sub(self.at_ms) > BACKLOG_MS_MAX {
            self.at_ms = now.0 - now.0 % STEP_MS - STEP_MS;
            for device in &mut self.devices {
                let behind = self.at_ms.saturating_sub(device.next_ms);
                device.next_ms += behind.div_ceil(device.period_ms) * device.period_ms;
            }
        }
        let mut sent = Vec::new();
        #[allow(clippy::cast_precision_loss, reason = "a second")]
        let hours = self.weather_pace * STEP_MS as f64 / HOUR_MS;
        while self.at_ms + STEP_MS <= now.0 {
            self.at_ms += STEP_MS;
            self.weather.advance(hours);
            for device in &mut self.devices {
                device.flow(&self.weather, hours);
                while device.next_ms <= self.at_ms {
                    let at_ms = device.next_ms;
                    device.next_ms += device.period_ms;
                    sent.extend(device.measure(&self.weather, at_ms));
                }
            }
        }
        sent
    }
}

#[cfg(test)]
mod tests;
