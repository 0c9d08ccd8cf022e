//! `bench consensus`: what agreeing costs, beside etcd and NATS JetStream on the same machine in the same run. As in
//! `spine`, a figure whose measurement failed is absent, never zero.

use crate::{
    Result,
    book::{Book, Part, wanted},
    conditions,
    parts::{Found, Setting},
};

mod aims;
mod causes;
mod chunks;
mod commands;
mod devices;
mod etcd;
mod failover;
mod http2;
mod jetstream;
mod lead;
mod limits;
mod load;
pub(crate) mod nodes;
mod ours;
mod peer;
mod plot;
mod readings;
pub(crate) mod report;
mod restart;
mod snapshot;
mod soak;
mod transfer;
mod usage;

pub(crate) const PARTS: [Part; 8] = [
    Part { name: "limits", figures: &["disk_fdatasync_", "disk_write_"] },
    Part { name: "commands", figures: &["command", "etcd_", "jetstream_", "fsyncs_", "node_rss_"] },
    Part { name: "readings", figures: &["readings_", "disk_bytes_per_reading", "row_bytes_", "chunk_bytes_"] },
    Part { name: "failover", figures: &["failover_"] },
    Part { name: "transfer", figures: &["transfer_"] },
    Part { name: "restart", figures: &["restart_"] },
    Part { name: "snapshot", figures: &["snapshot_"] },
    Part { name: "soak", figures: &["soak_", "spurious_"] },
];

/// How much is filled in before something is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Sensors before a restart.
    pub(crate) entities: usize,
    /// Readings before a restart.
    pub(crate) readings: u64,
    /// MiB of notes in the snapshot.
    pub(crate) snapshot_mib: u64,
    /// Turns of the systems that are compared.
    pub(crate) rounds: u32,
    /// Minutes of full load.
    pub(crate) minutes: u64,
}

/// Runs the parts, and writes after each, so that what is measured stays when a later one fails. `Err` when any failed.
pub(crate) async fn run(setting: &Setting, only: &[String], scale: Scale) -> Result<()> {
    let parts = wanted(&PARTS, only)?;
    let folder = setting.root.join("ops/reports");
    let mut book = Book::open(&folder, report::FIGURES, report::DETAIL)?;
    // A client of a thousand, and nodes that serve them, need more open files than a shell gives.
    crate::fanout::raise_open_files()?;
    let conditions = conditions::of_consensus(&setting.root, peer::version(etcd::PROGRAM))?;
    println!("{conditions}");
    let done = book.fill(setting, &parts, &conditions, async |name| measure(name, setting, &scale).await).await;
    if !setting.quick {
        report::write(&folder)?;
    }
    done
}

async fn measure(name: &str, setting: &Setting, scale: &Scale) -> Result<Found> {
    match name {
        "limits" => limits::measure(setting),
        "commands" => commands::measure(setting, scale.rounds).await,
        "readings" => readings::measure(setting).await,
        "failover" => failover::measure(setting).await,
        "transfer" => transfer::measure(setting).await,
        "restart" => restart::measure(setting, scale).await,
        "snapshot" => snapshot::measure(setting, scale).await,
        "soak" => soak::measure(setting, scale.minutes).await,
        other => Err(format!("no part is called {other}").into()),
    }
}
