//! What holds of the simulator of consensus, and what it finds.

mod bugs;
mod failures;
mod figures;
mod linear;
mod repeat;
mod seeds;
