//! Log entries and the records of a snapshot: bytes become a domain type or an error with a field's name, and what became one
//! is written and read back as the same.

#![no_main]

use std::fmt::Debug;

use domain::{Entry, EventBatch, wire::Record};

fn comes_back<T: Record + PartialEq + Debug>(data: &[u8]) {
    match T::decode(data) {
        Ok(record) => assert_eq!(T::decode(&record.encode()).as_ref(), Ok(&record)),
        Err(malformed) => assert!(!malformed.field.is_empty() && !malformed.remedy.is_empty()),
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    comes_back::<Entry>(data);
    comes_back::<EventBatch>(data);
});
