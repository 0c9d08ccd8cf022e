//! The endpoint that devices connect to: takes TCP (or TLS) connections up to a bound and runs one task for each.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use super::{
    connection::{self, Close},
    intake::Intake,
    quarantine::Counters,
};
use crate::fence::turned;

/// Connections at once. At the bound a new one is closed before it says anything, and counted.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Key checks at once. A key check is costly by design (argon2), so others wait within their connect timeout.
pub const LOGINS_MAX: usize = 4;
/// From the TCP connection to a good CONNECT, TLS included. Past it the connection is closed.
pub const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_RETRY_MS: u64 = 100;
/// How long a stopping endpoint lets commits under way finish.
const STOP_MS_MAX: u64 = 5_000;

/// How the endpoint listens.
#[derive(Clone)]
pub struct EndpointConfig {
    /// TLS, or plain TCP when `None`.
    pub tls: Option<Arc<ServerConfig>>,
    /// Connections at once.
    pub connections_max: usize,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self { tls: None, connections_max: CONNECTIONS_MAX }
    }
}

/// The MQTT endpoint.
pub struct Endpoint {
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    connections_max: usize,
}

/// What the connections of one endpoint share.
pub(super) struct Shared {
    pub(super) intake: Arc<Intake>,
    pub(super) logins: Semaphore,
    sessions: Mutex<Sessions>,
}

/// Who is connected, so that a device that comes back takes the place of its own half-dead connection.
#[derive(Default)]
struct Sessions {
    last: u64,
    by_client: HashMap<(String, String), (u64, oneshot::Sender<()>)>,
}

impl Shared {
    /// Notes a client as connected and ends its older connection, as MQTT-3.1.4-2 asks. Yields the number to give to
    /// [`Self::leave`] and what resolves when a newer connection takes over.
    pub(super) fn enter(&self, account: &str, client_id: &str) -> (u64, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.last += 1;
        let number = sessions.last;
        let older = sessions.by_client.insert((account.to_owned(), client_id.to_owned()), (number, sender));
        if let Some((_, older)) = older {
            // An error says that the older connection has ended by itself.
            let _ = older.send(());
        }
        (number, receiver)
    }

    /// Forgets a client, unless a newer connection of it has taken over.
    pub(super) fn leave(&self, account: &str, client_id: &str, number: u64) {
        let key = (account.to_owned(), client_id.to_owned());
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.by_client.get(&key).is_some_and(|(newest, _)| *newest == number) {
            sessions.by_client.remove(&key);
        }
    }
}

impl Endpoint {
    /// An endpoint that commits through `intake`.
    #[must_use]
    pub fn new(intake: Arc<Intake>, config: EndpointConfig) -> Self {
        let shared = Shared { intake, logins: Semaphore::new(LOGINS_MAX), sessions: Mutex::default() };
        Self {
            shared: Arc::new(shared),
            tls: config.tls.map(TlsAcceptor::from),
            connections_max: config.connections_max.clamp(1, CONNECTIONS_MAX),
        }
    }

    /// Takes connections until `stop` turns true or its sender is gone, then lets commits under way finish, for at most
    /// `STOP_MS_MAX`. What is cut off was not acknowledged and comes again.
    pub async fn run(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let counters = self.shared.intake.counters();
        let stopping = stop.clone();
        let mut connections: JoinSet<()> = JoinSet::new();
        loop {
            tokio::select! {
                // In this order, so that connections that have ended make room before a new one is turned away.
                biased;
                _ = turned(&mut stop, true) => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Err(error) => {
                        tracing::warn!(%error, "mqtt: cannot accept a connection");
                        sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                    }
                    Ok(_) if connections.len() >= self.connections_max => {
                        Counters::add(&counters.connections_refused);
                    }
                    Ok((stream, peer)) => {
                        Counters::add(&counters.connections);
                        connections.spawn(connect(self.shared.clone(), self.tls.clone(), stream, peer, stopping.clone()));
                    }
                }
            }
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(Duration::from_millis(STOP_MS_MAX), drained).await.is_err() {
            tracing::warn!(open = connections.len(), "mqtt: connections cut off while stopping");
        }
    }
}

async fn connect(
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
    peer: SocketAddr,
    stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "mqtt: no TCP_NODELAY");
    }
    let started = tokio::time::Instant::now();
    let deadline = started + Duration::from_millis(CONNECT_TIMEOUT_MS);
    let close = match tls {
        None => connection::serve(stream, peer, &shared, deadline, stop).await,
        Some(tls) => match tokio::time::timeout_at(deadline, tls.accept(stream)).await {
            Err(_) => Close::ConnectTimeout,
            Ok(Err(error)) => Close::Gone(error),
            Ok(Ok(stream)) => connection::serve(stream, peer, &shared, deadline, stop).await,
        },
    };
    let counters = shared.intake.counters();
    match close {
        Close::Protocol(_) => Counters::add(&counters.protocol_errors),
        Close::KeepAlive => Counters::add(&counters.keep_alive_expired),
        _ => {}
    }
    if close.is_ordinary() {
        tracing::debug!(%peer, reason = %close, "mqtt: connection ended");
    } else {
        tracing::warn!(%peer, reason = %close, "mqtt: connection closed");
    }
}
