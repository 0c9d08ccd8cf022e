//! Backups that the restore drill takes, each with what was promised when it began and when it had ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use chaos_tests::{
    Failure,
    load::Load,
    oracle::{Fate, IncidentPromise, Promises, ReadingPromise},
};
use serde_json::Value;

use super::Operator;

/// Backups that may go by before one meets an acknowledgement on its way.
const BACKUP_ATTEMPTS_MAX: usize = 5;

/// A backup as the drill sees it.
pub(super) struct Backup {
    /// Promises when it began: what is acknowledged here must be in it.
    pub(super) before: Promises,
    /// Promises when it had ended: what is not in here cannot be in it.
    pub(super) after: Promises,
    pub(super) manifest: Value,
    /// Bytes of chunks that earlier backups had.
    pub(super) bytes_shared: u64,
}

impl Backup {
    fn readings_acknowledged_meanwhile(&self) -> usize {
        self.after.readings_acknowledged() - self.before.readings_acknowledged()
    }
}

/// Manifests in the folder of backups.
pub(super) fn manifests(operator: &Operator) -> Vec<PathBuf> {
    let files = fs::read_dir(operator.path("BACKUPS")).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

/// Chunks of a backup, each once, and their bytes.
fn chunks_of(manifest: &Value) -> Result<BTreeMap<String, u64>, Failure> {
    let groups = manifest["groups"].as_array().ok_or("no groups")?;
    let mut chunks = BTreeMap::new();
    for chunk in groups.iter().filter_map(|group| group["chunks"].as_array()).flatten() {
        let name = chunk["sha256"].as_str().ok_or("a chunk without a name")?;
        chunks.insert(name.to_owned(), chunk["bytes"].as_u64().ok_or("a chunk without a size")?);
    }
    Ok(chunks)
}

fn read_manifest(path: &Path) -> Result<Value, Failure> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// Takes a backup that writing went on beside. One may pass between two acknowledgements and says nothing of that; where writing
/// stops for a backup, it stops for each.
pub(super) async fn back_up(operator: &Operator, load: &Load, block: &str) -> Result<Backup, Failure> {
    for _ in 0..BACKUP_ATTEMPTS_MAX {
        let backup = back_up_once(operator, load, block).await?;
        if backup.readings_acknowledged_meanwhile() > 0 {
            return Ok(backup);
        }
    }
    Err(format!("in {BACKUP_ATTEMPTS_MAX} backups no reading was acknowledged: writing stops for them").into())
}

async fn back_up_once(operator: &Operator, load: &Load, block: &str) -> Result<Backup, Failure> {
    let folder = operator.path("BACKUPS");
    let (known, bytes_before) = (manifests(operator), bytes_of(&folder));
    let (before, begun) = (load.oracle.promises(), Instant::now());
    let said = operator.does(block).await?;
    let (after, took) = (load.oracle.promises(), begun.elapsed());
    let new = manifests(operator).into_iter().find(|path| !known.contains(path)).ok_or("no new manifest")?;
    let manifest = read_manifest(&new)?;
    let bytes_written = bytes_of(&folder) - bytes_before;

    // No chunk that an earlier backup has is written again: what was written is the chunks that none has, and the manifest.
    let mut earlier = BTreeSet::new();
    for path in &known {
        earlier.extend(chunks_of(&read_manifest(path)?)?.into_keys());
    }
    let (shared, fresh): (Vec<_>, Vec<_>) =
        chunks_of(&manifest)?.into_iter().partition(|(name, _)| earlier.contains(name));
    let sum = |chunks: &[(String, u64)]| chunks.iter().map(|(_, bytes)| bytes).sum::<u64>();
    let (bytes_shared, bytes_fresh) = (sum(&shared), sum(&fresh));
    let of_manifest = fs::metadata(&new)?.len() + fs::metadata(new.with_extension("json.sha256"))?.len();
    assert_eq!(bytes_written, bytes_fresh + of_manifest, "{} chunks are new, {} known", fresh.len(), shared.len());

    let backup = Backup { before, after, manifest, bytes_shared };
    let acknowledged = backup.readings_acknowledged_meanwhile();
    let answer = load.oracle.first_command_after(begun);
    println!(
        "restore: {} took {:.1} s and wrote {bytes_written} bytes beside {bytes_shared} that were there; meanwhile {acknowledged} \
         readings were acknowledged, and the first command after {answer:?}",
        new.file_name().unwrap_or_default().to_string_lossy(),
        took.as_secs_f64()
    );
    assert!(said.contains(&format!(" {bytes_written} byte")), "the program says the same: {said}");
    assert!(said.contains("sealing.key"), "the operator is told what is not in it: {said}");
    Ok(backup)
}

pub(super) fn files_of(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
}

fn bytes_of(folder: &Path) -> u64 {
    files_of(folder).iter().filter_map(|file| fs::metadata(file).ok()).map(|meta| meta.len()).sum()
}

/// What a cluster made of this backup may hold: acknowledged before it began, it must; sent before it had ended, it may.
pub(super) fn promised(backup: &Backup) -> Promises {
    let fate = |before: Option<&Fate>| match before {
        Some(Fate::Acknowledged) => Fate::Acknowledged,
        _ => Fate::Unknown,
    };
    let readings = backup.after.readings.iter().map(|(key, promise)| {
        let fate = fate(backup.before.readings.get(key).map(|before| &before.fate));
        (key.clone(), ReadingPromise { fate, ..promise.clone() })
    });
    let incidents = backup.after.incidents.iter().map(|(summary, promise)| {
        let before = backup.before.incidents.get(summary);
        let notes = promise.notes.keys().map(|note| (note.clone(), fate(before.and_then(|it| it.notes.get(note)))));
        let known = IncidentPromise {
            opened: fate(before.map(|before| &before.opened)),
            id: promise.id.clone(),
            acknowledged: promise
                .acknowledged
                .as_ref()
                .map(|_| fate(before.and_then(|before| before.acknowledged.as_ref()))),
            notes: notes.collect(),
        };
        (summary.clone(), known)
    });
    Promises { readings: readings.collect(), incidents: incidents.collect() }
}
