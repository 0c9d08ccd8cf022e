//! How many calls are in memory, and how those that matter now are told from all others.

use domain::*;

use super::World;

/// A caller rings and hangs up at once; only what comes after is looked at as a whole, because there are tens of thousands of these.
fn call_in_vain(world: &mut World, leg: &str, number: &str) {
    let leg = LegId::new(leg).unwrap();
    let offer = OfferCall {
        leg: leg.clone(),
        door: "pbx".into(),
        line: "1022".into(),
        number: number.into(),
        wanted: String::new(),
        place: None,
        language: String::new(),
        exercise: false,
    };
    for command in [Command::from(offer), EndLeg { leg, cause: LegEnd::HungUp }.into()] {
        world.index += 1;
        world.pass(1);
        let entry = Entry { at_ms: world.at_ms, request: None, grant: None, command, salt: bytes::Bytes::new() };
        let reply = world.state.apply(world.index, &entry).reply;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
    }
}

#[test]
fn calls_of_a_day_are_in_memory_and_then_their_number_remembers_them() {
    let mut world = World::new(&[]);
    world.ok(PutCallDesk { desk: CallDesk { callback_always: false, ..CallDesk::default() } });
    for call in 0..limits::CALLS_OVER_MAX {
        call_in_vain(&mut world, &format!("l-{call}"), &format!("09{call:08}"));
    }
    assert_eq!(world.state.calls().len(), limits::CALLS_OVER_MAX);
    // Asked again, the exchange is told of the call that it knows.
    assert_eq!(world.offer("l-0", "0900000000").as_str(), "C1");
    assert_eq!(world.state.calls().len(), limits::CALLS_OVER_MAX);

    call_in_vain(&mut world, "l-one-more", "0901");
    world.state.check().unwrap();
    assert_eq!(world.state.calls().len(), limits::CALLS_OVER_MAX);
    assert_eq!(world.state.calls_offered(), u64::try_from(limits::CALLS_OVER_MAX + 1).unwrap());
    assert!(!world.state.calls().contains_key("C1"), "it has been over the longest");
    assert_eq!(world.state.caller("0900000000").unwrap().calls[0].call.as_str(), "C1");
}

#[test]
fn calls_of_one_number_are_bounded_and_it_remembers_those_that_left() {
    let mut world = World::new(&["an"]);
    world.ok(PutCallDesk { desk: CallDesk { callback_always: false, ..CallDesk::default() } });
    let talking = world.offer("l-talking", "0901");
    world.answer("an", &talking).unwrap();
    for call in 0..=limits::CALLS_OF_NUMBER_MAX {
        call_in_vain(&mut world, &format!("l-{call}"), "0901");
    }
    world.state.check().unwrap();
    assert_eq!(world.state.calls_of("0901").count(), limits::CALLS_OF_NUMBER_MAX);
    assert!(world.state.calls().contains_key(&talking), "who talks stays");
    assert!(!world.state.calls().contains_key("C2"), "it has been over the longest");
    let caller = world.state.caller("0901").unwrap();
    assert_eq!(caller.calls.len(), limits::CALLER_CALLS_MAX);
    assert_eq!(caller.total, u64::try_from(limits::CALLS_OF_NUMBER_MAX + 1).unwrap());
    assert_eq!(caller.calls.last().unwrap().call.as_str(), format!("C{}", limits::CALLS_OF_NUMBER_MAX + 2));
}

#[test]
fn what_is_at_hand_and_what_was_over_lately_is_told_from_all_the_rest() {
    let mut world = World::new(&["an"]);
    let (rings, waits) = (world.offer("l-1", "0901"), world.offer("l-2", "0902"));
    let owed = world.offer("l-3", "0903");
    world.gone("l-3", LegEnd::Callback);
    for (leg, number) in [("l-4", ""), ("l-5", "")] {
        world.offer(leg, number);
        world.gone(leg, LegEnd::HungUp);
    }
    let at_hand = |world: &World| world.state.calls_at_hand().map(|call| call.id.clone()).collect::<Vec<_>>();
    assert_eq!(at_hand(&world), [waits.clone(), rings.clone()]);
    world.answer("an", &rings).unwrap();
    assert_eq!(at_hand(&world), [waits, rings], "and not {owed}, who is to be called back");
    let from = |count| world.state.calls_over_from(count).map(|(_, id)| id.to_string());
    assert_eq!([from(0), from(1), from(2), from(3)], [None, Some("C5".into()), Some("C4".into()), None]);
}
