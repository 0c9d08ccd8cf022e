//! The other side of `network`: what peers ask of this node's groups.

use std::{io, sync::Arc};

use bytes::{Buf, Bytes};
use futures::StreamExt;
use openraft::raft::{AppendEntriesResponse, StreamAppendError, TransferLeaderRequest, VoteRequest, VoteResponse};
use prost::Message;

use crate::{
    change::stepped_to_bytes,
    groups::{Group, Groups},
    kinds,
    machine::meta_of,
    mesh::{Incoming, Outgoing},
    network::append_result_to_bytes,
    room::Room,
    snapshot::{Received, SnapshotData},
    stage,
    types::{
        AppendRequest, NodeId, Snapshot, TypeConfig, append_from_bytes, decode, log_id_from_wire, log_id_to_wire,
        malformed, required_vote, vote_to_wire,
    },
    wire,
};

/// Appends decoded ahead of the log: the rest waits in the stream's window.
const APPENDS_AHEAD_MAX: usize = 16;

/// Told to a leader whose entries are refused.
const NO_ROOM: &str = "this node's disk has no room";

pub(crate) fn split_group(mut payload: Bytes) -> io::Result<(u32, Bytes)> {
    if payload.len() < 4 {
        return Err(malformed("message: no group"));
    }
    let group = payload.get_u32();
    Ok((group, payload))
}

fn vote_response(response: &VoteResponse<TypeConfig>) -> Bytes {
    wire::VoteResponse {
        vote: Some(vote_to_wire(&response.vote)),
        last_log_id: response.last_log_id.as_ref().map(log_id_to_wire),
        vote_granted: response.vote_granted,
    }
    .encode_to_vec()
    .into()
}

fn append_response(response: AppendEntriesResponse<TypeConfig>) -> Bytes {
    use wire::append_response::Result as Wire;
    let mut wire = wire::AppendResponse::default();
    wire.result = match response {
        AppendEntriesResponse::Success => Some(Wire::Success(wire::Blank {})),
        AppendEntriesResponse::PartialSuccess(Some(id)) => Some(Wire::PartialSuccess(log_id_to_wire(&id))),
        AppendEntriesResponse::PartialSuccess(None) => {
            wire.partial_success_none = true;
            None
        }
        AppendEntriesResponse::Conflict => Some(Wire::Conflict(wire::Blank {})),
        AppendEntriesResponse::HigherVote(vote) => Some(Wire::HigherVote(vote_to_wire(&vote))),
    };
    wire.encode_to_vec().into()
}

pub(crate) fn vote_request(bytes: &[u8]) -> io::Result<VoteRequest<TypeConfig>> {
    let wire: wire::VoteRequest = decode("vote request", bytes)?;
    let last_log_id = wire.last_log_id.as_ref().map(log_id_from_wire);
    let mut request = VoteRequest::new(required_vote(wire.vote.as_ref())?, last_log_id);
    request.leadership_transfer = wire.leader_transfer;
    Ok(request)
}

impl Groups {
    /// Answers a peer's call of a kind in [`kinds::RANGE`].
    pub async fn serve_call(&self, _from: NodeId, kind: u16, payload: Bytes) -> Result<Bytes, String> {
        let (group, message) = split_group(payload).map_err(|e| e.to_string())?;
        let group = self.group_at(group)?;
        let text = |e: io::Error| e.to_string();
        match kind {
            kinds::APPEND => {
                let request = append_from_bytes(message).map_err(text)?;
                self.has_room_for(&request)?;
                let response = group.raft.append_entries(request).await.map_err(|e| e.to_string())?;
                Ok(append_response(response))
            }
            kinds::VOTE => {
                let request = vote_request(&message).map_err(text)?;
                let response = group.raft.vote(request).await.map_err(|e| e.to_string())?;
                Ok(vote_response(&response))
            }
            kinds::PRE_VOTE => {
                let request = vote_request(&message).map_err(text)?;
                let response = group.raft.pre_vote(request).await.map_err(|e| e.to_string())?;
                Ok(vote_response(&response))
            }
            kinds::TRANSFER => {
                let wire: wire::TransferLeaderRequest = decode("transfer request", &message).map_err(text)?;
                let request = TransferLeaderRequest::new(
                    required_vote(wire.from_leader.as_ref()).map_err(text)?,
                    wire.to_node,
                    wire.last_log_id.as_ref().map(log_id_from_wire),
                );
                let accepted = group.raft.handle_transfer_leader(request).await.map_err(|e| e.to_string())?;
                accepted.map_err(|e| e.to_string())?;
                Ok(wire::Blank {}.encode_to_vec().into())
            }
            kinds::READ_INDEX => {
                let read_log_id = self.leader_read_index(&group).await.map_err(|e| e.to_string())?;
                let read_log_id = Some(wire::LogId { index: read_log_id, ..Default::default() });
                Ok(wire::ReadIndexResponse { read_log_id }.encode_to_vec().into())
            }
            kinds::CHANGE => self.step(&group, &message).await.map(|step| stepped_to_bytes(&step)).map_err(text),
            kinds::MEMBERS => self.tell_members().await,
            kinds::LOST => {
                let lost = log_id_from_wire(&decode("lost entry", &message).map_err(text)?);
                self.has_lost(group.id, lost.index);
                Ok(Bytes::new())
            }
            _ => Err(format!("kind {kind} is not known: is this node older?")),
        }
    }

    /// Serves a peer's stream of a kind in [`kinds::RANGE`] to its end.
    pub async fn serve_stream(&self, kind: u16, header: Bytes, tx: impl Outgoing, rx: impl Incoming) {
        let (tx, rx): (Box<dyn Outgoing>, Box<dyn Incoming>) = (Box::new(tx), Box::new(rx));
        let served = match split_group(header) {
            Ok((group, header)) => match (self.group_at(group), kind) {
                (Ok(group), kinds::STREAM_APPEND) => self.serve_append(&group, tx, rx).await,
                (Ok(_), kinds::SNAPSHOT) if self.room(self.node()) == Room::None => Err(NO_ROOM.to_owned()),
                (Ok(group), kinds::SNAPSHOT) => serve_snapshot(&group, header, tx, rx).await,
                (Ok(_), _) => Err(format!("kind {kind} is not known: is this node older?")),
                (Err(unknown), _) => Err(unknown),
            },
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = served {
            tracing::warn!(kind, reason, "a stream from a peer ended");
        }
    }

    /// Entries need room; a heartbeat does not, so a follower without room still knows its leader.
    fn has_room_for(&self, request: &AppendRequest) -> Result<(), String> {
        let is_refused = !request.entries.is_empty() && self.room(self.node()) == Room::None;
        if is_refused { Err(NO_ROOM.to_owned()) } else { Ok(()) }
    }

    async fn serve_append(
        &self,
        group: &Arc<Group>,
        tx: Box<dyn Outgoing>,
        rx: Box<dyn Incoming>,
    ) -> Result<(), String> {
        let requests = futures::stream::unfold((self.clone(), rx), |(this, mut rx)| async move {
            let bytes = rx.recv().await.ok().flatten()?;
            let request = append_from_bytes(bytes).map_err(|e| e.to_string());
            match request.and_then(|request| this.has_room_for(&request).map(|()| request)) {
                Ok(request) => Some((request, (this, rx))),
                Err(error) => {
                    tracing::warn!(error, "an append stream ends");
                    None
                }
            }
        });
        let mut results = Box::pin(group.raft.stream_append(Box::pin(requests)).ready_chunks(APPENDS_AHEAD_MAX));
        while let Some(chunk) = results.next().await {
            for result in chunk {
                let result = result.map_err(|e| e.to_string())?;
                tx.send(append_result_to_bytes(&result)).await.map_err(|e| e.to_string())?;
                if matches!(result, Err(StreamAppendError::Conflict(_) | StreamAppendError::HigherVote(_))) {
                    tx.close();
                    return Ok(());
                }
            }
        }
        tx.close();
        Ok(())
    }
}

async fn serve_snapshot(
    group: &Arc<Group>,
    header: Bytes,
    tx: Box<dyn Outgoing>,
    mut rx: Box<dyn Incoming>,
) -> Result<(), String> {
    let header: wire::SnapshotHeader = decode("snapshot header", &header).map_err(|e| e.to_string())?;
    let vote = required_vote(header.vote.as_ref()).map_err(|e| e.to_string())?;
    let (meta, node_ids) = meta_of(header).map_err(|e| e.to_string())?;
    let (disk, id) = (Arc::clone(&group.disk), group.id.0);
    let install = move || disk.install(id).map(|install| Received::new(install, node_ids));
    let mut received = stage::blocking(install).await.map_err(|e| e.to_string())?;
    loop {
        let part = rx.recv().await.map_err(|e| e.to_string())?.ok_or("a snapshot ended before its trailer")?;
        let (back, whole) = stage::blocking(move || {
            let whole = received.take(&part)?;
            Ok((received, whole))
        })
        .await
        .map_err(|e| e.to_string())?;
        received = back;
        if whole {
            break;
        }
    }
    let snapshot = Snapshot { meta, snapshot: SnapshotData::Received(received) };
    let response = group.raft.install_full_snapshot(vote, snapshot).await.map_err(|e| e.to_string())?;
    let answer = wire::SnapshotResponse { vote: Some(vote_to_wire(&response.vote)) };
    tx.send(answer.encode_to_vec().into()).await.map_err(|e| e.to_string())?;
    tx.close();
    Ok(())
}
