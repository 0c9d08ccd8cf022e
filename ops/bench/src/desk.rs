//! A signed-in session that sends commands, each under its own sequence number, over one kept connection to one node.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Result,
    http::{Answer, Connection},
};

/// How long [`Desk::command`] tries all nodes.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// Pause before a command is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A session at one node, with the others to fall back to.
pub(crate) struct Desk {
    nodes: Vec<SocketAddr>,
    at: usize,
    connection: Option<Connection>,
    token: String,
    seq: u64,
}

impl Desk {
    /// Signs in at the node `at` of `nodes` (counted round).
    pub(crate) async fn sign_in(nodes: &[SocketAddr], at: usize, person: &str, password: &str) -> Result<Self> {
        let mut desk = Self { nodes: nodes.to_vec(), at, connection: None, token: String::new(), seq: 0 };
        let body = json!({ "person": person, "password": password }).to_string();
        let headers = "content-type: application/json\r\n";
        let until = Instant::now() + ANSWERED_WITHIN;
        let answer = loop {
            match desk.ask("POST", "/api/login", headers, body.as_bytes()).await {
                Ok(answer) if answer.status < 500 && answer.status != 429 => break answer,
                Ok(answer) if Instant::now() > until => return Err(format!("sign-in: {}", answer.words()).into()),
                Err(error) if Instant::now() > until => return Err(error.into()),
                _ => tokio::time::sleep(AGAIN_AFTER).await,
            }
        };
        let token = answer.cookies.iter().find_map(|cookie| {
            let (name, value) = cookie.split(';').next()?.split_once('=')?;
            (name == "td_session").then(|| value.to_owned())
        });
        desk.token = token.ok_or_else(|| format!("sign-in of {person}: {}", answer.words()))?;
        Ok(desk)
    }

    /// The same session at another node; its numbers are this one's to give.
    pub(crate) fn at_node(&self, at: usize) -> Self {
        Self { nodes: self.nodes.clone(), at, connection: None, token: self.token.clone(), seq: self.seq }
    }

    /// The session's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The next command's number.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// One request over the kept connection.
    async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let address = self.nodes.get(self.at % self.nodes.len().max(1)).copied().ok_or(io::ErrorKind::NotFound)?;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(address).await?,
        };
        let answer = connection.ask(method, path, headers, body).await?;
        // Kept only when nothing went wrong on it.
        self.connection = Some(connection);
        Ok(answer)
    }

    /// A look.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Value> {
        let headers = format!("cookie: td_session={}\r\n", self.token);
        let answer = self.ask("GET", path, &headers, b"").await?;
        if !answer.is_success() {
            return Err(format!("GET {path}: {}", answer.words()).into());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Sends what is no command, and so has no number, once and to this node; what it answered.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let headers = format!("cookie: td_session={}\r\ncontent-type: application/json\r\n", self.token);
        let answer = self.ask("POST", path, &headers, body.to_string().as_bytes()).await?;
        if !answer.is_success() {
            return Err(format!("POST {path}: {}", answer.words()).into());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Sends a command under that number once, to this node.
    pub(crate) async fn attempt(&mut self, seq: u64, path: &str, body: &[u8]) -> io::Result<Answer> {
        let headers = format!(
            "cookie: td_session={}\r\nx-request-seq: {seq}\r\nx-reason: program/bench\r\ncontent-type: application/json\r\n",
            self.token
        );
        self.ask("POST", path, &headers, body).await
    }

    /// Sends a command until it is answered, under one number and over all nodes; what it made or changed.
    pub(crate) async fn command(&mut self, path: &str, body: &Value) -> Result<Done> {
        let seq = self.next_seq();
        let body = body.to_string();
        let until = Instant::now() + ANSWERED_WITHIN;
        loop {
            let last = match self.attempt(seq, path, body.as_bytes()).await {
                Ok(answer) if answer.is_success() => return Done::read(&answer),
                Ok(answer) if answer.status < 500 && answer.status != 429 => {
                    return Err(format!("POST {path}: {}", answer.words()).into());
                }
                Ok(answer) => answer.words(),
                Err(error) => error.to_string(),
            };
            self.at += 1;
            self.connection = None;
            if Instant::now() > until {
                return Err(format!("POST {path}: no answer from any node; the last said {last}").into());
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    /// What it made or changed.
    pub(crate) entity: String,
    /// Its version after it.
    pub(crate) version: u64,
}

impl Done {
    /// Reads the answer to an accepted command.
    pub(crate) fn read(answer: &Answer) -> Result<Self> {
        let value: Value = serde_json::from_slice(&answer.body)?;
        let entity = value.get("entity").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { entity, version: value.get("version").and_then(Value::as_u64).unwrap_or_default() })
    }
}

/// Signs in `count` sessions, spread over the nodes.
pub(crate) async fn desks(nodes: &[SocketAddr], count: usize, person: &str, password: &str) -> Result<Vec<Desk>> {
    let mut desks = Vec::with_capacity(count);
    for at in 0..count {
        desks.push(Desk::sign_in(nodes, at, person, password).await?);
    }
    Ok(desks)
}
