//! The program as an operator meets it: what it says when something is missing, and what `init` makes.
//!
//! That there is a test of the program also makes cargo build it before any test runs, which the drills with real
//! processes rely on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::mpsc,
};

use bytes::Bytes;
use raft::disk::{Disk, LogOp};
use rocks::RocksDisk;

fn trongdong(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trongdong")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("trongdong-program-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn without_a_command_it_lists_them() {
    let output = trongdong(&[]);
    assert!(!output.status.success());
    let usage = text(&output.stderr);
    for command in [
        "init", "start", "status", "invite", "join", "replace", "leave", "transfer", "backup", "restore", "demo",
        "replay", "watch", "train", "model",
    ] {
        assert!(usage.contains(command), "{usage}");
    }
}

#[test]
fn a_folder_without_a_node_is_named_with_the_remedy() {
    let home = folder("empty");
    let output = trongdong(&["start", home.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("node.toml") && said.contains("trongdong init"), "{said}");
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_node_id_of_zero_is_refused_by_name() {
    let home = folder("zero");
    let output = trongdong(&["init", home.join("cluster").to_str().unwrap(), "--node", "0=localhost"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("a node id is a number from 1"), "{}", text(&output.stderr));
    assert!(!home.join("cluster").exists(), "nothing is made");
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn the_status_of_a_cluster_that_does_not_answer_is_the_worst() {
    let output = trongdong(&["status", "--url", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("KHÔNG NHẬN GHI / ACCEPTS NOTHING") && said.contains("Không nút nào trả lời"), "{said}");
    let json = trongdong(&["status", "--url", "http://127.0.0.1:1", "--json"]);
    assert_eq!(json.status.code(), Some(2));
    assert!(text(&json.stdout).starts_with('{'), "{}", text(&json.stdout));
}

#[test]
fn a_node_that_was_not_invited_is_told_how_to_be() {
    let home = folder("uninvited");
    let cluster = home.join("cluster");
    let made = trongdong(&["init", cluster.to_str().unwrap(), "--node", "1=localhost"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let output = trongdong(&["join", cluster.join("node-1").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("trongdong invite"), "{}", text(&output.stderr));
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn init_makes_a_folder_for_each_node_with_keys_that_only_the_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let home = folder("init");
    let cluster = home.join("cluster");
    let nodes = ["--node", "1=localhost", "--node", "2=localhost", "--node", "3=localhost"];
    let args: Vec<&str> = ["init", cluster.to_str().unwrap()].into_iter().chain(nodes).collect();
    let output = trongdong(&args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let configs =
        fs::read_dir(&cluster).unwrap().filter(|entry| entry.as_ref().unwrap().path().join("node.toml").is_file());
    assert_eq!(configs.count(), 3);
    let deadlines = |node: u64| fs::read(cluster.join(format!("node-{node}/first-deadlines.json"))).unwrap();
    let policies: serde_json::Value = serde_json::from_slice(&deadlines(1)).unwrap();
    assert_eq!(policies["policies"][0]["within_ms"], 300_000, "passed on in five minutes");
    assert!((2..=3).all(|node| deadlines(node) == deadlines(1)), "whoever leads puts the same");
    let mut folders = vec![cluster];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "key") {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o077, 0, "{} is readable by others: {mode:o}", path.display());
            }
        }
    }
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_backup_is_asked_where_to_and_of_whom() {
    let output = trongdong(&["backup"]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("--to") && said.contains("--url"), "{said}");
}

#[test]
fn a_folder_without_backups_is_named() {
    let home = folder("backups");
    let nowhere = home.join("nowhere");
    let key = home.join("sealing.key");
    fs::write(&key, "07".repeat(32)).unwrap();
    let (from, out) = (nowhere.to_str().unwrap(), home.join("new"));
    let restore = ["restore", "--from", from, "--out", out.to_str().unwrap(), "--sealing-key", key.to_str().unwrap()];
    let restore: Vec<&str> = restore.into_iter().chain(["--node", "1=localhost:7400"]).collect();
    for args in [&["backup", "verify", from][..], &restore] {
        let output = trongdong(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(text(&output.stderr).contains(from), "{}", text(&output.stderr));
    }
    assert!(!out.exists());
    fs::remove_dir_all(home).unwrap();
}

/// The folder of the one node of a new cluster, whose disk has ten entries in the log of group 3.
fn node_with_a_log(home: &Path) -> PathBuf {
    let cluster = home.join("cluster");
    let made = trongdong(&["init", cluster.to_str().unwrap(), "--node", "1=localhost"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let node = cluster.join("node-1");
    let disk = RocksDisk::open(&node.join("data"), &rocks::Options::default()).unwrap();
    let (sender, receiver) = mpsc::channel();
    let entries = (0..10).map(|index| (index, Bytes::from_static(b"entry"))).collect();
    disk.submit(LogOp::Append { group: 3, entries }, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().unwrap().unwrap();
    disk.close().unwrap();
    drop(disk);
    fs::write(node.join("founded"), "").unwrap();
    node
}

/// What a node says that must not start.
fn refused_to_start(node: &Path) -> String {
    let output = trongdong(&["start", node.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn a_node_whose_log_ends_below_what_was_durable_refuses_to_start_and_says_what_to_do() {
    let home = folder("behind");
    let node = node_with_a_log(&home);
    let data = node.join("data");
    // The file that remembers how far it was durable is that of the whole log; the log is a new one.
    let watermarks = fs::read(data.join("watermarks")).unwrap();
    fs::remove_dir_all(&data).unwrap();
    let disk = RocksDisk::open(&data, &rocks::Options::default()).unwrap();
    disk.close().unwrap();
    drop(disk);
    fs::write(data.join("watermarks"), watermarks).unwrap();
    for _ in 0..2 {
        let said = refused_to_start(&node);
        assert!(said.contains("group 3: the log ends at index 0") && said.contains("durable up to index 10"), "{said}");
        assert!(said.contains("replace this node: it must come back under a new id"), "{said}");
    }
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_node_whose_disk_is_not_whole_or_gone_refuses_to_start_and_says_what_to_do() {
    let home = folder("damaged");
    let node = node_with_a_log(&home);
    fs::remove_file(node.join("data/watermarks")).unwrap();
    let said = refused_to_start(&node);
    assert!(said.contains("watermarks: it is missing: replace this node"), "{said}");
    fs::remove_dir_all(node.join("data")).unwrap();
    let said = refused_to_start(&node);
    assert!(said.contains("trongdong replace 1"), "{said}");
    fs::remove_dir_all(home).unwrap();
}
