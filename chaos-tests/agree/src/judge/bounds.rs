//! Bounds and invariants.

use domain::{State, limits};
use raft::NodeId;

use super::{Verdict, broken};
use crate::disk::{QUEUE_BYTES_BEYOND, QUEUE_BYTES_MAX};

/// The queue of a disk: who appends waits for room.
pub fn judge_queue(node: NodeId, bytes: usize) -> Verdict {
    let most = QUEUE_BYTES_MAX + QUEUE_BYTES_BEYOND;
    if bytes <= most {
        return Ok(());
    }
    Err(broken("bounds", format_args!("{bytes} bytes wait for the disk of node {node}, which are more than {most}")))
}

/// The numbered invariants of the state, and the windows of its sessions and sensors.
pub fn judge_state(state: &State) -> Verdict {
    state.check().map_err(|violation| broken("bounds", format_args!("{violation:?}")))?;
    let window = usize::try_from(limits::SESSION_WINDOW).unwrap_or(usize::MAX);
    for session in state.sessions().values() {
        if session.answered.len() > window {
            let kept = session.answered.len();
            return Err(broken("bounds", format_args!("session {} keeps {kept} answers", session.id)));
        }
    }
    Ok(())
}
