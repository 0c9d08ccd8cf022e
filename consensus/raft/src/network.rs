//! Raft's messages between nodes, over `peer`. One [`Link`] per group and target; openraft makes one for replication, one
//! for heartbeats and one for snapshots, so none waits behind another.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use openraft::{
    OptionalSend,
    base::{BoxFuture, BoxStream},
    errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable},
    network::{RPCOption, RaftNetworkFactory, RaftNetworkV2},
    raft::{
        AppendEntriesResponse, SnapshotResponse, StreamAppendError, StreamAppendResult, TransferLeaderRequest,
        TransferLeaderResponse, VoteRequest, VoteResponse,
    },
};
use peer::{CallError, Lane};
use prost::Message;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    kinds,
    mesh::{Incoming, Mesh},
    snapshot::{Parts, SnapshotData},
    stage,
    types::{
        AppendRequest, LogId, Node, NodeId, Snapshot, TypeConfig, Vote, append_to_bytes, decode, is_gapless,
        log_id_from_wire, log_id_to_wire, meta_to_wire, required_vote, vote_from_wire, vote_to_wire,
    },
    wire,
};

type RpcError = RPCError<TypeConfig>;

/// One answer to an append.
type Answered = Result<StreamAppendResult<TypeConfig>, RpcError>;

/// A stream that waits for an answer this long is given up. Longer than openraft's own time to live, which is a
/// heartbeat: a follower in a slow fsync is alive.
const STREAM_SILENCE_MAX: Duration = Duration::from_secs(2);

/// Installing a snapshot may take this long after its last byte.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(120);

/// Bytes a second of a snapshot: those who write share processor and disk with it, here and at its receiver.
const SNAPSHOT_BYTES_PER_S: u64 = 32 << 20;

/// Who needs another one so soon fell behind again while the last came: this one is sent as fast as it goes, or there would be no end.
const SNAPSHOT_AGAIN_WITHIN: Duration = Duration::from_secs(300);

/// When the last snapshot was sent whole, by who has it.
type SnapshotsSent = Arc<Mutex<BTreeMap<NodeId, Instant>>>;

/// What a node is told has this long, each time.
const TELL_TIMEOUT: Duration = Duration::from_secs(1);

/// A node that is told something may be busy starting.
const TELL_TRIES: u32 = 10;

/// How far each node has said to have the log on its disk, and under which leader. That leader alone can tell that it is gone: a
/// later one may truncate it.
#[derive(Default)]
struct Acknowledged(Mutex<BTreeMap<NodeId, (Vote, LogId)>>);

impl Acknowledged {
    fn of_nodes(&self) -> MutexGuard<'_, BTreeMap<NodeId, (Vote, LogId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a node answers to this leader's append. The last entry that it had acknowledged, if it has it no longer; said once.
    fn take(&self, node: NodeId, leader: Vote, answered: &StreamAppendResult<TypeConfig>) -> Option<LogId> {
        let mut nodes = self.of_nodes();
        let before = nodes.get(&node).filter(|(vote, _)| *vote == leader).map(|(_, acknowledged)| *acknowledged);
        match answered {
            Ok(Some(matching)) => {
                nodes.insert(node, (leader, before.map_or(*matching, |before| before.max(*matching))));
                None
            }
            Err(StreamAppendError::Conflict(missing)) => {
                let lost = before.filter(|acknowledged| missing.index <= acknowledged.index)?;
                nodes.remove(&node);
                Some(lost)
            }
            Ok(None) | Err(StreamAppendError::HigherVote(_)) => None,
        }
    }
}

/// Makes the links of one group.
#[derive(Clone)]
pub(crate) struct Network {
    group: u32,
    peers: Arc<dyn Mesh>,
    snapshots_sent: SnapshotsSent,
    acknowledged: Arc<Acknowledged>,
}

impl Network {
    pub(crate) fn new(group: u32, peers: Arc<dyn Mesh>) -> Self {
        Self { group, peers, snapshots_sent: SnapshotsSent::default(), acknowledged: Arc::default() }
    }
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: NodeId, node: &Node) -> Link {
        self.peers.set_address(target, &node.peer_address);
        let (peers, snapshots_sent) = (Arc::clone(&self.peers), Arc::clone(&self.snapshots_sent));
        Link { group: self.group, target, peers, snapshots_sent, acknowledged: Arc::clone(&self.acknowledged) }
    }
}

/// The way to one node, for one group.
pub(crate) struct Link {
    group: u32,
    target: NodeId,
    peers: Arc<dyn Mesh>,
    snapshots_sent: SnapshotsSent,
    acknowledged: Arc<Acknowledged>,
}

/// Tells a node, and whoever reads this one's log, that it has lost what it had acknowledged.
fn tell_lost(peers: Arc<dyn Mesh>, group: u32, target: NodeId, lost: LogId) {
    tracing::error!(group, target, index = lost.index, "a node has lost entries that it had acknowledged: replace it");
    stage::spawn(async move {
        let payload = with_group(group, &log_id_to_wire(&lost).encode_to_vec());
        for _ in 0..TELL_TRIES {
            // Nothing hangs on it: what is lost is sent again.
            if peers.call(target, Lane::Control, kinds::LOST, payload.clone(), TELL_TIMEOUT).await.is_ok() {
                return;
            }
            sleep_until(Instant::now() + TELL_TIMEOUT).await;
        }
    });
}

/// When so many bytes of a snapshot may have been sent that was begun then.
fn paced(begun: Instant, bytes: u64) -> Instant {
    begun + Duration::from_micros(bytes.saturating_mul(1_000_000) / SNAPSHOT_BYTES_PER_S)
}

/// Whether a snapshot keeps to its pace. `last`: when the node was sent the one before.
fn is_paced(last: Option<Instant>, now: Instant) -> bool {
    last.is_none_or(|last| now.saturating_duration_since(last) > SNAPSHOT_AGAIN_WITHIN)
}

/// The group in front of a message.
pub(crate) fn with_group(group: u32, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(4 + message.len());
    bytes.put_u32(group);
    bytes.put_slice(message);
    bytes.freeze()
}

fn rpc_error(error: &CallError) -> RpcError {
    if error.never_done() {
        RPCError::Unreachable(Unreachable::from_string(error))
    } else {
        RPCError::Network(NetworkError::from_string(error))
    }
}

fn broken(error: impl ToString) -> RpcError {
    RPCError::Network(NetworkError::from_string(error))
}

impl Link {
    fn snapshots_sent(&self) -> MutexGuard<'_, BTreeMap<NodeId, Instant>> {
        self.snapshots_sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<M: Message + Default>(
        &self,
        kind: u16,
        request: &impl Message,
        option: &RPCOption,
    ) -> Result<M, RpcError> {
        let payload = with_group(self.group, &request.encode_to_vec());
        let answer = self
            .peers
            .call(self.target, Lane::Control, kind, payload, option.soft_ttl())
            .await
            .map_err(|e| rpc_error(&e))?;
        decode("raft answer", &answer).map_err(broken)
    }

    async fn ask_vote(
        &self,
        kind: u16,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RpcError> {
        let request = wire::VoteRequest {
            vote: Some(vote_to_wire(&rpc.vote)),
            last_log_id: rpc.last_log_id.as_ref().map(log_id_to_wire),
            leader_transfer: rpc.leadership_transfer,
        };
        let answer: wire::VoteResponse = self.call(kind, &request, &option).await?;
        Ok(VoteResponse {
            vote: required_vote(answer.vote.as_ref()).map_err(broken)?,
            vote_granted: answer.vote_granted,
            last_log_id: answer.last_log_id.as_ref().map(log_id_from_wire),
        })
    }
}

pub(crate) fn append_result(bytes: &[u8]) -> Result<StreamAppendResult<TypeConfig>, RpcError> {
    use wire::stream_append_response::Result as Wire;
    let answer: wire::StreamAppendResponse = decode("append answer", bytes).map_err(broken)?;
    Ok(match answer.result.ok_or_else(|| broken("malformed append answer"))? {
        Wire::Matching(matching) => Ok(matching.log_id.as_ref().map(log_id_from_wire)),
        Wire::Conflict(log_id) => Err(StreamAppendError::Conflict(log_id_from_wire(&log_id))),
        Wire::HigherVote(vote) => Err(StreamAppendError::HigherVote(vote_from_wire(&vote))),
    })
}

pub(crate) fn append_result_to_bytes(result: &StreamAppendResult<TypeConfig>) -> Bytes {
    use wire::stream_append_response::Result as Wire;
    let result = match result {
        Ok(matching) => {
            Wire::Matching(wire::OptionalLogId { log_id: matching.as_ref().map(|id: &LogId| log_id_to_wire(id)) })
        }
        Err(StreamAppendError::Conflict(log_id)) => Wire::Conflict(log_id_to_wire(log_id)),
        Err(StreamAppendError::HigherVote(vote)) => Wire::HigherVote(vote_to_wire(vote)),
    };
    wire::StreamAppendResponse { result: Some(result) }.encode_to_vec().into()
}

/// The answering half of an append stream.
struct Answers {
    rx: Box<dyn Incoming>,
    /// Sends what is appended; ends with the stream.
    sender: stage::JoinHandle<()>,
    /// How many requests were sent. Closed when the input has ended.
    sent: tokio::sync::watch::Receiver<u64>,
    input_ended: bool,
    answered: u64,
    ended: bool,
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.sender.abort();
    }
}

impl Answers {
    async fn next(&mut self) -> Option<Result<StreamAppendResult<TypeConfig>, RpcError>> {
        if self.ended {
            return None;
        }
        let mut silent_since = Instant::now();
        loop {
            let idle = *self.sent.borrow_and_update() == self.answered;
            tokio::select! {
                biased;
                answer = self.rx.recv() => return match answer {
                    Ok(Some(bytes)) => {
                        self.answered += 1;
                        let result = append_result(&bytes);
                        self.ended = !matches!(result, Ok(Ok(_)));
                        Some(result)
                    }
                    Ok(None) => {
                        self.ended = true;
                        None
                    }
                    Err(error) => {
                        self.ended = true;
                        Some(Err(rpc_error(&error)))
                    }
                },
                // While nothing is asked, silence is right; its clock starts with the next request.
                changed = self.sent.changed(), if idle && !self.input_ended => {
                    self.input_ended = changed.is_err();
                    silent_since = Instant::now();
                }
                () = sleep_until(silent_since + STREAM_SILENCE_MAX), if !idle => {
                    self.ended = true;
                    return Some(Err(broken("no answer to an append")));
                }
            }
        }
    }
}

impl RaftNetworkV2<TypeConfig> for Link {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        rpc: AppendRequest,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RpcError> {
        use wire::append_response::Result as Wire;
        let payload = with_group(self.group, &append_to_bytes(&rpc));
        let answer = self
            .peers
            .call(self.target, Lane::Control, kinds::APPEND, payload, option.soft_ttl())
            .await
            .map_err(|e| rpc_error(&e))?;
        let answer: wire::AppendResponse = decode("append answer", &answer).map_err(broken)?;
        Ok(match answer.result {
            Some(Wire::Success(_)) => AppendEntriesResponse::Success,
            Some(Wire::PartialSuccess(log_id)) => {
                AppendEntriesResponse::PartialSuccess(Some(log_id_from_wire(&log_id)))
            }
            Some(Wire::Conflict(_)) => AppendEntriesResponse::Conflict,
            Some(Wire::HigherVote(vote)) => AppendEntriesResponse::HigherVote(vote_from_wire(&vote)),
            None if answer.partial_success_none => AppendEntriesResponse::PartialSuccess(None),
            None => return Err(broken("malformed append answer")),
        })
    }

    fn stream_append<'s, S>(
        &'s mut self,
        mut input: S,
        _option: RPCOption,
    ) -> BoxFuture<'s, Result<BoxStream<'s, Result<StreamAppendResult<TypeConfig>, RpcError>>, RpcError>>
    where
        S: Stream<Item = AppendRequest> + OptionalSend + Unpin + 'static,
    {
        Box::pin(async move {
            // openraft holds a target that has failed back in the stream of its requests, and there only: who opens before
            // there is a first one is asked again at once, by every group, for as long as the target is down.
            let Some(first) = input.next().await else {
                return Ok(Box::pin(stream::empty::<Answered>()) as BoxStream<'s, Answered>);
            };
            let leader = first.vote;
            let mut input = stream::iter([first]).chain(input);
            let header = with_group(self.group, &[]);
            let (tx, rx) = self
                .peers
                .open(self.target, Lane::Log, kinds::STREAM_APPEND, header)
                .await
                .map_err(|e| rpc_error(&e))?;
            let target = self.target;
            let (count, sent) = tokio::sync::watch::channel(0_u64);
            let sender = stage::spawn(async move {
                while let Some(request) = input.next().await {
                    if !is_gapless(&request) {
                        // The stream breaks off, and openraft sends a snapshot instead.
                        tracing::info!(target, "the log was purged under a stream to a node that lags");
                        return;
                    }
                    count.send_modify(|count| *count += 1);
                    if tx.send(append_to_bytes(&request)).await.is_err() {
                        return;
                    }
                }
                tx.close();
            });
            let answers = Answers { rx, sender, sent, input_ended: false, answered: 0, ended: false };
            let (acknowledged, peers, group) = (Arc::clone(&self.acknowledged), Arc::clone(&self.peers), self.group);
            let output = stream::unfold(answers, |mut answers| async move {
                let item = answers.next().await?;
                Some((item, answers))
            })
            .inspect(move |item| {
                let lost = item.as_ref().ok().and_then(|answered| acknowledged.take(target, leader, answered));
                lost.into_iter().for_each(|lost| tell_lost(Arc::clone(&peers), group, target, lost));
            });
            Ok(Box::pin(output) as BoxStream<'s, Answered>)
        })
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RpcError> {
        self.ask_vote(kinds::VOTE, rpc, option).await
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RpcError> {
        self.ask_vote(kinds::PRE_VOTE, rpc, option).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let SnapshotData::Local(view, node_ids) = snapshot.snapshot else {
            return Err(broken("only an own snapshot is sent").into());
        };
        let header = wire::SnapshotHeader {
            vote: Some(vote_to_wire(&vote)),
            meta: Some(meta_to_wire(snapshot.meta.last_log_id.as_ref(), &snapshot.meta.last_membership, &node_ids)),
        };
        let header = with_group(self.group, &header.encode_to_vec());
        let send = async {
            let (tx, mut rx) =
                self.peers.open(self.target, Lane::Bulk, kinds::SNAPSHOT, header).await.map_err(|e| rpc_error(&e))?;
            let mut parts = Parts::new(view);
            let (begun, mut bytes) = (Instant::now(), 0);
            let is_paced = is_paced(self.snapshots_sent().get(&self.target).copied(), begun);
            loop {
                let (back, part) = stage::blocking(move || {
                    let part = parts.next()?;
                    Ok((parts, part))
                })
                .await
                .map_err(broken)?;
                parts = back;
                let Some(part) = part else { break };
                bytes += part.len() as u64;
                tx.send(part).await.map_err(|e| rpc_error(&e))?;
                if is_paced {
                    sleep_until(paced(begun, bytes)).await;
                }
            }
            tx.close();
            let answer = timeout(INSTALL_TIMEOUT, rx.recv())
                .await
                .map_err(|_| broken("no answer to a snapshot"))?
                .map_err(|e| rpc_error(&e))?
                .ok_or_else(|| broken("a snapshot was refused"))?;
            let answer: wire::SnapshotResponse = decode("snapshot answer", &answer).map_err(broken)?;
            let vote = required_vote(answer.vote.as_ref()).map_err(broken)?;
            self.snapshots_sent().insert(self.target, Instant::now());
            Ok::<_, RpcError>(SnapshotResponse::new(vote))
        };
        tokio::select! {
            biased;
            closed = cancel => Err(closed.into()),
            sent = send => Ok(sent?),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, RpcError> {
        let wire = wire::TransferLeaderRequest {
            from_leader: Some(vote_to_wire(request.from_leader())),
            to_node: *request.to_node_id(),
            last_log_id: request.last_log_id().map(log_id_to_wire),
        };
        let _: wire::Blank = self.call(kinds::TRANSFER, &wire, &option).await?;
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests;
