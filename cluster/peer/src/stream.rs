//! Streams: ordered messages both ways, each direction with its own credit and its own end.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};

use crate::connection::Connection;
use crate::counters::count;
use crate::credit::ReceiveWindow;
use crate::error::CallError;
use crate::frame::{Kind, Outgoing};
use crate::limits::{MESSAGE_BYTES_MAX, WINDOW_BYTES, WINDOW_MESSAGES};
use crate::message::{Grant, credit, text};
use crate::sync::lock;

/// How the incoming direction stands.
#[derive(Debug)]
enum Inbound {
    Open(mpsc::Sender<Bytes>),
    /// The other side closed it in order.
    Closed,
    Failed(CallError),
}

#[derive(Debug)]
struct Directions {
    inbound: Inbound,
    window: ReceiveWindow,
    /// We have closed or broken off the outgoing direction.
    outbound_ended: bool,
    /// Why nothing more can be sent.
    send_error: Option<CallError>,
}

/// What connection and handles share of one stream.
#[derive(Debug)]
pub(crate) struct StreamState {
    id: u64,
    send_messages: Semaphore,
    send_bytes: Semaphore,
    directions: Mutex<Directions>,
}

/// How the peer broke a stream's rules; it loses the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamFault {
    #[error("stream message exceeds the credit")]
    Credit,
    #[error("stream message after the stream's end")]
    AfterEnd,
    #[error("credit exceeds the window")]
    Window,
}

impl StreamState {
    /// A stream with full windows, and the queue that its receiver reads. The queue holds a whole window, so the reader never waits for it.
    pub(crate) fn new(id: u64) -> (Arc<Self>, mpsc::Receiver<Bytes>) {
        let (inbox, rx) = mpsc::channel(usize::try_from(WINDOW_MESSAGES).unwrap_or(1));
        let directions = Directions {
            inbound: Inbound::Open(inbox),
            window: ReceiveWindow::new(),
            outbound_ended: false,
            send_error: None,
        };
        let state = Self {
            id,
            send_messages: Semaphore::new(permits(WINDOW_MESSAGES)),
            send_bytes: Semaphore::new(permits(WINDOW_BYTES)),
            directions: Mutex::new(directions),
        };
        (Arc::new(state), rx)
    }

    /// A message came. One for a receiver that is gone is dropped: it has been told to stop.
    pub(crate) fn on_data(&self, message: Bytes) -> Result<(), StreamFault> {
        let mut directions = lock(&self.directions);
        directions.window.arrived(message.len()).map_err(|_| StreamFault::Credit)?;
        let Inbound::Open(inbox) = &directions.inbound else { return Err(StreamFault::AfterEnd) };
        match inbox.try_send(message) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(StreamFault::Credit),
        }
    }

    /// The peer grants more. More than the window was never out.
    pub(crate) fn on_credit(&self, grant: Grant) -> Result<(), StreamFault> {
        for (semaphore, more, window) in
            [(&self.send_messages, grant.messages, WINDOW_MESSAGES), (&self.send_bytes, grant.bytes, WINDOW_BYTES)]
        {
            let more = permits(more);
            if semaphore.available_permits().saturating_add(more) > permits(window) {
                return Err(StreamFault::Window);
            }
            semaphore.add_permits(more);
        }
        Ok(())
    }

    /// The incoming direction has ended, in order or with an error. True when the outgoing one has too.
    pub(crate) fn on_end(&self, error: Option<CallError>) -> bool {
        let mut directions = lock(&self.directions);
        if matches!(directions.inbound, Inbound::Open(_)) {
            directions.inbound = error.map_or(Inbound::Closed, Inbound::Failed);
        }
        directions.outbound_ended
    }

    /// The peer takes no more: whoever sends, or waits to, gets `error`.
    pub(crate) fn stop_sending(&self, error: CallError) {
        lock(&self.directions).send_error.get_or_insert(error);
        self.send_messages.close();
        self.send_bytes.close();
    }

    /// The stream is over in both directions. What has arrived can still be read.
    pub(crate) fn fail(&self, error: &CallError) {
        self.on_end(Some(error.clone()));
        self.stop_sending(error.clone());
    }

    fn send_error(&self) -> CallError {
        lock(&self.directions).send_error.clone().unwrap_or_else(|| CallError::Closed("stream has ended".to_owned()))
    }

    /// The outgoing direction has ended. True when the incoming one has too.
    fn outbound_ended(&self) -> bool {
        let mut directions = lock(&self.directions);
        directions.outbound_ended = true;
        !matches!(directions.inbound, Inbound::Open(_))
    }
}

fn permits(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The sending half. Dropped without [`close`](Self::close), it tells the receiver that the stream broke off.
pub struct StreamSender {
    connection: Arc<Connection>,
    state: Arc<StreamState>,
    ended: bool,
}

impl StreamSender {
    pub(crate) fn new(connection: Arc<Connection>, state: Arc<StreamState>) -> Self {
        Self { connection, state, ended: false }
    }

    /// Sends a message, once the receiver has granted credit for it and the connection has room. That a message was
    /// sent does not say that it arrived. Dropping the future before it is done sends nothing and loses no credit.
    ///
    /// # Errors
    /// [`CallError::TooLarge`] for a message that fits no frame; [`CallError::Closed`] when the receiver or the connection is
    /// gone; [`CallError::Overloaded`] when the peer did not accept the stream.
    pub async fn send(&self, message: Bytes) -> Result<(), CallError> {
        self.connection.check_size(message.len())?;
        let bytes = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let gone = |_| self.state.send_error();
        let message_credit = self.state.send_messages.acquire().await.map_err(gone)?;
        let byte_credit = self.state.send_bytes.acquire_many(bytes).await.map_err(gone)?;
        let room = self.connection.outbox.room(message.len()).await.map_err(|_| self.connection.closed_error())?;
        let frame = Outgoing::new(Kind::Data, 0, self.state.id, &[], message);
        self.connection
            .queued(self.connection.outbox.push(frame, room))
            .map_err(|()| self.connection.closed_error())?;
        message_credit.forget();
        byte_credit.forget();
        Ok(())
    }

    /// Ends the stream in order: the receiver gets all that was sent, then `None`.
    pub fn close(mut self) {
        self.end(Outgoing::new(Kind::Close, 0, self.state.id, &[], Bytes::new()));
    }

    /// The peer at the other end.
    pub fn peer(&self) -> crate::NodeId {
        self.connection.peer
    }

    fn end(&mut self, frame: Outgoing) {
        self.ended = true;
        let both = self.state.outbound_ended();
        // On a closed connection nobody is left to be told.
        let _ = self.connection.queued(self.connection.outbox.push_small(frame));
        if both {
            self.connection.forget_stream(self.state.id);
        }
    }
}

impl Drop for StreamSender {
    fn drop(&mut self) {
        if !self.ended {
            self.end(text(Kind::Abort, 0, self.state.id, "the sender went away without closing the stream"));
        }
    }
}

impl std::fmt::Debug for StreamSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamSender({} to node {})", self.state.id, self.connection.peer)
    }
}

/// The receiving half. Dropped early, it tells the sender to stop.
pub struct StreamReceiver {
    connection: Arc<Connection>,
    state: Arc<StreamState>,
    inbox: mpsc::Receiver<Bytes>,
}

impl StreamReceiver {
    pub(crate) fn new(connection: Arc<Connection>, state: Arc<StreamState>, inbox: mpsc::Receiver<Bytes>) -> Self {
        Self { connection, state, inbox }
    }

    /// The next message; `None` when the other side has closed the stream in order. Taking a message is what grants new
    /// credit. Dropping the future before it is done loses nothing.
    ///
    /// # Errors
    /// After what had arrived: [`CallError::Closed`] when the sender broke off or the connection is gone, [`CallError::Overloaded`] when the peer did not
    /// accept the stream.
    pub async fn recv(&mut self) -> Result<Option<Bytes>, CallError> {
        let Some(message) = self.inbox.recv().await else {
            return match &lock(&self.state.directions).inbound {
                Inbound::Failed(error) => Err(error.clone()),
                Inbound::Closed | Inbound::Open(_) => Ok(None),
            };
        };
        let grant = {
            let mut directions = lock(&self.state.directions);
            let grant = directions.window.taken(message.len());
            // Who has ended needs no more credit.
            grant.filter(|_| matches!(directions.inbound, Inbound::Open(_)))
        };
        if let Some(grant) = grant {
            let _ = self.connection.queued(self.connection.outbox.push_small(credit(self.state.id, grant)));
        }
        Ok(Some(message))
    }

    /// The peer at the other end.
    pub fn peer(&self) -> crate::NodeId {
        self.connection.peer
    }
}

impl Drop for StreamReceiver {
    fn drop(&mut self) {
        self.inbox.close();
        if matches!(lock(&self.state.directions).inbound, Inbound::Open(_)) {
            let stop = text(Kind::Stop, 0, self.state.id, "the receiver went away");
            let _ = self.connection.queued(self.connection.outbox.push_small(stop));
        }
    }
}

impl std::fmt::Debug for StreamReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamReceiver({} from node {})", self.state.id, self.connection.peer)
    }
}

impl Connection {
    /// Refuses, and counts, what fits no frame.
    pub(crate) fn check_size(&self, bytes: usize) -> Result<(), CallError> {
        if bytes <= MESSAGE_BYTES_MAX {
            return Ok(());
        }
        count(&self.wiring.counters.messages_oversize);
        Err(CallError::TooLarge { bytes, max: MESSAGE_BYTES_MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_breaks_the_credit_is_found_out() {
        let (state, _inbox) = StreamState::new(1);
        for _ in 0..WINDOW_MESSAGES {
            assert_eq!(state.on_data(Bytes::new()), Ok(()));
        }
        assert_eq!(state.on_data(Bytes::new()), Err(StreamFault::Credit));
        assert_eq!(state.on_credit(Grant { messages: 1, bytes: 0 }), Err(StreamFault::Window));
    }

    #[test]
    fn after_its_end_a_stream_takes_nothing_and_keeps_what_came() {
        let (state, mut inbox) = StreamState::new(1);
        state.on_data(Bytes::from_static(b"a")).unwrap();
        assert!(!state.on_end(None), "the outgoing direction is still open");
        assert_eq!(state.on_data(Bytes::new()), Err(StreamFault::AfterEnd));
        assert_eq!(inbox.try_recv().unwrap(), "a");
        assert!(inbox.try_recv().is_err());
        assert!(state.outbound_ended(), "now both directions have ended");
    }

    #[test]
    fn a_dropped_receiver_lets_data_pass_into_nothing() {
        let (state, inbox) = StreamState::new(1);
        drop(inbox);
        assert_eq!(state.on_data(Bytes::from_static(b"late")), Ok(()));
    }
}
