//! Each group in a line: pure, from what the nodes say of it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::report::{GroupReport, NodeReport, RoomReport};

/// A quorum that was heard of longer ago is none.
pub(super) const QUORUM_AGE_MS_MAX: u64 = 5_000;
/// A member that lacks more entries than this is behind: a second's worth of a busy cluster.
pub(super) const LAG_ENTRIES_MAX: u64 = 5_000;

/// How a group is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All is well.
    Well,
    /// A member lacks many entries, or has many to apply.
    Behind,
    /// A member does not answer the leader.
    Missing,
    /// A change of the members is half done.
    Changing,
    /// Nobody leads for the moment.
    Electing,
    /// Consensus has stopped on a node.
    Stopped,
    /// Too few disks have room: what is stored can be read, and nothing is taken.
    Full,
    /// Too few voters answer: nothing is taken.
    NoQuorum,
}

impl Health {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Well => "tốt / well",
            Self::Behind => "có nút chậm / a node is behind",
            Self::Missing => "thiếu nút / a node is missing",
            Self::Changing => "đang đổi thành viên / members change",
            Self::Electing => "đang bầu / electing",
            Self::Stopped => "đã dừng ở một nút / stopped on a node",
            Self::Full => "đĩa đầy, không nhận ghi / disks full, no writes",
            Self::NoQuorum => "mất đa số, không nhận gì / no majority",
        }
    }
}

/// A group as an operator wants to see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupLine {
    /// Which.
    pub group: u32,
    /// How it is.
    pub health: Health,
    /// Who leads.
    pub leader: Option<u64>,
    /// Raft term.
    pub term: u64,
    /// Last index that its leader has applied; without one, of who has heard most.
    pub applied: u64,
    /// The member that lacks most, by the leader's word.
    pub behind: Option<u64>,
    /// Entries that it lacks.
    pub lag_entries: Option<u64>,
    /// The voter whose disk has least room.
    pub fullest: Option<u64>,
    /// That room.
    pub room: RoomReport,
}

/// What each node says of a group.
pub(super) type Views<'r> = Vec<(u64, &'r GroupReport)>;

/// The groups that the nodes tell of.
pub(super) fn groups_of(reports: &[&NodeReport]) -> BTreeSet<u32> {
    reports.iter().flat_map(|report| &report.groups).map(|group| group.group).collect()
}

/// What the nodes say of a group.
pub(super) fn views_of<'r>(group: u32, reports: &[&'r NodeReport]) -> Views<'r> {
    let all = reports.iter().flat_map(|report| report.groups.iter().map(|view| (report.node, view)));
    all.filter(|(_, view)| view.group == group).collect()
}

/// The leader's own word. A node that was cut off may still take itself for one, in an older term.
pub(super) fn leader_of<'r>(views: &[(u64, &'r GroupReport)]) -> Option<(u64, &'r GroupReport)> {
    views.iter().copied().filter(|(_, view)| view.role == "Leader").max_by_key(|(_, view)| view.term)
}

/// The word of who heard of the quorum last: it knows best who the voters are.
pub(super) fn freshest<'r>(views: &[(u64, &'r GroupReport)]) -> Option<&'r GroupReport> {
    views.iter().min_by_key(|(_, view)| view.quorum_age_ms).map(|(_, view)| *view)
}

/// Whether anybody has heard of a majority lately.
pub(super) fn has_quorum(views: &[(u64, &GroupReport)]) -> bool {
    views.iter().any(|(_, view)| view.quorum_age_ms <= QUORUM_AGE_MS_MAX)
}

/// Whether disks keep the group from taking anything: nobody has the room that a leader needs, or no majority of the
/// voters has the room to take entries.
pub(super) fn is_full(views: &[(u64, &GroupReport)], reports: &[&NodeReport]) -> bool {
    let Some(voters) = freshest(views).map(|view| &view.voters).filter(|voters| !voters.is_empty()) else {
        return false;
    };
    let leader = leader_of(views).map(|(_, view)| view);
    // A voter that answers its leader and not us is taken to have room; one that answers nobody has none to give.
    let answers_its_leader = |voter: u64| {
        leader.is_none_or(|leader| leader.followers.iter().any(|follower| follower.node == voter && follower.is_up))
    };
    let room = |voter: &u64| {
        let told = reports.iter().find(|report| report.node == *voter).map(|report| report.disk.room);
        told.or_else(|| answers_its_leader(*voter).then_some(RoomReport::Enough))
    };
    let rooms: Vec<RoomReport> = voters.iter().filter_map(room).collect();
    let taking = rooms.iter().filter(|room| **room > RoomReport::None).count();
    !rooms.contains(&RoomReport::Enough) || taking * 2 <= voters.len()
}

/// Every group, in order.
#[must_use]
pub fn lines(reports: &[&NodeReport]) -> Vec<GroupLine> {
    groups_of(reports).into_iter().filter_map(|group| line(group, reports)).collect()
}

fn line(group: u32, reports: &[&NodeReport]) -> Option<GroupLine> {
    let views = views_of(group, reports);
    let leader = leader_of(&views);
    let newest = leader.or_else(|| views.iter().copied().max_by_key(|(_, view)| (view.term, view.applied)));
    let (_, view) = newest?;
    let followers = leader.map(|(node, view)| view.followers.iter().filter(move |it| it.node != node));
    let lags = followers.into_iter().flatten().filter_map(|follower| Some((follower.lag_entries?, follower.node)));
    let most = lags.max();
    let voters = freshest(&views).map(|view| view.voters.as_slice()).unwrap_or_default();
    let rooms = reports.iter().filter(|report| voters.contains(&report.node));
    let least = rooms.map(|report| (report.disk.room, report.node)).min();
    Some(GroupLine {
        group,
        health: health(&views, reports),
        leader: leader.map(|(node, _)| node).or(view.leader),
        term: view.term,
        applied: view.applied,
        behind: most.map(|(_, node)| node),
        lag_entries: most.map(|(lag, _)| lag),
        fullest: least.map(|(_, node)| node),
        room: least.map(|(room, _)| room).unwrap_or_default(),
    })
}

fn health(views: &[(u64, &GroupReport)], reports: &[&NodeReport]) -> Health {
    let followers = || leader_of(views).into_iter().flat_map(|(_, view)| &view.followers);
    let is_behind = followers().any(|follower| follower.lag_entries.is_some_and(|lag| lag > LAG_ENTRIES_MAX))
        || views.iter().any(|(_, view)| view.committed.saturating_sub(view.applied) > LAG_ENTRIES_MAX);
    if !has_quorum(views) {
        Health::NoQuorum
    } else if is_full(views, reports) {
        Health::Full
    } else if views.iter().any(|(_, view)| view.fatal.is_some()) {
        Health::Stopped
    } else if views.iter().all(|(_, view)| view.leader.is_none()) {
        Health::Electing
    } else if views.iter().any(|(_, view)| view.is_changing) {
        Health::Changing
    } else if followers().any(|follower| !follower.is_up) {
        Health::Missing
    } else if is_behind {
        Health::Behind
    } else {
        Health::Well
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{judge::tests::well, report::FollowerReport},
        *,
    };

    /// The second group of three nodes, after `change` of each.
    fn second(change: impl Fn(&mut NodeReport)) -> GroupLine {
        let mut reports = [1, 2, 3].map(well);
        reports.iter_mut().for_each(change);
        lines(&reports.each_ref()).remove(1)
    }

    fn health_after(change: impl Fn(&mut NodeReport)) -> Health {
        second(change).health
    }

    #[test]
    fn a_line_says_who_leads_how_far_who_lacks_most_and_whose_disk_is_fullest() {
        let line = second(|report| {
            report.groups[1].term = 7;
            if report.node == 3 {
                report.disk.room = RoomReport::Low;
            }
            if let Some(third) = report.groups[1].followers.get_mut(2) {
                third.lag_entries = Some(12);
            }
        });
        let expected = GroupLine {
            group: 1,
            health: Health::Well,
            leader: Some(1),
            term: 7,
            applied: 10,
            behind: Some(3),
            lag_entries: Some(12),
            fullest: Some(3),
            room: RoomReport::Low,
        };
        assert_eq!(line, expected);
    }

    #[test]
    fn each_health_has_its_cause_and_the_worst_counts() {
        assert_eq!(health_after(|_| {}), Health::Well);
        assert_eq!(health_after(|it| it.groups[1].committed = 9_000), Health::Behind);
        let cut = |it: &mut NodeReport| it.groups[1].followers.iter_mut().skip(1).for_each(|node| node.is_up = false);
        assert_eq!(health_after(cut), Health::Missing);
        assert_eq!(health_after(|it| it.groups[1].is_changing = true), Health::Changing);
        assert_eq!(health_after(|it| it.groups[1].leader = None), Health::Electing);
        assert_eq!(health_after(|it| it.groups[1].fatal = Some("disk".into())), Health::Stopped);
        assert_eq!(health_after(|it| it.disk.room = RoomReport::Low), Health::Full);
        let silent = |it: &mut NodeReport| {
            it.disk.room = RoomReport::None;
            it.groups[1].quorum_age_ms = 60_000;
        };
        assert_eq!(health_after(silent), Health::NoQuorum);
        let words = [Health::Well, Health::Full, Health::NoQuorum].map(Health::words);
        assert!(words.iter().all(|words| words.contains(" / ")));
    }

    #[test]
    fn one_full_disk_of_three_stops_nobody_and_two_stop_all() {
        let full = |nodes: &'static [u64]| {
            move |it: &mut NodeReport| {
                if nodes.contains(&it.node) {
                    it.disk.room = RoomReport::None;
                }
            }
        };
        assert_eq!(health_after(full(&[3])), Health::Well);
        assert_eq!(health_after(full(&[2, 3])), Health::Full);
    }

    #[test]
    fn a_voter_that_only_its_leader_reaches_is_taken_to_have_room() {
        let (one, mut two) = (well(1), well(2));
        two.disk.room = RoomReport::None;
        assert_eq!(lines(&[&one, &two])[0].health, Health::Well, "node 3 answers node 1");
        let mut alone = well(1);
        alone.groups[0].followers[2] = FollowerReport { node: 3, ..FollowerReport::default() };
        assert_eq!(lines(&[&alone, &two])[0].health, Health::Full, "node 3 is gone, and node 2 takes nothing");
        assert_eq!(lines(&[&well(2)])[0].health, Health::Well, "a follower alone accuses nobody");
    }
}
