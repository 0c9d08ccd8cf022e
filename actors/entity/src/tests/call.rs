//! Rings that nobody answers, wrap-ups that are over, waits that are an overload, doors that are gone.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    AgentStatus, AnswerCall, Call, CallStatus, EndCall, GroupId, LegId, OfferCall, Person, PersonId, PutAgent,
    PutPerson, Role, SetAgentStatus, SetLiveNodes, limits,
};

use super::world::{SECOND, World, accepted, until};

fn id(name: &str) -> PersonId {
    PersonId::new(name).unwrap()
}

fn agents(world: &World, names: &[&str]) {
    for name in names {
        let person = Person {
            id: id(name),
            name: (*name).into(),
            role: Role::Agent,
            districts: Vec::new(),
            everywhere: true,
            disabled: false,
            credential_sealed: Bytes::new(),
            unit: None,
        };
        accepted(world.apply(GroupId::COMMAND, PutPerson { person }));
        let put = PutAgent { person: id(name), lines: vec!["1022".into()], phone: String::new(), dispatches: false };
        accepted(world.apply(GroupId::COMMAND, put));
        set(world, name, AgentStatus::Available);
    }
}

fn set(world: &World, name: &str, status: AgentStatus) {
    let expected_version = world.read(GroupId::COMMAND, |state| state.agents()[name].version);
    let set = SetAgentStatus { agent: id(name), expected_version, status, reason: String::new() };
    accepted(world.apply(GroupId::COMMAND, set));
}

fn offer(world: &World, leg: &str, door: &str, number: &str) {
    let offer = OfferCall {
        leg: LegId::new(leg).unwrap(),
        door: door.into(),
        line: "1022".into(),
        number: number.into(),
        wanted: String::new(),
        place: None,
        language: String::new(),
        exercise: false,
    };
    accepted(world.apply(GroupId::COMMAND, offer));
}

fn call(world: &World, id: &str) -> Call {
    world.read(GroupId::COMMAND, |state| state.calls()[id].clone())
}

fn at(world: &World, id: &str) -> (CallStatus, Option<String>) {
    let call = call(world, id);
    (call.status, call.agent.map(String::from))
}

async fn led() -> Arc<World> {
    let world = World::new();
    world.node(1);
    world.lead(1).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_nobody_answers_goes_to_the_next_agent_whoever_leads() {
    let world = led().await;
    agents(&world, &["an", "binh"]);
    offer(&world, "l-1", "pbx", "0901");
    assert_eq!(at(&world, "C1"), (CallStatus::Ringing, Some("an".into())));
    tokio::time::sleep(10 * SECOND).await;
    world.node(2);
    world.lead(2).await;
    assert_eq!(at(&world, "C1"), (CallStatus::Ringing, Some("an".into())));
    tokio::time::sleep(7 * SECOND).await;
    assert_eq!(at(&world, "C1"), (CallStatus::Ringing, Some("binh".into())));
    assert_eq!(call(&world, "C1").ring, 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrap_up_ends_by_itself_and_the_next_caller_rings() {
    let world = led().await;
    agents(&world, &["an"]);
    offer(&world, "l-1", "pbx", "0901");
    let answer =
        AnswerCall { call: call(&world, "C1").id, expected_version: call(&world, "C1").version, agent: Some(id("an")) };
    accepted(world.apply(GroupId::COMMAND, answer));
    let end =
        EndCall { call: call(&world, "C1").id, expected_version: call(&world, "C1").version, outcome: "served".into() };
    accepted(world.apply(GroupId::COMMAND, end));
    offer(&world, "l-2", "pbx", "0902");
    assert_eq!(at(&world, "C2").0, CallStatus::Queued);
    let wrap_up = u32::try_from(limits::WRAP_UP_MS / 1000).unwrap();
    tokio::time::sleep((wrap_up + 2) * SECOND).await;
    assert_eq!(at(&world, "C2"), (CallStatus::Ringing, Some("an".into())));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_long_is_an_overload() {
    let world = led().await;
    offer(&world, "l-1", "pbx", "0901");
    let wait = u32::try_from(limits::OVERLOAD_WAIT_MS / 1000).unwrap();
    let is_overloaded = || world.read(GroupId::COMMAND, |state| state.call_desk().overloaded_since_ms.is_set());
    tokio::time::sleep((wait - 2) * SECOND).await;
    assert!(!is_overloaded());
    tokio::time::sleep(4 * SECOND).await;
    assert!(is_overloaded());
    assert_eq!(world.proposed(GroupId::COMMAND, "CheckQueue"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_a_node_that_is_gone_is_called_back() {
    let world = led().await;
    let nodes = |nodes: Vec<u64>, epoch| SetLiveNodes { nodes, epoch };
    accepted(world.apply(GroupId::COMMAND, nodes(vec![1, 2, 3], 1)));
    offer(&world, "l-1", "sip-2", "0901");
    offer(&world, "l-2", "sip-3", "0902");
    accepted(world.apply(GroupId::COMMAND, nodes(vec![1, 3], 2)));
    until(|| at(&world, "C1").0 == CallStatus::Callback).await;
    assert_eq!(at(&world, "C2").0, CallStatus::Queued);
}
