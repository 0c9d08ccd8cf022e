//! The Numenta Anomaly Benchmark over a folder: `cargo run -p models --example nab -- FOLDER [--files] [--settings JSON] [--search]`.
//!
//! FOLDER holds the benchmark's `data`, `labels/combined_windows.json` and `config/profiles.json`; the data may be gzipped.

use std::{
    error::Error,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Instant,
};

use flate2::read::GzDecoder;
use models::anomaly::{
    Settings, State,
    nab::{
        Figures, Judged, Profile, Series, VARIANTS, best, detect_all, figures, figures_at, halves, normalised,
        null_scores, perfect_scores, random_scores, raw_at, variants, windows_of,
    },
};

const USAGE: &str = "usage: nab FOLDER [--files] [--settings JSON] [--search]";
/// Seeds over which chance is averaged.
const RANDOM_SEEDS: u64 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let series = read(&folder)?;
    let profiles = profiles(&folder)?;
    let (mut files, mut settings) = (false, Settings::default());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--files" => files = true,
            "--settings" => settings = serde_json::from_str(&arguments.next().ok_or(USAGE)?)?,
            "--search" => return search(&series, &profiles, settings),
            other => return Err(format!("{other}: no such option; {USAGE}").into()),
        }
    }
    report(&series, &profiles, &settings, files);
    Ok(())
}

/// The profiles, standard first.
fn profiles(folder: &Path) -> Result<Vec<Profile>, Box<dyn Error>> {
    let mut profiles = Profile::read(&std::fs::read_to_string(folder.join("config/profiles.json"))?)?;
    profiles.sort_by_key(|profile| profile.name != "standard");
    Ok(profiles)
}

/// Every labelled file, in the order of names.
fn read(folder: &Path) -> Result<Vec<Series>, Box<dyn Error>> {
    let windows = windows_of(&std::fs::read_to_string(folder.join("labels/combined_windows.json"))?)?;
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

fn judge(series: &[Series]) -> Vec<Judged> {
    series.iter().map(Judged::new).collect()
}

fn report(series: &[Series], profiles: &[Profile], settings: &Settings, files: bool) {
    let judged = judge(series);
    let readings: usize = series.iter().map(|series| series.values.len()).sum();
    println!(
        "{} files, {readings} readings, {} windows",
        series.len(),
        judged.iter().map(Judged::windows).sum::<usize>()
    );

    let began = Instant::now();
    let scores = detect_all(series, settings);
    let rate = readings as f64 / began.elapsed().as_secs_f64();
    print("detector, all files", &figures(&judged, &scores, profiles));

    let halves = halves(series);
    let (chosen, held_out) = (judge(&halves.chosen), judge(&halves.held_out));
    let (chosen_scores, held_out_scores) =
        (detect_all(&halves.chosen, settings), detect_all(&halves.held_out, settings));
    let chosen_figures = figures(&chosen, &chosen_scores, profiles);
    print("detector, chosen half", &chosen_figures);
    print("detector, held-out half, its own threshold", &figures(&held_out, &held_out_scores, profiles));
    let carried: Vec<_> = profiles
        .iter()
        .zip(&chosen_figures)
        .map(|(profile, figures)| figures_at(&held_out, &held_out_scores, profile, figures.threshold))
        .collect();
    print("detector, held-out half, the chosen half's threshold", &carried);

    // Of all, of the chosen half, of the held-out half: what a series that begins elsewhere or has holes would score.
    for (what, part) in [
        ("all files", series),
        ("chosen half", halves.chosen.as_slice()),
        ("held-out half", halves.held_out.as_slice()),
    ] {
        let (seen, judged) = variants(part);
        print(
            &format!("detector, {what}, mean of {VARIANTS} variants"),
            &figures(&judged, &detect_all(&seen, settings), profiles),
        );
    }

    print("null", &figures(&judged, &null_scores(series), profiles));
    print("perfect", &figures(&judged, &perfect_scores(&judged, series), profiles));
    let random: Vec<_> =
        (1..=RANDOM_SEEDS).map(|seed| figures(&judged, &random_scores(series, seed), profiles)).collect();
    for (place, profile) in profiles.iter().enumerate() {
        let of_seed: Vec<_> = random.iter().filter_map(|figures| Some(figures.get(place)?.score)).collect();
        let (low, high) = of_seed.iter().fold((f64::MAX, f64::MIN), |(low, high), one| (low.min(*one), high.max(*one)));
        let mean = of_seed.iter().sum::<f64>() / of_seed.len() as f64;
        println!("random, {RANDOM_SEEDS} seeds: {} {mean:.1} ({low:.1} to {high:.1})", profile.name);
    }
    println!("{rate:.0} readings per second on one core, {} bytes per sensor", size_of::<State>());
    if files && let Some(standard) = profiles.first() {
        by_file(series, &judged, &scores, standard);
    }
}

fn print(what: &str, figures: &[Figures]) {
    let figures: Vec<_> =
        figures.iter().map(|one| format!("{} {:.2} at {:.4}", one.profile, one.score, one.threshold)).collect();
    println!("{what}: {}", figures.join(", "));
}

/// What was found in each file at the one threshold of the standard profile.
fn by_file(series: &[Series], judged: &[Judged], scores: &[Vec<f64>], standard: &Profile) {
    let threshold = best(judged, scores, standard).threshold;
    for ((series, judged), scores) in series.iter().zip(judged).zip(scores) {
        let detections = || (judged.probation()..scores.len()).filter(|row| scores[*row] >= threshold);
        let outside = detections().filter(|row| judged.window(*row).is_none()).count();
        let found: Vec<_> = (0..judged.windows())
            .map(|window| match detections().find(|row| judged.window(*row) == Some(window)) {
                Some(row) => format!("{row}"),
                None => "missed".to_owned(),
            })
            .collect();
        println!("{}: windows found at [{}], {outside} outside", series.name, found.join(", "));
    }
}

/// What a search may change, and to what.
struct Knob {
    name: &'static str,
    values: &'static [f64],
    set: fn(&mut Settings, f64),
}

const WEIGHTS: &[f64] = &[0.8, 0.9, 1.0, 1.1, 1.2];
const KNOBS: [Knob; 28] = [
    Knob { name: "level_readings", values: &[2000.0, 4000.0, 8000.0], set: |at, to| at.level_readings = to },
    Knob { name: "clip", values: &[2.0, 3.0, 4.0], set: |at, to| at.clip = to },
    Knob { name: "tail_share", values: &[0.003, 0.005, 0.01, 0.02], set: |at, to| at.tail_share = to },
    Knob { name: "tail_slope", values: &[0.05, 0.1, 0.15, 0.2, 0.3], set: |at, to| at.tail_slope = to },
    Knob { name: "tail_prior", values: &[2.0, 5.0, 10.0, 20.0], set: |at, to| at.tail_prior = to },
    Knob { name: "season_readings", values: &[50.0, 100.0, 150.0, 200.0], set: |at, to| at.season_readings = to },
    Knob { name: "day_readings", values: &[3.0, 4.0, 6.0, 9.0, 12.0], set: |at, to| at.day_readings = to },
    Knob { name: "drift_readings", values: &[4.0, 6.0, 10.0, 15.0], set: |at, to| at.drift_readings = to },
    Knob { name: "drift_range_readings", values: &[3e3, 1e4, 3e4, 1e5], set: |at, to| at.drift_range_readings = to },
    Knob { name: "range_readings", values: &[3e4, 1e5, 3e5], set: |at, to| at.range_readings = to },
    Knob { name: "record_min", values: &[0.0, 0.02, 0.05, 0.1], set: |at, to| at.record_min = to },
    Knob {
        name: "pattern_level_readings",
        values: &[500.0, 1000.0, 2000.0],
        set: |at, to| at.pattern_level_readings = to,
    },
    Knob { name: "pattern_readings", values: &[12.0, 18.0, 24.0, 30.0], set: |at, to| at.pattern_readings = to },
    Knob { name: "still_readings", values: &[12.0, 24.0, 48.0], set: |at, to| at.still_readings = to },
    Knob { name: "blend", values: &[1.5, 2.0, 3.0], set: |at, to| at.blend = to },
    Knob { name: "hold_readings", values: &[100.0, 200.0, 400.0, 600.0], set: |at, to| at.hold_readings = to },
    Knob { name: "habit", values: &[1.0, 1.5, 2.0, 2.5, 3.0], set: |at, to| at.habit = to },
    Knob { name: "habit_half_life_readings", values: &[1e4, 3e4, 1e5], set: |at, to| at.habit_half_life_readings = to },
    Knob { name: "age", values: &[0.0, 0.2, 0.4, 0.6, 0.8], set: |at, to| at.age = to },
    Knob { name: "weight of Away", values: WEIGHTS, set: |at, to| at.weights[0] = to },
    Knob { name: "weight of Drift", values: WEIGHTS, set: |at, to| at.weights[1] = to },
    Knob { name: "weight of Record", values: WEIGHTS, set: |at, to| at.weights[2] = to },
    Knob { name: "weight of Pattern", values: WEIGHTS, set: |at, to| at.weights[3] = to },
    Knob { name: "weight of Still", values: WEIGHTS, set: |at, to| at.weights[4] = to },
    Knob { name: "weight of Low", values: WEIGHTS, set: |at, to| at.weights[5] = to },
    Knob { name: "weight of Hour", values: WEIGHTS, set: |at, to| at.weights[6] = to },
    Knob { name: "weight of Gap", values: WEIGHTS, set: |at, to| at.weights[7] = to },
    Knob { name: "weight of Day", values: WEIGHTS, set: |at, to| at.weights[8] = to },
];
/// Rounds of the search at most.
const ROUNDS_MAX: u32 = 3;
/// A change has to be worth so much, on the published scale, to be taken.
const GAIN_MIN: f64 = 0.25;
/// Parts of the chosen half; the threshold for one is taken from the others.
const FOLDS: usize = 4;

/// Changes one setting at a time, on all variants of the chosen half, as long as that helps. The held-out half is never looked
/// at.
fn search(series: &[Series], profiles: &[Profile], from: Settings) -> Result<(), Box<dyn Error>> {
    let (chosen, judged) = variants(&halves(series).chosen);
    let worth_of = |settings: &Settings| worth(&judged, profiles, &detect_all(&chosen, settings));
    let mut at = from;
    let mut at_worth = worth_of(&at);
    println!("from {at_worth:.2}");
    for _ in 0..ROUNDS_MAX {
        let began_at = at_worth;
        for knob in &KNOBS {
            let tried = knob.values.iter().map(|value| {
                let mut tried = at.clone();
                (knob.set)(&mut tried, *value);
                (worth_of(&tried), *value, tried)
            });
            let best = tried.max_by(|(left, ..), (right, ..)| left.total_cmp(right));
            if let Some((worth, value, settings)) = best
                && worth >= at_worth + GAIN_MIN
            {
                println!("{} {value}: {worth:.2}", knob.name);
                (at, at_worth) = (settings, worth);
            }
        }
        if at_worth <= began_at {
            break;
        }
    }
    println!("{}", serde_json::to_string(&at)?);
    print("chosen half, all variants", &figures(&judged, &detect_all(&chosen, &at), profiles));
    Ok(())
}

/// What settings are worth on files: the mean over the profiles, the standard one twice, each file scored at the threshold
/// that is best for the other parts of the files, so that a threshold that only happens to fit counts for nothing.
fn worth(judged: &[Judged], profiles: &[Profile], scores: &[Vec<f64>]) -> f64 {
    let windows = judged.iter().map(Judged::windows).sum();
    let part = |fold: usize, inside: bool| -> (Vec<Judged>, Vec<Vec<f64>>) {
        let of_part =
            judged.iter().zip(scores).enumerate().filter(|(place, _)| (place / VARIANTS % FOLDS == fold) == inside);
        of_part.map(|(_, (judged, scores))| (judged.clone(), scores.clone())).unzip()
    };
    let parts: Vec<_> = (0..FOLDS).map(|fold| (part(fold, true), part(fold, false))).collect();
    let (mut sum, mut weights) = (0.0, 0.0);
    for profile in profiles {
        let weight = if profile.name == "standard" { 2.0 } else { 1.0 };
        let raw: f64 = parts
            .iter()
            .map(|((judged, scores), (others, other_scores))| {
                raw_at(judged, scores, profile, best(others, other_scores, profile).threshold)
            })
            .sum();
        sum += weight
            * (normalised(raw, windows, profile) + normalised(best(judged, scores, profile).raw, windows, profile))
            / 2.0;
        weights += weight;
    }
    sum / weights
}
