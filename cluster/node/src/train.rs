//! `trongdong train`: makes a model from the operator's own data, and says how good it is. What it leaves in the folder is an
//! artifact, a report to look at, and a registration, with which `trongdong model register` tells a cluster of it.
//!
//! The same seed and the same data give the same bytes on the same kind of processor. Nothing here talks to a cluster.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use domain::{KindShare, ModelKind};
use models::{
    artifact::{Artifact, Header},
    forecast::fit::Epoch,
};

mod anomaly;
mod duplicate;
mod forecast;
mod load;
pub mod read;
pub mod registration;
mod triage;

pub use registration::Registration;

/// `trongdong train`.
#[derive(Args)]
#[command(subcommand_value_name = "triage|duplicate|forecast|load|anomaly")]
pub struct TrainArgs {
    #[command(subcommand)]
    which: Which,
}

/// Which model, with what it takes.
#[derive(Subcommand)]
enum Which {
    /// Kind, severity and needs of a report, from its text.
    Triage(triage::TriageArgs),
    /// Whether two reports are about the same incident.
    Duplicate(duplicate::DuplicateArgs),
    /// What a sensor will read, from its own history.
    Forecast(forecast::ForecastArgs),
    /// How many incidents each district will have, from past ones.
    Load(load::LoadArgs),
    /// Settings of the detector of unusual readings, from labelled series.
    Anomaly(anomaly::AnomalyArgs),
}

/// What every training takes.
#[derive(Clone, Debug, Args)]
struct Common {
    /// Folder for the artifact, its report and its registration; made if it is not there.
    #[arg(long)]
    out: PathBuf,
    /// The same seed and data give the same model again; without it, the seed of the recipe.
    #[arg(long)]
    seed: Option<u64>,
    /// Passes at most; it stops earlier when it gets no better.
    #[arg(long, value_parser = at_least_one)]
    epochs_max: Option<usize>,
    /// Name under which it is registered; without it, that of its kind.
    #[arg(long)]
    name: Option<String>,
    /// Counts the versions that were trained.
    #[arg(long, default_value_t = 1)]
    number: u32,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "give a number from 1".to_owned())
}

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file or folder cannot be used.
    #[error("--data {path}: {reason}")]
    Data {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// An option cannot be used.
    #[error("--{option}: {remedy}")]
    Option {
        /// Which.
        option: &'static str,
        /// What to give instead.
        remedy: String,
    },
    /// The training itself.
    #[error("the training gave no model: {0}")]
    Training(String),
    /// The result cannot be written.
    #[error("--out {path}: {reason}")]
    Out {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl TrainError {
    fn data(path: &Path, reason: impl ToString) -> Self {
        Self::Data { path: path.to_owned(), reason: reason.to_string() }
    }

    fn training(reason: impl ToString) -> Self {
        Self::Training(reason.to_string())
    }

    fn out(path: &Path, reason: impl ToString) -> Self {
        Self::Out { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// A model as it came out of a training.
struct Made {
    artifact: Artifact,
    kind: ModelKind,
    /// Kinds in the data, for drift; may be empty.
    shares: Vec<KindShare>,
    /// The report.
    page: String,
    /// Its weights are those that the product ships.
    is_shipped: bool,
}

/// Where the parts of a made model were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The model.
    pub artifact: PathBuf,
    /// The report.
    pub page: PathBuf,
    /// What the cluster is told of it.
    pub registration: PathBuf,
}

/// Says one line of progress.
type Say<'a> = &'a mut dyn FnMut(String);

/// Trains, writes what it made, and prints what it is and how to register it.
///
/// # Errors
/// An option or a file that cannot be used, or data from which nothing can be learned.
pub fn run(args: &TrainArgs) -> Result<(), Box<dyn Error>> {
    let (made, out) = make(args, &mut |line| println!("{line}"))?;
    let registration = Registration::of(made.kind, &made.artifact, made.shares.clone())?;
    let written = write(&made, &registration, out)?;
    println!("name      {}", registration.name);
    println!("version   {}", registration.version);
    println!("sha256    {}", registration.sha256);
    println!("artifact  {} ({} bytes)", written.artifact.display(), made.artifact.encode().len());
    println!("report    {}", written.page.display());
    if made.is_shipped {
        println!("These are the weights that the product ships.");
    }
    println!("Copy the artifact to the folder models/ of every node before it is rolled out.");
    println!("register  trongdong model register {} \\", written.registration.display());
    println!("            --url https://NODE:8443 --ca CA.PEM --person {} --password-file FILE", crate::local::ADMIN);
    Ok(())
}

fn make<'a>(args: &'a TrainArgs, say: Say<'_>) -> Result<(Made, &'a Path), TrainError> {
    let made = match &args.which {
        Which::Triage(args) => (triage::train(args, say)?, &args.common),
        Which::Duplicate(args) => (duplicate::train(args, say)?, &args.common),
        Which::Forecast(args) => (forecast::train(args, say)?, &args.common),
        Which::Load(args) => (load::train(args, say)?, &args.common),
        Which::Anomaly(args) => (anomaly::train(args, say)?, &args.common),
    };
    Ok((made.0, &made.1.out))
}

/// Writes the three files, named after the version, so that no training overwrites another's.
fn write(made: &Made, registration: &Registration, out: &Path) -> Result<Written, TrainError> {
    fs::create_dir_all(out).map_err(|error| TrainError::out(out, error))?;
    let put = |extension: &str, bytes: &[u8]| {
        let path = out.join(format!("{}-{}.{extension}", registration.name, registration.version));
        fs::write(&path, bytes).map_err(|error| TrainError::out(&path, error))?;
        Ok::<_, TrainError>(path)
    };
    let registration = serde_json::to_string_pretty(registration).map_err(|error| TrainError::out(out, error))? + "\n";
    Ok(Written {
        artifact: put(registration::ARTIFACT, &made.artifact.encode())?,
        page: put("html", made.page.as_bytes())?,
        registration: put("json", registration.as_bytes())?,
    })
}

/// What is known of a model before its weights; `kind` is put by the artifact.
fn header(common: &Common, name: &str, data: String, seed: u64, quality: Vec<(String, f64)>) -> Header {
    Header {
        name: common.name.clone().unwrap_or_else(|| name.to_owned()),
        version: common.number,
        kind: String::new(),
        data,
        seed,
        quality: quality.into_iter().filter(|(_, value)| value.is_finite()).collect(),
    }
}

/// A pass of a fit as a line.
fn epoch_line(epoch: &Epoch) -> String {
    let best = if epoch.best { ", the best yet" } else { "" };
    format!(
        "epoch {} of at most {}: loss {:.5} while learning, {:.5} on what was held out{best}",
        epoch.epoch, epoch.epochs_max, epoch.train_loss, epoch.stop_loss
    )
}

/// The last part of a path, for the description of the data: where it lay is nobody's business.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
