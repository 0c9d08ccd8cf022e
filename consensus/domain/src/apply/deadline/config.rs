//! What an administrator sets for deadlines: calendars, policies, duty posts with their rosters.

use super::time_anew;
use crate::{
    Calendar, ClockStage, DeadlinePolicy, DutyPost, DutyPostId, EventKind, Millis, PutCalendar, PutDeadlinePolicy,
    PutDutyPost, Refusal, SpecialDay, State, Step, WorkingHours,
    apply::{Outcome, Work, accepted, valid},
    calendar, limits,
    stored::Touched,
};

pub(in crate::apply) fn put_calendar(work: &mut Work<'_>, command: &PutCalendar) -> Outcome {
    let calendar = &command.calendar;
    valid::name("calendar.name", &calendar.name)?;
    check_hours(&calendar.hours)?;
    check_days(&calendar.days)?;
    let former = work.state.calendars.get(&calendar.id);
    let added = usize::from(former.is_none());
    valid::within("calendar", work.state.calendars.len() + added, limits::CALENDARS_MAX)?;
    let version = valid::next_version("calendar.version", calendar.version, former.map(|former| former.version))?;
    let kept = Calendar { version, ..calendar.clone() };
    if former.is_none_or(|former| kept != Calendar { version, ..former.clone() }) {
        let id = calendar.id.clone();
        work.state.calendars.insert(id.clone(), kept);
        work.touch(Touched::Calendar(id.clone()));
        work.emit(EventKind::CalendarPut, id.as_str(), None);
        time_anew(work, &id);
    }
    Ok(accepted(&calendar.id, 0))
}

fn check_hours(hours: &[WorkingHours]) -> Result<(), Refusal> {
    valid::within("calendar.hours", hours.len(), limits::CALENDAR_HOURS_MAX)?;
    if hours.is_empty() {
        return Err(valid::invalid("calendar.hours", "are empty: say when somebody works"));
    }
    for span in hours {
        if !(1..=7).contains(&span.weekday) {
            return Err(valid::invalid("calendar.hours.weekday", "is no weekday: 1 is Monday, 7 is Sunday"));
        }
        if span.from_min >= span.until_min || span.until_min > 1440 {
            return Err(valid::invalid("calendar.hours.until_min", "is not after from_min, or after 1440"));
        }
    }
    let is_apart =
        |one: &WorkingHours, next: &WorkingHours| (one.weekday, one.until_min) <= (next.weekday, next.from_min);
    if !hours.is_sorted_by(is_apart) {
        return Err(valid::invalid("calendar.hours", "overlap or are not ascending: sort by weekday and from_min"));
    }
    Ok(())
}

fn check_days(days: &[SpecialDay]) -> Result<(), Refusal> {
    valid::within("calendar.days", days.len(), limits::CALENDAR_DAYS_MAX)?;
    for special in days {
        valid::maybe_name("calendar.days.name", &special.name)?;
        let (year, month, day) = (special.date / 10_000, special.date / 100 % 100, special.date % 100);
        let is_date = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && calendar::number_of(calendar::day_of_date(year.into(), month.into(), day.into())) == special.date;
        if !is_date {
            return Err(valid::invalid("calendar.days.date", "is no date: write 20260217 for February 17, 2026"));
        }
        if special.as_weekday > 7 {
            return Err(valid::invalid("calendar.days.as_weekday", "is no weekday: 0 is off, 1 Monday, 7 Sunday"));
        }
    }
    if !days.is_sorted_by(|one, next| one.date < next.date) {
        return Err(valid::invalid("calendar.days", "are not ascending: name each date once, in order"));
    }
    Ok(())
}

pub(in crate::apply) fn put_policy(work: &mut Work<'_>, command: &PutDeadlinePolicy) -> Outcome {
    let policy = &command.policy;
    valid::name("policy.name", &policy.name)?;
    valid::maybe_name("policy.agency", &policy.agency)?;
    valid::distinct("policy.kinds", &policy.kinds)?;
    if policy.within_ms == 0 || policy.within_ms > limits::DEADLINE_MS_MAX {
        let remedy = format!("is not from 1 to {} ms", limits::DEADLINE_MS_MAX);
        return Err(valid::invalid("policy.within_ms", remedy));
    }
    check_steps(policy.within_ms, &policy.steps)?;
    let state = &*work.state;
    if let Some(code) = &policy.admin_unit
        && !state.admin_units.contains_key(code)
    {
        return Err(valid::not_found("policy.admin_unit", code));
    }
    for post in policy.steps.iter().filter_map(|step| step.post.as_ref()) {
        if !state.duty_posts.contains_key(post) {
            return Err(valid::not_found("policy.steps.post", post));
        }
    }
    if let Some(id) = &policy.calendar {
        let calendar = state.calendars.get(id).ok_or_else(|| valid::not_found("policy.calendar", id))?;
        check_reach(policy, calendar, work.now)?;
    }
    let former = state.deadline_policies.get(&policy.id);
    let added = usize::from(former.is_none());
    valid::within("policy", state.deadline_policies.len() + added, limits::DEADLINE_POLICIES_MAX)?;
    let version = valid::next_version("policy.version", policy.version, former.map(|former| former.version))?;
    let kept = DeadlinePolicy { version, ..policy.clone() };
    if former.is_none_or(|former| kept != DeadlinePolicy { version, ..former.clone() }) {
        work.state.deadline_policies.insert(policy.id.clone(), kept);
        work.touch(Touched::DeadlinePolicy(policy.id.clone()));
        work.emit(EventKind::DeadlinePolicyPut, policy.id.as_str(), None);
    }
    Ok(accepted(&policy.id, 0))
}

/// A ladder goes up: later, and never less late. What comes before the due time is nearly late, what does not is late.
fn check_steps(within_ms: u64, steps: &[Step]) -> Result<(), Refusal> {
    valid::within("policy.steps", steps.len(), limits::STEPS_MAX)?;
    if !steps.is_sorted_by(|one, next| one.offset_ms < next.offset_ms && one.stage <= next.stage) {
        return Err(valid::invalid("policy.steps", "do not go up: sort by offset_ms, the stage never goes back"));
    }
    if !steps.iter().any(|step| step.offset_ms == 0 && step.stage == ClockStage::Late) {
        return Err(valid::invalid("policy.steps", "lack the one at offset 0 that is late"));
    }
    for step in steps {
        let is_right = match step.stage {
            ClockStage::OnTime => false,
            ClockStage::NearlyLate => step.offset_ms < 0 && step.offset_ms.unsigned_abs() < within_ms,
            ClockStage::Late | ClockStage::Overdue => {
                step.offset_ms >= 0 && step.offset_ms.unsigned_abs() <= limits::DEADLINE_MS_MAX
            }
        };
        if !is_right {
            let remedy = format!("does not fit {}: nearly late is before the due time, the others are not", step.stage);
            return Err(valid::invalid("policy.steps.offset_ms", remedy));
        }
    }
    Ok(())
}

/// The last step lies within what a calendar can be walked.
fn check_reach(policy: &DeadlinePolicy, calendar: &Calendar, now: Millis) -> Result<(), Refusal> {
    let last = policy.steps.last().map_or(0, |step| step.offset_ms.max(0).unsigned_abs());
    if calendar::after(Some(calendar), now, policy.within_ms.saturating_add(last)).is_none() {
        let remedy = format!("{} has too little working time for it: ask for less", calendar.id);
        return Err(valid::invalid("policy.calendar", remedy));
    }
    Ok(())
}

pub(in crate::apply) fn put_post(work: &mut Work<'_>, command: &PutDutyPost) -> Outcome {
    let post = &command.post;
    valid::name("post.name", &post.name)?;
    valid::within("post.shifts", post.shifts.len(), limits::SHIFTS_MAX)?;
    for shift in &post.shifts {
        if !work.state.persons.contains_key(&shift.person) {
            return Err(valid::not_found("post.shifts.person", &shift.person));
        }
        if shift.from_ms >= shift.until_ms {
            return Err(valid::invalid("post.shifts.until_ms", "is not after from_ms: give a later end"));
        }
    }
    if !post.shifts.is_sorted_by(|one, next| (one.from_ms, &one.person) < (next.from_ms, &next.person)) {
        return Err(valid::invalid("post.shifts", "are not ascending: sort by from_ms, then by person"));
    }
    if let Some(above) = &post.above {
        check_above(work.state, &post.id, above)?;
    }
    let former = work.state.duty_posts.get(&post.id);
    let added = usize::from(former.is_none());
    valid::within("post", work.state.duty_posts.len() + added, limits::DUTY_POSTS_MAX)?;
    let version = valid::next_version("post.version", post.version, former.map(|former| former.version))?;
    let kept = DutyPost { version, ..post.clone() };
    if former.is_none_or(|former| kept != DutyPost { version, ..former.clone() }) {
        store_post(work, kept);
    }
    Ok(accepted(&post.id, 0))
}

fn store_post(work: &mut Work<'_>, post: DutyPost) {
    work.touch(Touched::DutyPost(post.id.clone()));
    work.emit(EventKind::DutyPostPut, post.id.as_str(), None);
    work.state.duty_posts.insert(post.id.clone(), post);
}

/// The posts above come to an end, and not back here.
fn check_above(state: &State, id: &DutyPostId, above: &DutyPostId) -> Result<(), Refusal> {
    let mut at = above;
    for _ in 0..limits::DUTY_ABOVE_MAX {
        if at == id {
            return Err(valid::invalid("post.above", "comes back to this post: name one that does not"));
        }
        let post = state.duty_posts.get(at).ok_or_else(|| valid::not_found("post.above", at))?;
        match &post.above {
            Some(next) => at = next,
            None => return Ok(()),
        }
    }
    Err(valid::invalid("post.above", format!("has more than {} above it", limits::DUTY_ABOVE_MAX)))
}
