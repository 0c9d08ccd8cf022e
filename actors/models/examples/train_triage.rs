//! Makes the triage model that the product ships, from the recipe, and says how good it is on the hand-written messages.
//!
//! `cargo run -p models --example train_triage` writes `actors/models/trained/triage.bin` and a report beside the build;
//! `-- --check` makes it again and compares it with the file byte for byte.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use models::report::training_page;
use models::triage::labelled::{Labelled, parse};
use models::triage::{Made, Recipe, SHIPPED, Triage, evaluate, make};

fn main() -> Result<(), Box<dyn Error>> {
    let check = std::env::args().any(|argument| argument == "--check");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let hand_written = hand_written(&here.join("corpus"))?;
    let recipe = Recipe::shipped(hand_written.iter().map(|message| message.text.clone()).collect());
    let made = make(&recipe, &mut |now| {
        println!(
            "network {} of {}, epoch {}: loss {:.4}, on what was held out {:.4}",
            now.run + 1,
            now.runs,
            now.epoch,
            now.loss,
            now.held_loss
        );
        ControlFlow::Continue(())
    })?;
    for (name, value) in &made.artifact.header.quality {
        println!("{name} {value:.4}");
    }
    println!("threshold of none {:.6}", made.none_threshold);
    let bytes = made.artifact.encode();
    println!("{} bytes, sha256 {}", bytes.len(), made.artifact.hash());
    if check {
        println!("the same as the shipped file: {}", bytes == SHIPPED);
        return if bytes == SHIPPED {
            Ok(())
        } else {
            Err("the recipe gave another model than the shipped one".into())
        };
    }
    fs::write(here.join("trained/triage.bin"), &bytes)?;
    fs::write(here.join("trained/triage.sha256"), made.artifact.hash() + "\n")?;
    say_hand_written(&made, &hand_written)?;
    let page = PathBuf::from(std::env::var("REPORT").unwrap_or_else(|_| "triage-report.html".to_owned()));
    fs::write(&page, training_page("Phân loại tin báo", "Triage", &made.artifact, &made.trained))?;
    println!("report {}", page.display());
    Ok(())
}

/// The hand-written messages of all files; none when there are no files.
fn hand_written(folder: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let mut all = Vec::new();
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).map(|f| f.flatten().map(|e| e.path()).collect()).unwrap_or_default();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "tsv")) {
        all.extend(parse(&fs::read_to_string(file)?).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    Ok(all)
}

fn say_hand_written(made: &Made, messages: &[Labelled]) -> Result<(), Box<dyn Error>> {
    if messages.is_empty() {
        println!("no hand-written messages: skipped");
        return Ok(());
    }
    let found = evaluate(&Triage::from_artifact(&made.artifact)?, messages)?;
    println!("hand-written: {} messages, {} emergencies", found.messages, found.emergencies);
    println!("emergencies ranked as none: {}", found.missed.len());
    println!("others ranked as none: {:.3}", found.none_recall);
    println!("kind accuracy {:.3}, among the two likeliest {:.3}", found.kind_accuracy, found.kind_accuracy_top2);
    for (kind, recall, n) in &found.kind_recall {
        println!("  recall of {} {recall:.3} of {n}", kind.name());
    }
    println!("severity right {:.3}, at most one step off {:.3}", found.severity_accuracy.0, found.severity_accuracy.1);
    println!("people right {:.3}, silent where nothing is said {:.3}", found.people_accuracy, found.people_silence);
    for head in &found.quality.heads {
        println!(
            "  {}: micro F1 {:.3}, macro F1 {:.3}, calibration error {:.3}",
            head.name, head.micro_f1, head.macro_f1, head.calibration_error
        );
    }
    for row in &found.confusion {
        println!("  {}", row.iter().map(|n| format!("{n:>5}")).collect::<String>());
    }
    Ok(())
}
