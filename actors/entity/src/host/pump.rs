//! The pump: shows the actors of a group what was recorded. Events are hints; every rule decides against the state. So an
//! event that was trimmed before it was read costs a look at the whole state and nothing else.

use std::{collections::BTreeMap, sync::Arc};

use domain::{Alarm, EntityId, EventBatch, EventKind, Reading, Subject};

use tokio::time::{Instant, interval_at};

use crate::{
    admission::Permit, camera::actor::CameraMsg, config::RESCAN_PERIOD, counters::count, district::actor::DistrictMsg,
    host::reign::Reign,
};

/// Runs until the reign ends.
pub(crate) async fn pump(reign: Arc<Reign>, mut index: u64, batches_max: usize) {
    let cluster = reign.ctx.cluster.clone();
    let mut applied = cluster.applied_watch(reign.group);
    let mut net = interval_at(Instant::now() + RESCAN_PERIOD, RESCAN_PERIOD);
    loop {
        // Read first: the events are complete up to here.
        let through = *applied.borrow_and_update();
        reign.clock.observe(through.at_ms);
        match cluster.events_after(reign.group, index, batches_max) {
            Ok(batches) => {
                for batch in &batches {
                    show(&reign, batch).await;
                    index = batch.index;
                }
                if batches.len() >= batches_max {
                    continue;
                }
                index = index.max(through.index);
            }
            Err(_) => {
                count(&reign.ctx.counters.rescans);
                index = through.index;
                reign.rescan();
            }
        }
        tokio::select! {
            biased;
            _ = net.tick() => reign.rescan(),
            changed = applied.changed() => if changed.is_err() { return },
        }
    }
}

async fn show(reign: &Arc<Reign>, batch: &EventBatch) {
    for event in &batch.events {
        match (event.kind, &event.subject) {
            (EventKind::ReadingsRecorded, Some(Subject::Readings(readings))) => {
                reign.show(&readings.readings);
                show_readings(reign, &readings.readings).await;
            }
            (EventKind::AlarmRaised, Some(Subject::Alarm(alarm))) => {
                let district = reign.district_of_unit(&alarm.place.admin_unit);
                // What models find is bounded by itself and makes no flood; a drill makes none either, nor what calls for nobody.
                let makes_flood = alarm.finding.is_none() && !alarm.exercise && !reign.is_inhibited(alarm);
                if alarm.key.condition != *crate::alarm::condition::FLOOD && makes_flood {
                    reign.tell_district(&district, raised(alarm));
                }
                reign.wake_reporter();
            }
            (EventKind::AlarmReportConfirmed, _) => {}
            (_, Some(Subject::Alarm(alarm))) => {
                reign.shelf(&alarm.key, alarm.shelf.as_ref().map(|shelf| shelf.until_ms));
                reign.wake_reporter();
            }
            (EventKind::SensorRegistered, Some(Subject::Sensor(sensor))) => {
                reign.sensor_registered(&sensor.id, &sensor.place.admin_unit);
                // Its rules may have held something back.
                reign.service_changed();
            }
            (EventKind::TakenOutOfService | EventKind::ReturnedToService, _) => reign.service_changed(),
            (EventKind::DeviceStatusSet, Some(Subject::Sensor(sensor))) => {
                let district = reign.district_of_sensor(&sensor.id);
                reign.tell_district(&district, DistrictMsg::Changed(sensor.id.clone()));
            }
            (_, Some(Subject::Camera(camera))) => reign.tell_camera(&camera.id, CameraMsg::Look),
            // Where a unit is moves no deadline.
            (EventKind::UnitMoved, _) => {}
            (_, Some(Subject::Unit(unit))) => reign.unit_changed(unit),
            (kind, Some(Subject::Incident(incident))) => {
                reign.incident_changed(incident);
                if !incident.clocks.is_empty() {
                    reign.wake_keeper();
                }
                match kind {
                    EventKind::IncidentOpened => reign.incident_opened(incident),
                    EventKind::IncidentNoted => reign.incident_noted(incident, &event.note),
                    _ => {}
                }
            }
            (_, Some(Subject::Instruction(_) | Subject::ShiftNote(_))) => reign.wake_keeper(),
            // Of a report only what waits is shown. These start its clock, or set it.
            (
                EventKind::ReportFiled
                | EventKind::ReportReopened
                | EventKind::ClockResumed
                | EventKind::ClockTimed
                | EventKind::ProgressReported,
                None | Some(Subject::WaitingReport(_)),
            ) => reign.wake_keeper(),
            (_, Some(Subject::Call(_) | Subject::Agent(_) | Subject::CallDesk(_) | Subject::LiveNodes(_))) => {
                reign.wake_usher();
            }
            _ => {}
        }
    }
}

fn raised(alarm: &Alarm) -> DistrictMsg {
    DistrictMsg::Raised { key: alarm.key.clone(), episode: alarm.episode, at: alarm.raised_at_ms }
}

async fn show_readings(reign: &Arc<Reign>, readings: &[Reading]) {
    let mut districts: BTreeMap<EntityId, Vec<Reading>> = BTreeMap::new();
    for reading in readings {
        districts.entry(reign.district_of_sensor(&reading.sensor)).or_default().push(reading.clone());
    }
    for (district, readings) in districts {
        // The semaphore lives as long as the reign and is never closed.
        let Ok(permit) = reign.feeds.clone().acquire_owned().await else { return };
        reign.tell_district(&district, DistrictMsg::Recorded { readings, permit: Permit::new(permit) });
    }
}
