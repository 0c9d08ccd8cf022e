use std::collections::BTreeSet;

use bytes::Bytes;

use super::*;
use crate::{
    AnswerCall, ApproveWarning, CallId, CheckQueue, ClockKey, DelegationId, DropSecondFactor, EraseCall, FireDeadline,
    IncidentId, Millis, ModelName, NoteIncident, PersonId, ReceiverId, RecordRead, ReportCode, RetractHandover,
    RevokeDelegation, RevokeServiceKey, ServiceKeyId, SetFileRetention, SwitchModel, Terms, UnlinkReport, WarningId,
};

/// As an entry leaves it: who, with which key, and what they said.
fn payload(by: &str, key: Option<&str>, why: &str) -> AuditPayload {
    AuditPayload {
        by: by.to_owned(),
        from: String::new(),
        why: why.to_owned(),
        name: String::new(),
        command: Bytes::new(),
        entry_sha256: None,
        refused: String::new(),
        terms: Terms { key: key.map(|key| ServiceKeyId::new(key).unwrap()), ..Terms::default() },
        exercise: false,
    }
}

fn said(text: &str) -> Why {
    Why::Said(text.to_owned())
}

fn of(cause: Cause, of: &str) -> Why {
    Why::Derived { cause, of: of.to_owned() }
}

fn read(why: &str) -> Command {
    RecordRead { what: "call/C1".into(), why: why.into() }.into()
}

fn note() -> Command {
    NoteIncident { incident: IncidentId::new("I1").unwrap(), note: "bà Tư, số 7".into() }.into()
}

fn fire(of: Measured) -> Command {
    FireDeadline { clock: ClockKey { of, number: 1 }, step: 0, version: 1 }.into()
}

#[test]
fn what_gives_rights_erases_or_warns_has_to_be_given_a_reason() {
    let call = CallId::new("C1").unwrap();
    let asked: [Command; 6] = [
        RevokeServiceKey { key: ServiceKeyId::new("mua").unwrap() }.into(),
        RevokeDelegation { delegation: DelegationId::new("thay").unwrap() }.into(),
        DropSecondFactor { person: PersonId::new("lan").unwrap() }.into(),
        SetFileRetention { days: 30 }.into(),
        EraseCall { call: call.clone(), expected_version: 1 }.into(),
        ApproveWarning { warning: WarningId::new("W1").unwrap(), expected_version: 1 }.into(),
    ];
    for command in asked {
        assert!(has_to_be_said(&command), "{command:?}");
        assert_eq!(
            why(&payload("lan", None, ""), Some(&command)),
            of(Cause::NoneGiven, ""),
            "it has no words of its own"
        );
    }
    for command in [note(), AnswerCall { call, expected_version: 1, agent: None }.into()] {
        assert!(!has_to_be_said(&command), "{command:?}");
    }
}

#[test]
fn what_somebody_said_stands_as_they_said_it() {
    assert_eq!(why(&payload("lan", None, "call/C7"), Some(&note())), said("call/C7"));
    assert_eq!(
        why(&payload("", Some("mua"), "trạm mới"), Some(&note())),
        said("trạm mới"),
        "a key may say more than its name"
    );
    let off = SwitchModel { name: ModelName::new("triage").unwrap(), on: false, reason: "sai nhiều".into() }.into();
    assert_eq!(
        why(&payload("lan", None, "screen/models"), Some(&off)),
        said("sai nhiều"),
        "their own words come first"
    );
    assert_eq!(why(&payload("lan", None, "điều tra"), Some(&read("điều tra"))), said("điều tra"));
    assert_eq!(
        why(&payload("lan", None, "path/x"), Some(&note())),
        said("path/x"),
        "whoever says that has said something"
    );
}

#[test]
fn of_what_a_person_did_without_a_word_it_is_said_that_there_is_none() {
    assert_eq!(why(&payload("lan", None, ""), Some(&note())), of(Cause::NoneGiven, ""));
    assert_eq!(why(&payload("lan", None, " "), Some(&note())), of(Cause::NoneGiven, ""));
    let deadline = fire(Measured::Incident(IncidentId::new("I1").unwrap()));
    assert_eq!(why(&payload("lan", None, ""), Some(&deadline)), of(Cause::NoneGiven, ""), "a person is no timer");
    let unlink =
        UnlinkReport { report: ReportCode::new("r1").unwrap(), expected_version: 1, reason: "ông Ba nhầm".into() };
    assert_eq!(
        why(&payload("lan", None, ""), Some(&unlink.into())),
        of(Cause::Within, ""),
        "there is one, for the export"
    );
}

#[test]
fn a_look_says_how_it_was_asked_for_where_nobody_said_why() {
    let route = asked("/api/calls/{id}/caller", "screen/console");
    let look = why(&payload("lan", None, ""), Some(&read(&route)));
    assert_eq!(look, of(Cause::Asked, "/api/calls/{id}/caller screen/console"));
    assert_eq!(why(&payload("lan", None, ""), Some(&read(&asked("/ws", "")))), of(Cause::Asked, "/ws"));
    assert_eq!(why(&payload("doc", Some("doc-1"), ""), Some(&read(&route))), of(Cause::Key, "doc-1"));
    // Of looks before nodes put that down, and where there was no request.
    for unsaid in ["-", ""] {
        assert_eq!(why(&payload("lan", None, unsaid), Some(&read("-"))), of(Cause::NoneGiven, ""));
    }
    assert_eq!(asked("", "screen/wall"), "-");
    assert!(is_unsaid("-") && is_unsaid(&route) && !is_unsaid("pathology") && !is_unsaid("call/C7"));
}

#[test]
fn a_key_stands_for_what_it_is_for_and_an_exchange_for_its_call() {
    assert_eq!(why(&payload("kho", Some("doc-1"), ""), Some(&note())), of(Cause::Key, "doc-1"));
    let answer = |agent: Option<&str>| -> Command {
        let agent = agent.map(|agent| PersonId::new(agent).unwrap());
        AnswerCall { call: CallId::new("C1").unwrap(), expected_version: 1, agent }.into()
    };
    for by in [payload("tong-dai", Some("sip-1"), ""), payload("tong-dai", None, ""), payload("", None, "")] {
        assert_eq!(why(&by, Some(&answer(Some("lan")))), of(Cause::ExchangeSaid, "C1"));
    }
    assert_eq!(why(&payload("lan", None, ""), Some(&answer(None))), of(Cause::NoneGiven, ""), "the agent took it");
}

#[test]
fn what_nobody_sent_says_what_brought_it_about_and_tells_no_code_of_a_report() {
    let system = payload("", None, "");
    assert_eq!(why(&system, None), of(Cause::Readings, ""));
    let incident = Measured::Incident(IncidentId::new("I1").unwrap());
    assert_eq!(why(&system, Some(&fire(incident))), of(Cause::DeadlineDue, "I1"));
    let report = Measured::Report(ReportCode::new("r1").unwrap());
    assert_eq!(why(&system, Some(&fire(report))), of(Cause::DeadlineDue, ""));
    let queue = Command::from(CheckQueue { waiting_since_ms: Millis(1) });
    assert_eq!(why(&system, Some(&queue)), of(Cause::QueueWaits, ""));
    let from = ReceiverId::new("so-y-te").unwrap();
    let back = RetractHandover { from, reference: "X1".into(), reason: "ông Ba đã về".into() };
    assert_eq!(why(&system, Some(&back.into())), of(Cause::PartnerTookBack, "so-y-te"));
    assert_eq!(why(&system, Some(&note())), of(Cause::System, ""));
    assert_eq!(why(&AuditPayload { exercise: true, ..system }, Some(&note())), of(Cause::Exercise, ""));
}

#[test]
fn it_is_told_with_a_mark_and_each_cause_has_a_name_of_its_own() {
    assert_eq!(of(Cause::DeadlineDue, "I1").to_string(), "deadline due I1 (derived)");
    assert_eq!(of(Cause::SignIn, "").to_string(), "sign in (derived)");
    assert_eq!(of(Cause::NoneGiven, "").to_string(), "none was given");
    assert_eq!(said("lũ quét").to_string(), "lũ quét");
    let codes: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.code()).collect();
    assert_eq!(codes.len(), Cause::ALL.len());
}
