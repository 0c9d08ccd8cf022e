//! What holds of the disk as others see it. All in one program: each that is linked carries RocksDB.

mod conformance;
mod damage;
mod kill;
mod memory;
mod model;
mod queue;
mod scrub;
mod suite;
mod sweep;
mod write_error;
