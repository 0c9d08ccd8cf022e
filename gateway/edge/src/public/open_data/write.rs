//! A page of open data as CSV (RFC 4180, with a header, in UTF-8) and as GeoJSON (RFC 7946).

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use super::table::{Row, Table};
use crate::{cap, public::words};

pub(super) const CSV_TYPE: &str = "text/csv; charset=utf-8; header=present";
pub(super) const GEO_JSON_TYPE: &str = "application/geo+json";

const COLUMNS: [&str; 10] = [
    "kind",
    "kind_vi",
    "kind_en",
    "severity",
    "admin_unit",
    "admin_unit_name",
    "latitude",
    "longitude",
    "reported_at",
    "done_at",
];

/// A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV Injection").
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// What is told of a row beside its position; the names are those of the columns.
#[derive(Serialize)]
struct Properties<'a> {
    kind: &'static str,
    kind_vi: &'static str,
    kind_en: &'static str,
    severity: Option<&'static str>,
    admin_unit: &'a str,
    admin_unit_name: &'a str,
    reported_at: String,
    done_at: Option<String>,
}

impl<'a> Properties<'a> {
    fn new(table: &'a Table, row: &'a Row) -> Self {
        let name = words::kind(row.kind);
        Self {
            kind: row.kind.as_str(),
            kind_vi: name.vi,
            kind_en: name.en,
            severity: row.severity.map(domain::Severity::as_str),
            admin_unit: row.admin_unit.as_str(),
            admin_unit_name: table.names.get(&row.admin_unit).map_or("", String::as_str),
            reported_at: cap::time(row.reported_at.0),
            done_at: row.done_at.map(cap::time),
        }
    }
}

/// The page as CSV.
pub(crate) fn csv(table: &Table, page: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(&mut bytes);
    // Writing to a Vec does not fail, and each line has as many cells as there are columns.
    let _ = writer.write_record(COLUMNS);
    for row in table.page(page) {
        let told = Properties::new(table, row);
        let (latitude, longitude) = row.position.map(|(lat, lon)| (degrees(lat), degrees(lon))).unwrap_or_default();
        let (admin_unit, admin_unit_name) = (plain(told.admin_unit), plain(told.admin_unit_name));
        let cells: [&str; COLUMNS.len()] = [
            told.kind,
            told.kind_vi,
            told.kind_en,
            told.severity.unwrap_or_default(),
            &admin_unit,
            &admin_unit_name,
            &latitude,
            &longitude,
            &told.reported_at,
            told.done_at.as_deref().unwrap_or_default(),
        ];
        let _ = writer.write_record(cells);
    }
    drop(writer);
    bytes
}

/// The text of a cell, marked as text where it would be taken for a formula.
fn plain(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Degrees of hundredths of them.
fn degrees(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

#[derive(Serialize)]
struct FeatureCollection<'a> {
    r#type: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    /// None: a feature without a place, which the standard has (3.2).
    geometry: Option<Point>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Point {
    r#type: &'static str,
    /// Longitude first (3.1.1).
    coordinates: [f64; 2],
}

/// The page as GeoJSON.
pub(crate) fn geo_json(table: &Table, page: usize) -> Vec<u8> {
    let of = |hundredths: i32| f64::from(hundredths) / 100.0;
    let point = |(lat, lon)| Point { r#type: "Point", coordinates: [of(lon), of(lat)] };
    let rows = table.page(page).iter();
    let features = rows.map(|row| Feature {
        r#type: "Feature",
        geometry: row.position.map(point),
        properties: Properties::new(table, row),
    });
    let features = features.collect();
    // Texts and finite numbers can be written.
    serde_json::to_vec(&FeatureCollection { r#type: "FeatureCollection", features }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{cmp::Reverse, collections::BTreeMap};

    use domain::{AdminUnitCode, IncidentKind, Millis, Severity};
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> AdminUnitCode {
        AdminUnitCode::new(text).unwrap()
    }

    /// 2026-11-22, 14:00 in Vietnam.
    const AT: Millis = Millis(1_795_330_800_000);

    fn table(name: &str) -> Table {
        let flood = Row {
            reported_at: Reverse(AT),
            admin_unit: code("05512"),
            kind: IncidentKind::Flood,
            severity: Some(Severity::High),
            position: Some((2_155, 10_580)),
            done_at: Some(Millis(AT.0 + 7_200_000)),
        };
        let pit = Row {
            reported_at: Reverse(Millis(AT.0 - 3_600_000)),
            kind: IncidentKind::Infrastructure,
            severity: None,
            position: None,
            done_at: None,
            ..flood.clone()
        };
        let names = BTreeMap::from([(code("05512"), name.to_owned())]);
        Table { at: Millis(0), rows: vec![flood, pit], names }
    }

    #[test]
    fn the_bytes_of_csv_are_those_of_rfc_4180() {
        let expected = "kind,kind_vi,kind_en,severity,admin_unit,admin_unit_name,latitude,longitude,reported_at,done_at\r\n\
            flood,Ngập lụt,Flooding,high,05512,Xã 1,21.55,105.80,2026-11-22T14:00:00+07:00,2026-11-22T16:00:00+07:00\r\n\
            infrastructure,\"Điện, đường, cầu, sạt lở\",\"Power, roads, bridges, landslides\",,05512,Xã 1,,,\
            2026-11-22T13:00:00+07:00,\r\n";
        assert_eq!(String::from_utf8(csv(&table("Xã 1"), 1)).unwrap(), expected);
        let header = expected.split_inclusive("\r\n").next().unwrap();
        assert_eq!(csv(&table("Xã 1"), 2), header.as_bytes(), "past the end there is the header");
    }

    #[test]
    fn the_bytes_of_geo_json_are_those_of_rfc_7946() {
        let expected = concat!(
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":"#,
            r#"[105.8,21.55]},"properties":{"kind":"flood","kind_vi":"Ngập lụt","kind_en":"Flooding","severity":"high","#,
            r#""admin_unit":"05512","admin_unit_name":"Xã \"1\"","reported_at":"2026-11-22T14:00:00+07:00","#,
            r#""done_at":"2026-11-22T16:00:00+07:00"}},{"type":"Feature","geometry":null,"properties":{"#,
            r#""kind":"infrastructure","kind_vi":"Điện, đường, cầu, sạt lở","kind_en":"Power, roads, bridges, landslides","#,
            r#""severity":null,"admin_unit":"05512","admin_unit_name":"Xã \"1\"","#,
            r#""reported_at":"2026-11-22T13:00:00+07:00","done_at":null}}]}"#,
        );
        assert_eq!(String::from_utf8(geo_json(&table("Xã \"1\""), 1)).unwrap(), expected);
        assert_eq!(geo_json(&table(""), 2), br#"{"type":"FeatureCollection","features":[]}"#);
    }

    #[test]
    fn no_cell_is_a_formula() {
        let written = String::from_utf8(csv(&table("=HYPERLINK(\"http://x\",\"y\")"), 1)).unwrap();
        assert!(written.contains(r#",05512,"'=HYPERLINK(""http://x"",""y"")",21.55,"#), "{written}");
        for text in ["+1", "-1", "@x", "\tx", "＝1"] {
            assert_eq!(plain(text), format!("'{text}"));
        }
        assert_eq!(plain("Xã 1 = 2"), "Xã 1 = 2");
        assert_eq!((degrees(-5), degrees(-10_580)), ("-0.05".to_owned(), "-105.80".to_owned()));
    }

    proptest! {
        #[test]
        fn whatever_a_commune_is_called_it_is_one_cell(name in any::<String>()) {
            let bytes = csv(&table(&name), 1);
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let cells: Vec<_> = reader.records().map(|line| line.unwrap()[5].to_owned()).collect();
            prop_assert_eq!(cells, vec![plain(&name).into_owned(); 2]);
        }
    }
}
