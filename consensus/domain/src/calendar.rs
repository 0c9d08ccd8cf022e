//! Working time in Viet Nam: hours of the week, holidays, and what an agency's own calendar says differently. Pure
//! arithmetic on whole milliseconds; the country keeps one time, UTC+7, without summer time.

pub mod holiday;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{CalendarId, Millis, wire::record};

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;
/// Viet Nam's offset from UTC.
pub const OFFSET_MS: u64 = 7 * 3_600_000;
/// Milliseconds of a minute.
const MINUTE_MS: u64 = 60_000;
/// Days that one calculation walks: eleven years. What is due later is due never, and `apply` refuses it.
const WALK_DAYS_MAX: u64 = 4_018;

/// A stretch of working time that repeats each week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkingHours {
    /// 1 is Monday, 7 is Sunday.
    pub weekday: u32,
    /// Minute of the day at which it begins, local time.
    pub from_min: u32,
    /// Minute of the day at which it ends; at most 1440.
    pub until_min: u32,
}

record!(WorkingHours { weekday, from_min, until_min });

/// A day that is not as its weekday says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialDay {
    /// Year, month and day as a number: 20260217.
    pub date: u32,
    /// The weekday whose hours it has; 0: nobody works.
    pub as_weekday: u32,
    /// Why, in words.
    pub name: String,
}

record!(SpecialDay { date, as_weekday, name });

/// When an agency works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// What people call it.
    pub name: String,
    /// Ascending, apart from each other.
    pub hours: Vec<WorkingHours>,
    /// Nobody works on a national holiday, nor on the day given instead of one that falls on a day of rest.
    pub national_holidays: bool,
    /// Ascending by date; these overrule all the rest.
    pub days: Vec<SpecialDay>,
    /// In a command: the version that it was based on, 0: whichever there is. In state: it grows with every change.
    #[serde(default)]
    pub version: u64,
}

record!(Calendar { id, name, hours, national_holidays, days, version });

/// The local day of a moment, in days since 1970-01-01.
#[must_use]
pub fn day_of(at: Millis) -> u64 {
    at.0.saturating_add(OFFSET_MS) / DAY_MS
}

/// Year, month and day of a day since 1970-01-01 (days to civil, H. Hinnant, "chrono-compatible low-level date algorithms").
#[must_use]
pub fn date_of(day: u64) -> (u64, u64, u64) {
    // Days since 0000-03-01, so that a leap day ends a year.
    let shifted = day.saturating_add(719_468);
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day_of_month)
}

/// The day since 1970-01-01 of a date from 1970 on; the inverse of [`date_of`].
#[must_use]
pub fn day_of_date(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    (era * 146_097 + of_era).saturating_sub(719_468)
}

/// A day as the number that [`SpecialDay::date`] is.
#[must_use]
pub fn number_of(day: u64) -> u32 {
    let (year, month, day) = date_of(day);
    u32::try_from(year * 10_000 + month * 100 + day).unwrap_or(u32::MAX)
}

/// 1 is Monday, 7 is Sunday: 1970-01-01 was a Thursday.
#[must_use]
pub fn weekday_of(day: u64) -> u32 {
    u32::try_from((day + 3) % 7).unwrap_or(0) + 1
}

/// The moment at which so many working milliseconds have passed since `from`; without a calendar all time is working time.
/// None: not within eleven years. Nothing to work is done at once, also outside of working time.
#[must_use]
pub fn after(calendar: Option<&Calendar>, from: Millis, working_ms: u64) -> Option<Millis> {
    let Some(calendar) = calendar else { return from.0.checked_add(working_ms).map(Millis) };
    let mut left_ms = working_ms;
    if left_ms == 0 {
        return Some(from);
    }
    let mut days = Days::new(calendar);
    let first = day_of(from);
    for day in first..first.saturating_add(WALK_DAYS_MAX) {
        for (begin, end) in days.spans(day) {
            let begin = begin.max(from);
            let length_ms = end.since(begin);
            if length_ms >= left_ms {
                return Some(begin.plus(left_ms));
            }
            left_ms -= length_ms;
        }
    }
    None
}

/// Working milliseconds from one moment to another; 0 when they stand the other way round.
#[must_use]
pub fn between(calendar: Option<&Calendar>, from: Millis, until: Millis) -> u64 {
    let Some(calendar) = calendar else { return until.since(from) };
    if until <= from {
        return 0;
    }
    let mut days = Days::new(calendar);
    let first = day_of(from);
    let last = day_of(until).min(first.saturating_add(WALK_DAYS_MAX));
    let mut worked_ms = 0;
    for day in first..=last {
        for (begin, end) in days.spans(day) {
            worked_ms += end.min(until).since(begin.max(from));
        }
    }
    worked_ms
}

/// Whether somebody works at that moment.
#[must_use]
pub fn is_working(calendar: &Calendar, at: Millis) -> bool {
    Days::new(calendar).spans(day_of(at)).into_iter().any(|(begin, end)| begin <= at && at < end)
}

/// The days of a calendar, with the holidays of the year that is being walked.
struct Days<'a> {
    calendar: &'a Calendar,
    year: u64,
    off: BTreeSet<u64>,
}

impl<'a> Days<'a> {
    fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, year: 0, off: BTreeSet::new() }
    }

    /// Working time of a local day, as moments, in order.
    fn spans(&mut self, day: u64) -> Vec<(Millis, Millis)> {
        let number = number_of(day);
        let special = self.calendar.days.binary_search_by_key(&number, |special| special.date).ok();
        let weekday = match special.and_then(|at| self.calendar.days.get(at)) {
            Some(special) => special.as_weekday,
            None if self.is_holiday(day) => 0,
            None => weekday_of(day),
        };
        let moment = |minute: u32| Millis((day * DAY_MS + u64::from(minute) * MINUTE_MS).saturating_sub(OFFSET_MS));
        let hours = self.calendar.hours.iter().filter(|hours| hours.weekday == weekday);
        hours.map(|hours| (moment(hours.from_min), moment(hours.until_min))).collect()
    }

    fn is_holiday(&mut self, day: u64) -> bool {
        if !self.calendar.national_holidays {
            return false;
        }
        let (year, ..) = date_of(day);
        if year != self.year {
            let is_rest = |day| !self.calendar.hours.iter().any(|hours| hours.weekday == weekday_of(day));
            self.year = year;
            self.off = holiday::with_days_instead(&holiday::of_year(year), is_rest);
        }
        self.off.contains(&day)
    }
}

#[cfg(test)]
mod tests;
