//! The runbooks, as they stand in `ops/runbooks`: their blocks are run word by word against three real nodes, while the load
//! writes all the time. Nodes are added, stopped, removed and replaced; what was acknowledged stays, once, and every node
//! that is left holds the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    desk::Desk,
    gather::{equal, gather},
    judge::{Broken, judge},
    load::{Load, Plan},
    program::program,
    world::World,
};
use node::local::{ADMIN, free_port};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Where the pages are, from this crate.
const RUNBOOKS: &str = "../ops/runbooks";
/// Work before and after each page.
const CALM: Duration = Duration::from_secs(2);
/// The longest time in which nothing at all was acknowledged, on any page. An election after a cut line would be shorter
/// than this on an idle machine; the drill shares its cores with four nodes and a load.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A process that was told to end has ended.
const ENDED_WITHIN: Duration = Duration::from_secs(30);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: usize = 300;
const COMMANDS_MIN: usize = 20;

/// The shell blocks of a page, in order.
fn blocks(page: &str) -> Vec<String> {
    let path = Path::new(RUNBOOKS).join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let found: Vec<String> = text
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| block.to_owned())
        .collect();
    assert!(!found.is_empty(), "{page} has blocks");
    found
}

/// Processes that a page's `$START` brought up, by the file in which it noted each; they end with the drill.
struct Started(PathBuf);

impl Drop for Started {
    fn drop(&mut self) {
        for node in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            if let Ok(pid) = fs::read_to_string(node.path().join("node.pid")) {
                let _ = Command::new("kill").arg("-9").arg(pid.trim()).status();
            }
        }
    }
}

/// What stands for the service manager of the machines: starts a node in the background, and stops one and waits.
const START: &str = r#"#!/bin/sh
nohup trongdong start "$1" >>"$1/node.log" 2>&1 &
echo $! >"$1/node.pid"
"#;
const STOP: &str = r#"#!/bin/sh
pid=$(cat "$1/node.pid")
kill -TERM "$pid"
for i in $(seq 300); do
  if [ ! -d "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status"; then exit 0; fi
  sleep 0.1
done
exit 1
"#;

const START_DISTRICT: &str = r#"#!/bin/sh
nohup trongdong district start "$1" >>"$1/node.log" 2>&1 &
echo $! >"$1/node.pid"
"#;

/// A person at a terminal with the runbooks.
struct Operator {
    folder: PathBuf,
    variables: BTreeMap<&'static str, String>,
}

impl Operator {
    fn new(world: &mut World) -> Result<Self, Failure> {
        use std::os::unix::fs::PermissionsExt;
        let folder = world.cluster.nodes[0].home.parent().ok_or("a node's folder has a parent")?.to_owned();
        for (name, script) in [("start", START), ("stop", STOP), ("start-district", START_DISTRICT)] {
            let path = folder.join(name);
            fs::write(&path, script)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        for id in 1..=3 {
            let pid = world.cluster.pid(id).map_err(|error| error.to_string())?.ok_or("a node runs")?;
            fs::write(folder.join(format!("node-{id}/node.pid")), pid.to_string())?;
        }
        let of = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let path = format!("{}:{}", program()?.parent().ok_or("no folder")?.display(), std::env::var("PATH")?);
        let variables = BTreeMap::from([
            ("PATH", path),
            ("URL", world.cluster.nodes[0].url.clone()),
            ("CA", of("authority/ca.pem")),
            ("AUTHORITY", of("authority")),
            ("TRONGDONG_PASSWORD", world.cluster.password.clone()),
            ("START", of("start")),
            ("STOP", of("stop")),
            ("START_DISTRICT", of("start-district")),
            ("NEW_HOST", "127.0.0.1".to_owned()),
        ]);
        Ok(Self { folder, variables })
    }

    /// Says which node a page is about.
    fn about(&mut self, node: u64) {
        self.variables.insert("NODE", node.to_string());
        self.variables.insert("UNIT", self.home(node).to_string_lossy().into_owned());
    }

    /// Chooses where the next new node will be; gives its origin.
    fn place(&mut self, node: u64) -> Result<String, Failure> {
        // Held together, so that none is given twice.
        let held: Vec<TcpListener> = (0..3).map(|_| free_port()).collect::<Result<_, _>>()?;
        let ports: Vec<u16> = held.iter().map(|it| Ok(it.local_addr()?.port())).collect::<Result<_, Failure>>()?;
        for (name, port) in ["NEW_PEER_PORT", "NEW_GATEWAY_PORT", "NEW_MQTT_PORT"].into_iter().zip(&ports) {
            self.variables.insert(name, port.to_string());
        }
        let home = self.home(node).to_string_lossy().into_owned();
        self.variables.insert("NEW_NODE", home.clone());
        self.variables.insert("NEW_UNIT", home);
        Ok(format!("http://127.0.0.1:{}", ports[1]))
    }

    /// Chooses where a district centre's node will be; gives its origin.
    fn place_centre(&mut self, district: &str) -> Result<String, Failure> {
        let port = free_port()?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let home = self.folder.join("district-node").to_string_lossy().into_owned();
        for (name, value) in [
            ("DISTRICT", district),
            ("ACCOUNT", "huyen"),
            ("DISTRICT_HOST", "127.0.0.1"),
            ("DISTRICT_PORT", &port.to_string()),
            ("DISTRICT_NODE", &home),
            ("DISTRICT_URL", &url),
        ] {
            self.variables.insert(name, value.to_owned());
        }
        Ok(url)
    }

    fn home(&self, node: u64) -> PathBuf {
        self.folder.join(format!("node-{node}"))
    }

    async fn shell(&self, block: &str) -> Result<Output, Failure> {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-euc", block]).envs(&self.variables).current_dir(&self.folder).kill_on_drop(true);
        Ok(command.stdin(std::process::Stdio::null()).output().await?)
    }

    /// Runs every block of a page; each must succeed.
    async fn run(&self, page: &str) -> Result<(), Failure> {
        for block in blocks(page) {
            let output = self.shell(&block).await?;
            if !output.status.success() {
                let said =
                    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
                return Err(format!("{page}: {}\n{block}{said}", output.status).into());
            }
        }
        Ok(())
    }

    /// What `trongdong status` says.
    async fn status(&self) -> Result<(Option<i32>, Value), Failure> {
        let output = self.shell("trongdong status --url \"$URL\" --ca \"$CA\" --json").await?;
        Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
    }

    /// A command that must be refused; gives its words.
    async fn refused(&self, block: &str) -> Result<String, Failure> {
        let output = self.shell(block).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Err(format!("{block} was not refused").into()) } else { Ok(said) }
    }
}

/// Runs a page under the load, and says how long nothing was acknowledged.
async fn page(operator: &Operator, load: &Load, page: &str) -> Result<(), Failure> {
    sleep(CALM).await;
    let begun = Instant::now();
    operator.run(page).await?;
    let took = begun.elapsed();
    sleep(CALM).await;
    let (pause, slowest) = (load.oracle.longest_pause_since(begun), load.oracle.slowest_command_since(begun));
    println!("{page}: {:.1} s, longest pause {pause:?}, slowest command {slowest:?}", took.as_secs_f64());
    if pause > PAUSE_MAX {
        return Err(format!("{page}: nothing was acknowledged for {pause:?}").into());
    }
    Ok(())
}

/// Waits until every node that belongs to the cluster says that these are the voters of every group.
async fn voters(operator: &Operator, expected: &[u64]) -> Result<(), Failure> {
    let until = Instant::now() + ENDED_WITHIN;
    loop {
        let (_, status) = operator.status().await?;
        let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
        let reports = nodes.iter().filter_map(|node| node["report"]["groups"].as_array());
        let found: Vec<Value> = reports.flatten().map(|group| group["voters"].clone()).collect();
        if nodes.len() == expected.len() && !found.is_empty() && found.iter().all(|voters| *voters == json!(expected)) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("the voters should be {expected:?}, and are {found:?} on {} nodes", nodes.len()).into());
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Waits until `trongdong status` ends with this.
async fn level(operator: &Operator, expected: i32) -> Result<(), Failure> {
    let until = Instant::now() + ENDED_WITHIN;
    loop {
        let (code, status) = operator.status().await?;
        if code == Some(expected) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("status ends with {code:?}, not {expected}: {}", status["findings"]).into());
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// The process of a node has ended.
async fn ended(operator: &Operator, node: u64) -> Result<(), Failure> {
    let pid = fs::read_to_string(operator.home(node).join("node.pid"))?;
    let until = Instant::now() + ENDED_WITHIN;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", pid.trim()));
        if status.is_err() || status.is_ok_and(|status| status.contains("State:\tZ")) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("node {node} still runs").into());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// A node that serves by itself: it lets people in, shows what is there and takes what is new.
async fn serves(world: &World, url: &str) -> Result<(), Failure> {
    let desk = Desk::sign_in(&[url.to_owned()], ADMIN, &world.cluster.password).await?;
    let listed = desk.get("/api/sensors").await.accepted("sensors of the new node")?;
    assert!(listed["items"].as_array().is_some_and(|items| !items.is_empty()), "{listed}");
    let report = json!({
        "reference": url, "kind": "other", "severity": "low", "place": world.sites[0].place(), "summary": url, "exercise": true,
    });
    desk.command("/api/reports", &report).await.accepted("a report through the new node")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runbooks_hold_under_load() {
    let drill = async || {
        let mut world = World::start("runbooks").await?;
        let mut operator = Operator::new(&mut world)?;
        let _started = Started(operator.folder.clone());
        let load = Load::start(&world, Plan::FULL, 1).await?;

        page(&operator, &load, "status.md").await?;

        let centre = operator.place_centre(&world.sites[0].district)?;
        page(&operator, &load, "district-node.md").await?;
        let room = Desk::sign_in(&[centre], ADMIN, &world.cluster.password).await?;
        let shown = room.get("/api/sensors").await.accepted("sensors at the district centre")?;
        let sensors = shown["items"].as_array().map_or(0, Vec::len);
        assert_eq!(sensors, world.sites[0].sensors().count(), "the district's, and no others: {shown}");

        let fourth = operator.place(4)?;
        page(&operator, &load, "add-node.md").await?;
        voters(&operator, &[1, 2, 3, 4]).await?;
        serves(&world, &fourth).await?;
        assert!(!operator.home(4).join("invitation.toml").exists(), "the invitation is used up");
        let again = operator.refused("trongdong join \"$NEW_NODE\"").await?;
        assert!(again.contains("trongdong invite"), "{again}");

        operator.about(4);
        page(&operator, &load, "planned-stop.md").await?;

        operator.about(2);
        page(&operator, &load, "remove-node.md").await?;
        ended(&operator, 2).await?;
        voters(&operator, &[1, 3, 4]).await?;
        let started_again = operator.refused("trongdong start \"$UNIT\"").await?;
        assert!(started_again.contains("trongdong invite"), "{started_again}");
        operator.about(3);
        let too_few = operator.refused("trongdong leave \"$NODE\" --url \"$URL\" --ca \"$CA\"").await?;
        assert!(too_few.contains("trongdong replace 3"), "{too_few}");

        // Its disk is gone.
        world.kill(3)?;
        fs::remove_dir_all(operator.home(3).join("data"))?;
        let lost = operator.refused("trongdong start \"$UNIT\"").await?;
        assert!(lost.contains("trongdong replace 3"), "{lost}");
        level(&operator, 1).await?;
        let fifth = operator.place(5)?;
        page(&operator, &load, "replace-node.md").await?;
        voters(&operator, &[1, 4, 5]).await?;
        serves(&world, &fifth).await?;
        level(&operator, 0).await?;

        load.promised(READINGS_MIN, COMMANDS_MIN).await?;
        let (oracle, _) = load.finish().await?;
        let promises = oracle.promises();
        let mut broken = Broken::default();
        let urls = [world.cluster.nodes[0].url.clone(), fourth, fifth];
        equal(&world.admin, &urls).await?;
        for url in &urls {
            let desk = world.admin.at(std::slice::from_ref(url));
            broken.add(url, judge(&promises, &gather(&desk, &promises).await?));
        }
        let (readings, commands) = (promises.readings_acknowledged(), promises.commands_acknowledged());
        println!("acknowledged {readings} readings and {commands} commands, {} unknown", promises.unknown());
        if !broken.is_empty() {
            return Err(broken.to_string().into());
        }
        assert!(readings >= READINGS_MIN && commands >= COMMANDS_MIN, "{readings} readings, {commands} commands");

        // With one of three left there is no majority, and the status needs none to say so.
        for node in [4, 5] {
            let pid = fs::read_to_string(operator.home(node).join("node.pid"))?;
            Command::new("kill").arg("-9").arg(pid.trim()).status()?;
        }
        level(&operator, 2).await?;
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[test]
fn every_page_is_in_the_list_and_has_blocks() {
    let folder = Path::new(RUNBOOKS);
    let list = fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if name != "README.md" {
            assert!(list.contains(&format!("({name})")), "{name} is not in README.md");
            assert!(!blocks(&name).is_empty());
        }
    }
}
