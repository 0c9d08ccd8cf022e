//! The record: every group's chain exported over HTTP, carried away, and verified there by `trongdong audit verify`, which knows no
//! cluster. A byte that is changed afterwards has to be found.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use domain::audit::{Frame, frames};
use serde_json::json;
use tokio::{process::Command, time::sleep};

use crate::{
    Result,
    desk::Desk,
    http::Answer,
    parts::{Found, Setting},
    stage::{self, Stage},
    stats::{Samples, percentile},
};

/// Sessions that fill the log.
const SESSIONS: usize = 16;
/// How long filling may take; what is not sent by then is missing, and the report says how many records there were.
const FILL_WITHIN: Duration = Duration::from_secs(90);
/// Verifications; the median counts.
const VERIFICATIONS: usize = 5;
/// Requests for one group's chain; a longer one is an error.
const REQUESTS_MAX: u32 = 2000;
/// Tries of one request.
const TRIES_MAX: u32 = 20;
/// Between two tries.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let reports: usize = setting.choose(15_000, 300);
    let stage = Stage::start(&setting.program, "audit", setting.keep).await?;
    let bodies = (0..reports).map(|number| stage::report(&format!("record-{number}"))).collect();
    let (filled, _) = stage::register(stage.admins(SESSIONS).await?, "/api/reports", bodies, FILL_WITHIN).await?;
    let mut desk = stage.admin(0).await?;
    let copy = Exported::export(&mut desk, "audit").await?;
    // The copy is elsewhere: from here on there is no cluster.
    drop((desk, stage));
    let (mut records, mut took_s) = (0, Samples::default());
    for _ in 0..setting.choose(VERIFICATIONS, 1) {
        let (verified, seconds) = verify(&setting.program, &copy.files).await?;
        records = verified;
        took_s.put(seconds);
    }
    let found_change = finds_a_changed_byte(&setting.program, &copy).await?;
    if !found_change {
        return Err("a byte of the record was changed, and it verified".into());
    }
    let took_s = took_s.sorted();
    let median_s = percentile(&took_s, 50.0);
    let mut found = Found::default();
    found.figure("audit_verify_entries_per_s", median_s.map(|seconds| records as f64 / seconds));
    found.note("reports_filed", filled);
    found.note("records", records);
    found.note("bytes", copy.bytes());
    found.note("verify_s", took_s);
    found.note("a_changed_byte_was_found", found_change);
    Ok(found)
}

/// Exports the record of a cluster and verifies the copy; how many records it holds, and the seconds it took.
pub(super) async fn export_and_verify(setting: &Setting, desk: &mut Desk, name: &str) -> Result<(u64, f64)> {
    let copy = Exported::export(desk, name).await?;
    verify(&setting.program, &copy.files).await
}

/// The files of an export, in a folder that goes with it.
struct Exported {
    folder: PathBuf,
    files: Vec<PathBuf>,
}

impl Drop for Exported {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Exported {
    /// Exports all groups, a file each.
    async fn export(desk: &mut Desk, name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("trongdong-bench-{}-{name}-record", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut copy = Self { folder, files: Vec::new() };
        for group in domain::GroupId::all() {
            let file = copy.folder.join(format!("group-{}.audit", group.0));
            fs::write(&file, chain(desk, group.0).await?)?;
            copy.files.push(file);
        }
        Ok(copy)
    }

    fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum()
    }
}

/// A group's whole chain.
async fn chain(desk: &mut Desk, group: u32) -> Result<Vec<u8>> {
    let (mut chain, mut after) = (Vec::new(), 0);
    for _ in 0..REQUESTS_MAX {
        let body = json!({ "group": group, "after": after, "reason": "measurement" }).to_string();
        let part = export(desk, body.as_bytes()).await?.body;
        let mut more = false;
        for framed in frames(&part) {
            if let Frame::End(end) = framed.map_err(|error| format!("group {group}: {error}"))?.frame {
                (after, more) = (end.through, end.more);
            }
        }
        chain.extend_from_slice(&part);
        // What is recorded meanwhile, each request in group 0, makes the next export longer.
        if !more {
            return Ok(chain);
        }
    }
    Err(format!("the record of group {group} does not end").into())
}

/// One request, again under its number while a node cannot answer it.
async fn export(desk: &mut Desk, body: &[u8]) -> Result<Answer> {
    let seq = desk.next_seq();
    let mut last = String::new();
    for _ in 0..TRIES_MAX {
        last = match desk.attempt(seq, "/api/audit/export", body).await {
            Ok(answer) if answer.is_success() => return Ok(answer),
            Ok(answer) if answer.status < 500 && answer.status != 429 => {
                return Err(format!("POST /api/audit/export: {}", answer.words()).into());
            }
            Ok(answer) => answer.words(),
            Err(error) => error.to_string(),
        };
        sleep(AGAIN_AFTER).await;
    }
    Err(format!("POST /api/audit/export: {last}").into())
}

/// Runs `trongdong audit verify`; the records that it counted, and the seconds it took from start to end of the program.
async fn verify(program: &Path, files: &[PathBuf]) -> Result<(u64, f64)> {
    let begun = Instant::now();
    let output = Command::new(program).args(["audit", "verify"]).args(files).kill_on_drop(true).output().await?;
    let seconds = begun.elapsed().as_secs_f64();
    if !output.status.success() {
        return Err(format!("audit verify: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok((records_of(&said).ok_or_else(|| format!("audit verify said: {said}"))?, seconds))
}

/// The number of records in what the program said.
fn records_of(said: &str) -> Option<u64> {
    said.split_once(" records")?.0.parse().ok()
}

/// Changes one bit in the middle of the largest file; whether the verification says so. The copy stays changed.
async fn finds_a_changed_byte(program: &Path, copy: &Exported) -> Result<bool> {
    let largest = copy.files.iter().max_by_key(|file| fs::metadata(file).map(|file| file.len()).unwrap_or_default());
    let largest = largest.ok_or("nothing was exported")?;
    let mut bytes = fs::read(largest)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).ok_or("nothing was exported")? ^= 1;
    fs::write(largest, bytes)?;
    Ok(verify(program, &copy.files).await.is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_the_program_says() {
        let said = "20312 records, 0 erased by rule, 8 anchors: nothing is wrong\nKeep these";
        assert_eq!(records_of(said), Some(20_312));
        assert_eq!(records_of("group 0: record 7 was changed"), None);
    }
}
