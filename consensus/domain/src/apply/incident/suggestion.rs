//! What models say of an incident, and what a person does with it.
//!
//! - What is said comes after the commit of what was read, at least once; the same input counts once. It does not raise
//!   the incident's version, so that it spoils nothing that somebody is about to decide.
//! - The register says whether it is advice or a shadow's. A shadow's is kept beside, tells nobody, and is decided by
//!   nobody: when a person decides on advice of the same sort, it is settled by whether it said the same.
//! - Accepting and overriding change the incident and the suggestion in one entry, on the version that the person saw.

use super::{find, find_version, hasten_deadline, is_live, keep, keep_as_it_was, keep_quietly, merge, need};
use crate::{
    Advice, DecideSuggestion, EventKind, Incident, IncidentId, MergeIncident, Millis, Model, ModelKind, ModelMode,
    Refusal, State, Suggest, Suggestion, SuggestionDecision, SuggestionStatus, VOCABULARY_2,
    apply::{Outcome, Work, accepted, model, valid},
    limits,
};

pub(in crate::apply) fn suggest(work: &mut Work<'_>, command: &Suggest) -> Outcome {
    let advice = &command.advice;
    check_advice(advice)?;
    let mut incident = find(work, "incident", &command.incident)?;
    let model = model::find(work, "model", &command.model)?;
    let mode = mode_of(&model, command)?;
    check_sort(work.state, &model, &incident, advice)?;
    need(&incident, is_live(incident.status), "advised on")?;
    let is_known = |known: &Suggestion| {
        known.model == command.model
            && known.model_version == command.model_version
            && known.input_sha256 == command.input_sha256
    };
    if incident.suggestions.iter().any(is_known) {
        return Ok(accepted(&incident.id, incident.version));
    }
    let is_shadow = mode == ModelMode::Shadow;
    for former in &mut incident.suggestions {
        if former.is_pending() && former.model == command.model && former.shadow == is_shadow {
            former.status = SuggestionStatus::Superseded;
            former.decided_at_ms = work.now;
        }
    }
    make_room(&mut incident.suggestions, is_shadow);
    let number = incident.suggestions.last().map_or(1, |last| last.number.saturating_add(1));
    incident.suggestions.push(Suggestion {
        number,
        model: command.model.clone(),
        model_version: command.model_version.clone(),
        shadow: is_shadow,
        input_sha256: command.input_sha256,
        input_bytes: command.input_bytes,
        advice: advice.clone(),
        status: SuggestionStatus::Pending,
        suggested_at_ms: work.now,
        decided_at_ms: Millis(0),
        decided_by: None,
        chosen_kind: None,
        chosen_severity: None,
        chosen_duplicate_of: None,
    });
    let outcome = accepted(&incident.id, incident.version);
    let is_counted = is_counted(work.state, &incident);
    if is_shadow {
        keep_quietly(work, incident);
    } else {
        let note = format!("{} {}: {}", command.model, command.model_version, advice.confidence_micro);
        keep_as_it_was(work, incident, EventKind::IncidentSuggested, &note);
    }
    let now = work.now;
    if is_counted {
        model::tally(work, &command.model, &command.model_version, |tally| tally.count_suggested(advice, now));
    }
    Ok(outcome)
}

/// At the bound the oldest leaves that nobody has to decide on, or else the oldest. Shadows make room for shadows only:
/// what they say has no event, and a screen that follows events must end with what a new one gets.
fn make_room(suggestions: &mut Vec<Suggestion>, is_shadow: bool) {
    let alike = || suggestions.iter().enumerate().filter(|(_, known)| known.shadow == is_shadow);
    if alike().count() >= limits::INCIDENT_SUGGESTIONS_MAX {
        let oldest = alike().find(|(_, known)| !known.is_pending()).or_else(|| alike().next());
        if let Some(at) = oldest.map(|(at, _)| at) {
            suggestions.remove(at);
        }
    }
}

fn check_advice(advice: &Advice) -> Result<(), Refusal> {
    valid::probability("advice.confidence_micro", advice.confidence_micro)?;
    valid::probability("advice.no_emergency_micro", advice.no_emergency_micro)?;
    valid::distinct("advice.needs", &advice.needs)?;
    if advice.people > limits::ADVICE_PEOPLE_MAX || advice.vulnerable > advice.people {
        let remedy =
            format!("send at most {} people, and no more vulnerable than there are", limits::ADVICE_PEOPLE_MAX);
        return Err(valid::invalid("advice.people", remedy));
    }
    valid::within("advice.reasons", advice.reasons.len(), limits::ADVICE_REASONS_MAX)?;
    advice.reasons.iter().try_for_each(|reason| valid::line("advice.reasons", reason, limits::REASON_BYTES_MAX))
}

/// What is off, or of a version that nobody rolled out, is not heard.
fn mode_of(model: &Model, command: &Suggest) -> Result<ModelMode, Refusal> {
    if !model.on {
        return Err(valid::wrong_status("model", "it is switched off: ask nothing of it"));
    }
    let mode = model.mode_of(&command.model_version);
    mode.ok_or_else(|| valid::wrong_status("model_version", "it is neither active nor a shadow: roll it out first"))
}

/// A model says what it is for.
fn check_sort(state: &State, model: &Model, incident: &Incident, advice: &Advice) -> Result<(), Refusal> {
    let has_sort = advice.kind.is_some() || advice.severity.is_some();
    match (model.kind, &advice.duplicate_of) {
        (ModelKind::Triage, None) if has_sort => Ok(()),
        (ModelKind::Triage, _) => Err(valid::invalid("advice.kind", "of triage is a kind or a severity: name one")),
        (ModelKind::Duplicate, Some(other)) if !has_sort => {
            let other = state.incidents.get(other).ok_or_else(|| valid::not_found("advice.duplicate_of", other))?;
            if other.id == incident.id || other.exercise != incident.exercise {
                return Err(valid::invalid("advice.duplicate_of", "cannot be the same one: name another incident"));
            }
            Ok(())
        }
        (ModelKind::Duplicate, _) => {
            Err(valid::invalid("advice.duplicate_of", "is all that it says: name the other incident"))
        }
        (ModelKind::Anomaly | ModelKind::Forecast | ModelKind::Load, _) => {
            Err(valid::invalid("model", format!("is for {}, not for incidents: name another", model.kind)))
        }
    }
}

pub(in crate::apply) fn decide(work: &mut Work<'_>, command: &DecideSuggestion) -> Outcome {
    // Dismissing changes nothing that anybody has seen.
    let incident = match command.decision {
        SuggestionDecision::Dismissed => find(work, "incident", &command.incident)?,
        SuggestionDecision::Accepted | SuggestionDecision::Overridden => {
            find_version(work, &command.incident, command.expected_version)?
        }
    };
    let suggestion = incident.suggestions.iter().find(|known| known.number == command.suggestion);
    let suggestion = suggestion.ok_or_else(|| valid::not_found("suggestion", command.suggestion))?;
    need(&incident, is_live(incident.status), "decided on")?;
    if suggestion.shadow {
        return Err(valid::wrong_status("suggestion", "it is a shadow's: nobody decides on it"));
    }
    if !suggestion.is_pending() {
        return Err(valid::wrong_status("suggestion", format!("it is {}: look at the newest", suggestion.status)));
    }
    check_chosen(command, &suggestion.advice)?;
    match (command.decision, &suggestion.advice.duplicate_of) {
        (SuggestionDecision::Dismissed, _) => Ok(dismiss(work, incident, command)),
        (_, None) => Ok(sort(work, incident, command)),
        (_, Some(suggested)) => {
            let into = command.duplicate_of.as_ref().unwrap_or(suggested).clone();
            merge_into(work, command, into)
        }
    }
}

/// Only who overrides names what it is instead, of the same sort, and something else than was said.
fn check_chosen(command: &DecideSuggestion, advice: &Advice) -> Result<(), Refusal> {
    let names_sort = command.kind.is_some() || command.severity.is_some();
    if command.decision != SuggestionDecision::Overridden {
        if names_sort || command.duplicate_of.is_some() {
            return Err(valid::invalid("decision", "sets nothing else: override, or leave the fields out"));
        }
        return Ok(());
    }
    let is_of_sort = match &advice.duplicate_of {
        None => names_sort && command.duplicate_of.is_none(),
        Some(_) => !names_sort && command.duplicate_of.is_some(),
    };
    if !is_of_sort {
        let remedy = if advice.duplicate_of.is_some() { "the other incident" } else { "a kind or a severity" };
        return Err(valid::invalid("decision", format!("says nothing: name {remedy} instead")));
    }
    let is_same = match &advice.duplicate_of {
        None => {
            command.kind.is_none_or(|kind| advice.kind == Some(kind))
                && command.severity.is_none_or(|severity| advice.severity == Some(severity))
        }
        Some(_) => command.duplicate_of == advice.duplicate_of,
    };
    if is_same {
        return Err(valid::invalid("decision", "is what was suggested: accept it"));
    }
    Ok(())
}

fn dismiss(work: &mut Work<'_>, mut incident: Incident, command: &DecideSuggestion) -> crate::Accepted {
    settle_named(work, &mut incident, command);
    let outcome = accepted(&incident.id, incident.version);
    let note = note(&incident, command);
    keep_as_it_was(work, incident, EventKind::IncidentSuggestionDecided, &note);
    count(work, command, &[]);
    outcome
}

/// Takes the kind and the severity that were suggested, or those that the person set.
fn sort(work: &mut Work<'_>, mut incident: Incident, command: &DecideSuggestion) -> crate::Accepted {
    let advice = incident.suggestions.iter().find(|known| known.number == command.suggestion).map(|it| &it.advice);
    let (kind, severity) = match command.decision {
        SuggestionDecision::Accepted => advice.map_or((None, None), |advice| (advice.kind, advice.severity)),
        _ => (command.kind, command.severity),
    };
    incident.kind = kind.unwrap_or(incident.kind);
    incident.severity = severity.unwrap_or(incident.severity);
    hasten_deadline(&mut incident, work.now);
    settle_named(work, &mut incident, command);
    let (kind, severity) = (incident.kind, incident.severity);
    let settled = settle_shadows(work, &mut incident, |advice| {
        let is_told = advice.kind.is_some() || advice.severity.is_some();
        let is_same = advice.kind.is_none_or(|it| it == kind) && advice.severity.is_none_or(|it| it == severity);
        is_told.then_some(is_same)
    });
    let note = note(&incident, command);
    let outcome = keep(work, incident, EventKind::IncidentSuggestionDecided, &note);
    count(work, command, &settled);
    outcome
}

/// Merges first, because only that can refuse; then both know of the decision.
fn merge_into(work: &mut Work<'_>, command: &DecideSuggestion, into: IncidentId) -> Outcome {
    let merging = MergeIncident {
        incident: command.incident.clone(),
        expected_version: command.expected_version,
        into: into.clone(),
    };
    let outcome = merge::merge(work, &merging).map_err(|mut refusal| {
        if refusal.field == "into" {
            "duplicate_of".clone_into(&mut refusal.field);
        }
        refusal
    })?;
    let mut incident = find(work, "incident", &command.incident)?;
    settle_named(work, &mut incident, command);
    let settled = settle_shadows(work, &mut incident, |advice| Some(advice.duplicate_of.as_ref()? == &into));
    let note = note(&incident, command);
    keep_as_it_was(work, incident, EventKind::IncidentSuggestionDecided, &note);
    count(work, command, &settled);
    Ok(outcome)
}

/// Marks the suggestion that the command names.
fn settle_named(work: &Work<'_>, incident: &mut Incident, command: &DecideSuggestion) {
    let Some(named) = incident.suggestions.iter_mut().find(|known| known.number == command.suggestion) else { return };
    named.status = status_of(command.decision);
    named.decided_at_ms = work.now;
    named.decided_by = work.by();
    named.chosen_kind = command.kind;
    named.chosen_severity = command.severity;
    named.chosen_duplicate_of.clone_from(&command.duplicate_of);
}

/// Settles what shadows said of the same sort; `is_same` says whether it comes to what the person did, none: another sort.
fn settle_shadows(
    work: &Work<'_>,
    incident: &mut Incident,
    is_same: impl Fn(&Advice) -> Option<bool>,
) -> Vec<Suggestion> {
    let mut settled = Vec::new();
    for shadow in incident.suggestions.iter_mut().filter(|known| known.shadow && known.is_pending()) {
        let Some(is_same) = is_same(&shadow.advice) else { continue };
        shadow.status = if is_same { SuggestionStatus::Accepted } else { SuggestionStatus::Overridden };
        shadow.decided_at_ms = work.now;
        shadow.decided_by = work.by();
        settled.push(shadow.clone());
    }
    settled
}

/// What is said and decided in a drill says nothing of a model, since the vocabulary of exercises is on.
fn is_counted(state: &State, incident: &Incident) -> bool {
    !(incident.exercise && state.has_feature(VOCABULARY_2))
}

/// Counts the decision, and what shadows said, in the tallies of their versions.
fn count(work: &mut Work<'_>, command: &DecideSuggestion, shadows: &[Suggestion]) {
    let incident = work.state.incidents.get(&command.incident);
    if !incident.is_some_and(|incident| is_counted(work.state, incident)) {
        return;
    }
    let named = incident.and_then(|it| it.suggestions.iter().find(|known| known.number == command.suggestion));
    let settled: Vec<_> = named.into_iter().chain(shadows).cloned().collect();
    for it in settled {
        let confidence = it.advice.confidence_micro;
        model::tally(work, &it.model, &it.model_version, |tally| tally.count_decided(confidence, it.status));
    }
}

fn status_of(decision: SuggestionDecision) -> SuggestionStatus {
    match decision {
        SuggestionDecision::Accepted => SuggestionStatus::Accepted,
        SuggestionDecision::Overridden => SuggestionStatus::Overridden,
        SuggestionDecision::Dismissed => SuggestionStatus::Dismissed,
    }
}

fn note(incident: &Incident, command: &DecideSuggestion) -> String {
    let named = incident.suggestions.iter().find(|known| known.number == command.suggestion);
    named.map_or_else(String::new, |it| format!("{} {}: {}", it.model, it.model_version, it.status))
}
