//! Tests of the whole edge over a cluster in memory: the same `State::apply`, one log per group, any number of nodes.

mod assets;
mod backup;
mod call;
mod cluster;
mod commands;
mod deadline;
mod dispatch;
mod double;
mod fold;
mod fresh;
mod http;
mod hub;
mod model;
mod open311;
mod province;
mod public;
mod reading;
mod resume;
mod rights;
mod room;
mod screen;
mod series;
mod snapshot;
mod socket;
