//! `trongdong status`: how a cluster is, by the word of every node, in words that say what to do.
//!
//! It ends with 0 when all is well, 1 when something is to be done, 2 when a group accepts nothing: it has no majority, or no
//! room on its disks. It needs no account: when no quorum is left, nobody can sign in.

pub mod elections;
pub mod groups;
pub mod judge;
pub mod report;
pub mod text;

use std::{error::Error, path::PathBuf, time::Duration};

use clap::Args;
use futures::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    config::NodeConfig,
    status::{
        groups::lines,
        judge::{Asked, Finding, Level, judge, level},
        report::NodeReport,
        text::text,
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
            let json = || as_json(&asked, &findings, level);
            println!("{}", if args.json { json() } else { text(&asked, &findings, level) });
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
    let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    json!({ "level": level as u8, "findings": findings, "groups": lines(&reports), "nodes": nodes }).to_string()
}
