//! A disk that fills: a file that takes space at once, beside nodes whose limits lie just below what is free now.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use node::config::DiskConfig;
use rustix::fs::{FallocateFlags, fallocate, statvfs};

use crate::{Failure, world::World};

/// What the ballast takes. Far more than everything else on the machine writes meanwhile.
const BALLAST_BYTES: u64 = 3 << 30;
/// The limit lies this much below what is free.
const LOW_BELOW_FREE_BYTES: u64 = 2 << 30;
/// Left on the disk in any case.
const LEFT_BYTES_MIN: u64 = 1 << 30;

/// Bytes that can still be written to the disk of `folder`.
///
/// # Errors
/// There is no such folder.
pub fn free_bytes(folder: &Path) -> Result<u64, Failure> {
    let disk = statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Limits under which a node on the disk of `folder` has enough room now, and too little once the ballast is there.
///
/// # Errors
/// The disk is too small for the drill.
pub fn limits(folder: &Path) -> Result<DiskConfig, Failure> {
    let free = free_bytes(folder)?;
    let needed = BALLAST_BYTES + LEFT_BYTES_MIN;
    if free < needed {
        return Err(format!("{free} bytes are free in {}; this drill needs {needed}", folder.display()).into());
    }
    Ok(DiskConfig { low_bytes: free - LOW_BELOW_FREE_BYTES, full_bytes: 1 << 20 })
}

/// Gives a node that does not run these limits.
///
/// # Errors
/// Its configuration cannot be written.
pub fn limit(world: &World, node: u64, limits: &DiskConfig) -> Result<(), Failure> {
    let home = world.cluster.nodes.iter().find(|it| it.id == node).map(|it| it.home.clone());
    let file = home.ok_or_else(|| format!("there is no node {node}"))?.join(node::config::FILE);
    let DiskConfig { low_bytes, full_bytes } = limits;
    let before = fs::read_to_string(&file)?;
    let line = |line: &str| match line.split(' ').next() {
        Some("low_bytes") => format!("low_bytes = {low_bytes}\n"),
        Some("full_bytes") => format!("full_bytes = {full_bytes}\n"),
        _ => format!("{line}\n"),
    };
    let after: String = before.lines().map(line).collect();
    if after.trim() == before.trim() {
        return Err(format!("{} does not name the limits of its disk", file.display()).into());
    }
    fs::write(&file, after)?;
    Ok(())
}

/// Space that is taken for as long as this lives.
pub struct Ballast(PathBuf);

impl Ballast {
    /// Takes it on the disk of `folder`.
    ///
    /// # Errors
    /// The disk does not give it.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        let ballast = Self(folder.join(format!("trongdong-ballast-{}", std::process::id())));
        fallocate(File::create(&ballast.0)?, FallocateFlags::empty(), 0, BALLAST_BYTES)?;
        Ok(ballast)
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
