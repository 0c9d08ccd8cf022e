//! openraft's own suite for log and state machine, on the in-memory disk. (`rocks` runs it on RocksDB.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;

use openraft::{
    StorageError,
    testing::log::{StoreBuilder, Suite},
};
use raft::{LogStore, StateMachine, TypeConfig, memory::MemoryDisk};

struct Memory;

impl StoreBuilder<TypeConfig, LogStore, StateMachine> for Memory {
    async fn build(&self) -> Result<((), LogStore, StateMachine), StorageError<TypeConfig>> {
        let disk = Arc::new(MemoryDisk::default());
        let log = LogStore::open(1, disk.clone()).unwrap();
        let machine = StateMachine::open(1, disk).unwrap();
        Ok(((), log, machine))
    }
}

#[tokio::test]
async fn openraft_storage_suite_on_memory() {
    Suite::test_all(Memory).await.unwrap();
}
