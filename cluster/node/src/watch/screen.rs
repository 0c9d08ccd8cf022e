//! A screen without pixels: it stays connected to whichever node answers, and folds what comes into its picture.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use district::line::{End, Line};
use domain::wire::generated::to_screen::Body;
use rustls::ClientConfig;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

use super::{
    WatchError,
    fold::{Folded, fold},
    picture::Picture,
};
use crate::client::tls;

/// First and longest pause before the next node is tried. A node that was just killed has been replaced by another one
/// within the first of them.
const BACKOFF_MS: (u64, u64) = (100, 2_000);
/// Reasons for which lines ended that are kept; the oldest leave.
const ENDS_KEPT_MAX: usize = 64;

/// What happens at a screen, for whoever prints or measures it. It is called on the screen's own task and must not block.
pub enum Noted<'a> {
    /// A node has welcomed it.
    Connected {
        /// Which.
        node: u64,
        /// Its origin.
        origin: &'a str,
    },
    /// The line to a node has ended.
    Lost {
        /// Its origin.
        origin: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// A message, before it is folded.
    Message(&'a Body),
}

/// Called for everything that happens at a screen.
pub type Hook = Arc<dyn Fn(Noted<'_>) + Send + Sync>;

/// Where to look, as whom, and at what.
#[derive(Clone)]
pub struct ScreenConfig {
    /// Origins of the nodes, the first one first.
    pub origins: Vec<String>,
    /// Session token: the value of the cookie `td_session`.
    pub token: String,
    /// The cluster's own authority in PEM, for HTTPS.
    pub ca_pem: Option<Vec<u8>>,
    /// Districts; none: all that the person may see.
    pub districts: Vec<String>,
    /// Nouns; none: all.
    pub nouns: Vec<String>,
    /// Events kept per group; 0: none.
    pub seen_max: usize,
    /// Called for everything that happens.
    pub hook: Option<Hook>,
}

impl ScreenConfig {
    /// Everything that the holder of the token may see.
    #[must_use]
    pub fn new(origins: Vec<String>, token: String) -> Self {
        Self { origins, token, ca_pem: None, districts: Vec::new(), nouns: Vec::new(), seen_max: SEEN_MAX, hook: None }
    }
}

/// Events kept per group unless the configuration says otherwise.
pub const SEEN_MAX: usize = 65_536;

/// How the screen is connected.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The node that it is connected to; none: to none at the moment.
    pub node: Option<u64>,
    /// Its origin.
    pub origin: String,
    /// How often a node has welcomed it.
    pub welcomes: u64,
    /// Why lines have ended, oldest first, at most `ENDS_KEPT_MAX`.
    pub ends: VecDeque<String>,
    /// The node has closed the session for good, with this code: nobody connects again.
    pub over: Option<String>,
}

struct Board {
    picture: Picture,
    connection: Connection,
}

struct Shared {
    board: Mutex<Board>,
    changed: watch::Sender<u64>,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, change: impl FnOnce(&mut Board) -> R) -> R {
        let result = change(&mut self.board());
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
        result
    }
}

/// A screen. It is connected until it is dropped.
pub struct Screen {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Screen {
    /// Opens a screen; it connects by itself, and again when its line ends.
    ///
    /// # Errors
    /// No origin, or an authority that does not parse.
    pub fn open(config: ScreenConfig) -> Result<Self, WatchError> {
        if config.origins.is_empty() {
            return Err(WatchError::config("url", "give the origin of at least one node"));
        }
        let tls = Arc::new(tls::config(config.ca_pem.as_deref())?);
        let picture = Picture::new(config.seen_max);
        let board = Mutex::new(Board { picture, connection: Connection::default() });
        let shared = Arc::new(Shared { board, changed: watch::channel(0).0 });
        let task = tokio::spawn(run(Arc::clone(&shared), config, tls));
        Ok(Self { shared, task })
    }

    /// Looks at the picture.
    pub fn picture<R>(&self, look: impl FnOnce(&Picture) -> R) -> R {
        look(&self.shared.board().picture)
    }

    /// How it is connected.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.shared.board().connection.clone()
    }

    /// See [`Picture::digest`].
    #[must_use]
    pub fn digest(&self) -> String {
        self.picture(Picture::digest)
    }

    /// Waits until the condition holds of the picture.
    ///
    /// # Errors
    /// It does not within `wait`.
    pub async fn wait_until(
        &self,
        wait: Duration,
        mut condition: impl FnMut(&Picture) -> bool,
    ) -> Result<(), WatchError> {
        self.wait(wait, |board| condition(&board.picture)).await
    }

    /// Waits until the condition holds of the connection.
    ///
    /// # Errors
    /// It does not within `wait`.
    pub async fn wait_connection(
        &self,
        wait: Duration,
        mut condition: impl FnMut(&Connection) -> bool,
    ) -> Result<(), WatchError> {
        self.wait(wait, |board| condition(&board.connection)).await
    }

    async fn wait(&self, wait: Duration, mut condition: impl FnMut(&Board) -> bool) -> Result<(), WatchError> {
        let until = Instant::now() + wait;
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if condition(&self.shared.board()) {
                return Ok(());
            }
            // The sender lives as long as this screen.
            if timeout_at(until, changed.changed()).await.is_err() {
                let connection = self.connection();
                let state = format!(
                    "node {:?}, {} welcomes, ends {:?}, {:?}",
                    connection.node,
                    connection.welcomes,
                    connection.ends,
                    self.picture(|picture| picture.counters)
                );
                return Err(WatchError::TooLate { wait_ms: wait.as_millis(), state });
            }
        }
    }
}

/// Whether the node has said that coming back is useless.
fn is_over(code: &str) -> bool {
    matches!(code, "session-ended" | "unauthorized")
}

async fn run(shared: Arc<Shared>, config: ScreenConfig, tls: Arc<ClientConfig>) {
    let mut backoff_ms = BACKOFF_MS.0;
    for origin in config.origins.iter().cycle() {
        let before = shared.board().connection.welcomes;
        let end = follow(&shared, &config, origin, &tls).await;
        let (code, reason) = match end {
            End::Bye(code, message) => (code.clone(), format!("{origin}: {code}: {message}")),
            End::Cut(reason) => (String::new(), format!("{origin}: {reason}")),
        };
        note(&config, Noted::Lost { origin, reason: &reason });
        let is_welcomed = shared.change(|board| {
            let connection = &mut board.connection;
            connection.node = None;
            connection.ends.push_back(reason);
            if connection.ends.len() > ENDS_KEPT_MAX {
                connection.ends.pop_front();
            }
            if is_over(&code) {
                connection.over = Some(code.clone());
            }
            connection.welcomes > before
        });
        if is_over(&code) {
            return;
        }
        backoff_ms = if is_welcomed { BACKOFF_MS.0 } else { (backoff_ms * 2).min(BACKOFF_MS.1) };
        sleep(Duration::from_millis(backoff_ms)).await;
    }
}

/// One line, to its end.
async fn follow(shared: &Shared, config: &ScreenConfig, origin: &str, tls: &Arc<ClientConfig>) -> End {
    match try_follow(shared, config, origin, tls).await {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

async fn try_follow(
    shared: &Shared,
    config: &ScreenConfig,
    origin: &str,
    tls: &Arc<ClientConfig>,
) -> Result<std::convert::Infallible, End> {
    let mut line = Line::open(origin, &config.token, tls).await?;
    let node = line.welcome.node;
    note(config, Noted::Connected { node, origin });
    let from = shared.change(|board| {
        board.connection.node = Some(node);
        board.connection.origin = origin.to_owned();
        board.connection.welcomes += 1;
        board.picture.positions()
    });
    line.subscribe(&config.districts, &config.nouns, from).await?;
    loop {
        let body = line.next().await?;
        note(config, Noted::Message(&body));
        if let Body::Bye(bye) = body {
            return Err(End::Bye(bye.code, bye.message));
        }
        let folded = shared.change(|board| fold(&mut board.picture, body));
        if folded == Folded::Resubscribe {
            let from = shared.board().picture.positions();
            line.subscribe(&config.districts, &config.nouns, from).await?;
        }
    }
}

fn note(config: &ScreenConfig, noted: Noted<'_>) {
    if let Some(hook) = &config.hook {
        hook(noted);
    }
}
