//! The node's folder of artifacts: whoever operates the cluster puts a trained file there, on every node, before it is
//! rolled out. A file is found by the hash of its bytes, so its name does not matter.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use domain::Digest;
use models::artifact::{ARTIFACT_BYTES_MAX, Artifact};
use sha2::{Digest as _, Sha256};

/// Files that are looked at; what is beyond them by name is not.
const FILES_MAX: usize = 256;

/// What a file was like when it was hashed.
type Seen = (u64, SystemTime);

/// The folder, and the hashes of what was in it.
pub(super) struct Folder {
    path: PathBuf,
    /// So that a file is read once, and again when it changes. At most [`FILES_MAX`].
    hashed: Mutex<BTreeMap<PathBuf, (Seen, Digest)>>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, hashed: Mutex::default() }
    }

    /// The artifact with this hash.
    pub(super) fn find(&self, sha256: &Digest) -> Option<Artifact> {
        let mut hashed = self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        let files = files(&self.path);
        hashed.retain(|path, _| files.iter().any(|(file, _)| file == path));
        for (path, seen) in files {
            if hashed.get(&path).is_some_and(|(before, _)| *before == seen) {
                continue;
            }
            if let Ok(bytes) = fs::read(&path) {
                hashed.insert(path, (seen, digest(&bytes)));
            }
        }
        let path = hashed.iter().find(|(_, (_, known))| known == sha256).map(|(path, _)| path)?;
        let bytes = fs::read(path).ok().filter(|bytes| digest(bytes) == *sha256)?;
        match Artifact::decode(&bytes) {
            Ok(artifact) => Some(artifact),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "an artifact cannot be read");
                None
            }
        }
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Seen)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let seen = |entry: fs::DirEntry| {
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        let is_small = about.len() <= u64::try_from(ARTIFACT_BYTES_MAX).unwrap_or(u64::MAX);
        let changed = about.modified().ok().filter(|_| is_small)?;
        Some((entry.path(), (about.len(), changed)))
    };
    let mut files: Vec<_> = entries.flatten().filter_map(seen).collect();
    files.sort();
    files.truncate(FILES_MAX);
    files
}

/// SHA-256 over a file's bytes: what names a version.
pub(super) fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_bytes_and_found_no_more_when_it_changes() {
        let path = std::env::temp_dir().join(format!("trongdong-models-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let artifact = models::duplicate::shipped();
        let bytes = artifact.encode();
        let file = path.join("any-name.bin");
        fs::write(&file, &bytes).unwrap();
        fs::write(path.join("note.txt"), "no artifact").unwrap();
        let folder = Folder::new(path.clone());
        assert_eq!(folder.find(&digest(&bytes)), Some(artifact));
        assert_eq!(folder.find(&digest(b"no artifact")), None);
        fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(folder.find(&digest(&bytes)), None);
        fs::remove_dir_all(path).unwrap();
    }
}
