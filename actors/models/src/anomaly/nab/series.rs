//! One file of the benchmark: readings, and the windows in which a person saw an anomaly.

use std::collections::BTreeMap;

/// One series with its labelled windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Folder and file, as the labels name it.
    pub name: String,
    /// Milliseconds since 1970 of each reading, the clock time taken as UTC.
    pub at_ms: Vec<i64>,
    /// Each reading.
    pub values: Vec<f64>,
    /// First and last time of each window, milliseconds, in order.
    pub windows_ms: Vec<(i64, i64)>,
}

/// Why a text of the benchmark could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// A line is not `timestamp,value`.
    #[error("{name}, line {line}: expected `YYYY-MM-DD HH:MM:SS,number`")]
    Line {
        /// The file.
        name: String,
        /// Counted from 1, the heading included.
        line: usize,
    },
    /// The labels are not an object of lists of pairs of timestamps.
    #[error("combined_windows.json is not an object of lists of [start, end]: {0}")]
    Windows(#[from] serde_json::Error),
    /// A window's time cannot be read.
    #[error("combined_windows.json, {name}: `{time}` is no timestamp `YYYY-MM-DD HH:MM:SS`")]
    WindowTime {
        /// The file that is labelled.
        name: String,
        /// As it stands there.
        time: String,
    },
    /// A window begins or ends between readings, so the labels belong to other data.
    #[error(
        "{name}: its window {start_ms}..{end_ms} does not begin and end at readings; take labels and data of one version"
    )]
    WindowPlace {
        /// The file that is labelled.
        name: String,
        /// Milliseconds since 1970.
        start_ms: i64,
        /// Milliseconds since 1970.
        end_ms: i64,
    },
}

impl Series {
    /// Reads a file of `timestamp,value` with a heading.
    ///
    /// # Errors
    /// [`SeriesError::Line`] or [`SeriesError::WindowPlace`].
    pub fn read(name: &str, text: &str, windows_ms: Vec<(i64, i64)>) -> Result<Self, SeriesError> {
        let (mut at_ms, mut values) = (Vec::new(), Vec::new());
        for (line, row) in text.lines().enumerate().skip(1).filter(|(_, row)| !row.trim().is_empty()) {
            let reading =
                row.split_once(',').and_then(|(time, value)| Some((time_ms(time)?, value.trim().parse().ok()?)));
            let (time, value): (i64, f64) =
                reading.ok_or_else(|| SeriesError::Line { name: name.to_owned(), line: line + 1 })?;
            at_ms.push(time);
            values.push(value);
        }
        for (start_ms, end_ms) in &windows_ms {
            if start_ms > end_ms || !at_ms.contains(start_ms) || !at_ms.contains(end_ms) {
                return Err(SeriesError::WindowPlace { name: name.to_owned(), start_ms: *start_ms, end_ms: *end_ms });
            }
        }
        Ok(Self { name: name.to_owned(), at_ms, values, windows_ms })
    }
}

impl Series {
    /// Only some of the readings (rows in ascending order). The windows stay as they are, and may begin or end where no
    /// reading is left, so judge the whole series and take [`Judged::only`](super::Judged::only) of that.
    pub fn only(&self, rows: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            at_ms: rows.iter().filter_map(|row| self.at_ms.get(*row).copied()).collect(),
            values: rows.iter().filter_map(|row| self.values.get(*row).copied()).collect(),
            windows_ms: self.windows_ms.clone(),
        }
    }
}

/// Reads `labels/combined_windows.json`: the windows of each file, by name.
///
/// # Errors
/// [`SeriesError::Windows`] or [`SeriesError::WindowTime`].
pub fn windows_of(text: &str) -> Result<BTreeMap<String, Vec<(i64, i64)>>, SeriesError> {
    let labels: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(text)?;
    let mut windows = BTreeMap::new();
    for (name, pairs) in labels {
        let time = |time: String| time_ms(&time).ok_or_else(|| SeriesError::WindowTime { name: name.clone(), time });
        let pairs = pairs.into_iter().map(|(start, end)| Ok((time(start)?, time(end)?)));
        let pairs = pairs.collect::<Result<Vec<_>, SeriesError>>()?;
        windows.insert(name, pairs);
    }
    Ok(windows)
}

/// Milliseconds since 1970 of `YYYY-MM-DD HH:MM:SS`, with or without a fraction, which is left out.
fn time_ms(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(' ')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let in_range = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    in_range.then(|| (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// Days from 1970-01-01 in the Gregorian calendar, by counting years from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_count_from_1970() {
        assert_eq!(time_ms("1970-01-01 00:00:00"), Some(0));
        assert_eq!(time_ms("2014-02-28 23:59:59.000000"), Some(1_393_631_999_000));
        assert_eq!(time_ms("2016-02-29 12:00:00"), Some(1_456_747_200_000));
        assert_eq!(time_ms("2014-13-01 00:00:00"), None);
        assert_eq!(time_ms("2014-12-01T00:00:00"), None);
    }

    #[test]
    fn a_file_names_the_line_that_it_cannot_read() {
        let text = "timestamp,value\n2014-04-01 00:00:00,1.5\n2014-04-01 00:05:00,much\n";
        let error = Series::read("a.csv", text, Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "a.csv, line 3: expected `YYYY-MM-DD HH:MM:SS,number`");
    }

    #[test]
    fn a_window_begins_and_ends_at_readings() {
        let text = "timestamp,value\n1970-01-01 00:00:00,1\n1970-01-01 00:00:01,2\n";
        let read = |window| Series::read("a.csv", text, vec![window]);
        assert_eq!(read((0, 1000)).unwrap().values, [1.0, 2.0]);
        assert!(matches!(read((0, 999)), Err(SeriesError::WindowPlace { .. })));
        assert!(matches!(read((1000, 0)), Err(SeriesError::WindowPlace { .. })));
    }

    #[test]
    fn labels_are_read_by_file() {
        let text = r#"{"a.csv": [["1970-01-01 00:00:00.000000", "1970-01-01 00:00:01.000000"]], "b.csv": []}"#;
        let windows = windows_of(text).unwrap();
        assert_eq!(windows["a.csv"], [(0, 1000)]);
        assert!(windows["b.csv"].is_empty());
        assert!(matches!(windows_of(r#"{"a.csv": [["then", "now"]]}"#), Err(SeriesError::WindowTime { .. })));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parsers(text in "[-0-9:. ,a-z\n]{0,80}") {
            let _ = Series::read("a.csv", &text, Vec::new());
            let _ = time_ms(&text);
            let _ = windows_of(&text);
        }
    }
}
