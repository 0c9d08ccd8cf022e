//! Verifies backups where they lie: no cluster, no database, only the folder.

use std::collections::BTreeSet;

use domain::State;

use super::{
    audit::{AuditError, GroupAudit, across},
    folder::{Folder, FolderError},
    hash::Hash,
    manifest::Manifest,
};

/// What is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file is missing or damaged.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// All files are whole and do not make up what they should.
    #[error("{backup}: nhóm {group}: {error} / group {group}")]
    Group {
        /// Which backup.
        backup: String,
        /// Which group.
        group: u32,
        /// What is wrong.
        error: AuditError,
    },
}

/// A backup of which everything was right.
#[derive(Debug)]
pub struct Verified {
    /// What it consists of.
    pub manifest: Manifest,
    /// State of the command group.
    pub command: State,
}

/// Reads everything of the backup `name`: each chunk's length, hash and checksum, the order of rows from the first to the last,
/// their sums, the state that comes of them, its invariants and its digest.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(folder: &Folder, name: &str) -> Result<Verified, VerifyError> {
    let manifest = folder.manifest(name)?;
    let mut command = None;
    for group in &manifest.groups {
        let wrong = |error| VerifyError::Group { backup: name.to_owned(), group: group.group, error };
        let mut audit = GroupAudit::new(group);
        for entry in &group.chunks {
            audit.add(folder.chunk(entry)?).map_err(wrong)?;
        }
        let state = audit.finish().map_err(wrong)?;
        across(&manifest, &state).map_err(wrong)?;
        command.get_or_insert(state);
    }
    let command = command.ok_or_else(|| FolderError::NoBackup { path: folder.path().join(name) })?;
    Ok(Verified { manifest, command })
}

/// What a whole folder is like.
#[derive(Debug)]
pub struct Report {
    /// Every backup, oldest first.
    pub backups: Vec<(String, Result<Manifest, VerifyError>)>,
    /// Chunks that no backup uses, and their bytes.
    pub strays: Result<(u64, u64), FolderError>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.strays.is_ok() && self.backups.iter().all(|(_, verified)| verified.is_ok())
    }
}

/// Verifies every file of the folder.
///
/// # Errors
/// There is no backup in it, or it cannot be read.
pub fn verify_all(folder: &Folder) -> Result<Report, FolderError> {
    let names = folder.backups()?;
    if names.is_empty() {
        return Err(FolderError::NoBackup { path: folder.path().to_owned() });
    }
    let mut used: BTreeSet<Hash> = BTreeSet::new();
    let mut backups = Vec::new();
    for name in names {
        let verified = verify(folder, &name).map(|verified| verified.manifest);
        if let Ok(manifest) = &verified {
            used.extend(manifest.groups.iter().flat_map(|group| &group.chunks).map(|entry| entry.sha256));
        }
        backups.push((name, verified));
    }
    Ok(Report { backups, strays: folder.strays(&used) })
}
