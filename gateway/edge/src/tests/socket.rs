//! Bounds of sockets, and the way in through HTTP.

use std::sync::Arc;

use domain::{GroupId, IncidentId, NoteIncident};
use futures::{SinkExt, StreamExt};
use prost::Message;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Error, client::IntoClientRequest, http::Request},
};

use super::{
    fold::decode,
    http::{client, user},
    province::{accepted, config, province, serve},
    screen::{Client, gateway, token},
};
use crate::{
    config::EdgeConfig,
    screen::{message::Payload, view::Encoding},
};
use domain::wire::generated::{self as wire, to_screen::Body, to_server::Body as Say};

#[tokio::test(start_paused = true)]
async fn a_slow_screen_is_let_go_by_name_while_another_keeps_up() {
    let config = EdgeConfig { socket_bytes_max: 512 * 1024, ..config() };
    let gateway = gateway(&province(), 1, config);
    let lan = token(&gateway.cluster, "lan");
    let mut slow = Client::open(&gateway, &lan).await;
    let mut quick = Client::open(&gateway, &lan).await;
    let text = "x".repeat(4_000);
    // Some four times what may wait for one screen; the slow one reads nothing of it.
    for round in 1..=50 {
        for _ in 0..10 {
            let note = NoteIncident { incident: IncidentId::new("I1").unwrap(), note: text.clone() };
            accepted(gateway.cluster.commit(GroupId(0), note));
        }
        quick.until(|fold| fold.notes.len() == round * 10).await;
    }
    assert_eq!(slow.bye().await, ("slow".into(), 1013));
    let note = NoteIncident { incident: IncidentId::new("I1").unwrap(), note: "vẫn chạy".into() };
    accepted(gateway.cluster.commit(GroupId(0), note));
    quick.until(|fold| fold.notes.last().is_some_and(|last| last == "vẫn chạy")).await;
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_of_screens_the_next_one_is_told() {
    let gateway = gateway(&province(), 1, EdgeConfig { sockets_per_ip_max: 2, ..config() });
    let lan = token(&gateway.cluster, "lan");
    let first = Client::open(&gateway, &lan).await;
    let _second = Client::open(&gateway, &lan).await;
    let mut third = Client::connect(&gateway, Encoding::Protobuf).await;
    assert_eq!(third.bye().await, ("too-many".into(), 1013));
    drop(first);
    while gateway.app.sockets.taken() > 1 {
        tokio::task::yield_now().await;
    }
    Client::open(&gateway, &lan).await;
}

fn request(address: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

async fn connect(
    address: &str,
    headers: &[(&'static str, &str)],
) -> Result<tokio_tungstenite::WebSocketStream<TcpStream>, u16> {
    let stream = TcpStream::connect(address).await.unwrap();
    match client_async(request(address, headers), stream).await {
        Ok((socket, response)) => {
            assert!(response.headers().contains_key("sec-websocket-protocol"));
            Ok(socket)
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_cookie_of_the_http_session_opens_the_socket() {
    let served = serve(&province(), 1, config());
    let address = served.edge.local_addr().to_string();
    let lan = user(&served, "lan").await;
    let origin = format!("http://{address}");
    let headers = [("cookie", lan.cookie.as_str()), ("sec-websocket-protocol", "trongdong.v1"), ("origin", &origin)];
    let mut socket = connect(&address, &headers).await.unwrap();
    let hello = wire::ToServer { body: Some(Say::Hello(wire::Hello::default())) };
    socket.send(Payload::Binary(hello.encode_to_vec().into())).await.unwrap();
    let Body::Welcome(welcome) = decode(&socket.next().await.unwrap().unwrap()) else { panic!() };
    assert_eq!(welcome.person, "lan");
    let subscribe = wire::ToServer { body: Some(Say::Subscribe(wire::Subscribe::default())) };
    socket.send(Payload::Binary(subscribe.encode_to_vec().into())).await.unwrap();
    while !matches!(decode(&socket.next().await.unwrap().unwrap()), Body::Snapshot(_)) {}
    let edge = served.edge;
    let stopping = tokio::spawn(edge.stop());
    loop {
        match socket.next().await {
            Some(Ok(Payload::Binary(bytes))) => {
                if matches!(decode(&Payload::Binary(bytes)), Body::Bye(_)) {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    drop(socket);
    stopping.await.unwrap();
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_handshake_that_is_not_ours_is_refused() {
    let served = serve(&province(), 1, config());
    let address = served.edge.local_addr().to_string();
    let protocol = ("sec-websocket-protocol", "trongdong.v1");
    assert_eq!(connect(&address, &[]).await.err(), Some(400), "no protocol that we speak");
    assert_eq!(connect(&address, &[protocol, ("origin", "http://evil.test")]).await.err(), Some(403));
    assert!(connect(&address, &[protocol, ("origin", "http://khac.test")]).await.is_ok(), "a page of another node");
    let plain = client().get(served.url("/ws")).send().await.unwrap();
    assert_eq!(plain.status(), 400);
}

#[tokio::test]
async fn tls_is_spoken_when_there_is_a_certificate_and_the_cookie_is_secure() {
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::ServerName};
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let chain = vec![made.cert.der().clone()];
    let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let served = serve(&province(), 1, EdgeConfig { tls: Some(Arc::new(server)), ..config() });

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(served.edge.local_addr()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    let body = serde_json::json!({"person": "lan", "password": super::province::PASSWORD}).to_string();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::post("/api/login").header("host", "localhost").body(body).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let cookies = response.headers().get_all("set-cookie");
    assert_eq!(cookies.iter().filter(|cookie| cookie.to_str().unwrap().ends_with("; Secure")).count(), 2);
}
