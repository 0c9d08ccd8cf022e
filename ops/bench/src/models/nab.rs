//! The anomaly detector over the Numenta Anomaly Benchmark: scores by profile, chance for comparison, speed and memory.
//!
//! Needs of the crate: `models`, `flate2`, `serde_json`.

use std::{
    error::Error,
    fs::{self, File},
    io::Read,
    path::Path,
    time::Instant,
};

use flate2::read::GzDecoder;
use models::anomaly::{
    Detector, Settings, State,
    nab::{Judged, Profile, Series, detect_all, figures, figures_at, halves, random_scores, windows_of},
};
use serde_json::{Map, Value, json};

/// Seeds over which chance is averaged.
const RANDOM_SEEDS: u64 = 20;
/// Passes over all files for the speed; the fastest counts, since the others shared the core.
const SPEED_PASSES: u32 = 5;

/// Measures over `data/nab`, which holds the benchmark's `data` (plain or gzipped), `labels` and `config`.
///
/// # Errors
/// A file that is missing or not the benchmark's.
pub(crate) fn measure(data: &Path) -> Result<Value, Box<dyn Error>> {
    let folder = data.join("nab");
    let series = read(&folder)?;
    let profiles = Profile::read(&fs::read_to_string(folder.join("config/profiles.json"))?)?;
    let settings = Settings::default();
    let mut measured = Map::new();

    let judged = judge(&series);
    for figures in figures(&judged, &detect_all(&series, &settings), &profiles) {
        measured.insert(format!("nab_{}", short(&figures.profile)), json!(figures.score));
    }
    let halves = halves(&series);
    let (chosen, held_out) = (judge(&halves.chosen), judge(&halves.held_out));
    let chosen_figures = figures(&chosen, &detect_all(&halves.chosen, &settings), &profiles);
    let held_out_scores = detect_all(&halves.held_out, &settings);
    for ((profile, chosen), own) in
        profiles.iter().zip(&chosen_figures).zip(figures(&held_out, &held_out_scores, &profiles))
    {
        let name = short(&profile.name);
        let carried = figures_at(&held_out, &held_out_scores, profile, chosen.threshold);
        measured.insert(format!("nab_chosen_half_{name}"), json!(chosen.score));
        measured.insert(format!("nab_heldout_half_{name}"), json!(own.score));
        measured.insert(format!("nab_heldout_half_carried_threshold_{name}"), json!(carried.score));
    }
    let mut random = vec![0.0; profiles.len()];
    for seed in 1..=RANDOM_SEEDS {
        for (sum, figures) in random.iter_mut().zip(figures(&judged, &random_scores(&series, seed), &profiles)) {
            *sum += figures.score;
        }
    }
    for (profile, sum) in profiles.iter().zip(random) {
        measured.insert(format!("nab_random_{}", short(&profile.name)), json!(sum / RANDOM_SEEDS as f64));
    }
    measured.insert("anomaly_readings_per_second_core".to_owned(), json!(readings_per_second(&series)));
    measured.insert("anomaly_bytes_per_sensor".to_owned(), json!(size_of::<State>()));
    Ok(Value::Object(measured))
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

/// How many readings one core observes in a second.
fn readings_per_second(series: &[Series]) -> f64 {
    let mut fastest = 0.0_f64;
    for _ in 0..SPEED_PASSES {
        let began = Instant::now();
        let (mut readings, mut sum) = (0_u64, 0.0);
        for series in series {
            let mut detector = Detector::new(Settings::default());
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

/// Every labelled file, in the order of names.
fn read(folder: &Path) -> Result<Vec<Series>, Box<dyn Error>> {
    let windows = windows_of(&fs::read_to_string(folder.join("labels/combined_windows.json"))?)?;
    let mut series = Vec::new();
    for (name, windows) in windows {
        let plain = folder.join("data").join(&name);
        let mut text = String::new();
        if plain.exists() {
            File::open(plain)?.read_to_string(&mut text)?;
        } else {
            GzDecoder::new(File::open(format!("{}.gz", plain.display()))?).read_to_string(&mut text)?;
        }
        series.push(Series::read(&name, &text, windows)?);
    }
    Ok(series)
}
