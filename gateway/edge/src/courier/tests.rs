//! Against a receiver on loopback.

mod mail;
mod sms;

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use domain::{EventKind, Millis};
use tokio::net::TcpListener;

use super::*;

const SEALING_KEY: [u8; 32] = [7; 32];

/// What came in, and what is answered.
#[derive(Default)]
struct Desk {
    came: Mutex<Vec<(HeaderMap, Bytes)>>,
    answers: Mutex<Vec<StatusCode>>,
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    desk.came.lock().unwrap().push((headers, body));
    desk.answers.lock().unwrap().pop().unwrap_or(StatusCode::NO_CONTENT)
}

async fn desk() -> (Arc<Desk>, String) {
    let desk = Arc::new(Desk::default());
    let router = Router::new().route("/notices", post(take)).with_state(desk.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notices", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (desk, url)
}

fn courier() -> WebCourier {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    WebCourier::new(http, 3, &SEALING_KEY)
}

fn receiver(url: String, secret: &[u8]) -> Receiver {
    let id = ReceiverId::new("police").unwrap();
    let secret_sealed = Sealer::new(&SEALING_KEY).seal(&receiver_context(&id), secret).unwrap();
    Receiver {
        id,
        name: "113".into(),
        url,
        secret_sealed,
        kinds: vec![EventKind::IncidentOpened],
        admin_unit: None,
        disabled: false,
        newest: 1,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: None,
        version: 0,
        parked: 0,
    }
}

fn notice() -> Notice {
    let event = Event {
        kind: EventKind::DeadlineLate,
        by: None,
        note: "I1#1 answer".into(),
        at_ms: Millis(5),
        ordinal: 0,
        subject: None,
    };
    Notice {
        receiver: ReceiverId::new("police").unwrap(),
        number: 12,
        index: 900,
        missed_before: 0,
        event: event.encode().into(),
    }
}

/// RFC 4231, test case 2.
#[test]
fn the_signature_is_that_of_the_standard() {
    let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(signature(b"Jefe", b"what do ya want for nothing?"), expected);
}

#[tokio::test]
async fn a_notice_is_posted_signed_and_named() {
    let (desk, url) = desk().await;
    courier().deliver(receiver(url, b"secret"), notice()).await.unwrap();
    let (headers, body) = desk.came.lock().unwrap().remove(0);
    assert_eq!(headers["idempotency-key"], "3-police-12");
    assert_eq!(headers["trongdong-signature"].to_str().unwrap(), signature(b"secret", &body));
    let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&read["number"], &read["event"]["kind"]), (&12.into(), &"deadline_late".into()));
}

#[tokio::test]
async fn a_notice_of_a_drill_says_so_in_its_body_and_beside_it() {
    let (desk, url) = desk().await;
    let drill = domain::Exercise {
        id: domain::ExerciseId::new("E1").unwrap(),
        name: "Diễn tập lũ".into(),
        scenario: String::new(),
        started_at_ms: Millis(5),
        started_by: None,
        ended_at_ms: Millis(0),
        ended_by: None,
        note: String::new(),
        closed: 0,
        version: 1,
    };
    let event = Event::decode(&notice().event).unwrap();
    let event = Event { kind: EventKind::ExerciseStarted, subject: Some(drill.into()), ..event };
    let told = Notice { event: event.encode().into(), ..notice() };
    courier().deliver(receiver(url.clone(), b"secret"), told).await.unwrap();
    courier().deliver(receiver(url, b"secret"), notice()).await.unwrap();
    let came = desk.came.lock().unwrap();
    for ((headers, body), is_drill) in came.iter().zip([true, false]) {
        let read: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(read["exercise"], serde_json::Value::Bool(is_drill));
        assert_eq!(headers.contains_key("trongdong-exercise"), is_drill);
    }
}

#[tokio::test]
async fn what_is_not_taken_is_said_and_is_the_same_when_it_is_posted_again() {
    let (desk, url) = desk().await;
    *desk.answers.lock().unwrap() = vec![StatusCode::OK, StatusCode::FOUND, StatusCode::SERVICE_UNAVAILABLE];
    let (courier, receiver) = (courier(), receiver(url, b"secret"));
    for _ in 0..2 {
        courier.deliver(receiver.clone(), notice()).await.unwrap_err();
    }
    courier.deliver(receiver, notice()).await.unwrap();
    let came = desk.came.lock().unwrap();
    assert_eq!(came.len(), 3);
    assert!(came.iter().all(|(headers, body)| headers["idempotency-key"] == "3-police-12" && *body == came[0].1));
}

#[tokio::test]
async fn what_a_receiver_has_understood_and_will_never_take_is_not_sent_again() {
    let (desk, url) = desk().await;
    *desk.answers.lock().unwrap() = vec![StatusCode::CONFLICT, StatusCode::GONE, StatusCode::UNAUTHORIZED];
    let (courier, receiver) = (courier(), receiver(url, b"secret"));
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(courier.deliver(receiver.clone(), notice()).await.unwrap_err());
    }
    assert!(matches!(&outcomes[0], Undelivered::Again(said) if said.contains("401")), "{outcomes:?}");
    assert!(matches!(&outcomes[1..], [Undelivered::Never(_), Undelivered::Never(_)]), "{outcomes:?}");
}

#[tokio::test]
async fn nobody_there_and_a_secret_of_another_cluster_are_failures_without_the_address() {
    let (courier, gone) = (courier(), TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap());
    let url = format!("http://{gone}/token-in-the-address");
    let failed = courier.deliver(receiver(url.clone(), b"secret"), notice()).await.unwrap_err();
    assert!(!failed.to_string().contains("token-in-the-address"), "{failed}");
    let foreign = Receiver { secret_sealed: vec![1; 60].into(), ..receiver(url, b"secret") };
    courier.deliver(foreign, notice()).await.unwrap_err();
}

#[test]
fn a_signature_is_that_of_the_whole_body_under_the_right_secret() {
    let signed = signature(b"secret", b"body");
    assert!(is_signed(b"secret", b"body", &signed));
    for wrong in
        ["", "sha256=", &signed[..signed.len() - 1], &signature(b"secret", b"body "), &signature(b"other", b"body")]
    {
        assert!(!is_signed(b"secret", b"body", wrong), "{wrong}");
    }
}

#[tokio::test]
async fn a_published_warning_is_posted_as_cap() {
    let (desk, url) = desk().await;
    let warning = crate::cap::tests::published();
    let event = Event {
        kind: EventKind::WarningPublished,
        by: None,
        note: String::new(),
        at_ms: Millis(5),
        ordinal: 0,
        subject: Some(warning.clone().into()),
    };
    let notice = Notice { event: event.encode().into(), ..notice() };
    courier().deliver(receiver(url, b"secret"), notice).await.unwrap();
    let (headers, body) = desk.came.lock().unwrap().remove(0);
    assert_eq!(headers["content-type"], "application/cap+xml");
    assert_eq!(headers["trongdong-signature"].to_str().unwrap(), signature(b"secret", &body));
    assert_eq!(body, cap::alert(&warning).as_bytes());
}
