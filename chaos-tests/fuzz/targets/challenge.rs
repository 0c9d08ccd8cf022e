//! Authentication challenges of cameras and the answers to them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::fuzzing::fuzz_challenge(data));
