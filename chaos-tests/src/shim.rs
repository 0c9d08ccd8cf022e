//! A node's operating system as it is on a bad day: slow and failing flushes, a wall clock that is off, connections that lead
//! through a proxy. A small library (`shim/faults.c`) is preloaded into the node's process and reads a control block that
//! is shared with it; the program under test is the one that ships.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Failure;

/// Its source.
const SOURCE: &str = include_str!("../shim/faults.c");
/// Routes of one node; the array in the source is as long.
const ROUTES_MAX: usize = 8;
/// Clock, four numbers, routes.
const CONTROL_BYTES: usize = 24 + 4 * ROUTES_MAX;

/// Environment of a node that is under the shim.
const CONTROL_VARIABLE: &str = "TRONGDONG_FAULTS";

/// What befalls a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// How far its wall clock is ahead, negative: behind.
    pub clock_ahead_ms: i64,
    /// How long every flush takes at least.
    pub flush_ms: u32,
    /// Every flush fails, after the writes before it were taken.
    pub flush_fails: bool,
    /// Its disk has no room: every write to a file fails with `ENOSPC`, but for what it says on its own output.
    pub is_full: bool,
    /// Where a connection to a port of loopback leads instead.
    pub routes: Vec<(u16, u16)>,
}

impl Control {
    /// Nothing befalls the node any more; its connections lead where they led.
    pub fn heal(&mut self) {
        *self = Self { routes: std::mem::take(&mut self.routes), ..Self::default() };
    }

    fn encode(&self) -> [u8; CONTROL_BYTES] {
        let mut bytes = [0; CONTROL_BYTES];
        bytes[..8].copy_from_slice(&self.clock_ahead_ms.to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.flush_ms.to_ne_bytes());
        bytes[12..16].copy_from_slice(&u32::from(self.flush_fails).to_ne_bytes());
        bytes[16..20].copy_from_slice(&u32::from(self.is_full).to_ne_bytes());
        for (at, (from, to)) in bytes[24..].chunks_exact_mut(4).zip(&self.routes) {
            at[..2].copy_from_slice(&from.to_ne_bytes());
            at[2..].copy_from_slice(&to.to_ne_bytes());
        }
        bytes
    }
}

/// The shim of one node.
#[derive(Debug)]
pub struct Shim {
    library: PathBuf,
    path: PathBuf,
    file: File,
    control: Control,
}

impl Shim {
    /// Compiles the library into `folder`, with the system's C compiler, which RocksDB needs as well. Nodes of one folder share it.
    ///
    /// # Errors
    /// There is no compiler, or it does not like the source.
    pub fn compile(folder: &Path) -> Result<PathBuf, Failure> {
        let (source, library) = (folder.join("faults.c"), folder.join("faults.so"));
        fs::write(&source, SOURCE)?;
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([&library, &source])
            .args(["-ldl", "-lpthread"])
            .output()
            .map_err(|error| format!("cc, the C compiler (Debian: build-essential): {error}"))?;
        if !output.status.success() {
            return Err(format!("cc: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(library)
    }

    /// A node's control block, in a file at `path`.
    ///
    /// # Errors
    /// It cannot be written, or there are more routes than it has room for.
    pub fn new(library: PathBuf, path: PathBuf, control: Control) -> Result<Self, Failure> {
        if control.routes.len() > ROUTES_MAX {
            return Err(format!("{} routes; there is room for {ROUTES_MAX}", control.routes.len()).into());
        }
        let file = File::options().create(true).truncate(true).write(true).open(&path)?;
        file.write_all_at(&control.encode(), 0)?;
        Ok(Self { library, path, file, control })
    }

    /// What a node's process needs in its environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, PathBuf)> {
        vec![("LD_PRELOAD".to_owned(), self.library.clone()), (CONTROL_VARIABLE.to_owned(), self.path.clone())]
    }

    /// Changes what befalls the node, from the next call on.
    ///
    /// # Errors
    /// The block cannot be written.
    pub fn set(&mut self, change: impl FnOnce(&mut Control)) -> Result<(), Failure> {
        change(&mut self.control);
        Ok(self.file.write_all_at(&self.control.encode(), 0)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_program_under_the_shim_sees_another_clock_and_its_flushes_fail_until_they_do_not() {
        let folder = std::env::temp_dir().join(format!("trongdong-shim-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let library = Shim::compile(&folder).unwrap();
        let mut shim = Shim::new(library, folder.join("control"), Control::default()).unwrap();
        let run = |shim: &Shim, program: &str, args: &[&str]| {
            Command::new(program).args(args).envs(shim.environment()).output().unwrap()
        };
        let clock = |shim: &Shim| {
            let said = String::from_utf8(run(shim, "date", &["+%s"]).stdout).unwrap();
            said.trim().parse::<u64>().unwrap()
        };
        let file = folder.join("flushed");
        let flush = ["if=/dev/zero", &format!("of={}", file.display()), "bs=4096", "count=1", "conv=fdatasync"];
        let (now, century_s) = (clock(&shim), 100 * 366 * 86_400);
        assert!(run(&shim, "dd", &flush).status.success());
        shim.set(|control| {
            control.clock_ahead_ms = 1_000 * i64::try_from(century_s).unwrap();
            control.flush_fails = true;
        })
        .unwrap();
        assert!((century_s..century_s + 60).contains(&(clock(&shim) - now)));
        let failed = run(&shim, "dd", &flush);
        assert!(!failed.status.success());
        // The write before it was taken.
        assert_eq!(fs::metadata(&file).unwrap().len(), 4096);
        shim.set(|control| *control = Control::default()).unwrap();
        assert!(run(&shim, "dd", &flush).status.success());
        fs::remove_dir_all(folder).unwrap();
    }

    /// Writes one byte to the file that it is told of, and ends with what it could not be for.
    const WRITER: &str = "#include <errno.h>\n#include <fcntl.h>\n#include <unistd.h>\n\
        int main(int count, char **args) {\n\
            int file = open(args[count - 1], O_CREAT | O_WRONLY, 0600);\n\
            return write(file, \"x\", 1) == 1 && pwrite(file, \"y\", 1, 1) == 1 ? 0 : errno;\n\
        }\n";

    #[test]
    fn on_a_disk_without_room_no_file_is_written_and_what_a_program_says_is_heard() {
        const NO_SPACE: i32 = 28;
        let folder = std::env::temp_dir().join(format!("trongdong-shim-full-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (source, writer, file) = (folder.join("writer.c"), folder.join("writer"), folder.join("written"));
        fs::write(&source, WRITER).unwrap();
        assert!(Command::new("cc").arg("-o").args([&writer, &source]).status().unwrap().success());
        let mut shim = Shim::new(Shim::compile(&folder).unwrap(), folder.join("control"), Control::default()).unwrap();
        let write = |shim: &Shim| Command::new(&writer).arg(&file).envs(shim.environment()).status().unwrap().code();
        assert_eq!(write(&shim), Some(0));
        shim.set(|control| control.is_full = true).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(write(&shim), Some(NO_SPACE));
        assert_eq!(fs::metadata(&file).unwrap().len(), 0);
        let said = Command::new("echo").arg("heard").envs(shim.environment()).output().unwrap();
        assert_eq!(said.stdout, b"heard\n");
        shim.set(Control::heal).unwrap();
        assert_eq!(write(&shim), Some(0));
        fs::remove_dir_all(folder).unwrap();
    }
}
