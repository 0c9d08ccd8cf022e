//! Which deadlines were told in time, twice, never. Plain values in and out.

use std::collections::BTreeMap;

/// What became of all deadlines.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    /// Milliseconds from the due time until the first screen was told; where none was, until the log's own time of it.
    pub(crate) late_ms: Vec<f64>,
    /// Milliseconds from the due time to the log's time of it.
    pub(crate) late_in_log_ms: Vec<f64>,
    /// Told more than once: how many times too often, all together.
    pub(crate) twice: u64,
    /// Told never.
    pub(crate) never: u64,
    /// Told before their time.
    pub(crate) early: u64,
    /// In the log, and never on a screen that went on.
    pub(crate) unseen: u64,
    /// Told of something that nobody asked for.
    pub(crate) foreign: u64,
}

/// Compares. `due_at_ms` and `seen_at_ms` are by clock, `told` are the clocks and times of the log, each line of it once.
pub(crate) fn judge(
    due_at_ms: &BTreeMap<String, u64>,
    told: &[(String, u64)],
    seen_at_ms: &BTreeMap<String, f64>,
) -> Verdict {
    let mut of_clock: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (clock, at_ms) in told {
        of_clock.entry(clock).or_default().push(*at_ms);
    }
    let mut verdict = Verdict::default();
    for (clock, due_at_ms) in due_at_ms {
        let Some(times) = of_clock.remove(clock.as_str()) else {
            verdict.never += 1;
            continue;
        };
        verdict.twice += times.len() as u64 - 1;
        let in_log = times.into_iter().min().unwrap_or_default() as f64;
        let due = *due_at_ms as f64;
        let seen = seen_at_ms.get(clock);
        verdict.unseen += u64::from(seen.is_none());
        verdict.early += u64::from(in_log < due);
        verdict.late_in_log_ms.push(in_log - due);
        verdict.late_ms.push(seen.copied().unwrap_or(in_log) - due);
    }
    verdict.foreign = of_clock.len() as u64;
    verdict.late_ms.sort_unstable_by(f64::total_cmp);
    verdict.late_in_log_ms.sort_unstable_by(f64::total_cmp);
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_never_early_and_foreign_are_told_apart() {
        let due: BTreeMap<_, _> = ["a", "b", "c", "d"].map(|clock| (clock.to_owned(), 1000)).into();
        let told = [("a", 1005), ("b", 1010), ("b", 1020), ("c", 990), ("x", 1000)];
        let told = told.map(|(clock, at_ms)| (clock.to_owned(), at_ms));
        let seen: BTreeMap<_, _> = [("a".to_owned(), 1025.5), ("c".to_owned(), 995.0)].into();
        let verdict = judge(&due, &told, &seen);
        let expected = Verdict {
            late_ms: vec![-5.0, 10.0, 25.5],
            late_in_log_ms: vec![-10.0, 5.0, 10.0],
            twice: 1,
            never: 1,
            early: 1,
            unseen: 1,
            foreign: 1,
        };
        assert_eq!(verdict, expected);
    }
}
