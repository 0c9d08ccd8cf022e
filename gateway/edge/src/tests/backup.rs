//! Who may have a backup, how many at a time, and that it is whole.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{GroupId, IncidentKind, PersonId, PutPerson, PutRemit, Remit, Role, Row, State};
use raft::{
    backup::{Begin, Export, FORMAT, FrameReader, Part, View},
    disk::{Disk, RowBatch},
    memory::MemoryDisk,
};
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::{
    double::{EPOCH, Node},
    http::{answer, client, user},
    province::{Served, accepted, config, person, province, serve},
};
use crate::{
    cluster::{Source, read},
    config::{Backups, EdgeConfig},
};

/// The node's state on a disk, as consensus would have it there: a record of how far it is, and rows.
fn export(node: &Node) -> Export {
    let disk = MemoryDisk::new();
    let views = GroupId::all().map(|group| {
        let rows = read(node, group, State::rows).into_iter().map(|Row { key, value }| (key, value));
        // `SnapshotMeta { last_log_id: LogId { term: 1, node: 1, index: 9 } }`, which is private to consensus.
        let applied = Bytes::from_static(&[0x0a, 6, 0x08, 1, 0x10, 1, 0x18, 9]);
        let batch = RowBatch { puts: rows.collect(), applied, ..RowBatch::default() };
        disk.write_rows(group.0, batch).unwrap();
        View::of(group, &disk).unwrap()
    });
    let begin =
        Begin { format: FORMAT, cluster: "thu".into(), epoch: EPOCH, node: node.node(), at_ms: 1, program: "0".into() };
    Export::of(begin, views.collect())
}

fn served() -> Served {
    let province = province();
    let node = province.node(1);
    let backup: Backups = Arc::new(move |_: Duration| {
        let export = export(&node);
        Box::pin(async move { Ok(export) })
    });
    serve(&province, 2, EdgeConfig { backup: Some(backup), ..config() })
}

#[tokio::test]
async fn an_administrator_gets_every_group_whole() {
    let served = served();
    let admin = user(&served, "admin").await;
    let response = admin.get(&served, "/api/cluster/backup").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut reader = FrameReader::default();
    reader.push(&response.bytes().await.unwrap());
    let parts: Vec<Part> = std::iter::from_fn(|| reader.next_part().unwrap()).collect();
    assert!(matches!(&parts[0], Part::Begin(begin) if begin.epoch == EPOCH && begin.cluster == "thu"));
    assert_eq!(parts.last(), Some(&Part::End(9)));
    let groups = parts.iter().filter_map(|part| match part {
        Part::Group(group, at) => Some((*group, at.index)),
        _ => None,
    });
    assert!(groups.eq(GroupId::all().map(|group| (group, 9))));
    let rows = parts.iter().filter_map(|part| match part {
        Part::Rows(rows) => Some(rows.clone()),
        _ => None,
    });
    let first = State::from_rows(GroupId(0), rows.into_iter().next().unwrap()).unwrap();
    assert_eq!(first, read(&*served.node, GroupId(0), State::clone));
    assert!(!reader.is_in_a_frame());
}

#[tokio::test]
async fn nobody_else_gets_one() {
    let served = served();
    let lan = user(&served, "lan").await;
    assert_eq!(answer(lan.get(&served, "/api/cluster/backup")).await.0, 403);
    assert_eq!(answer(client().get(served.url("/api/cluster/backup"))).await.0, 401);
    let without = serve(&served.cluster, 3, config());
    let admin = user(&without, "admin").await;
    assert_eq!(answer(admin.get(&without, "/api/cluster/backup")).await.0, 503);
}

#[tokio::test]
async fn who_works_for_one_field_gets_none() {
    let served = served();
    accepted(served.cluster.commit(GroupId(0), PutPerson { person: person("lo-chay", Role::Admin, &[]) }));
    let remit = Remit { fields: vec![IncidentKind::Fire], agencies: Vec::new() };
    accepted(served.cluster.commit(GroupId(0), PutRemit { person: PersonId::new("lo-chay").unwrap(), remit }));
    let admin = user(&served, "lo-chay").await;
    let (status, refused) = answer(admin.get(&served, "/api/cluster/backup")).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("ask somebody"), "{refused}");
}

#[tokio::test]
async fn one_at_a_time() {
    let province = province();
    let node = province.node(1);
    let (asked, mut is_asked) = mpsc::channel(4);
    let gate = watch::Sender::new(false);
    let opening = gate.subscribe();
    let backup: Backups = Arc::new(move |_| {
        let (export, asked, mut opening) = (export(&node), asked.clone(), opening.clone());
        Box::pin(async move {
            asked.send(()).await.unwrap();
            opening.wait_for(|open| *open).await.unwrap();
            Ok(export)
        })
    });
    let served = serve(&province, 2, EdgeConfig { backup: Some(backup), ..config() });
    let admin = user(&served, "admin").await;
    let first = tokio::spawn(admin.get(&served, "/api/cluster/backup").send());
    is_asked.recv().await.unwrap();
    let (status, busy) = answer(admin.get(&served, "/api/cluster/backup")).await;
    assert_eq!((status, &busy["code"]), (503, &json!("unavailable")), "{busy}");
    gate.send_replace(true);
    let whole = first.await.unwrap().unwrap().bytes().await.unwrap();
    assert!(whole.ends_with(&Part::End(9).to_frame()));
    let again = admin.get(&served, "/api/cluster/backup").send().await.unwrap();
    assert_eq!(again.status(), 200, "the turn was given back");
}
