//! Deadlines, by the true history: each step of an escalation is taken once, not before its time, and in time once nothing is wrong. What was
//! never taken is `agree`'s to find (`judge/dispatch.rs`).

use std::collections::{BTreeMap, BTreeSet};

use agree::judge::{Verdict, broken};
use domain::{AssignmentEnd, EventBatch, EventKind, Incident, IncidentId, Millis, State, Subject, limits};

use super::Book;

/// How late a step may be when nothing is wrong: an actor looks again after a second, and a lead may just have moved.
pub const LATE_MS_MAX: u64 = 5_000;

/// Judges the true history, and the state that it came to.
pub fn judge(book: &Book, history: &[EventBatch], state: &State) -> Verdict {
    let mut held: BTreeMap<&IncidentId, &Incident> = BTreeMap::new();
    let mut climbed: BTreeSet<(&IncidentId, u32)> = BTreeSet::new();
    for event in history.iter().flat_map(|batch| &batch.events) {
        let Some(Subject::Incident(incident)) = &event.subject else { continue };
        let before = held.insert(&incident.id, incident);
        if event.kind != EventKind::IncidentEscalated {
            continue;
        }
        let (id, level) = (&incident.id, incident.escalation_level);
        if !climbed.insert((id, level)) {
            return Err(broken("deadlines", format_args!("{id} has climbed to {level} twice")));
        }
        let due = before.map_or(Millis(0), |before| before.acknowledge_due_at_ms);
        in_time(book, &format!("{id} to climb to {level}"), due, event.at_ms)?;
    }
    for incident in state.incidents().values() {
        let within = limits::OFFER_WITHIN_MS[incident.severity.level() - 1];
        for past in incident.dispatch.past.iter().filter(|past| past.end == Some(AssignmentEnd::Unanswered)) {
            let offered = past.steps.first().map_or(Millis(0), |step| step.received_at_ms);
            let what = format!("the offer {} to {} to run out", past.number, past.unit);
            in_time(book, &what, offered.plus(within), past.ended_at_ms)?;
        }
    }
    Ok(())
}

/// Whether what was due then, and happened then, was in time. Of what was due before all was healed nothing is said but that it was not early.
fn in_time(book: &Book, what: &str, due: Millis, at: Millis) -> Verdict {
    if at < due {
        return Err(broken("deadlines", format_args!("{what} was due at {due}, and was early: {at}")));
    }
    if due.0 > book.healed_at_ms && book.healed_at_ms > 0 && at.0 > due.0 + LATE_MS_MAX {
        return Err(broken("deadlines", format_args!("{what} was due at {due}, and was late: {at}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_is_never_right_and_late_only_in_a_storm() {
        let mut book = Book::default();
        let judge = |book: &Book, at| in_time(book, "it", Millis(10_000), Millis(at));
        assert!(judge(&book, 9_999).is_err());
        assert_eq!(judge(&book, 90_000), Ok(()), "it storms");
        book.healed(9_000);
        assert_eq!(judge(&book, 10_000 + LATE_MS_MAX), Ok(()));
        assert!(judge(&book, 10_001 + LATE_MS_MAX).is_err());
    }
}
