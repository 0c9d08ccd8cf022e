//! scikit-learn and fastText on the same messages, in a Python environment that is made here from the package index. Where there
//! is no Python or no network they are left out, and the report says so.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Map, Value};

use super::triage;
use crate::{
    Result,
    parts::{Found, Setting},
};

/// What is installed. fastText's wheel was built for NumPy below 2.
const PACKAGES: [&str; 3] = ["numpy<2", "scikit-learn>=1.5", "fasttext-wheel==0.9.2"];
/// What has to be there for the environment to be of use.
const IMPORTS: &str = "import numpy, sklearn, fasttext";
/// Name of the environment's folder, in the build folder.
const FOLDER: &str = "bench-peers";

/// Measures, or says why not.
pub(crate) fn measure(setting: &Setting, data: &Path, say: &mut dyn FnMut(String)) -> Result<Found> {
    let mut found = Found::default();
    let python = match environment(say) {
        Ok(python) => python,
        Err(reason) => {
            say(format!("left out: {reason}"));
            found.note("skipped", reason);
            return Ok(found);
        }
    };
    let mut peers = Command::new(python);
    peers.arg(setting.root.join("ops/bench/models/peers.py")).arg("--data").arg(data.join(triage::FOLDER));
    if setting.quick {
        peers.arg("--limit").arg(triage::QUICK_MESSAGES.to_string());
    }
    let output = peers.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("peers.py ended with {}; its words are above", output.status).into());
    }
    let all: Map<String, Value> = serde_json::from_slice(&output.stdout)?;
    for (name, value) in all {
        match value.as_f64() {
            Some(number) if name != "svm_c" => found.figure(name, Some(number)),
            _ => found.note(name, value),
        }
    }
    Ok(found)
}

/// The Python with the peers in it; it is made when it is not there. `Err` says why there is none.
fn environment(say: &mut dyn FnMut(String)) -> std::result::Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // The build folder: this program lies in its `debug`.
    let folder = program.ancestors().nth(2).ok_or("the build folder is not known")?.join(FOLDER);
    let python = folder.join("bin/python");
    if ran(Command::new(&python).args(["-c", IMPORTS])).is_ok() {
        return Ok(python);
    }
    say(format!("making a Python environment with {}", PACKAGES.join(", ")));
    ran(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .map_err(|error| format!("no Python environment could be made (python3 -m venv): {error}"))?;
    ran(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES))
        .map_err(|error| format!("the packages could not be installed (pip): {error}"))?;
    ran(Command::new(&python).args(["-c", IMPORTS])).map_err(|error| format!("the packages do not work: {error}"))?;
    Ok(python)
}

/// Runs a program to its end; the last line of its complaints when it fails.
fn ran(command: &mut Command) -> std::result::Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(words
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it failed without a word")
        .trim()
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_says_why() {
        let failed = ran(Command::new("sh").args(["-c", "echo first >&2; echo why >&2; echo >&2; exit 3"]));
        assert_eq!(failed, Err("why".to_owned()));
        assert!(ran(&mut Command::new("a-program-that-is-not-there")).is_err());
        assert_eq!(ran(Command::new("true").arg("x")), Ok(()));
    }
}
