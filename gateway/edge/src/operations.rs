//! What an administrator may ask of the cluster itself: how it is, and who belongs to it. The node that this edge is of knows
//! how; the edge knows who may ask.

use domain::{DrillScenario, Grant};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Who shall be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Invite {
    /// The node that the new one stands in for; none: it is one more.
    pub replaces: Option<u64>,
    /// For how long the invitation counts.
    pub valid_min: u32,
}

/// Which drill is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct WantedDrill {
    /// `node_lost`, `link_lost`, `slow_disk`, `camera_storm`, `call_surge` or `leader_lost`.
    #[schema(value_type = String)]
    pub scenario: DrillScenario,
    /// Nodes that suffer; none for a storm. For `leader_lost` none, or the one that somebody took for the leader: it is whoever leads when
    /// it begins that breaks.
    #[serde(default)]
    pub nodes: Vec<u64>,
    /// How long.
    pub seconds: u32,
    /// ms for each flush, or exercise commands in a minute; 0: what the scenario usually has.
    #[serde(default)]
    pub strength: u32,
    /// What for.
    pub purpose: String,
}

/// Why something about the cluster was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// It must not be; the text says what to do.
    #[error("{message}")]
    Refused {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
    /// It cannot be now; the same request asks again.
    #[error("{0}")]
    Unavailable(String),
}

/// The answer of an [`Operations`]: JSON, as the program that asks prints it.
pub type Answered = BoxFuture<'static, Result<Value, OperationError>>;

/// The cluster, as its administrators ask for it. Every request may be sent again: it goes on where it stands.
pub trait Operations: Send + Sync + 'static {
    /// What this node knows of groups, members and its disk. It needs no quorum.
    fn status(&self) -> BoxFuture<'static, Value>;
    /// What this node holds of each group, in numbers that equal replicas share.
    fn digests(&self) -> Answered;
    /// Gives an id to a node that shall join, with the token that lets it in.
    fn invite(&self, invite: Invite) -> Answered;
    /// Takes a node out, as far as it goes until the request's deadline; the answer says whether it is done.
    fn leave(&self, node: u64) -> Answered;
    /// Switches on what the version of all nodes brings, in the name of whoever holds the grant.
    fn switch_features(&self, grant: Grant) -> Answered;
    /// Begins a drill in the name of whoever holds the grant, if the cluster is well and stays able to decide.
    fn start_drill(&self, wanted: WantedDrill, grant: Grant) -> Answered;
    /// Ends the faults of a drill now.
    fn stop_drill(&self, drill: u64, grant: Grant) -> Answered;
    /// How each node is now, as this node sees it, with what stands against a drill.
    fn watch_drill(&self) -> Answered;
    /// Screens of this node found frames missing, or there twice, while a drill goes on.
    fn screens_told(&self, drill: u64, gaps: u32, doubles: u32);
    /// The report of a drill as a page; none: no such drill is remembered.
    fn drill_report(&self, drill: u64) -> Option<String>;
    /// Lets a node lead nothing for some minutes; none ends that.
    fn rest(&self, node: u64, minutes: u32) -> Answered;
}
