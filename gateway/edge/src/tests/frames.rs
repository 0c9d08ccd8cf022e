//! What one entry says of a record several times stands on a screen as it ended, and what has ended there is in no later picture.

use std::sync::Arc;

use domain::{
    Event, EventBatch, EventKind, GroupId, Millis, Position, PutUnit,
    wire::generated::{event::Subject, to_screen::Body},
};

use super::{
    fold::decode,
    hub::{Gateway, fold, join, views},
    province::{communes, unit},
};
use crate::screen::{
    frames::{Stretch, frames},
    places::{Moves, Places},
};

/// An entry that puts units, one after the other.
fn batch(index: u64, units: &[(&str, usize)]) -> Arc<EventBatch> {
    let put = |(ordinal, (id, at)): (u32, &(&str, usize))| Event {
        kind: EventKind::UnitPut,
        by: None,
        note: String::new(),
        at_ms: Millis(index),
        ordinal,
        subject: Some(unit(id, *at).into()),
    };
    Arc::new(EventBatch { index, at_ms: Millis(index), events: (0..).zip(units).map(put).collect() })
}

/// Units that a screen of communes 1 and 2 is shown of the batches, each with its commune, and what is withdrawn from it.
fn told(batches: &[Arc<EventBatch>]) -> (Vec<(String, String)>, Vec<String>) {
    let at = |index| Position { epoch: 1, group: GroupId::COMMAND, index, ordinal: 0 };
    let (mut places, mut moves) = (Places::default(), Moves::known_after(0));
    for batch in batches {
        moves.put(batch.index, places.take(batch));
    }
    let stretch = Stretch { from: at(0), through: at(9), at_ms: Millis(9), batches };
    let sent = frames(&views()[1], &stretch, &places, &moves, true).unwrap();
    assert_eq!(sent.len(), 1);
    let Body::Frame(frame) = decode(&sent[0]) else { panic!("no frame") };
    let shown = frame.events.into_iter().filter_map(|event| match event.subject {
        Some(Subject::Unit(unit)) => Some((unit.id, unit.station.unwrap().admin_unit)),
        _ => None,
    });
    (shown.collect(), frame.withdrawn)
}

fn shown(units: &[(&str, &str)]) -> Vec<(String, String)> {
    units.iter().map(|(id, at)| ((*id).to_owned(), (*at).to_owned())).collect()
}

#[test]
fn what_an_entry_shows_and_then_moves_out_of_the_view_ends_withdrawn() {
    let inside = batch(1, &[("a", 1), ("c", 1)]);
    let (units, withdrawn) = told(&[inside.clone(), batch(2, &[("a", 2), ("b", 1), ("a", 4)])]);
    assert_eq!((units, withdrawn), (shown(&[("c", "u1"), ("b", "u1")]), vec!["unit/a".to_owned()]));
    // It was nowhere in sight before.
    let (units, withdrawn) = told(&[batch(1, &[("a", 4)]), batch(2, &[("a", 1), ("a", 4)])]);
    assert_eq!((units, withdrawn), (Vec::new(), vec!["unit/a".to_owned()]));
    // It came back with the same entry, and with the next one.
    let (units, withdrawn) = told(&[inside.clone(), batch(2, &[("a", 4), ("a", 2)])]);
    assert_eq!((units, withdrawn), (shown(&[("c", "u1"), ("a", "u2")]), Vec::new()));
    let (units, withdrawn) = told(&[inside, batch(2, &[("a", 2), ("a", 4)]), batch(3, &[("a", 1)])]);
    assert_eq!((units, withdrawn), (shown(&[("c", "u1"), ("a", "u1")]), Vec::new()));
}

#[test]
fn a_picture_of_what_has_left_the_view_since_is_shared_with_nobody() {
    let view = &views()[1];
    let cluster = communes();
    cluster.commit(GroupId(0), PutUnit { unit: unit("moved", 1) });
    let mut gateway = Gateway::new(&cluster, 1);
    let first = join(&mut gateway, 1, view, None, None);
    assert!(gateway.build(false));
    assert!(fold(&first).groups[&0].records.contains_key("unit/moved"));
    cluster.commit(GroupId(0), PutUnit { unit: unit("moved", 4) });
    gateway.node.catch_up();
    gateway.pump(GroupId(0));
    let second = join(&mut gateway, 2, view, None, None);
    assert!(gateway.build(false), "the picture is built anew");
    let told = second.take();
    assert!(!told.is_empty() && !told.iter().any(|payload| format!("{:?}", decode(payload)).contains("moved")));
}
