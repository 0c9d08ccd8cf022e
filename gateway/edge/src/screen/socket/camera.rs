//! Pictures of cameras on a screen: asked for one by one, whatever the screen subscribes to, and asked about again whenever rights or
//! cameras change.

use domain::{Camera, CameraHealth, CameraId, Grant, policy, policy::Action, policy::Noun};
use tokio::time::timeout;

use super::{
    super::{
        hub::Sink,
        message::{ToScreen, VideoStatus},
        session::Effect,
        video::SENSITIVE_HIDDEN,
    },
    Screen,
};
use crate::limits::CAMERA_RECORDED_WAIT;

/// What a screen is told of a sensitive camera when it cannot be recorded that it is looked at.
const NOT_RECORDED: &str = "hidden: that it is looked at cannot be recorded now; try again in a moment";

impl Screen {
    /// Ends the pictures that may not be shown any more, be it that rights changed or that a camera lies elsewhere now. One that has
    /// become sensitive is asked for anew, and shows nothing until that is recorded.
    pub(super) fn recheck_cameras(&mut self) -> Vec<Effect> {
        let Some((_, caller)) = &self.caller else { return Vec::new() };
        let seen = |camera: &CameraId| self.app.camera(camera).filter(|record| may_watch(&caller.grant, record));
        let watched = self.session.watched().iter();
        let found: Vec<_> = watched.map(|(camera, why)| (camera.clone(), why.clone(), seen(camera))).collect();
        let mut effects = Vec::new();
        for (camera, why, found) in found {
            match found {
                None => self.refuse_camera(&camera, unknown_camera()),
                Some(record) if record.sensitive && !self.watching.is_guarded(&camera) => {
                    effects.push(Effect::Watch(camera, why));
                }
                Some(_) => {}
            }
        }
        effects
    }

    /// Shows the camera's picture, or says why not. `why` is why it is looked at.
    pub(super) async fn watch(&mut self, camera: CameraId, why: &str) {
        if let Err(refused) = self.try_watch(&camera, why).await {
            self.refuse_camera(&camera, refused);
        }
    }

    /// Ends what was shown of it, and says why.
    fn refuse_camera(&mut self, camera: &CameraId, (health, message): (Option<CameraHealth>, String)) {
        self.session.unwatched(camera);
        self.watching.stop(camera);
        let status = VideoStatus { camera: camera.clone(), health, codec: String::new(), message };
        let _ = self.outbox.push(&ToScreen::VideoStatus(status).encode(self.encoding));
    }

    async fn try_watch(&mut self, camera: &CameraId, why: &str) -> Result<(), (Option<CameraHealth>, String)> {
        let (token, caller) = self.caller.as_mut().ok_or_else(unknown_camera)?;
        *caller = self.app.auth.caller_now(token).ok_or_else(unknown_camera)?;
        let record = self.app.camera(camera).filter(|record| may_watch(&caller.grant, record));
        let record = record.ok_or_else(unknown_camera)?;
        let hidden = record.sensitive.then(|| self.app.pulses.hidden.clone());
        if hidden.as_ref().is_some_and(|hidden| *hidden.borrow()) {
            return Err((None, SENSITIVE_HIDDEN.to_owned()));
        }
        let caller = caller.clone();
        let (caller, what) = (self.looking(&caller, why), format!("camera/{camera}"));
        if record.sensitive {
            let recorded = timeout(CAMERA_RECORDED_WAIT, self.app.look(&caller, &what)).await;
            if !matches!(recorded, Ok(Ok(()))) {
                return Err((Some(record.health), NOT_RECORDED.to_owned()));
            }
        } else {
            // A road or a river: recorded while a quorum answers, and a room that hears none sees it all the same.
            let _ = self.app.glance(&caller, &what);
        }
        let units = self.app.video.watch(camera).map_err(|error| {
            let health = self.app.video.health(camera).unwrap_or(record.health);
            (Some(health), error.to_string())
        })?;
        self.watching.start(camera.clone(), units, hidden);
        Ok(())
    }
}

/// Whether the grant is for this camera's picture.
fn may_watch(grant: &Grant, camera: &Camera) -> bool {
    policy::allows(grant, Action::See(Noun::Camera), Some(&camera.place.admin_unit)).is_ok()
}

/// What one may not see is answered like what does not exist.
fn unknown_camera() -> (Option<CameraHealth>, String) {
    (None, "no such camera in your districts".to_owned())
}
