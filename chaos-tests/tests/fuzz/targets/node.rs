//! What other nodes send to consensus, to the actors and to the relay of video.

use std::{
    env, fs,
    net::Ipv4Addr,
    process,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use domain::{
    CameraId, Command, GroupId, Reading, Reply,
    wire::{Record, generated},
};
use entity::{EntityConfig, Router};
use futures::{FutureExt, future::BoxFuture};
use peer::{Handler, Identity, NodeId, Peers, StreamReceiver, StreamSender, authority::Authority};
use prost::Message;
use raft::{Groups, memory::MemoryDisk};
use tokio::runtime::{Builder, Runtime};

use super::state::worlds;

/// A seed of one input: rows beyond it are left out.
const SNAPSHOT_ROWS_BYTES_MAX: usize = 16 * 1024;

pub(crate) fn appends() -> Vec<Vec<u8>> {
    let logs = worlds();
    let proposals: Vec<Vec<u8>> = logs.iter().flat_map(|(_, log, _)| log.iter().take(12)).map(Record::encode).collect();
    raft::fuzzing::append_seeds(&proposals)
}

pub(crate) fn snapshots() -> Vec<Vec<u8>> {
    let of = |group: GroupId, state: &domain::State| {
        let mut bytes = 0;
        let rows = state.rows().into_iter().map(|row| (row.key, row.value));
        let rows: Vec<(Bytes, Bytes)> = rows
            .take_while(|(key, value)| {
                bytes += key.len() + value.len();
                bytes < SNAPSHOT_ROWS_BYTES_MAX
            })
            .collect();
        raft::fuzzing::snapshot_seeds(group.0, &rows)
    };
    worlds().iter().flat_map(|(group, _, state)| of(*group, state)).collect()
}

/// A peer's handler that nobody calls.
struct Nobody;

impl Handler for Nobody {
    fn call(&self, _: NodeId, _: u16, _: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        std::future::ready(Err("nobody is here".to_owned())).boxed()
    }
    fn stream(&self, _: NodeId, _: u16, _: Bytes, _: StreamSender, _: StreamReceiver) {}
    fn live(&self, _: NodeId, _: u16, _: Bytes, _: Bytes) {}
}

/// A node that belongs to no cluster yet: it reads every message, and answers that it leads nothing.
struct Lone {
    runtime: Runtime,
    router: Router,
}

impl Lone {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let router = runtime.block_on(async {
            let folder = env::temp_dir().join(format!("trongdong-fuzz-{}", process::id()));
            let _ = fs::remove_dir_all(&folder);
            let authority = Authority::create(&folder.join("authority"), "fuzz").expect("an authority");
            authority.issue_node(&folder, "fuzz", 1, &[]).expect("a certificate");
            let identity = Identity::load(&folder, "fuzz", 1).expect("an identity");
            let _ = fs::remove_dir_all(&folder);
            let peers =
                Peers::start(identity, (Ipv4Addr::LOCALHOST, 0).into(), Arc::new(Nobody)).await.expect("a port");
            let groups = Groups::start(1, 7, Arc::new(MemoryDisk::new()), peers.clone()).await.expect("groups");
            Router::start(groups, peers, EntityConfig::default()).await
        });
        Self { runtime, router }
    }
}

static LONE: OnceLock<Lone> = OnceLock::new();

/// A message between routers as the router takes it, and the answer to one.
pub(crate) fn tell(data: &[u8]) -> bool {
    let told = generated::Told::decode(data).ok().and_then(|told| told.outcome);
    let is_answer = match told {
        Some(generated::told::Outcome::Reply(reply)) => Reply::from_wire(reply).is_ok(),
        Some(generated::told::Outcome::Failure(_)) => true,
        None => false,
    };
    let lone = LONE.get_or_init(Lone::start);
    let answer = lone.runtime.block_on(lone.router.told(Bytes::copy_from_slice(data)));
    if let Ok(answer) = &answer {
        let told = generated::Told::decode(answer.as_ref()).expect("an answer is a Told");
        assert!(told.outcome.is_some(), "what was read is answered");
    }
    is_answer | answer.is_ok()
}

pub(crate) fn tells() -> Vec<Vec<u8>> {
    use generated::tell::Message as Body;
    let mut seeds = Vec::new();
    for (group, log, _) in worlds() {
        for entry in log.iter().take(20) {
            let message = match &entry.command {
                Command::RecordReadings(command) => Body::Readings(generated::Readings {
                    readings: command.readings.iter().map(Reading::to_wire).collect(),
                }),
                command => Body::Command(command.to_wire()),
            };
            let tell = generated::Tell {
                group: group.0,
                deadline_ms: 100,
                hops: 1,
                request: entry.request.as_ref().map(Record::to_wire),
                grant: entry.grant.as_ref().map(Record::to_wire),
                message: Some(message),
            };
            seeds.push(tell.encode_to_vec());
        }
    }
    let failure = generated::TellFailure { code: "not-leader".to_owned(), leader: 3 };
    let told = generated::Told { outcome: Some(generated::told::Outcome::Failure(failure)) };
    seeds.push(told.encode_to_vec());
    seeds
}

/// What nodes say to each other about video: which camera, and its pictures. The relay reads them with these two.
pub(crate) fn relay(data: &[u8]) -> bool {
    let camera = std::str::from_utf8(data).ok().and_then(|id| CameraId::new(id).ok());
    camera.is_some() | generated::VideoFrame::decode(data).is_ok()
}

pub(crate) fn relays() -> Vec<Vec<u8>> {
    let frame = generated::VideoFrame {
        camera: "avc1.42C01E".to_owned(),
        timestamp_us: 40_000,
        key: true,
        data: Bytes::from_static(b"\0\0\0\x01\x65\x07"),
    };
    vec![b"gate".to_vec(), frame.encode_to_vec()]
}
