//! The file of an export: whatever is done to it is found, with nothing that anybody noted.

use domain::audit::{frames, part};

use super::*;

/// The export of a group in parts of so many records, as who asks for one after the other gets it.
fn in_parts(records: &[AuditRecord], size: usize) -> Vec<u8> {
    let (group, mut after, mut file) = (records[0].link.group, 0_u64, Vec::new());
    loop {
        let rest = &records[usize::try_from(after).unwrap()..];
        let some = &rest[..size.min(rest.len())];
        let is_full = some.len() == size;
        file.extend(part(group, after, some, is_full));
        after += u64::try_from(some.len()).unwrap();
        if !is_full {
            return file;
        }
    }
}

fn read_with(mut verifier: Verifier, file: &[u8], noted: &Heads) -> Result<Verdict, String> {
    for framed in frames(file) {
        verifier.read(&framed.map_err(|malformed| malformed.to_string())?).map_err(|fault| fault.to_string())?;
    }
    verifier.finish(noted).map_err(|fault| fault.to_string())
}

/// A file, with nothing that anybody noted.
fn verify_file(file: &[u8]) -> Result<Verdict, String> {
    read_with(Verifier::default(), file, &Heads::new())
}

fn frames_of(file: &[u8]) -> Vec<Vec<u8>> {
    frames(file).map(|framed| framed.unwrap().bytes.to_vec()).collect()
}

/// A frame whose record has its seal taken out, and says that it is withheld or not; an end stays as it is.
fn emptied(bytes: &[u8], withheld: bool) -> Vec<u8> {
    let read = frames(bytes).next().unwrap().unwrap().frame;
    read.record().map_or_else(|| bytes.to_vec(), |record| frame(&AuditRecord { sealed: None, withheld, ..record }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_edit_of_an_export_is_found_with_nothing_noted(
        entries in any::entries(any::command_of_group_0()), is_auditors in any::<bool>(), size in any::<Index>(),
        of in any::<Index>(), other in any::<Index>(), mask in 1u8..=u8::MAX, how in 0u8..7,
    ) {
        let mut records = recorded(GroupId::COMMAND, &entries).export();
        if is_auditors {
            records = records.into_iter().map(AuditRecord::without_callers).collect();
        }
        let file = in_parts(&records, 1 + size.index(records.len() + 1));
        verify_file(&file).unwrap();
        let whole = frames_of(&file);
        let mut edited = whole.clone();
        let (at, other_at) = (of.index(whole.len()), other.index(whole.len()));
        match how {
            0 => {
                edited.remove(at);
            }
            1 => edited.insert(other_at, whole[at].clone()),
            2 => edited.swap(at, other_at),
            // A file of nothing names no group: whoever opens it sees that.
            3 => edited.truncate(at.max(1)),
            4 => edited[at] = emptied(&whole[at], false),
            5 => edited[at] = emptied(&whole[at], true),
            _ => {
                let byte = other.index(whole[at].len());
                edited[at][byte] ^= mask;
            }
        }
        if edited != whole {
            prop_assert!(verify_file(&edited.concat()).is_err(), "{how} of frame {at} of {}, {other_at}", whole.len());
        }
    }

    #[test]
    fn an_export_is_read_as_it_was_written_or_refused(
        entries in any::entries(any::command_of_group_0()), cut in any::<Index>(), noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let records = recorded(GroupId::COMMAND, &entries).export();
        let file: Vec<u8> = records.iter().flat_map(frame).collect();
        let read: Vec<AuditRecord> = frames(&file).filter_map(|framed| framed.unwrap().frame.record()).collect();
        prop_assert_eq!(&read, &records);
        prop_assert_eq!(frames_of(&file).concat(), file.clone());
        let part = &file[..cut.index(file.len())];
        prop_assert!(frames(part).count() <= records.len());
        let _ = frames(&noise).count();
    }
}

/// Entries of the file whose bytes are all changed, one after the other: enough for every sort of field.
const ENTRIES_OF_A_FILE: usize = 12;

fn a_few() -> Recorded {
    let mut runner = TestRunner::deterministic();
    let entries = any::entries(any::command_of_group_0()).new_tree(&mut runner).unwrap().current();
    recorded(GroupId::COMMAND, &entries[..entries.len().min(ENTRIES_OF_A_FILE)])
}

#[test]
fn there_is_no_byte_of_an_export_file_that_can_be_changed_left_out_or_added() {
    let is_right = |file: &[u8]| verify_file(file).is_ok();
    let mut records = a_few().export();
    // What switched the record on explains no other record.
    (records[0].sealed, records[0].withheld) = (None, true);
    let file = in_parts(&records, 5);
    assert!(is_right(&file));
    for at in 0..file.len() {
        for mask in [0x01, 0x10, 0x80, 0xff] {
            let mut changed = file.clone();
            changed[at] ^= mask;
            assert!(!is_right(&changed), "byte {at} of {}, {mask:#04x}", file.len());
        }
        let mut shorter = file.clone();
        shorter.remove(at);
        assert!(!is_right(&shorter), "without byte {at} of {}", file.len());
        let mut longer = file.clone();
        longer.insert(at, file[at] ^ 1);
        assert!(!is_right(&longer), "with a byte before {at} of {}", file.len());
    }
    assert!((0..=u8::MAX).all(|byte| !is_right(&[&file[..], &[byte]].concat())), "with a byte at the end");
    assert!((1..file.len()).all(|length| !is_right(&file[..length])), "cut off");
}

#[test]
fn there_is_no_frame_of_an_export_that_can_be_left_out_doubled_moved_or_emptied() {
    let records = a_few().export();
    // Parts of one record, some parts, a last part that is full, and one part.
    for size in [1, 5, records.len(), records.len() + 1] {
        let whole = frames_of(&in_parts(&records, size));
        let is_found = |edited: &[Vec<u8>]| edited == whole.as_slice() || verify_file(&edited.concat()).is_err();
        verify_file(&whole.concat()).unwrap();
        for at in 0..whole.len() {
            let without = [&whole[..at], &whole[at + 1..]].concat();
            assert!(is_found(&without), "parts of {size}: frame {at} of {} was left out", whole.len());
            for to in 0..=whole.len() {
                let mut doubled = whole.clone();
                doubled.insert(to, whole[at].clone());
                assert!(is_found(&doubled), "parts of {size}: frame {at} stands at {to} too");
                let mut swapped = whole.clone();
                swapped.swap(at, to.min(whole.len() - 1));
                assert!(is_found(&swapped), "parts of {size}: frames {at} and {to} were swapped");
            }
            for withheld in [false, true] {
                let mut stripped = whole.clone();
                stripped[at] = emptied(&whole[at], withheld);
                assert!(is_found(&stripped), "parts of {size}: frame {at} was emptied, withheld: {withheld}");
            }
            assert!(at == 0 || is_found(&whole[..at]), "parts of {size}: cut off before frame {at}");
        }
    }
}

#[test]
fn an_export_without_its_end_is_refused_unless_it_is_from_before_there_were_any() {
    let recorded = some(GroupId::COMMAND);
    let (records, heads) = (recorded.export(), recorded.heads());
    let older: Vec<u8> = records.iter().flat_map(frame).collect();
    let refused = verify_file(&older).unwrap_err();
    let number = records.len();
    let cut = format!("group 0: the export stops after record {number} without its end: export it again");
    assert_eq!(refused, cut);
    assert_eq!(read_with(Verifier::without_ends(), &older, &heads).unwrap().heads, heads);
    // Ends are not looked at then, so files of before and of after can be read together.
    let (before, since) = records.split_at(number / 2);
    let mut both: Vec<u8> = before.iter().flat_map(frame).collect();
    both.extend(part(GroupId::COMMAND, u64::try_from(before.len()).unwrap(), since, false));
    assert_eq!(read_with(Verifier::without_ends(), &both, &heads).unwrap().heads, heads);
}

#[test]
fn exports_of_one_group_follow_each_other_and_a_part_without_records_stands_alone() {
    let records = some(GroupId::COMMAND).export();
    let last = u64::try_from(records.len()).unwrap();
    let (before, since) = records.split_at(records.len() / 2);
    let after = u64::try_from(before.len()).unwrap();
    let (first, second) = (part(GroupId::COMMAND, 0, before, false), part(GroupId::COMMAND, after, since, false));
    let verdict = verify_file(&[first.clone(), second.clone()].concat()).unwrap();
    assert_eq!(verdict.records, last);
    let nothing = part(GroupId::COMMAND, last, &[], false);
    let refused = verify_file(&[first, second, nothing].concat()).unwrap_err();
    assert!(refused.contains("leave that part out"), "{refused}");
    // Of a group that has no records there is an end, and it is nobody else's.
    let none = part(GroupId(1), 0, &[], false);
    assert_eq!(verify_file(&none).unwrap(), Verdict::default());
    assert!(verify_file(&[none.clone(), none.clone()].concat()).is_err());
    for at in 0..none.len() {
        for mask in 1..=u8::MAX {
            let mut changed = none.clone();
            changed[at] ^= mask;
            assert!(verify_file(&changed).is_err(), "byte {at}, {mask:#04x}");
        }
    }
}

#[test]
fn who_makes_the_end_anew_is_found_by_what_was_noted_and_counted_where_they_withhold() {
    let mut recorded = some(GroupId::COMMAND);
    // The last one erases nothing, so nobody misses it for that.
    recorded.system(RaisePolicyFloor { floor: 1 });
    let (records, heads) = (recorded.export(), recorded.heads());
    let cut = in_parts(&records[..records.len() - 1], records.len());
    assert!(read_with(Verifier::default(), &in_parts(&records, 5), &heads).is_ok());
    let refused = read_with(Verifier::default(), &cut, &heads).unwrap_err();
    assert!(refused.contains("was made anew or cut off"), "{refused}");
    let mut withheld = records.clone();
    (withheld[0].sealed, withheld[0].withheld) = (None, true);
    let verdict = read_with(Verifier::default(), &in_parts(&withheld, 5), &heads).unwrap();
    assert_eq!(verdict.withheld, 1, "nobody takes it for a whole export");
}
