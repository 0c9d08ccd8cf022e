//! What was measured of a drill, against what it promised. Pure.

use domain::{Drill, DrillPromise, DrillScenario, DrillVerdict, limits};

/// The longest wait for something to be agreed on: an election after a silent leader, and a retry.
const SERVES_MS: u64 = 10_000;
/// The longest time without a leader.
const ELECTS_MS: u64 = 5_000;
/// The oldest picture outside of the radius: from there on a screen says that it is old.
const SCREENS_MS: u64 = 5_000;
/// From the end of the faults until all is well.
const HEALS_MS: u64 = 30_000;
/// Exercise commands in a thousand that a storm may leave unanswered.
const BEARS_STORM: u64 = 10;
/// The same while the leader is lost: what is under way when it goes is not known to have been done.
const BEARS_LOST: u64 = 250;
/// A thousand.
const ALL: u64 = 1000;

/// One verdict for each promise that the scenario has; none when nothing was measured.
pub(crate) fn verdicts(drill: &Drill) -> Vec<DrillVerdict> {
    let Some(last) = drill.samples.last() else { return Vec::new() };
    let most =
        |of: fn(&domain::DrillSample) -> u32| drill.samples.iter().map(|it| u64::from(of(it))).max().unwrap_or(0);
    let mut found = vec![
        verdict(DrillPromise::Serves, most(|it| it.commit_ms), SERVES_MS),
        verdict(DrillPromise::Elects, most(|it| it.leaderless_ms), ELECTS_MS),
        verdict(DrillPromise::Screens, most(|it| it.screens_age_ms), SCREENS_MS),
        heals(drill),
        verdict(DrillPromise::Keeps, u64::from(last.missing), 0),
    ];
    let bears = match drill.scenario {
        DrillScenario::CameraStorm | DrillScenario::CallSurge => Some(BEARS_STORM),
        DrillScenario::LeaderLost => Some(BEARS_LOST),
        DrillScenario::NodeLost | DrillScenario::LinkLost | DrillScenario::SlowDisk => None,
    };
    // A storm that sent nothing has shown nothing.
    let refused = (u64::from(last.refused) * ALL).checked_div(u64::from(last.sent)).unwrap_or(ALL);
    found.extend(bears.map(|target| verdict(DrillPromise::Bears, refused, target)));
    found
}

fn verdict(promise: DrillPromise, measured: u64, target: u64) -> DrillVerdict {
    DrillVerdict { promise, measured, target, kept: measured <= target }
}

/// From the end of the faults to the first sample from which on all was well; never: the longest that was waited for.
fn heals(drill: &Drill) -> DrillVerdict {
    let ill = drill.samples.iter().rposition(|sample| !sample.healthy);
    let well = drill.samples.get(ill.map_or(0, |at| at + 1)..).unwrap_or_default();
    let from = well.iter().find(|sample| sample.at_ms >= drill.ended_at_ms);
    let measured = from.map(|sample| sample.at_ms.since(drill.ended_at_ms));
    DrillVerdict {
        promise: DrillPromise::Heals,
        measured: measured.unwrap_or(limits::DRILL_HEAL_MS_MAX),
        target: HEALS_MS,
        kept: measured.is_some_and(|measured| measured <= HEALS_MS),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use domain::{DrillEnd, DrillSample, Millis, PersonId};

    use super::*;

    /// A drill of 10 s, measured each second, of which all was well again 2 s after its end.
    pub(in crate::drill) fn drill(scenario: DrillScenario) -> Drill {
        let sample = |number: u32| DrillSample {
            number,
            at_ms: Millis(1000 + u64::from(number) * 1000),
            commit_ms: 20,
            leaderless_ms: if number == 3 { 1200 } else { 0 },
            terms: 9 + u64::from(number / 4),
            lag_entries: 0,
            screens_age_ms: 300,
            silent: u32::from(number < 11),
            sent: number * 10,
            refused: 0,
            missing: 0,
            healthy: number >= 12,
            screen_gaps: number / 4,
            screen_doubles: 0,
        };
        Drill {
            number: 7,
            scenario,
            nodes: if scenario.has_radius() { vec![2] } else { Vec::new() },
            observer: 1,
            strength: 60,
            started_at_ms: Millis(1000),
            until_ms: Millis(11_000),
            by: PersonId::new("quan-tri").ok(),
            purpose: "trước mùa lũ".into(),
            ended_at_ms: Millis(11_000),
            ended: Some(DrillEnd::Over),
            ended_by: None,
            closed_at_ms: Millis(14_000),
            samples: (1..=13).map(sample).collect(),
            verdicts: Vec::new(),
        }
    }

    fn of(drill: &Drill, promise: DrillPromise) -> (u64, bool) {
        let found = verdicts(drill).into_iter().find(|verdict| verdict.promise == promise).unwrap();
        (found.measured, found.kept)
    }

    #[test]
    fn a_drill_that_went_well_keeps_every_promise() {
        let drill = drill(DrillScenario::LeaderLost);
        let found = verdicts(&drill);
        assert_eq!(found.len(), DrillPromise::ALL.len());
        assert!(found.iter().all(|verdict| verdict.kept), "{found:?}");
        assert_eq!(of(&drill, DrillPromise::Elects), (1200, true));
        assert_eq!(of(&drill, DrillPromise::Heals), (2000, true));
        assert_eq!(verdicts(&self::drill(DrillScenario::NodeLost)).len(), 5, "no load, nothing to bear");
    }

    #[test]
    fn each_promise_can_be_broken() {
        let broken = |change: fn(&mut Drill), promise| {
            let mut drill = drill(DrillScenario::CallSurge);
            change(&mut drill);
            of(&drill, promise)
        };
        assert_eq!(broken(|it| it.samples[5].commit_ms = 10_001, DrillPromise::Serves), (10_001, false));
        assert_eq!(broken(|it| it.samples[5].leaderless_ms = 5001, DrillPromise::Elects), (5001, false));
        assert_eq!(broken(|it| it.samples[5].screens_age_ms = 5001, DrillPromise::Screens), (5001, false));
        assert_eq!(broken(|it| it.samples[12].missing = 1, DrillPromise::Keeps), (1, false));
        assert_eq!(broken(|it| it.samples[12].refused = 2, DrillPromise::Bears), (15, false), "2 of 130");
        assert_eq!(
            broken(|it| it.samples[12].healthy = false, DrillPromise::Heals),
            (limits::DRILL_HEAL_MS_MAX, false)
        );
        let late = |it: &mut Drill| it.samples[12].at_ms = Millis(60_000);
        let relapse = |it: &mut Drill| {
            it.samples[11].healthy = false;
            it.samples[12].at_ms = Millis(60_000);
        };
        assert_eq!(broken(late, DrillPromise::Heals), (2000, true));
        assert_eq!(broken(relapse, DrillPromise::Heals), (49_000, false), "well and ill again is not well");
    }

    #[test]
    fn a_drill_without_a_measurement_has_no_verdict_and_a_storm_without_a_command_fails() {
        let mut drill = drill(DrillScenario::CameraStorm);
        drill.samples.iter_mut().for_each(|sample| sample.sent = 0);
        assert_eq!(of(&drill, DrillPromise::Bears), (1000, false));
        drill.samples.clear();
        assert_eq!(verdicts(&drill), []);
    }
}
