//! Any command about personal data that go by rule.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::make;

fn rule() -> impl Strategy<Value = ErasureRule> + Clone {
    let days = prop_oneof![9 => 1u32..3, 1 => any::<u32>()];
    (select(PersonalKind::ALL), days).prop_map(|(kind, days)| ErasureRule { kind, days })
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let call = (1u32..12).prop_map(|number| CallId::new(&format!("C{number}")).unwrap());
    let report = select(&["7K3F", "9QXM", "2ABC"][..]).prop_map(|text| ReportCode::new(text).unwrap());
    prop_oneof![
        2 => make!(SetErasure { number: 0u64..4, rules: prop::collection::vec(rule(), 0..3) }),
        3 => make!(ErasePersonal {
            rule: 0u64..4, calls: prop::collection::vec(call, 0..3), reports: prop::collection::vec(report, 0..3),
            records: prop::collection::vec(0u64..9, 0..3),
        }),
    ]
    .boxed()
}

/// Rules follow one another, and what is due by them is named.
pub(super) fn aim(command: &mut Command, state: &State) {
    let number = state.erasure().number;
    match command {
        Command::SetErasure(command) => command.number = number + 1,
        Command::ErasePersonal(command) => {
            command.rule = number;
            command.calls = state.calls_to_erase(state.clock());
            command.reports = state.reports_to_erase(state.clock());
            command.records = (1..=state.audit_head().number).take(2).collect();
        }
        _ => {}
    }
}
