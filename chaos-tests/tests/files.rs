//! A photo that was acknowledged outlives the node that took it, and comes back to a node that has lost it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use chaos_tests::{Failure, desk::Desk, program::program, world::World};
use edge::fuzzing::{PICTURE_SECRET, picture_seeds};
use node::local::{ADMIN, free_port};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

/// How long a node may take to have a file, and to belong.
const THERE_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a node said.
struct Answered {
    status: u16,
    kind: Option<String>,
    body: Vec<u8>,
}

/// Somebody with photos, at one node.
struct Photographer {
    http: reqwest::Client,
    cookie: String,
}

impl Photographer {
    async fn new(world: &World, node: u64) -> Result<Self, Failure> {
        let desk = Desk::sign_in(&world.origin(node), ADMIN, &world.cluster.password).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, cookie: format!("td_session={}", desk.token()) })
    }

    /// The answer to a request, which is sent again while the node says that it cannot be done now: nobody may lead for a moment.
    async fn answered(&self, request: RequestBuilder) -> Result<Answered, Failure> {
        let request = request.header("cookie", &self.cookie);
        let until = Instant::now() + THERE_WITHIN;
        loop {
            let response = request.try_clone().ok_or("the body can be sent again")?.send().await?;
            let status = response.status().as_u16();
            if (status != 429 && status < 500) || Instant::now() > until {
                let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
                return Ok(Answered { status, kind: kind.map(str::to_owned), body: response.bytes().await?.to_vec() });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The same of a look, at what holds all that was acknowledged before.
    async fn look(&self, url: String) -> Result<Answered, Failure> {
        self.answered(self.http.get(url).header("x-read", "linearizable")).await
    }

    /// Puts a photo; its attachment's number, once a quorum has it.
    async fn put(&self, url: &str, seq: u64, incident: &str, photo: Vec<u8>) -> Result<String, Failure> {
        let path = format!("{url}/api/files?incident={incident}&note=cau%20sap");
        let request =
            self.http.post(path).header("x-request-seq", seq).header("content-type", "image/jpeg").body(photo);
        let Answered { status, body, .. } = self.answered(request).await?;
        if status != 200 {
            return Err(format!("the photo was answered {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let done: Value = serde_json::from_slice(&body)?;
        Ok(done["entity"].as_str().unwrap_or_default().to_owned())
    }

    /// The photos of an incident, as a node tells them, in order.
    async fn listed(&self, url: &str, incident: &str) -> Result<Vec<String>, Failure> {
        let answered = self.look(format!("{url}/api/files?incident={incident}")).await?;
        let listed: Value = serde_json::from_slice(&answered.body)?;
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        Ok(items.iter().filter_map(|item| item["sha256"].as_str().map(str::to_owned)).collect())
    }

    /// A photo, from a node.
    async fn show(&self, url: &str, incident: &str, file: &str) -> Result<Vec<u8>, Failure> {
        let Answered { status, kind, body } = self.look(format!("{url}/api/files/{file}?incident={incident}")).await?;
        if status != 200 || kind.as_deref() != Some("image/jpeg") {
            return Err(format!("the photo was answered {status} {kind:?}").into());
        }
        Ok(body)
    }
}

/// Where a node keeps a file.
fn copy_of(home: &Path, file: &str) -> PathBuf {
    home.join("data/files").join(file.get(..2).unwrap_or_default()).join(file)
}

/// Waits until the node has its own copy, byte for byte.
async fn has_copy(home: &Path, file: &str, bytes: &[u8]) -> Result<(), Failure> {
    let until = Instant::now() + THERE_WITHIN;
    while fs::read(copy_of(home, file)).ok().as_deref() != Some(bytes) {
        if Instant::now() > until {
            return Err(format!("{} has no copy of {file}", home.display()).into());
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Runs the program to its end.
async fn trongdong(world: &World, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(program()?);
    command.args(arguments).env("TRONGDONG_PASSWORD", &world.cluster.password).stdin(Stdio::null());
    let output = command.kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Puts a new node with number 4 in the place of node 3, whose disk is gone; its home, its origin and its process.
async fn replace_third(world: &World) -> Result<(PathBuf, String, Child), Failure> {
    let folder = world.cluster.nodes[0].home.parent().ok_or("a node's folder has a parent")?.to_owned();
    let home = folder.join("node-4");
    // Held together, so that none is given twice.
    let held: Vec<TcpListener> = (0..3).map(|_| free_port()).collect::<Result<_, _>>()?;
    let ports: Vec<String> =
        held.iter().map(|it| Ok(it.local_addr()?.port().to_string())).collect::<Result<_, Failure>>()?;
    drop(held);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (ca, authority, out) = (text(&folder.join("authority/ca.pem")), text(&folder.join("authority")), text(&home));
    let url = &world.cluster.nodes[0].url;
    let place =
        ["--host", "127.0.0.1", "--peer-port", &ports[0], "--gateway-port", &ports[1], "--mqtt-port", &ports[2]];
    let who = ["replace", "3", "--url", url, "--ca", &ca, "--authority", &authority, "--out", &out];
    trongdong(world, &[&who[..], &place].concat()).await?;
    trongdong(world, &["join", &out]).await?;
    let log = fs::File::create(home.join("node.log"))?;
    let mut start = Command::new(program()?);
    let child = start.args(["start", &out]).stdout(log).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    Ok((home, format!("http://127.0.0.1:{}", ports[1]), child))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_outlives_the_node_that_took_it_and_comes_back_to_one_that_lost_it() {
    let drill = async || -> Result<(), Failure> {
        let mut world = World::start("files").await?;
        let report = json!({
            "reference": "113", "kind": "infrastructure", "severity": "high", "place": world.sites[0].place(),
            "summary": "Cầu sập", "exercise": false,
        });
        let opened = world.put("/api/reports", report).await?;
        let incident = opened["entity"].as_str().ok_or("there is an incident")?.to_owned();
        let photo = picture_seeds().swap_remove(0);
        let urls = world.origins();

        // Taken by node 3.
        let lan = Photographer::new(&world, 3).await?;
        let number = lan.put(&urls[2], 1, &incident, photo.clone()).await?;
        assert_eq!(lan.put(&urls[2], 1, &incident, photo).await?, number, "sent again it is put once");
        let files = lan.listed(&urls[2], &incident).await?;
        assert_eq!(files.len(), 1, "{files:?}");
        let file = &files[0];
        let taken = lan.show(&urls[2], &incident, file).await?;
        assert!(
            !taken.windows(PICTURE_SECRET.len()).any(|found| found == PICTURE_SECRET),
            "where it was taken is gone"
        );
        let homes: Vec<PathBuf> = world.cluster.nodes.iter().map(|node| node.home.clone()).collect();
        let copies = homes.iter().filter(|home| copy_of(home, file).exists()).count();
        assert!(copies >= 2, "acknowledged, and on {copies} disks");

        // The node that took it is gone with its disk: the others have it.
        world.kill(3)?;
        fs::remove_dir_all(homes[2].join("data"))?;
        for at in [0, 1] {
            assert_eq!(lan.show(&urls[at], &incident, file).await?, taken, "node {}", at + 1);
            has_copy(&homes[at], file, &taken).await?;
        }

        // A node that has lost its copies, and one whose copy is spoiled, show it and get it back.
        fs::remove_dir_all(homes[0].join("data/files"))?;
        fs::create_dir_all(homes[0].join("data/files/incoming"))?;
        assert_eq!(lan.show(&urls[0], &incident, file).await?, taken);
        has_copy(&homes[0], file, &taken).await?;
        fs::write(copy_of(&homes[1], file), b"spoiled")?;
        assert_eq!(lan.show(&urls[1], &incident, file).await?, taken);
        has_copy(&homes[1], file, &taken).await?;

        // Who stands in for the lost node fetches it without being asked.
        let (home, url, _process) = replace_third(&world).await?;
        has_copy(&home, file, &taken).await?;
        let until = Instant::now() + THERE_WITHIN;
        loop {
            match lan.show(&url, &incident, file).await {
                Ok(bytes) => break assert_eq!(bytes, taken),
                Err(error) if Instant::now() > until => return Err(error),
                Err(_) => sleep(LOOK_EVERY).await,
            }
        }
        world.done();
        Ok(())
    };
    drill().await.unwrap();
}
