//! Forecasts on series that the models have not seen: river, air, traffic, and emergency calls per hour. Each is trained on the first
//! seven tenths of its time and measured on the rest.

use std::{collections::BTreeMap, fs::File, hint::black_box, path::Path, time::Instant};

use models::forecast::{
    Gather, HOUR_MS, INTERVALS, Live, Model, Observed, Options, Plan, Reading, SeriesKind, Table,
    evaluate::{HorizonQuality, evaluate},
    load::{self, Hourly, LoadLive, LoadOptions},
    quantile_of_sorted, train,
    trend::{Level, SAY_FROM, passing},
};

/// Part of the time that is trained on.
const TRAIN_PART: f64 = 0.7;
/// Times ahead that are reported, in hours.
const REPORTED_H: [i64; 4] = [3, 6, 12, 24];
/// The water stages of the Miami river set.
const STAGES: [&str; 8] = ["WS_S1", "WS_S4", "TWS_S25A", "TWS_S25B", "TWS_S26", "HWS_S25A", "HWS_S25B", "HWS_S26"];

/// Named figures, by name.
pub(crate) type Figures = BTreeMap<String, f64>;

/// Measures all of it; `say` gets a line now and then.
///
/// # Errors
///
/// A file that is not there or not as expected, a training that fails.
pub(crate) fn measure(data: &Path, say: &mut dyn FnMut(&str)) -> Result<Figures, String> {
    let mut figures = Figures::new();
    river(data, &mut figures, say)?;
    air_and_traffic(data, &mut figures, say)?;
    calls(data, &mut figures, say)?;
    Ok(figures)
}

/// A file of the data folder, by column.
pub(crate) fn columns(data: &Path, file: &str) -> Result<(Vec<String>, Vec<Vec<String>>), String> {
    let path = data.join(file);
    let name = path.display().to_string();
    let opened = File::open(&path).map_err(|error| format!("{name}: {error}; give the folder with the data"))?;
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(opened));
    let heads: Vec<String> =
        reader.headers().map_err(|error| format!("{name}: {error}"))?.iter().map(str::to_owned).collect();
    let mut columns = vec![Vec::new(); heads.len()];
    for row in reader.records() {
        let row = row.map_err(|error| format!("{name}: {error}"))?;
        for (column, field) in columns.iter_mut().zip(row.iter()) {
            column.push(field.to_owned());
        }
    }
    Ok((heads, columns))
}

/// Milliseconds since 1970 of a time as written: `2016-01-31 14:05[:06]`, or `1/31/16 14:05`.
pub(crate) fn time_ms(date: &str, time: &str) -> Option<i64> {
    let mut parts = date.split(['-', '/']).map(|part| part.parse::<i64>().ok());
    let (first, second, third) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month, day) = if date.contains('-') { (first, second, third) } else { (2000 + third, first, second) };
    // Days from the civil calendar (Hinnant 2014).
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let mut clock = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().flatten().unwrap_or(0);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

fn stamp(text: &str) -> Result<i64, String> {
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    time_ms(date, time).ok_or_else(|| format!("{text:?} is no time"))
}

fn readings(times: &[i64], column: &[String], missing: Option<f32>) -> Vec<Reading> {
    let value = |field: &String| field.parse::<f32>().ok().filter(|value| Some(*value) != missing);
    times
        .iter()
        .zip(column)
        .filter_map(|(at_ms, field)| Some(Reading { at_ms: *at_ms, value: value(field)? }))
        .collect()
}

fn split(rows: usize) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the rows")]
    let rows = (rows as f64 * TRAIN_PART) as usize;
    rows
}

/// Trains on the first part, measures on the rest.
fn measured(table: &Table, plan: &Plan) -> Result<(Model, Vec<HorizonQuality>, f64), String> {
    let first = split(table.rows());
    let past = table.channels.iter().map(|channel| channel[..first].to_vec()).collect();
    let past = Table { first_at_ms: table.first_at_ms, step_ms: table.step_ms, channels: past };
    let begun = Instant::now();
    let trained = train(&past, plan, &Options::default(), &mut |_| ()).map_err(|error| error.to_string())?;
    let took = begun.elapsed().as_secs_f64();
    let found = evaluate(&trained.model, table, first, true);
    Ok((trained.model, found, took))
}

fn lines(name: &str, found: &[HorizonQuality], say: &mut dyn FnMut(&str)) {
    for quality in found.iter().filter(|quality| REPORTED_H.contains(&(quality.ahead_ms / HOUR_MS))) {
        let seasons: Vec<String> =
            quality.seasonal.iter().map(|(season, loss)| format!("season {season} h {loss:.4}")).collect();
        say(&format!(
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

/// Means over series at the reported times ahead.
fn summary(prefix: &str, all: &[Vec<HorizonQuality>], figures: &mut Figures) {
    for hours in REPORTED_H {
        let at: Vec<&HorizonQuality> =
            all.iter().flatten().filter(|quality| quality.ahead_ms == hours * HOUR_MS).collect();
        let mean = |of: &dyn Fn(&HorizonQuality) -> f32| {
            at.iter().map(|quality| f64::from(of(quality))).sum::<f64>() / at.len().max(1) as f64
        };
        figures.insert(format!("{prefix}_pinball_ratio_{hours}h"), mean(&HorizonQuality::ratio));
        figures.insert(format!("{prefix}_covered_90_{hours}h"), mean(&|quality| quality.covered[0]));
        figures.insert(format!("{prefix}_covered_50_{hours}h"), mean(&|quality| quality.covered[1]));
    }
}

/// Every stage of the river set, with all else in it as covariates.
fn river(data: &Path, figures: &mut Figures, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    let (heads, columns) = columns(data, "river_stage/miami_river_hourly.csv.gz")?;
    let times: Vec<i64> = columns[0].iter().map(|text| stamp(text)).collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    let mut passings = Passings::default();
    let (mut seconds, mut speed) = (0.0, (0.0, 0));
    for stage in STAGES {
        let target = heads.iter().position(|head| head == stage).ok_or_else(|| format!("no column {stage}"))?;
        let order = [target].into_iter().chain((1..heads.len()).filter(|at| *at != target));
        let channels: Vec<_> = order.map(|at| (Gather::Last, readings(&times, &columns[at], None))).collect();
        let table = Table::from_readings(HOUR_MS, &channels).map_err(|error| error.to_string())?;
        let plan = Plan::hourly(SeriesKind::River, channels.len() - 1, 0);
        let (model, found, took) = measured(&table, &plan)?;
        lines(stage, &found, say);
        seconds += took;
        speed = pace(&model, &table);
        passings.take(&model, &table);
        all.push(found);
    }
    summary("river", &all, figures);
    say(&format!(
        "river: trained in {seconds:.1} s ({} stages); {:.1} us a step, {} bytes a series",
        STAGES.len(),
        speed.0,
        speed.1
    ));
    say(&format!("river: {}", passings.line()));
    figures.insert("forecast_us_per_step".to_owned(), speed.0);
    figures.insert("forecast_bytes_per_series".to_owned(), speed.1 as f64);
    figures.insert("forecast_river_train_s".to_owned(), seconds / STAGES.len() as f64);
    passings.figures(figures);
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

    fn figures(&self, figures: &mut Figures) {
        let (right, said, _, off) = self.parts();
        figures.insert("passing_precision".to_owned(), right);
        figures.insert("passing_recall".to_owned(), said);
        figures.insert("passing_off_h_median".to_owned(), off);
    }
}

fn air_and_traffic(data: &Path, figures: &mut Figures, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    let (heads, columns_) = columns(data, "air_quality/beijing_pm25.csv.gz")?;
    let times: Vec<i64> = columns_[0].iter().map(|text| stamp(text)).collect::<Result<_, _>>()?;
    let channels: Vec<_> = (1..heads.len()).map(|at| (Gather::Last, readings(&times, &columns_[at], None))).collect();
    one("beijing", SeriesKind::Air, &channels, figures, say)?;

    let (heads, columns_) = columns(data, "air_quality/airquality_uci.csv.gz")?;
    let times: Option<Vec<i64>> =
        columns_[0].iter().zip(&columns_[1]).map(|(date, time)| time_ms(date, time)).collect();
    let times = times.ok_or("airquality_uci: a time that is none")?;
    // The reference analyser of nitrogen dioxide; without the column that is missing nine times in ten.
    let target = heads.iter().position(|head| head == "NO2(GT)").ok_or("airquality_uci: no column NO2(GT)")?;
    let others = (2..heads.len()).filter(|at| *at != target && heads[*at] != "NMHC(GT)");
    let channels: Vec<_> = [target]
        .into_iter()
        .chain(others)
        .map(|at| (Gather::Last, readings(&times, &columns_[at], Some(-200.0))))
        .collect();
    one("uci_no2", SeriesKind::Air, &channels, figures, say)?;

    let (heads, columns_) = columns(data, "traffic/metro_interstate_i94.csv.gz")?;
    let column =
        |name: &str| heads.iter().position(|head| head == name).ok_or_else(|| format!("i94: no column {name}"));
    let times: Vec<i64> = columns_[column("date_time")?].iter().map(|text| stamp(text)).collect::<Result<_, _>>()?;
    let mut channels = Vec::new();
    for name in ["traffic_volume", "temp", "rain_1h", "snow_1h", "clouds_all"] {
        channels.push((Gather::Last, readings(&times, &columns_[column(name)?], None)));
    }
    one("i94", SeriesKind::Traffic, &channels, figures, say)
}

fn one(
    name: &str,
    kind: SeriesKind,
    channels: &[(Gather, Vec<Reading>)],
    figures: &mut Figures,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let table = Table::from_readings(HOUR_MS, channels).map_err(|error| error.to_string())?;
    let (_, found, took) = measured(&table, &Plan::hourly(kind, channels.len() - 1, 0))?;
    lines(name, &found, say);
    say(&format!("{name}: trained in {took:.1} s on {} hours", split(table.rows())));
    summary(name, &[found], figures);
    Ok(())
}

/// The 911 calls per hour: the whole county, and its townships.
fn calls(data: &Path, figures: &mut Figures, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    let (heads, columns) = columns(data, "montgomery911/montgomery911.csv.gz")?;
    let column =
        |name: &str| heads.iter().position(|head| head == name).ok_or_else(|| format!("911: no column {name}"));
    let times: Vec<i64> = columns[column("time")?].iter().map(|text| stamp(text)).collect::<Result<_, _>>()?;
    let towns = &columns[column("township")?];
    let incidents = times.iter().zip(towns).map(|(at_ms, town)| (*at_ms, town.as_str()));
    let hourly = Hourly::from_incidents(incidents).map_err(|error| error.to_string())?;
    let first = split(hourly.hours());
    let options = LoadOptions { utc_offset_h: 0, ..LoadOptions::default() };
    let begun = Instant::now();
    let trained = load::train(&hourly.until(first), &options, &mut |_| ()).map_err(|error| error.to_string())?;
    let model = trained.model;
    say(&format!(
        "calls: trained in {:.1} s on {first} hours of {} districts; spread of all {:.3}, shared by the day {:.2}",
        begun.elapsed().as_secs_f64(),
        hourly.districts.len(),
        model.spread_all,
        model.shared
    ));
    let all = hourly.districts.len();
    let found = load::evaluate::evaluate(&model, &hourly, all, first);
    for at in &found {
        say(&format!(
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
    let mean = |of: &dyn Fn(&load::evaluate::LoadHorizon) -> f32| {
        found.iter().map(|at| f64::from(of(at))).sum::<f64>() / found.len().max(1) as f64
    };
    let peer = mean(&|at| at.persistence).min(mean(&|at| at.seasonal));
    figures.insert("calls_pinball_ratio".to_owned(), mean(&|at| at.pinball) / peer);
    figures.insert("calls_pinball_ratio_hour_of_week".to_owned(), mean(&|at| at.pinball) / mean(&|at| at.hour_of_week));
    figures.insert(format!("calls_covered_{:.0}", INTERVALS[0].2 * 100.0), mean(&|at| at.covered));
    figures.insert("calls_covered_90_exactly".to_owned(), mean(&|at| at.covered_exactly));
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
    say(&format!("calls by district: ratio {ratio:.3}, in 90 % exactly {:.3}", exactly / series));
    figures.insert("calls_district_pinball_ratio".to_owned(), ratio);
    figures.insert("calls_district_covered_90_exactly".to_owned(), exactly / series);

    let mut live = LoadLive::new(&hourly.districts, 0);
    let counts: Vec<u32> = hourly.counts[..all].iter().map(|series| series[0]).collect();
    live.observe(hourly.first_hour, &counts);
    let begun = Instant::now();
    let questions = 20_000;
    for at in 0..questions {
        black_box(live.forecast(&model, at % (all + 1), 1 + at % 24));
    }
    let us = begun.elapsed().as_secs_f64() * 1e6 / questions as f64;
    say(&format!("calls: {us:.2} us a forecast, {} bytes a district", live.bytes_per_district()));
    figures.insert("calls_us_per_forecast".to_owned(), us);
    Ok(())
}
