//! A drill is one at a time, within bounds, a minority, and over when it says so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use domain::*;

struct Cluster {
    state: State,
    index: u64,
}

impl Cluster {
    fn new(live: &[u64]) -> Self {
        let mut cluster = Self { state: State::new(GroupId::COMMAND), index: 0 };
        cluster.ok(1, SetLiveNodes { nodes: live.to_vec(), epoch: 1 });
        cluster
    }

    fn apply(&mut self, at_ms: u64, command: impl Into<Command>) -> (Result<Accepted, Refusal>, Vec<Event>) {
        self.index += 1;
        let entry = Entry {
            at_ms: Millis(at_ms),
            request: None,
            grant: None,
            command: command.into(),
            salt: bytes::Bytes::new(),
        };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        assert_eq!(State::from_rows(GroupId::COMMAND, self.state.rows()).unwrap(), self.state, "rows give it back");
        let reply = match applied.reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        };
        (reply, applied.events)
    }

    fn ok(&mut self, at_ms: u64, command: impl Into<Command>) -> Vec<Event> {
        let (reply, events) = self.apply(at_ms, command);
        reply.unwrap();
        events
    }

    fn refused(&mut self, at_ms: u64, command: impl Into<Command>) -> (RefusalCode, String) {
        let refusal = self.apply(at_ms, command).0.unwrap_err();
        (refusal.code, refusal.field)
    }
}

fn lost(nodes: &[u64]) -> StartDrill {
    StartDrill {
        scenario: DrillScenario::NodeLost,
        nodes: nodes.to_vec(),
        observer: 9,
        strength: 0,
        seconds: 30,
        purpose: "before the flood season".into(),
    }
}

fn sample(number: u32) -> DrillSample {
    DrillSample { number, ..DrillSample::default() }
}

#[test]
fn one_at_a_time_and_its_course_is_told() {
    let mut cluster = Cluster::new(&[1, 2, 3]);
    let events = cluster.ok(1000, lost(&[2]));
    assert_eq!(
        events.iter().map(|it| (it.kind, &*it.note)).collect::<Vec<_>>(),
        [(EventKind::DrillStarted, "1 node_lost 2")]
    );
    let now = cluster.state.drill_now().unwrap();
    assert_eq!((now.number, now.until_ms, now.ended), (1, Millis(31_000), false));
    assert_eq!(cluster.refused(1001, lost(&[2])).0, RefusalCode::WrongStatus);
    assert_eq!(cluster.ok(1002, StopDrill { drill: 1 }).len(), 1);
    assert!(cluster.state.drill_now().unwrap().ended);
    assert!(cluster.ok(1003, StopDrill { drill: 1 }).is_empty(), "sent again it does nothing");
    assert_eq!(cluster.refused(1004, lost(&[2])).0, RefusalCode::WrongStatus, "it is not closed");
    let kept = DrillVerdict { promise: DrillPromise::Keeps, measured: 0, target: 0, kept: true };
    assert_eq!(&*cluster.ok(1005, CloseDrill { drill: 1, verdicts: vec![kept] })[0].note, "1 kept");
    assert!(cluster.ok(1006, CloseDrill { drill: 1, verdicts: vec![] }).is_empty());
    assert_eq!(cluster.state.drill_now(), None);
    let drill = &cluster.state.drills()[&1];
    assert_eq!((drill.ended, drill.is_passed()), (Some(DrillEnd::Stopped), true));
    cluster.ok(1007, lost(&[2]));
    assert_eq!(cluster.state.open_drill().unwrap().number, 2);
}

#[test]
fn the_majority_is_never_in_the_radius() {
    let cases: [(&[u64], &[u64], bool); 5] = [
        (&[1, 2, 3], &[1], true),
        (&[1, 2, 3], &[1, 2], false),
        (&[1, 2], &[1], false),
        (&[1, 2, 3, 4], &[1, 2], false),
        (&[1, 2, 3, 4, 5], &[1, 2], true),
    ];
    for (live, nodes, is_right) in cases {
        let mut cluster = Cluster::new(live);
        assert_eq!(cluster.apply(1, lost(nodes)).0.is_ok(), is_right, "{nodes:?} of {live:?}");
    }
}

#[test]
fn what_is_out_of_bounds_is_refused_by_its_field() {
    let mut cluster = Cluster::new(&[1, 2, 3]);
    let slow = |strength| StartDrill { scenario: DrillScenario::SlowDisk, strength, ..lost(&[1]) };
    let wrong: [(&str, StartDrill); 9] = [
        ("StartDrill.nodes", lost(&[])),
        ("StartDrill.nodes", lost(&[2, 1])),
        ("StartDrill.nodes", StartDrill { scenario: DrillScenario::CallSurge, strength: 60, ..lost(&[1]) }),
        ("StartDrill.observer", StartDrill { observer: 1, ..lost(&[1]) }),
        ("StartDrill.strength", slow(0)),
        ("StartDrill.strength", slow(limits::DRILL_FLUSH_MS_MAX + 1)),
        ("StartDrill.seconds", StartDrill { seconds: 4, ..lost(&[1]) }),
        ("StartDrill.seconds", StartDrill { seconds: 601, ..lost(&[1]) }),
        ("StartDrill.purpose", StartDrill { purpose: " ".into(), ..lost(&[1]) }),
    ];
    for (field, command) in wrong {
        assert_eq!(cluster.refused(5, command.clone()).1, field, "{command:?}");
    }
    assert!(cluster.state.drills().is_empty());
    cluster.ok(6, slow(limits::DRILL_FLUSH_MS_MAX));
}

#[test]
fn its_time_is_over_by_the_clock_of_the_log_only() {
    let mut cluster = Cluster::new(&[1, 2, 3]);
    cluster.ok(1000, lost(&[2]));
    let over = EndDrill { drill: 1, reason: DrillEnd::Over };
    assert_eq!(cluster.refused(30_999, over.clone()).1, "EndDrill.reason");
    cluster.ok(31_000, over);
    assert_eq!(cluster.state.drills()[&1].ended_at_ms, Millis(31_000));
    assert_eq!(cluster.refused(1, EndDrill { drill: 7, reason: DrillEnd::Lost }).0, RefusalCode::NotFound);
}

#[test]
fn each_sample_counts_once_in_its_order_and_within_the_bound() {
    let mut cluster = Cluster::new(&[1, 2, 3]);
    cluster.ok(1, lost(&[2]));
    let measure = |number| MeasureDrill { drill: 1, sample: sample(number) };
    cluster.ok(2, measure(1));
    cluster.ok(3, measure(1));
    assert_eq!(cluster.refused(4, measure(3)).0, RefusalCode::VersionConflict);
    for number in 2..=u32::try_from(limits::DRILL_SAMPLES_MAX).unwrap() {
        cluster.ok(5, measure(number));
    }
    let more = u32::try_from(limits::DRILL_SAMPLES_MAX).unwrap() + 1;
    assert_eq!(cluster.refused(6, measure(more)).0, RefusalCode::Limit);
    assert_eq!(cluster.state.drills()[&1].samples.len(), limits::DRILL_SAMPLES_MAX);
    assert_eq!(cluster.refused(7, CloseDrill { drill: 1, verdicts: vec![] }).0, RefusalCode::WrongStatus);
}

#[test]
fn the_oldest_are_forgotten_and_numbers_go_on() {
    let mut cluster = Cluster::new(&[1, 2, 3]);
    let most = u64::try_from(limits::DRILLS_MAX).unwrap();
    for number in 1..=most + 3 {
        cluster.ok(number, lost(&[2]));
        cluster.ok(number, EndDrill { drill: number, reason: DrillEnd::Unsafe });
        cluster.ok(number, CloseDrill { drill: number, verdicts: vec![] });
    }
    let numbers: Vec<u64> = cluster.state.drills().keys().copied().collect();
    assert_eq!((numbers.len(), numbers[0], numbers[numbers.len() - 1]), (limits::DRILLS_MAX, 4, most + 3));
    assert!(!cluster.state.drills()[&4].is_passed(), "nobody measured it");
}
