//! Cameras.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    CameraId, Millis, OutOfService, Place,
    wire::{record, wire_enum},
};

wire_enum! {
    /// Whether frames arrive.
    CameraHealth {
        /// They do.
        Live = "live",
        /// The session is being set up.
        Connecting = "connecting",
        /// None for longer than the watchdog allows.
        NoSignal = "no_signal",
        /// It refuses user and password.
        Unauthorized = "unauthorized",
    }
}

/// A camera and whether it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Camera {
    /// Its id.
    pub id: CameraId,
    /// Vietnamese name.
    pub name: String,
    /// `rtsp://host:port/path`, without user and password.
    pub rtsp_url: String,
    /// Where it stands.
    pub place: Place,
    /// Direction of view, degrees from north.
    pub azimuth_deg: u32,
    /// Angle of view, degrees.
    pub field_of_view_deg: u32,
    /// "user:password" sealed under the cluster key. Never in an event, never in JSON.
    #[serde(skip)]
    pub credential_sealed: Bytes,
    /// Whether frames arrive.
    pub health: CameraHealth,
    /// Since when.
    pub health_at_ms: Millis,
    /// Grows with every change.
    pub version: u64,
    /// Hidden when the node cannot hear the quorum for long.
    pub sensitive: bool,
    /// What of it is out of service, by condition, what is over included; at most `limits::OUT_OF_SERVICE_MAX`.
    #[serde(default)]
    pub out_of_service: Vec<OutOfService>,
}

record!(Camera {
    id,
    name,
    rtsp_url,
    place,
    azimuth_deg,
    field_of_view_deg,
    credential_sealed,
    health,
    health_at_ms,
    version,
    sensitive,
    out_of_service,
});
