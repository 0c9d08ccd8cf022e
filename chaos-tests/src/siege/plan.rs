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

/// How fast a clock drifts, thousandths of a second a second: by ten seconds in the longest that it lasts.
const DRIFT_PER_MILLE: (u64, u64) = (20, 1_500);
/// How far two clocks go apart from the third, which is right: one ahead, one behind.
const APART_MS: (u64, u64) = (500, 20_000);
/// Nodes of one round that come back under a new id. Each takes as long as all the rest.
const REPLACED_MAX: usize = 2;

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
    /// Every write to a file is refused, as on a disk without room; there is room again when the node is started anew.
    DiskFull,
    /// While it is down one bit of its disk turns over, in a file of the log, of votes and of rows. It must refuse or hold the same as
    /// the others; then a new one stands in.
    BitFlipped {
        /// Which file, and which bit of it: a part of a thousand of all.
        at_per_mille: u32,
    },
    /// Its disk is gone. It must not come back under its id; a new one stands in.
    DiskLost,
    /// Each node in turn is stopped and started with this release, after which what is new is switched on. Rounds in which this
    /// happens begin with an earlier one.
    RollingUpgrade,
    /// The wall clock is off by so much, negative: behind.
    ClockJumped {
        /// Milliseconds.
        ahead_ms: i64,
    },
    /// The wall clock goes faster, or slower when negative.
    ClockDrifts {
        /// Thousandths of a second a second.
        per_mille: i32,
    },
    /// Its wall clock is ahead and that of the next node behind.
    ClocksApart {
        /// Milliseconds, each of them.
        ms: i64,
    },
    /// Nothing comes and nothing goes between this node and the others.
    Cut,
    /// It hears nothing from the others, and they hear it.
    Deaf,
    /// They hear nothing from it, and it hears them.
    Mute,
    /// Nothing goes between it and the next one; both reach the third.
    LinkCut,
    /// What it sends to the next one is slow, and nothing else.
    LinkSlow {
        /// Milliseconds a chunk.
        delay_ms: u32,
    },
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
            (Self::DiskFull, _) => "disk_full",
            (Self::BitFlipped { .. }, _) => "bit_flipped",
            (Self::DiskLost, _) => "disk_lost",
            (Self::RollingUpgrade, _) => "rolling_upgrade",
            (Self::ClockDrifts { .. }, _) => "clock_drifting",
            (Self::ClocksApart { .. }, _) => "clocks_apart",
            (Self::LinkCut, _) => "link_cut",
            (Self::LinkSlow { .. }, _) => "link_slow",
        }
    }

    fn draw(random: &mut Random) -> Self {
        let short = |milliseconds: u64| u32::try_from(milliseconds).unwrap_or(u32::MAX);
        let signed = |milliseconds: u64| i64::try_from(milliseconds).unwrap_or(i64::MAX);
        match random.below(22) {
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
            13 => Self::LineSlow { delay_ms: short(random.between(LINE_MS)) },
            14 => Self::LinkSlow { delay_ms: short(random.between(LINE_MS)) },
            15 => Self::LinkCut,
            16 => Self::DiskFull,
            17 | 18 => Self::BitFlipped { at_per_mille: short(random.between((0, 999))) },
            19 => Self::DiskLost,
            20 => {
                let per_mille = i32::try_from(random.between(DRIFT_PER_MILLE)).unwrap_or(i32::MAX);
                // A clock that goes backwards is a jump.
                let is_slow = random.below(2) == 0;
                Self::ClockDrifts { per_mille: if is_slow { -per_mille.min(900) } else { per_mille } }
            }
            _ => Self::ClocksApart { ms: signed(random.between(APART_MS)) },
        }
    }

    /// One that does not need another node to stand in, unless it may.
    fn draw_for(random: &mut Random, may_be_replaced: bool) -> Self {
        loop {
            let drawn = Self::draw(random);
            if may_be_replaced || !drawn.is_replaced() {
                return drawn;
            }
        }
    }

    /// Whether the node never comes back, and another one stands in.
    #[must_use]
    pub fn is_replaced(self) -> bool {
        matches!(self, Self::BitFlipped { .. } | Self::DiskLost)
    }

    /// What can go on while other things happen: it takes no quorum away. A wrong clock is none of it: while another node is away two
    /// clocks are left, and of two nobody can tell which is wrong.
    fn draw_background(random: &mut Random) -> Self {
        loop {
            let drawn = Self::draw(random);
            if matches!(drawn, Self::DiskSlow { .. } | Self::LineSlow { .. } | Self::LinkSlow { .. }) {
                return drawn;
            }
        }
    }
}

/// Whom it befalls. Nodes go by their place, which whoever stands in for one takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// Whoever leads that group at the time.
    Leader(u32),
    /// The node of that place, whatever it is.
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
    /// The nodes begin with an earlier release, and [`Fault::RollingUpgrade`] is one of the steps.
    pub begins_older: bool,
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
        let upgraded_at = (random.below(6) == 0).then(|| random.below(STEPS));
        let background =
            (random.below(2) == 0).then(|| (Fault::draw_background(&mut random), random.between((1, NODES))));
        let mut replaced = 0;
        let step = |at: usize| {
            // Who stands in for a node has this release: there is none before the upgrade.
            let may_be_replaced = replaced < REPLACED_MAX && upgraded_at.is_none_or(|upgraded| at > upgraded);
            let fault = if upgraded_at == Some(at) {
                Fault::RollingUpgrade
            } else {
                Fault::draw_for(&mut random, may_be_replaced)
            };
            replaced += usize::from(fault.is_replaced());
            Step {
                fault,
                victim: match random.below(4) {
                    0 => Victim::Leader(0),
                    1 => Victim::Leader(1),
                    2 => Victim::Leader(2),
                    _ => Victim::Node(random.between((1, NODES))),
                },
                hold: Duration::from_millis(random.between(HOLD_MS)),
                calm: Duration::from_millis(random.between(CALM_MS)),
            }
        };
        Self { begins_older: upgraded_at.is_some(), background, steps: (0..STEPS).map(step).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_draws_the_same_round_and_two_hundred_seeds_draw_every_fault() {
        assert_eq!(Round::draw(7), Round::draw(7));
        assert_ne!(Round::draw(7), Round::draw(8));
        let rounds = (0..200).map(Round::draw);
        let names =
            rounds.flat_map(|round| round.steps).flat_map(|step| [step.fault.name(true), step.fault.name(false)]);
        assert_eq!(names.collect::<BTreeSet<_>>().len(), 23);
    }

    #[test]
    fn what_goes_on_in_the_background_takes_no_quorum_away() {
        for (fault, node) in (0..200).filter_map(|seed| Round::draw(seed).background) {
            let lasts = matches!(fault, Fault::DiskSlow { .. } | Fault::LineSlow { .. } | Fault::LinkSlow { .. });
            assert!(lasts && (1..=NODES).contains(&node), "{fault:?}");
        }
    }

    #[test]
    fn a_round_never_loses_a_node_that_nobody_can_stand_in_for_nor_more_than_two() {
        let (mut upgraded, mut replaced) = (0, 0);
        for round in (0..1_000).map(Round::draw) {
            let faults: Vec<Fault> = round.steps.iter().map(|step| step.fault).collect();
            assert_eq!(faults.len(), STEPS);
            let upgrade = faults.iter().position(|fault| *fault == Fault::RollingUpgrade);
            assert_eq!(upgrade.is_some(), round.begins_older);
            let before = upgrade.unwrap_or(0);
            assert!(!faults[..before].iter().any(|fault| fault.is_replaced()), "{round:?}");
            let gone = faults.iter().filter(|fault| fault.is_replaced()).count();
            assert!(gone <= REPLACED_MAX, "{round:?}");
            upgraded += usize::from(round.begins_older);
            replaced += gone;
        }
        assert!(upgraded > 100 && replaced > 300, "{upgraded} upgrades, {replaced} nodes replaced");
    }

    #[test]
    fn a_clock_that_drifts_never_goes_backwards_and_two_that_part_stay_near() {
        for fault in (0..500).map(Round::draw).flat_map(|round| round.steps).map(|step| step.fault) {
            match fault {
                Fault::ClockDrifts { per_mille } => assert!((-900..=1_500).contains(&per_mille) && per_mille != 0),
                Fault::ClocksApart { ms } => assert!((500..=20_000).contains(&ms)),
                _ => {}
            }
        }
    }
}
