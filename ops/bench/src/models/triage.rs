//! Triage of text, measured: against scikit-learn and fastText on public messages, on the hand-written ones, and for speed.
//!
//! The public messages are read from a folder that the caller names, and nothing trained on them is kept. The peers run in
//! `ops/bench/models/peers.py` with the same files.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use models::triage::labelled::{Labelled, parse};
use models::triage::quality::judge;
use models::triage::schema::{Example, Schema, Truth};
use models::triage::{BATCH_MAX, Settings, Triage, evaluate, train};

type Figures = BTreeMap<String, f64>;

/// Seed of the training on public messages.
const SEED: u64 = 7;

/// How long a speed is measured at least.
const SPEED_MIN: Duration = Duration::from_secs(3);

/// Single messages whose time is taken for the 99th percentile.
const SINGLES: usize = 5000;

/// Trains on `train.csv.gz` of the folder, judges once on `validation.csv.gz`: `triage_micro_f1`, `triage_macro_f1`.
pub(crate) fn public_messages(folder: &Path, say: &mut dyn FnMut(String)) -> Result<Figures, Box<dyn Error>> {
    let (examples, labels) = load(&folder.join("train.csv.gz"))?;
    let (held, _) = load(&folder.join("validation.csv.gz"))?;
    let schema = Schema::any_of("labels", labels);
    let begin = Instant::now();
    let trained = train(&schema, &examples, &Settings::english(SEED), &mut |now| {
        say(format!("network {} of {}, epoch {}: loss {:.4}", now.run + 1, now.runs, now.epoch, now.loss));
        ControlFlow::Continue(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let texts: Vec<&str> = held.iter().map(|example| example.text.as_str()).collect();
    let mut probabilities = Vec::with_capacity(texts.len());
    for part in texts.chunks(BATCH_MAX) {
        probabilities.extend(trained.model.probabilities(part)?);
    }
    let truths: Vec<Vec<Truth>> = held.into_iter().map(|example| example.truths).collect();
    let quality = judge(&schema, &trained.model.calibration, &probabilities, &truths);
    let head = quality.heads.first().ok_or("the schema has no head")?;
    Ok(Figures::from([
        ("triage_micro_f1".to_owned(), head.micro_f1),
        ("triage_macro_f1".to_owned(), head.macro_f1),
        ("triage_train_s".to_owned(), seconds),
    ]))
}

/// The peers on the same folder, run by the Python that has scikit-learn and fastText.
pub(crate) fn peers(python: &Path, script: &Path, folder: &Path) -> Result<Figures, Box<dyn Error>> {
    let output = Command::new(python).arg(script).arg("--data").arg(folder).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let all: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&output.stdout)?;
    Ok(all.into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))).collect())
}

/// The shipped model on the hand-written messages of `actors/models/corpus`.
pub(crate) fn hand_written(triage: &Triage, messages: &[Labelled]) -> Result<Figures, Box<dyn Error>> {
    let found = evaluate(triage, messages)?;
    let count = |n: usize| u32::try_from(n).map(f64::from);
    let mut figures = Figures::from([
        ("vi_messages_tested".to_owned(), count(found.messages)?),
        ("vi_emergencies_tested".to_owned(), count(found.emergencies)?),
        ("vi_emergencies_missed".to_owned(), count(found.missed.len())?),
        ("vi_none_recall".to_owned(), found.none_recall),
        ("vi_kind_accuracy".to_owned(), found.kind_accuracy),
        ("vi_severity_within_one".to_owned(), found.severity_accuracy.1),
        ("vi_people_accuracy".to_owned(), found.people_accuracy),
    ]);
    for (kind, recall, _) in found.kind_recall {
        figures.insert(format!("vi_recall_{}", kind.name()), recall);
    }
    for head in found.quality.heads {
        figures.insert(format!("vi_{}_macro_f1", head.name), head.macro_f1);
        figures.insert(format!("vi_{}_calibration_error", head.name), head.calibration_error);
    }
    Ok(figures)
}

/// Reads all hand-written messages of a folder.
pub(crate) fn load_hand_written(folder: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let mut files: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "tsv")) {
        all.extend(parse(&fs::read_to_string(file)?).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    Ok(all)
}

/// Whole verdicts with reasons, on one thread: `triage_per_s_core` in batches, `triage_ms_p99` of single messages.
pub(crate) fn speed(triage: &Triage, texts: &[&str]) -> Result<Figures, Box<dyn Error>> {
    if texts.is_empty() {
        return Err("no texts to measure with".into());
    }
    let (mut done, begin) = (0_u32, Instant::now());
    while begin.elapsed() < SPEED_MIN {
        for part in texts.chunks(BATCH_MAX) {
            done += u32::try_from(triage.read_batch(part)?.len())?;
        }
    }
    let per_s = f64::from(done) / begin.elapsed().as_secs_f64();
    let mut times = Vec::with_capacity(SINGLES);
    for text in texts.iter().cycle().take(SINGLES) {
        let begin = Instant::now();
        triage.read(text)?;
        times.push(begin.elapsed());
    }
    times.sort();
    let p99 = times.get(SINGLES * 99 / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
    Ok(Figures::from([("triage_per_s_core".to_owned(), per_s), ("triage_ms_p99".to_owned(), p99)]))
}

/// Messages with any number of labels: id, message, original, genre, then a column a label; above 0 counts as 1.
fn load(path: &Path) -> Result<(Vec<Example>, Vec<String>), Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path)?));
    let labels: Vec<String> = reader.headers()?.iter().skip(4).map(str::to_owned).collect();
    let mut examples = Vec::new();
    for (row, group) in reader.records().zip(0..) {
        let row = row?;
        let marks = row.iter().skip(4).enumerate().filter(|(_, cell)| !matches!(*cell, "0" | ""));
        let bits = marks.fold(0_u64, |bits, (at, _)| bits | (1 << at));
        examples.push(Example { text: row.get(1).unwrap_or("").to_owned(), truths: vec![Truth::Any(bits)], group });
    }
    Ok((examples, labels))
}
