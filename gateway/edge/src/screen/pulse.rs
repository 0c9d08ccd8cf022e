//! The heartbeat of this node: made once, sent by every socket. It waits in no queue, so that one that is late is replaced
//! and never piles up.

use std::{sync::Arc, time::Duration};

use domain::{GroupId, State};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::{
    message::{GroupPulse, Heartbeat, LinePulse, Payload, SilentModel, ToScreen},
    view::Encoding,
};
use crate::{
    clock::unix_ms,
    cluster::{Source, read},
    limits::HEARTBEAT_MS,
    stop::stopped,
};

/// A heartbeat, encoded.
#[derive(Clone, Debug)]
pub(crate) struct Pulse {
    protobuf: Payload,
    json: Payload,
}

impl Pulse {
    fn new(heartbeat: Heartbeat) -> Self {
        let heartbeat = ToScreen::Heartbeat(heartbeat);
        Self { protobuf: heartbeat.encode(Encoding::Protobuf), json: heartbeat.encode(Encoding::Json) }
    }

    /// Its bytes.
    pub(crate) fn payload(&self, encoding: Encoding) -> &Payload {
        match encoding {
            Encoding::Protobuf => &self.protobuf,
            Encoding::Json => &self.json,
        }
    }
}

/// What every socket of this node follows.
#[derive(Clone)]
pub(crate) struct Pulses {
    /// The newest heartbeat.
    pub(crate) beat: watch::Receiver<Pulse>,
    /// Whether cameras marked sensitive must not be shown: the quorum of group 0 is silent for too long.
    pub(crate) hidden: watch::Receiver<bool>,
}

/// How this node stands now.
pub(crate) fn heartbeat(source: &dyn Source) -> Heartbeat {
    let groups = GroupId::all().map(|group| {
        let age = source.group_age(group);
        GroupPulse {
            group,
            leader_age_ms: millis(age.quorum_age),
            applied_index: source.applied(group).index,
            leader: age.leader.unwrap_or_default(),
        }
    });
    let quorum_age_ms = millis(source.group_age(GroupId::COMMAND).quorum_age);
    let models = read(source, GroupId::COMMAND, |state| {
        let silent = state.silent_models();
        silent.map(|(model, cause)| SilentModel { name: model.name.clone(), cause }).collect()
    });
    let line = source.line();
    let line = line.map(|line| LinePulse { cut: line.cut, age_ms: millis(line.age), kept: line.kept });
    let drill = source.drill().or_else(|| read(source, GroupId::COMMAND, State::drill_now));
    Heartbeat { server_time_ms: unix_ms(), quorum_age_ms, groups: groups.collect(), models, line, drill }
}

/// Beats until `stop` says so. Cameras marked sensitive are hidden from a quorum age of `hide_after` on.
pub(crate) fn start(source: Arc<dyn Source>, hide_after: Duration, mut stop: watch::Receiver<bool>) -> Pulses {
    let (beat, beats) = watch::channel(Pulse::new(heartbeat(&*source)));
    let (hide, hidden) = watch::channel(false);
    raft::stage::spawn(async move {
        let mut ticks = interval(Duration::from_millis(HEARTBEAT_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                _ = ticks.tick() => {}
            }
            let heartbeat = heartbeat(&*source);
            let hides = Duration::from_millis(heartbeat.quorum_age_ms) >= hide_after;
            hide.send_if_modified(|hidden| std::mem::replace(hidden, hides) != hides);
            beat.send_replace(Pulse::new(heartbeat));
        }
    });
    Pulses { beat: beats, hidden }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
