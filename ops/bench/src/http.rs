//! HTTP/1.1 over one kept connection, and no more of it than the gateway answers with: the client shares the cores with
//! what it measures, so it has to be lean.

use std::{io, net::SocketAddr, time::Duration};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long one request may take; longer than the gateway's own deadline of 10 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of an answer's body.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// `set-cookie`, each as it came.
    pub(crate) cookies: Vec<String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Whether it is a 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Status and body, for messages.
    pub(crate) fn words(&self) -> String {
        let body = String::from_utf8_lossy(self.body.get(..300).unwrap_or(&self.body));
        format!("{} {body}", self.status)
    }
}

/// One connection to one node.
pub(crate) struct Connection {
    stream: TcpStream,
    input: BytesMut,
    address: SocketAddr,
}

impl Connection {
    /// Opens it.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: BytesMut::with_capacity(4096), address })
    }

    /// Sends a request and reads its answer. After an error the connection is of no more use.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        match timeout(ANSWER_WITHIN, self.exchange(&request)).await {
            Ok(answer) => answer,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(end) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if self.input.len() > HEAD_BYTES_MAX {
                return Err(invalid("its head is too long"));
            }
            self.fill().await?;
        };
        let head = Head::parse(&self.input[..end])?;
        self.input.advance(end);
        if head.body_bytes > BODY_BYTES_MAX {
            return Err(invalid("its body is too long"));
        }
        while self.input.len() < head.body_bytes {
            self.fill().await?;
        }
        let body = self.input.split_to(head.body_bytes).to_vec();
        Ok(Answer { status: head.status, cookies: head.cookies, body })
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.input.reserve(4096);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer cannot be read: {what}"))
}

/// What is needed of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body_bytes: usize,
    cookies: Vec<String>,
}

impl Head {
    fn parse(head: &[u8]) -> io::Result<Self> {
        let head = std::str::from_utf8(head).map_err(|_| invalid("its head is no text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let mut parsed =
            Self { status: status.ok_or_else(|| invalid("no status"))?, body_bytes: 0, cookies: Vec::new() };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    parsed.body_bytes = value.trim().parse().map_err(|_| invalid("content-length is no number"))?;
                }
                "transfer-encoding" => return Err(invalid("it has no length")),
                "set-cookie" => parsed.cookies.push(value.trim().to_owned()),
                _ => {}
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let two = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nset-cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\n\r\n";
        let cookies = vec!["a=b; Path=/".into(), "c=d".into()];
        assert_eq!(Head::parse(two).unwrap(), Head { status: 200, body_bytes: 12, cookies });
        assert_eq!(Head::parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().body_bytes, 0);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::parse(b"nonsense\r\n\r\n").is_err());
        assert!(Head::parse(b"\xff\r\n\r\n").is_err());
    }
}
