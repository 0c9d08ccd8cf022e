//! The drills. All in one program, because each that is linked carries RocksDB; they take turns (`World`).

mod citizens;
mod conveyance;
mod deadlines;
mod disk;
mod district;
mod drill;
mod files;
mod handover;
mod kill;
mod mqtt;
mod notices;
mod readme;
mod record;
mod replay;
mod restore;
mod rights;
mod runbooks;
mod siege;
mod upgrade;
