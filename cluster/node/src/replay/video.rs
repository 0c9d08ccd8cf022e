//! Clips as cameras: `video/<name>.mp4`, served in a loop by `ops/rtsp/serve.py --clip <path>=<name>`.

use std::{fs, path::Path};

use bytes::Bytes;
use domain::{Camera, CameraHealth, CameraId, Millis};

use super::ReplayError;
use crate::town::tables;

/// Clips that become cameras at most.
const CLIPS_MAX: usize = 64;
/// Where the first clips stand: in the middle of the province's towns.
const COMMUNES: [&str; 4] = ["05443", "05518", "05860", "01840"];

/// Names of the clips in the folder, without `.mp4`, in order.
///
/// # Errors
/// The folder is not there.
pub fn clips(data: &Path) -> Result<Vec<String>, ReplayError> {
    let folder = data.join("video");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|e| ReplayError::read(&folder, &e))? {
        let name = entry.map_err(|e| ReplayError::read(&folder, &e))?.file_name();
        if let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".mp4")) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    names.truncate(CLIPS_MAX);
    Ok(names)
}

/// The cameras of these clips, each at `rtsp_base/<name>`. A name that cannot be an id is left out.
#[must_use]
pub fn cameras(clips: &[String], rtsp_base: &str) -> Vec<Camera> {
    let base = rtsp_base.trim_end_matches('/');
    let camera = |(index, clip): (usize, &String)| {
        let commune = tables::commune(COMMUNES.get(index % COMMUNES.len())?)?;
        Some(Camera {
            id: CameraId::new(&format!("clip-{clip}")).ok()?,
            name: format!("Băng ghi {clip}"),
            rtsp_url: format!("{base}/{clip}"),
            place: commune.place(index / COMMUNES.len() + 2, ""),
            azimuth_deg: 0,
            field_of_view_deg: 70,
            credential_sealed: Bytes::new(),
            health: CameraHealth::Connecting,
            health_at_ms: Millis(0),
            version: 0,
            sensitive: false,
            out_of_service: Vec::new(),
        })
    };
    clips.iter().enumerate().filter_map(camera).collect()
}
