//! The record of real nodes: carried away while leaders and all nodes are killed, it verifies where no cluster is, goes on from what was
//! noted before, and any bit that is changed is found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, time::Duration};

use chaos_tests::{
    Failure,
    auditor::{Door, export, files, find_every_change, verify},
    world::{NODES, World},
};
use node::watch::picture::Picture;
use serde_json::json;
use tokio::time::sleep;

/// Reports between two exports.
const EACH: u64 = 20;
/// A node may be so far behind what another one has shown.
const BEHIND: Duration = Duration::from_secs(1);
/// A first complete picture, and somebody who leads.
const SOON: Duration = Duration::from_secs(20);

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

#[tokio::test(flavor = "multi_thread")]
async fn the_record_verifies_elsewhere_across_kills_and_a_changed_bit_is_found() {
    let drill = async || {
        let mut world = World::start("record").await?;
        let door = Door { urls: world.origins(), ca: None, password: world.cluster.password.clone() };
        // Outside of the cluster's folder.
        let outside = std::env::temp_dir().join(format!("trongdong-auditor-{}", std::process::id()));
        let _ = fs::remove_dir_all(&outside);
        fs::create_dir_all(&outside)?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(SOON, Picture::is_complete).await?;

        report(&world, "before").await?;
        let first = outside.join("first");
        export(&door, &first).await?;
        let noted = verify(&first, &[]).await?.map_err(Failure::from)?;
        assert_eq!(noted.len(), domain::GroupId::all().count(), "a head for each group: {noted:?}");

        let leader = screen.picture(|picture| picture.leader(0)).ok_or("nobody leads")?;
        world.kill(leader)?;
        report(&world, "while-dead").await?;
        for node in (1..=NODES).filter(|node| *node != leader) {
            world.kill(node)?;
        }
        world.revive().await?;
        report(&world, "after").await?;

        // What was noted before the kills is still the chain's: nothing was made anew. Every node has the same one.
        let mut exported = Vec::new();
        for node in 1..=NODES {
            sleep(BEHIND).await;
            let folder = outside.join(format!("after-{node}"));
            export(&Door { urls: world.origin(node), ..door.clone() }, &folder).await?;
            let heads = verify(&folder, &noted).await?.map_err(|wrong| format!("node {node}: {wrong}"))?;
            exported.push((folder, heads));
        }
        for pair in exported.windows(2) {
            verify(&pair[1].0, &pair[0].1)
                .await?
                .map_err(|wrong| format!("another node has another chain: {wrong}"))?;
        }

        // From here on there is no cluster.
        let (folder, heads) = exported.pop().ok_or("nothing was exported")?;
        for node in 1..=NODES {
            world.kill(node)?;
        }
        find_every_change(&folder).await?;
        verify(&folder, &heads).await?.map_err(Failure::from)?;
        // Cut off, it is a chain by itself; the heads that were noted say that it went on.
        let cut = files(&folder)?.remove(0);
        fs::copy(files(&first)?.remove(0), &cut)?;
        let shorter = verify(&folder, &heads).await?.unwrap_err();
        assert!(shorter.contains("group 0"), "{shorter}");
        let _ = fs::remove_dir_all(&outside);
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
