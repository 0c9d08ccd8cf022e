//! WHAT is agreed, and nothing of how. This crate is pure: no clock, no randomness, no hash map, no IO, no floating point.
//!
//! - [`Command`] asks, in the imperative; [`Event`] tells, in the past participle.
//! - [`State::apply`] is the only way to change state. It is total and deterministic: time and ids come in the [`Entry`],
//!   a refusal is a [`Reply`], and a broken invariant is a crash.
//! - [`Replica`] is a copy that is told what happened, for a node that decides nothing.
//! - [`State::check`] states the numbered invariants; `limits` names every bound; `policy` says who may do what.
//! - [`State::rows`] and [`State::from_rows`] are the same state as rows, for disks and snapshots.
//! - `wire` is the one crossing between protobuf bytes and these types.

pub mod audit;
pub mod calendar;
pub mod chunk;
pub mod limits;
pub mod policy;
pub mod rows;
pub mod series;
pub mod travel;
pub mod wire;

mod access;
mod access_book;
mod admin_unit;
mod agent;
mod alarm;
mod apply;
#[cfg(feature = "seeded-bugs")]
pub mod bugs;
mod call;
mod call_book;
mod camera;
mod check;
mod command;
mod deadline;
mod device;
mod dispatch;
mod drill;
mod duty;
mod erasure;
mod event;
mod exercise;
mod feature;
mod file;
mod file_book;
mod finding;
mod handover;
mod ids;
mod incident;
mod instruction;
mod model;
mod notice;
mod person;
mod place;
mod placement;
mod remit;
mod replica;
mod report;
mod retention;
mod room;
mod room_book;
mod run_card;
mod sensor;
mod service;
mod state;
mod stored;
mod suggestion;
mod unit;
mod unwritten;
mod waiting;
mod warning;

pub use access::*;
pub use admin_unit::*;
pub use agent::*;
pub use alarm::*;
pub use audit::{AuditHead, AuditLink, AuditPayload, AuditRecord, AuditSealed};
pub use calendar::{Calendar, SpecialDay, WorkingHours};
pub use call::*;
pub use call_book::CallDue;
pub use camera::*;
pub use check::Violation;
pub use command::*;
pub use deadline::*;
pub use dispatch::*;
pub use drill::*;
pub use erasure::*;
pub use event::*;
pub use exercise::*;
pub use feature::*;
pub use file::*;
pub use finding::*;
pub use handover::*;
pub use ids::*;
pub use incident::*;
pub use instruction::*;
pub use model::*;
pub use notice::*;
pub use person::*;
pub use place::*;
pub use placement::*;
pub use remit::*;
pub use replica::Replica;
pub use report::*;
pub use retention::*;
pub use room::*;
pub use run_card::*;
pub use sensor::*;
pub use service::*;
pub use state::State;
pub use suggestion::*;
pub use unit::*;
pub use unwritten::{Decided, Unwritten};
pub use waiting::*;
pub use warning::*;
