//! Photos and clips on this node's disk and on the others': one that is put is on a quorum's disks before anybody names it in the log,
//! one that is asked for comes from whichever node has it, and what this node should have and has not is fetched in the background.
//!
//! `store` is this node's disk, `line` what two nodes say to each other, `keeper` what goes on by itself.

mod keeper;
mod line;
mod store;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Digest, GroupId, StoredFile, limits::FILE_BYTES_MAX};
use edge::{Files, FilesError};
use futures::future::BoxFuture;
use peer::{NodeId, Peers, StreamReceiver, StreamSender};
use raft::Groups;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, timeout_at},
};

pub(crate) use keeper::keep;
pub(crate) use line::{KINDS, fuzz_header};
use store::{FileStore, StoreError};

/// Turns of files on their way to this node's disk at a time: each is in memory meanwhile. At the bound it is refused, and the sender
/// comes again.
const INCOMING_MAX: usize = 16;

/// Turns of files on their way from this node at a time. At the bound it is refused, and another node is asked.
const OUTGOING_MAX: usize = 16;

/// Turns that so many bytes take: as many as photos that may be so large together, so that clips need no more memory than photos.
fn turns(bytes: usize) -> u32 {
    u32::try_from(bytes).map_or(u32::MAX, |bytes| bytes.div_ceil(FILE_BYTES_MAX)).max(1)
}

/// How long one node is given to take a file, or to send it: the longest clip over 5 Mbit/s.
const LINE_WITHIN: Duration = Duration::from_secs(30);

/// Counts for `/metrics`.
#[derive(Debug, Default)]
struct Counters {
    kept: AtomicU64,
    repaired: AtomicU64,
    damaged: AtomicU64,
    swept: AtomicU64,
    missing: AtomicU64,
}

/// The files of one node.
pub(crate) struct NodeFiles {
    groups: Groups,
    peers: Peers,
    store: Arc<FileStore>,
    incoming: Semaphore,
    outgoing: Semaphore,
    counters: Counters,
}

impl NodeFiles {
    /// The files in `folder`, of which `reserve_bytes` of the disk are left to the log.
    pub(crate) fn open(
        groups: Groups,
        peers: Peers,
        folder: PathBuf,
        reserve_bytes: u64,
    ) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            groups,
            peers,
            store: Arc::new(FileStore::open(folder, reserve_bytes)?),
            incoming: Semaphore::new(INCOMING_MAX),
            outgoing: Semaphore::new(OUTGOING_MAX),
            counters: Counters::default(),
        }))
    }

    /// Names and values for `/metrics`.
    pub(crate) fn snapshot(&self) -> Vec<(&'static str, u64)> {
        let counters = &self.counters;
        vec![
            ("held", u64::try_from(self.store.count()).unwrap_or(u64::MAX)),
            ("missing", counters.missing.load(Ordering::Relaxed)),
            ("kept_total", counters.kept.load(Ordering::Relaxed)),
            ("repaired_total", counters.repaired.load(Ordering::Relaxed)),
            ("damaged_total", counters.damaged.load(Ordering::Relaxed)),
            ("swept_total", counters.swept.load(Ordering::Relaxed)),
        ]
    }

    /// Takes over a stream of a peer: it brings a file, or asks for one.
    pub(crate) async fn serve(self: Arc<Self>, kind: u16, header: Bytes, tx: StreamSender, rx: StreamReceiver) {
        let until = Instant::now() + LINE_WITHIN;
        let served = async {
            match kind {
                line::PUT_KIND => {
                    let (file, length) = line::read_put_header(&header)?;
                    let _turn = self.incoming.try_acquire_many(turns(length)).ok()?;
                    let bytes = line::receive(file, length, rx).await?;
                    let held = self.write(file, bytes).await;
                    line::answer(tx, held.is_ok()).await
                }
                _ => {
                    let file = line::asked(&header)?;
                    let _turn =
                        self.outgoing.try_acquire_many(turns(self.store.length(&file).unwrap_or_default())).ok()?;
                    let bytes = self.read(file).await?;
                    line::send(tx, bytes).await
                }
            }
        };
        // Whoever asked hears of a stream that breaks off, and asks another node or again.
        let _ = timeout_at(until, served).await;
    }

    async fn write(&self, file: Digest, bytes: Bytes) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let written = tokio::task::spawn_blocking(move || store.write(&file, &bytes)).await;
        written.unwrap_or_else(|error| Err(StoreError::Disk(std::io::Error::other(error))))
    }

    /// This node's copy; one that is not what it should be is none.
    async fn read(&self, file: Digest) -> Option<Bytes> {
        let store = Arc::clone(&self.store);
        let read = tokio::task::spawn_blocking(move || store.read(&file)).await.ok()?;
        match read {
            Ok(bytes) => bytes.map(Bytes::from),
            Err(error) => {
                self.counters.damaged.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%file, %error, "a file cannot be read: it is fetched from another node");
                None
            }
        }
    }

    /// The other members, those that are connected first.
    fn others(&self) -> Vec<NodeId> {
        let members = self.groups.members().into_iter().map(|(id, _)| id);
        let mut others: Vec<NodeId> = members.filter(|id| *id != self.groups.node()).collect();
        others.sort_by_key(|id| !self.peers.is_connected(*id));
        others
    }

    /// Fetches a file from the first node that has it, and puts it on this node's disk.
    async fn fetch_far(&self, file: StoredFile, until: Instant) -> Option<Bytes> {
        for node in self.others() {
            let line_until = until.min(Instant::now() + LINE_WITHIN);
            let Ok(Some(bytes)) = timeout_at(line_until, line::fetch(&self.peers, node, file)).await else { continue };
            match self.write(file.sha256, bytes.clone()).await {
                Ok(()) => {}
                // It can be shown all the same.
                Err(error) => tracing::warn!(file = %file.sha256, %error, "a fetched file was not stored"),
            }
            return Some(bytes);
        }
        None
    }

    async fn keep_on_quorum(self: Arc<Self>, file: Digest, bytes: Bytes, until: Instant) -> Result<(), FilesError> {
        let _turn = self.incoming.try_acquire_many(turns(bytes.len())).map_err(|_| FilesError::Busy)?;
        let voters = self.groups.voters(GroupId::COMMAND);
        let needed = voters.len() / 2 + 1;
        // Its own first: whoever is asked for the file next is most likely this node.
        match self.write(file, bytes.clone()).await {
            Ok(()) => {}
            Err(StoreError::Full) => return Err(FilesError::DiskFull),
            Err(StoreError::Disk(error)) => return Err(FilesError::Disk(error.to_string())),
            Err(StoreError::Other) => return Err(FilesError::Disk("the bytes are not those of the hash".to_owned())),
        }
        let mut held = usize::from(voters.contains(&self.groups.node()));
        let (told, mut answers) = mpsc::channel(voters.len().max(1));
        for node in voters.into_iter().filter(|id| *id != self.groups.node()) {
            let (peers, bytes, told) = (self.peers.clone(), bytes.clone(), told.clone());
            // It goes on when a quorum has the file: the others shall have it too.
            tokio::spawn(async move {
                let sent = timeout_at(Instant::now() + LINE_WITHIN, line::put(&peers, node, file, bytes)).await;
                let _ = told.send(sent.unwrap_or(false)).await;
            });
        }
        drop(told);
        while held < needed {
            match timeout_at(until, answers.recv()).await {
                Ok(Some(true)) => held += 1,
                Ok(Some(false)) => {}
                Ok(None) | Err(_) => return Err(FilesError::NoQuorum),
            }
        }
        self.counters.kept.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The node's files, as the edge knows them.
pub(crate) struct EdgeFiles(pub(crate) Arc<NodeFiles>);

impl Files for EdgeFiles {
    fn keep(&self, sha256: Digest, bytes: Bytes, deadline: Duration) -> BoxFuture<'static, Result<(), FilesError>> {
        let files = Arc::clone(&self.0);
        Box::pin(async move { files.keep_on_quorum(sha256, bytes, Instant::now() + deadline).await })
    }

    fn fetch(&self, file: StoredFile, deadline: Duration) -> BoxFuture<'static, Result<Bytes, FilesError>> {
        let files = Arc::clone(&self.0);
        Box::pin(async move {
            let until = Instant::now() + deadline;
            if let Some(bytes) = files.read(file.sha256).await {
                return Ok(bytes);
            }
            files.fetch_far(file, until).await.ok_or(FilesError::Missing)
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::limits::CLIP_BYTES_MAX;

    use super::*;

    #[test]
    fn a_clip_takes_the_turns_of_the_photos_that_would_be_as_large() {
        let of = |bytes: u32| turns(usize::try_from(bytes).unwrap());
        assert_eq!([of(0), of(1), of(FILE_BYTES_MAX), of(FILE_BYTES_MAX + 1)], [1, 1, 1, 2]);
        assert_eq!(of(CLIP_BYTES_MAX), CLIP_BYTES_MAX / FILE_BYTES_MAX);
        assert!(of(CLIP_BYTES_MAX) <= u32::try_from(INCOMING_MAX.min(OUTGOING_MAX)).unwrap(), "one always has room");
    }
}
