//! Something that measures and publishes over MQTT 3.1.1 with QoS 1, several publishes under way at a time. What is not
//! acknowledged when a connection ends is sent again at the next address, under the same packet ids and in order.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::{
    self, QoS,
    v4::{Connect, ConnectReturnCode, Login, Packet, Publish},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{Instant, interval, sleep, timeout},
};

use crate::{
    Failure,
    oracle::{Fate, Oracle},
    unix_ms,
};

/// Connecting and being let in.
const CONNECT_MS_MAX: u64 = 5_000;
/// Between two connections.
const PAUSE_MS: u64 = 200;
/// How long a connection may go without an acknowledgement while one is owed: past it the device goes elsewhere.
const ACKNOWLEDGE_MS_MAX: u64 = 15_000;
/// How long the last acknowledgements are waited for; what is still open then stays unknown.
const FINISH_MS_MAX: u64 = 90_000;
/// Publishes under way at a time. Fewer than the device times that the cluster remembers of a sensor.
pub const INFLIGHT_MAX: usize = 8;
/// Bytes of a packet in either direction.
const PACKET_BYTES_MAX: usize = 64 * 1024;
/// Announced keep-alive; the pace is far quicker.
const KEEP_ALIVE_S: u16 = 60;

/// Where, as whom, and how often.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    /// MQTT listeners, tried in turn.
    pub addresses: Vec<SocketAddr>,
    /// Account and key, if it is asked for them.
    pub login: Option<(String, String)>,
    /// Client id.
    pub client_id: String,
    /// It measures for these, one after the other.
    pub sensors: Vec<String>,
    /// Time between two readings.
    pub pace: Duration,
}

/// What a device has lived through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCounts {
    /// Connections that let it in.
    pub connections: u64,
    /// Publishes that were sent again.
    pub resent: u64,
}

/// A publish that is owed an acknowledgement.
struct Pending {
    pkid: u16,
    sensor: String,
    at_ms: u64,
    payload: Bytes,
}

/// A device.
pub struct Device {
    config: DeviceConfig,
    oracle: Arc<Oracle>,
    pending: VecDeque<Pending>,
    pkid: u16,
    count: u32,
    last_ms: u64,
    counts: DeviceCounts,
    rest: Option<watch::Receiver<bool>>,
}

struct Line {
    stream: TcpStream,
    input: BytesMut,
}

impl Device {
    /// One that writes its promises into `oracle`.
    #[must_use]
    pub fn new(config: DeviceConfig, oracle: Arc<Oracle>) -> Self {
        let counts = DeviceCounts::default();
        Self { config, oracle, pending: VecDeque::new(), pkid: 0, count: 0, last_ms: 0, counts, rest: None }
    }

    /// While `rest` says so it measures nothing new.
    #[must_use]
    pub fn resting(self, rest: watch::Receiver<bool>) -> Self {
        Self { rest: Some(rest), ..self }
    }

    fn is_to_rest(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| *rest.borrow())
    }

    /// Measures until told to stop, and then waits for what it is owed.
    ///
    /// # Errors
    /// It is not let in, or the other side does not speak the protocol.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<DeviceCounts, Failure> {
        let mut give_up: Option<Instant> = None;
        for address in self.config.addresses.clone().iter().cycle() {
            if *stop.borrow() && self.pending.is_empty() {
                break;
            }
            if *stop.borrow()
                && *give_up.get_or_insert(Instant::now() + Duration::from_millis(FINISH_MS_MAX)) < Instant::now()
            {
                break;
            }
            match timeout(Duration::from_millis(CONNECT_MS_MAX), self.open(*address)).await {
                Ok(Ok(mut line)) => {
                    self.counts.connections += 1;
                    if let Err(error) = self.follow(&mut line, &mut stop).await {
                        tracing::debug!(%address, %error, "device: connection ended");
                        self.oracle.attempt_failed();
                    }
                }
                Ok(Err(error)) if is_final(&error) => return Err(error),
                Ok(Err(_)) | Err(_) => self.oracle.attempt_failed(),
            }
            sleep(Duration::from_millis(PAUSE_MS)).await;
        }
        Ok(self.counts)
    }

    async fn open(&self, address: SocketAddr) -> Result<Line, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut line = Line { stream, input: BytesMut::new() };
        let mut connect = Connect::new(&self.config.client_id);
        connect.keep_alive = KEEP_ALIVE_S;
        connect.clean_session = false;
        connect.login = self
            .config
            .login
            .as_ref()
            .map(|(username, password)| Login { username: username.clone(), password: password.clone() });
        line.write(&Packet::Connect(connect)).await?;
        match line.read().await? {
            Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success => Ok(line),
            Packet::ConnAck(ack) if ack.code == ConnectReturnCode::ServiceUnavailable => Err("busy".into()),
            Packet::ConnAck(ack) => Err(Box::new(NotLetIn(ack.code))),
            other => Err(format!("{other:?} came before CONNACK").into()),
        }
    }

    /// One connection, until it ends or nothing more is owed.
    async fn follow(&mut self, line: &mut Line, stop: &mut watch::Receiver<bool>) -> Result<(), Failure> {
        for pending in &self.pending {
            self.counts.resent += 1;
            line.write(&Packet::Publish(publish(pending, true))).await?;
        }
        let mut pace = interval(self.config.pace);
        let mut heard = Instant::now();
        loop {
            let is_stopping = *stop.borrow();
            if is_stopping && self.pending.is_empty() {
                return line.write(&Packet::Disconnect).await;
            }
            if self.pending.is_empty() {
                heard = Instant::now();
            }
            let silence_ends = heard + Duration::from_millis(ACKNOWLEDGE_MS_MAX);
            tokio::select! {
                packet = line.read() => match packet? {
                    Packet::PubAck(ack) => {
                        heard = Instant::now();
                        self.acknowledged(ack.pkid)?;
                    }
                    Packet::PingResp => {}
                    other => return Err(format!("{other:?} came for a PUBACK").into()),
                },
                _ = pace.tick(), if !is_stopping && self.pending.len() < INFLIGHT_MAX => {
                    if self.is_to_rest() {
                        continue;
                    }
                    let pending = self.measure();
                    let packet = Packet::Publish(publish(&pending, false));
                    self.pending.push_back(pending);
                    line.write(&packet).await?;
                }
                _ = stop.changed(), if !is_stopping => {}
                () = tokio::time::sleep_until(silence_ends) => return Err("no acknowledgement in time".into()),
            }
        }
    }

    fn acknowledged(&mut self, pkid: u16) -> Result<(), Failure> {
        let at = self.pending.iter().position(|pending| pending.pkid == pkid);
        let pending = at.and_then(|at| self.pending.remove(at));
        let pending = pending.ok_or_else(|| format!("{pkid} was acknowledged and is not owed"))?;
        self.oracle.reading_done(&pending.sensor, pending.at_ms, Fate::Acknowledged);
        Ok(())
    }

    fn measure(&mut self) -> Pending {
        let sensors = &self.config.sensors;
        let sensor = sensors[self.count as usize % sensors.len()].clone();
        self.count += 1;
        self.pkid = self.pkid.checked_add(1).unwrap_or(1);
        let at_ms = unix_ms().max(self.last_ms + 1);
        self.last_ms = at_ms;
        let value_micro = i64::from(self.count) * 1_000;
        self.oracle.reading_sent(&sensor, at_ms, value_micro);
        let payload = format!("{{\"at_ms\":{at_ms},\"value\":{}}}", f64::from(self.count) / 1_000.0);
        Pending { pkid: self.pkid, sensor, at_ms, payload: Bytes::from(payload) }
    }
}

/// The account is wrong: coming back is useless.
#[derive(Debug, thiserror::Error)]
#[error("the device was not let in: {0:?}")]
struct NotLetIn(ConnectReturnCode);

fn is_final(error: &Failure) -> bool {
    error.is::<NotLetIn>()
}

fn publish(pending: &Pending, is_again: bool) -> Publish {
    let topic = format!("trongdong/v1/sensors/{}/readings", pending.sensor);
    let mut publish = Publish::from_bytes(topic, QoS::AtLeastOnce, pending.payload.clone());
    publish.pkid = pending.pkid;
    publish.dup = is_again;
    publish
}

impl Line {
    async fn write(&mut self, packet: &Packet) -> Result<(), Failure> {
        let mut output = BytesMut::new();
        packet.write(&mut output, PACKET_BYTES_MAX).map_err(|e| e.to_string())?;
        Ok(self.stream.write_all(&output).await?)
    }

    /// Loses nothing when it is dropped before it is done, so it may stand in a select.
    async fn read(&mut self) -> Result<Packet, Failure> {
        loop {
            match Packet::read(&mut self.input, PACKET_BYTES_MAX) {
                Ok(packet) => return Ok(packet),
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => return Err(error.to_string().into()),
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err("closed".into());
            }
        }
    }
}
