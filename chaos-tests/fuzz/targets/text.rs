//! RFC 3339 date-times, MQTT topics, camera addresses.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::fuzzing::fuzz_text(data));
