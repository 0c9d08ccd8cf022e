//! Makes the triage model that the product ships, from its recipe, and says how good it is on the messages written by hand.
//!
//! `cargo run -p models --example train_triage` writes `trained/triage.bin` and `trained/triage.sha256` beside this crate's
//! sources; with `-- --check` it makes the model again and compares it with the file byte for byte; with `-- --shipped` it
//! judges the file as it is.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use models::triage::labelled::{Labelled, parse};
use models::triage::{Recipe, SHIPPED, Triage, evaluate, hand_written, make};

/// Messages that settings and rules were chosen by, beside what of the generator's is held out; none of them is for test.
const CHOOSING: &str = include_str!("../corpus/choosing/vi.tsv");

fn main() -> Result<(), Box<dyn Error>> {
    let asked = |name: &str| std::env::args().any(|argument| argument == name);
    if asked("--shipped") {
        return judge(&Triage::shipped()?);
    }
    let written = hand_written()?;
    let recipe = Recipe::shipped(written.iter().map(|message| message.text.clone()).collect());
    let begun = Instant::now();
    let made = make(&recipe, &mut |now| {
        println!(
            "network {} of {}, epoch {}: loss {:.4}, on what was held out {:.4}, after {:.0} s",
            now.run + 1,
            now.runs,
            now.epoch,
            now.loss,
            now.held_loss,
            begun.elapsed().as_secs_f64()
        );
        ControlFlow::Continue(())
    })?;
    for (name, value) in &made.artifact.header.quality {
        println!("held out: {name} {value:.4}");
    }
    let bytes = made.artifact.encode();
    println!("threshold of none {:.6}; {} bytes, sha256 {}", made.none_threshold, bytes.len(), made.artifact.hash());
    if asked("--check") {
        println!("the same as the shipped file: {}", bytes == SHIPPED);
        return if bytes == SHIPPED {
            Ok(())
        } else {
            Err("the recipe gave another model than the shipped one".into())
        };
    }
    let trained = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("trained");
    fs::write(trained.join("triage.bin"), &bytes)?;
    fs::write(trained.join("triage.sha256"), made.artifact.hash() + "\n")?;
    judge(&Triage::from_artifact(&made.artifact)?)
}

/// Single messages whose time is taken.
const SINGLES: usize = 5000;

fn judge(triage: &Triage) -> Result<(), Box<dyn Error>> {
    say("for choosing", triage, &parse(CHOOSING)?)?;
    say("for test", triage, &hand_written()?)
}

fn say(what: &str, triage: &Triage, written: &[Labelled]) -> Result<(), Box<dyn Error>> {
    let found = evaluate(triage, written)?;
    println!("written by hand {what}: {} messages, {} emergencies", found.messages, found.emergencies);
    println!("emergencies ranked as none {}, others ranked as none {:.3}", found.missed.len(), found.none_recall);
    println!("kind right {:.3}, among the two likeliest {:.3}", found.kind_accuracy, found.kind_accuracy_top2);
    for (kind, recall, count) in &found.kind_recall {
        println!("  recall of {} {recall:.3} of {count}", kind.name());
    }
    let (right, near) = found.severity_accuracy;
    println!("severity right {right:.3}, at most one step off {near:.3}");
    println!("people right {:.3}, silent where nothing is said {:.3}", found.people_accuracy, found.people_silence);
    for head in &found.quality.heads {
        let (name, micro, of_labels, error) = (&head.name, head.micro_f1, head.macro_f1, head.calibration_error);
        println!("  {name}: micro F1 {micro:.3}, macro F1 {of_labels:.3}, calibration error {error:.3}");
    }
    let mut times = Vec::with_capacity(SINGLES);
    for message in written.iter().cycle().take(SINGLES) {
        let begun = Instant::now();
        triage.read(&message.text)?;
        times.push(begun.elapsed());
    }
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    println!("one message to a whole verdict: p50 {:.1?}, p99 {:.1?}", at(50), at(99));
    Ok(())
}
