//! Gathering readings: while one entry is being committed the next one gathers, so the batch grows with the load and an
//! idle group adds no delay. Pure.

use std::collections::{BTreeMap, VecDeque};

use domain::{Millis, Reading, SensorId, limits::READINGS_PER_COMMAND_MAX};
use tokio::time::Instant;

use crate::config::DISTRICT_QUEUE_READINGS_MAX;

/// Readings of one message that waits for an answer, `W`.
#[derive(Debug)]
pub(crate) struct Waiting<W> {
    /// At most [`READINGS_PER_COMMAND_MAX`].
    pub(crate) readings: Vec<Reading>,
    /// Nobody listens after this.
    pub(crate) until: Instant,
    pub(crate) waiter: W,
}

/// The queue of one district.
#[derive(Debug)]
pub(crate) struct Batch<W> {
    queue: VecDeque<Waiting<W>>,
    /// Readings in `queue`. Invariant: at most [`DISTRICT_QUEUE_READINGS_MAX`].
    queued: usize,
    in_flight: Option<Vec<Waiting<W>>>,
}

impl<W> Default for Batch<W> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), queued: 0, in_flight: None }
    }
}

impl<W> Batch<W> {
    /// Queues a message; gives back those that are refused for it: older ones whose every reading is outdated by it, or
    /// itself when too few give way.
    pub(crate) fn push(&mut self, waiting: Waiting<W>) -> Vec<Waiting<W>> {
        let mut refused = Vec::new();
        if self.queued + waiting.readings.len() > DISTRICT_QUEUE_READINGS_MAX {
            refused = self.outdated_by(&waiting);
        }
        if self.queued + waiting.readings.len() > DISTRICT_QUEUE_READINGS_MAX {
            refused.push(waiting);
        } else {
            self.queued += waiting.readings.len();
            self.queue.push_back(waiting);
        }
        refused
    }

    /// Takes out of the queue what the newcomer makes needless.
    fn outdated_by(&mut self, newcomer: &Waiting<W>) -> Vec<Waiting<W>> {
        let mut newest: BTreeMap<&SensorId, Millis> = BTreeMap::new();
        for reading in &newcomer.readings {
            let at = newest.entry(&reading.sensor).or_default();
            *at = reading.at_ms.max(*at);
        }
        let is_outdated =
            |old: &Waiting<W>| old.readings.iter().all(|r| newest.get(&r.sensor).is_some_and(|newer| *newer > r.at_ms));
        let (outdated, kept) = std::mem::take(&mut self.queue).into_iter().partition(is_outdated);
        self.queue = kept;
        let outdated: Vec<_> = VecDeque::into(outdated);
        self.queued -= outdated.iter().map(|old| old.readings.len()).sum::<usize>();
        outdated
    }

    /// The readings to propose now, unless an entry is under way or nothing waits; with those that waited too long.
    pub(crate) fn next(&mut self, now: Instant) -> (Option<Vec<Reading>>, Vec<Waiting<W>>) {
        let mut late = Vec::new();
        if self.in_flight.is_some() {
            return (None, late);
        }
        let (mut batch, mut size) = (Vec::new(), 0);
        while let Some(waiting) = self.queue.pop_front() {
            if waiting.until > now && size + waiting.readings.len() > READINGS_PER_COMMAND_MAX {
                self.queue.push_front(waiting);
                break;
            }
            self.queued -= waiting.readings.len();
            if waiting.until <= now {
                late.push(waiting);
            } else {
                size += waiting.readings.len();
                batch.push(waiting);
            }
        }
        if batch.is_empty() {
            return (None, late);
        }
        let readings = batch.iter().flat_map(|waiting| waiting.readings.iter().cloned()).collect();
        self.in_flight = Some(batch);
        (Some(readings), late)
    }

    /// The entry has an outcome: these waited for it, in its order.
    pub(crate) fn done(&mut self) -> Vec<Waiting<W>> {
        self.in_flight.take().unwrap_or_default()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{DeviceStatus, Micro};

    use super::*;

    fn waiting(name: &'static str, readings: &[(&str, u64)]) -> Waiting<&'static str> {
        let readings = readings.iter().map(|(sensor, at)| reading(sensor, *at)).collect();
        Waiting { readings, until: Instant::now() + Duration::from_secs(5), waiter: name }
    }

    fn reading(sensor: &str, at: u64) -> Reading {
        Reading {
            sensor: SensorId::new(sensor).unwrap(),
            at_ms: Millis(at),
            value_micro: Micro(0),
            status: DeviceStatus::Measuring,
            unit_of_measure: String::new(),
        }
    }

    fn names(waiting: &[Waiting<&'static str>]) -> Vec<&'static str> {
        waiting.iter().map(|w| w.waiter).collect()
    }

    #[test]
    fn one_entry_at_a_time_and_the_next_gathers_meanwhile() {
        let mut batch = Batch::default();
        let now = Instant::now();
        assert!(batch.push(waiting("a", &[("S1", 1), ("S2", 1)])).is_empty());
        assert_eq!(batch.next(now).0.unwrap().len(), 2);
        batch.push(waiting("b", &[("S1", 2)]));
        batch.push(waiting("c", &[("S3", 2)]));
        assert!(batch.next(now).0.is_none());
        assert_eq!(names(&batch.done()), ["a"]);
        let sensors: Vec<_> = batch.next(now).0.unwrap().into_iter().map(|r| r.sensor.to_string()).collect();
        assert_eq!(sensors, ["S1", "S3"]);
        assert_eq!(names(&batch.done()), ["b", "c"]);
        assert!(batch.next(now).0.is_none() && batch.is_idle());
    }

    #[test]
    fn an_entry_is_never_too_large_and_nothing_is_lost() {
        let mut batch = Batch::default();
        let now = Instant::now();
        let many: Vec<_> = (1..=3000).map(|at| ("S1", at)).collect();
        for name in ["a", "b", "c"] {
            assert!(batch.push(waiting(name, &many)).is_empty());
        }
        for name in ["a", "b", "c"] {
            assert_eq!(batch.next(now).0.unwrap().len(), 3000);
            assert_eq!(names(&batch.done()), [name]);
        }
        assert!(batch.is_idle());
    }

    #[test]
    fn at_the_bound_the_newest_of_a_sensor_stays() {
        let mut batch = Batch::default();
        // One message of a sensor of its own, and others that fill the queue.
        assert!(batch.push(waiting("old", &[("S1", 10)])).is_empty());
        let many: Vec<_> = (1..=4095).map(|at| ("S2", at)).collect();
        for _ in 0..4 {
            assert!(batch.push(waiting("many", &many)).is_empty());
        }
        let left = DISTRICT_QUEUE_READINGS_MAX - batch.queued;
        let rest: Vec<_> = (0..left as u64).map(|at| ("S3", at)).collect();
        assert!(batch.push(waiting("rest", &rest)).is_empty());
        assert_eq!(names(&batch.push(waiting("other", &[("S4", 99)]))), ["other"], "nothing gives way to it");
        assert_eq!(names(&batch.push(waiting("same", &[("S1", 10)]))), ["same"], "it is no newer");
        assert_eq!(names(&batch.push(waiting("new", &[("S1", 11)]))), ["old"]);
        assert_eq!(batch.queued, DISTRICT_QUEUE_READINGS_MAX);
        assert_eq!(batch.queue.back().unwrap().waiter, "new");
    }

    #[test]
    fn nobody_is_served_late() {
        let mut batch = Batch::default();
        let now = Instant::now();
        batch.push(Waiting { until: now, ..waiting("late", &[("S1", 1)]) });
        batch.push(waiting("in time", &[("S1", 2)]));
        let (readings, late) = batch.next(now);
        assert_eq!((readings.unwrap().len(), names(&late)), (1, vec!["late"]));
        assert_eq!((names(&batch.done()), batch.queued), (vec!["in time"], 0));
    }
}
