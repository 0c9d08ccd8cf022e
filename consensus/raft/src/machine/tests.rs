//! What is left of rows that wait when a snapshot is installed, and when an apply breaks off.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{Command, Entry as Proposed, RaisePolicyFloor, SwitchFeature, wire::Record};
use openraft::vote::RaftLeaderId;

use super::*;
use crate::{
    memory::MemoryDisk,
    types::{Encoded, LeaderId},
};

const GROUP: u32 = 3;

fn entry(index: u64, command: impl Into<Command>) -> Entry {
    let proposed =
        Proposed { at_ms: Millis(index), request: None, grant: None, command: command.into(), salt: Bytes::new() };
    let log_id = LogId::new(LeaderId::new(1, 1).to_committed(), index);
    Entry::new(log_id, EntryPayload::Normal(Encoded::new(Bytes::from(proposed.encode()))))
}

#[tokio::test]
async fn nothing_of_the_former_state_is_written_over_a_snapshot_that_this_version_cannot_go_on_with() {
    let (there, here) = (Arc::new(MemoryDisk::default()), Arc::new(MemoryDisk::default()));
    let mut newer = StateMachine::open(GROUP, there).unwrap();
    let feature = domain::FEATURES[0];
    newer.apply_batch(vec![entry(1, SwitchFeature { feature }), entry(2, RaisePolicyFloor { floor: 9 })]).unwrap();
    let snapshot = newer.get_snapshot_builder().await.build_snapshot().await.unwrap();
    let mut older = StateMachine::open_knowing(GROUP, here.clone(), &[]).unwrap();
    older.apply_batch(vec![entry(1, RaisePolicyFloor { floor: 5 })]).unwrap();
    assert!(older.install_snapshot(&snapshot.meta, snapshot.snapshot).await.is_err(), "it does not know the feature");
    // Somebody reads rows before the node is down.
    older.shared.write_down(here.as_ref()).unwrap();
    let (last, _, view) = load(GROUP, here.as_ref()).unwrap();
    assert_eq!((last.map(|id| id.index), view.state.policy_floor()), (Some(2), 9), "the snapshot, whole");
}

#[tokio::test]
async fn nothing_is_written_once_an_apply_broke_off() {
    let disk = Arc::new(MemoryDisk::default());
    let mut machine = StateMachine::open(GROUP, disk.clone()).unwrap();
    machine.apply_batch(vec![entry(1, RaisePolicyFloor { floor: 5 })]).unwrap();
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let _view = machine.shared.view_mut();
        panic!("an entry that cannot be applied");
    }));
    assert!(broken.is_err());
    assert!(machine.shared.write_down(disk.as_ref()).is_err());
    assert_eq!(disk.applied(GROUP).unwrap(), None, "the log gives all of it back");
}
