use std::sync::mpsc::channel;

use super::*;

/// Doubles; answers nonsense to 13, breaks down on 99, and on 7 holds on until it is let go.
struct Doubler {
    let_go: Receiver<()>,
    entered: SyncSender<()>,
}

impl Worker for Doubler {
    type Item = u32;
    type Answer = u32;

    fn answer(&mut self, items: &[u32]) -> Vec<Result<u32, String>> {
        items
            .iter()
            .map(|n| match n {
                13 => Err("not a number".to_owned()),
                99 => panic!("broken"),
                7 => {
                    self.entered.send(()).unwrap();
                    self.let_go.recv().unwrap();
                    Ok(14)
                }
                _ => Ok(n * 2),
            })
            .collect()
    }
}

fn server() -> (Server<Doubler>, std::sync::mpsc::Sender<()>, Receiver<()>) {
    let (go, let_go) = channel();
    let (entered, has_entered) = sync_channel(8);
    (Server::start("test", vec![Doubler { let_go, entered }]).unwrap(), go, has_entered)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn what_comes_while_a_batch_is_answered_is_the_next_batch() {
    let (server, go, entered) = server();
    let held = server.ask(7, soon());
    entered.recv().unwrap();
    let questions = u32::try_from(3 * BATCH_MAX).unwrap();
    let pending: Vec<_> = (100..100 + questions).map(|n| server.ask(n, soon())).collect();
    go.send(()).unwrap();
    assert_eq!(held.wait(), Ok(14));
    for (n, pending) in (100..).zip(pending) {
        assert_eq!(pending.wait(), Ok(n * 2));
    }
    let counts = server.counts();
    assert_eq!((counts.answered, counts.batches), (u64::from(questions) + 1, 4));
}

#[test]
fn nonsense_and_a_breakdown_are_failures_and_the_thread_lives_on() {
    let (server, _go, _) = server();
    assert_eq!(server.ask(13, soon()).wait(), Err(NoAnswer::Failed("not a number".into())));
    assert!(matches!(server.ask(99, soon()).wait(), Err(NoAnswer::Failed(_))));
    assert_eq!(server.ask(4, soon()).wait(), Ok(8));
    assert_eq!(server.counts().failed, 2);
}

#[test]
fn a_model_that_hangs_is_late_and_a_full_queue_refuses() {
    let (server, go, entered) = server();
    let held = server.ask(7, soon());
    entered.recv().unwrap();
    let late = server.ask(1, Instant::now() + Duration::from_millis(1));
    assert_eq!(late.wait(), Err(NoAnswer::Late));
    // The late question still waits in the queue, and is thrown out for one that is in time.
    let waiting: Vec<_> = (0..QUEUE_MAX).map(|_| server.ask(2, soon())).collect();
    assert_eq!(server.counts().late, 1);
    assert_eq!(server.ask(3, soon()).wait(), Err(NoAnswer::Full));
    go.send(()).unwrap();
    assert_eq!(held.wait(), Ok(14));
    for pending in waiting {
        assert_eq!(pending.wait(), Ok(4));
    }
}

#[test]
fn a_model_that_is_switched_off_says_so_at_once_and_can_be_switched_on() {
    let (server, go, entered) = server();
    let held = server.ask(7, soon());
    entered.recv().unwrap();
    let waiting = server.ask(2, soon());
    server.switch(false);
    assert_eq!(waiting.wait(), Err(NoAnswer::Off));
    assert_eq!(server.ask(2, soon()).wait(), Err(NoAnswer::Off));
    go.send(()).unwrap();
    assert_eq!(held.wait(), Ok(14));
    server.switch(true);
    assert_eq!(server.ask(2, soon()).wait(), Ok(4));
}

#[test]
fn a_server_that_is_dropped_leaves_nobody_waiting() {
    let (server, go, entered) = server();
    let held = server.ask(7, soon());
    entered.recv().unwrap();
    let waiting = server.ask(2, soon());
    drop(server);
    assert_eq!(waiting.wait(), Err(NoAnswer::Off));
    go.send(()).unwrap();
    assert_eq!(held.wait(), Ok(14));
}
