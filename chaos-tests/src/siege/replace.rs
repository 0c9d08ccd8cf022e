//! Disks that are damaged or gone: the node must not come back as it was, and another one stands in for it, as
//! `ops/runbooks/replace-node.md` says.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use super::{ENDED_WITHIN, Siege};
use crate::{Failure, gather, program::program, shim::Control};

/// A node whose disk is damaged has found it by then, or works with what is whole.
const FOUND_WITHIN: Duration = Duration::from_secs(8);
/// A node that stands in votes in every group.
const REPLACED_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(300);
/// Bytes at the end of a node's log in which it says why it ended.
const LAST_WORDS_BYTES: usize = 16 << 10;
/// One of these is in what a node says that found its disk damaged.
const DAMAGED: [&str; 4] = ["new id", "corrupt", "damaged", "checksum"];
/// What a node says whose disk is gone.
const LOST: &str = "trongdong replace";
/// Folder of log and rows in a node's own.
const DATA: &str = "data";
/// What a node says, in its own folder.
const LOG: &str = "node.log";

impl Siege {
    /// A bit of a node's disk turns over while it is down. It refuses to go on, or holds what the others hold; then another stands in.
    pub(super) async fn flip_bit(&mut self, name: &'static str, place: u64, at_per_mille: u32) -> Result<(), Failure> {
        let id = self.id(place)?;
        self.scene.world.kill(id)?;
        let fault = Instant::now();
        let home = self.home(id)?;
        let file = flip(&home.join(DATA), at_per_mille)?;
        println!("{name}: node {id}: a bit of {} turned over", file.display());
        self.recovered(name, fault).await?;
        let logged = fs::metadata(home.join(LOG))?.len();
        self.scene.world.cluster.start_node(id).map_err(|error| error.to_string())?;
        if self.has_ended_within(id, FOUND_WITHIN).await? {
            let said = last_words(&home, logged)?.to_lowercase();
            if !DAMAGED.iter().any(|word| said.contains(word)) {
                return Err(
                    format!("node {id} ended over {} and does not say that it is damaged", file.display()).into()
                );
            }
        } else {
            self.holds_the_same_or_nothing(id).await?;
        }
        self.replace(place).await
    }

    /// A node's disk is gone. It refuses to come back under its id, and another stands in.
    pub(super) async fn lose_disk(&mut self, name: &'static str, place: u64) -> Result<(), Failure> {
        let id = self.id(place)?;
        self.scene.world.kill(id)?;
        let fault = Instant::now();
        let home = self.home(id)?;
        fs::remove_dir_all(home.join(DATA))?;
        self.recovered(name, fault).await?;
        let logged = fs::metadata(home.join(LOG))?.len();
        self.scene.world.cluster.start_node(id).map_err(|error| error.to_string())?;
        self.ends(id, ENDED_WITHIN, "has lost its disk").await?;
        if !last_words(&home, logged)?.contains(LOST) {
            return Err(format!("node {id} has lost its disk, and does not say what to do").into());
        }
        self.replace(place).await
    }

    fn home(&self, id: u64) -> Result<PathBuf, Failure> {
        let node = self.scene.world.cluster.nodes.iter().find(|node| node.id == id);
        Ok(node.ok_or_else(|| format!("there is no node {id}"))?.home.clone())
    }

    async fn holds_the_same_or_nothing(&self, sick: u64) -> Result<(), Failure> {
        let world = &self.scene.world;
        let nodes = || world.cluster.nodes.iter();
        let whole: Vec<String> = nodes().filter(|node| node.id != sick).map(|node| node.url.clone()).collect();
        let sick = nodes().find(|node| node.id == sick).map(|node| node.url.clone()).ok_or("no such node")?;
        self.scene.load.set_resting(true);
        let held = gather::equal_or_silent(&world.admin, &whole, &sick).await;
        self.scene.load.set_resting(false);
        held
    }

    /// Another node, with an id and a disk of its own, takes over the place and the addresses of the one there.
    async fn replace(&mut self, place: u64) -> Result<(), Failure> {
        let begun = Instant::now();
        let old = self.id(place)?;
        self.scene.world.kill(old)?;
        self.shim(place)?.set(Control::heal)?;
        self.stand_ins += 1;
        let folder = self.scene.world.folder().to_owned();
        let home = folder.join(format!("stand-in-{}", self.stand_ins));
        let authority = folder.join("authority");
        let nodes = &self.scene.world.cluster.nodes;
        let lost = nodes.iter().find(|node| node.id == old).ok_or("no such node")?;
        let other = nodes.iter().find(|node| node.id != old).ok_or("no other node")?;
        let gateway = lost.url.rsplit(':').next().unwrap_or_default().to_owned();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (old_id, ca, authority, out) =
            (old.to_string(), text(&authority.join("ca.pem")), text(&authority), text(&home));
        let (peer, mqtt) = (lost.peer.port().to_string(), lost.mqtt.port().to_string());
        let asks = ["--url", other.url.as_str(), "--ca", ca.as_str()];
        let invite = [
            "replace",
            old_id.as_str(),
            "--authority",
            authority.as_str(),
            "--out",
            out.as_str(),
            "--host",
            "127.0.0.1",
        ];
        let ports = ["--peer-port", peer.as_str(), "--gateway-port", gateway.as_str(), "--mqtt-port", mqtt.as_str()];
        let until = begun + REPLACED_WITHIN;
        self.succeeds(&[&invite[..], &ports[..], &asks[..]].concat(), until).await?;
        self.succeeds(&["join", out.as_str()], until).await?;
        let (url, members) = (lost.url.clone(), nodes.len());
        let id = self.scene.world.cluster.stand_in(old, home).map_err(|error| error.to_string())?;
        self.scene.world.revive().await?;
        let mut voters: Vec<u64> = self.scene.world.cluster.nodes.iter().map(|node| node.id).collect();
        voters.sort_unstable();
        self.vote(&["status", "--url", url.as_str(), "--ca", ca.as_str(), "--json"], &json!(voters), members, until)
            .await?;
        println!("node {id} stands in for node {old} after {:.1} s", begun.elapsed().as_secs_f64());
        self.got_over("node_replaced", begun.elapsed());
        Ok(())
    }

    /// Waits until every node says that these vote in every group.
    async fn vote(&self, status: &[&str], voters: &Value, members: usize, until: Instant) -> Result<(), Failure> {
        loop {
            let output = self.run(status).await?;
            // It ends with what it found; what it says is there in any case.
            let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let nodes = said["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
            let reports: Vec<&Vec<Value>> =
                nodes.iter().filter_map(|node| node["report"]["groups"].as_array()).collect();
            let agree =
                |groups: &&Vec<Value>| !groups.is_empty() && groups.iter().all(|group| group["voters"] == *voters);
            if reports.len() == members && nodes.len() == members && reports.iter().all(agree) {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("{voters} do not vote in every group within {REPLACED_WITHIN:?}: {said}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// Gives a command until it succeeds: a leader may be elected anew just then.
    async fn succeeds(&self, args: &[&str], until: Instant) -> Result<(), Failure> {
        loop {
            let output = self.run(args).await?;
            if output.status.success() {
                return Ok(());
            }
            if Instant::now() > until {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("trongdong {}: {}: {said}", args.join(" "), output.status).into());
            }
            sleep(LOOK).await;
        }
    }

    /// The program as an operator runs it, with the first administrator's password.
    async fn run(&self, args: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new(program()?);
        command.args(args).env("TRONGDONG_PASSWORD", &self.scene.world.cluster.password);
        command.env("NO_PROXY", "127.0.0.1,localhost").stdin(Stdio::null()).kill_on_drop(true);
        Ok(command.output().await?)
    }
}

/// Turns one bit over: in a file of the log, of votes or of rows, or in the one that remembers how far it was durable. Says in which.
fn flip(data: &Path, at_per_mille: u32) -> Result<PathBuf, Failure> {
    let mut files = vec![data.join("watermarks")];
    for file in fs::read_dir(data.join("db"))? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "log" || extension == "sst") {
            files.push(file);
        }
    }
    files.retain(|file| fs::metadata(file).is_ok_and(|meta| meta.len() > 0));
    files.sort();
    let at = usize::try_from(at_per_mille)?;
    let file = files.get(at * files.len() / 1_000).ok_or("the disk holds nothing")?;
    let mut bytes = fs::read(file)?;
    // Another part of the file than its place among the files.
    let byte = at * 7 % 1_000 * bytes.len() / 1_000;
    *bytes.get_mut(byte).ok_or("the file is empty")? ^= 1 << (at % 8);
    fs::write(file, bytes)?;
    Ok(file.clone())
}

/// The end of a node's log, after that byte.
fn last_words(home: &Path, after: u64) -> Result<String, Failure> {
    let log = fs::read(home.join(LOG))?;
    let from = usize::try_from(after)?.max(log.len().saturating_sub(LAST_WORDS_BYTES));
    Ok(String::from_utf8_lossy(log.get(from..).unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn one_bit_of_one_file_turns_over_and_every_file_has_its_turn() {
        let data = std::env::temp_dir().join(format!("trongdong-flip-{}", std::process::id()));
        fs::create_dir_all(data.join("db")).unwrap();
        let names = ["watermarks", "db/000004.log", "db/000007.sst"];
        let whole: Vec<u8> = (0..200).collect();
        names.iter().for_each(|name| fs::write(data.join(name), &whole).unwrap());
        fs::write(data.join("db/CURRENT"), "not this one").unwrap();
        fs::write(data.join("db/000009.log"), "").unwrap();
        let mut flipped = std::collections::BTreeSet::new();
        for at_per_mille in (0..1_000).step_by(37) {
            let file = flip(&data, at_per_mille).unwrap();
            let bytes = fs::read(&file).unwrap();
            let bits: u32 = bytes.iter().zip(&whole).map(|(one, other)| (one ^ other).count_ones()).sum();
            assert_eq!(bits, 1, "{}", file.display());
            fs::write(&file, &whole).unwrap();
            flipped.insert(file);
        }
        assert_eq!(flipped.len(), names.len(), "{flipped:?}");
        assert!(names.iter().all(|name| flipped.contains(&data.join(name))), "{flipped:?}");
        fs::remove_dir_all(data).unwrap();
    }
}
