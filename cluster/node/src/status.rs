//! `trongdong status`: how a cluster is, by the word of every node, in words that say what to do.
//!
//! It ends with 0 when all is well, 1 when something is to be done, 2 when a group accepts nothing. It needs no account: when
//! no quorum is left, nobody can sign in.

pub mod judge;
pub mod report;

use std::{error::Error, path::PathBuf, time::Duration};

use clap::Args;
use futures::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    config::NodeConfig,
    status::{
        judge::{Asked, Finding, Level, judge, level},
        report::NodeReport,
    },
};

/// Between two looks with `--wait-s`.
const LOOK: Duration = Duration::from_secs(1);

/// `trongdong status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// Folder of a node on this machine: its addresses and its authority are used.
    home: Option<PathBuf>,
    /// Origin of a node, such as https://node-1:8443; one is enough, the others are learned from it.
    #[arg(long = "url", required_unless_present = "home")]
    urls: Vec<String>,
    /// The cluster's authority, `ca.pem` of the certificates folder; needed for HTTPS.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Everything as JSON.
    #[arg(long)]
    json: bool,
    /// Looks again until all is well, at most so many seconds.
    #[arg(long, default_value_t = 0)]
    wait_s: u64,
}

/// Runs it; the number is what the program ends with.
///
/// # Errors
/// The folder or the authority cannot be used.
pub async fn run(args: StatusArgs) -> Result<u8, Box<dyn Error>> {
    let (mut urls, mut ca) = (args.urls.clone(), args.ca.clone());
    if let Some(home) = &args.home {
        let config = NodeConfig::load(home)?;
        urls.extend(config.members.iter().map(|member| member.public_url.clone()));
        ca = ca.or_else(|| Some(config.certificates.join("ca.pem")));
    }
    let ca_pem = ca.map(|file| std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))).transpose()?;
    let client = Client::new(urls, ca_pem.as_deref())?;
    let until = Instant::now() + Duration::from_secs(args.wait_s);
    loop {
        let asked = gather(&client).await;
        let findings = judge(&asked);
        let level = level(&findings);
        if level == Level::Well || Instant::now() >= until {
            let text = if args.json { as_json(&asked, &findings, level) } else { as_text(&asked, &findings, level) };
            println!("{text}");
            return Ok(level as u8);
        }
        sleep(LOOK).await;
    }
}

/// Asks every address that was given, and every member that those tell of.
async fn gather(client: &Client) -> Vec<Asked> {
    let mut asked = ask_all(client, client.origins().iter().map(|url| (None, url.clone())).collect()).await;
    let known: Vec<u64> = asked.iter().filter_map(|asked| asked.node).collect();
    // The members by whoever heard of the command group's quorum last.
    let reports = asked.iter().filter_map(|asked| asked.answer.as_ref().ok());
    let newest = reports.min_by_key(|report| report.groups.first().map_or(u64::MAX, |group| group.quorum_age_ms));
    let members = newest.map(|report| report.members.clone()).unwrap_or_default();
    for asked in &mut asked {
        // An address that does not answer is that of a member, or of one that is none any more.
        let member = members.iter().find(|member| member.url.trim_end_matches('/') == asked.url);
        asked.node = asked.node.or(member.map(|member| member.id));
    }
    if !members.is_empty() {
        asked.retain(|asked| asked.node.is_some_and(|node| members.iter().any(|member| member.id == node)));
    }
    let rest = members.into_iter().filter(|member| !known.contains(&member.id));
    let rest = rest.filter(|member| !asked.iter().any(|asked| asked.node == Some(member.id)));
    let rest = rest.map(|member| (Some(member.id), member.url)).collect();
    asked.extend(ask_all(client, rest).await);
    asked.sort_by_key(|asked| asked.node);
    asked.dedup_by(|one, other| one.node.is_some() && one.node == other.node);
    asked
}

async fn ask_all(client: &Client, whom: Vec<(Option<u64>, String)>) -> Vec<Asked> {
    join_all(whom.into_iter().map(|(node, url)| async move {
        let answer = client.get_from::<NodeReport>(&url, "/api/cluster").await.map_err(|error| error.to_string());
        Asked { node: answer.as_ref().ok().map(|report| report.node).or(node), url, answer }
    }))
    .await
}

fn as_json(asked: &[Asked], findings: &[Finding], level: Level) -> String {
    let nodes: Vec<_> = asked
        .iter()
        .map(|asked| match &asked.answer {
            Ok(report) => json!({ "node": asked.node, "url": asked.url, "report": report }),
            Err(error) => json!({ "node": asked.node, "url": asked.url, "error": error }),
        })
        .collect();
    let findings: Vec<_> =
        findings.iter().map(|it| json!({ "level": it.level as u8, "vi": it.vi, "en": it.en })).collect();
    json!({ "level": level as u8, "findings": findings, "nodes": nodes }).to_string()
}

fn words(level: Level) -> &'static str {
    match level {
        Level::Well => "TỐT / WELL",
        Level::Degraded => "CẦN XỬ LÝ / DEGRADED",
        Level::NoQuorum => "MẤT ĐA SỐ / NO QUORUM",
    }
}

fn as_text(asked: &[Asked], findings: &[Finding], level: Level) -> String {
    let mut lines = vec![words(level).to_owned()];
    for finding in findings {
        lines.push(format!("  - {}\n    {}", finding.vi, finding.en));
    }
    for asked in asked {
        let name = asked.node.map_or_else(|| "?".to_owned(), |node| node.to_string());
        let Ok(report) = &asked.answer else {
            lines.push(format!("\nNút / node {name}  {}  không trả lời / no answer", asked.url));
            continue;
        };
        let mib = |bytes: u64| bytes >> 20;
        let free = report.disk.free_bytes.map_or_else(|| "?".to_owned(), |free| mib(free).to_string());
        let clocks = report.clocks.iter().map(|clock| match clock.offset_ms {
            Some(offset) => format!("{}: {offset:+} ms", clock.node),
            None => format!("{}: ?", clock.node),
        });
        lines.push(format!(
            "\nNút / node {name}  {}  {}\n  đĩa / disk: {free} MiB trống / free, {} MiB dùng / used   đồng hồ / clocks: {}",
            asked.url,
            report.version,
            mib(report.disk.used_bytes),
            clocks.collect::<Vec<_>>().join(", "),
        ));
        lines.push(
            "  nhóm  vai trò    lãnh đạo  nhiệm kỳ  đã chốt     đã áp dụng  ảnh chụp    chậm (mục)\n  \
             group role       leader    term      committed   applied     snapshot    lag (entries)"
                .to_owned(),
        );
        for group in &report.groups {
            let leader = group.leader.map_or_else(|| "-".to_owned(), |leader| leader.to_string());
            let lag = group.followers.iter().filter(|follower| follower.node != report.node).map(|follower| {
                let lag = follower.lag_entries.map_or_else(|| "?".to_owned(), |lag| lag.to_string());
                format!("{}: {lag}{}", follower.node, if follower.is_up { "" } else { " (!)" })
            });
            lines.push(format!(
                "  {:<5} {:<10} {leader:<9} {:<9} {:<11} {:<11} {:<11} {}{}",
                group.group,
                group.role,
                group.term,
                group.committed,
                group.applied,
                group.snapshot,
                lag.collect::<Vec<_>>().join(", "),
                group.fatal.as_ref().map_or_else(String::new, |fatal| format!("  {fatal}")),
            ));
        }
    }
    lines.join("\n")
}
