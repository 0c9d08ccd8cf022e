//! A process that is killed at any moment has lost nothing that it had acknowledged.
//!
//! The page cache survives a killed process, so this proves the order of writes and acknowledgements, and recovery. What
//! a power cut does is `damage.rs`'s.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use raft::disk::{Disk, LogOp, Replacement, RowBatch};
use rocks::{Options, RocksDisk};

const GROUPS: u32 = 4;
const ROUNDS: u64 = 6;
const FOLDER: &str = "ROCKS_KILL_TEST_FOLDER";

fn options() -> Options {
    // Small, so that a kill also meets files being written out, and watermarks being written.
    Options {
        log_buffer_bytes: 256 << 10,
        rows_buffer_bytes: 256 << 10,
        watermark_every: 50,
        watermark_interval: Duration::from_millis(20),
        ..Options::default()
    }
}

fn entry(group: u32, index: u64) -> Bytes {
    Bytes::from(format!("{group}/{index}/{}", "x".repeat((index % 700) as usize)))
}

fn next(disk: &RocksDisk, group: u32) -> u64 {
    disk.log(group).unwrap().bounds.map_or(0, |(_, last)| last + 1)
}

fn number(bytes: &[u8]) -> u64 {
    std::str::from_utf8(bytes).unwrap().parse().unwrap()
}

#[test]
#[ignore = "started by the test below, which kills it"]
fn child() {
    let folder = env::var(FOLDER).expect("the test below says where");
    let disk = Arc::new(RocksDisk::open(Path::new(&folder), &options()).unwrap());
    let out = Arc::new(Mutex::new(std::io::stdout()));
    let threads = (0..GROUPS).map(|group| {
        let (disk, out) = (Arc::clone(&disk), Arc::clone(&out));
        std::thread::spawn(move || {
            for index in next(&disk, group).. {
                let out = Arc::clone(&out);
                let acknowledge = move |outcome: std::io::Result<()>| {
                    outcome.unwrap();
                    writeln!(out.lock().unwrap(), "{group} {index}").unwrap();
                };
                disk.submit(
                    LogOp::Append { group, entries: vec![(index, entry(group, index))] },
                    Box::new(acknowledge),
                );
                if index % 3 == 0 {
                    let applied = Bytes::from(index.to_string());
                    let puts =
                        vec![(Bytes::from_static(b"a"), applied.clone()), (Bytes::from_static(b"b"), applied.clone())];
                    disk.write_rows(group, RowBatch { puts, applied, ..RowBatch::default() }).unwrap();
                }
                if index % 16 == 0 {
                    // As many in flight as it takes to fill the queue would outrun the parent.
                    let (sender, receiver) = std::sync::mpsc::channel();
                    let vote = Bytes::from(index.to_string());
                    disk.submit(LogOp::Vote { group, vote }, Box::new(move |done| sender.send(done).unwrap()));
                    receiver.recv().unwrap().unwrap();
                }
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = [None::<u64>; GROUPS as usize];
    for round in 0..ROUNDS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--ignored", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // After a number of lines that differs from round to round the kill meets the child in any state.
        let kill_after = 200 + (round * 7919 + u64::from(child.id())) % 900;
        let mut lines = 0;
        let mut killed = false;
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                break;
            }
            let Some((group, index)) = line.trim_end().split_once(' ') else { continue };
            let (Ok(group), Ok(index)) = (group.parse::<usize>(), index.parse::<u64>()) else { continue };
            acknowledged[group] = acknowledged[group].max(Some(index));
            lines += 1;
            if lines >= kill_after && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the child ended by itself after {lines} acknowledgements");

        let disk = RocksDisk::open(folder.path(), &options()).unwrap();
        for group in 0..GROUPS {
            let next = next(&disk, group);
            assert!(Some(next) > acknowledged[group as usize], "round {round}: {next} of {acknowledged:?}");
            let found = disk.read_log(group, 0..next, usize::MAX).unwrap();
            assert_eq!(found.len() as u64, next);
            assert!(found.into_iter().zip(0..).all(|((index, found), at)| index == at && found == entry(group, at)));
            // Applied state is one step or another, and no mixture.
            let Some(applied) = disk.applied(group).unwrap() else { continue };
            let rows = disk.scan(group, b"", b"z", 10).unwrap();
            assert_eq!(rows.iter().map(|(_, value)| number(value)).collect::<Vec<_>>(), [number(&applied); 2]);
        }
        disk.close().unwrap();
    }
    assert!(acknowledged.iter().all(Option::is_some), "{acknowledged:?}");
}

/// Rows are written one by one, and each few of them are replaced by one that says how many they were, as readings are folded.
#[test]
#[ignore = "started by the test below, which kills it"]
fn folding_child() {
    let folder = env::var(FOLDER).expect("the test below says where");
    let disk = RocksDisk::open(Path::new(&folder), &options()).unwrap();
    let applied = disk.applied(1).unwrap().map_or(0, |applied| number(&applied));
    for index in applied + 1.. {
        let text = Bytes::from(index.to_string());
        let puts = vec![(Bytes::from(format!("a{index:012}")), text.clone())];
        disk.write_rows(1, RowBatch { puts, applied: text, ..RowBatch::default() }).unwrap();
        if index % 5 == 0 {
            let view = disk.snapshot(1).unwrap();
            let rows = view.scan(b"a", b"b", 100).unwrap();
            let before = view.last(b"c", b"d").unwrap().map_or(0, |(_, count)| number(&count));
            let count = Bytes::from((before + rows.len() as u64).to_string());
            let range = Some((rows[0].0.clone(), Bytes::from_static(b"b")));
            let step = Replacement { range, deletes: Vec::new(), puts: vec![(Bytes::from_static(b"c"), count)] };
            assert!(disk.replace_rows(1, view.generation(), step).unwrap());
        }
        println!("{index}");
    }
}

#[test]
fn what_is_folded_is_there_once_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kill::folding_child", "--ignored", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let kill_after = 100 + (round * 7919 + u64::from(child.id())) % 300;
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (mut lines, mut line) = (0, String::new());
        while lines < kill_after && output.read_line(&mut line).unwrap() > 0 {
            lines += u64::from(line.trim_end().parse::<u64>().is_ok());
            line.clear();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lines, kill_after, "round {round}: the child ended by itself");

        let disk = RocksDisk::open(folder.path(), &options()).unwrap();
        let applied = disk.applied(1).unwrap().map_or(0, |applied| number(&applied));
        let folded = disk.scan(1, b"c", b"d", 10).unwrap().first().map_or(0, |(_, count)| number(count));
        let rows = disk.scan(1, b"a", b"b", usize::MAX).unwrap();
        assert!(rows.iter().zip(folded + 1..).all(|((_, value), index)| number(value) == index), "round {round}");
        assert_eq!(folded + rows.len() as u64, applied, "round {round}: each is a row, or counted, and never both");
        disk.close().unwrap();
    }
}
