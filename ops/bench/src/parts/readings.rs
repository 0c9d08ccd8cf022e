//! Readings a second: a closed loop at 1, 16 and 64 connections, over HTTP and over MQTT QoS 1, one by one and in batches as
//! a gateway box sends them. A connection's sensors are in one field group, as those of one district are.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use domain::wire::generated::{DeviceStatus, Reading, Readings};
use node::local::ADMIN;
use prost::Message;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{Found, Setting};
use crate::{
    Result,
    desk::Desk,
    http::Connection,
    stage::{self, Stage, unix_ms},
    stats::Samples,
};

/// Connections at once.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Readings of one request: each of its own sensor.
const BATCHES: [usize; 2] = [1, 100];
/// Sensors of one connection.
const SENSORS_EACH: usize = 100;
/// Not counted, at the beginning of each.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);
/// Registration of all sensors.
const REGISTER_WITHIN: Duration = Duration::from_secs(180);
/// Sessions that register.
const REGISTERS: usize = 16;
/// How long one acknowledgement may take.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// Where batches in protobuf are published.
const TOPIC: &str = "trongdong/v1/readings/pb";
/// Bytes of one MQTT packet.
const PACKET_BYTES_MAX: usize = 256 * 1024;

/// How readings are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// `POST /api/readings`.
    Http,
    /// QoS 1.
    Mqtt,
}

/// Registered sensors, and the account that sends for them.
pub(crate) struct Fleet {
    /// By connection.
    sensors: Vec<Arc<Vec<String>>>,
    token: String,
}

impl Fleet {
    /// Registers the sensors of so many connections.
    pub(crate) async fn register(stage: &Stage, connections: usize) -> Result<Self> {
        let groups = domain::limits::FIELD_GROUPS;
        let sensors: Vec<Arc<Vec<String>>> = (0_u32..)
            .take(connections)
            .map(|at| Arc::new(stage::sensors_of(&format!("lane-{at}"), 1 + at % groups, SENSORS_EACH)))
            .collect();
        let bodies: Vec<_> =
            sensors.iter().flat_map(|ids| ids.iter()).enumerate().map(|(at, id)| stage::sensor(id, at)).collect();
        let count = bodies.len();
        let begun = Instant::now();
        let (done, desks) =
            stage::register(stage.admins(REGISTERS).await?, "/api/sensors", bodies, REGISTER_WITHIN).await?;
        if done < count {
            return Err(format!("only {done} of {count} sensors were registered in {REGISTER_WITHIN:?}").into());
        }
        println!("  {count} sensors registered in {:.1} s", begun.elapsed().as_secs_f64());
        Ok(Self { sensors, token: desks.first().map(Desk::token).unwrap_or_default().to_owned() })
    }

    /// A closed loop at so many connections, `batch` readings at a time, counted from [`WARM_UP`] on: milliseconds of each request.
    pub(crate) async fn send(
        &self,
        stage: &Stage,
        road: Road,
        batch: usize,
        connections: usize,
        within: Duration,
    ) -> Result<Samples> {
        let addresses = if road == Road::Http { stage.gateways()? } else { stage.mqtt() };
        let begin = Instant::now() + WARM_UP;
        let end = begin + within;
        let mut tasks = JoinSet::new();
        for (at, sensors) in self.sensors.iter().take(connections).enumerate() {
            let lane = Lane {
                name: format!("bench-{batch}-{connections}-{at}"),
                address: addresses[at % addresses.len()],
                token: self.token.clone(),
                password: stage.cluster.password.clone(),
                sensors: sensors.clone(),
                batch,
                begin,
                end,
            };
            tasks.spawn(async move {
                match road {
                    Road::Http => lane.http().await.map_err(|error| format!("HTTP: {error}")),
                    Road::Mqtt => lane.mqtt().await.map_err(|error| format!("MQTT: {error}")),
                }
            });
        }
        let mut latencies = Samples::default();
        while let Some(ended) = tasks.join_next().await {
            ended??.into_iter().for_each(|ms| latencies.put(ms));
        }
        Ok(latencies)
    }
}

/// One connection's task: where to, whose sensors, how many at a time, and when it counts.
struct Lane {
    name: String,
    address: SocketAddr,
    token: String,
    password: String,
    sensors: Arc<Vec<String>>,
    batch: usize,
    begin: Instant,
    end: Instant,
}

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let within = Duration::from_secs(setting.choose(8, 2));
    let stage = Stage::start(&setting.program, "readings", setting.keep).await?;
    let fleet = Fleet::register(&stage, CONNECTIONS.into_iter().max().unwrap_or(1)).await?;
    let mut found = Found::default();
    let mut best: Option<f64> = None;
    for road in [Road::Http, Road::Mqtt] {
        for batch in BATCHES {
            for connections in CONNECTIONS {
                let latencies = fleet.send(&stage, road, batch, connections, within).await?;
                let per_s = (latencies.len() * batch) as f64 / within.as_secs_f64();
                if latencies.len() > 0 {
                    best = Some(best.map_or(per_s, |best| best.max(per_s)));
                }
                let name = if road == Road::Http { "http" } else { "mqtt" };
                println!("  {name}, {batch} at a time, {connections} connections: {per_s:.0} readings/s");
                found.note(
                    format!("{name}_batch_{batch}_connections_{connections}"),
                    json!({ "per_s": crate::stats::rounded(per_s), "latency": crate::stats::curve(&latencies.sorted()) }),
                );
            }
        }
    }
    found.figure("readings_acked_per_s", best);
    Ok(found)
}

impl Lane {
    /// The next request: each reading of its own sensor, with a device time that this sensor has not had.
    fn payload(&self, turn: &mut usize, at_ms: &mut u64) -> Vec<u8> {
        if *turn % self.sensors.len() + self.batch > self.sensors.len() {
            *turn = 0;
        }
        let from = *turn % self.sensors.len();
        *turn = from + self.batch;
        *at_ms = unix_ms().max(*at_ms + 1);
        let reading = |sensor: &String| Reading {
            sensor: sensor.clone(),
            at_ms: *at_ms,
            value_micro: 4_250_000,
            status: DeviceStatus::Measuring as i32,
            unit_of_measure: "m".to_owned(),
        };
        let readings = self.sensors.iter().skip(from).take(self.batch).map(reading).collect();
        Readings { readings }.encode_to_vec()
    }

    async fn http(self) -> Result<Vec<f64>> {
        let mut connection = Connection::open(self.address).await?;
        let headers = format!("authorization: Bearer {}\r\ncontent-type: application/x-protobuf\r\n", self.token);
        let (mut taken, mut turn, mut at_ms) = (Vec::new(), 0, 0);
        loop {
            let payload = self.payload(&mut turn, &mut at_ms);
            let started = Instant::now();
            if started >= self.end {
                return Ok(taken);
            }
            let answer = connection.ask("POST", "/api/readings", &headers, &payload).await?;
            // A device time is new to its sensor, so "duplicate" is the answer to a node's own second attempt, after the lead moved
            // under its first: the reading is held.
            let words = String::from_utf8_lossy(&answer.body);
            let recorded = words.matches("recorded").count() + words.matches("duplicate").count();
            if !answer.is_success() || recorded != self.batch {
                return Err(format!("{recorded} of {} recorded: {}", self.batch, answer.words()).into());
            }
            self.count(started, &mut taken);
        }
    }

    async fn mqtt(self) -> Result<Vec<f64>> {
        let mut options = MqttOptions::new(&self.name, self.address.ip().to_string(), self.address.port());
        options.set_credentials(ADMIN, &self.password);
        options.set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        let (client, mut events) = AsyncClient::new(options, 4);
        let (mut taken, mut turn, mut at_ms) = (Vec::new(), 0, 0);
        let mut started = Instant::now();
        loop {
            match timeout(ACKNOWLEDGED_WITHIN, events.poll()).await.map_err(|_| "no acknowledgement within 30 s")?? {
                Event::Incoming(Packet::PubAck(_)) => self.count(started, &mut taken),
                Event::Incoming(Packet::ConnAck(_)) => {}
                Event::Incoming(Packet::Disconnect) => return Err("the node disconnected".into()),
                _ => continue,
            }
            let payload = self.payload(&mut turn, &mut at_ms);
            started = Instant::now();
            if started >= self.end {
                return Ok(taken);
            }
            client.publish(TOPIC, QoS::AtLeastOnce, false, payload).await?;
        }
    }

    /// Counts a request that was sent and acknowledged within the time.
    fn count(&self, started: Instant, taken: &mut Vec<f64>) {
        if started >= self.begin && Instant::now() <= self.end {
            taken.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
}
