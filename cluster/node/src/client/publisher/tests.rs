use std::{collections::BTreeMap, sync::Mutex};

use domain::{CameraHealth, CameraId, DeviceStatus, Micro, Millis, ReadingVerdict, SensorId};
use futures::{FutureExt, future::BoxFuture};
use ingest::{
    LoginError, RecordError, Recorder, Speaker,
    mqtt::{Endpoint, EndpointConfig, Intake},
};
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, PubAck};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
};

use super::*;

fn reading(sensor: &str, at_ms: u64) -> Reading {
    Reading {
        sensor: SensorId::new(sensor).unwrap(),
        at_ms: Millis(at_ms),
        value_micro: Micro(1),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    }
}

/// An endpoint that acknowledges `acknowledged` publishes over all connections, then drops the connection of the next one
/// and goes on. Yields what it was sent, with the DUP flag.
async fn endpoint(acknowledged: usize) -> (SocketAddr, mpsc::Receiver<(bool, Vec<Reading>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut left = acknowledged;
        let mut has_dropped = false;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut input = bytes::BytesMut::new();
            loop {
                let packet = match Packet::read(&mut input, 1 << 20) {
                    Ok(packet) => packet,
                    Err(_) => {
                        if stream.read_buf(&mut input).await.unwrap_or(0) == 0 {
                            break;
                        }
                        continue;
                    }
                };
                let answer = match packet {
                    Packet::Connect(_) => Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, false)),
                    Packet::Publish(publish) => {
                        let readings = Readings::decode(&publish.payload).unwrap().readings;
                        sender.send((publish.dup, readings)).await.unwrap();
                        if left == 0 && !std::mem::replace(&mut has_dropped, true) {
                            break;
                        }
                        left = left.saturating_sub(1);
                        Packet::PubAck(PubAck::new(publish.pkid))
                    }
                    _ => break,
                };
                let mut output = bytes::BytesMut::new();
                answer.write(&mut output, 1 << 20).unwrap();
                stream.write_all(&output).await.unwrap();
            }
        }
    });
    (address, receiver)
}

fn account(addresses: Vec<SocketAddr>) -> Account {
    Account { addresses, user: "thiet-bi".into(), password: "x".into() }
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_and_counted_once() {
    let (address, mut sent) = endpoint(1).await;
    let publisher = Publisher::start(&account(vec![address]), "t", 1);
    publisher.publish(vec![reading("a", 1)]).await.unwrap();
    publisher.publish(vec![reading("a", 2)]).await.unwrap();
    let counts = publisher.finish(Duration::from_secs(30)).await;
    assert_eq!((counts.given, counts.acknowledged, counts.resent, counts.connections), (2, 2, 1, 2));
    let mut seen = Vec::new();
    while let Ok((dup, readings)) = sent.try_recv() {
        seen.push((dup, readings[0].at_ms.0));
    }
    assert_eq!(seen, [(false, 1), (false, 2), (true, 2)]);
}

#[tokio::test]
async fn a_dead_node_is_left_for_the_next() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (address, _sent) = endpoint(100).await;
    let publisher = Publisher::start(&account(vec![dead, address]), "t", 2);
    publisher.publish((1..50).flat_map(|at| ["a", "b", "c"].map(|id| reading(id, at))).collect()).await.unwrap();
    let counts = publisher.finish(Duration::from_secs(30)).await;
    assert_eq!((counts.acknowledged, counts.given_up), (147, 0));
}

/// What a quorum holds: each reading once, in the order of its commit.
#[derive(Default)]
struct Held {
    readings: Mutex<BTreeMap<SensorId, Vec<u64>>>,
    commits: tokio::sync::Notify,
}

impl Recorder for Held {
    fn record(
        &self,
        _: &Speaker,
        readings: Vec<Reading>,
        _: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RecordError>> {
        let mut held = self.readings.lock().unwrap();
        let record = |reading: Reading| {
            let times = held.entry(reading.sensor).or_default();
            if times.contains(&reading.at_ms.0) {
                return ReadingVerdict::Duplicate;
            }
            times.push(reading.at_ms.0);
            ReadingVerdict::Recorded
        };
        let verdicts = readings.into_iter().map(record).collect();
        self.commits.notify_one();
        async { Ok(verdicts) }.boxed()
    }

    fn camera_health(&self, _: CameraId, _: CameraHealth, _: u64) -> BoxFuture<'static, Result<(), RecordError>> {
        async { Ok(()) }.boxed()
    }

    fn device_login(&self, user: &str, password: &[u8]) -> BoxFuture<'static, Result<String, LoginError>> {
        let is_right = user == "thiet-bi" && password == b"x";
        let user = user.to_owned();
        async move { if is_right { Ok(user) } else { Err(LoginError::Denied) } }.boxed()
    }
}

/// Two gateways of one cluster; the first dies in the middle.
#[tokio::test]
async fn the_real_endpoint_gets_everything_in_order_though_one_node_dies() {
    let held = Arc::new(Held::default());
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let endpoint = Endpoint::new(Intake::new(held.clone()), EndpointConfig::default());
        nodes.push((address, stop, tokio::spawn(endpoint.run(listener, stopped))));
    }
    let publisher = Publisher::start(&account(nodes.iter().map(|node| node.0).collect()), "t", 3);
    let ids: Vec<String> = (0..20).map(|n| format!("s-{n}")).collect();
    let hour = |from: u64| (from..from + 100).flat_map(|at| ids.iter().map(move |id| reading(id, at))).collect();
    publisher.publish(hour(1)).await.unwrap();
    held.commits.notified().await;
    let (_, stop, task) = nodes.remove(0);
    stop.send(true).unwrap();
    task.await.unwrap();
    publisher.publish(hour(101)).await.unwrap();
    let counts = publisher.finish(Duration::from_secs(60)).await;
    assert_eq!((counts.given, counts.acknowledged, counts.given_up), (4000, 4000, 0));
    let held = held.readings.lock().unwrap();
    assert_eq!(held.len(), 20);
    assert!(held.values().all(|times| *times == (1..=200).collect::<Vec<_>>()));
}

#[tokio::test]
async fn a_wrong_key_is_never_acknowledged() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wrong = Account { password: "y".into(), ..account(vec![listener.local_addr().unwrap()]) };
    let (_stop, stopped) = watch::channel(false);
    let endpoint = Endpoint::new(Intake::new(Arc::new(Held::default())), EndpointConfig::default());
    tokio::spawn(endpoint.run(listener, stopped));
    let refused = line::Line::open(wrong.addresses[0], "t", &wrong).await;
    assert!(matches!(refused, Err(line::LineError::Refused(_))));
}

#[test]
fn a_sensor_keeps_its_lane_and_its_order() {
    let readings: Vec<_> = (0..1000).map(|at| reading(if at % 3 == 0 { "a" } else { "b" }, at)).collect();
    let split = batches(readings.clone(), 4);
    for (lane, batch) in &split {
        assert!(batch.len() <= BATCH_READINGS_MAX);
        for id in ["a", "b"] {
            let count = batch.iter().filter(|reading| reading.sensor.as_str() == id).count();
            assert!(count <= BATCH_SENSOR_READINGS_MAX);
            assert!(count == 0 || *lane == lane_of(id, 4));
        }
    }
    for id in ["a", "b"] {
        let of = |readings: &mut dyn Iterator<Item = &Reading>| {
            readings.filter(|reading| reading.sensor.as_str() == id).cloned().collect::<Vec<_>>()
        };
        assert_eq!(of(&mut split.iter().flat_map(|(_, batch)| batch)), of(&mut readings.iter()));
    }
}
