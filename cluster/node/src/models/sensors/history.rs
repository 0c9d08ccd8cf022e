//! What was recorded of some sensors in the last months, as this node has it on its disk.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{DAY_MS, DeviceStatus, GroupId, Millis, SensorId, chunk::Sample, series::Asked};
use models::{
    forecast::SeriesKind,
    watch::{HISTORY_STEPS_MAX, History},
};
use raft::Groups;

use super::{ms, number};

/// Rows, and chunks, read for one group at most; what lies behind them is not learnt from.
const ROWS_MAX: usize = 2_000_000;
/// Readings between two looks at whether somebody still waits.
const READINGS_PER_LOOK: u64 = 4096;

/// Reads the histories of these series, unless `goes_on` says no.
///
/// # Errors
/// When the rows cannot be read.
pub(super) async fn read(
    groups: &Groups,
    group: GroupId,
    series: &BTreeMap<SensorId, SeriesKind>,
    now: Millis,
    goes_on: impl Fn() -> bool + Send + 'static,
) -> io::Result<BTreeMap<SensorId, History>> {
    let histories: BTreeMap<_, _> = series.iter().map(|(sensor, kind)| (sensor.clone(), History::new(*kind))).collect();
    let days = HISTORY_STEPS_MAX.div_ceil(24) as u64;
    let asked = Asked {
        sensors: series.keys().map(|sensor| (sensor.clone(), Millis(0))).collect(),
        from: Millis(now.0.saturating_sub(days * DAY_MS)),
        to: now.plus(DAY_MS),
    };
    let gathered = Arc::new(Mutex::new(histories));
    let into = gathered.clone();
    let mut seen = 0_u64;
    let take = move |sensor: &SensorId, sample: Sample| {
        if sample.status == DeviceStatus::Measuring {
            let mut histories = into.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(history) = histories.get_mut(sensor) {
                history.take(ms(sample.at_ms), number(sample.value_micro));
            }
        }
        seen += 1;
        !seen.is_multiple_of(READINGS_PER_LOOK) || goes_on()
    };
    groups.recorded(group, asked, ROWS_MAX, Box::new(take)).await?;
    let histories = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(histories)
}
