//! Files that are whole or not there, whatever happens while they are written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What a file is called until it is whole. Left behind by a crash, it is nobody's.
const UNFINISHED: &str = "part";

/// Makes a file of `bytes` that is there, flushed, when this returns; a crash leaves the former one or this one.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = unfinished(path);
    let mut file = create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    flush_folder(path)
}

/// Removes a file; that it is gone lasts once this returns.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => flush_folder(path),
    }
}

/// Makes a folder that only this account reads.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    flush_folder(path)
}

/// The files of a folder with this extension, by name; what a crash left unfinished is removed.
pub(crate) fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|it| it.to_str()) {
            Some(UNFINISHED) => fs::remove_file(&path)?,
            Some(it) if it == extension => found.push(path),
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

/// The name of a file that is not whole yet.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(UNFINISHED);
    path.with_file_name(name)
}

/// An empty file that only this account reads.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Flushes the folder that a path is in: names last only then.
pub(crate) fn flush_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
