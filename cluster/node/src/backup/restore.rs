//! Makes the folders of a new cluster whose state is a backup's, in every group.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use domain::{GroupId, PersonId};
use raft::{
    backup::{LogPlace, SeedError, Sum, View, seed},
    disk::Disk,
};
use rocks::{OpenError, RocksDisk};

use super::{
    audit::sealed_under_another,
    folder::{Folder, FolderError},
    manifest::{GroupManifest, Manifest},
    verify::{VerifyError, verify},
};
use crate::{
    config::{NodeConfig, parse_key},
    init::{FOUNDED, NewCluster, NewNode, fresh_epoch, make},
};

/// What to restore, and to where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Folder of backups.
    pub from: PathBuf,
    /// Which; none: the newest.
    pub backup: Option<String>,
    /// Folder to make.
    pub out: PathBuf,
    /// The sealing key of the cluster that was backed up, 64 hexadecimal digits.
    pub sealing_key: String,
    /// Name of the new cluster; none: that of the old one.
    pub cluster: Option<String>,
    /// The nodes to be.
    pub nodes: Vec<NewNode>,
}

/// A cluster that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What it was made of.
    pub manifest: Manifest,
    /// Its epoch.
    pub epoch: u64,
    /// One a node.
    pub folders: Vec<PathBuf>,
}

/// Why nothing was restored. The folder to make is not there then.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup is not whole.
    #[error("{0}: không phục hồi từ bản sao lưu hỏng / no cluster is made of a damaged backup")]
    Verify(#[from] VerifyError),
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The key is no key.
    #[error("sealing-key: cần 64 chữ số thập lục phân / give a file with 64 hexadecimal digits")]
    Key,
    /// The key is another one.
    #[error(
        "sealing-key: không mở được mật khẩu của {0}: dùng khóa của cụm đã sao lưu / it does not open the credential of {0}: \
         give the key of the cluster that was backed up"
    )]
    OtherKey(PersonId),
    /// Something is there.
    #[error("{0}: đã có, chọn thư mục khác / it is there: choose another folder, or remove it")]
    IsThere(PathBuf),
    /// No cluster can be made of these nodes.
    #[error("node: {0}")]
    Nodes(String),
    /// The folders could not be made.
    #[error("{path}: {source}")]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A new disk could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A new disk could not be filled.
    #[error(transparent)]
    Seed(#[from] SeedError<FolderError>),
    /// A new disk does not hold what was written.
    #[error(
        "{path}: nhóm {group} đọc lại không khớp bản kê / group {group} reads back as something else than the manifest says"
    )]
    ReadBack {
        /// The node's folder.
        path: PathBuf,
        /// Which group.
        group: GroupId,
    },
}

/// Verifies the backup, makes the folders, fills every node's disk and reads it back. Blocks on IO.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(plan: &Plan) -> Result<Restored, RestoreError> {
    let key = parse_key(&plan.sealing_key).ok_or(RestoreError::Key)?;
    refuse_nodes(&plan.nodes)?;
    let folder = Folder::open(&plan.from)?;
    let name = match &plan.backup {
        Some(name) => name.clone(),
        None => folder.backups()?.pop().ok_or_else(|| FolderError::NoBackup { path: plan.from.clone() })?,
    };
    let verified = verify(&folder, &name)?;
    if let Some(person) = sealed_under_another(&verified.command, &key) {
        return Err(RestoreError::OtherKey(person));
    }
    let manifest = verified.manifest;
    let aside = plan.out.with_extension("partial");
    if let Some(there) = [&plan.out, &aside].into_iter().find(|path| path.exists()) {
        return Err(RestoreError::IsThere(there.clone()));
    }
    let made = build(plan, &folder, &manifest, &aside);
    if made.is_err() {
        // It names a folder that nobody may start.
        let _ = fs::remove_dir_all(&aside);
    }
    let (epoch, homes) = made?;
    fs::rename(&aside, &plan.out).map_err(failed(&plan.out))?;
    let folders = homes.iter().filter_map(|home| home.file_name()).map(|name| plan.out.join(name)).collect();
    Ok(Restored { manifest, epoch, folders })
}

fn failed<E: Into<Box<dyn Error + Send + Sync>>>(path: &Path) -> impl Fn(E) -> RestoreError {
    move |source| RestoreError::Make { path: path.to_owned(), source: source.into() }
}

fn refuse_nodes(nodes: &[NewNode]) -> Result<(), RestoreError> {
    let ids: BTreeMap<u64, ()> = nodes.iter().map(|node| (node.id, ())).collect();
    if nodes.is_empty() || ids.len() != nodes.len() {
        return Err(RestoreError::Nodes(
            "mỗi nút một số / give each node an id of its own, at least one node".to_owned(),
        ));
    }
    Ok(())
}

fn build(plan: &Plan, folder: &Folder, manifest: &Manifest, aside: &Path) -> Result<(u64, Vec<PathBuf>), RestoreError> {
    let mut epoch = fresh_epoch().map_err(failed(aside))?;
    if epoch == manifest.epoch {
        epoch += 1;
    }
    let cluster = NewCluster {
        name: plan.cluster.as_deref().unwrap_or(&manifest.cluster),
        epoch,
        sealing_key: &plan.sealing_key,
        first_admin: None,
    };
    let homes = make(aside, &cluster, &plan.nodes).map_err(|error| failed(aside)(error.to_string()))?;
    for home in &homes {
        let config = NodeConfig::load(home).map_err(failed(home))?;
        fs::create_dir_all(&config.data).map_err(failed(home))?;
        let disk = RocksDisk::open(&config.data, &rocks::Options::default())?;
        for group in &manifest.groups {
            fill(&disk, home, folder, group, &config.founders())?;
        }
        disk.close().map_err(failed(home))?;
        // It has its data from here on, and must never found a cluster.
        fs::write(home.join(FOUNDED), "").map_err(failed(home))?;
    }
    Ok((epoch, homes))
}

fn fill(
    disk: &RocksDisk,
    home: &Path,
    folder: &Folder,
    manifest: &GroupManifest,
    members: &BTreeMap<u64, raft::Node>,
) -> Result<(), RestoreError> {
    let group = GroupId(manifest.group);
    let rows = manifest.chunks.iter().map(|entry| folder.chunk(entry));
    seed(disk, group, manifest.place(), members, rows)?;
    let (at, sum) = View::of(group, disk).and_then(View::sum).map_err(failed(home))?;
    let expected: (LogPlace, Sum) = (manifest.place(), manifest.sum());
    if (at, sum) == expected { Ok(()) } else { Err(RestoreError::ReadBack { path: home.to_owned(), group }) }
}
