//! What a screen says, as far as the wire form goes: the message and the fields that are checked at the crossing.

#![no_main]

use domain::{
    CameraId, DistrictId, Position,
    wire::{
        Field,
        generated::{ToServer, to_server::Body},
    },
};
use prost::Message;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match ToServer::decode(data).ok().and_then(|message| message.body) {
        Some(Body::Subscribe(it)) => {
            let _: Vec<_> = it.districts.iter().map(|id| DistrictId::new(id)).collect();
            let _: Result<Vec<Position>, _> = Field::read("from", it.from);
        }
        Some(Body::WatchCamera(it)) => drop(CameraId::new(&it.camera)),
        Some(Body::UnwatchCamera(it)) => drop(CameraId::new(&it.camera)),
        Some(Body::Hello(_) | Body::Ping(_)) | None => {}
    }
});
