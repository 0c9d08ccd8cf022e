//! What a district's week usually looks like, and how the last hours differed from it. Constant memory; forgets slowly.

/// Hours of a week.
pub(super) const WEEK_H: usize = 168;
/// What was seen a week ago counts this much of what is seen now: half is forgotten in nine weeks.
const WEEK_KEPT: f32 = 0.926;
/// The same for an hour, for levels: half is forgotten in three weeks.
const HOUR_KEPT: f32 = 0.998_63;
/// The district's own record of an hour of the week weighs as much as what the whole province says of that hour after so many weeks.
const PRIOR_WEEKS: f32 = 6.0;
/// A level no lower than this, so that a district where nothing has happened yet may still have its first incident.
const LEVEL_MIN: f32 = 1e-3;

/// Hour of the week of local time, from Thursday midnight on, as 1970 began.
pub(super) fn hour_of_week(local_hour: i64) -> usize {
    usize::try_from(local_hour.rem_euclid(168)).unwrap_or(0)
}

/// The shape of a week: each hour over the mean hour, as hour of the day times day of the week.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    hour: [f32; 24],
    day: [f32; 7],
    seen: f32,
    level: f32,
    level_weight: f32,
}

impl Shape {
    pub(super) fn new() -> Self {
        Self { hour: [1.0; 24], day: [1.0; 7], seen: 0.0, level: 0.0, level_weight: 0.0 }
    }

    fn level(&self) -> f32 {
        (self.level / self.level_weight.max(1.0)).max(LEVEL_MIN)
    }

    pub(super) fn at(&self, slot: usize) -> f32 {
        self.hour[slot % 24] * self.day[slot / 24]
    }

    /// Takes an hour of the whole province.
    pub(super) fn observe(&mut self, slot: usize, count: f32) {
        self.level = self.level * HOUR_KEPT + count;
        self.level_weight = self.level_weight * HOUR_KEPT + 1.0;
        self.seen += 1.0;
        // Each factor moves toward what it would have had to be; slower as more is known.
        let expected = self.level() * self.at(slot);
        let ratio = (count / expected.max(LEVEL_MIN)).min(10.0);
        let (hour, day) = (&mut self.hour[slot % 24], &mut self.day[slot / 24]);
        let rate_hour = (1.0 / (1.0 + self.seen / 24.0)).max(0.02);
        let rate_day = (1.0 / (1.0 + self.seen / 7.0)).max(0.005);
        *hour = (*hour * (1.0 + rate_hour * (ratio - 1.0))).clamp(0.05, 20.0);
        *day = (*day * (1.0 + 0.3 * rate_day * (ratio - 1.0))).clamp(0.2, 5.0);
        normalise(&mut self.hour);
        normalise(&mut self.day);
    }
}

fn normalise(factors: &mut [f32]) {
    let mean = factors.iter().sum::<f32>() / factors.len() as f32;
    factors.iter_mut().for_each(|factor| *factor /= mean);
}

/// What one district's week looks like.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    sums: Vec<f32>,
    weights: Vec<f32>,
    level: f32,
    level_weight: f32,
    /// The last week by hour: counted, and expected as of then.
    recent: Vec<(f32, f32)>,
    newest: usize,
    known: usize,
}

impl Profile {
    pub(super) fn new() -> Self {
        Self {
            sums: vec![0.0; WEEK_H],
            weights: vec![0.0; WEEK_H],
            level: 0.0,
            level_weight: 0.0,
            recent: vec![(0.0, 0.0); WEEK_H],
            newest: 0,
            known: 0,
        }
    }

    /// Incidents per hour, as the last weeks went.
    pub(super) fn level(&self) -> f32 {
        (self.level / self.level_weight.max(1.0)).max(LEVEL_MIN)
    }

    /// Usual count of an hour of the week: the district's own record, and before there is much of it, its level in the province's shape.
    pub(super) fn usual(&self, slot: usize, shape: &Shape) -> f32 {
        let prior = self.level() * shape.at(slot);
        ((self.sums[slot] + PRIOR_WEEKS * prior) / (self.weights[slot] + PRIOR_WEEKS)).max(LEVEL_MIN)
    }

    pub(super) fn observe(&mut self, slot: usize, count: f32, shape: &Shape) {
        let usual = self.usual(slot, shape);
        self.newest = (self.newest + 1) % WEEK_H;
        self.recent[self.newest] = (count, usual);
        self.known = (self.known + 1).min(WEEK_H);
        self.sums[slot] = self.sums[slot] * WEEK_KEPT + count;
        self.weights[slot] = self.weights[slot] * WEEK_KEPT + 1.0;
        self.level = self.level * HOUR_KEPT + count;
        self.level_weight = self.level_weight * HOUR_KEPT + 1.0;
    }

    /// Logarithm of what was counted over what was usual in `hours` hours that ended `back` hours ago; near 0 where little is known.
    pub(super) fn excess(&self, back: usize, hours: usize) -> f32 {
        let (mut counted, mut usual) = (0.0, 0.0);
        for ago in back..(back + hours).min(self.known) {
            let (count, expected) = self.recent[(self.newest + WEEK_H - ago) % WEEK_H];
            counted += count;
            usual += expected;
        }
        ((counted + EXCESS_PRIOR) / (usual + EXCESS_PRIOR)).ln()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.sums.as_slice()) * 2 + size_of_val(self.recent.as_slice())
    }
}

/// So many usual incidents stand beside what was counted, so that one incident in a quiet hour is no tenfold excess.
const EXCESS_PRIOR: f32 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_learned_and_an_excess_is_seen() {
        let mut shape = Shape::new();
        let mut profile = Profile::new();
        let truth = |slot: usize| if (8..20).contains(&(slot % 24)) { 6.0 } else { 2.0 };
        for hour in 0..WEEK_H * 8 {
            let slot = hour % WEEK_H;
            shape.observe(slot, truth(slot));
            profile.observe(slot, truth(slot), &shape);
        }
        assert!((profile.usual(12, &shape) - 6.0).abs() < 0.8, "{}", profile.usual(12, &shape));
        assert!((profile.usual(3, &shape) - 2.0).abs() < 0.5, "{}", profile.usual(3, &shape));
        assert!(profile.excess(0, 24).abs() < 0.1);
        for hour in 0..12 {
            profile.observe(hour, truth(hour) * 3.0, &shape);
        }
        assert!(profile.excess(0, 6) > 0.7, "{}", profile.excess(0, 6));
        assert!(profile.excess(24, 24).abs() < 0.1);
    }

    #[test]
    fn a_district_without_a_record_has_the_shape_of_the_province() {
        let mut shape = Shape::new();
        for hour in 0..WEEK_H * 8 {
            shape.observe(hour % WEEK_H, if hour % 24 == 5 { 24.0 } else { 0.0 });
        }
        let mut profile = Profile::new();
        profile.observe(0, 1.0, &shape);
        assert!(profile.usual(5, &shape) > 5.0 * profile.usual(6, &shape));
    }
}
