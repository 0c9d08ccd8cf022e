//! What a node suffers in a drill. Each fault is held by the node itself with an end of its own, so that it is over when its time is,
//! whoever is gone by then.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{DrillNow, DrillScenario};
use peer::{Cut, Peers};
use rocks::RocksDisk;
use tokio::{sync::watch, task::JoinHandle};

/// What one node suffers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It talks with nobody, and shows nothing to screens.
    Dead,
    /// It talks with these nodes only.
    CutOff(BTreeSet<u64>),
    /// Each of its flushes waits so long.
    Slow(Duration),
}

/// What this node suffers at this time, and for how long still; none: nothing.
pub(crate) fn fault_of(drill: &DrillNow, node: u64, now_ms: u64) -> Option<(Fault, Duration)> {
    if drill.ended || !drill.nodes.contains(&node) {
        return None;
    }
    // By this node's own clock, and never for longer than the drill takes: a clock that is behind makes nothing last.
    let left_ms = drill.until_ms.0.saturating_sub(now_ms).min(drill.until_ms.since(drill.started_at_ms));
    if left_ms == 0 {
        return None;
    }
    let fault = match drill.scenario {
        DrillScenario::NodeLost | DrillScenario::LeaderLost => Fault::Dead,
        DrillScenario::LinkLost => Fault::CutOff(drill.nodes.iter().copied().collect()),
        DrillScenario::SlowDisk => Fault::Slow(Duration::from_millis(u64::from(drill.strength))),
        DrillScenario::CameraStorm | DrillScenario::CallSurge => return None,
    };
    Some((fault, Duration::from_millis(left_ms)))
}

/// The parts of this node that can suffer.
pub(crate) struct Faults {
    pub(crate) peers: Peers,
    pub(crate) disk: Arc<RocksDisk>,
    /// True while the gateway plays dead to screens.
    pub(crate) closed: Arc<watch::Sender<bool>>,
    /// Opens the gateway again.
    pub(crate) opens: Mutex<Option<JoinHandle<()>>>,
}

impl Faults {
    /// Begins to suffer, for so long at most.
    pub(crate) fn hold(&self, fault: &Fault, left: Duration) {
        self.lift();
        match fault {
            Fault::Dead => {
                self.peers.cut(Cut::Everybody, left);
                self.closed.send_replace(true);
                let closed = Arc::clone(&self.closed);
                let opens = tokio::spawn(async move {
                    tokio::time::sleep(left).await;
                    closed.send_replace(false);
                });
                *self.opens.lock().unwrap_or_else(PoisonError::into_inner) = Some(opens);
            }
            Fault::CutOff(spared) => self.peers.cut(Cut::AllBut(spared.clone()), left),
            Fault::Slow(wait) => self.disk.hinder(*wait, left),
        }
    }

    /// Suffers nothing any more.
    pub(crate) fn lift(&self) {
        if let Some(opens) = self.opens.lock().unwrap_or_else(PoisonError::into_inner).take() {
            opens.abort();
        }
        self.peers.mend();
        self.disk.hinder(Duration::ZERO, Duration::ZERO);
        self.closed.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use domain::Millis;

    use super::*;

    fn drill(scenario: DrillScenario) -> DrillNow {
        DrillNow {
            number: 1,
            scenario,
            nodes: vec![2, 3],
            observer: 1,
            strength: 80,
            started_at_ms: Millis(1000),
            until_ms: Millis(31_000),
            ended: false,
        }
    }

    #[test]
    fn only_who_is_in_the_radius_suffers_and_only_until_the_end() {
        let lost = drill(DrillScenario::NodeLost);
        assert_eq!(fault_of(&lost, 2, 1000), Some((Fault::Dead, Duration::from_secs(30))));
        assert_eq!(fault_of(&lost, 2, 30_999), Some((Fault::Dead, Duration::from_millis(1))));
        assert_eq!(fault_of(&lost, 2, 31_000), None, "a node that hears of it late suffers nothing");
        assert_eq!(fault_of(&lost, 1, 1000), None);
        assert_eq!(fault_of(&DrillNow { ended: true, ..lost.clone() }, 2, 1000), None);
        let slow_clock = fault_of(&lost, 2, 0);
        assert_eq!(
            slow_clock,
            Some((Fault::Dead, Duration::from_secs(30))),
            "a clock that is behind makes nothing last"
        );
    }

    #[test]
    fn each_scenario_has_its_fault() {
        let fault = |scenario| fault_of(&drill(scenario), 3, 1000).map(|(fault, _)| fault);
        assert_eq!(fault(DrillScenario::LeaderLost), Some(Fault::Dead));
        assert_eq!(fault(DrillScenario::LinkLost), Some(Fault::CutOff([2, 3].into())), "they have each other");
        assert_eq!(fault(DrillScenario::SlowDisk), Some(Fault::Slow(Duration::from_millis(80))));
        assert_eq!((fault(DrillScenario::CameraStorm), fault(DrillScenario::CallSurge)), (None, None));
    }
}
