//! One letter to one server by SMTP (RFC 5321): TLS from the first byte (RFC 8314), by STARTTLS (RFC 3207), or in the clear where
//! the operator says so; AUTH PLAIN or LOGIN (RFC 4954) under TLS only.
//!
//! Each step says what its failure means: before the server has the whole letter it has nothing, so it is sent again; what it
//! refuses for good (5xx for this recipient or this letter) is not; and where its last answer is missing, nobody knows, and it is
//! sent again under the same Message-ID.

use std::{io, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use entity::Undelivered;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Bytes of one reply with all its lines; a server that says more is left.
const REPLY_BYTES_MAX: usize = 16 * 1024;
/// What is read at a time.
const READ_BYTES: usize = 1024;
/// Connecting, TLS, and each step but the last.
const STEP_WITHIN: Duration = Duration::from_secs(8);
/// How long the server may think about a whole letter. Who hangs up earlier gets it twice (RFC 5321, 4.5.3.2.6, asks for minutes).
const TAKEN_WITHIN: Duration = Duration::from_secs(40);
/// How long the good-bye is waited for; nothing depends on it.
const QUIT_WITHIN: Duration = Duration::from_millis(500);

/// How the connection is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// STARTTLS, usually on port 587; without it nothing is sent.
    StartTls,
    /// TLS from the first byte, usually on port 465.
    Tls,
    /// In the clear, as the operator states: a relay on this machine. No password is sent over it.
    None,
}

/// The server that takes our letters.
#[derive(Clone)]
pub struct MailServer {
    /// Its name, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub tls: MailTls,
    /// Whom TLS trusts.
    pub trust: Arc<ClientConfig>,
    /// Account and password there.
    pub login: Option<(String, String)>,
}

/// A letter as it goes over the wire: addresses without a name, and 7-bit bytes with CR LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) bytes: Vec<u8>,
}

/// What a server says: three digits, and a text a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

impl Reply {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether asking again would be told the same.
    fn is_final(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// An extension of the answer to EHLO, and what it says of itself.
    fn extension(&self, name: &str) -> Option<&str> {
        let mut lines = self.lines.iter().skip(1).map(|line| line.split_once(' ').unwrap_or((line.as_str(), "")));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, more)| more)
    }

    fn said(&self, of: &str) -> String {
        format!("{of}: {} {}", self.code, self.lines.join(" "))
    }
}

/// Takes one reply off the beginning of what has come: the reply and its bytes; none: it is not whole yet.
///
/// # Errors
/// What comes is no reply.
pub(crate) fn parse_reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, &'static str> {
    let mut lines = Vec::new();
    let (mut code, mut at) = (None, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() > REPLY_BYTES_MAX { Err("says too much at once") } else { Ok(None) };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        at += end + 1;
        if at > REPLY_BYTES_MAX {
            return Err("says too much at once");
        }
        let number = line.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|digits| digits.parse::<u16>().ok()).filter(|code| (200..600).contains(code));
        let number = number.ok_or("does not speak SMTP")?;
        if code.replace(number).is_some_and(|former| former != number) {
            return Err("changes its mind within a reply");
        }
        let goes_on = match line.get(3..4) {
            None | Some(" ") => false,
            Some("-") => true,
            Some(_) => return Err("does not speak SMTP"),
        };
        let text: String = line.get(4..).unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        lines.push(text);
        if !goes_on {
            return Ok(Some((Reply { code: number, lines }, at)));
        }
    }
}

/// A byte stream, with or without TLS.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection, and what has come of the next reply.
struct Wire {
    io: Box<dyn Io>,
    come: Vec<u8>,
}

impl Wire {
    fn over(io: Box<dyn Io>) -> Self {
        Self { io, come: Vec::new() }
    }

    async fn reply(&mut self, within: Duration) -> io::Result<Reply> {
        let read = async {
            loop {
                let parsed =
                    parse_reply(&self.come).map_err(|wrong| io::Error::other(format!("the server {wrong}")))?;
                if let Some((reply, bytes)) = parsed {
                    self.come.drain(..bytes);
                    return Ok(reply);
                }
                let mut buffer = [0; READ_BYTES];
                let count = self.io.read(&mut buffer).await?;
                if count == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"));
                }
                self.come.extend_from_slice(buffer.get(..count).unwrap_or_default());
            }
        };
        timeout(within, read).await.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))?
    }

    async fn say(&mut self, bytes: &[u8], within: Duration) -> io::Result<()> {
        let written = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        timeout(within, written).await.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "takes nothing"))?
    }

    async fn ask(&mut self, line: &str) -> io::Result<Reply> {
        self.say(format!("{line}\r\n").as_bytes(), STEP_WITHIN).await?;
        self.reply(STEP_WITHIN).await
    }

    /// Asks for what has to go well before the letter.
    async fn need(&mut self, line: &str, step: &str) -> Result<Reply, Undelivered> {
        let reply = self.ask(line).await.map_err(|error| again(step, &error))?;
        if reply.is_good() { Ok(reply) } else { Err(Undelivered::Again(reply.said(step))) }
    }
}

fn again(step: &str, error: &io::Error) -> Undelivered {
    Undelivered::Again(format!("{step}: {error}"))
}

/// What the server says to a letter or its recipient.
fn judged(reply: &Reply, step: &str) -> Result<(), Undelivered> {
    if reply.is_good() {
        Ok(())
    } else if reply.is_final() {
        Err(Undelivered::Never(reply.said(step)))
    } else {
        Err(Undelivered::Again(reply.said(step)))
    }
}

/// Hands the letter to the server. `hello` is what we call ourselves.
///
/// # Errors
/// [`Undelivered`]: whether it makes sense to come again.
pub(crate) async fn send(server: &MailServer, hello: &str, letter: &Letter) -> Result<(), Undelivered> {
    let mut wire = open(server, hello).await?;
    let sent = hand_over(&mut wire, letter).await;
    // Whatever came of it stands; the good-bye is good manners.
    let _ = timeout(QUIT_WITHIN, wire.ask("QUIT")).await;
    sent
}

/// A connection that is ready for a letter: as secret as it has to be, and signed in.
async fn open(server: &MailServer, hello: &str) -> Result<Wire, Undelivered> {
    let connect = TcpStream::connect((server.host.as_str(), server.port));
    let stream = timeout(STEP_WITHIN, connect).await;
    let stream = stream.map_err(|_| Undelivered::Again("connect: no answer in time".to_owned()))?;
    let stream = stream.map_err(|error| again("connect", &error))?;
    let mut wire = Wire::over(Box::new(stream));
    if server.tls == MailTls::Tls {
        wire = with_tls(wire, server).await?;
    }
    let greeting = wire.reply(STEP_WITHIN).await.map_err(|error| again("greeting", &error))?;
    if !greeting.is_good() {
        return Err(Undelivered::Again(greeting.said("greeting")));
    }
    let hello = format!("EHLO {hello}");
    let mut can = wire.need(&hello, "EHLO").await?;
    if server.tls == MailTls::StartTls {
        if can.extension("STARTTLS").is_none() {
            let why = "the server offers no STARTTLS: use one that does, or state that none is needed";
            return Err(Undelivered::Again(why.to_owned()));
        }
        wire.need("STARTTLS", "STARTTLS").await?;
        // What was said before TLS may be somebody else's word: nothing of it is believed afterwards.
        if !wire.come.is_empty() {
            return Err(Undelivered::Again("the server, or somebody between, spoke before TLS".to_owned()));
        }
        wire = with_tls(wire, server).await?;
        can = wire.need(&hello, "EHLO").await?;
    }
    if let Some((user, password)) = &server.login {
        sign_in(&mut wire, &can, user, password).await?;
    }
    Ok(wire)
}

async fn with_tls(wire: Wire, server: &MailServer) -> Result<Wire, Undelivered> {
    let host = server.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host);
    let name = name.map_err(|_| Undelivered::Again("TLS: the server's host is no name".to_owned()))?;
    let connect = TlsConnector::from(Arc::clone(&server.trust)).connect(name, wire.io);
    let io = timeout(STEP_WITHIN, connect).await;
    let io = io.map_err(|_| Undelivered::Again("TLS: no answer in time".to_owned()))?;
    Ok(Wire::over(Box::new(io.map_err(|error| again("TLS", &error))?)))
}

async fn sign_in(wire: &mut Wire, can: &Reply, user: &str, password: &str) -> Result<(), Undelivered> {
    let ways = can.extension("AUTH").unwrap_or_default();
    let knows = |way: &str| ways.split(' ').any(|known| known.eq_ignore_ascii_case(way));
    // What went wrong is said by the server's code alone: its text may repeat what was sent.
    let failed = |reply: &Reply| Undelivered::Again(format!("AUTH: {}", reply.code));
    let broken = |error: io::Error| again("AUTH", &error);
    let last = if knows("PLAIN") {
        wire.ask(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")))).await.map_err(broken)?
    } else if knows("LOGIN") {
        let mut reply = wire.ask("AUTH LOGIN").await.map_err(broken)?;
        for word in [user, password] {
            if reply.code != 334 {
                return Err(failed(&reply));
            }
            reply = wire.ask(&STANDARD.encode(word)).await.map_err(broken)?;
        }
        reply
    } else {
        return Err(Undelivered::Again("AUTH: the server knows neither PLAIN nor LOGIN".to_owned()));
    };
    if last.is_good() { Ok(()) } else { Err(failed(&last)) }
}

async fn hand_over(wire: &mut Wire, letter: &Letter) -> Result<(), Undelivered> {
    // A sender that is refused is our own mistake, and no fault of this recipient.
    wire.need(&format!("MAIL FROM:<{}>", letter.from), "MAIL").await?;
    let to = format!("RCPT TO:<{}>", letter.to);
    judged(&wire.ask(&to).await.map_err(|error| again("RCPT", &error))?, "RCPT")?;
    let data = wire.ask("DATA").await.map_err(|error| again("DATA", &error))?;
    if data.code != 354 {
        judged(&data, "DATA")?;
        return Err(Undelivered::Again(data.said("DATA")));
    }
    let unknown = |error: io::Error| Undelivered::Again(format!("whether it was taken is unknown: {error}"));
    wire.say(&stuffed(&letter.bytes), TAKEN_WITHIN).await.map_err(unknown)?;
    judged(&wire.reply(TAKEN_WITHIN).await.map_err(unknown)?, "letter")
}

/// The letter as DATA takes it: a line that begins with a dot gets another one, and a dot alone ends it (RFC 5321, 4.5.2).
pub(crate) fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 8);
    let mut is_start = true;
    for byte in bytes {
        if is_start && *byte == b'.' {
            out.push(b'.');
        }
        out.push(*byte);
        is_start = *byte == b'\n';
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(text: &str) -> Option<(u16, Vec<String>, usize)> {
        parse_reply(text.as_bytes()).unwrap().map(|(reply, bytes)| (reply.code, reply.lines, bytes))
    }

    #[test]
    fn a_reply_is_read_when_it_is_whole() {
        assert_eq!(reply("250 OK\r\nrest"), Some((250, vec!["OK".into()], 8)));
        assert_eq!(reply("250\r\n"), Some((250, vec![String::new()], 5)));
        assert_eq!(reply("250-a\r\n250 "), None);
        assert_eq!(reply("250-mx\r\n250-SIZE 10\r\n250 STARTTLS\r\n").unwrap().1, ["mx", "SIZE 10", "STARTTLS"]);
        for wrong in ["HTTP/1.1 400\r\n", "250-a\r\n251 b\r\n", "25\r\n", "250*x\r\n", "150 x\r\n", "-50 x\r\n"] {
            assert!(parse_reply(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(parse_reply(&[b'2'; REPLY_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn extensions_are_found_by_name() {
        let lines = ["mx.example", "AUTH LOGIN PLAIN", "starttls"].map(str::to_owned).to_vec();
        let can = Reply { code: 250, lines };
        assert_eq!((can.extension("auth"), can.extension("STARTTLS")), (Some("LOGIN PLAIN"), Some("")));
        assert_eq!(can.extension("mx.example"), None, "the first line is a greeting");
    }

    #[test]
    fn a_line_that_begins_with_a_dot_does_not_end_the_letter() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b"), b"a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(stuffed(b"a\r\n"), b"a\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn any_bytes_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(Some((reply, taken))) = parse_reply(&bytes) {
                prop_assert!(taken <= bytes.len() && (200..600).contains(&reply.code) && !reply.lines.is_empty());
                prop_assert_eq!(parse_reply(&bytes[..taken]), Ok(Some((reply, taken))));
                prop_assert_eq!(parse_reply(&bytes[..taken - 1]), Ok(None));
            }
        }

        #[test]
        fn a_letter_is_found_again_in_what_is_sent(bytes in proptest::collection::vec(select_byte(), 0..60)) {
            let sent = stuffed(&bytes);
            let body = sent.strip_suffix(b".\r\n").unwrap();
            prop_assert!(!body.windows(5).any(|five| five == b"\r\n.\r\n") && !body.starts_with(b".\r\n"));
        }
    }

    fn select_byte() -> impl Strategy<Value = u8> {
        proptest::sample::select(&b"a.\r\n"[..])
    }
}
