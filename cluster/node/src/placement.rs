//! Which node fetches which camera: decided by everybody alike, from the live nodes that group 0 agreed on.

use std::{sync::Arc, time::Duration};

use domain::{CameraId, Command, GroupId, LiveNodes, SetLiveNodes};
use edge::{Sealer, camera_context};
use ingest::rtsp::{CameraConfig, Fleet};
use peer::{NodeId, Peers};
use raft::{Groups, Proposal};
use sha2::{Digest, Sha256};

/// How often the set of connected nodes is looked at. It must be the same twice before it counts.
const LIVE_TICK: Duration = Duration::from_secs(1);

/// How often this node looks for cameras that have come or gone.
const ASSIGN_TICK: Duration = Duration::from_secs(1);

/// How long a proposal of the live set may take.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The node that fetches `camera`: rendezvous hashing (Thaler & Ravishankar 1998), so that a node that goes moves only its
/// own cameras. None when no node lives.
#[must_use]
pub fn owner(camera: &CameraId, nodes: &[NodeId]) -> Option<NodeId> {
    let weight = |node: NodeId| -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(camera.as_str());
        hash.update(node.to_be_bytes());
        hash.finalize().into()
    };
    nodes.iter().copied().max_by_key(|node| weight(*node))
}

/// While this node leads group 0: tells it which nodes are up.
pub(crate) async fn agree_on_live_nodes(groups: Groups, peers: Peers) {
    let lead = groups.lead_watch(GroupId::COMMAND);
    let mut tick = tokio::time::interval(LIVE_TICK);
    let mut seen: Option<Vec<NodeId>> = None;
    loop {
        tick.tick().await;
        if !lead.borrow().is_self_ready {
            seen = None;
            continue;
        }
        let voters = groups.voters(GroupId::COMMAND);
        let mut up: Vec<NodeId> =
            voters.into_iter().filter(|id| *id == groups.node() || peers.is_connected(*id)).collect();
        up.sort_unstable();
        let stable = seen.as_ref() == Some(&up);
        seen = Some(up.clone());
        let LiveNodes { nodes, epoch } = groups.read(GroupId::COMMAND, |state| state.live_nodes().clone());
        if !stable || nodes == up {
            continue;
        }
        let command = Command::SetLiveNodes(SetLiveNodes { nodes: up, epoch: epoch + 1 });
        if let Err(error) = groups.propose(GroupId::COMMAND, Proposal::system(command), PROPOSE_TIMEOUT).await {
            tracing::warn!(%error, "the live nodes could not be agreed on: trying again");
        }
    }
}

/// What a camera's session needs: its id, its address, and a digest of its login.
type Session = (CameraId, String, u64);

/// Keeps the cameras that this node fetches as state has them.
pub(crate) async fn assign_cameras(groups: Groups, fleet: Arc<Fleet>, sealer: Sealer) {
    let mut tick = tokio::time::interval(ASSIGN_TICK);
    let mut last: Option<(u64, Vec<Session>)> = None;
    loop {
        tick.tick().await;
        let live = groups.read(GroupId::COMMAND, |state| state.live_nodes().clone());
        let mut mine = Vec::new();
        let mut configs = Vec::new();
        for group in GroupId::field() {
            groups.read(group, |state| {
                for camera in state.cameras().values() {
                    if owner(&camera.id, &live.nodes) != Some(groups.node()) {
                        continue;
                    }
                    // Health changes the version but not the session: what the session needs is compared.
                    let credential = u64::from(crc_of(&camera.credential_sealed));
                    mine.push((camera.id.clone(), camera.rtsp_url.clone(), credential));
                    configs.push((camera.id.clone(), camera.rtsp_url.clone(), camera.credential_sealed.clone()));
                }
            });
        }
        let now = (live.epoch, mine);
        if last.as_ref() == Some(&now) {
            continue;
        }
        let configs = configs.into_iter().map(|(camera, url, sealed)| config(&sealer, camera, url, &sealed)).collect();
        match fleet.assign(configs, live.epoch) {
            Ok(assigned) => {
                for camera in &assigned.left_out {
                    tracing::error!(%camera, "this node fetches as many cameras as it may: add a node");
                }
            }
            Err(error) => tracing::error!(%error, "cameras could not be assigned"),
        }
        last = Some(now);
    }
}

fn crc_of(bytes: &[u8]) -> u32 {
    let digest = Sha256::digest(bytes);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn config(sealer: &Sealer, camera: CameraId, url: String, sealed: &[u8]) -> CameraConfig {
    let mut login = (String::new(), String::new());
    if !sealed.is_empty() {
        match sealer.open(&camera_context(&camera), sealed).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let (user, password) = text.split_once(':').unwrap_or((&text, ""));
                login = (user.to_owned(), password.to_owned());
            }
            _ => tracing::error!(%camera, "its user and password cannot be opened: register it again"),
        }
    }
    CameraConfig { camera, url, user: login.0, password: login.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_goes_moves_only_its_own_cameras() {
        let cameras: Vec<CameraId> = (0..300).map(|n| CameraId::new(&format!("cam-{n}")).unwrap()).collect();
        let mut counts = [0; 4];
        for camera in &cameras {
            let before = owner(camera, &[1, 2, 3]).unwrap();
            let after = owner(camera, &[1, 3]).unwrap();
            counts[usize::try_from(before).unwrap()] += 1;
            assert!(before == 2 || before == after, "{camera} moved from {before} to {after}");
        }
        assert!(counts[1..].iter().all(|count| (60..=140).contains(count)), "{counts:?}");
        assert_eq!(owner(&cameras[0], &[]), None);
    }
}
