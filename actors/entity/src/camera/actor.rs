//! The actor of one camera: records what its node says of it, and watches how long that lasts.

use std::{collections::VecDeque, sync::Arc};

use domain::{CameraId, RecordCameraHealth, Reply};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;

use crate::{
    admission::Permit, alarm::Book, camera::rules::CameraRule, config::DECIDE_AGAIN_WAIT, counters::Alive,
    error::ServeError, host::reign::Reign, host::serve::serve_error, timer::Timer,
};

pub(crate) enum CameraMsg {
    /// Its node says how it is.
    Health { report: RecordCameraHealth, permit: Permit, reply: oneshot::Sender<Result<Reply, ServeError>> },
    /// The cameras were placed over other nodes.
    PlacedAnew,
    /// Time has passed, or something changed.
    Look,
}

pub(crate) struct CameraState {
    reign: Arc<Reign>,
    camera: CameraId,
    rule: CameraRule,
    /// Of the newest report that was recorded under this lead.
    epoch: Option<u64>,
    timer: Timer,
    _alive: Alive,
}

pub(crate) struct CameraActor;

impl Actor for CameraActor {
    type Msg = CameraMsg;
    type State = CameraState;
    type Arguments = (Arc<Reign>, CameraId);

    async fn pre_start(
        &self,
        _: ActorRef<CameraMsg>,
        (reign, camera): Self::Arguments,
    ) -> Result<CameraState, ActorProcessingErr> {
        let _alive = Alive::new(&reign.ctx.counters);
        Ok(CameraState { reign, camera, rule: CameraRule::default(), epoch: None, timer: Timer::default(), _alive })
    }

    async fn handle(
        &self,
        myself: ActorRef<CameraMsg>,
        message: CameraMsg,
        state: &mut CameraState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CameraMsg::Health { report, permit, reply } => {
                let answer = state.record(report).await;
                let _ = reply.send(answer);
                drop(permit);
            }
            CameraMsg::PlacedAnew => state.rule.placed_anew(state.reign.clock.now()),
            CameraMsg::Look => {}
        }
        if !state.decide(&myself).await {
            // The camera is gone from the state.
            state.reign.directory.forget(myself.get_id());
            myself.stop(None);
        }
        Ok(())
    }
}

impl CameraState {
    /// A report that changes nothing costs no entry, so a node may repeat itself as often as it likes.
    async fn record(&mut self, report: RecordCameraHealth) -> Result<Reply, ServeError> {
        let known = self.reign.ctx.cluster.read(self.reign.group, |state| {
            state.cameras().get(&self.camera).map(|camera| (camera.health, camera.version))
        });
        if let Some((health, version)) = known
            && health == report.health
            && self.epoch == Some(report.epoch)
        {
            self.rule.reported();
            return Ok(Reply::accepted(&self.camera, version));
        }
        let epoch = report.epoch;
        let reply = self.reign.propose(report.into()).await.or_else(serve_error)?;
        if matches!(reply, Reply::Accepted(_)) {
            self.epoch = Some(epoch);
            self.rule.reported();
        }
        Ok(reply)
    }

    /// Whether the camera exists.
    async fn decide(&mut self, myself: &ActorRef<CameraMsg>) -> bool {
        let (now, patience) = (self.reign.clock.now(), self.reign.patience());
        let decided = self.reign.ctx.cluster.read(self.reign.group, |state| {
            let (camera, alarms) = (state.cameras().get(&self.camera)?, Book(state.alarms()));
            let proposed = self.rule.decide(camera, alarms, now, patience);
            Some((proposed, self.rule.wake_in_ms(camera, alarms, now, patience)))
        });
        let Some((proposed, mut wake_in_ms)) = decided else { return false };
        if let Some(proposed) = proposed {
            let mut proposed = VecDeque::from([proposed]);
            self.reign.propose_all(&mut proposed).await;
            let again_ms = u64::try_from(DECIDE_AGAIN_WAIT.as_millis()).unwrap_or(u64::MAX);
            wake_in_ms = (!proposed.is_empty()).then_some(again_ms);
        }
        self.timer.arm(myself, wake_in_ms, CameraMsg::Look);
        true
    }
}
