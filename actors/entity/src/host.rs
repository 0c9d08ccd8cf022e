//! Hosting: leadership is placement. The node that leads a group, and has applied the first entry of its term, hosts the
//! group's actors; when the lead is lost they all stop, and whoever leads next begins from the state.

pub(crate) mod directory;
pub(crate) mod membership;
pub(crate) mod pump;
pub(crate) mod reign;
pub(crate) mod serve;
pub(crate) mod wake;

use std::sync::{Arc, OnceLock, Weak};

use domain::GroupId;
use tokio::sync::watch;

use crate::{
    advice::Advisor, cluster::Cluster, config::EntityConfig, counters::Counters, host::reign::Reign, notice::Courier,
    router::Road, watch::Watcher,
};

/// What everything of one node shares.
pub(crate) struct Ctx {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) config: EntityConfig,
    pub(crate) counters: Arc<Counters>,
    /// The way to other groups. Weak, since the road holds the hosts.
    pub(crate) road: OnceLock<Weak<Road>>,
    /// Models, once the node has them; until then nothing is asked.
    pub(crate) advisor: OnceLock<Arc<dyn Advisor>>,
    /// Who carries notices, once the node has somebody; until then they wait.
    pub(crate) courier: OnceLock<Arc<dyn Courier>>,
    /// Models that look at readings, once the node has them; until then nothing is shown.
    pub(crate) watcher: OnceLock<Arc<dyn Watcher>>,
}

/// One group on one node, leading or not.
pub(crate) struct GroupHost {
    group: GroupId,
    ctx: Arc<Ctx>,
    /// The lead that this node has now, if it is ready to act.
    reign: watch::Sender<Option<Arc<Reign>>>,
}

impl GroupHost {
    pub(crate) fn new(group: GroupId, ctx: Arc<Ctx>) -> Self {
        Self { group, ctx, reign: watch::Sender::new(None) }
    }

    pub(crate) fn reign(&self) -> Option<Arc<Reign>> {
        self.reign.borrow().clone()
    }

    pub(crate) fn reign_watch(&self) -> watch::Receiver<Option<Arc<Reign>>> {
        self.reign.subscribe()
    }

    /// Follows the lead until told to stop. A new term is a new reign, since state may have moved in between.
    pub(crate) async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let mut leads = self.ctx.cluster.lead_watch(self.group);
        let mut term = None;
        loop {
            let lead = *leads.borrow_and_update();
            let wanted = lead.is_self_ready.then_some(lead.term);
            if wanted != term {
                self.end();
                if wanted.is_some() {
                    let reign = Reign::begin(self.group, self.ctx.clone()).await;
                    self.reign.send_replace(reign);
                }
                term = wanted;
            }
            tokio::select! {
                biased;
                changed = leads.changed() => if changed.is_err() { break },
                _ = stopping.wait_for(|stop| *stop) => break,
            }
        }
        self.end();
    }

    pub(crate) fn end(&self) {
        if let Some(reign) = self.reign.send_replace(None) {
            reign.end();
        }
    }
}
