//! Frames between nodes, taken off a buffer as a connection does. The decoder is the crate's own file: it is no part of that
//! crate's interface.

#![no_main]
#![allow(dead_code, reason = "of the two files only the decoder and its bounds are used")]

use bytes::BytesMut;

#[path = "../../../cluster/peer/src/frame.rs"]
mod frame;
#[path = "../../../cluster/peer/src/limits.rs"]
mod limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for frame_bytes_max in [limits::HELLO_FRAME_BYTES_MAX, limits::FRAME_BYTES_MAX] {
        let mut buffer = BytesMut::from(data);
        loop {
            let before = buffer.len();
            match frame::decode(&mut buffer, frame_bytes_max) {
                Ok(Some(frame)) => {
                    assert!(buffer.len() < before, "a frame takes bytes");
                    assert!(frame.payload.len() < frame_bytes_max);
                }
                Ok(None) => {
                    assert!(buffer.capacity() <= data.len() + 2 * frame_bytes_max, "room for one frame at most");
                    break;
                }
                Err(_) => break,
            }
        }
    }
});
