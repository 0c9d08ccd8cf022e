//! Actors: none of them fails, whatever happens to its node. One that did would begin anew on its next use, and hide it.

use std::sync::atomic::Ordering;

use agree::judge::{Verdict, broken};

use crate::town::Town;

/// Judges the actors of all nodes that are up, since they started.
pub fn judge(town: &Town) -> Verdict {
    for node in town.world.node_ids() {
        let Some(host) = town.hosts.at(node) else { continue };
        let failed = host.router.counters().actor_failures.load(Ordering::Relaxed);
        if failed > 0 {
            return Err(broken("actors", format_args!("{failed} actors have failed on node {node}")));
        }
    }
    Ok(())
}
