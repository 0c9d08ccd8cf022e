//! UCI Air Quality (an Italian roadside, hourly, 2004 to 2005; -200 is missing) and Beijing PM2.5 (hourly, 2010 to 2014):
//! `air_quality/airquality_uci.csv.gz`, `air_quality/beijing_pm25.csv.gz`.

use std::path::Path;

use domain::{SensorKind, Severity};

use super::{
    ReplayError,
    series::{Kind, Limit, Series},
    table::{self, Table},
};

/// What the Italian station writes for a missing value.
const MISSING: f64 = -200.0;

/// A column and the sensor that it becomes.
type Column = (&'static str, Kind<'static>, &'static [Limit]);

// Limits of one hour in QCVN 05:2023/BTNMT: NO2 200 and CO 30,000 micrograms per cubic metre. That of PM2.5 is a step of the
// hourly index VN_AQI (Decision 1459/QD-TCMT of 2019).
const UCI: [Column; 6] = [
    (
        "CO(GT)",
        Kind {
            id: "uci-co", name: "Khí CO ven đường", kind: SensorKind::Air, unit: "mg/m3", range: (0.0, 1000.0)
        },
        &[("high", true, 30.0, 2.0, Severity::Medium)],
    ),
    (
        "NO2(GT)",
        Kind {
            id: "uci-no2", name: "Khí NO2 ven đường", kind: SensorKind::Air, unit: "ug/m3", range: (0.0, 5000.0)
        },
        &[("high", true, 200.0, 20.0, Severity::Medium)],
    ),
    (
        "NOx(GT)",
        Kind {
            id: "uci-nox", name: "Khí NOx ven đường", kind: SensorKind::Air, unit: "[ppb]", range: (0.0, 5000.0)
        },
        &[],
    ),
    (
        "C6H6(GT)",
        Kind {
            id: "uci-benzene", name: "Benzen ven đường", kind: SensorKind::Air, unit: "ug/m3", range: (0.0, 500.0)
        },
        &[("high", true, 22.0, 2.0, Severity::Low)],
    ),
    (
        "T",
        Kind {
            id: "uci-t",
            name: "Nhiệt độ ven đường",
            kind: SensorKind::Temperature,
            unit: "Cel",
            range: (-40.0, 60.0),
        },
        &[("high", true, 40.0, 1.0, Severity::Medium)],
    ),
    (
        "RH",
        Kind {
            id: "uci-rh", name: "Độ ẩm ven đường", kind: SensorKind::Other, unit: "%", range: (0.0, 100.0)
        },
        &[],
    ),
];

const BEIJING: [Column; 2] = [
    (
        "pollution",
        Kind { id: "beijing-pm25", name: "Bụi PM2.5", kind: SensorKind::Air, unit: "ug/m3", range: (0.0, 2000.0) },
        &[("high", true, 150.0, 15.0, Severity::Medium)],
    ),
    (
        "temp",
        Kind {
            id: "beijing-t",
            name: "Nhiệt độ trạm bụi",
            kind: SensorKind::Temperature,
            unit: "Cel",
            range: (-50.0, 60.0),
        },
        &[],
    ),
];

/// Reads both tables.
///
/// # Errors
/// A file is missing or not what it should be.
pub fn load(data: &Path) -> Result<Vec<Series>, ReplayError> {
    let mut all = Vec::new();
    for (file, parse) in [
        ("airquality_uci.csv.gz", parse_uci as fn(&Table) -> Result<Vec<Series>, String>),
        ("beijing_pm25.csv.gz", parse_beijing),
    ] {
        let path = data.join("air_quality").join(file);
        all.extend(parse(&Table::load(&path)?).map_err(|e| ReplayError::file(&path, e))?);
    }
    Ok(all)
}

/// Makes series of the Italian table.
///
/// # Errors
/// A column is missing.
pub fn parse_uci(table: &Table) -> Result<Vec<Series>, String> {
    let (date, clock) = (table.column("Date")?, table.column("Time")?);
    let series = |(column, kind, limits): &Column| {
        let column = table.column(column)?;
        let rows = table.rows().iter();
        let points = rows.filter_map(|row| {
            let at = table::time(&format!("{} {}", table::text(row, date), table::text(row, clock)))?;
            let value = table::number(row, column)?;
            (value > MISSING).then_some((at, value))
        });
        Series::new(*kind, limits, points.collect())
    };
    UCI.iter().map(series).collect()
}

/// Makes series of the Chinese table.
///
/// # Errors
/// A column is missing.
pub fn parse_beijing(table: &Table) -> Result<Vec<Series>, String> {
    let date = table.column("date")?;
    let series = |(column, kind, limits): &Column| {
        let column = table.column(column)?;
        let rows = table.rows().iter();
        let points = rows.filter_map(|row| Some((table::time(table::text(row, date))?, table::number(row, column)?)));
        Series::new(*kind, limits, points.collect())
    };
    BEIJING.iter().map(series).collect()
}
