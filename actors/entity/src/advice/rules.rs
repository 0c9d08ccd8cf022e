//! Who is asked what, and which answers are taken. Pure.

use std::time::Instant;

use domain::{
    Advice as Checked, Digest, Incident, IncidentId, IncidentKind, IncidentStatus, Micro, Model, ModelKind, Need,
    Origin, Severity, State, Suggest, limits,
};
use sha2::{Digest as _, Sha256};

use crate::{
    advice::{About, Advice, Question},
    config::{ADVICE_AGE_MS_MAX, CANDIDATES_MAX, DUPLICATE_WITHIN_MS},
};

/// What somebody told of an incident: its line when it opened, or a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) incident: IncidentId,
    pub(crate) note: Option<String>,
}

/// Whether the line of a new incident is worth asking about: what an alarm opened has a line of our own making.
pub(crate) fn is_in_words(incident: &Incident) -> bool {
    !matches!(incident.sources.first().map(|source| &source.origin), Some(Origin::Alarm(_)))
}

/// The questions that follow from what was told, one for each version in use that has not answered it yet.
pub(crate) fn questions(state: &State, told: &Told, until: Instant) -> Vec<Question> {
    let Some(incident) = state.incidents().get(&told.incident).filter(|incident| is_live(incident)) else {
        return Vec::new();
    };
    let about = about(incident, told.note.as_deref());
    let hash = hash(&about.text);
    let mut questions = Vec::new();
    for model in state.models().values().filter(|model| is_of_incidents(model)) {
        for version in model.asked().filter_map(|version| model.version(version)) {
            let is_answered = |known: &domain::Suggestion| {
                known.model == model.name && known.model_version == version.version && known.input_sha256 == hash
            };
            if incident.suggestions.iter().any(is_answered) {
                continue;
            }
            let candidates = if model.kind == ModelKind::Duplicate { candidates(state, incident) } else { Vec::new() };
            if model.kind == ModelKind::Duplicate && candidates.is_empty() {
                continue;
            }
            questions.push(Question {
                kind: model.kind,
                model: model.name.clone(),
                version: version.version.clone(),
                sha256: version.sha256,
                about: about.clone(),
                candidates,
                until,
            });
        }
    }
    questions
}

/// Incidents told of in words a short while ago of which a version in use has said nothing: their questions were lost
/// with a leader, or met silence. At most `most`.
pub(crate) fn unasked(state: &State, most: usize) -> Vec<Told> {
    let asked: Vec<_> = state
        .models()
        .values()
        .filter(|model| is_of_incidents(model) && model.kind == ModelKind::Triage)
        .flat_map(|model| model.asked().map(|version| (&model.name, version)))
        .collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let is_unasked = |incident: &&Incident| {
        let is_young = state.clock().since(incident.opened_at_ms) <= ADVICE_AGE_MS_MAX;
        let has_answer = |asked: &(&domain::ModelName, &domain::VersionName)| {
            incident.suggestions.iter().any(|known| known.model == *asked.0 && known.model_version == *asked.1)
        };
        is_young && is_live(incident) && is_in_words(incident) && !asked.iter().all(has_answer)
    };
    let told = |incident: &Incident| Told { incident: incident.id.clone(), note: None };
    state.incidents().values().filter(is_unasked).take(most).map(told).collect()
}

fn is_of_incidents(model: &Model) -> bool {
    matches!(model.kind, ModelKind::Triage | ModelKind::Duplicate)
}

fn is_live(incident: &Incident) -> bool {
    matches!(incident.status, IncidentStatus::Opened | IncidentStatus::Acknowledged | IncidentStatus::Assigned)
}

fn about(incident: &Incident, note: Option<&str>) -> About {
    let text = note.map_or_else(|| incident.summary.clone(), |note| format!("{}\n{note}", incident.summary));
    About {
        incident: incident.id.clone(),
        kind: incident.kind,
        text,
        place: incident.place.clone(),
        at: incident.opened_at_ms,
    }
}

/// What an incident may be the same as: live ones of the last hours, real with real and drill with drill, the nearest
/// first. Degrees are taken as equal lengths, which is near enough to choose by.
fn candidates(state: &State, incident: &Incident) -> Vec<About> {
    let is_candidate = |other: &&Incident| {
        other.id != incident.id
            && other.exercise == incident.exercise
            && is_live(other)
            && incident.opened_at_ms.since(other.opened_at_ms) <= DUPLICATE_WITHIN_MS
            && other.opened_at_ms.since(incident.opened_at_ms) <= DUPLICATE_WITHIN_MS
    };
    let distance = |other: &Incident| {
        let along = i64::from(other.place.latitude_e7) - i64::from(incident.place.latitude_e7);
        let across = i64::from(other.place.longitude_e7) - i64::from(incident.place.longitude_e7);
        i128::from(along) * i128::from(along) + i128::from(across) * i128::from(across)
    };
    let mut near: Vec<_> =
        state.incidents().values().filter(is_candidate).map(|other| (distance(other), other)).collect();
    // Pleas that are placed by their commune only lie on one point: there the newest are the likeliest.
    near.sort_by(|(near, one), (far, other)| {
        near.cmp(far).then(other.opened_at_ms.cmp(&one.opened_at_ms)).then_with(|| one.id.cmp(&other.id))
    });
    near.truncate(CANDIDATES_MAX);
    near.into_iter().map(|(_, other)| about(other, None)).collect()
}

pub(crate) fn hash(text: &str) -> Digest {
    Digest(Sha256::digest(text.as_bytes()).into())
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// It says something.
    Suggest(Suggest),
    /// It says that there is nothing to say.
    Nothing,
    /// It makes no sense, and is not taken.
    Nonsense,
}

/// Checks an answer. Numbers out of range make it void; words are cut to their bounds.
pub(crate) fn read(question: &Question, advice: &Advice) -> Read {
    match question.kind {
        ModelKind::Duplicate => match advice.same_as {
            None => return Read::Nothing,
            Some(at) if at >= question.candidates.len() => return Read::Nonsense,
            Some(_) => {}
        },
        _ if advice.same_as.is_some() => return Read::Nonsense,
        _ => {}
    }
    let Some(checked) = check(question, advice) else { return Read::Nonsense };
    if checked.duplicate_of.is_none() && checked.kind.is_none() && checked.severity.is_none() {
        return Read::Nothing;
    }
    Read::Suggest(Suggest {
        incident: question.about.incident.clone(),
        model: question.model.clone(),
        model_version: question.version.clone(),
        input_sha256: hash(&question.about.text),
        input_bytes: u32::try_from(question.about.text.len()).unwrap_or(u32::MAX),
        advice: checked,
    })
}

fn check(question: &Question, advice: &Advice) -> Option<Checked> {
    let is_duplicate = question.kind == ModelKind::Duplicate;
    let kind = advice.kind.map(|at| IncidentKind::ALL.get(at).copied().ok_or(())).transpose().ok()?;
    let severity =
        advice.severity.map(|level| level.checked_sub(1).and_then(|at| Severity::ALL.get(at)).copied().ok_or(()));
    let severity = severity.transpose().ok()?;
    let mut needs = advice.needs.iter().map(|at| Need::ALL.get(*at).copied()).collect::<Option<Vec<_>>>()?;
    needs.sort_unstable();
    needs.dedup();
    let people = advice.people.max(advice.vulnerable).min(limits::ADVICE_PEOPLE_MAX);
    let same_as = advice.same_as.and_then(|at| question.candidates.get(at));
    Some(Checked {
        confidence_micro: micro(advice.confidence)?,
        // One that finds the same incident says only that.
        kind: kind.filter(|_| !is_duplicate),
        severity: severity.filter(|_| !is_duplicate),
        needs,
        people,
        vulnerable: advice.vulnerable.min(people),
        no_emergency_micro: micro(advice.no_emergency)?,
        duplicate_of: same_as.map(|other| other.incident.clone()),
        reasons: advice.reasons.iter().filter_map(|word| reason(word)).take(limits::ADVICE_REASONS_MAX).collect(),
    })
}

/// A probability in millionths; none for what is no probability.
pub(crate) fn micro(probability: f64) -> Option<Micro> {
    if !(0.0..=1.0).contains(&probability) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "between 0 and a million")]
    let micro = (probability * 1e6).round() as i64;
    Some(Micro(micro))
}

/// A word on one line and within its bytes; none if nothing is left of it.
fn reason(word: &str) -> Option<String> {
    let mut reason: String = word.chars().filter(|c| !c.is_control()).collect();
    reason.truncate(reason.floor_char_boundary(limits::REASON_BYTES_MAX));
    let reason = reason.trim();
    (!reason.is_empty()).then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::{Millis, ModelName, VersionName};
    use proptest::prelude::*;

    use super::*;
    use crate::alarm::fold;

    fn question(kind: ModelKind, candidates: usize) -> Question {
        let about = |id: &str| About {
            incident: IncidentId::new(id).unwrap(),
            kind: IncidentKind::Other,
            text: "nước lên mái nhà".into(),
            place: fold::place(),
            at: Millis(1),
        };
        Question {
            kind,
            model: ModelName::new("m").unwrap(),
            version: VersionName::new("v1").unwrap(),
            sha256: Digest([0; 32]),
            about: about("I1"),
            candidates: (2..2 + candidates).map(|number| about(&format!("I{number}"))).collect(),
            until: Instant::now(),
        }
    }

    fn flood() -> Advice {
        Advice { confidence: 0.9, kind: Some(0), severity: Some(5), ..Advice::default() }
    }

    #[test]
    fn what_makes_sense_is_taken() {
        let advice = Advice {
            needs: vec![1, 0, 1],
            people: 1,
            vulnerable: 3,
            reasons: vec!["mái\u{7} nhà".into(), "\n".into(), "ô".repeat(40)],
            ..flood()
        };
        let Read::Suggest(suggest) = read(&question(ModelKind::Triage, 0), &advice) else { panic!("{advice:?}") };
        let checked = suggest.advice;
        assert_eq!((checked.kind, checked.severity), (Some(IncidentKind::Flood), Some(Severity::Critical)));
        assert_eq!(checked.confidence_micro, Micro(900_000));
        assert_eq!(checked.needs, [Need::Rescue, Need::Medical]);
        assert_eq!((checked.people, checked.vulnerable), (3, 3));
        assert_eq!(checked.reasons, ["mái nhà".to_owned(), "ô".repeat(limits::REASON_BYTES_MAX / 2)]);
        assert_eq!(suggest.input_bytes, 22);
    }

    #[test]
    fn nonsense_is_not_taken() {
        let triage = question(ModelKind::Triage, 0);
        let confidences = [f64::NAN, f64::INFINITY, -0.1, 1.000_001];
        let confidences = confidences.map(|confidence| Advice { confidence, ..flood() });
        let others = [
            Advice { kind: Some(IncidentKind::ALL.len()), ..flood() },
            Advice { severity: Some(0), ..flood() },
            Advice { severity: Some(6), ..flood() },
            Advice { needs: vec![Need::ALL.len()], ..flood() },
            Advice { no_emergency: f64::NAN, ..flood() },
            Advice { same_as: Some(0), ..flood() },
        ];
        for advice in confidences.iter().chain(&others) {
            assert_eq!(read(&triage, advice), Read::Nonsense, "{advice:?}");
        }
        let beyond = Advice { same_as: Some(2), confidence: 0.5, ..Advice::default() };
        assert_eq!(read(&question(ModelKind::Duplicate, 2), &beyond), Read::Nonsense);
    }

    #[test]
    fn nothing_to_say_is_an_answer_too() {
        let silent = Advice { confidence: 0.5, ..Advice::default() };
        assert_eq!(read(&question(ModelKind::Triage, 0), &silent), Read::Nothing);
        assert_eq!(read(&question(ModelKind::Duplicate, 3), &flood()), Read::Nothing);
        let same = Advice { same_as: Some(1), ..flood() };
        let Read::Suggest(suggest) = read(&question(ModelKind::Duplicate, 3), &same) else { panic!("it is the same") };
        assert_eq!(suggest.advice.duplicate_of.as_ref().map(IncidentId::as_str), Some("I3"));
        assert_eq!(suggest.advice.kind, None);
    }

    proptest! {
        /// Whatever a model answers, the group takes what is proposed or nothing is.
        #[test]
        fn any_answer_is_within_the_bounds_or_void(
            confidence in any::<f64>(), no_emergency in -0.5f64..1.5,
            kind in prop::option::of(0usize..12), severity in prop::option::of(0usize..8),
            needs in prop::collection::vec(0usize..8, 0..9), people in any::<u32>(), vulnerable in any::<u32>(),
            reasons in prop::collection::vec(".{0,90}", 0..20),
        ) {
            let advice = Advice { confidence, kind, severity, needs, people, vulnerable, no_emergency, same_as: None, reasons };
            if let Read::Suggest(suggest) = read(&question(ModelKind::Triage, 0), &advice) {
                let checked = suggest.advice;
                prop_assert!((0..=1_000_000).contains(&checked.confidence_micro.0));
                prop_assert!(checked.vulnerable <= checked.people && checked.people <= limits::ADVICE_PEOPLE_MAX);
                prop_assert!(checked.reasons.len() <= limits::ADVICE_REASONS_MAX);
                prop_assert!(checked.reasons.iter().all(|it| !it.is_empty() && it.len() <= limits::REASON_BYTES_MAX));
            }
        }
    }
}
