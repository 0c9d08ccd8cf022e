//! The shell, on a double of the cluster over real state.

mod advice;
mod alarm;
mod audit;
mod call;
mod camera;
mod deadline;
mod dispatch;
mod failover;
mod handover;
mod incident;
mod notice;
mod record;
mod watch;
pub(crate) mod world;
