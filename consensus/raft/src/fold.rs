//! Readings at rest: each node packs the rows of readings of its own disk into chunks, in the background, and takes out what
//! is not kept any longer. Nothing is decided here: `apply` reads neither rows nor chunks, and nobody waits for any of this. A
//! node that does not get round to it has more rows.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{
    DAY_MS, GroupId, Millis, SensorId,
    chunk::{self, Fold, FoldError},
    rows,
};

use crate::{
    disk::{Disk, DiskSnapshot, Replacement},
    groups::Groups,
    room::Room,
    stage,
    types::malformed,
};

/// How often a node looks whether there is something to fold.
const FOLD_TICK: Duration = Duration::from_secs(60);
/// Rows are folded when they are of an earlier hour of the cluster's clock: a chart reads at most an hour of rows.
const HOUR_MS: u64 = 3_600_000;
/// Or when there are so many: a chart reads at most so many, and what is recorded between two looks.
const ROWS_PER_FOLD: usize = 16_384;
/// Or when they hold so many bytes, which bounds what a fold holds in memory to some five times as much.
const BYTES_PER_FOLD: usize = 16 << 20;
/// Rows read at a time.
const ROWS_PER_READ: usize = 512;

/// Whether to wait until a fold is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// When rows are of an earlier hour, or many.
    Worth,
    /// All rows that are there, and drop what is not kept: for tests and measurements.
    Now,
}

/// What became of a group's readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Rows that went.
    pub rows: usize,
    /// Readings that they held.
    pub readings: usize,
    /// Chunks that were written in their place, new or filled up.
    pub chunks: usize,
    /// Chunks that went because their readings are not kept any longer.
    pub dropped: usize,
}

/// What a node remembers of a group between two looks, so that it reads each row once to count it and once to fold it.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Of which state.
    generation: u32,
    /// Rows up to this key are counted.
    through: Option<Bytes>,
    rows: usize,
    bytes: usize,
    /// From when on readings counted when chunks were dropped last.
    floors: BTreeMap<SensorId, Millis>,
}

impl Groups {
    /// Folds the readings of all groups of this node for ever, and drops what is not kept. What fails is tried again.
    pub async fn keep_readings(&self) {
        let mut tick = tokio::time::interval(FOLD_TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failed = BTreeMap::new();
        loop {
            tick.tick().await;
            // One group after another: this is to be slow rather than in the way.
            for group in self.field() {
                match self.fold_readings(group, Due::Worth).await {
                    Ok(folded) => {
                        failed.remove(&group);
                        if folded != Folded::default() {
                            tracing::debug!(%group, ?folded, "readings are folded");
                        }
                    }
                    Err(error) => {
                        let said = error.to_string();
                        if failed.get(&group) != Some(&said) {
                            tracing::error!(%group, error = %said, "readings stay rows on this node");
                            failed.insert(group, said);
                        }
                    }
                }
            }
        }
    }

    /// Folds the readings of one group on this node, and drops what is not kept.
    ///
    /// # Errors
    /// The disk fails, or a row or chunk on it cannot be read; what was not folded stays as it is.
    pub async fn fold_readings(&self, id: GroupId, due: Due) -> io::Result<Folded> {
        let mut folded = Folded::default();
        let group = Arc::clone(self.group(id));
        // One at a time: a second one would see the same rows.
        let mut looked = group.folding.lock().await;
        loop {
            let (is_on, clock, floors) = self.read(id, |state| {
                let floors = state.sensors().keys().map(|sensor| (sensor.clone(), state.readings_from(sensor)));
                let floors: BTreeMap<_, _> = floors.filter(|(_, from)| from.is_set()).collect();
                (state.has_feature(chunk::FEATURE), state.clock(), floors)
            });
            // A full disk cannot take the chunks, from which it would get room only with the next compaction.
            if !is_on || self.room(self.node()) == Room::None {
                return Ok(folded);
            }
            let (kept, mut taken) = (Arc::clone(&group), std::mem::take(&mut *looked));
            let (step, after) = stage::blocking(move || {
                let disk = &kept.disk;
                // A row that came behind what was folded would stand in its range.
                kept.shared.write_down(disk.as_ref())?;
                let step = fold(disk.as_ref(), id.0, due, clock, &mut taken)?;
                if step.rows > 0 {
                    return Ok((step, taken));
                }
                let dropped = drop_chunks(disk.as_ref(), id.0, due, floors, &mut taken)?;
                Ok((Folded { dropped, ..step }, taken))
            })
            .await?;
            *looked = after;
            folded.rows += step.rows;
            folded.readings += step.readings;
            folded.chunks += step.chunks;
            folded.dropped += step.dropped;
            if step.rows == 0 {
                return Ok(folded);
            }
        }
    }
}

/// One step: the oldest rows, at most [`ROWS_PER_FOLD`], become chunks in one write.
fn fold(disk: &dyn Disk, group: u32, due: Due, clock: Millis, looked: &mut Looked) -> io::Result<Folded> {
    let view = disk.snapshot(group)?;
    if looked.generation != view.generation() {
        *looked = Looked { generation: view.generation(), ..Looked::default() };
    }
    let Some((from, to)) = due_rows(view.as_ref(), due, clock, looked)? else { return Ok(Folded::default()) };
    let unreadable = |error| malformed(&format!("group {group}: {error}"));
    let (mut fold, mut bytes, mut count, mut at) = (Fold::default(), 0, 0, from);
    while bytes < BYTES_PER_FOLD && count < ROWS_PER_FOLD {
        let found = view.scan(&at, &to, ROWS_PER_READ)?;
        let Some((last, _)) = found.last() else { break };
        at = rows::after(last);
        count += found.len();
        for (key, value) in &found {
            bytes += value.len();
            fold.add(key, value).map_err(|error| unreadable(error.to_string()))?;
        }
    }
    let Some(range) = fold.range() else { return Ok(Folded::default()) };
    let readings = fold.count();
    let open = |sensor: &SensorId, day: Millis| {
        let (from, to) = rows::reading_chunks_range(sensor, day, day.plus(DAY_MS));
        view.last(&from, &to)
    };
    let puts = fold.chunks(open).map_err(|error| match error {
        FoldError::Open(error) => error,
        other => unreadable(other.to_string()),
    })?;
    let chunks = puts.len();
    let step = Replacement { range: Some(range), deletes: Vec::new(), puts };
    // What it was made of is gone if another snapshot was installed: the next look sees to it.
    if !disk.replace_rows(group, view.generation(), step)? {
        return Ok(Folded::default());
    }
    // The floors are asked again: what was folded may lie below them.
    *looked = Looked { generation: view.generation(), ..Looked::default() };
    Ok(Folded { rows: count, readings, chunks, dropped: 0 })
}

/// The range of the rows that are to be folded; none: it is not worth it yet.
fn due_rows(
    view: &dyn DiskSnapshot,
    due: Due,
    clock: Millis,
    looked: &mut Looked,
) -> io::Result<Option<(Bytes, Bytes)>> {
    let (from, end) = rows::readings_range(Millis(0), Millis(u64::MAX));
    let hour = rows::readings_range(Millis(0), Millis(clock.0 - clock.0 % HOUR_MS)).1;
    let first = view.scan(&from, &end, 1)?;
    let Some((first, _)) = first.first() else { return Ok(None) };
    if due == Due::Now {
        return Ok(Some((from, end)));
    }
    if *first < hour {
        return Ok(Some((from, hour)));
    }
    let mut at = looked.through.as_deref().map_or(from.clone(), rows::after);
    while looked.rows < ROWS_PER_FOLD && looked.bytes < BYTES_PER_FOLD {
        let found = view.scan(&at, &end, ROWS_PER_READ)?;
        let Some((last, _)) = found.last() else { return Ok(None) };
        at = rows::after(last);
        looked.through = Some(last.clone());
        looked.rows += found.len();
        looked.bytes += found.iter().map(|(_, value)| value.len()).sum::<usize>();
    }
    Ok(Some((from, at)))
}

/// Takes out chunks whose readings do not count any more. A chunk holds one day, and what counts begins with a day.
fn drop_chunks(
    disk: &dyn Disk,
    group: u32,
    due: Due,
    floors: BTreeMap<SensorId, Millis>,
    looked: &mut Looked,
) -> io::Result<usize> {
    if due == Due::Worth && looked.floors == floors {
        return Ok(0);
    }
    let view = disk.snapshot(group)?;
    let mut dropped = 0;
    for (sensor, floor) in &floors {
        let (mut at, end) = rows::reading_chunks_range(sensor, Millis(0), *floor);
        loop {
            let found = view.scan(&at, &end, ROWS_PER_READ)?;
            let Some((last, _)) = found.last() else { break };
            at = rows::after(last);
            dropped += found.len();
            let deletes = found.into_iter().map(|(key, _)| key).collect();
            if !disk.replace_rows(group, view.generation(), Replacement { deletes, ..Replacement::default() })? {
                return Ok(dropped);
            }
        }
    }
    looked.floors = floors;
    Ok(dropped)
}

#[cfg(test)]
mod tests;
