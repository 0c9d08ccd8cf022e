//! The shipped triage on the messages that were written by hand and never learned from: what it misses, how sure it is, how fast.

use std::time::{Duration, Instant};

use models::triage::{BATCH_MAX, Evaluation, Triage, evaluate, hand_written, labels::Kind};
use serde_json::{Value, json};

use crate::{Result, parts::Found, stats::Samples};

/// How long a speed is measured at least.
const SPEED_MIN: Duration = Duration::from_secs(3);
/// Single messages whose time is taken.
const SINGLES: usize = 5000;

/// Measures.
pub(crate) fn measure() -> Result<Found> {
    let messages = hand_written()?;
    let triage = Triage::shipped()?;
    let mut found = Found::default();
    quality(&evaluate(&triage, &messages)?, &mut found);
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    speed(&triage, &texts, &mut found)?;
    Ok(found)
}

fn quality(of: &Evaluation, found: &mut Found) {
    for (name, count) in [
        ("vi_messages_tested", of.messages),
        ("vi_emergencies_tested", of.emergencies),
        ("vi_emergencies_missed", of.missed.len()),
    ] {
        found.figure(name, Some(count as f64));
    }
    for (name, share) in [
        ("vi_none_recall", of.none_recall),
        ("vi_kind_accuracy", of.kind_accuracy),
        ("vi_kind_accuracy_top2", of.kind_accuracy_top2),
        ("vi_severity_accuracy", of.severity_accuracy.0),
        ("vi_severity_within_one", of.severity_accuracy.1),
        ("vi_people_accuracy", of.people_accuracy),
    ] {
        found.figure(name, Some(share));
    }
    // None missed of so many: with 95 % confidence the rate lies below this (Clopper and Pearson's bound where nothing was seen).
    if of.missed.is_empty() && of.emergencies > 0 {
        found.figure("vi_missed_percent_bound_95", Some(100.0 * (1.0 - 0.05_f64.powf(1.0 / of.emergencies as f64))));
    }
    let kinds = of.kind_recall.iter().map(|(kind, recall, count)| {
        found.figure(format!("vi_recall_{}", kind.name()), Some(*recall));
        json!({ "kind": kind.name(), "recall": recall, "messages": count })
    });
    let kinds: Vec<Value> = kinds.collect();
    found.note("kinds", kinds);
    let mut heads = Vec::new();
    for head in &of.quality.heads {
        found.figure(format!("vi_{}_macro_f1", head.name), Some(head.macro_f1));
        found.figure(format!("vi_{}_calibration_error", head.name), Some(head.calibration_error));
        heads.push(json!({ "name": head.name, "labels": labels(head), "bins": head.bins }));
    }
    found.note("heads", heads);
    found.note("missed", json!(of.missed));
    found.note("confusion_columns", json!(Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>()));
    found.note("confusion", json!(of.confusion));
}

/// Every label of a head with its figures.
pub(crate) fn labels(head: &models::triage::quality::HeadQuality) -> Vec<Value> {
    let label = |label: &models::triage::quality::LabelQuality| {
        json!({
            "name": label.name, "support": label.support,
            "precision": label.precision(), "recall": label.recall(), "f1": label.f1(),
        })
    };
    head.labels.iter().map(label).collect()
}

/// Whole verdicts with their reasons, on one thread: in batches, and one by one.
fn speed(triage: &Triage, texts: &[&str], found: &mut Found) -> Result<()> {
    let (mut done, begun) = (0_usize, Instant::now());
    while begun.elapsed() < SPEED_MIN {
        for part in texts.chunks(BATCH_MAX) {
            done += triage.read_batch(part)?.len();
        }
    }
    found.figure("triage_verdicts_per_s_core", Some(done as f64 / begun.elapsed().as_secs_f64()));
    let mut times = Samples::default();
    for text in texts.iter().cycle().take(SINGLES) {
        let begun = Instant::now();
        triage.read(text)?;
        times.put(begun.elapsed().as_secs_f64() * 1000.0);
    }
    let times = times.sorted();
    found.figure("triage_ms_p50_idle", crate::stats::percentile(&times, 50.0));
    found.figure("triage_ms_p99_idle", crate::stats::percentile(&times, 99.0));
    found.note("idle", crate::stats::curve(&times));
    Ok(())
}
