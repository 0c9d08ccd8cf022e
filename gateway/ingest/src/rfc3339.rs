//! RFC 3339 date-times as Unix milliseconds. Devices write them in every legal form; anything else is refused.

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Reads `2026-09-14T07:30:00.250+07:00`, `...Z`, or with a space for the `T`. Digits past the milliseconds are cut.
/// Yields `None` for anything else and for times before 1970.
pub(crate) fn parse_ms(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    };
    let mark = |at: usize, marks: &[u8]| bytes.get(at).is_some_and(|b| marks.contains(b)).then_some(());

    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    mark(4, b"-")?;
    mark(7, b"-")?;
    mark(10, b"Tt ")?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    mark(13, b":")?;
    mark(16, b":")?;
    // A leap second (60) reads as the first second of the next minute.
    let in_range = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }

    let mut at = 19;
    let mut fraction_ms = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let digits = bytes.get(at..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        for place in 0..3 {
            let digit = if place < digits { i64::from(bytes.get(at + place)? - b'0') } else { 0 };
            fraction_ms = fraction_ms * 10 + digit;
        }
        at += digits;
    }

    let offset_min = match bytes.get(at)? {
        b'Z' | b'z' => {
            at += 1;
            0
        }
        sign @ (b'+' | b'-') => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            mark(at + 3, b":")?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            at += 6;
            if *sign == b'+' { hours * 60 + minutes } else { -(hours * 60 + minutes) }
        }
        _ => return None,
    };
    if at != bytes.len() {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second - offset_min * 60;
    u64::try_from(days_from_epoch(year, month, day) * DAY_MS + seconds * 1000 + fraction_ms).ok()
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms() {
        assert_eq!(parse_ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_ms("2001-09-09T01:46:40Z"), Some(1_000_000_000_000));
        assert_eq!(parse_ms("2001-09-09t08:46:40.2569+07:00"), Some(1_000_000_000_256));
        assert_eq!(parse_ms("2001-09-08 21:16:40.5-04:30"), Some(1_000_000_000_500));
        assert_eq!(parse_ms("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
        assert_eq!(parse_ms("2016-12-31T23:59:60Z"), parse_ms("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2026",
            "2026-09-14",
            "2026-09-14T07:30:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-09-14T24:00:00Z",
            "2026-09-14T07:30:00.Z",
            "2026-09-14T07:30:00+0700",
            "2026-09-14T07:30:00Z ",
            "1969-12-31T23:59:59Z",
            "２026-09-14T07:30:00Z",
        ] {
            assert_eq!(parse_ms(text), None, "{text}");
        }
    }
}
