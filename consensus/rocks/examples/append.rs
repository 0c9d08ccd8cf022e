//! How many entries a second this machine's disk takes, with so many in flight: `cargo run -p rocks --example append`.
//!
//! Entries of 256 bytes in 8 groups, for three seconds each. The folder is made in the working directory or in the one
//! that is given, since a temporary directory may lie in memory.

use std::{
    env,
    error::Error,
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use raft::disk::{Disk, LogOp};
use rocks::{Options, RocksDisk};

const GROUPS: u32 = 8;
const ENTRY_BYTES: usize = 256;
const RUN: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let parent = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let entry = Bytes::from(vec![42; ENTRY_BYTES]);
    println!("in flight   entries/s   entries/fsync   ms/fsync   median ms   99 % ms");
    for in_flight in [1, 8, 64, 512] {
        let folder = tempfile::tempdir_in(&parent)?;
        let disk = RocksDisk::open(folder.path(), &Options::default())?;
        let (sender, receiver) = mpsc::channel();
        let mut nexts = [0; GROUPS as usize];
        let mut submit = |turn: u32| {
            let group = turn % GROUPS;
            let Some(next) = nexts.get_mut(group as usize) else { return };
            let op = LogOp::Append { group, entries: vec![(*next, entry.clone())] };
            *next += 1;
            let (sender, started) = (sender.clone(), Instant::now());
            disk.submit(op, Box::new(move |outcome| drop(sender.send(outcome.map(|()| started.elapsed())))));
        };
        (0..in_flight).for_each(&mut submit);
        let started = Instant::now();
        let mut latencies = Vec::new();
        for turn in 0.. {
            latencies.push(receiver.recv()??);
            if started.elapsed() >= RUN {
                break;
            }
            submit(turn);
        }
        let took = started.elapsed();
        disk.close()?;
        let counters = disk.counters();
        latencies.sort_unstable();
        let ms =
            |part: usize| latencies.get(latencies.len() * part / 100).map_or(0.0, |found| found.as_secs_f64() * 1e3);
        println!(
            "{in_flight:>9} {:>11.0} {:>15.1} {:>10.2} {:>11.2} {:>9.2}",
            latencies.len() as f64 / took.as_secs_f64(),
            counters.entries as f64 / counters.fsyncs as f64,
            counters.fsync_us_sum as f64 / counters.fsyncs as f64 / 1e3,
            ms(50),
            ms(99),
        );
    }
    Ok(())
}
