//! This node's copies: one file for each hash, in a folder by its first byte. A copy is written beside, flushed, and then named, so
//! what stands under a name is whole; and it is hashed whenever it is read, so what a disk has spoiled is not shown.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use domain::Digest;
use sha2::{Digest as _, Sha256};

/// Folder of what is being written.
const INCOMING: &str = "incoming";

/// Why a copy was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// What is left of the disk is the log's.
    #[error("the disk has no room for files: make room, or put a larger one in")]
    Full,
    /// The bytes are not those of the hash.
    #[error("the bytes are not those of the hash: send them again")]
    Other,
    /// The disk does not do it.
    #[error("the disk: {0}")]
    Disk(#[from] io::Error),
}

/// See the module.
pub(super) struct FileStore {
    folder: PathBuf,
    /// Bytes of the disk that are left to the log.
    reserve_bytes: u64,
    /// What there is, with its size. Held while a copy is named, touched or removed, so that none is removed that was just put.
    held: Mutex<BTreeMap<Digest, u64>>,
    written: AtomicU64,
}

/// The hash of these bytes.
pub(super) fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

impl FileStore {
    /// Opens a folder, and makes it if it is not there. What was being written when the node stopped is removed.
    pub(super) fn open(folder: PathBuf, reserve_bytes: u64) -> io::Result<Self> {
        let incoming = folder.join(INCOMING);
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&incoming)?;
        let mut held = BTreeMap::new();
        for shelf in fs::read_dir(&folder)? {
            let shelf = shelf?.path();
            if !shelf.is_dir() {
                continue;
            }
            for entry in fs::read_dir(shelf)? {
                let entry = entry?;
                let name = entry.file_name().into_string().unwrap_or_default();
                // Whatever else lies there is not ours.
                if let Ok(file) = Digest::try_from(name) {
                    held.insert(file, entry.metadata()?.len());
                }
            }
        }
        Ok(Self { folder, reserve_bytes, held: Mutex::new(held), written: AtomicU64::new(0) })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, u64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shelf(&self, file: &Digest) -> PathBuf {
        let [first, ..] = file.0;
        self.folder.join(format!("{first:02x}"))
    }

    fn path(&self, file: &Digest) -> PathBuf {
        self.shelf(file).join(file.to_string())
    }

    /// What there is, with its size.
    pub(super) fn held(&self) -> BTreeMap<Digest, u64> {
        self.lock().clone()
    }

    /// How long a copy is; none: there is no such copy.
    pub(super) fn length(&self, file: &Digest) -> Option<usize> {
        self.lock().get(file).and_then(|length| usize::try_from(*length).ok())
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Writes a copy; when it returns, the copy outlives a loss of power. One that is there and right is only touched, so that it
    /// counts as new.
    pub(super) fn write(&self, file: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        if digest(bytes) != *file {
            return Err(StoreError::Other);
        }
        if self.is_touched(file)? {
            return Ok(());
        }
        let disk = rustix::fs::statvfs(&self.folder).map_err(io::Error::from)?;
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if free_bytes < self.reserve_bytes.saturating_add(length) {
            return Err(StoreError::Full);
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let beside = self.folder.join(INCOMING).join(number.to_string());
        let mut out = File::create(&beside)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        drop(out);
        let shelf = self.shelf(file);
        if !shelf.is_dir() {
            fs::create_dir_all(&shelf)?;
            flush_folder(&self.folder)?;
        }
        let mut held = self.lock();
        fs::rename(&beside, self.path(file))?;
        flush_folder(&shelf)?;
        held.insert(*file, length);
        Ok(())
    }

    /// Whether a right copy is there; it counts as new from now on.
    fn is_touched(&self, file: &Digest) -> Result<bool, StoreError> {
        let is_known = self.lock().contains_key(file);
        if !is_known || self.read(file).ok().flatten().is_none() {
            return Ok(false);
        }
        let held = self.lock();
        if !held.contains_key(file) {
            return Ok(false);
        }
        File::options().append(true).open(self.path(file))?.set_modified(SystemTime::now())?;
        Ok(true)
    }

    /// The bytes; none: there is no such copy.
    ///
    /// # Errors
    /// The copy is not what it should be, and is removed, or cannot be read.
    pub(super) fn read(&self, file: &Digest) -> io::Result<Option<Vec<u8>>> {
        let bytes = match fs::read(self.path(file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.lock().remove(file);
                return Ok(None);
            }
            Err(error) => {
                self.lock().remove(file);
                return Err(error);
            }
        };
        if digest(&bytes) == *file {
            return Ok(Some(bytes));
        }
        self.remove(file)?;
        Err(io::Error::new(io::ErrorKind::InvalidData, "its bytes are not those of its hash"))
    }

    /// Removes a copy, unless it is younger than that; whether it is gone.
    pub(super) fn remove_older(&self, file: &Digest, age: Duration) -> io::Result<bool> {
        let mut held = self.lock();
        let modified = match fs::metadata(self.path(file)).and_then(|found| found.modified()) {
            Ok(modified) => modified,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                held.remove(file);
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        // A clock that was set back makes it young.
        let is_young = SystemTime::now().duration_since(modified).map_or(true, |lay| lay < age);
        if is_young {
            return Ok(false);
        }
        fs::remove_file(self.path(file))?;
        held.remove(file);
        Ok(true)
    }

    fn remove(&self, file: &Digest) -> io::Result<()> {
        let mut held = self.lock();
        held.remove(file);
        match fs::remove_file(self.path(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Makes the names in a folder outlive a loss of power.
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("trongdong-files-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            Self(folder)
        }

        fn open(&self) -> FileStore {
            FileStore::open(self.0.clone(), 0).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_written_is_read_also_after_a_start() {
        let folder = Folder::new("written");
        let file = digest(b"a photo");
        let store = folder.open();
        assert_eq!(store.read(&file).unwrap(), None);
        store.write(&file, b"a photo").unwrap();
        store.write(&file, b"a photo").unwrap();
        fs::write(folder.0.join(INCOMING).join("9"), b"half").unwrap();
        let again = folder.open();
        assert_eq!(again.read(&file).unwrap().as_deref(), Some(&b"a photo"[..]));
        assert_eq!(again.held(), BTreeMap::from([(file, 7)]));
        assert!(fs::read_dir(folder.0.join(INCOMING)).unwrap().next().is_none(), "what was not finished is gone");
    }

    #[test]
    fn bytes_of_another_hash_are_refused() {
        let folder = Folder::new("other");
        let refused = folder.open().write(&digest(b"a photo"), b"another");
        assert!(matches!(refused, Err(StoreError::Other)), "{refused:?}");
    }

    #[test]
    fn what_the_disk_has_spoiled_is_not_shown_and_can_be_put_again() {
        let folder = Folder::new("spoiled");
        let store = folder.open();
        let file = digest(b"a photo");
        store.write(&file, b"a photo").unwrap();
        fs::write(store.path(&file), b"a phot0").unwrap();
        assert_eq!(store.read(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(store.read(&file).unwrap(), None);
        assert!(store.held().is_empty());
        store.write(&file, b"a photo").unwrap();
        assert!(store.read(&file).unwrap().is_some());
    }

    #[test]
    fn what_was_put_again_is_young() {
        let folder = Folder::new("young");
        let store = folder.open();
        let file = digest(b"a photo");
        store.write(&file, b"a photo").unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(7_200);
        File::options().append(true).open(store.path(&file)).unwrap().set_modified(long_ago).unwrap();
        store.write(&file, b"a photo").unwrap();
        assert!(!store.remove_older(&file, Duration::from_secs(3_600)).unwrap());
        File::options().append(true).open(store.path(&file)).unwrap().set_modified(long_ago).unwrap();
        assert!(store.remove_older(&file, Duration::from_secs(3_600)).unwrap());
        assert!(store.held().is_empty());
    }

    #[test]
    fn the_logs_part_of_the_disk_is_left_alone() {
        let folder = Folder::new("full");
        let store = FileStore::open(folder.0.clone(), u64::MAX).unwrap();
        assert!(matches!(store.write(&digest(b"a photo"), b"a photo"), Err(StoreError::Full)));
    }
}
