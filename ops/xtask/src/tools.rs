//! What has to be installed beside the Rust toolchain, and how it gets there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::context;

/// The lowest Node.js that builds the screens.
const NODE_MIN: (u32, u32) = (20, 19);

/// What something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Building RocksDB.
    Build,
    /// Building the screens.
    Screens,
    /// Looking at the screens in a browser.
    Browser,
    /// Programs of others that tests and benchmarks talk to.
    Peers,
    /// Cameras to look through: an RTSP server and H.264 that share no code with ours.
    Cameras,
}

/// How to see that a package is there, without asking the package manager (another one may have brought it).
enum Sign {
    /// A program in `PATH`, or where administrators' programs are.
    Program(&'static str),
    /// A file at one of these places; `*` stands for any text within one name.
    File(&'static [&'static str]),
}

/// A Debian package.
struct Package {
    name: &'static str,
    used_for: Use,
    sign: Sign,
}

const PACKAGES: &[Package] = &[
    Package { name: "g++", used_for: Use::Build, sign: Sign::Program("g++") },
    Package {
        name: "libclang-dev",
        used_for: Use::Build,
        sign: Sign::File(&["/usr/lib/llvm-*/lib/libclang.so*", "/usr/lib/*/libclang.so*", "/usr/lib64/libclang.so*"]),
    },
    Package { name: "chromium", used_for: Use::Browser, sign: Sign::File(&["/usr/bin/chromium"]) },
    Package {
        name: "fonts-noto-core",
        used_for: Use::Browser,
        sign: Sign::File(&[
            "/usr/share/fonts/*/noto/NotoSans-Regular.ttf",
            "/usr/share/fonts/noto/NotoSans-Regular.ttf",
        ]),
    },
    Package { name: "mosquitto", used_for: Use::Peers, sign: Sign::Program("mosquitto") },
    Package { name: "nats-server", used_for: Use::Peers, sign: Sign::Program("nats-server") },
    Package { name: "sip-tester", used_for: Use::Peers, sign: Sign::Program("sipp") },
    Package { name: "libxml2-utils", used_for: Use::Peers, sign: Sign::Program("xmllint") },
    Package { name: "openssl", used_for: Use::Peers, sign: Sign::Program("openssl") },
    Package { name: "iproute2", used_for: Use::Peers, sign: Sign::Program("ip") },
    Package { name: "ffmpeg", used_for: Use::Cameras, sign: Sign::Program("ffmpeg") },
    Package {
        name: "python3-gst-1.0",
        used_for: Use::Cameras,
        sign: Sign::File(&["/usr/lib/python3/dist-packages/gi/overrides/Gst.py"]),
    },
    Package {
        name: "gir1.2-gst-rtsp-server-1.0",
        used_for: Use::Cameras,
        sign: Sign::File(&["/usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib"]),
    },
    Package {
        name: "gstreamer1.0-plugins-good",
        used_for: Use::Cameras,
        sign: Sign::File(&["/usr/lib/*/gstreamer-1.0/libgstrtp.so"]),
    },
    Package {
        name: "gstreamer1.0-plugins-bad",
        used_for: Use::Cameras,
        sign: Sign::File(&["/usr/lib/*/gstreamer-1.0/libgstvideoparsersbad.so"]),
    },
    Package {
        name: "gstreamer1.0-plugins-ugly",
        used_for: Use::Cameras,
        sign: Sign::File(&["/usr/lib/*/gstreamer-1.0/libgstx264.so"]),
    },
    Package {
        name: "gstreamer1.0-libav",
        used_for: Use::Cameras,
        sign: Sign::File(&["/usr/lib/*/gstreamer-1.0/libgstlibav.so"]),
    },
];

/// Sees to it that everything for `uses` is there.
///
/// # Errors
/// Something is missing and cannot be installed from here; the text says what to type.
pub(crate) fn ensure(uses: &[Use]) -> Result<(), String> {
    if uses.contains(&Use::Screens) {
        ensure_node()?;
    }
    let missing = missing(uses);
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)?;
    match self::missing(uses).as_slice() {
        [] => Ok(()),
        still => Err(format!("apt-get said it was done, yet these are not where they should be: {}", still.join(" "))),
    }
}

fn missing(uses: &[Use]) -> Vec<&'static str> {
    let wanted = PACKAGES.iter().filter(|package| uses.contains(&package.used_for));
    wanted.filter(|package| !is_there(&package.sign)).map(|package| package.name).collect()
}

/// How this process may install packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is root.
    AsRoot,
    /// sudo asks for no password.
    BySudo,
    /// It may not.
    ByHand,
    /// There is no apt-get.
    NotDebian,
}

fn way() -> Way {
    match find_program("apt-get") {
        None => Way::NotDebian,
        Some(_) if is_root() => Way::AsRoot,
        Some(_) if context::succeeds(Command::new("sudo").args(["-n", "true"])) => Way::BySudo,
        Some(_) => Way::ByHand,
    }
}

fn install(missing: &[&str]) -> Result<(), String> {
    println!("Missing: {}", missing.join(" "));
    for line in plan(way(), missing)? {
        let mut words = line.iter();
        let mut command = Command::new(words.next().ok_or("a command has a program")?);
        command.args(words);
        let by_hand = apt_line(missing);
        context::run(command).map_err(|error| format!("{error}; install by hand and try again: {by_hand}"))?;
    }
    Ok(())
}

/// The commands that install the packages, or what to type.
fn plan(way: Way, missing: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let names = missing.join(" ");
    let start: &[&str] = match way {
        Way::AsRoot => &["env"],
        Way::BySudo => &["sudo", "-n", "env"],
        Way::ByHand => {
            return Err(format!("missing: {names}; type: sudo apt-get update && sudo {}", apt_line(missing)));
        }
        Way::NotDebian => return Err(format!("missing (Debian's names): {names}; install them and try again")),
    };
    let apt_line = apt_line(missing);
    let lines = ["apt-get update", &apt_line];
    let whole = |line: &&str| {
        let words = start.iter().copied().chain(["DEBIAN_FRONTEND=noninteractive"]).chain(line.split(' '));
        words.map(str::to_owned).collect()
    };
    Ok(lines.iter().map(whole).collect())
}

fn apt_line(missing: &[&str]) -> String {
    format!("apt-get install -y --no-install-recommends {}", missing.join(" "))
}

fn ensure_node() -> Result<(), String> {
    let (major, minor) = NODE_MIN;
    let remedy = format!("Node.js {major}.{minor} or newer and npm are needed: install them and try again");
    let output = Command::new("node").arg("--version").output().map_err(|_| format!("node is missing; {remedy}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if node_version(&version).is_none_or(|found| found < NODE_MIN) {
        return Err(format!("node says it is `{version}`; {remedy}"));
    }
    if !context::succeeds(Command::new("npm").arg("--version")) {
        return Err(format!("npm is missing; {remedy}"));
    }
    Ok(())
}

/// Major and minor of `v20.19.1`.
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether this process may install by itself. The kernel's word, since there is no other without a crate.
fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    effective_user(&status) == Some("0")
}

fn effective_user(status: &str) -> Option<&str> {
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)
}

fn is_there(sign: &Sign) -> bool {
    match sign {
        Sign::Program(name) => find_program(name).is_some(),
        Sign::File(patterns) => patterns.iter().any(|pattern| any_file(Path::new("/"), pattern)),
    }
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder: PathBuf| folder.join(name)).find(|program| program.is_file())
}

/// Whether a file of this pattern is below `folder`.
fn any_file(folder: &Path, pattern: &str) -> bool {
    let (name, rest) = match pattern.trim_start_matches('/').split_once('/') {
        Some((name, rest)) => (name, Some(rest)),
        None => (pattern.trim_start_matches('/'), None),
    };
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(|found| fits(name, found))).any(|entry| {
        match rest {
            Some(rest) => any_file(&entry.path(), rest),
            None => entry.path().exists(),
        }
    })
}

/// Whether `name` is of the form `pattern`, in which each `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|tail| {
            tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| fits(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_within_a_name() {
        assert!(fits("libclang.so*", "libclang.so"));
        assert!(fits("libclang.so*", "libclang.so.1"));
        assert!(fits("lib*.so", "libgstrtp.so"));
        assert!(!fits("lib*.so", "libgstrtp.so.0"));
        assert!(!fits("libclang.so*", "libclang-cpp.so.14"));
        assert!(!fits("llvm-*", "clang-14"));
    }

    #[test]
    fn files_are_found_through_folders_with_a_star() {
        let root = Path::new("../xtask");
        assert!(any_file(root, "s*c/too*.rs"));
        assert!(any_file(root, "/Cargo.toml"));
        assert!(!any_file(root, "s*c/too*.py"));
        assert!(!any_file(root, "nowhere/tools.rs"));
    }

    #[test]
    fn packages_are_installed_only_where_no_password_is_asked() {
        let lines =
            |way| plan(way, &["g++", "ffmpeg"]).map(|lines| lines.iter().map(|l| l.join(" ")).collect::<Vec<_>>());
        let install = "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends g++ ffmpeg";
        let update = "DEBIAN_FRONTEND=noninteractive apt-get update";
        assert_eq!(lines(Way::AsRoot), Ok(vec![format!("env {update}"), format!("env {install}")]));
        assert_eq!(lines(Way::BySudo), Ok(vec![format!("sudo -n env {update}"), format!("sudo -n env {install}")]));
        let by_hand = "type: sudo apt-get update && sudo apt-get install -y --no-install-recommends g++ ffmpeg";
        assert!(lines(Way::ByHand).is_err_and(|text| text.ends_with(by_hand)));
        assert!(lines(Way::NotDebian).is_err_and(|text| text.contains("g++ ffmpeg")));
    }

    #[test]
    fn node_versions_are_compared_as_numbers() {
        assert_eq!(node_version("v20.19.1"), Some((20, 19)));
        assert!(node_version("v20.9.0").is_some_and(|found| found < NODE_MIN));
        assert!(node_version("v22.1.0").is_some_and(|found| found >= NODE_MIN));
        assert_eq!(node_version("20"), None);
    }

    #[test]
    fn the_effective_user_is_the_second_number() {
        assert_eq!(effective_user("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some("0"));
        assert_eq!(effective_user("Name:\tx\n"), None);
    }

    #[test]
    fn a_program_is_found_by_name_only() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-anywhere").is_none());
    }
}
