//! A real SIP peer at both ends: `sipp` (Debian's sip-tester) calls in, and `sipp` is the agent's phone. Without the program the
//! tests say so and pass.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use telephony::{Announcement, Door, DoorConfig, Gone, QueuePlace, Refused, Ringing, Standing, Switchboard, wait_tone};
use tokio::sync::watch;

/// A switchboard with one agent, who answers everything at once, or nothing.
struct Board {
    phone: String,
    answers: AtomicBool,
    /// Who is not answered is in the queue, and rings at nobody.
    queues: AtomicBool,
    callers: Mutex<BTreeMap<String, Standing>>,
    told: Mutex<Vec<String>>,
    changed: watch::Sender<u64>,
}

impl Board {
    fn new(phone: String, answers: bool) -> Arc<Self> {
        let (callers, told) = (Mutex::default(), Mutex::default());
        let (answers, queues) = (AtomicBool::new(answers), AtomicBool::new(false));
        Arc::new(Self { phone, answers, queues, callers, told, changed: watch::Sender::new(0) })
    }

    fn set(&self, connection: &str, standing: Standing) {
        self.callers.lock().unwrap().insert(connection.to_owned(), standing);
        self.changed.send_modify(|index| *index += 1);
    }

    fn tell(&self, what: &str) {
        self.told.lock().unwrap().push(what.to_owned());
    }

    fn count(&self, what: &str) -> usize {
        self.told.lock().unwrap().iter().filter(|told| *told == what).count()
    }

    /// Waits until that was told so often: a peer may be through before the door has said so.
    async fn was_told(&self, what: &str, count: usize) {
        let is_told = async {
            while self.count(what) < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let is_in_time = tokio::time::timeout(Duration::from_secs(30), is_told).await.is_ok();
        assert!(is_in_time, "{what}: {:?}", self.told.lock().unwrap());
    }
}

/// Shares the board with the door.
struct Shared(Arc<Board>);

impl Switchboard for Shared {
    fn offer(&self, ringing: Ringing) -> BoxFuture<'static, Result<(), Refused>> {
        let board = self.0.clone();
        Box::pin(async move {
            board.tell("offered");
            let phone = board.phone.clone();
            let (answers, queues) = (board.answers.load(Ordering::Relaxed), board.queues.load(Ordering::Relaxed));
            let unanswered = if queues { Standing::Queued } else { Standing::Waiting };
            board.set(&ringing.connection, if answers { Standing::Talking { phone } } else { unanswered });
            Ok(())
        })
    }

    fn gone(&self, connection: String, why: Gone) -> BoxFuture<'static, ()> {
        let board = self.0.clone();
        Box::pin(async move {
            board.tell(&format!("gone: {why:?}"));
            board.set(&connection, Standing::Over);
        })
    }

    fn agent_hung_up(&self, _: String) -> BoxFuture<'static, ()> {
        self.0.tell("agent hung up");
        Box::pin(async {})
    }

    fn phone_failed(&self, connection: String, why: String) -> BoxFuture<'static, ()> {
        self.0.tell(&why);
        self.0.set(&connection, Standing::Waiting);
        Box::pin(async {})
    }

    fn standing(&self, connection: &str) -> Standing {
        self.0.callers.lock().unwrap().get(connection).cloned().unwrap_or(Standing::Unknown)
    }

    fn place(&self, _: &str) -> QueuePlace {
        QueuePlace::default()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }
}

fn is_there() -> bool {
    let found = Command::new("sipp").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: sipp is not there: apt-get install sip-tester, which cargo xtask test does");
    }
    found
}

/// A port that nobody has now.
fn port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Phone(Child);

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An agent's phone that picks up, and its port. A number that was free may be taken by the time sipp wants it, over TCP by a
/// line that goes out: then sipp ends, and another number is tried.
async fn phone(transport: &str) -> (Phone, u16) {
    for _ in 0..16 {
        let port = port();
        let child = Command::new("sipp")
            .args(["-sn", "uas", "-i", "127.0.0.1", "-t", transport, "-p", &port.to_string(), "-nostdin"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut phone = Phone(child);
        while phone.0.try_wait().unwrap().is_none() {
            // Over UDP it is there once nobody else gets its port.
            let is_there = match transport {
                "u1" => UdpSocket::bind(("127.0.0.1", port)).is_err(),
                _ => std::net::TcpStream::connect(("127.0.0.1", port)).is_ok(),
            };
            if is_there {
                return (phone, port);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    panic!("sipp gets no number");
}

async fn door(board: &Arc<Board>) -> Door {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    // The number that is free over UDP may be taken over TCP: by a line that goes out.
    for _ in 0..16 {
        let trunks = [IpAddr::V4(Ipv4Addr::LOCALHOST)].into();
        let announcement = Some(Arc::new(Announcement::from_wav(&wait_tone()).unwrap()));
        let config = DoorConfig { listen, public: None, trunks, announcement };
        if let Ok(door) = Door::open(config, Arc::new(Shared(board.clone()))).await {
            return door;
        }
    }
    panic!("no number is free");
}

/// Calls that `sipp` makes; whether each went as its scenario says.
async fn call(door: &Door, calls: u32, more: &[&str]) -> bool {
    let mut command = tokio::process::Command::new("sipp");
    command
        .args([
            "-sn",
            "uac",
            "-i",
            "127.0.0.1",
            "-s",
            "1022",
            "-nostdin",
            "-d",
            "100",
            "-timeout",
            "30",
            "-timeout_error",
        ])
        .args(["-m", &calls.to_string(), "-r", "20"])
        .args(more)
        .arg(door.address().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command.status().await.unwrap().success()
}

#[tokio::test]
async fn calls_over_udp_are_put_through_and_end() {
    if !is_there() {
        return;
    }
    let (_phone, port) = phone("u1").await;
    let board = Board::new(format!("sip:101@127.0.0.1:{port}"), true);
    let door = door(&board).await;
    assert!(call(&door, 40, &["-t", "u1"]).await, "{:?}", board.told.lock().unwrap());
    board.was_told("gone: HungUp", 40).await;
    assert_eq!(board.count("offered"), 40, "{:?}", board.told.lock().unwrap());
}

#[tokio::test]
async fn calls_over_tcp_are_put_through_and_end() {
    if !is_there() {
        return;
    }
    let (_phone, port) = phone("t1").await;
    let board = Board::new(format!("sip:101@127.0.0.1:{port};transport=tcp"), true);
    let door = door(&board).await;
    assert!(call(&door, 10, &["-t", "t1"]).await, "{:?}", board.told.lock().unwrap());
    assert_eq!(board.count("offered"), 10);
}

const CANCELS: &str = r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="gives up">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:0912345678@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: sip:0912345678@[local_ip]:[local_port]
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=u 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
]]></send>
<recv response="100" optional="true"></recv>
<recv response="180"></recv>
<send retrans="500"><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
From: <sip:0912345678@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"></recv>
<recv response="487"></recv>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
From: <sip:0912345678@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>
"#;

/// Five who call and give up as this scenario says.
async fn give_up(name: &str, scenario: &str, board: &Arc<Board>) {
    let file = std::env::temp_dir().join(format!("trongdong-sipp-{name}-{}.xml", std::process::id()));
    std::fs::write(&file, scenario).unwrap();
    let door = door(board).await;
    let mut command = tokio::process::Command::new("sipp");
    let status = command
        .args(["-sf", file.to_str().unwrap(), "-i", "127.0.0.1", "-s", "1022", "-m", "5", "-r", "5", "-nostdin"])
        .args(["-timeout", "20", "-timeout_error"])
        .arg(door.address().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(status.success(), "{:?}", board.told.lock().unwrap());
    board.was_told("gone: HungUp", 5).await;
    assert_eq!((board.count("offered"), board.count("gone: HungUp")), (5, 5));
}

#[tokio::test]
async fn who_gives_up_while_waiting_is_let_go() {
    if !is_there() {
        return;
    }
    give_up("waits", CANCELS, &Board::new(String::new(), false)).await;
}

#[tokio::test]
async fn who_gives_up_in_the_queue_had_a_place_and_an_announcement() {
    if !is_there() {
        return;
    }
    let rings = "<recv response=\"180\"></recv>\n";
    let queued = format!("{rings}<recv response=\"182\"></recv>\n<recv response=\"183\"></recv>\n");
    let board = Board::new(String::new(), false);
    board.queues.store(true, Ordering::Relaxed);
    give_up("queue", &CANCELS.replace(rings, &queued), &board).await;
}

#[tokio::test]
async fn a_phone_that_is_not_there_gives_the_caller_back() {
    if !is_there() {
        return;
    }
    // Nobody has this port: the kernel says so, or nothing comes; either way the caller waits on, and hangs up.
    let board = Board::new(String::new(), true);
    let door = door(&board).await;
    assert!(!call(&door, 1, &["-t", "u1", "-recv_timeout", "2000"]).await);
    board.was_told("no phone", 1).await;
    assert_eq!(board.count("no phone"), 1, "{:?}", board.told.lock().unwrap());
}

/// Calls, is held and resumed, and is sent on. It says how far it is by files, since nothing of that is told to the cluster.
const HELD: &str = include_str!("sipp/held.xml");

/// An agent's phone that is held and resumed, and put down when the caller is sent on.
const DESK: &str = include_str!("sipp/desk.xml");

/// INVITE again, which has to say this of the sound, and its answer; then it is written down.
fn again(check: &str, variable: &str, says: &str) -> String {
    format!(
        r#"<recv request="INVITE"><action>
<ereg regexp="a=inactive" search_in="msg" {check}="true" assign_to="{variable}"/>
</action></recv>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:x@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=u 1 2 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
]]></send>
<recv request="ACK"><action><exec command="touch FOLDER/{says}"/></action></recv>
"#
    )
}

const BYE: &str = r#"<recv request="BYE"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"#;

/// A peer that plays this scenario once; it says how far it is in `folder`.
fn play(folder: &Path, name: &str, scenario: &str, more: &[&str]) -> tokio::process::Child {
    let scenario = scenario
        .replace("HOLD\n", &again("check_it", "silent", &format!("{name}-held")))
        .replace("RESUME\n", &again("check_it_inverse", "sound", &format!("{name}-resumed")))
        .replace("BYE\n<Reference", &format!("{BYE}<Reference"))
        .replace("FOLDER", folder.to_str().unwrap());
    let file = folder.join(format!("{name}.xml"));
    std::fs::write(&file, scenario).unwrap();
    tokio::process::Command::new("sipp")
        .args(["-sf", file.to_str().unwrap(), "-i", "127.0.0.1", "-t", "u1", "-m", "1", "-nostdin"])
        .args(["-timeout", "40", "-timeout_error"])
        .args(more)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// The agent's phone of that scenario, and its port. Where the test had the port just when sipp wanted it sipp ends, and another is tried.
async fn desk(folder: &Path) -> (tokio::process::Child, u16) {
    for _ in 0..16 {
        let port = port();
        let mut desk = play(folder, "desk", DESK, &["-p", &port.to_string()]);
        while desk.try_wait().unwrap().is_none() {
            // It is there once nobody else gets its port.
            if UdpSocket::bind(("127.0.0.1", port)).is_err() {
                return (desk, port);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    panic!("sipp gets no number");
}

/// Waits until a peer says that it is so far.
async fn so_far(folder: &Path, says: &str) {
    let is_there = async {
        while !folder.join(says).exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), is_there).await.is_ok(), "nobody says {says}");
}

#[tokio::test]
async fn a_caller_is_held_while_a_second_one_rings_then_resumed_and_sent_on() {
    if !is_there() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("trongdong-sipp-desk-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (mut desk, port) = desk(&folder).await;
    let phone = format!("sip:101@127.0.0.1:{port}");
    let board = Board::new(phone.clone(), true);
    let door = door(&board).await;
    let mut caller = play(&folder, "caller", HELD, &["-s", "1022", &door.address().to_string()]);
    so_far(&folder, "caller-talks").await;
    let connection = board.callers.lock().unwrap().keys().next().cloned().unwrap();

    board.set(&connection, Standing::Held);
    so_far(&folder, "caller-held").await;
    so_far(&folder, "desk-held").await;
    // The one agent is busy: the second caller rings, gives up, and disturbs nobody.
    board.answers.store(false, Ordering::Relaxed);
    let mut second = play(&folder, "second", CANCELS, &["-s", "1022", &door.address().to_string()]);
    assert!(second.wait().await.unwrap().success(), "{:?}", board.told.lock().unwrap());
    board.was_told("gone: HungUp", 1).await;
    assert_eq!((board.count("offered"), board.count("gone: HungUp")), (2, 1));

    board.set(&connection, Standing::Talking { phone });
    so_far(&folder, "caller-resumed").await;
    so_far(&folder, "desk-resumed").await;
    board.set(&connection, Standing::Transferred { to: "115".to_owned() });
    assert!(caller.wait().await.unwrap().success(), "{:?}", board.told.lock().unwrap());
    assert!(desk.wait().await.unwrap().success(), "{:?}", board.told.lock().unwrap());
    // Who was sent on by the desk has not hung up.
    assert_eq!((board.count("gone: HungUp"), board.count("agent hung up")), (1, 0));
    std::fs::remove_dir_all(&folder).unwrap();
}
