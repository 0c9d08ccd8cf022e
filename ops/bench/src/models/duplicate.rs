//! Suggestions of the same incident: on nights of the generator that no training has seen, in words that none has seen, and on reports made
//! from a log of emergency calls.

use std::path::Path;

use models::duplicate::{
    DuplicateOptions, Model,
    calls::reports,
    evaluate::{SuggestionQuality, evaluate},
    pleas::{NightOptions, Wording, night},
    train,
};
use node::train::read;
use serde_json::json;

use super::forecast::CALLS;
use crate::{Result, parts::Found};

/// A suggestion is shown from this probability on.
const SHOWN_FROM: f32 = 0.5;
/// Nights that are tested on; training has those from 1.
const TEST_SEEDS: std::ops::Range<u64> = 1001..1009;
/// Reports of one stream that is learned from.
const STREAM_REPORTS: usize = 8000;
/// Calls when the benchmark itself is tried.
const QUICK_CALLS: usize = 4000;
/// Part of the time of the log that a model of its own may learn from.
const TRAIN_PART: f64 = 0.7;

/// Measures all of it; `say` gets a line now and then.
pub(crate) fn measure(data: &Path, quick: bool, say: &mut dyn FnMut(String)) -> Result<Found> {
    let mut found = Found::default();
    let shipped = Model::shipped()?;
    let mut both = SuggestionQuality::default();
    let mut nights = SuggestionQuality::default();
    for seed in TEST_SEEDS {
        let events = 60 + 90 * usize::try_from(seed % 7)?;
        let made = night(&NightOptions { seed, events, wording: Wording::Test, ..NightOptions::default() });
        let of_night = evaluate(&shipped, &made, 0, SHOWN_FROM);
        say(line(&format!("night {seed}, {events} events"), &of_night));
        nights.add(&of_night);
        if quick {
            break;
        }
    }
    put(&mut found, "duplicate_nights", &nights);
    both.add(&nights);

    let mut calls = read::calls(&data.join(CALLS))?;
    if quick {
        calls.truncate(QUICK_CALLS);
    }
    let made = reports(&calls, 1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the calls")]
    let first = (made.len() as f64 * TRAIN_PART) as usize;
    let of_calls = evaluate(&shipped, &made, first, SHOWN_FROM);
    say(line("911 calls, shipped weights", &of_calls));
    put(&mut found, "duplicate_calls", &of_calls);
    found.figure("duplicate_calls_calibration_error", Some(f64::from(of_calls.calibration_error)));
    found.figure("duplicate_us_per_report", Some(f64::from(of_calls.question_us)));
    found.note("bins", json!(models::report::bins(&of_calls)));
    both.add(&of_calls);

    // What the same recipe learns from the log's own past, in pieces so that its memory is bounded; ships nothing.
    let past = &made[..first];
    let mut streams: Vec<Vec<_>> = past.chunks(STREAM_REPORTS.min(past.len() / 2)).map(<[_]>::to_vec).collect();
    let hold = streams.pop().unwrap_or_default();
    let learned = train(&streams, &hold, &DuplicateOptions::default(), &mut |_| ())?;
    let of_own = evaluate(&learned.model, &made, first, SHOWN_FROM);
    say(line("911 calls, learned from their own past", &of_own));
    put(&mut found, "duplicate_calls_own", &of_own);

    say(total("nights and 911 calls, shipped weights", &both));
    put(&mut found, "duplicate", &both);
    Ok(found)
}

/// Two figures, and what they were counted from.
fn put(found: &mut Found, prefix: &str, of: &SuggestionQuality) {
    found.figure(format!("{prefix}_precision"), Some(f64::from(of.precision())));
    found.figure(format!("{prefix}_recall"), Some(f64::from(of.recall())));
    let counts = json!({
        "reports": of.reports, "with_earlier": of.with_earlier, "shown": of.shown, "right": of.right, "found": of.found,
        "pairs": of.pairs, "pairs_same": of.pairs_same,
    });
    found.note(prefix, counts);
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
