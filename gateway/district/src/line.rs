//! One connection to one node, as a screen has it: a WebSocket with binary protobuf, from the handshake to its end.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::wire::generated::{Hello, Position, Subscribe, ToScreen, ToServer, Welcome, to_screen, to_server};
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error as WsError, Message,
        client::IntoClientRequest,
        http::{HeaderValue, header},
        protocol::WebSocketConfig,
    },
};

/// Connecting, TLS, the upgrade and the welcome together.
const OPEN_MS_MAX: u64 = 5_000;
/// Sending one message to the node.
const SEND_MS_MAX: u64 = 5_000;
/// A line is cut when nothing came for so many heartbeats.
const HEARTBEATS_MISSED_MAX: u32 = 3;
/// Bytes of one message from the node: a part of a snapshot ends at a quarter of a mebibyte, a key frame of video may not.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What the line is for, as the record says it: a program follows, and no person sits there.
const WHY: &str = "program/line";
/// The WebSocket sub-protocol.
const PROTOCOL: &str = "trongdong.v1";

/// A byte stream, with or without TLS.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Bytes over a line: what WebSocket messages carry, without their heads and TLS.
#[derive(Debug, Default)]
pub struct Traffic {
    /// From the node.
    pub received: AtomicU64,
    /// To the node.
    pub sent: AtomicU64,
}

/// An open line.
pub struct Line {
    socket: WebSocketStream<Box<dyn Io>>,
    bytes: Arc<Traffic>,
    /// What the node said first.
    pub welcome: Welcome,
}

/// Why a line ended.
#[derive(Debug)]
pub enum End {
    /// The node said good-bye: code and message.
    Bye(String, String),
    /// It is cut.
    Cut(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bye(code, message) => write!(f, "{code}: {message}"),
            Self::Cut(reason) => f.write_str(reason),
        }
    }
}

impl From<WsError> for End {
    fn from(error: WsError) -> Self {
        Self::Cut(error.to_string())
    }
}

impl Line {
    /// Opens a line to the node at `origin` (`https://host:port`) for whoever holds the session token, and says hello.
    ///
    /// # Errors
    /// Why there is no line.
    pub async fn open(origin: &str, token: &str, tls: &Arc<ClientConfig>) -> Result<Self, End> {
        Self::open_counted(origin, token, tls, Arc::default()).await
    }

    /// The same, with its bytes counted.
    ///
    /// # Errors
    /// Why there is no line.
    pub async fn open_counted(
        origin: &str,
        token: &str,
        tls: &Arc<ClientConfig>,
        bytes: Arc<Traffic>,
    ) -> Result<Self, End> {
        let open = async {
            let socket = handshake(origin, token, tls).await?;
            let mut line = Self { socket, bytes, welcome: Welcome::default() };
            let hello = Hello { token: token.to_owned(), language: "vi".to_owned(), why: WHY.to_owned() };
            line.send(to_server::Body::Hello(hello)).await?;
            match line.next().await? {
                to_screen::Body::Welcome(welcome) => line.welcome = welcome,
                to_screen::Body::Bye(bye) => return Err(End::Bye(bye.code, bye.message)),
                other => return Err(End::Cut(format!("{other:?} came before the welcome"))),
            }
            Ok(line)
        };
        let in_time = timeout(Duration::from_millis(OPEN_MS_MAX), open).await;
        in_time.unwrap_or_else(|_| Err(End::Cut("no welcome in time".to_owned())))
    }

    /// Asks for everything after `from`.
    ///
    /// # Errors
    /// The line has ended.
    pub async fn subscribe(&mut self, districts: &[String], nouns: &[String], from: Vec<Position>) -> Result<(), End> {
        let subscribe = Subscribe { districts: districts.to_vec(), nouns: nouns.to_vec(), from };
        self.send(to_server::Body::Subscribe(subscribe)).await
    }

    async fn send(&mut self, body: to_server::Body) -> Result<(), End> {
        let bytes = ToServer { body: Some(body) }.encode_to_vec();
        self.bytes.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let sent = timeout(Duration::from_millis(SEND_MS_MAX), self.socket.send(Message::Binary(Bytes::from(bytes))));
        Ok(sent.await.map_err(|_| End::Cut("takes nothing".to_owned()))??)
    }

    /// The next message.
    ///
    /// # Errors
    /// The line has ended, or the node has been silent for too long.
    pub async fn next(&mut self) -> Result<to_screen::Body, End> {
        let heartbeat = Duration::from_millis(u64::from(self.welcome.heartbeat_ms.max(1_000)));
        let silence_max = heartbeat * HEARTBEATS_MISSED_MAX;
        loop {
            let received = timeout(silence_max, self.socket.next()).await;
            let received = received.map_err(|_| End::Cut(format!("silent for {} ms", silence_max.as_millis())))?;
            match received {
                None => return Err(End::Cut("closed".to_owned())),
                Some(Ok(Message::Binary(bytes))) => {
                    self.bytes.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    let message = ToScreen::decode(bytes).map_err(|e| End::Cut(format!("not understood: {e}")))?;
                    // A body that this program does not know yet is no reason to go.
                    if let Some(body) = message.body {
                        return Ok(body);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(End::Cut(frame.map_or("closed".to_owned(), |frame| format!("closed: {frame}"))));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }
}

async fn handshake(origin: &str, token: &str, tls: &Arc<ClientConfig>) -> Result<WebSocketStream<Box<dyn Io>>, End> {
    let refused = |why: &str| End::Cut(format!("{origin}: {why}"));
    let (is_tls, authority) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(authority), _) => (true, authority),
        (_, Some(authority)) => (false, authority),
        _ => return Err(refused("give an origin such as https://node-1:8443")),
    };
    let authority = authority.trim_end_matches('/');
    let (host, has_port) = match authority.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.ends_with(']') => (host, true),
        _ => (authority, false),
    };
    let address = match (has_port, is_tls) {
        (true, _) => authority.to_owned(),
        (false, true) => format!("{authority}:443"),
        (false, false) => format!("{authority}:80"),
    };
    let lost = |error: std::io::Error| refused(&error.to_string());
    let stream = TcpStream::connect(address).await.map_err(lost)?;
    stream.set_nodelay(true).map_err(lost)?;
    let io: Box<dyn Io> = if is_tls {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| refused("its host is no name"))?;
        Box::new(TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(lost)?)
    } else {
        Box::new(stream)
    };
    let scheme = if is_tls { "wss" } else { "ws" };
    let broken = |error: WsError| refused(&error.to_string());
    let mut request = format!("{scheme}://{authority}/ws").into_client_request().map_err(broken)?;
    let cookie = HeaderValue::try_from(format!("{}={token}", edge::COOKIE_NAME));
    let cookie = cookie.map_err(|_| refused("the token is not one that a node has given"))?;
    request.headers_mut().insert(header::COOKIE, cookie);
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
    let (socket, _) = client_async_with_config(request, io, Some(config)).await.map_err(broken)?;
    Ok(socket)
}
