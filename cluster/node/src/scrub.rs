//! Has the disk read everything that it stores, slowly and without an end: a bit that flips in an old entry or row is found
//! while the other nodes still have it. What is found is in the status and on `/metrics`.

use std::{sync::Arc, time::Duration};

use rocks::{CounterValues, RocksDisk};
use tokio::time::{MissedTickBehavior, interval};

/// Bytes of one step, and time between two: 2 MiB/s, which is 7 GiB in an hour and a hundredth of what a disk reads.
const STEP_BYTES: usize = 2 << 20;
const STEP: Duration = Duration::from_secs(1);

/// Runs until the disk is dead, or the task is ended.
pub(crate) async fn scrub(disk: Arc<RocksDisk>) {
    let mut tick = interval(STEP);
    // A disk that is slow is left alone, not asked twice as often.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let reading = Arc::clone(&disk);
        let read = tokio::task::spawn_blocking(move || reading.scrub(STEP_BYTES)).await;
        match read {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return tracing::warn!(%error, "nothing is read any more to see whether it is whole"),
            Err(_) => return,
        }
    }
}

/// For `/metrics`.
pub(crate) fn counted(rocks: &CounterValues) -> Vec<(&'static str, u64)> {
    vec![("bytes_total", rocks.scrubbed_bytes), ("rounds_total", rocks.scrub_rounds), ("rotten", rocks.rotten)]
}
