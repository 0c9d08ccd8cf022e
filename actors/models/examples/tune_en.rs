//! Trains the classifier on one folder of labelled English messages and judges it on another part of it.
//!
//! `cargo run -p models --example triage_english -- FOLDER [threads]`; FOLDER holds `train.csv.gz` and `validation.csv.gz` (id,
//! message, original, genre, then labels). Nothing is kept. Without `--judge` only the cross-validated figures of train are
//! said, which is what settings are chosen by.

use std::error::Error;
use std::fs::File;
use std::ops::ControlFlow;
use std::time::Instant;

use flate2::read::GzDecoder;
use models::triage::quality::judge;
use models::triage::schema::{Example, Schema, Truth};
use models::triage::{Settings, train};

type Rows = (Vec<Example>, Vec<String>);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of the data")?;
    let judged = std::env::args().any(|argument| argument == "--judge");
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<f32>().ok());
    let (examples, labels) = load(&format!("{folder}/train.csv.gz"))?;
    let schema = Schema::any_of("labels", labels);
    let mut settings = Settings::english(7);
    settings.pace.table_rate = setting("RATE").unwrap_or(settings.pace.table_rate);
    settings.pace.dropout = setting("DROPOUT").unwrap_or(settings.pace.dropout);
    settings.pace.table_decay = setting("DECAY").unwrap_or(settings.pace.table_decay);
    settings.hidden = setting("HIDDEN").map_or(settings.hidden, |h| h as usize);
    settings.shape.piece_weight = setting("PIECE").unwrap_or(settings.shape.piece_weight);
    if let Some(x) = setting("MIN") { settings.texts_min = x as u32; }
    if let Some(x) = setting("WORDS") { settings.shape.words_max = x as usize; }
    if let Some(x) = setting("PMAX") { settings.shape.piece_max = x as usize; }
    if let Some(x) = setting("PMIN") { settings.shape.piece_min = x as usize; }
    if let Some(x) = setting("BITS") { settings.shape.buckets_log2 = x as u32; settings.rows_max = 1 << 20; }
    if let Some(x) = setting("FOLDS") { settings.folds = x as usize; }
    if let Some(x) = setting("BATCH") { settings.pace.batch = x as usize; }
    if let Some(x) = setting("TOP") { settings.pace.top_rate = x as f64; }
    if setting("LOSS").is_some() { settings.stop = models::triage::train::Stop::Loss; }
    let begin = Instant::now();
    let trained = train(&schema, &examples, &settings, &mut |now| {
        eprintln!("{} {} {:.4} {:.4} {:.0?}", now.run, now.epoch, now.loss, now.held_loss, begin.elapsed());
        ControlFlow::Continue(())
    })?;
    let head = &trained.quality.heads[0];
    println!(
        "train, cross-validated: micro {:.4} macro {:.4} in {:.0?}",
        head.micro_f1,
        head.macro_f1,
        begin.elapsed()
    );
    if judged {
        let (held, _) = load(&format!("{folder}/validation.csv.gz"))?;
        let texts: Vec<&str> = held.iter().map(|example| example.text.as_str()).collect();
        let begin = Instant::now();
        let mut probabilities = Vec::new();
        for part in texts.chunks(32) {
            probabilities.extend(trained.model.probabilities(part)?);
        }
        let seconds = begin.elapsed().as_secs_f64();
        let truths: Vec<Vec<Truth>> = held.iter().map(|example| example.truths.clone()).collect();
        let quality = judge(&schema, &trained.model.calibration, &probabilities, &truths);
        let head = &quality.heads[0];
        println!("validation: micro {:.4} macro {:.4}", head.micro_f1, head.macro_f1);
        println!("{:.0} messages a second", f64::from(u32::try_from(texts.len())?) / seconds);
    }
    Ok(())
}

fn load(path: &str) -> Result<Rows, Box<dyn Error>> {
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
