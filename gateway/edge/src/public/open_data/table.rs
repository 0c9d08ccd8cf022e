//! What of incidents and reports is everybody's. Made field by field, so that nothing that is added to a record gets out by
//! itself: no code, name, number, word, unit or id.
//!
//! - Only kinds of things. What is about people (medical, public order), about our devices, or of no kind is left out.
//! - Nothing of an exercise, and no report of a device.
//! - A day late, by the log's clock: an incident once it is closed for a day; a report once it is there for a day, and that it
//!   was answered a day after it was. Times are those of the hour that they fell in.
//! - Positions to a hundredth of a degree, about 1,100 m: nobody's house is found by one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    AdminUnitCode, GroupId, Incident, IncidentKind, IncidentStatus, Millis, Place, Report, ReportChannel, ReportStatus,
    Severity, State,
};

use crate::{
    cluster::{Source, read},
    limits::{OPEN_DATA_PAGES_MAX, OPEN_DATA_ROWS_PER_PAGE_MAX},
};

/// How late it is told.
pub(crate) const DELAY_MS: u64 = 24 * HOUR_MS;
/// Milliseconds of an hour, to which times are told.
const HOUR_MS: u64 = 3_600_000;
/// A hundredth of a degree, to which positions are told.
const STEP_E7: i32 = 100_000;

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Incidents,
    Reports,
}

impl What {
    /// As in the address.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Reports => "reports",
        }
    }
}

/// One incident or report. The order is that of the table: the newest first, and within an hour by what is told anyway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    /// The hour in which it was opened, or came.
    pub(super) reported_at: Reverse<Millis>,
    pub(super) admin_unit: AdminUnitCode,
    pub(super) kind: IncidentKind,
    /// None: a report, which has none of its own.
    pub(super) severity: Option<Severity>,
    /// Latitude and longitude in hundredths of a degree; none: not told.
    pub(super) position: Option<(i32, i32)>,
    /// The hour in which it was closed, or answered; none: not yet, or less than a day ago.
    pub(super) done_at: Option<Millis>,
}

/// All that is everybody's, of one of the two.
#[derive(Debug)]
pub(crate) struct Table {
    /// The log's clock at which it was taken.
    pub(super) at: Millis,
    pub(super) rows: Vec<Row>,
    /// Of the administrative units that are in it.
    pub(super) names: BTreeMap<AdminUnitCode, String>,
}

impl Table {
    /// Takes it out of the state, in which nothing is applied meanwhile: what takes long is done in between.
    pub(crate) fn take(what: What, source: &dyn Source) -> Self {
        let (at, mut rows) = read(source, GroupId::COMMAND, |state| (state.clock(), rows(what, state)));
        rows.sort_unstable();
        rows.truncate(OPEN_DATA_PAGES_MAX * OPEN_DATA_ROWS_PER_PAGE_MAX);
        let codes: BTreeSet<_> = rows.iter().map(|row| &row.admin_unit).collect();
        let names = read(source, GroupId::COMMAND, |state| {
            let units = codes.into_iter().filter_map(|code| state.admin_units().get(code));
            units.map(|unit| (unit.code.clone(), unit.name.clone())).collect()
        });
        Self { at, rows, names }
    }

    /// The rows of a page, from 1; past the last there are none.
    pub(crate) fn page(&self, number: usize) -> &[Row] {
        let mut pages = self.rows.chunks(OPEN_DATA_ROWS_PER_PAGE_MAX);
        number.checked_sub(1).and_then(|before| pages.nth(before)).unwrap_or_default()
    }
}

fn rows(what: What, state: &State) -> Vec<Row> {
    let now = state.clock();
    match what {
        What::Incidents => state.incidents().values().filter_map(|it| of_incident(it, now)).collect(),
        What::Reports => state.reports().values().filter_map(|it| of_report(it, state, now)).collect(),
    }
}

fn of_incident(incident: &Incident, now: Millis) -> Option<Row> {
    let is_shown = incident.status == IncidentStatus::Closed
        && is_due(incident.closed_at_ms, now)
        && is_everybodys(incident.kind)
        && !incident.exercise;
    is_shown.then(|| Row {
        reported_at: Reverse(hour(incident.opened_at_ms)),
        admin_unit: incident.place.admin_unit.clone(),
        kind: incident.kind,
        severity: Some(incident.severity),
        position: position(&incident.place),
        done_at: Some(hour(incident.closed_at_ms)),
    })
}

fn of_report(report: &Report, state: &State, now: Millis) -> Option<Row> {
    let incident = report.incident.as_ref().and_then(|id| state.incidents().get(id));
    // Neither what its sender took it for nor what it turned out to be may be about people.
    let kinds = [report.told_kind, incident.map(|incident| incident.kind)];
    let kind = kinds.into_iter().flatten().next()?;
    let is_shown = is_due(report.received_at_ms, now)
        && kinds.into_iter().flatten().all(is_everybodys)
        && !report.exercise
        && report.channel != ReportChannel::Device;
    let is_answered = report.status == ReportStatus::Answered && is_due(report.answered_at_ms, now);
    is_shown.then(|| Row {
        reported_at: Reverse(hour(report.received_at_ms)),
        admin_unit: report.place.admin_unit.clone(),
        kind,
        severity: None,
        position: position(&report.place),
        done_at: is_answered.then(|| hour(report.answered_at_ms)),
    })
}

/// Kinds of things, and not of people or of ours. What is of no kind may be about people.
fn is_everybodys(kind: IncidentKind) -> bool {
    match kind {
        IncidentKind::Flood
        | IncidentKind::Fire
        | IncidentKind::Traffic
        | IncidentKind::Pollution
        | IncidentKind::Infrastructure => true,
        IncidentKind::Medical | IncidentKind::PublicOrder | IncidentKind::Device | IncidentKind::Other => false,
    }
}

/// Whether it lies long enough in the past to be told.
fn is_due(at: Millis, now: Millis) -> bool {
    at.is_set() && at.0.saturating_add(DELAY_MS) <= now.0
}

fn hour(at: Millis) -> Millis {
    Millis(at.0 - at.0 % HOUR_MS)
}

fn position(place: &Place) -> Option<(i32, i32)> {
    // A position that nobody told stands as null island.
    let is_told = (place.latitude_e7, place.longitude_e7) != (0, 0);
    is_told.then(|| (rounded(place.latitude_e7), rounded(place.longitude_e7)))
}

/// The nearest hundredth of a degree. Degrees times 10^7 have room for half a step more.
fn rounded(e7: i32) -> i32 {
    (e7 + STEP_E7 / 2).div_euclid(STEP_E7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(n: u64) -> Row {
        Row {
            reported_at: Reverse(Millis(n)),
            admin_unit: AdminUnitCode::new("u1").unwrap(),
            kind: IncidentKind::Flood,
            severity: None,
            position: None,
            done_at: None,
        }
    }

    #[test]
    fn pages_hold_each_row_once_and_end() {
        let rows: Vec<_> = (0..2_500).map(row).collect();
        let table = Table { at: Millis(0), rows: rows.clone(), names: BTreeMap::new() };
        assert_eq!([1, 2, 3, 4].map(|number| table.page(number).len()), [1_000, 1_000, 500, 0]);
        assert_eq!([1, 2, 3].map(|number| table.page(number)).concat(), rows);
        assert!(table.page(0).is_empty());
    }

    #[test]
    fn kinds_that_are_about_people_or_ours_are_nobody_elses() {
        let shown: Vec<_> =
            IncidentKind::ALL.iter().filter(|kind| is_everybodys(**kind)).map(|it| it.as_str()).collect();
        assert_eq!(shown, ["flood", "fire", "traffic", "pollution", "infrastructure"]);
    }

    #[test]
    fn a_day_is_counted_from_the_end() {
        let now = Millis(DELAY_MS + 1_000);
        assert!(is_due(Millis(1_000), now) && !is_due(Millis(1_001), now));
        assert!(!is_due(Millis(0), now), "it never was");
    }

    proptest! {
        #[test]
        fn a_position_is_moved_by_half_a_step_at_most(e7 in -1_800_000_000..=1_800_000_000_i32) {
            let moved = i64::from(rounded(e7)) * i64::from(STEP_E7) - i64::from(e7);
            prop_assert!(moved.abs() <= i64::from(STEP_E7) / 2);
            prop_assert!(rounded(e7).abs() <= 18_000);
        }
    }
}
