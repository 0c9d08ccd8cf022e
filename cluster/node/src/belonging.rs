//! Whether this node belongs to the cluster: a new one asks to be taken in until it votes everywhere, and one that was taken
//! out while it was away finds out and stops.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use domain::GroupId;
use peer::{CallError, Lane, NodeId, Peers};
use prost::Message;
use raft::Groups;
use tokio::{sync::watch, time::interval};

use crate::{
    admission::{Asks, TAKE_IN_DEADLINE, TAKE_IN_KIND, TakenIn},
    config::MemberConfig,
    feature::known,
    invitation::{self, Invitation},
};

/// Says that this node was taken out: it must not start again.
pub(crate) const OUT: &str = "out";

/// Between two requests to be taken in.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How often a node looks whether it still belongs to the cluster, while it hears of no quorum.
const LOOK: Duration = Duration::from_secs(5);

/// How long a quorum must be silent before a node doubts that it belongs.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a member may take to say who belongs.
const MEMBERS_DEADLINE: Duration = Duration::from_secs(4);

/// Asks one member after the other to be taken in, until this node votes in every group; then the invitation goes.
pub(crate) async fn ask_to_be_taken_in(
    home: PathBuf,
    invitation: Invitation,
    own: MemberConfig,
    groups: Groups,
    peers: Peers,
    others: Vec<NodeId>,
) {
    let asks = Asks {
        token: invitation.token,
        peer_address: own.peer_address.clone(),
        public_url: own.public_url.clone(),
        features: known(groups.features()),
    };
    let payload = Bytes::from(asks.encode_to_vec());
    let mut tick = interval(ASK_AGAIN);
    let mut said = String::new();
    for at in 0_usize.. {
        tick.tick().await;
        // In the middle of a change it may vote already: then the change is still to be finished, at its asking.
        if GroupId::all().all(|group| groups.is_settled_voter(group)) {
            break;
        }
        // Those that are known now: the log may know more of them than the invitation did.
        let known: Vec<NodeId> = groups.members().into_iter().map(|(id, _)| id).chain(others.iter().copied()).collect();
        let known: Vec<NodeId> = known.into_iter().filter(|id| *id != own.id).collect();
        let Some(member) = known.get(at % known.len().max(1)).copied() else { continue };
        let answer = peers.call(member, Lane::Control, TAKE_IN_KIND, payload.clone(), TAKE_IN_DEADLINE).await;
        let now = match answer.map(TakenIn::decode) {
            Ok(Ok(taken)) if taken.done => break,
            Ok(Ok(taken)) => taken.waits_for,
            Ok(Err(error)) => error.to_string(),
            Err(CallError::Remote(reason)) => reason,
            Err(error) => error.to_string(),
        };
        if now != said {
            tracing::info!(member, waits_for = now, "not taken in yet");
            said = now;
        }
    }
    match fs::remove_file(home.join(invitation::FILE)) {
        Ok(()) => tracing::info!("this node votes in every group: it belongs to the cluster"),
        Err(error) => tracing::error!(%error, file = invitation::FILE, "could not be removed: remove it by hand"),
    }
}

/// While no quorum is heard of, asks those that can be reached whether this node still belongs. One that was taken out while
/// it was away would else stand for election for ever.
pub(crate) async fn watch_over_belonging(groups: Groups, peers: Peers, out: watch::Sender<bool>) {
    let mut tick = interval(LOOK);
    loop {
        tick.tick().await;
        if groups.quorum_age(GroupId::COMMAND) < SILENCE {
            continue;
        }
        for (member, _) in groups.members() {
            if member == groups.node() || !peers.is_connected(member) {
                continue;
            }
            let Some(members) = groups.members_by(member, MEMBERS_DEADLINE).await else { continue };
            if !members.contains(&groups.node()) {
                tracing::warn!(member, ?members, "this node was taken out of the cluster while it was away");
                out.send_replace(true);
                return;
            }
        }
    }
}

/// Puts down that this node is out.
pub(crate) fn note_out(home: &Path) {
    if let Err(error) = fs::write(home.join(OUT), "") {
        tracing::error!(%error, file = OUT, "could not be written: do not start this node again");
    }
}
