//! Raft's append requests, as far as the wire form goes. The message is the crate's own generated file: it is no part of that
//! crate's interface.

#![no_main]
#![allow(dead_code, clippy::all, clippy::pedantic, reason = "of the generated file only the append request is used")]

use prost::Message;

#[path = "../../../consensus/raft/src/wire/generated.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(request) = wire::AppendRequest::decode(data) {
        assert_eq!(wire::AppendRequest::decode(request.encode_to_vec().as_slice()).as_ref(), Ok(&request));
    }
});
