//! What befalls a cluster in one round of a siege, drawn from a seed. Pure: the same seed draws the same round.

use std::time::Duration;

use crate::{random::Random, world::NODES};

/// Faults of one round.
const STEPS: usize = 4;
/// How long a fault that can be undone lasts.
const HOLD_MS: (u64, u64) = (500, 7_000);
/// Between two faults. Less than it takes to be whole again, now and then.
const CALM_MS: (u64, u64) = (200, 3_000);
/// How long a flush takes on a slow disk.
const FLUSH_MS: (u64, u64) = (20, 200);
/// How long each chunk takes on a slow line.
const LINE_MS: (u64, u64) = (5, 80);
/// How far a clock runs ahead.
const AHEAD_MS: (u64, u64) = (1_000, 30 * 60_000);
/// How far a clock falls behind: less than the minute by which devices may be ahead of the cluster, beyond which readings
/// are refused by design.
const BEHIND_MS: (u64, u64) = (1_000, 45_000);

/// What befalls a node, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `kill -9`.
    Killed,
    /// `kill -9` of this node and the next one: no quorum is left.
    TwoKilled,
    /// `kill -9` of all.
    AllKilled,
    /// SIGSTOP, and SIGCONT later.
    Frozen,
    /// Each node in turn is asked to stop and started again, as in an upgrade.
    RollingRestart,
    /// Each flush takes this long.
    DiskSlow {
        /// Milliseconds.
        flush_ms: u32,
    },
    /// Each flush fails after its writes were taken; the disk is whole again when the node is started anew.
    DiskFailed,
    /// The wall clock is off by so much, negative: behind.
    ClockJumped {
        /// Milliseconds.
        ahead_ms: i64,
    },
    /// Nothing comes and nothing goes between this node and the others.
    Cut,
    /// It hears nothing from the others, and they hear it.
    Deaf,
    /// They hear nothing from it, and it hears them.
    Mute,
    /// What it sends and is sent is slow.
    LineSlow {
        /// Milliseconds a chunk.
        delay_ms: u32,
    },
}

impl Fault {
    /// Its name in the record, with the victim's part in the cluster.
    #[must_use]
    pub fn name(self, is_leader: bool) -> &'static str {
        match (self, is_leader) {
            (Self::Killed, true) => "leader_killed",
            (Self::Killed, false) => "follower_killed",
            (Self::TwoKilled, _) => "two_killed",
            (Self::AllKilled, _) => "all_killed",
            (Self::Frozen, true) => "leader_frozen",
            (Self::Frozen, false) => "follower_frozen",
            (Self::RollingRestart, _) => "rolling_restart",
            (Self::DiskSlow { .. }, _) => "disk_slow",
            (Self::DiskFailed, _) => "disk_failed",
            (Self::ClockJumped { .. }, _) => "clock_jumped",
            (Self::Cut, true) => "leader_cut",
            (Self::Cut, false) => "follower_cut",
            (Self::Deaf, _) => "node_deaf",
            (Self::Mute, _) => "node_mute",
            (Self::LineSlow { .. }, _) => "line_slow",
        }
    }

    fn draw(random: &mut Random) -> Self {
        let short = |milliseconds: u64| u32::try_from(milliseconds).unwrap_or(u32::MAX);
        let signed = |milliseconds: u64| i64::try_from(milliseconds).unwrap_or(i64::MAX);
        match random.below(14) {
            0..=2 => Self::Killed,
            3 => Self::TwoKilled,
            4 => Self::AllKilled,
            5 => Self::Frozen,
            6 => Self::RollingRestart,
            7 => Self::DiskSlow { flush_ms: short(random.between(FLUSH_MS)) },
            8 => Self::DiskFailed,
            9 if random.below(2) == 0 => Self::ClockJumped { ahead_ms: signed(random.between(AHEAD_MS)) },
            9 => Self::ClockJumped { ahead_ms: -signed(random.between(BEHIND_MS)) },
            10 | 11 => Self::Cut,
            12 if random.below(2) == 0 => Self::Deaf,
            12 => Self::Mute,
            _ => Self::LineSlow { delay_ms: short(random.between(LINE_MS)) },
        }
    }

    /// What can go on while other things happen: it takes no quorum away.
    fn draw_background(random: &mut Random) -> Self {
        loop {
            let drawn = Self::draw(random);
            if matches!(drawn, Self::DiskSlow { .. } | Self::ClockJumped { .. } | Self::LineSlow { .. }) {
                return drawn;
            }
        }
    }
}

/// Whom it befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// Whoever leads that group at the time.
    Leader(u32),
    /// That node, whatever it is.
    Node(u64),
}

/// One fault of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub fault: Fault,
    /// Whom.
    pub victim: Victim,
    /// How long, when it can be undone; for who was killed, how long until it is started again.
    pub hold: Duration,
    /// Quiet afterwards.
    pub calm: Duration,
}

/// One round: a new cluster, work, faults, judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// What is wrong all the time, at one node; half of the rounds have nothing of the sort.
    pub background: Option<(Fault, u64)>,
    /// What happens, one after the other.
    pub steps: Vec<Step>,
}

impl Round {
    /// The round of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let background =
            (random.below(2) == 0).then(|| (Fault::draw_background(&mut random), random.between((1, NODES))));
        let step = |_| Step {
            fault: Fault::draw(&mut random),
            victim: match random.below(4) {
                0 => Victim::Leader(0),
                1 => Victim::Leader(1),
                2 => Victim::Leader(2),
                _ => Victim::Node(random.between((1, NODES))),
            },
            hold: Duration::from_millis(random.between(HOLD_MS)),
            calm: Duration::from_millis(random.between(CALM_MS)),
        };
        Self { background, steps: (0..STEPS).map(step).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_draws_the_same_round_and_a_hundred_seeds_draw_every_fault() {
        assert_eq!(Round::draw(7), Round::draw(7));
        assert_ne!(Round::draw(7), Round::draw(8));
        let rounds = (0..100).map(Round::draw);
        let names =
            rounds.flat_map(|round| round.steps).flat_map(|step| [step.fault.name(true), step.fault.name(false)]);
        assert_eq!(names.collect::<BTreeSet<_>>().len(), 15);
    }

    #[test]
    fn what_goes_on_in_the_background_takes_no_quorum_away() {
        for (fault, node) in (0..200).filter_map(|seed| Round::draw(seed).background) {
            assert!(matches!(fault, Fault::DiskSlow { .. } | Fault::ClockJumped { .. } | Fault::LineSlow { .. }));
            assert!((1..=NODES).contains(&node));
        }
    }
}
