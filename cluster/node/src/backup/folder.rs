//! The folder of backups: chunks by their hash, and of each backup a manifest with its hash.
//!
//! ```text
//! FOLDER/20261122T120707Z.json          what the backup consists of
//! FOLDER/20261122T120707Z.json.sha256   its hash
//! FOLDER/chunks/3f/3f09….chunk          rows; shared by all backups that hold them
//! FOLDER/lock                           empty; held by whoever writes
//! ```
//!
//! A file is written aside, flushed and renamed; the manifest comes last. What was cut off is no backup.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use domain::Row;

use super::{
    chunk::{self, Chunk, FILE_BYTES_MAX},
    hash::Hash,
    manifest::{ChunkEntry, MANIFEST_BYTES_MAX, Manifest, sha256_text},
};

/// Why a folder of backups cannot be used. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Reading or writing failed.
    #[error("{path}: {doing}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Somebody else writes into it.
    #[error(
        "{path}: một lần sao lưu khác đang ghi vào thư mục này, hãy chờ / another backup is being written there, wait for its end"
    )]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file is missing.
    #[error("{path}: thiếu tệp này / it is missing")]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A file is not what it was.
    #[error("{path}: hỏng: {what} / it is damaged: {what}")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What about it.
        what: String,
    },
    /// There is no backup of that name, or none at all.
    #[error("{path}: không có bản sao lưu nào tên đó / there is no such backup")]
    NoBackup {
        /// The manifest, or the folder.
        path: PathBuf,
    },
}

/// What became of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there.
    New,
    /// It was there.
    Known,
    /// Its file was there and damaged, and is whole now.
    Mended,
}

/// A folder of backups.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, to read from.
    ///
    /// # Errors
    /// It is not there.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if !path.is_dir() {
            return Err(FolderError::NoBackup { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder at `path`, made if it is not there, to write into for as long as the file lives.
    ///
    /// # Errors
    /// It cannot be made, or somebody else writes into it.
    pub fn open_to_write(path: &Path) -> Result<(Self, File), FolderError> {
        let failed = |doing| move |source| FolderError::Io { path: path.to_owned(), doing, source };
        fs::create_dir_all(path.join("chunks")).map_err(failed("making the folder"))?;
        let lock = File::create(path.join("lock")).map_err(failed("making its lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok((Self { path: path.to_owned() }, lock)),
            Err(TryLockError::WouldBlock) => Err(FolderError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed("locking it")(source)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn manifest_path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }

    fn chunk_path(&self, hash: Hash) -> PathBuf {
        let name = hash.to_string();
        self.path.join("chunks").join(&name[..2]).join(format!("{name}.chunk"))
    }

    /// Names of the backups, oldest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn backups(&self) -> Result<Vec<String>, FolderError> {
        let mut names = BTreeSet::new();
        for path in list(&self.path)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Either file alone is a damaged backup, and no less one.
            if let Some(name) = name.strip_suffix(".json").or_else(|| name.strip_suffix(".json.sha256")) {
                names.insert(name.to_owned());
            }
        }
        Ok(names.into_iter().collect())
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn manifest(&self, name: &str) -> Result<Manifest, FolderError> {
        let path = self.manifest_path(name);
        let sha256_path = self.path.join(format!("{name}.json.sha256"));
        if !path.exists() && !sha256_path.exists() {
            return Err(FolderError::NoBackup { path });
        }
        let text = read(&path, MANIFEST_BYTES_MAX)?;
        let sha256 = read(&sha256_path, MANIFEST_BYTES_MAX)?;
        Manifest::from_text(name, &text, &sha256)
            .map_err(|error| FolderError::Damaged { path, what: error.to_string() })
    }

    /// Reads a chunk's rows, after its length, its hash and its checksum were compared.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn chunk(&self, entry: &ChunkEntry) -> Result<Vec<Row>, FolderError> {
        let path = self.chunk_path(entry.sha256);
        let damaged = |what: String| FolderError::Damaged { path: path.clone(), what };
        let bytes = read(&path, FILE_BYTES_MAX)?;
        if bytes.len() as u64 != entry.bytes {
            return Err(damaged(format!("{} bytes, not {}", bytes.len(), entry.bytes)));
        }
        if Hash::of(&bytes) != entry.sha256 {
            return Err(damaged("its SHA-256 is not its name".to_owned()));
        }
        let rows = chunk::open(bytes).map_err(|error| damaged(error.to_string()))?;
        if rows.len() as u64 != entry.rows {
            return Err(damaged(format!("{} rows, not {}", rows.len(), entry.rows)));
        }
        Ok(rows)
    }

    /// Keeps a chunk, unless it is there. Done means on the platter.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_chunk(&self, chunk: &Chunk) -> Result<Put, FolderError> {
        let path = self.chunk_path(chunk.hash);
        let found = match fs::read(&path) {
            // Read, not believed: a backup must not rest on a file that has rotted since.
            Ok(bytes) if bytes == chunk.bytes => return Ok(Put::Known),
            Ok(_) => Put::Mended,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Put::New,
            Err(source) => return Err(FolderError::Io { path, doing: "reading it", source }),
        };
        write(&path, &chunk.bytes)?;
        Ok(found)
    }

    /// Keeps a manifest: from now on it is a backup. Gives the bytes written.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_manifest(&self, manifest: &Manifest) -> Result<u64, FolderError> {
        let path = self.manifest_path(&manifest.name);
        let text =
            manifest.to_text().map_err(|error| FolderError::Damaged { path: path.clone(), what: error.to_string() })?;
        let sha256 = sha256_text(&manifest.name, text.as_bytes());
        // The hash first: a manifest that is there has one.
        write(&self.path.join(format!("{}.json.sha256", manifest.name)), sha256.as_bytes())?;
        write(&path, text.as_bytes())?;
        Ok((text.len() + sha256.len()) as u64)
    }

    /// A name for a backup that has none: `name`, or with a number behind it.
    #[must_use]
    pub fn free_name(&self, name: &str) -> String {
        let is_free = |name: &String| !self.manifest_path(name).exists();
        let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| name.to_owned())
    }

    /// Chunks that lie there and are not `used`, after their hash was compared: an interrupted backup leaves such, and they
    /// are used again by the next. Gives how many, and how many bytes they are.
    ///
    /// # Errors
    /// One is damaged.
    pub fn strays(&self, used: &BTreeSet<Hash>) -> Result<(u64, u64), FolderError> {
        let (mut count, mut bytes) = (0, 0);
        for folder in list(&self.path.join("chunks"))? {
            for path in list(&folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                // What was cut off while it was written has another ending, and counts for nothing.
                let Some(name) = name.strip_suffix(".chunk") else { continue };
                let damaged = |what: &str| FolderError::Damaged { path: path.clone(), what: what.to_owned() };
                let hash: Hash = name.parse().map_err(damaged)?;
                if used.contains(&hash) {
                    continue;
                }
                let found = read(&path, FILE_BYTES_MAX)?;
                if Hash::of(&found) != hash {
                    return Err(damaged("its SHA-256 is not its name"));
                }
                count += 1;
                bytes += found.len() as u64;
            }
        }
        Ok((count, bytes))
    }
}

fn list(path: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let failed = |source| FolderError::Io { path: path.to_owned(), doing: "listing it", source };
    let mut found: Vec<PathBuf> = fs::read_dir(path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .map_err(failed)?;
    found.sort();
    Ok(found)
}

/// A whole file, unless it is longer than any of ours.
fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FolderError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FolderError::Missing { path: path.to_owned() },
        _ => FolderError::Io { path: path.to_owned(), doing: "reading it", source },
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        return Err(FolderError::Damaged { path: path.to_owned(), what: format!("more than {bytes_max} bytes") });
    }
    Ok(bytes)
}

/// Writes a file so that it is there whole or not at all, and stays when the power fails.
fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let failed = |source| FolderError::Io { path: path.to_owned(), doing: "writing it", source };
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let aside = path.with_extension("partial");
    let mut file = File::create(&aside).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&aside, path).map_err(failed)?;
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed)
}
