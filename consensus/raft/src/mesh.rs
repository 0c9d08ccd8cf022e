//! What consensus needs of the way between nodes. In a node it is `peer`; a simulator brings its own.

use std::time::Duration;

use bytes::Bytes;
use peer::{BoxFuture, CallError, Lane, Peers, StreamReceiver, StreamSender};

use crate::types::NodeId;

/// Both halves of a stream, as who opened it has them.
pub type Stream = (Box<dyn Outgoing>, Box<dyn Incoming>);

/// This node's way to the others. `peer` says what each method promises.
pub trait Mesh: Send + Sync + 'static {
    /// Says where a node is, as `host:port`.
    fn set_address(&self, node: NodeId, address: &str);

    /// Asks a node and waits for its answer for at most `deadline`.
    fn call(
        &self,
        to: NodeId,
        lane: Lane,
        kind: u16,
        payload: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Bytes, CallError>>;

    /// Opens an ordered stream of messages both ways.
    fn open(&self, to: NodeId, lane: Lane, kind: u16, header: Bytes) -> BoxFuture<'_, Result<Stream, CallError>>;

    /// Puts a value on the live bus for every node that is connected now. May be lost.
    fn publish(&self, topic: u16, key: Bytes, value: Bytes);

    /// Whether a connection with this node is up.
    fn is_connected(&self, node: NodeId) -> bool;

    /// How far the node's wall clock is ahead of ours in ms; `None` while that is not known.
    fn clock_offset_ms(&self, node: NodeId) -> Option<i64>;

    /// Resolves when the node's process is known to have ended.
    fn ended(&self, node: NodeId) -> BoxFuture<'_, ()>;
}

/// The sending half of a stream. Dropped without `close`, it tells the receiver that the stream broke off.
pub trait Outgoing: Send + Sync + 'static {
    /// Sends a message once there is credit for it. Dropping the future before it is done sends nothing.
    fn send(&self, message: Bytes) -> BoxFuture<'_, Result<(), CallError>>;

    /// Ends the stream in order.
    fn close(self: Box<Self>);
}

/// The receiving half of a stream.
pub trait Incoming: Send + 'static {
    /// The next message; `None` when the other side has closed in order. Dropping the future before it is done loses nothing.
    fn recv(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, CallError>>;
}

impl Mesh for Peers {
    fn set_address(&self, node: NodeId, address: &str) {
        Self::set_address(self, node, address);
    }

    fn call(
        &self,
        to: NodeId,
        lane: Lane,
        kind: u16,
        payload: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Bytes, CallError>> {
        Box::pin(Self::call(self, to, lane, kind, payload, deadline))
    }

    fn open(&self, to: NodeId, lane: Lane, kind: u16, header: Bytes) -> BoxFuture<'_, Result<Stream, CallError>> {
        Box::pin(async move {
            let (tx, rx) = Self::open(self, to, lane, kind, header).await?;
            Ok::<Stream, _>((Box::new(tx), Box::new(rx)))
        })
    }

    fn publish(&self, topic: u16, key: Bytes, value: Bytes) {
        Self::publish(self, topic, key, value);
    }

    fn is_connected(&self, node: NodeId) -> bool {
        Self::is_connected(self, node)
    }

    fn clock_offset_ms(&self, node: NodeId) -> Option<i64> {
        Self::clock_offset_ms(self, node)
    }

    fn ended(&self, node: NodeId) -> BoxFuture<'_, ()> {
        Box::pin(Self::ended(self, node))
    }
}

impl Outgoing for StreamSender {
    fn send(&self, message: Bytes) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(Self::send(self, message))
    }

    fn close(self: Box<Self>) {
        Self::close(*self);
    }
}

impl Incoming for StreamReceiver {
    fn recv(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(Self::recv(self))
    }
}
