//! What was played at each commit, by all layers together.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{city, failures, number, runs, siege, sum, text};

/// One commit.
#[derive(Debug, Default, PartialEq)]
struct Played {
    commit: String,
    agree_seeds: u64,
    city_seeds: u64,
    siege_s: f64,
    faults: u64,
    failed: u64,
    mended: u64,
}

fn at<'a>(commits: &'a mut Vec<Played>, run: &Value) -> &'a mut Played {
    let commit = text(run, "commit");
    let place = commits.iter().position(|played| played.commit == commit).unwrap_or_else(|| {
        commits.push(Played { commit: commit.to_owned(), ..Played::default() });
        commits.len() - 1
    });
    &mut commits[place]
}

/// Commits in the order in which they were first played, by layer.
fn commits(detail: &Map<String, Value>, known: &[Value]) -> Vec<Played> {
    let mut commits = Vec::new();
    let faults =
        |run: &Value| super::faults(std::slice::from_ref(run)).into_iter().map(|(_, times)| times).sum::<u64>();
    for run in runs(detail) {
        let played = at(&mut commits, run);
        played.agree_seeds += number(run, "seeds");
        played.faults += faults(run);
        played.failed += number(run, "failed");
    }
    for run in city::runs(detail) {
        let played = at(&mut commits, run);
        played.city_seeds += number(run, "seeds");
        played.faults += faults(run);
        played.failed += number(run, "failed");
    }
    for round in siege::rounds(detail) {
        let round = std::slice::from_ref(round);
        let played = at(&mut commits, &round[0]);
        played.siege_s += siege::seconds(round);
        played.faults += siege::shared(round)[0];
        played.failed += u64::from(round[0].get("failure").is_some_and(Value::is_string));
    }
    for played in &mut commits {
        played.mended = failures::mended_of(detail, known, &played.commit);
    }
    commits
}

/// The part of the page.
pub(super) fn draw_section(md: &mut String, detail: &Map<String, Value>, known: &[Value]) -> std::fmt::Result {
    let commits = commits(detail, known);
    if commits.is_empty() {
        return Ok(());
    }
    writeln!(
        md,
        "\n## By commit\n\n`failed` counts seeds and rounds, `mended` those of them whose fault was mended since and has a test that guards it \
         (see below); an hour of siege is an hour of one cluster.\n\n\
         | commit | seeds of agree | seeds of city | hours of siege | faults | failed | mended |\n|---|---:|---:|---:|---:|---:|---:|"
    )?;
    for played in &commits {
        let Played { commit, agree_seeds, city_seeds, siege_s, faults, failed, mended } = played;
        let commit: String = commit.chars().take(10).collect();
        let hours = siege_s / 3600.0;
        writeln!(md, "| `{commit}` | {agree_seeds} | {city_seeds} | {hours:.2} | {faults} | {failed} | {mended} |")?;
    }
    let all =
        (sum(runs(detail), "seeds"), sum(city::runs(detail), "seeds"), siege::seconds(siege::rounds(detail)) / 3600.0);
    let total = |of: fn(&Played) -> u64| commits.iter().map(of).sum::<u64>();
    let (faults, failed, mended) = (total(|it| it.faults), total(|it| it.failed), total(|it| it.mended));
    writeln!(md, "| all | {} | {} | {:.2} | {faults} | {failed} | {mended} |", all.0, all.1, all.2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_played_at_one_commit_adds_up_over_layers_and_runs() {
        let detail = json!({
            "agree_runs": [
                { "commit": "c1", "seeds": 5, "faults": { "power_lost": 7 }, "failed": 1, "failures": [{ "seed": 3 }] },
                { "commit": "c2", "seeds": 6, "faults": { "power_lost": 1, "stopped": 2 }, "failed": 0 },
                { "commit": "c1", "seeds": 4, "faults": {}, "failed": 0 },
            ],
            "city_runs": [{ "commit": "c2", "seeds": 2, "faults": { "line_cut": 3 }, "failed": 0 }],
            "siege_rounds": [
                { "commit": "c2", "seconds": 1800.0, "happened": [{ "fault": "leader_killed", "recovery_s": 1.0 }] },
                { "commit": "c2", "seconds": 1800.0, "happened": [], "failure": "x" },
            ],
        });
        let detail = detail.as_object().cloned().unwrap_or_default();
        let known = json!({ "layer": "agree", "seen": [{ "commit": "c1", "seed": 3 }] });
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, &detail, &[known]), Ok(()));
        assert!(page.contains("| `c1` | 9 | 0 | 0.00 | 7 | 1 | 1 |\n| `c2` | 6 | 2 | 1.00 | 7 | 1 | 0 |"), "{page}");
        assert!(page.contains("| all | 15 | 2 | 1.00 | 14 | 2 | 1 |"), "{page}");
    }

    #[test]
    fn where_nothing_was_played_there_is_no_table() {
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, &Map::new(), &[]), Ok(()));
        assert!(page.is_empty(), "{page}");
    }
}
