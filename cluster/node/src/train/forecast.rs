//! `trongdong train forecast`: one model a series, from that series' own history.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use domain::{ModelKind, limits};
use models::{
    artifact::Artifact,
    forecast::{Gather, HOUR_MS, Options, Plan, Reading, SeriesKind, Table, train as learn},
    report::forecast_page,
};

use super::{Common, Made, Say, TrainError, epoch_line, file_name, header, read};
use crate::replay::table;

/// What is measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// Water level.
    River,
    /// Rainfall: readings of an hour are added up.
    Rain,
    /// Air quality: the mean of an hour.
    Air,
    /// Vehicles: readings of an hour are added up.
    Traffic,
}

impl Of {
    fn kind(self) -> (SeriesKind, Gather) {
        match self {
            Self::River => (SeriesKind::River, Gather::Last),
            Self::Rain => (SeriesKind::Rain, Gather::Sum),
            Self::Air => (SeriesKind::Air, Gather::Mean),
            Self::Traffic => (SeriesKind::Traffic, Gather::Sum),
        }
    }
}

/// What a training of a forecaster takes.
#[derive(Args)]
pub(super) struct ForecastArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// History as CSV with a header line (may be gzipped): a column of times, a column a sensor; an empty cell is no reading.
    #[arg(long)]
    data: PathBuf,
    /// Column that is forecast.
    #[arg(long)]
    series: String,
    /// What it measures.
    #[arg(long, value_enum, default_value = "river")]
    of: Of,
    /// Columns that may tell of it beforehand (rain, gates, the next gauge upstream); without it, all others with numbers.
    #[arg(long, value_delimiter = ',')]
    covariates: Option<Vec<String>>,
    /// Column of the times; without it, the first.
    #[arg(long)]
    time_column: Option<String>,
    /// Local time of the file less UTC, in hours: the hour of the day counts.
    #[arg(long, default_value_t = 7, allow_hyphen_values = true)]
    utc_offset_h: i64,
}

pub(super) fn train(args: &ForecastArgs, say: Say<'_>) -> Result<Made, TrainError> {
    let (kind, gather) = args.of.kind();
    let (table, names) = series(args, gather)?;
    let mut options = Options::default();
    options.fit.seed = args.common.seed.unwrap_or(options.fit.seed);
    options.fit.epochs_max = args.common.epochs_max.unwrap_or(options.fit.epochs_max);
    let plan = Plan::hourly(kind, table.channels.len() - 1, args.utc_offset_h.saturating_mul(HOUR_MS));
    say(format!("{} hours of {}, {} columns beside it", table.rows(), args.series, names.len()));
    let trained = learn(&table, &plan, &options, &mut |epoch| say(epoch_line(epoch))).map_err(TrainError::training)?;
    let mut quality = vec![("rows_learned".to_owned(), trained.quality.rows as f64)];
    for at in &trained.quality.horizons {
        let hours = at.ahead_ms / HOUR_MS;
        quality.push((format!("pinball_ratio_{hours}h"), f64::from(at.ratio())));
        quality.push((format!("covered_90_{hours}h"), f64::from(at.covered[0])));
        quality.push((format!("covered_50_{hours}h"), f64::from(at.covered[1])));
    }
    let data = format!(
        "{} hours of {} in {}, with {}; quality on the newest part, by which the intervals were set",
        table.rows(),
        args.series,
        file_name(&args.data),
        if names.is_empty() { "nothing beside it".to_owned() } else { names.join(", ") }
    );
    let header = header(&args.common, &model_name(&args.series), shortened(data), options.fit.seed, quality);
    let artifact = Artifact::of(header, &trained.model).map_err(TrainError::training)?;
    Ok(Made {
        page: forecast_page(&artifact, &trained.quality),
        kind: ModelKind::Forecast,
        shares: Vec::new(),
        is_shipped: false,
        artifact,
    })
}

/// The series and its covariates on a grid of hours, and the covariates' names.
fn series(args: &ForecastArgs, gather: Gather) -> Result<(Table, Vec<String>), TrainError> {
    let path: &Path = &args.data;
    let table = read::table(path)?;
    let unknown = |option, name: &str| TrainError::Option {
        option,
        remedy: format!("no column {name:?}; there are {}", table.names().collect::<Vec<_>>().join(", ")),
    };
    let time = match &args.time_column {
        Some(name) => table.column(name).map_err(|_| unknown("time-column", name))?,
        None => 0,
    };
    let target = table.column(&args.series).map_err(|_| unknown("series", &args.series))?;
    let times = read::times(path, &table, time)?;
    let readings = |column: usize| -> Vec<Reading> {
        let rows = times.iter().zip(table.rows());
        rows.filter_map(|(at_ms, row)| Some(Reading { at_ms: *at_ms, value: narrow(table::number(row, column)?) }))
            .collect()
    };
    let mut channels = vec![(gather, readings(target))];
    let mut names = Vec::new();
    let all = table.names().map(str::to_owned).collect::<Vec<_>>();
    for name in args.covariates.as_ref().unwrap_or(&all) {
        let column = table.column(name).map_err(|_| unknown("covariates", name))?;
        if column == time || column == target {
            continue;
        }
        let readings = readings(column);
        if readings.is_empty() {
            if args.covariates.is_some() {
                let remedy = format!("column {name:?} has no number: leave it out");
                return Err(TrainError::Option { option: "covariates", remedy });
            }
            continue;
        }
        channels.push((Gather::Mean, readings));
        names.push(name.clone());
    }
    let table = Table::from_readings(HOUR_MS, &channels).map_err(|error| TrainError::data(path, error))?;
    Ok((table, names))
}

#[allow(clippy::cast_possible_truncation, reason = "a float's narrowing rounds, it does not wrap")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// The name that a series' model is registered under.
fn model_name(series: &str) -> String {
    let letters = series.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    format!("forecast-{}", letters.collect::<String>().to_ascii_lowercase())
        .chars()
        .take(limits::ID_BYTES_MAX)
        .collect()
}

/// A description within what the register takes.
fn shortened(text: String) -> String {
    text.chars().take(limits::TEXT_BYTES_MAX / 4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_name_becomes_one_that_the_register_takes() {
        assert_eq!(model_name("WS_S1"), "forecast-ws-s1");
        assert_eq!(model_name("Mực nước"), "forecast-m-c-n--c");
        assert!(model_name(&"a".repeat(500)).len() <= limits::ID_BYTES_MAX);
    }
}
