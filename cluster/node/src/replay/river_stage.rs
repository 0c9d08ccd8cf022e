//! The Miami River, hourly, 2018 to 2020: `river_stage/miami_river_hourly.csv.gz`. Stages are in feet above NGVD 29 and
//! become metres, rain in inches becomes millimetres. Gates, pumps and flows are not played: they are no measurement of danger.

use std::path::Path;

use domain::{SensorKind, Severity};

use super::{
    ReplayError,
    series::{Kind, Limit, Series, quantile},
    table::{self, Table},
};

const M_PER_FT: f64 = 0.3048;
const MM_PER_INCH: f64 = 25.4;
/// The three alert levels stand where this share of the hours is below.
const LEVELS: [(&str, f64, Severity); 3] =
    [("level-1", 0.99, Severity::Medium), ("level-2", 0.997, Severity::High), ("level-3", 0.9995, Severity::Critical)];
const HYSTERESIS_M: f64 = 0.03;

/// Columns of stages and what their stations are called.
const STAGES: [(&str, &str, &str); 6] = [
    ("WS_S1", "miami-s1", "Mực nước cửa sông S1"),
    ("WS_S4", "miami-s4", "Mực nước cửa sông S4"),
    ("HWS_S25A", "miami-s25a-head", "Mực nước thượng lưu đập S25A"),
    ("TWS_S25A", "miami-s25a-tail", "Mực nước hạ lưu đập S25A"),
    ("HWS_S25B", "miami-s25b-head", "Mực nước thượng lưu đập S25B"),
    ("TWS_S25B", "miami-s25b-tail", "Mực nước hạ lưu đập S25B"),
];

/// Reads the table.
///
/// # Errors
/// The file is missing or not what it should be.
pub fn load(data: &Path) -> Result<Vec<Series>, ReplayError> {
    let path = data.join("river_stage/miami_river_hourly.csv.gz");
    parse(&Table::load(&path)?).map_err(|e| ReplayError::file(&path, e))
}

/// Makes series of the table.
///
/// # Errors
/// A column is missing.
pub fn parse(table: &Table) -> Result<Vec<Series>, String> {
    let at = table.column("Time")?;
    let points = |column: &str, scale: f64| -> Result<Vec<_>, String> {
        let column = table.column(column)?;
        let rows = table.rows().iter();
        Ok(rows
            .filter_map(|row| Some((table::time(table::text(row, at))?, table::number(row, column)? * scale)))
            .collect())
    };
    let mut all = Vec::new();
    for (column, id, name) in STAGES {
        let points = points(column, M_PER_FT)?;
        let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        let limits: Vec<Limit> = LEVELS
            .iter()
            .filter_map(|(condition, share, severity)| {
                Some((*condition, true, quantile(&values, *share)?, HYSTERESIS_M, *severity))
            })
            .collect();
        let kind = Kind { id, name, kind: SensorKind::RiverLevel, unit: "m", range: (-10.0, 30.0) };
        all.push(Series::new(kind, &limits, points)?);
    }
    let kind =
        Kind { id: "miami-rain", name: "Mưa lưu vực", kind: SensorKind::Rain, unit: "mm/h", range: (0.0, 400.0) };
    let limits: [Limit; 1] = [("high", true, 30.0, 5.0, Severity::Medium)];
    all.push(Series::new(kind, &limits, points("MEAN_RAIN", MM_PER_INCH)?)?);
    Ok(all)
}
