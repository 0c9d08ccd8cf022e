//! What an operator must know of a cluster, in words: pure, from what its nodes say.

use std::collections::BTreeSet;

use super::{
    groups::{LAG_ENTRIES_MAX, freshest, groups_of, has_quorum, is_full, leader_of, views_of},
    report::{GroupReport, NodeReport, RoomReport},
};

/// Less free disk than this is little.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// A clock that is further off is told of; at 2 s its node may not lead.
const CLOCK_OFFSET_MS_MAX: u64 = 500;
/// Fewer voters may not lose one.
const VOTERS_MIN: usize = 3;

/// How the cluster is. The number is what the program ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All is well.
    Well = 0,
    /// It works, and something is to be done.
    Degraded = 1,
    /// A group accepts nothing: it has no majority, or no room.
    Refusing = 2,
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
            Level::Refusing,
            "Không nút nào trả lời: kiểm tra địa chỉ đã cho, rồi từng máy.".to_owned(),
            "No node answers: check the addresses that were given, then each machine.".to_owned(),
        ));
    }
    of_the_cluster(&reports, &mut found);
    for report in &reports {
        of_a_node(report, &mut found);
    }
    let mut voter_sets = BTreeSet::new();
    for group in groups_of(&reports) {
        let views = views_of(group, &reports);
        if let Some(view) = freshest(&views) {
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
    of_a_disk(report, found);
    if report.disk.write_stopped || report.disk.background_errors > 0 {
        found.push(finding(
            Level::Degraded,
            format!("Đĩa của nút {node} báo lỗi ghi: xem nhật ký của nút, thay nút nếu đĩa hỏng."),
            format!("The disk of node {node} has write errors: read its log, replace the node if the disk is broken."),
        ));
    }
    if !report.disk.rotten.is_empty() {
        let names = report.disk.rotten.join("; ");
        found.push(finding(
            Level::Degraded,
            format!("Dữ liệu trên đĩa của nút {node} bị hỏng ({names}): thay nút khi các nút khác còn đủ."),
            format!("Stored data of node {node} is damaged ({names}): replace the node while the others are whole."),
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
    let far = |offset: &i64| offset.unsigned_abs() > CLOCK_OFFSET_MS_MAX;
    let mut offsets: Vec<i64> = report.clocks.iter().filter_map(|clock| clock.offset_ms).collect();
    offsets.sort_unstable();
    if let Some(offset) = offsets.get(offsets.len() / 2).filter(|_| !offsets.is_empty() && offsets.iter().all(far)) {
        found.push(finding(
            Level::Degraded,
            format!(
                "Đồng hồ của nút {node} lệch {} ms so với các nút khác: chỉnh lại NTP trên máy đó.",
                offset.saturating_neg()
            ),
            format!(
                "The clock of node {node} is {} ms off the others': mend NTP on that machine.",
                offset.saturating_neg()
            ),
        ));
    }
}

/// Room on the disk: what the node does about it, and what a person must.
fn of_a_disk(report: &NodeReport, found: &mut Vec<Finding>) {
    let node = report.node;
    let free = report.disk.free_bytes.map_or_else(|| "?".to_owned(), |free| (free >> 20).to_string());
    let (vi, en) = match report.disk.room {
        RoomReport::None => (
            format!(
                "Đĩa của nút {node} đã đầy (còn {free} MiB): nút không nhận ghi, vẫn cho xem. Dọn đĩa hoặc thay đĩa lớn hơn, \
                 nút sẽ tự theo kịp."
            ),
            format!(
                "The disk of node {node} is full ({free} MiB left): it takes no writes and goes on serving reads. Clear or \
                 enlarge it, and the node catches up by itself."
            ),
        ),
        RoomReport::Low => (
            format!(
                "Đĩa của nút {node} sắp đầy (còn {free} MiB): nút đã nhường quyền điều khiển. Dọn đĩa hoặc thay đĩa lớn hơn."
            ),
            format!(
                "The disk of node {node} runs low ({free} MiB left): it gives its leads away. Clear or enlarge it before it \
                 is full."
            ),
        ),
        RoomReport::Enough if report.disk.free_bytes.is_some_and(|free| free < FREE_BYTES_MIN) => (
            format!("Nút {node} chỉ còn {free} MiB đĩa trống: dọn đĩa hoặc thay đĩa lớn hơn trước khi đầy."),
            format!("Node {node} has only {free} MiB of free disk: clear or enlarge it before it is full."),
        ),
        RoomReport::Enough => return,
    };
    found.push(finding(Level::Degraded, vi, en));
}

fn of_a_group(group: u32, views: &[(u64, &GroupReport)], reports: &[&NodeReport], found: &mut Vec<Finding>) {
    if !has_quorum(views) {
        found.push(finding(
            Level::Refusing,
            format!("Nhóm {group} không có đa số nên không nhận gì: khởi động lại các nút đang dừng."),
            format!("Group {group} has no majority and accepts nothing: start the nodes that are down."),
        ));
        return;
    }
    if is_full(views, reports) {
        found.push(finding(
            Level::Refusing,
            format!("Nhóm {group} không nhận ghi vì đĩa đầy, vẫn cho xem: dọn đĩa của các nút được nêu, nhóm tự chạy tiếp."),
            format!(
                "Group {group} takes no writes because disks are full, and goes on serving reads: clear the disks of the \
                 nodes named here, and it goes on by itself."
            ),
        ));
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
    let Some((_, leader)) = leader_of(views) else { return };
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
pub(super) mod tests;
