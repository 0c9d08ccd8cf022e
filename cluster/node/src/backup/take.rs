//! Takes a backup of a running cluster into a folder.

use std::{path::Path, sync::Arc};

use raft::backup::{FrameError, FrameReader};
use tokio::task::spawn_blocking;

use super::{
    chunk::Chunk,
    collect::{CollectError, Collector},
    folder::{Folder, FolderError, Put},
    manifest::{Manifest, name_of},
};
use crate::client::{Client, ClientError};

/// Where a node gives a backup.
pub const PATH: &str = "/api/cluster/backup";

/// Why no backup was taken. What was written meanwhile is used by the next one.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// No node gives one, or the line was cut.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What came is no backup.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// What came is not all of one.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder is another cluster's.
    #[error(
        "{folder}: chứa bản sao lưu của cụm {theirs}, không phải {ours}: chọn thư mục khác / it holds backups of cluster \
         {theirs}, not of {ours}: choose another folder"
    )]
    Foreign {
        /// The folder.
        folder: String,
        /// Cluster of the backups there.
        theirs: String,
        /// Cluster that was asked.
        ours: String,
    },
    /// A thread that writes ended without an answer.
    #[error("writing ended without an answer: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// A backup that was taken, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The backup.
    pub manifest: Manifest,
    /// Origin of the node that gave it.
    pub origin: String,
    /// Chunks that were not there.
    pub chunks_new: u64,
    /// Chunks that were there already.
    pub chunks_known: u64,
    /// Chunks that were there and damaged, and are whole again.
    pub chunks_mended: u64,
    /// Bytes written, with the manifest.
    pub bytes_written: u64,
}

/// Takes a backup of the cluster that `client` is signed in to.
///
/// # Errors
/// [`TakeError`]; the folder then holds no more backups than before.
pub async fn take(client: &Client, path: &Path) -> Result<Taken, TakeError> {
    let (folder, lock) = Folder::open_to_write(path)?;
    let folder = Arc::new(folder);
    let mut line = client.stream(PATH).await?;
    let (mut reader, mut collector) = (FrameReader::default(), Collector::default());
    let mut counts = Counts::default();
    let mut is_ours = false;
    while let Some(piece) = line.next().await? {
        reader.push(&piece);
        while let Some(part) = reader.next_part()? {
            let chunks = collector.take(part)?;
            if let Some(begin) = collector.begin().filter(|_| !is_ours) {
                refuse_foreign(&folder, &begin.cluster)?;
                is_ours = true;
            }
            if !chunks.is_empty() {
                let folder = Arc::clone(&folder);
                counts.add(spawn_blocking(move || put(&folder, &chunks)).await??);
            }
        }
    }
    let taken_at_ms = collector.begin().map_or(0, |begin| begin.at_ms);
    let manifest = collector.finish(folder.free_name(&name_of(taken_at_ms)))?;
    let writing = manifest.clone();
    counts.bytes_written += spawn_blocking(move || folder.put_manifest(&writing)).await??;
    drop(lock);
    Ok(Taken {
        manifest,
        origin: line.origin,
        chunks_new: counts.new,
        chunks_known: counts.known,
        chunks_mended: counts.mended,
        bytes_written: counts.bytes_written,
    })
}

#[derive(Clone, Copy, Default)]
struct Counts {
    new: u64,
    known: u64,
    mended: u64,
    bytes_written: u64,
}

impl Counts {
    fn add(&mut self, more: Self) {
        self.new += more.new;
        self.known += more.known;
        self.mended += more.mended;
        self.bytes_written += more.bytes_written;
    }
}

fn put(folder: &Folder, chunks: &[Chunk]) -> Result<Counts, FolderError> {
    let mut counts = Counts::default();
    for chunk in chunks {
        let count = match folder.put_chunk(chunk)? {
            Put::Known => {
                counts.known += 1;
                continue;
            }
            Put::New => &mut counts.new,
            Put::Mended => &mut counts.mended,
        };
        *count += 1;
        counts.bytes_written += chunk.bytes.len() as u64;
    }
    Ok(counts)
}

/// One folder, one cluster: who restores must not have to guess. A restored cluster has its name still, and another epoch.
fn refuse_foreign(folder: &Folder, ours: &str) -> Result<(), TakeError> {
    for name in folder.backups()? {
        // A damaged one says nothing; `verify` names it.
        let Ok(manifest) = folder.manifest(&name) else { continue };
        if manifest.cluster != ours {
            let (folder, theirs) = (folder.path().display().to_string(), manifest.cluster);
            return Err(TakeError::Foreign { folder, theirs, ours: ours.to_owned() });
        }
    }
    Ok(())
}
