//! What holds for every sequence of entries, however they collide.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::any;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{
    AdminUnit, Agent, Alarm, Applied, Attachment, Calendar, Call, CallDesk, CallDraft, Caller, Camera, CloseSession,
    Command, DeadlinePolicy, Delegation, Dispatch, District, Drill, DrillNow, Duty, DutyEntry, DutyPost, Entry,
    Erasure, Event, EventBatch, Exercise, FileSettings, Grant, GroupId, Handover, Incident, Instruction, LiveNodes,
    Millis, Model, Person, PersonId, PersonRemit, Placement, Position, Reading, Readings, RefusalCode, Reply, Report,
    RequestId, Role, Room, Row, RowChange, RunCard, SecondFactor, Sensor, SensorWindow, ServiceKey, Session, SessionId,
    ShiftNote, Stance, State, SwitchFeature, Tally, Terms, Unit, VOCABULARY_2, WaitingReport, Warning, rows,
    wire::{Record, generated},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use prost::Message;

type Disk = BTreeMap<Bytes, Bytes>;

fn write(disk: &mut Disk, applied: &Applied) {
    for change in &applied.rows {
        match change {
            RowChange::Put(row) => disk.insert(row.key.clone(), row.value.clone()),
            RowChange::Delete(key) => disk.remove(key),
        };
    }
}

fn state_rows(state: &State) -> Disk {
    state.rows().into_iter().map(|row| (row.key, row.value)).collect()
}

/// Everything but the clock and the sessions.
fn substance(state: &State) -> Disk {
    let mut disk = state_rows(state);
    disk.retain(|key, _| !matches!(key[0], rows::SESSIONS | rows::ANSWERS));
    if let Some(value) = disk.get_mut(&rows::meta_key()) {
        let meta = generated::Meta::decode(value.as_ref()).unwrap();
        *value = generated::Meta { clock_ms: 0, audit_number: 0, audit_link: None, ..meta }.encode_to_vec().into();
    }
    disk
}

/// Everything but how far the record is: it also holds what was refused, and what was asked again.
fn but_record(state: &State) -> Disk {
    let mut disk = state_rows(state);
    if let Some(value) = disk.get_mut(&rows::meta_key()) {
        let meta = generated::Meta::decode(value.as_ref()).unwrap();
        *value = generated::Meta { audit_number: 0, audit_link: None, ..meta }.encode_to_vec().into();
    }
    disk
}

/// Whether the entry ended the session that it was asked in: that session's answers, this one among them, are gone with it.
fn ended_its_own(entry: &Entry, reply: &Reply) -> bool {
    let asked_in = entry.request.map(|request| request.session);
    let is_ended = matches!(reply, Reply::Accepted(_));
    is_ended && matches!(&entry.command, Command::CloseSession(close) if Some(close.session) == asked_in)
}

/// A retry of what was just applied: the same reply, or the word that its session has ended, and nothing else.
fn check_retry(state: &State, index: u64, entry: &Entry, reply: &Reply) {
    let mut retried = state.clone();
    let again = retried.apply(index, entry);
    if ended_its_own(entry, reply) {
        let said = RefusalCode::UnknownSession;
        assert!(matches!(&again.reply, Reply::Refused(refusal) if refusal.code == said), "{:?}", again.reply);
    } else {
        assert_eq!(&again.reply, reply);
    }
    assert_eq!(again.events, []);
    assert_eq!(but_record(&retried), but_record(state));
    let is_meta_or_record = |row: &Row| matches!(row.key[0], rows::META | rows::AUDIT_LINKS | rows::AUDIT_SEALED);
    assert!(again.rows.iter().all(|change| matches!(change, RowChange::Put(row) if is_meta_or_record(row))));
}

/// What makes a group behave as one of a new cluster does.
fn switch() -> Entry {
    Entry {
        at_ms: Millis(1),
        request: None,
        grant: None,
        command: SwitchFeature { feature: VOCABULARY_2 }.into(),
        salt: Bytes::new(),
    }
}

/// `is_new`: the group behaves as one of a new cluster does, from before its first entry; else as one of the first release's.
fn drive(group: GroupId, is_new: bool, entries: &[(bool, Entry)]) {
    let mut state = State::new(group);
    let mut twin = State::new(group);
    let mut disk = Disk::new();
    let world = is_new.then(switch).into_iter().chain(any::world(group)).map(|entry| (false, entry));
    for (index, (is_aimed, mut entry)) in (1..).zip(world.chain(entries.iter().cloned())) {
        if is_aimed {
            any::aim(&mut entry, &state);
        }
        let before = state.clone();
        let applied = state.apply(index, &entry);
        state.check().unwrap_or_else(|violation| panic!("{violation} after {entry:?}"));
        assert!(state.clock() >= before.clock());

        assert_eq!(twin.apply(index, &entry), applied);
        assert_eq!(twin, state);

        write(&mut disk, &applied);
        let kept: Disk =
            disk.iter().filter(|(key, _)| rows::is_state(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        assert_eq!(kept, state_rows(&state));

        for (ordinal, event) in applied.events.iter().enumerate() {
            assert_eq!(usize::try_from(event.ordinal).unwrap(), ordinal);
            assert_eq!(event.at_ms, state.clock());
            assert_eq!(&Event::decode(&event.encode()).unwrap(), event);
        }
        if matches!(applied.reply, Reply::Refused(_)) {
            assert_eq!(applied.events, []);
            assert_eq!(substance(&state), substance(&before));
        }
        if entry.request.is_some() {
            check_retry(&state, index + 1, &entry, &applied.reply);
        }
        assert_eq!(Reply::decode(&applied.reply.encode()).unwrap(), applied.reply);
    }
    let stored = disk.into_iter().rev().map(|(key, value)| Row { key, value });
    assert_eq!(State::from_rows(group, stored).unwrap(), state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn group_0_holds_together(is_new in any::<bool>(), entries in any::entries(any::command_of_group_0())) {
        drive(GroupId::COMMAND, is_new, &entries);
    }

    #[test]
    fn a_field_group_holds_together(is_new in any::<bool>(), entries in any::entries(any::command_of_field())) {
        drive(GroupId(1), is_new, &entries);
    }

    #[test]
    fn an_entry_survives_its_encoding(
        entry in any::entry(prop_oneof![any::command_of_group_0(), any::command_of_field()]),
    ) {
        prop_assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_all(&bytes);
    }

    /// Bytes that are almost right reach deeper than random ones.
    #[test]
    fn spoiled_bytes_are_read_or_refused(
        entry in any::entry(prop_oneof![any::command_of_group_0(), any::command_of_field()]),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = entry.encode();
        for (at, byte) in spoils {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        decode_all(&bytes);
        if let Ok(entry) = Entry::decode(&bytes) {
            // What can be read can be applied.
            for group in [GroupId::COMMAND, GroupId(1)] {
                let mut state = State::new(group);
                for (index, entry) in (1..).zip(any::world(group).into_iter().chain([entry.clone()])) {
                    state.apply(index, &entry);
                }
                state.check().unwrap();
            }
        }
    }

    #[test]
    fn any_rows_are_read_or_refused(
        found in prop::collection::vec((0u8..70, prop::collection::vec(any::<u8>(), 0..50), prop::collection::vec(any::<u8>(), 0..50)), 0..5),
    ) {
        let found = found.into_iter().map(|(table, key, value)| {
            let key: Vec<u8> = [vec![table], key].concat();
            Row { key: key.into(), value: value.into() }
        });
        let _ = State::from_rows(GroupId(1), found);
    }
}

/// Seldom drawn: a session, and hardly ever the one that it is asked in.
#[test]
fn a_session_that_ends_itself_holds_together() {
    let session = SessionId([1; 32]);
    let end = |grant, command: Command| Entry {
        at_ms: Millis(2),
        request: Some(RequestId { session, seq: 1 }),
        grant,
        command,
        salt: Bytes::new(),
    };
    let of_its_own = Grant {
        person: PersonId::new("an").unwrap(),
        role: Role::Admin,
        everywhere: true,
        admin_units: BTreeSet::new(),
        index: 1000,
        from: String::new(),
        why: String::new(),
        terms: Terms::default(),
    };
    let own = end(Some(of_its_own), CloseSession { session }.into());
    let mut state = State::new(GroupId::COMMAND);
    for (index, entry) in (1..).zip([switch()].into_iter().chain(any::world(GroupId::COMMAND))) {
        state.apply(index, &entry);
    }
    let reply = state.apply(1000, &own).reply;
    assert!(ended_its_own(&own, &reply), "{reply:?}");
    drive(GroupId::COMMAND, true, &[(false, own)]);
}

/// Properties of commands that are always refused would prove nothing: the sequences reach each command and each refusal.
#[test]
fn sequences_reach_every_command_and_refusal() {
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for (group, command) in [(GroupId::COMMAND, any::command_of_group_0()), (GroupId(1), any::command_of_field())] {
        let entries = any::entries(command);
        for _ in 0..4_608 {
            let mut state = State::new(group);
            let drawn = entries.new_tree(&mut runner).unwrap().current();
            let world = any::world(group).into_iter().map(|entry| (false, entry));
            for (index, (is_aimed, mut entry)) in (1..).zip(world.chain(drawn)) {
                if is_aimed {
                    any::aim(&mut entry, &state);
                }
                match state.apply(index, &entry).reply {
                    Reply::Accepted(_) => accepted.insert(entry.command.name()),
                    Reply::Refused(refusal) => refused.insert(refusal.code),
                };
            }
        }
    }
    let missing: Vec<_> = COMMANDS.iter().filter(|name| !accepted.contains(*name)).collect();
    assert!(missing.is_empty(), "never accepted: {missing:?}");
    // Bounds are out of reach of short sequences; `tests/bounds.rs` and the noun's own tests reach them.
    assert_eq!(refused.len(), 11, "{refused:?}");
}

pub(crate) const COMMANDS: [&str; 143] = [
    "OpenSession",
    "CloseSession",
    "RaisePolicyFloor",
    "SwitchFeature",
    "PutAdminUnits",
    "PutDistrict",
    "PutPerson",
    "PlaceEntities",
    "PutUnit",
    "SetUnitStatus",
    "MoveUnit",
    "SetLiveNodes",
    "OpenIncident",
    "FeedIncident",
    "AmendIncident",
    "NoteIncident",
    "AcknowledgeIncident",
    "AssignIncident",
    "ResolveIncident",
    "CloseIncident",
    "ReopenIncident",
    "MergeIncident",
    "UnmergeIncident",
    "EscalateIncident",
    "Suggest",
    "DecideSuggestion",
    "RegisterSensor",
    "SetDeviceStatus",
    "RecordReadings",
    "RegisterCamera",
    "RecordCameraHealth",
    "RaiseAlarm",
    "ClearAlarm",
    "AcknowledgeAlarm",
    "ShelveAlarm",
    "UnshelveAlarm",
    "ConfirmAlarmReport",
    "TakeOutOfService",
    "ReturnToService",
    "RegisterModel",
    "RollOutModel",
    "RollBackModel",
    "SwitchModel",
    "ReportSilence",
    "ReportLoad",
    "PutRunCard",
    "SetUnitShift",
    "CheckInUnit",
    "RaiseMayday",
    "ClearMayday",
    "ExpireOffer",
    "RemindOffer",
    "EscalateCheckIn",
    "AcknowledgeAttention",
    "GiveTask",
    "AnswerTask",
    "CombineAnswer",
    "FileReport",
    "LinkReport",
    "UnlinkReport",
    "AnswerReport",
    "RateReport",
    "ReopenReport",
    "TakeReport",
    "SetReportAside",
    "PutCalendar",
    "PutDeadlinePolicy",
    "PutDutyPost",
    "PauseClock",
    "ResumeClock",
    "ReportProgress",
    "FireDeadline",
    "GiveInstruction",
    "TakeInstruction",
    "FinishInstruction",
    "CancelInstruction",
    "ReopenInstruction",
    "RecordRead",
    "EraseAudit",
    "AnchorAudit",
    "PutReceiver",
    "ConfirmNotices",
    "PutCallDesk",
    "PutAgent",
    "SetAgentStatus",
    "OfferCall",
    "AnswerCall",
    "HoldCall",
    "TransferCall",
    "EndLeg",
    "EndCall",
    "ReturnCall",
    "TakeCallback",
    "SettleCallback",
    "PutCallDraft",
    "NameCaller",
    "EraseCall",
    "ExpireRing",
    "ExpireWrapUp",
    "CheckQueue",
    "PutSecondFactor",
    "SpendCode",
    "DropSecondFactor",
    "PutServiceKey",
    "RevokeServiceKey",
    "PutDelegation",
    "RevokeDelegation",
    "TakeDelegation",
    "BreakGlass",
    "EndGlass",
    "PutRemit",
    "SetRetention",
    "DraftWarning",
    "ApproveWarning",
    "RejectWarning",
    "OfferHandover",
    "AnswerHandover",
    "WithdrawHandover",
    "ReceiveHandover",
    "RetractHandover",
    "GiveUpNotice",
    "StartExercise",
    "EndExercise",
    "PutRoom",
    "PushScene",
    "FollowRoom",
    "WriteShiftNote",
    "AcknowledgeShiftNote",
    "FireShiftNote",
    "LogDuty",
    "StartDrill",
    "StopDrill",
    "EndDrill",
    "MeasureDrill",
    "CloseDrill",
    "AttachFile",
    "DetachFile",
    "SetFileRetention",
    "DropFiles",
    "SetErasure",
    "ErasePersonal",
    "AcknowledgeClock",
    "ConfirmInstruction",
];

/// Reads the bytes as every record there is; what is read is written as it was meant.
fn decode_all(bytes: &[u8]) {
    fn check<T: Record + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
        if let Ok(record) = T::decode(bytes) {
            assert_eq!(T::decode(&record.encode()).unwrap(), record);
        }
    }
    check::<Entry>(bytes);
    check::<domain::Command>(bytes);
    check::<Event>(bytes);
    check::<EventBatch>(bytes);
    check::<Position>(bytes);
    check::<Reply>(bytes);
    check::<Grant>(bytes);
    check::<Person>(bytes);
    check::<Session>(bytes);
    check::<AdminUnit>(bytes);
    check::<District>(bytes);
    check::<Placement>(bytes);
    check::<Unit>(bytes);
    check::<Incident>(bytes);
    check::<LiveNodes>(bytes);
    check::<Sensor>(bytes);
    check::<SensorWindow>(bytes);
    check::<Reading>(bytes);
    check::<Readings>(bytes);
    check::<Camera>(bytes);
    check::<Alarm>(bytes);
    check::<Model>(bytes);
    check::<Tally>(bytes);
    check::<Calendar>(bytes);
    check::<DeadlinePolicy>(bytes);
    check::<DutyPost>(bytes);
    check::<Instruction>(bytes);
    check::<RunCard>(bytes);
    check::<Report>(bytes);
    check::<WaitingReport>(bytes);
    check::<Duty>(bytes);
    check::<Dispatch>(bytes);
    check::<Call>(bytes);
    check::<Agent>(bytes);
    check::<CallDesk>(bytes);
    check::<Caller>(bytes);
    check::<CallDraft>(bytes);
    check::<SecondFactor>(bytes);
    check::<ServiceKey>(bytes);
    check::<Delegation>(bytes);
    check::<Stance>(bytes);
    check::<PersonRemit>(bytes);
    check::<Warning>(bytes);
    check::<Handover>(bytes);
    check::<Exercise>(bytes);
    check::<Room>(bytes);
    check::<ShiftNote>(bytes);
    check::<DutyEntry>(bytes);
    check::<Drill>(bytes);
    check::<DrillNow>(bytes);
    check::<Attachment>(bytes);
    check::<FileSettings>(bytes);
    check::<Erasure>(bytes);
}

#[test]
fn rows_of_another_group_are_refused() {
    let state = State::new(GroupId(2));
    assert_eq!(State::from_rows(GroupId(1), state.rows()).unwrap_err().field, "rows.meta.group");
}

#[test]
fn no_rows_are_an_empty_group() {
    assert_eq!(State::from_rows(GroupId(3), []).unwrap(), State::new(GroupId(3)));
}
