//! Any command about calls: few legs, numbers and agents, so that callers wait, are folded and meet busy agents.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{make, person_id, place, text, time, version};

const LINES: [&str; 2] = ["1022", "115"];

fn leg() -> impl Strategy<Value = LegId> + Clone {
    (1u32..40).prop_map(|number| LegId::new(&format!("l-{number}")).unwrap())
}

fn call() -> impl Strategy<Value = CallId> + Clone {
    (1u32..12).prop_map(|number| CallId::new(&format!("C{number}")).unwrap())
}

fn line() -> impl Strategy<Value = String> + Clone {
    select(&LINES[..]).prop_map(str::to_owned)
}

fn desk() -> impl Strategy<Value = CallDesk> {
    (select(&[0u64, 1000, 90_000][..]), 1u32..5, any::<bool>(), text()).prop_map(
        |(wrap_up_ms, overload_waiting, callback_always, surge_script)| CallDesk {
            wrap_up_ms,
            overload_waiting,
            callback_always,
            surge_script,
            ..CallDesk::default()
        },
    )
}

pub(crate) fn command_of_call() -> BoxedStrategy<Command> {
    let number = select(&["", "0912345678", "0987654321", "+84111222333", "x"][..]).prop_map(str::to_owned);
    let (call, leg) = (call(), leg());
    let callers = prop_oneof![
        12 => make!(OfferCall {
            leg: leg.clone(), door: Just("pbx".to_owned()), line: line(), number: number, wanted: text(),
            place: prop::option::weighted(0.3, place()), language: Just(String::new()),
            exercise: Just(false),
        }),
        6 => make!(EndLeg { leg: leg, cause: select(LegEnd::ALL) }),
    ];
    let agents = prop_oneof![
        1 => make!(PutAgent {
            person: person_id(), lines: prop::collection::vec(line(), 0..3), phone: Just("sip:101@10.0.0.5".to_owned()),
            dispatches: any::<bool>(),
        }),
        6 => make!(SetAgentStatus {
            agent: person_id(), expected_version: version(), status: select(AgentStatus::ALL), reason: text(),
        }),
        6 => make!(AnswerCall { call: call.clone(), expected_version: version(), agent: prop::option::of(person_id()) }),
        2 => make!(HoldCall { call: call.clone(), expected_version: version(), held: any::<bool>() }),
        2 => make!(TransferCall {
            call: call.clone(), expected_version: version(),
            to: select(&["115", "1022", "sip:115@10.0.0.9", ""][..]).prop_map(str::to_owned), note: text(),
        }),
        3 => make!(EndCall {
            call: call.clone(), expected_version: version(),
            outcome: select(&["served", "false_call", ""][..]).prop_map(str::to_owned),
        }),
        1 => make!(ReturnCall { call: call.clone(), expected_version: version(), reason: text() }),
        4 => make!(TakeCallback { call: call.clone(), expected_version: version() }),
        4 => make!(SettleCallback {
            call: call.clone(), expected_version: version(),
            outcome: select(&["reached", "unreached", "settled", ""][..]).prop_map(str::to_owned), note: text(),
        }),
    ];
    let others = prop_oneof![
        2 => make!(PutCallDraft {
            call: call.clone(), seq: 0u64..5, form: select(&["", "{}", "[]"][..]).prop_map(str::to_owned),
        }),
        2 => make!(NameCaller { call: call.clone(), name: text() }),
        1 => make!(EraseCall { call: call.clone(), expected_version: version() }),
        3 => make!(ExpireRing { call: call, ring: 0u32..4 }),
        2 => make!(ExpireWrapUp { agent: person_id(), due_at_ms: time() }),
        1 => make!(CheckQueue { waiting_since_ms: time() }),
        1 => make!(PutCallDesk { desk: desk() }),
    ];
    prop_oneof![4 => callers, 8 => agents, 3 => others].boxed()
}

/// Two agents who take calls before the first entry.
pub(super) fn in_use() -> Vec<Command> {
    let agent = |person: &str, lines: &[&str]| PutAgent {
        person: PersonId::new(person).unwrap(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        phone: String::new(),
        dispatches: person == "an",
    };
    let come = |person: &str| SetAgentStatus {
        agent: PersonId::new(person).unwrap(),
        expected_version: 1,
        status: AgentStatus::Available,
        reason: String::new(),
    };
    vec![agent("an", &["1022", "115"]).into(), agent("oanh", &["1022"]).into(), come("an").into(), come("oanh").into()]
}

/// Names a call that is as far as the command needs it, with its version; whether the command is about calls. Times move to
/// where a ring or a wrap-up is due.
pub(super) fn aim(entry: &mut Entry, state: &State) -> bool {
    let find = |statuses: &[CallStatus]| state.calls().values().find(|call| statuses.contains(&call.status)).cloned();
    let talking = || find(&[CallStatus::Answered, CallStatus::Held]);
    let some = || "Nước lên".to_owned();
    match &mut entry.command {
        Command::SetAgentStatus(command) => {
            command.expected_version = state.agents().get(&command.agent).map_or(1, |agent| agent.version);
        }
        Command::AnswerCall(command) => {
            let Some(call) = find(&[CallStatus::Ringing]) else { return true };
            (command.call, command.expected_version, command.agent) = (call.id, call.version, call.agent);
        }
        Command::HoldCall(command) => {
            let Some(call) = talking() else { return true };
            (command.call, command.expected_version) = (call.id, call.version);
        }
        Command::TransferCall(command) => {
            let Some(call) = talking() else { return true };
            (command.call, command.expected_version) = (call.id, call.version);
        }
        Command::EndCall(command) => {
            let Some(call) = talking() else { return true };
            (command.call, command.expected_version) = (call.id, call.version);
        }
        Command::ReturnCall(command) => {
            let Some(call) = talking() else { return true };
            (command.call, command.expected_version, command.reason) = (call.id, call.version, some());
        }
        Command::TakeCallback(command) => {
            let Some(call) = find(&[CallStatus::Callback]) else { return true };
            (command.call, command.expected_version) = (call.id, call.version);
        }
        Command::SettleCallback(command) => {
            let Some(call) = find(&[CallStatus::CallingBack, CallStatus::Callback]) else { return true };
            if call.status == CallStatus::Callback {
                "settled".clone_into(&mut command.outcome);
            }
            (command.call, command.expected_version, command.note) = (call.id, call.version, some());
        }
        Command::NameCaller(command) => {
            let known = state.calls().values().find(|call| !call.number.is_empty() && !call.exercise);
            let Some(call) = known else { return true };
            command.call.clone_from(&call.id);
        }
        Command::EraseCall(command) => {
            let over = [CallStatus::Ended, CallStatus::Abandoned, CallStatus::Transferred];
            let Some(call) = find(&over) else { return true };
            (command.call, command.expected_version) = (call.id, call.version);
        }
        Command::ExpireRing(command) => {
            let Some(call) = find(&[CallStatus::Ringing]) else { return true };
            // Some timers are early.
            if command.ring != 3 {
                entry.at_ms = entry.at_ms.max(call.ring_due_at_ms);
            }
            (command.call, command.ring) = (call.id, call.ring);
        }
        Command::ExpireWrapUp(command) => {
            let Some(agent) = state.agents().values().find(|agent| agent.status == AgentStatus::WrapUp) else {
                return true;
            };
            (command.agent, command.due_at_ms) = (agent.person.clone(), agent.wrap_up_due_at_ms);
            entry.at_ms = entry.at_ms.max(agent.wrap_up_due_at_ms);
        }
        Command::EndLeg(command) => {
            let call = find(&[CallStatus::Queued, CallStatus::Ringing, CallStatus::Answered]);
            let Some(leg) = call.and_then(|call| call.live_legs().next().cloned()) else { return true };
            command.leg = leg.id;
        }
        Command::OfferCall(_)
        | Command::PutCallDraft(_)
        | Command::CheckQueue(_)
        | Command::PutCallDesk(_)
        | Command::PutAgent(_) => {}
        _ => return false,
    }
    true
}
