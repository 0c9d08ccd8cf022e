//! Disks, clocks and lines that do what they should not, one of each. `cargo xtask siege` draws them in any order for as long as
//! one likes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use chaos_tests::{
    Failure,
    siege::{
        Siege,
        plan::{Fault, Step, Victim},
        record::Played,
    },
};

/// Longer than an election.
const HOLD: Duration = Duration::from_secs(4);
const CALM: Duration = Duration::from_secs(1);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: usize = 300;
const COMMANDS_MIN: usize = 20;
const READS_MIN: usize = 30;
const WRITES_MIN: usize = 10;
/// Longer than three clients wait for a node that is cut off, one after the other.
const CUT_OFF: Duration = Duration::from_secs(15);
/// Times that it is cut off: whether somebody reads there what another one has changed meanwhile is chance.
const CUTS_MAX: usize = 3;

async fn drill(name: &'static str, faults: &[Fault]) {
    let played = async || {
        let mut siege = Siege::begin(name).await?;
        for fault in faults {
            siege.step(&Step { fault: *fault, victim: Victim::Leader(0), hold: HOLD, calm: CALM }).await?;
        }
        let Played { happened, promises, states_compared, deadline_late, ordered, .. } = siege.judge().await?;
        assert!(happened.len() >= faults.len(), "{happened:?}");
        assert_eq!(states_compared, faults.len());
        assert!(deadline_late.is_some(), "deadlines were judged");
        assert!(promises.readings_acknowledged() >= READINGS_MIN, "{} readings", promises.readings_acknowledged());
        assert!(promises.commands_acknowledged() >= COMMANDS_MIN, "{} commands", promises.commands_acknowledged());
        assert!(ordered.reads >= READS_MIN && ordered.writes >= WRITES_MIN, "{ordered:?}");
        Ok::<_, Failure>(())
    };
    played().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_is_cut_off_hears_nothing_is_not_heard_and_has_a_slow_line() {
    drill("siege-lines", &[Fault::Cut, Fault::Deaf, Fault::Mute, Fault::LineSlow { delay_ms: 40 }]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaders_disk_is_slow_and_another_ones_fails_after_its_writes_were_taken() {
    drill("siege-disks", &[Fault::DiskSlow { flush_ms: 150 }, Fault::DiskFailed]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaders_clock_jumps_both_ways_under_load() {
    let (ahead_ms, behind_ms) = (20 * 60_000, -40_000);
    drill("siege-clocks", &[Fault::ClockJumped { ahead_ms }, Fault::ClockJumped { ahead_ms: behind_ms }]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaders_disk_is_full_then_a_bit_of_one_turns_over_and_another_one_is_lost() {
    drill("siege-lost", &[Fault::DiskFull, Fault::BitFlipped { at_per_mille: 0 }, Fault::DiskLost]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_link_is_cut_and_slow_a_clock_drifts_and_two_part() {
    let links = [Fault::LinkCut, Fault::LinkSlow { delay_ms: 40 }];
    let clocks = [Fault::ClockDrifts { per_mille: 1_500 }, Fault::ClocksApart { ms: 15_000 }];
    drill("siege-links", &[links, clocks].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_restarted_in_turn() {
    drill("siege-restart", &[Fault::RollingRestart]).await;
}

fn is_found(wrong: &[String]) -> bool {
    wrong.iter().any(|what| what.contains("no order explains"))
}

/// The leader that was cut off goes on showing what it had, and others write.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_a_linearizable_read_from_its_own_state_is_caught() {
    let played = async || {
        let mut siege = Siege::begin_mistaken("siege-stale").await?;
        let registers = siege.registers();
        for _ in 0..CUTS_MAX {
            siege.step(&Step { fault: Fault::Cut, victim: Victim::Leader(0), hold: CUT_OFF, calm: CALM }).await?;
            if is_found(&registers.judge()) {
                break;
            }
        }
        siege.judge().await?;
        let found = registers.judge();
        assert!(is_found(&found), "{:?}: {found:?}", registers.ordered());
        Ok::<_, Failure>(())
    };
    played().await.unwrap();
}
