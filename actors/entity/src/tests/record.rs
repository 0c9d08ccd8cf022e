//! Readings on their way to the log.

use std::time::Duration;

use domain::{
    Command, DeviceStatus, GroupId, Millis, NoteIncident, ReadingVerdict, RefusalCode, Reply, SensorId, SetDeviceStatus,
};

use super::world::{FIELD, SECOND, World, reading, until};
use crate::{
    TellError,
    config::{DISTRICT_QUEUE_READINGS_MAX, READINGS_IN_FLIGHT_MAX},
};

#[tokio::test(start_paused = true)]
async fn an_answer_comes_only_after_the_commit() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let router = world.node(1);
    world.lead(1).await;
    world.hold(FIELD);
    let record = {
        let (router, reading) = (router.clone(), reading(&sensor, world.clock(), 200));
        tokio::spawn(async move { router.record(vec![reading], 30 * SECOND).await })
    };
    tokio::time::sleep(2 * SECOND).await;
    assert!(!record.is_finished(), "nothing is committed yet");
    world.release(FIELD);
    assert_eq!(record.await.unwrap(), Ok(vec![ReadingVerdict::Recorded]));
    assert_eq!(world.read(FIELD, |state| state.sensors()[&sensor].last_micro.0), 20_000_000);
}

#[tokio::test(start_paused = true)]
async fn verdicts_come_back_in_order_and_what_is_placed_nowhere_takes_no_hop() {
    let world = World::new();
    let (near, far) = (world.sensor("S1", "05443"), world.sensor("S2", "05444"));
    let (leader, follower) = (world.node(1), world.node(2));
    world.lead(1).await;
    let at = world.clock();
    let unknown = SensorId::new("S9").unwrap();
    let ahead = Millis(at.0 + 3_600_000);
    let readings = vec![
        reading(&unknown, at, 1),
        reading(&far, at, 1),
        reading(&near, ahead, 1),
        reading(&near, at, 1),
        reading(&far, at, 1),
    ];
    use ReadingVerdict::{Duplicate, InFuture, Recorded, UnknownSensor};
    let verdicts = follower.record(readings, 5 * SECOND).await.unwrap();
    assert_eq!(verdicts, [UnknownSensor, Recorded, InFuture, Recorded, Duplicate]);
    assert_eq!(world.read(FIELD, |state| state.sensors()[&near].last_at_ms), at);
    assert_eq!(leader.counters().snapshot().iter().find(|(name, _)| *name == "told").unwrap().1, 1);
    // Only what is placed nowhere: nobody is asked.
    assert_eq!(follower.record(vec![reading(&unknown, at, 1)], SECOND).await, Ok(vec![UnknownSensor]));
    let hops = follower.counters().snapshot().into_iter().find(|(name, _)| *name == "hops").unwrap();
    assert_eq!(hops.1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_sensor_that_another_node_has_just_registered_is_not_unknown() {
    let world = World::new();
    let router = world.node(1);
    world.lead(1).await;
    let sensor = world.unheard_sensor("S1", "05443");
    let verdicts = router.record(vec![reading(&sensor, world.clock(), 1)], 5 * SECOND).await;
    assert_eq!(verdicts, Ok(vec![ReadingVerdict::Recorded]));
}

/// A node that came back, and heard of no quorum yet, told a device that its sensors were unknown.
#[tokio::test(start_paused = true)]
async fn while_no_quorum_answers_nothing_is_unknown() {
    let world = World::new();
    let known = world.sensor("S0", "05443");
    let router = world.node(1);
    world.lead(1).await;
    let sensor = world.unheard_sensor("S1", "05443");
    world.lose_quorum(true);
    let readings = || vec![reading(&known, world.clock(), 1), reading(&sensor, world.clock(), 1)];
    let sent = readings();
    assert_eq!(router.record(sent.clone(), 5 * SECOND).await, Err(TellError::NoLeader));
    let status = SetDeviceStatus { sensor: sensor.clone(), status: DeviceStatus::Fault };
    let told = router.command(None, status.into(), None, None, 5 * SECOND).await;
    assert_eq!(told, Err(TellError::NoLeader));
    world.lose_quorum(false);
    // What was recorded of it is so once.
    let verdicts = router.record(sent, 5 * SECOND).await;
    assert_eq!(verdicts, Ok(vec![ReadingVerdict::Duplicate, ReadingVerdict::Recorded]));
}

#[tokio::test(start_paused = true)]
async fn while_one_entry_is_committed_the_next_one_gathers() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let router = world.node(1);
    world.lead(1).await;
    world.hold(FIELD);
    let at = world.clock();
    let record = |n: u64| {
        let (router, reading) = (router.clone(), reading(&sensor, Millis(at.0 + n), 200));
        tokio::spawn(async move { router.record(vec![reading], 30 * SECOND).await })
    };
    let first = record(0);
    until(|| router.counters().reading_batches.load(std::sync::atomic::Ordering::Relaxed) == 1).await;
    let rest: Vec<_> = (1..20).map(record).collect();
    tokio::time::sleep(SECOND).await;
    world.release(FIELD);
    assert!(first.await.unwrap().is_ok());
    for record in rest {
        assert_eq!(record.await.unwrap(), Ok(vec![ReadingVerdict::Recorded]));
    }
    assert_eq!(world.proposed(FIELD, "RecordReadings"), 2);
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_the_answer_is_overloaded() {
    let world = World::new();
    let (old, other) = (world.sensor("S1", "05443"), world.sensor("S2", "05443"));
    let router = world.node(1);
    world.lead(1).await;
    world.hold(FIELD);
    let at = world.clock();
    let record = |readings| {
        let router = router.clone();
        tokio::spawn(async move { router.record(readings, 30 * SECOND).await })
    };
    let under_way = record(vec![reading(&old, at, 1)]);
    until(|| router.counters().reading_batches.load(std::sync::atomic::Ordering::Relaxed) == 1).await;
    let waits = record(vec![reading(&old, Millis(at.0 + 1), 1)]);
    let full: Vec<_> = (0..DISTRICT_QUEUE_READINGS_MAX as u64 - 1).map(|n| reading(&other, Millis(n + 1), 1)).collect();
    let full: Vec<_> = full.chunks(4096).map(|chunk| record(chunk.to_vec())).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The older reading of the same sensor gives way; what nothing gives way to is refused.
    let newer = record(vec![reading(&old, Millis(at.0 + 2), 1)]);
    assert_eq!(waits.await.unwrap(), Err(TellError::Overloaded));
    let third = world.sensor("S3", "05443");
    assert_eq!(router.record(vec![reading(&third, at, 1)], SECOND).await, Err(TellError::Overloaded));
    // The group as a whole is bounded too, before any actor is asked.
    let many = (0..READINGS_IN_FLIGHT_MAX as u64).map(|n| reading(&third, Millis(n), 1)).collect();
    assert_eq!(router.record(many, SECOND).await, Err(TellError::Overloaded));
    world.release(FIELD);
    assert!(under_way.await.unwrap().is_ok() && newer.await.unwrap().is_ok());
    for full in full {
        assert!(full.await.unwrap().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_finds_the_new_leader_and_is_decided_anew() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let (_one, two, three) = (world.node(1), world.node(2), world.node(3));
    world.lead(1).await;
    // The leader takes the message and is cut off before it answers; the lead moves during the wait.
    world.cut(1);
    world.set_lead(FIELD, Some(1));
    let record = {
        let (router, reading) = (three.clone(), reading(&sensor, world.clock(), 200));
        tokio::spawn(async move { router.record(vec![reading], 10 * SECOND).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.set_lead(FIELD, None);
    tokio::time::sleep(SECOND).await;
    assert!(!record.is_finished());
    world.set_lead(FIELD, Some(2));
    assert_eq!(record.await.unwrap(), Ok(vec![ReadingVerdict::Recorded]));
    assert!(two.reign(FIELD).is_some());
}

#[test]
fn a_lead_that_moved_before_anybody_was_told_keeps_no_thread_busy() {
    let (done, heard) = std::sync::mpsc::channel();
    // On a thread of its own: a router that spins would never let a timeout of the same runtime fire.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let outcome = runtime.block_on(async {
            let world = World::new();
            let sensor = world.sensor("S1", "05443");
            let (one, two) = (world.node(1), world.node(2));
            world.lead(1).await;
            world.move_lead_unheard(FIELD, 2);
            let reading = reading(&sensor, world.clock(), 1);
            let record = tokio::spawn(async move { one.record(vec![reading], 10 * SECOND).await });
            tokio::time::sleep(SECOND).await;
            world.set_lead(FIELD, Some(2));
            let outcome = record.await.unwrap();
            assert!(two.reign(FIELD).is_some());
            outcome
        });
        let _ = done.send(outcome);
    });
    let outcome = heard.recv_timeout(std::time::Duration::from_secs(60)).expect("the router goes round in circles");
    assert_eq!(outcome, Ok(vec![ReadingVerdict::Recorded]));
}

#[tokio::test(start_paused = true)]
async fn while_a_lead_moves_two_nodes_that_name_each_other_are_not_taken_for_nobody() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let (_one, _two, three) = (world.node(1), world.node(2), world.node(3));
    world.lead(1).await;
    // The first says that the second leads; the second has not heard of it and names the first.
    world.move_lead_unheard(FIELD, 2);
    let record = {
        let (router, reading) = (three.clone(), reading(&sensor, world.clock(), 1));
        tokio::spawn(async move { router.record(vec![reading], 10 * SECOND).await })
    };
    tokio::time::sleep(3 * SECOND).await;
    assert!(!record.is_finished());
    world.set_lead(FIELD, Some(2));
    assert_eq!(record.await.unwrap(), Ok(vec![ReadingVerdict::Recorded]));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_know_says_so() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let (one, three) = (world.node(1), world.node(3));
    world.lead(1).await;
    // Nobody leads: nothing was done, and the caller may believe it.
    world.set_lead(FIELD, None);
    assert_eq!(three.record(vec![reading(&sensor, world.clock(), 1)], SECOND).await, Err(TellError::NoLeader));
    // A leader that is not answered by its quorum: nobody knows.
    world.set_lead(FIELD, Some(1));
    until(|| one.reign(FIELD).is_some()).await;
    world.hold(FIELD);
    assert_eq!(three.record(vec![reading(&sensor, world.clock(), 1)], SECOND).await, Err(TellError::Unknown));
    world.release(FIELD);
    // What has no identity is not sent twice when its outcome is unknown.
    world.cut(1);
    let incident = domain::IncidentId::new("I1").unwrap();
    let note = || Command::from(NoteIncident { incident: incident.clone(), note: "x".into() });
    assert_eq!(three.command(None, note(), None, None, 5 * SECOND).await, Err(TellError::Unknown));
    let hops = three.counters().snapshot().into_iter().find(|(name, _)| *name == "hops").unwrap().1;
    assert_eq!(three.command(None, note(), None, None, 5 * SECOND).await, Err(TellError::Unknown));
    assert_eq!(three.counters().snapshot().into_iter().find(|(name, _)| *name == "hops").unwrap().1, hops + 1);
    // And at home the refusal of state is the reply.
    let Ok(Reply::Refused(refusal)) = one.command(Some(GroupId::COMMAND), note(), None, None, SECOND).await else {
        panic!("there is no such incident");
    };
    assert_eq!(refusal.code, RefusalCode::NotFound);
    one.stop().await;
    assert_eq!(one.command(None, note(), None, None, SECOND).await, Err(TellError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn what_is_placed_nowhere_is_not_found() {
    let world = World::new();
    let router = world.node(1);
    world.lead(1).await;
    let id = SensorId::new("S1").unwrap();
    let register = domain::RegisterSensor { sensor: super::world::sensor(&id, "05443") };
    let Ok(Reply::Refused(refusal)) = router.command(None, register.into(), None, None, SECOND).await else {
        panic!("it is placed nowhere");
    };
    assert_eq!((refusal.code, refusal.field.as_str()), (RefusalCode::NotFound, "register_sensor.sensor.id"));
    assert!(router.told(bytes::Bytes::from_static(b"\xff\xff")).await.is_err());
}
