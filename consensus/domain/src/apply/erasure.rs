//! Personal data go by rule: from state, from what a call and a number remember, from the sealed part of the record. The links of the
//! chain stay, and the entry that erases stands in it.

use super::{Outcome, Work, accepted, audit, call, incident, report, valid};
use crate::{ErasePersonal, EventKind, Refusal, Row, SetErasure, TimelineLine, limits, rows, stored::Touched};

pub(super) fn set(work: &mut Work<'_>, command: &SetErasure) -> Outcome {
    valid::distinct("rules.kind", command.rules.iter().map(|rule| rule.kind))?;
    let days_max = limits::RETENTION_DAYS_MAX;
    if command.rules.iter().any(|rule| !(1..=days_max).contains(&rule.days)) {
        let remedy = format!("are out of bounds: send 1 to {days_max}, or no rule of the kind to keep it");
        return Err(valid::invalid("rules.days", remedy));
    }
    let mut rules = command.rules.clone();
    rules.sort_unstable_by_key(|rule| rule.kind);
    let erasure = &mut work.state.erasure;
    if (command.number, &rules) == (erasure.number, &erasure.rules) {
        return Ok(accepted("", erasure.number));
    }
    if command.number != erasure.number.saturating_add(1) {
        let message = format!("the rules are at number {}: look, then decide anew", erasure.number);
        return Err(valid::version_conflict("number", message));
    }
    let said: Vec<_> = rules.iter().map(|rule| format!("{}={}", rule.kind, rule.days)).collect();
    (erasure.number, erasure.rules) = (command.number, rules);
    work.touch(Touched::Erasure);
    work.emit(EventKind::ErasureSet, &format!("#{} {}", command.number, said.join(" ")), None);
    Ok(accepted("", command.number))
}

pub(super) fn erase(work: &mut Work<'_>, command: &ErasePersonal) -> Outcome {
    let number = work.state.erasure.number;
    if command.rule != number || work.state.erasure.rules.is_empty() {
        let message = format!("the rules are at number {number}: look what is due by them");
        return Err(valid::version_conflict("rule", message));
    }
    valid::within("calls", command.calls.len(), limits::ERASED_AT_ONCE)?;
    valid::within("reports", command.reports.len(), limits::ERASED_AT_ONCE)?;
    valid::within("words", command.words.len(), limits::ERASED_AT_ONCE)?;
    valid::within("cases", command.cases.len(), limits::ERASED_AT_ONCE)?;
    valid::within("lines", command.lines.len(), limits::LINES_ERASED_AT_ONCE)?;
    audit::check_numbers(work, "records", &command.records)?;
    let lines = lines(work, &command.lines)?;
    let now = work.now;
    let mut erased = command.records.len() + lines.len();
    work.history.extend(lines);
    for id in &command.calls {
        if work.state.is_call_to_erase(id, now) {
            call::forget_caller(work, id);
            erased += 1;
        }
    }
    for code in &command.reports {
        if work.state.is_report_to_erase(code, now) {
            report::forget_contact(work, code);
            erased += 1;
        }
    }
    for code in &command.words {
        if work.state.are_words_to_erase(code, now) {
            report::forget_words(work, code);
            erased += 1;
        }
    }
    for id in &command.cases {
        if work.state.is_case_to_erase(id, now) {
            incident::forget_words(work, id);
            erased += 1;
        }
    }
    // Their numbers stand in no command: the log would have them again.
    for _ in 0..limits::ERASED_AT_ONCE {
        let Some(number) = work.state.caller_to_erase(now).cloned() else { break };
        work.state.book.drop_caller(&number);
        work.touch(Touched::Caller(number));
        erased += 1;
    }
    audit::drop_sealed(work, &command.records);
    if erased > 0 {
        work.state.erasure.erased_index = work.index;
        work.touch(Touched::Erasure);
    }
    Ok(accepted("", number))
}

/// The rows of lines that are to forget what was reported; those of incidents that are not due stay as they are.
fn lines(work: &Work<'_>, lines: &[TimelineLine]) -> Result<Vec<Row>, Refusal> {
    let mut rows = Vec::new();
    for line in lines {
        let (ordinal, case) = line.read().map_err(|error| valid::invalid("lines", error.to_string()))?;
        if line.index >= work.index {
            return Err(valid::invalid("lines.index", "is not there yet: name a line that stands"));
        }
        let is_its = work.state.timelines_of(&case).contains(&line.timeline);
        if is_its && work.state.is_case_to_erase(&case, work.now) {
            let key = rows::timeline_key(&line.timeline, line.index, ordinal);
            rows.push(Row { key, value: line.event.clone() });
        }
    }
    Ok(rows)
}
