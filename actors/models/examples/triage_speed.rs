//! How fast the shipped model reads messages on one thread, and behind the server.
//!
//! `cargo run -p models --example triage_speed`

use std::error::Error;
use std::time::{Duration, Instant};

use models::corpus::Generator;
use models::serve::Server;
use models::triage::{BATCH_MAX, Triage};

fn main() -> Result<(), Box<dyn Error>> {
    let triage = Triage::shipped()?;
    let messages = Generator::new()?.messages(1, 4000)?;
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    let (mut done, begin) = (0_u32, Instant::now());
    while begin.elapsed() < Duration::from_secs(3) {
        for part in texts.chunks(BATCH_MAX) {
            done += u32::try_from(triage.read_batch(part)?.len())?;
        }
    }
    println!(
        "whole verdicts with reasons, batches of {BATCH_MAX}: {:.0}/s",
        f64::from(done) / begin.elapsed().as_secs_f64()
    );
    let (mut done, begin) = (0_u32, Instant::now());
    while begin.elapsed() < Duration::from_secs(3) {
        for part in texts.chunks(BATCH_MAX) {
            done += u32::try_from(triage.model().probabilities(part)?.len())?;
        }
    }
    println!("probabilities alone, batches of {BATCH_MAX}: {:.0}/s", f64::from(done) / begin.elapsed().as_secs_f64());
    let mut single = Vec::new();
    for text in &texts {
        let begin = Instant::now();
        triage.read(text)?;
        single.push(begin.elapsed());
    }
    say("one message, whole verdict", single);
    let server = Server::start("triage", vec![triage])?;
    let mut served = Vec::new();
    for text in &texts {
        let begin = Instant::now();
        server.ask((*text).to_owned(), begin + Duration::from_secs(1)).wait()?;
        served.push(begin.elapsed());
    }
    say("one message through the server (waits up to 2 ms for company)", served);
    Ok(())
}

fn say(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    println!("{what}: p50 {:.2?} p99 {:.2?}", at(50), at(99));
}
