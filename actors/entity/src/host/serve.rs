//! Serving a message where the group is led.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    Command, EntityId, Grant, Reading, ReadingVerdict, Refusal, RefusalCode, Reply, RequestId,
    limits::READINGS_PER_COMMAND_MAX,
};
use futures::future::join_all;
use raft::{Committed, Proposal, ProposeError};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    admission::Permit, camera::actor::CameraMsg, counters::count, district::actor::DistrictMsg, error::ServeError,
    host::reign::Reign,
};

impl Reign {
    /// Records readings: one verdict for each, in order, after the commit.
    pub(crate) async fn record(
        self: &Arc<Self>,
        readings: Vec<Reading>,
        until: Instant,
        permit: Permit,
    ) -> Result<Vec<ReadingVerdict>, ServeError> {
        let mut districts: BTreeMap<EntityId, (Vec<usize>, Vec<Reading>)> = BTreeMap::new();
        let total = readings.len();
        for (at, reading) in readings.into_iter().enumerate() {
            let (places, readings) = districts.entry(self.district_of_sensor(&reading.sensor)).or_default();
            places.push(at);
            readings.push(reading);
        }
        let mut parts = Vec::new();
        for (district, (places, readings)) in districts {
            let chunks = places.chunks(READINGS_PER_COMMAND_MAX).zip(readings.chunks(READINGS_PER_COMMAND_MAX));
            for (places, readings) in chunks {
                let (reply, answered) = oneshot::channel();
                let readings = readings.to_vec();
                self.tell_district(&district, DistrictMsg::Record { readings, until, permit: permit.clone(), reply });
                // A district that ends without an answer may have proposed.
                let places = places.to_vec();
                parts.push(async move { (places, answered.await.unwrap_or(Err(ServeError::Unknown))) });
            }
        }
        let mut verdicts = vec![ReadingVerdict::UnknownSensor; total];
        let mut failed: Option<ServeError> = None;
        for (places, answer) in join_all(parts).await {
            match answer {
                Ok(answer) => {
                    for (place, verdict) in places.into_iter().zip(answer) {
                        if let Some(slot) = verdicts.get_mut(place) {
                            *slot = verdict;
                        }
                    }
                }
                Err(error) => failed = Some(failed.map_or(error, |failed| failed.worst(error))),
            }
        }
        failed.map_or(Ok(verdicts), Err)
    }

    /// Passes a command on to the log; what a camera's node says of it goes through the camera's actor.
    pub(crate) async fn command(
        self: &Arc<Self>,
        command: Command,
        request: Option<RequestId>,
        grant: Option<Grant>,
        until: Instant,
        permit: Permit,
    ) -> Result<Reply, ServeError> {
        count(&self.ctx.counters.commands);
        match command {
            Command::RecordCameraHealth(report) if request.is_none() && grant.is_none() => {
                let (reply, answered) = oneshot::channel();
                let camera = report.camera.clone();
                self.tell_camera(&camera, CameraMsg::Health { report, permit, reply });
                answered.await.unwrap_or(Err(ServeError::Unknown))
            }
            command => {
                let deadline = until.saturating_duration_since(Instant::now());
                let proposal = Proposal { request, grant, command };
                let outcome = self.ctx.cluster.propose(self.group, proposal, deadline).await;
                outcome.map(Committed::told).or_else(serve_error)
            }
        }
    }
}

/// What a proposal without an outcome means for whoever sent the message.
pub(crate) fn serve_error(error: ProposeError) -> Result<Reply, ServeError> {
    match error {
        ProposeError::NotLeader { leader } => Err(ServeError::NotLeader(leader)),
        // The leader hands its lead over; somebody else will take the message.
        ProposeError::ClockUnsafe => Err(ServeError::NotLeader(None)),
        ProposeError::Unknown => Err(ServeError::Unknown),
        ProposeError::DiskFull => Err(ServeError::DiskFull),
        ProposeError::Stopped => Err(ServeError::Stopped),
        ProposeError::TooLarge { bytes, max } => Ok(Reply::Refused(Refusal {
            code: RefusalCode::Limit,
            field: "command".into(),
            message: format!("is {bytes} bytes; send at most {max}"),
        })),
    }
}
