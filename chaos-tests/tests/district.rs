//! A district centre's own node at the end of a line that is cut: its screens go on with a stated age, what people enter is kept
//! over crashes, and when the line is back each command is there once, and the room's picture is the cluster's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    desk::Desk,
    program::program,
    proxy::{Line, Proxies},
    world::World,
};
use node::{
    local::{ADMIN, free_port},
    watch::{Screen, ScreenConfig, picture::Picture},
};
use serde_json::json;
use tokio::time::sleep;

/// The district centre's node among the proxies.
const CENTRE: u64 = 9;
/// Whoever sits in the room.
const PERSON: &str = "truc-huyen";
/// Commands entered in each stretch of the drill.
const COMMANDS: usize = 12;
/// The line is noticed to be cut or back, and what was kept is sent.
const WITHIN: Duration = Duration::from_secs(60);

const CUT: Line = Line { is_cut: true, delay: Duration::ZERO };

/// The node's process and folder.
struct Centre {
    home: PathBuf,
    url: String,
    child: Option<Child>,
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Centre {
    fn start(&mut self) -> Result<(), Failure> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.home.join("node.log"))?;
        let child = Command::new(program()?)
            .args(["district", "start"])
            .arg(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// `kill -9`.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn status(&self, wait_s: u64) -> Result<(bool, String), Failure> {
        let output = Command::new(program()?)
            .args(["district", "status", "--url", &self.url, "--wait-s", &wait_s.to_string()])
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ok((output.status.success(), said))
    }

    async fn answers(&self) -> Result<(), Failure> {
        let until = Instant::now() + WITHIN;
        while self.status(0)?.1.contains("no answer") {
            if Instant::now() > until {
                return Err(format!("{} does not answer; see {}/node.log", self.url, self.home.display()).into());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// Enters incidents; gives how many were kept. Each was promised: answered by the province, or kept.
async fn enter(
    desk: &Desk,
    world: &World,
    promised: &mut Vec<String>,
    name: &str,
    count: usize,
) -> Result<usize, Failure> {
    let mut kept = 0;
    for number in 0..count {
        let summary = format!("{name} {number}");
        let body = json!({ "kind": "flood", "severity": "low", "place": world.sites[0].place(), "summary": summary, "exercise": true });
        let answer = desk.command("/api/incidents", &body).await.accepted(&summary)?;
        kept += usize::from(answer.get("kept").is_some());
        promised.push(summary);
    }
    Ok(kept)
}

async fn count_of(desk: &Desk, state: &str) -> Result<usize, Failure> {
    let kept = desk.get("/api/kept").await.accepted("kept")?;
    Ok(kept["items"].as_array().into_iter().flatten().filter(|item| item["state"] == state).count())
}

/// The same, once as many are there: a node may be a moment behind what was acknowledged.
async fn counts_of(desk: &Desk, expected: usize) -> Result<BTreeMap<String, usize>, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let found = counts(desk).await?;
        if found.len() >= expected || Instant::now() > until {
            return Ok(found);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// How often each summary is there, at one node.
async fn counts(desk: &Desk) -> Result<BTreeMap<String, usize>, Failure> {
    let read = desk.get("/api/incidents").await.accepted("incidents")?;
    let mut counts = BTreeMap::new();
    for item in read["items"].as_array().into_iter().flatten() {
        *counts.entry(item["summary"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    Ok(counts)
}

fn is_cut(picture: &Picture) -> bool {
    let heartbeat = picture.heartbeat.as_ref();
    heartbeat.is_some_and(|it| it.line.is_some_and(|line| line.cut) && it.quorum_age_ms > 5_000)
}

/// A screen of what a district centre's node copies: calls and models stay at the province.
fn screen(origin: &str, desk: &Desk) -> Result<Screen, Failure> {
    let nouns = ["sensor", "camera", "alarm", "incident", "instruction", "unit", "reading"].map(str::to_owned).to_vec();
    Ok(Screen::open(ScreenConfig { nouns, ..ScreenConfig::new(vec![origin.to_owned()], desk.token().to_owned()) })?)
}

/// Waits until both screens show the same.
async fn equal(room: &Screen, province: &Screen) -> Result<(), Failure> {
    let until = Instant::now() + WITHIN;
    while room.digest() != province.digest() {
        if Instant::now() > until {
            let differences = room.picture(|one| province.picture(|two| one.differences(two, 5)));
            return Err(format!("the room's picture differs from the province's: {differences:#?}").into());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn make(world: &World, proxies: &Proxies) -> Result<Centre, Failure> {
    let port = free_port()?.local_addr()?.port();
    let home = world.cluster.nodes[0].home.parent().ok_or("a node's folder has a parent")?.join("centre");
    let mut make = Command::new(program()?);
    make.args([
        "district",
        "make",
        "--account",
        "huyen-a",
        "--district",
        &world.sites[0].district,
        "--host",
        "127.0.0.1",
    ])
    .args(["--port", &port.to_string(), "--person", ADMIN])
    .arg("--out")
    .arg(&home)
    .env("TRONGDONG_PASSWORD", &world.cluster.password);
    for node in &world.cluster.nodes {
        let port = proxies.port(CENTRE, node.id).ok_or("there is a proxy to each node")?;
        make.args(["--url", &format!("http://127.0.0.1:{port}")]);
    }
    let output = make.output()?;
    if !output.status.success() {
        return Err(format!("district make: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(Centre { home, url: format!("http://127.0.0.1:{port}"), child: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_district_centre_that_is_cut_off_goes_on_and_sends_what_it_kept_once() {
    let drill = async || {
        let mut world = World::start("district").await?;
        world.put_person(PERSON, "agent", &[&world.sites[0].district], false).await?;
        let gateway = |url: &str| url.trim_start_matches("http://").parse::<SocketAddr>();
        let mut ends: Vec<(u64, SocketAddr)> = Vec::new();
        for node in &world.cluster.nodes {
            ends.push((node.id, gateway(&node.url)?));
        }
        ends.push((CENTRE, "127.0.0.1:9".parse()?));
        let proxies = Proxies::open(&ends)?;
        let mut centre = make(&world, &proxies).await?;
        centre.start()?;
        let (is_well, said) = centre.status(60)?;
        assert!(is_well, "{said}");

        // While the line stands, the room is as any other.
        let mut promised = Vec::new();
        let origin = [centre.url.clone()];
        let desk = Desk::sign_in(&origin, PERSON, &world.secret).await?;
        assert_eq!(enter(&desk, &world, &mut promised, "before", COMMANDS).await?, 0);
        let at_province = Desk::sign_in(&world.origins(), PERSON, &world.secret).await?;
        let province = screen(&world.origins()[0], &at_province)?;
        let room = screen(&centre.url, &desk)?;
        room.wait_until(WITHIN, Picture::is_complete).await?;
        province.wait_until(WITHIN, Picture::is_complete).await?;
        equal(&room, &province).await?;

        // It is cut: first nobody knows, then everybody sees it, and nothing that is entered is lost.
        proxies.set_around(CENTRE, Some(CUT), Some(CUT));
        let mut kept = enter(&desk, &world, &mut promised, "cut", COMMANDS).await?;
        assert_eq!(kept, COMMANDS);
        room.wait_until(WITHIN, is_cut).await?;
        assert_eq!(count_of(&desk, "waiting").await?, kept);
        let elsewhere = json!({
            "kind": "fire", "severity": "low", "place": world.sites[0].place(), "summary": "elsewhere", "exercise": true,
        });
        world.put("/api/incidents", elsewhere).await?;

        // The process dies, and comes back as old as it was.
        centre.kill();
        centre.start()?;
        centre.answers().await?;
        let (is_well, said) = centre.status(0)?;
        assert!(!is_well && said.contains("the line to the province is cut"), "{said}");
        room.wait_until(WITHIN, |picture| picture.is_complete() && is_cut(picture)).await?;
        let shows = |summary: &str| {
            let is_it = |record: &domain::wire::generated::event::Subject| {
                matches!(record,
                domain::wire::generated::event::Subject::Incident(it) if it.summary == summary)
            };
            room.picture(|picture| picture.records("incident").any(|(_, record)| is_it(record)))
        };
        assert!(shows("before 0") && !shows("elsewhere"), "the picture of before the cut");
        kept += enter(&desk, &world, &mut promised, "after the crash", COMMANDS).await?;
        assert_eq!(count_of(&desk, "waiting").await?, kept);

        // Whoever signed in here before may again; what they enter waits for the province to let them in.
        let offline = Desk::sign_in(&origin, PERSON, &world.secret).await?;
        assert_eq!(enter(&offline, &world, &mut promised, "offline", COMMANDS).await?, COMMANDS);
        assert_eq!(count_of(&offline, "sign_in").await?, COMMANDS);
        assert!(Desk::sign_in(&origin, PERSON, "not this").await.is_err());

        // The line is back, and the process dies while it sends.
        proxies.set_around(CENTRE, Some(Line::default()), Some(Line::default()));
        let healed = Instant::now();
        while counts(&world.admin).await?.keys().filter(|it| it.starts_with("cut")).count() < 2 {
            assert!(healed.elapsed() < WITHIN, "nothing is sent");
            sleep(Duration::from_millis(10)).await;
        }
        centre.kill();
        centre.start()?;
        centre.answers().await?;
        while count_of(&desk, "waiting").await? > 0 {
            assert!(healed.elapsed() < WITHIN, "something is not sent");
            sleep(Duration::from_millis(50)).await;
        }
        println!("sent {kept} kept commands within {:?} of the line being back, a crash among it", healed.elapsed());
        let again = Desk::sign_in(&origin, PERSON, &world.secret).await?;
        let (is_well, said) = centre.status(60)?;
        assert!(is_well, "{said}");
        assert_eq!(enter(&again, &world, &mut promised, "again", COMMANDS).await?, 0);

        // Nothing lost, nothing doubled, at any node; and the room shows what the cluster holds.
        for node in &world.cluster.nodes {
            let desk = world.admin.at(std::slice::from_ref(&node.url));
            let counts = counts_of(&desk, promised.len() + 1).await?;
            for summary in &promised {
                assert_eq!(counts.get(summary), Some(&1), "{summary} at node {}", node.id);
            }
            assert_eq!(counts.len(), promised.len() + 1, "nothing that nobody entered: {counts:?}");
        }
        let room = screen(&centre.url, &again)?;
        room.wait_until(WITHIN, Picture::is_complete).await?;
        equal(&room, &province).await?;
        room.picture(|picture| assert_eq!((picture.counters.gaps, picture.counters.disorders), (0, 0)));
        let metrics = again.get("/metrics").await.accepted("metrics")?;
        for line in metrics.as_str().unwrap_or_default().lines().filter(|line| line.starts_with("trongdong_district")) {
            println!("{line}");
        }
        println!("{} commands were promised, {} of them kept", promised.len(), kept + COMMANDS);
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

/// A flipped bit in the copy is named, and leads to a whole picture from the province.
#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_the_copy_is_named_and_never_shown() {
    let drill = async || {
        let mut world = World::start("district-bit").await?;
        world.put_person(PERSON, "agent", &[&world.sites[0].district], false).await?;
        let gateway = |url: &str| url.trim_start_matches("http://").parse::<SocketAddr>();
        let mut ends: Vec<(u64, SocketAddr)> = Vec::new();
        for node in &world.cluster.nodes {
            ends.push((node.id, gateway(&node.url)?));
        }
        ends.push((CENTRE, "127.0.0.1:9".parse()?));
        let proxies = Proxies::open(&ends)?;
        let mut centre = make(&world, &proxies).await?;
        centre.start()?;
        let (is_well, said) = centre.status(60)?;
        assert!(is_well, "{said}");
        centre.kill();
        let copy = fs::read_dir(centre.home.join("data/copy"))?.flatten().map(|it| it.path());
        let file =
            copy.into_iter().find(|path| path.extension().is_some_and(|it| it == "copy")).ok_or("a copy is there")?;
        let mut bytes = fs::read(&file)?;
        bytes[60] ^= 8;
        fs::write(&file, bytes)?;
        centre.start()?;
        let (is_well, said) = centre.status(60)?;
        assert!(is_well, "{said}");
        assert!(fs::read_to_string(centre.home.join("node.log"))?.contains("is damaged at byte"));
        let desk = Desk::sign_in(&[centre.url.clone()], PERSON, &world.secret).await?;
        let at_province = Desk::sign_in(&world.origins(), PERSON, &world.secret).await?;
        let (room, province) = (screen(&centre.url, &desk)?, screen(&world.origins()[0], &at_province)?);
        room.wait_until(WITHIN, Picture::is_complete).await?;
        province.wait_until(WITHIN, Picture::is_complete).await?;
        equal(&room, &province).await?;
        let metrics = desk.get("/metrics").await.accepted("metrics")?;
        let damages =
            metrics.as_str().unwrap_or_default().lines().find(|it| it.starts_with("trongdong_district_damages"));
        assert_eq!(damages, Some("trongdong_district_damages 1"));
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
