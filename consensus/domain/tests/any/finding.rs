//! Any finding of a model about a sensor, mostly one that may be raised.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{alarm_key, condition, episode, make, micro, severity, time};

fn found() -> impl Strategy<Value = Found> + Clone {
    let score = prop_oneof![9 => 0i64..=1_000_000, 1 => any::<i64>()].prop_map(Micro);
    let unusual = (score.clone(), select(UnusualReason::ALL))
        .prop_map(|(score_micro, reason)| Found::Unusual(Unusual { score_micro, reason }));
    let passing = (condition(), score, (time(), time(), time()), prop::collection::vec(micro(), 4..6)).prop_map(
        |(condition, probability_micro, (earliest_ms, at_ms, latest_ms), quantiles_micro)| {
            Found::Passing(Passing { condition, probability_micro, at_ms, earliest_ms, latest_ms, quantiles_micro })
        },
    );
    prop_oneof![unusual, passing]
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let finding = (found(), select(&["v1", "v2"][..])).prop_map(|(found, version)| {
        let (model, model_version) = (ModelName::new("watch").unwrap(), VersionName::new(version).unwrap());
        Some(Finding { model, model_version, found })
    });
    make!(RaiseAlarm {
        key: alarm_key(),
        episode: episode(),
        severity: severity(),
        value_micro: micro(),
        limit_micro: micro(),
        exercise: any::<bool>(),
        finding: finding,
    })
}

/// Puts what was found into order, under its own condition. The episode follows from the key, so that goes first.
pub(super) fn aim_key(command: &mut RaiseAlarm) {
    let Some(finding) = &mut command.finding else { return };
    command.key.condition = Condition::new(finding.found.condition()).unwrap();
    command.severity = command.severity.min(limits::FINDING_SEVERITY_MAX);
    match &mut finding.found {
        Found::Unusual(unusual) => unusual.score_micro.0 = unusual.score_micro.0.clamp(0, 1_000_000),
        Found::Passing(passing) => {
            passing.condition = Condition::new("high").unwrap();
            passing.probability_micro.0 = passing.probability_micro.0.clamp(0, 1_000_000);
            let mut times = [passing.earliest_ms, passing.at_ms, passing.latest_ms].map(|at| at.max(Millis(1)));
            times.sort_unstable();
            [passing.earliest_ms, passing.at_ms, passing.latest_ms] = times;
            passing.quantiles_micro.resize(FORECAST_QUANTILES_PERCENT.len(), Micro(0));
            passing.quantiles_micro.sort_unstable();
        }
    }
}
