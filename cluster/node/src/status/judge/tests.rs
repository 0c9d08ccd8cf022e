//! Each thing that is not well has its sentence, and the worst decides what the program ends with.

use super::{
    super::report::{ClockReport, DiskReport, FollowerReport, RoomReport},
    *,
};

/// Node `node` of three that are well; node 1 leads both groups.
pub(in crate::status) fn well(node: u64) -> NodeReport {
    let followers = [1, 2, 3].map(|node| FollowerReport { node, is_up: true, lag_entries: Some(0) });
    let group = |group| GroupReport {
        group,
        leader: Some(1),
        role: if node == 1 { "Leader" } else { "Follower" }.to_owned(),
        committed: 10,
        applied: 10,
        voters: vec![1, 2, 3],
        followers: if node == 1 { followers.to_vec() } else { Vec::new() },
        ..GroupReport::default()
    };
    let clock = |node| ClockReport { node, is_connected: true, offset_ms: Some(3) };
    NodeReport {
        node,
        cluster: "ttdh".to_owned(),
        disk: DiskReport { free_bytes: Some(100 << 30), ..DiskReport::default() },
        clocks: [1, 2, 3].into_iter().filter(|other| *other != node).map(clock).collect(),
        groups: vec![group(0), group(1)],
        ..NodeReport::default()
    }
}

pub(in crate::status) fn asked(reports: impl IntoIterator<Item = NodeReport>) -> Vec<Asked> {
    reports
        .into_iter()
        .map(|report| Asked { node: Some(report.node), url: String::new(), answer: Ok(report) })
        .collect()
}

/// What is said of three nodes after `change`.
fn said(change: impl Fn(&mut NodeReport)) -> (Level, Vec<String>) {
    let mut reports = [1, 2, 3].map(well);
    reports.iter_mut().for_each(change);
    let found = judge(&asked(reports));
    for finding in &found {
        assert!(!finding.vi.is_empty() && finding.vi != finding.en, "{finding:?}");
    }
    (level(&found), found.into_iter().map(|finding| finding.en).collect())
}

fn only(found: &(Level, Vec<String>), level: Level, words: &str) {
    assert_eq!(found.0, level, "{found:?}");
    assert!(found.1.len() == 1 && found.1[0].contains(words), "{words}: {found:?}");
}

#[test]
fn nothing_is_said_when_all_is_well() {
    assert_eq!(said(|_| {}), (Level::Well, Vec::new()));
}

#[test]
fn a_node_that_does_not_answer_is_degraded_and_none_at_all_is_the_worst() {
    let mut all = asked([well(1), well(2)]);
    all.push(Asked { node: Some(3), url: "https://n3".to_owned(), answer: Err("connection refused".to_owned()) });
    let found = judge(&all);
    assert_eq!((level(&found), found.len()), (Level::Degraded, 1));
    assert!(found[0].vi.contains("Nút 3") && found[0].en.contains("connection refused"));
    let none = [Asked { node: None, url: "https://n1".to_owned(), answer: Err("no route".to_owned()) }];
    assert_eq!(level(&judge(&none)), Level::Refusing);
    assert_eq!(level(&judge(&[])), Level::Refusing);
}

#[test]
fn a_group_without_a_quorum_is_the_worst_and_comes_first() {
    let found = said(|report| {
        report.disk.free_bytes = Some(1 << 20);
        report.groups[1].quorum_age_ms = 60_000;
        report.groups[1].followers.clear();
    });
    assert_eq!(found.0, Level::Refusing);
    assert!(found.1[0].starts_with("Group 1 has no majority"), "{found:?}");
    let leaderless = said(|report| report.groups.iter_mut().for_each(|group| group.leader = None));
    assert!(leaderless.0 == Level::Degraded && leaderless.1[0].contains("electing"), "{leaderless:?}");
    // One that was cut off does not speak for the others.
    let cut_off = said(|report| {
        if report.node == 3 {
            report.groups.iter_mut().for_each(|group| group.quorum_age_ms = 60_000);
        }
    });
    assert_eq!(cut_off.0, Level::Well);
}

#[test]
fn each_thing_that_is_not_well_has_its_sentence() {
    let first = |report: &NodeReport| report.node == 1;
    only(
        &said(|it| {
            if first(it) {
                it.disk.free_bytes = Some(1 << 30)
            }
        }),
        Level::Degraded,
        "1024 MiB of free disk",
    );
    only(
        &said(|it| {
            if first(it) {
                it.disk.write_stopped = true
            }
        }),
        Level::Degraded,
        "write errors",
    );
    only(
        &said(|it| {
            if first(it) {
                it.is_resting = true
            }
        }),
        Level::Well,
        "rests",
    );
    only(
        &said(|it| {
            if first(it) {
                it.groups[0].is_changing = true
            }
        }),
        Level::Degraded,
        "middle of a change",
    );
    only(
        &said(|it| {
            if first(it) {
                it.groups[0].learners = vec![4]
            }
        }),
        Level::Degraded,
        "catching up in group 0",
    );
    only(
        &said(|it| {
            if first(it) {
                it.groups[1].fatal = Some("disk".into())
            }
        }),
        Level::Degraded,
        "Group 1 on node 1",
    );
    only(
        &said(|it| {
            if first(it) {
                it.groups[1].applied = 0;
                it.groups[1].committed = 9_000
            }
        }),
        Level::Degraded,
        "apply",
    );
    let behind = said(|it| {
        if let Some(follower) = it.groups[1].followers.get_mut(2) {
            follower.lag_entries = Some(9_000);
        }
    });
    only(&behind, Level::Degraded, "Node 3 is 9000 entries behind in group 1");
    let cut = said(|it| it.groups[0].followers.iter_mut().skip(1).take(1).for_each(|follower| follower.is_up = false));
    only(&cut, Level::Degraded, "Node 2 does not answer the leader of group 0");
}

#[test]
fn a_disk_that_fills_is_told_by_what_the_node_does_about_it() {
    let room = |nodes: &'static [u64], room: RoomReport| {
        said(move |report| {
            if nodes.contains(&report.node) {
                (report.disk.room, report.disk.free_bytes) = (room, Some(200 << 20));
            }
        })
    };
    only(&room(&[1], RoomReport::Low), Level::Degraded, "runs low (200 MiB left): it gives its leads away");
    only(&room(&[1], RoomReport::None), Level::Degraded, "is full (200 MiB left): it takes no writes");
    let all = room(&[1, 2, 3], RoomReport::Low);
    assert_eq!((all.0, all.1.len()), (Level::Refusing, 5), "three disks and two groups: {all:?}");
    assert!(all.1[0].starts_with("Group 0 takes no writes because disks are full"), "{all:?}");
}

#[test]
fn what_lies_damaged_on_a_disk_is_named_with_what_to_do() {
    let found = said(|report| {
        if report.node == 2 {
            report.disk.rotten = vec!["group 3: row \"h050\"".to_owned(), "group 9: entry 2".to_owned()];
        }
    });
    only(
        &found,
        Level::Degraded,
        "Stored data of node 2 is damaged (group 3: row \"h050\"; group 9: entry 2): replace",
    );
}

#[test]
fn what_an_older_node_does_not_say_is_no_fault() {
    let older = r#"{ "free_bytes": 7, "used_bytes": 1, "write_stopped": false, "background_errors": 0 }"#;
    assert_eq!(serde_json::from_str::<DiskReport>(older).unwrap().room, RoomReport::Enough);
}

#[test]
fn the_clock_that_is_off_is_named_and_not_those_that_see_it() {
    let found = said(|report| {
        for clock in &mut report.clocks {
            clock.offset_ms = match (report.node, clock.node) {
                (3, _) => Some(-9_000),
                (_, 3) => Some(9_000),
                _ => Some(1),
            };
        }
    });
    only(&found, Level::Degraded, "The clock of node 3 is 9000 ms off");
}

#[test]
fn the_number_of_voters_is_judged() {
    let voters = |voters: &[u64]| {
        let voters = voters.to_vec();
        said(move |report| report.groups.iter_mut().for_each(|group| group.voters.clone_from(&voters)))
    };
    only(&voters(&[1, 2]), Level::Degraded, "Only 2 nodes vote");
    only(&voters(&[1, 2, 3, 4]), Level::Well, "An even number");
    let differ = said(|report| report.groups[1].voters = vec![1, 2, 4]);
    only(&differ, Level::Degraded, "differ in their members");
}
