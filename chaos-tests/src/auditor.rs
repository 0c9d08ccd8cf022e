//! An auditor: carries the record of a cluster away with the program, and verifies it in a folder where nothing else is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use domain::audit::frames;
use tokio::process::Command;

use crate::{Failure, program::program};

/// What a verification came to: the heads that are to be noted, or what is wrong.
pub type Verified = Result<Vec<String>, String>;

/// Where a cluster is, as `trongdong` takes it.
#[derive(Clone)]
pub struct Door {
    /// Origins of its nodes.
    pub urls: Vec<String>,
    /// Its authority, where it speaks HTTPS.
    pub ca: Option<PathBuf>,
    /// The first administrator's password.
    pub password: String,
}

/// Exports the record of all groups into a folder that is not there yet.
///
/// # Errors
/// The program is missing, or what it said when it failed.
pub async fn export(door: &Door, folder: &Path) -> Result<(), Failure> {
    let mut command = Command::new(program()?);
    command.args(["audit", "export"]).arg(folder).args(["--reason", "kiểm tra định kỳ"]);
    for url in &door.urls {
        command.args(["--url", url]);
    }
    if let Some(ca) = &door.ca {
        command.arg("--ca").arg(ca);
    }
    let output = command.env("TRONGDONG_PASSWORD", &door.password).kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("audit export: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Verifies what lies in the folder, against heads that were noted before.
///
/// # Errors
/// The program is missing, or the folder cannot be read.
pub async fn verify(folder: &Path, noted: &[String]) -> Result<Verified, Failure> {
    let said = match said_of(folder, noted).await? {
        Ok(said) => said,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let heads =
        said.lines().filter(|line| line.split(':').count() == 3 && line.starts_with(|c: char| c.is_ascii_digit()));
    let heads: Vec<String> = heads.map(str::to_owned).collect();
    if heads.is_empty() { Err(format!("audit verify said no heads: {said}").into()) } else { Ok(Ok(heads)) }
}

/// What the program says of what lies in the folder, or what is wrong. It gets nothing but the files.
///
/// # Errors
/// The program is missing, or the folder cannot be read.
pub async fn said_of(folder: &Path, noted: &[String]) -> Result<Result<String, String>, Failure> {
    let mut command = Command::new(program()?);
    command.args(["audit", "verify"]).args(files(folder)?).env_clear().current_dir(folder);
    for head in noted {
        command.args(["--noted", head]);
    }
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        return Ok(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The files of an export, in their order.
///
/// # Errors
/// The folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Failure>>()?;
    files.sort();
    Ok(files)
}

/// One thing done to a file of an export: what, and the file then.
type Edit = (&'static str, Vec<u8>);

/// The middle and the last byte changed, the last frame left out, which is the end, and the last record left out before it.
fn edits(whole: &[u8]) -> Result<Vec<Edit>, Failure> {
    let flipped = |at: usize| {
        let mut changed = whole.to_vec();
        *changed.get_mut(at)? ^= 1;
        Some(changed)
    };
    let middle = flipped(whole.len() / 2).ok_or("is empty")?;
    let last = flipped(whole.len().saturating_sub(1)).ok_or("is empty")?;
    let mut edits =
        vec![("a bit of the middle byte was changed", middle), ("a bit of the last byte was changed", last)];
    let frames = frames(whole).map(|framed| Ok(framed?.bytes)).collect::<Result<Vec<_>, Failure>>()?;
    let Some((end, records)) = frames.split_last() else { return Ok(edits) };
    edits.push(("the end was left out", records.concat()));
    // A group without records has an end alone.
    if let Some((_, kept)) = records.split_last() {
        edits.push(("the last record was left out", [kept.concat().as_slice(), *end].concat()));
    }
    Ok(edits)
}

/// Changes to each file of the export, one after the other, have to be found without anything noted; then the file is as it was.
///
/// # Errors
/// One was not found, which is named.
pub async fn find_every_change(folder: &Path) -> Result<(), Failure> {
    for file in files(folder)? {
        let whole = fs::read(&file)?;
        for (what, edited) in edits(&whole).map_err(|error| format!("{}: {error}", file.display()))? {
            fs::write(&file, edited)?;
            let found = verify(folder, &[]).await?;
            fs::write(&file, &whole)?;
            if found.is_ok() {
                return Err(format!("{}: {what}, and it verified", file.display()).into());
            }
        }
    }
    Ok(())
}
