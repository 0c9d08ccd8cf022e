//! Any command about files: three files, few owners, so that they collide.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{incident_id, make, text, time};

fn stored() -> impl Strategy<Value = StoredFile> + Clone {
    (1u8..4, select(FileKind::ALL), prop_oneof![9 => Just(7u32), 1 => any::<u32>()], 0u32..3).prop_map(
        |(byte, kind, bytes, side)| StoredFile { sha256: Digest([byte; 32]), kind, bytes, width: side, height: 2 },
    )
}

fn owner() -> impl Strategy<Value = FileOwner> + Clone {
    let code = select(&["7K3F", "9QXM", "2ABC"][..]).prop_map(|text| ReportCode::new(text).unwrap());
    prop_oneof![
        2 => incident_id().prop_map(FileOwner::Incident),
        1 => code.clone().prop_map(FileOwner::Report),
        1 => code.prop_map(FileOwner::Answer),
    ]
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let number = || prop_oneof![9 => 0u64..6, 1 => any::<u64>()];
    prop_oneof![
        8 => make!(AttachFile { file: stored(), owner: owner(), taken_at_ms: time(), note: text() }),
        2 => make!(DetachFile { number: number(), reason: text() }),
        1 => make!(SetFileRetention { days: prop_oneof![4 => 0u32..2, 1 => any::<u32>()] }),
        2 => make!(DropFiles { numbers: prop::collection::vec(number(), 0..4) }),
    ]
    .boxed()
}

/// A file has one kind and length, and mostly belongs to what is there.
pub(super) fn aim(command: &mut Command, state: &State) {
    match command {
        Command::AttachFile(command) => {
            if let Some(known) = state.file(&command.file.sha256) {
                command.file = known;
            }
            command.file.width = 1;
            let is_there = matches!(&command.owner, FileOwner::Incident(id) if state.incidents().contains_key(id));
            if !is_there && let Some(code) = state.reports().keys().next() {
                command.owner = FileOwner::Report(code.clone());
            }
        }
        Command::DetachFile(command) => {
            if let Some(number) = state.attachments().keys().next() {
                command.number = *number;
            }
        }
        Command::DropFiles(command) => command.numbers.extend(state.files_due(state.clock())),
        _ => {}
    }
}
