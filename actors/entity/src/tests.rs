//! The shell, on a double of the cluster over real state.

mod advice;
mod alarm;
mod camera;
mod deadline;
mod failover;
mod incident;
mod record;
mod world;
