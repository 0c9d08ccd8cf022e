//! Which clocks take their next step now, and which shift notes are late, and when to look again. Pure: what is due stands in state, set by `apply`.

use domain::{Command, FireDeadline, FireShiftNote, Millis, State};

/// What to do about all the clocks of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// At most as many as were asked for: steps of clocks, the longest due first, one for each clock; then shift notes.
    pub(crate) fires: Vec<Command>,
    /// Milliseconds until the next one that is not due yet; none: no other clock runs.
    pub(crate) next_in_ms: Option<u64>,
}

/// Reads what is due at `now`. The step and the version go with each proposal, so that two leaders' timers take a step once.
pub(crate) fn due(state: &State, now: Millis, fires_max: usize) -> Due {
    let waiting = state.clocks_due().take_while(|(at, _)| *at <= now).take(fires_max);
    let fires = waiting.filter_map(|(_, key)| {
        let clock = state.clock_of(key)?;
        Some(Command::from(FireDeadline { clock: key.clone(), step: clock.fired, version: clock.version }))
    });
    let late = state.shift_notes_due().filter(|(at, _)| *at <= now);
    let late = late.map(|(_, id)| Command::from(FireShiftNote { shift_note: id.clone() }));
    let next = state.clocks_due().map(|(at, _)| at).find(|at| *at > now);
    let next_late = state.shift_notes_due().map(|(at, _)| at).filter(|at| *at > now);
    let next = next.into_iter().chain(next_late).min();
    Due { fires: fires.chain(late).take(fires_max).collect(), next_in_ms: next.map(|at| at.since(now)) }
}
