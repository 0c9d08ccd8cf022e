//! Drills: the cluster breaks something of itself, on purpose and for a while, and says whether it kept its promises.
//!
//! - `plan` says whether a drill may begin; `verdict` and `report` what was measured. All three are pure.
//! - `lease` is what a node suffers, with an end of its own; `keeper` is every node's part; `observer` the one that watches;
//!   `load` the exercise alarms and calls.
//! - Here is `trongdong drill`, which asks for one at a terminal, shows its course, and writes its report.

mod keeper;
mod lease;
mod load;
pub(crate) mod look;
pub(crate) mod observer;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod screens;
mod verdict;

use std::{error::Error, fs, path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, Subcommand};
use domain::{Drill, DrillScenario};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    client::{Client, Door},
    membership::ask,
};

pub(crate) use self::{keeper::Keeper, lease::Faults};

/// Where drills are asked for and told of.
const PATH: &str = "/api/drills";

/// How often a drill is looked at from a terminal.
const LOOK: Duration = Duration::from_secs(1);

/// A scenario by its name at a terminal, such as `node-lost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario(DrillScenario);

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || DrillScenario::ALL.iter().map(|it| it.as_str().replace('_', "-")).collect::<Vec<_>>().join(", ");
        let found = DrillScenario::from_name(&text.replace('-', "_"));
        found.map(Self).ok_or_else(|| format!("{text}: no such scenario; there are {}", names()))
    }
}

/// `trongdong drill`.
#[derive(Clone, Debug, Args)]
pub struct DrillArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Runs a drill and waits for its report; ends with 0 when every promise was kept. Ending this program does not end the drill.
    Run(RunArgs),
    /// Ends the faults of the drill that goes on.
    Stop {
        #[command(flatten)]
        door: Door,
    },
    /// Lists the drills that are remembered.
    List {
        #[command(flatten)]
        door: Door,
    },
    /// Writes the report of a drill.
    Report {
        /// Its number.
        drill: u64,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        door: Door,
    },
}

#[derive(Clone, Debug, Args)]
struct RunArgs {
    /// node-lost, link-lost, slow-disk, camera-storm, call-surge or leader-lost.
    scenario: Scenario,
    /// A node that suffers; again for each further one. leader-lost takes the one that leads, whoever is named.
    #[arg(long = "node")]
    nodes: Vec<u64>,
    /// How long.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// ms for each flush (slow-disk), or exercise commands in a minute; 0: what is usual.
    #[arg(long, default_value_t = 0)]
    strength: u32,
    /// What for; it stands in the record and in the report.
    #[arg(long)]
    purpose: String,
    /// Writes the report to this file.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    door: Door,
}

/// Runs it; the number is what the program ends with.
///
/// # Errors
/// The cluster refuses, or does not answer, or the report cannot be written.
pub async fn run(args: DrillArgs) -> Result<u8, Box<dyn Error>> {
    match args.what {
        What::Run(args) => return run_one(args).await,
        What::Stop { door } => {
            let client = door.open().await?;
            let now: Value = client.get("/api/drills/now").await?;
            let Some(number) = now["drill"]["number"].as_u64() else {
                println!("Không có diễn tập nào đang diễn ra / no drill goes on");
                return Ok(0);
            };
            ask(&client, &format!("{PATH}/{number}/stop"), &json!({})).await?;
            println!("Đã dừng diễn tập {number} / drill {number} is stopped");
        }
        What::List { door } => {
            let drills: Vec<Drill> = door.open().await?.get(PATH).await?;
            drills.iter().for_each(|drill| println!("{}", line(drill)));
        }
        What::Report { drill, out, door } => write_report(&door.open().await?, drill, &out).await?,
    }
    Ok(0)
}

async fn run_one(args: RunArgs) -> Result<u8, Box<dyn Error>> {
    let client = args.door.open().await?;
    let asked = json!({
        "scenario": args.scenario.0, "nodes": args.nodes, "seconds": args.seconds, "strength": args.strength,
        "purpose": args.purpose,
    });
    let number = ask(&client, PATH, &asked).await?["drill"].as_u64().ok_or("the answer names no drill")?;
    println!("Diễn tập {number} bắt đầu / drill {number} begins. Dừng / stop: trongdong drill stop");
    loop {
        sleep(LOOK).await;
        // While the node that is asked plays dead, the client goes on to another one.
        let drills: Vec<Drill> = match client.get(PATH).await {
            Ok(drills) => drills,
            Err(error) => {
                eprintln!("… {error}");
                continue;
            }
        };
        let drill = drills.iter().find(|drill| drill.number == number).ok_or("the drill is not remembered any more")?;
        println!("{}", line(drill));
        if !drill.is_closed() {
            continue;
        }
        if let Some(out) = &args.out {
            fs::write(out, report::page(drill, &drills))?;
            println!("{}", out.display());
        }
        return Ok(u8::from(!drill.is_passed()));
    }
}

async fn write_report(client: &Client, number: u64, out: &PathBuf) -> Result<(), Box<dyn Error>> {
    let drill: Drill = client.get(&format!("{PATH}/{number}")).await?;
    let drills: Vec<Drill> = client.get(PATH).await?;
    fs::write(out, report::page(&drill, &drills))?;
    println!("{}", out.display());
    Ok(())
}

/// A drill in a line.
fn line(drill: &Drill) -> String {
    let (vi, en) = report::scenario(drill.scenario);
    let state = match (drill.ended, drill.is_closed(), drill.is_passed()) {
        (None, _, _) => "đang diễn ra / going on",
        (Some(_), false, _) => "đang hồi phục / healing",
        (Some(_), true, true) => "ĐẠT / PASSED",
        (Some(_), true, false) => "KHÔNG ĐẠT / FAILED",
    };
    let last = drill.samples.last().map_or(String::new(), |it| {
        format!(
            " · ghi / write {} ms · không điều khiển / leaderless {} ms · màn hình / screens {} ms · thiếu / lag {} · im lặng / silent {}",
            it.commit_ms, it.leaderless_ms, it.screens_age_ms, it.lag_entries, it.silent
        )
    });
    format!("{} {vi} / {en} {:?} · {state}{last}", drill.number, drill.nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::verdict::tests::drill;

    #[test]
    fn every_scenario_has_a_name_at_the_terminal() {
        for scenario in DrillScenario::ALL {
            assert_eq!(scenario.as_str().replace('_', "-").parse(), Ok(Scenario(*scenario)));
        }
        assert!("earthquake".parse::<Scenario>().unwrap_err().contains("call-surge"));
    }

    #[test]
    fn a_line_says_how_far_a_drill_is() {
        let mut drill = drill(DrillScenario::NodeLost);
        assert!(line(&drill).contains("FAILED"), "nobody judged it");
        drill.verdicts = verdict::verdicts(&drill);
        assert!(line(&drill).contains("PASSED"));
        drill.closed_at_ms = domain::Millis(0);
        assert!(line(&drill).contains("healing") && line(&drill).contains("screens 300 ms"));
        drill.ended = None;
        assert!(line(&drill).contains("going on"));
    }
}
