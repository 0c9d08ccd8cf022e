//! Models on the incident stream: what they read, what they say, and how sure they are.

pub mod duplicate;
pub mod forecast;
pub mod anomaly;
