//! A gauge's device: sends batches of readings until they are acknowledged, as an MQTT client does that keeps what has no PUBACK. Now and then the
//! river is over its limit, and under it again.

use std::{sync::Arc, time::Duration};

use agree::{judge::promises::Fate, stage};
use domain::{DeviceStatus, Micro, Millis, Reading, ReadingVerdict};
use raft::NodeId;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use crate::{
    line::ATTEMPT_MAX,
    person::PATIENCE,
    town::{ALARM_MICRO, Town, gauge},
};

/// Between two batches, in ms.
const PAUSE_MS: (u64, u64) = (150, 1_200);

/// Readings of a batch.
const BATCH: u64 = 3;

/// How far from the limit the river is, in millionths of a metre: beyond the hysteresis, above or below.
const AROUND_MICRO: (u64, u64) = (600_000, 2_000_000);

/// Of a thousand batches so many find the river on the other side of the limit: fewer than would make a flood of alarms.
const TURNS_PER_MILLE: u64 = 120;

/// Works until the storm is over.
pub async fn work(town: Arc<Town>, number: u64) {
    let mut chance = town.world.chance().fork();
    let sensor = gauge(number);
    let (mut last_ms, mut is_high) = (0, false);
    while town.world.storms() {
        let pause = chance.ms(PAUSE_MS.0, PAUSE_MS.1);
        sleep(pause).await;
        is_high ^= chance.per_mille(TURNS_PER_MILLE);
        let mut readings = Vec::new();
        for _ in 0..BATCH {
            // A device never tells of one moment twice.
            last_ms = stage::wall_ms(stage::WORLD).max(last_ms + 1);
            let around = i64::try_from(chance.between(AROUND_MICRO.0, AROUND_MICRO.1)).unwrap_or(0);
            let value = if is_high { ALARM_MICRO + around } else { ALARM_MICRO - around };
            town.world.judges.promises().reading((sensor.to_string(), last_ms), value, Fate::Unknown);
            readings.push(Reading {
                sensor: sensor.clone(),
                at_ms: Millis(last_ms),
                value_micro: Micro(value),
                status: DeviceStatus::Measuring,
                unit_of_measure: String::new(),
            });
        }
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let nodes: Vec<NodeId> = town.world.node_ids().collect();
            let node = chance.pick(&nodes).copied().unwrap_or(1);
            if let Some(verdicts) = push(&town, node, readings.clone()).await {
                acknowledged(&town, &readings, &verdicts);
                break;
            }
            let pause = chance.ms(20, 200);
            sleep(pause).await;
        }
    }
}

/// One attempt; none: nobody knows.
async fn push(town: &Town, node: NodeId, readings: Vec<Reading>) -> Option<Vec<ReadingVerdict>> {
    let host = town.hosts.at(node)?;
    let (tell, answer) = oneshot::channel();
    stage::spawn_on(node, async move {
        // Who asked may not wait any more.
        let _ = tell.send(host.router.record(readings, ATTEMPT_MAX).await);
    });
    let answer = timeout(ATTEMPT_MAX + Duration::from_millis(500), answer).await.ok()?.ok()?;
    let lost = town.world.ways().lost_per_mille;
    // A PUBACK can be lost as well.
    if town.world.chance().per_mille(lost) { None } else { answer.ok() }
}

fn acknowledged(town: &Town, readings: &[Reading], verdicts: &[ReadingVerdict]) {
    let is_right = |verdict: &ReadingVerdict| matches!(verdict, ReadingVerdict::Recorded | ReadingVerdict::Duplicate);
    if verdicts.len() != readings.len() || !verdicts.iter().all(is_right) {
        town.world.violate("promises", format_args!("readings were answered with {verdicts:?}"));
        return;
    }
    town.count(|counts| counts.answered += 1);
    for reading in readings {
        let measured = (reading.sensor.to_string(), reading.at_ms.0);
        town.world.judges.promises().reading(measured, reading.value_micro.0, Fate::Acknowledged);
    }
}
