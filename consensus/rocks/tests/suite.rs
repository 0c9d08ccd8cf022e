//! openraft's own suite for log and state machine, on RocksDB.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use openraft::{
    StorageError,
    testing::log::{StoreBuilder, Suite},
};
use raft::{LogStore, StateMachine, TypeConfig};
use rocks::{Options, RocksDisk};
use tempfile::TempDir;

struct Rocks;

impl StoreBuilder<TypeConfig, LogStore, StateMachine, TempDir> for Rocks {
    async fn build(&self) -> Result<(TempDir, LogStore, StateMachine), StorageError<TypeConfig>> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(RocksDisk::open(folder.path(), &Options::default()).unwrap());
        let log = LogStore::open(1, disk.clone()).unwrap();
        let machine = StateMachine::open(1, disk).unwrap();
        Ok((folder, log, machine))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openraft_storage_suite_on_rocksdb() {
    Suite::test_all(Rocks).await.unwrap();
}
