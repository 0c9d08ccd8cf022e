//! As much of HTTP/2 (RFC 9113) as one gRPC call at a time needs, over one kept connection without TLS: the client shares
//! the cores with what it measures, so it has to be as lean as those of the other systems.
//!
//! Headers of answers are not read: an answer counts when it brings a message, which gRPC does only on success.

use std::{io, net::SocketAddr, time::Duration};

use bytes::{Buf, BufMut, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEAD_BYTES: usize = 9;
/// Bytes of a frame's payload that nobody may pass without having been asked (`SETTINGS_MAX_FRAME_SIZE`).
const FRAME_BYTES_MAX: usize = 16_384;
/// What the other side may send before it is told that it may send more. A run's answers are less.
const WINDOW_BYTES: u32 = (1 << 31) - 1 - WINDOW_BYTES_FIRST;
/// Of a new connection, in both directions.
const WINDOW_BYTES_FIRST: u32 = 65_535;
/// How long one call may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// A connection on which one method is called.
pub(crate) struct Unary {
    stream: TcpStream,
    input: BytesMut,
    output: Vec<u8>,
    headers: Vec<u8>,
    next_id: u32,
    /// Bytes that may be sent on the connection.
    credit: u64,
}

/// A frame that has come in whole.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    kind: u8,
    flags: u8,
    id: u32,
    payload: BytesMut,
}

impl Unary {
    /// Connects, to call the method `path` such as `/package.Service/Method`.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut output = PREFACE.to_vec();
        put_frame(&mut output, SETTINGS, 0, 0, &[]);
        put_frame(&mut output, WINDOW_UPDATE, 0, 0, &WINDOW_BYTES.to_be_bytes());
        let headers = header_block(&address.to_string(), path)?;
        let credit = u64::from(WINDOW_BYTES_FIRST);
        Ok(Self { stream, input: BytesMut::with_capacity(4096), output, headers, next_id: 1, credit })
    }

    /// Calls with one message and waits for the one of the answer. After an error the connection is of no more use.
    pub(crate) async fn call(&mut self, message: &[u8]) -> io::Result<BytesMut> {
        match timeout(ANSWER_WITHIN, self.exchange(message)).await {
            Ok(answer) => answer,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn exchange(&mut self, message: &[u8]) -> io::Result<BytesMut> {
        let mut data = vec![0];
        data.put_u32(u32::try_from(message.len()).map_err(io::Error::other)?);
        data.extend_from_slice(message);
        if data.len() > FRAME_BYTES_MAX {
            return Err(io::Error::other("the message does not fit one frame"));
        }
        while self.credit < data.len() as u64 {
            let frame = self.next().await?;
            self.control(&frame)?;
        }
        self.credit -= data.len() as u64;
        let id = self.next_id;
        self.next_id += 2;
        put_frame(&mut self.output, HEADERS, END_HEADERS, id, &self.headers);
        put_frame(&mut self.output, DATA, END_STREAM, id, &data);
        let mut body = BytesMut::new();
        loop {
            let frame = self.next().await?;
            if frame.id != id {
                self.control(&frame)?;
                continue;
            }
            match frame.kind {
                DATA => body.extend_from_slice(unpadded(&frame)?),
                RST_STREAM => return Err(io::Error::other("the call was reset")),
                _ => self.control(&frame)?,
            }
            if matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0 {
                break;
            }
        }
        message_of(body)
    }

    /// What concerns the whole connection.
    fn control(&mut self, frame: &Frame) -> io::Result<()> {
        match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => put_frame(&mut self.output, SETTINGS, ACK, 0, &[]),
            PING if frame.flags & ACK == 0 => put_frame(&mut self.output, PING, ACK, 0, &frame.payload),
            WINDOW_UPDATE if frame.id == 0 => {
                let more = frame.payload.get(..4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
                self.credit += u64::from(u32::from_be_bytes(more.unwrap_or_default()) & 0x7fff_ffff);
            }
            GOAWAY => return Err(io::Error::other("the server closes the connection")),
            _ => {}
        }
        Ok(())
    }

    /// Sends what waits, and reads the next frame.
    async fn next(&mut self) -> io::Result<Frame> {
        loop {
            if !self.output.is_empty() {
                self.stream.write_all(&self.output).await?;
                self.output.clear();
            }
            if let Some(frame) = take_frame(&mut self.input)? {
                return Ok(frame);
            }
            self.input.reserve(4096);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn put_frame(output: &mut Vec<u8>, kind: u8, flags: u8, id: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    output.extend_from_slice(&length[1..]);
    output.extend_from_slice(&[kind, flags]);
    output.extend_from_slice(&id.to_be_bytes());
    output.extend_from_slice(payload);
}

fn take_frame(input: &mut BytesMut) -> io::Result<Option<Frame>> {
    let Some(head) = input.first_chunk::<FRAME_HEAD_BYTES>() else { return Ok(None) };
    let [l0, l1, l2, kind, flags, id @ ..] = *head;
    let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    if input.len() < FRAME_HEAD_BYTES + length {
        return Ok(None);
    }
    input.advance(FRAME_HEAD_BYTES);
    Ok(Some(Frame { kind, flags, id: u32::from_be_bytes(id) & 0x7fff_ffff, payload: input.split_to(length) }))
}

fn unpadded(frame: &Frame) -> io::Result<&[u8]> {
    if frame.flags & PADDED == 0 {
        return Ok(&frame.payload);
    }
    let padding = frame.payload.first().map(|length| usize::from(*length));
    let end = padding.and_then(|padding| frame.payload.len().checked_sub(padding));
    let body = end.and_then(|end| frame.payload.get(1..end));
    body.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame is padded beyond its end"))
}

/// The message of a gRPC body: a flag of compression, four bytes of length, the message.
fn message_of(mut body: BytesMut) -> io::Result<BytesMut> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    if body.is_empty() {
        return Err(invalid("the call was refused: it brought no message"));
    }
    let Some([0, length @ ..]) = body.first_chunk::<5>() else { return Err(invalid("a message is compressed")) };
    if body.len() != 5 + u32::from_be_bytes(*length) as usize {
        return Err(invalid("a message has another length than it says"));
    }
    body.advance(5);
    Ok(body)
}

/// The headers of every call (RFC 7541), as literals that leave no trace in the other side's table.
fn header_block(authority: &str, path: &str) -> io::Result<Vec<u8>> {
    // Fields 3 and 6 of the static table: `:method: POST` and `:scheme: http`.
    let mut block = vec![0x80 | 3, 0x80 | 6];
    // Names 1, 4 and 31 of the static table. An index above 14 goes on in a second byte.
    for (name, value) in [(&[1_u8][..], authority), (&[4], path), (&[15, 31 - 15], "application/grpc")] {
        block.extend_from_slice(name);
        put_text(&mut block, value)?;
    }
    block.push(0);
    put_text(&mut block, "te")?;
    put_text(&mut block, "trailers")?;
    Ok(block)
}

fn put_text(block: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 127);
    block.push(length.ok_or_else(|| io::Error::other("a header is too long"))?);
    block.extend_from_slice(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_in_pieces() {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, DATA, END_STREAM, 5, b"abc");
        put_frame(&mut bytes, PING, 0, 0, &[1; 8]);
        let (mut input, mut got) = (BytesMut::new(), Vec::new());
        for byte in bytes {
            input.extend_from_slice(&[byte]);
            got.extend(take_frame(&mut input).unwrap());
        }
        assert_eq!((got[0].kind, got[0].flags, got[0].id, &got[0].payload[..]), (DATA, END_STREAM, 5, &b"abc"[..]));
        assert_eq!((got[1].kind, got[1].id, got[1].payload.len()), (PING, 0, 8));
        assert!(take_frame(&mut BytesMut::from(&[0xff; 9][..])).is_err());
    }

    #[test]
    fn padding_is_taken_off() {
        let frame = |payload: &[u8]| Frame { kind: DATA, flags: PADDED, id: 1, payload: BytesMut::from(payload) };
        assert_eq!(unpadded(&frame(&[2, 7, 8, 0, 0])).unwrap(), [7, 8]);
        assert!(unpadded(&frame(&[9, 7])).is_err());
        assert!(unpadded(&frame(&[])).is_err());
    }

    #[test]
    fn only_a_whole_message_is_an_answer() {
        assert_eq!(message_of(BytesMut::from(&[0, 0, 0, 0, 2, 8, 9][..])).unwrap()[..], [8, 9]);
        assert!(message_of(BytesMut::new()).is_err());
        assert!(message_of(BytesMut::from(&[1, 0, 0, 0, 0][..])).is_err());
        assert!(message_of(BytesMut::from(&[0, 0, 0, 0, 3, 8, 9][..])).is_err());
    }

    #[test]
    fn headers_are_literals() {
        let block = header_block("h", "/p").unwrap();
        assert_eq!(block[..7], [0x83, 0x86, 1, 1, b'h', 4, 2]);
        assert_eq!(block[9..12], [15, 16, 16]);
        assert!(header_block("h", &"p".repeat(127)).is_err());
    }
}
