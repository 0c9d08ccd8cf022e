//! Readings as protobuf, one and many.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::fuzzing::fuzz_reading_protobuf(data));
