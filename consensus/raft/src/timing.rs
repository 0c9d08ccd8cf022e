//! How openraft is set up.

use std::io;

use openraft::{Config, SnapshotPolicy};

/// openraft's timing. A follower's vote lapses after heartbeat silence of lease plus a random timeout, about 0.8 to
/// 1.2 s here: long enough for a slow fsync on a busy machine, short enough for a dispatcher.
pub(crate) fn config(group: u32) -> Result<Config, io::Error> {
    Config {
        cluster_name: format!("trongdong-{group}"),
        heartbeat_interval: 120,
        election_timeout_min: 450,
        election_timeout_max: 700,
        heartbeat_min_interval: Some(60),
        install_snapshot_timeout: 120_000,
        max_payload_entries: 1024,
        max_append_entries: Some(4096),
        replication_lag_threshold: 60_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(50_000),
        max_in_snapshot_log_to_keep: 20_000,
        purge_batch_size: 1024,
        enable_pre_vote: Some(true),
        enable_leader_restore: Some(false),
        // Who comes back without what it had acknowledged is sent it again, and told (see `network`): a leader that will not
        // look behind that point would send it nothing more.
        allow_log_reversion: Some(true),
        quorum_loss_probe_interval: Some(2_000),
        ..Config::default()
    }
    .validate()
    .map_err(io::Error::other)
}
