//! A screen without pixels. It stays connected to whichever node answers, resumes at another one from its last places, and folds what comes by
//! the rules of the web client (`node::watch::fold`).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use agree::{chance::Chance, history::fnv};
use bytes::Bytes;
use domain::wire::generated::{Hello, Position, Subscribe, ToScreen, ToServer, to_screen::Body, to_server};
use futures::{SinkExt, StreamExt};
use node::watch::{
    fold::{Folded, fold},
    picture::Picture,
};
use prost::Message as _;
use raft::NodeId;
use tokio::{
    io::DuplexStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use crate::{
    line::{self, Line},
    town::{self, Town},
};

/// Three heartbeats without a word: the line is cut.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// Sending one message to a node.
const SEND_MAX: Duration = Duration::from_secs(5);

/// Pause before the next node is tried, in ms.
const PAUSE_MS: (u64, u64) = (50, 800);

/// Events kept of each group: more than a play has.
const SEEN_MAX: usize = 65_536;

/// A screen.
pub struct Screen {
    /// Whose.
    pub person: u64,
    /// Its line.
    pub line: Arc<Line>,
    picture: Mutex<Picture>,
    connected: Mutex<Option<NodeId>>,
}

type Socket = WebSocketStream<DuplexStream>;

impl Screen {
    /// The screen of a person, on their line.
    #[must_use]
    pub fn new(person: u64, line: Arc<Line>) -> Arc<Self> {
        let picture = Mutex::new(Picture::new(SEEN_MAX));
        Arc::new(Self { person, line, picture, connected: Mutex::default() })
    }

    /// Looks at its picture. Never held over an await.
    pub fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node that it is connected to.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        *self.connected()
    }

    fn connected(&self) -> MutexGuard<'_, Option<NodeId>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the nodes for ever, one after the other.
    pub async fn follow(self: Arc<Self>, town: Arc<Town>, mut chance: Chance) {
        loop {
            let nodes: Vec<NodeId> = town.world.node_ids().collect();
            if let Some(node) = chance.pick(&nodes).copied()
                && let Some(io) = line::connect(&town, &self.line, node)
            {
                let socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
                let ended = self.serve(&town, node, socket).await;
                *self.connected() = None;
                town.world.note(format_args!("the screen of {} at node {node} ended: {ended}", self.person));
                town.count(|counts| counts.screens_lost += 1);
            }
            let pause = chance.ms(PAUSE_MS.0, PAUSE_MS.1);
            sleep(pause).await;
        }
    }

    /// One connection to its end, which is told.
    async fn serve(&self, town: &Town, node: NodeId, mut socket: Socket) -> String {
        let hello = Hello { token: town::token(self.person), language: "vi".to_owned(), why: String::new() };
        if !send(&mut socket, to_server::Body::Hello(hello)).await {
            return "takes nothing".to_owned();
        }
        loop {
            let message = match timeout(SILENCE_MAX, socket.next()).await {
                Err(_) => return "silent".to_owned(),
                Ok(None) => return "closed".to_owned(),
                Ok(Some(Err(error))) => return error.to_string(),
                Ok(Some(Ok(message))) => message,
            };
            let Message::Binary(bytes) = message else { continue };
            let Ok(ToScreen { body: Some(body) }) = ToScreen::decode(bytes.clone()) else {
                town.world.violate("screens", format_args!("node {node} sent what cannot be read"));
                return "not understood".to_owned();
            };
            let subscribes = match &body {
                Body::Bye(bye) => return format!("{}: {}", bye.code, bye.message),
                Body::Welcome(_) => {
                    *self.connected() = Some(node);
                    town.count(|counts| counts.screens_opened += 1);
                    true
                }
                _ => false,
            };
            let folded = self.take(town, node, &bytes, body);
            if (subscribes || folded == Folded::Resubscribe) && !self.subscribe(town, &mut socket).await {
                return "takes nothing".to_owned();
            }
        }
    }

    async fn subscribe(&self, town: &Town, socket: &mut Socket) -> bool {
        let from: Vec<Position> = self.picture().positions();
        town.world.note(format_args!("the screen of {} goes on from {} places", self.person, from.len()));
        let subscribe = Subscribe { districts: Vec::new(), nouns: Vec::new(), from };
        send(socket, to_server::Body::Subscribe(subscribe)).await
    }

    /// Folds a message, and says what must not be.
    fn take(&self, town: &Town, node: NodeId, bytes: &Bytes, body: Body) -> Folded {
        let is_told = matches!(body, Body::Snapshot(_) | Body::Frame(_) | Body::Reset(_));
        let (before, folded, after) = {
            let mut picture = self.picture();
            let before = picture.counters;
            let folded = fold(&mut picture, body);
            (before, folded, picture.counters)
        };
        if is_told {
            let hash = fnv(0, bytes);
            town.world.note(format_args!("the screen of {} is told {hash:016x} by node {node}", self.person));
            town.count(|counts| counts.messages += 1);
        }
        for (what, before, after) in [
            ("a gap", before.gaps, after.gaps),
            ("a double", before.doubles, after.doubles),
            ("a disorder", before.disorders, after.disorders),
        ] {
            if after > before {
                let person = self.person;
                town.count(|counts| counts.gaps += 1);
                town.world.violate("screens", format_args!("{what} at the screen of {person}, told by node {node}"));
            }
        }
        folded
    }
}

async fn send(socket: &mut Socket, body: to_server::Body) -> bool {
    let bytes = ToServer { body: Some(body) }.encode_to_vec();
    matches!(timeout(SEND_MAX, socket.send(Message::Binary(Bytes::from(bytes)))).await, Ok(Ok(())))
}
