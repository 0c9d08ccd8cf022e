//! What two nodes say to each other about files, each over a stream of its own on the bulk lane, in messages of at most `CHUNK_BYTES`,
//! so that a stalled receiver stops its sender at the stream's window.
//!
//! - **Put**: header hash and length; the bytes; the receiver answers `HELD` once they are on its disk, or closes.
//! - **Get**: header hash; the bytes, or a close without any.

use bytes::{Bytes, BytesMut};
use domain::{Digest, StoredFile, limits::CLIP_BYTES_MAX};
use peer::{Lane, NodeId, Peers, StreamReceiver, StreamSender};

use super::store::digest;

/// A stream that brings a file.
pub(super) const PUT_KIND: u16 = 440;
/// A stream that asks for one.
pub(super) const GET_KIND: u16 = 441;
/// Both.
pub(crate) const KINDS: std::ops::RangeInclusive<u16> = PUT_KIND..=GET_KIND;

/// Bytes of one message.
const CHUNK_BYTES: usize = 256 * 1024;

/// Says that the file is on the disk.
const HELD: &[u8] = b"held";

/// Sends a file to a node; whether the node has it on its disk.
pub(super) async fn put(peers: &Peers, node: NodeId, file: Digest, bytes: Bytes) -> bool {
    let Ok((tx, mut rx)) = peers.open(node, Lane::Bulk, PUT_KIND, put_header(file, bytes.len())).await else {
        return false;
    };
    if send(tx, bytes).await.is_none() {
        return false;
    }
    matches!(rx.recv().await, Ok(Some(answer)) if answer == HELD)
}

/// Asks a node for a file; none: it has none, or sends something else.
pub(super) async fn fetch(peers: &Peers, node: NodeId, file: StoredFile) -> Option<Bytes> {
    let header = Bytes::copy_from_slice(&file.sha256.0);
    let (_up, rx) = peers.open(node, Lane::Bulk, GET_KIND, header).await.ok()?;
    collect(rx, usize::try_from(file.bytes).ok()?, file.sha256).await
}

/// Takes what a peer brings.
pub(super) async fn receive(file: Digest, length: usize, rx: StreamReceiver) -> Option<Bytes> {
    collect(rx, length, file).await
}

/// The file that a peer asks for.
pub(super) fn asked(header: &[u8]) -> Option<Digest> {
    header.try_into().ok().map(Digest)
}

/// Says whether the file is on the disk.
pub(super) async fn answer(tx: StreamSender, is_held: bool) -> Option<()> {
    if is_held {
        tx.send(Bytes::from_static(HELD)).await.ok()?;
    }
    tx.close();
    Some(())
}

/// Sends all bytes, and ends the stream in order.
pub(super) async fn send(tx: StreamSender, mut bytes: Bytes) -> Option<()> {
    while !bytes.is_empty() {
        let chunk = bytes.split_to(bytes.len().min(CHUNK_BYTES));
        tx.send(chunk).await.ok()?;
    }
    tx.close();
    Some(())
}

/// Exactly so many bytes of that hash, or nothing.
async fn collect(mut rx: StreamReceiver, length: usize, file: Digest) -> Option<Bytes> {
    let mut bytes = BytesMut::with_capacity(length);
    while let Some(chunk) = rx.recv().await.ok()? {
        if bytes.len() + chunk.len() > length {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    (bytes.len() == length && digest(&bytes) == file).then(|| bytes.freeze())
}

fn put_header(file: Digest, length: usize) -> Bytes {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    [&file.0[..], &length.to_be_bytes()].concat().into()
}

/// The file that a peer brings, and how long it is.
pub(super) fn read_put_header(header: &[u8]) -> Option<(Digest, usize)> {
    let (file, length) = header.split_first_chunk()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    (length <= CLIP_BYTES_MAX).then_some((Digest(*file), usize::try_from(length).ok()?))
}

/// The header of a stream of a peer, for the fuzz targets.
pub(crate) fn fuzz_header(data: &[u8]) -> bool {
    let read = read_put_header(data);
    if let Some((file, length)) = read {
        assert_eq!(put_header(file, length), data, "it is written as it was read");
    }
    read.is_some() | asked(data).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_that_names_too_much_is_refused() {
        let bytes_max = usize::try_from(CLIP_BYTES_MAX).unwrap();
        assert_eq!(read_put_header(&put_header(Digest([7; 32]), bytes_max)), Some((Digest([7; 32]), bytes_max)));
        assert_eq!(read_put_header(&put_header(Digest([7; 32]), bytes_max + 1)), None);
    }

    proptest! {
        #[test]
        fn any_header_may_come(data in proptest::collection::vec(any::<u8>(), 0..50)) {
            fuzz_header(&data);
        }
    }
}
