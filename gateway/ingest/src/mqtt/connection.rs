//! One device's connection: CONNECT, then publishes that are committed side by side and acknowledged in the order they
//! came (MQTT-4.6.0). At [`MQTT_INFLIGHT_MAX`] the socket is not read, so TCP slows the device down.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::FuturesOrdered,
};
use rumqttc::mqttbytes::{
    self, QoS,
    v4::{ConnAck, Connect, ConnectReturnCode, Packet, PubAck, Publish, SubAck, SubscribeReasonCode, UnsubAck},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{endpoint::Shared, intake::Intake, quarantine::Counters};
use crate::{LoginError, RecordError, Speaker, fence::turned};

/// Publishes of one connection that are being committed at once. At the bound the socket is not read.
pub(super) const MQTT_INFLIGHT_MAX: usize = 32;
/// Bytes of a packet after CONNECT. A larger one closes the connection.
pub(super) const PACKET_BYTES_MAX: usize = 512 * 1024;
/// Bytes of the CONNECT packet, from somebody not known yet.
pub(super) const CONNECT_BYTES_MAX: usize = 4096;
/// A client that asks for no keep-alive (0), or a longer one, is still gone after this.
pub(super) const KEEP_ALIVE_S_MAX: u16 = 3600;
/// The first byte of a CONNECT packet (MQTT-3.1.0): its type and no flags.
const CONNECT_HEADER: u8 = 0x10;
/// How long a client may leave what is written to it unread.
const WRITE_TIMEOUT_MS: u64 = 10_000;
/// What the read buffer grows by.
const READ_CHUNK_BYTES: usize = 4096;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Close {
    #[error("no CONNECT within the connect timeout")]
    ConnectTimeout,
    #[error("connection ended: {0}")]
    Gone(#[source] io::Error),
    #[error("client disconnected")]
    Disconnected,
    #[error("not let in: {0}")]
    Refused(LoginError),
    #[error("protocol error: {0}")]
    Protocol(String),
    #[error("silent beyond its keep-alive")]
    KeepAlive,
    #[error("did not read what was written to it")]
    WriteTimeout,
    #[error("the outcome of a commit is unknown, so it is left unacknowledged: {0}")]
    CommitUnknown(RecordError),
    #[error("the same client connected again")]
    TakenOver,
    #[error("endpoint is stopping")]
    Stopping,
}

impl Close {
    /// Whether this is how connections end every day.
    pub(super) fn is_ordinary(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::Disconnected | Self::Stopping | Self::TakenOver)
    }

    /// Whether commits under way are still worth waiting for: the client is gone, its data is not.
    fn lets_commits_finish(&self) -> bool {
        !matches!(self, Self::CommitUnknown(_))
    }
}

impl From<io::Error> for Close {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// A framed stream.
struct Link<S> {
    stream: S,
    input: BytesMut,
    output: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    async fn read(&mut self) -> Result<(), Close> {
        self.input.reserve(READ_CHUNK_BYTES);
        // `read_buf` loses nothing when it is dropped before it is done, so it may stand in a select.
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(Close::Gone(io::ErrorKind::UnexpectedEof.into())),
            _ => Ok(()),
        }
    }

    fn put(&mut self, packet: &Packet) -> Result<(), Close> {
        packet.write(&mut self.output, PACKET_BYTES_MAX).map(drop).map_err(|e| Close::Protocol(e.to_string()))
    }

    async fn flush(&mut self) -> Result<(), Close> {
        if self.output.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all_buf(&mut self.output).await?;
            self.stream.flush().await
        };
        match timeout(Duration::from_millis(WRITE_TIMEOUT_MS), write).await {
            Err(_) => Err(Close::WriteTimeout),
            Ok(written) => Ok(written?),
        }
    }
}

/// Takes the next whole packet from `input`; `None` when there is none yet.
pub(crate) fn next_packet(input: &mut BytesMut, bytes_max: usize) -> Result<Option<Packet>, mqttbytes::Error> {
    match Packet::read(input, bytes_max) {
        Ok(packet) => Ok(Some(packet)),
        Err(mqttbytes::Error::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The protocol level that a CONNECT packet asks for: 4 is MQTT 3.1.1. The codec cannot be asked, since the levels differ
/// in what follows.
pub(crate) fn connect_level(packet: &[u8]) -> Option<u8> {
    let length_bytes = packet.get(1..)?.iter().take(4).position(|byte| byte & 0x80 == 0)? + 1;
    let body = packet.get(1 + length_bytes..)?;
    let rest = body.strip_prefix(b"\x00\x04MQTT").or_else(|| body.strip_prefix(b"\x00\x06MQIsdp"))?;
    rest.first().copied()
}

/// Serves one connection to its end. `deadline` is when it must have sent a good CONNECT.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: SocketAddr,
    shared: &Shared,
    deadline: Instant,
    stop: watch::Receiver<bool>,
) -> Close {
    let mut link = Link { stream, input: BytesMut::new(), output: BytesMut::new() };
    let connect = match timeout_at(deadline, handshake(&mut link, shared)).await {
        Err(_) => return Close::ConnectTimeout,
        Ok(Err(close)) => return close,
        Ok(Ok(connect)) => connect,
    };
    let (account, connect) = connect;
    // Clients without an id are told apart by their address, so that none takes another's place.
    let client_id = if connect.client_id.is_empty() { peer.to_string() } else { connect.client_id.clone() };
    let (number, taken_over) = shared.enter(&account, &client_id);
    let keep_alive_s = match connect.keep_alive {
        0 => KEEP_ALIVE_S_MAX,
        s => s.min(KEEP_ALIVE_S_MAX),
    };
    let mut session = Session {
        link,
        intake: shared.intake.clone(),
        speaker: Speaker::Account(account.clone()),
        client: format!("{account}/{client_id}").into(),
        // MQTT-3.1.2-24: one and a half times the keep-alive.
        silence_max: Duration::from_millis(u64::from(keep_alive_s) * 1500),
        commits: FuturesOrdered::new(),
        parked: None,
    };
    tracing::debug!(%peer, client = %session.client, "mqtt: client connected");
    let close = session.run(taken_over, stop).await;
    shared.leave(&account, &client_id, number);
    if close.lets_commits_finish() {
        session.finish_commits().await;
    }
    close
}

/// Waits for CONNECT, checks the key, answers. Yields the account and the packet.
async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    link: &mut Link<S>,
    shared: &Shared,
) -> Result<(String, Connect), Close> {
    let connect = loop {
        // Known from its first byte, so that what is not MQTT does not hold a connection until the timeout.
        if link.input.first().is_some_and(|first| *first != CONNECT_HEADER) {
            return Err(Close::Protocol("the first packet was not CONNECT".to_owned()));
        }
        if connect_level(&link.input).is_some_and(|level| level != 4) {
            refuse(link, ConnectReturnCode::RefusedProtocolVersion).await?;
            return Err(Close::Protocol("only MQTT 3.1.1 is spoken here".to_owned()));
        }
        match next_packet(&mut link.input, CONNECT_BYTES_MAX).map_err(|e| Close::Protocol(e.to_string()))? {
            None => link.read().await?,
            Some(Packet::Connect(connect)) => break connect,
            Some(_) => return Err(Close::Protocol("the first packet was not CONNECT".to_owned())),
        }
    };
    if connect.client_id.is_empty() && !connect.clean_session {
        // MQTT-3.1.3-8.
        refuse(link, ConnectReturnCode::BadClientId).await?;
        return Err(Close::Protocol("a persistent session needs a client id".to_owned()));
    }
    let login = match &connect.login {
        None => Err(LoginError::Denied),
        Some(login) => {
            let _turn = shared.logins.acquire().await;
            shared.intake.recorder().device_login(&login.username, login.password.as_bytes()).await
        }
    };
    let account = match login {
        Ok(account) => account,
        Err(error) => {
            let code = match &error {
                LoginError::Denied => {
                    Counters::add(&shared.intake.counters().logins_denied);
                    ConnectReturnCode::BadUserNamePassword
                }
                LoginError::Unavailable(_) => ConnectReturnCode::ServiceUnavailable,
            };
            refuse(link, code).await?;
            return Err(Close::Refused(error));
        }
    };
    // Nothing is ever sent to a device, so its session here is empty and always present, on every node alike. To say so
    // matters: a client library that is told that its session is gone throws away what was not acknowledged.
    link.put(&Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, !connect.clean_session)))?;
    link.flush().await?;
    Ok((account, connect))
}

async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(link: &mut Link<S>, code: ConnectReturnCode) -> Result<(), Close> {
    link.put(&Packet::ConnAck(ConnAck::new(code, false)))?;
    link.flush().await?;
    // An orderly end, so that the answer is not lost to a reset.
    Ok(link.stream.shutdown().await?)
}

/// What a commit came to.
struct Committed {
    /// The packet to acknowledge; `None` for QoS 0.
    pkid: Option<u16>,
    outcome: Result<(), RecordError>,
}

type Parked = BoxFuture<'static, Option<(Publish, OwnedSemaphorePermit)>>;

struct Session<S> {
    link: Link<S>,
    intake: Arc<Intake>,
    speaker: Speaker,
    client: Arc<str>,
    silence_max: Duration,
    /// In order of receipt; each is polled, the results leave in order.
    commits: FuturesOrdered<BoxFuture<'static, Committed>>,
    /// A publish that waits for room in the intake; nothing is read meanwhile.
    parked: Option<Parked>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    async fn run(
        &mut self,
        mut taken_over: tokio::sync::oneshot::Receiver<()>,
        mut stop: watch::Receiver<bool>,
    ) -> Close {
        let mut deadline = Instant::now() + self.silence_max;
        loop {
            let step = async {
                while self.may_read() {
                    match next_packet(&mut self.link.input, PACKET_BYTES_MAX) {
                        Err(error) => return Err(Close::Protocol(error.to_string())),
                        Ok(None) => break,
                        Ok(Some(packet)) => self.on_packet(packet)?,
                    }
                }
                self.link.flush().await
            };
            if let Err(close) = step.await {
                return close;
            }
            let may_read = self.may_read();
            if !may_read {
                // Silence is counted only while this side listens.
                deadline = Instant::now() + self.silence_max;
            }
            let parked: OptionFuture<_> = self.parked.as_mut().into();
            tokio::select! {
                read = self.link.read(), if may_read => match read {
                    Ok(()) => deadline = Instant::now() + self.silence_max,
                    Err(close) => return close,
                },
                Some(committed) = self.commits.next(), if !self.commits.is_empty() => {
                    if let Err(close) = self.on_committed(committed) {
                        return close;
                    }
                }
                Some(ready) = parked => {
                    self.parked = None;
                    if let Some((publish, room)) = ready {
                        self.commit(publish, room);
                    }
                }
                () = sleep_until(deadline), if may_read => return Close::KeepAlive,
                _ = &mut taken_over => return Close::TakenOver,
                _ = turned(&mut stop, true) => return Close::Stopping,
            }
        }
    }

    fn may_read(&self) -> bool {
        self.parked.is_none() && self.commits.len() < MQTT_INFLIGHT_MAX
    }

    fn on_packet(&mut self, packet: Packet) -> Result<(), Close> {
        match packet {
            Packet::Publish(publish) if publish.qos == QoS::ExactlyOnce => {
                Err(Close::Protocol("QoS 2 is not taken here; publish with QoS 1".to_owned()))
            }
            Packet::Publish(publish) => {
                let room = self.intake.clone().room(publish.payload.len());
                self.parked = Some(async move { room.await.map(|room| (publish, room)) }.boxed());
                Ok(())
            }
            Packet::PingReq => self.link.put(&Packet::PingResp),
            Packet::Subscribe(subscribe) => {
                let codes = vec![SubscribeReasonCode::Failure; subscribe.filters.len()];
                self.link.put(&Packet::SubAck(SubAck::new(subscribe.pkid, codes)))
            }
            Packet::Unsubscribe(unsubscribe) => self.link.put(&Packet::UnsubAck(UnsubAck { pkid: unsubscribe.pkid })),
            Packet::Disconnect => Err(Close::Disconnected),
            Packet::Connect(_) => Err(Close::Protocol("a second CONNECT".to_owned())),
            other => Err(Close::Protocol(format!("a device does not send {}", name(&other)))),
        }
    }

    fn commit(&mut self, publish: Publish, room: OwnedSemaphorePermit) {
        let (intake, speaker, client) = (self.intake.clone(), self.speaker.clone(), self.client.clone());
        let commit = async move {
            let payload: Bytes = publish.payload;
            let outcome = intake.commit(&speaker, &client, &publish.topic, &payload).await;
            drop(room);
            Committed { pkid: (publish.qos == QoS::AtLeastOnce).then_some(publish.pkid), outcome }
        };
        self.commits.push_back(commit.boxed());
    }

    fn on_committed(&mut self, committed: Committed) -> Result<(), Close> {
        let counters = self.intake.counters();
        match (committed.pkid, committed.outcome) {
            (None, Ok(())) => Ok(()),
            (None, Err(_)) => {
                Counters::add(&counters.lost_best_effort);
                Ok(())
            }
            (Some(pkid), Ok(())) => {
                Counters::add(&counters.acknowledged);
                self.link.put(&Packet::PubAck(PubAck::new(pkid)))
            }
            // A 3.1.1 client sends again only after it has connected again, and later publishes may not be
            // acknowledged before this one: so the connection ends.
            (Some(_), Err(error)) => {
                Counters::add(&counters.commits_unknown);
                Err(Close::CommitUnknown(error))
            }
        }
    }

    /// Lets what was already received be recorded after the client has gone. Bounded by the commits' own deadline.
    async fn finish_commits(&mut self) {
        while let Some(committed) = self.commits.next().await {
            if committed.outcome.is_err() {
                let counters = self.intake.counters();
                let known_lost = committed.pkid.is_none();
                Counters::add(if known_lost { &counters.lost_best_effort } else { &counters.commits_unknown });
            }
        }
    }
}

/// The kind of a packet, without its contents: they may hold a key.
fn name(packet: &Packet) -> &'static str {
    match packet {
        Packet::Connect(_) => "CONNECT",
        Packet::ConnAck(_) => "CONNACK",
        Packet::Publish(_) => "PUBLISH",
        Packet::PubAck(_) => "PUBACK",
        Packet::PubRec(_) => "PUBREC",
        Packet::PubRel(_) => "PUBREL",
        Packet::PubComp(_) => "PUBCOMP",
        Packet::Subscribe(_) => "SUBSCRIBE",
        Packet::SubAck(_) => "SUBACK",
        Packet::Unsubscribe(_) => "UNSUBSCRIBE",
        Packet::UnsubAck(_) => "UNSUBACK",
        Packet::PingReq => "PINGREQ",
        Packet::PingResp => "PINGRESP",
        Packet::Disconnect => "DISCONNECT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_a_connect() {
        let mut bytes = BytesMut::new();
        Packet::Connect(Connect::new("c")).write(&mut bytes, CONNECT_BYTES_MAX).unwrap();
        assert_eq!(connect_level(&bytes), Some(4));
        assert_eq!(connect_level(b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x03abc"), Some(5));
        assert_eq!(connect_level(b"\x10\x0f\x00\x06MQIsdp\x03"), Some(3));
        assert_eq!(connect_level(b"\x10"), None);
        assert_eq!(connect_level(b"\x10\xff\xff\xff\xff\x00\x04MQTT\x05"), None);
    }

    #[test]
    fn a_packet_over_the_bound_is_an_error_before_it_has_come() {
        let mut input = BytesMut::from(&b"\x30\xff\xff\xff\x7f"[..]);
        assert!(next_packet(&mut input, PACKET_BYTES_MAX).is_err());
    }

    #[test]
    fn half_a_packet_waits() {
        let mut input = BytesMut::from(&b"\x30\x05\x00"[..]);
        assert_eq!(next_packet(&mut input, PACKET_BYTES_MAX).unwrap(), None);
        assert_eq!(input.len(), 3);
    }
}
