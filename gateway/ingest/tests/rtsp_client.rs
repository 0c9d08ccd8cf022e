//! A camera's stream from a scripted server, for what a real one does not do on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{sync::Arc, time::Duration};

use crate::common::{FakeCluster, SOON};
use bytes::BytesMut;
use domain::{CameraHealth, CameraId};
use ingest::rtsp::{CameraConfig, CameraEvent, CameraStream, Fleet, FleetError};
use rtsp_types::{HeaderName, Message, Method, ParseError, Request, headers};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=S\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==\r\n\
    a=control:track1\r\n";

/// The camera's side of one connection.
struct Camera {
    stream: TcpStream,
    input: BytesMut,
    sequence: u16,
}

impl Camera {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
        Self { stream, input: BytesMut::new(), sequence: 0 }
    }

    /// The next request, `None` when the client has gone.
    async fn request(&mut self) -> Option<Request<Vec<u8>>> {
        timeout(SOON, async {
            loop {
                match Message::<Vec<u8>>::parse(&self.input[..]) {
                    Ok((Message::Request(request), consumed)) => {
                        drop(self.input.split_to(consumed));
                        return Some(request);
                    }
                    Err(ParseError::Incomplete(_)) => {}
                    other => panic!("{other:?}"),
                }
                if matches!(self.stream.read_buf(&mut self.input).await, Ok(0) | Err(_)) {
                    return None;
                }
            }
        })
        .await
        .expect("the client asks or goes")
    }

    async fn answer(&mut self, request: &Request<Vec<u8>>, headers: &str, body: &str) {
        let cseq = request.header(&headers::CSEQ).unwrap();
        let length = body.len();
        let answer = format!("RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        self.stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// Answers everything up to PLAY.
    async fn play(&mut self) {
        loop {
            let request = self.request().await.expect("the client asks to play");
            match request.method() {
                Method::Describe => self.answer(&request, "", SDP).await,
                Method::Setup => {
                    let headers = "Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
                    self.answer(&request, headers, "").await;
                }
                Method::Play => return self.answer(&request, "", "").await,
                _ => self.answer(&request, "", "").await,
            }
        }
    }

    async fn frame(&mut self, timestamp: u32, nal: &[u8]) {
        self.sequence += 1;
        let length = u16::try_from(12 + nal.len()).unwrap().to_be_bytes();
        let mut packet = vec![b'$', 0, length[0], length[1], 0x80, 0x80 | 96];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&[0, 0, 0, 1]);
        packet.extend_from_slice(nal);
        self.stream.write_all(&packet).await.unwrap();
    }
}

fn config(name: &str, port: u16) -> CameraConfig {
    CameraConfig {
        camera: CameraId::new(name).unwrap(),
        url: format!("rtsp://127.0.0.1:{port}/live"),
        user: String::new(),
        password: String::new(),
    }
}

struct Stream {
    events: mpsc::Receiver<CameraEvent>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn stream() -> (TcpListener, Stream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (sender, events) = mpsc::channel(16);
    let (stop, stopped) = watch::channel(false);
    let config = config("gate", listener.local_addr().unwrap().port());
    let task = tokio::spawn(CameraStream::new(config, sender, stopped, Arc::default()).run());
    (listener, Stream { events, stop, task })
}

impl Stream {
    async fn event(&mut self) -> CameraEvent {
        timeout(SOON, self.events.recv()).await.expect("an event comes").expect("the stream runs")
    }

    async fn frame(&mut self) -> Vec<u8> {
        match self.event().await {
            CameraEvent::Unit(unit) => unit.data.to_vec(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_camera_that_hangs_up_is_connected_again_and_stopping_says_goodbye() {
    let (listener, mut stream) = stream().await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::Connecting));
    let mut camera = Camera::accept(&listener).await;
    camera.play().await;
    camera.frame(0, &[0x41, 1]).await;
    camera.frame(3_000, &[0x65, 2]).await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::Live));
    assert!(stream.frame().await.ends_with(&[0, 0, 0, 1, 0x65, 2]));
    drop(camera);
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::NoSignal));

    let mut camera = Camera::accept(&listener).await;
    camera.play().await;
    camera.frame(0, &[0x65, 3]).await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::Live));
    assert!(stream.frame().await.ends_with(&[0x65, 3]));
    stream.stop.send_replace(true);
    let last = camera.request().await.unwrap();
    assert_eq!(last.method(), Method::Teardown);
    assert_eq!(last.header(&headers::SESSION).unwrap().as_str(), "1");
    timeout(SOON, stream.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_camera_that_goes_silent_has_no_signal() {
    let (listener, mut stream) = stream().await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::Connecting));
    let mut camera = Camera::accept(&listener).await;
    camera.play().await;
    // Before the frame: the watchdog counts from when that came, however late this is told of it.
    let began = std::time::Instant::now();
    camera.frame(0, &[0x65, 1]).await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::Live));
    stream.frame().await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::NoSignal));
    assert!(began.elapsed() >= Duration::from_secs(4), "the watchdog waits for its 5 s: {:?}", began.elapsed());
    assert_eq!(camera.request().await.unwrap().method(), Method::Teardown);
}

#[tokio::test]
async fn what_is_not_rtsp_is_no_signal() {
    let (listener, mut stream) = stream().await;
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::Connecting));
    let mut camera = Camera::accept(&listener).await;
    camera.stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    assert_eq!(stream.event().await, CameraEvent::Health(CameraHealth::NoSignal));
}

#[tokio::test]
async fn credentials_are_sent_only_when_asked_for_and_hashed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config("gate", listener.local_addr().unwrap().port());
    (config.user, config.password) = ("viewer".into(), "hunter2".into());
    let (sender, _events) = mpsc::channel(16);
    let (_stop, stopped) = watch::channel(false);
    let task = tokio::spawn(CameraStream::new(config, sender, stopped, Arc::default()).run());
    let mut camera = Camera::accept(&listener).await;
    let first = camera.request().await.unwrap();
    assert!(first.header(&headers::AUTHORIZATION).is_none());
    let challenge = "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm=\"c\"\r\n\
        WWW-Authenticate: Digest realm=\"c\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
    camera.stream.write_all(challenge.as_bytes()).await.unwrap();
    let second = camera.request().await.unwrap();
    let authorization = second.header(&headers::AUTHORIZATION).unwrap().as_str().to_owned();
    assert!(authorization.starts_with("Digest ") && authorization.contains("nc=00000001"), "{authorization}");
    assert!(second.header(&HeaderName::try_from("CSeq").unwrap()).is_some());
    task.abort();
}

#[tokio::test]
async fn a_fleet_runs_what_is_assigned_to_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cluster = FakeCluster::at_once();
    let fleet = Fleet::new(cluster.clone());
    let gate = config("gate", port);
    let assigned = fleet.assign(vec![gate.clone()], 5).unwrap();
    assert_eq!((assigned.started, assigned.stopped), (1, 0));
    assert_eq!(fleet.assign(Vec::new(), 4), Err(FleetError::OldEpoch { epoch: 4, current: 5 }));
    let nowhere = CameraId::new("nowhere").unwrap();
    assert!(matches!(fleet.watch(&nowhere), Err(FleetError::NotHere(_))));

    let mut camera = Camera::accept(&listener).await;
    let mut frames = fleet.watch(&gate.camera).unwrap();
    camera.play().await;
    camera.frame(0, &[0x65, 1]).await;
    camera.frame(3_000, &[0x41, 2]).await;
    assert!(timeout(SOON, frames.recv()).await.unwrap().unwrap().key);
    assert!(!timeout(SOON, frames.recv()).await.unwrap().unwrap().key);
    let mut later = fleet.watch(&gate.camera).unwrap();
    assert!(timeout(SOON, later.recv()).await.unwrap().unwrap().key, "a later viewer starts with the kept frames");

    // The same camera under a new epoch goes on undisturbed, and its health is told again.
    let assigned = fleet.assign(vec![gate.clone()], 6).unwrap();
    assert_eq!((assigned.started, assigned.stopped), (0, 0));
    let told = (gate.camera.clone(), CameraHealth::Live, 6);
    timeout(SOON, async {
        while !cluster.health.lock().unwrap().contains(&told) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("health is told under the new epoch");
    camera.frame(6_000, &[0x41, 3]).await;
    assert!(timeout(SOON, frames.recv()).await.unwrap().is_some());

    let changed = CameraConfig { url: format!("rtsp://127.0.0.1:{port}/other"), ..gate.clone() };
    let assigned = fleet.assign(vec![changed], 7).unwrap();
    assert_eq!((assigned.started, assigned.stopped), (1, 1));
    assert_eq!(camera.request().await.unwrap().method(), Method::Teardown);
    assert!(timeout(SOON, frames.recv()).await.unwrap().is_none(), "a changed camera is another stream");
    drop(fleet);
}
