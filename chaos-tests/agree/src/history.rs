//! What happened, line by line, and the hash of it: two plays of one seed must have the same.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

/// A history. Lines are kept only when somebody wants to read them.
#[derive(Debug)]
pub struct History {
    hash: u64,
    count: u64,
    lines: Option<String>,
    scratch: String,
}

impl History {
    /// An empty one.
    #[must_use]
    pub fn new(keeps_lines: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, count: 0, lines: keeps_lines.then(String::new), scratch: String::new() }
    }

    /// Adds a line.
    pub fn note(&mut self, at: Duration, line: fmt::Arguments<'_>) {
        self.scratch.clear();
        // Writing into a String cannot fail.
        let _ = writeln!(self.scratch, "{:>9.3} {line}", at.as_secs_f64() * 1000.0);
        self.hash = fnv(self.hash, self.scratch.as_bytes());
        self.count += 1;
        if let Some(lines) = &mut self.lines {
            lines.push_str(&self.scratch);
        }
    }

    /// FNV-1a of all bytes.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Lines noted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The lines, if they were kept.
    pub fn take_lines(&mut self) -> Option<String> {
        self.lines.take()
    }
}

/// FNV-1a over 64 bits, going on from `hash`.
#[must_use]
pub fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// FNV-1a of one row, for sums over many.
#[must_use]
pub fn row_hash(key: &[u8], value: &[u8]) -> u64 {
    // The length parts key and value.
    let hash = fnv(0xcbf2_9ce4_8422_2325, &(key.len() as u64).to_be_bytes());
    fnv(fnv(hash, key), value)
}
