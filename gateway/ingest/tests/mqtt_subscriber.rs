//! The broker's client against a broker that a test scripts, and against mosquitto where it is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{net::SocketAddr, process::Stdio, sync::Arc};

use crate::common::{FakeCluster, SOON, port};
use bytes::BytesMut;
use ingest::mqtt::{Intake, SubscriberConfig, run_subscriber};
use rumqttc::{
    AsyncClient, ConnectReturnCode, Event, MqttOptions, QoS,
    mqttbytes::v4::{ConnAck, Packet, PubAck, Publish, SubAck, SubscribeReasonCode},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

/// The broker's side of one connection.
struct Broker {
    stream: TcpStream,
    input: BytesMut,
}

impl Broker {
    /// Takes a connection and its subscription.
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
        let mut broker = Self { stream, input: BytesMut::new() };
        let connect = broker.receive().await.unwrap();
        assert!(
            matches!(&connect, Packet::Connect(c) if !c.clean_session && c.client_id == "trongdong"),
            "{connect:?}"
        );
        broker.send(Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, true))).await;
        let Some(Packet::Subscribe(subscribe)) = broker.receive().await else { panic!("no SUBSCRIBE") };
        assert!(subscribe.filters.iter().all(|filter| filter.qos == QoS::AtLeastOnce));
        let codes = vec![SubscribeReasonCode::Success(QoS::AtLeastOnce); subscribe.filters.len()];
        broker.send(Packet::SubAck(SubAck::new(subscribe.pkid, codes))).await;
        broker
    }

    async fn send(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, 1 << 20).unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn receive(&mut self) -> Option<Packet> {
        timeout(SOON, async {
            loop {
                if let Ok(packet) = Packet::read(&mut self.input, 1 << 20) {
                    return Some(packet);
                }
                if matches!(self.stream.read_buf(&mut self.input).await, Ok(0) | Err(_)) {
                    return None;
                }
            }
        })
        .await
        .unwrap()
    }

    async fn publish(&mut self, pkid: u16, at_ms: u64) {
        let payload = format!(r#"{{"at_ms":{at_ms},"value":1}}"#);
        let mut publish = Publish::new("trongdong/v1/sensors/river/readings", QoS::AtLeastOnce, payload);
        publish.pkid = pkid;
        self.send(Packet::Publish(publish)).await;
    }
}

fn config(address: SocketAddr) -> SubscriberConfig {
    SubscriberConfig {
        host: address.ip().to_string(),
        port: address.port(),
        client_id: "trongdong".into(),
        login: None,
    }
}

#[tokio::test]
async fn acknowledges_after_the_commit_in_order_and_obeys_its_fence() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (cluster, mut commits) = FakeCluster::by_hand();
    let (fence, fenced) = watch::channel(false);
    let run = tokio::spawn(run_subscriber(config(listener.local_addr().unwrap()), Intake::new(cluster), fenced));

    fence.send_replace(true);
    let mut broker = Broker::accept(&listener).await;
    broker.publish(11, 1).await;
    broker.publish(12, 2).await;
    let first = timeout(SOON, commits.recv()).await.unwrap().unwrap();
    let second = timeout(SOON, commits.recv()).await.unwrap().unwrap();
    second.recorded();
    first.recorded();
    assert_eq!(broker.receive().await, Some(Packet::PubAck(PubAck::new(11))));
    assert_eq!(broker.receive().await, Some(Packet::PubAck(PubAck::new(12))));

    broker.publish(13, 3).await;
    let open = timeout(SOON, commits.recv()).await.unwrap().unwrap();
    fence.send_replace(false);
    assert_eq!(broker.receive().await, None, "dropped without an acknowledgement");
    open.recorded();

    fence.send_replace(true);
    let mut broker = Broker::accept(&listener).await;
    broker.publish(13, 3).await;
    timeout(SOON, commits.recv()).await.unwrap().unwrap().recorded();
    assert_eq!(broker.receive().await, Some(Packet::PubAck(PubAck::new(13))));

    drop(fence);
    timeout(SOON, run).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_unknown_outcome_makes_the_broker_send_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (cluster, mut commits) = FakeCluster::by_hand();
    let (_fence, fenced) = watch::channel(true);
    let run = tokio::spawn(run_subscriber(config(listener.local_addr().unwrap()), Intake::new(cluster), fenced));
    let mut broker = Broker::accept(&listener).await;
    broker.publish(1, 1).await;
    // Dropping the commit leaves its outcome unknown.
    drop(timeout(SOON, commits.recv()).await.unwrap().unwrap());
    assert_eq!(broker.receive().await, None);
    let mut broker = Broker::accept(&listener).await;
    broker.publish(1, 1).await;
    timeout(SOON, commits.recv()).await.unwrap().unwrap().recorded();
    assert_eq!(broker.receive().await, Some(Packet::PubAck(PubAck::new(1))));
    run.abort();
}

#[tokio::test]
async fn against_mosquitto_what_came_while_nobody_subscribed_is_not_lost() {
    let port = port();
    let spawned = ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find_map(|program| {
        // Without a configuration mosquitto listens on loopback only and keeps sessions in memory.
        let mut command = tokio::process::Command::new(program);
        command.args(["-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command.spawn().ok()
    });
    let Some(_mosquitto) = spawned else {
        println!("skipped: mosquitto is not installed");
        return;
    };
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    timeout(SOON, async {
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await
        }
    })
    .await
    .unwrap();

    let cluster = FakeCluster::at_once();
    let intake = Intake::new(cluster.clone());
    let (fence, fenced) = watch::channel(true);
    let run = tokio::spawn(run_subscriber(config(address), intake.clone(), fenced));

    let mut options = MqttOptions::new("device", "127.0.0.1", port);
    options.set_clean_session(true);
    let (device, mut events) = AsyncClient::new(options, 10);
    let (acked, mut acks) = watch::channel(0);
    let driver = tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if matches!(event, Event::Incoming(Packet::PubAck(_))) {
                acked.send_modify(|n| *n += 1);
            }
        }
    });
    let send = async |at_ms: u64| {
        let payload = format!(r#"{{"at_ms":{at_ms},"value":1}}"#);
        device.publish("trongdong/v1/sensors/river/readings", QoS::AtLeastOnce, false, payload).await.unwrap();
    };
    // Sent until the subscription stands.
    let mut at_ms = 0;
    timeout(SOON, async {
        while cluster.held.lock().unwrap().is_empty() {
            at_ms += 1;
            send(at_ms).await;
            acks.wait_for(|n| *n >= at_ms).await.unwrap();
        }
    })
    .await
    .unwrap();
    // Without its fence's holder the subscriber ends, and with it its connection.
    drop(fence);
    timeout(SOON, run).await.unwrap().unwrap();
    let missed = at_ms + 1_000;
    send(missed).await;
    timeout(SOON, acks.wait_for(|n| *n > at_ms)).await.unwrap().unwrap();
    assert!(!cluster.held.lock().unwrap().contains_key(&("river".to_owned(), missed)));
    let (_fence, fenced) = watch::channel(true);
    let run = tokio::spawn(run_subscriber(config(address), intake, fenced));
    wait_until(&cluster, missed).await;
    driver.abort();
    run.abort();
}

async fn wait_until(cluster: &Arc<FakeCluster>, at_ms: u64) {
    timeout(SOON, async {
        while !cluster.held.lock().unwrap().contains_key(&("river".to_owned(), at_ms)) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}
