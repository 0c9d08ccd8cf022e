//! The client of a broker that the province already runs. One subscriber per cluster: it runs only on the node whose
//! fence is up. The session at the broker is persistent under a fixed client id, and acknowledgements are by hand after
//! the commit, so what came while no node subscribed, or was not acknowledged, comes again.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, SubscribeFilter,
    mqttbytes::v4::SubscribeReasonCode,
};
use tokio::{sync::watch, time::sleep};

use super::{connection::PACKET_BYTES_MAX, intake::Intake, topic::FILTERS};
use crate::{
    RecordError, Speaker,
    backoff::{Backoff, random_u32},
    fence::turned,
};

/// Publishes from the broker that are being committed at once. At the bound nothing more is read from the broker.
pub const SUBSCRIBER_INFLIGHT_MAX: usize = 256;
/// Acknowledgements that wait to be written. A broker that lets more stand open than this is reconnected.
const UNSENT_ACKS_MAX: usize = 4096;
/// Requests that the client library queues.
const REQUESTS_MAX: usize = 1024;
/// Silence after which the connection is probed.
const KEEP_ALIVE_S: u64 = 30;
/// Wait before the first reconnect; doubles to [`RECONNECT_MS_MAX`].
const RECONNECT_MS_MIN: u64 = 1_000;
/// Longest wait before a reconnect.
const RECONNECT_MS_MAX: u64 = 60_000;

/// Which broker.
#[derive(Clone)]
pub struct SubscriberConfig {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The same on every node, or the broker keeps one session per node and nobody drains the others.
    pub client_id: String,
    /// User and password, if the broker asks for them.
    pub login: Option<(String, String)>,
}

impl std::fmt::Debug for SubscriberConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, client_id, login } = self;
        write!(f, "{client_id} at {host}:{port}{}", if login.is_some() { " with a login" } else { "" })
    }
}

/// Why a connection to the broker ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Connection(Box<rumqttc::ConnectionError>),
    #[error("the client's queue is full before it has subscribed")]
    QueueFull,
    #[error("the broker refused a subscription; allow client {0} to subscribe to trongdong/v1/#")]
    SubscriptionRefused(String),
    #[error("the outcome of a commit is unknown, the broker sends again: {0}")]
    CommitUnknown(RecordError),
    #[error("the broker leaves more than {UNSENT_ACKS_MAX} publishes unacknowledged; set its inflight limit lower")]
    TooManyAcks,
}

/// Runs while the fence's sender lives: subscribed while the fence is true, disconnected while it is false.
pub async fn run(config: SubscriberConfig, intake: Arc<Intake>, mut fence: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(RECONNECT_MS_MIN, RECONNECT_MS_MAX);
    loop {
        if !turned(&mut fence, true).await {
            return;
        }
        let mut connected = false;
        let ended = tokio::select! {
            ended = session(&config, &intake, &mut connected) => ended,
            down = turned(&mut fence, false) => {
                // The connection is dropped with the session's future. Nothing says goodbye: what is unacknowledged
                // goes to whoever subscribes next.
                if !down {
                    return;
                }
                tracing::info!(broker = ?config, "mqtt: fence is down, subscription dropped");
                backoff.reset();
                continue;
            }
        };
        if connected {
            backoff.reset();
        }
        let wait = backoff.next(random_u32());
        tracing::warn!(broker = ?config, reason = %ended, wait_ms = wait.as_millis(), "mqtt: subscription ended");
        tokio::select! {
            () = sleep(wait) => {}
            // A fence that turns while waiting is looked at again at the top.
            changed = fence.changed() => if changed.is_err() { return },
        }
    }
}

/// A publish and what its commit came to.
type Committed = (Publish, Result<(), RecordError>);

/// One connection to the broker, to its end.
async fn session(config: &SubscriberConfig, intake: &Arc<Intake>, connected: &mut bool) -> Ended {
    let mut options = MqttOptions::new(&config.client_id, &config.host, config.port);
    options
        .set_manual_acks(true)
        .set_clean_session(false)
        .set_keep_alive(Duration::from_secs(KEEP_ALIVE_S))
        .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
    if let Some((user, password)) = &config.login {
        options.set_credentials(user, password);
    }
    let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
    let mut open = Open {
        intake,
        source: format!("broker {}", config.host),
        commits: FuturesOrdered::new(),
        unsent: VecDeque::new(),
    };
    loop {
        match open.next_event(&client, &mut events).await {
            Err(ended) => return ended,
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                *connected = true;
                // Asked for each time: a persistent session may have been lost with the broker's disk.
                let filters = FILTERS.map(|path| SubscribeFilter::new(path.to_owned(), QoS::AtLeastOnce));
                if client.try_subscribe_many(filters).is_err() {
                    return Ended::QueueFull;
                }
            }
            Ok(Event::Incoming(Packet::SubAck(ack))) => {
                if ack.return_codes.contains(&SubscribeReasonCode::Failure) {
                    return Ended::SubscriptionRefused(config.client_id.clone());
                }
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => open.commit(publish),
            Ok(_) => {}
        }
    }
}

/// What one connection has open.
struct Open<'a> {
    intake: &'a Arc<Intake>,
    source: String,
    commits: FuturesOrdered<BoxFuture<'static, Committed>>,
    /// Acknowledgements that the client library had no room for yet.
    unsent: VecDeque<Publish>,
}

impl Open<'_> {
    fn commit(&mut self, publish: Publish) {
        let (intake, source) = (self.intake.clone(), self.source.clone());
        let commit = async move {
            let room = intake.clone().room(publish.payload.len()).await;
            let outcome = intake.commit(&Speaker::Broker, &source, &publish.topic, &publish.payload).await;
            drop(room);
            (publish, outcome)
        };
        self.commits.push_back(commit.boxed());
    }

    /// The broker's next event, acknowledging what is committed meanwhile.
    async fn next_event(&mut self, client: &AsyncClient, events: &mut EventLoop) -> Result<Event, Ended> {
        while self.commits.len() >= SUBSCRIBER_INFLIGHT_MAX {
            if let Some(committed) = self.commits.next().await {
                self.acknowledge(client, committed)?;
            }
        }
        // One poll to its end: dropping it half-way could drop a connection being made.
        let mut poll = std::pin::pin!(events.poll());
        loop {
            self.send_acks(client)?;
            tokio::select! {
                event = &mut poll => return event.map_err(|error| Ended::Connection(Box::new(error))),
                Some(committed) = self.commits.next(), if !self.commits.is_empty() => {
                    self.acknowledge(client, committed)?;
                }
            }
        }
    }

    fn acknowledge(&mut self, client: &AsyncClient, (publish, outcome): Committed) -> Result<(), Ended> {
        outcome.map_err(Ended::CommitUnknown)?;
        if publish.qos != QoS::AtMostOnce {
            self.unsent.push_back(publish);
        }
        self.send_acks(client)
    }

    fn send_acks(&mut self, client: &AsyncClient) -> Result<(), Ended> {
        while let Some(publish) = self.unsent.front() {
            if client.try_ack(publish).is_err() {
                // The queue of the library is full: it drains with the next poll.
                break;
            }
            super::Counters::add(&self.intake.counters().acknowledged);
            self.unsent.pop_front();
        }
        if self.unsent.len() > UNSENT_ACKS_MAX {
            return Err(Ended::TooManyAcks);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_prints_no_password() {
        let config = SubscriberConfig {
            host: "broker".into(),
            port: 1883,
            client_id: "trongdong".into(),
            login: Some(("user".into(), "hunter2".into())),
        };
        assert_eq!(format!("{config:?}"), "trongdong at broker:1883 with a login");
    }
}
