//! Two screens: both were told the same, in the same order.

use node::watch::picture::{Group, Picture, Seen};

use super::Broken;

/// The entry up to which a screen holds a group. Who begins at an entry and has not heard its events calls its end by another
/// ordinal, and holds all of it the same.
fn entry(group: &Group) -> Option<(u64, u64)> {
    group.through.map(|through| (through.epoch, through.index))
}

/// Whether both screens hold the group up to the same entry: then both were told everything up to there.
#[must_use]
pub fn is_abreast(one: &Group, two: &Group) -> bool {
    entry(one).is_some() && entry(one) == entry(two)
}

/// Two screens with one view, looked at where both are at the same place: each was told the same, in the same order, since both
/// have their newest snapshot. Yields also how many events they have in common.
#[must_use]
pub fn judge_streams(one: &Picture, two: &Picture) -> (Broken, usize) {
    let mut broken = Broken::default();
    let mut common = 0;
    for (number, (one, two)) in one.groups.iter().zip(&two.groups).enumerate() {
        // Their ends are laid upon each other below: of screens at different places these are different events.
        if entry(one) != entry(two) {
            let (left, right) = (one.through, two.through);
            broken.put(format!("group {number}: one screen is at {left:?}, the other at {right:?}: no common end"));
            continue;
        }
        let one: Vec<&Seen> = one.since_snapshot().collect();
        let two: Vec<&Seen> = two.since_snapshot().collect();
        let length = one.len().min(two.len());
        common += length;
        let tails = one[one.len() - length..].iter().zip(&two[two.len() - length..]);
        // From the end, where both are the same: one event more shifts all that came before it.
        if let Some((left, right)) = tails.rev().find(|(left, right)| left.fingerprint != right.fingerprint) {
            broken.put(format!(
                "group {number}: one screen was told {:?} {} at {:?}, the other {:?} {} at {:?}",
                left.kind, left.subject, left.at, right.kind, right.subject, right.at
            ));
        }
    }
    (broken, common)
}
