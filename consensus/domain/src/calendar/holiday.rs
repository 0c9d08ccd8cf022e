//! National holidays of Viet Nam: Labour Code 45/2019/QH14, article 112 (which days) and 111(3) (a holiday that falls on
//! the weekly day of rest is given back on the next working day).
//!
//! What the government fixes anew each year is taken as it most often is: the five days of Tết are the last of the old
//! year and the first four of the new one, and the second day of the National Day is September 1. A year that differs, a
//! working day that is moved, and any holiday that a later law adds are special days of a calendar, which overrule these.

use std::collections::BTreeSet;

use super::day_of_date;

/// The first year of [`LUNAR`].
pub const FIRST_YEAR: u64 = 2000;

/// For each year the first day of the first lunar month (Tết) and the tenth of the third (the Hùng Kings), as days of the
/// year, 1 is January 1. Calculated for the meridian 105° E, UTC+7, by the rules of Hồ Ngọc Đức ("Computing the Vietnamese
/// lunar calendar", after Meeus); `tests/lunar.rs` calculates each again. Viet Nam differs from China in 2007 and 2030.
const LUNAR: [(u64, u64); 80] = [
    (36, 105),
    (24, 93),
    (43, 112),
    (32, 101),
    (22, 119),
    (40, 108),
    (29, 97),
    (48, 116),
    (38, 106),
    (26, 94),
    (45, 113),
    (34, 102),
    (23, 91),
    (41, 109),
    (31, 99),
    (50, 118),
    (39, 107),
    (28, 96),
    (47, 115),
    (36, 104),
    (25, 93),
    (43, 111),
    (32, 100),
    (22, 119),
    (41, 109),
    (29, 97),
    (48, 116),
    (37, 106),
    (26, 95),
    (44, 113),
    (33, 102),
    (23, 91),
    (42, 110),
    (31, 99),
    (50, 118),
    (39, 107),
    (28, 97),
    (46, 114),
    (35, 103),
    (24, 93),
    (43, 111),
    (32, 100),
    (22, 119),
    (41, 109),
    (30, 98),
    (48, 116),
    (37, 105),
    (26, 94),
    (45, 113),
    (33, 101),
    (23, 91),
    (42, 110),
    (32, 100),
    (49, 118),
    (39, 107),
    (28, 96),
    (46, 115),
    (35, 103),
    (24, 92),
    (43, 111),
    (33, 101),
    (21, 90),
    (40, 109),
    (29, 98),
    (48, 117),
    (36, 105),
    (26, 94),
    (45, 113),
    (34, 102),
    (23, 91),
    (42, 110),
    (31, 99),
    (50, 118),
    (38, 106),
    (27, 95),
    (46, 114),
    (36, 104),
    (24, 92),
    (43, 111),
    (33, 101),
];

/// Tết and the day of the Hùng Kings, as days since 1970-01-01; none: the year is not in the table.
#[must_use]
pub fn lunar_of_year(year: u64) -> Option<(u64, u64)> {
    let at = usize::try_from(year.checked_sub(FIRST_YEAR)?).ok()?;
    let (tet, kings) = LUNAR.get(at)?;
    let before = day_of_date(year, 1, 1) - 1;
    Some((before + tet, before + kings))
}

/// The national holidays of a year, as days since 1970-01-01. Outside of the table's years only those of the solar year.
#[must_use]
pub fn of_year(year: u64) -> BTreeSet<u64> {
    let solar = [(1, 1), (4, 30), (5, 1), (9, 1), (9, 2)];
    let mut days: BTreeSet<_> = solar.map(|(month, day)| day_of_date(year, month, day)).into();
    if let Some((tet, kings)) = lunar_of_year(year) {
        days.extend(tet - 1..=tet + 3);
        days.insert(kings);
    }
    days
}

/// The holidays, and for each that falls on a day of rest the next working day that is not off already.
pub(super) fn with_days_instead(holidays: &BTreeSet<u64>, is_rest: impl Fn(u64) -> bool) -> BTreeSet<u64> {
    let mut off = holidays.clone();
    for holiday in holidays.iter().filter(|day| is_rest(**day)) {
        // A week without a working day has no day to give.
        let instead = (holiday + 1..holiday + 31).find(|day| !off.contains(day) && !is_rest(*day));
        off.extend(instead);
    }
    off
}
