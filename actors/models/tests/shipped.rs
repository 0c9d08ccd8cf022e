//! The shipped model and the messages that it is tested with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use models::artifact::{Artifact, hash};
use models::triage::labelled::{Labelled, parse};
use models::triage::labels::{Kind, Vulnerable};
use models::triage::normal::plain;
use models::triage::{Recipe, SHIPPED, Triage, evaluate};

/// The hand-written messages of all files.
fn hand_written() -> Vec<Labelled> {
    // Cargo starts a test in its package's folder. A path from the build would be that of whichever checkout built it last
    // into a shared build folder.
    let mut files: Vec<PathBuf> = fs::read_dir("corpus").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "tsv"))
        .flat_map(|file| {
            parse(&fs::read_to_string(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        })
        .collect()
}

#[test]
fn the_shipped_file_is_the_one_that_is_recorded() {
    let recorded = fs::read_to_string("trained/triage.sha256").unwrap();
    assert_eq!(hash(SHIPPED), recorded.trim());
    assert!(SHIPPED.len() < 2 * 1024 * 1024, "{} bytes", SHIPPED.len());
    let header = Artifact::decode(SHIPPED).unwrap().header;
    assert_eq!(header.name, "triage");
    assert_eq!(header.quality["emergencies_ranked_none"], 0.0);
    // Cores that were held out: 0.74 when it was trained.
    assert!(header.quality["kind_accuracy"] > 0.71, "{:?}", header.quality);
    assert!(header.quality["kind_calibration_error"] < 0.05, "{:?}", header.quality);
}

#[test]
fn nothing_that_is_written_by_hand_is_learned_from() {
    let apart: Vec<String> = hand_written().into_iter().map(|message| message.text).collect();
    let learned: BTreeSet<String> =
        Recipe::shipped(apart.clone()).examples().unwrap().iter().map(|example| plain(&example.text)).collect();
    assert!(learned.len() > 10_000);
    for text in apart {
        assert!(!learned.contains(&plain(&text)), "{text}");
    }
}

#[test]
fn no_emergency_of_the_hand_written_messages_is_ranked_as_none() {
    let messages = hand_written();
    let found = evaluate(&Triage::shipped().unwrap(), &messages).unwrap();
    assert_eq!(found.missed, Vec::<String>::new());
    // 0.68 when it was trained.
    assert!(found.kind_accuracy > 0.65, "{}", found.kind_accuracy);
}

#[test]
fn what_settings_and_rules_were_chosen_by_is_read_well() {
    let messages = parse(&fs::read_to_string("corpus/choosing/vi.tsv").unwrap()).unwrap();
    assert!(messages.len() > 150);
    let found = evaluate(&Triage::shipped().unwrap(), &messages).unwrap();
    assert_eq!(found.missed, Vec::<String>::new());
    assert!(found.kind_accuracy > 0.85, "{}", found.kind_accuracy);
    assert!(found.people_accuracy > 0.85 && found.people_silence > 0.85, "{found:?}");
}

#[test]
fn a_plea_is_read_whole() {
    let triage = Triage::shipped().unwrap();
    let text = "cứu với, nước lên tới mái rồi, nhà có 5 người, bà nội 82 tuổi nằm liệt, ở xóm 3 Đồng Hỷ";
    let verdict = triage.read(text).unwrap();
    assert_eq!(verdict.kind, Kind::Flood);
    assert_eq!(verdict.people, Some(5));
    assert!(!verdict.ranked_none && verdict.none_probability < 0.05);
    assert!(verdict.vulnerable.iter().any(|scored| scored.label == Vulnerable::Elderly));
    assert!(verdict.reasons.iter().any(|reason| reason.weight > 0.0 && text[reason.start..reason.end] == reason.word));
    let without_marks = triage.read("cuu voi, nuoc len toi mai roi, nha co 5 nguoi").unwrap();
    assert_eq!(without_marks.kind, Kind::Flood);
    let sum: f32 = verdict.kinds.iter().map(|scored| scored.probability).sum();
    assert!((sum - 1.0).abs() < 1e-4);
}

#[test]
fn strange_texts_are_answered_too() {
    let triage = Triage::shipped().unwrap();
    let long = "nước lên ".repeat(5000);
    for text in ["", " ", "\u{0}", "🆘🆘🆘", "12345678901234567890", long.as_str(), "\u{301}\u{301}"] {
        let verdict = triage.read(text).unwrap();
        assert!((0.0..=1.0).contains(&verdict.none_probability));
    }
    let both = triage.read_batch(&["cháy nhà", "cảm ơn trung tâm"]).unwrap();
    assert_eq!(both[0], triage.read("cháy nhà").unwrap());
}
