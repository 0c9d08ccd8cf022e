//! Offers that nobody answers, and crews of which nobody hears.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use domain::{
    AssignIncident, AttentionKind, CheckInUnit, Duty, EventKind, GroupId, Incident, IncidentKind, Millis, OpenIncident,
    Origin, Place, PutReceiver, PutUnit, RaiseMayday, Receiver, ReceiverId, SetUnitStatus, Severity, Source,
    SwitchFeature, Unit, UnitId, UnitStatus, VOCABULARY_2, limits,
};

use super::world::{SECOND, World, accepted, place, until};

/// Boats north of the incident, the nearest first by name.
pub(super) fn put_boats(world: &World, names: &[&str]) {
    for (name, north) in names.iter().zip(1..) {
        let at = Place { latitude_e7: 215_900_000 + north * 90_000, ..place("05443") };
        let unit = Unit {
            id: UnitId::new(name).unwrap(),
            name: (*name).into(),
            agency: "Cảnh sát PCCC".into(),
            skills: vec!["boat".into()],
            station: at.clone(),
            position: at,
            position_at_ms: Millis(0),
            status: UnitStatus::Available,
            status_at_ms: Millis(0),
            incident: None,
            version: 0,
            duty: Duty::default(),
        };
        accepted(world.apply(GroupId::COMMAND, PutUnit { unit }));
    }
}

/// A critical incident, to which the first boat is sent: it has a minute to answer.
fn send_first(world: &World, names: &[&str]) {
    put_boats(world, names);
    let origin = Origin::Report("114-1".into());
    let source = Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(1), alarm_report: None };
    let open = OpenIncident {
        kind: IncidentKind::Flood,
        severity: Severity::Critical,
        place: place("05443"),
        summary: "Nước lên".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    };
    accepted(world.apply(GroupId::COMMAND, open));
    let units = vec![UnitId::new(names[0]).unwrap()];
    let incident = incident(world);
    let assign = AssignIncident { incident: incident.id, expected_version: incident.version, units };
    accepted(world.apply(GroupId::COMMAND, assign));
}

fn incident(world: &World) -> Incident {
    world.incidents()[0].clone()
}

pub(super) fn unit(world: &World, name: &str) -> Unit {
    world.read(GroupId::COMMAND, |state| state.units()[name].clone())
}

pub(super) fn tap(world: &World, name: &str, status: UnitStatus) {
    let unit = unit(world, name);
    let tap = SetUnitStatus {
        unit: unit.id,
        status,
        expected_status: unit.status,
        tapped_at_ms: Millis(0),
        assignment: unit.duty.assignments_made,
        reason: String::new(),
    };
    accepted(world.apply(GroupId::COMMAND, tap));
}

/// Attentions by kind and unit, with the unit that took over.
fn attentions(world: &World) -> Vec<(AttentionKind, String, Option<String>)> {
    let all = incident(world).dispatch.attentions;
    all.into_iter().map(|it| (it.kind, it.unit.to_string(), it.next.map(|next| next.to_string()))).collect()
}

async fn led() -> (Arc<World>, crate::Router) {
    let world = World::new();
    let router = world.node(1);
    world.lead(1).await;
    (world, router)
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_offer_goes_to_the_next_unit_and_to_a_person_until_nobody_is_left() {
    let (world, router) = led().await;
    send_first(&world, &["boat-1", "boat-2", "boat-3"]);
    tokio::time::sleep(59 * SECOND).await;
    assert_eq!(unit(&world, "boat-1").status, UnitStatus::Offered);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(unit(&world, "boat-1").status, UnitStatus::Available);
    assert_eq!(incident(&world).units, vec![UnitId::new("boat-2").unwrap()]);
    let unanswered = AttentionKind::OfferUnanswered;
    assert_eq!(attentions(&world), [(unanswered, "boat-1".into(), Some("boat-2".into()))]);
    tokio::time::sleep(130 * SECOND).await;
    // boat-1 has declined, so after boat-3 nobody is left, and the incident waits for a person.
    assert!(incident(&world).units.is_empty());
    assert_eq!(attentions(&world)[2], (unanswered, "boat-3".into(), None));
    assert_eq!(attentions(&world).len(), 3);
    assert_eq!(world.proposed(GroupId::COMMAND, "ExpireOffer"), 3);
    until(|| router.counters().actors.load(Ordering::Relaxed) <= 8).await;
}

/// A text message for the crew of a boat.
fn text_for(name: &str) -> PutReceiver {
    let receiver = Receiver {
        id: ReceiverId::new(&format!("phone-{name}")).unwrap(),
        name: name.into(),
        url: "sms+https://gateway.example/send#+84905000001".into(),
        secret_sealed: Bytes::new(),
        kinds: vec![EventKind::IncidentAssigned],
        admin_unit: None,
        disabled: false,
        newest: 0,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: Some(UnitId::new(name).unwrap()),
        version: 0,
        parked: 0,
    };
    PutReceiver { receiver }
}

#[tokio::test(start_paused = true)]
async fn a_crew_with_a_telephone_is_texted_halfway_and_the_offer_goes_on_in_its_time() {
    let (world, _router) = led().await;
    accepted(world.apply(GroupId::COMMAND, SwitchFeature { feature: VOCABULARY_2 }));
    put_boats(&world, &["boat-1"]);
    accepted(world.apply(GroupId::COMMAND, text_for("boat-1")));
    send_first(&world, &["boat-1", "boat-2"]);
    let texts = |world: &World| {
        let phone = ReceiverId::new("phone-boat-1").unwrap();
        world.read(GroupId::COMMAND, |state| state.receivers()[&phone].newest)
    };
    let before = texts(&world);
    tokio::time::sleep(29 * SECOND).await;
    assert_eq!(world.proposed(GroupId::COMMAND, "RemindOffer"), 0);
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(world.proposed(GroupId::COMMAND, "RemindOffer"), 1);
    assert_eq!(texts(&world), before + 1);
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(unit(&world, "boat-1").status, UnitStatus::Offered, "it is due after 60 s");
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(unit(&world, "boat-2").status, UnitStatus::Offered);
    // Nobody would be told of the second one's: nothing is written.
    tokio::time::sleep(40 * SECOND).await;
    assert_eq!(world.proposed(GroupId::COMMAND, "RemindOffer"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_arms_the_offer_again_and_it_runs_out_once() {
    let (world, _router) = led().await;
    send_first(&world, &["boat-1", "boat-2"]);
    tokio::time::sleep(30 * SECOND).await;
    world.node(2);
    world.lead(2).await;
    tokio::time::sleep(25 * SECOND).await;
    assert_eq!(unit(&world, "boat-1").status, UnitStatus::Offered, "it is due after 60 s");
    tokio::time::sleep(7 * SECOND).await;
    assert_eq!(unit(&world, "boat-2").status, UnitStatus::Offered);
    assert_eq!(attentions(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_was_cut_off_while_an_offer_ran_out_does_no_harm() {
    let (world, _router) = led().await;
    send_first(&world, &["boat-1", "boat-2"]);
    tokio::time::sleep(59 * SECOND).await;
    // Consensus has moved on, and the first leader has not heard of it: what it proposes is refused.
    world.node(2);
    for group in GroupId::all() {
        world.move_lead_unheard(group, 2);
    }
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(unit(&world, "boat-1").status, UnitStatus::Offered);
    world.lead(2).await;
    until(|| unit(&world, "boat-2").status == UnitStatus::Offered).await;
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(attentions(&world).len(), 1);
    assert_eq!(unit(&world, "boat-1").duty.assignments_made, 1);
}

#[tokio::test(start_paused = true)]
async fn a_crew_without_a_word_is_asked_and_then_a_person_is_called() {
    let (world, _router) = led().await;
    send_first(&world, &["boat-1"]);
    tap(&world, "boat-1", UnitStatus::Accepted);
    tap(&world, "boat-1", UnitStatus::EnRoute);
    tap(&world, "boat-1", UnitStatus::OnScene);
    let level = |world: &World| unit(world, "boat-1").duty.assignment.unwrap().check_in_level;
    let second = u64::try_from(SECOND.as_millis()).unwrap();
    let within = u32::try_from(limits::CHECK_IN_ON_SCENE_MS / second).unwrap();
    let grace = u32::try_from(limits::CHECK_IN_GRACE_MS / second).unwrap();
    tokio::time::sleep((within - 5) * SECOND).await;
    assert_eq!(level(&world), 0);
    // A word in time starts it anew.
    let assignment = unit(&world, "boat-1").duty.assignments_made;
    let word = CheckInUnit { unit: UnitId::new("boat-1").unwrap(), assignment, tapped_at_ms: Millis(0) };
    accepted(world.apply(GroupId::COMMAND, word.clone()));
    tokio::time::sleep((within - 5) * SECOND).await;
    assert_eq!(level(&world), 0);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!((level(&world), attentions(&world).len()), (1, 0));
    // The lead moves while the crew is asked.
    world.node(2);
    world.lead(2).await;
    tokio::time::sleep((grace + 5) * SECOND).await;
    assert_eq!(level(&world), limits::CHECK_IN_LEVEL_MAX);
    assert_eq!(attentions(&world), [(AttentionKind::CheckInOverdue, "boat-1".into(), None)]);
    accepted(world.apply(GroupId::COMMAND, word));
    assert_eq!(level(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn a_crew_that_has_not_come_is_late_once_whoever_leads() {
    let (world, _router) = led().await;
    accepted(world.apply(GroupId::COMMAND, SwitchFeature { feature: VOCABULARY_2 }));
    send_first(&world, &["boat-1"]);
    tap(&world, "boat-1", UnitStatus::Accepted);
    tap(&world, "boat-1", UnitStatus::EnRoute);
    let assignment = || unit(&world, "boat-1").duty.assignment.unwrap();
    let late_at = assignment().steps.last().unwrap().late_at_ms;
    let second = u64::try_from(SECOND.as_millis()).unwrap();
    let within = u32::try_from(late_at.since(world.clock()) / second).unwrap();
    tokio::time::sleep((within - 20) * SECOND).await;
    // The lead moves while the way is nearly over.
    world.node(2);
    world.lead(2).await;
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!((assignment().check_in_level, attentions(&world).len()), (0, 0));
    tokio::time::sleep(30 * SECOND).await;
    assert_eq!(assignment().check_in_level, 1);
    assert_eq!(attentions(&world), [(AttentionKind::ArrivalLate, "boat-1".into(), None)]);
    tap(&world, "boat-1", UnitStatus::OnScene);
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!((assignment().check_in_level, attentions(&world).len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_a_crew_in_danger() {
    let (world, _router) = led().await;
    send_first(&world, &["boat-1", "boat-2"]);
    let mayday = RaiseMayday { unit: UnitId::new("boat-1").unwrap(), tapped_at_ms: Millis(0) };
    accepted(world.apply(GroupId::COMMAND, mayday));
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(unit(&world, "boat-1").status, UnitStatus::Offered);
    assert_eq!(attentions(&world), [(AttentionKind::Mayday, "boat-1".into(), None)]);
    assert_eq!(world.proposed(GroupId::COMMAND, "ExpireOffer"), 0);
}
