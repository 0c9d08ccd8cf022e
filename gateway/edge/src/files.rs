//! Photos on the disks of the nodes, as this crate sees them. `node` ties this to its store and to the other nodes.

use std::time::Duration;

use bytes::Bytes;
use domain::{Digest, StoredFile};
use futures::future::BoxFuture;

/// Why a file is not kept or not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// Fewer nodes than a majority have it on disk; nothing names it.
    #[error("not enough nodes of the centre could store it now; send it again in a moment")]
    NoQuorum,
    /// This node's disk has no room left for files.
    #[error(
        "the disks of the centre have no room for photos: what is stored can be seen, nothing new is taken until there is room"
    )]
    DiskFull,
    /// As many are on their way as are taken at a time.
    #[error("too many photos are being stored now; send it again in a few seconds")]
    Busy,
    /// No node that can be reached has it.
    #[error("no node that can be reached has this photo now; try again in a moment")]
    Missing,
    /// This node's disk does not do what it should.
    #[error("this node cannot store files now ({0}); use another one")]
    Disk(String),
}

/// Where the bytes of photos are.
pub trait Files: Send + Sync + 'static {
    /// Resolves once a quorum of nodes has the bytes, flushed to their disks under this hash; the others get them as well. Sent
    /// again it does nothing more.
    fn keep(&self, sha256: Digest, bytes: Bytes, deadline: Duration) -> BoxFuture<'static, Result<(), FilesError>>;
    /// The bytes of a file: this node's, or another's, which this node then has too.
    fn fetch(&self, file: StoredFile, deadline: Duration) -> BoxFuture<'static, Result<Bytes, FilesError>>;
}
