//! The load forecast of this node: how many incidents each district should have today, hour by hour, and how many it has.
//! Every node computes it from its own state, so any node can answer; who leads the command group reports what leaves its band.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use domain::{
    AdminUnitCode, Command, Digest, DistrictId, GroupId, LoadNotice, LoadSide, Millis, ModelKind, ModelName,
    ReportLoad, ReportSilence, VersionName,
};
use models::{
    forecast::load::{
        Hourly, LoadModel, LoadOptions,
        band::Side,
        day::{DistrictDay, day, today},
        train,
    },
    watch::{LOAD_HOURS_LEAST, LOAD_HOURS_MAX, UTC_OFFSET_H},
};
use raft::{Groups, Proposal};
use serde::Serialize;
use tokio::runtime::Handle;

use super::super::{Library, Loaded};

/// How often it is computed.
const PERIOD: Duration = Duration::from_secs(60);
/// What was learnt is learnt anew after this.
const LEARN_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// How long a report may take into the log. It is made again with the next period.
const PROPOSE_DEADLINE: Duration = Duration::from_secs(5);
const HOUR_MS: i64 = 3_600_000;
/// Stands for the district of what no district watches.
const NO_DISTRICT: &str = "no-district";

/// Where the load forecast stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoadState {
    /// No version is in use, or somebody switched it off.
    #[default]
    Off,
    /// The version in use is not on this node.
    Missing,
    /// There is too little history yet.
    Learning,
    /// It forecasts.
    Ready,
    /// Learning failed.
    Failed,
}

/// The load forecast as it was last computed.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LoadReport {
    /// Where it stands.
    pub(crate) state: LoadState,
    /// Which model; empty: none.
    pub(crate) model: String,
    /// In which version.
    pub(crate) model_version: String,
    /// When it was computed, Unix milliseconds; 0: never.
    pub(crate) at_ms: i64,
    /// Hours of history, and how many are needed.
    pub(crate) hours: usize,
    /// See `hours`.
    pub(crate) hours_least: usize,
    /// When the day began that it is about.
    pub(crate) day_at_ms: i64,
    /// By district; the last one, without a name, is all together.
    pub(crate) districts: Vec<DistrictDay>,
}

/// The thread that computes it, and what it computed.
pub(super) struct Load {
    report: Mutex<LoadReport>,
    woken: Condvar,
}

impl Load {
    /// Must be called within a tokio runtime.
    pub(super) fn start(
        groups: Groups,
        sha256: Digest,
        library: Arc<Library>,
        stopped: Arc<AtomicBool>,
    ) -> io::Result<Arc<Self>> {
        let load = Arc::new(Self { report: Mutex::default(), woken: Condvar::new() });
        let worker = Worker { groups, sha256, library, runtime: Handle::current(), learnt: None };
        let shared = Arc::clone(&load);
        std::thread::Builder::new().name("model-load".to_owned()).spawn(move || shared.run(worker, &stopped))?;
        Ok(load)
    }

    fn run(&self, mut worker: Worker, stopped: &AtomicBool) {
        while !stopped.load(Ordering::Acquire) {
            let report = worker.compute();
            worker.tell(&report);
            let mut kept = self.lock();
            *kept = report;
            // Woken before its time only to stop.
            drop(self.woken.wait_timeout(kept, PERIOD));
        }
    }

    pub(super) fn report(&self) -> LoadReport {
        self.lock().clone()
    }

    pub(super) fn wake(&self) {
        self.woken.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, LoadReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version in use.
#[derive(Clone, PartialEq, Eq)]
struct InUse {
    model: ModelName,
    version: VersionName,
    sha256: Digest,
}

struct Worker {
    groups: Groups,
    /// Of the recipe by which it learns here.
    sha256: Digest,
    /// Where the versions are that somebody trained.
    library: Arc<Library>,
    runtime: Handle,
    learnt: Option<(Instant, LoadModel)>,
}

impl Worker {
    fn compute(&mut self) -> LoadReport {
        let now_ms = now_ms();
        let Some(by) = self.in_use() else {
            self.learnt = None;
            return LoadReport { at_ms: now_ms, ..LoadReport::default() };
        };
        let (model, model_version) = (by.model.to_string(), by.version.to_string());
        let report = LoadReport { model, model_version, at_ms: now_ms, ..LoadReport::default() };
        let hourly = self.hourly(now_ms.div_euclid(HOUR_MS));
        let hours = hourly.hours();
        if by.sha256 != self.sha256 {
            // Trained elsewhere, perhaps on years that this cluster has not seen.
            let Some(loaded) = self.library.find(&by.sha256) else {
                return LoadReport { state: LoadState::Missing, ..report };
            };
            let Loaded::Load(model) = &*loaded else { return LoadReport { state: LoadState::Missing, ..report } };
            let districts = day(model, &hourly, model.utc_offset_h);
            let day_at_ms = today(&hourly, model.utc_offset_h).0 * HOUR_MS;
            return LoadReport { state: LoadState::Ready, hours, day_at_ms, districts, ..report };
        }
        let report = LoadReport { hours, hours_least: LOAD_HOURS_LEAST, state: LoadState::Learning, ..report };
        if hours < LOAD_HOURS_LEAST {
            return report;
        }
        let Some(model) = self.learn(&hourly) else { return LoadReport { state: LoadState::Failed, ..report } };
        let districts = day(model, &hourly, UTC_OFFSET_H);
        let day_at_ms = today(&hourly, UTC_OFFSET_H).0 * HOUR_MS;
        LoadReport { state: LoadState::Ready, day_at_ms, districts, ..report }
    }

    fn in_use(&self) -> Option<InUse> {
        self.groups.read(GroupId::COMMAND, |state| {
            state.models().values().filter(|model| model.kind == ModelKind::Load && model.on).find_map(|model| {
                let version = model.version(model.active.as_ref()?)?;
                Some(InUse { model: model.name.clone(), version: version.version.clone(), sha256: version.sha256 })
            })
        })
    }

    /// Incidents by district and hour, up to the last hour that has ended. Drills and what was merged into another do not count.
    fn hourly(&self, next_hour: i64) -> Hourly {
        let incidents: Vec<(i64, AdminUnitCode)> = self.groups.read(GroupId::COMMAND, |state| {
            let counted = state.incidents().values().filter(|it| !it.exercise && it.merged_into.is_none());
            counted.map(|it| (hour_of(it.opened_at_ms), it.place.admin_unit.clone())).collect()
        });
        let units: BTreeSet<_> = incidents.iter().map(|(_, unit)| unit.clone()).collect();
        let (of_unit, all) = self.groups.read(GroupId::COMMAND, |state| {
            let district = |unit: &AdminUnitCode| state.districts_of(unit).next().map(|it| it.id.to_string());
            let of_unit: BTreeMap<_, _> = units.iter().map(|unit| (unit.clone(), district(unit))).collect();
            (of_unit, state.districts().keys().map(ToString::to_string).collect::<Vec<_>>())
        });
        let by_district = incidents.iter().map(|(hour, unit)| (*hour, of_unit.get(unit).cloned().flatten()));
        count(by_district, all, next_hour)
    }

    fn learn(&mut self, hourly: &Hourly) -> Option<&LoadModel> {
        let is_fresh = self.learnt.as_ref().is_some_and(|(at, _)| at.elapsed() < LEARN_AGAIN);
        if !is_fresh {
            let options = LoadOptions { utc_offset_h: UTC_OFFSET_H, ..LoadOptions::default() };
            match train(hourly, &options, &mut |_| ()) {
                Ok(trained) => self.learnt = Some((Instant::now(), trained.model)),
                // What was learnt before is better than nothing.
                Err(error) => tracing::warn!(%error, "the load forecast cannot be learnt"),
            }
        }
        self.learnt.as_ref().map(|(_, model)| model)
    }

    /// Reports what has left its band or is back, and that the version is not here. Only who leads the command group does.
    fn tell(&self, report: &LoadReport) {
        if !self.groups.lead_watch(GroupId::COMMAND).borrow().is_self_ready {
            return;
        }
        if matches!(report.state, LoadState::Missing | LoadState::Failed)
            && let (Ok(model), Ok(model_version)) =
                (ModelName::new(&report.model), VersionName::new(&report.model_version))
        {
            self.propose(ReportSilence { model, model_version, late: 0, failed: 1 }.into());
        }
        if matches!(report.state, LoadState::Learning | LoadState::Ready) {
            self.answers_again(report);
        }
        let stands: BTreeMap<DistrictId, Option<LoadNotice>> = self.groups.read(GroupId::COMMAND, |state| {
            state.districts().values().map(|district| (district.id.clone(), district.load.clone())).collect()
        });
        for (district, notice) in stands {
            let found = report.districts.iter().find(|day| day.district == district.as_str());
            if let Some(notice) = changed(report, found, notice.as_ref()) {
                self.propose(ReportLoad { district, notice }.into());
            }
        }
    }

    /// A version that was silent and is not any more is said not to be.
    fn answers_again(&self, report: &LoadReport) {
        let (Ok(model), Ok(model_version)) = (ModelName::new(&report.model), VersionName::new(&report.model_version))
        else {
            return;
        };
        let key = (model, model_version);
        let was_silent = |state: &domain::State| state.tallies().get(&key).is_some_and(|tally| tally.silent);
        if self.groups.read(GroupId::COMMAND, was_silent) {
            let (model, model_version) = key;
            self.propose(ReportSilence { model, model_version, late: 0, failed: 0 }.into());
        }
    }

    fn propose(&self, command: Command) {
        let proposed = self.groups.propose(GroupId::COMMAND, Proposal::system(command), PROPOSE_DEADLINE);
        if let Err(error) = self.runtime.block_on(proposed) {
            tracing::debug!(%error, "a report of the load forecast has no outcome; it is made again");
        }
    }
}

/// What is to be reported of a district, if anything: a notice, or that there is none any more.
fn changed(
    report: &LoadReport,
    found: Option<&DistrictDay>,
    stands: Option<&LoadNotice>,
) -> Option<Option<LoadNotice>> {
    let wanted = found.and_then(|day| notice(report, day));
    match (wanted, stands) {
        (None, Some(_)) => Some(None),
        (Some(notice), Some(stands)) if notice.side == stands.side && notice.day_at_ms == stands.day_at_ms => None,
        // It is outside by the watch, which waits for a second look, and just back inside by the count.
        (Some(notice), _) if (notice.low..=notice.high).contains(&notice.count) => None,
        (Some(notice), _) => Some(Some(notice)),
        (None, None) => None,
    }
}

fn notice(report: &LoadReport, day: &DistrictDay) -> Option<LoadNotice> {
    let side = match day.side {
        Side::Within => return None,
        Side::Above => LoadSide::Above,
        Side::Below => LoadSide::Below,
    };
    let band = day.band?;
    Some(LoadNotice {
        model: ModelName::new(&report.model).ok()?,
        model_version: VersionName::new(&report.model_version).ok()?,
        side,
        count: day.so_far,
        low: band.low,
        high: band.high,
        day_at_ms: Millis(u64::try_from(report.day_at_ms).ok()?),
        reported_at_ms: Millis(0),
    })
}

/// Counts by district, rising, and of all together; the hour of the first incident, which may be cut, is left out.
fn count(
    incidents: impl Iterator<Item = (i64, Option<String>)> + Clone,
    mut names: Vec<String>,
    next_hour: i64,
) -> Hourly {
    names.push(NO_DISTRICT.to_owned());
    names.sort_unstable();
    names.dedup();
    let first = incidents.clone().map(|(hour, _)| hour + 1).min().unwrap_or(next_hour);
    let first_hour = first.max(next_hour - i64::try_from(LOAD_HOURS_MAX).unwrap_or(i64::MAX));
    let hours = usize::try_from(next_hour - first_hour).unwrap_or(0);
    let mut counts = vec![vec![0; hours]; names.len() + 1];
    for (hour, district) in incidents {
        let Some(at) = usize::try_from(hour - first_hour).ok().filter(|at| *at < hours) else { continue };
        let district = district.as_deref().unwrap_or(NO_DISTRICT);
        let Ok(series) = names.binary_search_by(|name| name.as_str().cmp(district)) else { continue };
        for series in [series, names.len()] {
            if let Some(count) = counts.get_mut(series).and_then(|counts| counts.get_mut(at)) {
                *count += 1;
            }
        }
    }
    Hourly { first_hour, districts: names, counts }
}

fn hour_of(at: Millis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX).div_euclid(HOUR_MS)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use models::forecast::load::band::Band;

    use super::*;

    #[test]
    fn incidents_are_counted_by_district_up_to_the_last_hour_that_ended() {
        let of = |name: &str| Some(name.to_owned());
        let incidents = [(10, of("b")), (11, of("b")), (11, None), (12, of("a")), (13, of("a")), (12, of("gone"))];
        let hourly = count(incidents.into_iter(), vec!["b".into(), "a".into()], 13);
        assert_eq!((hourly.first_hour, hourly.hours()), (11, 2));
        assert_eq!(hourly.districts, ["a", "b", "no-district"]);
        assert_eq!(hourly.counts, [vec![0, 1], vec![1, 0], vec![1, 0], vec![2, 1]]);
        assert_eq!(count(std::iter::empty(), Vec::new(), 13).hours(), 0);
        let long = count([(0, None)].into_iter(), Vec::new(), 1_000_000);
        assert_eq!(long.hours(), LOAD_HOURS_MAX);
    }

    #[test]
    fn only_what_changes_is_reported() {
        let report =
            LoadReport { model: "load".into(), model_version: "v1".into(), day_at_ms: 9, ..LoadReport::default() };
        let band = Some(Band { low: 2, inner_low: 3, inner_high: 6, high: 8 });
        let day = |side, so_far| DistrictDay {
            district: "west".into(),
            hours: Vec::new(),
            counts: Vec::new(),
            so_far,
            band,
            side,
        };
        let busy = notice(&report, &day(Side::Above, 9)).unwrap();
        assert_eq!((busy.side, busy.count, busy.high, busy.day_at_ms), (LoadSide::Above, 9, 8, Millis(9)));
        let says = |found: Option<DistrictDay>, stands: Option<&LoadNotice>| changed(&report, found.as_ref(), stands);
        assert_eq!(says(Some(day(Side::Within, 5)), None), None);
        assert_eq!(says(Some(day(Side::Above, 9)), None), Some(Some(busy.clone())));
        assert_eq!(says(Some(day(Side::Above, 12)), Some(&busy)), None, "it is known");
        assert_eq!(says(Some(day(Side::Above, 7)), None), None, "not by the count");
        assert!(matches!(says(Some(day(Side::Below, 1)), Some(&busy)), Some(Some(it)) if it.side == LoadSide::Below));
        assert_eq!(says(Some(day(Side::Within, 5)), Some(&busy)), Some(None));
        // Off, or the district is new.
        assert_eq!(says(None, Some(&busy)), Some(None));
        assert_eq!(says(None, None), None);
    }
}
