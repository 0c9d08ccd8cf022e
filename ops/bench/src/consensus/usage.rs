//! What processes used between two looks: processor time by thread, bytes written, memory. From `/proc` (proc(5)).

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value, json};

use crate::{
    Result,
    report::{human, object},
    stage,
    stats::rounded,
};

/// Clock ticks of `/proc/*/stat` in a second; the same on every Linux of today (`getconf CLK_TCK`).
const TICKS_PER_S: f64 = 100.0;

/// Of some processes together, since each began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// Seconds of processor time by the name of the thread, without numbers.
    threads: BTreeMap<String, f64>,
    /// Seconds in the kernel, of all threads.
    kernel_s: f64,
    /// Bytes sent to the disk.
    written: f64,
}

impl Usage {
    /// Of the processes `pids`.
    pub(crate) fn of(pids: &[u32]) -> Result<Self> {
        let mut usage = Self::default();
        for pid in pids {
            for task in fs::read_dir(format!("/proc/{pid}/task"))? {
                // A thread may end between the list and the look.
                let Ok(stat) = fs::read_to_string(task?.path().join("stat")) else { continue };
                let Some((name, user_s, kernel_s)) = read_stat(&stat) else { continue };
                *usage.threads.entry(name).or_default() += user_s + kernel_s;
                usage.kernel_s += kernel_s;
            }
            let io = fs::read_to_string(format!("/proc/{pid}/io"))?;
            let written = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
            usage.written += written.and_then(|bytes| bytes.parse::<f64>().ok()).unwrap_or_default();
        }
        Ok(usage)
    }

    /// Bytes sent to the disk since `before`.
    pub(crate) fn written_since(&self, before: &Self) -> f64 {
        self.written - before.written
    }

    /// Seconds of processor time since `before`.
    pub(crate) fn cpu_s_since(&self, before: &Self) -> f64 {
        self.threads.values().sum::<f64>() - before.threads.values().sum::<f64>()
    }

    /// Cores and bytes of the disk a second over `seconds` since `before`, for the details.
    pub(crate) fn rates(&self, before: &Self, seconds: f64) -> Value {
        json!({
            "cores_busy": rounded(self.cpu_s_since(before) / seconds),
            "written_bytes_per_s": rounded(self.written_since(before) / seconds),
        })
    }

    /// Microseconds of processor time for each of `count` operations since `before`, by thread, for the details.
    pub(crate) fn per_operation(&self, before: &Self, count: f64) -> Value {
        let us = |seconds: f64| rounded(seconds * 1e6 / count.max(1.0));
        let mut threads: Vec<_> = self
            .threads
            .iter()
            .map(|(name, seconds)| (name.clone(), seconds - before.threads.get(name).copied().unwrap_or_default()))
            .filter(|(_, seconds)| *seconds > 0.0)
            .collect();
        threads.sort_by(|a, b| b.1.total_cmp(&a.1));
        let threads: serde_json::Map<_, _> =
            threads.into_iter().map(|(name, seconds)| (name, json!(us(seconds)))).collect();
        json!({
            "cpu_us": us(self.cpu_s_since(before)),
            "of_it_in_the_kernel_us": us(self.kernel_s - before.kernel_s),
            "by_thread_us": threads,
            "bytes_written": rounded(self.written_since(before) / count.max(1.0)),
        })
    }
}

/// Name, seconds in user mode and seconds in the kernel of a `stat` line. The name stands in brackets and may hold any.
fn read_stat(stat: &str) -> Option<(String, f64, f64)> {
    let (head, rest) = stat.rsplit_once(") ")?;
    let (_, name) = head.split_once('(')?;
    let mut fields = rest.split(' ');
    // Fields 14 and 15 of the line, the third of which is the first here.
    let user: f64 = fields.nth(11)?.parse().ok()?;
    let kernel: f64 = fields.next()?.parse().ok()?;
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == ':').to_owned();
    Some((name, user / TICKS_PER_S, kernel / TICKS_PER_S))
}

/// The threads that used most, of what [`Usage::per_operation`] told.
pub(crate) fn threads(processes: &Map<String, Value>) -> String {
    let mut threads: Vec<_> = object(processes, "by_thread_us")
        .into_iter()
        .flatten()
        .filter_map(|(name, us)| Some((name.as_str(), us.as_f64()?)))
        .collect();
    threads.sort_by(|a, b| b.1.total_cmp(&a.1));
    threads.iter().take(4).map(|(name, us)| format!("{name} {}", human(*us))).collect::<Vec<_>>().join(", ")
}

/// Resident memory of each of these processes, MiB.
pub(crate) fn rss_mib(pids: &[u32]) -> Result<Vec<f64>> {
    let mut all = Vec::with_capacity(pids.len());
    for pid in pids {
        all.push(rounded(stage::rss_kib(*pid)? as f64 / 1024.0));
    }
    Ok(all)
}

/// Resident memory of the largest of these processes, MiB.
pub(crate) fn rss_mib_max(pids: &[u32]) -> Result<f64> {
    Ok(rss_mib(pids)?.into_iter().fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_read_whatever_it_is_called() {
        let stat = "42 (wal (1) x-3) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 100 0 0";
        assert_eq!(read_stat(stat), Some(("wal (1) x".to_owned(), 1.5, 0.5)));
        assert_eq!(read_stat("nonsense"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let own = [std::process::id()];
        let before = Usage::of(&own).unwrap();
        assert!(before.cpu_s_since(&Usage::default()) >= 0.0);
        assert!(rss_mib_max(&own).unwrap() > 0.1);
    }
}
