//! What the nodes say of themselves on `/metrics`: who leads which group, how far it is applied, and counters.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tokio::time::sleep;

use crate::{Result, desk::Desk, http::Connection, stage::NODES, stats::rounded};

/// How often a wait looks again.
const LOOK: Duration = Duration::from_millis(20);

/// Counters of the nodes that say where time and bytes go.
const COUNTERS: [&str; 8] = [
    "trongdong_rocks_entries_total",
    "trongdong_rocks_bytes_total",
    "trongdong_rocks_batches_total",
    "trongdong_rocks_fsyncs_total",
    "trongdong_rocks_fsync_us_total",
    "trongdong_rocks_row_batches_total",
    "trongdong_entity_hops",
    "trongdong_entity_reading_batches",
];

/// One look at one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look(BTreeMap<String, f64>);

impl Look {
    /// Asks a node.
    pub(crate) async fn at(address: SocketAddr) -> Result<Self> {
        let answer = Connection::open(address).await?.ask("GET", "/metrics", "", b"").await?;
        if !answer.is_success() {
            return Err(format!("GET /metrics: {}", answer.words()).into());
        }
        Ok(Self::parse(&String::from_utf8_lossy(&answer.body)))
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(|line| line.rsplit_once(' ')).filter_map(named).collect())
    }

    /// A counter; 0 where there is none.
    pub(crate) fn count(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Whether this node says that the node `id` leads every group.
    pub(crate) fn all_led_by(&self, id: u64) -> bool {
        domain::GroupId::all().all(|group| self.is_led_by(group.0, id))
    }

    /// Whether this node says that the node `id` leads the group.
    pub(crate) fn is_led_by(&self, group: u32, id: u64) -> bool {
        (self.of_group("trongdong_group_leader", group) - id as f64).abs() < 0.5
    }

    /// Who leads the group, as far as this node knows.
    pub(crate) fn leader(&self, group: u32) -> Option<u64> {
        (1..=NODES).find(|id| self.is_led_by(group, *id))
    }

    /// Whether this node knows a leader other than `dead` of every group.
    pub(crate) fn all_led_without(&self, dead: u64) -> bool {
        domain::GroupId::all().all(|group| !self.is_led_by(group.0, 0) && !self.is_led_by(group.0, dead))
    }

    /// Log index that is applied.
    pub(crate) fn applied(&self, group: u32) -> f64 {
        self.of_group("trongdong_group_applied_index", group)
    }

    fn of_group(&self, name: &str, group: u32) -> f64 {
        self.count(&format!("{name}{{group=\"{group}\"}}"))
    }
}

fn named((name, value): (&str, &str)) -> Option<(String, f64)> {
    Some((name.to_owned(), value.parse().ok()?))
}

/// Looks at all nodes.
pub(crate) async fn looks(addresses: &[SocketAddr]) -> Result<Vec<Look>> {
    let mut looks = Vec::new();
    for address in addresses {
        looks.push(Look::at(*address).await?);
    }
    Ok(looks)
}

/// What all nodes together counted between two looks, with what follows from it.
pub(crate) fn counted(before: &[Look], after: &[Look]) -> Map<String, Value> {
    let sum = |looks: &[Look], name: &str| looks.iter().map(|look| look.count(name)).sum::<f64>();
    let grown = |name: &str| sum(after, name) - sum(before, name);
    let mut counted: Map<_, _> =
        COUNTERS.iter().map(|name| (name.trim_start_matches("trongdong_").to_owned(), grown(name).into())).collect();
    let fsyncs = grown("trongdong_rocks_fsyncs_total").max(1.0);
    let entries = grown("trongdong_rocks_entries_total");
    let us = grown("trongdong_rocks_fsync_us_total");
    counted.insert("entries_of_one_fsync".to_owned(), rounded(entries / fsyncs).into());
    counted.insert("ms_of_one_fsync".to_owned(), rounded(us / fsyncs / 1000.0).into());
    counted
}

/// Flushes a second of the node that flushed most.
pub(crate) fn fsyncs_per_s(before: &[Look], after: &[Look], seconds: f64) -> f64 {
    let name = "trongdong_rocks_fsyncs_total";
    let each = before.iter().zip(after).map(|(before, after)| after.count(name) - before.count(name));
    each.fold(0.0, f64::max) / seconds
}

/// What a node says of a group in its status (`/api/cluster`); none where it says nothing.
pub(crate) async fn said(desk: &Desk, node: u64, group: u32, name: &str) -> Result<Option<u64>> {
    let status = desk.at_node(usize::try_from(node - 1)?).get("/api/cluster").await?;
    let groups = status.get("groups").and_then(Value::as_array);
    let of = |all: &Value| all.get("group").and_then(Value::as_u64) == Some(u64::from(group));
    Ok(groups.into_iter().flatten().find(|all| of(all)).and_then(|all| all.get(name)?.as_u64()))
}

/// Waits until the node at `address` says so, at most `within`; whether it did.
pub(crate) async fn until(address: SocketAddr, within: Duration, said: impl Fn(&Look) -> bool) -> bool {
    let end = Instant::now() + within;
    loop {
        if Look::at(address).await.is_ok_and(|look| said(&look)) {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP trongdong_group_leader node id\ntrongdong_group_leader{group=\"0\"} 2\n\
                        trongdong_rocks_fsyncs_total 10\ntrongdong_rocks_fsync_us_total 2000\nnonsense\n";

    #[test]
    fn counters_and_leaders_are_read() {
        let look = Look::parse(TEXT);
        assert!(look.is_led_by(0, 2) && !look.is_led_by(0, 1));
        assert!(!look.all_led_by(2), "of group 1 nothing is said");
        assert_eq!((look.leader(0), look.leader(1)), (Some(2), None));
        assert!((look.count("trongdong_rocks_fsyncs_total") - 10.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_counted_is_the_difference() {
        let after = Look::parse("trongdong_rocks_fsyncs_total 20\ntrongdong_rocks_fsync_us_total 7000\n");
        let before = Look::parse(TEXT);
        let counted = counted(std::slice::from_ref(&before), std::slice::from_ref(&after));
        assert_eq!(counted["rocks_fsyncs_total"], 10.0);
        assert_eq!(counted["ms_of_one_fsync"], 0.5);
        assert!((fsyncs_per_s(&[before], &[after], 2.0) - 5.0).abs() < 1e-9);
    }
}
