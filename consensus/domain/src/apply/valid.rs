//! What a field may hold, the same in every command. Each refusal names the field and the remedy.

use bytes::Bytes;

use crate::{Micro, Place, Refusal, RefusalCode, limits};

pub(super) fn invalid(field: impl Into<String>, remedy: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Invalid, field, remedy)
}

pub(super) fn not_found(field: &str, what: impl std::fmt::Display) -> Refusal {
    Refusal::new(RefusalCode::NotFound, field, format!("there is no {what} here: check the id"))
}

pub(super) fn version_conflict(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::VersionConflict, field, message)
}

/// Of two people who edit the same the second one looks first: whoever names the version that they saw is refused when it is another
/// by now. 0 names none.
pub(super) fn seen_version(field: &str, seen: u64, version: u64) -> Result<(), Refusal> {
    if seen != 0 && seen != version {
        return Err(version_conflict(field, format!("it is at version {version}: look, then decide anew")));
    }
    Ok(())
}

/// The version under which it is kept, of what was put on the one that was seen.
pub(super) fn next_version(field: &str, seen: u64, former: Option<u64>) -> Result<u64, Refusal> {
    let former = former.unwrap_or(0);
    seen_version(field, seen, former)?;
    Ok(former.saturating_add(1))
}

pub(super) fn wrong_status(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::WrongStatus, field, message)
}

/// A list, a map after the command, against its bound.
pub(super) fn within(field: &str, count: usize, max: usize) -> Result<(), Refusal> {
    if count <= max {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Limit, field, format!("{count} are too many: at most {max}")))
}

/// A name: not empty, one line.
pub(super) fn name(field: &str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(invalid(field, "is empty: give a name"));
    }
    line(field, text, limits::NAME_BYTES_MAX)
}

/// A name, an address that may be empty: one line.
pub(super) fn maybe_name(field: &str, text: &str) -> Result<(), Refusal> {
    line(field, text, limits::NAME_BYTES_MAX)
}

/// One line of at most so many bytes.
pub(super) fn line(field: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.chars().any(char::is_control) {
        return Err(invalid(field, "holds control characters: send one line of plain text"));
    }
    within_bytes(field, text.len(), bytes_max)
}

/// A note that may be empty; lines are allowed.
pub(super) fn maybe_text(field: &str, text: &str) -> Result<(), Refusal> {
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(invalid(field, "holds control characters: send plain text"));
    }
    within_bytes(field, text.len(), limits::TEXT_BYTES_MAX)
}

/// A note, a reason: not empty.
pub(super) fn text(field: &str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(invalid(field, "is empty: say it in a few words"));
    }
    maybe_text(field, text)
}

/// Something sealed under the cluster key.
pub(super) fn sealed(field: &str, bytes: &Bytes) -> Result<(), Refusal> {
    within_bytes(field, bytes.len(), limits::CREDENTIAL_BYTES_MAX)
}

/// A place on the earth.
pub(super) fn place(field: &str, place: &Place) -> Result<(), Refusal> {
    if !(-900_000_000..=900_000_000).contains(&place.latitude_e7) {
        return Err(invalid(format!("{field}.latitude_e7"), "lies beyond a pole: send degrees times 10^7"));
    }
    if !(-1_800_000_000..=1_800_000_000).contains(&place.longitude_e7) {
        return Err(invalid(format!("{field}.longitude_e7"), "lies beyond 180 degrees: send degrees times 10^7"));
    }
    maybe_name(&format!("{field}.address"), &place.address)
}

/// A share, a confidence: 0 to 1.
pub(super) fn probability(field: &str, value: Micro) -> Result<(), Refusal> {
    if (0..=1_000_000).contains(&value.0) {
        return Ok(());
    }
    Err(invalid(field, "lies outside of 0 and 1: send millionths from 0 to 1000000"))
}

/// Items of a list, each once.
pub(super) fn distinct<T: Ord + std::fmt::Display>(
    field: &str,
    items: impl IntoIterator<Item = T>,
) -> Result<(), Refusal> {
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        if seen.contains(&item) {
            return Err(invalid(field, format!("{item} is there twice: name it once")));
        }
        seen.insert(item);
    }
    Ok(())
}

fn within_bytes(field: &str, bytes: usize, bytes_max: usize) -> Result<(), Refusal> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Limit, field, format!("{bytes} bytes are too many: at most {bytes_max}")))
}
