//! The figures and the page have what there is to be known of a record in which everything was played.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{env, fs, path::Path};

use agree::{
    bug::Bug,
    record::{
        Caught, CityCaught, DETAIL, FIGURES, Made, PAGE, PLOT, Tally, add_city_run, add_rounds, add_run, keep,
        put_bugs, put_city_bugs,
    },
};
use serde_json::{Map, Value, json};

/// What is read from the figures by name; of each fault that befell there is one more.
const NAMES: [&str; 17] = [
    "acknowledged_checked",
    "agree_seeds",
    "agree_seeds_per_min",
    "city_seeds",
    "commit",
    "conditions",
    "date",
    "doubled",
    "faults_injected",
    "lost",
    "recovery_s_max",
    "recovery_s_p50",
    "recovery_s_p99",
    "screen_gaps",
    "seeded_bugs",
    "seeded_bugs_caught",
    "siege_hours",
];

/// Faults whose times are asked for by name.
const FAULTS: [&str; 5] = ["leader_killed", "follower_killed", "partition_healed", "node_replaced", "all_killed"];

/// One of everything.
fn play(detail: &mut Map<String, Value>) -> Result<(), String> {
    let made = Made { commit: "c1".to_owned(), date: "2026-01-02".to_owned(), ..Made::default() };
    let mut tally = Tally::from(0);
    (tally.seeds, tally.seconds) = (5, 3.0);
    add_run(detail, &made, &tally);
    let city = json!({ "seeds": 2, "seeds_per_minute": 9.0, "faults": { "line_cut": 1 }, "failed": 0 });
    add_city_run(detail, &made, city.as_object().cloned().unwrap_or_default());
    put_bugs(
        detail,
        &made,
        &[Caught { bug: Bug::FlushSkipped, judge: Some("truth"), seeds_needed: 1, found_in: 1, of: 1 }],
    );
    let city_bug = CityCaught { bug: "TimerLost".to_owned(), what: "lost", judge: None, seeds_needed: 60 };
    put_city_bugs(detail, &made, &[city_bug]);
    let happened = FAULTS.map(|fault| json!({ "fault": fault, "recovery_s": 0.5 }));
    let round = json!({ "commit": "c1", "seed": 1, "seconds": 1800.0, "happened": happened, "failure": null });
    add_rounds(detail, &made, &round.to_string())
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_figure_has_its_name_the_page_shows_the_picture_and_drawing_again_changes_nothing() {
    let folder = env::temp_dir().join(format!("agree-figures-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    keep(&folder, play).unwrap();
    let figures: Map<String, Value> = serde_json::from_str(&read(&folder, FIGURES)).unwrap();
    let missing: Vec<&str> = NAMES.into_iter().filter(|name| !figures.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {figures:#?}");
    for fault in FAULTS {
        assert_eq!(figures[&format!("recovery_s_max_{fault}")], json!(0.5), "{fault}");
    }
    assert!(figures.values().all(|value| value.is_number() || value.is_string()), "flat: {figures:#?}");
    assert_eq!((&figures["seeded_bugs"], &figures["seeded_bugs_caught"]), (&json!(2), &json!(1)));
    let page = read(&folder, PAGE);
    assert!(page.contains(&format!("]({PLOT})")) && page.contains("## Beside others"), "{page}");
    assert!(FAULTS.iter().all(|fault| read(&folder, PLOT).contains(fault)));
    let all = || [DETAIL, FIGURES, PAGE, PLOT].map(|name| read(&folder, name));
    let before = all();
    keep(&folder, |_| Ok(())).unwrap();
    assert_eq!(all(), before);
    fs::remove_dir_all(&folder).unwrap();
}
