//! By what a record was erased: one of its chain says so.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AuditPayload, AuditRecord, Command, GroupId, wire::Record};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::audit::part, app::App, cluster::read, error::ApiError, limits::AUDIT_EXPLAINERS_MAX};

/// What erased a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Erased {
    /// Number of the record that says so.
    record: u64,
    at_ms: u64,
    /// Number of the rules by which it was done; 0: by hand.
    rule: u64,
    /// By what, as whoever did it by hand said; else empty.
    said: String,
}

/// What the record says was erased, and by what; none: it erased nothing.
fn explained(record: &AuditRecord) -> Option<(Erased, Vec<u64>)> {
    let payload = AuditPayload::decode(&record.sealed.as_ref()?.payload).ok()?;
    let by = |rule, said| Erased { record: record.link.number, at_ms: record.link.at_ms.0, rule, said };
    match Command::decode(&payload.command).ok()? {
        Command::EraseAudit(it) => Some((by(0, it.rule), it.numbers)),
        Command::ErasePersonal(it) => Some((by(it.rule, String::new()), it.records)),
        _ => None,
    }
}

/// By what these records of a group were erased, as the first record says that says it. Looks at the `AUDIT_EXPLAINERS_MAX` that
/// come after the oldest of them: what only later ones tell, whoever verifies an export is told.
///
/// # Errors
/// This node's disk cannot be read.
pub(super) async fn erased(
    app: &App,
    group: GroupId,
    numbers: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, Erased>, ApiError> {
    let mut found = BTreeMap::new();
    let Some(oldest) = numbers.first().copied() else { return Ok(found) };
    let erasing: Vec<u64> = read(&*app.source, group, |state| {
        let later = state.erasure().erasing.iter().copied().filter(|number| *number > oldest);
        later.take(AUDIT_EXPLAINERS_MAX).collect()
    });
    for number in erasing {
        if found.len() == numbers.len() {
            break;
        }
        for record in part(app, group, number.saturating_sub(1), 1).await? {
            let Some((by, of)) = explained(&record) else { continue };
            for number in of.into_iter().filter(|number| numbers.contains(number)) {
                found.entry(number).or_insert_with(|| by.clone());
            }
        }
    }
    Ok(found)
}
