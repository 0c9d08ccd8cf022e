//! `trongdong backup` and `trongdong restore`: a folder of backups beside a running cluster, and a new cluster out of one.
//!
//! - `take` follows the stream of a node; `collect` makes chunks (`chunk`) and a `manifest` of it; `folder` keeps them.
//! - `verify` reads everything back, and `audit` says whether it is a state. Neither needs a cluster or a database.
//! - `restore` verifies, makes the folders of new nodes and fills their disks.
//!
//! `chunk`, `manifest`, `collect` and `audit` are pure. No secret is in a backup: credentials in it are sealed, and the key that
//! opens them is kept apart by the operator, who is told so each time.

use std::{
    error::Error,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, Subcommand};
use edge::Backups;
use raft::Groups;
use tokio::task::spawn_blocking;

use crate::{client::Door, init::NodePlace};

pub mod audit;
pub mod chunk;
pub mod collect;
pub mod folder;
pub mod hash;
pub mod manifest;
pub mod restore;
pub mod take;
#[cfg(test)]
mod tests;
pub mod verify;

use folder::Folder;
use manifest::Manifest;
use restore::{Plan, Restored, restore};
use take::{Taken, take};
use verify::{Report, verify, verify_all};

type Done = Result<(), Box<dyn Error>>;

/// What the operator is told after each backup.
const KEEP_APART: &str = "Khóa niêm phong (sealing.key) và thư mục authority KHÔNG có trong bản sao lưu. Cất sealing.key ở nơi khác, \
an toàn như bản sao lưu: thiếu nó thì mật khẩu người dùng và camera không mở được.\n\
The sealing key (sealing.key) and the authority's folder are NOT in the backup. Keep sealing.key elsewhere, as safe as the \
backup: without it no password of people or cameras opens.";

/// `trongdong backup`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// Folder of backups on this machine. A second backup into it writes only what has changed.
    #[arg(long, required = true)]
    to: Option<PathBuf>,
    // Not in a group with `to`: an optional group that holds another one is never seen as given.
    #[command(flatten)]
    door: Option<Door>,
}

/// What to do with backups that are there.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Verifies every file of a folder of backups. Needs no cluster.
    Verify(VerifyArgs),
}

/// Which backups to verify.
#[derive(Clone, Debug, Args)]
struct VerifyArgs {
    /// Folder of backups.
    folder: PathBuf,
    /// Only this one.
    #[arg(long)]
    backup: Option<String>,
}

/// `trongdong restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// Folder of backups.
    #[arg(long)]
    from: PathBuf,
    /// Which backup; the newest when it is not named.
    #[arg(long)]
    backup: Option<String>,
    /// Folder to make; one sub-folder a node, and the new authority's.
    #[arg(long)]
    out: PathBuf,
    /// File with the sealing key of the cluster that was backed up: `sealing.key` of any of its nodes.
    #[arg(long)]
    sealing_key: PathBuf,
    /// Name of the new cluster; that of the old one when it is not given.
    #[arg(long)]
    cluster: Option<String>,
    /// `id=host`, once a node; an odd number of them, three or five. `id=host:port` gives the first of three ports in a row.
    /// A node on loopback listens there only and speaks plain HTTP.
    #[arg(long = "node", required = true)]
    nodes: Vec<NodePlace>,
    /// Port between nodes.
    #[arg(long, default_value_t = 7400)]
    peer_port: u16,
    /// Port of the gateway (HTTPS).
    #[arg(long, default_value_t = 8443)]
    gateway_port: u16,
    /// Port of the MQTT endpoint.
    #[arg(long, default_value_t = 1883)]
    mqtt_port: u16,
}

/// What the gateway of a node asks for a backup.
pub(crate) fn source(groups: Groups, cluster: String) -> Backups {
    Arc::new(move |deadline: Duration| {
        let (groups, cluster) = (groups.clone(), cluster.clone());
        Box::pin(async move { groups.export(&cluster, env!("CARGO_PKG_VERSION"), deadline).await })
    })
}

/// `trongdong backup`.
///
/// # Errors
/// No backup was taken, or one is damaged; the text names what.
pub async fn run(args: BackupArgs) -> Done {
    match (args.what, args.to, args.door) {
        (Some(What::Verify(args)), _, _) => run_verify(args).await,
        (None, Some(to), Some(door)) => run_take(&to, &door).await,
        // The parser asks for one of the two.
        (None, _, _) => Err("give --to and --url, or `verify`".into()),
    }
}

async fn run_take(to: &Path, door: &Door) -> Done {
    let client = door.open().await?;
    println!("{}", taken_text(&take(&client, to).await?));
    println!("{KEEP_APART}");
    Ok(())
}

async fn run_verify(args: VerifyArgs) -> Done {
    let report = spawn_blocking(move || -> Result<Report, Box<dyn Error + Send + Sync>> {
        let folder = Folder::open(&args.folder)?;
        match args.backup {
            Some(name) => {
                let verified = verify(&folder, &name).map(|verified| verified.manifest);
                Ok(Report { backups: vec![(name, verified)], strays: Ok((0, 0)) })
            }
            None => Ok(verify_all(&folder)?),
        }
    });
    let report = report.await?.map_err(|error| error as Box<dyn Error>)?;
    println!("{}", report_text(&report));
    if report.is_right() {
        Ok(())
    } else {
        Err("bản sao lưu bị hỏng, xem ở trên / a backup is damaged, see above".into())
    }
}

/// `trongdong restore`.
///
/// # Errors
/// Nothing was restored; the text names why.
pub async fn run_restore(args: RestoreArgs) -> Done {
    let key_file = &args.sealing_key;
    let sealing_key = fs::read_to_string(key_file).map_err(|e| format!("{}: {e}", key_file.display()))?;
    let ports = [args.peer_port, args.gateway_port, args.mqtt_port];
    let node = |place: &NodePlace| {
        let is_loopback = place.is_loopback();
        let ip: IpAddr = if is_loopback { Ipv4Addr::LOCALHOST.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        place.node(ip, !is_loopback, ports)
    };
    let plan = Plan {
        from: args.from,
        backup: args.backup,
        out: args.out.clone(),
        sealing_key: sealing_key.trim().to_owned(),
        cluster: args.cluster,
        nodes: args.nodes.iter().map(node).collect(),
    };
    println!("{}", restored_text(&spawn_blocking(move || restore(&plan)).await??));
    let authority = args.out.join("authority");
    println!("Giữ riêng {} : nó tạo ra nút mới. / Keep it to yourself: it makes nodes.", authority.display());
    Ok(())
}

fn summary(manifest: &Manifest) -> String {
    let indexes: Vec<String> = manifest.groups.iter().map(|group| format!("{}:{}", group.group, group.index)).collect();
    format!(
        "{}  cụm / cluster {} epoch {}, {} dòng / rows, {} byte, chỉ số / index {}",
        manifest.name,
        manifest.cluster,
        manifest.epoch,
        manifest.rows(),
        manifest.bytes(),
        indexes.join(" ")
    )
}

fn taken_text(taken: &Taken) -> String {
    format!(
        "{}\nđã ghi / written {} byte: {} khối mới / chunks new, {} đã có / known, {} sửa lại / mended; từ / from {}",
        summary(&taken.manifest),
        taken.bytes_written,
        taken.chunks_new,
        taken.chunks_known,
        taken.chunks_mended,
        taken.origin
    )
}

fn report_text(report: &Report) -> String {
    let mut lines: Vec<String> = report
        .backups
        .iter()
        .map(|(name, verified)| match verified {
            Ok(manifest) => format!("TỐT / GOOD  {}", summary(manifest)),
            Err(error) => format!("HỎNG / DAMAGED  {name}: {error}"),
        })
        .collect();
    match &report.strays {
        Ok((0, _)) => {}
        Ok((count, bytes)) => {
            lines.push(format!("{count} khối, {bytes} byte, không thuộc bản nào / chunks, bytes, of no backup"));
        }
        Err(error) => lines.push(format!("HỎNG / DAMAGED  {error}")),
    }
    lines.join("\n")
}

fn restored_text(restored: &Restored) -> String {
    let folders: Vec<String> = restored.folders.iter().map(|folder| folder.display().to_string()).collect();
    format!(
        "{}\nepoch mới / new epoch {}\n{}\nChép mỗi thư mục sang máy của nó rồi chạy / Copy each folder to its machine and run: \
         trongdong start <thư mục / folder>\nCụm cũ phải dừng hẳn: hai cụm cùng nhận báo cáo sẽ tách làm hai lịch sử. / The old \
         cluster must stay stopped: two that take reports part into two histories.",
        summary(&restored.manifest),
        restored.epoch,
        folders.join("\n")
    )
}
