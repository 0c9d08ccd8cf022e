//! Suggestions of the same incident: on nights of the generator that no training has seen, in words that none has seen, and on reports made
//! from a log of emergency calls.

use std::{collections::BTreeMap, path::Path};

use models::{
    duplicate::{
        DuplicateOptions, Model,
        calls::{Call, reports},
        evaluate::{SuggestionQuality, evaluate},
        pleas::{NightOptions, Wording, night},
        train,
    },
    forecast::random::Random,
};

use super::forecast::{Figures, columns, time_ms};

/// A suggestion is shown from this probability on.
const SHOWN_FROM: f32 = 0.5;
/// Nights that are tested on; training has those from 1.
const TEST_SEEDS: std::ops::Range<u64> = 1001..1009;
/// Part of the time of the log that a model of its own may learn from.
const TRAIN_PART: f64 = 0.7;

/// Measures all of it; `say` gets a line now and then.
///
/// # Errors
///
/// A file that is not there or not as expected, weights that are none.
pub(crate) fn measure(data: &Path, say: &mut dyn FnMut(&str)) -> Result<Figures, String> {
    let mut figures = Figures::new();
    let shipped = Model::shipped()?;
    let mut both = SuggestionQuality::default();
    let mut nights = SuggestionQuality::default();
    for seed in TEST_SEEDS {
        let events = 60 + 90 * usize::try_from(seed % 7).unwrap_or(0);
        let made = night(&NightOptions { seed, events, wording: Wording::Test, ..NightOptions::default() });
        let found = evaluate(&shipped, &made, 0, SHOWN_FROM);
        say(&line(&format!("night {seed}, {events} events"), &found));
        nights.add(&found);
    }
    say(&total("all nights", &nights));
    put(&mut figures, "duplicate_nights", &nights);
    both.add(&nights);

    let calls = log(data)?;
    let made = reports(&calls, 1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the calls")]
    let first = (made.len() as f64 * TRAIN_PART) as usize;
    let found = evaluate(&shipped, &made, first, SHOWN_FROM);
    say(&line("911 calls, shipped weights", &found));
    say(&curve(&found));
    put(&mut figures, "duplicate_calls", &found);
    figures.insert("duplicate_calls_calibration_error".to_owned(), f64::from(found.calibration_error));
    both.add(&found);

    // What the same recipe learns from the log's own past, in pieces so that its memory is bounded; ships nothing.
    let past = &made[..first];
    let mut streams: Vec<Vec<_>> = past.chunks(8000).map(<[_]>::to_vec).collect();
    let hold = streams.pop().unwrap_or_default();
    let learned =
        train(&streams, &hold, &DuplicateOptions::default(), &mut |_| ()).map_err(|error| error.to_string())?;
    let found = evaluate(&learned.model, &made, first, SHOWN_FROM);
    say(&line("911 calls, learned from their own past", &found));
    say(&curve(&found));
    put(&mut figures, "duplicate_calls_own", &found);

    say(&total("nights and 911 calls, shipped weights", &both));
    put(&mut figures, "duplicate", &both);
    Ok(figures)
}

fn put(figures: &mut Figures, prefix: &str, found: &SuggestionQuality) {
    figures.insert(format!("{prefix}_precision"), f64::from(found.precision()));
    figures.insert(format!("{prefix}_recall"), f64::from(found.recall()));
}

fn total(name: &str, found: &SuggestionQuality) -> String {
    format!(
        "{name}: {} reports, {} with an earlier one; shown {}, right {}: precision {:.3}, recall {:.3}; among the candidates {:.3}; {} of {} pairs the same",
        found.reports,
        found.with_earlier,
        found.shown,
        found.right,
        found.precision(),
        found.recall(),
        found.found as f32 / found.with_earlier.max(1) as f32,
        found.pairs_same,
        found.pairs
    )
}

fn line(name: &str, found: &SuggestionQuality) -> String {
    format!(
        "{}; calibration error {:.4}; {:.1} us a report",
        total(name, found),
        found.calibration_error,
        found.question_us
    )
}

fn curve(found: &SuggestionQuality) -> String {
    let bins: Vec<String> =
        found.reliability.iter().map(|(said, was, pairs)| format!("{said:.2}→{was:.2} ({pairs})")).collect();
    format!("  said→was: {}", bins.join(" "))
}

/// The log of calls, in the order of time.
fn log(data: &Path) -> Result<Vec<Call>, String> {
    let (heads, columns) = columns(data, "montgomery911/montgomery911.csv.gz")?;
    let column = |name: &str| {
        let at = heads.iter().position(|head| head == name).ok_or_else(|| format!("911: no column {name}"))?;
        Ok::<_, String>(&columns[at])
    };
    let (times, categories, types) = (column("time")?, column("category")?, column("type")?);
    let (latitudes, longitudes) = (column("lat")?, column("lng")?);
    let (addresses, districts) = (column("addr")?, column("township")?);
    let kinds: BTreeMap<&str, u8> = [("EMS", 0), ("Fire", 1), ("Traffic", 2)].into();
    let mut calls = Vec::with_capacity(times.len());
    for at in 0..times.len() {
        let (date, time) = times[at].split_once(' ').ok_or_else(|| format!("911: {:?} is no time", times[at]))?;
        let degrees = |text: &String| text.parse::<f64>().map_err(|error| format!("911: {text:?}: {error}"));
        calls.push(Call {
            at_ms: time_ms(date, time).ok_or_else(|| format!("911: {:?} is no time", times[at]))?,
            latitude: degrees(&latitudes[at])?,
            longitude: degrees(&longitudes[at])?,
            kind: kinds.get(categories[at].as_str()).copied().unwrap_or(3),
            about: types[at].clone(),
            address: addresses[at].clone(),
            district: districts[at].clone(),
        });
    }
    Ok(calls)
}

/// A few pleas of a night, to look at.
pub(crate) fn sample(seed: u64, most: usize) -> Vec<String> {
    let made = night(&NightOptions { seed, events: 60, wording: Wording::Test, ..NightOptions::default() });
    let mut random = Random::new(seed);
    let from = random.below(made.len().saturating_sub(most).max(1));
    made[from..]
        .iter()
        .take(most)
        .map(|one| format!("{:>3} ±{:.0} m {}", one.event, one.report.uncertainty_m, one.report.text))
        .collect()
}
