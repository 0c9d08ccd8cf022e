//! The processes of a system that ours is compared with: three on loopback, each with a folder and a log of its own, and with
//! mutual TLS between them, as ours have. They end with this, whatever happens.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
};

use node::{
    init::{NewCluster, NewNode, make, random_hex},
    local::free_port,
};
use tokio::process::{Child, Command};

use crate::{Result, stage::LOOPBACK};

/// Processes of one system.
pub(crate) const PROCESSES: usize = 3;
/// Where Debian puts programs that are not in everybody's path.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];
/// Lines of a log shown when something fails.
const LOG_LINES_SHOWN: usize = 5;

/// What a process proves to the others of its system who it is with.
pub(crate) struct Certificate {
    /// The authority that all of them trust.
    pub(crate) ca: PathBuf,
    /// Its own.
    pub(crate) own: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

/// A certificate for each process, made as our own nodes' are: what goes between processes is encrypted and mutually proven
/// in every system that is compared.
pub(crate) fn certificates(folder: &Path) -> Result<Vec<Certificate>> {
    // Nothing listens by these folders' configuration.
    let nowhere = SocketAddr::from((LOOPBACK, 0));
    let new =
        |id| NewNode { id, host: LOOPBACK.to_string(), peer: nowhere, gateway: nowhere, mqtt: nowhere, tls: false };
    let nodes: Vec<_> = (1..=PROCESSES as u64).map(new).collect();
    let sealing_key = random_hex(32)?;
    let cluster = NewCluster { name: "peers", epoch: 1, sealing_key: &sealing_key, first_admin: None };
    let of = |home: PathBuf| {
        let file = |name: &str| home.join("certificates").join(name);
        Certificate { ca: file("ca.pem"), own: file("node.pem"), key: file("node.key") }
    };
    Ok(make(&folder.join("tls"), &cluster, &nodes)?.into_iter().map(of).collect())
}

/// A program that may not be installed.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| PathBuf::from(folder).join(name)).find(|program| program.exists())
}

/// What a program says of its version, its first line.
pub(crate) fn version(name: &str) -> Option<String> {
    let output = std::process::Command::new(program(name)?).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

/// Running processes.
pub(crate) struct Peer {
    /// Where all of it lies.
    pub(crate) folder: PathBuf,
    children: Vec<Child>,
}

impl Peer {
    /// An empty folder, and nothing that runs.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("trongdong-bench-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, children: Vec::new() })
    }

    /// Starts one more process.
    pub(crate) fn spawn(&mut self, command: &mut Command) -> Result<()> {
        let log = fs::File::create(self.folder.join(format!("{}.log", self.children.len() + 1)))?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true).spawn()?;
        self.children.push(child);
        Ok(())
    }

    /// Their process ids.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.children.iter().filter_map(Child::id).collect()
    }

    /// The last lines that each has logged.
    pub(crate) fn last_words(&self) -> String {
        let mut words = String::new();
        for number in 1..=self.children.len() {
            let log = fs::read_to_string(self.folder.join(format!("{number}.log"))).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            for line in lines.iter().skip(lines.len().saturating_sub(LOG_LINES_SHOWN)) {
                words.push_str(&format!("\n{number}: {line}"));
            }
        }
        words
    }

    /// Ends them and waits until they have, so that the next system has the machine for itself.
    pub(crate) async fn stop(mut self) {
        for child in &mut self.children {
            let _ = child.kill().await;
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The processes are killed with their handles; what they still hold of the folder goes with them.
        self.children.clear();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Two free ports for each process, all held until all are chosen.
pub(crate) fn ports() -> io::Result<Vec<(SocketAddr, SocketAddr)>> {
    let held = (0..2 * PROCESSES).map(|_| free_port()).collect::<io::Result<Vec<_>>>()?;
    let all = held.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
    Ok(all.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_a_certificate_of_its_own_under_one_authority() {
        let folder = std::env::temp_dir().join(format!("trongdong-bench-tls-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let all = certificates(&folder).unwrap();
        assert_eq!(all.len(), PROCESSES);
        let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
        assert!(all.iter().all(|one| read(&one.ca) == read(&all[0].ca) && !read(&one.key).is_empty()));
        assert_ne!(read(&all[0].own), read(&all[1].own));
        fs::remove_dir_all(folder).unwrap();
    }
}
