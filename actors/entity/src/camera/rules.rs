//! What a camera's health means. Pure.

use domain::{AlarmKey, Camera, CameraHealth, EntityId, Micro, Millis, Severity};

use crate::{
    alarm::{Book, Propose, condition},
    clock::Now,
};

/// How long things may last before they are an alarm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Without a picture.
    pub(crate) debounce_ms: u64,
    /// Without a report of the node that the camera was given to.
    pub(crate) report_within_ms: u64,
}

/// What has to be remembered of one camera. All of it may be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CameraRule {
    /// The cameras were placed anew then, and the new node has not reported this one.
    unreported_since: Option<Millis>,
}

impl CameraRule {
    /// The cameras were placed over other nodes: whoever has this one now must say how it is.
    pub(crate) fn placed_anew(&mut self, now: Now) {
        self.unreported_since.get_or_insert(now.clock);
    }

    /// Its node said how it is.
    pub(crate) fn reported(&mut self) {
        self.unreported_since = None;
    }

    /// Decides against the camera as it stands in state.
    pub(crate) fn decide(&self, camera: &Camera, alarms: Book<'_>, now: Now, patience: Patience) -> Option<Propose> {
        let key = key(camera);
        if self.due_in_ms(camera, now, patience) == Some(0) {
            return alarms.raise(&key, Severity::Low, Micro(0), Micro(0));
        }
        let is_fine = camera.health == CameraHealth::Live && self.unreported_since.is_none();
        if is_fine { alarms.clear(&key, Micro(0)) } else { None }
    }

    /// In how many milliseconds time alone changes something.
    pub(crate) fn wake_in_ms(&self, camera: &Camera, alarms: Book<'_>, now: Now, patience: Patience) -> Option<u64> {
        if alarms.active(&key(camera)).is_some() { None } else { self.due_in_ms(camera, now, patience) }
    }

    fn due_in_ms(&self, camera: &Camera, now: Now, patience: Patience) -> Option<u64> {
        let dark = match camera.health {
            CameraHealth::NoSignal | CameraHealth::Unauthorized => {
                Some(patience.debounce_ms.saturating_sub(now.clock.since(camera.health_at_ms)))
            }
            CameraHealth::Live | CameraHealth::Connecting => None,
        };
        let unreported =
            self.unreported_since.map(|since| patience.report_within_ms.saturating_sub(now.clock.since(since)));
        dark.into_iter().chain(unreported).min()
    }
}

fn key(camera: &Camera) -> AlarmKey {
    AlarmKey { entity: EntityId::from(&camera.id), condition: condition::NO_SIGNAL.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{Alarm, CameraId};

    use super::*;
    use crate::alarm::fold;

    const PATIENCE: Patience = Patience { debounce_ms: 15_000, report_within_ms: 60_000 };

    fn camera(health: CameraHealth, since_ms: u64) -> Camera {
        Camera {
            id: CameraId::new("C1").unwrap(),
            name: "Cầu Gia Bảy".into(),
            rtsp_url: "rtsp://10.0.0.1/1".into(),
            place: fold::place(),
            azimuth_deg: 0,
            field_of_view_deg: 90,
            credential_sealed: bytes::Bytes::new(),
            health,
            health_at_ms: Millis(since_ms),
            version: 1,
            sensitive: false,
            out_of_service: Vec::new(),
        }
    }

    fn at(clock: u64) -> Now {
        Now { clock: Millis(clock), up_for_ms: 0 }
    }

    #[test]
    fn no_picture_is_an_alarm_after_the_debounce_and_a_picture_ends_it() {
        use CameraHealth::{Connecting, Live, NoSignal, Unauthorized};
        let rule = CameraRule::default();
        let mut alarms: BTreeMap<AlarmKey, Alarm> = BTreeMap::new();
        // Health, since when, now, and what is proposed: raise, clear or nothing.
        let table = [
            (Live, 0, 100_000, "-"),
            (NoSignal, 100_000, 114_999, "-"),
            (Connecting, 100_000, 130_000, "-"),
            (NoSignal, 100_000, 115_000, "raise"),
            (NoSignal, 100_000, 116_000, "-"),
            // Trying again is no picture.
            (Connecting, 117_000, 117_000, "-"),
            (Live, 118_000, 118_000, "clear"),
            (Live, 118_000, 119_000, "-"),
            (Unauthorized, 120_000, 140_000, "raise"),
        ];
        for (health, since, now, expected) in table {
            let proposed = rule.decide(&camera(health, since), Book(&alarms), at(now), PATIENCE);
            let name = match &proposed {
                None => "-",
                Some(Propose::Raise { .. }) => "raise",
                Some(Propose::Clear { .. }) => "clear",
            };
            assert_eq!(name, expected, "{health} since {since} at {now}");
            fold::apply(&mut alarms, proposed.as_slice(), Millis(now));
        }
    }

    #[test]
    fn a_camera_whose_new_node_says_nothing_is_an_alarm() {
        let (mut rule, camera) = (CameraRule::default(), camera(CameraHealth::Live, 0));
        let alarms = BTreeMap::new();
        rule.placed_anew(at(1000));
        // Placed again meanwhile: nobody has reported since the first time.
        rule.placed_anew(at(30_000));
        assert_eq!(rule.wake_in_ms(&camera, Book(&alarms), at(31_000), PATIENCE), Some(30_000));
        assert!(rule.decide(&camera, Book(&alarms), at(60_999), PATIENCE).is_none());
        assert!(rule.decide(&camera, Book(&alarms), at(61_000), PATIENCE).is_some());
        rule.reported();
        assert!(rule.decide(&camera, Book(&alarms), at(61_000), PATIENCE).is_none());
        assert_eq!(rule.wake_in_ms(&camera, Book(&alarms), at(61_000), PATIENCE), None);
    }
}
