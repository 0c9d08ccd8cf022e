//! Readings as devices send them: batches of at most 100, each reading of its own sensor, over kept HTTP connections; an
//! answer counts when it says that every one is recorded, which is after a quorum's disks hold them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::wire::generated::{DeviceStatus, Reading, Readings};
use prost::Message;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    Result,
    desk::Desk,
    http::Connection,
    stage::{self, Stage, unix_ms},
    stats::Samples,
};

/// Readings of one batch.
pub(crate) const BATCH: usize = 100;
/// Sessions that register.
const REGISTERS: usize = 48;
/// How long one batch may take, refusals at bounds included.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Pause before a batch that was refused for now is sent again, as devices do.
const AGAIN_AFTER: Duration = Duration::from_millis(10);

/// The sensors of one connection, all of one field group, as those of one district are.
type Sensors = Arc<Vec<String>>;

/// Registered sensors, and by what right their readings are sent.
pub(crate) struct Devices {
    gateways: Vec<SocketAddr>,
    token: String,
    lanes: Vec<Sensors>,
}

/// What sending came to.
pub(crate) struct Sent {
    /// Readings acknowledged.
    pub(crate) readings: f64,
    /// The time that it took.
    pub(crate) seconds: f64,
    /// Milliseconds of each batch, from when it was sent first.
    pub(crate) latencies: Samples,
    /// How often a batch was refused for now, and sent again.
    pub(crate) refused: u64,
}

impl Devices {
    /// Registers `count` sensors for `lanes` connections, evenly over the field groups.
    pub(crate) async fn register(stage: &Stage, lanes: usize, count: usize, within: Duration) -> Result<Self> {
        let groups = domain::limits::FIELD_GROUPS;
        let each = count.div_ceil(lanes).max(BATCH);
        let lanes: Vec<Sensors> = (0_u32..)
            .take(lanes)
            .map(|at| Arc::new(stage::sensors_of(&format!("lane-{at}"), 1 + at % groups, each)))
            .collect();
        let all = lanes.iter().flat_map(|ids| ids.iter()).enumerate();
        let bodies: Vec<_> = all.map(|(at, id)| stage::sensor(id, at)).collect();
        let count = bodies.len();
        let begun = Instant::now();
        let (done, desks) = stage::register(stage.admins(REGISTERS).await?, "/api/sensors", bodies, within).await?;
        if done < count {
            return Err(format!("only {done} of {count} sensors were registered in {within:?}").into());
        }
        println!("  {count} sensors registered in {:.1} s", begun.elapsed().as_secs_f64());
        let token = desks.first().map(Desk::token).unwrap_or_default().to_owned();
        Ok(Self { gateways: stage.gateways()?, token, lanes })
    }

    /// Sends over `connections` until `readings` are acknowledged or the time is over. Latencies of the first `warm_up`
    /// do not count, and what was acknowledged then neither.
    pub(crate) async fn send(
        &self,
        connections: usize,
        readings: u64,
        warm_up: Duration,
        within: Duration,
    ) -> Result<Sent> {
        let begin = Instant::now() + warm_up;
        let end = begin + within;
        let left = Arc::new(AtomicU64::new(readings));
        let mut tasks = JoinSet::new();
        for (at, sensors) in self.lanes.iter().take(connections).enumerate() {
            let lane = Lane {
                address: self.gateways[at % self.gateways.len()],
                headers: format!("authorization: Bearer {}\r\ncontent-type: application/x-protobuf\r\n", self.token),
                sensors: sensors.clone(),
                left: left.clone(),
                begin,
                end,
            };
            tasks.spawn(async move { lane.run().await.map_err(|error| error.to_string()) });
        }
        let (mut latencies, mut refused) = (Samples::default(), 0);
        while let Some(ended) = tasks.join_next().await {
            let (taken, again) = ended??;
            taken.into_iter().for_each(|ms| latencies.put(ms));
            refused += again;
        }
        let seconds = Instant::now().min(end).saturating_duration_since(begin).as_secs_f64();
        Ok(Sent { readings: (latencies.len() * BATCH) as f64, seconds, latencies, refused })
    }
}

/// One connection.
struct Lane {
    address: SocketAddr,
    headers: String,
    sensors: Sensors,
    left: Arc<AtomicU64>,
    begin: Instant,
    end: Instant,
}

impl Lane {
    /// Milliseconds of each batch, and how often one was refused for now.
    async fn run(self) -> Result<(Vec<f64>, u64)> {
        let mut connection = Connection::open(self.address).await?;
        let (mut taken, mut refused, mut turn, mut at_ms) = (Vec::new(), 0, 0, 0);
        loop {
            let started = Instant::now();
            let is_wanted =
                self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(BATCH as u64));
            if started >= self.end || is_wanted.is_err() {
                return Ok((taken, refused));
            }
            // A device time that these sensors have not had.
            at_ms = unix_ms().max(at_ms + 1);
            let payload = batch(&self.sensors, &mut turn, at_ms);
            let answer = loop {
                let answer = connection.ask("POST", "/api/readings", &self.headers, &payload).await?;
                let is_for_now = answer.status == 429 || answer.status >= 500;
                if !is_for_now || started.elapsed() > ANSWERED_WITHIN {
                    break answer;
                }
                refused += 1;
                sleep(AGAIN_AFTER).await;
            };
            let held = held(&answer.body);
            if !answer.is_success() || held != BATCH {
                return Err(format!("{held} of {BATCH} recorded: {}", answer.words()).into());
            }
            if started >= self.begin && Instant::now() <= self.end {
                taken.push(started.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
}

/// Readings that an answer says a quorum holds. Each is sent with a time that its sensor has not had, so one that is there already
/// was recorded by an earlier try: the gateway tries again by itself when the lead moves under a batch.
fn held(body: &[u8]) -> usize {
    let body = String::from_utf8_lossy(body);
    body.matches("recorded").count() + body.matches("duplicate").count()
}

/// The next batch, each reading of the next sensor in turn.
fn batch(sensors: &[String], turn: &mut usize, at_ms: u64) -> Vec<u8> {
    let from = if *turn + BATCH > sensors.len() { 0 } else { *turn };
    *turn = from + BATCH;
    let reading = |sensor: &String| Reading {
        sensor: sensor.clone(),
        at_ms,
        value_micro: 4_250_000,
        status: DeviceStatus::Measuring as i32,
        unit_of_measure: "m".to_owned(),
    };
    Readings { readings: sensors.iter().skip(from).take(BATCH).map(reading).collect() }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_counts_when_it_is_there_and_no_other() {
        assert_eq!(held(br#"{"verdicts":["recorded","duplicate","too_late"]}"#), 2);
    }

    #[test]
    fn a_batch_has_each_sensor_once_and_the_next_has_others() {
        let sensors: Vec<_> = (0..250).map(|at| format!("s{at}")).collect();
        let mut turn = 0;
        let mut first = || {
            let batch = Readings::decode(&batch(&sensors, &mut turn, 7)[..]).unwrap();
            assert_eq!(batch.readings.len(), BATCH);
            batch.readings[0].sensor.clone()
        };
        assert_eq!([first(), first(), first()], ["s0", "s100", "s0"]);
    }
}
