//! Whether a drill may begin, and as what. Pure, from what every node says of itself.

use std::collections::BTreeSet;

use domain::{DrillScenario, GroupId, StartDrill, limits};
use edge::WantedDrill;

use crate::status::{
    judge::{Asked, Finding, Level, judge},
    report::NodeReport,
};

/// Why a drill does not begin, for people; `code` is for programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{vi} / {en}")]
pub(crate) struct NotNow {
    pub(crate) code: &'static str,
    pub(crate) vi: String,
    pub(crate) en: String,
}

fn not_now(code: &'static str, vi: impl Into<String>, en: impl Into<String>) -> NotNow {
    NotNow { code, vi: vi.into(), en: en.into() }
}

/// What stands against any drill: whatever is to be done about the cluster is to be done first.
pub(crate) fn against(asked: &[Asked]) -> Vec<Finding> {
    judge(asked).into_iter().filter(|finding| finding.level > Level::Well).collect()
}

/// The first group that could not decide without these nodes, counting only those that answer.
pub(crate) fn group_without_majority(nodes: &[u64], asked: &[Asked]) -> Option<u32> {
    let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    let up: BTreeSet<u64> = reports.iter().map(|report| report.node).filter(|node| !nodes.contains(node)).collect();
    // A node outside of the radius says who votes: one inside may know it from before.
    let views = reports.iter().filter(|report| up.contains(&report.node)).flat_map(|report| &report.groups);
    let mut views = views.peekable();
    if views.peek().is_none() {
        return Some(GroupId::COMMAND.0);
    }
    views
        .find(|view| view.voters.iter().filter(|voter| up.contains(*voter)).count() * 2 <= view.voters.len())
        .map(|view| view.group)
}

/// Who leads the command group, by the highest term that anybody knows.
fn leader(reports: &[&NodeReport]) -> Option<u64> {
    let views = reports.iter().flat_map(|report| &report.groups).filter(|view| view.group == GroupId::COMMAND.0);
    views.filter(|view| view.leader.is_some()).max_by_key(|view| view.term)?.leader
}

/// What a scenario has when nobody says how strong it shall be.
fn usual_strength(scenario: DrillScenario) -> u32 {
    match scenario {
        DrillScenario::NodeLost | DrillScenario::LinkLost => 0,
        // A disk that is worn out, or a neighbour's backup on the same one.
        DrillScenario::SlowDisk => 120,
        DrillScenario::CameraStorm => 240,
        DrillScenario::CallSurge => 120,
        DrillScenario::LeaderLost => 60,
    }
}

/// The drill that is asked for, watched by `asker` if it may, or why there is none now.
///
/// # Errors
/// The cluster is not well, a group would lose its majority, or a bound is passed; with what to do.
pub(crate) fn plan(wanted: &WantedDrill, asked: &[Asked], asker: u64) -> Result<StartDrill, NotNow> {
    if let Some(finding) = against(asked).first() {
        return Err(not_now("unhealthy", &finding.vi, &finding.en));
    }
    if !limits::DRILL_SECONDS.contains(&wanted.seconds) {
        let (least, most) = (*limits::DRILL_SECONDS.start(), *limits::DRILL_SECONDS.end());
        return Err(not_now(
            "seconds",
            format!("seconds: từ {least} đến {most} giây"),
            format!("seconds: give {least} to {most}"),
        ));
    }
    let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    let mut nodes = if wanted.scenario == DrillScenario::LeaderLost {
        if wanted.nodes.len() > 1 {
            return Err(not_now(
                "nodes",
                "nodes: kịch bản này chỉ làm hỏng nút đang điều khiển",
                "nodes: this scenario breaks the node that leads, and no other",
            ));
        }
        // Named is who led when somebody armed it. The lead may have moved since, and it is the leader that is to be lost.
        leader(&reports).into_iter().collect()
    } else {
        wanted.nodes.clone()
    };
    nodes.sort_unstable();
    nodes.dedup();
    if nodes.is_empty() == wanted.scenario.has_radius() {
        return Err(if nodes.is_empty() {
            not_now("nodes", "nodes: chọn ít nhất một nút", "nodes: name at least one node")
        } else {
            not_now("nodes", "nodes: kịch bản này không chọn nút", "nodes: this scenario takes none")
        });
    }
    let is_member = |node: u64| reports.iter().any(|report| report.node == node);
    if let Some(node) = nodes.iter().chain(&wanted.nodes).find(|node| !is_member(**node)) {
        return Err(not_now(
            "not_a_member",
            format!("Nút {node} không thuộc cụm: xem `trongdong status`"),
            format!("Node {node} is no member: see `trongdong status`"),
        ));
    }
    if let Some(group) = group_without_majority(&nodes, asked) {
        return Err(not_now(
            "quorum",
            format!("Nhóm {group} sẽ mất đa số: chọn ít nút hơn"),
            format!("Group {group} would lose its majority: choose fewer nodes"),
        ));
    }
    let outside = |node: &u64| !nodes.contains(node);
    let observer = Some(asker).filter(outside).or_else(|| reports.iter().map(|report| report.node).find(outside));
    let observer = observer.ok_or_else(|| {
        not_now("nodes", "Không còn nút nào để theo dõi", "No node is left to watch: choose fewer nodes")
    })?;
    let strength = if wanted.strength == 0 { usual_strength(wanted.scenario) } else { wanted.strength };
    Ok(StartDrill {
        scenario: wanted.scenario,
        nodes,
        observer,
        strength,
        seconds: wanted.seconds,
        purpose: wanted.purpose.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::report::{DiskReport, FollowerReport, GroupReport};

    fn well(node: u64, of: u64, leader: u64) -> Asked {
        let voters: Vec<u64> = (1..=of).collect();
        let followers = voters.iter().map(|node| FollowerReport { node: *node, is_up: true, lag_entries: Some(0) });
        let group = GroupReport {
            group: 0,
            leader: Some(leader),
            term: 2 + leader,
            role: if node == leader { "Leader" } else { "Follower" }.to_owned(),
            followers: if node == leader { followers.collect() } else { Vec::new() },
            voters,
            ..GroupReport::default()
        };
        let disk = DiskReport { free_bytes: Some(100 << 30), ..DiskReport::default() };
        let report = NodeReport { node, disk, groups: vec![group], ..NodeReport::default() };
        Asked { node: Some(node), url: String::new(), answer: Ok(report) }
    }

    fn all(of: u64) -> Vec<Asked> {
        under(1, of)
    }

    fn under(leader: u64, of: u64) -> Vec<Asked> {
        (1..=of).map(|node| well(node, of, leader)).collect()
    }

    fn wanted(scenario: DrillScenario, nodes: &[u64]) -> WantedDrill {
        WantedDrill { scenario, nodes: nodes.to_vec(), seconds: 30, strength: 0, purpose: " practice ".into() }
    }

    fn code(wanted: &WantedDrill, asked: &[Asked]) -> &'static str {
        plan(wanted, asked, 1).unwrap_err().code
    }

    #[test]
    fn a_well_cluster_of_three_loses_one_node_and_no_more() {
        let drill = plan(&wanted(DrillScenario::NodeLost, &[2]), &all(3), 1).unwrap();
        assert_eq!((drill.nodes, drill.observer, drill.strength, &*drill.purpose), (vec![2], 1, 0, "practice"));
        assert_eq!(code(&wanted(DrillScenario::NodeLost, &[2, 3]), &all(3)), "quorum");
        assert!(plan(&wanted(DrillScenario::LinkLost, &[4, 5]), &all(5), 1).is_ok());
        assert_eq!(code(&wanted(DrillScenario::SlowDisk, &[3, 4, 5]), &all(5)), "quorum");
        assert_eq!(code(&wanted(DrillScenario::NodeLost, &[1]), &all(1)), "unhealthy", "one voter is too few anyway");
    }

    #[test]
    fn nothing_begins_while_something_is_to_be_done() {
        let mut asked = all(5);
        asked[4].answer = Err("connection refused".to_owned());
        let refused = plan(&wanted(DrillScenario::CallSurge, &[]), &asked, 1).unwrap_err();
        assert_eq!(refused.code, "unhealthy");
        assert!(refused.to_string().contains("Nút 5") && refused.to_string().contains("Node 5"), "{refused}");
        // Even if it were let through, a node that does not answer counts as lost already.
        assert_eq!(group_without_majority(&[1], &asked), None);
        assert_eq!(group_without_majority(&[1, 2], &asked), Some(0));
        assert_eq!(group_without_majority(&[], &[]), Some(0));
    }

    #[test]
    fn the_leader_is_found_and_watched_by_another() {
        let drill = plan(&wanted(DrillScenario::LeaderLost, &[]), &all(3), 1).unwrap();
        assert_eq!((drill.nodes, drill.observer, drill.strength), (vec![1], 2, 60));
    }

    #[test]
    fn whoever_leads_breaks_although_another_led_when_it_was_armed() {
        let armed = wanted(DrillScenario::LeaderLost, &[1]);
        let drill = plan(&armed, &under(3, 3), 1).unwrap();
        assert_eq!((drill.nodes, drill.observer), (vec![3], 1), "the one that was named watches");
        assert_eq!(plan(&armed, &under(1, 3), 1).unwrap().nodes, [1], "the lead did not move");
        // One that has not heard of the election names the one before.
        let asked = [well(2, 3, 1), well(3, 3, 3)];
        let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
        assert_eq!(leader(&reports), Some(3));
        // However many are named, it is one that breaks; and nobody names what is not there.
        assert_eq!(code(&wanted(DrillScenario::LeaderLost, &[1, 2]), &under(3, 5)), "nodes");
        assert_eq!(code(&wanted(DrillScenario::LeaderLost, &[9]), &under(3, 3)), "not_a_member");
        // With one node gone the leader is the majority's last: nothing is broken then.
        let mut asked = under(3, 3);
        asked[0].answer = Err("connection refused".to_owned());
        assert_eq!(code(&armed, &asked), "unhealthy");
        assert_eq!(group_without_majority(&[3], &asked), Some(0));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        assert_eq!(code(&wanted(DrillScenario::NodeLost, &[]), &all(3)), "nodes");
        assert_eq!(code(&wanted(DrillScenario::CameraStorm, &[2]), &all(3)), "nodes");
        assert_eq!(code(&wanted(DrillScenario::NodeLost, &[9]), &all(3)), "not_a_member");
        let long = WantedDrill { seconds: 601, ..wanted(DrillScenario::NodeLost, &[2]) };
        assert_eq!(code(&long, &all(3)), "seconds");
    }
}
