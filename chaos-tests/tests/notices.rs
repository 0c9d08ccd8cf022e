//! Notices of real nodes to webhooks: each receiver takes each notice once, in order, whatever becomes of leaders, and one that is
//! slow or refuses holds up nobody else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use chaos_tests::{Failure, world::World};
use node::{
    inbox::{Inbox, Judged, Manner, judge},
    watch::{Screen, picture::Picture},
};
use serde_json::json;
use tokio::time::sleep;

/// Incidents that are told of before the leader dies, while it is dead, and after it is back.
const EACH: u64 = 15;
/// How long a receiver that is slow takes over a notice.
const SLOW: Duration = Duration::from_millis(300);
/// One notice in so many is refused when it comes first.
const REFUSES_EACH: u64 = 9;
/// A receiver that answers at once has all by then.
const QUICK_WITHIN: Duration = Duration::from_secs(20);
/// Every receiver has all by then.
const ALL_WITHIN: Duration = Duration::from_secs(90);
/// After the last one: until one would have come twice.
const LISTEN: Duration = Duration::from_secs(2);
/// A first complete picture, and somebody who leads.
const SOON: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Registers a receiver of opened incidents.
async fn open(world: &World, id: &str, manner: Manner) -> Result<Inbox, Failure> {
    let inbox = Inbox::open(manner).await?;
    let receiver = json!({ "id": id, "name": id, "url": inbox.url(), "kinds": ["incident_opened"] });
    world.put("/api/receivers", receiver).await?;
    Ok(inbox)
}

/// Opens incidents.
async fn report(world: &World, name: &str) -> Result<(), Failure> {
    for number in 0..EACH {
        let report = json!({
            "reference": format!("{name}-{number}"), "kind": "other", "severity": "info",
            "place": world.sites[0].place(), "summary": format!("{name} {number}"),
        });
        world.put("/api/reports", report).await?;
    }
    Ok(())
}

/// Waits until the receiver has taken so many notices, each counted once.
async fn took(inbox: &Inbox, count: u64, within: Duration) -> Result<(), Failure> {
    let until = Instant::now() + within;
    loop {
        let judged = judge(&inbox.posts());
        if judged.taken >= count {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("{count} notices were to be taken within {within:?}: {judged:?}").into());
        }
        sleep(LOOK).await;
    }
}

/// When the receiver had taken so many, by its own note: whoever looks on may be late.
fn had(inbox: &Inbox, count: u64) -> Result<u64, Failure> {
    let taken = inbox.posts().into_iter().filter(|post| post.is_taken);
    let last = taken.take(usize::try_from(count)?).last().ok_or("nothing was taken")?;
    Ok(last.answered_at_ms)
}

async fn leader(screen: &Screen) -> Result<u64, Failure> {
    screen.wait_until(SOON, |picture| picture.leader(0).is_some()).await?;
    screen.picture(|picture| picture.leader(0)).ok_or_else(|| "nobody leads".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_receiver_takes_each_notice_once_and_in_order_and_a_slow_one_harms_nobody() {
    let drill = async || {
        let mut world = World::start("notices").await?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(SOON, Picture::is_complete).await?;
        let quick = open(&world, "nhanh", Manner::default()).await?;
        let slow = open(&world, "cham", Manner { delay: SLOW, ..Manner::default() }).await?;
        let failing = open(&world, "hay-loi", Manner { refuses_each: REFUSES_EACH, ..Manner::default() }).await?;

        report(&world, "before").await?;
        took(&quick, EACH, QUICK_WITHIN).await?;

        // The slow one has a notice in its hands when the leader dies: whoever leads next brings it again, under its number.
        world.kill(leader(&screen).await?)?;
        report(&world, "while-dead").await?;
        world.revive().await?;
        report(&world, "after").await?;
        for (name, inbox) in [("quick", &quick), ("failing", &failing), ("slow", &slow)] {
            took(inbox, 3 * EACH, ALL_WITHIN).await.map_err(|failure| format!("{name}: {failure}"))?;
        }
        let had = |inbox: &Inbox| had(inbox, EACH);
        assert!(had(&quick)? < had(&slow)?, "the slow receiver was not slow, so nothing is shown");
        sleep(LISTEN).await;
        for (name, inbox) in [("quick", &quick), ("failing", &failing), ("slow", &slow)] {
            let judged = judge(&inbox.posts());
            println!("{name}: {judged:?}");
            let Judged { taken, doubled, out_of_order, .. } = judged;
            assert_eq!((taken, doubled, out_of_order), (3 * EACH, 0, 0), "{name}: {judged:?}");
        }
        assert!(judge(&failing.posts()).refused > 0, "the failing receiver has refused nothing");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
