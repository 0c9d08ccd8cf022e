//! Whatever stands in the record says why, whoever did it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{any, properties::COMMANDS};
use bytes::Bytes;
use domain::{
    AuditPayload, Command, ServiceKeyId, Terms,
    audit::why::{Cause, Why, why},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

/// Draws at most; the kinds are all there long before.
const DRAWN_MAX: usize = 200_000;

/// Why the system, or somebody without an account, sends what a person does not; of the rest nothing more is known.
const OF_NOBODY: [(&str, &str); 57] = [
    ("OpenSession", "sign_in"),
    ("CloseSession", "sign_out"),
    ("SpendCode", "code_shown"),
    ("RaisePolicyFloor", "rights_changed"),
    ("SwitchFeature", "release"),
    ("PutPerson", "set_up"),
    ("PutCalendar", "set_up"),
    ("PutDeadlinePolicy", "set_up"),
    ("PutDutyPost", "set_up"),
    ("RegisterModel", "set_up"),
    ("RollOutModel", "set_up"),
    ("SetLiveNodes", "nodes_changed"),
    ("AnchorAudit", "chain_anchored"),
    ("PlaceEntities", "device_placed"),
    ("SetDeviceStatus", "device_said"),
    ("RecordReadings", "readings"),
    ("RecordCameraHealth", "camera_watched"),
    ("RaiseAlarm", "rule_raised"),
    ("ClearAlarm", "rule_cleared"),
    ("FeedIncident", "alarm_came"),
    ("ConfirmAlarmReport", "alarm_heard"),
    ("UnshelveAlarm", "shelf_ran_out"),
    ("EscalateIncident", "unacknowledged"),
    ("Suggest", "model_said"),
    ("ReportSilence", "model_silent"),
    ("ReportLoad", "load"),
    ("FireDeadline", "deadline_due"),
    ("ExpireOffer", "offer_ran_out"),
    ("RemindOffer", "offer_half_over"),
    ("EscalateCheckIn", "crew_silent"),
    ("FireShiftNote", "shift_note_unread"),
    ("MoveUnit", "position"),
    ("OfferCall", "caller_rang"),
    ("EndLeg", "caller_gone"),
    ("ReturnCall", "phone_silent"),
    ("AnswerCall", "exchange_said"),
    ("HoldCall", "exchange_said"),
    ("TransferCall", "exchange_said"),
    ("EndCall", "exchange_said"),
    ("ExpireRing", "ring_ran_out"),
    ("ExpireWrapUp", "wrap_up_over"),
    ("CheckQueue", "queue_waits"),
    ("FileReport", "public_told"),
    ("AttachFile", "public_photo"),
    ("RateReport", "sender_said"),
    ("ReopenReport", "sender_said"),
    ("ReceiveHandover", "partner_offered"),
    ("RetractHandover", "partner_took_back"),
    ("AnswerHandover", "partner_answered"),
    ("ConfirmNotices", "receiver_took"),
    ("GiveUpNotice", "receiver_refused"),
    ("DropFiles", "files_due"),
    ("ErasePersonal", "erasure_due"),
    ("StopDrill", "drill_course"),
    ("EndDrill", "drill_course"),
    ("MeasureDrill", "drill_course"),
    ("CloseDrill", "drill_course"),
];

/// How an author's entry comes into the record: by whom, by which key, with which words, and whether it is played.
fn payload(by: &str, key: Option<&str>, said: &str, exercise: bool) -> AuditPayload {
    AuditPayload {
        by: by.to_owned(),
        from: "10.0.0.7".to_owned(),
        why: said.to_owned(),
        name: String::new(),
        command: Bytes::new(),
        entry_sha256: None,
        refused: String::new(),
        terms: Terms { key: key.map(|key| ServiceKeyId::new(key).unwrap()), ..Terms::default() },
        exercise,
    }
}

/// Asserts what holds of one command, whoever sent it; the kind's cause where nobody did and it has no words of its own.
fn check(command: &Command) -> Option<&'static str> {
    let name = command.name();
    let by = |author: &AuditPayload| {
        let found = why(author, Some(command));
        assert!(!found.to_string().trim().is_empty(), "{name}");
        found
    };
    // Whoever says why is believed, with that or with the command's own words.
    for author in [payload("lan", None, "cháy", false), payload("tram-mua", Some("mua-1"), "cháy", true)] {
        assert!(matches!(by(&author), Why::Said(said) if !said.trim().is_empty()), "{name}");
    }
    for author in [payload("lan", None, "", false), payload("tram-mua", Some("mua-1"), "", false)] {
        let is_systems = |cause| matches!(cause, Cause::System | Cause::Exercise);
        assert!(!matches!(by(&author), Why::Derived { cause, .. } if is_systems(cause)), "{name}: somebody did it");
    }
    let played = by(&payload("", None, "", true));
    match by(&payload("", None, "", false)) {
        Why::Said(_) => None,
        Why::Derived { cause, of } => {
            let cause_played = if cause == Cause::System { Cause::Exercise } else { cause };
            assert_eq!(played, Why::Derived { cause: cause_played, of }, "{name}");
            Some(cause.code())
        }
    }
}

#[test]
fn every_kind_of_command_by_every_kind_of_author_says_why() {
    let of_nobody = BTreeMap::from(OF_NOBODY);
    let (mut runner, mut seen) = (TestRunner::deterministic(), BTreeSet::new());
    let kinds = [any::command_of_group_0(), any::command_of_field()];
    for drawn in 0..DRAWN_MAX {
        let command = kinds[drawn % kinds.len()].new_tree(&mut runner).unwrap().current();
        let name = command.name();
        if let Some(cause) = check(&command) {
            assert_eq!(cause, of_nobody.get(name).copied().unwrap_or("system"), "{name}");
        }
        seen.insert(name);
        if seen.len() == COMMANDS.len() && drawn > COMMANDS.len() * 20 {
            break;
        }
    }
    let missing: Vec<_> = COMMANDS.iter().filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "never drawn: {missing:?}");
    assert!(of_nobody.keys().all(|name| seen.contains(name)), "the list names kinds that there are");
    assert_eq!(why(&payload("", None, "", false), None).to_string(), "readings (derived)");
}
