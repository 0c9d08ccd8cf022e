//! What people and nodes ask of the record: that a sensitive read stands in it, that payloads are erased by rule, that the
//! head of another group's chain is anchored here. That they stand in the chain themselves is `audit::append`'s work.

use super::{Outcome, Work, accepted, valid};
use crate::{AnchorAudit, EraseAudit, GroupId, RecordRead, Refusal, VOCABULARY_2, limits, rows, stored::Touched};

/// Somebody looked at something sensitive. Changes nothing: the record of it is the entry.
pub(super) fn record_read(work: &mut Work<'_>, command: &RecordRead) -> Outcome {
    work.by_person()?;
    valid::name("what", &command.what)?;
    valid::text("why", &command.why)?;
    Ok(accepted("", 0))
}

/// Deletes salts and payloads. The links stay, and this record says which were erased: so none that says it can go.
pub(super) fn erase(work: &mut Work<'_>, command: &EraseAudit) -> Outcome {
    valid::text("rule", &command.rule)?;
    check_numbers(work, "numbers", &command.numbers)?;
    if command.numbers.is_empty() {
        return Err(valid::invalid("numbers", "are empty or not ascending: name each record once, in order"));
    }
    if let Some(number) = command.numbers.iter().find(|number| work.state.erasure.may_explain(**number)) {
        let remedy = format!(
            "name record {number}, which says what was erased: without it the record verifies no more, leave it out"
        );
        return Err(valid::invalid("numbers", remedy));
    }
    drop_sealed(work, &command.numbers);
    Ok(accepted("", work.state.audit.number))
}

/// Numbers of records that are there, each once, in their order; none are, too.
pub(super) fn check_numbers(work: &Work<'_>, field: &str, numbers: &[u64]) -> Result<(), Refusal> {
    valid::within(field, numbers.len(), limits::ERASED_PER_COMMAND_MAX)?;
    if !numbers.is_sorted_by(|one, next| one < next) {
        return Err(valid::invalid(field, "are empty or not ascending: name each record once, in order"));
    }
    let newest = work.state.audit.number;
    if numbers.first() == Some(&0) || numbers.last().is_some_and(|last| *last > newest) {
        return Err(valid::invalid(field, format!("are not all there: records are 1 to {newest}")));
    }
    Ok(())
}

/// Salts and payloads of these records go; their links stay. The record that this entry becomes says so, and is kept.
pub(super) fn drop_sealed(work: &mut Work<'_>, numbers: &[u64]) {
    work.deleted.extend(numbers.iter().map(|number| rows::audit_sealed_key(*number)));
    // A log of an earlier release may hold that such a record was erased.
    if numbers.is_empty() || !work.state.has_feature(VOCABULARY_2) {
        return;
    }
    let number = work.state.audit.number.saturating_add(1);
    let erasing = &mut work.state.erasure.erasing;
    if erasing.len() >= limits::ERASING_RECORDS_MAX {
        erasing.remove(0);
    }
    erasing.push(number);
    work.touch(Touched::Erasure);
}

/// The head of another group's chain, as its leader saw it. Changes nothing: the record of it is the entry.
pub(super) fn anchor(work: &mut Work<'_>, command: &AnchorAudit) -> Outcome {
    if command.group == work.state.group || !GroupId::all().any(|group| group == command.group) {
        return Err(valid::invalid("group", "is this one or none: anchor another group's chain"));
    }
    Ok(accepted("", command.number))
}
