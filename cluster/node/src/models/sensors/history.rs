//! What was recorded of some sensors in the last months, read from the rows of this node: the newest day first, so that a
//! bound costs the oldest.

use std::{collections::BTreeMap, io};

use domain::{DeviceStatus, GroupId, Millis, Readings, SensorId, rows, wire::Record};
use models::{
    forecast::SeriesKind,
    watch::{HISTORY_STEPS_MAX, History},
};
use raft::Groups;

use super::{ms, number};

/// Rows read for one group at most; what lies before them is not learnt from.
const ROWS_MAX: usize = 2_000_000;
/// Rows fetched at a time.
const ROWS_PER_SCAN: usize = 1024;
const DAY_MS: u64 = 86_400_000;

/// Reads the histories of these series, unless `goes_on` says no.
///
/// # Errors
/// When the rows cannot be read.
pub(super) async fn read(
    groups: &Groups,
    group: GroupId,
    series: &BTreeMap<SensorId, SeriesKind>,
    now: Millis,
    goes_on: &dyn Fn() -> bool,
) -> io::Result<BTreeMap<SensorId, History>> {
    let mut histories: BTreeMap<_, _> =
        series.iter().map(|(sensor, kind)| (sensor.clone(), History::new(*kind))).collect();
    let days = HISTORY_STEPS_MAX.div_ceil(24) as u64;
    let (mut to, mut scanned) = (now.plus(DAY_MS), 0);
    for _ in 0..=days {
        let from = Millis(to.0.saturating_sub(DAY_MS));
        let (mut at, end) = rows::readings_range(from, to);
        loop {
            if !goes_on() || scanned >= ROWS_MAX {
                return Ok(histories);
            }
            let found = groups.scan(group, at, end.clone(), ROWS_PER_SCAN).await?;
            scanned += found.len();
            for (_, value) in &found {
                take(&mut histories, value);
            }
            let Some((last, _)) = found.last().filter(|_| found.len() == ROWS_PER_SCAN) else { break };
            // The key right after it.
            at = [&last[..], &[0][..]].concat().into();
        }
        to = from;
    }
    Ok(histories)
}

fn take(histories: &mut BTreeMap<SensorId, History>, row: &[u8]) {
    // A row that cannot be read teaches nothing.
    let Ok(recorded) = Readings::decode(row) else { return };
    for reading in recorded.readings.iter().filter(|reading| reading.status == DeviceStatus::Measuring) {
        if let Some(history) = histories.get_mut(&reading.sensor) {
            history.take(ms(reading.at_ms), number(reading.value_micro));
        }
    }
}
