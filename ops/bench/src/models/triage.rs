//! The classifier of texts on public messages with 36 labels: trained on one part, judged once on another, for the peers in
//! `peers.rs` to be compared with. Nothing trained here is kept.

use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use models::triage::{
    BATCH_MAX, Settings,
    quality::judge,
    schema::{Example, Schema, Truth},
    train,
};
use node::{replay::table::text, train::read};
use serde_json::json;

use super::written;
use crate::{Result, parts::Found};

/// Folder of the messages in that of the data.
pub(crate) const FOLDER: &str = "disaster_messages";
/// Seed of the training.
const SEED: u64 = 7;
/// How long a speed is measured at least.
const SPEED_MIN: Duration = Duration::from_secs(3);
/// Columns before the labels: id, message, original, genre.
const BEFORE_LABELS: usize = 4;
/// Messages that are trained on when the benchmark itself is tried.
pub(crate) const QUICK_MESSAGES: usize = 1500;

/// Measures.
pub(crate) fn measure(data: &Path, quick: bool, say: &mut dyn FnMut(String)) -> Result<Found> {
    let folder = data.join(FOLDER);
    let (mut examples, labels) = load(&folder.join("train.csv.gz"))?;
    let (held, _) = load(&folder.join("validation.csv.gz"))?;
    let schema = Schema::any_of("labels", labels);
    let mut settings = Settings::english(SEED);
    if quick {
        examples.truncate(QUICK_MESSAGES);
        settings.epochs_max = 1;
    }
    let begun = Instant::now();
    let trained = train(&schema, &examples, &settings, &mut |now| {
        say(format!("network {} of {}, epoch {}: loss {:.4}", now.run + 1, now.runs, now.epoch, now.loss));
        ControlFlow::Continue(())
    })?;
    let mut found = Found::default();
    found.figure("triage_train_s", Some(begun.elapsed().as_secs_f64()));
    let texts: Vec<&str> = held.iter().map(|example| example.text.as_str()).collect();
    let mut probabilities = Vec::with_capacity(texts.len());
    for part in texts.chunks(BATCH_MAX) {
        probabilities.extend(trained.model.probabilities(part)?);
    }
    let truths: Vec<Vec<Truth>> = held.iter().map(|example| example.truths.clone()).collect();
    let quality = judge(&schema, &trained.model.calibration, &probabilities, &truths);
    let head = quality.heads.first().ok_or("the schema has no head")?;
    found.figure("triage_micro_f1", Some(head.micro_f1));
    found.figure("triage_macro_f1", Some(head.macro_f1));
    found.figure("triage_calibration_error", Some(head.calibration_error));
    found.note("labels", written::labels(head));
    found.note("bins", json!(head.bins));
    found.note("messages", json!({ "trained": examples.len(), "judged": held.len() }));

    // Text in, labels out, in batches as a server sees them; the peers do the same on the same texts.
    let (mut done, begun) = (0_usize, Instant::now());
    while begun.elapsed() < SPEED_MIN {
        for part in texts.chunks(BATCH_MAX) {
            for probabilities in trained.model.probabilities(part)? {
                std::hint::black_box(trained.model.calibration.decide(&schema, &probabilities));
                done += 1;
            }
        }
    }
    found.figure("triage_per_s_core", Some(done as f64 / begun.elapsed().as_secs_f64()));
    Ok(found)
}

/// Messages with any number of labels: id, message, original, genre, then a column a label; above 0 counts as 1.
fn load(path: &Path) -> Result<(Vec<Example>, Vec<String>)> {
    let table = read::table(path)?;
    let message = table.column("message")?;
    let labels: Vec<String> = table.names().skip(BEFORE_LABELS).map(str::to_owned).collect();
    let example = |(row, group): (&_, u64)| {
        let marks = (0..labels.len()).filter(|at| !matches!(text(row, BEFORE_LABELS + at), "0" | ""));
        let bits = marks.fold(0_u64, |bits, at| bits | (1 << at));
        Example { text: text(row, message).to_owned(), truths: vec![Truth::Any(bits)], group }
    };
    let examples = table.rows().iter().zip(0..).map(example).collect();
    Ok((examples, labels))
}
