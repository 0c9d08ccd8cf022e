//! `cargo xtask siege`: tries to break it for as long as one likes, on real nodes and in the simulator, and keeps the record in
//! `ops/reports`.

use crate::{
    context::{self, Context},
    tools::{self, Use},
};

const USAGE: &str = "\
cargo xtask siege [OPTIONS]
            --hours N          real nodes, storm after storm (0.2 when nothing is said); --seed N, --keep-going
            --older PATH       instead of storms: upgrades a cluster, node by node, from that earlier `trongdong`
            --agree-minutes M  seeds of consensus in the simulator from a new beginning for so long
            --agree-bugs       puts every known mistake back, and records which judge finds it
            --city-minutes M   seeds of whole nodes in the simulator from a new beginning for so long
            --city-seed N      the one seed, which is not recorded
            --city-bugs        puts every known mistake between consensus and people back";

/// What is asked of the simulator; what else was said is the siege's.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    agree_minutes: Option<u64>,
    agree_bugs: bool,
    city_minutes: Option<u64>,
    city_seed: Option<u64>,
    city_bugs: bool,
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
    if !asked.siege.is_empty() || asked == Asked::default() {
        let rounds = context.runs_folder()?.join(format!("siege-{}.jsonl", std::process::id()));
        let rounds = rounds.to_string_lossy();
        // The siege starts `trongdong` itself, and finds it beside its own program.
        let programs = context.build(&["trongdong", "siege"])?;
        let mut siege = context.program(&programs.join("siege").to_string_lossy(), "", &["--record", &rounds]);
        siege.args(&asked.siege).env("TMPDIR", context.runs_folder()?);
        let broken = context::run(siege);
        // A round that failed stands in the record as well.
        agree(&["--rounds", &rounds])?;
        broken?;
    }
    Ok(())
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
            "--hours" | "--seed" | "--older" => asked.siege.extend([option.clone(), value()?]),
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
}
