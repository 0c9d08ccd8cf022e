//! A camera's stream from GStreamer's RTSP server, which shares no code with the client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{process::Stdio, sync::Arc, time::Duration};

use crate::common::FakeCluster;
use domain::{CameraHealth, CameraId};
use ingest::rtsp::{AccessUnit, CameraConfig, Fleet};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::mpsc,
    time::timeout,
};

/// The server encodes on a machine that builds other things meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the script exits with when GStreamer is not installed.
const SKIPPED: i32 = 77;

/// The server and its port; `None`, and a line that says so, without GStreamer.
async fn server(login: &[&str]) -> Option<(Child, u16)> {
    let script = "tests/rtsp_server.py";
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).args(login).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let Ok(mut child) = command.spawn() else {
        println!("skipped: there is no /usr/bin/python3");
        return None;
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    match timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        Some(port) => Some((child, port.parse().unwrap())),
        None => {
            assert_eq!(
                child.wait().await.unwrap().code(),
                Some(SKIPPED),
                "the server fails only for want of GStreamer"
            );
            println!("skipped: GStreamer's RTSP server or its H.264 encoder is not installed");
            None
        }
    }
}

fn camera(port: u16, user: &str, password: &str) -> CameraConfig {
    CameraConfig {
        camera: CameraId::new("gate").unwrap(),
        url: format!("rtsp://127.0.0.1:{port}/test"),
        user: user.into(),
        password: password.into(),
    }
}

async fn next(frames: &mut mpsc::Receiver<Arc<AccessUnit>>) -> Arc<AccessUnit> {
    timeout(PATIENCE, frames.recv()).await.expect("a frame comes").expect("the camera is here")
}

/// Types of the NAL units in Annex B.
fn nal_types(data: &[u8]) -> Vec<u8> {
    data.windows(5).filter(|window| window.starts_with(&[0, 0, 0, 1])).map(|window| window[4] & 0x1f).collect()
}

async fn plays(login: &[&str]) {
    let Some((_server, port)) = server(login).await else { return };
    let cluster = FakeCluster::at_once();
    let fleet = Fleet::new(cluster.clone());
    let (user, password) = (login.first().unwrap_or(&""), login.get(1).unwrap_or(&""));
    let config = camera(port, user, password);
    fleet.assign(vec![config.clone()], 3).unwrap();
    let mut frames = fleet.watch(&config.camera).unwrap();

    let first = next(&mut frames).await;
    assert!(first.key);
    assert!(first.codec.starts_with("avc1."), "{}", first.codec);
    let types = nal_types(&first.data);
    assert_eq!(types[..2], [7, 8], "parameter sets stand first");
    assert!(types.contains(&5));
    let mut last = first.timestamp_us;
    let mut keys = 0;
    for _ in 0..40 {
        let frame = next(&mut frames).await;
        let step_us = frame.timestamp_us - last;
        assert!((30_000..500_000).contains(&step_us), "15 frames a second, not one in {step_us} us");
        last = frame.timestamp_us;
        assert_eq!(frame.key, nal_types(&frame.data).contains(&5));
        keys += usize::from(frame.key);
    }
    assert!(keys >= 2, "a key frame every 15 frames");

    // Somebody who comes later starts with a key frame too, and misses none of what follows.
    let mut later = fleet.watch(&config.camera).unwrap();
    assert!(next(&mut later).await.key);

    assert_eq!(fleet.health(&config.camera), Some(CameraHealth::Live));
    let report = &fleet.reports()[0];
    assert_eq!((report.packets_lost, report.connections, report.viewers), (0, 1, 2), "{report:?}");
    assert!(cluster.health.lock().unwrap().contains(&(config.camera.clone(), CameraHealth::Live, 3)));

    fleet.assign(Vec::new(), 4).unwrap();
    timeout(PATIENCE, async { while frames.recv().await.is_some() {} }).await.expect("the viewers' streams end");
}

#[tokio::test]
async fn a_camera_without_a_password() {
    plays(&[]).await;
}

#[tokio::test]
async fn a_camera_that_asks_for_digest() {
    plays(&["viewer", "mat-khau"]).await;
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let Some((_server, port)) = server(&["viewer", "mat-khau"]).await else { return };
    let cluster = FakeCluster::at_once();
    let fleet = Fleet::new(cluster.clone());
    let config = camera(port, "viewer", "wrong");
    fleet.assign(vec![config.clone()], 1).unwrap();
    let told = (config.camera.clone(), CameraHealth::Unauthorized, 1);
    timeout(PATIENCE, async {
        while !cluster.health.lock().unwrap().contains(&told) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the cluster is told");
}
