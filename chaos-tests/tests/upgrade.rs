//! From an earlier release to this one, node by node, under load. `TRONGDONG_OLDER` names a real program of an earlier build;
//! without it this build acts as the first release.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use chaos_tests::{older::Older, upgrade::upgrade};

/// A drill that promised less than this in one half has tested nothing.
const READINGS_MIN: usize = 300;
const COMMANDS_MIN: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_upgraded_node_by_node_under_load() {
    let upgraded = upgrade("upgrade", Older::from_environment().unwrap()).await.unwrap();
    for promises in &upgraded.promises {
        assert!(promises.readings_acknowledged() >= READINGS_MIN, "{} readings", promises.readings_acknowledged());
        assert!(promises.commands_acknowledged() >= COMMANDS_MIN, "{} commands", promises.commands_acknowledged());
    }
}
