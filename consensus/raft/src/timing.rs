//! How openraft is set up.

use std::{io, time::Duration};

use openraft::{Config, SnapshotPolicy};

/// Between two heartbeats.
const HEARTBEAT_MS: u64 = 120;

/// How long the answer to a heartbeat is waited for, and so the longest round trip over which a group at rest keeps its leader: two
/// such fit into a lease. The next heartbeat to the same node waits meanwhile, which its vote outlasts twice.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_millis(350);

/// How long openraft waits for what it would give up after `duration`. For the answer to a heartbeat that is the time until the
/// next one: over a line that is slower none would count where nothing is written, so the leader would take its quorum for lost,
/// fall silent and lose its lead, and no linearizable read could be had. An answer counts from when its heartbeat was sent,
/// however late it comes, so no lease grows by this. openraft waits for nothing else that long.
pub(crate) fn patience(duration: Duration) -> Duration {
    if duration == Duration::from_millis(HEARTBEAT_MS) { ANSWER_WITHIN } else { duration }
}

/// openraft's timing. A follower's vote lapses after heartbeat silence of lease plus a random timeout, about 0.8 to
/// 1.2 s here: long enough for a slow fsync on a busy machine, short enough for a dispatcher.
pub(crate) fn config(group: u32) -> Result<Config, io::Error> {
    Config {
        cluster_name: format!("trongdong-{group}"),
        heartbeat_interval: HEARTBEAT_MS,
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

#[cfg(test)]
mod tests {
    use openraft::AsyncRuntime;
    use tokio::time::sleep;

    use super::*;
    use crate::stage::Runtime;

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_a_heartbeat_counts_that_comes_after_the_next_one_is_due() {
        let config = config(0).unwrap();
        let heartbeat = Duration::from_millis(config.heartbeat_interval);
        let lease = Duration::from_millis(config.election_timeout_max);
        let a_bit = Duration::from_millis(1);
        assert!(ANSWER_WITHIN > heartbeat && ANSWER_WITHIN * 2 <= lease, "two round trips within a lease");
        assert!(Runtime::timeout(heartbeat, sleep(ANSWER_WITHIN - a_bit)).await.is_ok());
        assert!(Runtime::timeout(heartbeat, sleep(ANSWER_WITHIN + a_bit)).await.is_err(), "and no later");
        let vote = Duration::from_millis(config.election_timeout_min);
        assert!(
            Runtime::timeout(vote, sleep(vote + a_bit)).await.is_err(),
            "all else is given up when openraft says so"
        );
    }
}
