//! What screens see: a picture of each group, then its events from there on, over one WebSocket.
//!
//! `session` (the protocol), `view` (who sees what), `places`, `frames` and `hub` (who is sent what) are pure; `outbox` and
//! `video` are bounded queues; `fanout` follows the groups; `socket` is one connection.

pub(crate) mod fanout;
pub(crate) mod frames;
pub(crate) mod hub;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod places;
pub(crate) mod pulse;
pub(crate) mod session;
pub(crate) mod snapshot;
pub(crate) mod socket;
pub(crate) mod upgrade;
pub(crate) mod video;
pub(crate) mod view;
