//! What the parts of a node count, for `/metrics`.

use std::sync::Arc;

use entity::Router;
use ingest::mqtt::Intake;
use peer::Peers;
use raft::Groups;
use rocks::RocksDisk;

use crate::{files::NodeFiles, models::sensors::Sensors, room::DiskGauge};

/// Parts that count.
pub(crate) struct Parts {
    pub(crate) groups: Groups,
    pub(crate) router: Router,
    pub(crate) peers: Peers,
    pub(crate) disk: Arc<RocksDisk>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) gauge: Arc<DiskGauge>,
    pub(crate) sensors: Arc<Sensors>,
    pub(crate) files: Arc<NodeFiles>,
}

/// Names and values of all counts, whenever somebody asks.
pub(crate) fn counts(parts: Parts) -> edge::MoreMetrics {
    Arc::new(move || {
        let named = |prefix: &'static str, counts: Vec<(&'static str, u64)>| {
            counts.into_iter().map(move |(name, count)| (format!("{prefix}_{name}"), count))
        };
        let mut all: Vec<(String, u64)> = Vec::new();
        all.extend(named("entity", parts.router.counters().snapshot()));
        let raft = [
            ("successions_total", parts.groups.successions()),
            ("snapshots_installed_total", parts.groups.snapshots_installed()),
        ];
        all.extend(named("raft", raft.to_vec()));
        all.extend(named("peer", parts.peers.counters().all()));
        for (model, counts) in parts.sensors.counts() {
            let counted = [
                ("answered", counts.answered),
                ("late", counts.late),
                ("full", counts.full),
                ("failed", counts.failed),
            ];
            all.extend(counted.map(|(name, count)| (format!("model_{model}_{name}_total"), count)));
        }
        let rocks = parts.disk.counters();
        all.extend(named(
            "rocks",
            vec![
                ("entries_total", rocks.entries),
                ("bytes_total", rocks.bytes),
                ("batches_total", rocks.batches),
                ("fsyncs_total", rocks.fsyncs),
                ("fsync_us_total", rocks.fsync_us_sum),
                ("row_batches_total", rocks.row_batches),
                ("queue_ops", rocks.queue_ops),
                ("queue_bytes", rocks.queue_bytes),
                ("background_errors", rocks.background_errors),
                ("write_stopped", u64::from(rocks.write_stopped)),
            ],
        ));
        all.extend(named("scrub", crate::scrub::counted(&rocks)));
        all.extend(named("node", parts.gauge.snapshot()));
        all.extend(named("files", parts.files.snapshot()));
        all.extend(named("mqtt", parts.intake.counters().snapshot()));
        all
    })
}
