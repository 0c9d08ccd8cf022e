use std::{collections::VecDeque, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};

use super::*;

/// A node that gives scripted answers, one for each connection, and keeps what it was asked.
async fn scripted(answers: &[&str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let kept = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !is_whole(&request) {
                let mut chunk = [0; 4096];
                match stream.read(&mut chunk).await {
                    Ok(count) if count > 0 => request.extend_from_slice(&chunk[..count]),
                    _ => break,
                }
            }
            kept.lock().await.push(String::from_utf8_lossy(&request).into_owned());
            // No answer left: the connection breaks, as when a node dies.
            let Some(answer) = answers.pop_front() else { continue };
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (origin, asked)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn signed_in() -> String {
    let cookie = "set-cookie: td_session=abc; HttpOnly; Path=/\r\n";
    answer("200 OK", cookie, r#"{"person":"admin","next_seq":7}"#)
}

fn seq_of(request: &str) -> Option<&str> {
    request.lines().find_map(|line| line.strip_prefix("x-request-seq: "))
}

#[tokio::test]
async fn a_command_is_sent_again_to_the_next_node_under_the_same_number() {
    let busy = answer("503 Service Unavailable", "", r#"{"code":"unknown","message":"no leader"}"#);
    let (first, asked_first) = scripted(&[&signed_in(), &busy]).await;
    let (second, asked_second) = scripted(&[&answer("200 OK", "", r#"{"entity":"I1","version":1}"#)]).await;
    let client = Client::new(vec![first, second], None).unwrap();
    client.login("admin", "secret-word").await.unwrap();
    let answered = client.command("/api/reports", &serde_json::json!({"a": 1})).await.unwrap();
    assert_eq!(answered, Answer::Accepted(serde_json::json!({"entity": "I1", "version": 1})));
    let (first, second) = (asked_first.lock().await, asked_second.lock().await);
    assert_eq!(seq_of(&first[1]), Some("7"));
    assert_eq!(seq_of(&second[0]), Some("7"));
    assert!(second[0].contains("cookie: td_session=abc"), "{}", second[0]);
    // Why goes with what a session does, and not with the password.
    assert!(second[0].contains("x-reason: program/") && !first[0].contains("x-reason"), "{}", second[0]);
}

#[test]
fn the_subcommand_says_why_and_nothing_else_that_was_typed_does() {
    assert_eq!(why_of(Some("drain")), "program/drain");
    assert_eq!(why_of(Some("duty-log")), "program/duty-log");
    for other in [None, Some("--url"), Some(""), Some("certs/ca.pem"), Some("Lan"), Some("mật-khẩu"), Some("abc123")]
    {
        assert_eq!(why_of(other), "program/trongdong", "{other:?}");
    }
    assert_eq!(why_of(Some(&"a".repeat(SUBCOMMAND_BYTES_MAX + 1))), "program/trongdong");
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let no = answer("422 Unprocessable Entity", "", r#"{"code":"invalid","field":"sensor.name","message":"give one"}"#);
    let (node, _) = scripted(&[&signed_in(), &no]).await;
    let client = Client::new(vec![node], None).unwrap();
    client.login("admin", "secret-word").await.unwrap();
    let Answer::Refused(refused) = client.command("/api/sensors", &Value::Null).await.unwrap() else { panic!() };
    assert_eq!((refused.status, refused.field.as_str()), (422, "sensor.name"));
}

#[tokio::test]
async fn an_ended_session_is_renewed_and_counts_anew() {
    let ended = answer("401 Unauthorized", "", r#"{"code":"unknown_session","message":"sign in"}"#);
    let again = answer("200 OK", "set-cookie: td_session=new\r\n", r#"{"next_seq":1}"#);
    let (node, asked) = scripted(&[&signed_in(), &ended, &again, &answer("200 OK", "", "{}")]).await;
    let client = Client::new(vec![node], None).unwrap();
    client.login("admin", "secret-word").await.unwrap();
    client.command("/api/units", &Value::Null).await.unwrap();
    let asked = asked.lock().await;
    assert_eq!(seq_of(&asked[1]), Some("7"));
    assert_eq!(seq_of(&asked[3]), Some("1"));
    assert!(asked[3].contains("td_session=new"));
}

#[tokio::test]
async fn a_wrong_password_says_whose() {
    let no = answer("401 Unauthorized", "", r#"{"code":"unauthorized","message":"wrong"}"#);
    let (node, _) = scripted(&[&no]).await;
    let error = Client::new(vec![node], None).unwrap().login("admin", "x").await.unwrap_err().to_string();
    assert!(error.contains("admin") && error.contains("wrong"), "{error}");
}

#[tokio::test]
async fn a_list_comes_bare_or_wrapped() {
    let bare = answer("200 OK", "", "[1,2]");
    let wrapped = answer("200 OK", "", r#"{"count":2,"items":[1,2]}"#);
    let (node, _) = scripted(&[&bare, &wrapped]).await;
    let client = Client::new(vec![node], None).unwrap();
    for _ in 0..2 {
        assert_eq!(client.list::<u32>("/api/units").await.unwrap(), [1, 2]);
    }
}

#[test]
fn origins_and_authority_are_checked() {
    let field = |result: Result<Client, ClientError>| match result {
        Err(ClientError::Config { field, .. }) => field,
        _ => "none",
    };
    assert_eq!(field(Client::new(Vec::new(), None)), "url");
    assert_eq!(field(Client::new(vec!["node-1:8443".into()], None)), "url");
    assert_eq!(field(Client::new(vec!["https://node-1:8443".into()], None)), "ca");
    assert_eq!(field(Client::new(vec!["https://node-1:8443".into()], Some(b"nothing"))), "ca");
}

#[test]
fn only_the_session_cookie_counts() {
    assert_eq!(cookie_of("td_session=abc; HttpOnly").as_deref(), Some("abc"));
    assert_eq!(cookie_of("theme=dark"), None);
    assert_eq!(cookie_of("td_session=; Max-Age=0"), None);
}

#[tokio::test]
async fn what_is_told_without_an_account_carries_neither_session_nor_number() {
    let taken = answer("201 Created", "", r#"{"code":"7K3FQ-9XM2A-BCDEH"}"#);
    let (origin, asked) = scripted(&[&signed_in(), &taken, &answer("201 Created", "", "")]).await;
    let client = Client::new(vec![origin], None).unwrap();
    client.login("admin", "secret").await.unwrap();
    let told = client.tell("/api/public/reports", &serde_json::json!({ "text": "x" })).await.unwrap();
    assert_eq!(told, Answer::Accepted(serde_json::json!({ "code": "7K3FQ-9XM2A-BCDEH" })));
    assert_eq!(client.tell_photo("/api/public/reports/x/files", b"png").await.unwrap(), Answer::Accepted(Value::Null));
    let asked = asked.lock().await;
    assert!(asked[1].contains("content-type: application/json") && asked[2].contains("content-type: image/png"));
    assert!(asked[1..].iter().all(|it| seq_of(it).is_none() && !it.contains("td_session")), "{asked:?}");
}
