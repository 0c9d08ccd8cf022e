//! `trongdong train anomaly`: chooses the detector's settings on one half of labelled series, and judges them on the other.

use std::path::PathBuf;

use clap::Args;
use domain::ModelKind;
use models::{
    anomaly::{
        Settings,
        choose::{Tried, choose},
        nab::{Judged, Profile, Series, detect, detect_all, figures, figures_at, halves},
    },
    artifact::Artifact,
    report::{FileFound, anomaly_page},
};

use super::{Common, Made, Say, TrainError, file_name, header, read};

/// Rounds over all settings, if none are said.
const ROUNDS: usize = 3;

/// What a choice of settings takes.
#[derive(Args)]
pub(super) struct AnomalyArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Folder with labelled series, laid out as the Numenta Anomaly Benchmark is: `data/` and `labels/combined_windows.json`. Half of
    /// them, every other one in the order of names, only judges. `--epochs-max` is the rounds over all settings.
    #[arg(long)]
    data: PathBuf,
}

fn judge(series: &[Series]) -> Vec<Judged> {
    series.iter().map(Judged::new).collect()
}

pub(super) fn train(args: &AnomalyArgs, say: Say<'_>) -> Result<Made, TrainError> {
    let series = read::labelled_series(&args.data)?;
    let profiles = Profile::published();
    let parts = halves(&series);
    say(format!("{} series to choose by, {} to judge by", parts.chosen.len(), parts.held_out.len()));
    let rounds = args.common.epochs_max.unwrap_or(ROUNDS);
    let chosen = choose(&parts.chosen, &profiles, &Settings::default(), rounds, &mut |tried| say(line(tried)))
        .map_err(|error| TrainError::data(&args.data, error))?;
    let settings = &chosen.settings;
    let (of_chosen, of_held) = (judge(&parts.chosen), judge(&parts.held_out));
    let on_chosen = figures(&of_chosen, &detect_all(&parts.chosen, settings), &profiles);
    let held_scores = detect_all(&parts.held_out, settings);
    let mut quality = Vec::new();
    for (profile, on_chosen) in profiles.iter().zip(&on_chosen) {
        let name = &profile.name;
        quality.push((format!("nab_chosen_half_{name}"), on_chosen.score));
        let carried = figures_at(&of_held, &held_scores, profile, on_chosen.threshold);
        quality.push((format!("nab_heldout_half_carried_threshold_{name}"), carried.score));
    }
    for on_held in figures(&of_held, &held_scores, &profiles) {
        quality.push((format!("nab_heldout_half_{}", on_held.profile), on_held.score));
    }
    let threshold = on_chosen.first().map_or(1.0, |standard| standard.threshold);
    let of = |all: &[Series], chosen: bool| -> Vec<FileFound> {
        all.iter().map(|series| file_found(series, settings, threshold, chosen)).collect()
    };
    let files = [of(&parts.chosen, true), of(&parts.held_out, false)].concat();
    let data = format!(
        "{} labelled series of {}, chosen on every other one, judged on the rest",
        series.len(),
        file_name(&args.data)
    );
    let header = header(&args.common, "anomaly", data, args.common.seed.unwrap_or(0), quality);
    let artifact = Artifact::of(header, settings).map_err(TrainError::training)?;
    Ok(Made {
        page: anomaly_page(&artifact, &chosen, &files),
        kind: ModelKind::Anomaly,
        shares: Vec::new(),
        is_shipped: *settings == Settings::default(),
        artifact,
    })
}

fn line(tried: &Tried) -> String {
    let what = if tried.changed { "changed to" } else { "stays at" };
    format!(
        "round {} of at most {}: {} {what} {:.4}, worth {:.2}",
        tried.round, tried.rounds_max, tried.setting, tried.value, tried.worth
    )
}

/// How a file goes at a threshold.
fn file_found(series: &Series, settings: &Settings, threshold: f64, chosen: bool) -> FileFound {
    let judged = Judged::new(series);
    let scores = detect(series, settings);
    let findings =
        || (judged.probation()..scores.len()).filter(|row| scores.get(*row).is_some_and(|s| *s >= threshold));
    let found =
        (0..judged.windows()).filter(|window| findings().any(|row| judged.window(row) == Some(*window))).count();
    FileFound {
        name: series.name.clone(),
        chosen,
        windows: judged.windows(),
        found,
        outside: findings().filter(|row| judged.window(*row).is_none()).count(),
    }
}
