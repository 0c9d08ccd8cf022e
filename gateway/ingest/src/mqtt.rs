//! MQTT 3.1.1: the endpoint that devices connect to, and the client of a broker that already exists.
//! Both acknowledge a publish only after the cluster has committed or refused what was in it.

mod connection;
pub mod endpoint;
pub mod intake;
mod lanes;
pub mod quarantine;
pub mod subscriber;
pub mod topic;

pub(crate) use connection::{connect_level, next_packet};
pub use endpoint::{Endpoint, EndpointConfig};
pub use intake::Intake;
pub use quarantine::{Counters, Quarantine, Quarantined, Reason};
pub use subscriber::{SubscriberConfig, run as run_subscriber};
