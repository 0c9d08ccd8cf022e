//! Pictures of more records than fit one part or one look at the state.

use std::collections::BTreeSet;

use domain::{CallDesk, EndLeg, GroupId, LegEnd, LegId, OfferCall, PutCallDesk, RegisterSensor, policy::Noun};

use super::{
    fold::{Fold, decode},
    province::{accepted, province, sensor},
};
use crate::{
    limits::{CALLS_OVER_SHOWN_MAX, FRAME_BYTES_SOFT_MAX, RECORDS_PER_READ},
    screen::{
        message::payload_bytes,
        snapshot::build,
        view::{Encoding, Scope, View},
    },
};

#[test]
fn a_large_picture_comes_in_parts_and_is_whole() {
    let cluster = province();
    let count = RECORDS_PER_READ * 2 + 1;
    for n in 0..count {
        accepted(cluster.commit(GroupId(1), RegisterSensor { sensor: sensor(&format!("s-{n}"), 1 + n % 4) }));
    }
    let node = cluster.node(1);
    let nouns = BTreeSet::from([Noun::Sensor]);
    let remit = domain::Remit::default();
    let view = View { scope: Scope::Everywhere, nouns, encoding: Encoding::Protobuf, callers: true, remit };
    let picture = build(&*node, GroupId(1), &view);
    assert!(picture.parts.len() > 1);
    assert!(picture.parts.iter().all(|part| payload_bytes(part) <= FRAME_BYTES_SOFT_MAX));
    let mut fold = Fold::default();
    picture.parts.iter().for_each(|part| fold.take(decode(part)));
    assert_eq!(fold.groups[&1].records.len(), count + 1, "and the one of the province");
    assert!(fold.groups[&1].through.is_some());

    let within = Scope::Within(BTreeSet::from([super::province::code(2)]));
    let narrow = build(&*node, GroupId(1), &View { scope: within, ..view });
    let mut fold = Fold::default();
    narrow.parts.iter().for_each(|part| fold.take(decode(part)));
    assert_eq!(fold.groups[&1].records.len(), count / 4);
}

#[test]
fn of_a_days_calls_a_picture_has_those_that_are_open_and_the_newest_that_are_over() {
    let cluster = province();
    let group = GroupId::COMMAND;
    let desk = CallDesk { callback_always: false, ..CallDesk::default() };
    accepted(cluster.commit(group, PutCallDesk { desk }));
    let leg = |n: usize| LegId::new(&format!("l-{n}")).unwrap();
    for n in 0..CALLS_OVER_SHOWN_MAX + 3 {
        let (door, line, number) = ("pbx".to_owned(), "1022".to_owned(), format!("09{n:08}"));
        let (wanted, language) = (String::new(), String::new());
        let offer = OfferCall { leg: leg(n), door, line, number, wanted, place: None, language, exercise: false };
        accepted(cluster.commit(group, offer));
        // The first one is owed a call.
        let cause = if n == 0 { LegEnd::Callback } else { LegEnd::HungUp };
        accepted(cluster.commit(group, EndLeg { leg: leg(n), cause }));
    }
    let remit = domain::Remit::default();
    let nouns = BTreeSet::from([Noun::Call]);
    let view = View { scope: Scope::Everywhere, nouns, encoding: Encoding::Protobuf, callers: true, remit };
    let picture = build(&*cluster.node(1), group, &view);
    let mut fold = Fold::default();
    picture.parts.iter().for_each(|part| fold.take(decode(part)));
    let records = &fold.groups[&0].records;
    let calls = records.keys().filter(|key| key.starts_with("call/")).count();
    assert_eq!(calls, 1 + CALLS_OVER_SHOWN_MAX);
    assert!(records.contains_key("call/C1") && !records.contains_key("call/C2") && !records.contains_key("call/C3"));
}
