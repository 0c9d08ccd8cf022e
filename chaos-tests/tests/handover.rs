//! Hand-overs of real nodes to other services: each offer has to be acknowledged, or goes to the second channel when it is late; whoever
//! is told is told once and in order, while the leader dies and while all nodes are dead, and a receiver that is slow holds up nobody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    world::{NODES, World},
};
use node::{
    inbox::{Handed, Inbox, Manner, Post, judge},
    watch::{Screen, picture::Picture},
};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Incidents that are offered. Every other one is answered by whom it is offered to; the rest nobody there answers.
const OFFERS: u64 = 8;
/// So long whoever is asked has time: enough on a busy machine to offer all and to answer every other one.
const ANSWER_WITHIN_MS: u64 = 25_000;
/// How long the second channel takes over a notice.
const SLOW: Duration = Duration::from_millis(300);
/// How long one takes over a notice who is told of every incident.
const SLOWER: Duration = Duration::from_secs(2);
/// What both sides sign with.
const SECRET: &str = "mật khẩu chung của hai bên";
/// A receiver that answers at once has all by then.
const QUICK_WITHIN: Duration = Duration::from_secs(10);
/// Everything has come to its end by then.
const ALL_WITHIN: Duration = Duration::from_secs(120);
/// After the last one: until one would have come twice.
const LISTEN: Duration = Duration::from_secs(2);
/// A first complete picture, and somebody who leads.
const SOON: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Registers a service; without kinds it is told of what it is offered only.
async fn service(world: &World, id: &str, kinds: &[&str], delay: Duration) -> Result<Inbox, Failure> {
    let inbox = Inbox::open(Manner { delay, ..Manner::default() }).await?;
    let receiver = json!({ "id": id, "name": id, "url": inbox.url(), "secret": SECRET, "kinds": kinds });
    world.put("/api/receivers", receiver).await?;
    Ok(inbox)
}

/// What was taken of hand-overs, each notice once, in the order in which it was taken.
fn handed(inbox: &Inbox) -> Vec<Handed> {
    let mut keys = BTreeSet::new();
    let taken = inbox.posts().into_iter().filter(|post| post.is_taken && keys.insert(post.key.clone()));
    taken.filter_map(|post| post.handed).collect()
}

/// Waits until so many notices of hand-overs with that status were taken.
async fn took(inbox: &Inbox, status: &str, count: usize, within: Duration) -> Result<Vec<Handed>, Failure> {
    let until = Instant::now() + within;
    loop {
        let all = handed(inbox);
        let of_status: Vec<_> = all.iter().filter(|told| told.status == status).cloned().collect();
        if of_status.len() >= count {
            return Ok(of_status);
        }
        if Instant::now() > until {
            return Err(format!("{count} {status} were to be taken within {within:?}: {all:?}").into());
        }
        sleep(LOOK).await;
    }
}

/// The service takes it over, and says so at node after node until one has it.
async fn accept(world: &World, http: &reqwest::Client, service: &str, handover: &str) -> Result<(), Failure> {
    let body =
        json!({ "handover": handover, "accept": true, "answer": "đã nhận", "answered_for": "kíp trực" }).to_string();
    let signature = edge::signature(SECRET.as_bytes(), body.as_bytes());
    let until = Instant::now() + ALL_WITHIN;
    let mut last = "nobody was asked".to_owned();
    for origin in world.origins().iter().cycle() {
        if Instant::now() > until {
            break;
        }
        let url = format!("{origin}/api/handover/{service}/answers");
        let request = http.post(url).header("trongdong-signature", &signature).body(body.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if answer.status() != 429 && answer.status().as_u16() < 500 => {
                return Err(
                    format!("{service} answers {handover}: {} {}", answer.status(), answer.text().await?).into()
                );
            }
            Ok(answer) => last = answer.status().to_string(),
            Err(error) => last = error.to_string(),
        }
        sleep(LOOK).await;
    }
    Err(format!("{service} answers {handover}, and nobody hears it: {last}").into())
}

/// Status and who took it, by the name of each hand-over.
async fn standing(world: &World) -> Result<BTreeMap<String, (String, String)>, Failure> {
    let list = world.admin.read("/api/incidents").await.accepted("/api/incidents")?;
    let items = list["items"].as_array().ok_or("no items")?;
    let mut found = BTreeMap::new();
    for incident in items {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for handover in incident["dispatch"]["handovers"].as_array().into_iter().flatten() {
            let name = format!("{}.{}", text(&incident["id"]), handover["number"]);
            found.insert(name, (text(&handover["status"]), text(&handover["taken_by"])));
        }
    }
    Ok(found)
}

/// When the receiver had taken one of these for each incident, by its own note: whoever looks on may be late.
fn had(inbox: &Inbox, is_it: impl Fn(&Post) -> bool) -> Result<u64, Failure> {
    let taken = inbox.posts().into_iter().filter(|post| post.is_taken && is_it(post));
    let last = taken.take(usize::try_from(OFFERS)?).last().ok_or("nothing was taken")?;
    Ok(last.answered_at_ms)
}

async fn leader(screen: &Screen) -> Result<u64, Failure> {
    screen.wait_until(SOON, |picture| picture.leader(0).is_some()).await?;
    screen.picture(|picture| picture.leader(0)).ok_or_else(|| "nobody leads".into())
}

/// Opens an incident and offers it; the name of the offer.
async fn offer(world: &World, number: u64) -> Result<String, Failure> {
    let report = json!({
        "reference": format!("offered-{number}"), "kind": "medical", "severity": "high",
        "place": world.sites[0].place(), "summary": format!("Ngất xỉu {number}"),
    });
    let opened = world.put("/api/reports", report).await?;
    let incident = opened["entity"].as_str().ok_or("nothing was opened")?;
    let offer = json!({
        "expected_version": opened["version"], "to": "cap-cuu", "second": "cuu-hoa", "lead": true, "reason": "Cần xe",
    });
    world.put(&format!("/api/incidents/{incident}/handover"), offer).await?;
    Ok(format!("{incident}.1"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_offer_is_acknowledged_or_late_once_and_each_service_is_told_once_and_in_order() {
    let drill = async || {
        let mut world = World::start("handover").await?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(SOON, Picture::is_complete).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(QUICK_WITHIN).build()?;
        let first = service(&world, "cap-cuu", &[], Duration::ZERO).await?;
        let second = service(&world, "cuu-hoa", &[], SLOW).await?;
        let slower = service(&world, "cham", &["incident_opened"], SLOWER).await?;
        let policy = json!({
            "id": "nhan-ban-giao", "name": "Nhận bàn giao", "obligation": "acknowledge_handover", "kinds": [], "agency": "",
            "admin_unit": null, "calendar": null, "within_ms": ANSWER_WITHIN_MS,
            "steps": [{ "stage": "late", "offset_ms": 0, "post": null }], "disabled": false,
        });
        world.put("/api/deadline-policies", policy).await?;

        let mut offers = Vec::new();
        for number in 0..OFFERS {
            offers.push(offer(&world, number).await?);
        }
        let told = took(&first, "offered", offers.len(), QUICK_WITHIN).await?;
        let named: Vec<_> = told.iter().map(|it| it.handover.clone()).collect();
        assert_eq!(named, offers, "in the order in which they were offered");
        let answered: BTreeSet<&String> = offers.iter().step_by(2).collect();
        for name in &answered {
            accept(&world, &http, "cap-cuu", name).await?;
        }

        // The others run out while nobody leads, or while there is nobody at all: whoever comes back tells the second channel.
        world.kill(leader(&screen).await?)?;
        world.revive().await?;
        took(&second, "escalated", 1, ALL_WITHIN).await?;
        for node in 1..=NODES {
            world.kill(node)?;
        }
        world.revive().await?;
        let late = took(&second, "escalated", offers.len() - answered.len(), ALL_WITHIN).await?;
        for told in &late {
            assert!(!answered.contains(&told.handover), "{} was answered in time", told.handover);
            accept(&world, &http, "cuu-hoa", &told.handover).await?;
            // Whoever answers again changes nothing.
            accept(&world, &http, "cuu-hoa", &told.handover).await?;
        }
        // Who was asked first and did not answer hears that nobody waits for them.
        took(&first, "accepted", late.len(), ALL_WITHIN).await?;

        let standing = standing(&world).await?;
        for name in &offers {
            let by = if answered.contains(name) { "cap-cuu" } else { "cuu-hoa" };
            assert_eq!(standing.get(name), Some(&("accepted".to_owned(), by.to_owned())), "{name}: {standing:?}");
        }
        let until = Instant::now() + ALL_WITHIN;
        while judge(&slower.posts()).taken < OFFERS {
            assert!(Instant::now() < until, "the slow receiver got {:?}", judge(&slower.posts()));
            sleep(LOOK).await;
        }
        let offered_at_ms = had(&first, |it| it.handed.as_ref().is_some_and(|told| told.status == "offered"))?;
        assert!(offered_at_ms < had(&slower, |_| true)?, "the slow receiver is not slow, so nothing is shown");
        sleep(LISTEN).await;
        let expected = [
            ("cap-cuu", &first, offers.len() + late.len()),
            ("cuu-hoa", &second, late.len()),
            ("cham", &slower, offers.len()),
        ];
        for (name, inbox, count) in expected {
            let judged = judge(&inbox.posts());
            println!("{name}: {judged:?}");
            let found = (judged.taken, judged.doubled, judged.out_of_order);
            assert_eq!(found, (u64::try_from(count)?, 0, 0), "{name}: {:?}", handed(inbox));
        }
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
