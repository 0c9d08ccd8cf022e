//! Where things live: the field group of each device, and the nodes that are up.

use super::{Outcome, Work, accepted, valid};
use crate::{EventKind, LiveNodes, PlaceEntities, SetLiveNodes, limits, stored::Touched};

/// A device that is placed keeps its group: its state is there. The reply does not tell which were new.
pub(super) fn place(work: &mut Work<'_>, command: &PlaceEntities) -> Outcome {
    let placements = &command.placements;
    if let Some(placement) = placements.iter().find(|placement| !placement.group.is_field()) {
        let remedy = format!("{} keeps no devices: choose 1 to {}", placement.group, limits::FIELD_GROUPS);
        return Err(valid::invalid("placements.group", remedy));
    }
    valid::distinct("placements.entity", placements.iter().map(|placement| &placement.entity))?;
    valid::within("placements", placements.len(), limits::PLACEMENTS_PER_COMMAND_MAX)?;
    let is_new = |entity: &_| !work.state.placements.contains_key(entity);
    let added: Vec<_> = placements.iter().filter(|placement| is_new(&placement.entity)).collect();
    valid::within("placements", work.state.placements.len() + added.len(), limits::PLACEMENTS_MAX)?;
    for placement in added {
        work.state.placements.insert(placement.entity.clone(), placement.group);
        work.touch(Touched::Placement(placement.entity.clone()));
    }
    Ok(accepted("", 0))
}

pub(super) fn set_live_nodes(work: &mut Work<'_>, command: &SetLiveNodes) -> Outcome {
    if !command.nodes.is_sorted_by(|one, next| one < next) {
        return Err(valid::invalid("nodes", "are not ascending: name each once, in order"));
    }
    valid::within("nodes", command.nodes.len(), limits::NODES_MAX)?;
    let epoch = work.state.live_nodes.epoch;
    if epoch.checked_add(1) != Some(command.epoch) {
        return Err(valid::version_conflict("epoch", format!("is not the one after {epoch}: look, then decide anew")));
    }
    let live_nodes = LiveNodes { nodes: command.nodes.clone(), epoch: command.epoch };
    work.state.live_nodes = live_nodes.clone();
    work.emit(EventKind::LiveNodesSet, "", Some(live_nodes.into()));
    Ok(accepted("", command.epoch))
}
