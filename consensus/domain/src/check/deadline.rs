//! Invariants of deadlines and instructions.

use std::collections::BTreeSet;

use super::{Violation, hold};
use crate::{
    Clock, ClockKey, ClockStage, ClockStatus, DeadlinePolicy, DutyPost, Incident, IncidentStatus, Instruction,
    InstructionStatus, Measured, Report, ReportStatus, State, limits,
};

impl State {
    pub(super) fn check_deadlines(&self) -> Result<(), Violation> {
        self.deadline_policies.values().try_for_each(|policy| self.check_policy(policy))?;
        self.duty_posts.values().try_for_each(|post| self.check_post(post))?;
        self.incidents.values().try_for_each(check_incident_clocks)?;
        self.instructions.values().try_for_each(check_instruction)?;
        self.reports.values().try_for_each(check_report_clocks)?;
        let given = usize::try_from(self.instructions_given).unwrap_or(usize::MAX);
        hold(12, self.instructions.len() <= given, || format!("{} instructions of {given}", self.instructions.len()))?;
        self.check_due()
    }

    fn check_policy(&self, policy: &DeadlinePolicy) -> Result<(), Violation> {
        let has_calendar = policy.calendar.as_ref().is_none_or(|id| self.calendars.contains_key(id));
        let mut posts = policy.steps.iter().filter_map(|step| step.post.as_ref());
        let has_posts = posts.all(|post| self.duty_posts.contains_key(post));
        hold(29, has_calendar && has_posts, || format!("policy {}", policy.id))
    }

    fn check_post(&self, post: &DutyPost) -> Result<(), Violation> {
        let are_there = post.shifts.iter().all(|shift| self.persons.contains_key(&shift.person));
        hold(29, are_there, || format!("post {}: somebody is not there", post.id))?;
        let mut at = post;
        for _ in 0..=self.duty_posts.len() {
            let Some(above) = &at.above else { return Ok(()) };
            let Some(next) = self.duty_posts.get(above) else {
                return hold(29, false, || format!("post {}: {above} is not there", at.id));
            };
            at = next;
        }
        hold(29, false, || format!("post {}: no end above it", post.id))
    }

    fn check_due(&self) -> Result<(), Violation> {
        let incidents = self.incidents.values().map(|it| (Measured::Incident(it.id.clone()), &it.clocks));
        let instructions = self.instructions.values().map(|it| (Measured::Instruction(it.id.clone()), &it.clocks));
        let mut due = BTreeSet::new();
        let reports = self.reports.values().map(|it| (Measured::Report(it.code.clone()), &it.clocks));
        for (of, clocks) in incidents.chain(instructions).chain(reports) {
            for clock in clocks.iter().filter(|clock| clock.next_at_ms.is_set()) {
                due.insert((clock.next_at_ms, ClockKey { of: of.clone(), number: clock.number }));
            }
        }
        let calling = self.reports.values().filter(|report| report.clocks.iter().any(Clock::is_alarming));
        hold(19, calling.map(|report| &report.code).eq(&self.reports_calling), || "reports that call".into())?;
        hold(19, due == self.clocks_due, || "next steps of clocks".into())
    }
}

fn check_incident_clocks(incident: &Incident) -> Result<(), Violation> {
    check_clocks(&incident.id, &incident.clocks)?;
    let is_done = matches!(incident.status, IncidentStatus::Resolved | IncidentStatus::Closed);
    let is_merged = incident.status == IncidentStatus::Merged;
    let mut clocks = incident.clocks.iter();
    let is_wrong =
        clocks.any(|clock| (is_done && clock.is_open()) || (is_merged && clock.status == ClockStatus::Running));
    hold(30, !is_wrong, || format!("incident {} is {} and a clock runs", incident.id, incident.status))?;
    let mut settled = incident.dispatch.tasks.iter().filter(|task| task.clock > 0 && task.status.is_settled());
    let runs = |number: u32| incident.clocks.iter().any(|clock| clock.number == number && clock.is_open());
    hold(48, !settled.any(|task| runs(task.clock)), || format!("incident {}: a settled task's clock runs", incident.id))
}

fn check_report_clocks(report: &Report) -> Result<(), Violation> {
    check_clocks(&report.code, &report.clocks)?;
    let is_right = report.status != ReportStatus::Answered || !report.clocks.iter().any(Clock::is_open);
    hold(30, is_right, || format!("report {} is answered and a clock runs", report.code))
}

fn check_instruction(instruction: &Instruction) -> Result<(), Violation> {
    check_clocks(&instruction.id, &instruction.clocks)?;
    let is_over = matches!(instruction.status, InstructionStatus::Done | InstructionStatus::Cancelled);
    let is_right =
        instruction.ended_at_ms.is_set() == is_over && !(is_over && instruction.clocks.iter().any(Clock::is_open));
    hold(30, is_right, || format!("instruction {} is {}", instruction.id, instruction.status))?;
    let is_confirmed = instruction.confirmed_at_ms.is_set();
    let is_right = is_confirmed == instruction.confirmed_by.is_some()
        && (!is_confirmed || instruction.status == InstructionStatus::Done);
    hold(48, is_right, || format!("instruction {} is {} and confirmed", instruction.id, instruction.status))?;
    hold(31, instruction.owner.is_some() || !instruction.agency.is_empty(), || {
        format!("instruction {} is nobody's", instruction.id)
    })
}

fn check_clocks(of: &impl std::fmt::Display, clocks: &[Clock]) -> Result<(), Violation> {
    let is_right = clocks.is_sorted_by(|one, next| one.number < next.number) && clocks.len() <= limits::CLOCKS_MAX;
    hold(28, is_right, || format!("{of}: {} clocks", clocks.len()))?;
    for clock in clocks {
        let runs = clock.status == ClockStatus::Running;
        let times = clock.running_since_ms.is_set() == runs
            && clock.paused_at_ms.is_set() == (clock.status == ClockStatus::Paused)
            && clock.ended_at_ms.is_set() != clock.is_open()
            && (runs || !clock.next_at_ms.is_set());
        let is_seen = clock.acknowledged_at_ms.is_set() == clock.acknowledged_by.is_some()
            && (!clock.acknowledged_at_ms.is_set()
                || (clock.stage != ClockStage::OnTime && clock.acknowledged_at_ms >= clock.started_at_ms));
        hold(48, is_seen, || format!("{of}#{}: {clock:?}", clock.number))?;
        let steps = usize::try_from(clock.fired).is_ok_and(|fired| fired <= clock.steps.len());
        let bounds = clock.steps.len() <= limits::STEPS_MAX && clock.told.len() <= limits::TOLD_MAX;
        hold(28, times && steps && bounds, || format!("{of}#{}: {clock:?}", clock.number))?;
    }
    Ok(())
}
