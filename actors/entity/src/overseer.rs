//! What the command group says that concerns the field groups which this node leads: districts were drawn anew, or the
//! cameras placed over other nodes.

use std::sync::Arc;

use domain::{EventKind, GroupId, State, Subject};
use tokio::sync::watch;

use crate::{
    camera::actor::CameraMsg,
    config::PUMP_BATCHES_MAX,
    host::{Ctx, GroupHost},
};

/// Runs until told to stop.
pub(crate) async fn oversee(ctx: Arc<Ctx>, hosts: Vec<Arc<GroupHost>>, mut stopping: watch::Receiver<bool>) {
    let cluster = &ctx.cluster;
    let mut applied = cluster.applied_watch(GroupId::COMMAND);
    let mut index = cluster.applied(GroupId::COMMAND).index;
    loop {
        let through = applied.borrow_and_update().index;
        let (mut is_drawn_anew, mut is_placed_anew) = (false, false);
        match cluster.events_after(GroupId::COMMAND, index, PUMP_BATCHES_MAX) {
            Ok(batches) => {
                for event in batches.iter().flat_map(|batch| &batch.events) {
                    is_drawn_anew |= matches!(event.subject, Some(Subject::District(_)));
                    is_placed_anew |= event.kind == EventKind::LiveNodesSet;
                }
                index = batches.last().map_or(index, |batch| batch.index);
                if batches.len() < PUMP_BATCHES_MAX {
                    index = index.max(through);
                }
            }
            // What happened meanwhile cannot be told; asking too much is harmless.
            Err(_) => {
                (is_drawn_anew, is_placed_anew) = (true, true);
                index = through;
            }
        }
        for reign in hosts.iter().filter_map(|host| host.reign()) {
            if is_drawn_anew {
                reign.read_districts();
            }
            if is_placed_anew {
                let cameras = |state: &State| state.cameras().keys().cloned().collect::<Vec<_>>();
                for camera in cluster.read(reign.group, cameras) {
                    reign.tell_camera(&camera, CameraMsg::PlacedAnew);
                }
            }
        }
        if index < through {
            continue;
        }
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => return,
            changed = applied.changed() => if changed.is_err() { return },
        }
    }
}
