//! Whatever is done to an exported record is found, and what was erased by rule still verifies.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::any;
use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    audit::{
        FEATURE, frame,
        verify::{Fault, Verdict, Verifier},
    },
    wire::Record,
    *,
};
use proptest::{prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner};

mod export;

type Heads = BTreeMap<GroupId, AuditHead>;

/// A group whose entries are recorded, with its history rows as a disk would hold them.
struct Recorded {
    state: State,
    index: u64,
    disk: BTreeMap<Bytes, Bytes>,
}

impl Recorded {
    fn new(group: GroupId) -> Self {
        let mut recorded = Self { state: State::new(group), index: 0, disk: BTreeMap::new() };
        for entry in any::world(group) {
            recorded.apply(&entry);
        }
        assert_eq!(recorded.state.audit_head(), AuditHead::default());
        recorded.system(SwitchFeature { feature: FEATURE });
        assert_eq!(recorded.state.audit_head().number, 1);
        recorded
    }

    fn apply(&mut self, entry: &Entry) -> Reply {
        self.index += 1;
        let applied = self.state.apply(self.index, entry);
        for change in applied.rows {
            match change {
                RowChange::Put(row) => self.disk.insert(row.key, row.value),
                RowChange::Delete(key) => self.disk.remove(&key),
            };
        }
        applied.reply
    }

    fn system(&mut self, command: impl Into<Command>) {
        let salt = Bytes::copy_from_slice(&self.index.to_be_bytes());
        let at_ms = self.state.clock().plus(1);
        let reply = self.apply(&Entry { at_ms, request: None, grant: None, command: command.into(), salt });
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
    }

    /// As an export reads it from the rows.
    fn export(&self) -> Vec<AuditRecord> {
        let read = |number: u64| {
            let link = AuditLink::decode(&self.disk[&rows::audit_link_key(number)]).unwrap();
            let sealed = self.disk.get(&rows::audit_sealed_key(number));
            AuditRecord { link, sealed: sealed.map(|row| AuditSealed::decode(row).unwrap()), withheld: false }
        };
        (1..=self.state.audit_head().number).map(read).collect()
    }

    fn heads(&self) -> Heads {
        BTreeMap::from([(self.state.group(), self.state.audit_head())])
    }
}

/// The chain alone, as if whoever changed it had made each end anew.
fn verify(records: &[AuditRecord], noted: &Heads) -> Result<Verdict, Fault> {
    let mut verifier = Verifier::without_ends();
    records.iter().try_for_each(|record| verifier.take(record))?;
    verifier.finish(noted)
}

/// Some entries of every sort, recorded.
fn recorded(group: GroupId, entries: &[(bool, Entry)]) -> Recorded {
    let mut recorded = Recorded::new(group);
    for (is_aimed, mut entry) in entries.iter().cloned() {
        if is_aimed {
            any::aim(&mut entry, &recorded.state);
        }
        let before = recorded.state.audit_head().number;
        recorded.apply(&entry);
        assert_eq!(recorded.state.audit_head().number, before + 1, "refused or not, it stands in the record");
    }
    recorded
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_edit_of_a_byte_or_a_record_is_found(
        entries in any::entries(any::command_of_group_0()),
        of in any::<Index>(), other in any::<Index>(), at in any::<Index>(), byte in any::<u8>(), how in 0u8..7,
    ) {
        let recorded = recorded(GroupId::COMMAND, &entries);
        let (records, heads) = (recorded.export(), recorded.heads());
        let verdict = verify(&records, &heads).unwrap();
        prop_assert_eq!(&verdict.heads, &heads);
        prop_assert_eq!(verdict.records, u64::try_from(records.len()).unwrap());
        let mut edited = records.clone();
        let of = of.index(records.len());
        match how {
            0 => {
                edited.remove(of);
            }
            1 => edited.insert(other.index(records.len()), records[of].clone()),
            2 => edited.swap(of, other.index(records.len())),
            3 => edited.truncate(of),
            4 => edited[of].sealed = None,
            // What was erased hides nothing, whatever is said of it.
            5 if edited[of].sealed.is_some() => edited[of].withheld = true,
            _ => {
                let mut bytes = records[of].encode();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                // Bytes that cannot be read are found by whoever reads them.
                let Ok(read) = AuditRecord::decode(&bytes) else { return Ok(()) };
                edited[of] = read;
            }
        }
        if edited != records {
            prop_assert!(verify(&edited, &heads).is_err(), "{how} of {of}");
        }
    }

    #[test]
    fn readings_are_recorded_by_their_hash(entries in any::entries(any::command_of_field())) {
        let recorded = recorded(GroupId(1), &entries);
        verify(&recorded.export(), &recorded.heads()).unwrap();
        for record in recorded.export() {
            let Some(sealed) = record.sealed else { continue };
            let payload = AuditPayload::decode(&sealed.payload).unwrap();
            prop_assert_eq!(payload.name == "RecordReadings", payload.entry_sha256.is_some());
            prop_assert_eq!(payload.name == "RecordReadings", payload.command.is_empty());
        }
    }

    #[test]
    fn the_record_goes_on_after_a_restart(entries in any::entries(any::command_of_group_0())) {
        let recorded = recorded(GroupId::COMMAND, &entries);
        let rows = recorded.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
        let state = State::from_rows(GroupId::COMMAND, rows).unwrap();
        prop_assert_eq!(state.audit_head(), recorded.state.audit_head());
    }
}

fn some(group: GroupId) -> Recorded {
    let mut runner = TestRunner::deterministic();
    let entries = any::entries(any::command_of_group_0()).new_tree(&mut runner).unwrap().current();
    recorded(group, &entries)
}

#[test]
fn what_was_erased_by_rule_still_verifies_and_what_just_vanished_does_not() {
    let mut recorded = some(GroupId::COMMAND);
    recorded.system(RaisePolicyFloor { floor: 1 });
    let number = recorded.state.audit_head().number;
    recorded.system(EraseAudit { numbers: vec![2, 3], rule: "two years".into() });
    let records = recorded.export();
    assert!(records[1].sealed.is_none() && records[2].sealed.is_none());
    let gone = records.iter().filter(|record| record.sealed.is_none()).count();
    let verdict = verify(&records, &recorded.heads()).unwrap();
    assert_eq!(usize::try_from(verdict.erased).unwrap(), gone);
    let mut vanished = records.clone();
    vanished[usize::try_from(number).unwrap() - 1].sealed = None;
    assert_eq!(verify(&vanished, &recorded.heads()), Err(Fault::Unexplained { group: GroupId::COMMAND, number }));
    // A record that is not there yet cannot be erased, nor one twice in a command.
    for numbers in [vec![], vec![0], vec![1000], vec![3, 2]] {
        let command = EraseAudit { numbers, rule: "x".into() }.into();
        let entry = Entry { at_ms: Millis(0), request: None, grant: None, command, salt: Bytes::new() };
        assert!(matches!(recorded.apply(&entry), Reply::Refused(_)));
    }
}

#[test]
fn a_record_that_says_what_was_erased_is_not_erased() {
    for group in [GroupId::COMMAND, GroupId(1)] {
        let mut recorded = Recorded::new(group);
        recorded.system(SwitchFeature { feature: VOCABULARY_2 });
        recorded.system(RaisePolicyFloor { floor: 1 });
        let number = recorded.state.audit_head().number;
        recorded.system(EraseAudit { numbers: vec![number], rule: "two years".into() });
        let erase = |recorded: &mut Recorded, numbers: Vec<u64>| {
            let command = EraseAudit { numbers, rule: "x".into() }.into();
            recorded.apply(&Entry { at_ms: Millis(0), request: None, grant: None, command, salt: Bytes::new() })
        };
        let Reply::Refused(refusal) = erase(&mut recorded, vec![1, number + 1]) else { panic!("it was erased") };
        assert_eq!(refusal.code, RefusalCode::Invalid);
        assert!(refusal.message.contains(&format!("record {}", number + 1)), "{refusal:?}");
        assert_eq!(recorded.state.erasure().erasing, [number + 1]);
        // What erased nothing can go, and what is kept is known after a restart.
        assert!(matches!(erase(&mut recorded, vec![1, number + 2]), Reply::Accepted(_)));
        let verdict = verify(&recorded.export(), &recorded.heads()).unwrap();
        assert_eq!(verdict.erased, 3);
        recorded.state.check().unwrap();
        let rows = recorded.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
        let state = State::from_rows(group, rows).unwrap();
        assert_eq!(state.erasure().erasing, [number + 1, number + 3]);
    }
}

#[test]
fn of_a_list_that_is_full_what_stands_before_it_may_explain() {
    let numbers = |from: u64| (from..).take(limits::ERASING_RECORDS_MAX).collect::<Vec<_>>();
    let full = Erasure { erasing: numbers(7), ..Erasure::default() };
    assert!((1..9).all(|number| full.may_explain(number)));
    let some = Erasure { erasing: vec![7, 9], ..Erasure::default() };
    assert_eq!((6..11).filter(|number| some.may_explain(*number)).collect::<Vec<_>>(), [7, 9]);
}

#[test]
fn who_may_not_see_callers_gets_the_chain_and_is_told_what_was_withheld() {
    let mut recorded = Recorded::new(GroupId::COMMAND);
    let call = OfferCall {
        leg: LegId::new("leg").unwrap(),
        door: "113".into(),
        line: "1022".into(),
        number: "0912345678".into(),
        wanted: String::new(),
        place: None,
        language: String::new(),
        exercise: false,
    };
    recorded.system(call);
    recorded.system(RaisePolicyFloor { floor: 1 });
    let whole = recorded.export();
    let without: Vec<AuditRecord> = whole.iter().cloned().map(AuditRecord::without_callers).collect();
    let holds = |records: &[AuditRecord]| {
        let file: Vec<u8> = records.iter().flat_map(frame).collect();
        String::from_utf8_lossy(&file).contains("0912345678")
    };
    assert!(holds(&whole) && !holds(&without));
    let verdict = verify(&without, &recorded.heads()).unwrap();
    assert_eq!((verdict.withheld, verdict.erased), (1, 0), "nobody takes it for a whole export");
    assert_eq!(verify(&whole, &recorded.heads()).unwrap().withheld, 0);
}

#[test]
fn a_chain_that_was_cut_off_is_found_by_its_anchor_in_another() {
    let (mut command, mut field) = (some(GroupId::COMMAND), Recorded::new(GroupId(1)));
    field.system(RaisePolicyFloor { floor: 1 });
    let head = field.state.audit_head();
    command.system(AnchorAudit { group: GroupId(1), number: head.number, link: head.link });
    let both = |field: &[AuditRecord]| [command.export(), field.to_vec()].concat();
    let whole = field.export();
    assert_eq!(verify(&both(&whole), &Heads::new()).unwrap().anchors, 1);
    let cut = verify(&both(&whole[..1]), &Heads::new());
    assert_eq!(cut, Err(Fault::Anchor { group: GroupId(1), number: head.number }));
    // Alone, the shorter chain is a chain.
    verify(&whole[..1], &Heads::new()).unwrap();
}

#[test]
fn who_from_where_and_why_stand_in_the_record() {
    let mut recorded = Recorded::new(GroupId::COMMAND);
    let mut grant = policy::grant(&recorded.state, &PersonId::new("an").unwrap(), 1).unwrap();
    (grant.from, grant.why) = ("10.0.0.7".into(), "a call from 113".into());
    let read = RecordRead { what: "camera/cam".into(), why: "a call from 113".into() };
    let (at_ms, salt) = (Millis(9), Bytes::from_static(&[7; 32]));
    let entry = Entry { at_ms, request: None, grant: Some(grant), command: read.into(), salt };
    assert!(matches!(recorded.apply(&entry), Reply::Accepted(_)));
    let last = recorded.export().pop().unwrap().sealed.unwrap();
    let payload = AuditPayload::decode(&last.payload).unwrap();
    let said = [payload.by, payload.from, payload.why, payload.name, payload.refused];
    assert_eq!(said, ["an", "10.0.0.7", "a call from 113", "RecordRead", ""]);
}

/// Whether the newest record says that it is of a drill.
fn is_marked(recorded: &Recorded) -> bool {
    let newest = recorded.export().pop().unwrap().sealed.unwrap();
    AuditPayload::decode(&newest.payload).unwrap().exercise
}

fn open(exercise: bool) -> OpenIncident {
    let place = Place {
        latitude_e7: 164_600_000,
        longitude_e7: 1_075_900_000,
        admin_unit: AdminUnitCode::new("hue").unwrap(),
        address: String::new(),
    };
    OpenIncident {
        kind: IncidentKind::Flood,
        severity: Severity::Low,
        place,
        summary: "Ngập".into(),
        source: Source {
            origin: Origin::Report("113".into()),
            episode: 0,
            version: 0,
            active: true,
            at_ms: Millis(0),
            alarm_report: None,
        },
        exercise,
        place_is_mapped: false,
        advice: None,
    }
}

#[test]
fn what_is_done_about_a_drill_is_recorded_as_of_one_and_an_older_chain_stays_as_it_is() {
    let note = |incident: &str| NoteIncident { incident: IncidentId::new(incident).unwrap(), note: "x".into() };
    for is_on in [false, true] {
        let mut recorded = Recorded::new(GroupId::COMMAND);
        if is_on {
            recorded.system(SwitchFeature { feature: VOCABULARY_2 });
        }
        let mut opened = |exercise: bool| {
            recorded.system(open(exercise));
            assert_eq!(is_marked(&recorded), exercise && is_on);
            let (id, _) = recorded.state.incidents().iter().find(|(_, it)| it.exercise == exercise).unwrap();
            let id = id.to_string();
            recorded.system(note(&id));
            assert_eq!(is_marked(&recorded), exercise && is_on, "a note says it by its incident alone");
            let close =
                CloseIncident { incident: IncidentId::new(&id).unwrap(), expected_version: 99, note: String::new() };
            let at_ms = recorded.state.clock().plus(1);
            let command = close.into();
            let reply = recorded.apply(&Entry { at_ms, request: None, grant: None, command, salt: Bytes::new() });
            assert!(matches!(reply, Reply::Refused(_)), "{reply:?}");
            assert_eq!(is_marked(&recorded), exercise && is_on, "what is refused changes nothing that says so");
        };
        opened(false);
        opened(true);
        verify(&recorded.export(), &recorded.heads()).unwrap();
    }
}

#[test]
fn what_is_refused_about_a_played_alarm_is_recorded_as_of_a_drill() {
    for exercise in [false, true] {
        let mut recorded = Recorded::new(GroupId(1));
        recorded.system(SwitchFeature { feature: VOCABULARY_2 });
        let key = AlarmKey { entity: EntityId::new("gauge").unwrap(), condition: Condition::new("high").unwrap() };
        let (severity, value_micro, limit_micro) = (Severity::High, Micro(2), Micro(1));
        let key_of = || key.clone();
        let finding = None;
        let raise = RaiseAlarm { key: key_of(), episode: 1, severity, value_micro, limit_micro, exercise, finding };
        recorded.system(raise);
        assert_eq!(is_marked(&recorded), exercise);
        let at_ms = recorded.state.clock().plus(1);
        let refused: [Command; 4] = [
            ClearAlarm { key: key_of(), episode: 9, value_micro }.into(),
            AcknowledgeAlarm { key: key_of(), episode: 1 }.into(),
            ShelveAlarm { key: key_of(), reason: String::new(), until_ms: Millis(0) }.into(),
            ConfirmAlarmReport { key: key_of(), episode: 1, version: 99, incident: None }.into(),
        ];
        for command in refused {
            let reply = recorded.apply(&Entry { at_ms, request: None, grant: None, command, salt: Bytes::new() });
            assert!(matches!(reply, Reply::Refused(_)), "{reply:?}");
            assert_eq!(is_marked(&recorded), exercise, "what is refused changes nothing that says so");
        }
    }
}
