//! The demonstration's citizens on real nodes: what they tell on the public's page, with its photos, is at the desks, also while a node is dead.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chaos_tests::{Failure, world::World};
use node::{
    client::{Client, publisher::Account},
    local::ADMIN,
    simulate::{self, SimulateOptions},
    town::{self, TownSize, person::DEVICE},
};
use serde_json::Value;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// Mean time between two citizens: with their photos they stay within what one address may write.
const EVERY_MS: u64 = 1_500;
/// Reports before a node is killed, and in all; with so many there is one with a photo.
const FEW: usize = 3;
const MANY: usize = 10;
/// They are there by then.
const TOLD_WITHIN: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Codes of the reports at the desks, once there are so many.
async fn told(client: &Client, count: usize) -> Result<Vec<String>, Failure> {
    let until = Instant::now() + TOLD_WITHIN;
    loop {
        let reports: Vec<Value> = client.list("/api/reports").await?;
        if reports.len() >= count {
            return Ok(reports.iter().filter_map(|report| Some(report["code"].as_str()?.to_owned())).collect());
        }
        if Instant::now() >= until {
            return Err(format!("{} reports of {count} after {TOLD_WITHIN:?}", reports.len()).into());
        }
        sleep(LOOK).await;
    }
}

/// Photos that were sent with these reports.
async fn photos(client: &Client, codes: &[String]) -> Result<u64, Failure> {
    let mut photos = 0;
    for code in codes {
        let followed: Value = client.get(&format!("/api/public/reports/{code}")).await?;
        photos += followed["photos_sent"].as_u64().ok_or("no number of photos")?;
    }
    Ok(photos)
}

async fn look(client: &Client, world: &mut World) -> Result<(), Failure> {
    told(client, FEW).await?;
    world.kill(1)?;
    let codes = told(client, MANY).await?;
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "each has a code of its own");
    assert!(photos(client, &codes).await? > 0, "nobody has sent a photo");
    world.revive().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_citizens_tell_is_at_the_desks_while_a_node_is_dead() {
    let drill = async || {
        let mut world = World::start("citizens").await?;
        let client = Arc::new(Client::new(world.origins(), None)?);
        client.login(ADMIN, &world.cluster.password).await?;
        let size = TownSize { cameras: 0, sensors: 0, units: 5 };
        let furnished = town::furnish(&client, size, None, &world.cluster.password).await?;
        assert_eq!(furnished.refused_count(), 0, "{:?}", furnished.registered);
        let account = Account {
            addresses: world.mqtt_from(1),
            user: DEVICE.to_owned(),
            password: world.cluster.password.clone(),
        };
        let options = SimulateOptions {
            report_every_ms: 0,
            call_every_ms: 0,
            citizen_every_ms: EVERY_MS,
            ..SimulateOptions::default()
        };
        let (stop, stopped) = watch::channel(false);
        let looks = async {
            let looked = look(&client, &mut world).await;
            stop.send_replace(true);
            looked
        };
        let (simulated, looked) = tokio::join!(simulate::run(&client, &account, &[], options, stopped), looks);
        looked?;
        assert_eq!(simulated.citizens_failed, 0, "{simulated:?}");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
