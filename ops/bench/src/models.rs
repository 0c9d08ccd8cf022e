//! `bench models`: how good the models are and how fast, with peers and published figures beside. What learns from the data is
//! trained here and kept nowhere; what the product ships is loaded as it ships.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    Result,
    book::{Book, Part, wanted},
    conditions,
    parts::{Found, Setting},
};

mod busy;
mod duplicate;
mod forecast;
mod nab;
mod peers;
mod published;
pub(crate) mod report;
mod triage;
mod written;

/// Environment variable that names the folder of the data, for tests and benchmarks alike.
const DATA_VARIABLE: &str = "TRONGDONG_DATA";

const PARTS: [Part; 7] = [
    Part {
        name: "triage",
        figures: &[
            "triage_micro_f1",
            "triage_macro_f1",
            "triage_per_s_core",
            "triage_calibration_error",
            "triage_train_s",
        ],
    },
    Part { name: "peers", figures: &["svm_", "sklearn_", "fasttext_"] },
    Part { name: "vi", figures: &["vi_", "triage_verdicts_per_s_core", "triage_ms_p50_idle", "triage_ms_p99_idle"] },
    Part {
        name: "busy",
        figures: &["triage_ms_p50_busy", "triage_ms_p99_busy", "triage_served_ms_", "busy_readings_per_s"],
    },
    Part { name: "anomaly", figures: &["nab_", "anomaly_"] },
    Part { name: "forecast", figures: &["river_", "beijing_", "uci_no2_", "i94_", "calls_", "passing_", "forecast_"] },
    Part { name: "duplicate", figures: &["duplicate_"] },
];
/// Parts that need no data: they measure what ships.
const WITHOUT_DATA: [&str; 2] = ["vi", "busy"];

/// `bench models`.
#[derive(Args)]
pub(crate) struct ModelsArgs {
    /// Folder with the data (disaster_messages, nab, river_stage, air_quality, traffic, montgomery911); absent: what TRONGDONG_DATA says.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Only these parts: triage, peers, vi, busy, anomaly, forecast, duplicate.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The `trongdong` program; absent: the one built beside this one.
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
    /// Tries the benchmark itself: fewer, shorter, and nothing is written.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Leaves the cluster's folder, with its logs, in the temporary folder.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Measures, and draws the report. `Err` when any part failed.
pub(crate) async fn run(setting: &Setting, asked: ModelsArgs) -> Result<()> {
    let parts = wanted(&PARTS, &asked.only)?;
    let data = asked.data.or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from));
    if let (None, Some(part)) = (&data, parts.iter().find(|part| !WITHOUT_DATA.contains(&part.name))) {
        let remedy = format!("give --data FOLDER or set {DATA_VARIABLE}, or name only {}", WITHOUT_DATA.join(", "));
        return Err(format!("{} needs data: {remedy}", part.name).into());
    }
    let data = data.unwrap_or_default();
    let folder = setting.root.join("ops/reports");
    let mut book = Book::open(&folder, report::FIGURES, report::DETAIL)?;
    let conditions = conditions::of_models(&setting.root)?;
    let done = book.fill(setting, &parts, &conditions, async |name| measure(name, setting, &data).await).await;
    if !setting.quick {
        report::write(&folder)?;
    }
    done
}

async fn measure(name: &'static str, setting: &Setting, data: &Path) -> Result<Found> {
    if name == "busy" {
        return busy::measure(setting).await;
    }
    let (setting, data) = (setting.clone(), data.to_owned());
    // On a thread of its own, so that Ctrl-C is heard.
    tokio::task::spawn_blocking(move || {
        let say = &mut |line: String| println!("  {line}");
        match name {
            "triage" => triage::measure(&data, setting.quick, say),
            "peers" => peers::measure(&setting, &data, say),
            "vi" => written::measure(),
            "anomaly" => nab::measure(&data, setting.quick, say),
            "forecast" => forecast::measure(&data, setting.quick, say),
            "duplicate" => duplicate::measure(&data, setting.quick, say),
            other => Err(format!("no part is called {other}").into()),
        }
        .map_err(|error| error.to_string())
    })
    .await?
    .map_err(Into::into)
}
