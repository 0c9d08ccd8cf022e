//! `city`: plays seeds of whole nodes and says what the judges found.

use std::{
    env,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use agree::{
    bug::Bug,
    conditions, record as kept,
    record::{CityCaught, Made},
};
use city::{Outcome, bug::Mistake, play_of, record::Tally, run};

const USAGE: &str = "\
usage: cargo run -p city -- [--seed N [--trace]] [--seeds FROM..TO] [--minutes M] [--bug NAME] [--bugs] [--record FOLDER]

  --seed N          plays one seed; with --trace prints its history
  --seeds FROM..TO  plays these seeds (50 from 0 on when nothing is said)
  --minutes M       plays seeds from a new beginning until M minutes have passed
  --bug NAME        puts a mistake back: one of the city's, or with --features seeded-bugs one of agree's
  --bugs            puts every mistake of the city's back and prints which judge found it, and after how many seeds
  --record FOLDER   adds what was played to the record there, and draws figures and page anew";

/// Seeds played when nothing is said.
const SEEDS: u64 = 50;

/// Seeds after which a mistake counts as not found.
const SEEDS_PER_BUG_MAX: u64 = 100;

#[derive(Default)]
struct Asked {
    seeds: Option<(u64, u64)>,
    minutes: Option<u64>,
    traces: bool,
    mistake: Option<Mistake>,
    bug: Option<Bug>,
    all_bugs: bool,
    record: Option<PathBuf>,
}

fn asked(mut args: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} takes a value"));
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{arg} takes whole numbers"));
        match arg.as_str() {
            "--seed" => {
                let seed = number(&value()?)?;
                asked.seeds = Some((seed, seed.saturating_add(1)));
            }
            "--seeds" => {
                let range = value()?;
                let (from, to) = range.split_once("..").ok_or_else(|| format!("{arg} takes FROM..TO"))?;
                asked.seeds = Some((number(from)?, number(to)?));
            }
            "--minutes" => asked.minutes = Some(number(&value()?)?),
            "--trace" => asked.traces = true,
            "--bugs" => asked.all_bugs = true,
            "--bug" => {
                let name = value()?;
                asked.mistake = Mistake::named(&name);
                asked.bug = Bug::named(&name);
                if asked.mistake.is_none() && asked.bug.is_none() {
                    return Err(format!("there is no mistake {name}"));
                }
            }
            "--record" => asked.record = Some(PathBuf::from(value()?)),
            other => return Err(format!("{other} is not known")),
        }
    }
    if !cfg!(feature = "seeded-bugs") && asked.bug.is_some_and(Bug::is_inside) {
        return Err("mistakes inside consensus are compiled in with --features seeded-bugs only".to_owned());
    }
    if asked.record.is_some() && (asked.mistake.is_some() || asked.bug.is_some()) {
        return Err("a record is of plays without a mistake, or with every one: leave out --bug".to_owned());
    }
    Ok(asked)
}

/// The first seed, the one after the last, and how long at most.
fn series(asked: &Asked) -> (u64, u64, Option<Duration>) {
    let length = asked.minutes.map(|minutes| Duration::from_secs(minutes * 60));
    match (asked.seeds, length) {
        (None, Some(_)) => {
            // A new beginning each time, which the summary names.
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            (now.as_secs() << 16, u64::MAX, length)
        }
        (seeds, length) => {
            let (from, to) = seeds.unwrap_or((0, SEEDS));
            (from, to, length)
        }
    }
}

fn complain(outcome: &Outcome) {
    if let Some(violation) = &outcome.violation {
        eprintln!("seed {}: {violation}\n  again: {}", outcome.play.agree.seed, outcome.command());
    }
}

fn play_all(asked: &Asked, made: &Made) -> Result<ExitCode, String> {
    let began = Instant::now();
    let (from, to, length) = series(asked);
    let mut tally = Tally::from(from);
    for seed in from..to {
        if length.is_some_and(|length| began.elapsed() >= length) {
            break;
        }
        let outcome = run(play_of(seed, asked.mistake, asked.bug, asked.traces));
        if let Some(history) = &outcome.history {
            print!("{history}");
        }
        complain(&outcome);
        tally.add(&outcome);
        if to == from.saturating_add(1) {
            println!("seed {seed}: {} lines, hash {:016x}", outcome.lines, outcome.hash);
        }
    }
    tally.seconds = began.elapsed().as_secs_f64();
    let (seeds, seconds, per_minute, failed) = (tally.seeds, tally.seconds, tally.per_minute(), tally.failed());
    println!("{seeds} seeds in {seconds:.1} s, {per_minute:.0} seeds/min, {failed} failed");
    println!("{}", serde_json::Value::Object(tally.to_json()));
    if let Some(folder) = &asked.record {
        kept::keep(folder, |detail| {
            kept::add_city_run(detail, made, tally.to_json());
            Ok(())
        })?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts every mistake of the city's back. The exit says whether each was found.
fn judge_judges(asked: &Asked, made: &Made) -> Result<ExitCode, String> {
    let from = asked.seeds.map_or(0, |(from, _)| from);
    println!("| mistake | found by | seeds | what it said |\n|---|---|---|---|");
    let mut table = Vec::new();
    for (mistake, what) in Mistake::ALL.iter().copied() {
        let found = (0..SEEDS_PER_BUG_MAX).find_map(|played| {
            let violation = run(play_of(from + played, Some(mistake), None, false)).violation?;
            Some((played + 1, violation))
        });
        let (judge, seeds_needed, said) = match found {
            Some((seeds, violation)) => (Some(violation.judge), seeds, violation.what.chars().take(110).collect()),
            None => (None, SEEDS_PER_BUG_MAX, String::new()),
        };
        println!("| {mistake:?} | {} | {seeds_needed} | {said} |", judge.unwrap_or("nobody"));
        table.push(CityCaught { bug: format!("{mistake:?}"), what, judge, seeds_needed });
    }
    if let Some(folder) = &asked.record {
        kept::keep(folder, |detail| {
            kept::put_city_bugs(detail, made, &table);
            Ok(())
        })?;
    }
    Ok(if table.iter().all(|caught| caught.judge.is_some()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn main() -> ExitCode {
    // Before anything is played: the load is of before the run.
    let made = conditions::now();
    let done = match asked(env::args().skip(1)) {
        Ok(asked) if asked.all_bugs => judge_judges(&asked, &made),
        Ok(asked) => play_all(&asked, &made),
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
