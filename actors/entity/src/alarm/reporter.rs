//! The reporter of one group: whatever alarm its state marks as not yet reported is told to the command group, at least
//! once, and then confirmed. Whoever leads next picks up what is still marked. It also ends shelves. What calls for nobody, being out of
//! service or suppressed by design, stays marked until it does.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use domain::{
    Alarm, AlarmKey, CameraId, Command, DistrictId, GroupId, IncidentId, Inhibited, Millis, Reply, SensorId,
    UnshelveAlarm,
};
use futures::{StreamExt, stream};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;

use crate::{
    alarm::report::{About, Report, confirm, report},
    config::{REPORT_RETRY_WAIT, REPORTS_IN_FLIGHT_MAX, REPORTS_PER_ROUND_MAX},
    counters::{Alive, count},
    district::rules::flood_key,
    host::reign::Reign,
    timer::Timer,
};

pub(crate) enum ReporterMsg {
    /// Something waits to be reported, a shelf changed, or what is in service.
    Look,
    /// Time has passed.
    Tick,
}

pub(crate) struct ReporterState {
    reign: Arc<Reign>,
    /// What failed, and when it is tried again. At most one for each alarm of the group.
    failed: BTreeMap<AlarmKey, Instant>,
    /// The first end of what is out of service and holds an alarm back.
    held_until: Option<Millis>,
    timer: Timer,
    _alive: Alive,
}

impl Drop for ReporterState {
    fn drop(&mut self) {
        // One that fails must be woken again.
        self.reign.is_reporter_woken.store(false, Ordering::Release);
    }
}

pub(crate) struct Reporter;

impl Actor for Reporter {
    type Msg = ReporterMsg;
    type State = ReporterState;
    type Arguments = Arc<Reign>;

    async fn pre_start(
        &self,
        _: ActorRef<ReporterMsg>,
        reign: Arc<Reign>,
    ) -> Result<ReporterState, ActorProcessingErr> {
        let _alive = Alive::new(&reign.ctx.counters);
        Ok(ReporterState { reign, failed: BTreeMap::new(), held_until: None, timer: Timer::default(), _alive })
    }

    async fn handle(
        &self,
        myself: ActorRef<ReporterMsg>,
        message: ReporterMsg,
        state: &mut ReporterState,
    ) -> Result<(), ActorProcessingErr> {
        if matches!(message, ReporterMsg::Look) {
            // Before looking: what changes from here on wakes it again.
            state.reign.is_reporter_woken.store(false, Ordering::Release);
        }
        state.end_shelves().await;
        while state.round().await {}
        state.sleep(&myself);
        Ok(())
    }
}

impl ReporterState {
    /// Reports what is marked, a bounded number at a time. Whether there may be more.
    async fn round(&mut self) -> bool {
        let now = Instant::now();
        self.failed.retain(|_, retry_at| *retry_at > now);
        let waiting = self.waiting();
        let is_full = waiting.len() == REPORTS_PER_ROUND_MAX;
        let reign = &self.reign;
        let tell = |(alarm, about): (Alarm, About)| async move {
            let key = alarm.key.clone();
            (key, tell(reign, alarm, about).await)
        };
        let told: Vec<_> = stream::iter(waiting).map(tell).buffer_unordered(REPORTS_IN_FLIGHT_MAX).collect().await;
        for (key, is_told) in told {
            if !is_told {
                count(&self.reign.ctx.counters.reports_failed);
                self.failed.insert(key, Instant::now() + REPORT_RETRY_WAIT);
            }
        }
        is_full
    }

    fn waiting(&mut self) -> Vec<(Alarm, About)> {
        let now = self.reign.clock.now().clock;
        let mut held_until: Option<Millis> = None;
        let failed = &self.failed;
        let waiting = self.reign.ctx.cluster.read(self.reign.group, |state| {
            let is_due = |alarm: &&Alarm| {
                if failed.contains_key(&alarm.key) {
                    return false;
                }
                // Of what it feeds already it is told: it began while somebody was called.
                let inhibited = state.inhibited(&alarm.key, now).filter(|_| alarm.incident.is_none());
                if let Some(Inhibited::OutOfService(out)) = inhibited {
                    held_until = Some(held_until.map_or(out.until_ms, |until| until.min(out.until_ms)));
                }
                inhibited.is_none()
            };
            let waiting = state.unreported_alarms().filter(is_due);
            let about = |alarm: &Alarm| About {
                sensor: state.sensors().get(&SensorId::from(&alarm.key.entity)).cloned(),
                camera: state.cameras().get(&CameraId::from(&alarm.key.entity)).cloned(),
                district: None,
            };
            waiting.take(REPORTS_PER_ROUND_MAX).map(|alarm| (alarm.clone(), about(alarm))).collect()
        });
        self.held_until = held_until;
        waiting
    }

    async fn end_shelves(&mut self) {
        let (ended, _) = self.reign.shelves_ended();
        for key in ended.into_iter().take(REPORTS_PER_ROUND_MAX) {
            match self.reign.propose(UnshelveAlarm { key: key.clone() }.into()).await {
                Ok(Reply::Accepted(_)) => self.reign.shelf(&key, None),
                // State's clock is a little behind, or nobody knows: `sleep` comes back to it.
                Ok(Reply::Refused(_)) | Err(_) => return,
            }
        }
    }

    /// Wakes for the next retry, the next end of a shelf, and the next that is in service again.
    fn sleep(&mut self, myself: &ActorRef<ReporterMsg>) {
        let retry_ms = |wait: std::time::Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let now = Instant::now();
        let retry = self.failed.values().min().map(|at| retry_ms(at.saturating_duration_since(now)));
        let (ended, next) = self.reign.shelves_ended();
        let again = (!ended.is_empty()).then(|| retry_ms(REPORT_RETRY_WAIT));
        let clock = self.reign.clock.now().clock;
        let held = self.held_until.map(|until| until.since(clock));
        let wait_ms = retry.into_iter().chain(next).chain(again).chain(held).min();
        self.timer.arm(myself, wait_ms, ReporterMsg::Tick);
    }
}

/// Tells the command group of one alarm and confirms it. Whether both were answered.
async fn tell(reign: &Arc<Reign>, alarm: Alarm, mut about: About) -> bool {
    let counters = &reign.ctx.counters;
    let district = reign.district_of_unit(&alarm.place.admin_unit);
    let known = |id: &domain::EntityId| {
        let id = DistrictId::from(id);
        reign.ctx.cluster.read(GroupId::COMMAND, |state| state.districts().get(&id).cloned())
    };
    if about.sensor.is_none() && about.camera.is_none() {
        about.district = known(&alarm.key.entity);
    }
    let flood = reign.ctx.cluster.read(reign.group, |state| state.alarms().get(&flood_key(&district)).cloned());
    let flood_about = About { district: flood.as_ref().and_then(|_| known(&district)), ..About::default() };
    let (feed, is_folded) = match report(&alarm, &about, flood.as_ref().map(|flood| (flood, &flood_about))) {
        Report::Keep(incident) => return is_confirmed(reign, &alarm, incident).await,
        Report::Feed(feed) => (feed, false),
        Report::Fold(feed) => (feed, true),
    };
    let Some(road) = reign.ctx.road.get().and_then(std::sync::Weak::upgrade) else { return false };
    let told = road.system(GroupId::COMMAND, Command::FeedIncident(*feed)).await;
    let incident = match told {
        // Empty: it came and went before anybody heard.
        Ok(Reply::Accepted(accepted)) => IncidentId::new(&accepted.entity).ok(),
        Ok(Reply::Refused(refusal)) => {
            tracing::warn!(alarm = %alarm.key, ?refusal, "the command group refuses an alarm; it is told again");
            return false;
        }
        Err(error) => {
            tracing::debug!(alarm = %alarm.key, %error, "an alarm is not told yet");
            return false;
        }
    };
    count(if is_folded { &counters.alarms_folded } else { &counters.alarms_reported });
    is_confirmed(reign, &alarm, incident).await
}

async fn is_confirmed(reign: &Arc<Reign>, alarm: &Alarm, incident: Option<IncidentId>) -> bool {
    // A refusal says that the alarm has moved on; then it is marked anew and comes with the next round.
    matches!(reign.propose(confirm(alarm, incident)).await, Ok(Reply::Accepted(_)))
}
