//! The forecaster's threads: one follows the series, one learns them from history. Following never waits for learning.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use domain::{GroupId, Millis, ModelKind, SensorId, SensorKind, Threshold};
use entity::{Sight, Sights, Spot, Spotted};
use models::{
    forecast::{Options, SeriesKind, trend::Level},
    serve::Worker,
    watch::{COURSES_PER_GROUP_MAX, Courses, Lead, Learnt, Outlook, learn},
};
use raft::Groups;
use tokio::runtime::Handle;

use super::{history, lead, ms, number};

/// Groups that wait to be learnt. Above it the next sight asks again.
const JOBS_MAX: usize = domain::limits::FIELD_GROUPS as usize;
/// What was learnt and waits to be taken; then learning waits.
const LEARNT_MAX: usize = COURSES_PER_GROUP_MAX;
/// How long sensors gather until their histories are read together.
const GATHER: Duration = Duration::from_secs(60);
/// When a series of which nothing could be learnt is tried again; and how long what was learnt is good for a new lead.
const LEARN_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// How often the learner looks whether the node stops.
const STOP_TICK: Duration = Duration::from_millis(500);

/// Series to learn.
struct Job {
    lead: Lead,
    group: GroupId,
    series: BTreeMap<SensorId, SeriesKind>,
}

/// Follows every series that is shown.
pub(super) struct ForecastWorker {
    courses: Courses<SensorId>,
    /// When what was to be learnt last of each series, and for which lead.
    asked: BTreeMap<SensorId, (Lead, Instant)>,
    gathered_at: BTreeMap<u32, Instant>,
    jobs: SyncSender<Job>,
    learnt: Receiver<(Lead, SensorId, Box<Learnt>)>,
}

impl ForecastWorker {
    /// Starts the learner beside it. Must be called within a tokio runtime.
    pub(super) fn start(groups: Groups, stopped: Arc<AtomicBool>) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(JOBS_MAX);
        let (done, learnt) = sync_channel(LEARNT_MAX);
        let learner = Learner { groups, runtime: Handle::current(), known: BTreeMap::new(), stopped, done };
        std::thread::Builder::new().name("model-learner".to_owned()).spawn(move || learner.run(&waiting))?;
        let (courses, asked) = (Courses::default(), BTreeMap::new());
        Ok(Self { courses, asked, gathered_at: BTreeMap::new(), jobs, learnt })
    }

    fn look(&mut self, sights: &Sights) -> Vec<Spotted> {
        let lead = lead(sights.group, sights.reign);
        let found = sights.sights.iter().filter_map(|sight| self.sight(lead, sight)).collect();
        self.ask(lead, sights.group);
        found
    }

    fn sight(&mut self, lead: Lead, sight: &Sight) -> Option<Spotted> {
        let kind = series_kind(sight.kind)?;
        let ranked = ranked(&sight.thresholds);
        let levels: Vec<_> = (0..).zip(&ranked).map(|(rank, limit)| level(rank, limit)).collect();
        let (at_ms, value) = (ms(sight.at), number(sight.value));
        let outlook = self.courses.observe(lead, &sight.sensor, kind, at_ms, value, &levels);
        let spot = match outlook? {
            Outlook::Over => Spot::NotPassing,
            Outlook::Expected { passing, quantiles } => Spot::Passing {
                condition: ranked.get(usize::from(passing.level))?.condition.clone(),
                probability: f64::from(passing.probability).clamp(0.0, 1.0),
                at: millis(passing.at_ms),
                earliest: millis(passing.earliest_ms),
                latest: passing.latest_ms.map(millis),
                quantiles: quantiles.map(f64::from),
            },
        };
        Some(Spotted { sensor: sight.sensor.clone(), value: sight.value, spot })
    }

    /// Asks the learner for what is not learnt yet, all that has gathered in one go.
    fn ask(&mut self, lead: Lead, group: GroupId) {
        self.asked.retain(|_, (_, at)| at.elapsed() < LEARN_AGAIN);
        let mut unlearnt = self.courses.unlearnt(lead);
        unlearnt.retain(|(sensor, _)| self.asked.get(sensor).is_none_or(|(asked, _)| *asked != lead));
        if unlearnt.is_empty() {
            self.gathered_at.remove(&lead.group);
            return;
        }
        if self.gathered_at.entry(lead.group).or_insert_with(Instant::now).elapsed() < GATHER {
            return;
        }
        let series: BTreeMap<_, _> = unlearnt.into_iter().collect();
        let asked: Vec<_> = series.keys().cloned().collect();
        if self.jobs.try_send(Job { lead, group, series }).is_ok() {
            self.gathered_at.remove(&lead.group);
            self.asked.extend(asked.into_iter().map(|sensor| (sensor, (lead, Instant::now()))));
        }
    }
}

impl Worker for ForecastWorker {
    type Item = Sights;
    type Answer = Vec<Spotted>;

    fn answer(&mut self, items: &[Sights]) -> Vec<Result<Vec<Spotted>, String>> {
        while let Ok((lead, sensor, learnt)) = self.learnt.try_recv() {
            self.courses.install(lead, &sensor, *learnt);
        }
        items.iter().map(|sights| Ok(self.look(sights))).collect()
    }
}

fn goes_on(groups: &Groups, stopped: &AtomicBool, group: GroupId) -> bool {
    let is_on = groups.read(GroupId::COMMAND, |state| {
        let mut models = state.models().values();
        models.any(|model| model.kind == ModelKind::Forecast && model.on && model.active.is_some())
    });
    is_on && groups.lead_watch(group).borrow().is_self_ready && !stopped.load(Ordering::Acquire)
}

/// Reads histories and learns from them, one series after the other.
struct Learner {
    groups: Groups,
    runtime: Handle,
    /// What was learnt of a series, and when: another lead needs the newest past only. At most as many as there are courses.
    known: BTreeMap<SensorId, (Instant, Box<Learnt>)>,
    stopped: Arc<AtomicBool>,
    done: SyncSender<(Lead, SensorId, Box<Learnt>)>,
}

impl Learner {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.recv_timeout(STOP_TICK) {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// No work for a model that is switched off, or under a lead that is over.
    fn goes_on(&self, group: GroupId) -> bool {
        goes_on(&self.groups, &self.stopped, group)
    }

    fn work(&mut self, job: Job) {
        let Job { lead, group, series } = job;
        let now = self.groups.applied(group).at_ms;
        let (groups, stopped) = (self.groups.clone(), Arc::clone(&self.stopped));
        let is_wanted = move || goes_on(&groups, &stopped, group);
        let histories = match self.runtime.block_on(history::read(&self.groups, group, &series, now, is_wanted)) {
            Ok(histories) => histories,
            Err(error) => {
                tracing::warn!(%group, %error, "history cannot be read, so nothing is learnt from it");
                return;
            }
        };
        self.known.retain(|_, (at, _)| at.elapsed() < LEARN_AGAIN);
        for (sensor, history) in histories {
            if !self.goes_on(group) {
                return;
            }
            let known = self.known.get(&sensor).map(|(_, known)| known.warmed_with(&history));
            let learnt = match known.map_or_else(|| learn(&history, &Options::default()), Ok) {
                Ok(learnt) => Box::new(learnt),
                Err(error) => {
                    tracing::info!(%sensor, %error, "no forecast of this sensor");
                    continue;
                }
            };
            tracing::info!(%sensor, ratio = learnt.ratio, "forecasts of this sensor begin");
            if self.known.len() < COURSES_PER_GROUP_MAX * JOBS_MAX {
                self.known.entry(sensor.clone()).or_insert_with(|| (Instant::now(), learnt.clone()));
            }
            if self.done.send((lead, sensor, learnt)).is_err() {
                return;
            }
        }
    }
}

fn series_kind(kind: SensorKind) -> Option<SeriesKind> {
    match kind {
        SensorKind::RiverLevel => Some(SeriesKind::River),
        SensorKind::Rain => Some(SeriesKind::Rain),
        SensorKind::Air => Some(SeriesKind::Air),
        SensorKind::Traffic => Some(SeriesKind::Traffic),
        SensorKind::Fire | SensorKind::Temperature | SensorKind::Other => None,
    }
}

/// The gravest limit first; of equally grave ones the one that was registered first.
fn ranked(thresholds: &[Threshold]) -> Vec<&Threshold> {
    let mut ranked: Vec<_> = thresholds.iter().collect();
    ranked.sort_by_key(|limit| std::cmp::Reverse(limit.severity));
    ranked
}

fn level(rank: u8, limit: &Threshold) -> Level {
    #[allow(clippy::cast_possible_truncation, reason = "a float's narrowing rounds, it does not wrap")]
    let at = number(limit.limit_micro) as f32;
    Level { level: rank, limit: at, above: limit.above }
}

fn millis(at_ms: i64) -> Millis {
    Millis(u64::try_from(at_ms).unwrap_or(0))
}
