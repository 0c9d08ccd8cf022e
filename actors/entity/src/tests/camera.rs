//! Cameras' health.

use domain::{CameraHealth, SetLiveNodes};

use super::world::{FIELD, SECOND, World, accepted, until};

#[tokio::test(start_paused = true)]
async fn a_camera_without_a_picture_is_an_alarm_and_a_repetition_costs_no_entry() {
    let world = World::new();
    let camera = world.camera("C1");
    let (_leader, router) = (world.node(1), world.node(2));
    world.lead(1).await;
    router.camera_health(camera.clone(), CameraHealth::Live, 1).await.unwrap();
    for _ in 0..5 {
        router.camera_health(camera.clone(), CameraHealth::Live, 1).await.unwrap();
    }
    assert_eq!(world.proposed(FIELD, "RecordCameraHealth"), 1);
    router.camera_health(camera.clone(), CameraHealth::NoSignal, 1).await.unwrap();
    tokio::time::sleep(14 * SECOND).await;
    assert!(world.alarm("C1", "no-signal").is_none());
    tokio::time::sleep(2 * SECOND).await;
    assert!(world.is_active("C1", "no-signal"));
    // An older epoch is refused and changes nothing.
    router.camera_health(camera.clone(), CameraHealth::Live, 0).await.unwrap();
    assert!(world.is_active("C1", "no-signal"));
    router.camera_health(camera, CameraHealth::Live, 2).await.unwrap();
    until(|| !world.is_active("C1", "no-signal")).await;
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_its_new_node_does_not_report_is_an_alarm() {
    let world = World::new();
    let (told, lost) = (world.camera("C1"), world.camera("C2"));
    let router = world.node(1);
    world.lead(1).await;
    for camera in [&told, &lost] {
        router.camera_health(camera.clone(), CameraHealth::Live, 1).await.unwrap();
    }
    tokio::time::sleep(600 * SECOND).await;
    assert!(world.alarm("C1", "no-signal").is_none(), "a node that says nothing new is not silent");
    let set =
        SetLiveNodes { nodes: vec![1, 2], epoch: world.read(domain::GroupId::COMMAND, |s| s.live_nodes().epoch) + 1 };
    accepted(world.apply(domain::GroupId::COMMAND, set));
    tokio::time::sleep(5 * SECOND).await;
    router.camera_health(told, CameraHealth::Live, 2).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    assert!(world.alarm("C1", "no-signal").is_none());
    assert!(world.is_active("C2", "no-signal"));
    router.camera_health(lost, CameraHealth::Live, 2).await.unwrap();
    until(|| !world.is_active("C2", "no-signal")).await;
}
