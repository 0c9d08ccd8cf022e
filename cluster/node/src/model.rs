//! `trongdong model`: the register of models over the public API, as an administrator uses it.

use std::{error::Error, fs, path::PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use domain::{Model, ModelMode, ModelName, ModelVersion, VersionName};
use serde_json::{Value, json};

mod corrections;

use crate::{
    client::{Answer, Client, Door},
    town::measure::value,
    train::Registration,
};

/// Where models are registered and listed.
const PATH: &str = "/api/models";
/// Where incidents are listed, with what was said of them.
const INCIDENTS: &str = "/api/incidents";

/// `trongdong model`.
#[derive(Args)]
pub struct ModelArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Registers a version that `trongdong train` made. It is asked nothing until it is rolled out.
    Register {
        /// The .json file that `trongdong train` wrote; the artifact beside it has to be the one that it is about.
        registration: PathBuf,
        #[command(flatten)]
        door: Door,
    },
    /// Takes a version into use.
    RollOut(Use),
    /// Takes a version out of use: what was active before it is active again, or the shadow ends.
    RollBack(Use),
    /// Turns a model off or on.
    Switch {
        /// Which model.
        #[arg(value_parser = model_name)]
        name: ModelName,
        /// Off: nothing is asked of it, and nothing that it says is taken.
        #[arg(value_enum)]
        to: To,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        door: Door,
    },
    /// Writes what operators made of the suggestions of triage to a file, for `trongdong train triage --data`.
    Corrections {
        /// Where; an old file is replaced. It holds people's words: keep it as you keep the calls.
        #[arg(long, value_name = "FILE.jsonl")]
        out: PathBuf,
        #[command(flatten)]
        door: Door,
    },
    /// Lists the models with their versions.
    List {
        #[command(flatten)]
        door: Door,
    },
}

/// A version and its part.
#[derive(Args)]
struct Use {
    /// Which model.
    #[arg(value_parser = model_name)]
    name: ModelName,
    /// Which version, as `list` shows it.
    #[arg(value_parser = version_name)]
    version: VersionName,
    /// Whether what it says is shown, or only compared.
    #[arg(long, value_enum, default_value = "shadow")]
    mode: Mode,
    #[command(flatten)]
    door: Door,
}

/// How a version takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Asked and compared; nobody is shown what it says.
    Shadow,
    /// What it says is advice.
    Active,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    On,
    Off,
}

fn model_name(text: &str) -> Result<ModelName, String> {
    ModelName::new(text).map_err(|error| error.to_string())
}

fn version_name(text: &str) -> Result<VersionName, String> {
    VersionName::new(text).map_err(|error| error.to_string())
}

impl Use {
    fn body(&self) -> Value {
        let mode = match self.mode {
            Mode::Shadow => ModelMode::Shadow,
            Mode::Active => ModelMode::Active,
        };
        json!({ "version": self.version, "mode": mode })
    }
}

/// Does what is asked and prints what it came to.
///
/// # Errors
/// A file that cannot be used, an account that is not let in, no answer, or a refusal.
pub async fn run(args: ModelArgs) -> Result<(), Box<dyn Error>> {
    match args.what {
        What::Register { registration, door } => {
            let registration = Registration::read(&registration)?;
            let client = door.open().await?;
            send(&client, PATH, &serde_json::to_value(&registration)?).await?;
            println!("{} {} is registered", registration.name, registration.version);
            println!("Copy its artifact to the folder models/ of every node, then let it be compared:");
            println!("  trongdong model roll-out {} {}", registration.name, registration.version);
        }
        What::RollOut(asked) => {
            let client = asked.door.open().await?;
            send(&client, &format!("{PATH}/{}/roll-out", asked.name), &asked.body()).await?;
            println!("{} {} is in use ({:?})", asked.name, asked.version, asked.mode);
        }
        What::RollBack(asked) => {
            let client = asked.door.open().await?;
            send(&client, &format!("{PATH}/{}/roll-back", asked.name), &asked.body()).await?;
            println!("{} {} is out of use ({:?})", asked.name, asked.version, asked.mode);
        }
        What::Switch { name, to, reason, door } => {
            let client = door.open().await?;
            let body = json!({ "on": to == To::On, "reason": reason });
            send(&client, &format!("{PATH}/{name}/switch"), &body).await?;
            println!("{name} is {}", if to == To::On { "on" } else { "off" });
        }
        What::Corrections { out, door } => {
            let listed: corrections::Listed = door.open().await?.get(INCIDENTS).await?;
            let (lines, count) = corrections::lines(&listed.items)?;
            fs::write(&out, lines).map_err(|error| format!("--out {}: {error}", out.display()))?;
            println!("{count} corrections of {} incidents are in {}", listed.items.len(), out.display());
            if listed.truncated {
                println!("There are more incidents than a node lists at once: these are the first of them by id.");
            }
        }
        What::List { door } => {
            let client = door.open().await?;
            for line in client.list::<Model>(PATH).await?.iter().flat_map(lines) {
                println!("{line}");
            }
        }
    }
    Ok(())
}

async fn send(client: &Client, path: &str, body: &Value) -> Result<(), Box<dyn Error>> {
    match client.command(path, body).await? {
        Answer::Accepted(_) => Ok(()),
        Answer::Refused(refused) => Err(refused.into()),
    }
}

/// A model as lines: what it is, then each version with its part and its figures.
fn lines(model: &Model) -> Vec<String> {
    let switch = match (model.on, model.switch_reason.as_str()) {
        (true, _) => "on".to_owned(),
        (false, reason) => format!("off: {reason}"),
    };
    let mut lines = vec![format!("{} ({}), {switch}", model.name, model.kind)];
    lines.extend(model.versions.iter().map(|version| version_line(model, version)));
    lines
}

fn version_line(model: &Model, version: &ModelVersion) -> String {
    let part = model.mode_of(&version.version).map_or("", ModelMode::as_str);
    let figures: Vec<String> =
        version.quality.iter().map(|figure| format!("{} {:.3}", figure.name, value(figure.value_micro))).collect();
    format!("  {} {part:<7} sha256 {} {}; {}", version.version, version.sha256, version.data, figures.join(", "))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use domain::{Digest, Figure, Micro, Millis, ModelKind};

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: ModelArgs,
    }

    const DOOR: [&str; 4] = ["--url", "http://127.0.0.1:1", "--person", "a"];

    fn parse(words: &[&str]) -> Result<What, String> {
        let words = ["model"].iter().chain(words).chain(&DOOR);
        Cli::try_parse_from(words).map(|cli| cli.args.what).map_err(|error| error.to_string())
    }

    #[test]
    fn a_version_is_a_shadow_unless_it_is_said_to_be_active() {
        let Ok(What::RollOut(asked)) = parse(&["roll-out", "triage", "1-abc"]) else { panic!() };
        assert_eq!(asked.body(), json!({ "version": "1-abc", "mode": "shadow" }));
        let Ok(What::RollBack(asked)) = parse(&["roll-back", "triage", "1-abc", "--mode", "active"]) else { panic!() };
        assert_eq!(asked.body(), json!({ "version": "1-abc", "mode": "active" }));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let refused = |words: &[&str]| parse(words).err().unwrap_or_default();
        assert!(refused(&["switch", "triage", "off"]).contains("--reason"));
        assert!(refused(&["roll-out", "triage"]).contains("<VERSION>"));
        assert!(refused(&["roll-out", "../people", "1"]).contains("a-z A-Z 0-9"));
        assert!(refused(&["roll-out", "triage", "1", "--mode", "loud"]).contains("shadow, active"));
        let without_door = Cli::try_parse_from(["model", "list"]).err().map(|error| error.to_string());
        assert!(without_door.is_some_and(|said| said.contains("--url")));
    }

    #[test]
    fn a_model_is_listed_with_its_versions_and_their_part() {
        let version = |name: &str| ModelVersion {
            version: VersionName::new(name).unwrap(),
            sha256: Digest([0xab; 32]),
            data: "own corpus".into(),
            quality: vec![Figure { name: "macro_f1".into(), value_micro: Micro(873_000) }],
            shares: Vec::new(),
            registered_at_ms: Millis(1),
            registered_by: None,
        };
        let model = Model {
            name: ModelName::new("triage").unwrap(),
            kind: ModelKind::Triage,
            on: false,
            switch_reason: "sai từ trưa".into(),
            switched_at_ms: Millis(1),
            switched_by: None,
            versions: vec![version("v1"), version("v2")],
            active: Some(VersionName::new("v1").unwrap()),
            shadow: None,
            former: Vec::new(),
            revision: 3,
        };
        let listed = lines(&model);
        assert_eq!(listed[0], "triage (triage), off: sai từ trưa");
        assert!(listed[1].contains("v1 active ") && listed[1].contains("own corpus; macro_f1 0.873"), "{listed:?}");
        assert!(listed[2].starts_with("  v2         sha256 abab"), "{listed:?}");
    }
}
