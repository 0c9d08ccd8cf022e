//! Any command about personal data that go by rule.

use bytes::Bytes;
use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::make;

fn rule() -> impl Strategy<Value = ErasureRule> + Clone {
    let days = prop_oneof![9 => 1u32..3, 1 => any::<u32>()];
    (select(PersonalKind::ALL), days).prop_map(|(kind, days)| ErasureRule { kind, days })
}

/// A line that is none, so that most are refused with all that stands beside them.
fn line() -> impl Strategy<Value = TimelineLine> + Clone {
    (super::incident_id(), 0u64..9).prop_map(|(timeline, index)| TimelineLine { timeline, index, event: Bytes::new() })
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let call = (1u32..12).prop_map(|number| CallId::new(&format!("C{number}")).unwrap());
    let report = select(&["7K3F", "9QXM", "2ABC"][..]).prop_map(|text| ReportCode::new(text).unwrap());
    let said = report.clone();
    prop_oneof![
        2 => make!(SetErasure { number: 0u64..4, rules: prop::collection::vec(rule(), 0..3) }),
        3 => make!(ErasePersonal {
            rule: 0u64..4, calls: prop::collection::vec(call, 0..3), reports: prop::collection::vec(report, 0..3),
            records: prop::collection::vec(0u64..9, 0..3),
            words: prop::collection::vec(said, 0..3), cases: prop::collection::vec(super::incident_id(), 0..3),
            lines: prop::collection::vec(line(), 0..2),
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
            command.words = state.words_to_erase(state.clock());
            command.cases = state.cases_to_erase(state.clock());
            command.lines = Vec::new();
            command.records = (1..=state.audit_head().number).take(2).collect();
        }
        _ => {}
    }
}
