//! Two clusters of real nodes hand incidents over to each other by the WebSockets of NENA-STA-024: one of three nodes, whose leader
//! dies in the middle, and one of a single node. What is offered is there once, what was answered is known here once, and what is
//! taken back is theirs no more, whatever was under way over either line when it was cut.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    desk::{Desk, Outcome},
    program::program,
    world::World,
};
use node::{
    local::{ADMIN, LocalCluster},
    watch::picture::Picture,
};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Incidents that are offered: half of them before the leader dies, and half while nobody has started it again.
const OFFERS: usize = 6;
/// What both sides sign with.
const SECRET: &str = "mật khẩu chung của hai trung tâm";
/// What the other centre is called here, and what this one is called there.
const THEY: &str = "ben-kia";
const WE: &str = "ben-nay";
/// A first complete picture, somebody who leads, and the first administrator.
const SOON: Duration = Duration::from_secs(60);
/// Everything has come over by then: a line that ended is opened again within a minute.
const ALL_WITHIN: Duration = Duration::from_secs(120);
/// After the last one: until one would have come twice.
const LISTEN: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The other centre. Its ports are none of the first one's: a process is given no free port twice.
struct Other {
    cluster: LocalCluster,
    admin: Desk,
}

impl Other {
    async fn start(folder: &Path) -> Result<Self, Failure> {
        let mut cluster = LocalCluster::make(&program()?, folder, 1, 0).map_err(text)?;
        cluster.start().map_err(text)?;
        cluster.ready().await.map_err(text)?;
        let until = Instant::now() + SOON;
        // The account is founded a moment after the node is ready.
        let admin = loop {
            match Desk::sign_in(&cluster.urls(), ADMIN, &cluster.password).await {
                Err(_) if Instant::now() < until => sleep(LOOK).await,
                done => break done?,
            }
        };
        Ok(Self { cluster, admin })
    }
}

/// The text of an error that cannot leave its thread.
fn text(error: Box<dyn std::error::Error>) -> Failure {
    error.to_string().into()
}

/// A command that has to be accepted.
async fn put(admin: &Desk, path: &str, body: &Value) -> Result<Value, Failure> {
    admin.command(path, body).await.accepted(&format!("{path} {body}"))
}

/// A centre that notifies at that origin, where we are called `name`.
fn centre(id: &str, origin: &str, name: &str, commune: &str) -> Value {
    let url = format!("{}/IncidentData/ent/{name}", origin.replacen("http://", "ws://", 1));
    json!({ "id": id, "name": id, "url": url, "secret": SECRET, "kinds": [], "admin_unit": commune })
}

/// A hand-over as it stands, with its incident.
#[derive(Clone, Debug)]
struct Standing {
    incident: String,
    /// The incident's.
    version: u64,
    summary: String,
    number: u64,
    status: String,
    /// What the other side calls it.
    reference: String,
}

/// All hand-overs of that direction, and how many incidents there are.
async fn standing(admin: &Desk, direction: &str) -> Result<(Vec<Standing>, usize), Failure> {
    let list = admin.read("/api/incidents").await.accepted("/api/incidents")?;
    let items = list["items"].as_array().ok_or("no items")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for incident in items {
        for handover in incident["dispatch"]["handovers"].as_array().into_iter().flatten() {
            if handover["direction"] == direction {
                found.push(Standing {
                    incident: text(&incident["id"]),
                    version: incident["version"].as_u64().ok_or("no version")?,
                    summary: text(&incident["summary"]),
                    number: handover["number"].as_u64().ok_or("no number")?,
                    status: text(&handover["status"]),
                    reference: text(&handover["reference"]),
                });
            }
        }
    }
    Ok((found, items.len()))
}

/// Waits until so many of that direction stand so.
async fn until(admin: &Desk, direction: &str, status: &str, count: usize) -> Result<Vec<Standing>, Failure> {
    let end = Instant::now() + ALL_WITHIN;
    loop {
        let (all, _) = standing(admin, direction).await?;
        let so: Vec<Standing> = all.iter().filter(|it| it.status == status).cloned().collect();
        if so.len() >= count {
            return Ok(so);
        }
        if Instant::now() > end {
            return Err(format!("{count} were to be {status} within {ALL_WITHIN:?}: {all:?}").into());
        }
        sleep(LOOK).await;
    }
}

/// How many notices the receiver was given, once it has confirmed all of them. None was given up, and none was left out.
async fn confirmed(admin: &Desk, receiver: &str) -> Result<u64, Failure> {
    let end = Instant::now() + ALL_WITHIN;
    loop {
        let list = admin.read("/api/receivers").await.accepted("/api/receivers")?;
        let found = list["items"].as_array().into_iter().flatten().find(|it| it["id"] == receiver);
        let found = found.ok_or_else(|| format!("{receiver} is not registered: {list}"))?;
        if found["newest"] == found["confirmed"] {
            assert_eq!((&found["missed"], &found["given_up"]), (&json!(0), &Value::Null), "{found}");
            return Ok(found["newest"].as_u64().ok_or("no number")?);
        }
        if Instant::now() > end {
            return Err(format!("{receiver} has not confirmed all within {ALL_WITHIN:?}: {found}").into());
        }
        sleep(LOOK).await;
    }
}

fn summary(number: usize) -> String {
    format!("Ngất xỉu {number}")
}

/// Opens incidents and offers each to the other centre.
async fn offer(world: &World, numbers: std::ops::Range<usize>) -> Result<(), Failure> {
    for number in numbers {
        let report = json!({
            "reference": format!("conveyed-{number}"), "kind": "medical", "severity": "low",
            "place": world.sites[0].place(), "summary": summary(number),
        });
        let opened = put(&world.admin, "/api/reports", &report).await?;
        let incident = opened["entity"].as_str().ok_or("nothing was opened")?;
        let offer = json!({
            "expected_version": opened["version"], "to": THEY, "second_contact": "0208 115", "lead": true,
            "reason": "Ngoài địa bàn",
        });
        put(&world.admin, &format!("/api/incidents/{incident}/handover"), &offer).await?;
    }
    Ok(())
}

/// The other centre takes them over.
async fn accept(other: &Other, offered: &[Standing]) -> Result<(), Failure> {
    for it in offered {
        let path = format!("/api/incidents/{}/handover/answer", it.incident);
        let taken = json!({ "handover": it.number, "accept": true, "answer": "Đã nhận", "answered_for": "Kíp trực" });
        put(&other.admin, &path, &taken).await?;
    }
    Ok(())
}

/// We take it back, by the version that it has by now: an answer that comes over the line meanwhile changes it.
async fn take_back(admin: &Desk, incident: &str) -> Result<(), Failure> {
    let end = Instant::now() + SOON;
    let path = format!("/api/incidents/{incident}/handover/withdraw");
    loop {
        let (all, _) = standing(admin, "out").await?;
        let it = all.iter().find(|it| it.incident == incident).ok_or_else(|| format!("{incident} is gone"))?;
        let back = json!({ "expected_version": it.version, "handover": it.number, "reason": "Đã đủ lực lượng" });
        match admin.command(&path, &back).await {
            Outcome::Refused { status: 409, .. } if Instant::now() < end => sleep(LOOK).await,
            outcome => return outcome.accepted(&path).map(drop),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clusters_hand_incidents_over_and_back_once_each_while_a_leader_dies() {
    let drill = async || {
        let mut world = World::start("conveyance").await?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(SOON, Picture::is_complete).await?;
        screen.wait_until(SOON, |picture| picture.leader(0).is_some()).await?;
        let leader = screen.picture(|picture| picture.leader(0)).ok_or("nobody leads")?;
        let other = Other::start(&world.folder().join("other")).await?;

        // Where an incident lies is said by the commune's code, which both know.
        let commune = world.sites[0].commune.clone();
        let units = json!({ "admin_units": [{
            "code": commune, "name": "Xã chung", "name_en": "", "parent": null, "aliases": [],
            "valid_from_ms": 0, "valid_until_ms": 0,
        }] });
        put(&other.admin, "/api/admin-units", &units).await?;
        // They come to a node that goes on; we come from whichever leads.
        let stays = world.cluster.nodes.iter().find(|node| node.id != leader).ok_or("there is one node only")?;
        put(&other.admin, "/api/receivers", &centre(WE, &stays.url, THEY, &commune)).await?;
        let there = other.cluster.nodes.first().ok_or("there is no node")?.url.clone();
        put(&world.admin, "/api/receivers", &centre(THEY, &there, WE, &commune)).await?;

        offer(&world, 0..OFFERS / 2).await?;
        let first = until(&other.admin, "in", "offered", OFFERS / 2).await?;
        // The answers are on their way to the leader that dies.
        accept(&other, &first).await?;
        world.kill(leader)?;
        offer(&world, OFFERS / 2..OFFERS).await?;
        let second = until(&other.admin, "in", "offered", OFFERS / 2).await?;
        accept(&other, &second).await?;
        let taken = until(&world.admin, "out", "accepted", OFFERS).await?;
        assert_eq!(taken.len(), OFFERS, "{taken:?}");

        world.revive().await?;
        for it in &taken {
            take_back(&world.admin, &it.incident).await?;
        }
        until(&world.admin, "out", "withdrawn", OFFERS).await?;
        until(&other.admin, "in", "withdrawn", OFFERS).await?;
        sleep(LISTEN).await;

        let (ours, _) = standing(&world.admin, "out").await?;
        let (theirs, count) = standing(&other.admin, "in").await?;
        assert_eq!((ours.len(), theirs.len(), count), (OFFERS, OFFERS, OFFERS), "{ours:?} {theirs:?}");
        for it in ours.iter().chain(&theirs) {
            assert_eq!(it.status, "withdrawn", "{it:?}");
        }
        // Each of ours is one of theirs, by the name that each side has for the other's.
        let names = |all: &[Standing]| -> BTreeSet<(String, String)> {
            all.iter().map(|it| (format!("{}.{}", it.incident, it.number), it.reference.clone())).collect()
        };
        let turned: BTreeSet<_> = names(&theirs).into_iter().map(|(own, ours)| (ours, own)).collect();
        assert_eq!(names(&ours), turned, "{ours:?} {theirs:?}");
        let summaries = |all: &[Standing]| -> BTreeSet<String> { all.iter().map(|it| it.summary.clone()).collect() };
        assert_eq!(summaries(&ours), (0..OFFERS).map(summary).collect(), "{ours:?}");
        assert_eq!(summaries(&theirs), summaries(&ours), "{theirs:?}");
        let (told, answered) = (confirmed(&world.admin, THEY).await?, confirmed(&other.admin, WE).await?);
        let each = u64::try_from(OFFERS)?;
        assert_eq!((told, answered), (2 * each, each), "an offer and its end there, and one answer back");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
