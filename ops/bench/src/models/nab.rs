//! The anomaly detector over the Numenta Anomaly Benchmark, by its own protocol: scores by profile, the ends of the scale and chance
//! for comparison, speed and memory.

use std::{fs, path::Path, time::Instant};

use models::anomaly::{
    Detector, Settings, State,
    nab::{
        Judged, Profile, Series, best, detect_all, figures, figures_at, halves, null_scores, perfect_scores,
        random_scores,
    },
};
use node::train::read::labelled_series;
use serde_json::{Value, json};

use crate::{Result, parts::Found};

/// Folder of the benchmark in that of the data.
const FOLDER: &str = "nab";
/// Seeds over which chance is averaged.
const RANDOM_SEEDS: u64 = 20;
/// Passes over all files for the speed; the fastest counts, since the others shared the core.
const SPEED_PASSES: u32 = 5;

/// Measures over the benchmark's `data` (plain or gzipped), `labels` and `config`.
pub(crate) fn measure(data: &Path, quick: bool, say: &mut dyn FnMut(String)) -> Result<Found> {
    let folder = data.join(FOLDER);
    let series = labelled_series(&folder)?;
    let profiles = Profile::read(&fs::read_to_string(folder.join("config/profiles.json"))?)?;
    let settings = Settings::default();
    let mut found = Found::default();
    let judged = judge(&series);
    let readings: usize = series.iter().map(|series| series.values.len()).sum();
    let windows: usize = judged.iter().map(Judged::windows).sum();
    say(format!("{} files, {readings} readings, {windows} windows", series.len()));
    found.note("files", series.len());
    found.note("readings", readings);
    found.note("windows", windows);

    let scores = detect_all(&series, &settings);
    put(&mut found, "nab", &judged, &scores, &profiles);
    halves_of(&series, &settings, &profiles, &mut found);
    put(&mut found, "nab_null", &judged, &null_scores(&series), &profiles);
    put(&mut found, "nab_perfect", &judged, &perfect_scores(&judged, &series), &profiles);
    let seeds = if quick { 2 } else { RANDOM_SEEDS };
    let random: Vec<_> = (1..=seeds).map(|seed| figures(&judged, &random_scores(&series, seed), &profiles)).collect();
    for (place, profile) in profiles.iter().enumerate() {
        let of_seed: Vec<f64> = random.iter().filter_map(|figures| Some(figures.get(place)?.score)).collect();
        let name = short(&profile.name);
        found.figure(format!("nab_random_{name}"), Some(of_seed.iter().sum::<f64>() / of_seed.len() as f64));
        found.note(format!("random_{name}"), of_seed);
    }
    found.figure("anomaly_readings_per_s_core", Some(readings_per_second(&series, &settings)));
    found.figure("anomaly_bytes_per_sensor", Some(size_of::<State>() as f64));
    if let Some(standard) = profiles.iter().find(|profile| profile.name == "standard") {
        found.note("by_file", by_file(&series, &judged, &scores, standard));
    }
    Ok(found)
}

fn judge(series: &[Series]) -> Vec<Judged> {
    series.iter().map(Judged::new).collect()
}

/// The benchmark's name of a profile, shortened.
fn short(profile: &str) -> &str {
    match profile {
        "reward_low_FP_rate" => "low_fp",
        "reward_low_FN_rate" => "low_fn",
        other => other,
    }
}

/// The scores of every profile, each at its own best threshold for all files.
fn put(found: &mut Found, prefix: &str, judged: &[Judged], scores: &[Vec<f64>], profiles: &[Profile]) {
    for figures in figures(judged, scores, profiles) {
        found.figure(format!("{prefix}_{}", short(&figures.profile)), Some(figures.score));
    }
}

/// The half of the files on which settings were chosen, and the half that they never saw.
fn halves_of(series: &[Series], settings: &Settings, profiles: &[Profile], found: &mut Found) {
    let halves = halves(series);
    let (chosen, held_out) = (judge(&halves.chosen), judge(&halves.held_out));
    let chosen_figures = figures(&chosen, &detect_all(&halves.chosen, settings), profiles);
    let held_out_scores = detect_all(&halves.held_out, settings);
    put(found, "nab_heldout_half", &held_out, &held_out_scores, profiles);
    for (profile, chosen) in profiles.iter().zip(&chosen_figures) {
        let name = short(&profile.name);
        let carried = figures_at(&held_out, &held_out_scores, profile, chosen.threshold);
        found.figure(format!("nab_chosen_half_{name}"), Some(chosen.score));
        found.figure(format!("nab_heldout_half_carried_threshold_{name}"), Some(carried.score));
    }
}

/// What was found in each file at the one threshold of the standard profile.
fn by_file(series: &[Series], judged: &[Judged], scores: &[Vec<f64>], standard: &Profile) -> Vec<Value> {
    let threshold = best(judged, scores, standard).threshold;
    let of_file = |((series, judged), scores): ((&Series, &Judged), &Vec<f64>)| {
        let findings = || (judged.probation()..scores.len()).filter(|row| scores[*row] >= threshold);
        let in_window = |window: usize| findings().any(|row| judged.window(row) == Some(window));
        json!({
            "file": series.name,
            "windows": judged.windows(),
            "found": (0..judged.windows()).filter(|window| in_window(*window)).count(),
            "outside": findings().filter(|row| judged.window(*row).is_none()).count(),
        })
    };
    series.iter().zip(judged).zip(scores).map(of_file).collect()
}

/// How many readings one core observes in a second.
fn readings_per_second(series: &[Series], settings: &Settings) -> f64 {
    let mut fastest = 0.0_f64;
    for _ in 0..SPEED_PASSES {
        let began = Instant::now();
        let (mut readings, mut sum) = (0_u64, 0.0);
        for series in series {
            let mut detector = Detector::new(settings.clone());
            for (at_ms, value) in series.at_ms.iter().zip(&series.values) {
                sum += detector.observe(*at_ms, *value).score;
                readings += 1;
            }
        }
        std::hint::black_box(sum);
        fastest = fastest.max(readings as f64 / began.elapsed().as_secs_f64());
    }
    fastest
}
