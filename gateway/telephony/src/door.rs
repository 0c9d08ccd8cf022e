//! The shell: sockets, time, and the cluster's word.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket, lookup_host},
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use crate::{
    DoorConfig, Refused, Standing, Switchboard,
    announce::FRAME_MS,
    bridge::Action,
    exchange::{Deed, Exchange},
    limits::{CONNECTIONS_MAX, IDLE_MS_MAX, MESSAGE_BYTES_MAX, WRITES_MAX},
    message::{Message, address, framed},
    resend::Peer,
};

/// How long a phone's TCP line, or its name, may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Why the door does not open.
#[derive(Debug, thiserror::Error)]
#[error("the SIP door cannot listen at {0}: {1}; free the port, or change [sip] listen")]
pub struct DoorError(SocketAddr, io::Error);

/// An open door; closed when dropped.
pub struct Door {
    address: SocketAddr,
    _task: AbortOnDrop,
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Door {
    /// Opens it.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn open(config: DoorConfig, board: Arc<dyn Switchboard>) -> Result<Self, DoorError> {
        let failed = |error| DoorError(config.listen, error);
        let udp = UdpSocket::bind(config.listen).await.map_err(failed)?;
        let address = udp.local_addr().map_err(failed)?;
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| failed(io::Error::other(error.to_string())))?;
        let own = config.public.unwrap_or(address);
        let mut exchange = Exchange::new(own.to_string(), config.trunks, u64::from_ne_bytes(seed));
        let mut sound = None;
        if let Some(announcement) = config.announcement {
            let socket = UdpSocket::bind((address.ip(), 0)).await.map_err(failed)?;
            let from = SocketAddr::new(own.ip(), socket.local_addr().map_err(failed)?.port());
            exchange.announce(announcement, from);
            sound = Some(socket);
        }
        let (heard, hears) = mpsc::channel(WRITES_MAX);
        let run = Run::new(exchange, board, Arc::new(udp), sound, heard);
        Ok(Self { address, _task: AbortOnDrop(tokio::spawn(run.run(tcp, hears))) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// What came of something that the cluster was asked.
enum Word {
    Offered(String, Result<(), Refused>),
    Told,
    /// A phone's place, and for what the door had looked.
    Found(String, Standing, Option<Peer>),
}

type Words = FuturesUnordered<futures::future::BoxFuture<'static, Word>>;

struct Run {
    exchange: Exchange,
    board: Arc<dyn Switchboard>,
    udp: Arc<UdpSocket>,
    /// Where the announcement is sent from. Nothing is read from it.
    sound: Option<UdpSocket>,
    began: Instant,
    words: Words,
    lines: BTreeMap<SocketAddr, mpsc::Sender<Vec<u8>>>,
    tasks: JoinSet<SocketAddr>,
    heard: mpsc::Sender<(Peer, Message)>,
    /// How each caller stood when it was looked at last.
    stood: BTreeMap<String, Standing>,
}

impl Run {
    fn new(
        exchange: Exchange,
        board: Arc<dyn Switchboard>,
        udp: Arc<UdpSocket>,
        sound: Option<UdpSocket>,
        heard: mpsc::Sender<(Peer, Message)>,
    ) -> Self {
        Self {
            exchange,
            board,
            udp,
            sound,
            began: Instant::now(),
            words: FuturesUnordered::new(),
            lines: BTreeMap::new(),
            tasks: JoinSet::new(),
            heard,
            stood: BTreeMap::new(),
        }
    }

    async fn run(mut self, tcp: TcpListener, mut hears: mpsc::Receiver<(Peer, Message)>) {
        let mut changed = self.board.changed();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX + 1];
        let mut frames = interval(Duration::from_millis(FRAME_MS));
        // A packet that is late is heard as a gap; all that are late at once would be thrown away.
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = self.exchange.next_ms().map(|at| self.began + Duration::from_millis(at));
            let wait = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let udp = self.udp.clone();
            tokio::select! {
                received = udp.recv_from(&mut buffer) => match received {
                    Ok((length, at)) => self.datagram(&buffer[..length], at).await,
                    Err(error) => tracing::debug!(%error, "the SIP door read nothing"),
                },
                Ok((stream, at)) = tcp.accept() => self.line(Some(stream), at),
                Some((from, message)) = hears.recv() => {
                    let deeds = self.exchange.receive(self.now_ms(), from, &message);
                    self.act(deeds).await;
                }
                Some(word) = self.words.next(), if !self.words.is_empty() => self.word(word).await,
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Ok(at) = ended { self.lines.remove(&at); }
                }
                _ = frames.tick(), if self.exchange.is_heard() => self.speak(),
                () = wait => {
                    for connection in self.exchange.places_due(self.now_ms()) {
                        self.queued(&connection).await;
                    }
                    let deeds = self.exchange.tick(self.now_ms());
                    self.act(deeds).await;
                }
                moved = changed.changed() => {
                    if moved.is_err() { return; }
                    self.look();
                }
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn datagram(&mut self, bytes: &[u8], at: SocketAddr) {
        // RFC 5626: an empty line keeps a way open, and says nothing.
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match Message::parse(bytes) {
            Ok(message) => {
                let deeds = self.exchange.receive(self.now_ms(), Peer { at, is_tcp: false }, &message);
                self.act(deeds).await;
            }
            Err(error) => tracing::debug!(%at, %error, "not answered"),
        }
    }

    async fn act(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Send(to, bytes) => self.send(to, bytes).await,
                Deed::Offer(ringing) => {
                    let (board, connection) = (self.board.clone(), ringing.connection.clone());
                    self.words.push(Box::pin(async move { Word::Offered(connection, board.offer(ringing).await) }));
                }
                Deed::Tell(connection, action) => self.tell(connection, action),
            }
        }
    }

    fn tell(&mut self, connection: String, action: Action) {
        let board = self.board.clone();
        self.words.push(Box::pin(async move {
            match action {
                Action::Gone(why) => board.gone(connection, why).await,
                Action::AgentHungUp => board.agent_hung_up(connection).await,
                Action::PhoneFailed(why) => board.phone_failed(connection, why).await,
                Action::Send(..) => {}
            }
            Word::Told
        }));
    }

    async fn word(&mut self, word: Word) {
        match word {
            Word::Told => {}
            Word::Offered(connection, offered) => {
                let refused = offered.err().map(|refused| match refused {
                    Refused::Invalid => (404, "Not Found"),
                    Refused::Full => (486, "Busy Here"),
                    Refused::Unavailable => (503, "Service Unavailable"),
                });
                let deeds = self.exchange.offered(self.now_ms(), &connection, refused);
                self.act(deeds).await;
                // The log may have said how the caller stands before it said that it has the offer.
                self.stood.remove(&connection);
                self.look();
            }
            Word::Found(connection, standing, at) => {
                // A name may be looked up for long: what does not stand any more is not acted on.
                if self.stood.get(&connection) != Some(&standing) {
                    return;
                }
                let deeds = self.exchange.standing(self.now_ms(), &connection, &standing, at);
                self.act(deeds).await;
                if standing == Standing::Queued {
                    self.queued(&connection).await;
                }
            }
        }
    }

    /// Tells a caller their place in the queue.
    async fn queued(&mut self, connection: &str) {
        let place = self.board.place(connection);
        let deeds = self.exchange.queued(self.now_ms(), connection, place);
        self.act(deeds).await;
    }

    /// The announcement goes on by one packet for each who hears it. One that the system does not take now is not wanted later.
    fn speak(&mut self) {
        let Some(sound) = &self.sound else { return };
        for (to, packet) in self.exchange.packets() {
            if let Err(error) = sound.try_send_to(&packet, to) {
                tracing::trace!(%to, %error, "not heard");
            }
        }
    }

    /// Looks how every caller stands, and acts where it is not as before.
    fn look(&mut self) {
        let here: BTreeSet<String> = self.exchange.connections().cloned().collect();
        self.stood.retain(|connection, _| here.contains(connection));
        for connection in here {
            let standing = self.board.standing(&connection);
            if self.stood.get(&connection) == Some(&standing) || standing == Standing::Unknown {
                continue;
            }
            self.stood.insert(connection.clone(), standing.clone());
            self.words.push(Box::pin(async move {
                let at = match &standing {
                    Standing::Talking { phone } => place_of(phone).await,
                    Standing::Transferred { to } => place_of(to).await,
                    _ => None,
                };
                Word::Found(connection, standing, at)
            }));
        }
    }

    async fn send(&mut self, to: Peer, bytes: Vec<u8>) {
        if !to.is_tcp {
            if let Err(error) = self.udp.send_to(&bytes, to.at).await {
                tracing::debug!(at = %to.at, %error, "not sent");
            }
            return;
        }
        if !self.lines.contains_key(&to.at) {
            self.line(None, to.at);
        }
        // A line that takes nothing is full: it is closed, and what has to come is sent again.
        let is_full = self.lines.get(&to.at).is_some_and(|line| line.try_send(bytes).is_err());
        if is_full {
            self.lines.remove(&to.at);
        }
    }

    /// A line that was opened to us, or that has yet to be opened; what is to be sent waits meanwhile.
    fn line(&mut self, stream: Option<TcpStream>, at: SocketAddr) {
        if self.lines.len() >= CONNECTIONS_MAX {
            return;
        }
        let (writes, written) = mpsc::channel(WRITES_MAX);
        self.lines.insert(at, writes);
        let heard = self.heard.clone();
        self.tasks.spawn(async move {
            let served = async {
                let stream = match stream {
                    Some(stream) => stream,
                    None => {
                        timeout(CONNECT_WITHIN, TcpStream::connect(at)).await.map_err(|_| io::ErrorKind::TimedOut)??
                    }
                };
                serve(stream, at, heard, written).await
            };
            if let Err(error) = served.await {
                tracing::debug!(%at, %error, "a SIP line ended");
            }
            at
        });
    }
}

/// Reads and writes one TCP connection until it ends.
async fn serve(
    stream: TcpStream,
    at: SocketAddr,
    heard: mpsc::Sender<(Peer, Message)>,
    mut written: mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    let (mut reads, mut writes) = stream.into_split();
    let mut stock = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = timeout(Duration::from_millis(IDLE_MS_MAX), reads.read(&mut buffer)) => {
                let length = read.map_err(|_| io::ErrorKind::TimedOut)??;
                if length == 0 {
                    return Ok(());
                }
                stock.extend_from_slice(&buffer[..length]);
                loop {
                    let blank = stock.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    stock.drain(..blank);
                    let Some(total) = framed(&stock).map_err(io::Error::other)? else { break };
                    let bytes: Vec<u8> = stock.drain(..total).collect();
                    let message = Message::parse(&bytes).map_err(io::Error::other)?;
                    if heard.send((Peer { at, is_tcp: true }, message)).await.is_err() {
                        return Ok(());
                    }
                }
            }
            bytes = written.recv() => match bytes {
                Some(bytes) => writes.write_all(&bytes).await?,
                None => return Ok(()),
            },
        }
    }
}

/// Where a SIP address is reached; none: it is none, or nobody knows its name.
async fn place_of(address_text: &str) -> Option<Peer> {
    let (host, port, is_tcp) = address(address_text)?;
    let found = timeout(CONNECT_WITHIN, lookup_host((host.as_str(), port))).await.ok()?.ok()?.next();
    found.map(|at| Peer { at, is_tcp })
}
