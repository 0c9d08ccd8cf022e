//! Outgoing notices: each to each receiver, in order, whatever leaders and other receivers do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use domain::*;
use futures::{FutureExt, future::BoxFuture};

use super::world::{SECOND, World, accepted, place, until};
use crate::{Courier, Undelivered};

/// Receivers that take notices, or fail, or never answer, as a test says.
#[derive(Default)]
struct Post {
    taken: Mutex<BTreeMap<ReceiverId, Vec<u64>>>,
    failing: Mutex<BTreeSet<&'static str>>,
    silent: Mutex<BTreeSet<&'static str>>,
    /// Receivers that refuse a notice for good, and which.
    refused: Mutex<BTreeSet<(&'static str, u64)>>,
}

impl Post {
    fn taken(&self, receiver: &str) -> Vec<u64> {
        self.taken.lock().unwrap().get(receiver).cloned().unwrap_or_default()
    }
}

struct ByPost(Arc<Post>);

impl Courier for ByPost {
    fn deliver(&self, receiver: Receiver, notice: Notice) -> BoxFuture<'static, Result<(), Undelivered>> {
        let post = self.0.clone();
        async move {
            if post.silent.lock().unwrap().contains(receiver.id.as_str()) {
                std::future::pending::<()>().await;
            }
            if post.failing.lock().unwrap().contains(receiver.id.as_str()) {
                return Err(Undelivered::Again("503".into()));
            }
            if post.refused.lock().unwrap().contains(&(receiver.id.as_str(), notice.number)) {
                return Err(Undelivered::Never("550 no such mailbox".into()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            post.taken.lock().unwrap().entry(receiver.id).or_default().push(notice.number);
            Ok(())
        }
        .boxed()
    }
}

fn receiver(id: &str) -> PutReceiver {
    PutReceiver {
        receiver: Receiver {
            id: ReceiverId::new(id).unwrap(),
            name: id.into(),
            url: "https://example/notices".into(),
            secret_sealed: Bytes::new(),
            kinds: vec![EventKind::IncidentOpened],
            admin_unit: None,
            disabled: false,
            newest: 0,
            confirmed: 0,
            missed: 0,
            given_up: None,
            unit: None,
            version: 0,
            parked: 0,
        },
    }
}

fn open() -> OpenIncident {
    let source = Source {
        origin: Origin::Report("113".into()),
        episode: 0,
        version: 0,
        active: false,
        at_ms: Millis(1),
        alarm_report: None,
    };
    OpenIncident {
        kind: IncidentKind::PublicOrder,
        severity: Severity::Info,
        place: place("05443"),
        summary: "Đánh nhau".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    }
}

/// Three nodes with the same post.
fn world(receivers: &[&str]) -> (Arc<World>, Arc<Post>) {
    let (world, post) = (World::new(), Arc::new(Post::default()));
    for node in [1, 2, 3] {
        world.node(node).deliver_with(Arc::new(ByPost(post.clone())));
    }
    for id in receivers {
        accepted(world.apply(GroupId::COMMAND, receiver(id)));
    }
    (world, post)
}

fn waiting(world: &World, receiver: &str) -> u64 {
    world.read(GroupId::COMMAND, |state| {
        let receiver = state.receivers().get(receiver).unwrap();
        receiver.newest - receiver.confirmed
    })
}

#[tokio::test(start_paused = true)]
async fn each_receiver_gets_each_notice_once_and_in_order() {
    let (world, post) = world(&["police", "fire"]);
    world.lead(1).await;
    for _ in 0..50 {
        accepted(world.apply(GroupId::COMMAND, open()));
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    until(|| waiting(&world, "police") + waiting(&world, "fire") == 0).await;
    let all: Vec<_> = (1..=50).collect();
    assert_eq!((post.taken("police"), post.taken("fire")), (all.clone(), all));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_fails_or_hangs_holds_up_nobody_and_gets_all_when_it_is_back() {
    let (world, post) = world(&["broken", "hung", "well"]);
    post.failing.lock().unwrap().insert("broken");
    post.silent.lock().unwrap().insert("hung");
    world.lead(1).await;
    let started = world.clock();
    for _ in 0..20 {
        accepted(world.apply(GroupId::COMMAND, open()));
    }
    until(|| waiting(&world, "well") == 0).await;
    assert!(world.clock().since(started) < 2000, "the others hold it up");
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!((waiting(&world, "broken"), waiting(&world, "hung")), (20, 20));
    post.failing.lock().unwrap().clear();
    post.silent.lock().unwrap().clear();
    until(|| waiting(&world, "broken") + waiting(&world, "hung") == 0).await;
    let all: Vec<_> = (1..=20).collect();
    assert_eq!((post.taken("broken"), post.taken("hung")), (all.clone(), all));
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_goes_on_where_the_last_one_was() {
    let (world, post) = world(&["police"]);
    world.lead(1).await;
    for round in 0..30u64 {
        accepted(world.apply(GroupId::COMMAND, open()));
        tokio::time::sleep(Duration::from_millis(25)).await;
        world.set_lead(GroupId::COMMAND, Some(round % 3 + 1));
    }
    until(|| waiting(&world, "police") == 0).await;
    // What was taken as the lead moved may come twice under its number; none is left out, and none overtakes.
    let taken = post.taken("police");
    assert!(taken.is_sorted(), "{taken:?}");
    assert_eq!(taken.iter().copied().collect::<BTreeSet<_>>(), (1..=30).collect());
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_given_up_in_the_open_and_stops_nobody() {
    let (world, post) = world(&["mailbox", "well"]);
    post.refused.lock().unwrap().extend([("mailbox", 2), ("mailbox", 4)]);
    world.lead(1).await;
    for _ in 0..5 {
        accepted(world.apply(GroupId::COMMAND, open()));
    }
    until(|| waiting(&world, "mailbox") + waiting(&world, "well") == 0).await;
    assert_eq!((post.taken("mailbox"), post.taken("well")), (vec![1, 3, 5], vec![1, 2, 3, 4, 5]));
    let given_up = world.read(GroupId::COMMAND, |state| state.receivers()["mailbox"].given_up.clone()).unwrap();
    assert_eq!((given_up.count, given_up.number, given_up.reason.as_str()), (2, 4, "550 no such mailbox"));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_fetches_is_not_carried_to() {
    let (world, post) = world(&["police"]);
    let fetching = receiver("fetching").receiver;
    accepted(world.apply(GroupId::COMMAND, PutReceiver { receiver: Receiver { url: "wss:".into(), ..fetching } }));
    world.lead(1).await;
    accepted(world.apply(GroupId::COMMAND, open()));
    until(|| waiting(&world, "police") == 0).await;
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!((waiting(&world, "fetching"), post.taken("fetching")), (1, Vec::new()), "it waits for them to come");
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_in_history_is_carried_in_its_turn() {
    let (world, post) = world(&[]);
    let told = Receiver { kinds: vec![EventKind::IncidentNoted], ..receiver("police").receiver };
    accepted(world.apply(GroupId::COMMAND, PutReceiver { receiver: told }));
    accepted(world.apply(GroupId::COMMAND, open()));
    let incident = world.incidents()[0].id.clone();
    let note = || NoteIncident { incident: incident.clone(), note: "khói đen".into() };
    let max = u64::try_from(limits::NOTICES_MAX).unwrap();
    for _ in 0..max + 20 {
        accepted(world.apply(GroupId::COMMAND, note()));
    }
    let parked = || world.read(GroupId::COMMAND, |state| state.receivers()["police"].parked);
    assert_eq!(parked(), 20);
    // It has taken nearly all that state had room for.
    let confirm = ConfirmNotices { receiver: ReceiverId::new("police").unwrap(), through: max - 5 };
    accepted(world.apply(GroupId::COMMAND, confirm));
    post.refused.lock().unwrap().insert(("police", max + 3));
    world.lead(1).await;
    until(|| parked() < 15).await;
    // What comes now is behind those that are parked, and whoever leads next finds them.
    accepted(world.apply(GroupId::COMMAND, note()));
    world.set_lead(GroupId::COMMAND, Some(2));
    until(|| waiting(&world, "police") == 0).await;
    assert_eq!(parked(), 0);
    let taken = post.taken("police");
    assert!(taken.is_sorted(), "{taken:?}");
    let all: BTreeSet<_> = (max - 4..=max + 21).filter(|number| *number != max + 3).collect();
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), all);
    // Behind the last of them there is room in state again.
    accepted(world.apply(GroupId::COMMAND, note()));
    until(|| waiting(&world, "police") == 0).await;
    assert_eq!(post.taken("police").last(), Some(&(max + 22)));
}
