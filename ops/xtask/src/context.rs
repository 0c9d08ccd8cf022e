//! Where things are, and how programs are started.

use std::{
    env,
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

/// The checkout, and the one build folder.
pub(crate) struct Context {
    /// Root of the checkout.
    pub(crate) root: PathBuf,
    /// What every cargo that is started here gets as `CARGO_TARGET_DIR`.
    pub(crate) target: PathBuf,
    /// Where programs say what they say, if not on this terminal.
    pub(crate) said: Option<File>,
}

impl Context {
    /// Finds both. The build folder stands outside the checkout, so that clones share what was built and the twenty-five
    /// minutes of RocksDB's C++ are spent once on a machine.
    pub(crate) fn find() -> Result<Self, String> {
        // Cargo's word at run time comes first: clones share a build folder, so what was compiled in may be another's.
        let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = PathBuf::from(here)
            .ancestors()
            .nth(2)
            .map(Path::to_path_buf)
            .ok_or("ops/xtask does not stand in a checkout")?;
        let target = target_dir(env::var_os("CARGO_TARGET_DIR"), env::var_os("XDG_CACHE_HOME"), env::var_os("HOME"))
            .ok_or("neither CARGO_TARGET_DIR, XDG_CACHE_HOME nor HOME says where to build: set CARGO_TARGET_DIR")?;
        let target = root.join(target);
        Ok(Self { root, target, said: None })
    }

    /// The same, for programs that run beside others: what they say goes to the file at `path`, to be told when they have ended.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn beside(&self, path: &Path) -> Result<Self, String> {
        let said = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { root: self.root.clone(), target: self.target.clone(), said: Some(said) })
    }

    /// Says where it builds.
    pub(crate) fn say_target(&self) {
        println!("Builds go to {} (clones share it; CARGO_TARGET_DIR names another folder).", self.target.display());
    }

    /// A program to be started in `folder` of the checkout.
    pub(crate) fn program(&self, name: &str, folder: &str, args: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.current_dir(self.root.join(folder)).args(args).env("CARGO_TARGET_DIR", &self.target);
        // Cargo tells the program that it runs about that program's package. A cargo started from there passes it on,
        // and the build script of `ring` asks to be run again when it differs: everything on TLS would be built twice.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_about_package) {
                command.env_remove(name);
            }
        }
        if let Some((out, err)) =
            self.said.as_ref().and_then(|said| Some((said.try_clone().ok()?, said.try_clone().ok()?)))
        {
            command.stdin(Stdio::null()).stdout(out).stderr(err);
        }
        command
    }

    /// The cargo that started this program, in the root of the checkout.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        self.program(&cargo, "", args)
    }

    /// Builds programs of the workspace and gives the folder that they are in. The selection of crates is always the same,
    /// because another one would change the features of what they share and build it once more.
    pub(crate) fn build(&self, programs: &[&str]) -> Result<PathBuf, String> {
        let mut args = vec!["build", "--locked", "--workspace", "--exclude", "xtask"];
        args.extend(programs.iter().flat_map(|program| ["--bin", program]));
        run(self.cargo(&args))?;
        Ok(self.target.join("debug"))
    }

    /// Where clusters of measurements and sieges stand: beside what was built, because /tmp may be memory, which flushes nothing.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn runs_folder(&self) -> Result<PathBuf, String> {
        let runs = self.target.join("bench-runs");
        std::fs::create_dir_all(&runs).map_err(|error| format!("{}: {error}", runs.display()))?;
        Ok(runs)
    }

    /// npm in `web`.
    pub(crate) fn npm(&self, args: &[&str]) -> Command {
        self.program("npm", "web", args)
    }
}

/// Runs `command` to its end, with its output on this terminal.
pub(crate) fn run(mut command: Command) -> Result<(), String> {
    let line = line_of(&command);
    println!("$ {line}");
    let status = command.status().map_err(|e| format!("cannot start `{line}`: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

/// Runs commands beside each other. The first has the terminal; what the others say is told when they and it have ended.
pub(crate) fn run_beside(commands: Vec<Command>) -> Result<(), String> {
    let mut commands = commands.into_iter();
    let Some(first) = commands.next() else { return Ok(()) };
    let quiet = |mut command: Command| {
        let line = line_of(&command);
        println!("$ {line} (beside; told at its end)");
        thread::spawn(move || (line, command.stdin(Stdio::null()).output()))
    };
    let others: Vec<_> = commands.map(quiet).collect();
    let mut done = run(first);
    for other in others {
        let (line, output) = other.join().map_err(|_| "a command could not be waited for".to_owned())?;
        let output = output.map_err(|error| format!("cannot start `{line}`: {error}"))?;
        println!("$ {line}\n{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        if !output.status.success() && done.is_ok() {
            done = Err(format!("`{line}` ended with {}", output.status));
        }
    }
    done
}

/// Runs `command` quietly; whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// The command as one would type it, without the folders of its program.
fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = program.to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// The environment's folder, else one in the user's cache.
fn target_dir(target: Option<OsString>, cache: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let said = |value: Option<OsString>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(target) = said(target) {
        return Some(target);
    }
    let cache = said(cache).or_else(|| said(home).map(|home| home.join(".cache")))?;
    Some(cache.join("trongdong/target"))
}

/// Whether cargo sets the variable for one package only.
fn is_about_package(name: &str) -> bool {
    let starts = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    starts.iter().any(|start| name.starts_with(start)) || name == "CARGO_PRIMARY_PACKAGE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_folder_is_the_environments_else_in_the_cache() {
        let some = |text: &str| Some(OsString::from(text));
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(target_dir(some("/t"), some("/c"), some("/h")), path("/t"));
        assert_eq!(target_dir(some(""), some("/c"), some("/h")), path("/c/trongdong/target"));
        assert_eq!(target_dir(None, some(""), some("/h")), path("/h/.cache/trongdong/target"));
        assert_eq!(target_dir(None, None, None), None);
    }

    #[test]
    fn only_what_cargo_says_of_one_package_is_taken_away() {
        assert!(is_about_package("CARGO_PKG_VERSION_MAJOR"));
        assert!(is_about_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_package("CARGO_TARGET_DIR"));
        assert!(!is_about_package("CARGO_HOME"));
    }

    #[test]
    fn commands_beside_each_other_all_have_to_succeed() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        assert_eq!(run_beside(Vec::new()), Ok(()));
        assert_eq!(run_beside(vec![shell("true"), shell("true")]), Ok(()));
        let refused =
            |first: &str, second: &str| run_beside(vec![shell(first), shell(second)]).err().unwrap_or_default();
        assert!(refused("true", "exit 3").contains("`sh -c exit 3`"));
        assert!(refused("exit 2", "exit 3").contains("`sh -c exit 2`"));
    }

    #[test]
    fn what_runs_beside_says_it_to_a_file() {
        let path = env::temp_dir().join(format!("xtask-beside-{}", std::process::id()));
        let here = Context { root: env::temp_dir(), target: env::temp_dir(), said: None };
        let beside = here.beside(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(run(beside.program("sh", "", &["-c", "echo one; echo two >&2"])), Ok(()));
        assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("one\ntwo\n"));
        assert!(std::fs::remove_file(path).is_ok());
    }

    #[test]
    fn a_command_is_shown_without_the_folder_of_its_program() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["test", "--workspace"]);
        assert_eq!(line_of(&command), "cargo test --workspace");
    }
}
