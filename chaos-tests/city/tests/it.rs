//! What holds of the simulator of whole nodes, and what it finds. All in one program: each that is linked carries RocksDB.

mod bugs;
mod repeat;
mod seeds;
