//! A write that the system refuses is final: nothing is acknowledged after it, and what was acknowledged before it is there.
//!
//! The refusal is real: the child may write no file beyond a limit (`ulimit -f`), so the write-ahead log's next write fails
//! with `EFBIG`, as a broken or full disk fails one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
};

use bytes::Bytes;
use raft::disk::{Disk, LogOp, RowBatch};
use rocks::{Options, RocksDisk};

const FOLDER: &str = "ROCKS_WRITE_ERROR_TEST_FOLDER";
/// What `ulimit -f` takes, in units of 512 bytes (of 1024 in some shells): one or two MiB.
const LIMIT: &str = "2048";
/// Entries of 4 KiB: many times what the limit leaves room for.
const ENTRIES: u64 = 4_000;

fn entry(index: u64) -> Bytes {
    // No byte twice in a row, so that nothing is saved by compression.
    Bytes::from((0..4_096_u64).map(|at| (index.wrapping_mul(31) ^ at.wrapping_mul(17)) as u8).collect::<Vec<_>>())
}

fn append(disk: &RocksDisk, index: u64) -> std::io::Result<()> {
    let (sender, receiver) = mpsc::channel();
    let op = LogOp::Append { group: 1, entries: vec![(index, entry(index))] };
    disk.submit(op, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().unwrap()
}

#[test]
#[ignore = "started by the test below, under a limit"]
fn child() {
    let folder = env::var(FOLDER).expect("the test below says where");
    let disk = RocksDisk::open(Path::new(&folder), &Options::default()).unwrap();
    let refused = (0..ENTRIES).find_map(|index| match append(&disk, index) {
        Ok(()) => {
            println!("acknowledged {index}");
            None
        }
        Err(error) => Some((index, error)),
    });
    let (index, first) = refused.expect("the limit is met");
    println!("refused {index} {first}");
    // It is final: with the same words, for everybody, also for what is smaller.
    let vote = {
        let (sender, receiver) = mpsc::channel();
        disk.submit(
            LogOp::Vote { group: 2, vote: Bytes::from("v") },
            Box::new(move |outcome| sender.send(outcome).unwrap()),
        );
        receiver.recv().unwrap()
    };
    let rows = disk.write_rows(3, RowBatch { applied: Bytes::from("a"), ..RowBatch::default() });
    for after in [append(&disk, index), vote, rows, disk.close()] {
        assert_eq!(after.unwrap_err().to_string(), first.to_string());
    }
    println!("final");
}

#[test]
fn a_write_that_is_refused_is_final_and_what_was_acknowledged_is_there() {
    let folder = tempfile::tempdir().unwrap();
    // The signal that goes with the limit is ignored, so that the write fails and the process lives.
    let script = format!("trap '' XFSZ; ulimit -f {LIMIT}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "write_error::child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let about = || format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("final"), "{}", about());
    let acknowledged = said.lines().filter(|line| line.contains("acknowledged ")).count() as u64;
    assert!(acknowledged > 50 && acknowledged < ENTRIES, "{acknowledged}");

    let disk = RocksDisk::open(folder.path(), &Options::default()).unwrap();
    let found = disk.read_log(1, 0..acknowledged, usize::MAX).unwrap();
    assert_eq!(found.len() as u64, acknowledged);
    assert!(found.into_iter().all(|(index, bytes)| bytes == entry(index)));
    assert_eq!(disk.log(2).unwrap().vote, None, "a vote that nobody was told of");
    disk.close().unwrap();
}
