//! The program as people run it. All in one program: each that is linked carries RocksDB.

mod model;
mod program;
