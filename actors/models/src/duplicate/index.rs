//! Which reports may be about the same: near, of late, and alike at a first glance. Bounded in memory and in work.

use std::collections::{BTreeMap, VecDeque};

use super::{
    model::{Model, Score},
    pair::{Known, Report},
    text::Rarity,
};

/// Reports that are kept; the oldest makes room. About 20 MB.
pub const REPORTS_MAX: usize = 20_000;
/// Reports of one incident that are kept; the oldest makes room.
pub const REPORTS_PER_KEY_MAX: usize = 16;
/// Reports of one cell that are kept; the oldest makes room. 1000 pleas in ten minutes from one commune whose places are known
/// badly fall into few cells.
pub const CELL_REPORTS_MAX: usize = 1024;
/// Reports that are looked at for one question; the newest of each cell first.
pub const GLANCES_MAX: usize = 2048;
/// Incidents that are suggested at most.
pub const CANDIDATES_MAX: usize = 24;
/// Reports longer ago than this are not asked.
pub const GAP_MS_MAX: i64 = 6 * 3_600_000;

/// Side of a cell for places that are known well: about 280 m.
const FINE_E7: i32 = 25_000;
/// Side of a cell for the others: about 2.8 km.
const COARSE_E7: i32 = 250_000;
/// A place known worse than this goes into the coarse cells.
const FINE_UNCERTAINTY_M: f32 = 300.0;
/// Errors of so many deviations are allowed for, ...
const DEVIATIONS_MAX: f32 = 3.0;
/// ... and this much for what is large, or seen from afar.
const MARGIN_M: f32 = 250.0;
/// Fine cells to either side that are looked into at most.
const FINE_RINGS_MAX: i32 = 12;

type Cell = (bool, i32, i32);

#[derive(Clone, Debug)]
struct Kept<K> {
    key: K,
    cell: Cell,
    known: Known,
}

/// An incident that a report may be about.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion<K> {
    /// Which.
    pub key: K,
    /// How probably, and why; of its report that is most alike.
    pub score: Score,
    /// How far from that report.
    pub distance_m: f32,
    /// How long from it.
    pub gap_ms: i64,
    /// Both say what they are about, and it is the same.
    pub same_kind: bool,
}

/// The reports of late, by place. `K` names an incident; several reports may have the same.
#[derive(Clone, Debug)]
pub struct Index<K> {
    kept: BTreeMap<u64, Kept<K>>,
    cells: BTreeMap<Cell, VecDeque<u64>>,
    by_key: BTreeMap<K, VecDeque<u64>>,
    next: u64,
    rarity: Rarity,
}

impl<K: Clone + Ord> Default for Index<K> {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            cells: BTreeMap::new(),
            by_key: BTreeMap::new(),
            next: 0,
            rarity: Rarity::default(),
        }
    }
}

impl<K: Clone + Ord> Index<K> {
    /// Reports that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// None.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How rare words are among the reports of late.
    #[must_use]
    pub fn rarity(&self) -> &Rarity {
        &self.rarity
    }

    /// Keeps a report as one of incident `key`.
    pub fn insert(&mut self, key: K, report: &Report) {
        let known = Known::of(report);
        self.rarity.observe(&known.text);
        let fine = known.uncertainty_m <= FINE_UNCERTAINTY_M;
        let side = if fine { FINE_E7 } else { COARSE_E7 };
        let cell = (fine, known.latitude_e7.div_euclid(side), known.longitude_e7.div_euclid(side));
        let at = self.next;
        self.next += 1;
        self.cells.entry(cell).or_default().push_back(at);
        self.by_key.entry(key.clone()).or_default().push_back(at);
        let crowded = self.cells.get(&cell).filter(|reports| reports.len() > CELL_REPORTS_MAX);
        let oldest_of_cell = crowded.and_then(|reports| reports.front().copied());
        let many = self.by_key.get(&key).filter(|reports| reports.len() > REPORTS_PER_KEY_MAX);
        let oldest_of_key = many.and_then(|reports| reports.front().copied());
        self.kept.insert(at, Kept { key, cell, known });
        for gone in [oldest_of_cell, oldest_of_key].into_iter().flatten() {
            self.forget(gone);
        }
        if self.kept.len() > REPORTS_MAX
            && let Some(oldest) = self.kept.keys().next().copied()
        {
            self.forget(oldest);
        }
    }

    /// Forgets an incident and all its reports: it is closed.
    pub fn remove(&mut self, key: &K) {
        for at in self.by_key.get(key).cloned().unwrap_or_default() {
            self.forget(at);
        }
    }

    fn forget(&mut self, at: u64) {
        let Some(kept) = self.kept.remove(&at) else { return };
        if let Some(reports) = self.cells.get_mut(&kept.cell) {
            reports.retain(|report| *report != at);
            if reports.is_empty() {
                self.cells.remove(&kept.cell);
            }
        }
        if let Some(reports) = self.by_key.get_mut(&kept.key) {
            reports.retain(|report| *report != at);
            if reports.is_empty() {
                self.by_key.remove(&kept.key);
            }
        }
    }

    /// The incidents that a report may be about, the most probable first.
    #[must_use]
    pub fn suggest(&self, model: &Model, report: &Report) -> Vec<Suggestion<K>> {
        let known = Known::of(report);
        let mut best: BTreeMap<&K, Suggestion<K>> = BTreeMap::new();
        for kept in self.candidates(&known) {
            let score = model.score(&known, &kept.known, &self.rarity);
            if best.get(&kept.key).is_some_and(|other| other.score.probability >= score.probability) {
                continue;
            }
            let suggestion = Suggestion {
                key: kept.key.clone(),
                score,
                distance_m: known.distance_m(&kept.known),
                gap_ms: known.at_ms.saturating_sub(kept.known.at_ms).saturating_abs(),
                same_kind: known.kind.is_some() && known.kind == kept.known.kind,
            };
            best.insert(&kept.key, suggestion);
        }
        let mut found: Vec<_> = best.into_values().collect();
        found.sort_by(|one, other| other.score.probability.total_cmp(&one.score.probability));
        found
    }

    /// What is compared in full: as many candidates as [`CANDIDATES_MAX`], as pairs with the numbers of each.
    pub(super) fn pairs(&self, known: &Known) -> Vec<(K, [f32; super::pair::GROUNDS.len()])> {
        let candidates = self.candidates(known);
        let features = |kept: &Kept<K>| super::pair::features(known, &kept.known, &self.rarity);
        candidates.into_iter().map(|kept| (kept.key.clone(), features(kept))).collect()
    }

    fn candidates(&self, known: &Known) -> Vec<&Kept<K>> {
        let cells = self.cells_near(known);
        // A glance is a few nanoseconds; where a crowd is near, every cell gets its part of the bound.
        let each = (GLANCES_MAX / cells.len().max(1)).max(4);
        let mut glanced: Vec<(f32, u64, &Kept<K>)> = Vec::new();
        'cells: for reports in cells {
            for at in reports.iter().rev().take(each) {
                if glanced.len() >= GLANCES_MAX {
                    break 'cells;
                }
                let Some(kept) = self.kept.get(at) else { continue };
                if known.at_ms.saturating_sub(kept.known.at_ms).saturating_abs() > GAP_MS_MAX {
                    continue;
                }
                let apart = known.distance_m(&kept.known);
                let allowed = DEVIATIONS_MAX * known.uncertainty_m.hypot(kept.known.uncertainty_m) + MARGIN_M;
                if apart > allowed {
                    continue;
                }
                let near = (-known.distance_deviations(&kept.known)).exp();
                glanced.push((0.5 * near + known.text.glance(&kept.known.text), *at, kept));
            }
        }
        // The newest wins where all else is equal.
        glanced.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| other.1.cmp(&one.1)));
        glanced.truncate(CANDIDATES_MAX);
        glanced.into_iter().map(|(_, _, kept)| kept).collect()
    }

    fn cells_near(&self, known: &Known) -> Vec<&VecDeque<u64>> {
        let reach_m = DEVIATIONS_MAX * known.uncertainty_m.hypot(FINE_UNCERTAINTY_M) + MARGIN_M;
        let mut near = Vec::new();
        for (fine, side, rings_max) in [(true, FINE_E7, FINE_RINGS_MAX), (false, COARSE_E7, 2)] {
            #[allow(clippy::cast_possible_truncation, reason = "a few cells; the bound holds it")]
            let rings = ((reach_m / (side as f32 * 0.0107)).ceil() as i32).clamp(1, rings_max);
            let (row, column) = (known.latitude_e7.div_euclid(side), known.longitude_e7.div_euclid(side));
            for row in row - rings..=row + rings {
                let span = (fine, row, column - rings)..=(fine, row, column + rings);
                near.extend(self.cells.range(span).map(|(_, reports)| reports));
            }
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(at_ms: i64, latitude_e7: i32, uncertainty_m: f32, text: &str) -> Report {
        Report { at_ms, latitude_e7, longitude_e7: 1_075_900_000, uncertainty_m, kind: Some(0), text: text.to_owned() }
    }

    fn keys(index: &Index<u32>, asked: &Report) -> Vec<u32> {
        index.candidates(&Known::of(asked)).into_iter().map(|kept| kept.key).collect()
    }

    #[test]
    fn what_is_near_and_of_late_is_found_and_the_rest_is_not() {
        let mut index = Index::default();
        index.insert(1, &report(0, 164_600_000, 20.0, "so 12 le loi"));
        index.insert(2, &report(0, 164_700_000, 20.0, "mot cay so ve phia bac"));
        index.insert(3, &report(0, 164_750_000, 1500.0, "khong ro o dau"));
        index.insert(4, &report(-GAP_MS_MAX - 1, 164_600_000, 20.0, "hom truoc"));
        let mut found = keys(&index, &report(0, 164_600_100, 20.0, "le loi"));
        found.sort_unstable();
        assert_eq!(found, [1, 3]);
        index.remove(&1);
        assert_eq!(keys(&index, &report(0, 164_600_100, 20.0, "le loi")), [3]);
    }

    #[test]
    fn a_vague_report_finds_precise_ones_far_around() {
        let mut index = Index::default();
        index.insert(1, &report(0, 164_600_000, 20.0, "so 12 le loi"));
        assert_eq!(keys(&index, &report(0, 164_780_000, 1500.0, "12 le loi")), [1]);
    }

    #[test]
    fn in_a_crowd_the_one_that_is_alike_is_found() {
        let mut index = Index::default();
        for at in 0..900u32 {
            index.insert(
                at,
                &report(i64::from(at) * 600, 164_600_000, 1500.0, &format!("nha so {at} duong{} ngap", at % 40)),
            );
        }
        let found = keys(&index, &report(600_000, 164_610_000, 1500.0, "cuu voi nha so 137 duong17 ngap roi"));
        assert_eq!(found.len(), CANDIDATES_MAX);
        assert!(found.contains(&137), "{found:?}");
    }

    #[test]
    fn every_bound_holds_and_the_oldest_makes_room() {
        let mut index = Index::default();
        for at in 0..1200u32 {
            index.insert(at, &report(0, 164_600_000, 20.0, "x"));
        }
        assert_eq!(index.len(), CELL_REPORTS_MAX);
        for _ in 0..50 {
            index.insert(7777, &report(0, 165_600_000, 20.0, "x"));
        }
        assert_eq!(index.by_key[&7777].len(), REPORTS_PER_KEY_MAX);
        for at in 0..i32::try_from(REPORTS_MAX).unwrap() {
            index.insert(10_000 + at.unsigned_abs(), &report(0, at * 30_000, 20.0, "y"));
        }
        assert_eq!(index.len(), REPORTS_MAX);
        assert!(index.cells.len() <= REPORTS_MAX && index.by_key.len() <= REPORTS_MAX);
    }

    #[test]
    fn an_incident_is_suggested_once_with_its_best_report() {
        let model = Model::shipped().unwrap();
        let mut index = Index::default();
        index.insert(5, &report(0, 164_600_000, 20.0, "nuoc len cao qua"));
        index.insert(5, &report(0, 164_600_000, 20.0, "nha so 12 le loi ngap 5 nguoi"));
        let found = index.suggest(&model, &report(60_000, 164_600_000, 20.0, "nhà số 12 lê lợi ngập, 5 người"));
        assert_eq!(found.len(), 1);
        assert!(found[0].score.probability > 0.9 && found[0].gap_ms == 60_000 && found[0].same_kind, "{found:?}");
    }

    proptest! {
        #[test]
        fn any_place_and_time_is_taken(
            reports in proptest::collection::vec((any::<i64>(), any::<i32>(), any::<i32>(), any::<f32>(), ".{0,40}"), 1..40)
        ) {
            let mut index = Index::default();
            for (at, (at_ms, latitude_e7, longitude_e7, uncertainty_m, text)) in (0u32..).zip(reports) {
                let report = Report { at_ms, latitude_e7, longitude_e7, uncertainty_m, kind: None, text };
                prop_assert!(keys(&index, &report).len() <= CANDIDATES_MAX);
                index.insert(at % 7, &report);
            }
        }
    }
}
