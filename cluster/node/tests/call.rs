//! A call from a real telephone to an agent of a real cluster: `sipp` (Debian's sip-tester) rings at a node's SIP door, an agent
//! answers over HTTP at another node, `sipp` is the agent's phone. Without the program the test says so and passes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write,
    net::UdpSocket,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use domain::{Agent, AgentStatus, Call, CallStatus};
use node::{
    client::{Answer, Client},
    local::{ADMIN, LocalCluster},
};
use serde_json::{Value, json};

/// From the first ring to what it must have come to.
const WITHIN: Duration = Duration::from_secs(30);
/// The pop has to be there so soon after it rings.
const POP_WITHIN: Duration = Duration::from_millis(300);
/// Looks at it, of which one has to be so quick: a busy machine may hold up any single one, and what is slow is so each time.
const POPS: usize = 5;
const PASSWORD: &str = "mat-khau-dai";

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sipp(args: &[&str]) -> Running {
    let child = Command::new("sipp").args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    Running(child)
}

/// Two between those that nodes take (`node::local::free_port`) and those that the system gives to lines that go out: nobody takes one
/// until it is used. They are held until both are chosen.
fn free_ports() -> [u16; 2] {
    let first = 32_100 + u16::try_from(std::process::id() % 500).unwrap();
    let sockets = (first..32_700).filter_map(|port| UdpSocket::bind(("127.0.0.1", port)).ok());
    let held: Vec<UdpSocket> = sockets.take(2).collect();
    let ports: Vec<u16> = held.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
    ports.try_into().unwrap()
}

async fn done(client: &Client, path: &str, body: Value) -> Value {
    match client.command(path, &body).await.unwrap() {
        Answer::Accepted(answer) => answer,
        Answer::Refused(refused) => panic!("{path}: {refused}"),
    }
}

async fn signed_in(urls: Vec<String>, person: &str, password: &str) -> Client {
    let client = Client::new(urls, None).unwrap();
    client.login(person, password).await.unwrap();
    client
}

/// The first call, once it stands so.
async fn call(client: &Client, is_so: impl Fn(&Call) -> bool) -> Call {
    let until = Instant::now() + WITHIN;
    loop {
        let calls: Vec<Call> = client.list("/api/calls").await.unwrap();
        if let Some(call) = calls.iter().find(|call| is_so(call)) {
            return call.clone();
        }
        assert!(Instant::now() < until, "{calls:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_is_put_through_to_the_agent_who_answers() {
    if Command::new("sipp").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: sipp is not there: apt-get install sip-tester, which cargo xtask test does");
        return;
    }
    let home = std::env::temp_dir().join(format!("trongdong-call-{}", std::process::id()));
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).unwrap();
    let mut cluster = LocalCluster::make(Path::new(env!("CARGO_BIN_EXE_trongdong")), &home, 3, 0).unwrap();
    let [door, phone] = free_ports();
    let mut config = fs::OpenOptions::new().append(true).open(cluster.nodes[0].home.join("node.toml")).unwrap();
    write!(config, "\n[sip]\nlisten = \"127.0.0.1:{door}\"\ntrunks = [\"127.0.0.1\"]\n").unwrap();
    cluster.start().unwrap();
    cluster.ready().await.unwrap();

    let urls: Vec<String> = cluster.nodes.iter().map(|node| node.url.clone()).collect();
    let admin = signed_in(urls.clone(), ADMIN, &cluster.password).await;
    let person = json!({"id": "mai", "name": "Mai", "role": "agent", "everywhere": true, "password": PASSWORD});
    done(&admin, "/api/people", person).await;
    let seat = json!({"person": "mai", "lines": ["1022"], "phone": format!("sip:101@127.0.0.1:{phone}")});
    done(&admin, "/api/agents", seat).await;
    // The agent's desk is at another node than the telephone's.
    let mai = signed_in(vec![urls[1].clone()], "mai", PASSWORD).await;
    done(&mai, "/api/agents/mai/status", json!({"expected_version": 1, "status": "available"})).await;

    let _phone = sipp(&["-sn", "uas", "-i", "127.0.0.1", "-p", &phone.to_string(), "-nostdin"]);
    let at = format!("127.0.0.1:{door}");
    let mut caller = sipp(&["-sn", "uac", "-i", "127.0.0.1", "-s", "1022", "-m", "1", "-d", "5000", "-nostdin", &at]);

    let ringing = call(&mai, |call| call.status == CallStatus::Ringing).await;
    assert_eq!((ringing.line.as_str(), ringing.agent.as_ref().unwrap().as_str()), ("1022", "mai"));
    let mut quickest = Duration::MAX;
    for _ in 0..POPS {
        let asked = Instant::now();
        let pop: Value = mai.get(&format!("/api/calls/{}/caller", ringing.id)).await.unwrap();
        quickest = quickest.min(asked.elapsed());
        assert_eq!(pop["call"]["id"], json!(ringing.id));
    }
    assert!(quickest < POP_WITHIN, "the pop took {quickest:?} at best");
    done(&mai, &format!("/api/calls/{}/answer", ringing.id), json!({"expected_version": ringing.version})).await;
    let held = call(&mai, |call| call.status == CallStatus::Answered).await;
    assert!(held.talking.is_some());
    // The caller talks and hangs up; only a call that was put through lets `sipp` end well.
    let until = Instant::now() + WITHIN;
    let status = loop {
        if let Some(status) = caller.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < until, "the caller was not put through");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(status.success(), "{status}");
    let ended = call(&mai, |call| call.status == CallStatus::Ended).await;
    assert_eq!((ended.outcome.as_str(), ended.id), ("hung_up", ringing.id));
    let agents: Vec<Agent> = mai.list("/api/agents").await.unwrap();
    assert_eq!(agents[0].status, AgentStatus::WrapUp);

    cluster.stop().unwrap();
    fs::remove_dir_all(home).unwrap();
}
