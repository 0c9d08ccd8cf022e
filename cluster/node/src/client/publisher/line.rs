//! One MQTT connection as a client: CONNECT, one PUBLISH under way, its PUBACK.

use std::{io, net::SocketAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::{
    self, QoS,
    v4::{Connect, ConnectReturnCode, Login, Packet, Publish},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Account;

/// How long connecting and signing in may take.
const CONNECT_MS_MAX: u64 = 10_000;
/// How long an acknowledgement may take: longer than the gateway waits for a quorum.
const ACKNOWLEDGE_MS_MAX: u64 = 25_000;
/// How long a ping may stay without its answer.
const PONG_MS_MAX: u64 = 10_000;
/// The keep-alive that is announced; pings come well within it.
const KEEP_ALIVE_S: u16 = 60;
/// Bytes of one packet in either direction.
const PACKET_BYTES_MAX: usize = 512 * 1024;

/// Why a connection is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error("no MQTT address was given")]
    Nowhere,
    #[error("connection ended: {0}")]
    Gone(#[from] io::Error),
    #[error("no answer in time")]
    Silent,
    #[error("not let in: {0:?}; check the device account and its password")]
    Refused(ConnectReturnCode),
    #[error("protocol error: {0}")]
    Protocol(String),
}

impl From<mqttbytes::Error> for LineError {
    fn from(error: mqttbytes::Error) -> Self {
        Self::Protocol(error.to_string())
    }
}

/// An open connection.
pub(super) struct Line {
    stream: TcpStream,
    input: BytesMut,
    pkid: u16,
}

impl Line {
    pub(super) async fn open(address: SocketAddr, client_id: &str, account: &Account) -> Result<Self, LineError> {
        let open = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut line = Self { stream, input: BytesMut::new(), pkid: 0 };
            let mut connect = Connect::new(client_id);
            connect.keep_alive = KEEP_ALIVE_S;
            connect.login = Some(Login { username: account.user.clone(), password: account.password.clone() });
            line.write(&Packet::Connect(connect)).await?;
            match line.read().await? {
                Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success => Ok(line),
                Packet::ConnAck(ack) => Err(LineError::Refused(ack.code)),
                other => Err(LineError::Protocol(format!("{other:?} came before CONNACK"))),
            }
        };
        timeout(Duration::from_millis(CONNECT_MS_MAX), open).await.map_err(|_| LineError::Silent)?
    }

    /// Resolves when it is acknowledged. After an error nothing is known and the connection is of no more use.
    pub(super) async fn publish(&mut self, topic: &str, payload: &[u8], is_again: bool) -> Result<(), LineError> {
        // Packet id 0 is not allowed.
        self.pkid = self.pkid.checked_add(1).unwrap_or(1);
        let mut publish = Publish::from_bytes(topic, QoS::AtLeastOnce, Bytes::copy_from_slice(payload));
        publish.pkid = self.pkid;
        publish.dup = is_again;
        let exchange = async {
            self.write(&Packet::Publish(publish)).await?;
            loop {
                match self.read().await? {
                    Packet::PubAck(ack) if ack.pkid == self.pkid => return Ok(()),
                    Packet::PingResp => {}
                    other => return Err(LineError::Protocol(format!("{other:?} came for a PUBACK"))),
                }
            }
        };
        timeout(Duration::from_millis(ACKNOWLEDGE_MS_MAX), exchange).await.map_err(|_| LineError::Silent)?
    }

    pub(super) async fn ping(&mut self) -> Result<(), LineError> {
        let exchange = async {
            self.write(&Packet::PingReq).await?;
            match self.read().await? {
                Packet::PingResp => Ok(()),
                other => Err(LineError::Protocol(format!("{other:?} came for a PINGRESP"))),
            }
        };
        timeout(Duration::from_millis(PONG_MS_MAX), exchange).await.map_err(|_| LineError::Silent)?
    }

    /// Says good-bye; whoever does not listen any more need not.
    pub(super) async fn close(mut self) {
        let bye = self.write(&Packet::Disconnect);
        if let Ok(Err(error)) = timeout(Duration::from_millis(CONNECT_MS_MAX), bye).await {
            tracing::debug!(%error, "closing");
        }
    }

    async fn write(&mut self, packet: &Packet) -> Result<(), LineError> {
        let mut output = BytesMut::new();
        packet.write(&mut output, PACKET_BYTES_MAX)?;
        Ok(self.stream.write_all(&output).await?)
    }

    async fn read(&mut self) -> Result<Packet, LineError> {
        loop {
            match Packet::read(&mut self.input, PACKET_BYTES_MAX) {
                Ok(packet) => return Ok(packet),
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => return Err(error.into()),
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(LineError::Gone(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}
