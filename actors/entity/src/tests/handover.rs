//! Hand-overs under faults: whoever is asked may be dead, slow, deaf or of another mind, and leads move and nodes end in between.
//! Each is acknowledged, or escalated once and then acknowledged by its second channel; and whose an incident is is never in doubt.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use domain::{wire::Record, *};
use futures::{FutureExt, future::BoxFuture};

use super::world::{SECOND, World, accepted, place, until};
use crate::{Courier, Undelivered};

/// How a service's system behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Takes notices and answers offers.
    Well,
    /// Is not there.
    Dead,
    /// Takes a notice after longer than an answer may take.
    Slow,
    /// Takes notices and answers nothing.
    Deaf,
    /// Will not hear of it.
    Refusing,
}

const SERVICES: [(&str, Manner); 6] = [
    ("well", Manner::Well),
    ("dead", Manner::Dead),
    ("slow", Manner::Slow),
    ("deaf", Manner::Deaf),
    ("refusing", Manner::Refusing),
    ("second", Manner::Well),
];
/// Offers to each service.
const OFFERS: usize = 8;
/// How long the slow one takes: longer than a critical incident waits for an answer.
const SLOW: Duration = Duration::from_secs(90);

/// The services, and what each took.
struct Services {
    world: Arc<World>,
    taken: Mutex<BTreeMap<ReceiverId, Vec<u64>>>,
}

struct ByServices(Arc<Services>);

impl Courier for ByServices {
    fn deliver(&self, receiver: Receiver, notice: Notice) -> BoxFuture<'static, Result<(), Undelivered>> {
        let services = self.0.clone();
        async move {
            let manner = SERVICES.iter().find(|(id, _)| *id == receiver.id.as_str()).unwrap().1;
            match manner {
                Manner::Dead => std::future::pending::<()>().await,
                Manner::Slow => tokio::time::sleep(SLOW).await,
                Manner::Refusing => return Err(Undelivered::Never("410".into())),
                Manner::Well | Manner::Deaf => tokio::time::sleep(Duration::from_millis(300)).await,
            }
            let event = Event::decode(&notice.event).unwrap();
            services.taken.lock().unwrap().entry(receiver.id.clone()).or_default().push(notice.number);
            let asked = Handover::of_event(&event).filter(|(_, handover)| handover.status.is_waiting());
            if let Some((incident, handover)) = asked
                && matches!(manner, Manner::Well | Manner::Slow)
            {
                let answer = AnswerHandover {
                    incident: incident.id.clone(),
                    handover: handover.number,
                    accept: true,
                    answer: String::new(),
                    answered_for: receiver.name.clone(),
                    reference: String::new(),
                    from: Some(receiver.id),
                };
                // Late, it is refused or changes nothing; the answer may be lost with the notice's, and comes again then.
                let _ = services.world.apply(GroupId::COMMAND, answer);
            }
            Ok(())
        }
        .boxed()
    }

    fn within(&self, _: &Receiver) -> Duration {
        SLOW + SECOND
    }
}

fn put(world: &World) {
    for (id, _) in SERVICES {
        let receiver = Receiver {
            id: ReceiverId::new(id).unwrap(),
            name: id.into(),
            url: "https://example/notices".into(),
            secret_sealed: Bytes::new(),
            kinds: Vec::new(),
            admin_unit: None,
            disabled: false,
            newest: 0,
            confirmed: 0,
            missed: 0,
            given_up: None,
            unit: None,
            version: 0,
            parked: 0,
        };
        accepted(world.apply(GroupId::COMMAND, PutReceiver { receiver }));
    }
}

/// Opens an incident and offers it.
fn offer(world: &World, to: &str) -> IncidentId {
    let source = Source {
        origin: Origin::Report("113".into()),
        episode: 0,
        version: 0,
        active: false,
        at_ms: Millis(1),
        alarm_report: None,
    };
    let open = OpenIncident {
        kind: IncidentKind::Fire,
        severity: Severity::Critical,
        place: place("05443"),
        summary: "Cháy chợ".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    };
    let incident = IncidentId::new(&accepted(world.apply(GroupId::COMMAND, open)).entity).unwrap();
    let offer = OfferHandover {
        incident: incident.clone(),
        expected_version: 1,
        to: Some(ReceiverId::new(to).unwrap()),
        to_name: String::new(),
        contact: String::new(),
        second: Some(ReceiverId::new("second").unwrap()),
        second_contact: String::new(),
        lead: true,
        reason: "ngoài khả năng".into(),
        room: None,
    };
    accepted(world.apply(GroupId::COMMAND, offer));
    incident
}

#[tokio::test(start_paused = true)]
async fn every_hand_over_is_acknowledged_or_escalated_once_whatever_happens() {
    let world = World::new();
    let services = Arc::new(Services { world: world.clone(), taken: Mutex::default() });
    for node in [1, 2, 3] {
        world.node(node).deliver_with(Arc::new(ByServices(services.clone())));
    }
    put(&world);
    world.lead(1).await;
    let mut offered = BTreeMap::new();
    // The lead moves every seven seconds, sometimes with commits held up, and now and then every node ends and comes back.
    for round in 0..60u64 {
        if round % 3 == 0 {
            world.hold(GroupId::COMMAND);
        }
        let to = usize::try_from(round).unwrap();
        if let Some((to, _)) = SERVICES.get(to % 5).filter(|_| to < 5 * OFFERS) {
            offered.insert(offer(&world, to), *to);
        }
        tokio::time::sleep(7 * SECOND).await;
        if round % 10 == 9 {
            for group in GroupId::all() {
                world.set_lead(group, None);
            }
            world.restart(GroupId::COMMAND);
        }
        world.set_lead(GroupId::COMMAND, Some(round % 3 + 1));
        world.release(GroupId::COMMAND);
    }
    let all_answered = || {
        world.incidents().iter().flat_map(|it| &it.dispatch.handovers).all(|it| it.status == HandoverStatus::Accepted)
    };
    until(all_answered).await;
    tokio::time::sleep(1800 * SECOND).await;

    assert_eq!(offered.len(), 5 * OFFERS);
    let mut told = BTreeMap::<(IncidentId, EventKind), usize>::new();
    let kinds = [EventKind::HandoverOffered, EventKind::HandoverEscalated, EventKind::HandoverAccepted];
    for event in world.events(GroupId::COMMAND, &kinds) {
        let (incident, _) = Handover::of_event(&event).unwrap();
        *told.entry((incident.id.clone(), event.kind)).or_default() += 1;
    }
    for incident in world.incidents() {
        let to = offered[&incident.id];
        let count = |kind| told.get(&(incident.id.clone(), kind)).copied().unwrap_or(0);
        let escalated = usize::from(to != "well");
        let seen = kinds.map(count);
        assert_eq!(seen, [1, escalated, 1], "{to} {}: offered, escalated, accepted", incident.id);
        let handover = &incident.dispatch.handovers[0];
        let by = if to == "well" { "well" } else { "second" };
        assert_eq!(handover.answered_for, by, "{to} {}", incident.id);
        assert_eq!(handover.taken_by.as_ref().map(|it| it.as_str()), Some(by), "{to} {}", incident.id);
        assert_eq!(incident.dispatch.led_by(), Some(handover), "whose it is");
    }
    let refusing = world.read(GroupId::COMMAND, |state| state.receivers()["refusing"].given_up.clone()).unwrap();
    // Of each it hears twice, and will hear of neither: the offer, and that another one has it.
    assert_eq!(refusing.count, 2 * u64::try_from(OFFERS).unwrap());
    for (id, taken) in services.taken.lock().unwrap().iter() {
        assert!(taken.is_sorted(), "{id}: {taken:?}");
    }
}
