//! Outgoing notices: what waits in the outbox of the command group is carried to its receivers, each in order.

pub(crate) mod postman;

use domain::{Notice, Receiver};
use futures::future::BoxFuture;

/// Why a notice did not get there. It is carried again, later and later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undelivered(pub String);

/// Carries notices. The node ties it to HTTP; tests put a double.
pub trait Courier: Send + Sync + 'static {
    /// Brings one notice to its receiver. Resolves well once the receiver has said that it took it, now or before: the same
    /// notice may be brought again, by another node too, and its receiver and number tell.
    fn deliver(&self, receiver: Receiver, notice: Notice) -> BoxFuture<'static, Result<(), Undelivered>>;
}
