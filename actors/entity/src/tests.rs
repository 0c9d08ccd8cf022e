//! The shell, on a double of the cluster over real state.

mod advice;
mod alarm;
mod camera;
mod dispatch;
mod failover;
mod incident;
mod record;
mod watch;
pub(crate) mod world;
