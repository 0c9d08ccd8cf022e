//! The two kinds of error: what stops a node from starting, and what becomes of a call.

use std::path::PathBuf;

/// Why a node cannot start to talk to its peers. Every variant names what to mend.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// A file of the identity or authority cannot be read or written.
    #[error("{what} {path}: {source}", path = path.display())]
    File {
        /// What was being done, such as "cannot read".
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The cluster's name cannot stand in a certificate.
    #[error("cluster name {name:?} is not usable: take 1 to {max} letters, digits, '-', '_' or '.'", max = crate::limits::CLUSTER_NAME_BYTES_MAX)]
    ClusterName {
        /// The name as given.
        name: String,
    },
    /// A certificate or key does not hold what it should.
    #[error("{what}: {problem}")]
    Certificate {
        /// Which certificate or key.
        what: String,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// An authority is there already; another would cut off every node that it has certified.
    #[error("{path} exists: open this authority instead of creating it, or choose another folder", path = path.display())]
    AuthorityExists {
        /// The key that is in the way.
        path: PathBuf,
    },
    /// The listening address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address as configured.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PeerError {
    pub(crate) fn certificate(what: impl Into<String>, problem: impl ToString) -> Self {
        Self::Certificate { what: what.into(), problem: problem.to_string() }
    }
}

/// What became of a call or stream that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It was never sent: no address, no connection, or the peer is being backed off from. Nothing was done.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// A bound was reached, here or there, before it was looked at. Nothing was done.
    #[error("overloaded: {0}")]
    Overloaded(String),
    /// The message does not fit a frame; it was not sent. Split it.
    #[error("message of {bytes} bytes exceeds {max} bytes")]
    TooLarge {
        /// The message's size.
        bytes: usize,
        /// The largest size.
        max: usize,
    },
    /// It was sent and the deadline passed. Nobody knows whether it was done.
    #[error("no answer before the deadline")]
    Timeout,
    /// The connection or the stream's other side went away. Nobody knows whether it was done.
    #[error("closed: {0}")]
    Closed(String),
    /// The peer's handler answered with an error.
    #[error("peer answered: {0}")]
    Remote(String),
}

impl CallError {
    /// Whether it is certain that the peer has done nothing.
    pub fn never_done(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Overloaded(_) | Self::TooLarge { .. })
    }
}
