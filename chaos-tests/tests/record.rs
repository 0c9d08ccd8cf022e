//! The record of real nodes: carried away while leaders and all nodes are killed, it verifies where no cluster is, goes on from what was
//! noted before, and any bit that is changed is found. What is erased by rule is gone on every node, and the chain says so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    auditor::{Door, export, files, find_every_change, said_of, verify},
    desk::Desk,
    gather::equal,
    shim::{Control, Shim},
    world::{NODES, World},
};
use node::{local::ADMIN, watch::picture::Picture};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Reports between two exports.
const EACH: u64 = 20;
/// A first complete picture, and somebody who leads.
const SOON: Duration = Duration::from_secs(60);

/// How the sender of a report is reached.
const CONTACT: &str = "0905 123 456";
/// A day and an hour: what is kept for a day is past it.
const A_DAY_LATER_MS: i64 = 25 * 3_600_000;
/// Whoever leads looks once a minute.
const ERASED_WITHIN: Duration = Duration::from_secs(180);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

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

        screen.wait_until(SOON, |picture| picture.leader(0).is_some()).await?;
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
            // A node may be behind what another one has shown; it has caught up when all hold the same.
            equal(&world.admin, &world.origins()).await?;
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

/// Whether a file of the export holds the text.
fn holds(folder: &Path, text: &str) -> Result<bool, Failure> {
    for file in files(folder)? {
        if fs::read(file)?.windows(text.len()).any(|part| part == text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The only report, as the node has it once it has applied all that was acknowledged.
async fn told(desk: &Desk, node: &[String]) -> Result<Value, Failure> {
    let list = desk.at(node).read("/api/reports").await.accepted("/api/reports")?;
    Ok(list["items"][0].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_leave_every_node_by_rule_and_the_chain_says_so() {
    let drill = async || {
        let mut shims: Vec<Shim> = Vec::new();
        let mut world = World::start_prepared("erasure", "", |cluster, folder| {
            let library = Shim::compile(folder)?;
            for node in &mut cluster.nodes {
                let shim = Shim::new(library.clone(), folder.join(format!("faults-{}", node.id)), Control::default())?;
                node.environment = shim.environment();
                shims.push(shim);
            }
            Ok(())
        })
        .await?;
        let outside = std::env::temp_dir().join(format!("trongdong-eraser-{}", std::process::id()));
        let _ = fs::remove_dir_all(&outside);
        fs::create_dir_all(&outside)?;
        let door = Door { urls: world.origins(), ca: None, password: world.cluster.password.clone() };

        let filing = json!({
            "key": "khoa-ngau-nhien-cua-nguoi-gui", "text": "Cống tắc", "contact": CONTACT, "language": "vi",
            "place": { "admin_unit": world.sites[0].commune },
        });
        world.admin.push("/api/public/reports", &filing).await.accepted("a citizen's report")?;
        let report = told(&world.admin, &world.origins()).await?;
        assert_eq!(report["contact"], CONTACT);
        let path = format!("/api/reports/{}/answer", report["code"].as_str().ok_or("no code")?);
        world.put(&path, json!({ "expected_version": report["version"], "answer": "Đã thông" })).await?;
        world.put("/api/erasure", json!({ "number": 1, "rules": [{ "kind": "contact", "days": 1 }] })).await?;
        let before = outside.join("before");
        export(&door, &before).await?;
        let noted = verify(&before, &[]).await?.map_err(Failure::from)?;
        assert!(holds(&before, CONTACT)?, "the record has what was sent");

        // A day passes for all nodes at once.
        for node in 1..=NODES {
            world.kill(node)?;
        }
        for shim in &mut shims {
            shim.set(|control| control.clock_ahead_ms = A_DAY_LATER_MS)?;
        }
        world.revive().await?;
        // Who was signed in is not any more.
        let admin = Desk::sign_in(&world.origins(), ADMIN, &world.cluster.password).await?;
        let until = Instant::now() + ERASED_WITHIN;
        for node in 1..=NODES {
            while told(&admin, &world.origin(node)).await?["contact"] != "" {
                assert!(Instant::now() < until, "node {node} still has it");
                sleep(LOOK).await;
            }
            let folder = outside.join(format!("after-{node}"));
            export(&Door { urls: world.origin(node), ..door.clone() }, &folder).await?;
            assert!(!holds(&folder, CONTACT)?, "node {node}'s record holds it");
            // The chain is the one that was noted when the payload was there.
            let said = said_of(&folder, &noted).await?.map_err(Failure::from)?;
            let line = "group 0: 1 records erased by rule 1 (contact 1 d) on ";
            assert!(said.lines().any(|it| it.starts_with(line)), "{said}");
        }
        let report = told(&admin, &world.origins()).await?;
        assert_eq!((&report["text"], &report["answer"]), (&json!("Cống tắc"), &json!("Đã thông")), "the rest stays");
        let _ = fs::remove_dir_all(&outside);
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
