//! The endpoint over loopback TCP, against raw packets and against the rumqttc client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::common::{FakeCluster, SOON, port};
use bytes::BytesMut;
use domain::ReadingVerdict;
use ingest::{
    RecordError,
    mqtt::{Endpoint, EndpointConfig, Intake, Reason},
};
use rumqttc::{
    AsyncClient, ConnectReturnCode, Event, MqttOptions, QoS,
    mqttbytes::v4::{Connect, Packet, PubAck, Publish, Subscribe, SubscribeReasonCode},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

struct Server {
    address: SocketAddr,
    intake: Arc<Intake>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn serve_at(cluster: Arc<FakeCluster>, address: SocketAddr, config: EndpointConfig) -> Server {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let intake = Intake::new(cluster);
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(Endpoint::new(intake.clone(), config).run(listener, stopped));
    Server { address, intake, stop, task }
}

async fn serve(cluster: Arc<FakeCluster>) -> Server {
    serve_at(cluster, "127.0.0.1:0".parse().unwrap(), EndpointConfig::default()).await
}

/// A device that speaks in packets.
struct Device<S> {
    stream: S,
    input: BytesMut,
}

impl Device<TcpStream> {
    async fn connect(address: SocketAddr, connect: Connect) -> (Self, Packet) {
        let mut device = Self { stream: TcpStream::connect(address).await.unwrap(), input: BytesMut::new() };
        device.send(Packet::Connect(connect)).await;
        let answer = device.receive().await.unwrap();
        (device, answer)
    }

    async fn hello(address: SocketAddr, id: &str) -> Self {
        let (device, answer) = Self::connect(address, login(id, "key")).await;
        assert!(matches!(&answer, Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success), "{answer:?}");
        device
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Device<S> {
    async fn send(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, 1 << 20).unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next packet, `None` when the endpoint closed the connection.
    async fn receive(&mut self) -> Option<Packet> {
        timeout(SOON, async {
            loop {
                match Packet::read(&mut self.input, 1 << 20) {
                    Ok(packet) => return Some(packet),
                    Err(rumqttc::mqttbytes::Error::InsufficientBytes(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                // A reset is a closed connection too.
                if matches!(self.stream.read_buf(&mut self.input).await, Ok(0) | Err(_)) {
                    return None;
                }
            }
        })
        .await
        .expect("the endpoint answers or closes")
    }

    async fn publish(&mut self, pkid: u16, at_ms: u64) {
        self.send(publish(pkid, "trongdong/v1/sensors/river/readings", &reading(at_ms))).await;
    }
}

fn login(id: &str, key: &str) -> Connect {
    let mut connect = Connect::new(id);
    connect.set_login(id, key);
    connect.clean_session = false;
    connect
}

fn reading(at_ms: u64) -> String {
    format!(r#"{{"at_ms":{at_ms},"value":1.5}}"#)
}

fn publish(pkid: u16, topic: &str, payload: &str) -> Packet {
    let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload);
    publish.pkid = pkid;
    Packet::Publish(publish)
}

fn ack(pkid: u16) -> Option<Packet> {
    Some(Packet::PubAck(PubAck::new(pkid)))
}

#[tokio::test]
async fn a_publish_is_acknowledged_when_the_commit_is_known_and_not_before() {
    let (cluster, mut commits) = FakeCluster::by_hand();
    let server = serve(cluster).await;
    let mut device = Device::hello(server.address, "d").await;
    device.publish(7, 1).await;
    let commit = commits.recv().await.unwrap();
    assert_eq!(commit.readings[0].sensor.as_str(), "river");
    device.send(Packet::PingReq).await;
    assert_eq!(device.receive().await, Some(Packet::PingResp), "no acknowledgement before the commit");
    commit.recorded();
    assert_eq!(device.receive().await, ack(7));
}

#[tokio::test]
async fn acknowledgements_leave_in_the_order_of_receipt() {
    let (cluster, mut commits) = FakeCluster::by_hand();
    let server = serve(cluster).await;
    let mut device = Device::hello(server.address, "d").await;
    device.publish(1, 1).await;
    device.publish(2, 2).await;
    let first = commits.recv().await.unwrap();
    let second = commits.recv().await.unwrap();
    assert_eq!((first.readings[0].at_ms.0, second.readings[0].at_ms.0), (1, 2), "committed side by side");
    second.recorded();
    device.send(Packet::PingReq).await;
    assert_eq!(device.receive().await, Some(Packet::PingResp));
    first.recorded();
    assert_eq!(device.receive().await, ack(1));
    assert_eq!(device.receive().await, ack(2));
}

#[tokio::test]
async fn an_unknown_outcome_ends_the_connection_without_an_acknowledgement() {
    let (cluster, mut commits) = FakeCluster::by_hand();
    let server = serve(cluster).await;
    let mut device = Device::hello(server.address, "d").await;
    device.publish(1, 1).await;
    let _ = commits.recv().await.unwrap().answer.send(Err(RecordError::TimedOut));
    assert_eq!(device.receive().await, None);
}

#[tokio::test]
async fn killed_between_receipt_and_commit_the_device_sends_again() {
    let (cluster, mut commits) = FakeCluster::by_hand();
    // Nobody takes it while the first is gone and the second is not there, the device that asks for it again and again included.
    let address = SocketAddr::from(([127, 0, 0, 1], port()));
    let first = serve_at(cluster, address, EndpointConfig::default()).await;
    let mut options = MqttOptions::new("d", address.ip().to_string(), address.port());
    options.set_credentials("d", "key").set_clean_session(false);
    let (client, mut events) = AsyncClient::new(options, 10);
    client.publish("trongdong/v1/sensors/river/readings", QoS::AtLeastOnce, false, reading(5)).await.unwrap();
    let (acked, mut was_acked) = watch::channel(false);
    let driver = tokio::spawn(async move {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => drop(acked.send_replace(true)),
                Ok(_) => {}
                // The client connects again with the next poll; until the second endpoint stands it is refused.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    let lost = timeout(SOON, commits.recv()).await.unwrap().unwrap();
    first.task.abort();
    let _ = first.task.await;
    drop(lost);
    assert!(!*was_acked.borrow());

    let cluster = FakeCluster::at_once();
    let _second = serve_at(cluster.clone(), address, EndpointConfig::default()).await;
    timeout(SOON, was_acked.wait_for(|acked| *acked)).await.unwrap().unwrap();
    driver.abort();
    assert_eq!(cluster.held.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_resent_publish_changes_nothing_and_is_acknowledged_again() {
    let cluster = FakeCluster::at_once();
    let server = serve(cluster.clone()).await;
    let mut device = Device::hello(server.address, "d").await;
    device.publish(1, 9).await;
    assert_eq!(device.receive().await, ack(1));
    let mut again = Publish::new("trongdong/v1/sensors/river/readings", QoS::AtLeastOnce, reading(9));
    (again.pkid, again.dup) = (1, true);
    device.send(Packet::Publish(again)).await;
    assert_eq!(device.receive().await, ack(1));
    assert_eq!(cluster.held.lock().unwrap().len(), 1);
    let counts = server.intake.counters().snapshot();
    assert!(counts.contains(&("recorded", 1)) && counts.contains(&("duplicates", 1)), "{counts:?}");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_acknowledged_and_put_aside() {
    let cluster = FakeCluster::at_once();
    let server = serve(cluster.clone()).await;
    let mut device = Device::hello(server.address, "d").await;
    let cases = [
        ("trongdong/v1/sensors/river/readings", "12.5", Reason::Malformed),
        ("trongdong/v1/sensors/unknown/readings", r#"{"at_ms":1,"value":1}"#, Reason::UnknownSensor),
        ("home/kitchen", "{}", Reason::Topic),
        ("trongdong/v1/readings/pb", "\u{1}", Reason::Malformed),
        (
            "trongdong/v1/readings",
            r#"[{"sensor":"a","at_ms":1,"value":1},{"sensor":"b","at_ms":1}]"#,
            Reason::Malformed,
        ),
    ];
    for (pkid, (topic, payload, _)) in (1..).zip(&cases) {
        device.send(publish(pkid, topic, payload)).await;
        assert_eq!(device.receive().await, ack(pkid), "{topic} {payload}");
    }
    let list = server.intake.quarantine().list();
    assert_eq!(list.len(), cases.len());
    for (entry, (topic, payload, reason)) in list.iter().zip(&cases) {
        assert_eq!((&entry.topic[..], entry.reason, &entry.payload[..]), (*topic, *reason, payload.as_bytes()));
        assert_eq!(entry.client, "account-d/d");
    }
    assert_eq!(list[4].detail, "readings[1].value: is required");
    assert_eq!(cluster.held.lock().unwrap().len(), 1, "the good reading beside the broken one is held");
    assert_eq!(server.intake.counters().of_reason(Reason::Malformed), 3);
}

#[tokio::test]
async fn a_bad_client_does_not_disturb_another() {
    let server = serve(FakeCluster::at_once()).await;
    let mut good = Device::hello(server.address, "good").await;
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x30\xff\xff\xff\xff\xff", b"\x10\x00", b"\xf0\x02\x00\x00"] {
        let mut bad = TcpStream::connect(server.address).await.unwrap();
        bad.write_all(garbage).await.unwrap();
        let mut rest = Vec::new();
        // Closed, by an end or by a reset.
        let _ = timeout(SOON, bad.read_to_end(&mut rest)).await.unwrap();
        assert!(rest.is_empty());
    }
    let mut bad = Device::hello(server.address, "bad").await;
    bad.stream.write_all(b"\x32\x03\x00\x09x").await.unwrap();
    assert_eq!(bad.receive().await, None, "a malformed publish ends its own connection");
    good.publish(1, 1).await;
    assert_eq!(good.receive().await, ack(1));
}

#[tokio::test]
async fn who_may_not_connect_is_told_why() {
    let server = serve(FakeCluster::at_once()).await;
    let mut nobody = Connect::new("x");
    nobody.clean_session = true;
    let mut no_id = login("", "key");
    no_id.set_login("d", "key");
    let cases = [
        (login("d", "wrong"), ConnectReturnCode::BadUserNamePassword),
        (nobody, ConnectReturnCode::BadUserNamePassword),
        (login("d", "later"), ConnectReturnCode::ServiceUnavailable),
        (no_id, ConnectReturnCode::BadClientId),
    ];
    for (connect, code) in cases {
        let (mut device, answer) = Device::connect(server.address, connect).await;
        assert!(matches!(&answer, Packet::ConnAck(ack) if ack.code == code), "{answer:?}");
        assert_eq!(device.receive().await, None);
    }
    let mut five = Device { stream: TcpStream::connect(server.address).await.unwrap(), input: BytesMut::new() };
    five.stream.write_all(b"\x10\x10\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x03abc").await.unwrap();
    let answer = five.receive().await.unwrap();
    assert!(matches!(&answer, Packet::ConnAck(ack) if ack.code == ConnectReturnCode::RefusedProtocolVersion));
}

#[tokio::test]
async fn subscriptions_fail_and_qos_2_ends_the_connection() {
    let server = serve(FakeCluster::at_once()).await;
    let mut device = Device::hello(server.address, "d").await;
    let mut subscribe = Subscribe::new("#", QoS::AtLeastOnce);
    subscribe.pkid = 3;
    device.send(Packet::Subscribe(subscribe)).await;
    let answer = device.receive().await.unwrap();
    assert!(matches!(&answer, Packet::SubAck(ack) if ack.return_codes == [SubscribeReasonCode::Failure]));
    let mut twice = Publish::new("trongdong/v1/readings", QoS::ExactlyOnce, "[]");
    twice.pkid = 4;
    device.send(Packet::Publish(twice)).await;
    assert_eq!(device.receive().await, None);
}

#[tokio::test]
async fn one_connection_commits_a_bounded_number_at_once() {
    let (cluster, mut commits) = FakeCluster::by_hand();
    let server = serve(cluster.clone()).await;
    let mut device = Device::hello(server.address, "d").await;
    for pkid in 1..=100 {
        device.publish(pkid, u64::from(pkid)).await;
    }
    let mut waiting: Vec<_> = Vec::new();
    for _ in 0..32 {
        waiting.push(timeout(SOON, commits.recv()).await.unwrap().unwrap());
    }
    assert!(commits.try_recv().is_err(), "the rest waits in the socket");
    for commit in waiting {
        commit.recorded();
    }
    let committer = tokio::spawn(async move {
        while let Some(commit) = commits.recv().await {
            commit.recorded();
        }
    });
    for pkid in 1..=100 {
        assert_eq!(device.receive().await, ack(pkid));
    }
    committer.abort();
}

#[tokio::test]
async fn qos_0_is_recorded_and_counted_when_lost() {
    let (cluster, mut commits) = FakeCluster::by_hand();
    let server = serve(cluster).await;
    let mut device = Device::hello(server.address, "d").await;
    let best_effort = Publish::new("trongdong/v1/sensors/river/readings", QoS::AtMostOnce, reading(1));
    device.send(Packet::Publish(best_effort)).await;
    let _ = commits.recv().await.unwrap().answer.send(Err(RecordError::TimedOut));
    device.publish(1, 2).await;
    let commit = commits.recv().await.unwrap();
    let _ = commit.answer.send(Ok(vec![ReadingVerdict::Recorded]));
    assert_eq!(device.receive().await, ack(1), "a lost best effort does not end the connection");
    assert!(server.intake.counters().snapshot().contains(&("lost_best_effort", 1)));
}

#[tokio::test]
async fn a_device_that_comes_back_takes_its_own_place() {
    let server = serve(FakeCluster::at_once()).await;
    let mut first = Device::hello(server.address, "d").await;
    let mut other = Device::hello(server.address, "e").await;
    let mut second = Device::hello(server.address, "d").await;
    assert_eq!(first.receive().await, None);
    for device in [&mut second, &mut other] {
        device.send(Packet::PingReq).await;
        assert_eq!(device.receive().await, Some(Packet::PingResp));
    }
}

#[tokio::test]
async fn a_silent_device_is_gone_after_one_and_a_half_keep_alives() {
    let server = serve(FakeCluster::at_once()).await;
    let mut connect = login("d", "key");
    connect.keep_alive = 1;
    let began = std::time::Instant::now();
    let (mut device, _) = Device::connect(server.address, connect).await;
    assert_eq!(device.receive().await, None);
    assert!(began.elapsed() >= Duration::from_millis(1400));
    assert!(server.intake.counters().snapshot().contains(&("keep_alive_expired", 1)));
}

#[tokio::test]
async fn connections_have_a_bound_and_stopping_ends_them() {
    let config = EndpointConfig { connections_max: 1, ..EndpointConfig::default() };
    let server = serve_at(FakeCluster::at_once(), "127.0.0.1:0".parse().unwrap(), config).await;
    let mut device = Device::hello(server.address, "d").await;
    let mut extra = TcpStream::connect(server.address).await.unwrap();
    assert!(matches!(timeout(SOON, extra.read(&mut [0])).await.unwrap(), Ok(0) | Err(_)));
    server.stop.send_replace(true);
    assert_eq!(device.receive().await, None);
    timeout(SOON, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn over_tls_it_is_the_same() {
    use tokio_rustls::{
        TlsConnector,
        rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring, pki_types},
    };
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let server_config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = EndpointConfig { tls: Some(Arc::new(server_config)), ..EndpointConfig::default() };
    let server = serve_at(FakeCluster::at_once(), "127.0.0.1:0".parse().unwrap(), config).await;

    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = pki_types::ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(client_config)).connect(name, stream).await.unwrap();
    let mut device = Device { stream, input: BytesMut::new() };
    device.send(Packet::Connect(login("d", "key"))).await;
    assert!(matches!(device.receive().await, Some(Packet::ConnAck(_))));
    device.publish(1, 1).await;
    assert_eq!(device.receive().await, ack(1));
}
