//! What a new node asks of the members on the peer port, where both sides have proved who they are: the key that it needs, and
//! to be taken in. And what members tell each other about one of them: that it is out, that it is to rest, what it knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use domain::GroupId;
use edge::Sealer;
use peer::{Lane, NodeId, Peers};
use prost::Message;
use raft::{Groups, Node, Progress, membership::Goal};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    clock::unix_ms,
    feature::{known, lacking},
    invitation::Ticket,
    operations::rest,
};

/// Kinds of calls: give me the key; take me in; you are out; rest.
pub(crate) const ADMIT_KIND: u16 = 110;
/// See [`ADMIT_KIND`].
pub(crate) const TAKE_IN_KIND: u16 = 111;
/// See [`ADMIT_KIND`].
pub(crate) const OUT_KIND: u16 = 112;
/// Lead nothing for some minutes (four bytes); the answer has a byte for each group that is led still.
pub(crate) const REST_KIND: u16 = 113;
/// Say which features your version knows (see `feature`).
pub(crate) const FEATURES_KIND: u16 = 114;
/// All of them.
pub(crate) const KINDS: std::ops::RangeInclusive<u16> = ADMIT_KIND..=FEATURES_KIND;

/// How long a member works on taking a node in before it says how far it is.
const TAKE_IN_WORK: Duration = Duration::from_secs(8);

/// How long the new node waits for that.
pub(crate) const TAKE_IN_DEADLINE: Duration = Duration::from_secs(10);

/// How long one that is out is waited for to hear it.
const OUT_DEADLINE: Duration = Duration::from_secs(2);

/// Between telling that a node is out and its end: the answer to who asked for it still gets out.
const OUT_PAUSE: Duration = Duration::from_millis(300);

/// The token; and where the node will be reached, when it asks to be taken in.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Asks {
    #[prost(string, tag = "1")]
    pub(crate) token: String,
    #[prost(string, tag = "2")]
    pub(crate) peer_address: String,
    #[prost(string, tag = "3")]
    pub(crate) public_url: String,
    /// Which features its version knows, as [`FEATURES_KIND`] answers it.
    #[prost(bytes = "bytes", tag = "350")]
    pub(crate) features: Bytes,
}

/// What a node needs before it can start.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Admitted {
    /// The cluster's sealing key, in hexadecimal.
    #[prost(string, tag = "1")]
    pub(crate) sealing_key: String,
    #[prost(uint64, tag = "2")]
    pub(crate) epoch: u64,
    #[prost(message, repeated, tag = "3")]
    pub(crate) members: Vec<Member>,
    /// Why it is not admitted, and will not be by asking again.
    #[prost(string, tag = "4")]
    pub(crate) refused: String,
}

/// A member as the log has it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Member {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(string, tag = "2")]
    pub(crate) peer_address: String,
    #[prost(string, tag = "3")]
    pub(crate) public_url: String,
}

/// How far taking in is.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TakenIn {
    #[prost(bool, tag = "1")]
    pub(crate) done: bool,
    /// What is waited for.
    #[prost(string, tag = "2")]
    pub(crate) waits_for: String,
}

/// The answering side, on every node.
pub(crate) struct Admission {
    pub(crate) groups: Groups,
    pub(crate) peers: Peers,
    pub(crate) sealing_key: [u8; 32],
    /// Turns true when this node is out.
    pub(crate) out: watch::Sender<bool>,
}

impl Admission {
    /// Answers a call of one of this file's kinds.
    pub(crate) async fn call(&self, from: NodeId, kind: u16, payload: Bytes) -> Result<Bytes, String> {
        if kind == OUT_KIND {
            tracing::info!(from, "this node was taken out of the cluster");
            self.out.send_replace(true);
            return Ok(Bytes::new());
        }
        if kind == FEATURES_KIND {
            return Ok(known(self.groups.features()));
        }
        if kind == REST_KIND {
            let minutes: [u8; 4] = payload.as_ref().try_into().map_err(|_| "malformed rest".to_owned())?;
            let left = rest(&self.groups, u32::from_be_bytes(minutes)).await;
            return Ok(left.into_iter().filter_map(|group| u8::try_from(group).ok()).collect());
        }
        let asks = Asks::decode(payload).map_err(|error| format!("malformed request to join: {error}"))?;
        let members: BTreeMap<NodeId, Node> = self.groups.members().into_iter().collect();
        let now_ms = (!members.contains_key(&from)).then(unix_ms);
        let sealer = Sealer::new(&self.sealing_key);
        let ticket = Ticket::open(&sealer, &asks.token, from, now_ms);
        match (kind, ticket) {
            (ADMIT_KIND, Ok(_)) => self.admit(from, members, &asks.features).await,
            (ADMIT_KIND, Err(error)) => Ok(not_admitted(error.to_string())),
            (_, Ok(ticket)) => self.take_in(&ticket, asks, members.get(&from)).await,
            (_, Err(error)) => Err(error.to_string()),
        }
    }

    async fn admit(&self, from: NodeId, members: BTreeMap<NodeId, Node>, features: &[u8]) -> Result<Bytes, String> {
        if let Some(feature) = self.lacks(features) {
            return Ok(not_admitted(older_version(from, feature)));
        }
        match self.groups.may_belong(from).await {
            None => return Err("cụm chưa có đa số, thử lại sau / the cluster has no quorum now: try again".to_owned()),
            Some(false) => {
                return Ok(not_admitted(format!(
                    "thư mời của nút {from} đã dùng rồi: mời lại bằng `trongdong invite` / the invitation of node {from} \
                     has been used: invite anew with `trongdong invite`"
                )));
            }
            Some(true) => {}
        }
        let members = members.into_iter().map(|(id, node)| Member {
            id,
            peer_address: node.peer_address,
            public_url: node.public_url,
        });
        let sealing_key = self.sealing_key.iter().map(|byte| format!("{byte:02x}")).collect();
        let (epoch, members) = (self.groups.epoch(), members.collect());
        let admitted = Admitted { sealing_key, epoch, members, refused: String::new() };
        tracing::info!(node = from, "a node was given what it needs to join");
        Ok(admitted.encode_to_vec().into())
    }

    /// The first feature that the cluster has on and a node that knows these lacks: it could not apply the log.
    fn lacks(&self, features: &[u8]) -> Option<u32> {
        let on: BTreeSet<u32> = GroupId::all()
            .flat_map(|group| self.groups.read(group, |state| state.features().collect::<Vec<_>>()))
            .collect();
        lacking(&on.into_iter().collect::<Vec<_>>(), features)
    }

    async fn take_in(&self, ticket: &Ticket, asks: Asks, known: Option<&Node>) -> Result<Bytes, String> {
        let until = Instant::now() + TAKE_IN_WORK;
        let node = ticket.node;
        if let Some(feature) = self.lacks(&asks.features) {
            return Err(older_version(node, feature));
        }
        if let Some(known) = known.filter(|known| known.peer_address != asks.peer_address) {
            return Err(format!(
                "nút {node} đã có ở {there}: mỗi thư mời dùng cho một máy, mời lại cho máy này / node {node} is there \
                 already, at {there}: one invitation is for one machine, invite this one anew",
                there = known.peer_address
            ));
        }
        let at = Node { peer_address: asks.peer_address, public_url: asks.public_url };
        for goal in [Goal::Learn { node }, Goal::Vote { node, instead_of: ticket.replaces() }] {
            let left = until.saturating_duration_since(Instant::now());
            match self.groups.change(goal, Some(&at), left).await.map_err(|refused| refused.to_string())? {
                Progress::Done => {}
                Progress::Waiting { group, reason } => {
                    let waits_for = format!("nhóm / group {group}: {reason}");
                    return Ok(TakenIn { done: false, waits_for }.encode_to_vec().into());
                }
            }
        }
        if let Some(old) = ticket.replaces() {
            tell_out(self.peers.clone(), old);
        }
        tracing::info!(node, replaces = ?ticket.replaces(), "a node was taken in");
        Ok(TakenIn { done: true, waits_for: String::new() }.encode_to_vec().into())
    }
}

fn older_version(node: NodeId, feature: u32) -> String {
    format!(
        "nút {node} chạy bản cũ, không biết tính năng {feature} mà cụm đã bật: chạy bản của cụm trên nút ấy / node {node} runs an \
         older version, which does not know feature {feature} that the cluster has on: run the cluster's version there"
    )
}

fn not_admitted(refused: String) -> Bytes {
    Admitted { refused, ..Admitted::default() }.encode_to_vec().into()
}

/// Tells a node that it is out, if it can hear it; else it finds out by itself (see `belonging`).
pub(crate) fn tell_out(peers: Peers, node: NodeId) {
    tokio::spawn(async move {
        sleep(OUT_PAUSE).await;
        let told = peers.call(node, Lane::Control, OUT_KIND, Bytes::new(), OUT_DEADLINE).await;
        tracing::info!(node, heard = told.is_ok(), "told a node that it is out");
    });
}
