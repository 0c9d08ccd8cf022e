//! `cargo xtask siege`: tries to break it for as long as one likes, on real nodes and in the simulator, and keeps the record in
//! `ops/reports`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::Duration,
};

use crate::{
    context::{self, Context},
    tools::{self, Use},
};

const USAGE: &str = "\
cargo xtask siege [OPTIONS]
            --hours N          real nodes, storm after storm (0.2 when nothing is said); --seed N, --keep-going
            --clusters K       of K clusters beside each other, each for so long: the record counts their hours together
            --no-build         with the programs as they were built last: whoever says so vouches for the commit
            --older PATH       instead of storms: upgrades a cluster, node by node, from that earlier `trongdong`
            --agree-minutes M  seeds of consensus in the simulator from a new beginning for so long
            --agree-bugs       puts every known mistake back, and records which judge finds it
            --city-minutes M   seeds of whole nodes in the simulator from a new beginning for so long
            --city-seed N      the one seed, which is not recorded
            --city-bugs        puts every known mistake between consensus and people back";

/// Between two looks whether a siege has played another round.
const LOOK: Duration = Duration::from_secs(1);

/// What is asked of the simulator; what else was said is the siege's.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    agree_minutes: Option<u64>,
    agree_bugs: bool,
    city_minutes: Option<u64>,
    city_seed: Option<u64>,
    city_bugs: bool,
    no_build: bool,
    siege: Vec<String>,
}

/// Breaks, records, and draws the report anew.
pub(crate) fn run(context: &Context, options: &[String]) -> Result<(), String> {
    let asked = asked(options)?;
    tools::ensure(&[Use::Build])?;
    context.say_target();
    let folder = context.root.join("ops/reports");
    let record = ["--record", &folder.to_string_lossy()].map(str::to_owned);
    if asked.agree_bugs {
        let mut cargo = context.cargo(&["run", "--locked", "--package", "agree", "--features", "seeded-bugs"]);
        cargo.args(["--", "--bugs"]).args(&record);
        context::run(cargo)?;
    }
    // Without the feature: what is played for a record is what ships.
    let agree = |own: &[&str]| {
        let programs = context.build(&["agree"])?;
        let mut agree = context.program(&programs.join("agree").to_string_lossy(), "", own);
        agree.args(&record);
        context::run(agree)
    };
    if let Some(minutes) = asked.agree_minutes {
        agree(&["--minutes", &minutes.to_string()])?;
    }
    let city = |own: &[&str]| {
        let programs = context.build(&["city"])?;
        context::run(context.program(&programs.join("city").to_string_lossy(), "", own))
    };
    if let Some(seed) = asked.city_seed {
        city(&["--seed", &seed.to_string()])?;
    }
    let [option, folder] = &record;
    if asked.city_bugs {
        city(&["--bugs", option, folder])?;
    }
    if let Some(minutes) = asked.city_minutes {
        city(&["--minutes", &minutes.to_string(), option, folder])?;
    }
    let is_siege = !asked.siege.is_empty() || asked == Asked { no_build: asked.no_build, ..Asked::default() };
    if is_siege {
        let rounds = context.runs_folder()?.join(format!("siege-{}.jsonl", std::process::id()));
        // The siege starts `trongdong` itself, and finds it beside its own program.
        let names = ["trongdong", "siege", "agree"];
        let programs =
            if asked.no_build { built(context.target.join("debug"), &names)? } else { context.build(&names)? };
        let program = |name: &str| context.program(&programs.join(name).to_string_lossy(), "", &[]);
        let mut siege = program("siege");
        siege.arg("--record").arg(&rounds).args(&asked.siege).env("TMPDIR", context.runs_folder()?);
        besiege(siege, &rounds, || {
            let mut agree = program("agree");
            agree.args(&record).arg("--rounds").arg(&rounds);
            context::run(agree)
        })?;
    }
    Ok(())
}

/// Lets a siege run, and keeps its rounds in the record as they are played: one that is cut off is not lost. A round that failed stands there
/// as well.
fn besiege(mut siege: Command, rounds: &Path, keep: impl Fn() -> Result<(), String>) -> Result<(), String> {
    let mut running = siege.spawn().map_err(|error| format!("cannot start the siege: {error}"))?;
    let (mut kept_bytes, mut kept) = (0, Ok(()));
    let ended = loop {
        // Asked first: what was written before it ended is seen below.
        let ended = running.try_wait().map_err(|error| error.to_string())?;
        let bytes = fs::metadata(rounds).map_or(0, |meta| meta.len());
        if bytes > kept_bytes {
            kept = keep();
            kept_bytes = bytes;
        }
        if let Some(status) = ended {
            break status;
        }
        sleep(LOOK);
    };
    kept?;
    if ended.success() { Ok(()) } else { Err(format!("the siege ended with {ended}; its rounds are in the record")) }
}

/// The folder of programs that were built before.
fn built(folder: PathBuf, names: &[&str]) -> Result<PathBuf, String> {
    match names.iter().find(|name| !folder.join(name).is_file()) {
        Some(missing) => Err(format!("{} is not there: leave out --no-build", folder.join(missing).display())),
        None => Ok(folder),
    }
}

fn asked(options: &[String]) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().cloned().ok_or_else(|| format!("{option} takes a value\n\n{USAGE}"));
        match option.as_str() {
            "--agree-bugs" => asked.agree_bugs = true,
            "--city-bugs" => asked.city_bugs = true,
            "--agree-minutes" => asked.agree_minutes = Some(minutes(option, &value()?)?),
            "--city-minutes" => asked.city_minutes = Some(minutes(option, &value()?)?),
            "--city-seed" => {
                let seed = value()?.parse().ok();
                asked.city_seed = Some(seed.ok_or_else(|| format!("{option} takes a whole number\n\n{USAGE}"))?);
            }
            "--no-build" => asked.no_build = true,
            "--hours" | "--seed" | "--older" | "--clusters" => asked.siege.extend([option.clone(), value()?]),
            "--keep-going" => asked.siege.push(option.clone()),
            other => return Err(format!("`siege` does not take `{other}`\n\n{USAGE}")),
        }
    }
    Ok(asked)
}

fn minutes(option: &str, value: &str) -> Result<u64, String> {
    let minutes = value.parse().ok().filter(|minutes| *minutes > 0);
    minutes.ok_or_else(|| format!("{option} takes whole minutes\n\n{USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &[&str]) -> Result<Asked, String> {
        asked(&options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn minutes_are_whole_what_is_the_sieges_is_passed_on_and_what_is_not_known_is_refused() {
        assert_eq!(of(&[]), Ok(Asked::default()));
        let simulated = Asked { agree_minutes: Some(3), agree_bugs: true, ..Asked::default() };
        assert_eq!(of(&["--agree-minutes", "3", "--agree-bugs"]), Ok(simulated));
        let real = ["--hours", "2", "--keep-going"].map(str::to_owned).to_vec();
        assert_eq!(of(&["--hours", "2", "--keep-going"]), Ok(Asked { siege: real, ..Asked::default() }));
        let beside = ["--hours", "1", "--clusters", "4"].map(str::to_owned).to_vec();
        let built = Asked { no_build: true, siege: beside, ..Asked::default() };
        assert_eq!(of(&["--hours", "1", "--no-build", "--clusters", "4"]), Ok(built));
        let older = ["--older", "/opt/trongdong-0.1/trongdong"].map(str::to_owned).to_vec();
        assert_eq!(of(&["--older", "/opt/trongdong-0.1/trongdong"]), Ok(Asked { siege: older, ..Asked::default() }));
        let whole = Asked { city_minutes: Some(5), city_seed: Some(7), city_bugs: true, ..Asked::default() };
        assert_eq!(of(&["--city-minutes", "5", "--city-seed", "7", "--city-bugs"]), Ok(whole));
        assert!(of(&["--agree-minutes", "0"]).is_err());
        assert!(of(&["--city-minutes", "0"]).is_err());
        assert!(of(&["--city-seed", "x"]).is_err());
        assert!(of(&["--hours"]).is_err());
        assert!(of(&["--minutes", "3"]).is_err());
    }

    fn shell(script: &str, rounds: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(rounds);
        command
    }

    #[test]
    fn rounds_are_kept_while_a_siege_goes_on_and_when_it_fails() {
        let rounds = std::env::temp_dir().join(format!("xtask-siege-{}.jsonl", std::process::id()));
        let seen = std::cell::RefCell::new(Vec::new());
        let keep = || -> Result<(), String> {
            seen.borrow_mut().push(fs::read_to_string(&rounds).map_err(|error| error.to_string())?);
            Ok(())
        };
        // The second round is written once the first was kept, which is told by a file.
        let told = rounds.with_extension("kept");
        let keep_and_tell = || {
            keep()?;
            fs::write(&told, "").map_err(|error| error.to_string())
        };
        let script =
            "echo one >>\"$0\"; until [ -e \"${0%.jsonl}.kept\" ]; do sleep 0.1; done; echo two >>\"$0\"; exit 1";
        let ended = besiege(shell(script, &rounds), &rounds, keep_and_tell);
        assert!(ended.is_err_and(|error| error.contains("its rounds are in the record")));
        assert_eq!(*seen.borrow(), ["one\n", "one\ntwo\n"]);
        assert_eq!(besiege(shell("true", &rounds), &told, || Err("kept without a round".to_owned())), Ok(()));
        assert!([&rounds, &told].iter().all(|file| fs::remove_file(file).is_ok()));
    }

    #[test]
    fn a_program_that_was_never_built_is_named() {
        let refused = built(std::env::temp_dir(), &["no-such-program"]);
        assert!(refused.is_err_and(|error| error.contains("no-such-program") && error.contains("--no-build")));
    }
}
