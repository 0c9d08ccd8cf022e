//! Our side of the comparison: a person's note of [`VALUE_BYTES`](super::load::VALUE_BYTES) on an incident, over HTTP.
//! Each is a command of its own: rights are checked, the session's window is kept, the incident's timeline gets a row.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::load::{self, Client};
use crate::{Result, desk::Desk, http::Connection, stage::Stage};

/// Clients that share a session, and so one row of sequence numbers: far fewer than the numbers that a session's window
/// holds (`domain::limits::SESSION_WINDOW`).
const CLIENTS_PER_SESSION: usize = 16;
/// How long one note may take, refusals at bounds included.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Pause before a note that was refused at a bound is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(10);

/// What the clients of one cluster share.
pub(crate) struct Ward {
    gateways: Vec<SocketAddr>,
    sessions: Vec<Session>,
    clients_per_session: usize,
}

#[derive(Clone)]
struct Session {
    token: String,
    seq: Arc<AtomicU64>,
    incident: String,
}

impl Ward {
    /// Signs in, and opens the incidents on which `clients` will note.
    pub(crate) async fn open(stage: &Stage, clients: usize) -> Result<Self> {
        Self::open_with(stage, clients, CLIENTS_PER_SESSION).await
    }

    /// The same with a session for each client: where one has to wait for another node than the others do, these would leave
    /// its number behind the session's window meanwhile, and it would be refused for good.
    pub(crate) async fn open_each(stage: &Stage, clients: usize) -> Result<Self> {
        Self::open_with(stage, clients, 1).await
    }

    async fn open_with(stage: &Stage, clients: usize, clients_per_session: usize) -> Result<Self> {
        let gateways = stage.gateways()?;
        let mut sessions = Vec::new();
        for (at, mut desk) in stage.admins(clients.div_ceil(clients_per_session)).await?.into_iter().enumerate() {
            let incident = desk.command("/api/reports", &crate::stage::report(&format!("ward-{at}"))).await?.entity;
            sessions.push(session(&mut desk, incident));
        }
        Ok(Self { gateways, sessions, clients_per_session })
    }

    /// The same sessions at these nodes only.
    pub(crate) fn at(&self, gateways: &[SocketAddr]) -> Self {
        let (gateways, sessions) = (gateways.to_vec(), self.sessions.clone());
        Self { gateways, sessions, clients_per_session: self.clients_per_session }
    }

    /// Connects that many clients, spread over the nodes.
    pub(crate) async fn clients(&self, count: usize) -> Result<Vec<Noter>> {
        let mut clients = Vec::with_capacity(count);
        for at in 0..count {
            let address = self.gateways[at % self.gateways.len()];
            let session = self.sessions.get(at / self.clients_per_session).ok_or("too few sessions were opened")?;
            clients.push(Noter {
                connection: Connection::open(address).await?,
                address,
                headers: format!("cookie: td_session={}\r\ncontent-type: application/json\r\n", session.token),
                path: format!("/api/incidents/{}/note", session.incident),
                seq: session.seq.clone(),
                client: at,
                number: 0,
            });
        }
        Ok(clients)
    }
}

fn session(desk: &mut Desk, incident: String) -> Session {
    let seq = Arc::new(AtomicU64::new(desk.next_seq()));
    Session { token: desk.token().to_owned(), seq, incident }
}

/// A client that writes notes.
pub(crate) struct Noter {
    connection: Connection,
    address: SocketAddr,
    headers: String,
    path: String,
    seq: Arc<AtomicU64>,
    client: usize,
    number: u64,
}

impl Client for Noter {
    async fn put(&mut self) -> std::result::Result<(), String> {
        self.put_counting().await.map(drop)
    }
}

impl Noter {
    /// Writes the next value; how often it was refused before it was acknowledged.
    pub(crate) async fn put_counting(&mut self) -> std::result::Result<u64, String> {
        self.number += 1;
        let note = load::value(self.client, self.number);
        self.note(&note).await
    }

    /// Opens the connection anew: after an error it is of no more use.
    pub(crate) async fn reconnect(&mut self) -> Result<()> {
        self.connection = Connection::open(self.address).await?;
        Ok(())
    }

    /// Writes one note, again under the same number where it was refused for now; how often it was.
    pub(crate) async fn note(&mut self, note: &str) -> std::result::Result<u64, String> {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let headers = format!("{}x-request-seq: {seq}\r\n", self.headers);
        let body = json!({ "note": note }).to_string();
        let until = Instant::now() + ANSWERED_WITHIN;
        let mut refused = 0;
        loop {
            let answer = self.connection.ask("POST", &self.path, &headers, body.as_bytes()).await;
            let answer = answer.map_err(|error| format!("a note: {error}"))?;
            if answer.is_success() {
                return Ok(refused);
            }
            if (answer.status < 500 && answer.status != 429) || Instant::now() > until {
                return Err(format!("a note: {}", answer.words()));
            }
            refused += 1;
            sleep(AGAIN_AFTER).await;
        }
    }
}
