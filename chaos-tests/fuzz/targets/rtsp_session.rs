//! Messages as a camera's session takes them from its socket.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::fuzzing::fuzz_rtsp_session(data));
