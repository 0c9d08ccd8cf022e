//! Sensors that raise and clear their alarms, and whoever was given the camera last.

use bytes::Bytes;
use domain::{
    AlarmKey, Camera, CameraHealth, CameraId, ClearAlarm, Command, Condition, EntityId, GroupId, Micro, Millis,
    RaiseAlarm, RecordCameraHealth, Refusal, RefusalCode, RegisterCamera, Reply, SetLiveNodes, Severity,
};
use raft::{Committed, Proposal};

use super::{Client, name, place, sensor};
use crate::world::FIELD;

/// What each client's sensor can be alarmed about.
const CONDITIONS: [&str; 2] = ["high", "low"];

/// Of so many looks at the camera in a thousand it is given anew.
const GIVEN_PER_MILLE: u64 = 300;

fn camera_id() -> CameraId {
    name(CameraId::new("camera-1"))
}

/// Registers the one camera.
#[must_use]
pub fn register_camera() -> Command {
    let camera = Camera {
        id: camera_id(),
        name: "Cầu".to_owned(),
        rtsp_url: "rtsp://camera-1/stream".to_owned(),
        place: place(),
        azimuth_deg: 0,
        field_of_view_deg: 90,
        credential_sealed: Bytes::new(),
        health: CameraHealth::Connecting,
        health_at_ms: Millis(0),
        version: 0,
        sensitive: false,
        out_of_service: Vec::new(),
    };
    RegisterCamera { camera }.into()
}

impl Client {
    /// Raises the alarm of its sensor, or clears it, by what some node shows of it.
    pub(super) async fn alarm(&mut self) {
        let Some(condition) = self.chance.pick(&CONDITIONS).copied() else { return };
        let entity = EntityId::from(&sensor(self.id));
        let key = AlarmKey { entity, condition: name(Condition::new(condition)) };
        let shown = self.shown(FIELD, |state| state.alarms().get(&key).map(|alarm| (alarm.episode, alarm.active)));
        let Some(shown) = shown else { return };
        let value_micro = Micro(1_000_000);
        let (episode, command): (u32, Command) = match shown {
            Some((episode, true)) => (episode, ClearAlarm { key: key.clone(), episode, value_micro }.into()),
            other => {
                let episode = other.map_or(0, |(episode, _)| episode) + 1;
                let raise = RaiseAlarm {
                    key: key.clone(),
                    episode,
                    severity: Severity::High,
                    value_micro,
                    limit_micro: value_micro,
                    exercise: true,
                    finding: None,
                };
                (episode, raise.into())
            }
        };
        let (committed, _) = self.ask(FIELD, Proposal::system(command), true).await;
        match committed.map(|committed| committed.reply) {
            Some(Reply::Accepted(_)) => self.world.judges.dispatch().alarmed(&key, episode),
            Some(Reply::Refused(refusal)) => self.must_be_stale("an alarm", &refusal),
            None => {}
        }
    }

    /// Tells how the camera is, under the epoch in which this client was given it; now and then it is given it anew.
    pub(super) async fn watch_camera(&mut self) {
        if self.camera_epoch == 0 || self.chance.per_mille(GIVEN_PER_MILLE) {
            let Some(epoch) = self.shown(GroupId::COMMAND, |state| state.live_nodes().epoch + 1) else { return };
            let nodes = (1..=self.world.play.nodes).collect();
            let proposal = Proposal::system(SetLiveNodes { nodes, epoch });
            let (committed, _) = self.ask(GroupId::COMMAND, proposal, false).await;
            match committed.map(|committed| committed.reply) {
                Some(Reply::Accepted(_)) => {
                    self.camera_epoch = epoch;
                    let came = self.world.judges.dispatch().given(epoch);
                    self.world.hold(came);
                }
                Some(Reply::Refused(refusal)) => self.must_be_stale("an epoch", &refusal),
                None => {}
            }
        }
        if self.camera_epoch == 0 {
            return;
        }
        let (camera, epoch) = (camera_id(), self.camera_epoch);
        let health = if self.chance.per_mille(500) { CameraHealth::Live } else { CameraHealth::NoSignal };
        let proposal = Proposal::system(RecordCameraHealth { camera, health, epoch });
        let (committed, _) = self.ask(FIELD, proposal, true).await;
        match committed {
            Some(Committed { index, reply: Reply::Accepted(_), .. }) => {
                let came = self.world.judges.dispatch().watched(index, epoch);
                self.world.hold(came);
            }
            Some(Committed { reply: Reply::Refused(refusal), .. }) => self.must_be_stale("a camera's health", &refusal),
            None => {}
        }
    }

    /// The only refusal that what it does deserves: somebody was first.
    fn must_be_stale(&self, what: &str, refusal: &Refusal) {
        if refusal.code != RefusalCode::VersionConflict {
            self.world.violate("promises", format_args!("{what} was refused: {refusal:?}"));
        }
    }
}
