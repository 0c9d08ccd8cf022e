//! A receiver of notices on loopback that writes down every post: for the drills and the benchmarks. It can be slow, and it can
//! refuse, as other people's systems are and do. It takes a post when it answers 200. Of a hand-over, which comes as a NENA EIDO, it
//! reads which one and how far.
//!
//! [`judge`] says of what was written down what came once, twice, out of order; both sides are plain values.

use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::{Buf, BytesMut};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};

/// Posts that are written down; what comes beyond is refused with 503, and so comes again.
const POSTS_MAX: usize = 100_000;
/// Bytes read at a time.
const READ_BYTES: usize = 4096;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a notice.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Wait after a connection that could not be accepted: there may be no open file left for it.
const ACCEPT_AGAIN_WAIT: Duration = Duration::from_millis(10);

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// How long it takes over each notice.
    pub delay: Duration,
    /// Each so-many-th notice is refused when it comes first; 0: none is.
    pub refuses_each: u64,
    /// Everything is refused for so long after it was opened.
    pub refuses_for: Duration,
}

/// One post as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its `idempotency-key`.
    pub key: String,
    /// The notice's number.
    pub number: u64,
    /// Log index of what it tells of.
    pub index: u64,
    /// Time of the event that it tells of.
    pub at_ms: u64,
    /// When it was answered, by this machine's clock.
    pub answered_at_ms: u64,
    /// Answered with 200.
    pub is_taken: bool,
    /// Of an EIDO: what it says; index and time are then 0.
    pub handed: Option<Handed>,
}

/// What is said of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Handed {
    /// What to name in an answer: `I12.1`.
    pub handover: String,
    /// How far it is.
    pub status: String,
}

/// What is read of an EIDO.
#[derive(Deserialize)]
struct Eido {
    #[serde(rename = "vn.trongdong.handover.1")]
    handed: Handed,
}

/// What is read of a notice.
#[derive(Deserialize)]
struct Body {
    number: u64,
    index: u64,
    event: Told,
}

#[derive(Deserialize)]
struct Told {
    at_ms: u64,
}

/// What one receiver got, in the order in which it answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Notices taken.
    pub taken: u64,
    /// What happened was told under two numbers: it was taken twice.
    pub doubled: u64,
    /// Notices taken after one with a higher number.
    pub out_of_order: u64,
    /// Posts of a notice that was taken before, under its key: the receiver knows it, and takes it no more.
    pub brought_again: u64,
    /// Posts that were refused.
    pub refused: u64,
}

/// Reads what was written down.
#[must_use]
pub fn judge(posts: &[Post]) -> Judged {
    let (mut keys, mut indexes, mut handed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut judged, mut highest) = (Judged::default(), 0);
    for post in posts {
        if !post.is_taken {
            judged.refused += 1;
        } else if !keys.insert(&post.key) {
            judged.brought_again += 1;
        } else {
            judged.taken += 1;
            let is_new = match &post.handed {
                Some(told) => handed.insert(told),
                None => indexes.insert(post.index),
            };
            judged.doubled += u64::from(!is_new);
            judged.out_of_order += u64::from(post.number <= highest);
            highest = highest.max(post.number);
        }
    }
    judged
}

struct Shared {
    manner: Manner,
    opened: Instant,
    posts: Mutex<Vec<Post>>,
    /// Keys that were refused once.
    refused: Mutex<BTreeSet<String>>,
    taken: AtomicU64,
}

/// A receiver. It listens until it is dropped.
pub struct Inbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inbox {
    /// Opens one on a free port.
    ///
    /// # Errors
    /// There is none.
    pub async fn open(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            manner,
            opened: Instant::now(),
            posts: Mutex::default(),
            refused: Mutex::default(),
            taken: AtomicU64::new(0),
        });
        let task = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Where notices are posted.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/notices", self.address)
    }

    /// Posts answered with 200 so far, those that were brought again included.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Relaxed)
    }

    /// Everything that came, in the order of the answers.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        lock(&self.shared.posts).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // They end with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "a receiver's connection was not accepted");
                    sleep(ACCEPT_AGAIN_WAIT).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// One connection, to its end: whoever posts nonsense is cut off.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(READ_BYTES);
    while let Some((key, body)) = request(&mut stream, &mut input).await? {
        let status = shared.take(key, &body).await?;
        stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await?;
    }
    Ok(())
}

impl Shared {
    async fn take(&self, key: String, body: &[u8]) -> io::Result<&'static str> {
        let (Body { number, index, event }, handed) = read(&key, body).ok_or_else(|| invalid("its body"))?;
        sleep(self.manner.delay).await;
        let each = self.manner.refuses_each;
        let is_refused = self.opened.elapsed() < self.manner.refuses_for
            || (each > 0 && number % each == 0 && lock(&self.refused).insert(key.clone()));
        let mut posts = lock(&self.posts);
        if posts.len() >= POSTS_MAX {
            return Ok("503 Service Unavailable");
        }
        let at_ms = event.at_ms;
        posts.push(Post { key, number, index, at_ms, answered_at_ms: unix_ms(), is_taken: !is_refused, handed });
        if is_refused {
            return Ok("503 Service Unavailable");
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        Ok("200 OK")
    }
}

/// A notice of either form. An EIDO has its number in its key alone: `<epoch>-<receiver>-<number>`.
fn read(key: &str, body: &[u8]) -> Option<(Body, Option<Handed>)> {
    if let Ok(body) = serde_json::from_slice(body) {
        return Some((body, None));
    }
    let Eido { handed } = serde_json::from_slice(body).ok()?;
    let number = key.rsplit_once('-')?.1.parse().ok()?;
    Some((Body { number, index: 0, event: Told { at_ms: 0 } }, Some(handed)))
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a notice cannot be read: {what}"))
}

/// The next request's key and body; none: the other side has closed.
async fn request(stream: &mut TcpStream, input: &mut BytesMut) -> io::Result<Option<(String, BytesMut)>> {
    let end = loop {
        if let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if input.len() > HEAD_BYTES_MAX {
            return Err(invalid("its head is too long"));
        }
        if !fill(stream, input).await? {
            return Ok(None);
        }
    };
    let (key, length) = head(input.get(..end).unwrap_or_default())?;
    input.advance(end);
    while input.len() < length {
        if !fill(stream, input).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some((key, input.split_to(length))))
}

/// Reads what is there; false: the other side has closed.
async fn fill(stream: &mut TcpStream, input: &mut BytesMut) -> io::Result<bool> {
    input.reserve(READ_BYTES);
    Ok(stream.read_buf(input).await? > 0)
}

/// The key and the bytes of the body that a head announces.
fn head(head: &[u8]) -> io::Result<(String, usize)> {
    let head = std::str::from_utf8(head).map_err(|_| invalid("its head is no text"))?;
    let (mut key, mut length) = (None, None);
    for (name, value) in head.split("\r\n").filter_map(|line| line.split_once(':')) {
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse().ok().filter(|length| *length <= BODY_BYTES_MAX),
            _ => {}
        }
    }
    Ok((key.ok_or_else(|| invalid("no idempotency-key"))?, length.ok_or_else(|| invalid("no content-length"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(number: u64, index: u64, is_taken: bool) -> Post {
        Post { key: format!("1-a-{number}"), number, index, at_ms: 0, answered_at_ms: 0, is_taken, handed: None }
    }

    #[test]
    fn a_hand_over_is_read_by_its_name_and_one_that_is_told_twice_is_found() {
        let eido =
            br#"{"eidoVersion":"1.0","vn.trongdong.handover.1":{"handover":"I7.1","status":"offered","lead":true}}"#;
        let (body, handed) = read("1-so-y-te-4", eido).unwrap();
        let handed = handed.unwrap();
        assert_eq!((body.number, handed.handover.as_str(), handed.status.as_str()), (4, "I7.1", "offered"));
        assert!(read("1-a-x", eido).is_none() && read("1-a-4", b"{}").is_none());
        let told = |number, status: &str| {
            let handed = Handed { handover: "I7.1".into(), status: status.into() };
            Post { handed: Some(handed), ..post(number, 0, true) }
        };
        assert_eq!(judge(&[told(1, "offered"), told(2, "accepted")]), Judged { taken: 2, ..Judged::default() });
        assert_eq!(judge(&[told(1, "offered"), told(2, "offered")]).doubled, 1);
    }

    #[test]
    fn what_came_twice_or_out_of_order_is_told_apart_from_what_was_brought_again() {
        let well = [post(1, 10, true), post(2, 11, false), post(2, 11, true), post(3, 12, true)];
        assert_eq!(judge(&well), Judged { taken: 3, refused: 1, ..Judged::default() });
        let again = [post(1, 10, true), post(1, 10, true)];
        assert_eq!(judge(&again), Judged { taken: 1, brought_again: 1, ..Judged::default() });
        let doubled = [post(1, 10, true), post(2, 10, true)];
        assert_eq!(judge(&doubled), Judged { taken: 2, doubled: 1, ..Judged::default() });
        let turned = [post(2, 11, true), post(1, 10, true)];
        assert_eq!(judge(&turned), Judged { taken: 2, out_of_order: 1, ..Judged::default() });
    }

    #[test]
    fn heads_are_read() {
        let (key, length) = head(b"POST /n HTTP/1.1\r\nIdempotency-Key: 1-a-7\r\ncontent-length: 12\r\n\r\n").unwrap();
        assert_eq!((key.as_str(), length), ("1-a-7", 12));
        assert!(head(b"POST / HTTP/1.1\r\ncontent-length: 12\r\n\r\n").is_err());
        assert!(head(b"POST / HTTP/1.1\r\nidempotency-key: a\r\ncontent-length: 99999999\r\n\r\n").is_err());
        assert!(head(b"\xff\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn a_post_is_written_down_and_a_refused_one_is_taken_when_it_comes_again() {
        let inbox = Inbox::open(Manner { refuses_each: 2, ..Manner::default() }).await.unwrap();
        let mut stream = TcpStream::connect(inbox.address).await.unwrap();
        for (number, status) in [(1, "200"), (2, "503"), (2, "200")] {
            let body = format!("{{\"number\":{number},\"index\":{number},\"event\":{{\"at_ms\":5}},\"more\":1}}");
            let request = format!(
                "POST /notices HTTP/1.1\r\nidempotency-key: k{number}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = BytesMut::new();
            while !answer.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
            }
            assert!(String::from_utf8_lossy(&answer).contains(status), "{number}: {answer:?}");
        }
        let judged = judge(&inbox.posts());
        assert_eq!(judged, Judged { taken: 2, refused: 1, ..Judged::default() });
        assert_eq!(inbox.taken(), 2);
    }
}
