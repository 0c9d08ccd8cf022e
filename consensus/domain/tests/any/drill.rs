//! Any command about drills.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{make, time};

fn sample() -> impl Strategy<Value = DrillSample> + Clone {
    (1u32..4, time(), any::<bool>(), 0u32..3).prop_map(|(number, at_ms, healthy, screen_gaps)| DrillSample {
        number,
        at_ms,
        healthy,
        screen_gaps,
        ..DrillSample::default()
    })
}

fn verdict() -> impl Strategy<Value = DrillVerdict> + Clone {
    (select(DrillPromise::ALL), 0u64..3, any::<bool>()).prop_map(|(promise, measured, kept)| DrillVerdict {
        promise,
        measured,
        target: 1,
        kept,
    })
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let number = || prop_oneof![4 => Just(1u64), 1 => 0u64..4];
    prop_oneof![
        4 => make!(StartDrill {
            scenario: select(DrillScenario::ALL),
            nodes: prop::collection::vec(1u64..4, 0..2),
            observer: 2u64..5,
            strength: 0u32..3,
            seconds: 4u32..8,
            purpose: Just("practice".to_owned()),
        }),
        2 => make!(StopDrill { drill: number() }),
        2 => make!(EndDrill { drill: number(), reason: select(DrillEnd::ALL) }),
        2 => make!(MeasureDrill { drill: number(), sample: sample() }),
        2 => make!(CloseDrill { drill: number(), verdicts: prop::collection::vec(verdict(), 0..2) }),
    ]
    .boxed()
}

/// Names the drill that is not closed, and the sample that is next.
pub(super) fn aim(command: &mut Command, state: &State) {
    let Some(open) = state.open_drill() else { return };
    match command {
        Command::StopDrill(command) => command.drill = open.number,
        Command::EndDrill(command) => command.drill = open.number,
        Command::MeasureDrill(command) => {
            command.drill = open.number;
            command.sample.number = open.samples.last().map_or(1, |sample| sample.number + 1);
        }
        Command::CloseDrill(command) => command.drill = open.number,
        _ => {}
    }
}
