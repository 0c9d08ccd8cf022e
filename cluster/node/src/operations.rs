//! What an administrator asks of the cluster over HTTP, answered by this node: it asks whoever leads.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use domain::{Grant, GroupId, Reply, StopDrill};
use edge::{Answered, Invite, OperationError, Operations, Sealer, WantedDrill};
use entity::Router;
use futures::future::BoxFuture;
use peer::{Lane, Peers};
use raft::{Groups, Progress, membership::Goal};
use rocks::RocksDisk;
use serde_json::{Value, json};

use crate::{
    admission::{REST_KIND, tell_out},
    clock::unix_ms,
    drill::{look, plan, report, screens::Told},
    feature::switch_on,
    invitation::{Ticket, VALID_MIN_MAX},
    status::report::{ClockReport, DiskReport, FollowerReport, GroupReport, LeadReport, MemberReport, NodeReport},
};

/// How long a request works before it answers how far it is: less than the gateway gives a request.
const WORK: Duration = Duration::from_secs(8);

/// Longest rest, minutes: a working day. Who forgets to end one finds the leads spread again the next morning.
const REST_MIN_MAX: u32 = 12 * 60;

/// This node, as an administrator asks it. Clones share it.
#[derive(Clone)]
pub(crate) struct NodeOperations {
    pub(crate) cluster: String,
    /// Of the program.
    pub(crate) version: &'static str,
    pub(crate) groups: Groups,
    pub(crate) peers: Peers,
    pub(crate) router: Router,
    pub(crate) disk: Arc<RocksDisk>,
    pub(crate) data: PathBuf,
    pub(crate) sealing_key: [u8; 32],
    /// What screens of this node tell in a drill.
    pub(crate) screens: Arc<Told>,
}

fn no_quorum() -> OperationError {
    OperationError::Unavailable("cụm chưa có đa số, thử lại sau / the cluster has no quorum now: try again".to_owned())
}

pub(crate) fn refused(code: &str, message: String) -> OperationError {
    OperationError::Refused { code: code.to_owned(), message }
}

fn not_a_member(node: u64) -> OperationError {
    refused(
        "not_a_member",
        format!(
            "nút {node} không thuộc cụm: xem `trongdong status` / node {node} is no member: see `trongdong status`"
        ),
    )
}

fn progress(progress: Progress) -> Value {
    match progress {
        Progress::Done => json!({ "done": true }),
        Progress::Waiting { group, reason } => {
            json!({ "done": false, "waits_for": format!("nhóm / group {group}: {reason}") })
        }
    }
}

impl NodeOperations {
    fn report(&self, disk: DiskReport) -> NodeReport {
        let groups = self.groups.status().into_iter().map(|group| GroupReport {
            group: group.group.0,
            leader: group.leader,
            term: group.term,
            role: group.role,
            last_log: group.last_log,
            committed: group.committed,
            applied: group.applied,
            snapshot: group.snapshot,
            quorum_age_ms: group.quorum_age_ms,
            voters: group.voters,
            learners: group.learners,
            is_changing: group.is_changing,
            followers: group
                .members
                .into_iter()
                .map(|(node, is_up, lag)| FollowerReport { node, is_up, lag_entries: lag })
                .collect(),
            fatal: group.fatal,
            leads: group
                .leads
                .into_iter()
                .map(|change| LeadReport { at_ms: change.at_ms.0, leader: change.leader, term: change.term })
                .collect(),
        });
        let members = self.groups.members();
        let clock = |node: u64| ClockReport {
            node,
            is_connected: self.peers.is_connected(node),
            offset_ms: self.peers.clock_offset_ms(node),
        };
        NodeReport {
            node: self.groups.node(),
            cluster: self.cluster.clone(),
            epoch: self.groups.epoch(),
            version: self.version.to_owned(),
            is_resting: self.groups.is_resting(self.groups.node()),
            disk,
            clocks: members.iter().map(|(id, _)| *id).filter(|id| *id != self.groups.node()).map(clock).collect(),
            members: members
                .into_iter()
                .map(|(id, node)| MemberReport { id, peer_address: node.peer_address, url: node.public_url })
                .collect(),
            groups: groups.collect(),
            screens: self.screens.report(),
        }
    }
}

/// Bytes of the files in a folder and below. What vanishes meanwhile counts nothing.
fn used_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => used_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

impl Operations for NodeOperations {
    fn status(&self) -> BoxFuture<'static, Value> {
        let (disk, data) = (Arc::clone(&self.disk), self.data.clone());
        let counters = disk.counters();
        let (write_stopped, background_errors) = (counters.write_stopped, counters.background_errors);
        let room = self.groups.room(self.groups.node()).into();
        let lost = self.groups.lost().into_iter().map(|(group, index)| {
            format!(
                "log/{}: entries up to {index}, which this node had acknowledged, were gone when it started",
                group.0
            )
        });
        let rotten = disk.rotten().into_iter().chain(lost).collect();
        let report =
            self.report(DiskReport { room, write_stopped, background_errors, rotten, ..DiskReport::default() });
        Box::pin(async move {
            let sizes = tokio::task::spawn_blocking(move || (disk.free_bytes().ok(), used_bytes(&data))).await;
            let (free_bytes, used_bytes) = sizes.unwrap_or_default();
            let report = NodeReport { disk: DiskReport { free_bytes, used_bytes, ..report.disk }, ..report };
            serde_json::to_value(report).unwrap_or_default()
        })
    }

    fn digests(&self) -> Answered {
        let groups = self.groups.clone();
        Box::pin(async move {
            let mut all = Vec::new();
            for group in GroupId::all() {
                let digest = groups.digest(group).await.map_err(|e| OperationError::Unavailable(e.to_string()))?;
                let crc32c = format!("{:08x}", digest.crc32c);
                all.push(json!({ "group": group.0, "index": digest.index, "rows": digest.rows, "crc32c": crc32c }));
            }
            Ok(json!({ "node": groups.node(), "groups": all }))
        })
    }

    fn invite(&self, invite: Invite) -> Answered {
        let (groups, key, cluster) = (self.groups.clone(), self.sealing_key, self.cluster.clone());
        Box::pin(async move {
            if !(1..=VALID_MIN_MAX).contains(&invite.valid_min) {
                let message =
                    format!("valid_min: từ 1 đến {VALID_MIN_MAX} phút / valid_min: give 1 to {VALID_MIN_MAX} minutes");
                return Err(refused("valid_min", message));
            }
            let members = groups.members();
            if let Some(old) = invite.replaces.filter(|old| !members.iter().any(|(id, _)| id == old)) {
                return Err(not_a_member(old));
            }
            let node = groups.invite(WORK).await.ok_or_else(no_quorum)?;
            let until_ms = unix_ms().saturating_add(u64::from(invite.valid_min) * 60_000);
            let ticket = Ticket { node, replaces: invite.replaces.unwrap_or_default(), until_ms };
            let token = ticket.seal(&Sealer::new(&key)).map_err(|e| OperationError::Unavailable(e.to_string()))?;
            let members: Vec<Value> = members
                .into_iter()
                .map(|(id, node)| json!({ "id": id, "peer_address": node.peer_address, "public_url": node.public_url }))
                .collect();
            let epoch = groups.epoch();
            Ok(json!({
                "node": node, "cluster": cluster, "epoch": epoch, "token": token, "until_ms": until_ms, "members": members,
            }))
        })
    }

    fn leave(&self, node: u64) -> Answered {
        let (groups, peers) = (self.groups.clone(), self.peers.clone());
        Box::pin(async move {
            let changed = groups.change(Goal::Leave { node }, None, WORK).await;
            let changed = changed.map_err(|error| refused(&error.code, error.message))?;
            if changed == Progress::Done {
                tell_out(peers, node);
            }
            Ok(progress(changed))
        })
    }

    fn switch_features(&self, grant: Grant) -> Answered {
        let (groups, peers, router) = (self.groups.clone(), self.peers.clone(), self.router.clone());
        Box::pin(async move { switch_on(&groups, &peers, &router, &grant).await })
    }

    fn start_drill(&self, wanted: WantedDrill, grant: Grant) -> Answered {
        let own = self.clone();
        Box::pin(async move {
            let asked = look::all(&own, &own.groups, &own.peers).await;
            let start =
                plan::plan(&wanted, &asked, own.groups.node()).map_err(|not| refused(not.code, not.to_string()))?;
            own.command_drill(start, grant).await
        })
    }

    fn stop_drill(&self, drill: u64, grant: Grant) -> Answered {
        let own = self.clone();
        Box::pin(async move { own.command_drill(StopDrill { drill }, grant).await })
    }

    fn watch_drill(&self) -> Answered {
        let own = self.clone();
        Box::pin(async move { Ok(look::told(&look::all(&own, &own.groups, &own.peers).await)) })
    }

    fn screens_told(&self, drill: u64, gaps: u32, doubles: u32) {
        self.screens.add(drill, gaps, doubles);
    }

    fn drill_report(&self, drill: u64) -> Option<String> {
        self.groups
            .read(GroupId::COMMAND, |state| Some(report::page(state.drills().get(&drill)?, state.drills().values())))
    }

    fn rest(&self, node: u64, minutes: u32) -> Answered {
        let (groups, peers) = (self.groups.clone(), self.peers.clone());
        Box::pin(async move {
            if minutes > REST_MIN_MAX {
                let message = format!("minutes: nhiều nhất {REST_MIN_MAX} phút / minutes: give at most {REST_MIN_MAX}");
                return Err(refused("minutes", message));
            }
            if !groups.members().iter().any(|(id, _)| *id == node) {
                return Err(not_a_member(node));
            }
            let left = if node == groups.node() {
                rest(&groups, minutes).await
            } else {
                let ask = Bytes::copy_from_slice(&minutes.to_be_bytes());
                let answer = peers.call(node, Lane::Control, REST_KIND, ask, WORK).await;
                let answer = answer.map_err(|error| OperationError::Unavailable(error.to_string()))?;
                answer.iter().copied().map(u32::from).collect()
            };
            Ok(json!({ "done": left.is_empty(), "still_leads": left }))
        })
    }
}

impl NodeOperations {
    /// Has the log take a command about a drill, in the name of whoever holds the grant.
    async fn command_drill(&self, command: impl Into<domain::Command>, grant: Grant) -> Result<Value, OperationError> {
        let told = self.router.command(Some(GroupId::COMMAND), command.into(), None, Some(grant), WORK).await;
        match told.map_err(|error| OperationError::Unavailable(error.to_string()))? {
            Reply::Accepted(accepted) => Ok(json!({ "drill": accepted.entity.parse::<u64>().unwrap_or_default() })),
            Reply::Refused(refusal) => Err(refused(refusal.code.as_str(), refusal.message)),
        }
    }
}

/// Lets this node lead nothing for some minutes; gives the groups that it leads still, which nobody else could take.
pub(crate) async fn rest(groups: &Groups, minutes: u32) -> Vec<u32> {
    groups.rest(Duration::from_secs(u64::from(minutes.min(REST_MIN_MAX)) * 60));
    if minutes == 0 {
        return Vec::new();
    }
    groups.hand_over_leads(WORK).await.into_iter().map(|group| group.0).collect()
}
