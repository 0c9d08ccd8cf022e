//! Screens over a socket in memory, with time that tests move.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{
    AmendIncident, CloseSession, DrillScenario, GroupId, IncidentId, IncidentKind, NoteIncident, OpenSession,
    PutDistrict, RegisterCamera, SessionId, Severity, StartDrill,
    wire::generated::{self as wire, to_screen::Body, to_server::Body as Say},
};
use futures::{SinkExt, StreamExt};
use ingest::rtsp::AccessUnit;
use prost::Message;
use tokio::{io::DuplexStream, sync::watch};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

use super::{
    cluster::Asked,
    double::{Cameras, Cluster, Node, ToCluster},
    fold::{Fold, decode},
    province::{accepted, camera, config, district, incident, person, place, province},
};
use crate::{
    app::App,
    auth::Token,
    config::EdgeConfig,
    operations::Operations,
    screen::{message::Payload, socket, view::Encoding},
};

pub(super) struct Gateway {
    pub(super) cluster: Arc<Cluster>,
    pub(super) node: Arc<Node>,
    pub(super) cameras: Arc<Cameras>,
    pub(super) app: Arc<App>,
    pub(super) stop: watch::Sender<bool>,
}

pub(super) fn gateway(cluster: &Arc<Cluster>, id: u64, config: EdgeConfig) -> Gateway {
    let node = cluster.node(id);
    let cameras = Arc::new(Cameras::default());
    let (stop, stopping) = watch::channel(false);
    let road = Arc::new(ToCluster(node.clone()));
    let app = App::start(config, node.clone(), road, cameras.clone(), Arc::new(Vec::new), stopping);
    Gateway { cluster: cluster.clone(), node, cameras, app, stop }
}

/// Opens a session as signing in does, without the password.
pub(super) fn token(cluster: &Cluster, person: &str) -> Token {
    let text = format!("{person:A<43}");
    let token = Token::read(&text).expect("a token of 43 characters");
    let open = OpenSession {
        session: token.session(),
        person: domain::PersonId::new(person).unwrap(),
        expires_at_ms: domain::Millis(4_000_030_000_000),
    };
    accepted(cluster.commit(GroupId(0), open));
    token
}

/// A screen that folds what it gets.
pub(super) struct Client {
    socket: WebSocketStream<DuplexStream>,
    pub(super) fold: Fold,
    pub(super) beats: Vec<wire::Heartbeat>,
}

impl Client {
    pub(super) async fn connect(gateway: &Gateway, encoding: Encoding) -> Self {
        // Small, so that a screen that does not read is noticed as on a slow line.
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        let server = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        tokio::spawn(socket::serve(gateway.app.clone(), server, encoding, None, IpAddr::from([10, 0, 0, 1])));
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        Self { socket, fold: Fold::default(), beats: Vec::new() }
    }

    pub(super) async fn say(&mut self, say: Say) {
        let bytes = wire::ToServer { body: Some(say) }.encode_to_vec();
        self.socket.send(Payload::Binary(bytes.into())).await.unwrap();
    }

    async fn text(&mut self, text: &str) {
        self.socket.send(Payload::Text(text.into())).await.unwrap();
    }

    /// The next message that is no heartbeat.
    pub(super) async fn next(&mut self) -> Body {
        loop {
            match decode(&self.socket.next().await.unwrap().unwrap()) {
                Body::Heartbeat(beat) => self.beats.push(beat),
                body => return body,
            }
        }
    }

    /// Folds until `done` holds.
    pub(super) async fn until(&mut self, done: impl Fn(&Fold) -> bool) {
        while !done(&self.fold) {
            let body = self.next().await;
            self.fold.take(body);
        }
    }

    /// The farewell, and the code of the close that follows.
    pub(super) async fn bye(&mut self) -> (String, u16) {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Payload::Close(_) => panic!("closed without a word"),
                payload => {
                    if let Body::Bye(bye) = decode(&payload) {
                        let Some(Ok(Payload::Close(Some(close)))) = self.socket.next().await else { panic!() };
                        return (bye.code, close.code.into());
                    }
                }
            }
        }
    }

    pub(super) async fn hello(&mut self, token: &Token) -> wire::Welcome {
        self.say(Say::Hello(wire::Hello { token: token.text(), language: "vi".into(), why: "screen/wall".into() }))
            .await;
        match self.next().await {
            Body::Welcome(welcome) => welcome,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn subscribe(&mut self, from: Vec<wire::Position>) {
        self.say(Say::Subscribe(wire::Subscribe { from, ..Default::default() })).await;
    }

    /// Signed in, subscribed to everything, with all pictures.
    pub(super) async fn open(gateway: &Gateway, token: &Token) -> Self {
        let mut client = Self::connect(gateway, Encoding::Protobuf).await;
        client.hello(token).await;
        client.subscribe(Vec::new()).await;
        client.until(whole).await;
        client
    }
}

/// Whether there is a picture of every group.
pub(super) fn whole(fold: &Fold) -> bool {
    fold.positions().len() == 9
}

fn note(text: &str) -> NoteIncident {
    NoteIncident { incident: IncidentId::new("I1").unwrap(), note: text.into() }
}

fn records(fold: &Fold) -> Vec<String> {
    fold.groups.values().flat_map(|group| group.records.keys().cloned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_screen_gets_the_picture_of_its_districts_and_follows_it() {
    let gateway = gateway(&province(), 1, config());
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::connect(&gateway, Encoding::Protobuf).await;
    let welcome = screen.hello(&lan).await;
    assert_eq!((welcome.node, welcome.epoch, welcome.person_name.as_str()), (1, 7, "Người lan"));
    screen.subscribe(Vec::new()).await;
    screen.until(whole).await;
    let seen = records(&screen.fold);
    for name in ["sensor/s1", "camera/c1", "unit/xe1", "incident/I1", "district/d2", "admin_unit/u4", "live_nodes"] {
        assert!(seen.contains(&name.to_owned()), "{name} in {seen:?}");
    }
    assert!(!seen.iter().any(|name| ["sensor/s2", "camera/c2", "unit/xe2", "incident/I2"].contains(&name.as_str())));
    gateway.cluster.commit(GroupId(0), note("nước lên"));
    screen.until(|fold| fold.notes == ["nước lên"]).await;
    screen.say(Say::Ping(wire::Ping { nonce: 5, ..wire::Ping::default() })).await;
    assert!(matches!(screen.next().await, Body::Pong(wire::Pong { nonce: 5, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_screen_resumes_on_another_node_without_a_gap_or_a_double() {
    let cluster = province();
    let (one, other) = (gateway(&cluster, 1, config()), gateway(&cluster, 2, config()));
    let lan = token(&cluster, "lan");
    let mut screen = Client::open(&one, &lan).await;
    let mut straight = Client::open(&other, &lan).await;
    for round in 0..6 {
        cluster.commit(GroupId(0), note(&format!("a{round}")));
        screen.until(|fold| fold.notes.last().is_some_and(|last| *last == format!("a{round}"))).await;
        let fold = screen.fold.clone();
        drop(screen);
        cluster.commit(GroupId(0), note(&format!("b{round}")));
        screen = Client::connect(if round % 2 == 0 { &other } else { &one }, Encoding::Protobuf).await;
        screen.hello(&lan).await;
        screen.fold = fold;
        screen.subscribe(screen.fold.positions()).await;
        screen.until(|fold| fold.notes.last().is_some_and(|last| *last == format!("b{round}"))).await;
    }
    straight.until(|fold| fold.notes.len() == 12).await;
    assert_eq!(screen.fold.notes, straight.fold.notes);
    assert_eq!(records(&screen.fold), records(&straight.fold));
    assert!(screen.fold.resets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go_by_name() {
    let gateway = gateway(&province(), 1, config());
    let mut screen = Client::connect(&gateway, Encoding::Protobuf).await;
    let began = tokio::time::Instant::now();
    assert_eq!(screen.bye().await, ("hello-timeout".into(), 1008));
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn strangers_and_nonsense_are_let_go_by_name() {
    let gateway = gateway(&province(), 1, config());
    let mut stranger = Client::connect(&gateway, Encoding::Protobuf).await;
    stranger.say(Say::Hello(wire::Hello::default())).await;
    assert_eq!(stranger.bye().await.0, "unauthorized");
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    screen.socket.send(Payload::Binary(Bytes::from_static(&[0xff; 9]))).await.unwrap();
    assert_eq!(screen.bye().await.0, "bad-message");
    let mut screen = Client::open(&gateway, &lan).await;
    screen.say(Say::Subscribe(wire::Subscribe { nouns: vec!["sensors".into()], ..Default::default() })).await;
    assert_eq!(screen.bye().await.0, "bad-message");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_tell_the_age_and_positions_move_on_with_them() {
    let gateway = gateway(&province(), 1, config());
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    gateway.cluster.commit(GroupId(0), incident(3, "elsewhere"));
    screen.until(|fold| fold.empty_frames == 1).await;
    assert_eq!(screen.fold.events, 0);
    gateway.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    let began = tokio::time::Instant::now();
    while screen.beats.last().is_none_or(|beat| beat.quorum_age_ms < 60_000) {
        let beat = decode(&screen.socket.next().await.unwrap().unwrap());
        let Body::Heartbeat(beat) = beat else { panic!("{beat:?}") };
        assert_eq!(beat.groups.len(), 9);
        screen.beats.push(beat);
    }
    assert!(began.elapsed() <= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn heartbeats_tell_of_a_drill_and_a_node_that_plays_dead_lets_screens_go() {
    let (closed, is_closed) = watch::channel(false);
    let gateway = gateway(&province(), 1, EdgeConfig { closed: Some(is_closed), ..config() });
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    let start = StartDrill {
        scenario: DrillScenario::NodeLost,
        nodes: vec![2],
        observer: 1,
        strength: 0,
        seconds: 30,
        purpose: "practice".into(),
    };
    accepted(gateway.cluster.commit(GroupId(0), start));
    let drill = loop {
        if let Body::Heartbeat(beat) = decode(&screen.socket.next().await.unwrap().unwrap())
            && let Some(drill) = beat.drill
        {
            break drill;
        }
    };
    assert_eq!((drill.number, drill.nodes, drill.ended), (1, vec![2], false));
    closed.send_replace(true);
    assert_eq!(screen.bye().await, ("unavailable".into(), 1013));
    let mut late = Client::connect(&gateway, Encoding::Protobuf).await;
    assert_eq!(late.bye().await.0, "unavailable");
    closed.send_replace(false);
    Client::open(&gateway, &lan).await;
}

#[tokio::test(start_paused = true)]
async fn what_screens_tell_of_their_frames_is_counted_at_their_node_and_in_the_drill_that_goes_on() {
    let asked = Arc::new(Asked::default());
    let operations: Arc<dyn Operations> = asked.clone();
    let gateway = gateway(&province(), 1, EdgeConfig { operations: Some(operations), ..config() });
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    let tells = |nonce| Say::Ping(wire::Ping { nonce, gaps: 2, doubles: 1 });
    screen.say(tells(1)).await;
    while !matches!(screen.next().await, Body::Pong(wire::Pong { nonce: 1, .. })) {}
    assert!(asked.taken().is_empty(), "no drill goes on");
    let start = StartDrill {
        scenario: DrillScenario::CameraStorm,
        nodes: Vec::new(),
        observer: 1,
        strength: 10,
        seconds: 30,
        purpose: "practice".into(),
    };
    accepted(gateway.cluster.commit(GroupId(0), start));
    screen.say(tells(2)).await;
    while !matches!(screen.next().await, Body::Pong(wire::Pong { nonce: 2, .. })) {}
    assert_eq!(asked.taken(), ["told in 1 2 1"]);
    let metrics = gateway.app.metrics.text(&gateway.app).unwrap();
    for counted in ["screen_frames_missing_total 4", "screen_frames_doubled_total 2"] {
        assert!(metrics.contains(counted), "{counted}: {metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_rights_resets_and_the_end_of_the_session_ends_it() {
    let gateway = gateway(&province(), 1, config());
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    accepted(gateway.cluster.commit(GroupId(0), PutDistrict { district: district("d1", &[1, 2, 3], 1) }));
    screen.until(|fold| fold.resets.len() == 9 && whole(fold)).await;
    assert!(screen.fold.resets.iter().all(|(_, reason)| reason == "rights-changed"));
    assert!(records(&screen.fold).contains(&"sensor/s2".to_owned()));

    let xem = token(&gateway.cluster, "xem");
    let mut other = Client::open(&gateway, &xem).await;
    let mut disabled = person("xem", domain::Role::Viewer, &["d2"]);
    disabled.disabled = true;
    accepted(gateway.cluster.commit(GroupId(0), domain::PutPerson { person: disabled }));
    assert_eq!(other.bye().await.0, "session-ended");
    accepted(gateway.cluster.commit(GroupId(0), CloseSession { session: SessionId(lan.session().0) }));
    assert_eq!(screen.bye().await.0, "session-ended", "at the next heartbeat");
}

#[tokio::test(start_paused = true)]
async fn rights_that_changed_while_a_screen_was_away_void_what_it_has() {
    let gateway = gateway(&province(), 1, config());
    let lan = token(&gateway.cluster, "lan");
    let screen = Client::open(&gateway, &lan).await;
    let positions = screen.fold.positions();
    drop(screen);
    accepted(gateway.cluster.commit(GroupId(0), PutDistrict { district: district("d1", &[2], 1) }));
    let mut screen = Client::connect(&gateway, Encoding::Protobuf).await;
    screen.hello(&lan).await;
    screen.subscribe(positions).await;
    screen.until(|fold| fold.resets.len() == 9 && whole(fold)).await;
    assert!(!records(&screen.fold).contains(&"sensor/s1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn another_subscription_resets_and_narrows() {
    let gateway = gateway(&province(), 1, config());
    let mut screen = Client::open(&gateway, &token(&gateway.cluster, "admin")).await;
    let nouns = vec!["sensor".into()];
    let narrow = wire::Subscribe { districts: vec!["d2".into()], nouns, from: screen.fold.positions() };
    screen.say(Say::Subscribe(narrow)).await;
    screen.until(|fold| fold.resets.len() == 9 && whole(fold)).await;
    assert_eq!(screen.fold.resets[0].1, "subscription-changed");
    let seen = records(&screen.fold);
    assert!(seen.contains(&"sensor/s2".to_owned()) && !seen.contains(&"sensor/s1".to_owned()));
    assert!(!seen.iter().any(|name| name.starts_with("incident/") || name.starts_with("camera/")));
}

#[tokio::test(start_paused = true)]
async fn what_is_amended_out_of_sight_is_withdrawn() {
    let gateway = gateway(&province(), 1, config());
    let mut screen = Client::open(&gateway, &token(&gateway.cluster, "lan")).await;
    let amend = AmendIncident {
        incident: IncidentId::new("I1").unwrap(),
        expected_version: 1,
        kind: IncidentKind::Flood,
        severity: Severity::High,
        place: place(4),
        summary: "ở huyện bên".into(),
    };
    accepted(gateway.cluster.commit(GroupId(0), amend));
    screen.until(|fold| !fold.groups[&0].records.contains_key("incident/I1")).await;
    assert_eq!(screen.fold.events, 0, "and nothing is told of where it went");
}

#[tokio::test(start_paused = true)]
async fn a_terminal_speaks_json() {
    let gateway = gateway(&province(), 1, config());
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::connect(&gateway, Encoding::Json).await;
    screen.text(&format!(r#"{{"hello":{{"token":"{}"}}}}"#, lan.text())).await;
    let mut json = async || -> serde_json::Value {
        let Payload::Text(text) = screen.socket.next().await.unwrap().unwrap() else { panic!() };
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(json().await["welcome"]["person"], "lan");
    screen.text(r#"{"subscribe":{"nouns":["incident"]}}"#).await;
    let mut next = async |wanted: &str| loop {
        let Payload::Text(text) = screen.socket.next().await.unwrap().unwrap() else { panic!() };
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        if value.get(wanted).is_some_and(|it| it["through"]["group"] == 0) {
            return value[wanted].clone();
        }
    };
    assert_eq!(next("snapshot").await["incidents"][0]["id"], "I1");
    gateway.cluster.commit(GroupId(0), note("nước lên"));
    let frame = next("frame").await;
    assert_eq!(frame["events"][0]["kind"], "incident_noted");
    assert_eq!(frame["events"][0]["subject"]["incident"]["id"], "I1");
}

#[tokio::test(start_paused = true)]
async fn a_camera_here_is_shown_one_elsewhere_says_where_and_a_sensitive_one_hides() {
    let gateway = gateway(&province(), 1, config());
    accepted(gateway.cluster.commit(GroupId(1), RegisterCamera { camera: camera("c1", 1, true) }));
    let camera_id = domain::CameraId::new("c1").unwrap();
    let mut screen = Client::open(&gateway, &token(&gateway.cluster, "admin")).await;
    let watch = |id: &str| Say::WatchCamera(wire::WatchCamera { camera: id.into(), why: String::new() });
    let status = |body: Body| match body {
        Body::VideoStatus(status) => status,
        other => panic!("{other:?}"),
    };
    screen.say(watch("c2")).await;
    assert!(status(screen.next().await).message.contains("node 2"));
    screen.say(watch("c9")).await;
    assert!(status(screen.next().await).message.contains("no such camera"));

    gateway.cameras.here.lock().unwrap().insert(camera_id.clone(), tokio::sync::mpsc::channel(1).0);
    screen.say(watch("c1")).await;
    screen.say(Say::Ping(wire::Ping { nonce: 1, ..wire::Ping::default() })).await;
    assert!(matches!(screen.next().await, Body::Pong(_)), "the watch was taken before it");
    let frames = gateway.cameras.here.lock().unwrap()[&camera_id].clone();
    let unit = AccessUnit { timestamp_us: 4, key: true, codec: "avc1.42E01F".into(), data: Bytes::from_static(b"au") };
    frames.send(Arc::new(unit)).await.unwrap();
    let mut got = Vec::new();
    for _ in 0..2 {
        got.push(screen.next().await);
    }
    assert!(got.iter().any(|body| matches!(body, Body::VideoStatus(status) if status.codec == "avc1.42E01F")));
    assert!(got.iter().any(|body| matches!(body, Body::VideoFrame(frame) if frame.timestamp_us == 4 && frame.key)));

    gateway.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(status(screen.next().await).message.contains("hidden"));
    screen.say(watch("c1")).await;
    assert!(status(screen.next().await).message.contains("hidden"));
}

#[tokio::test(start_paused = true)]
async fn a_stopping_node_says_so() {
    let gateway = gateway(&province(), 1, config());
    let mut screen = Client::open(&gateway, &token(&gateway.cluster, "lan")).await;
    gateway.stop.send_replace(true);
    assert_eq!(screen.bye().await, ("shutting-down".into(), 1001));
}
