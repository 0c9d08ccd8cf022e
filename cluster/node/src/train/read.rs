//! Files that models learn from: tables of readings and incidents, labelled messages, labelled series.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use models::{
    anomaly::nab::{Series, windows_of},
    duplicate::calls::Call,
    triage::labelled::{Labelled, ROWS_MAX, parse},
};

use super::TrainError;
use crate::replay::table::{self, Table};

/// Bytes of one file when unpacked.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Endings of files with corrections.
const CORRECTIONS: [&str; 2] = ["tsv", "jsonl"];
/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Kinds of calls that are told apart; all others count as one more.
const KINDS_MAX: usize = 200;

/// A file's bytes, unpacked when it is gzipped.
///
/// # Errors
/// It is not readable, or too large.
pub fn bytes(path: &Path) -> Result<Vec<u8>, TrainError> {
    let error = |e: std::io::Error| TrainError::data(path, e);
    let packed = {
        let mut first = Vec::new();
        File::open(path).map_err(error)?.take(2).read_to_end(&mut first).map_err(error)?;
        first == GZIP
    };
    let file = File::open(path).map_err(error)?;
    let mut all = Vec::new();
    let limit = FILE_BYTES_MAX + 1;
    if packed {
        GzDecoder::new(file).take(limit).read_to_end(&mut all).map_err(error)?;
    } else {
        file.take(limit).read_to_end(&mut all).map_err(error)?;
    }
    if u64::try_from(all.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(TrainError::data(path, format!("more than {FILE_BYTES_MAX} bytes: give a shorter span")));
    }
    Ok(all)
}

/// A file's text, unpacked when it is gzipped.
///
/// # Errors
/// It is not readable, too large, or no UTF-8.
pub fn text(path: &Path) -> Result<String, TrainError> {
    String::from_utf8(bytes(path)?).map_err(|_| TrainError::data(path, "is no text in UTF-8: save it as such"))
}

/// A table as CSV with a header line, plain or gzipped.
///
/// # Errors
/// It is not readable, or no CSV.
pub fn table(path: &Path) -> Result<Table, TrainError> {
    Table::parse(bytes(path)?.as_slice()).map_err(|error| TrainError::data(path, error))
}

/// Milliseconds since 1970 of a time as people and programs write it: `2026-11-22 14:05`, with or without seconds, `11/22/26 14:05`
/// (month first), or the milliseconds themselves.
#[must_use]
pub fn at_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    i64::try_from(table::time(text)?.0).ok()
}

/// Every time of a column.
///
/// # Errors
/// The line of the first that is none.
pub(super) fn times(path: &Path, table: &Table, column: usize) -> Result<Vec<i64>, TrainError> {
    let read = |(at, row): (usize, &csv::StringRecord)| {
        let text = table::text(row, column);
        at_ms(text).ok_or_else(|| {
            TrainError::data(path, format!("line {}: {text:?} is no time; write 2026-11-22 14:05", at + 2))
        })
    };
    table.rows().iter().enumerate().map(read).collect()
}

/// The corrections of operators: a file, or all files of a folder that end as [`CORRECTIONS`] says, in the order of their names.
///
/// # Errors
/// None there, or a row that cannot be read.
pub fn labelled(path: &Path) -> Result<Vec<Labelled>, TrainError> {
    let mut files: Vec<PathBuf> = if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|error| TrainError::data(path, error))?;
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|file| CORRECTIONS.iter().any(|ending| file.extension().is_some_and(|e| e == *ending)))
            .collect()
    } else {
        vec![path.to_owned()]
    };
    files.sort();
    if files.is_empty() {
        return Err(TrainError::data(
            path,
            "no .tsv or .jsonl file in it: leave --data out, or name the folder of the corrections",
        ));
    }
    let mut all = Vec::new();
    for file in &files {
        all.extend(parse(&text(file)?).map_err(|error| TrainError::data(file, error))?);
        if all.len() > ROWS_MAX {
            return Err(TrainError::data(path, format!("more than {ROWS_MAX} corrections: give the newest")));
        }
    }
    Ok(all)
}

/// A log of emergency calls, by time: columns `time`, `lat`, `lng`, `category`, `type`, `addr`, `township`.
///
/// # Errors
/// A column is missing, or a row cannot be read.
pub fn calls(path: &Path) -> Result<Vec<Call>, TrainError> {
    let table = table(path)?;
    let column = |name: &str| table.column(name).map_err(|error| TrainError::data(path, error));
    let (latitude, longitude) = (column("lat")?, column("lng")?);
    let (category, about, address, district) =
        (column("category")?, column("type")?, column("addr")?, column("township")?);
    let times = times(path, &table, column("time")?)?;
    let mut kinds: Vec<&str> = table.rows().iter().map(|row| table::text(row, category)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut calls = Vec::with_capacity(times.len());
    for (at, (row, at_ms)) in table.rows().iter().zip(times).enumerate() {
        let degrees = |column| {
            let wrong = || TrainError::data(path, format!("line {}: no latitude and longitude in degrees", at + 2));
            table::number(row, column).ok_or_else(wrong)
        };
        let kind = kinds.iter().position(|kind| *kind == table::text(row, category)).unwrap_or(KINDS_MAX);
        let words = |column| table::text(row, column).to_owned();
        calls.push(Call {
            at_ms,
            latitude: degrees(latitude)?,
            longitude: degrees(longitude)?,
            kind: u8::try_from(kind.min(KINDS_MAX)).unwrap_or(u8::MAX),
            about: words(about),
            address: words(address),
            district: words(district),
        });
    }
    calls.sort_by_key(|call| call.at_ms);
    Ok(calls)
}

/// Series with windows in which a person saw an anomaly, laid out as the Numenta Anomaly Benchmark is: `data/` (plain or gzipped) and
/// `labels/combined_windows.json`, in the order of names.
///
/// # Errors
/// A file is missing or something else.
pub fn labelled_series(folder: &Path) -> Result<Vec<Series>, TrainError> {
    let labels = folder.join("labels/combined_windows.json");
    let windows = windows_of(&text(&labels)?).map_err(|error| TrainError::data(&labels, error))?;
    let mut all = Vec::with_capacity(windows.len());
    for (name, windows) in windows {
        let plain = folder.join("data").join(&name);
        let path = if plain.exists() { plain } else { PathBuf::from(format!("{}.gz", plain.display())) };
        all.push(Series::read(&name, &text(&path)?, windows).map_err(|error| TrainError::data(&path, error))?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_people_and_programs_write_them() {
        assert_eq!(at_ms("1970-01-01 00:00:01"), Some(1000));
        assert_eq!(at_ms("1790000000000"), Some(1_790_000_000_000));
        assert_eq!(at_ms("10/19/18 09:00"), Some(1_539_939_600_000));
        assert_eq!(at_ms("yesterday"), None);
        assert_eq!(at_ms("2026"), None);
    }

    proptest! {
        #[test]
        fn any_text_may_stand_for_a_time(text in ".{0,40}") {
            let _ = at_ms(&text);
        }
    }
}
