//! Tests of the whole edge over a cluster in memory: the same `State::apply`, one log per group, any number of nodes.

mod assets;
mod commands;
mod deadline;
mod double;
mod fold;
mod http;
mod hub;
mod model;
mod province;
mod reading;
mod resume;
mod rights;
mod screen;
mod snapshot;
mod socket;
