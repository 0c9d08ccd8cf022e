//! Run cards: configured, and read by whoever recommends.

use super::{Outcome, Work, accepted, valid};
use crate::{EventKind, PutRunCard, RunCard, VOCABULARY_2, limits, stored::Touched};

pub(super) fn put(work: &mut Work<'_>, command: &PutRunCard) -> Outcome {
    let card = &command.card;
    valid::within("card.needs", card.needs.len(), limits::SKILLS_MAX)?;
    for need in &card.needs {
        valid::name("card.needs.skill", &need.skill)?;
        let count = usize::try_from(need.count).unwrap_or(usize::MAX);
        if !(1..=limits::INCIDENT_UNITS_MAX).contains(&count) {
            let remedy = format!("is {count}: send 1 to {}", limits::INCIDENT_UNITS_MAX);
            return Err(valid::invalid("card.needs.count", remedy));
        }
    }
    valid::distinct("card.needs", card.needs.iter().map(|need| &need.skill))?;
    let key = (card.kind, card.severity);
    let name = format!("{}-{}", card.kind, card.severity);
    let former = work.state.run_cards.get(&key);
    let version = former.map_or(0, |former| former.version);
    if former.map_or(card.needs.is_empty(), |former| former.needs == card.needs) {
        return Ok(accepted(name, version));
    }
    // A log of an earlier release may name any.
    if work.state.has_feature(VOCABULARY_2) {
        valid::seen_version("card.version", card.version, version)?;
    }
    let words = card.needs.iter().map(|need| format!("{} {}", need.count, need.skill)).collect::<Vec<_>>().join(", ");
    if card.needs.is_empty() {
        work.state.run_cards.remove(&key);
    } else {
        work.state.run_cards.insert(key, RunCard { version: version + 1, ..card.clone() });
    }
    work.touch(Touched::RunCard(card.kind, card.severity));
    work.emit(EventKind::RunCardPut, &format!("{name}: {words}"), None);
    Ok(accepted(name, version + 1))
}
