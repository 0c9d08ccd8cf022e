//! A recording is played to the cluster, as `trongdong replay` does, and the leader is killed in the middle of it.
//!
//! `TRONGDONG_DATA` names a folder of real recordings; without it a small one of the same layout is made on the spot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chaos_tests::{
    Failure,
    judge::{judge_screen, judge_streams},
    oracle::Promises,
    scene::{abreast, settle},
    world::{NODES, World},
};
use flate2::{Compression, write::GzEncoder};
use node::{
    client::{Client, publisher::Account},
    local::ADMIN,
    replay::{self, ReplayOptions, Set, Speed, nab},
    town::{self, TownSize, person::DEVICE},
    watch::{Screen, picture::Picture},
};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};

/// Environment variable that names the folder of recordings.
const DATA_VARIABLE: &str = "TRONGDONG_DATA";
/// Points of each series, and calls.
const POINTS: usize = 40;
/// Five minutes become 300 ms, so that the series last for 12 s.
const SPEED: f64 = 1000.0;
/// From the beginning to the death.
const CALM: Duration = Duration::from_secs(4);
/// How long the dead stay away.
const AWAY: Duration = Duration::from_secs(3);
/// A first complete picture.
const PICTURE_WITHIN: Duration = Duration::from_secs(60);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: u64 = 300;
const CALLS_MIN: u64 = 20;

/// Whom the drill kills.
#[derive(Clone, Copy)]
enum Victim {
    Leader,
    Follower,
    Everybody,
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap())?;
    let mut file = GzEncoder::new(fs::File::create(path)?, Compression::fast());
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.finish().map(drop)
}

/// Minutes after midnight as a time of the recording.
fn time(minutes: usize) -> String {
    format!("2015-01-{:02} {:02}:{:02}:00", 1 + minutes / 1440, minutes / 60 % 24, minutes % 60)
}

/// A recording in the layout of the real ones: eight series a point every five minutes, and a call as often.
fn made_up(folder: &Path) -> io::Result<()> {
    for series in 0..8 {
        let rows = (0..POINTS).fold(String::from("timestamp,value\n"), |mut rows, point| {
            let _ = writeln!(rows, "{},{}", time(point * 5), (point * (7 + series)) % 50);
            rows
        });
        put(&folder.join(format!("nab/data/realTraffic/speed_{series}.csv.gz")), &rows)?;
    }
    let calls = (0..POINTS).fold(String::from("time,lat,lng,category,type\n"), |mut rows, call| {
        let (lat, lng) = (40.0 + (call % 9) as f64 / 50.0, -75.5 + (call % 7) as f64 / 40.0);
        let _ = writeln!(rows, "{},{lat},{lng},EMS,FALL VICTIM", time(call * 5));
        rows
    });
    put(&folder.join("montgomery911/montgomery911.csv.gz"), &calls)
}

fn leader(screen: &Screen) -> Option<u64> {
    screen.picture(|picture| picture.leader(0))
}

/// What each sensor must hold at the end: the values of its series in order.
fn expected(data: &Path) -> Result<BTreeMap<String, Vec<f64>>, Failure> {
    let mut expected = BTreeMap::new();
    for series in nab::load(data).map_err(|error| error.to_string())? {
        let values = series.points.iter().take(POINTS).filter(|(_, value)| series.can_say(*value));
        let values = values.map(|(_, value)| town::measure::value(*value)).collect();
        expected.insert(series.sensor.id.to_string(), values);
    }
    Ok(expected)
}

/// Every node holds each reading once and in order, and each call once.
async fn judge_nodes(world: &World, data: &Path, calls: u64) -> Result<(), Failure> {
    let expected = expected(data)?;
    for node in &world.cluster.nodes {
        let desk = world.admin.at(&world.origin(node.id));
        for (sensor, values) in &expected {
            let path = format!("/api/sensors/{sensor}/readings?from_ms=0&to_ms={}", u64::MAX >> 12);
            let chart = desk.get(&path).await.accepted(&path)?;
            let points = chart["points"].as_array().ok_or("no points")?;
            let held: Vec<f64> = points.iter().filter_map(|point| point[1].as_f64()).collect();
            assert_eq!(chart["truncated"], Value::Bool(false), "{path}: make the recording shorter");
            assert_eq!(&held, values, "node {}: {sensor}", node.id);
        }
        let list = desk.get("/api/incidents").await.accepted("/api/incidents")?;
        let incidents = list["items"].as_array().ok_or("no incidents")?;
        let references: Vec<&str> = incidents
            .iter()
            .flat_map(|incident| incident["sources"].as_array().into_iter().flatten())
            .filter_map(|source| source["origin"]["report"].as_str().or_else(|| source["report"].as_str()))
            .collect();
        let distinct: BTreeSet<&&str> = references.iter().collect();
        assert_eq!(distinct.len(), references.len(), "node {}: a call opened two incidents", node.id);
        assert_eq!(references.len() as u64, calls, "node {}: calls acknowledged and calls held", node.id);
    }
    Ok(())
}

/// Plays series and calls; kills `victim` in the middle of each.
async fn drill(name: &'static str, victim: Victim) -> Result<(), Failure> {
    let mut world = World::start(name).await?;
    let made = std::env::temp_dir().join(format!("trongdong-recording-{name}-{}", std::process::id()));
    let data = match std::env::var_os(DATA_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => {
            made_up(&made)?;
            made.clone()
        }
    };
    let client = Client::new(world.origins(), None)?;
    client.login(ADMIN, &world.cluster.password).await?;
    // The made-up crews belong to the first units.
    let size = TownSize { cameras: 0, sensors: 0, units: 5 };
    let furnished = town::furnish(&client, size, None, &world.cluster.password).await?;
    assert_eq!(furnished.refused_count(), 0, "{:?}", furnished.registered);
    let screens = [world.screen(world.origins_from(1))?, world.screen(world.origins_from(2))?];
    for screen in &screens {
        screen.wait_until(PICTURE_WITHIN, Picture::is_complete).await?;
    }

    let account =
        Account { addresses: world.mqtt_from(1), user: DEVICE.to_owned(), password: world.cluster.password.clone() };
    let options = ReplayOptions {
        data: data.clone(),
        sets: vec![Set::Nab, Set::Calls],
        speed: Speed::Times(SPEED),
        limit: POINTS,
        run: String::new(),
        exercise: false,
        rtsp_base: None,
    };
    let (_stop, stopped) = watch::channel(false);
    let (over, is_over) = watch::channel(false);
    let replay = async {
        let summary = replay::run(&client, &account, &options, stopped).await;
        over.send_replace(true);
        summary
    };
    let storm = async {
        let mut deaths = 0;
        loop {
            sleep(CALM).await;
            if *is_over.borrow() {
                return Ok::<usize, Failure>(deaths);
            }
            let Some(first) = leader(&screens[0]).or_else(|| leader(&screens[1])) else { continue };
            let dead: Vec<u64> = match victim {
                Victim::Leader => vec![first],
                Victim::Follower => vec![first % NODES + 1],
                Victim::Everybody => (1..=NODES).collect(),
            };
            dead.iter().try_for_each(|node| world.kill(*node))?;
            deaths += dead.len();
            sleep(AWAY).await;
            world.revive().await?;
        }
    };
    let (summary, deaths) = tokio::join!(replay, storm);
    let (summary, deaths) = (summary.map_err(|error| error.to_string())?, deaths?);
    println!("{name}: {deaths} deaths\n{summary}");
    assert!(deaths > 0, "the recording was over before anybody died");
    let (readings, calls) = (&summary.sets["nab"], &summary.sets["calls"]);
    assert_eq!((readings.acknowledged, readings.refused.len()), (readings.sent, 0), "{readings:?}");
    assert!(readings.at_last.is_some_and(|(right, all)| right == all), "{readings:?}");
    assert!(readings.sent >= READINGS_MIN && calls.acknowledged >= CALLS_MIN, "too little: {summary}");
    assert!(!calls.refused.contains_key("no answer"), "a call was given up: {calls:?}");

    settle(&world, &screens).await?;
    judge_nodes(&world, &data, calls.acknowledged).await?;
    let pictures = [screens[0].picture(Clone::clone), screens[1].picture(Clone::clone)];
    for picture in &pictures {
        let broken = judge_screen(&Promises::default(), picture);
        assert!(broken.is_empty(), "{broken}");
    }
    let [one, two] = abreast(&screens).await?;
    let (broken, common) = judge_streams(&one, &two);
    assert!(broken.is_empty(), "{broken}");
    println!("{name}: {common} events in common, counters {:?} and {:?}", pictures[0].counters, pictures[1].counters);
    let _ = fs::remove_dir_all(&made);
    world.done();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_dies_in_the_middle_of_a_replay() {
    drill("replay-leader", Victim::Leader).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_dies_in_the_middle_of_a_replay() {
    drill("replay-follower", Victim::Follower).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_die_at_once_in_the_middle_of_a_replay() {
    drill("replay-all", Victim::Everybody).await.unwrap();
}
