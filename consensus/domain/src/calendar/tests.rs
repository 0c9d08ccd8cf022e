//! Against known dates, and against counting minute by minute.

use proptest::prelude::*;

use super::*;

const MINUTES_OF_A_DAY: u64 = 1440;

fn at(date: (u64, u64, u64), hour: u64, minute: u64) -> Millis {
    Millis(day_of_date(date.0, date.1, date.2) * DAY_MS + (hour * 60 + minute) * MINUTE_MS - OFFSET_MS)
}

/// 8:00 to 12:00 and 13:00 to 17:00, Monday to Friday.
fn office() -> Calendar {
    let hours = (1..=5).flat_map(|weekday| {
        [(480, 720), (780, 1020)].map(|(from_min, until_min)| WorkingHours { weekday, from_min, until_min })
    });
    Calendar {
        id: CalendarId::new("office").unwrap(),
        name: "Giờ hành chính".into(),
        hours: hours.collect(),
        national_holidays: true,
        days: Vec::new(),
        version: 0,
    }
}

fn off(year: u64) -> Vec<u32> {
    holiday::with_days_instead(&holiday::of_year(year), |day| weekday_of(day) >= 6).into_iter().map(number_of).collect()
}

#[test]
fn dates_and_weekdays_are_right() {
    assert_eq!((date_of(0), weekday_of(0)), ((1970, 1, 1), 4));
    assert_eq!((number_of(day_of_date(2024, 2, 29)), weekday_of(day_of_date(2024, 2, 29))), (20_240_229, 4));
    for day in 0..60_000 {
        let (year, month, of_month) = date_of(day);
        assert_eq!(day_of_date(year, month, of_month), day);
    }
    // Midnight in Viet Nam is 17:00 UTC of the day before.
    assert_eq!(number_of(day_of(Millis(1_767_200_400_000))), 20_260_101);
    assert_eq!(number_of(day_of(Millis(1_767_200_399_999))), 20_251_231);
}

/// Tết as it was and is to be celebrated; in 2007 and 2030 a day before China.
#[test]
fn tet_and_the_hung_kings_are_on_their_days() {
    let known = [
        (2000, 20_000_205, 20_000_414),
        (2007, 20_070_217, 20_070_426),
        (2020, 20_200_125, 20_200_402),
        (2023, 20_230_122, 20_230_429),
        (2024, 20_240_210, 20_240_418),
        (2025, 20_250_129, 20_250_407),
        (2026, 20_260_217, 20_260_426),
        (2030, 20_300_202, 20_300_412),
    ];
    for (year, tet, kings) in known {
        let found = holiday::lunar_of_year(year).map(|(tet, kings)| (number_of(tet), number_of(kings)));
        assert_eq!(found, Some((tet, kings)));
    }
    assert_eq!((holiday::lunar_of_year(1999), holiday::lunar_of_year(2080)), (None, None));
}

/// 2026: the Hùng Kings on a Sunday give April 27. 2022: Labour Day on a Sunday, April 30 on a Saturday, give May 2 and 3.
#[test]
fn a_holiday_on_a_day_of_rest_is_given_back() {
    let days_2026 = [
        20_260_101, 20_260_216, 20_260_217, 20_260_218, 20_260_219, 20_260_220, 20_260_426, 20_260_427, 20_260_430,
        20_260_501, 20_260_901, 20_260_902,
    ];
    assert_eq!(off(2026), days_2026);
    let spring: Vec<_> = off(2022).into_iter().filter(|day| (20_220_428..20_220_510).contains(day)).collect();
    assert_eq!(spring, [20_220_430, 20_220_501, 20_220_502, 20_220_503]);
}

#[test]
fn a_special_day_overrules_everything() {
    let mut calendar = office();
    let (holiday, sunday) = (at((2026, 4, 30), 9, 0), at((2026, 5, 3), 9, 0));
    assert!(!is_working(&calendar, holiday) && !is_working(&calendar, sunday));
    calendar.days = vec![
        SpecialDay { date: 20_260_430, as_weekday: 4, name: "Trực".into() },
        SpecialDay { date: 20_260_503, as_weekday: 1, name: "Làm bù".into() },
        SpecialDay { date: 20_260_504, as_weekday: 0, name: "Nghỉ".into() },
    ];
    assert!(is_working(&calendar, holiday) && is_working(&calendar, sunday));
    assert!(!is_working(&calendar, at((2026, 5, 4), 9, 0)));
}

/// Five days of eight hours that begin on the last afternoon before Tết 2026 end two weeks later.
#[test]
fn five_working_days_over_tet() {
    let from = at((2026, 2, 13), 15, 0);
    let due = after(Some(&office()), from, 40 * 60 * MINUTE_MS).unwrap();
    // Friday 15:00 to 17:00, then Tết from Monday to Friday, then Monday to Thursday, and Friday until 15:00.
    assert_eq!(due, at((2026, 2, 27), 15, 0));
    assert_eq!(between(Some(&office()), from, due), 40 * 60 * MINUTE_MS);
    // The end of a working day is still that day.
    assert_eq!(after(Some(&office()), from, 2 * 60 * MINUTE_MS), Some(at((2026, 2, 13), 17, 0)));
}

#[test]
fn a_calendar_in_which_nobody_works_is_due_never() {
    let calendar = Calendar { hours: Vec::new(), ..office() };
    assert_eq!(after(Some(&calendar), Millis(0), 1), None);
    assert_eq!(after(Some(&calendar), Millis(5), 0), Some(Millis(5)));
    assert_eq!(after(None, Millis(5), 7), Some(Millis(12)));
    assert_eq!(after(None, Millis(5), u64::MAX), None);
    assert_eq!(between(None, Millis(9), Millis(5)), 0);
}

fn calendar() -> impl Strategy<Value = Calendar> {
    let cuts = prop::collection::btree_set(0u32..=1440, 2..5);
    let week = prop::collection::vec(prop::option::weighted(0.7, cuts), 7);
    let days = prop::collection::btree_map(0u64..12, 0u32..8, 0..4);
    (week, any::<bool>(), days).prop_map(|(week, national_holidays, days)| {
        let hours = (1..).zip(week).flat_map(|(weekday, cuts)| {
            let cuts: Vec<_> = cuts.unwrap_or_default().into_iter().collect();
            let spans: Vec<_> = cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            spans.into_iter().map(move |(from_min, until_min)| WorkingHours { weekday, from_min, until_min })
        });
        let first = day_of_date(2026, 2, 10);
        let days = days.into_iter().map(|(day, as_weekday)| SpecialDay {
            date: number_of(first + day),
            as_weekday,
            name: String::new(),
        });
        Calendar { hours: hours.collect(), national_holidays, days: days.collect(), ..office() }
    })
}

/// Whether somebody works in this minute, asked of the calendar's own words and of nothing that is being tested.
fn works(calendar: &Calendar, minute: u64) -> bool {
    let (day, of_day) = (minute / MINUTES_OF_A_DAY, minute % MINUTES_OF_A_DAY);
    let special = calendar.days.iter().find(|special| special.date == number_of(day));
    let is_rest = |day: u64| !calendar.hours.iter().any(|hours| hours.weekday == weekday_of(day));
    let off = holiday::with_days_instead(&holiday::of_year(date_of(day).0), is_rest);
    let weekday = match special {
        Some(special) => special.as_weekday,
        None if calendar.national_holidays && off.contains(&day) => return false,
        None => weekday_of(day),
    };
    let hours = calendar.hours.iter().filter(|hours| hours.weekday == weekday);
    hours.into_iter().any(|hours| (u64::from(hours.from_min)..u64::from(hours.until_min)).contains(&of_day))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// From a minute near Tết 2026, `wanted` working minutes, against going there minute by minute.
    #[test]
    fn equals_counting_minute_by_minute(calendar in calendar(), from in 0u64..11 * 1440, wanted in 1u64..3000) {
        let first = day_of_date(2026, 2, 10) * MINUTES_OF_A_DAY;
        let moment = |minute: u64| Millis(minute * MINUTE_MS - OFFSET_MS);
        let from = first + from;
        let mut worked = 0;
        let found = (from..from + 20 * MINUTES_OF_A_DAY).find(|minute| {
            worked += u64::from(works(&calendar, *minute));
            worked == wanted
        });
        let due = after(Some(&calendar), moment(from), wanted * MINUTE_MS);
        match found {
            Some(last) => prop_assert_eq!(due, Some(moment(last + 1))),
            None => prop_assert!(due.is_none_or(|due| due > moment(from + 20 * MINUTES_OF_A_DAY))),
        }
        let until = found.map_or(from + 20 * MINUTES_OF_A_DAY, |last| last + 1);
        prop_assert_eq!(between(Some(&calendar), moment(from), moment(until)), worked * MINUTE_MS);
    }

    #[test]
    fn more_work_is_never_done_sooner(calendar in calendar(), from in 0u64..4_000_000_000_000, work in 0u64..900_000_000, more in 0u64..900_000_000) {
        let from = Millis(from);
        let (one, two) = (after(Some(&calendar), from, work), after(Some(&calendar), from, work + more));
        if let (Some(one), Some(two)) = (one, two) {
            prop_assert!(from <= one && one <= two);
            prop_assert_eq!(between(Some(&calendar), from, one), work);
            // In two parts as in one.
            prop_assert_eq!(after(Some(&calendar), one, more).is_some(), true);
            prop_assert_eq!(between(Some(&calendar), from, one) + between(Some(&calendar), one, two), work + more);
        }
    }

    /// A pause shifts the end by the working time that it lasts, and by nothing else.
    #[test]
    fn what_is_left_after_a_pause_is_what_was_left_before_it(
        calendar in calendar(), from in 1_700_000_000_000u64..1_800_000_000_000, work in 1u64..900_000_000,
        before in 0u64..900_000_000, pause in 0u64..900_000_000,
    ) {
        let calendar = Some(&calendar);
        let (from, paused) = (Millis(from), Millis(from + before));
        let spent = between(calendar, from, paused).min(work);
        let resumed = paused.plus(pause);
        if let Some(due) = after(calendar, resumed, work - spent) {
            prop_assert_eq!(spent + between(calendar, resumed, due), work);
            prop_assert!(after(calendar, from, work).is_none_or(|without| spent == work || without <= due));
        }
    }
}
