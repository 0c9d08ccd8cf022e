//! Trains the classifier on one file of labelled English messages and judges it once on another. Nothing is kept.
//!
//! `cargo run -p models --example triage_english -- FOLDER [--judge]`; FOLDER holds `train.csv.gz` and `validation.csv.gz` (id,
//! message, original, genre, then a column a label; above 0 counts as 1). Without `--judge` only the figures of messages of
//! train that were held out are said: settings are chosen by those.

use std::error::Error;
use std::fs::File;
use std::ops::ControlFlow;
use std::time::Instant;

use flate2::read::GzDecoder;
use models::triage::quality::judge;
use models::triage::schema::{Example, Schema, Truth};
use models::triage::{BATCH_MAX, Settings, train};

/// Seed of the training, as in the measurement of models.
const SEED: u64 = 7;

/// Columns before the labels: id, message, original, genre.
const BEFORE_LABELS: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of the data")?;
    let (examples, labels) = load(&format!("{folder}/train.csv.gz"))?;
    let schema = Schema::any_of("labels", labels);
    let begun = Instant::now();
    let trained = train(&schema, &examples, &Settings::english(SEED), &mut |now| {
        println!("network {} of {}, epoch {}: {:.4} {:.4}", now.run + 1, now.runs, now.epoch, now.loss, now.held_loss);
        ControlFlow::Continue(())
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let head = trained.quality.heads.first().ok_or("the schema has no head")?;
    println!("train, held out: micro F1 {:.4}, macro F1 {:.4}, in {seconds:.0} s", head.micro_f1, head.macro_f1);
    if !std::env::args().any(|argument| argument == "--judge") {
        return Ok(());
    }
    let (held, _) = load(&format!("{folder}/validation.csv.gz"))?;
    let texts: Vec<&str> = held.iter().map(|example| example.text.as_str()).collect();
    let (begun, mut probabilities) = (Instant::now(), Vec::with_capacity(texts.len()));
    for part in texts.chunks(BATCH_MAX) {
        probabilities.extend(trained.model.probabilities(part)?);
    }
    let rate = f64::from(u32::try_from(texts.len())?) / begun.elapsed().as_secs_f64();
    let truths: Vec<Vec<Truth>> = held.iter().map(|example| example.truths.clone()).collect();
    let quality = judge(&schema, &trained.model.calibration, &probabilities, &truths);
    let head = quality.heads.first().ok_or("the schema has no head")?;
    println!("validation: micro F1 {:.4}, macro F1 {:.4}; {rate:.0} messages/s", head.micro_f1, head.macro_f1);
    Ok(())
}

fn load(path: &str) -> Result<(Vec<Example>, Vec<String>), Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path)?));
    let labels: Vec<String> = reader.headers()?.iter().skip(BEFORE_LABELS).map(str::to_owned).collect();
    let mut examples = Vec::new();
    for (row, group) in reader.records().zip(0..) {
        let row = row?;
        let marks = row.iter().skip(BEFORE_LABELS).enumerate().filter(|(_, cell)| !matches!(*cell, "0" | ""));
        let bits = marks.fold(0_u64, |bits, (at, _)| bits | (1 << at));
        examples.push(Example { text: row.get(1).unwrap_or("").to_owned(), truths: vec![Truth::Any(bits)], group });
    }
    Ok((examples, labels))
}
