//! How the demonstration's centre works: when agencies work, who is on duty, what has to be done by when and who is told when it is
//! not, and what is sent to what.

use domain::{
    Calendar, CalendarId, ClockStage, DeadlinePolicy, DeadlinePolicyId, DutyPost, DutyPostId, DutyShift, IncidentKind,
    Millis, Obligation, PersonId, RunCard, Severity, SkillNeed, Step, WorkingHours,
};

use super::person::{LEADER, OPERATOR};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Offices of the province: Monday to Friday, morning and afternoon.
const OFFICE: &str = "hanh-chinh";
const OFFICE_MIN: [(u32, u32); 2] = [(7 * 60 + 30, 11 * 60 + 30), (13 * 60 + 30, 17 * 60)];
const OFFICE_DAYS: u32 = 5;
/// The leader on duty, and below them the duty officer of the province.
const ABOVE: &str = "lanh-dao-truc";
const BELOW: &str = "truc-ban-tinh";
/// A roster that ends with the century: the demonstration has one person a post.
const UNTIL_MS: u64 = 4_102_444_800_000;

/// When agencies work.
#[must_use]
pub fn calendars() -> Vec<Calendar> {
    let hours = (1..=OFFICE_DAYS).flat_map(|weekday| {
        OFFICE_MIN.iter().map(move |(from_min, until_min)| WorkingHours {
            weekday,
            from_min: *from_min,
            until_min: *until_min,
        })
    });
    let office = CalendarId::new(OFFICE).ok().map(|id| Calendar {
        id,
        name: "Giờ hành chính".to_owned(),
        hours: hours.collect(),
        national_holidays: true,
        days: Vec::new(),
        version: 0,
    });
    office.into_iter().collect()
}

/// Posts with their rosters, each after the one above it.
#[must_use]
pub fn posts() -> Vec<DutyPost> {
    let post = |id: &str, name: &str, above: Option<&str>, person: &str| {
        let shift = DutyShift { person: PersonId::new(person).ok()?, from_ms: Millis(0), until_ms: Millis(UNTIL_MS) };
        Some(DutyPost {
            id: DutyPostId::new(id).ok()?,
            name: name.to_owned(),
            above: above.and_then(|above| DutyPostId::new(above).ok()),
            shifts: vec![shift],
            version: 0,
        })
    };
    let posts = [post(ABOVE, "Lãnh đạo trực", None, LEADER), post(BELOW, "Trực ban tỉnh", Some(ABOVE), OPERATOR)];
    posts.into_iter().flatten().collect()
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
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let policy = |(id, name, obligation, kinds, calendar, within_ms, before_ms, after_ms): Rule| {
        let step = |stage, offset_ms, post: Option<&str>| Step {
            stage,
            offset_ms,
            post: post.and_then(|post| DutyPostId::new(post).ok()),
        };
        Some(DeadlinePolicy {
            id: DeadlinePolicyId::new(id).ok()?,
            name: name.to_owned(),
            obligation,
            kinds: kinds.to_vec(),
            agency: String::new(),
            admin_unit: None,
            calendar: calendar.and_then(|calendar| CalendarId::new(calendar).ok()),
            within_ms,
            steps: vec![
                step(ClockStage::NearlyLate, -signed(before_ms), None),
                step(ClockStage::Late, 0, Some(BELOW)),
                step(ClockStage::Overdue, signed(after_ms), Some(ABOVE)),
            ],
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
