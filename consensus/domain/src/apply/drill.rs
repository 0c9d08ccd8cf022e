//! Drills: one at a time, within bounds, and over when they say so.

use super::{Outcome, Work, accepted, valid};
use crate::{
    CloseDrill, Drill, DrillEnd, EndDrill, EventKind, MeasureDrill, Millis, Refusal, StartDrill, StopDrill, limits,
    stored::Touched,
};

pub(super) fn start(work: &mut Work<'_>, command: &StartDrill) -> Outcome {
    if let Some(open) = work.state.open_drill() {
        let message = format!("drill {} is not closed: wait for its report, or stop it", open.number);
        return Err(valid::wrong_status("scenario", message));
    }
    check_radius(work, command)?;
    valid::text("purpose", &command.purpose)?;
    let strengths = command.scenario.strengths();
    if !strengths.contains(&command.strength) {
        let remedy = format!("is out of bounds: from {} to {}", strengths.start(), strengths.end());
        return Err(valid::invalid("strength", remedy));
    }
    if !limits::DRILL_SECONDS.contains(&command.seconds) {
        let (least, most) = (*limits::DRILL_SECONDS.start(), *limits::DRILL_SECONDS.end());
        return Err(valid::invalid("seconds", format!("is out of bounds: from {least} to {most}")));
    }
    let number = work.state.drills.last_key_value().map_or(1, |(last, _)| last.saturating_add(1));
    let drill = Drill {
        number,
        scenario: command.scenario,
        nodes: command.nodes.clone(),
        observer: command.observer,
        strength: command.strength,
        started_at_ms: work.now,
        until_ms: work.now.plus(u64::from(command.seconds) * 1000),
        by: work.by(),
        purpose: command.purpose.clone(),
        ended_at_ms: Millis(0),
        ended: None,
        ended_by: None,
        closed_at_ms: Millis(0),
        samples: Vec::new(),
        verdicts: Vec::new(),
    };
    let nodes: Vec<String> = drill.nodes.iter().map(u64::to_string).collect();
    let note = format!("{number} {} {}", drill.scenario, nodes.join(","));
    work.state.drills.insert(number, drill);
    work.touch(Touched::Drill(number));
    if work.state.drills.len() > limits::DRILLS_MAX
        && let Some((oldest, _)) = work.state.drills.pop_first()
    {
        work.touch(Touched::Drill(oldest));
    }
    work.emit(EventKind::DrillStarted, note.trim_end(), None);
    Ok(accepted(number, 1))
}

/// Nodes suffer where the scenario has it so, and fewer than half of those that are up, as far as is known here.
fn check_radius(work: &Work<'_>, command: &StartDrill) -> Result<(), Refusal> {
    let nodes = &command.nodes;
    if !nodes.is_sorted_by(|one, next| one < next) {
        return Err(valid::invalid("nodes", "are not ascending: name each once, in order"));
    }
    valid::within("nodes", nodes.len(), limits::NODES_MAX)?;
    if nodes.is_empty() == command.scenario.has_radius() {
        let remedy = if nodes.is_empty() { "name at least one" } else { "name none: all bear the load" };
        return Err(valid::invalid("nodes", remedy));
    }
    if nodes.contains(&command.observer) {
        return Err(valid::invalid("observer", "suffers itself: choose a node outside of the radius"));
    }
    let live = &work.state.live_nodes.nodes;
    if !live.is_empty() && !nodes.is_empty() && nodes.len() * 2 >= live.len() {
        let remedy = format!("{} of {} that are up would take the majority: choose fewer", nodes.len(), live.len());
        return Err(valid::invalid("nodes", remedy));
    }
    Ok(())
}

pub(super) fn stop(work: &mut Work<'_>, command: &StopDrill) -> Outcome {
    over(work, command.drill, DrillEnd::Stopped)
}

pub(super) fn end(work: &mut Work<'_>, command: &EndDrill) -> Outcome {
    let drill = find(work, command.drill)?;
    // Its time is that of the log: a node whose clock is ahead does not cut it short and call it whole.
    if drill.ended.is_none() && command.reason == DrillEnd::Over && work.now < drill.until_ms {
        return Err(valid::wrong_status("reason", format!("it goes on until {}: wait, or stop it", drill.until_ms)));
    }
    over(work, command.drill, command.reason)
}

fn over(work: &mut Work<'_>, number: u64, why: DrillEnd) -> Outcome {
    let mut drill = find(work, number)?;
    if drill.ended.is_some() {
        return Ok(accepted(number, 1));
    }
    drill.ended = Some(why);
    drill.ended_at_ms = work.now;
    drill.ended_by = work.by();
    keep(work, drill);
    work.emit(EventKind::DrillEnded, &format!("{number} {why}"), None);
    Ok(accepted(number, 1))
}

pub(super) fn measure(work: &mut Work<'_>, command: &MeasureDrill) -> Outcome {
    let mut drill = find(work, command.drill)?;
    let last = drill.samples.last().map_or(0, |sample| sample.number);
    if command.sample.number <= last {
        return Ok(accepted(command.drill, u64::from(last)));
    }
    if drill.is_closed() {
        return Err(valid::wrong_status("drill", "is closed: what was measured stands"));
    }
    if last.checked_add(1) != Some(command.sample.number) {
        return Err(valid::version_conflict("sample.number", format!("is not the one after {last}: look, then go on")));
    }
    valid::within("sample", drill.samples.len() + 1, limits::DRILL_SAMPLES_MAX)?;
    drill.samples.push(command.sample);
    keep(work, drill);
    Ok(accepted(command.drill, u64::from(command.sample.number)))
}

pub(super) fn close(work: &mut Work<'_>, command: &CloseDrill) -> Outcome {
    let mut drill = find(work, command.drill)?;
    if drill.is_closed() {
        return Ok(accepted(command.drill, 1));
    }
    if drill.ended.is_none() {
        return Err(valid::wrong_status("drill", "goes on: end it first"));
    }
    valid::within("verdicts", command.verdicts.len(), limits::DRILL_VERDICTS_MAX)?;
    valid::distinct("verdicts.promise", command.verdicts.iter().map(|verdict| verdict.promise))?;
    drill.verdicts.clone_from(&command.verdicts);
    drill.closed_at_ms = work.now;
    let note = if drill.is_passed() { "kept" } else { "not kept" };
    keep(work, drill);
    work.emit(EventKind::DrillClosed, &format!("{} {note}", command.drill), None);
    Ok(accepted(command.drill, 1))
}

fn find(work: &Work<'_>, number: u64) -> Result<Drill, Refusal> {
    work.state.drills.get(&number).cloned().ok_or_else(|| valid::not_found("drill", number))
}

fn keep(work: &mut Work<'_>, drill: Drill) {
    work.touch(Touched::Drill(drill.number));
    work.state.drills.insert(drill.number, drill);
}
