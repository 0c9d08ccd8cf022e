//! How every node is, as this one sees it: asked over the peer port, where a node that is cut off is silent.

use std::time::Duration;

use bytes::Bytes;
use edge::Operations;
use futures::future::join_all;
use peer::{Lane, Peers};
use raft::Groups;
use serde_json::{Value, json};

use super::plan;
use crate::{
    operations::NodeOperations,
    status::{elections::reigns, groups::lines, judge::Asked, report::NodeReport},
};

/// A call that asks a node for its report, as `GET /api/cluster` gives it.
pub(crate) const LOOK_KIND: u16 = 420;

/// How long a node may take to say how it is: less than the time between two samples.
const LOOK_WITHIN: Duration = Duration::from_millis(800);

/// This node's own report, for a peer.
pub(crate) async fn own(operations: &NodeOperations) -> Result<Bytes, String> {
    serde_json::to_vec(&operations.status().await).map(Bytes::from).map_err(|error| error.to_string())
}

/// What a node says of itself.
pub(crate) fn read(bytes: &[u8]) -> Result<NodeReport, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Asks every member; who does not answer in time has said nothing.
pub(crate) async fn all(operations: &NodeOperations, groups: &Groups, peers: &Peers) -> Vec<Asked> {
    let looks = groups.members().into_iter().map(|(id, member)| async move {
        let said = if id == groups.node() {
            own(operations).await
        } else {
            let answer = peers.call(id, Lane::Control, LOOK_KIND, Bytes::new(), LOOK_WITHIN).await;
            answer.map_err(|error| error.to_string())
        };
        let answer = said.and_then(|bytes| read(&bytes));
        Asked { node: Some(id), url: member.public_url, answer }
    });
    join_all(looks).await
}

/// How every node and every group is, and what is to be done: `GET /api/drills/watch`.
pub(crate) fn told(asked: &[Asked]) -> Value {
    let against: Vec<Value> = plan::against(asked).into_iter().map(|it| json!({ "vi": it.vi, "en": it.en })).collect();
    let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    let nodes: Vec<Value> = asked.iter().map(node_told).collect();
    json!({ "nodes": nodes, "groups": lines(&reports), "elections": reigns(&reports), "against": against })
}

fn node_told(asked: &Asked) -> Value {
    let report = asked.answer.as_ref().ok();
    let groups = || report.iter().flat_map(|report| &report.groups);
    let leads: Vec<u32> = groups().filter(|group| group.leader == asked.node).map(|group| group.group).collect();
    json!({
        "node": asked.node,
        "url": asked.url,
        "answers": report.is_some(),
        "version": report.map(|report| &report.version),
        "is_resting": report.map(|report| report.is_resting),
        "disk": report.map(|report| &report.disk),
        "clocks": report.map(|report| &report.clocks),
        "leads": leads,
        "terms": groups().fold(0_u64, |sum, group| sum.saturating_add(group.term)),
        "applied": groups().fold(0_u64, |sum, group| sum.saturating_add(group.applied)),
        "age_ms": groups().map(|group| group.quorum_age_ms).max(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::report::RoomReport;

    fn report(node: u64) -> NodeReport {
        serde_json::from_value(json!({
            "node": node, "cluster": "c", "epoch": 1, "version": "0.1.0", "is_resting": false,
            "disk": { "free_bytes": 9_000_000_000_u64, "used_bytes": 5, "write_stopped": false, "background_errors": 0 },
            "clocks": [], "members": [],
            "groups": [{
                "group": 0, "leader": 1, "term": 4, "role": if node == 1 { "Leader" } else { "Follower" }, "last_log": 10,
                "committed": 10, "applied": 10, "snapshot": 0, "quorum_age_ms": 40, "voters": [1, 2, 3], "learners": [],
                "is_changing": false, "fatal": null, "leads": [{ "at_ms": 1_000 + node, "leader": 1, "term": 4 }],
                "followers": if node == 1 {
                    json!([{ "node": 2, "is_up": true, "lag_entries": 3 }, { "node": 3, "is_up": false, "lag_entries": null }])
                } else {
                    json!([])
                },
            }],
        }))
        .unwrap()
    }

    #[test]
    fn it_tells_of_each_node_each_group_and_of_what_is_to_be_done() {
        let silent = Asked { node: Some(3), url: "https://node-3".to_owned(), answer: Err("no answer".to_owned()) };
        let mut low = report(2);
        low.disk.room = RoomReport::Low;
        let answers = |report: NodeReport| Asked {
            node: Some(report.node),
            url: format!("https://node-{}", report.node),
            answer: Ok(report),
        };
        let told = told(&[answers(report(1)), answers(low), silent]);
        assert_eq!(told["nodes"][0]["leads"], json!([0]));
        assert_eq!(told["nodes"][1]["disk"]["room"], json!("low"));
        assert_eq!((&told["nodes"][2]["answers"], &told["nodes"][2]["disk"]), (&json!(false), &Value::Null));
        assert_eq!(told["nodes"][2]["url"], json!("https://node-3"));
        let group = &told["groups"][0];
        assert_eq!((&group["leader"], &group["term"], &group["health"]), (&json!(1), &json!(4), &json!("missing")));
        assert_eq!((&group["behind"], &group["lag_entries"]), (&json!(2), &json!(3)));
        let reigns = json!([{ "group": 0, "reigns": [{ "term": 4, "leader": 1, "from_ms": 1_001 }] }]);
        assert_eq!(told["elections"], reigns);
        assert!(told["against"].as_array().is_some_and(|found| !found.is_empty()), "{told}");
    }
}
