//! Commands of dispatch in transcripts, and how what dispatch keeps is printed.

use domain::*;

use super::{
    Failure,
    print::time,
    read::{Args, kind, list, place, severity},
};

pub(super) fn command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    Ok(match name {
        "put-run-card" => {
            let (kind, severity) = (kind(args.next("kind")?)?, severity(args.next("severity")?)?);
            PutRunCard { card: RunCard { kind, severity, needs: needs(args.or("needs", ""))?, version: 0 } }.into()
        }
        "give-task" => GiveTask {
            incident: IncidentId::new(args.next("incident")?)?,
            agency: args.next("agency")?.into(),
            text: args.or("text", "do something").into(),
            expected_version: args.number("version", 1)?,
        }
        .into(),
        "answer-task" => AnswerTask {
            incident: IncidentId::new(args.next("incident")?)?,
            task: args.next("task")?.parse()?,
            expected_status: task_status(args.next("expected status")?)?,
            status: task_status(args.next("status")?)?,
            answer: args.or("answer", "").into(),
        }
        .into(),
        "combine-answer" => CombineAnswer {
            incident: IncidentId::new(args.next("incident")?)?,
            expected_version: args.number("version", 1)?,
            answer: args.or("answer", "").into(),
        }
        .into(),
        "acknowledge-attention" => AcknowledgeAttention {
            incident: IncidentId::new(args.next("incident")?)?,
            attention: args.next("attention")?.parse()?,
        }
        .into(),
        _ => of_unit(name, UnitId::new(args.next("unit")?)?, args)?,
    })
}

fn of_unit(name: &str, unit: UnitId, args: &mut Args<'_>) -> Result<Command, Failure> {
    Ok(match name {
        "set-unit-shift" => {
            SetUnitShift { unit, starts_at_ms: args.time("from", Millis(0))?, ends_at_ms: args.time("to", Millis(0))? }
                .into()
        }
        "check-in-unit" => CheckInUnit {
            unit,
            assignment: args.number("assignment", 1)?,
            tapped_at_ms: args.time("tapped", Millis(0))?,
        }
        .into(),
        "raise-mayday" => RaiseMayday { unit, tapped_at_ms: args.time("tapped", Millis(0))? }.into(),
        "clear-mayday" => {
            ClearMayday { unit, received_at_ms: args.time("received", Millis(0))?, note: args.or("note", "").into() }
                .into()
        }
        "expire-offer" => ExpireOffer {
            unit,
            assignment: args.number("assignment", 1)?,
            next: args.maybe("next").map(UnitId::new).transpose()?,
        }
        .into(),
        "remind-offer" => RemindOffer { unit, assignment: args.number("assignment", 1)? }.into(),
        "escalate-check-in" => EscalateCheckIn {
            unit,
            assignment: args.number("assignment", 1)?,
            from_level: args.number("from-level", 0)?,
        }
        .into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

fn task_status(text: &str) -> Result<TaskStatus, Failure> {
    TaskStatus::from_name(text).ok_or_else(|| format!("no task status {text}").into())
}

/// `ladder:1/swim:2`.
fn needs(text: &str) -> Result<Vec<SkillNeed>, Failure> {
    let words = list(text, |word| Ok(word.to_owned()))?;
    let need = |word: &String| {
        let (skill, count) = word.split_once(':').ok_or("a need is skill:count")?;
        Ok(SkillNeed { skill: skill.to_owned(), count: count.parse()? })
    };
    words.iter().map(need).collect()
}

/// What dispatch knows of a unit, in words; empty when it knows nothing.
pub(super) fn duty(duty: &Duty) -> String {
    let mut line = String::new();
    if let Some(assignment) = &duty.assignment {
        line += &format!(" #{}", assignment.number);
        if assignment.offer_due_at_ms.is_set() {
            line += &format!(" answer due {}", time(assignment.offer_due_at_ms));
        }
        if assignment.check_in_due_at_ms.is_set() {
            line += &format!(" word due {}", time(assignment.check_in_due_at_ms));
        }
        if assignment.check_in_level > 0 {
            line += &format!(" silent {}", assignment.check_in_level);
        }
        if let Some(step) = assignment.steps.last().filter(|step| step.late_at_ms.is_set()) {
            line += &format!(" late from {}", time(step.late_at_ms));
        }
    }
    if let Some(shift) = &duty.shift {
        line += &format!(" on duty {} to {}", time(shift.starts_at_ms), time(shift.ends_at_ms));
    }
    if let Some(mayday) = &duty.mayday {
        line += &format!(" MAYDAY tapped {} received {}", time(mayday.tapped_at_ms), time(mayday.received_at_ms));
    }
    line
}

/// What dispatch keeps with an incident, in words; empty when it keeps nothing.
pub(super) fn dispatch(dispatch: &Dispatch) -> String {
    let mut line = String::new();
    for past in &dispatch.past {
        let end = past.end.map(|end| end.to_string()).unwrap_or_default();
        line += &format!(" ({} #{} {end} {})", past.unit, past.number, time(past.ended_at_ms));
    }
    for it in &dispatch.attentions {
        let next = it.next.as_ref().map(|next| format!(" to {next}")).unwrap_or_default();
        let seen = if it.acknowledged_at_ms.is_set() { " seen" } else { "" };
        line += &format!(" !{} {} {}{next}{seen}", it.number, it.kind, it.unit);
    }
    for task in &dispatch.tasks {
        line += &format!(" task {} {} {}", task.number, task.agency, task.status);
    }
    if let Some(answer) = &dispatch.answer {
        line += &format!(" answered {:?}", answer.text);
    }
    line
}

pub(super) fn report(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    let report = ReportCode::new(args.next("report")?)?;
    let expected_version = args.number("version", 1)?;
    Ok(match name {
        "file-report" => FileReport {
            code: report,
            channel: ReportChannel::from_name(args.or("channel", "call")).ok_or("no such channel")?,
            reference: args.or("reference", "").into(),
            text: args.or("text", "water in the house").into(),
            place: place(args.or("in-unit", "thuan-hoa"))?,
            incident: args.maybe("incident").map(IncidentId::new).transpose()?,
            kind: args.maybe("kind").map(kind).transpose()?,
            severity: args.maybe("severity").map(severity).transpose()?,
            told_kind: args.maybe("told-kind").map(kind).transpose()?,
            advice: None,
            contact: args.or("contact", "").into(),
            language: args.or("language", "").into(),
            exercise: args.number("exercise", false)?,
        }
        .into(),
        "link-report" => {
            let kind = args.maybe("kind").map(kind).transpose()?;
            let severity = args.maybe("severity").map(severity).transpose()?;
            let incident = match kind {
                Some(_) => args.maybe("incident").map(IncidentId::new).transpose()?,
                None => Some(IncidentId::new(args.next("incident")?)?),
            };
            LinkReport { report, expected_version, incident, kind, severity, place: None }.into()
        }
        "take-report" => TakeReport { report, expected_version, take: true }.into(),
        "give-back-report" => TakeReport { report, expected_version, take: false }.into(),
        "set-aside-report" => {
            let (for_ms, reason) = (args.number("for-ms", 3_600_000)?, args.or("reason", "").into());
            SetReportAside { report, expected_version, for_ms, reason }.into()
        }
        "unlink-report" => UnlinkReport { report, expected_version, reason: args.or("reason", "").into() }.into(),
        "answer-report" => AnswerReport { report, expected_version, answer: args.or("answer", "").into() }.into(),
        "rate-report" => {
            RateReport { report, rating: args.number("rating", 5)?, note: args.or("note", "").into() }.into()
        }
        "reopen-report" => ReopenReport { report, reason: args.or("reason", "").into() }.into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

/// A report that waits, in words.
pub(super) fn waiting_words(it: &WaitingReport) -> String {
    let mut line = format!("{} {} since {}", it.code, it.why, time(it.since_ms));
    if let Some(incident) = &it.incident {
        line += &format!(" in {incident}");
    }
    if !it.note.is_empty() {
        line += &format!(" because {:?}", it.note);
    }
    if let Some(by) = &it.taken_by {
        line += &format!(" with {by} until {}", time(it.taken_until_ms));
    }
    if let Some(by) = &it.aside_by {
        line += &format!(" aside by {by} until {} {:?}", time(it.aside_until_ms), it.aside_reason);
    }
    format!("{line} v{}", it.version)
}

/// A report in words.
pub(super) fn report_words(report: &Report) -> String {
    let mut line = format!("{} {} {}", report.code, report.channel, report.status);
    for link in &report.links {
        let undone = if link.undone_at_ms.is_set() { format!(" undone {:?}", link.reason) } else { String::new() };
        line += &format!(" ({}{undone})", link.incident);
    }
    if !report.answer.is_empty() {
        line += &format!(" answered {:?}", report.answer);
    }
    if report.rating > 0 {
        line += &format!(" rated {}", report.rating);
    }
    if report.reopened_count > 0 {
        line += &format!(" reopened {}", report.reopened_count);
    }
    if !report.steps.is_empty() {
        let steps: Vec<_> = report.steps.iter().map(|step| format!("{} {:?}", step.kind, step.note)).collect();
        line += &format!(" in {} [{}]", report.language, steps.join(", "));
    }
    format!("{line} since {} v{}", time(report.received_at_ms), report.version)
}
