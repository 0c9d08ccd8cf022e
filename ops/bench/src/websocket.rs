//! The client's half of RFC 6455, as far as a benchmark needs it: one task per socket, little memory, and the payload as it
//! came. Both the nodes and the peer are read through it.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Connecting and the handshake.
const OPEN_WITHIN: Duration = Duration::from_secs(15);
/// Bytes read at a time.
const READ_BYTES: usize = 4096;
/// Bytes of one frame; more is an error.
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of the answer to the handshake.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// The key's random bytes guard against caches between the two, and there are none on loopback.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CONTINUATION: u8 = 0;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Where to connect, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The server.
    pub(crate) address: SocketAddr,
    /// This end's address: a server that bounds sockets by address sees several clients.
    pub(crate) from: IpAddr,
    /// Path of the handshake.
    pub(crate) path: &'static str,
    /// More headers, each ended by CRLF.
    pub(crate) headers: String,
    /// Kernel receive buffer; a reader that will stall gets a small one, so that its stall is felt soon.
    pub(crate) receive_bytes: Option<u32>,
}

/// An open socket.
pub(crate) struct Socket {
    stream: TcpStream,
    input: BytesMut,
}

impl Socket {
    /// Connects and shakes hands.
    pub(crate) async fn open(target: &Target) -> io::Result<Self> {
        timeout(OPEN_WITHIN, Self::shake(target)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn shake(target: &Target) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = target.receive_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.bind(SocketAddr::new(target.from, 0))?;
        let stream = socket.connect(target.address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self { stream, input: BytesMut::with_capacity(READ_BYTES) };
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: {KEY}\r\n{}\r\n",
            target.path, target.address, target.headers
        );
        socket.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(end) = socket.input.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if socket.input.len() > HEAD_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the handshake's answer is too long"));
            }
            socket.fill().await?;
        };
        if !socket.input.starts_with(b"HTTP/1.1 101") {
            let answer = String::from_utf8_lossy(&socket.input).into_owned();
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, answer));
        }
        socket.input.advance(end);
        Ok(socket)
    }

    /// Sends a binary message.
    pub(crate) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&frame(BINARY, payload)).await
    }

    /// The next frame's payload; pings are answered on the way. `UnexpectedEof` when the other side has closed.
    pub(crate) async fn next(&mut self) -> io::Result<BytesMut> {
        loop {
            while let Some((opcode, payload)) = take(&mut self.input)? {
                match opcode {
                    TEXT | BINARY | CONTINUATION => return Ok(payload),
                    PING => self.stream.write_all(&frame(PONG, &payload)).await?,
                    CLOSE => return Err(io::ErrorKind::UnexpectedEof.into()),
                    _ => {}
                }
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.input.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// A masked frame. The mask is zeros: what it guards against stands between browsers and caches.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ 0..=125), _) => frame.push(0x80 | len),
        (_, Ok(len)) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// Takes the next whole frame of a server from `input`; `None` when there is none yet.
fn take(input: &mut BytesMut) -> io::Result<Option<(u8, BytesMut)>> {
    let [first, second, rest @ ..] = &input[..] else { return Ok(None) };
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    if second & 0x80 != 0 {
        return Err(invalid("a server does not mask"));
    }
    let (head, len) = match second {
        126 => match rest {
            [a, b, ..] => (4, u64::from(u16::from_be_bytes([*a, *b]))),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(len) => (10, u64::from_be_bytes(*len)),
            None => return Ok(None),
        },
        len => (2, u64::from(*len)),
    };
    let len = usize::try_from(len).ok().filter(|len| *len <= FRAME_BYTES_MAX);
    let len = len.ok_or_else(|| invalid("a frame is too long"))?;
    let opcode = first & 0x0f;
    if input.len() < head + len {
        return Ok(None);
    }
    input.advance(head);
    Ok(Some((opcode, input.split_to(len))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_whole_and_in_pieces() {
        for len in [0_usize, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = vec![7; len];
            // A server's frame is a client's without the mask.
            let masked = frame(BINARY, &payload);
            let mut plain = masked[..masked.len() - len - 4].to_vec();
            plain[1] &= 0x7f;
            plain.extend_from_slice(&payload);
            for cut in [0, 1, plain.len() / 2, plain.len() - 1] {
                assert!(take(&mut BytesMut::from(&plain[..cut])).unwrap().is_none(), "{len} {cut}");
            }
            plain.extend_from_slice(&[0x82]);
            let mut input = BytesMut::from(&plain[..]);
            let (opcode, got) = take(&mut input).unwrap().unwrap();
            assert_eq!((opcode, got.len(), input.len()), (BINARY, len, 1));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(take(&mut BytesMut::from(&[0x82, 0x81, 0, 0, 0, 0, 1][..])).is_err());
        assert!(take(&mut BytesMut::from(&[0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0][..])).is_err());
    }
}
