//! Whatever is added to what a log may hold has to hide behind a feature. In an upgrade some nodes still run the release before: an
//! entry that it cannot read stops them, and one of which it drops a field parts them from the others.
//!
//! `releases/<version>/vocabulary` has each field, and each value of an enum, that an entry of that release may hold, written once by it
//! (`VOCABULARY=0.1.0 cargo test -p domain --test it vocabulary`). What is newer stands in [`SINCE`], with the feature by which
//! `Command::feature` asks for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]
#![allow(clippy::disallowed_methods, reason = "the schemas are files; what is tested does no IO")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use domain::{FEATURES, VOCABULARY_2, audit, chunk};

const PROTO: &str = "proto/trongdong/v1";
const RELEASES: &str = "tests/releases";

/// What no state depends on while the record is off, so that a release that drops it agrees with the others.
const HARMLESS: [&str; 3] = ["Entry.salt", "Grant.from", "Grant.why"];

/// Commands, fields and values since the first release, and the feature that lets them in. What stands below a field is its own.
const SINCE: [(&str, u32); 107] = [
    ("Command.put_calendar", VOCABULARY_2),
    ("Command.put_deadline_policy", VOCABULARY_2),
    ("Command.put_duty_post", VOCABULARY_2),
    ("Command.pause_clock", VOCABULARY_2),
    ("Command.resume_clock", VOCABULARY_2),
    ("Command.report_progress", VOCABULARY_2),
    ("Command.fire_deadline", VOCABULARY_2),
    ("Command.give_instruction", VOCABULARY_2),
    ("Command.take_instruction", VOCABULARY_2),
    ("Command.finish_instruction", VOCABULARY_2),
    ("Command.cancel_instruction", VOCABULARY_2),
    ("Command.reopen_instruction", VOCABULARY_2),
    ("Command.record_read", audit::FEATURE),
    ("Command.erase_audit", audit::FEATURE),
    ("Command.anchor_audit", audit::FEATURE),
    ("Command.put_receiver", VOCABULARY_2),
    ("Command.confirm_notices", VOCABULARY_2),
    ("Command.answer_call", VOCABULARY_2),
    ("Command.check_queue", VOCABULARY_2),
    ("Command.end_call", VOCABULARY_2),
    ("Command.end_leg", VOCABULARY_2),
    ("Command.erase_call", VOCABULARY_2),
    ("Command.expire_ring", VOCABULARY_2),
    ("Command.expire_wrap_up", VOCABULARY_2),
    ("Command.hold_call", VOCABULARY_2),
    ("Command.offer_call", VOCABULARY_2),
    ("Command.put_agent", VOCABULARY_2),
    ("Command.put_call_desk", VOCABULARY_2),
    ("Command.put_call_draft", VOCABULARY_2),
    ("Command.name_caller", VOCABULARY_2),
    ("Command.return_call", VOCABULARY_2),
    ("Command.set_agent_status", VOCABULARY_2),
    ("Command.settle_callback", VOCABULARY_2),
    ("Command.take_callback", VOCABULARY_2),
    ("Command.transfer_call", VOCABULARY_2),
    ("Command.put_second_factor", VOCABULARY_2),
    ("Command.spend_code", VOCABULARY_2),
    ("Command.drop_second_factor", VOCABULARY_2),
    ("Command.put_service_key", VOCABULARY_2),
    ("Command.revoke_service_key", VOCABULARY_2),
    ("Command.put_delegation", VOCABULARY_2),
    ("Command.revoke_delegation", VOCABULARY_2),
    ("Command.take_delegation", VOCABULARY_2),
    ("Command.break_glass", VOCABULARY_2),
    ("Command.end_glass", VOCABULARY_2),
    ("Command.put_remit", VOCABULARY_2),
    ("Command.set_retention", chunk::FEATURE),
    ("Command.draft_warning", VOCABULARY_2),
    ("Command.approve_warning", VOCABULARY_2),
    ("Command.reject_warning", VOCABULARY_2),
    ("Command.offer_handover", VOCABULARY_2),
    ("Command.answer_handover", VOCABULARY_2),
    ("Command.withdraw_handover", VOCABULARY_2),
    ("Command.receive_handover", VOCABULARY_2),
    ("Command.retract_handover", VOCABULARY_2),
    ("Command.give_up_notice", VOCABULARY_2),
    ("Command.start_drill", VOCABULARY_2),
    ("Command.stop_drill", VOCABULARY_2),
    ("Command.end_drill", VOCABULARY_2),
    ("Command.measure_drill", VOCABULARY_2),
    ("Command.close_drill", VOCABULARY_2),
    ("Command.attach_file", VOCABULARY_2),
    ("Command.detach_file", VOCABULARY_2),
    ("Command.set_file_retention", VOCABULARY_2),
    ("Command.drop_files", VOCABULARY_2),
    ("Command.take_report", VOCABULARY_2),
    ("Command.set_report_aside", VOCABULARY_2),
    ("LinkReport.kind", VOCABULARY_2),
    ("LinkReport.severity", VOCABULARY_2),
    ("LinkReport.place", VOCABULARY_2),
    ("Command.set_erasure", VOCABULARY_2),
    ("Command.erase_personal", VOCABULARY_2),
    ("Command.acknowledge_clock", VOCABULARY_2),
    ("Command.confirm_instruction", VOCABULARY_2),
    ("ReportChannel.REPORT_CHANNEL_DEVICE", VOCABULARY_2),
    ("Source.alarm_report", VOCABULARY_2),
    ("FileReport.told_kind", VOCABULARY_2),
    ("FileReport.advice", VOCABULARY_2),
    ("OpenIncident.advice", VOCABULARY_2),
    ("FileReport.contact", VOCABULARY_2),
    ("FileReport.language", VOCABULARY_2),
    ("Grant.terms", VOCABULARY_2),
    ("FileReport.exercise", VOCABULARY_2),
    ("Sensor.exercise", VOCABULARY_2),
    ("Command.start_exercise", VOCABULARY_2),
    ("Command.end_exercise", VOCABULARY_2),
    ("Command.put_room", VOCABULARY_2),
    ("Command.push_scene", VOCABULARY_2),
    ("Command.follow_room", VOCABULARY_2),
    ("Command.write_shift_note", VOCABULARY_2),
    ("Command.acknowledge_shift_note", VOCABULARY_2),
    ("Command.fire_shift_note", VOCABULARY_2),
    ("Command.log_duty", VOCABULARY_2),
    ("Role.ROLE_TELEPHONY", VOCABULARY_2),
    ("Role.ROLE_AUDITOR", VOCABULARY_2),
    ("UnitStatus.UNIT_STATUS_STAGING", VOCABULARY_2),
    ("UnitStep.distance_m", VOCABULARY_2),
    ("UnitStep.late_at_ms", VOCABULARY_2),
    ("Assignment.came_through", VOCABULARY_2),
    ("Assignment.reminded_at_ms", VOCABULARY_2),
    ("Command.remind_offer", VOCABULARY_2),
    ("Command.take_out_of_service", VOCABULARY_2),
    ("Command.return_to_service", VOCABULARY_2),
    ("Sensor.suppressions", VOCABULARY_2),
    ("Sensor.out_of_service", VOCABULARY_2),
    ("Camera.out_of_service", VOCABULARY_2),
    ("Alarm.raised_days", VOCABULARY_2),
];

/// Fields of each message, name and type; values of each enum, which have no type.
fn messages() -> BTreeMap<String, Vec<(String, String)>> {
    let mut messages = BTreeMap::<String, Vec<(String, String)>>::new();
    for file in fs::read_dir(PROTO).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        // Blocks that are open, outermost first; only messages and enums have a name.
        let mut open: Vec<Option<String>> = Vec::new();
        for line in text.lines().map(|line| line.split("//").next().unwrap_or_default().trim()) {
            if line.ends_with('{') {
                let name = line.strip_prefix("message ").or(line.strip_prefix("enum "));
                open.push(name.map(|rest| rest.trim_end_matches('{').trim().to_owned()));
            } else if line == "}" {
                open.pop();
            } else if let Some((field, _)) = line.split_once('=')
                && let Some(message) = open.iter().rev().flatten().next()
            {
                let mut words = field.split_whitespace().rev();
                let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                messages.entry(message.clone()).or_default().push((name.to_owned(), kind.to_owned()));
            }
        }
    }
    messages
}

/// Fields and values that an entry may hold, not below those of `hidden`.
fn vocabulary(hidden: &BTreeSet<&str>) -> BTreeSet<String> {
    let messages = messages();
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut left = vec!["Entry".to_owned()];
    while let Some(message) = left.pop() {
        for (name, kind) in messages.get(&message).into_iter().flatten() {
            let field = format!("{message}.{name}");
            if !kind.is_empty() && !hidden.contains(&*field) && seen.insert(kind.clone()) {
                left.push(kind.clone());
            }
            found.insert(field);
        }
    }
    found
}

#[test]
fn what_a_log_may_hold_since_the_first_release_hides_behind_a_feature() {
    let since: BTreeSet<&str> = SINCE.iter().map(|(field, _)| *field).collect();
    let own = vocabulary(&since);
    if let Ok(release) = std::env::var("VOCABULARY") {
        let file = Path::new(RELEASES).join(release).join("vocabulary");
        assert!(!file.exists(), "what a release could read never changes");
        fs::write(file, own.iter().map(|field| format!("{field}\n")).collect::<String>()).unwrap();
    }
    let first = fs::read_to_string(Path::new(RELEASES).join("0.1.0/vocabulary")).unwrap();
    let first: BTreeSet<&str> = first.lines().collect();
    assert!(first.contains("Command.open_incident") && first.len() > 100, "{} fields", first.len());
    let open: Vec<&String> = own
        .iter()
        .filter(|field| !first.contains(field.as_str()) && !HARMLESS.contains(&field.as_str()))
        .filter(|field| !since.contains(field.as_str()))
        .collect();
    assert!(
        open.is_empty(),
        "a node of the release before cannot read {open:?}: let `Command::feature` ask for a feature, and name it in SINCE"
    );
    for (field, feature) in SINCE {
        assert!(own.contains(field), "{field} is gone: take it out of SINCE");
        assert!(!first.contains(field) && FEATURES.contains(&feature), "{field}");
    }
}
