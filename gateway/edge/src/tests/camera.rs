//! Pictures of cameras are shown to who sees the place where the camera stands, and end with the right to them: on a screen that
//! subscribes to nothing, or to another district, as on any other.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use domain::{
    CameraId, GroupId, PersonId, PutPerson, RegisterCamera, Role, policy,
    policy::{Action, Noun},
    wire::generated::{self as wire, to_screen::Body, to_server::Body as Say},
};
use ingest::rtsp::AccessUnit;
use tokio::sync::mpsc::Sender;

use super::{
    province::{accepted, camera, code, config, person, province},
    screen::{Client, Gateway, gateway, token},
};
use crate::{cluster::read, screen::view::Encoding};

/// Rooms; none: everywhere.
const SCOPES: [&[&str]; 4] = [&["d1"], &["d2"], &["d1", "d2"], &[]];
const UNKNOWN: &str = "no such camera in your districts";

fn watch(id: &str) -> Say {
    Say::WatchCamera(wire::WatchCamera { camera: id.into(), why: String::new() })
}

/// A person, as they are from now on.
fn put(gateway: &Gateway, id: &str, role: Role, districts: &[&str]) {
    accepted(gateway.cluster.commit(GroupId(0), PutPerson { person: person(id, role, districts) }));
}

/// A screen of theirs that has said who it is, and subscribed to nothing.
async fn signed_in(gateway: &Gateway, id: &str) -> Client {
    let mut screen = Client::connect(gateway, Encoding::Protobuf).await;
    screen.hello(&token(&gateway.cluster, id)).await;
    screen
}

/// What the screen is told of a camera next, be it that no picture comes.
async fn told(screen: &mut Client) -> String {
    loop {
        match screen.next().await {
            Body::VideoStatus(status) if !status.message.is_empty() => return status.message,
            Body::VideoFrame(frame) => panic!("a picture of {}", frame.camera),
            _ => {}
        }
    }
}

/// Watches a camera of this node until its picture is there; the way that its frames come.
async fn shown(gateway: &Gateway, screen: &mut Client, id: &str) -> Sender<Arc<AccessUnit>> {
    let camera = CameraId::new(id).unwrap();
    gateway.cameras.here.lock().unwrap().insert(camera.clone(), tokio::sync::mpsc::channel(1).0);
    screen.say(watch(id)).await;
    screen.say(Say::Ping(wire::Ping { nonce: 7, ..wire::Ping::default() })).await;
    while !matches!(screen.next().await, Body::Pong(wire::Pong { nonce: 7, .. })) {}
    let frames = gateway.cameras.here.lock().unwrap()[&camera].clone();
    let unit = AccessUnit { timestamp_us: 1, key: true, codec: "avc1.42E01F".into(), data: Bytes::from_static(b"au") };
    frames.send(Arc::new(unit)).await.unwrap();
    while !matches!(screen.next().await, Body::VideoFrame(_)) {}
    frames
}

#[tokio::test(start_paused = true)]
async fn each_role_in_each_district_watches_what_it_sees_and_hears_nothing_of_the_rest() {
    let gateway = gateway(&province(), 1, config());
    let mut watched = 0;
    for role in Role::ALL {
        for (n, scope) in SCOPES.into_iter().enumerate() {
            let name = format!("{role}-{n}");
            put(&gateway, &name, *role, scope);
            let grant =
                read(&*gateway.node, GroupId(0), |state0| policy::grant(state0, &PersonId::new(&name).unwrap(), 1));
            let grant = grant.unwrap();
            let mut screen = signed_in(&gateway, &name).await;
            for (id, at) in [("c1", 1), ("c2", 3)] {
                let may = policy::allows(&grant, Action::See(Noun::Camera), Some(&code(at))).is_ok();
                screen.say(watch(id)).await;
                // Whoever may see it is told where it is; it is none of this node's.
                assert_eq!(told(&mut screen).await, if may { "on node 2" } else { UNKNOWN }, "{name} {id}");
                watched += usize::from(may);
            }
            screen.say(watch("c9")).await;
            assert_eq!(told(&mut screen).await, UNKNOWN, "what is not there is answered like what is not theirs");
        }
    }
    assert!(watched > 20, "what may be seen is seen, or this proves nothing: {watched}");
}

#[tokio::test(start_paused = true)]
async fn a_picture_ends_with_the_right_to_it_on_a_screen_that_subscribes_to_nothing() {
    let gateway = gateway(&province(), 1, config());
    for (role, district) in [(Role::Viewer, "d1"), (Role::Auditor, "d2"), (Role::Device, "d2")] {
        let name = format!("xem-{role}");
        put(&gateway, &name, Role::Viewer, &["d2"]);
        let mut screen = signed_in(&gateway, &name).await;
        let frames = shown(&gateway, &mut screen, "c2").await;
        put(&gateway, &name, role, &[district]);
        assert_eq!(told(&mut screen).await, UNKNOWN, "{role}");
        frames.closed().await;
        screen.say(watch("c2")).await;
        assert_eq!(told(&mut screen).await, UNKNOWN, "{role} asks again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_picture_ends_with_the_right_to_it_whatever_else_the_screen_shows() {
    let gateway = gateway(&province(), 1, config());
    put(&gateway, "xem", Role::Viewer, &["d1", "d2"]);
    let mut screen = signed_in(&gateway, "xem").await;
    // The map is of one district, and stays as it is; the camera is of the other one.
    let (districts, nouns) = (vec!["d1".to_owned()], vec!["camera".to_owned()]);
    screen.say(Say::Subscribe(wire::Subscribe { districts, nouns, ..Default::default() })).await;
    let frames = shown(&gateway, &mut screen, "c2").await;
    let stays = shown(&gateway, &mut screen, "c1").await;
    put(&gateway, "xem", Role::Viewer, &["d1"]);
    assert_eq!(told(&mut screen).await, UNKNOWN);
    frames.closed().await;
    assert!(!stays.is_closed(), "the other one goes on");
}

#[tokio::test(start_paused = true)]
async fn a_picture_ends_when_its_camera_is_put_elsewhere() {
    let gateway = gateway(&province(), 1, config());
    let mut screen = signed_in(&gateway, "xem").await;
    let frames = shown(&gateway, &mut screen, "c2").await;
    accepted(gateway.cluster.commit(GroupId(2), RegisterCamera { camera: camera("c2", 1, false) }));
    assert_eq!(told(&mut screen).await, UNKNOWN);
    frames.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_becomes_sensitive_is_shown_on_the_terms_of_one() {
    let gateway = gateway(&province(), 1, config());
    let mut screen = signed_in(&gateway, "xem").await;
    let frames = shown(&gateway, &mut screen, "c2").await;
    accepted(gateway.cluster.commit(GroupId(2), RegisterCamera { camera: camera("c2", 3, true) }));
    // It is asked for anew.
    frames.closed().await;
    gateway.node.quorum.store(false, Ordering::SeqCst);
    let hidden = told(&mut screen).await;
    assert!(hidden.contains("hidden"), "{hidden}");
}
