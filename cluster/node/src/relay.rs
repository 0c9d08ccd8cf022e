//! Live video from the node that fetches a camera to the node that a screen is connected to. Lossy by design: a viewer
//! that cannot follow misses pictures up to the next key frame, never the other way round.

use std::sync::Arc;

use bytes::Bytes;
use domain::{CameraHealth, CameraId, GroupId, wire::generated as wire};
use edge::{NotWatchable, Video};
use ingest::rtsp::{AccessUnit, Fleet};
use peer::{Lane, Peers, StreamSender};
use prost::Message;
use raft::Groups;
use tokio::sync::mpsc;

use crate::placement::owner;

/// Kind of a stream of video between nodes.
pub(crate) const VIDEO_KIND: u16 = 200;

/// Pictures that wait for one viewer behind a relay: two seconds at 15 a second. Past it the rest up to the next key
/// frame is dropped.
const RELAY_PICTURES_MAX: usize = 30;

/// This node's cameras, and the way to the others'.
pub(crate) struct Relay {
    groups: Groups,
    peers: Peers,
    fleet: Arc<Fleet>,
}

impl Relay {
    pub(crate) fn new(groups: Groups, peers: Peers, fleet: Arc<Fleet>) -> Self {
        Self { groups, peers, fleet }
    }

    /// Serves a peer that watches one of this node's cameras, until it leaves or the camera does.
    pub(crate) async fn serve(&self, camera: Bytes, tx: StreamSender) {
        let Some(camera) = std::str::from_utf8(&camera).ok().and_then(|id| CameraId::new(id).ok()) else { return };
        let Ok(mut pictures) = self.fleet.watch(&camera) else { return };
        while let Some(picture) = pictures.recv().await {
            let frame = wire::VideoFrame {
                // The codec travels where the camera's id is known anyway.
                camera: picture.codec.to_string(),
                timestamp_us: picture.timestamp_us,
                key: picture.key,
                data: picture.data.clone(),
            };
            if tx.send(frame.encode_to_vec().into()).await.is_err() {
                return;
            }
        }
        tx.close();
    }

    fn watch_far(&self, camera: &CameraId, node: u64) -> mpsc::Receiver<Arc<AccessUnit>> {
        let (tx, rx) = mpsc::channel(RELAY_PICTURES_MAX);
        let (peers, id) = (self.peers.clone(), camera.clone());
        tokio::spawn(async move {
            let header = Bytes::copy_from_slice(id.as_str().as_bytes());
            let Ok((_up, mut down)) = peers.open(node, Lane::Bulk, VIDEO_KIND, header).await else { return };
            let mut waits_for_key = true;
            while let Ok(Some(bytes)) = down.recv().await {
                let Ok(frame) = wire::VideoFrame::decode(bytes) else { return };
                if waits_for_key && !frame.key {
                    continue;
                }
                let picture = AccessUnit {
                    timestamp_us: frame.timestamp_us,
                    key: frame.key,
                    codec: frame.camera.into(),
                    data: frame.data,
                };
                waits_for_key = match tx.try_send(Arc::new(picture)) {
                    Ok(()) => false,
                    Err(mpsc::error::TrySendError::Full(_)) => true,
                    Err(mpsc::error::TrySendError::Closed(_)) => return,
                };
            }
        });
        rx
    }
}

impl Video for Relay {
    fn watch(&self, camera: &CameraId) -> Result<mpsc::Receiver<Arc<AccessUnit>>, NotWatchable> {
        let nodes = self.groups.read(GroupId::COMMAND, |state| state.live_nodes().nodes.clone());
        match owner(camera, &nodes) {
            Some(node) if node == self.groups.node() => {
                self.fleet.watch(camera).map_err(|error| NotWatchable(error.to_string()))
            }
            Some(node) if self.peers.is_connected(node) => Ok(self.watch_far(camera, node)),
            Some(node) => Err(NotWatchable(format!("node {node}, which fetches this camera, is not connected"))),
            None => Err(NotWatchable("no node fetches cameras yet".to_owned())),
        }
    }

    fn health(&self, camera: &CameraId) -> Option<CameraHealth> {
        self.fleet.health(camera).or_else(|| {
            GroupId::field().find_map(|group| {
                self.groups.read(group, |state| state.cameras().get(camera).map(|camera| camera.health))
            })
        })
    }
}
