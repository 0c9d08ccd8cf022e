//! `agree`: plays seeds and says what the judges found.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use agree::{
    Outcome,
    bug::Bug,
    conditions, play_of,
    record::{self, Caught, Made, Tally, keep},
    run,
};

const USAGE: &str = "\
usage: cargo run -p agree -- [--seed N [--trace]] [--seeds FROM..TO] [--minutes M] [--bug NAME] [--bugs] [--rounds FILE] [--draw] [--record FOLDER]

  --seed N          plays one seed; with --trace prints its history
  --seeds FROM..TO  plays these seeds (200 from 0 on when nothing is said)
  --minutes M       plays seeds from a new beginning until M minutes have passed
  --bug NAME        puts a mistake back; those inside consensus need --features seeded-bugs
  --bugs            puts every mistake back and prints which judge found it, and after how many seeds
  --rounds FILE     plays nothing: adds the rounds of a siege in FILE, a line of JSON each, to the record that --record names
  --draw            plays nothing: draws figures and page anew from the record that --record names
  --record FOLDER   adds what was played to the record there, and draws figures and page anew";

/// Seeds played when nothing is said.
const SEEDS: u64 = 200;

/// Seeds in which every mistake is played, so that the record can say in how many it shows.
const SEEDS_PER_BUG: u64 = 20;

/// Seeds after which a mistake counts as not found.
const SEEDS_PER_BUG_MAX: u64 = 400;

#[derive(Debug, Default)]
struct Asked {
    seeds: Option<(u64, u64)>,
    minutes: Option<u64>,
    bug: Option<Bug>,
    all_bugs: bool,
    traces: bool,
    draws: bool,
    rounds: Option<PathBuf>,
    record: Option<PathBuf>,
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
            "--draw" => asked.draws = true,
            "--rounds" => asked.rounds = Some(PathBuf::from(value("a file")?)),
            "--record" => asked.record = Some(PathBuf::from(value("a folder")?)),
            other => return Err(format!("{other} is not known")),
        }
    }
    if !cfg!(feature = "seeded-bugs") && (asked.all_bugs || asked.bug.is_some_and(Bug::is_inside)) {
        return Err("mistakes inside consensus are compiled in with --features seeded-bugs only".to_owned());
    }
    if asked.record.is_some() && asked.bug.is_some() {
        return Err("a record is of plays without a mistake, or with every one: leave out --bug".to_owned());
    }
    if (asked.rounds.is_some() || asked.draws) && asked.record.is_none() {
        return Err("--rounds and --draw want --record".to_owned());
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

fn complain(outcome: &Outcome) {
    if let Some(violation) = &outcome.violation {
        eprintln!("seed {}: {violation}\n  again: {}", outcome.play.seed, outcome.command());
    }
}

fn play_all(asked: &Asked, made: &Made) -> Result<ExitCode, String> {
    let series = series(asked);
    let began = series.began;
    let mut tally = Tally::from(series.next);
    for seed in series {
        let outcome = run(play_of(seed, asked.bug, asked.traces));
        if let Some(history) = &outcome.history {
            print!("{history}");
        }
        complain(&outcome);
        tally.add(&outcome);
        if tally.seeds == 1 && asked.seeds == Some((seed, seed.saturating_add(1))) {
            println!("seed {seed}: {} lines, hash {:016x}", outcome.lines, outcome.hash);
        }
    }
    tally.seconds = began.elapsed().as_secs_f64();
    let (seeds, seconds, per_minute, failed) = (tally.seeds, tally.seconds, tally.per_minute(), tally.failed());
    println!("{seeds} seeds in {seconds:.1} s, {per_minute:.0} seeds/min, {failed} failed");
    println!("{}", serde_json::Value::Object(tally.to_json()));
    if let Some(folder) = &asked.record {
        keep(folder, |detail| {
            record::add_run(detail, made, &tally);
            Ok(())
        })?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How one mistake is found: in so many seeds for the record, and in more if it hides.
fn catch(bug: Bug, from: u64) -> (Caught, String) {
    let mut caught = Caught { bug, judge: None, seeds_needed: SEEDS_PER_BUG_MAX, found_in: 0, of: SEEDS_PER_BUG };
    let mut said = String::new();
    for played in 0..SEEDS_PER_BUG_MAX {
        if played >= SEEDS_PER_BUG && caught.judge.is_some() {
            break;
        }
        let Some(violation) = run(play_of(from + played, Some(bug), false)).violation else { continue };
        caught.found_in += u64::from(played < SEEDS_PER_BUG);
        if caught.judge.is_none() {
            caught.judge = Some(violation.judge);
            caught.seeds_needed = played + 1;
            said = violation.what.chars().take(110).collect();
        }
    }
    (caught, said)
}

/// Puts every mistake back. The exit says whether each was found.
fn judge_judges(asked: &Asked, made: &Made) -> Result<ExitCode, String> {
    let from = asked.seeds.map_or(0, |(from, _)| from);
    println!("| mistake | layer | found by | seeds | in | what it said |\n|---|---|---|---|---|---|");
    let mut table = Vec::new();
    for bug in Bug::ALL.iter().copied().filter(|bug| asked.bug.is_none_or(|only| only == *bug)) {
        let (caught, said) = catch(bug, from);
        println!(
            "| {bug:?} | {} | {} | {} | {} of {} | {said} |",
            bug.layer().as_str(),
            caught.judge.unwrap_or("nobody"),
            caught.seeds_needed,
            caught.found_in,
            caught.of
        );
        table.push(caught);
    }
    if let Some(folder) = &asked.record {
        keep(folder, |detail| {
            record::put_bugs(detail, made, &table);
            Ok(())
        })?;
    }
    Ok(if table.iter().all(|caught| caught.judge.is_some()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds rounds of a siege to the record.
fn add_rounds(file: &Path, folder: &Path, made: &Made) -> Result<ExitCode, String> {
    let lines = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    keep(folder, |detail| record::add_rounds(detail, made, &lines))?;
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    // Before anything is played: the load is of before the run.
    let made = conditions::now();
    let done = match asked(env::args().skip(1)) {
        Ok(Asked { rounds: Some(file), record: Some(folder), .. }) => add_rounds(&file, &folder, &made),
        Ok(Asked { draws: true, record: Some(folder), .. }) => keep(&folder, |_| Ok(())).map(|()| ExitCode::SUCCESS),
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
