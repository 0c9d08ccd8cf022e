//! The node's doors over real HTTP, with a province of paper behind them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{extract::State as Held, routing::any};
use domain::wire::generated::{AdminUnit, District, Position, Snapshot, to_screen::Body as Said};
use edge::{Edge, EdgeConfig, Sealer};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

use super::*;
use crate::{
    copy::{Copy, Via},
    outbox::{Outbox, OutboxLimits},
    people, sender,
    shelf::Shelf,
    source::{CopySource, NoRoad, NoVideo},
};

const PASSWORD: &str = "trống đồng";
const DAY_MS: u64 = 24 * 3_600_000;

/// The province: people, their sessions, one reply a number.
#[derive(Default)]
struct Paper {
    sessions: BTreeMap<String, String>,
    shut_out: BTreeSet<String>,
    replies: BTreeMap<(String, u64), String>,
    applied: Vec<(String, String)>,
    /// Cookies that came with sign-ins.
    brought: Vec<String>,
    /// Commands are done, and their answers are lost.
    loses_answers: bool,
}

type Shelved = Arc<Mutex<Paper>>;

fn json_response(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body.clone())).into_response()
}

async fn province(Held(paper): Held<Shelved>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut paper = paper.lock().unwrap();
    let refused = |status, code: &str| json_response(status, &json!({ "code": code, "field": "", "message": code }));
    let who = |person: &str| {
        json!({ "person": person, "name": person, "role": "operator", "districts": ["d1"], "everywhere": false,
            "next_seq": 1, "expires_at_ms": unix_ms() + DAY_MS / 2 })
    };
    if parts.uri.path() == "/api/login" {
        let login: Value = serde_json::from_slice(&body).unwrap();
        let person = login["person"].as_str().unwrap().to_owned();
        paper.brought.extend(text(&parts.headers, "cookie"));
        if login["password"] != PASSWORD || paper.shut_out.contains(&person) {
            return refused(401, "denied");
        }
        let token = Token::random().unwrap().text();
        paper.sessions.insert(token.clone(), person.clone());
        let mut response = json_response(200, &who(&person));
        let cookie = HeaderValue::try_from(format!("td_session={token}; HttpOnly")).unwrap();
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        let device = HeaderValue::from_static("td_device=there; Path=/api; HttpOnly");
        response.headers_mut().append(header::SET_COOKIE, device);
        return response;
    }
    let bearer = text(&parts.headers, "authorization").unwrap_or_default();
    let token = bearer.trim_start_matches("Bearer ").to_owned();
    let Some(person) = paper.sessions.get(&token).cloned() else { return refused(401, "signed_out") };
    match seq(&parts.headers) {
        None if parts.uri.path() == "/api/session" => json_response(200, &who(&person)),
        None => {
            let read = text(&parts.headers, READ_HEADER);
            let mut response = json_response(200, &json!({ "path": parts.uri.path(), "read": read }));
            response.headers_mut().insert(AGE_HEADER, HeaderValue::from_static("0"));
            response
        }
        Some(number) => {
            let body = String::from_utf8(body.to_vec()).unwrap();
            if body.contains("refuse me") {
                return refused(409, "version_conflict");
            }
            let key = (token, number);
            if !paper.replies.contains_key(&key) {
                let entity = format!("I{}", paper.applied.len() + 1);
                paper.applied.push((person, body));
                paper.replies.insert(key.clone(), entity);
            }
            if paper.loses_answers {
                let lost = futures::stream::iter([Err::<Bytes, _>(io::Error::other("cut"))]);
                return Response::new(Body::from_stream(lost));
            }
            json_response(200, &json!({ "entity": paper.replies[&key], "version": 1 }))
        }
    }
}

/// A room: its node, the province of paper, and a browser.
struct Room {
    paper: Shelved,
    address: SocketAddr,
    folder: PathBuf,
    shared: Arc<Shared>,
    province: Arc<Province>,
    _edge: Edge,
    tasks: Vec<JoinHandle<()>>,
    http: reqwest::Client,
    province_at: SocketAddr,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn copied() -> Copy {
    let mut copy = Copy::new();
    for group in domain::GroupId::all() {
        let mut part = Snapshot {
            through: Some(Position { epoch: 1, group: group.0, index: 5, ordinal: 0 }),
            last: true,
            ..Snapshot::default()
        };
        if group == domain::GroupId::COMMAND {
            for code in ["05443", "05488"] {
                part.admin_units.push(AdminUnit { code: code.into(), name: code.into(), ..AdminUnit::default() });
            }
            let district = |id: &str, code: &str| District {
                id: id.into(),
                name: id.into(),
                admin_units: vec![code.into()],
                group: 1,
                ..District::default()
            };
            part.districts = vec![district("d1", "05443"), district("d2", "05488")];
        }
        copy.fold(&Said::Snapshot(part), Via::Line).unwrap();
    }
    copy
}

fn opening(commune: &str, summary: &str) -> Value {
    let place =
        json!({ "latitude_e7": 215_000_000, "longitude_e7": 1_058_000_000, "admin_unit": commune, "address": "" });
    json!({ "kind": "flood", "severity": "high", "place": place, "summary": summary })
}

impl Room {
    async fn open(name: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("trongdong-room-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let paper = Shelved::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let province_at = listener.local_addr().unwrap();
        let routes = Router::new().fallback(any(province)).with_state(Arc::clone(&paper));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self::over(&folder, paper, province_at, OutboxLimits::default())
    }

    /// A process over what is in the folder.
    fn over(folder: &Path, paper: Shelved, province_at: SocketAddr, limits: OutboxLimits) -> Self {
        let shelf = Shelf::new(folder, Sealer::new(&[7; 32])).unwrap();
        let found = shelf.read().unwrap();
        let mut copy = copied();
        for (name, sitting) in found.people.sittings() {
            let who = found.people.who(&sitting.person).unwrap();
            copy.put_person(&who.record(), &who.remit);
            copy.admit(sitting.session(people::id_of(name).unwrap()));
        }
        let outbox = Outbox::new(limits, found.entries);
        let shared = Arc::new(Shared::new(1, copy, None, found.people, outbox, found.damaged, shelf));
        let tls = rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty());
        let province = Province::new(vec![format!("http://{province_at}")], &Arc::new(tls.with_no_client_auth()));
        let province = Arc::new(province.unwrap());
        let config = EdgeConfig::new("127.0.0.1:0".parse().unwrap(), "http://127.0.0.1:1".into(), [7; 32]);
        let (a, b) = (Arc::clone(&shared), Arc::clone(&province));
        let edge = Edge::start_behind(
            config,
            Arc::new(CopySource(Arc::clone(&shared))),
            Arc::new(NoRoad),
            Arc::new(NoVideo),
            Arc::new(Vec::<(u64, String)>::new),
            |inner| Front::around(a, b, 7 * DAY_MS, (false, edge::DeviceCookies::new(&[7; 32])), inner),
        )
        .unwrap();
        let tasks = vec![tokio::spawn(sender::run(Arc::clone(&shared), Arc::clone(&province)))];
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let address = edge.local_addr();
        let folder = folder.to_owned();
        Self { paper, address, folder, shared, province, _edge: edge, tasks, http, province_at }
    }

    /// The process ends without a word, and another one comes.
    fn killed(self) -> Self {
        let (folder, paper, at) = (self.folder.clone(), Arc::clone(&self.paper), self.province_at);
        drop(self);
        Self::over(&folder, paper, at, OutboxLimits::default())
    }

    fn line(&self, stands: bool) {
        self.shared.stands.send_replace(stands);
        self.shared.to_send.notify_one();
    }

    async fn sign_in(&self, person: &str, password: &str) -> (u16, Value, String) {
        let body = json!({ "person": person, "password": password });
        let response = self.http.post(format!("http://{}/api/login", self.address)).json(&body).send().await.unwrap();
        let cookie = response.headers().get("set-cookie").map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default();
        let token = cookie.trim_start_matches("td_session=").split(';').next().unwrap().to_owned();
        (response.status().as_u16(), response.json().await.unwrap_or_default(), token)
    }

    /// Signs in as lan in a browser that keeps `cookies`: the status, and what it keeps from then on beside the session.
    async fn sign_in_with(&self, cookies: &str, password: &str) -> (u16, String) {
        let body = json!({ "person": "lan", "password": password });
        let request = self.http.post(format!("http://{}/api/login", self.address)).header("cookie", cookies);
        let response = request.json(&body).send().await.unwrap();
        let set = response.headers().get_all("set-cookie").into_iter().filter_map(|cookie| cookie.to_str().ok());
        let pairs = set.filter_map(|cookie| cookie.split(';').next()).filter(|pair| pair.starts_with("td_device"));
        let kept = pairs.collect::<Vec<_>>().join("; ");
        (response.status().as_u16(), kept)
    }

    /// Guesses at lan's password until whoever does so has to wait.
    async fn guess_until_held_up(&self) {
        // The first waits are short: on a machine that is busy one may be over before it is seen.
        for _ in 0..200 {
            if self.sign_in("lan", "wrong").await.0 == 429 {
                return;
            }
        }
        panic!("guesses are never held up");
    }

    async fn post(&self, token: &str, seq: u64, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("http://{}{path}", self.address)).json(body);
        let response = request.bearer_auth(token).header(SEQ_HEADER, seq).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("http://{}{path}", self.address)).bearer_auth(token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn states(&self, token: &str) -> Vec<String> {
        let kept = self.get(token, "/api/kept").await.1;
        let items = kept["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Until nothing waits to be sent.
    async fn drained(&self) {
        while self.shared.outbox(|outbox| outbox.sessions().len()) > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn applied(&self) -> Vec<String> {
        let paper = self.paper.lock().unwrap();
        paper
            .applied
            .iter()
            .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["summary"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn while_the_line_stands_the_province_answers() {
    let room = Room::open("stands").await;
    room.line(true);
    let (status, session, token) = room.sign_in("lan", PASSWORD).await;
    assert_eq!((status, &session["next_seq"], &session["districts"][0]), (200, &json!(1), &json!("d1")));
    let (status, answer) = room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await;
    assert_eq!((status, &answer["entity"]), (200, &json!("I1")));
    assert_eq!(room.get(&token, "/api/incidents/I1/timeline").await.0, 200);
    assert_eq!(room.get(&token, "/api/districts").await.0, 200, "out of the copy");
    assert_eq!(room.get("", "/api/kept").await.0, 401);
    assert_eq!(room.get("", "/api/incidents/I1/timeline").await.0, 401);
    assert_eq!(room.get(&token, "/api/public/communes").await.0, 404);
    assert!(room.get("", "/api").await.1["paths"]["/api/kept"].is_object());
    assert_eq!(room.applied(), ["one"]);
}

#[tokio::test]
async fn a_copy_is_never_a_linearizable_answer() {
    let room = Room::open("fresh").await;
    room.line(true);
    let (_, _, token) = room.sign_in("lan", PASSWORD).await;
    let look = |read: Option<&'static str>| {
        let request = room.http.get(format!("http://{}/api/districts", room.address)).bearer_auth(&token);
        let request = read.into_iter().fold(request, |request, read| request.header(READ_HEADER, read));
        async move {
            let response = request.send().await.unwrap();
            let age = text(response.headers(), AGE_HEADER).and_then(|age| age.parse::<u64>().ok());
            (response.status().as_u16(), age, response.json::<Value>().await.unwrap())
        }
    };
    let (status, age, list) = look(None).await;
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 2), "the copy");
    assert!(age.unwrap() > 0, "with its age");
    let (status, age, asked) = look(Some("linearizable")).await;
    assert_eq!((status, age, &asked["read"]), (200, Some(0), &json!("linearizable")), "the province");
    room.line(false);
    let (status, age, refused) = look(Some("linearizable")).await;
    assert_eq!((status, age, &refused["code"]), (503, None, &json!("line_cut")));
    assert_eq!(look(None).await.0, 200);
}

#[tokio::test]
async fn what_is_entered_while_it_is_cut_is_kept_over_a_crash_and_sent_once() {
    let room = Room::open("cut").await;
    room.line(true);
    let (_, _, token) = room.sign_in("lan", PASSWORD).await;
    room.line(false);
    let (status, kept) = room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await;
    assert_eq!((status, &kept["kept"]["place"]), (202, &json!(1)));
    // What the province would refuse at once is refused at once.
    assert_eq!(room.post(&token, 2, "/api/incidents", &opening("05488", "not mine")).await.0, 403);
    assert_eq!(room.post(&token, 2, "/api/incidents", &json!({})).await.0, 422);
    assert_eq!(room.post(&token, 2, "/api/people", &json!({})).await.1["code"], "line_cut");
    assert_eq!(room.get(&token, "/api/incidents/I1/timeline").await.0, 503);
    // The screen asks again, and two pages must not share a number.
    assert_eq!(room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await, (202, kept));
    assert_eq!(room.post(&token, 1, "/api/incidents", &opening("05443", "two")).await.1["code"], "seq_reused");
    assert_eq!(room.post(&token, 2, "/api/incidents", &opening("05443", "two")).await.0, 202);
    assert_eq!(room.post(&token, 3, "/api/incidents", &opening("05443", "refuse me")).await.0, 202);
    assert_eq!(room.states(&token).await, ["waiting", "waiting", "waiting"]);

    let room = room.killed();
    assert_eq!(room.states(&token).await, ["waiting", "waiting", "waiting"], "the browser's session too");
    assert!(room.get(&token, "/api/session").await.1["next_seq"].as_u64().unwrap() > 3, "no number twice");
    assert_eq!(room.applied(), [""; 0]);
    room.line(true);
    room.drained().await;
    assert_eq!(room.applied(), ["one", "two"], "in order");
    assert_eq!(room.states(&token).await, ["rejected", "committed", "committed"]);
    // Whoever asks only now gets the province's answer.
    assert_eq!(room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await.1["entity"], "I1");
    assert_eq!(room.post(&token, 3, "/api/incidents", &opening("05443", "refuse me")).await.0, 409);
    assert_eq!(room.post(&token, 4, "/api/incidents", &opening("05443", "four")).await.0, 200);
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_is_asked_for_again() {
    let room = Room::open("lost").await;
    room.line(true);
    let (_, _, token) = room.sign_in("lan", PASSWORD).await;
    room.paper.lock().unwrap().loses_answers = true;
    let (status, _) = room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await;
    assert_eq!(status, 202);
    // Behind it in order, though the line stands.
    assert_eq!(room.post(&token, 2, "/api/incidents", &opening("05443", "two")).await.0, 202);
    let room = room.killed();
    room.paper.lock().unwrap().loses_answers = false;
    room.line(true);
    room.drained().await;
    assert_eq!(room.applied(), ["one", "two"]);
    assert_eq!(room.states(&token).await, ["committed", "committed"]);
}

#[tokio::test]
async fn who_signed_in_here_may_again_while_it_is_cut_and_their_commands_wait_for_them() {
    let room = Room::open("offline").await;
    room.line(true);
    assert_eq!(room.sign_in("lan", "wrong").await.0, 401);
    room.sign_in("lan", PASSWORD).await;
    room.line(false);
    assert_eq!(room.sign_in("lan", "wrong").await.1["code"], "denied_offline");
    assert_eq!(room.sign_in("minh", PASSWORD).await.1["code"], "denied_offline");
    let room = room.killed();
    let (status, session, local) = room.sign_in("lan", PASSWORD).await;
    assert_eq!((status, &session["person"], &session["districts"][0]), (200, &json!("lan"), &json!("d1")));
    assert_eq!(room.post(&local, 1, "/api/incidents", &opening("05443", "one")).await.0, 202);
    assert_eq!(room.states(&local).await, ["sign_in"]);
    // The line is back: the session that nobody asked the province for ends, and the next one sends what was kept.
    room.line(true);
    let heartbeat = domain::wire::generated::Heartbeat::default();
    room.shared.heard(&heartbeat);
    let task = tokio::spawn(sessions::run(Arc::clone(&room.shared), Arc::clone(&room.province)));
    while room.get(&local, "/api/session").await.0 != 401 {
        sleep(Duration::from_millis(5)).await;
    }
    task.abort();
    assert_eq!(room.applied(), [""; 0]);
    let (_, session, token) = room.sign_in("lan", PASSWORD).await;
    assert_eq!(session["next_seq"], 2, "the first number is the kept command's");
    room.drained().await;
    assert_eq!(room.applied(), ["one"]);
    assert_eq!(room.states(&token).await, ["committed"]);
}

#[tokio::test]
async fn whoever_signed_in_in_a_browser_gets_in_there_while_others_of_the_room_guess_at_them() {
    let room = Room::open("device").await;
    room.line(true);
    let (status, browser) = room.sign_in_with("a=b", PASSWORD).await;
    assert_eq!(status, 200);
    assert!(browser.starts_with("td_device=") && browser.ends_with("; td_device_province=there"), "{browser}");
    assert!(room.paper.lock().unwrap().brought.is_empty(), "no other cookie is passed on");
    for stands in [true, false, true] {
        room.line(stands);
        room.guess_until_held_up().await;
        assert_eq!(room.sign_in_with(&browser, PASSWORD).await.0, 200, "{stands}");
    }
    let brought = room.paper.lock().unwrap().brought.clone();
    assert_eq!(brought, ["td_device=there"; 2], "the province counts by its own");

    // The province takes the password no longer: the node forgets it, and the browser with it.
    room.paper.lock().unwrap().shut_out.insert("lan".into());
    assert_eq!(room.sign_in_with(&browser, PASSWORD).await.0, 401);
    // Each wait is twice as long as the one before, so one of them is seen on any machine.
    for _ in 0..7 {
        room.guess_until_held_up().await;
        if room.sign_in_with(&browser, "wrong").await.0 == 429 {
            return;
        }
    }
    panic!("a void device cookie counts");
}

#[tokio::test]
async fn a_session_that_was_ended_there_ends_here_and_lets_nobody_in_again() {
    let room = Room::open("revoked").await;
    room.line(true);
    let (_, _, token) = room.sign_in("lan", PASSWORD).await;
    room.line(false);
    assert_eq!(room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await.0, 202);
    {
        let mut paper = room.paper.lock().unwrap();
        paper.sessions.clear();
        paper.shut_out.insert("lan".into());
    }
    room.line(true);
    room.drained().await;
    assert_eq!(room.get(&token, "/api/kept").await.0, 401);
    assert_eq!(room.applied(), [""; 0]);
    assert_eq!(room.sign_in("lan", PASSWORD).await.0, 401);
    room.line(false);
    assert_eq!(room.sign_in("lan", PASSWORD).await.1["code"], "denied_offline");
    // Their right comes back: what was surely never done waits for them, and not for ever.
    room.paper.lock().unwrap().shut_out.clear();
    room.line(true);
    let (_, _, token) = room.sign_in("lan", PASSWORD).await;
    room.drained().await;
    assert_eq!((room.applied(), room.states(&token).await), (vec!["one".to_owned()], vec!["committed".to_owned()]));
}

#[tokio::test]
async fn a_full_outbox_refuses_with_the_remedy_and_a_sign_out_loses_nothing() {
    let room = Room::open("full").await;
    room.line(true);
    let (_, _, token) = room.sign_in("lan", PASSWORD).await;
    let limits = OutboxLimits { items_max: 1, ..OutboxLimits::default() };
    let (folder, paper, at) = (room.folder.clone(), Arc::clone(&room.paper), room.province_at);
    drop(room);
    let room = Room::over(&folder, paper, at, limits);
    assert_eq!(room.post(&token, 1, "/api/incidents", &opening("05443", "one")).await.0, 202);
    let (status, refused) = room.post(&token, 2, "/api/incidents", &opening("05443", "two")).await;
    assert_eq!((status, &refused["code"]), (507, &json!("kept_full")));
    let request = room.http.post(format!("http://{}/api/logout", room.address)).bearer_auth(&token);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 204);
    assert_eq!(room.get(&token, "/api/session").await.0, 401);
    room.line(true);
    room.drained().await;
    assert_eq!(room.applied(), ["one"]);
}
