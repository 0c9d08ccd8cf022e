//! Memory of a node that keeps a whole province: 1,000 cameras, whose addresses do not answer, and 100,000 sensors.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Found, Setting};
use crate::{
    Result,
    stage::{self, Stage},
    stats,
};

/// Sessions that register.
const REGISTERS: usize = 48;
/// Registration of everything.
const REGISTER_WITHIN: Duration = Duration::from_secs(900);
/// Sensors registered between two words about it.
const CHUNK: usize = 10_000;

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let (cameras, sensors) = setting.choose((1_000, 100_000), (100, 2_000));
    let mut stage = Stage::start(&setting.program, "memory", setting.keep).await?;
    let mut found = Found::default();
    found.note("empty_rss_kib", stage.rss_kib()?);
    let mut desks = stage.admins(REGISTERS).await?;
    found.note("signed_in_rss_kib", stage.rss_kib()?);
    let begun = Instant::now();
    let camera = |at: usize| {
        // Port 1 is closed: each camera is tried again and again, as one that is down is.
        json!({
            "id": format!("camera-{at}"),
            "name": format!("Camera giao thông số {at}"),
            "rtsp_url": format!("rtsp://127.0.0.1:1/{at}"),
            "place": stage::place(at),
            "azimuth_deg": at % 360,
            "field_of_view_deg": 60,
        })
    };
    let bodies: Vec<_> = (0..cameras).map(camera).collect();
    let (done, back) = stage::register(desks, "/api/cameras", bodies, REGISTER_WITHIN).await?;
    if done < cameras {
        return Err(format!("only {done} of {cameras} cameras were registered").into());
    }
    desks = back;
    found.note("cameras_rss_kib", stage.rss_kib()?);
    for first in (0..sensors).step_by(CHUNK) {
        let end = (first + CHUNK).min(sensors);
        let bodies: Vec<_> = (first..end).map(|at| stage::sensor(&format!("sensor-{at}"), at)).collect();
        let left = REGISTER_WITHIN.saturating_sub(begun.elapsed());
        let (done, back) = stage::register(desks, "/api/sensors", bodies, left).await?;
        if done < end - first {
            return Err(
                format!("only {} of {sensors} sensors were registered in {REGISTER_WITHIN:?}", first + done).into()
            );
        }
        desks = back;
        println!("  {end} sensors after {:.0} s: {:?} KiB", begun.elapsed().as_secs_f64(), stage.rss_kib()?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    found.note("registered_rss_kib", stage.rss_kib()?);
    found.note("registered_in_s", stats::rounded(seconds));
    found.note("registered_per_s", stats::rounded((cameras + sensors) as f64 / seconds));
    sleep(Duration::from_secs(setting.choose(60, 5))).await;
    let later = stage.rss_kib()?;
    let largest = later.iter().max().copied();
    found.note("later_rss_kib", later);
    found.figure("node_rss_mib_1k_cameras_100k_sensors", largest.map(|kib| kib as f64 / 1024.0));
    Ok(found)
}
