//! Objects over WebSockets, between two centres and with a subscriber that a test drives by hand.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::{
    ConfirmNotices, GroupId, Handover, HandoverDirection, HandoverStatus, Incident, ReceiverId, limits::NOTICES_MAX,
};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::{
    http::{User, answer, user},
    province::{Served, accepted, config, incident, province, serve},
};
use crate::{clock::unix_ms, cluster::read, config::EdgeConfig, courier::signature, eido::strict};

const SECRET: &str = "mật khẩu chung của hai bên";

fn config_that_subscribes() -> EdgeConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trust = rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty());
    EdgeConfig { conveyance: Some(Arc::new(trust.with_no_client_auth())), ..config() }
}

async fn with_partner(served: &Served, admin: &User, seq: u64, id: &str, url: &str) {
    let receiver = json!({"id": id, "name": format!("Trung tâm {id}"), "url": url, "secret": SECRET, "kinds": ["incident_opened"],
        "admin_unit": "u1"});
    let (status, done) = answer(admin.post(served, seq, "/api/receivers", &receiver)).await;
    assert_eq!((status, &done["entity"], &done["version"]), (200, &json!(id), &json!(0)));
}

fn ws(served: &Served, receiver: &str) -> String {
    served.url(&format!("/IncidentData/ent/{receiver}")).replacen("http://", "ws://", 1)
}

fn incidents(served: &Served) -> Vec<Incident> {
    read(&*served.node, GroupId::COMMAND, |state| state.incidents().values().cloned().collect())
}

/// The hand-over of that direction, once there is one that fits.
async fn handover(
    served: &Served,
    direction: HandoverDirection,
    fits: impl Fn(&Handover) -> bool,
) -> (Incident, Handover) {
    for _ in 0..1_500 {
        for incident in incidents(served) {
            if let Some(found) = incident.dispatch.handovers.iter().find(|it| it.direction == direction && fits(it)) {
                return (incident.clone(), found.clone());
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("no such hand-over: {:?}", incidents(served));
}

fn offer(to: &str) -> Value {
    json!({"expected_version": 1, "to": to, "second_contact": "0234 113", "lead": true, "reason": "ngoài địa bàn"})
}

/// How far a receiver is, and what it refused.
fn settled(served: &Served, receiver: &str) -> (u64, u64, Option<String>) {
    read(&*served.node, GroupId::COMMAND, |state| {
        let receiver = state.receivers().get(receiver).unwrap();
        (receiver.newest, receiver.confirmed, receiver.given_up.as_ref().map(|it| it.reason.clone()))
    })
}

#[tokio::test]
async fn two_centres_hand_an_incident_over_answer_and_take_it_back() {
    let (a, b) = (serve(&province(), 1, config_that_subscribes()), serve(&province(), 1, config_that_subscribes()));
    let (admin_a, admin_b) = (user(&a, "admin").await, user(&b, "admin").await);
    // Each is known to the other as where it notifies, under the name that it has there.
    with_partner(&a, &admin_a, 1, "b", &ws(&b, "a")).await;
    with_partner(&b, &admin_b, 1, "a", &ws(&a, "b")).await;
    let (lan_a, lan_b) = (user(&a, "lan").await, user(&b, "lan").await);
    assert_eq!(answer(lan_a.post(&a, 1, "/api/incidents/I1/handover", &offer("b"))).await.0, 200);
    let (received, _) = handover(&b, HandoverDirection::In, |it| it.status == HandoverStatus::Offered).await;
    assert_eq!(received.dispatch.led_by().map(|it| it.party_name.as_str()), Some("Trung tâm a"), "theirs, so far");
    let taken = json!({"handover": 1, "accept": true, "answered_for": "kíp 2"});
    assert_eq!(
        answer(lan_b.post(&b, 1, &format!("/api/incidents/{}/handover/answer", received.id), &taken)).await.0,
        200
    );
    let (ours, accepted) = handover(&a, HandoverDirection::Out, |it| it.status == HandoverStatus::Accepted).await;
    assert_eq!((accepted.answered_for.as_str(), accepted.reference), ("kíp 2", format!("{}.1", received.id)));
    assert_eq!(ours.dispatch.led_by().map(|it| it.party_name.as_str()), Some("Trung tâm b"));
    assert_eq!(incidents(&b).iter().find(|it| it.id == received.id).unwrap().dispatch.led_by(), None, "and b leads it");

    let back = json!({"expected_version": ours.version, "handover": 1, "reason": "đã đủ lực lượng"});
    assert_eq!(answer(lan_a.post(&a, 2, "/api/incidents/I1/handover/withdraw", &back)).await.0, 200);
    let (theirs, _) = handover(&b, HandoverDirection::In, |it| it.status == HandoverStatus::Withdrawn).await;
    assert_eq!(theirs.dispatch.led_by().map(|it| it.party_name.as_str()), Some("Trung tâm a"));
    let received = incidents(&b).iter().filter(|it| !it.dispatch.handovers.is_empty()).count();
    assert_eq!(received, 1, "whatever came twice opened nothing");
}

/// A line to the notifier, opened with what a test signs.
async fn line(served: &Served, receiver: &str, date: u64, secret: &str) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = ws(served, receiver).into_client_request().unwrap();
    let signed = signature(secret.as_bytes(), format!("{receiver} {date}").as_bytes());
    let headers = [
        ("sec-websocket-protocol", "emergency-ent1.0".to_owned()),
        ("trongdong-date", date.to_string()),
        ("trongdong-signature", signed),
    ];
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let address = (request.uri().host().unwrap().to_owned(), request.uri().port_u16().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    Ok(client_async(request, stream).await?.0)
}

async fn told(line: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        match line.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => panic!("closed: {frame:?}"),
            _ => {}
        }
    }
}

async fn say(line: &mut WebSocketStream<TcpStream>, message: Value) {
    line.send(Message::text(message.to_string())).await.unwrap();
}

async fn subscribed(served: &Served) -> WebSocketStream<TcpStream> {
    let mut line = line(served, "fire", unix_ms(), SECRET).await.unwrap();
    say(
        &mut line,
        json!({"subscribe": {"requestId": "1", "requestType": "eido", "requestSubType": "new",
        "subscriptionId": null, "expires": 60, "minRate": 20}}),
    )
    .await;
    let answer = told(&mut line).await;
    assert_eq!(answer["subscribeResponse"]["statusCode"], 200, "{answer}");
    line
}

async fn until_settled(served: &Served, through: u64) {
    for _ in 0..3_000 {
        if settled(served, "fire").1 == through {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("not settled: {:?}", settled(served, "fire"));
}

#[tokio::test]
async fn a_subscriber_that_is_cut_goes_on_with_what_it_has_not_acknowledged_and_nothing_is_left_out() {
    let served = serve(&province(), 1, config());
    let (lan, admin) = (user(&served, "lan").await, user(&served, "admin").await);
    with_partner(&served, &admin, 1, "fire", "wss:").await;
    assert_eq!(answer(lan.post(&served, 1, "/api/incidents/I1/handover", &offer("fire"))).await.0, 200);

    let mut first = subscribed(&served).await;
    let event = told(&mut first).await["event"].take();
    strict::check(&event["notification"][0]).unwrap();
    assert_eq!(event["notification"][0]["vn.trongdong.handover.1"]["handover"], "I1.1");
    drop(first);
    assert_eq!(settled(&served, "fire").1, 0, "what is not acknowledged stays");

    let mut second = subscribed(&served).await;
    let again = told(&mut second).await["event"].take();
    assert_eq!(again["transactionId"], event["transactionId"], "the same, so that it is known");
    assert_ne!(again["subscriptionId"], Value::Null);
    say(
        &mut second,
        json!({"eventResponse": {"transactionId": again["transactionId"], "statusCode": 200, "statusText": "OK"}}),
    )
    .await;
    until_settled(&served, 1).await;

    // The next one comes over the same line, and is refused for good: it is given up, where it is seen.
    let version = incidents(&served).iter().find(|it| it.id.as_str() == "I1").unwrap().version;
    let back = json!({"expected_version": version, "handover": 1, "reason": "đã xử lý"});
    assert_eq!(answer(lan.post(&served, 2, "/api/incidents/I1/handover/withdraw", &back)).await.0, 200);
    let next = told(&mut second).await["event"].take();
    assert_ne!(next["transactionId"], event["transactionId"]);
    assert_eq!(next["notification"][0]["vn.trongdong.handover.1"]["status"], "withdrawn");
    say(
        &mut second,
        json!({"eventResponse": {"transactionId": next["transactionId"], "statusCode": 400, "statusText": "no"}}),
    )
    .await;
    until_settled(&served, 2).await;
    assert_eq!(settled(&served, "fire"), (2, 2, Some("400 no".to_owned())));
    say(&mut second, json!({"retrieve": {"requestId": "9"}})).await;
    assert_eq!(told(&mut second).await["response"]["statusCode"], 501);
}

#[tokio::test]
async fn what_is_parked_in_history_comes_over_the_line_in_its_turn() {
    let served = serve(&province(), 1, config());
    let admin = user(&served, "admin").await;
    with_partner(&served, &admin, 1, "fire", "wss:").await;
    let max = u64::try_from(NOTICES_MAX).unwrap();
    for _ in 0..max + 2 {
        accepted(served.cluster.commit(GroupId::COMMAND, incident(1, "Ngập")));
    }
    let confirm = ConfirmNotices { receiver: ReceiverId::new("fire").unwrap(), through: max - 1 };
    accepted(served.cluster.commit(GroupId::COMMAND, confirm));
    let mut line = subscribed(&served).await;
    let mut transactions = BTreeSet::new();
    for number in max..=max + 2 {
        let event = told(&mut line).await["event"].take();
        strict::check(&event["notification"][0]).unwrap();
        transactions.insert(event["transactionId"].to_string());
        let taken = json!({"transactionId": event["transactionId"], "statusCode": 200, "statusText": "OK"});
        say(&mut line, json!({"eventResponse": taken})).await;
        until_settled(&served, number).await;
    }
    assert_eq!((settled(&served, "fire"), transactions.len()), ((max + 2, max + 2, None), 3));
}

#[tokio::test]
async fn only_who_signs_now_and_is_registered_for_it_gets_a_line() {
    let served = serve(&province(), 1, config());
    let admin = user(&served, "admin").await;
    with_partner(&served, &admin, 1, "fire", "wss:").await;
    with_partner(&served, &admin, 2, "web", "https://web.example/notices").await;
    let now = unix_ms();
    let refused =
        [("fire", now, "another"), ("fire", now - 301_000, SECRET), ("nobody", now, SECRET), ("web", now, SECRET)];
    for (receiver, date, secret) in refused {
        match line(&served, receiver, date, secret).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status().as_u16(), 403, "{receiver}"),
            other => panic!("{receiver}: {:?}", other.is_ok()),
        }
    }
    let mut open = line(&served, "fire", now, SECRET).await.unwrap();
    say(&mut open, json!({"unsubscribe": {"requestId": "1", "subscriptionId": "x"}})).await;
    assert_eq!(told(&mut open).await["unsubscribeResponse"]["statusCode"], 481);
    say(&mut open, json!([])).await;
    assert!(matches!(open.next().await, Some(Ok(Message::Close(_)))), "what is no message at all ends the line");
}

#[tokio::test]
async fn a_line_ends_when_its_receiver_gets_another_secret_or_is_turned_off() {
    let served = serve(&province(), 1, config());
    let admin = user(&served, "admin").await;
    let changes = [("mật khẩu mới", false), (SECRET, true)];
    for (seq, (secret, disabled)) in (1_u64..).step_by(2).zip(changes) {
        with_partner(&served, &admin, seq, "fire", "wss:").await;
        let mut held = subscribed(&served).await;
        let changed = json!({"id": "fire", "name": "Cứu hỏa", "url": "wss:", "secret": secret, "kinds": ["incident_opened"],
            "admin_unit": "u1", "disabled": disabled});
        assert_eq!(answer(admin.post(&served, seq + 1, "/api/receivers", &changed)).await.0, 200);
        let told = timeout(Duration::from_secs(10), held.next()).await;
        assert!(matches!(told, Ok(Some(Ok(Message::Close(_))))), "{secret}, {disabled}: {told:?}");
    }
}

#[tokio::test]
async fn a_line_ends_at_once_as_well_while_nobody_subscribed_or_an_object_is_not_acknowledged() {
    let served = serve(&province(), 1, config());
    let (lan, admin) = (user(&served, "lan").await, user(&served, "admin").await);
    with_partner(&served, &admin, 1, "fire", "wss:").await;
    let mut silent = line(&served, "fire", unix_ms(), SECRET).await.unwrap();
    let mut busy = subscribed(&served).await;
    assert_eq!(answer(lan.post(&served, 1, "/api/incidents/I1/handover", &offer("fire"))).await.0, 200);
    assert_ne!(told(&mut busy).await["event"], Value::Null);
    let off = json!({"id": "fire", "name": "Cứu hỏa", "url": "wss:", "secret": SECRET, "kinds": ["incident_opened"],
        "admin_unit": "u1", "disabled": true});
    assert_eq!(answer(admin.post(&served, 2, "/api/receivers", &off)).await.0, 200);
    for (name, held) in [("silent", &mut silent), ("busy", &mut busy)] {
        let told = timeout(Duration::from_secs(10), held.next()).await;
        assert!(matches!(told, Ok(Some(Ok(Message::Close(_))))), "{name}: {told:?}");
    }
}
