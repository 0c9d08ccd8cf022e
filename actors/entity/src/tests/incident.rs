//! Deadlines of incidents.

use domain::{GroupId, IncidentKind, OpenIncident, Origin, Severity, Source, limits};

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
        },
        exercise: false,
        place_is_mapped: false,
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
