//! Real processes under faults, and who checks what they promised.
//!
//! - [`auditor`] carries the record away and verifies it where no cluster is.
//! - [`world`] is a cluster of real nodes with a small province in it; [`program`] finds the executable.
//! - [`desk`] is somebody at the HTTP API, [`device`] something at MQTT, [`broker`] a broker of the province's own.
//! - [`load`] keeps them busy and writes every promise into the [`oracle`].
//! - [`gather`] asks the cluster what it holds, and [`judge`] compares the two; both sides are plain values.
//! - [`deadlines`] are given, and each has to be told once and in time; units are sent ([`dispatch`]), and each offer has to be
//!   acknowledged or to come back to a person.
//! - [`registers`] are written and read through every gateway, and some order has to explain what each of them told.
//! - [`scene`] is a storm from beginning to end: load, screens, faults, judgement.
//! - [`siege`] is storm after storm, drawn from seeds: [`shim`] has the nodes' disks and clocks in hand, [`proxy`] their lines.
//! - [`upgrade`] brings a cluster from an [`older`] release to this one, node by node.
//!
//! The product's own clients are not used here: whoever checks promises must see each attempt by itself.

pub mod auditor;
pub mod ballast;
pub mod broker;
pub mod deadlines;
pub mod desk;
pub mod device;
pub mod dispatch;
pub mod gather;
pub mod judge;
pub mod load;
pub mod older;
pub mod oracle;
pub mod program;
pub mod proxy;
pub mod random;
pub mod registers;
pub mod scene;
pub mod shim;
pub mod siege;
pub mod upgrade;
pub mod world;

/// What ends a drill early. Its text says what to do.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Milliseconds since 1970 by this machine's clock.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
