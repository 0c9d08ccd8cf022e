//! How the demonstration's centre works: when agencies work, who is on duty, what has to be done by when and who is told when it is
//! not, and what is sent to what.

use domain::{
    Calendar, CalendarId, DeadlinePolicy, DeadlinePolicyId, DutyPost, IncidentKind, Obligation, PersonId, RunCard,
    Severity, SkillNeed,
};

use super::person::{LEADER, OPERATOR};
use crate::first_deadlines::{self, OFFICE, ladder, office};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// When agencies work.
#[must_use]
pub fn calendars() -> Vec<Calendar> {
    office().into_iter().collect()
}

/// Posts with their rosters, each after the one above it.
#[must_use]
pub fn posts() -> Vec<DutyPost> {
    let people = |person: &str| PersonId::new(person).into_iter().collect::<Vec<_>>();
    first_deadlines::posts(&people(LEADER), &people(OPERATOR))
}

/// Id, name, what has to be done, kinds of incident (none: all), whose hours count (none: around the clock), within how long, how long
/// before it people hear that it is nearly late, and how long after it their leader does.
type Rule = (&'static str, &'static str, Obligation, &'static [IncidentKind], Option<&'static str>, u64, u64, u64);

const RULES: [Rule; 5] = [
    (
        "chuyen-khan",
        "Điều lực lượng tới sự cố khẩn",
        Obligation::Forward,
        &[IncidentKind::Fire, IncidentKind::Medical, IncidentKind::Flood, IncidentKind::Traffic],
        None,
        15 * MINUTE_MS,
        5 * MINUTE_MS,
        15 * MINUTE_MS,
    ),
    (
        "tra-loi-dan-sinh",
        "Xử lý phản ánh hạ tầng, môi trường, trật tự",
        Obligation::Answer,
        &[IncidentKind::Infrastructure, IncidentKind::Pollution, IncidentKind::PublicOrder, IncidentKind::Other],
        Some(OFFICE),
        15 * HOUR_MS,
        4 * HOUR_MS,
        7 * HOUR_MS,
    ),
    (
        "nhan-nhiem-vu",
        "Nhận nhiệm vụ được giao",
        Obligation::TakeInstruction,
        &[],
        None,
        30 * MINUTE_MS,
        10 * MINUTE_MS,
        30 * MINUTE_MS,
    ),
    (
        "lam-nhiem-vu",
        "Hoàn thành nhiệm vụ được giao",
        Obligation::DoInstruction,
        &[],
        Some(OFFICE),
        15 * HOUR_MS,
        4 * HOUR_MS,
        7 * HOUR_MS,
    ),
    (
        "nhan-ban-giao",
        "Trả lời bàn giao sự cố",
        Obligation::AcknowledgeHandover,
        &[],
        None,
        10 * MINUTE_MS,
        3 * MINUTE_MS,
        10 * MINUTE_MS,
    ),
];

/// What has to be done by when. Who has to do it hears that it is nearly late, the duty officer that it is late, and their leader
/// that it is overdue.
#[must_use]
pub fn policies() -> Vec<DeadlinePolicy> {
    let policy = |(id, name, obligation, kinds, calendar, within_ms, before_ms, after_ms): Rule| {
        Some(DeadlinePolicy {
            id: DeadlinePolicyId::new(id).ok()?,
            name: name.to_owned(),
            obligation,
            kinds: kinds.to_vec(),
            agency: String::new(),
            admin_unit: None,
            calendar: calendar.and_then(|calendar| CalendarId::new(calendar).ok()),
            within_ms,
            steps: ladder(before_ms, after_ms),
            disabled: false,
            version: 0,
        })
    };
    RULES.into_iter().filter_map(policy).collect()
}

/// What goes on, how bad it is from, and which skills it takes; the worst takes one unit more of the first.
const CARDS: [(IncidentKind, Severity, &[&str]); 6] = [
    (IncidentKind::Fire, Severity::Medium, &["fire"]),
    (IncidentKind::Medical, Severity::Medium, &["medical"]),
    (IncidentKind::Traffic, Severity::Medium, &["traffic"]),
    (IncidentKind::Flood, Severity::Medium, &["flood", "boat"]),
    (IncidentKind::PublicOrder, Severity::Medium, &["public_order"]),
    (IncidentKind::Infrastructure, Severity::High, &["rescue"]),
];

/// What is sent to what.
#[must_use]
pub fn run_cards() -> Vec<RunCard> {
    let levels = [Severity::Medium, Severity::High, Severity::Critical];
    let cards = CARDS.iter().flat_map(|(kind, least, skills)| {
        levels.iter().filter(move |level| *level >= least).map(move |severity| {
            let count = |at: usize| if at == 0 && *severity == Severity::Critical { 2 } else { 1 };
            let needs = skills.iter().enumerate();
            let needs = needs.map(|(at, skill)| SkillNeed { skill: (*skill).to_owned(), count: count(at) });
            RunCard { kind: *kind, severity: *severity, needs: needs.collect(), version: 0 }
        })
    });
    cards.collect()
}
