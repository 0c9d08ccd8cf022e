//! The courses of series that are forecast, and which limit of each will probably be passed.

use std::collections::BTreeMap;

use super::{
    Lead,
    history::{Bucket, COURSES_PER_GROUP_MAX, Learnt, step_of},
};
use crate::forecast::{
    Forecast, HOUR_MS, Observed, QUANTILES, SeriesKind,
    trend::{Change, Level, Passing, Watch},
};

/// What there is to say of a series' limits.
#[derive(Clone, Debug, PartialEq)]
pub enum Outlook {
    /// This one will probably be passed.
    Expected {
        /// Which, when and how probable. Times are those at which the sensor reads it.
        passing: Passing,
        /// What it will read then.
        quantiles: [f32; QUANTILES.len()],
    },
    /// None will be any more.
    Over,
}

/// The courses of all groups.
#[derive(Debug)]
pub struct Courses<K> {
    groups: BTreeMap<u32, (u64, BTreeMap<K, Course>)>,
}

#[derive(Debug)]
struct Course {
    kind: SeriesKind,
    bucket: Option<(i64, Bucket)>,
    learnt: Option<Box<Learnt>>,
    watch: Watch,
    said: Vec<Passing>,
}

impl<K> Default for Courses<K> {
    fn default() -> Self {
        Self { groups: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Courses<K> {
    /// Takes a reading; says what has changed about the series' limits. `levels` stand in the order of their rank, the gravest
    /// first, and `Level::level` is the place in it: where several will be passed, the gravest is told.
    ///
    /// `None` unless the reading begins a new step and the series' course was learnt, and for a series beyond the bound.
    pub fn observe(
        &mut self,
        lead: Lead,
        series: &K,
        kind: SeriesKind,
        at_ms: i64,
        value: f64,
        levels: &[Level],
    ) -> Option<Outlook> {
        if !value.is_finite() {
            return None;
        }
        let course = self.course(lead, series, kind)?;
        let step = step_of(at_ms);
        let finished = match &mut course.bucket {
            Some((of, bucket)) if *of == step => {
                bucket.take(at_ms, value);
                None
            }
            // Late: what a step said stands.
            Some((of, _)) if *of > step => None,
            slot => slot.replace((step, Bucket::new(at_ms, value))),
        };
        let learnt = course.learnt.as_deref_mut()?;
        let said = match finished {
            Some((of, bucket)) => match learnt.live.observe(&learnt.model, of * HOUR_MS, bucket.value(kind), &[]) {
                Observed::Forecast(forecast) => Some(forecast),
                // Was in the history already.
                Observed::Late => learnt.said.take(),
                Observed::Waiting => None,
            },
            None => learnt.said.take(),
        };
        course.look(&said?, levels)
    }

    /// Gives a series what was learnt of it. Another reign's is not taken.
    pub fn install(&mut self, lead: Lead, series: &K, learnt: Learnt) {
        if let Some((reign, courses)) = self.groups.get_mut(&lead.group)
            && *reign == lead.reign
            && let Some(course) = courses.get_mut(series)
        {
            course.learnt = Some(Box::new(learnt));
        }
    }

    /// Begins anew with another reign.
    fn course(&mut self, lead: Lead, series: &K, kind: SeriesKind) -> Option<&mut Course> {
        let (reign, courses) = self.groups.entry(lead.group).or_insert_with(|| (lead.reign, BTreeMap::new()));
        if *reign != lead.reign {
            *reign = lead.reign;
            courses.clear();
        }
        if !courses.contains_key(series) {
            if courses.len() >= COURSES_PER_GROUP_MAX {
                return None;
            }
            let (watch, said) = (Watch::default(), Vec::new());
            courses.insert(series.clone(), Course { kind, bucket: None, learnt: None, watch, said });
        }
        courses.get_mut(series)
    }

    /// Series that are followed under this lead and of which nothing was learnt yet.
    #[must_use]
    pub fn unlearnt(&self, lead: Lead) -> Vec<(K, SeriesKind)> {
        let of_lead = self.groups.get(&lead.group).filter(|(reign, _)| *reign == lead.reign);
        let unlearnt = of_lead.into_iter().flat_map(|(_, courses)| courses).filter(|(_, it)| it.learnt.is_none());
        unlearnt.map(|(series, course)| (series.clone(), course.kind)).collect()
    }
}

impl Course {
    fn look(&mut self, forecast: &Forecast, levels: &[Level]) -> Option<Outlook> {
        let changes = self.watch.observe(forecast, levels);
        if changes.is_empty() {
            return None;
        }
        for change in changes {
            let level = match change {
                Change::Expected(passing) | Change::Moved(passing) => passing.level,
                Change::TakenBack { level } | Change::Passed { level } => level,
            };
            self.said.retain(|said| said.level != level);
            if let Change::Expected(passing) | Change::Moved(passing) = change {
                self.said.push(passing);
            }
        }
        let Some(gravest) = self.said.iter().min_by_key(|said| said.level) else { return Some(Outlook::Over) };
        let ahead_ms = gravest.at_ms - forecast.at_ms;
        let nearest = forecast.steps.iter().min_by_key(|step| (step.ahead_ms - ahead_ms).abs())?;
        // A step is named by its beginning and reads what was read by its end.
        let passing = Passing {
            at_ms: gravest.at_ms + HOUR_MS,
            earliest_ms: gravest.earliest_ms.min(gravest.at_ms) + HOUR_MS,
            latest_ms: gravest.latest_ms.map(|latest| latest.max(gravest.at_ms) + HOUR_MS),
            ..*gravest
        };
        Some(Outlook::Expected { passing, quantiles: nearest.quantiles })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{History, learn},
        *,
    };
    use crate::forecast::{Options, fit::FitOptions};

    const LEAD: Lead = Lead { group: 3, reign: 9 };
    const LEVELS: [Level; 2] =
        [Level { level: 0, limit: 9.0, above: true }, Level { level: 1, limit: 2.0, above: true }];
    const HOURS: i64 = 1000;

    /// A tide between 0 and 3 whose period fits in no season that a simple peer repeats.
    fn tide(hour: i64) -> f64 {
        1.5 - 1.5 * (hour as f64 / 11.3 * std::f64::consts::TAU).cos()
    }

    fn learnt() -> Learnt {
        let mut history = History::new(SeriesKind::River);
        for hour in 0..HOURS {
            history.take(hour * HOUR_MS, tide(hour));
        }
        let fit = FitOptions { hidden: 0, epochs_max: 25, batch: 32, rate: 1e-2, ..Options::default().fit };
        learn(&history, &Options { fit, ..Options::default() }).unwrap()
    }

    #[test]
    fn a_course_that_was_learnt_says_when_a_limit_will_be_passed_and_when_no_more() {
        let learnt = learnt();
        assert!(learnt.ratio < 0.9, "{}", learnt.ratio);
        let mut courses = Courses::default();
        let see = |courses: &mut Courses<&str>, hour: i64, levels: &[Level]| {
            courses.observe(LEAD, &"gauge", SeriesKind::River, hour * HOUR_MS + 1, tide(hour), levels)
        };
        assert_eq!(see(&mut courses, HOURS, &LEVELS), None, "nothing was learnt");
        assert_eq!(courses.unlearnt(LEAD), [("gauge", SeriesKind::River)]);
        courses.install(Lead { reign: 8, ..LEAD }, &"gauge", learnt.clone());
        assert_eq!(courses.unlearnt(LEAD), [("gauge", SeriesKind::River)], "of another reign");
        courses.install(LEAD, &"gauge", learnt);
        assert!(courses.unlearnt(LEAD).is_empty());
        let (mut expected, mut over) = (0, 0);
        for hour in HOURS + 1..HOURS + 60 {
            match see(&mut courses, hour, &LEVELS) {
                Some(Outlook::Expected { passing, quantiles }) => {
                    assert_eq!(passing.level, 1, "the other one is out of reach");
                    let at = passing.at_ms / HOUR_MS;
                    let truth = (hour..hour + 30).find(|hour| tide(*hour) >= 2.0).unwrap();
                    assert!((at - truth).abs() <= 2, "said {at}, came {truth}, at {hour}");
                    assert!(passing.earliest_ms <= passing.at_ms && quantiles.is_sorted());
                    expected += 1;
                }
                Some(Outlook::Over) => over += 1,
                None => {}
            }
        }
        assert!(expected >= 4 && over >= 3, "{expected} {over}");
        // Levels that are no more are taken back.
        let last: Vec<_> = (HOURS + 60..HOURS + 90).filter_map(|hour| see(&mut courses, hour, &[])).collect();
        assert!(last.len() <= 1 && last.iter().all(|outlook| *outlook == Outlook::Over), "{last:?}");
    }

    #[test]
    fn beyond_the_bound_a_series_has_no_course() {
        let mut courses = Courses::default();
        for series in 0..=COURSES_PER_GROUP_MAX {
            courses.observe(LEAD, &series, SeriesKind::Rain, 1, 0.0, &[]);
        }
        assert_eq!(courses.unlearnt(LEAD).len(), COURSES_PER_GROUP_MAX);
        // A new reign begins anew.
        courses.observe(Lead { reign: 10, ..LEAD }, &7, SeriesKind::Rain, 1, 0.0, &[]);
        assert_eq!(courses.unlearnt(Lead { reign: 10, ..LEAD }), [(7, SeriesKind::Rain)]);
    }
}
