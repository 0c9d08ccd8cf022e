//! What the actors ask of a model, said to the model's threads, and what these answer, said to the actors.

use std::sync::Arc;

use domain::{IncidentKind, Need};
use entity::{About, Advice, Advisor, Answer, Question, Silence};
use models::{
    duplicate::{self, Same},
    serve::NoAnswer,
    triage::Verdict,
};

use super::{Library, Loaded};

/// How well the place of a report is known that somebody put on a map or told by its address: one standard deviation.
const PLACE_UNCERTAINTY_M: f32 = 60.0;

/// Severities count from 1 where actors and models meet.
const SEVERITY_FIRST: usize = 1;

impl Advisor for Library {
    fn ask(&self, question: Question, answer: Answer) {
        let Some(loaded) = self.find(&question.sha256) else { return answer.give(Err(Silence::Off)) };
        let until = question.until;
        match &*loaded {
            Loaded::Triage(server) => server.ask_with(question.about.text, until, move |said| {
                answer.give(said.map(|verdict| of_triage(&verdict)).map_err(silence));
            }),
            Loaded::Duplicate(server) => server.ask_with(pairs(&question), until, move |said| {
                answer.give(said.map(|same| of_same(same.as_ref())).map_err(silence));
            }),
            // Registered for something that nobody asks.
            Loaded::Anomaly(_) | Loaded::Load(_) => answer.give(Err(Silence::Off)),
        }
    }
}

fn silence(no_answer: NoAnswer) -> Silence {
    match no_answer {
        NoAnswer::Late => Silence::Late,
        NoAnswer::Full => Silence::Full,
        NoAnswer::Off => Silence::Off,
        NoAnswer::Failed(what) => {
            tracing::warn!(what, "a model failed");
            Silence::Failed
        }
    }
}

/// Triage's labels have the names of the domain's. One that is ranked as none is told of with the least severity, so that a
/// person sees what the model thinks: the message stays in the queue.
fn of_triage(verdict: &Verdict) -> Advice {
    let likeliest = verdict.kinds.first();
    let kind = IncidentKind::ALL.iter().position(|kind| kind.as_str() == verdict.kind.name());
    let needs = verdict.needs.iter().filter_map(|need| position_of_need(need.label.name()));
    let severity = if verdict.ranked_none { 0 } else { verdict.severity.label.index() };
    Advice {
        confidence: likeliest.map_or(0.0, |scored| f64::from(scored.probability)),
        kind,
        severity: Some(severity + SEVERITY_FIRST),
        needs: if verdict.ranked_none { Vec::new() } else { needs.collect() },
        people: verdict.people.unwrap_or(0),
        // Groups that are told of: at least so many people.
        vulnerable: u32::try_from(verdict.vulnerable.len()).unwrap_or(u32::MAX),
        no_emergency: f64::from(verdict.none_probability),
        same_as: None,
        reasons: verdict.reasons.iter().map(|reason| reason.word.clone()).collect(),
    }
}

fn position_of_need(name: &str) -> Option<usize> {
    Need::ALL.iter().position(|need| need.as_str() == name)
}

fn pairs(question: &Question) -> duplicate::Question {
    duplicate::Question {
        report: report(&question.about),
        candidates: question.candidates.iter().map(report).collect(),
    }
}

fn report(about: &About) -> duplicate::Report {
    let code = IncidentKind::ALL.iter().position(|kind| *kind == about.kind);
    duplicate::Report {
        at_ms: i64::try_from(about.at.0).unwrap_or(i64::MAX),
        latitude_e7: about.place.latitude_e7,
        longitude_e7: about.place.longitude_e7,
        uncertainty_m: PLACE_UNCERTAINTY_M,
        // What nobody knows yet is no kind that two reports could share.
        kind: code.filter(|_| about.kind != IncidentKind::Other).and_then(|code| u8::try_from(code).ok()),
        text: about.text.clone(),
    }
}

fn of_same(same: Option<&Same>) -> Advice {
    let Some(same) = same else { return Advice::default() };
    let minutes = same.gap_ms / 60_000;
    let near = [format!("{:.0} m", same.distance_m), format!("{minutes} min")];
    Advice {
        confidence: f64::from(same.score.probability),
        same_as: Some(same.candidate),
        reasons: near.into_iter().chain(same.words.iter().cloned()).collect(),
        ..Advice::default()
    }
}

/// Ties the library to the actors.
pub(crate) fn advise(router: &entity::Router, library: &Arc<Library>) {
    router.advise_with(Arc::clone(library) as Arc<dyn Advisor>);
}

#[cfg(test)]
mod tests {
    use models::triage::{
        Triage,
        labels::{Kind, Severity},
    };

    use super::*;

    #[test]
    fn labels_of_both_sides_have_the_same_names() {
        for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::None) {
            assert!(IncidentKind::ALL.iter().any(|known| known.as_str() == kind.name()), "{}", kind.name());
        }
        for need in models::triage::labels::Need::ALL {
            assert!(position_of_need(need.name()).is_some(), "{}", need.name());
        }
        for (severity, known) in Severity::ALL.iter().zip(domain::Severity::ALL) {
            assert_eq!(severity.name(), known.as_str());
        }
        assert_eq!(Severity::ALL.len(), domain::Severity::ALL.len());
    }

    #[test]
    fn a_plea_becomes_advice() {
        let triage = Triage::shipped().unwrap();
        let plea = "Nước ngập tới mái nhà rồi, 5 người với 2 cháu nhỏ đang trên nóc, cứu với";
        let advice = of_triage(&triage.read(plea).unwrap());
        assert_eq!(advice.kind, Some(0), "{advice:?}");
        assert!(advice.severity.is_some_and(|level| level >= 4), "{advice:?}");
        assert_eq!(advice.people, 5);
        assert!(!advice.reasons.is_empty());
    }
}
