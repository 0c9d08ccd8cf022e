use super::*;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=S\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\na=control:stream=0\r\n";

struct Camera {
    session: Session,
}

impl Camera {
    fn new(credentials: Option<(&str, &str)>) -> Self {
        let address = Address::parse("rtsp://cam/live").unwrap();
        let credentials = credentials.and_then(|(user, password)| Credentials::new(user, password));
        Self { session: Session::new(address, credentials, "c0".into(), 0) }
    }

    /// The requests written since the last call, one string each.
    fn requests(&mut self) -> Vec<String> {
        let output = String::from_utf8(self.session.take_output()).unwrap();
        output.split_terminator("\r\n\r\n").map(str::to_owned).collect()
    }

    /// Answers the only request written, and yields the event.
    fn answer(&mut self, status: &str, headers: &str, body: &str) -> Result<Option<SessionEvent>, SessionError> {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        let cseq = requests[0].lines().find_map(|line| line.strip_prefix("CSeq: ")).unwrap().to_owned();
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let answer = format!("RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{headers}{length}\r\n{body}");
        self.session.input().extend_from_slice(answer.as_bytes());
        self.session.step(1)
    }

    fn play(&mut self) {
        assert_eq!(self.answer("200 OK", "Public: OPTIONS, GET_PARAMETER\r\n", ""), Ok(None));
        let described = self.answer("200 OK", "Content-Base: rtsp://cam/live/\r\n", SDP);
        assert!(matches!(described, Ok(Some(SessionEvent::Described(_)))), "{described:?}");
        let setup = "Session: 4711 ; timeout=30\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n";
        assert_eq!(self.answer("200 OK", setup, ""), Ok(None));
        assert_eq!(self.answer("200 OK", "", ""), Ok(Some(SessionEvent::Playing)));
    }
}

#[test]
fn a_session_from_options_to_teardown() {
    let mut camera = Camera::new(None);
    camera.play();
    camera.session.input().extend_from_slice(b"$\x02\x00\x03abc$\x03\x00\x01r$\x02\x00\x01d$\x02\x00\x09part");
    assert_eq!(camera.session.step(2), Ok(Some(SessionEvent::Rtp(Bytes::from_static(b"abc")))));
    assert_eq!(camera.session.step(2), Ok(Some(SessionEvent::Rtp(Bytes::from_static(b"d")))));
    assert_eq!(camera.session.step(2), Ok(None));
    camera.session.input().clear();

    assert_eq!(camera.session.deadline_ms(), Some(15_001), "half of the 30 s that the camera named");
    assert_eq!(camera.session.tick(15_001), Ok(()));
    let requests = camera.requests();
    assert!(requests[0].starts_with("GET_PARAMETER rtsp://cam/live/ RTSP/1.0"), "{requests:?}");
    assert!(requests[0].contains("Session: 4711"));
    assert_eq!(camera.session.tick(25_001), Ok(()), "a keep-alive without an answer is not the end");

    camera.session.teardown(25_002);
    assert_eq!(camera.answer("200 OK", "", ""), Ok(Some(SessionEvent::TornDown)));
}

#[test]
fn the_requests_name_their_addresses() {
    let mut camera = Camera::new(None);
    assert!(camera.answer("200 OK", "", "").is_ok());
    assert!(camera.answer("200 OK", "", SDP).is_ok());
    let setup = camera.requests();
    assert!(setup[0].starts_with("SETUP rtsp://cam/live/stream=0 RTSP/1.0"), "{setup:?}");
    assert!(setup[0].contains("Transport: RTP/AVP/TCP;unicast;interleaved=0-1"));
}

#[test]
fn a_challenge_is_answered_once() {
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n";
    let mut camera = Camera::new(Some(("user", "secret")));
    assert_eq!(camera.answer("401 Unauthorized", challenge, ""), Ok(None));
    let requests = camera.requests();
    assert!(requests[0].starts_with("OPTIONS") && requests[0].contains("Authorization: Digest username=\"user\""));
    assert!(!requests[0].contains("secret"));
    let again = format!("RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n{challenge}\r\n");
    camera.session.input().extend_from_slice(again.as_bytes());
    assert_eq!(camera.session.step(1), Err(SessionError::Unauthorized));

    let mut camera = Camera::new(None);
    assert_eq!(camera.answer("401 Unauthorized", challenge, ""), Err(SessionError::Unauthorized));
}

#[test]
fn an_aged_nonce_is_answered_anew() {
    let mut camera = Camera::new(Some(("user", "secret")));
    let first = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n";
    assert_eq!(camera.answer("401 Unauthorized", first, ""), Ok(None));
    let aged = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true\r\n";
    assert_eq!(camera.answer("401 Unauthorized", aged, ""), Ok(None));
    let requests = camera.requests();
    assert!(requests[0].contains("nonce=\"n2\"") && requests[0].contains("nc=00000001"), "{requests:?}");
    // A camera that calls every nonce stale is not followed round and round.
    let again = "RTSP/1.0 401 Unauthorized\r\nCSeq: 3\r\n".to_owned() + aged + "\r\n";
    camera.session.input().extend_from_slice(again.as_bytes());
    assert_eq!(camera.session.step(1), Err(SessionError::Unauthorized));
}

#[test]
fn refusals_say_what_to_do() {
    let mut camera = Camera::new(None);
    assert_eq!(camera.answer("404 Not Found", "", ""), Ok(None), "OPTIONS is not needed");
    let refused = SessionError::Refused { step: Step::Describe, status: 404 };
    assert_eq!(camera.answer("404 Not Found", "", ""), Err(refused));

    let mut camera = Camera::new(None);
    assert!(camera.answer("200 OK", "", "").is_ok());
    assert!(camera.answer("200 OK", "", SDP).is_ok());
    assert_eq!(camera.answer("461 Unsupported Transport", "", ""), Err(SessionError::Transport));
}

#[test]
fn silence_is_an_error_at_its_deadline() {
    let mut camera = Camera::new(None);
    assert_eq!(camera.session.deadline_ms(), Some(REQUEST_TIMEOUT_MS));
    assert_eq!(camera.session.tick(REQUEST_TIMEOUT_MS - 1), Ok(()));
    assert_eq!(camera.session.tick(REQUEST_TIMEOUT_MS), Err(SessionError::Timeout(Step::Options)));
}

#[test]
fn a_lost_session_is_an_error_and_an_unknown_keep_alive_is_replaced() {
    let mut camera = Camera::new(None);
    camera.play();
    camera.session.tick(20_000).unwrap();
    assert_eq!(camera.answer("501 Not Implemented", "", ""), Ok(None));
    camera.session.tick(40_000).unwrap();
    let requests = camera.requests();
    assert!(requests[0].starts_with("OPTIONS "), "{requests:?}");
    let lost = "RTSP/1.0 454 Session Not Found\r\nCSeq: 6\r\n\r\n";
    camera.session.input().extend_from_slice(lost.as_bytes());
    assert_eq!(camera.session.step(40_001), Err(SessionError::Lost));
}

#[test]
fn bounds_of_the_input() {
    let mut camera = Camera::new(None);
    camera.session.input().extend_from_slice(b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(camera.session.step(1), Err(SessionError::Malformed("a message over the bound")));
    let mut camera = Camera::new(None);
    camera.session.input().extend_from_slice(&vec![b'A'; MESSAGE_BYTES_MAX]);
    assert!(camera.session.step(1).is_err());
    let mut camera = Camera::new(None);
    camera.session.input().extend_from_slice(b"HTTP/1.1 200 OK\r\n\r\n");
    assert!(camera.session.step(1).is_err());
}

#[test]
fn a_cameras_own_requests_are_answered() {
    let mut camera = Camera::new(None);
    camera.requests();
    let own = b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\nANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 10\r\n\r\n";
    camera.session.input().extend_from_slice(own);
    assert_eq!(camera.session.step(1), Ok(None));
    let answers = camera.requests();
    assert!(answers[0].starts_with("RTSP/1.0 200") && answers[0].contains("CSeq: 9"), "{answers:?}");
    assert!(answers[1].starts_with("RTSP/1.0 501") && answers[1].contains("CSeq: 10"));
}

#[test]
fn controls() {
    let base = Url::parse("rtsp://cam/live?x=1").unwrap();
    assert_eq!(control_url(&base, "*").as_str(), "rtsp://cam/live?x=1");
    assert_eq!(control_url(&base, "trackID=1").as_str(), "rtsp://cam/live?x=1/trackID=1");
    assert_eq!(control_url(&base, "rtsp://cam/other").as_str(), "rtsp://cam/other");
    let base = Url::parse("rtsp://cam/live/").unwrap();
    assert_eq!(control_url(&base, "trackID=1").as_str(), "rtsp://cam/live/trackID=1");
}
