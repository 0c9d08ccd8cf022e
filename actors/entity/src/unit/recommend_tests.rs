use domain::*;

use super::*;

const NOW: Millis = Millis(100_000_000);

fn place(latitude_e7: i32) -> Place {
    Place {
        latitude_e7,
        longitude_e7: 1_058_400_000,
        admin_unit: AdminUnitCode::new("05443").unwrap(),
        address: String::new(),
    }
}

fn apply(state: &mut State, command: impl Into<Command>) {
    let index = state.clock().0;
    let at_ms = state.clock().plus(1);
    let applied = state
        .apply(index, &Entry { at_ms, request: None, grant: None, command: command.into(), salt: bytes::Bytes::new() });
    assert!(matches!(applied.reply, Reply::Accepted(_)), "{:?}", applied.reply);
}

/// A unit so many metres north of the incident, as the crow flies.
fn unit(state: &mut State, name: &str, north_m: i32, skills: &[&str]) {
    let station = place(215_900_000 + north_m * 90);
    let unit = Unit {
        id: UnitId::new(name).unwrap(),
        name: name.into(),
        agency: "Fire".into(),
        skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
        station: station.clone(),
        position: station,
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: Duty::default(),
    };
    apply(state, PutUnit { unit });
}

/// Group 0 at `NOW` with one critical fire.
fn world() -> State {
    let mut state = State::new(GroupId::COMMAND);
    state.apply(
        1,
        &Entry {
            at_ms: NOW,
            request: None,
            grant: None,
            command: SwitchFeature { feature: 1 }.into(),
            salt: bytes::Bytes::new(),
        },
    );
    let origin = Origin::Report("114-1".into());
    let source = Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(1), alarm_report: None };
    let open = OpenIncident {
        kind: IncidentKind::Fire,
        severity: Severity::Critical,
        place: place(215_900_000),
        summary: "Cháy chợ".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    };
    apply(&mut state, open);
    state
}

fn made(state: &State, now: Millis) -> Recommendation {
    recommend(state, &state.incidents()["I1"], now, &|_| true)
}

fn order(state: &State) -> Vec<String> {
    let found = made(state, state.clock());
    found.units.iter().filter(|it| it.can_send).map(|it| it.unit.to_string()).collect()
}

fn of<'a>(found: &'a Recommendation, unit: &str) -> &'a Recommended {
    found.units.iter().find(|it| it.unit.as_str() == unit).unwrap()
}

fn card(state: &mut State, needs: &[(&str, u32)]) {
    let needs = needs.iter().map(|(skill, count)| SkillNeed { skill: (*skill).to_owned(), count: *count }).collect();
    let card = RunCard { kind: IncidentKind::Fire, severity: Severity::Critical, needs, version: 0 };
    apply(state, PutRunCard { card });
}

fn assign(state: &mut State, units: &[&str]) {
    let expected_version = state.incidents()["I1"].version;
    let units = units.iter().map(|unit| UnitId::new(unit).unwrap()).collect();
    apply(state, AssignIncident { incident: IncidentId::new("I1").unwrap(), expected_version, units });
}

fn tap(state: &mut State, unit: &str, status: UnitStatus) {
    let unit = UnitId::new(unit).unwrap();
    let expected_status = state.units()[&unit].status;
    let tapped_at_ms = Millis(0);
    let reason = String::new();
    apply(state, SetUnitStatus { unit, status, expected_status, tapped_at_ms, assignment: 0, reason });
}

#[test]
fn the_nearest_free_unit_is_first_and_says_why() {
    let mut state = world();
    unit(&mut state, "far", 8_000, &[]);
    unit(&mut state, "near", 1_000, &[]);
    unit(&mut state, "same-b", 3_000, &[]);
    unit(&mut state, "same-a", 3_000, &[]);
    assert_eq!(order(&state), ["near", "same-a", "same-b", "far"]);
    let found = made(&state, state.clock());
    assert!(!found.has_card && found.needs.is_empty());
    let Reason::Travel { distance_m, travel_s } = of(&found, "near").reasons[0] else { panic!("{found:?}") };
    assert!((1_290..1_310).contains(&distance_m), "{distance_m}");
    assert_eq!((of(&found, "near").cost_s, travel_s), (travel_s, (distance_m * 9 + 50) / 100));
    let rest = &of(&found, "near").reasons[1..];
    assert_eq!(rest, [Reason::Free, Reason::Rested { for_ms: None }]);
    let near_only = recommend(&state, &state.incidents()["I1"], NOW, &|unit| unit.id.as_str() == "near");
    assert_eq!(near_only.units.len(), 1);
    // The same state gives the same list.
    assert_eq!(found, made(&state, state.clock()));
}

#[test]
fn the_skill_that_is_still_missing_goes_before_a_shorter_way() {
    let mut state = world();
    card(&mut state, &[("ladder", 1), ("pump", 1)]);
    unit(&mut state, "ladder-1", 5_000, &["ladder"]);
    unit(&mut state, "ladder-2", 6_000, &["ladder"]);
    unit(&mut state, "patrol", 500, &["arrest"]);
    unit(&mut state, "pump-1", 9_000, &["pump"]);
    assert_eq!(order(&state), ["ladder-1", "ladder-2", "pump-1", "patrol"]);
    assign(&mut state, &["ladder-1"]);
    // Of ladders there is one now.
    assert_eq!(order(&state), ["pump-1", "patrol", "ladder-2"]);
    let found = made(&state, state.clock());
    let needs: Vec<_> = found.needs.iter().map(|need| (need.skill.as_str(), need.count, need.covered)).collect();
    assert_eq!(needs, [("ladder", 1, 1), ("pump", 1, 0)]);
    assert!(of(&found, "pump-1").reasons.contains(&Reason::Skill { skills: vec!["pump".into()] }));
    assert!(of(&found, "patrol").reasons.contains(&Reason::NoSkill));
}

#[test]
fn who_is_busy_in_danger_or_off_duty_stands_behind() {
    let mut state = world();
    for (name, north_m) in [("busy", 100), ("danger", 200), ("off", 300), ("free", 9_000)] {
        unit(&mut state, name, north_m, &[]);
    }
    tap(&mut state, "busy", UnitStatus::OutOfService);
    apply(&mut state, RaiseMayday { unit: UnitId::new("danger").unwrap(), tapped_at_ms: Millis(0) });
    let (starts_at_ms, ends_at_ms) = (NOW.plus(3_600_000), NOW.plus(7_200_000));
    apply(&mut state, SetUnitShift { unit: UnitId::new("off").unwrap(), starts_at_ms, ends_at_ms });
    assert_eq!(order(&state), ["free", "off"]);
    let found = made(&state, state.clock());
    let busy = Reason::Busy { status: UnitStatus::OutOfService, incident: None };
    assert!(!of(&found, "busy").can_send && of(&found, "busy").reasons.contains(&busy));
    assert!(!of(&found, "danger").can_send && of(&found, "danger").reasons.contains(&Reason::Mayday));
    assert!(of(&found, "off").reasons.contains(&Reason::OffShift));
}

#[test]
fn who_was_just_out_rests_before_who_was_not() {
    let mut state = world();
    unit(&mut state, "tired", 1_000, &[]);
    unit(&mut state, "fresh", 2_000, &[]);
    assign(&mut state, &["tired"]);
    for status in [UnitStatus::Accepted, UnitStatus::EnRoute, UnitStatus::OnScene, UnitStatus::Available] {
        tap(&mut state, "tired", status);
    }
    assert_eq!(order(&state), ["fresh", "tired"]);
    let found = made(&state, state.clock());
    assert!(matches!(of(&found, "tired").reasons[2], Reason::Tired { for_ms: 0..10 }), "{found:?}");
    let later = made(&state, state.clock().plus(REST_MS));
    let Reason::Rested { for_ms: Some(for_ms) } = of(&later, "tired").reasons[2] else { panic!("{later:?}") };
    assert!(for_ms >= REST_MS);
    // By then nobody knows where they are.
    assert!(of(&later, "tired").reasons.iter().any(|it| matches!(it, Reason::StalePosition { age_ms: Some(_) })));
}

#[test]
fn an_offer_goes_on_to_who_can_and_has_not_declined() {
    let mut state = world();
    unit(&mut state, "pump-1", 1_000, &["pump"]);
    unit(&mut state, "pump-2", 2_000, &["pump"]);
    unit(&mut state, "pump-3", 9_000, &["pump"]);
    unit(&mut state, "patrol", 100, &["arrest"]);
    assign(&mut state, &["pump-2"]);
    tap(&mut state, "pump-2", UnitStatus::Available);
    assign(&mut state, &["pump-1"]);
    let next = |state: &State| next_for(state, &state.incidents()["I1"], &state.units()["pump-1"], state.clock());
    assert_eq!(next(&state).unwrap().as_str(), "pump-3");
    // With a card it is the card that says what is missing, without the unit that gives way.
    card(&mut state, &[("pump", 1)]);
    assert_eq!(next(&state).unwrap().as_str(), "pump-3");
    tap(&mut state, "pump-3", UnitStatus::OutOfService);
    assert_eq!(next(&state), None);
    let found = made(&state, state.clock());
    assert!(of(&found, "pump-2").can_send && of(&found, "pump-2").reasons.contains(&Reason::Declined));
}

#[test]
fn an_agency_that_has_a_task_here_and_no_unit_gains() {
    let mut state = world();
    unit(&mut state, "fire-1", 1_000, &[]);
    let mut police = state.units()["fire-1"].clone();
    police.id = UnitId::new("police-1").unwrap();
    police.agency = "Công an".into();
    apply(&mut state, PutUnit { unit: police });
    let give = GiveTask {
        incident: IncidentId::new("I1").unwrap(),
        expected_version: 1,
        agency: "Công an".into(),
        text: "Chặn cầu".into(),
    };
    assert_eq!(order(&state), ["fire-1", "police-1"]);
    apply(&mut state, give);
    assert_eq!(order(&state), ["police-1", "fire-1"]);
}
