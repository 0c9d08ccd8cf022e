//! Durable writes a second at 1, 64, 256 and 1,000 clients: ours, etcd and JetStream in turns, each with three processes and
//! an empty disk, and nothing of the others running meanwhile.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    etcd, jetstream,
    load::{self, Client, Run},
    nodes,
    ours::Ward,
    usage::{self, Usage},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::Stage,
    stats::{curve, rounded},
};

/// Clients at once.
pub(crate) const CLIENTS: [usize; 4] = [1, 64, 256, 1000];
/// The number of clients at which flushes are counted.
const CLIENTS_BUSY: usize = 256;

/// The systems, by the beginning of their figures' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum System {
    Ours,
    Etcd,
    JetStream,
}

const SYSTEMS: [System; 3] = [System::Ours, System::Etcd, System::JetStream];

impl System {
    fn prefix(self) -> &'static str {
        match self {
            Self::Ours => "",
            Self::Etcd => "etcd_",
            Self::JetStream => "jetstream_",
        }
    }

    /// The program that must be there, and the Debian package that brings it.
    fn needs(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Ours => None,
            Self::Etcd => Some((etcd::PROGRAM, etcd::PACKAGE)),
            Self::JetStream => Some((jetstream::PROGRAM, jetstream::PACKAGE)),
        }
    }
}

/// What all rounds of one system came to.
#[derive(Default)]
struct Score {
    runs: BTreeMap<usize, Run>,
    /// Of the last round, by number of clients.
    spent: BTreeMap<usize, Map<String, Value>>,
    /// Of each process after the writes, in the round in which the largest was largest.
    rss_mib: Vec<f64>,
    fsyncs_per_s: Option<f64>,
}

/// Measures.
pub(crate) async fn measure(setting: &Setting, rounds: u32) -> Result<Found> {
    let within = Duration::from_secs(setting.choose(8, 2));
    let mut found = Found::default();
    let mut scores: BTreeMap<System, Score> = BTreeMap::new();
    for round in 1..=setting.choose(rounds, 1) {
        for system in SYSTEMS {
            if let Some((program, package)) = system.needs()
                && super::peer::program(program).is_none()
            {
                println!("  {program} is not installed: apt-get install {package}");
                found.note(format!("{}skipped", system.prefix()), format!("install it: apt-get install {package}"));
                continue;
            }
            let score = scores.entry(system).or_default();
            println!("  round {round}, {system:?}");
            match system {
                System::Ours => ours(setting, within, score).await?,
                System::Etcd => {
                    let (running, addresses) = etcd::start().await?;
                    peers(score, within, &running.pids(), |at| etcd::connect(addresses[at % addresses.len()], at))
                        .await?;
                    running.stop().await;
                }
                System::JetStream => {
                    let (running, addresses) = jetstream::start().await?;
                    peers(score, within, &running.pids(), |at| {
                        jetstream::connect(addresses[at % addresses.len()], at + 1)
                    })
                    .await?;
                    running.stop().await;
                }
            }
        }
    }
    for (system, score) in scores {
        put(&mut found, system, score);
    }
    Ok(found)
}

fn put(found: &mut Found, system: System, score: Score) {
    let prefix = system.prefix();
    let memory = if system == System::Ours { "node_" } else { prefix };
    found.figure(format!("{memory}rss_mib"), score.rss_mib.iter().copied().reduce(f64::max));
    found.note(format!("{prefix}rss_mib_of_each"), score.rss_mib);
    if system == System::Ours {
        found.figure("fsyncs_per_s", score.fsyncs_per_s);
    }
    for (clients, run) in score.runs {
        let per_s = run.per_s();
        let sorted = run.latencies.sorted();
        found.figure(format!("{prefix}commands_per_s_{clients}"), Some(per_s));
        for percent in [50.0, 99.0] {
            let at = crate::stats::percentile(&sorted, percent);
            found.figure(format!("{prefix}command_ms_p{percent}_{clients}"), at);
        }
        let spent = score.spent.get(&clients).cloned().unwrap_or_default();
        found.note(
            format!("{prefix}clients_{clients}"),
            json!({ "per_s": rounded(per_s), "latency": curve(&sorted), "spent": spent }),
        );
    }
}

async fn ours(setting: &Setting, within: Duration, score: &mut Score) -> Result<()> {
    let mut stage = Stage::start(&setting.program, "commands", setting.keep).await?;
    let pids = pids(&mut stage)?;
    let gateways = stage.gateways()?;
    let ward = Ward::open(&stage, CLIENTS.into_iter().max().unwrap_or(1)).await?;
    for clients in CLIENTS {
        let before = nodes::looks(&gateways).await?;
        run(score, clients, ward.clients(clients).await?, within, &pids).await?;
        let after = nodes::looks(&gateways).await?;
        if clients == CLIENTS_BUSY {
            // The looks stand around the warm-up too.
            let seconds = within.as_secs_f64() + load::WARM_UP.as_secs_f64();
            let per_s = nodes::fsyncs_per_s(&before, &after, seconds);
            score.fsyncs_per_s = Some(score.fsyncs_per_s.map_or(per_s, |best| best.max(per_s)));
        }
        score.spent.entry(clients).or_default().insert("counted".to_owned(), nodes::counted(&before, &after).into());
    }
    Ok(())
}

/// Process ids of all nodes.
pub(crate) fn pids(stage: &mut Stage) -> Result<Vec<u32>> {
    let ids: Vec<_> = stage.cluster.nodes.iter().map(|node| node.id).collect();
    ids.into_iter().map(|id| stage.cluster.pid(id)?.ok_or_else(|| "a node does not run".into())).collect()
}

/// All numbers of clients at one peer.
async fn peers<C, F>(score: &mut Score, within: Duration, pids: &[u32], connect: impl Fn(usize) -> F) -> Result<()>
where
    C: Client,
    F: Future<Output = std::result::Result<C, String>>,
{
    for clients in CLIENTS {
        let mut all = Vec::with_capacity(clients);
        for at in 0..clients {
            all.push(connect(at).await?);
        }
        run(score, clients, all, within, pids).await?;
    }
    Ok(())
}

/// One run, and what it cost the machine.
async fn run<C: Client>(score: &mut Score, clients: usize, all: Vec<C>, within: Duration, pids: &[u32]) -> Result<()> {
    let own = [std::process::id()];
    let mut looks = Vec::new();
    let (run, back) = load::drive(all, within, || {
        looks.push((Usage::of(pids)?, Usage::of(&own)?));
        Ok(())
    })
    .await?;
    // The connections are closed before the next run begins.
    drop(back);
    let rss_mib = usage::rss_mib(pids)?;
    let most = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    if most(&rss_mib) > most(&score.rss_mib) {
        score.rss_mib = rss_mib;
    }
    let operations = run.latencies.len() as f64;
    println!("    {clients} clients: {:.0}/s", run.per_s());
    if let [(before, own_before), (after, own_after)] = &looks[..] {
        let spent = score.spent.entry(clients).or_default();
        spent.insert("processes".to_owned(), after.per_operation(before, operations));
        spent.insert("client".to_owned(), own_after.per_operation(own_before, operations));
        let all_s = after.cpu_s_since(before) + own_after.cpu_s_since(own_before);
        spent.insert("cores_busy".to_owned(), rounded(all_s / within.as_secs_f64()).into());
    }
    match score.runs.get_mut(&clients) {
        Some(so_far) => so_far.join(run),
        None => drop(score.runs.insert(clients, run)),
    }
    Ok(())
}
