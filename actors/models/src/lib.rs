//! Models on the incident stream: what they read, what they say, and how sure they are.

pub mod anomaly;
pub mod artifact;
pub mod corpus;
pub mod device;
pub mod duplicate;
pub mod forecast;
pub mod report;
pub mod rng;
pub mod serve;
pub mod triage;
pub mod watch;
