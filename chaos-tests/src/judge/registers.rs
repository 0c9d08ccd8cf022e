//! Registers: some order explains what each of them told.

use super::Broken;
use crate::registers::{Reads, Registers};

/// Some order explains what each register told. What was read by mistake is not the cluster's fault; what nobody read or wrote shows
/// nothing.
#[must_use]
pub fn judge_registers(registers: &Registers) -> Broken {
    let mut broken = Broken::default();
    if registers.reads() == Reads::Linearizable {
        broken.0.extend(registers.judge());
        let ordered = registers.ordered();
        if ordered.reads == 0 || ordered.writes == 0 {
            broken.put(format!("nothing is proved by {ordered:?}"));
        }
    }
    broken
}
