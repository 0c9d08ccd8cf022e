//! The table of lunar holidays against the calculation that it comes from, in floating point, which the crate itself does
//! without.
#![allow(
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "astronomy is done in floating point, and its results here are days of this century"
)]

use std::f64::consts::PI;

use domain::calendar::{day_of_date, holiday, number_of};

/// Julian day number of 1970-01-01.
const EPOCH: i64 = 2_440_588;
/// Hours from UTC.
const ZONE: f64 = 7.0;

/// The moment of the k-th new moon after 1900-01-01, as a Julian date (Meeus, "Astronomical Algorithms", 1st edition).
fn new_moon(k: f64) -> f64 {
    let t = k / 1236.85;
    let (t2, t3, dr) = (t * t, t * t * t, PI / 180.0);
    let mut at = 2_415_020.759_33 + 29.530_588_68 * k + 0.000_117_8 * t2 - 0.000_000_155 * t3;
    at += 0.000_33 * ((166.56 + 132.87 * t - 0.009_173 * t2) * dr).sin();
    let m = (359.2242 + 29.105_356_08 * k - 0.000_033_3 * t2 - 0.000_003_47 * t3) * dr;
    let moon = (306.0253 + 385.816_918_06 * k + 0.010_730_6 * t2 + 0.000_012_36 * t3) * dr;
    let f = (21.2964 + 390.670_506_46 * k - 0.001_652_8 * t2 - 0.000_002_39 * t3) * dr;
    let mut c = (0.1734 - 0.000_393 * t) * m.sin() + 0.0021 * (2.0 * m).sin();
    c += -0.4068 * moon.sin() + 0.0161 * (2.0 * moon).sin() - 0.0004 * (3.0 * moon).sin();
    c += 0.0104 * (2.0 * f).sin() - 0.0051 * (m + moon).sin() - 0.0074 * (m - moon).sin();
    c += 0.0004 * (2.0 * f + m).sin() - 0.0004 * (2.0 * f - m).sin() - 0.0006 * (2.0 * f + moon).sin();
    c += 0.0010 * (2.0 * f - moon).sin() + 0.0005 * (2.0 * moon + m).sin();
    at + c - (-0.000_278 + 0.000_265 * t + 0.000_262 * t2)
}

/// Local day of the k-th new moon, as a Julian day number.
fn day_of_new_moon(k: i64) -> i64 {
    (new_moon(k as f64) + 0.5 + ZONE / 24.0).floor() as i64
}

/// Twelfth of the ecliptic in which the sun stands at the local midnight that begins the day: 0 to 11, 9 is winter solstice.
fn sun(day: i64) -> i64 {
    let t = (day as f64 - 0.5 - ZONE / 24.0 - 2_451_545.0) / 36525.0;
    let (t2, dr) = (t * t, PI / 180.0);
    let m = (357.529_10 + 35_999.050_30 * t - 0.000_155_9 * t2 - 0.000_000_48 * t * t2) * dr;
    let mut l = 280.466_45 + 36_000.769_83 * t + 0.000_303_2 * t2;
    l += (1.914_600 - 0.004_817 * t - 0.000_014 * t2) * m.sin();
    l += (0.019_993 - 0.000_101 * t) * (2.0 * m).sin() + 0.000_290 * (3.0 * m).sin();
    let l = l * dr;
    ((l - 2.0 * PI * (l / (2.0 * PI)).floor()) / PI * 6.0).floor() as i64
}

/// The new moon that begins the eleventh lunar month, the one with the winter solstice: its k.
fn eleventh_month(year: u64) -> i64 {
    let last_day = EPOCH + i64::try_from(day_of_date(year, 12, 31)).unwrap();
    let k = ((last_day - 2_415_021) as f64 / 29.530_588_853).floor() as i64;
    if sun(day_of_new_moon(k)) >= 9 { k - 1 } else { k }
}

/// The first day of the lunar month, 1 to 3, of the year: the first month without a new twelfth of the ecliptic is a leap
/// month, in a year of thirteen.
fn first_of_month(month: i64, year: u64) -> i64 {
    let (before, next) = (eleventh_month(year - 1), eleventh_month(year));
    let mut after = month + 1;
    if day_of_new_moon(next) - day_of_new_moon(before) > 365 {
        let leap = (1..14).find(|i| sun(day_of_new_moon(before + i)) == sun(day_of_new_moon(before + i + 1))).unwrap();
        after += i64::from(after >= leap);
    }
    day_of_new_moon(before + after)
}

#[test]
fn the_table_is_what_the_calculation_gives() {
    for year in holiday::FIRST_YEAR..holiday::FIRST_YEAR + 80 {
        let tet = u64::try_from(first_of_month(1, year) - EPOCH).unwrap();
        let kings = u64::try_from(first_of_month(3, year) + 9 - EPOCH).unwrap();
        let (found_tet, found_kings) = holiday::lunar_of_year(year).unwrap();
        assert_eq!((number_of(found_tet), number_of(found_kings)), (number_of(tet), number_of(kings)), "{year}");
    }
}
