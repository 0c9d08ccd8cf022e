//! `trongdong train load`.

use std::path::PathBuf;

use clap::Args;
use domain::ModelKind;
use models::{
    artifact::Artifact,
    forecast::load::{Hourly, LoadOptions, train as learn},
    report::load_page,
};

use super::{Common, Made, Say, TrainError, epoch_line, file_name, header, read};
use crate::replay::table;

/// What a training of the load forecaster takes.
#[derive(Args)]
pub(super) struct LoadArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Past incidents as CSV with a header line (may be gzipped), one a row.
    #[arg(long)]
    data: PathBuf,
    /// Column of the times.
    #[arg(long, default_value = "time")]
    time_column: String,
    /// Column of the districts.
    #[arg(long, default_value = "district")]
    district_column: String,
    /// Local time of the file less UTC, in hours: the hour of the week counts.
    #[arg(long, default_value_t = 7, allow_hyphen_values = true)]
    utc_offset_h: i64,
}

pub(super) fn train(args: &LoadArgs, say: Say<'_>) -> Result<Made, TrainError> {
    let table = read::table(&args.data)?;
    let column = |option, name: &str| {
        table.column(name).map_err(|_| TrainError::Option {
            option,
            remedy: format!("no column {name:?}; there are {}", table.names().collect::<Vec<_>>().join(", ")),
        })
    };
    let district = column("district-column", &args.district_column)?;
    let times = read::times(&args.data, &table, column("time-column", &args.time_column)?)?;
    let incidents = times.iter().zip(table.rows()).map(|(at_ms, row)| (*at_ms, table::text(row, district)));
    let hourly = Hourly::from_incidents(incidents).map_err(|error| TrainError::data(&args.data, error))?;
    let mut options = LoadOptions { utc_offset_h: args.utc_offset_h, ..LoadOptions::default() };
    options.fit.seed = args.common.seed.unwrap_or(options.fit.seed);
    options.fit.epochs_max = args.common.epochs_max.unwrap_or(options.fit.epochs_max);
    say(format!("{} incidents in {} hours, {} districts", times.len(), hourly.hours(), hourly.districts.len()));
    let trained = learn(&hourly, &options, &mut |epoch| say(epoch_line(epoch))).map_err(TrainError::training)?;
    let mut quality = vec![("rows_learned".to_owned(), trained.quality.rows as f64)];
    for at in &trained.quality.all {
        quality.push((format!("pinball_ratio_{}h", at.ahead_h), f64::from(at.ratio())));
        quality.push((format!("covered_90_{}h", at.ahead_h), f64::from(at.covered_exactly)));
    }
    let data = format!(
        "{} incidents of {} in {} hours and {} districts; quality on the newest hours, by which the scatter was set",
        times.len(),
        file_name(&args.data),
        hourly.hours(),
        hourly.districts.len()
    );
    let header = header(&args.common, "load", data, options.fit.seed, quality);
    let artifact = Artifact::of(header, &trained.model).map_err(TrainError::training)?;
    Ok(Made {
        page: load_page(&artifact, &trained.quality),
        kind: ModelKind::Load,
        shares: Vec::new(),
        is_shipped: false,
        artifact,
    })
}
