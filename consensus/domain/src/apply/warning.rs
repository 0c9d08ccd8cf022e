//! Warnings to the public.
//!
//! | command | from | to |
//! |---|---|---|
//! | draft | –, draft | draft |
//! | approve, by a second person | draft | published; what it updates or cancels: ended |
//! | reject | draft | rejected |
//!
//! A draft that somebody wrote anew is theirs, so whoever approves has always read another's words. Nothing fires when a
//! message runs out: its last moment is in it, and whoever shows it asks `Warning::is_in_force`.

use super::{Outcome, Work, accepted, incident, valid};
use crate::{
    Accepted, ApproveWarning, DraftWarning, EventKind, GeoPoint, Incident, Millis, Refusal, RefusalCode, RejectWarning,
    Warning, WarningArea, WarningContent, WarningId, WarningMessage, WarningPurpose, WarningReference, WarningStatus,
    limits, stored::Touched,
};

/// The languages of a message, each of which it says once.
const LANGUAGES: [&str; 2] = ["vi", "en"];

pub(super) fn draft(work: &mut Work<'_>, command: &DraftWarning) -> Outcome {
    let author = work.by_person()?;
    let mut content = command.content.clone();
    check_content(work.now, &content)?;
    name_areas(work, &mut content.areas)?;
    let incident = incident::find(work, "incident", &command.incident)?;
    check_purpose(&incident, content.purpose)?;
    let references = references(work, command)?;
    let former = command.draft.as_ref().map(|id| find_draft(work, id, command.expected_version)).transpose()?;
    let (id, version) = match former {
        Some(former) if former.incident != incident.id => {
            return Err(valid::invalid("incident", format!("is another than that of {}: draft anew", former.id)));
        }
        Some(former) => (former.id, former.version),
        None => {
            if command.message == WarningMessage::Alert {
                incident::need_live(&incident, "warned of")?;
            }
            (new_id(work)?, 0)
        }
    };
    let warning = Warning {
        id,
        kind: incident.kind,
        admin_unit: incident.place.admin_unit,
        incident: incident.id,
        message: command.message,
        content,
        of: command.of.clone(),
        references,
        status: WarningStatus::Draft,
        drafted_by: author,
        drafted_at_ms: work.now,
        decided_by: None,
        sent_at_ms: Millis(0),
        ended_at_ms: Millis(0),
        reason: String::new(),
        version,
    };
    Ok(keep(work, warning, EventKind::WarningDrafted, ""))
}

pub(super) fn approve(work: &mut Work<'_>, command: &ApproveWarning) -> Outcome {
    let by = work.by_person()?;
    let mut warning = find_draft(work, &command.warning, command.expected_version)?;
    if warning.drafted_by == by {
        let message = format!("{by} wrote it: a second person has to approve it");
        return Err(Refusal::new(RefusalCode::Forbidden, "warning", message));
    }
    if warning.content.expires_at_ms <= work.now {
        let message = "it has run out by now: write it anew with a later end";
        return Err(valid::wrong_status("warning", message));
    }
    let former = warning.of.as_ref().map(|id| find_published(work, id)).transpose()?;
    if let Some(mut former) = former {
        former.status = WarningStatus::Ended;
        former.ended_at_ms = work.now;
        let note = warning.id.to_string();
        keep(work, former, EventKind::WarningEnded, &note);
    }
    warning.status = WarningStatus::Published;
    warning.decided_by = Some(by);
    warning.sent_at_ms = work.now;
    Ok(keep(work, warning, EventKind::WarningPublished, ""))
}

pub(super) fn reject(work: &mut Work<'_>, command: &RejectWarning) -> Outcome {
    valid::text("reason", &command.reason)?;
    let by = work.by_person()?;
    let mut warning = find_draft(work, &command.warning, command.expected_version)?;
    warning.status = WarningStatus::Rejected;
    warning.decided_by = Some(by);
    warning.ended_at_ms = work.now;
    warning.reason.clone_from(&command.reason);
    Ok(keep(work, warning, EventKind::WarningRejected, &command.reason))
}

fn check_content(now: Millis, content: &WarningContent) -> Result<(), Refusal> {
    valid::name("content.sender", &content.sender)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@');
    if !content.sender.bytes().all(is_plain) {
        let remedy = "holds another character than letters, digits, . - _ @: send a name such as ioc.example.vn";
        return Err(valid::invalid("content.sender", remedy));
    }
    valid::name("content.sender_name", &content.sender_name)?;
    valid::maybe_name("content.contact", &content.contact)?;
    let expires = content.expires_at_ms;
    if expires <= now || expires > now.plus(limits::WARNING_MS_MAX) {
        let remedy = format!("choose an end within {} ms from now", limits::WARNING_MS_MAX);
        return Err(valid::invalid("content.expires_at_ms", remedy));
    }
    if content.onset_at_ms >= expires {
        return Err(valid::invalid("content.onset_at_ms", "lies behind the end: choose an earlier one, or none"));
    }
    check_texts(content)?;
    valid::within("content.areas", content.areas.len(), limits::WARNING_AREAS_MAX)?;
    if content.areas.is_empty() {
        return Err(valid::invalid("content.areas", "is empty: name at least one administrative unit"));
    }
    content.areas.iter().try_for_each(check_area)
}

fn check_texts(content: &WarningContent) -> Result<(), Refusal> {
    let languages: Vec<_> = content.texts.iter().map(|text| text.language.as_str()).collect();
    if languages != LANGUAGES {
        return Err(valid::invalid("content.texts", "send two, first the one in vi, then the one in en"));
    }
    for text in &content.texts {
        valid::name("content.texts.event", &text.event)?;
        valid::name("content.texts.headline", &text.headline)?;
        valid::text("content.texts.description", &text.description)?;
        valid::text("content.texts.instruction", &text.instruction)?;
    }
    Ok(())
}

fn check_area(area: &WarningArea) -> Result<(), Refusal> {
    let polygon = &area.polygon;
    valid::within("content.areas.polygon", polygon.len(), limits::WARNING_POINTS_MAX)?;
    polygon.iter().try_for_each(|point| check_point("content.areas.polygon", point))?;
    // CAP 1.2, 3.2.4: at least four pairs, and the last is the first.
    if !polygon.is_empty() && (polygon.len() < 4 || polygon.first() != polygon.last()) {
        let remedy = "is no closed ring: send at least four points, of which the last is the first";
        return Err(valid::invalid("content.areas.polygon", remedy));
    }
    let Some(circle) = &area.circle else { return Ok(()) };
    check_point("content.areas.circle", &circle.center)?;
    if !(1..=limits::WARNING_RADIUS_M_MAX).contains(&circle.radius_m) {
        let remedy = format!("send 1 to {} metres", limits::WARNING_RADIUS_M_MAX);
        return Err(valid::invalid("content.areas.circle.radius_m", remedy));
    }
    Ok(())
}

fn check_point(field: &str, point: &GeoPoint) -> Result<(), Refusal> {
    let is_on_earth = (-900_000_000..=900_000_000).contains(&point.latitude_e7)
        && (-1_800_000_000..=1_800_000_000).contains(&point.longitude_e7);
    if is_on_earth {
        return Ok(());
    }
    Err(valid::invalid(field, "lies beyond the earth: send degrees times 10^7"))
}

/// Each area once, by the names that the hierarchy has for it now.
fn name_areas(work: &Work<'_>, areas: &mut [WarningArea]) -> Result<(), Refusal> {
    valid::distinct("content.areas", areas.iter().map(|area| area.admin_unit.clone()))?;
    for area in areas {
        let unit = work.state.admin_units.get(&area.admin_unit);
        let unit = unit.ok_or_else(|| valid::not_found("content.areas.admin_unit", &area.admin_unit))?;
        area.name.clone_from(&unit.name);
        area.name_en.clone_from(&unit.name_en);
    }
    Ok(())
}

/// A drill is never warned of in earnest, nor an emergency as a drill.
fn check_purpose(incident: &Incident, purpose: WarningPurpose) -> Result<(), Refusal> {
    let fits = match purpose {
        WarningPurpose::Actual => !incident.exercise,
        WarningPurpose::Exercise => incident.exercise,
        WarningPurpose::Test => true,
    };
    if fits {
        return Ok(());
    }
    let right = if incident.exercise { "exercise" } else { "actual" };
    let remedy = format!("a drill and the real thing never mix: {} takes {right} or test", incident.id);
    Err(valid::invalid("content.purpose", remedy))
}

/// The messages before this one, of which the newest must still stand.
fn references(work: &Work<'_>, command: &DraftWarning) -> Result<Vec<WarningReference>, Refusal> {
    let Some(of) = &command.of else {
        return match command.message {
            WarningMessage::Alert => Ok(Vec::new()),
            _ => Err(valid::invalid("of", "is missing: name the message that this one updates or cancels")),
        };
    };
    if command.message == WarningMessage::Alert {
        return Err(valid::invalid("of", "an alert is the first message: send none, or an update"));
    }
    let former = find_published(work, of)?;
    if former.incident != command.incident {
        return Err(valid::invalid("of", format!("{of} is about {}: name one of this incident", former.incident)));
    }
    if former.content.purpose != command.content.purpose {
        let remedy = format!("{of} is for {}: send the same", former.content.purpose);
        return Err(valid::invalid("content.purpose", remedy));
    }
    let mut references = former.references;
    references.push(WarningReference {
        warning: former.id,
        sender: former.content.sender,
        sent_at_ms: former.sent_at_ms,
    });
    valid::within("of", references.len(), limits::WARNING_REFERENCES_MAX)?;
    Ok(references)
}

fn find_published(work: &Work<'_>, id: &WarningId) -> Result<Warning, Refusal> {
    let warning = work.state.warnings.get(id).cloned().ok_or_else(|| valid::not_found("of", id))?;
    if warning.status == WarningStatus::Published && warning.message != WarningMessage::Cancel {
        return Ok(warning);
    }
    let message = format!("{id} is {} by now: look which message is the newest, and draft anew", warning.status);
    Err(valid::wrong_status("of", message))
}

fn find_draft(work: &Work<'_>, id: &WarningId, expected_version: u64) -> Result<Warning, Refusal> {
    let warning = work.state.warnings.get(id).cloned().ok_or_else(|| valid::not_found("warning", id))?;
    if warning.version != expected_version {
        let message = format!("it is at version {}: look, then decide anew", warning.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    if warning.status != WarningStatus::Draft {
        return Err(valid::wrong_status(
            "warning",
            format!("it is {}: only a draft can be decided on", warning.status),
        ));
    }
    Ok(warning)
}

fn new_id(work: &mut Work<'_>) -> Result<WarningId, Refusal> {
    make_room(work)?;
    let number = work.state.warnings_drafted.saturating_add(1);
    let id = WarningId::new(&format!("W{number}")).map_err(|e| valid::invalid("warning", e.remedy))?;
    work.state.warnings_drafted = number;
    Ok(id)
}

/// At the bound those that have been over the longest leave memory; the incidents' timelines keep what was said.
fn make_room(work: &mut Work<'_>) -> Result<(), Refusal> {
    if work.state.warnings.len() < limits::WARNINGS_MAX {
        return Ok(());
    }
    let over = work.state.warnings.values().filter(|warning| warning.is_over(work.now));
    let mut over: Vec<_> = over.map(|it| (it.content.expires_at_ms, it.id.clone())).collect();
    valid::within("warning", work.state.warnings.len() + usize::from(over.is_empty()), limits::WARNINGS_MAX)?;
    over.sort_unstable();
    over.truncate(limits::WARNINGS_DROPPED_AT_ONCE);
    for (_, id) in over {
        work.state.warnings.remove(&id);
        work.touch(Touched::Warning(id));
    }
    Ok(())
}

/// Keeps it as a new version, tells, and writes it into the incident's timeline.
fn keep(work: &mut Work<'_>, mut warning: Warning, kind: EventKind, note: &str) -> Accepted {
    warning.version += 1;
    work.emit(kind, note, Some(warning.clone().into()));
    work.write_timeline(&warning.incident);
    work.touch(Touched::Warning(warning.id.clone()));
    let outcome = accepted(&warning.id, warning.version);
    work.state.warnings.insert(warning.id.clone(), warning);
    outcome
}

#[cfg(test)]
mod tests;
