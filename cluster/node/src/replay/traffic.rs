//! Interstate 94 at Minneapolis, hourly, 2012 to 2018: `traffic/metro_interstate_i94.csv.gz`. The recording holds an air
//! temperature of 0 K and a rain of 9.8 m in an hour; they are sent as they are, and the cluster puts them in quarantine.

use std::path::Path;

use domain::{SensorKind, Severity};

use super::{
    ReplayError,
    series::{Kind, Limit, Series, quantile},
    table::{self, Table},
};

const KELVIN_AT_0_CEL: f64 = 273.15;
/// "High" traffic is what only one hour in a hundred has.
const HIGH_SHARE: f64 = 0.99;

/// Reads the table.
///
/// # Errors
/// The file is missing or not what it should be.
pub fn load(data: &Path) -> Result<Vec<Series>, ReplayError> {
    let path = data.join("traffic/metro_interstate_i94.csv.gz");
    parse(&Table::load(&path)?).map_err(|e| ReplayError::file(&path, e))
}

/// Makes series of the table.
///
/// # Errors
/// A column is missing.
pub fn parse(table: &Table) -> Result<Vec<Series>, String> {
    let at = table.column("date_time")?;
    let points = |column: &str, shift: f64| -> Result<Vec<_>, String> {
        let column = table.column(column)?;
        let rows = table.rows().iter();
        Ok(rows
            .filter_map(|row| Some((table::time(table::text(row, at))?, table::number(row, column)? + shift)))
            .collect())
    };
    let volumes = points("traffic_volume", 0.0)?;
    let values: Vec<f64> = volumes.iter().map(|(_, value)| *value).collect();
    let high: Vec<Limit> = quantile(&values, HIGH_SHARE)
        .map(|limit| ("high", true, limit, limit * 0.02, Severity::Low))
        .into_iter()
        .collect();
    let volume = Kind {
        id: "i94-volume",
        name: "Lưu lượng xe cao tốc",
        kind: SensorKind::Traffic,
        unit: "/h",
        range: (0.0, 20_000.0),
    };
    let temperature = Kind {
        id: "i94-temperature",
        name: "Nhiệt độ mặt đường",
        kind: SensorKind::Temperature,
        unit: "Cel",
        range: (-60.0, 60.0),
    };
    let rain =
        Kind {
            id: "i94-rain", name: "Mưa trên cao tốc", kind: SensorKind::Rain, unit: "mm/h", range: (0.0, 400.0)
        };
    Ok(vec![
        Series::new(volume, &high, volumes)?,
        Series::new(temperature, &[], points("temp", -KELVIN_AT_0_CEL)?)?,
        Series::new(rain, &[("high", true, 30.0, 5.0, Severity::Medium)], points("rain_1h", 0.0)?)?,
    ])
}
