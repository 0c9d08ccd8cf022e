//! Outgoing notices: what waits in the outbox of the command group is carried to its receivers, each in order.

pub(crate) mod postman;

use std::time::Duration;

use domain::{Notice, Receiver};
use futures::future::BoxFuture;

use crate::config::DELIVER_DEADLINE;

/// Why a notice did not get there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It is carried again, later and later.
    #[error("{0}")]
    Again(String),
    /// The receiver has refused it for good: it is given up, which its receiver's record says, and those behind it go on.
    #[error("refused for good: {0}")]
    Never(String),
}

/// Carries notices. The node ties it to HTTP; tests put a double.
pub trait Courier: Send + Sync + 'static {
    /// Brings one notice to its receiver. Resolves well once the receiver has said that it took it, now or before: the same
    /// notice may be brought again, by another node too, and its receiver and number tell.
    fn deliver(&self, receiver: Receiver, notice: Notice) -> BoxFuture<'static, Result<(), Undelivered>>;

    /// How long that may take; then it is cut, and carried again.
    fn within(&self, _receiver: &Receiver) -> Duration {
        DELIVER_DEADLINE
    }
}
