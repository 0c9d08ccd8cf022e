//! What an operator must know of a cluster, in words: pure, from what its nodes say.

use std::collections::BTreeSet;

use super::report::{GroupReport, NodeReport};

/// A quorum that was heard of longer ago is none.
const QUORUM_AGE_MS_MAX: u64 = 5_000;
/// A member that lacks more entries than this is behind: a second's worth of a busy cluster.
const LAG_ENTRIES_MAX: u64 = 5_000;
/// Less free disk than this is little.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// A clock that is further off is told of; at 2 s its node may not lead.
const CLOCK_OFFSET_MS_MAX: i64 = 500;
/// Fewer voters may not lose one.
const VOTERS_MIN: usize = 3;

/// How the cluster is. The number is what the program ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All is well.
    Well = 0,
    /// It works, and something is to be done.
    Degraded = 1,
    /// A group accepts nothing.
    NoQuorum = 2,
}

/// A sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

/// A node that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its id, when that is known.
    pub node: Option<u64>,
    /// Where.
    pub url: String,
    /// What it said, or why it said nothing.
    pub answer: Result<NodeReport, String>,
}

impl Asked {
    fn name(&self) -> String {
        self.node.map_or_else(|| self.url.clone(), |node| format!("{node} ({})", self.url))
    }
}

fn finding(level: Level, vi: String, en: String) -> Finding {
    Finding { level, vi, en }
}

/// The worst of it.
#[must_use]
pub fn level(findings: &[Finding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Well)
}

/// What the nodes' words come to, the worst first.
#[must_use]
pub fn judge(asked: &[Asked]) -> Vec<Finding> {
    let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    let mut found = Vec::new();
    for asked in asked {
        if let Err(reason) = &asked.answer {
            let name = asked.name();
            found.push(finding(
                Level::Degraded,
                format!("Nút {name} không trả lời ({reason}): kiểm tra máy, mạng và tiến trình của nút đó."),
                format!("Node {name} does not answer ({reason}): look at its machine, its network and its process."),
            ));
        }
    }
    if reports.is_empty() {
        found.push(finding(
            Level::NoQuorum,
            "Không nút nào trả lời: kiểm tra địa chỉ đã cho, rồi từng máy.".to_owned(),
            "No node answers: check the addresses that were given, then each machine.".to_owned(),
        ));
    }
    of_the_cluster(&reports, &mut found);
    for report in &reports {
        of_a_node(report, &mut found);
    }
    let groups: BTreeSet<u32> = reports.iter().flat_map(|report| &report.groups).map(|group| group.group).collect();
    let mut voter_sets = BTreeSet::new();
    for group in groups {
        let views: Vec<(u64, &GroupReport)> = reports
            .iter()
            .flat_map(|report| report.groups.iter().map(|view| (report.node, view)))
            .filter(|(_, view)| view.group == group)
            .collect();
        // Who heard of the quorum last knows best who the members are.
        if let Some((_, view)) = views.iter().min_by_key(|(_, view)| view.quorum_age_ms) {
            voter_sets.insert(view.voters.clone());
        }
        of_a_group(group, &views, &reports, &mut found);
    }
    of_the_voters(&voter_sets, &mut found);
    found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    found
}

fn of_the_cluster(reports: &[&NodeReport], found: &mut Vec<Finding>) {
    let names: BTreeSet<(&str, u64)> = reports.iter().map(|report| (report.cluster.as_str(), report.epoch)).collect();
    if names.len() > 1 {
        found.push(finding(
            Level::Degraded,
            format!("Các địa chỉ thuộc {} cụm khác nhau: hỏi từng cụm riêng.", names.len()),
            format!("The addresses are of {} different clusters: ask about each by itself.", names.len()),
        ));
    }
    let versions: BTreeSet<&str> = reports.iter().map(|report| report.version.as_str()).collect();
    if versions.len() > 1 {
        let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
        found.push(finding(
            Level::Well,
            format!("Các nút chạy phiên bản khác nhau ({versions}): nâng cấp cho xong."),
            format!("The nodes run different versions ({versions}): finish the upgrade."),
        ));
    }
}

fn of_a_node(report: &NodeReport, found: &mut Vec<Finding>) {
    let node = report.node;
    if let Some(free) = report.disk.free_bytes.filter(|free| *free < FREE_BYTES_MIN) {
        let free = free >> 20;
        found.push(finding(
            Level::Degraded,
            format!("Nút {node} chỉ còn {free} MiB đĩa trống: dọn đĩa hoặc thay đĩa lớn hơn trước khi đầy."),
            format!("Node {node} has only {free} MiB of free disk: clear or enlarge it before it is full."),
        ));
    }
    if report.disk.write_stopped || report.disk.background_errors > 0 {
        found.push(finding(
            Level::Degraded,
            format!("Đĩa của nút {node} báo lỗi ghi: xem nhật ký của nút, thay nút nếu đĩa hỏng."),
            format!("The disk of node {node} has write errors: read its log, replace the node if the disk is broken."),
        ));
    }
    if report.is_resting {
        found.push(finding(
            Level::Well,
            format!("Nút {node} đang nghỉ, không giữ quyền điều khiển nhóm nào: `trongdong transfer {node} --minutes 0` để thôi nghỉ."),
            format!("Node {node} rests and leads nothing: `trongdong transfer {node} --minutes 0` ends that."),
        ));
    }
    for group in report.groups.iter().filter(|group| group.fatal.is_some()) {
        let (number, reason) = (group.group, group.fatal.clone().unwrap_or_default());
        found.push(finding(
            Level::Degraded,
            format!("Nhóm {number} trên nút {node} đã dừng ({reason}): khởi động lại nút; nếu lặp lại, thay nút."),
            format!(
                "Group {number} on node {node} has stopped ({reason}): restart it; if it comes again, replace the node."
            ),
        ));
    }
    // A clock that is off is off from most others; one node is named, not each pair.
    let far = |offset: &i64| offset.abs() > CLOCK_OFFSET_MS_MAX;
    let mut offsets: Vec<i64> = report.clocks.iter().filter_map(|clock| clock.offset_ms).collect();
    offsets.sort_unstable();
    if let Some(offset) = offsets.get(offsets.len() / 2).filter(|_| !offsets.is_empty() && offsets.iter().all(far)) {
        found.push(finding(
            Level::Degraded,
            format!("Đồng hồ của nút {node} lệch {} ms so với các nút khác: chỉnh lại NTP trên máy đó.", -offset),
            format!("The clock of node {node} is {} ms off the others': mend NTP on that machine.", -offset),
        ));
    }
}

fn of_a_group(group: u32, views: &[(u64, &GroupReport)], reports: &[&NodeReport], found: &mut Vec<Finding>) {
    if !views.iter().any(|(_, view)| view.quorum_age_ms <= QUORUM_AGE_MS_MAX) {
        found.push(finding(
            Level::NoQuorum,
            format!("Nhóm {group} không có đa số nên không nhận gì: khởi động lại các nút đang dừng."),
            format!("Group {group} has no majority and accepts nothing: start the nodes that are down."),
        ));
        return;
    }
    if views.iter().all(|(_, view)| view.leader.is_none()) {
        found.push(finding(
            Level::Degraded,
            format!("Nhóm {group} đang bầu nút điều khiển: vài giây là xong; nếu không, khởi động các nút đang dừng."),
            format!(
                "Group {group} is electing its leader: a matter of seconds; if not, start the nodes that are down."
            ),
        ));
    }
    if views.iter().any(|(_, view)| view.is_changing) {
        found.push(finding(
            Level::Degraded,
            format!("Nhóm {group} đang đổi thành viên dở dang: chạy lại lệnh đã gửi để làm nốt."),
            format!("Group {group} is in the middle of a change of members: send the command again to finish it."),
        ));
    }
    let leader = views.iter().filter(|(_, view)| view.role == "Leader").max_by_key(|(_, view)| view.term);
    let Some((_, leader)) = leader else { return };
    for learner in &leader.learners {
        found.push(finding(
            Level::Degraded,
            format!(
                "Nút {learner} đang theo kịp ở nhóm {group}, chưa có phiếu: chờ, hoặc kiểm tra nút đó có chạy không."
            ),
            format!(
                "Node {learner} is catching up in group {group} and has no vote yet: wait, or see whether it runs."
            ),
        ));
    }
    for follower in &leader.followers {
        let node = follower.node;
        let answers = reports.iter().any(|report| report.node == node);
        if !follower.is_up && answers {
            found.push(finding(
                Level::Degraded,
                format!("Nút {node} không trả lời nút điều khiển nhóm {group}: kiểm tra mạng giữa các nút."),
                format!("Node {node} does not answer the leader of group {group}: look at the network between nodes."),
            ));
        }
        if let Some(lag) = follower.lag_entries.filter(|lag| *lag > LAG_ENTRIES_MAX && follower.is_up) {
            found.push(finding(
                Level::Degraded,
                format!("Nút {node} chậm {lag} mục ở nhóm {group}: chờ; nếu không giảm, xem đĩa và mạng của nút."),
                format!("Node {node} is {lag} entries behind in group {group}: wait; if it stays so, see its disk and network."),
            ));
        }
    }
    for (node, view) in views {
        let behind = view.committed.saturating_sub(view.applied);
        if behind > LAG_ENTRIES_MAX {
            found.push(finding(
                Level::Degraded,
                format!("Nút {node} chưa áp dụng {behind} mục ở nhóm {group}: máy quá tải, xem bộ xử lý và đĩa."),
                format!("Node {node} has {behind} entries of group {group} to apply: it is overloaded, see its processor and disk."),
            ));
        }
    }
}

fn of_the_voters(sets: &BTreeSet<Vec<u64>>, found: &mut Vec<Finding>) {
    if sets.len() > 1 {
        found.push(finding(
            Level::Degraded,
            "Các nhóm có thành viên khác nhau: chạy lại lệnh thêm, bớt hoặc thay nút để làm nốt.".to_owned(),
            "Groups differ in their members: send the command that adds, removes or replaces a node again.".to_owned(),
        ));
    }
    let Some(voters) = sets.iter().map(Vec::len).min() else { return };
    if voters < VOTERS_MIN {
        found.push(finding(
            Level::Degraded,
            format!("Chỉ {voters} nút có phiếu: mất một nút là dừng. Mời thêm nút bằng `trongdong invite`."),
            format!("Only {voters} nodes vote: losing one stops everything. Invite more with `trongdong invite`."),
        ));
    } else if voters % 2 == 0 {
        let bears = (voters - 1) / 2;
        found.push(finding(
            Level::Well,
            format!("Số nút có phiếu là chẵn ({voters}), chịu được mất {bears}: thêm hoặc bớt một nút thì hợp lý hơn."),
            format!("An even number of nodes votes ({voters}) and bears the loss of {bears}: one more or one less suits better."),
        ));
    }
}

#[cfg(test)]
mod tests;
