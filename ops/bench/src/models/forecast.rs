//! Forecasts on series that the models have not seen: river, air, traffic, and emergency calls per hour. Each is trained on the first
//! seven tenths of its time and measured on the rest.

use std::{hint::black_box, path::Path, time::Instant};

use models::forecast::{
    Gather, HOUR_MS, INTERVALS, Live, Model, Observed, Options, Plan, Reading, SeriesKind, Table,
    evaluate::{HorizonQuality, evaluate},
    load::{self, Hourly, LoadLive, LoadOptions},
    quantile_of_sorted, train,
    trend::{Level, SAY_FROM, passing},
};
use node::{
    replay::table::{self, Table as Csv},
    train::read,
};
use serde_json::{Value, json};

use crate::{Result, parts::Found};

/// Part of the time that is trained on.
const TRAIN_PART: f64 = 0.7;
/// Times ahead that are reported, in hours.
const REPORTED_H: [i64; 4] = [3, 6, 12, 24];
/// The water stages of the Miami river set.
const STAGES: [&str; 8] = ["WS_S1", "WS_S4", "TWS_S25A", "TWS_S25B", "TWS_S26", "HWS_S25A", "HWS_S25B", "HWS_S26"];

/// The log of emergency calls in the folder of the data.
pub(super) const CALLS: &str = "montgomery911/montgomery911.csv.gz";

/// Measures all of it; `say` gets a line now and then.
pub(crate) fn measure(data: &Path, quick: bool, say: &mut dyn FnMut(String)) -> Result<Found> {
    let mut found = Found::default();
    let options = if quick { quick_options() } else { Options::default() };
    river(data, if quick { &STAGES[..1] } else { &STAGES }, &options, &mut found, say)?;
    air_and_traffic(data, &options, &mut found, say)?;
    calls(data, quick, &mut found, say)?;
    Ok(found)
}

/// To try the benchmark itself.
fn quick_options() -> Options {
    let mut options = Options::default();
    options.fit.epochs_max = 1;
    options
}

/// A file of the data folder, with its times.
struct File {
    table: Csv,
    times: Vec<i64>,
}

impl File {
    /// `time` joins the cells of the columns that make up a time.
    fn open(data: &Path, file: &str, time: &[&str]) -> Result<Self> {
        let path = data.join(file);
        let table = read::table(&path)?;
        let columns = time.iter().map(|name| table.column(name)).collect::<std::result::Result<Vec<_>, _>>()?;
        let at_ms = |row| {
            let text = columns.iter().map(|column| table::text(row, *column)).collect::<Vec<_>>().join(" ");
            read::at_ms(&text).ok_or_else(|| format!("{file}: {text:?} is no time"))
        };
        let times = table.rows().iter().map(at_ms).collect::<std::result::Result<_, _>>()?;
        Ok(Self { table, times })
    }

    /// The readings of a column; `missing` stands for none.
    fn channel(&self, column: usize, missing: Option<f64>) -> (Gather, Vec<Reading>) {
        let reading = |(at_ms, row): (&i64, _)| {
            let value = table::number(row, column).filter(|value| Some(*value) != missing)?;
            #[allow(clippy::cast_possible_truncation, reason = "a float's narrowing rounds, it does not wrap")]
            let value = value as f32;
            Some(Reading { at_ms: *at_ms, value })
        };
        (Gather::Last, self.times.iter().zip(self.table.rows()).filter_map(reading).collect())
    }

    /// The column `target`, and all others beside it but those that `leave` names.
    fn channels(&self, target: &str, leave: &[&str], missing: Option<f64>) -> Result<Vec<(Gather, Vec<Reading>)>> {
        let target = self.table.column(target)?;
        let others = self.table.names().enumerate().filter(|(at, name)| *at != target && !leave.contains(name));
        let others = others.map(|(at, _)| at).collect::<Vec<_>>();
        Ok([target].into_iter().chain(others).map(|column| self.channel(column, missing)).collect())
    }
}

fn split(rows: usize) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the rows")]
    let rows = (rows as f64 * TRAIN_PART) as usize;
    rows
}

/// Trains on the first part, measures on the rest.
fn measured(table: &Table, plan: &Plan, options: &Options) -> Result<(Model, Vec<HorizonQuality>, f64)> {
    let first = split(table.rows());
    let past = table.channels.iter().map(|channel| channel[..first].to_vec()).collect();
    let past = Table { first_at_ms: table.first_at_ms, step_ms: table.step_ms, channels: past };
    let begun = Instant::now();
    let trained = train(&past, plan, options, &mut |_| ())?;
    let took = begun.elapsed().as_secs_f64();
    let found = evaluate(&trained.model, table, first, true);
    Ok((trained.model, found, took))
}

fn lines(name: &str, found: &[HorizonQuality], say: &mut dyn FnMut(String)) {
    for quality in found.iter().filter(|quality| REPORTED_H.contains(&(quality.ahead_ms / HOUR_MS))) {
        let seasons: Vec<String> =
            quality.seasonal.iter().map(|(season, loss)| format!("season {season} h {loss:.4}")).collect();
        say(format!(
            "{name:>10} {:>2} h: pinball {:.4}, persistence {:.4}, {}; ratio {:.3}; median off {:.4} (persistence {:.4}); \
             in 90 %: {:.3}, in 50 %: {:.3}; n {}",
            quality.ahead_ms / HOUR_MS,
            quality.pinball,
            quality.persistence,
            seasons.join(", "),
            quality.ratio(),
            quality.absolute_error,
            quality.persistence_absolute_error,
            quality.covered[0],
            quality.covered[1],
            quality.count
        ));
    }
}

/// Means over series: figures at the reported times ahead, and every time ahead in the details.
fn summary(prefix: &str, all: &[Vec<HorizonQuality>], found: &mut Found) {
    let mut hours: Vec<i64> = all.iter().flatten().map(|quality| quality.ahead_ms / HOUR_MS).collect();
    hours.sort_unstable();
    hours.dedup();
    let mut curve = Vec::new();
    for hours in hours {
        let at: Vec<&HorizonQuality> =
            all.iter().flatten().filter(|quality| quality.ahead_ms == hours * HOUR_MS).collect();
        let mean = |of: &dyn Fn(&HorizonQuality) -> f32| {
            at.iter().map(|quality| f64::from(of(quality))).sum::<f64>() / at.len().max(1) as f64
        };
        let ratio = mean(&HorizonQuality::ratio);
        let to_persistence = mean(&|quality| quality.pinball / quality.persistence);
        let (wide, narrow) = (mean(&|quality| quality.covered[0]), mean(&|quality| quality.covered[1]));
        curve.push(json!({
            "hours": hours, "ratio": ratio, "ratio_to_persistence": to_persistence, "covered_90": wide, "covered_50": narrow,
            "series": at.len(),
        }));
        if REPORTED_H.contains(&hours) {
            found.figure(format!("{prefix}_pinball_ratio_{hours}h"), Some(ratio));
            found.figure(format!("{prefix}_pinball_ratio_to_persistence_{hours}h"), Some(to_persistence));
            found.figure(format!("{prefix}_covered_90_{hours}h"), Some(wide));
            found.figure(format!("{prefix}_covered_50_{hours}h"), Some(narrow));
        }
    }
    found.note(prefix, curve);
}

/// Every stage of the river set, with all else in it as covariates.
fn river(
    data: &Path,
    stages: &[&str],
    options: &Options,
    found: &mut Found,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    let file = File::open(data, "river_stage/miami_river_hourly.csv.gz", &["Time"])?;
    let mut all = Vec::new();
    let mut passings = Passings::default();
    let (mut seconds, mut speed) = (0.0, (0.0, 0));
    for stage in stages {
        let channels = file.channels(stage, &["Time"], None)?;
        let table = Table::from_readings(HOUR_MS, &channels)?;
        let plan = Plan::hourly(SeriesKind::River, channels.len() - 1, 0);
        let (model, qualities, took) = measured(&table, &plan, options)?;
        lines(stage, &qualities, say);
        seconds += took;
        speed = pace(&model, &table);
        passings.take(&model, &table);
        all.push(qualities);
    }
    summary("river", &all, found);
    say(format!(
        "river: trained in {seconds:.1} s ({} stages); {:.1} us a step, {} bytes a series",
        stages.len(),
        speed.0,
        speed.1
    ));
    say(format!("river: {}", passings.line()));
    found.figure("forecast_us_per_step", Some(speed.0));
    found.figure("forecast_bytes_per_series", Some(speed.1 as f64));
    found.figure("forecast_river_train_s", Some(seconds / stages.len() as f64));
    passings.figures(found);
    Ok(())
}

/// Microseconds of one step with its forecast, and bytes of a series.
fn pace(model: &Model, table: &Table) -> (f64, usize) {
    let mut live = Live::new(model, true);
    let rows = table.rows().min(5000);
    let mut covariates = vec![0.0; model.plan.covariates];
    let begun = Instant::now();
    for row in 0..rows {
        for (value, channel) in covariates.iter_mut().zip(&table.channels[1..]) {
            *value = channel[row];
        }
        black_box(live.observe(model, table.at_ms(row), table.channels[0][row], &covariates));
    }
    (begun.elapsed().as_secs_f64() * 1e6 / rows as f64, live.bytes())
}

/// How right "will pass the level within a day" is, for the levels that a twentieth and a hundredth of the trained hours passed.
#[derive(Default)]
struct Passings {
    said: u32,
    said_right: u32,
    passed: u32,
    passed_said: u32,
    in_time_span: u32,
    off_h: Vec<f32>,
}

impl Passings {
    fn take(&mut self, model: &Model, table: &Table) {
        let first = split(table.rows());
        let series = &table.channels[0];
        let mut sorted: Vec<f32> = series[..first].iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let levels = [(1, 0.95), (2, 0.99)].map(|(level, part)| Level {
            level,
            limit: quantile_of_sorted(&sorted, part).unwrap_or(0.0),
            above: true,
        });
        let mut live = Live::new(model, true);
        let mut covariates = vec![0.0; model.plan.covariates];
        for row in first - model.plan.reach()..series.len() - 24 {
            for (value, channel) in covariates.iter_mut().zip(&table.channels[1..]) {
                *value = channel[row];
            }
            let Observed::Forecast(forecast) = live.observe(model, table.at_ms(row), series[row], &covariates) else {
                continue;
            };
            for level in levels.iter().filter(|level| row >= first && series[row] < level.limit) {
                let truth = (1..=24usize).find(|ahead| series[row + ahead] >= level.limit);
                let found = passing(&forecast, *level).filter(|passing| passing.probability >= SAY_FROM);
                self.said += u32::from(found.is_some());
                self.passed += u32::from(truth.is_some());
                let (Some(found), Some(ahead)) = (found, truth) else { continue };
                self.said_right += 1;
                self.passed_said += 1;
                let truth_ms = table.at_ms(row + ahead);
                // The series is known by the hour: it may have passed any time in the hour before.
                let latest_ms = found.latest_ms.unwrap_or(i64::MAX);
                let within = found.earliest_ms <= truth_ms && truth_ms - HOUR_MS <= latest_ms;
                self.in_time_span += u32::from(within);
                self.off_h.push((found.at_ms - truth_ms + HOUR_MS / 2).abs() as f32 / HOUR_MS as f32);
            }
        }
    }

    fn parts(&self) -> (f64, f64, f64, f64) {
        let part = |of: u32, all: u32| f64::from(of) / f64::from(all.max(1));
        let mut off = self.off_h.clone();
        off.sort_unstable_by(f32::total_cmp);
        let off = f64::from(quantile_of_sorted(&off, 0.5).unwrap_or(f32::NAN));
        (
            part(self.said_right, self.said),
            part(self.passed_said, self.passed),
            part(self.in_time_span, self.said_right),
            off,
        )
    }

    fn line(&self) -> String {
        let (right, said, span, off) = self.parts();
        format!(
            "\"will pass within a day\" said {} times, right {right:.3}; of {} that passed said {said:.3}; within the span named \
             (a half is claimed) {span:.3}; half of the times off by no more than {off:.2} h",
            self.said, self.passed
        )
    }

    fn figures(&self, found: &mut Found) {
        let (right, said, _, off) = self.parts();
        found.figure("passing_precision", Some(right));
        found.figure("passing_recall", Some(said));
        found.figure("passing_off_h_median", Some(off));
    }
}

fn air_and_traffic(data: &Path, options: &Options, found: &mut Found, say: &mut dyn FnMut(String)) -> Result<()> {
    let file = File::open(data, "air_quality/beijing_pm25.csv.gz", &["date"])?;
    one("beijing", SeriesKind::Air, &file.channels("pollution", &["date"], None)?, options, found, say)?;

    // The reference analyser of nitrogen dioxide; without the column that is missing nine times in ten.
    let file = File::open(data, "air_quality/airquality_uci.csv.gz", &["Date", "Time"])?;
    let channels = file.channels("NO2(GT)", &["Date", "Time", "NMHC(GT)"], Some(-200.0))?;
    one("uci_no2", SeriesKind::Air, &channels, options, found, say)?;

    let file = File::open(data, "traffic/metro_interstate_i94.csv.gz", &["date_time"])?;
    let words = ["holiday", "weather_main", "weather_description", "date_time"];
    one("i94", SeriesKind::Traffic, &file.channels("traffic_volume", &words, None)?, options, found, say)
}

fn one(
    name: &str,
    kind: SeriesKind,
    channels: &[(Gather, Vec<Reading>)],
    options: &Options,
    found: &mut Found,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    let table = Table::from_readings(HOUR_MS, channels)?;
    let (_, qualities, took) = measured(&table, &Plan::hourly(kind, channels.len() - 1, 0), options)?;
    lines(name, &qualities, say);
    say(format!("{name}: trained in {took:.1} s on {} hours", split(table.rows())));
    summary(name, &[qualities], found);
    Ok(())
}

/// The 911 calls per hour: the whole county, and its townships.
fn calls(data: &Path, quick: bool, found: &mut Found, say: &mut dyn FnMut(String)) -> Result<()> {
    let file = File::open(data, CALLS, &["time"])?;
    let town = file.table.column("township")?;
    let incidents = file.times.iter().zip(file.table.rows()).map(|(at_ms, row)| (*at_ms, table::text(row, town)));
    let hourly = Hourly::from_incidents(incidents)?;
    let first = split(hourly.hours());
    let mut options = LoadOptions { utc_offset_h: 0, ..LoadOptions::default() };
    if quick {
        options.fit.epochs_max = 1;
    }
    let begun = Instant::now();
    let model = load::train(&hourly.until(first), &options, &mut |_| ())?.model;
    say(format!(
        "calls: trained in {:.1} s on {first} hours of {} districts; spread of all {:.3}, shared by the day {:.2}",
        begun.elapsed().as_secs_f64(),
        hourly.districts.len(),
        model.spread_all,
        model.shared
    ));
    let all = hourly.districts.len();
    let horizons = load::evaluate::evaluate(&model, &hourly, all, first);
    for at in &horizons {
        say(format!(
            "calls all {:>2} h: pinball {:.4}, persistence {:.4}, week before {:.4}, hour of week {:.4}; ratio {:.3}; in 90 %: {:.3} \
             (exactly {:.3}); n {}",
            at.ahead_h,
            at.pinball,
            at.persistence,
            at.seasonal,
            at.hour_of_week,
            at.ratio(),
            at.covered,
            at.covered_exactly,
            at.count
        ));
    }
    let curve: Vec<Value> = horizons
        .iter()
        .map(|at| {
            let to_week = at.pinball / at.hour_of_week;
            json!({ "hours": at.ahead_h, "ratio": at.ratio(), "ratio_hour_of_week": to_week, "covered_90": at.covered_exactly })
        })
        .collect();
    found.note("calls", curve);
    let mean = |of: &dyn Fn(&load::evaluate::LoadHorizon) -> f32| {
        horizons.iter().map(|at| f64::from(of(at))).sum::<f64>() / horizons.len().max(1) as f64
    };
    let peer = mean(&|at| at.persistence).min(mean(&|at| at.seasonal));
    found.figure("calls_pinball_ratio", Some(mean(&|at| at.pinball) / peer));
    found.figure("calls_pinball_ratio_hour_of_week", Some(mean(&|at| at.pinball) / mean(&|at| at.hour_of_week)));
    found.figure(format!("calls_covered_{:.0}", INTERVALS[0].2 * 100.0), Some(mean(&|at| at.covered)));
    found.figure("calls_covered_90_exactly", Some(mean(&|at| at.covered_exactly)));
    let (mut ours, mut persistence, mut seasonal, mut exactly, mut series) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for district in 0..all {
        for at in load::evaluate::evaluate(&model, &hourly, district, first) {
            ours += f64::from(at.pinball);
            persistence += f64::from(at.persistence);
            seasonal += f64::from(at.seasonal);
            exactly += f64::from(at.covered_exactly);
            series += 1.0;
        }
    }
    let ratio = ours / f64::min(persistence, seasonal);
    say(format!("calls by district: ratio {ratio:.3}, in 90 % exactly {:.3}", exactly / series));
    found.figure("calls_district_pinball_ratio", Some(ratio));
    found.figure("calls_district_covered_90_exactly", Some(exactly / series));

    let mut live = LoadLive::new(&hourly.districts, 0);
    let counts: Vec<u32> = hourly.counts[..all].iter().map(|series| series[0]).collect();
    live.observe(hourly.first_hour, &counts);
    let begun = Instant::now();
    let questions = 20_000;
    for at in 0..questions {
        black_box(live.forecast(&model, at % (all + 1), 1 + at % 24));
    }
    let us = begun.elapsed().as_secs_f64() * 1e6 / questions as f64;
    say(format!("calls: {us:.2} us a forecast, {} bytes a district", live.bytes_per_district()));
    found.figure("calls_us_per_forecast", Some(us));
    Ok(())
}
