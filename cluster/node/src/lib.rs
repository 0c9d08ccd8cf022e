//! One running node, and the `trongdong` program: start, stop, and what an operator does from a terminal. It decides
//! nothing: that is `domain`'s, and the actors'.
//!
//! - [`run`] starts the parts in their order and stops them in the other; [`dispatch`] hands peers' messages to them.
//! - [`placement`], [`balance`] and [`relay`] spread cameras, leads and video over the nodes.
//! - [`backup`] takes, verifies and restores backups.
//! - [`status`] says how a cluster is; [`membership`] brings nodes in and takes them out, with `admission` and `belonging` on
//!   the nodes themselves, and `operations` for who administers them over HTTP.
//! - [`feature`] switches on what a newer version brings, [`release`] is what a version knows.
//! - [`first_deadlines`] is what has to be done by when in a new cluster, until its administrators say otherwise.
//! - `erasure` sees to it that personal data go when a rule says so.
//! - [`files`] keeps photos on the nodes' disks beside the log.
//! - [`district`](mod@district) is a district centre's own node: its folder and its commands.
//! - [`drill`](mod@drill) has the cluster break something of itself for a while, and says what it bore.
//! - [`config`] and [`init`] are the files of a node; [`local`] runs a cluster of real processes on one machine, and [`inbox`] is
//!   a receiver of their notices there.
//! - [`oidc`] reads the provider whose word people may sign in by.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

mod admission;
pub mod audit;
pub mod backup;
mod balance;
mod belonging;
pub mod client;
mod clock;
pub mod config;
pub mod demo;
mod dispatch;
pub mod district;
pub mod drill;
mod erasure;
pub mod feature;
mod files;
mod first_admin;
pub mod first_deadlines;
#[doc(hidden)]
pub mod fuzzing;
pub mod inbox;
pub mod init;
pub mod invitation;
pub mod local;
pub mod membership;
mod metrics;
pub mod model;
mod models;
pub mod oidc;
mod operations;
pub mod placement;
mod receivers;
mod recorder;
mod relay;
pub mod release;
pub mod replay;
pub mod retention;
mod room;
mod run;
mod scrub;
pub mod simulate;
pub mod status;
mod telephony;
pub mod town;
pub mod train;
pub mod watch;

pub use run::Node;
