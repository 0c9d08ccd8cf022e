//! What the disk can do at all, measured in the same run: nobody's acknowledgement is faster.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Result,
    parts::{Found, Setting},
};

/// Bytes of one write that is flushed.
const BLOCK_BYTES: usize = 4096;
/// Blocks of the file that is written round and round: space that a log has got in advance.
const BLOCKS: usize = 16_384;
/// Bytes of one write of the long one.
const CHUNK_BYTES: usize = 1 << 20;

/// Measures.
pub(crate) fn measure(setting: &Setting) -> Result<Found> {
    let path = std::env::temp_dir().join(format!("trongdong-bench-disk-{}", std::process::id()));
    let measured = both(&path, setting);
    let _ = fs::remove_file(&path);
    let (flushes_per_s, bytes_per_s) = measured?;
    let mut found = Found::default();
    found.figure("disk_fdatasync_4k_per_s", Some(flushes_per_s));
    found.figure("disk_write_bytes_per_s", Some(bytes_per_s));
    Ok(found)
}

fn both(path: &Path, setting: &Setting) -> Result<(f64, f64)> {
    let mut file = fs::File::create(path)?;
    let chunk = vec![7; CHUNK_BYTES];
    let chunks = setting.choose(1024, 64);
    let begun = Instant::now();
    for _ in 0..chunks {
        file.write_all(&chunk)?;
    }
    file.sync_data()?;
    let bytes_per_s = (chunks * CHUNK_BYTES) as f64 / begun.elapsed().as_secs_f64();

    let within = Duration::from_secs(setting.choose(5, 1));
    let blocks = BLOCKS.min(chunks * CHUNK_BYTES / BLOCK_BYTES);
    let mut flushes = 0_usize;
    let begun = Instant::now();
    while begun.elapsed() < within {
        if flushes.is_multiple_of(blocks) {
            file.seek(SeekFrom::Start(0))?;
        }
        file.write_all(&chunk[..BLOCK_BYTES])?;
        file.sync_data()?;
        flushes += 1;
    }
    Ok((flushes as f64 / begun.elapsed().as_secs_f64(), bytes_per_s))
}
