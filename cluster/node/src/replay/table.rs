//! Gzipped CSV with a header line, and the times in it. All recordings are read as UTC: where they were made local time jumps
//! twice a year, which leaves a gap and a few doubles; doubles are left out.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use csv::StringRecord;
use domain::Millis;
use flate2::read::GzDecoder;

use super::ReplayError;

/// Bytes of one table when unpacked: ten times the largest there is. More is cut off, and its last line is then no row.
const TABLE_BYTES_MAX: u64 = 256 * 1024 * 1024;
const MS_PER_DAY: i64 = 86_400_000;

/// A table in memory.
#[derive(Clone, Debug)]
pub struct Table {
    headers: StringRecord,
    rows: Vec<StringRecord>,
}

impl Table {
    /// Reads a `.csv.gz` file.
    ///
    /// # Errors
    /// The file is not readable, not gzip, or not CSV.
    pub fn load(path: &Path) -> Result<Self, ReplayError> {
        let file = File::open(path).map_err(|e| ReplayError::read(path, &e))?;
        Self::parse(GzDecoder::new(file).take(TABLE_BYTES_MAX)).map_err(|e| ReplayError::file(path, e))
    }

    /// Reads CSV with a header line.
    ///
    /// # Errors
    /// It is not CSV, or a row is longer or shorter than the header.
    pub fn parse(text: impl Read) -> io::Result<Self> {
        let mut reader = csv::Reader::from_reader(text);
        let headers = reader.headers()?.clone();
        let rows = reader.into_records().collect::<Result<Vec<_>, _>>()?;
        Ok(Self { headers, rows })
    }

    /// The number of a column.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        let found = self.headers.iter().position(|header| header.trim() == name);
        found.ok_or_else(|| format!("has no column {name}; use the recording that DESIGN.md names"))
    }

    /// Names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(str::trim)
    }

    /// The rows, in the file's order.
    #[must_use]
    pub fn rows(&self) -> &[StringRecord] {
        &self.rows
    }
}

/// The number in a cell; none when it is empty or no number.
#[must_use]
pub fn number(row: &StringRecord, column: usize) -> Option<f64> {
    row.get(column)?.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// The text of a cell.
#[must_use]
pub fn text(row: &StringRecord, column: usize) -> &str {
    row.get(column).unwrap_or_default().trim()
}

/// Reads `2015-12-10 17:40:00`, with or without seconds or a fraction, and `10/19/18 09:00` (month first).
#[must_use]
pub fn time(text: &str) -> Option<Millis> {
    let (date, clock) = text.trim().split_once([' ', 'T'])?;
    let (year, month, day) = if date.contains('/') {
        let mut parts = date.splitn(3, '/');
        let (month, day, year) = (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?);
        (if year < 100 { 2000 + year } else { year }, month, day)
    } else {
        let mut parts = date.splitn(3, '-');
        (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?)
    };
    let clock = clock.split('.').next()?;
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let second = parts.next().map_or(Some(0), digits)?;
    let is_time = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !is_time {
        return None;
    }
    let ms = days(year, month, day) * MS_PER_DAY + (hour * 3600 + minute * 60 + second) * 1000;
    u64::try_from(ms).ok().map(Millis)
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// Days since 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_in_their_forms() {
        assert_eq!(time("1970-01-02 00:00:01"), Some(Millis(86_401_000)));
        assert_eq!(time("2000-02-29 12:30"), Some(Millis(951_827_400_000)));
        assert_eq!(time("10/19/18 09:00"), Some(Millis(1_539_939_600_000)));
        assert_eq!(time("2015-12-10 17:40:00.000000"), Some(Millis(1_449_769_200_000)));
        for wrong in ["", "2015-12-10", "2015-13-10 00:00", "2015-12-10 24:00", "a-b-c d:e", "-1-1-1 0:0"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_missing_column_is_named() {
        let table = Table::parse("a,b\n1,\n".as_bytes()).unwrap();
        assert_eq!((number(&table.rows()[0], 0), number(&table.rows()[0], 1)), (Some(1.0), None));
        assert!(table.column("c").unwrap_err().contains("column c"));
        assert!(Table::parse("a,b\n1\n".as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,30}") {
            let _ = Table::parse(bytes.as_slice());
            let _ = time(&text);
        }

        #[test]
        fn days_follow_one_another(day in 0_i64..40_000) {
            // From a day's number back by counting: the calendar has no hole and no double.
            let of = |n: i64| (1970..=2080).flat_map(|year| (1..=12).map(move |month| (year, month)))
                .filter_map(|(year, month)| (1..=31).find(|d| days(year, month, *d) == n).map(|d| (year, month, d)))
                .count();
            prop_assert!(of(day) >= 1);
        }
    }
}
