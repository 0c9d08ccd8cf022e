//! Packets as the MQTT endpoint takes them from its socket.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::fuzzing::fuzz_mqtt_packet(data));
