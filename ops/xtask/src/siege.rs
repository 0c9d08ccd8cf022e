//! `cargo xtask siege`: plays seeds of `chaos-tests/agree` and keeps the record in `ops/reports`.

use crate::context::{self, Context};

const USAGE: &str = "\
cargo xtask siege [--agree-minutes M] [--agree-bugs]
            --agree-minutes M  seeds from a new beginning for so long (10 when nothing is said)
            --agree-bugs       puts every known mistake back first, and records which judge finds it";

/// Minutes when nothing is said.
const MINUTES: u64 = 10;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    minutes: u64,
    bugs: bool,
}

/// Plays, records, and draws the report anew.
pub(crate) fn run(context: &Context, options: &[String]) -> Result<(), String> {
    let asked = asked(options)?;
    context.say_target();
    let reports = context.root.join("ops/reports");
    let record = ["--record", &reports.to_string_lossy()].map(str::to_owned);
    let play = |features: &[&str], own: &[&str]| {
        let mut cargo = context.cargo(&["run", "--locked", "--package", "agree"]);
        cargo.args(features).arg("--").args(own).args(&record);
        context::run(cargo)
    };
    if asked.bugs {
        play(&["--features", "seeded-bugs"], &["--bugs"])?;
    }
    // Without the feature: what is played for a record is what ships.
    play(&[], &["--minutes", &asked.minutes.to_string()])
}

fn asked(options: &[String]) -> Result<Asked, String> {
    let mut asked = Asked { minutes: MINUTES, bugs: false };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.as_str() {
            "--agree-bugs" => asked.bugs = true,
            "--agree-minutes" => {
                let minutes = options.next().and_then(|text| text.parse().ok()).filter(|minutes| *minutes > 0);
                asked.minutes = minutes.ok_or_else(|| format!("{option} takes whole minutes\n\n{USAGE}"))?;
            }
            other => return Err(format!("`siege` does not take `{other}`\n\n{USAGE}")),
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &[&str]) -> Result<Asked, String> {
        asked(&options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn minutes_are_whole_and_what_is_not_known_is_refused() {
        assert_eq!(of(&[]), Ok(Asked { minutes: MINUTES, bugs: false }));
        assert_eq!(of(&["--agree-minutes", "3", "--agree-bugs"]), Ok(Asked { minutes: 3, bugs: true }));
        assert!(of(&["--agree-minutes", "0"]).is_err());
        assert!(of(&["--agree-minutes"]).is_err());
        assert!(of(&["--minutes", "3"]).is_err());
    }
}
