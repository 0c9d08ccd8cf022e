//! Deadlines of incidents.

use std::{sync::atomic::Ordering, time::Duration};

use domain::{GroupId, IncidentKind, OpenIncident, Origin, Severity, Source, limits};
use tokio::time::Instant;

use super::world::{SECOND, World, accepted, place, until};

fn open(severity: Severity) -> OpenIncident {
    OpenIncident {
        kind: IncidentKind::Fire,
        severity,
        place: place("05443"),
        summary: "Cháy chợ".into(),
        source: Source {
            origin: Origin::Report("114-1".into()),
            episode: 0,
            version: 0,
            active: false,
            at_ms: domain::Millis(1),
            alarm_report: None,
        },
        exercise: false,
        place_is_mapped: false,
        advice: None,
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_acknowledges_and_it_escalates_to_the_last_level_once_each() {
    let world = World::new();
    let router = world.node(1);
    world.lead(1).await;
    accepted(world.apply(GroupId::COMMAND, open(Severity::Critical)));
    tokio::time::sleep(59 * SECOND).await;
    assert_eq!(world.incidents()[0].escalation_level, 0);
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(world.incidents()[0].escalation_level, 1);
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(world.incidents()[0].escalation_level, limits::ESCALATION_LEVEL_MAX);
    // No deadline runs any more, so no actor is awake.
    until(|| router.counters().actors.load(std::sync::atomic::Ordering::Relaxed) <= 8).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_arms_the_deadline_again() {
    let world = World::new();
    world.node(1);
    world.lead(1).await;
    accepted(world.apply(GroupId::COMMAND, open(Severity::High)));
    tokio::time::sleep(100 * SECOND).await;
    world.node(2);
    world.lead(2).await;
    tokio::time::sleep(70 * SECOND).await;
    assert_eq!(world.incidents()[0].escalation_level, 0, "it is due after 180 s");
    tokio::time::sleep(15 * SECOND).await;
    assert_eq!(world.incidents()[0].escalation_level, 1);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledged_incident_is_left_alone() {
    let world = World::new();
    let router = world.node(1);
    world.lead(1).await;
    accepted(world.apply(GroupId::COMMAND, open(Severity::Critical)));
    until(|| router.counters().actors.load(std::sync::atomic::Ordering::Relaxed) >= 1).await;
    let before = world.proposed(GroupId::COMMAND, "EscalateIncident");
    let incident = world.incidents()[0].clone();
    let resolve =
        domain::ResolveIncident { incident: incident.id, expected_version: incident.version, note: "x".into() };
    accepted(world.apply(GroupId::COMMAND, resolve));
    tokio::time::sleep(300 * SECOND).await;
    assert_eq!(world.proposed(GroupId::COMMAND, "EscalateIncident"), before);
}

/// An actor for each of them would be this many.
const OPEN: usize = 400;
/// The reporters of the field groups, which are awake whatever happens.
const REPORTERS: u64 = 8;

#[tokio::test(start_paused = true)]
async fn a_new_leader_wakes_only_those_whose_deadline_is_near() {
    let world = World::new();
    let (one, two) = (world.node(1), world.node(2));
    world.lead(1).await;
    for at in 0..OPEN {
        let mut info = open(Severity::Info);
        info.source.origin = Origin::Report(format!("info-{at}"));
        accepted(world.apply(GroupId::COMMAND, info));
    }
    // Due after 180 s.
    accepted(world.apply(GroupId::COMMAND, open(Severity::High)));
    world.lead(2).await;
    tokio::time::sleep(SECOND).await;
    let actors = two.counters().actors.load(Ordering::Relaxed);
    assert!(actors <= REPORTERS, "{actors} actors are awake, and nothing is due for minutes");
    assert_eq!(one.counters().actors.load(Ordering::Relaxed), 0);
    tokio::time::sleep(120 * SECOND).await;
    let actors = two.counters().actors.load(Ordering::Relaxed);
    assert!((1..=REPORTERS + 1).contains(&actors), "{actors}");
    tokio::time::sleep(65 * SECOND).await;
    let levels: Vec<_> = world.incidents().iter().map(|incident| incident.escalation_level).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "the one that was due, when it was due");
    assert_eq!(levels.iter().filter(|level| **level == 0).count(), OPEN);
    // The others are due within the hour, by whoever leads then.
    tokio::time::sleep(3500 * SECOND).await;
    assert!(world.incidents().iter().all(|incident| incident.escalation_level >= 1));
}

#[tokio::test(start_paused = true)]
async fn commands_are_taken_while_the_new_lead_looks_round() {
    let world = World::new();
    let router = world.node(1);
    // Nothing commits, so the lead waits with its first look at the state.
    world.hold(GroupId::COMMAND);
    let begun = Instant::now();
    world.set_lead(GroupId::COMMAND, Some(1));
    until(|| router.reign(GroupId::COMMAND).is_some()).await;
    assert!(begun.elapsed() < Duration::from_millis(100), "after {:?}", begun.elapsed());
    world.release(GroupId::COMMAND);
    // And looks all the same.
    accepted(world.apply(GroupId::COMMAND, open(Severity::Critical)));
    tokio::time::sleep(62 * SECOND).await;
    assert_eq!(world.incidents()[0].escalation_level, 1);
}
