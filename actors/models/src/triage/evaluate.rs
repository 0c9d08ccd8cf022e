//! Triage against messages that people labelled.

use super::labelled::Labelled;
use super::labels::Kind;
use super::model::Nonsense;
use super::quality::{Quality, judge, ratio};
use super::schema::Truth;
use super::verdict::{BATCH_MAX, Triage, Verdict};

/// What triage makes of labelled messages.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Messages in all.
    pub messages: usize,
    /// Emergencies among them.
    pub emergencies: usize,
    /// Emergencies that were ranked as none: each is one too many.
    pub missed: Vec<String>,
    /// Share of the others that were ranked as none.
    pub none_recall: f64,
    /// Share of emergencies whose kind is right.
    pub kind_accuracy: f64,
    /// Share of emergencies whose kind is among the two likeliest kinds of emergency.
    pub kind_accuracy_top2: f64,
    /// Recall of each kind of emergency, with how many there are.
    pub kind_recall: Vec<(Kind, f64, usize)>,
    /// Share of emergencies whose severity is right, and right or one step off.
    pub severity_accuracy: (f64, f64),
    /// Share of the messages that say how many people, where the count is right.
    pub people_accuracy: f64,
    /// Share of the emergencies that do not say how many, for which none was made up.
    pub people_silence: f64,
    /// Every head by label, as the calibrated classifier decides (none being a kind like the others).
    pub quality: Quality,
    /// Rows are kinds as people said, columns as triage said, in the order of `Kind::ALL`.
    pub confusion: Vec<Vec<usize>>,
}

/// Judges triage on labelled messages.
///
/// # Errors
/// When the model answers nonsense.
pub fn evaluate(triage: &Triage, all: &[Labelled]) -> Result<Evaluation, Nonsense> {
    let texts: Vec<&str> = all.iter().map(|message| message.text.as_str()).collect();
    let mut verdicts = Vec::with_capacity(texts.len());
    let mut probabilities = Vec::with_capacity(texts.len());
    for part in texts.chunks(BATCH_MAX) {
        verdicts.extend(triage.read_batch(part)?);
        probabilities.extend(triage.model().probabilities(part)?);
    }
    let truths: Vec<Vec<Truth>> = all.iter().map(Labelled::truths).collect();
    let pairs: Vec<(&Labelled, &Verdict)> = all.iter().zip(&verdicts).collect();
    let share = |of: &[(&Labelled, &Verdict)], holds: &dyn Fn(&Labelled, &Verdict) -> bool| {
        ratio(of.iter().filter(|(message, verdict)| holds(message, verdict)).count(), of.len())
    };
    let emergencies: Vec<_> = pairs.iter().copied().filter(|(message, _)| message.kind != Kind::None).collect();
    let others: Vec<_> = pairs.iter().copied().filter(|(message, _)| message.kind == Kind::None).collect();
    let severe: Vec<_> = emergencies.iter().copied().filter(|(message, _)| message.severity.is_some()).collect();
    let steps = |message: &Labelled, verdict: &Verdict| {
        message.severity.map_or(usize::MAX, |severity| severity.index().abs_diff(verdict.severity.label.index()))
    };
    let (counted, silent): (Vec<_>, Vec<_>) =
        emergencies.iter().copied().partition(|(message, _)| message.people.is_some());
    let second = |message: &Labelled, verdict: &Verdict| {
        verdict.kinds.iter().filter(|k| k.label != Kind::None).take(2).any(|k| k.label == message.kind)
    };
    let mut confusion = vec![vec![0; Kind::ALL.len()]; Kind::ALL.len()];
    for (message, verdict) in &pairs {
        if let Some(cell) = confusion.get_mut(message.kind.index()).and_then(|row| row.get_mut(verdict.kind.index())) {
            *cell += 1;
        }
    }
    Ok(Evaluation {
        messages: all.len(),
        emergencies: emergencies.len(),
        missed: emergencies
            .iter()
            .filter(|(_, verdict)| verdict.ranked_none)
            .map(|(message, _)| message.id.clone())
            .collect(),
        none_recall: share(&others, &|_, verdict| verdict.ranked_none),
        kind_accuracy: share(&emergencies, &|message, verdict| message.kind == verdict.kind),
        kind_accuracy_top2: share(&emergencies, &second),
        kind_recall: Kind::ALL
            .iter()
            .filter(|kind| **kind != Kind::None)
            .map(|kind| {
                let of: Vec<_> = emergencies.iter().copied().filter(|(message, _)| message.kind == *kind).collect();
                (*kind, share(&of, &|_, verdict| verdict.kind == *kind), of.len())
            })
            .collect(),
        severity_accuracy: (share(&severe, &|m, v| steps(m, v) == 0), share(&severe, &|m, v| steps(m, v) <= 1)),
        people_accuracy: share(&counted, &|message, verdict| message.people == verdict.people),
        people_silence: share(&silent, &|_, verdict| verdict.people.is_none()),
        quality: judge(&triage.model().schema, &triage.model().calibration, &probabilities, &truths),
        confusion,
    })
}
