//! Three node processes in a folder of their own, and what every part registers first.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use node::local::{ADMIN, LocalCluster};
use serde_json::{Value, json};

use crate::{
    Result,
    desk::{Desk, desks},
};

/// Nodes of every measured cluster.
pub(crate) const NODES: u64 = 3;
/// Where everything listens.
pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// A commune, in which everything is.
pub(crate) const ADMIN_UNIT: &str = "05443";
/// Pause after a cluster is ready: leads are spread over the nodes first.
const SETTLE: Duration = Duration::from_secs(3);
/// Lines of a node's log shown when a part fails.
const LOG_LINES_SHOWN: usize = 15;

/// A running cluster in a temporary folder; both are gone when it is dropped.
pub(crate) struct Stage {
    /// The processes.
    pub(crate) cluster: LocalCluster,
    folder: PathBuf,
    keep: bool,
}

impl Stage {
    /// Starts one and waits until it is ready.
    pub(crate) async fn start(program: &Path, name: &str, keep: bool) -> Result<Self> {
        Self::start_of(NODES, program, name, keep).await
    }

    /// The same with so many nodes.
    pub(crate) async fn start_of(nodes: u64, program: &Path, name: &str, keep: bool) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("trongdong-bench-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let cluster = LocalCluster::make(program, &folder, nodes, 0)?;
        let mut stage = Self { cluster, folder, keep };
        stage.cluster.start()?;
        if let Err(error) = stage.cluster.ready().await {
            stage.show_logs();
            return Err(error);
        }
        tokio::time::sleep(SETTLE).await;
        Ok(stage)
    }

    /// Gateways of all nodes.
    pub(crate) fn gateways(&self) -> Result<Vec<SocketAddr>> {
        let parse = |url: String| Ok(url.trim_start_matches("http://").parse::<SocketAddr>()?);
        self.cluster.urls().into_iter().map(parse).collect()
    }

    /// MQTT endpoints of all nodes.
    pub(crate) fn mqtt(&self) -> Vec<SocketAddr> {
        self.cluster.nodes.iter().map(|node| node.mqtt).collect()
    }

    /// The administrator, signed in at the node `at`.
    pub(crate) async fn admin(&self, at: usize) -> Result<Desk> {
        Desk::sign_in(&self.gateways()?, at, ADMIN, &self.cluster.password).await
    }

    /// The administrator's sessions, spread over the nodes.
    pub(crate) async fn admins(&self, count: usize) -> Result<Vec<Desk>> {
        desks(&self.gateways()?, count, ADMIN, &self.cluster.password).await
    }

    /// Resident memory of each node, KiB.
    pub(crate) fn rss_kib(&mut self) -> Result<Vec<u64>> {
        let ids: Vec<u64> = self.cluster.nodes.iter().map(|node| node.id).collect();
        let mut all = Vec::new();
        for id in ids {
            let pid = self.cluster.pid(id)?.ok_or("a node does not run")?;
            all.push(rss_kib(pid)?);
        }
        Ok(all)
    }

    /// The last lines that each node logged, on standard error.
    pub(crate) fn show_logs(&self) {
        for node in &self.cluster.nodes {
            let log = fs::read_to_string(node.home.join("node.log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("--- node {}", node.id);
            for line in lines.iter().skip(lines.len().saturating_sub(LOG_LINES_SHOWN)) {
                eprintln!("{line}");
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.cluster.stop();
        if self.keep {
            eprintln!("kept: {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Resident memory of a process, KiB.
pub(crate) fn rss_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the process has ended")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Unix time, milliseconds with fractions.
pub(crate) fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

/// Unix time, whole milliseconds.
pub(crate) fn unix_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// A place in the commune; `spread` moves it.
pub(crate) fn place(spread: usize) -> Value {
    json!({
        "latitude_e7": 215_900_000 + spread % 100_000,
        "longitude_e7": 1_058_400_000_u64 + spread as u64 % 100_000,
        "admin_unit": ADMIN_UNIT,
        "address": "",
    })
}

/// The body of `POST /api/reports`.
pub(crate) fn report(reference: &str) -> Value {
    json!({
        "reference": reference,
        "kind": "traffic",
        // The longest time to acknowledge, so that nothing escalates meanwhile.
        "severity": "info",
        "place": place(0),
        "summary": format!("Va chạm giao thông, hai người bị thương nhẹ ({reference})"),
    })
}

/// Registers sensors or whatever else, one command each, over all desks at once. Ends early at `until`; how many it did.
pub(crate) async fn register(
    desks: Vec<Desk>,
    path: &'static str,
    bodies: Vec<Value>,
    within: Duration,
) -> Result<(usize, Vec<Desk>)> {
    let until = std::time::Instant::now() + within;
    let bodies = std::sync::Arc::new(bodies);
    let next = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for mut desk in desks {
        let (bodies, next) = (bodies.clone(), next.clone());
        tasks.spawn(async move {
            let mut done = 0;
            while std::time::Instant::now() < until
                && let Some(body) = bodies.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            {
                desk.command(path, body).await.map_err(|error| error.to_string())?;
                done += 1;
            }
            Ok::<_, String>((done, desk))
        });
    }
    let (mut done, mut back) = (0, Vec::new());
    while let Some(ended) = tasks.join_next().await {
        let (count, desk) = ended??;
        done += count;
        back.push(desk);
    }
    Ok((done, back))
}

/// Sensors' field group, by the rule that the gateway uses where no district room watches: FNV-1a of the id.
pub(crate) fn field_group(id: &str) -> u32 {
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    1 + hash % domain::limits::FIELD_GROUPS
}

/// `count` sensor ids of one field group, named after `name`.
pub(crate) fn sensors_of(name: &str, group: u32, count: usize) -> Vec<String> {
    let ids = (0_u64..).map(|n| format!("{name}-{n}"));
    ids.filter(|id| field_group(id) == group).take(count).collect()
}

/// The body of `POST /api/sensors`: no thresholds, no period, so that recording is all that happens.
pub(crate) fn sensor(id: &str, spread: usize) -> Value {
    json!({ "id": id, "name": format!("Trạm đo {id}"), "kind": "river_level", "unit_of_measure": "m", "place": place(spread) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_of_a_group_are_in_it() {
        let ids = sensors_of("s", 3, 50);
        assert_eq!(ids.len(), 50);
        assert!(ids.iter().all(|id| field_group(id) == 3));
    }
}
