//! Deadlines: each step within ten seconds of its time, once, whatever happens to leaders, nodes and clocks.

use std::{collections::BTreeSet, time::Duration};

use domain::*;

use super::world::{SECOND, World, accepted, place, until};

const STEPS: [EventKind; 3] = [EventKind::DeadlineNearlyLate, EventKind::DeadlineLate, EventKind::DeadlineOverdue];
/// Minutes after the start at which an answer is nearly late, late, overdue.
const TIMES_MIN: [u64; 3] = [4, 5, 15];
/// So late a step may be.
const LATE_MS_MAX: u64 = 10_000;

/// Answer within five minutes, of which one is a warning; overdue ten minutes later.
fn policy(obligation: Obligation) -> PutDeadlinePolicy {
    let step = |stage, offset_ms| Step { stage, offset_ms, post: None };
    PutDeadlinePolicy {
        policy: DeadlinePolicy {
            id: DeadlinePolicyId::new(obligation.as_str()).unwrap(),
            name: "Trả lời".into(),
            obligation,
            kinds: Vec::new(),
            agency: String::new(),
            admin_unit: None,
            calendar: None,
            within_ms: 300_000,
            steps: vec![
                step(ClockStage::NearlyLate, -60_000),
                step(ClockStage::Late, 0),
                step(ClockStage::Overdue, 600_000),
            ],
            disabled: false,
            version: 0,
        },
    }
}

fn open() -> OpenIncident {
    let source = Source {
        origin: Origin::Report("1022".into()),
        episode: 0,
        version: 0,
        active: false,
        at_ms: Millis(1),
        alarm_report: None,
    };
    OpenIncident {
        kind: IncidentKind::Flood,
        severity: Severity::Info,
        place: place("05443"),
        summary: "Ngập đường".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    }
}

async fn world_with_an_answer_due() -> std::sync::Arc<World> {
    let world = World::new();
    for node in [1, 2, 3] {
        world.node(node);
    }
    world.lead(1).await;
    accepted(world.apply(GroupId::COMMAND, policy(Obligation::Answer)));
    accepted(world.apply(GroupId::COMMAND, open()));
    world
}

/// The steps taken so far, in minutes and which, each checked to be in time by the clock of the entries.
fn steps(world: &World, started: Millis) -> Vec<(u64, EventKind)> {
    let events = world.events(GroupId::COMMAND, &STEPS).into_iter();
    let step = |event: Event| {
        let passed = event.at_ms.since(started);
        let at = STEPS.iter().position(|kind| *kind == event.kind).unwrap();
        let due = TIMES_MIN[at] * 60_000;
        assert!((due..=due + LATE_MS_MAX).contains(&passed), "{} after {passed} ms, due after {due}", event.kind);
        (TIMES_MIN[at], event.kind)
    };
    events.map(step).collect()
}

fn all() -> Vec<(u64, EventKind)> {
    TIMES_MIN.into_iter().zip(STEPS).collect()
}

#[tokio::test(start_paused = true)]
async fn each_step_is_taken_at_its_time() {
    let world = world_with_an_answer_due().await;
    let started = world.incidents()[0].opened_at_ms;
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(steps(&world, started), all());
    // One proposal each: nothing was tried in vain.
    assert_eq!(world.proposed(GroupId::COMMAND, "FireDeadline"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_nobody_answers_takes_each_step_at_its_time() {
    let world = World::new();
    for node in [1, 2, 3] {
        world.node(node);
    }
    world.lead(1).await;
    accepted(world.apply(GroupId::COMMAND, policy(Obligation::AnswerReport)));
    // The keeper sleeps by now: nothing but the report wakes it.
    tokio::time::sleep(SECOND).await;
    let report = FileReport {
        code: ReportCode::new("7K3F").unwrap(),
        channel: ReportChannel::Web,
        reference: String::new(),
        text: "Ổ gà".into(),
        place: place("05443"),
        incident: None,
        kind: None,
        severity: None,
        told_kind: None,
        advice: None,
        contact: String::new(),
        language: String::new(),
        exercise: false,
    };
    accepted(world.apply(GroupId::COMMAND, report));
    let started = world.events(GroupId::COMMAND, &[EventKind::ReportFiled])[0].at_ms;
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(steps(&world, started), all());
}

#[tokio::test(start_paused = true)]
async fn each_step_is_taken_once_while_the_lead_goes_round() {
    let world = world_with_an_answer_due().await;
    let started = world.incidents()[0].opened_at_ms;
    // The lead moves every seven seconds, sometimes in the middle of a step: fifteen minutes of it.
    for round in 0..130u64 {
        if round % 3 == 0 {
            world.hold(GroupId::COMMAND);
        }
        tokio::time::sleep(7 * SECOND).await;
        world.set_lead(GroupId::COMMAND, Some(round % 3 + 1));
        world.release(GroupId::COMMAND);
    }
    tokio::time::sleep(60 * SECOND).await;
    let taken: Vec<_> = world.events(GroupId::COMMAND, &STEPS).iter().map(|event| event.kind).collect();
    assert_eq!(taken, STEPS);
    // What was held up for seven seconds is a little later than that.
    for (event, minutes) in world.events(GroupId::COMMAND, &STEPS).iter().zip(TIMES_MIN) {
        let passed = event.at_ms.since(started);
        assert!((minutes * 60_000..=minutes * 60_000 + 2 * LATE_MS_MAX).contains(&passed), "{passed}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_leaders_that_fire_the_same_step_take_it_once() {
    let world = world_with_an_answer_due().await;
    tokio::time::sleep(241 * SECOND).await;
    let clock = ClockKey { of: Measured::Incident(world.incidents()[0].id.clone()), number: 1 };
    for _ in 0..3 {
        accepted(world.apply(GroupId::COMMAND, FireDeadline { clock: clock.clone(), step: 0, version: 1 }));
    }
    assert_eq!(world.events(GroupId::COMMAND, &STEPS).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_fell_due_while_every_node_was_down_is_told_at_once_and_in_order() {
    let world = world_with_an_answer_due().await;
    tokio::time::sleep(SECOND).await;
    for group in GroupId::all() {
        world.set_lead(group, None);
    }
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(world.events(GroupId::COMMAND, &STEPS), []);
    world.restart(GroupId::COMMAND);
    let back = world.clock();
    world.lead(3).await;
    until(|| world.events(GroupId::COMMAND, &STEPS).len() == 3).await;
    let events = world.events(GroupId::COMMAND, &STEPS);
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), STEPS);
    assert!(events.iter().all(|event| event.at_ms.since(back) <= LATE_MS_MAX), "{events:?}");
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(world.events(GroupId::COMMAND, &STEPS).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn clocks_that_are_set_forward_fire_soon_and_clocks_that_are_set_back_fire_nothing_twice() {
    let world = world_with_an_answer_due().await;
    let started = world.incidents()[0].opened_at_ms;
    tokio::time::sleep(SECOND).await;
    // No entry comes meanwhile: only the clock on the wall says that it is late.
    world.set_clocks(300_000);
    tokio::time::sleep(Duration::from_millis(LATE_MS_MAX)).await;
    assert_eq!(world.events(GroupId::COMMAND, &STEPS).len(), 2);
    // An hour back: the time of entries stands still until the wall has caught up, and nothing fires again.
    world.set_clocks(-3_600_000);
    let fired = world.proposed(GroupId::COMMAND, "FireDeadline");
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(world.events(GroupId::COMMAND, &STEPS).len(), 2);
    assert_eq!(world.proposed(GroupId::COMMAND, "FireDeadline"), fired, "the log is not filled in vain");
    tokio::time::sleep(700 * SECOND).await;
    let overdue = world.events(GroupId::COMMAND, &STEPS).last().map(|event| (event.kind, event.at_ms.since(started)));
    let Some((EventKind::DeadlineOverdue, passed)) = overdue else { panic!("{overdue:?}") };
    assert!((900_000..=900_000 + LATE_MS_MAX).contains(&passed), "{passed}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_clocks_that_end_together_are_told_each_once() {
    let world = world_with_an_answer_due().await;
    let started = world.incidents()[0].opened_at_ms;
    for _ in 1..1000 {
        accepted(world.apply(GroupId::COMMAND, open()));
    }
    tokio::time::sleep(1000 * SECOND).await;
    let taken = steps(&world, started);
    assert_eq!(taken.len(), 3000);
    let of: BTreeSet<_> = world
        .events(GroupId::COMMAND, &STEPS)
        .into_iter()
        .filter_map(|event| match event.subject {
            Some(Subject::Incident(incident)) => Some((incident.id, event.kind.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(of.len(), 3000);
}

#[tokio::test(start_paused = true)]
async fn a_instruction_by_an_hour_of_the_day_calls_its_owner_and_who_is_on_duty() {
    let world = World::new();
    world.node(1);
    world.lead(1).await;
    let person = |id: &str| Person {
        id: PersonId::new(id).unwrap(),
        name: id.into(),
        role: Role::Operator,
        districts: Vec::new(),
        everywhere: true,
        disabled: false,
        credential_sealed: bytes::Bytes::new(),
        unit: None,
    };
    for id in ["vy", "anh", "dung"] {
        accepted(world.apply(GroupId::COMMAND, PutPerson { person: person(id) }));
    }
    let now = world.clock();
    let shift = |id: &str, from: u64, until: u64| DutyShift {
        person: PersonId::new(id).unwrap(),
        from_ms: now.plus(from),
        until_ms: now.plus(until),
    };
    let desk = DutyPostId::new("desk").unwrap();
    let shifts = vec![shift("anh", 0, 1_800_000), shift("dung", 1_800_000, 86_400_000)];
    let post = DutyPost { id: desk.clone(), name: "Trực".into(), above: None, shifts, version: 0 };
    accepted(world.apply(GroupId::COMMAND, PutDutyPost { post }));
    let mut ladder = policy(Obligation::DoInstruction);
    ladder.policy.steps.iter_mut().for_each(|step| step.post = Some(desk.clone()));
    accepted(world.apply(GroupId::COMMAND, ladder));
    let give = GiveInstruction {
        title: "Thông cống".into(),
        about: "tile-7".into(),
        incident: None,
        admin_unit: AdminUnitCode::new("05443").unwrap(),
        agency: String::new(),
        owner: Some(PersonId::new("vy").unwrap()),
        due_at_ms: now.plus(1_800_000),
        exercise: false,
    };
    accepted(world.apply(GroupId::COMMAND, give));
    tokio::time::sleep(3600 * SECOND).await;
    let notes: Vec<_> = world.events(GroupId::COMMAND, &STEPS).into_iter().map(|event| event.note).collect();
    // The shift changes as it is due.
    let told = ["anh vy", "dung vy", "dung vy"];
    assert_eq!(notes.len(), 3);
    assert!(notes.iter().zip(told).all(|(note, told)| note.ends_with(&format!("told {told}"))), "{notes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shift_note_that_nobody_acknowledged_is_late_once() {
    let world = World::new();
    for node in [1, 2, 3] {
        world.node(node);
    }
    world.lead(1).await;
    let id = RoomId::new("tinh").unwrap();
    let room = Room {
        id: id.clone(),
        name: "Trung tâm".into(),
        name_en: String::new(),
        admin_unit: None,
        post: None,
        scene: None,
        follows: None,
        followed_at_ms: Millis(0),
        followed_by: None,
        version: 0,
    };
    accepted(world.apply(GroupId::COMMAND, PutRoom { room }));
    let left = WriteShiftNote {
        room: id,
        note: "Đập xả lũ lúc 5 giờ".into(),
        incidents: Vec::new(),
        within_ms: 120_000,
        exercise: false,
    };
    accepted(world.apply(GroupId::COMMAND, left));
    let due = world.read(GroupId::COMMAND, |state| state.shift_notes_due().next().map(|(at, _)| at)).unwrap();
    // The lead moves in between: the next one reads the same state.
    tokio::time::sleep(60 * SECOND).await;
    world.set_lead(GroupId::COMMAND, Some(2));
    tokio::time::sleep(600 * SECOND).await;
    let late = world.events(GroupId::COMMAND, &[EventKind::ShiftNoteLate]);
    assert_eq!(late.len(), 1);
    assert!((due..=due.plus(LATE_MS_MAX)).contains(&late[0].at_ms), "{due} {late:?}");
}
