//! What the log and snapshots hold, which reach a node through its peers.

#[path = "../../../../consensus/domain/tests/any/mod.rs"]
mod any;

use std::{collections::BTreeMap, fmt::Debug};

use domain::{
    AuditLink, AuditPayload, AuditRecord, AuditSealed, DeviceStatus, Digest, Entry, EventBatch, GroupId, Micro, Millis,
    Reply, Row, State,
    audit::{self, Frame, verify::Verifier},
    chunk::{self, Sample},
    rows as keys,
    wire::Record,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::{pieces, with_lengths};

/// Names that the seeds are about.
pub(crate) const NAMES: &[&str] = &["hue", "west", "an", "boat-1", "I1", "I2", "gauge", "cam", "high", "flood"];

/// Logs that the seeds are taken from.
const LOGS: usize = 6;

/// A log of one group, as the domain's own property tests make them: the same in each run.
fn log(group: GroupId, runner: &mut TestRunner) -> (Vec<Entry>, State) {
    let command = if group == GroupId::COMMAND { any::command_of_group_0() } else { any::command_of_field() };
    let drawn = any::entries(command).new_tree(runner).expect("entries can always be drawn").current();
    let mut state = State::new(group);
    let mut log = Vec::new();
    for (is_aimed, mut entry) in any::world(group).into_iter().map(|entry| (false, entry)).chain(drawn) {
        if is_aimed {
            any::aim(&mut entry, &state);
        }
        state.apply(log.len() as u64 + 1, &entry);
        log.push(entry);
    }
    (log, state)
}

/// Logs of the command group and of a field group in turn, with the state that each comes to.
pub(crate) fn worlds() -> Vec<(GroupId, Vec<Entry>, State)> {
    let mut runner = TestRunner::deterministic();
    let mut worlds = Vec::new();
    for group in [GroupId::COMMAND, GroupId(1)].into_iter().cycle().take(LOGS) {
        let (log, state) = log(group, &mut runner);
        worlds.push((group, log, state));
    }
    worlds
}

fn comes_back<T: Record + PartialEq + Debug>(data: &[u8]) -> bool {
    match T::decode(data) {
        Ok(record) => {
            assert_eq!(T::decode(&record.encode()).as_ref(), Ok(&record), "a record is written and read as the same");
            true
        }
        Err(malformed) => {
            assert!(!malformed.field.is_empty() && !malformed.remedy.is_empty(), "what is wrong is named");
            false
        }
    }
}

/// An entry of the log, a batch of events, a reply.
pub(crate) fn entry(data: &[u8]) -> bool {
    comes_back::<Entry>(data) | comes_back::<EventBatch>(data) | comes_back::<Reply>(data)
}

pub(crate) fn entries() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (group, log, _) in worlds() {
        let mut state = State::new(group);
        for (index, entry) in (1..).zip(&log) {
            let applied = state.apply(index, entry);
            seeds.push(entry.encode());
            seeds.push(applied.reply.encode());
            seeds.push(EventBatch { index, at_ms: state.clock(), events: applied.events }.encode());
        }
    }
    seeds
}

/// The group in the first byte.
fn group_of(byte: u8) -> GroupId {
    GroupId(u32::from(byte) % 9)
}

/// The rows of a state, key and value in turn, behind a byte for the group.
pub(crate) fn rows(data: &[u8]) -> bool {
    let Some((group, data)) = data.split_first() else { return false };
    let mut found = pieces(data).map(bytes::Bytes::copy_from_slice);
    let mut rows = Vec::new();
    while let (Some(key), Some(value)) = (found.next(), found.next()) {
        let _ = keys::is_state(&key);
        rows.push(Row { key, value });
    }
    let Ok(state) = State::from_rows(group_of(*group), rows) else { return false };
    // A leader that means ill may send rows that are no right state; saying so is all that is asked.
    let is_right = state.check().is_ok();
    let rows = state.rows();
    let again = State::from_rows(group_of(*group), rows.clone()).map(|again| again.rows());
    assert!(!is_right || again == Ok(rows), "the rows of a right state are that state");
    is_right
}

pub(crate) fn row_sets() -> Vec<Vec<u8>> {
    let of = |group: GroupId, state: &State| {
        let rows = state.rows().into_iter().flat_map(|row| [row.key.to_vec(), row.value.to_vec()]);
        [vec![u8::try_from(group.0).expect("nine groups")], with_lengths(rows)].concat()
    };
    worlds().iter().map(|(group, _, state)| of(*group, state)).collect()
}

/// A log, applied: whatever entries it holds, each yields a reply, no invariant breaks, and the rows give the same state
/// back. Taken whole: every entry was read.
pub(crate) fn apply(data: &[u8]) -> bool {
    let Some((group, data)) = data.split_first() else { return false };
    let mut state = State::new(group_of(*group));
    let mut index = 0;
    let mut whole = true;
    for entry in pieces(data).map(Entry::decode) {
        match entry {
            Ok(entry) => {
                index += 1;
                state.apply(index, &entry);
                if let Err(violation) = state.check() {
                    panic!("{violation} after {entry:?}");
                }
            }
            Err(_) => whole = false,
        }
    }
    let rows = state.rows();
    let again = State::from_rows(group_of(*group), rows.clone()).map(|again| again.rows());
    assert_eq!(again, Ok(rows), "the rows of a state are that state");
    whole && index > 0
}

pub(crate) fn logs() -> Vec<Vec<u8>> {
    let of = |group: GroupId, log: &[Entry]| {
        [vec![u8::try_from(group.0).expect("nine groups")], with_lengths(log.iter().map(Record::encode))].concat()
    };
    // Long logs reach far; short ones are soon tried in every way.
    let worlds = worlds();
    let begun = |log: &[Entry], most: usize| log[..log.len().min(most)].to_vec();
    worlds.iter().flat_map(|(group, log, _)| [10, 40].map(|most| of(*group, &begun(log, most)))).collect()
}

/// An exported record, verified. Taken whole: each record was read, and nothing is wrong with the chain, which came to its end.
pub(crate) fn audit_export(data: &[u8]) -> bool {
    let mut verifier = Verifier::default();
    let mut whole = true;
    let mut read = 0;
    for framed in audit::frames(data) {
        match framed {
            Ok(framed) => {
                read += u64::from(matches!(framed.frame, Frame::Record(_)));
                let written = match &framed.frame {
                    Frame::Record(record) => audit::frame(record),
                    Frame::End(end) => end.frame(),
                };
                let again: Vec<_> = audit::frames(&written).map(|read| read.map(|it| it.frame)).collect();
                assert_eq!(again, [Ok(framed.frame.clone())], "a frame is written and read as the same");
                whole &= verifier.read(&framed).is_ok();
            }
            Err(malformed) => {
                assert!(!malformed.field.is_empty() && !malformed.remedy.is_empty(), "what is wrong is named");
                whole = false;
            }
        }
    }
    let verdict = verifier.finish(&BTreeMap::new());
    if let Ok(verdict) = &verdict {
        assert!(verdict.erased <= verdict.records && verdict.records <= read, "nothing is counted that was not read");
    }
    whole && read > 0 && verdict.is_ok()
}

pub(crate) fn audit_exports() -> Vec<Vec<u8>> {
    let export = |group: GroupId, log: &[Entry]| {
        let (mut state, mut before, mut records) = (State::new(group), Digest::default(), Vec::new());
        for (index, entry) in (1..).zip(log) {
            let refused = match state.apply(index, entry).reply {
                Reply::Accepted(_) => String::new(),
                Reply::Refused(refusal) => refusal.code.as_str().to_owned(),
            };
            let command = entry.command.encode().into();
            let name = entry.command.name().to_owned();
            let (by, from, why) = ("an".to_owned(), String::new(), String::new());
            let terms = domain::Terms::default();
            let (entry_sha256, exercise) = (None, entry.command.says_exercise());
            let payload =
                AuditPayload { by, from, why, name, command, entry_sha256, refused, terms, exercise }.encode();
            let commitment = audit::commitment(&entry.salt, &payload);
            let at_ms = state.clock();
            let mut link = AuditLink { group, number: index, index, at_ms, commitment, link: Digest::default() };
            link.link = audit::link(&before, &link);
            before = link.link;
            let sealed = Some(AuditSealed { salt: entry.salt.clone(), payload: payload.into() });
            records.push(AuditRecord { link, sealed, withheld: false });
        }
        audit::part(group, 0, &records, false)
    };
    worlds().iter().map(|(group, log, _)| export(*group, &log[..log.len().min(20)])).collect()
}

/// A chunk of readings, which comes in snapshots and backups: what is read of it is written and read as the same.
pub(crate) fn reading_chunk(data: &[u8]) -> bool {
    let Ok(samples) = chunk::decode(data) else { return false };
    let again = chunk::encode(&samples);
    assert!(again.len() <= chunk::bytes_max(samples.len()), "{} bytes of {}", again.len(), samples.len());
    assert_eq!(chunk::decode(&again), Ok(samples), "a chunk is written and read as the same");
    true
}

/// A regular gauge, one that repeats itself, one with gaps and faults, and a single reading.
pub(crate) fn reading_chunks() -> Vec<Vec<u8>> {
    let sample = |at: u64, value: i64, status| Sample { at_ms: Millis(at), value_micro: Micro(value), status };
    let measuring = DeviceStatus::Measuring;
    let regular = (0..144).map(|at| sample(at * 600_000, 3_000_000 + (at % 7).cast_signed() * 10_000, measuring));
    let constant = (0..1024).map(|at| sample(at * 1_000, 0, measuring));
    let broken = (0..40).map(|at| {
        let status = if at % 9 == 0 { DeviceStatus::Fault } else { measuring };
        sample(at * at * 7_919, i64::MAX / (at.cast_signed() + 1) - 5, status)
    });
    let alone = [sample(1_790_000_000_000, -1, DeviceStatus::Calibrating)];
    let all: [Vec<Sample>; 4] = [regular.collect(), constant.collect(), broken.collect(), alone.to_vec()];
    all.iter().map(|samples| chunk::encode(samples)).collect()
}
