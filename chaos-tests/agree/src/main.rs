//! `agree`: plays seeds and says what the judges found.

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use agree::{Outcome, bug::Bug, play_of, run, world::Counts};

const USAGE: &str = "\
usage: cargo run -p agree -- [--seed N [--trace]] [--seeds FROM..TO] [--minutes M] [--bug NAME] [--bugs]

  --seed N          plays one seed; with --trace prints its history
  --seeds FROM..TO  plays these seeds (200 from 0 on when nothing is said)
  --minutes M       plays seeds from a new beginning until M minutes have passed
  --bug NAME        puts a mistake back; those inside consensus need --features seeded-bugs
  --bugs            puts every mistake back and prints which judge found it, and after how many seeds";

/// Seeds played when nothing is said.
const SEEDS: u64 = 200;

/// Seeds after which a mistake counts as not found.
const SEEDS_PER_BUG_MAX: u64 = 400;

#[derive(Debug, Default)]
struct Asked {
    seeds: Option<(u64, u64)>,
    minutes: Option<u64>,
    bug: Option<Bug>,
    all_bugs: bool,
    traces: bool,
}

fn asked(mut args: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked::default();
    while let Some(arg) = args.next() {
        let mut value = |what: &str| args.next().ok_or_else(|| format!("{arg} wants {what}"));
        let number = |text: String| text.parse::<u64>().map_err(|e| format!("{arg} {text}: {e}"));
        match arg.as_str() {
            "--seed" => {
                let seed = number(value("a number")?)?;
                asked.seeds = Some((seed, seed.saturating_add(1)));
            }
            "--seeds" => {
                let range = value("FROM..TO")?;
                let (from, to) = range.split_once("..").ok_or_else(|| format!("{range}: write FROM..TO"))?;
                asked.seeds = Some((number(from.to_owned())?, number(to.to_owned())?));
            }
            "--minutes" => asked.minutes = Some(number(value("a number")?)?),
            "--bug" => {
                let name = value("a name")?;
                asked.bug = Some(Bug::named(&name).ok_or_else(|| format!("{name} is none of {:?}", Bug::ALL))?);
            }
            "--bugs" => asked.all_bugs = true,
            "--trace" => asked.traces = true,
            other => return Err(format!("{other} is not known")),
        }
    }
    if !cfg!(feature = "seeded-bugs") && (asked.all_bugs || asked.bug.is_some_and(Bug::is_inside)) {
        return Err("mistakes inside consensus are compiled in with --features seeded-bugs only".to_owned());
    }
    Ok(asked)
}

/// Seeds that follow on each other, until enough are played.
struct Series {
    began: Instant,
    until: Option<Duration>,
    next: u64,
    end: u64,
}

impl Iterator for Series {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.next >= self.end || self.until.is_some_and(|until| self.began.elapsed() >= until) {
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }
}

fn series(asked: &Asked) -> Series {
    let began = Instant::now();
    match (asked.seeds, asked.minutes) {
        (None, Some(minutes)) => {
            // A new beginning each time, which the summary names.
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            let next = now.as_secs() << 16;
            Series { began, until: Some(Duration::from_secs(minutes * 60)), next, end: u64::MAX }
        }
        (seeds, minutes) => {
            let (next, end) = seeds.unwrap_or((0, SEEDS));
            Series { began, until: minutes.map(|minutes| Duration::from_secs(minutes * 60)), next, end }
        }
    }
}

fn add(sum: &mut Counts, more: &Counts) {
    sum.sent += more.sent;
    sum.acknowledged += more.acknowledged;
    sum.reads += more.reads;
    sum.committed += more.committed;
    sum.leads += more.leads;
    sum.crashes += more.crashes;
    sum.snapshots += more.snapshots;
    sum.faults += more.faults;
}

fn complain(outcome: &Outcome) {
    if let Some(violation) = &outcome.violation {
        eprintln!("seed {}: {violation}\n  again: {}", outcome.play.seed, outcome.command());
    }
}

fn play_all(asked: &Asked) -> ExitCode {
    let series = series(asked);
    let (began, first) = (series.began, series.next);
    let (mut sum, mut played, mut failed, mut passed) = (Counts::default(), 0_u64, Vec::new(), Duration::ZERO);
    for seed in series {
        let outcome = run(play_of(seed, asked.bug, asked.traces));
        if let Some(history) = &outcome.history {
            print!("{history}");
        }
        complain(&outcome);
        if outcome.violation.is_some() {
            failed.push(seed);
        }
        played += 1;
        passed += outcome.passed;
        add(&mut sum, &outcome.counts);
        if played == 1 && asked.seeds == Some((seed, seed.saturating_add(1))) {
            println!("seed {seed}: {} lines, hash {:016x}", outcome.lines, outcome.hash);
        }
    }
    let took = began.elapsed();
    let per_minute = 60.0 * f64::from(u32::try_from(played).unwrap_or(u32::MAX)) / took.as_secs_f64().max(0.001);
    println!("{played} seeds in {:.1} s, {per_minute:.0} seeds/min, {} failed", took.as_secs_f64(), failed.len());
    let summary = serde_json::json!({
        "first_seed": first,
        "seeds": played,
        "failed": failed,
        "seconds": took.as_secs_f64(),
        "seeds_per_minute": per_minute,
        "virtual_seconds": passed.as_secs_f64(),
        "sent": sum.sent,
        "acknowledged": sum.acknowledged,
        "reads": sum.reads,
        "committed": sum.committed,
        "leads": sum.leads,
        "crashes": sum.crashes,
        "snapshots": sum.snapshots,
        "faults": sum.faults,
    });
    println!("{summary}");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Puts every mistake back. The exit says whether each was found.
fn judge_judges(asked: &Asked) -> ExitCode {
    let from = asked.seeds.map_or(0, |(from, _)| from);
    println!("| mistake | found by | seeds | what it said |\n|---|---|---|---|");
    let mut missed = 0;
    for bug in Bug::ALL.into_iter().filter(|bug| asked.bug.is_none_or(|only| only == *bug)) {
        let found = (from..from + SEEDS_PER_BUG_MAX).find_map(|seed| {
            let outcome = run(play_of(seed, Some(bug), false));
            outcome.violation.map(|violation| (seed, violation))
        });
        match found {
            Some((seed, violation)) => {
                let what: String = violation.what.chars().take(110).collect();
                println!("| {bug:?} | {} | {} | {what} |", violation.judge, seed - from + 1);
            }
            None => {
                missed += 1;
                println!("| {bug:?} | nobody | {SEEDS_PER_BUG_MAX} | |");
            }
        }
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    match asked(env::args().skip(1)) {
        Ok(asked) if asked.all_bugs => judge_judges(&asked),
        Ok(asked) => play_all(&asked),
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}
