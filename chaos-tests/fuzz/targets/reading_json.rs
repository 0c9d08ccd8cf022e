//! Readings as JSON, one and many.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::fuzzing::fuzz_reading_json(data));
