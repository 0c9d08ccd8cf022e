//! Pictures of more records than fit one part or one look at the state.

use std::collections::BTreeSet;

use domain::{GroupId, RegisterSensor, policy::Noun};

use super::{
    fold::{Fold, decode},
    province::{accepted, province, sensor},
};
use crate::{
    limits::{FRAME_BYTES_SOFT_MAX, RECORDS_PER_READ},
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
