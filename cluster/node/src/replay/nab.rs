//! The Numenta Anomaly Benchmark: `nab/data/<folder>/<name>.csv.gz` with `timestamp,value`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::{SensorKind, Severity};

use super::{
    ReplayError,
    series::{Kind, Limit, Series},
    table::{self, Table},
};

/// Series that are read at most.
const SERIES_MAX: usize = 256;
/// Share of a series from which its limits are learned: what the benchmark leaves unscored.
const PROBATION: f64 = 0.15;
/// Limits stand so many deviations from the mean of that share.
const DEVIATIONS: f64 = 5.0;

/// Reads all series in the folder.
///
/// # Errors
/// The folder or a file is missing or not what it should be.
pub fn load(data: &Path) -> Result<Vec<Series>, ReplayError> {
    let root = data.join("nab/data");
    let mut files = Vec::new();
    for folder in entries(&root)?.into_iter().filter(|path| path.is_dir()) {
        files.extend(entries(&folder)?.into_iter().filter(|path| path.to_string_lossy().ends_with(".csv.gz")));
    }
    files.truncate(SERIES_MAX);
    files.into_iter().map(|path| parse(&path, &Table::load(&path)?).map_err(|e| ReplayError::file(&path, e))).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let entries = fs::read_dir(folder).map_err(|e| ReplayError::read(folder, &e))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| ReplayError::read(folder, &e))?;
    paths.sort();
    Ok(paths)
}

/// Makes a series of one table; `path` says what it is.
///
/// # Errors
/// A column is missing.
pub fn parse(path: &Path, table: &Table) -> Result<Series, String> {
    let (at, value) = (table.column("timestamp")?, table.column("value")?);
    let rows = table.rows().iter();
    let points: Vec<_> =
        rows.filter_map(|row| Some((table::time(table::text(row, at))?, table::number(row, value)?))).collect();
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = file.trim_end_matches(".csv.gz");
    let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let (kind, unit, what) = describe(folder.as_deref().unwrap_or_default(), stem);
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let id = format!("nab-{stem}");
    let name = format!("{what} ({stem})");
    Series::new(Kind { id: &id, name: &name, kind, unit, range: (0.0, 0.0) }, &limits(&values), points)
}

/// What a file measures, by its folder and name.
fn describe(folder: &str, stem: &str) -> (SensorKind, &'static str, &'static str) {
    match (folder, stem) {
        ("realKnownCause", "ambient_temperature_system_failure") => {
            (SensorKind::Temperature, "[degF]", "Nhiệt độ văn phòng")
        }
        ("realKnownCause", "machine_temperature_system_failure") => (SensorKind::Temperature, "[degF]", "Nhiệt độ máy"),
        ("realKnownCause", "nyc_taxi") => (SensorKind::Traffic, "1", "Khách đi taxi"),
        ("realTraffic", stem) if stem.starts_with("speed") => (SensorKind::Traffic, "[mi_i]/h", "Tốc độ xe"),
        ("realTraffic", stem) if stem.starts_with("occupancy") => (SensorKind::Traffic, "%", "Độ chiếm dụng làn"),
        ("realTraffic", _) => (SensorKind::Traffic, "s", "Thời gian hành trình"),
        ("realAWSCloudwatch", stem) if stem.contains("cpu") => (SensorKind::Other, "%", "Tải máy chủ"),
        ("realTweets", _) => (SensorKind::Other, "1", "Số tin nhắn"),
        _ => (SensorKind::Other, "1", "Chuỗi đo"),
    }
}

/// Two limits from the first part of the series; none when it does not vary.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a list in memory"
)]
fn limits(values: &[f64]) -> Vec<Limit> {
    let count = (values.len() as f64 * PROBATION) as usize;
    let Some(probation) = values.get(..count).filter(|probation| !probation.is_empty()) else { return Vec::new() };
    let mean = probation.iter().sum::<f64>() / count as f64;
    let deviation = (probation.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
    if deviation <= f64::EPSILON {
        return Vec::new();
    }
    vec![
        ("high", true, mean + DEVIATIONS * deviation, deviation, Severity::Low),
        ("low", false, mean - DEVIATIONS * deviation, deviation, Severity::Low),
    ]
}
