use super::*;

fn clock() -> Clock {
    let step = |stage, offset_ms| Step { stage, offset_ms, post: None };
    let steps = vec![step(ClockStage::NearlyLate, -20), step(ClockStage::Late, 0), step(ClockStage::Overdue, 50)];
    let (number, obligation, round) = (1, Obligation::Answer, 0);
    let terms = ClockTerms { number, obligation, policy: None, round, calendar: None, within_ms: 100, steps };
    Clock::start(terms, Millis(1000), None).unwrap()
}

#[test]
fn what_is_met_before_a_timer_says_so_is_as_late_as_it_is() {
    let met_after = |ms: u64| {
        let mut clock = clock();
        clock.end(ClockStatus::Met, Millis(1000 + ms), None);
        clock.stage
    };
    use ClockStage::{Late, NearlyLate, OnTime, Overdue};
    let stages = [0, 79, 80, 99, 100, 149, 150, 9000].map(met_after);
    assert_eq!(stages, [OnTime, OnTime, NearlyLate, NearlyLate, Late, Late, Overdue, Overdue]);
}

#[test]
fn what_is_acknowledged_rings_again_at_the_next_step_and_when_another_time_was_promised() {
    let mut clock = clock();
    assert!(!clock.is_alarming(), "on time");
    clock.fire(Vec::new(), None);
    assert!(clock.is_alarming(), "nearly late");
    clock.acknowledge(Millis(1085), PersonId::new("an").unwrap());
    assert!(!clock.is_alarming());
    assert_eq!((clock.version, clock.next_at_ms), (3, Millis(1100)), "who fires by what was before comes too late");
    clock.fire(Vec::new(), None);
    assert!(clock.is_alarming() && clock.acknowledged_by.is_none(), "late");
    clock.acknowledge(Millis(1101), PersonId::new("an").unwrap());
    clock.promise(Millis(5000), None, None);
    assert_eq!((clock.stage, clock.acknowledged_at_ms), (ClockStage::OnTime, Millis(0)));
    clock.end(ClockStatus::Met, Millis(9000), None);
    assert!(!clock.is_alarming(), "what is done calls nobody, however late it was");
}

#[test]
fn a_pause_shifts_what_is_left_and_what_is_due_says_so() {
    let mut clock = clock();
    clock.pause(Millis(1070), "waiting", None);
    assert_eq!((clock.due_at_ms, clock.next_at_ms, clock.spent_ms), (Millis(0), Millis(0), 70));
    clock.resume(Millis(5000), None);
    assert_eq!((clock.due_at_ms, clock.next_at_ms), (Millis(5030), Millis(5010)));
    assert_eq!(clock.first_due_at_ms, Millis(1100));
}
