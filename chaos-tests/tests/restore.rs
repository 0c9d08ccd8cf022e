//! The restore drill, with the commands of `ops/runbooks/backup.md` as they stand there: backups of three real nodes under
//! load, all of them killed, a new cluster made of the newest backup at the same addresses. What was acknowledged before the
//! backup began is there, once; what came after it is not; three new nodes hold the same; the old screen is told `restored`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    auditor::{Door, export, find_every_change, verify as verify_record},
    desk::Desk,
    gather::gather,
    judge::judge,
    load::{Load, PROMISED_WITHIN, Plan},
    oracle::Fate,
    program::program,
    unix_ms,
    world::{DEVICE, NODES, World},
};
use domain::wire::generated::to_screen::Body;
use node::watch::{Noted, Screen, ScreenConfig, picture::Picture};
use raft::backup::{FrameReader, LogPlace, Part, Sum};
use serde_json::{Value, json};
use tokio::time::sleep;

mod taken;

use taken::{back_up, files_of, manifests, promised};

/// The page whose blocks are run.
const PAGE: &str = "../ops/runbooks/backup.md";
/// Work before each backup and after the last.
const CALM: Duration = Duration::from_secs(3);
/// Readings of one sensor that lie there before the load: history that the second backup need not write again.
const HISTORY: u64 = 60_000;
/// Of them in one push, and so in one row.
const PUSH: u64 = 500;
/// The sensor of the history. Its name stands in each reading and makes the rows long: a chunk ends with a row by the hash of its
/// key, in which the cluster's clock is, and as likely as the row is long. With 120 rows of some 37 kB fewer than two chunks end
/// among them in three drills of ten million, and then a second backup has nothing to share.
const OLD_SENSOR: &str = "muc-nuoc-cu-cua-tram-do-tren-song-cau-phia-thuong-nguon";
/// From the history to the restored nodes. Where the hour of the clock turns in it, nodes fold the rows of the hour before into
/// fewer others: the second backup shares nothing with the first, and a restored group has fewer rows than its backup.
const ROWS_STAY_FOR: Duration = Duration::from_secs(300);
/// A first picture, and one of the restored cluster.
const PICTURE_WITHIN: Duration = Duration::from_secs(60);
/// Starting three restored nodes and electing nine leaders.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// The new nodes hold the same.
const EQUAL_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: usize = 300;
const COMMANDS_MIN: usize = 20;

/// What stands for the service manager of the machines: starts a node in the background.
const START: &str = r#"#!/bin/sh
nohup trongdong start "$1" >>"$1/node.log" 2>&1 &
echo $! >"$1/node.pid"
"#;

/// Nodes that `START` brought up; they end with the drill.
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

/// The shell blocks of the page, in order: back up, verify, verify without the program, restore, start.
fn blocks() -> [String; 5] {
    let text = fs::read_to_string(PAGE).unwrap_or_else(|error| panic!("{PAGE}: {error}"));
    let blocks: Vec<String> = text
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| block.to_owned())
        .collect();
    blocks.try_into().unwrap_or_else(|found: Vec<_>| panic!("{PAGE} has {} blocks", found.len()))
}

/// A person at a terminal with the page.
struct Operator {
    folder: PathBuf,
    variables: BTreeMap<&'static str, String>,
}

impl Operator {
    fn new(world: &World) -> Result<Self, Failure> {
        use std::os::unix::fs::PermissionsExt;
        let home = &world.cluster.nodes[0].home;
        let first_port = world.cluster.nodes[0].peer.port();
        let folder = home.parent().ok_or("a node's folder has a parent")?.to_owned();
        let start = folder.join("start");
        fs::write(&start, START)?;
        fs::set_permissions(&start, fs::Permissions::from_mode(0o755))?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let path = format!("{}:{}", program()?.parent().ok_or("no folder")?.display(), std::env::var("PATH")?);
        let node = |id: u64| format!("--node {id}=127.0.0.1:{}", u64::from(first_port) + 3 * (id - 1));
        let variables = BTreeMap::from([
            ("PATH", path),
            ("BACKUPS", text(folder.join("backups"))),
            ("URL", world.cluster.nodes[1].url.clone()),
            ("CA", text(folder.join("authority/ca.pem"))),
            ("TRONGDONG_PASSWORD", world.cluster.password.clone()),
            ("SEALING_KEY", text(home.join("sealing.key"))),
            ("NODES", (1..=NODES).map(node).collect::<Vec<_>>().join(" ")),
            ("NEW_CLUSTER", text(folder.join("restored"))),
            ("START", text(start)),
        ]);
        Ok(Self { folder, variables })
    }

    async fn run(&self, block: &str) -> Result<Result<String, String>, Failure> {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-euc", block]).env_clear().envs(&self.variables).current_dir(&self.folder).kill_on_drop(true);
        let output = command.stdin(std::process::Stdio::null()).output().await?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(if output.status.success() {
            Ok(said(&output.stdout))
        } else {
            Err(said(&output.stdout) + &said(&output.stderr))
        })
    }

    /// Runs a block that must succeed.
    async fn does(&self, block: &str) -> Result<String, Failure> {
        self.run(block).await?.map_err(|said| format!("{block}{said}").into())
    }

    /// Runs a block that must be refused; gives what was said.
    async fn is_refused(&self, block: &str) -> Result<String, Failure> {
        self.run(block).await?.err().ok_or_else(|| format!("{block}was not refused").into())
    }

    fn path(&self, variable: &str) -> PathBuf {
        self.variables.get(variable).map(PathBuf::from).unwrap_or_default()
    }
}

/// Waits until the hour of the cluster's clock has so much left.
async fn wait_for_an_hour_with(left: Duration) {
    const HOUR_MS: u64 = 3_600_000;
    let left_now = Duration::from_millis(HOUR_MS - unix_ms() % HOUR_MS);
    if left_now < left {
        println!("restore: the hour turns in {} s and is waited for", left_now.as_secs());
        sleep(left_now + Duration::from_secs(1)).await;
    }
}

/// Readings from before the drill, all acknowledged.
async fn write_history(world: &World) -> Result<(), Failure> {
    world.put("/api/sensors", world.sites[0].sensor(OLD_SENSOR)).await?;
    let desk = Desk::sign_in(&world.origins(), DEVICE, &world.secret).await?;
    let first_ms = unix_ms() - 600_000;
    for push in 0..HISTORY / PUSH {
        let at = |number: u64| first_ms + push * PUSH + number;
        // Values that do not repeat, as real ones do not.
        let reading = |number: u64| json!({ "sensor": OLD_SENSOR, "at_ms": at(number), "value": at(number) % 9_973 });
        let batch: Vec<Value> = (0..PUSH).map(reading).collect();
        let answer = desk.push("/api/readings", &json!(batch)).await.accepted("history")?;
        let verdicts = answer["verdicts"].as_array().ok_or("no verdicts")?;
        assert!(verdicts.iter().all(|verdict| verdict == "recorded" || verdict == "duplicate"), "{answer}");
    }
    Ok(())
}

/// Lets the load work for a while, and until a reading is acknowledged that was sent in it.
async fn work(load: &Load) -> Result<(), Failure> {
    let (before, until) = (load.oracle.promises().readings, Instant::now() + PROMISED_WITHIN);
    sleep(CALM).await;
    loop {
        let mut readings = load.oracle.promises().readings.into_iter();
        if readings.any(|(key, promise)| promise.fate == Fate::Acknowledged && !before.contains_key(&key)) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err("no reading was acknowledged in all that time".into());
        }
        sleep(LOOK).await;
    }
}

type Held = BTreeMap<u32, (LogPlace, Sum)>;

/// What a node holds of each group, by its own backup stream. Asking appends nothing to any log.
async fn held(http: &reqwest::Client, url: &str, token: &str) -> Result<Held, Failure> {
    let request = http.get(format!("{url}/api/cluster/backup")).header("cookie", format!("td_session={token}"));
    let response = request.send().await?.error_for_status()?;
    let mut reader = FrameReader::default();
    reader.push(&response.bytes().await?);
    let (mut held, mut current) = (Held::new(), None);
    while let Some(part) = reader.next_part()? {
        match part {
            Part::Group(group, at) => current = Some((group.0, at)),
            Part::Sum(sum) => {
                let (group, at) = current.take().ok_or("a sum without its group")?;
                held.insert(group, (at, sum));
            }
            Part::End(_) => return Ok(held),
            Part::Begin(_) | Part::Rows(_) => {}
        }
    }
    Err(format!("{url}: the backup has no end").into())
}

/// Waits until all nodes hold the same rows at the same index of every group.
async fn equal(http: &reqwest::Client, urls: &[String], token: &str) -> Result<Held, Failure> {
    let until = Instant::now() + EQUAL_WITHIN;
    loop {
        let mut all = Vec::new();
        for url in urls {
            all.push(held(http, url, token).await?);
        }
        if all.windows(2).all(|pair| pair[0] == pair[1]) {
            return all.pop().ok_or_else(|| "no nodes".into());
        }
        if Instant::now() > until {
            return Err(format!("the nodes hold different things: {all:?}").into());
        }
        sleep(LOOK).await;
    }
}

/// Waits until every node says that it is ready.
async fn ready(http: &reqwest::Client, urls: &[String]) -> Result<(), Failure> {
    let until = Instant::now() + READY_WITHIN;
    for url in urls {
        loop {
            let answer = http.get(format!("{url}/ready")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            if Instant::now() > until {
                return Err(format!("{url} is not ready").into());
            }
            sleep(LOOK).await;
        }
    }
    Ok(())
}

/// A flipped byte of one file is found by name, and nothing is made of such a backup.
async fn damage(operator: &Operator, file: &Path, verify: &str, restore: &str) -> Result<(), Failure> {
    let whole = fs::read(file)?;
    let mut flipped = whole.clone();
    let at = flipped.len() / 2;
    flipped[at] ^= 1;
    fs::write(file, flipped)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().replace(".sha256", "");
    for block in [verify, restore] {
        let said = operator.is_refused(block).await?;
        assert!(said.contains(&name), "{block}names {name}: {said}");
    }
    assert!(!operator.path("NEW_CLUSTER").exists(), "nothing is made");
    fs::write(file, whole)?;
    Ok(())
}

/// No file of the backups holds the sealing key or a password.
fn no_secret(operator: &Operator, world: &World) -> Result<(), Failure> {
    let key = fs::read_to_string(operator.path("SEALING_KEY"))?.trim().to_owned();
    let raw: Vec<u8> =
        (0..key.len()).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16)).collect::<Result<_, _>>()?;
    let secrets: [&[u8]; 5] =
        [key.as_bytes(), &raw, world.secret.as_bytes(), world.cluster.password.as_bytes(), b"$argon2id$"];
    for file in files_of(&operator.path("BACKUPS")) {
        let bytes = fs::read(&file)?;
        for secret in secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "a secret is in {}", file.display());
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_province_comes_back_from_its_backup() {
    let drill = async || {
        let [backup, verify, verify_by_hand, restore, start] = blocks();
        let mut world = World::start_in_a_row("restore").await?;
        let mut operator = Operator::new(&world)?;
        let _started = Started(operator.path("NEW_CLUSTER"));
        wait_for_an_hour_with(ROWS_STAY_FOR).await;
        write_history(&world).await?;

        // A screen that will go on at the new cluster with what it knows of the old one.
        let resets: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&resets);
        let hook = move |what: Noted<'_>| {
            if let Noted::Message(Body::Reset(reset)) = what {
                noted.lock().unwrap().push(reset.reason.clone());
            }
        };
        let config = ScreenConfig::new(world.origins(), world.admin.token().to_owned());
        let screen = Screen::open(ScreenConfig { hook: Some(Arc::new(hook)), ..config })?;
        screen.wait_until(PICTURE_WITHIN, Picture::is_complete).await?;

        let load = Load::start(&world, Plan::FULL, 1).await?;
        work(&load).await?;
        back_up(&operator, &load, &backup).await?;
        work(&load).await?;
        // An auditor notes the heads of the record before the backup, and once more after it.
        let door = |ca: PathBuf| Door { urls: world.origins(), ca: Some(ca), password: world.cluster.password.clone() };
        let before = door(operator.path("CA"));
        export(&before, &operator.folder.join("record-kept")).await?;
        let kept = verify_record(&operator.folder.join("record-kept"), &[]).await?.map_err(Failure::from)?;
        load.promised(READINGS_MIN, COMMANDS_MIN).await?;
        let second = back_up(&operator, &load, &backup).await?;
        assert!(second.bytes_shared > 0, "history lies in chunks that are not written again");
        work(&load).await?;
        let (oracle, _) = load.finish().await?;
        let all = oracle.promises();
        export(&before, &operator.folder.join("record-lost")).await?;
        let lost = verify_record(&operator.folder.join("record-lost"), &kept).await?.map_err(Failure::from)?;
        for node in 1..=NODES {
            world.kill(node)?;
        }
        let old_epoch =
            screen.picture(Picture::positions).first().map(|at| at.epoch).ok_or("the screen knows nothing")?;
        let reset_before = resets.lock().unwrap().len();

        operator.does(&verify).await?;
        operator.does(&verify_by_hand).await?;
        no_secret(&operator, &world)?;
        let name = second.manifest["name"].as_str().ok_or("no name")?;
        let chunk = second.manifest["groups"][1]["chunks"][0]["sha256"].as_str().ok_or("no chunk")?;
        let backups = operator.path("BACKUPS");
        let chunk = backups.join("chunks").join(&chunk[..2]).join(format!("{chunk}.chunk"));
        for file in [chunk, backups.join(format!("{name}.json")), backups.join(format!("{name}.json.sha256"))] {
            damage(&operator, &file, &verify, &restore).await?;
        }

        let said = operator.does(&restore).await?;
        assert!(said.contains(name), "the newest is restored: {said}");
        let new_cluster = operator.path("NEW_CLUSTER");
        for node in 1..=NODES {
            let unit = new_cluster.join(format!("node-{node}"));
            operator.variables.insert("NEW_UNIT", unit.to_string_lossy().into_owned());
            operator.does(&start).await?;
        }
        let (http, urls) = (reqwest::Client::builder().no_proxy().build()?, world.origins());
        ready(&http, &urls).await?;

        // The nodes hold the same, and at least as many rows as the backup: what those of a field group are is judged below, by every
        // reading. Their sums differ from the backup's, since state's clock and the policy floor go on with the first entry.
        let held = equal(&http, &urls, world.admin.token()).await?;
        for (group, (at, sum)) in &held {
            let kept = &second.manifest["groups"][*group as usize];
            let (index, rows) = (kept["index"].as_u64().ok_or("no index")?, kept["rows"].as_u64().ok_or("no rows")?);
            assert!(at.index >= index, "group {group} goes on behind {index}, and is at {}", at.index);
            assert!(sum.rows >= rows, "group {group} had {rows} rows, and has {}", sum.rows);
        }

        let promises = promised(&second);
        let later = all.readings.keys().filter(|key| !promises.readings.contains_key(*key)).count();
        assert!(later > 0, "readings were acknowledged after the backup");
        for url in &urls {
            let desk = world.admin.at(std::slice::from_ref(url));
            // Asked for everything that was ever sent, and judged by what the backup may hold.
            let broken = judge(&promises, &gather(&desk, &all).await?);
            assert!(broken.is_empty(), "{url}: {broken}");
        }
        let (readings, commands) = (promises.readings_acknowledged(), promises.commands_acknowledged());
        println!(
            "restore: {readings} readings and {commands} commands acknowledged before the backup are there, {later} later \
             readings are not; {HISTORY} older ones lie in the same rows"
        );
        assert!(readings >= READINGS_MIN && commands >= COMMANDS_MIN, "{readings} readings, {commands} commands");

        // The old screen went on by itself, and was told by name that its places are void.
        let is_new = |picture: &Picture| {
            let places = picture.positions();
            picture.is_complete() && places.iter().all(|at| at.epoch != old_epoch)
        };
        screen.wait_until(PICTURE_WITHIN, is_new).await?;
        let reasons: BTreeSet<String> = resets.lock().unwrap()[reset_before..].iter().cloned().collect();
        assert_eq!(reasons, BTreeSet::from(["restored".to_owned()]));

        // It takes what is new, and its own backup lies beside those of before.
        let report = json!({
            "reference": "sau", "kind": "other", "severity": "low", "place": world.sites[0].place(), "summary": "sau",
            "exercise": true,
        });
        world.admin.command("/api/reports", &report).await.accepted("a report to the restored cluster")?;
        let device = Desk::sign_in(&urls, DEVICE, &world.secret).await?;
        let reading = json!([{ "sensor": OLD_SENSOR, "at_ms": unix_ms(), "value": 1 }]);
        device.push("/api/readings", &reading).await.accepted("a reading to the restored cluster")?;
        operator.variables.insert("CA", new_cluster.join("authority/ca.pem").to_string_lossy().into_owned());
        // The record goes on where the backup ended: what was noted before it holds, and what is lost behind it does not pass unseen.
        let restored = operator.folder.join("record-restored");
        let after = Door { ca: Some(operator.path("CA")), ..before };
        export(&after, &restored).await?;
        verify_record(&restored, &kept).await?.map_err(Failure::from)?;
        let missing = verify_record(&restored, &lost).await?.unwrap_err();
        assert!(missing.contains("was made anew or cut off"), "{missing}");
        find_every_change(&restored).await?;
        let kept = manifests(&operator).len();
        operator.does(&backup).await?;
        let said = operator.does(&verify).await?;
        assert_eq!(said.matches("GOOD").count(), kept + 1, "{said}");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
