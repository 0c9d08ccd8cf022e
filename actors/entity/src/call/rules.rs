//! What is due of calls now, and when to look again. Pure: what is due stands in state, set by `apply`.

use domain::{
    CallDue, CallStatus, CheckQueue, Command, EndLeg, ExpireRing, ExpireWrapUp, LegEnd, LegId, Millis, State,
};

/// Prefix of a door that is a node's own; the node's number follows.
pub const NODE_DOOR: &str = "sip-";

/// What to do about all calls of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// At most as many as were asked for.
    pub(crate) commands: Vec<Command>,
    /// Milliseconds until the next; none: nothing runs.
    pub(crate) next_in_ms: Option<u64>,
}

/// Reads what is due at `now`. Each proposal names what it ends, so that two leaders' timers take effect once.
pub(crate) fn due(state: &State, now: Millis, commands_max: usize) -> Due {
    let mut commands: Vec<Command> = Vec::new();
    let mut next: Option<Millis> = None;
    for (at, what) in state.calls_due() {
        if at > now {
            next = Some(next.map_or(at, |next| next.min(at)));
            continue;
        }
        commands.push(match what {
            CallDue::Ring(call, ring) => ExpireRing { call, ring }.into(),
            CallDue::WrapUp(agent, due_at_ms) => ExpireWrapUp { agent, due_at_ms }.into(),
            CallDue::Wait(waiting_since_ms) => CheckQueue { waiting_since_ms }.into(),
        });
    }
    commands.extend(lost(state).map(|leg| EndLeg { leg, cause: LegEnd::Lost }.into()));
    commands.truncate(commands_max);
    Due { commands, next_in_ms: next.map(|at| at.since(now)) }
}

/// Legs of callers who wait at a node that is gone: nobody hears them any more, and they are called back. Who talks goes on
/// talking, because sound does not go through the node.
fn lost(state: &State) -> impl Iterator<Item = LegId> {
    let live = &state.live_nodes().nodes;
    let is_gone = move |door: &str| {
        let node = door.strip_prefix(NODE_DOOR).and_then(|node| node.parse::<u64>().ok());
        !live.is_empty() && node.is_some_and(|node| !live.contains(&node))
    };
    let waiting = state.calls_at_hand().filter(|call| matches!(call.status, CallStatus::Queued | CallStatus::Ringing));
    let legs = waiting.flat_map(domain::Call::live_legs);
    legs.filter(move |leg| is_gone(&leg.door)).map(|leg| leg.id.clone())
}
