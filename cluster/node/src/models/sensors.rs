//! The models that look at sensors and at the number of incidents, tied to this node: threads of their own, what is recorded
//! in, what they find out. What they find and whether it becomes an alarm is decided elsewhere: in crate `models`, and by the
//! actors.
//!
//! The program's own version of these models is a recipe (`models::watch`), and what it learns it learns here, from the operator's own
//! readings and incidents. A version with another hash is an artifact that somebody trained: settings of the detector, or a load
//! forecast. Without that artifact, it is not on this node.

mod forecast;
mod history;
mod load;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{Digest, GroupId, Micro, ModelKind, ModelName, RegisterModel, SensorId, UnusualReason, VersionName};
use entity::{Findings, Router, Sights, Silence, Spot, Spotted, Watcher};
use models::{
    anomaly::{Reason, Settings},
    serve::{Counts, NoAnswer, Server, Worker},
    watch::{Detectors, Lead, anomaly_recipe, anomaly_settings, forecast_recipe, load_recipe},
};
use raft::Groups;
use sha2::{Digest as _, Sha256};

use super::{Library, Loaded};
use forecast::ForecastWorker;
use load::Load;
pub(crate) use load::LoadReport;

/// The version under which the recipes of this program are registered.
const VERSION: &str = "v1";

/// The models of sensors and of load on this node. Dropping it ends their threads after what they are at.
pub(crate) struct Sensors {
    watchers: Arc<Watchers>,
    load: Arc<Load>,
    stopped: Arc<AtomicBool>,
}

/// Starts the threads and gives them to the actors. Must be called within a tokio runtime, once for each router.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn start(groups: &Groups, router: &Router, library: &Arc<Library>) -> io::Result<Sensors> {
    let stopped = Arc::new(AtomicBool::new(false));
    let worker = ForecastWorker::start(groups.clone(), Arc::clone(&stopped))?;
    let watchers = Arc::new(Watchers {
        // One worker each: a series' readings have to keep their order.
        anomaly: Server::start("anomaly", vec![AnomalyWorker::new(anomaly_settings())])?,
        forecast: Server::start("forecast", vec![worker])?,
        anomaly_sha256: hash(&anomaly_recipe()),
        forecast_sha256: hash(&forecast_recipe()),
        library: Arc::clone(library),
    });
    router.watch_with(Arc::clone(&watchers) as _);
    let load = Load::start(groups.clone(), hash(&load_recipe()), Arc::clone(library), Arc::clone(&stopped))?;
    Ok(Sensors { watchers, load, stopped })
}

/// What a new cluster registers of these models.
///
/// # Errors
/// Never: the names are right.
pub(crate) fn shipped() -> Result<Vec<RegisterModel>, domain::wire::Malformed> {
    let data = "learnt on each node from the operator's own records; the version names the recipe";
    let of = |kind: ModelKind, recipe: &str| {
        Ok(RegisterModel {
            name: ModelName::new(kind.as_str())?,
            version: VersionName::new(VERSION)?,
            kind,
            sha256: hash(recipe),
            data: data.to_owned(),
            quality: Vec::new(),
            shares: Vec::new(),
        })
    };
    Ok(vec![
        of(ModelKind::Anomaly, &anomaly_recipe())?,
        of(ModelKind::Forecast, &forecast_recipe())?,
        of(ModelKind::Load, &load_recipe())?,
    ])
}

impl Sensors {
    /// The load forecast as it was last computed, for `GET /api/load`.
    #[must_use]
    pub(crate) fn load(&self) -> LoadReport {
        self.load.report()
    }

    /// What the threads have answered, for `/metrics`.
    #[must_use]
    pub(crate) fn counts(&self) -> [(&'static str, Counts); 2] {
        [("anomaly", self.watchers.anomaly.counts()), ("forecast", self.watchers.forecast.counts())]
    }
}

impl Drop for Sensors {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        self.load.wake();
    }
}

struct Watchers {
    anomaly: Server<AnomalyWorker>,
    forecast: Server<ForecastWorker>,
    anomaly_sha256: Digest,
    forecast_sha256: Digest,
    library: Arc<Library>,
}

impl Watcher for Watchers {
    fn watch(&self, sights: Sights, findings: Findings) {
        let until = sights.until;
        let is = |kind, sha256| sights.kind == kind && sights.sha256 == sha256;
        if is(ModelKind::Anomaly, self.anomaly_sha256) {
            self.anomaly.ask_with(sights, until, |answer| give(findings, answer));
        } else if is(ModelKind::Forecast, self.forecast_sha256) {
            self.forecast.ask_with(sights, until, |answer| give(findings, answer));
        } else if let Some(loaded) = self.library.find(&sights.sha256)
            && let Loaded::Anomaly(server) = &*loaded
        {
            server.ask_with(sights, until, |answer| give(findings, answer));
        } else {
            findings.give(Err(Silence::Off));
        }
    }
}

fn give(findings: Findings, answer: Result<Vec<Spotted>, NoAnswer>) {
    findings.give(answer.map_err(|error| silence(&error)));
}

fn silence(error: &NoAnswer) -> Silence {
    match error {
        NoAnswer::Late => Silence::Late,
        NoAnswer::Full => Silence::Full,
        NoAnswer::Off => Silence::Off,
        NoAnswer::Failed(_) => Silence::Failed,
    }
}

/// The detectors of all series that one version watches.
pub(super) struct AnomalyWorker(Detectors<SensorId>);

impl Worker for AnomalyWorker {
    type Item = Sights;
    type Answer = Vec<Spotted>;

    fn answer(&mut self, items: &[Sights]) -> Vec<Result<Vec<Spotted>, String>> {
        items.iter().map(|sights| Ok(self.look(sights))).collect()
    }
}

impl AnomalyWorker {
    /// Has seen nothing.
    pub(super) fn new(settings: Settings) -> Self {
        Self(Detectors::new(settings))
    }

    fn look(&mut self, sights: &Sights) -> Vec<Spotted> {
        let lead = lead(sights.group, sights.reign);
        let spotted = |sight: &entity::Sight| {
            let score = self.0.observe(lead, &sight.sensor, ms(sight.at), number(sight.value))?;
            let spot = Spot::Unusual { score: score.score, reason: reason(score.reason?) };
            Some(Spotted { sensor: sight.sensor.clone(), value: sight.value, spot })
        };
        sights.sights.iter().filter_map(spotted).collect()
    }
}

fn reason(reason: Reason) -> UnusualReason {
    match reason {
        Reason::Spike => UnusualReason::Spike,
        Reason::Dip => UnusualReason::Dip,
        Reason::RecordHigh => UnusualReason::RecordHigh,
        Reason::RecordLow => UnusualReason::RecordLow,
        Reason::LevelUp => UnusualReason::LevelUp,
        Reason::LevelDown => UnusualReason::LevelDown,
        Reason::AboveUsual => UnusualReason::AboveUsual,
        Reason::BelowUsual => UnusualReason::BelowUsual,
        Reason::Pattern => UnusualReason::Pattern,
        Reason::Flat => UnusualReason::Flat,
        Reason::Gap => UnusualReason::Gap,
    }
}

fn hash(recipe: &str) -> Digest {
    Digest(Sha256::digest(recipe.as_bytes()).into())
}

fn lead(group: GroupId, reign: u64) -> Lead {
    Lead { group: group.0, reign }
}

fn ms(at: domain::Millis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A value as models take it: more than 53 bits say nothing about a river.
fn number(value: Micro) -> f64 {
    value.0 as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_what_is_here() {
        let shipped = shipped().unwrap();
        let kinds: Vec<_> = shipped.iter().map(|it| (it.name.as_str().to_owned(), it.kind, it.sha256)).collect();
        assert_eq!(kinds[0], ("anomaly".to_owned(), ModelKind::Anomaly, hash(&anomaly_recipe())));
        assert_eq!(kinds[1], ("forecast".to_owned(), ModelKind::Forecast, hash(&forecast_recipe())));
        assert_eq!(kinds[2], ("load".to_owned(), ModelKind::Load, hash(&load_recipe())));
    }

    #[test]
    fn a_spike_is_spotted_with_its_reason() {
        let mut worker = AnomalyWorker::new(anomaly_settings());
        let sight = |minute: u64, value: i64| entity::Sight {
            sensor: SensorId::new("S1").unwrap(),
            kind: domain::SensorKind::Rain,
            at: domain::Millis(minute * 60_000),
            value: Micro(value),
            thresholds: Vec::new(),
        };
        let mut show = |sights: Vec<entity::Sight>| {
            let (model, version) = (ModelName::new("anomaly").unwrap(), VersionName::new("v1").unwrap());
            let (group, kind, sha256) = (GroupId(1), ModelKind::Anomaly, hash(&anomaly_recipe()));
            let until = std::time::Instant::now();
            worker.look(&Sights { group, reign: 1, kind, model, version, sha256, sights, until })
        };
        let calm = (1..600).map(|minute| sight(minute, 2_000_000 + i64::try_from(minute % 5).unwrap() * 100_000));
        show(calm.collect());
        let spotted = show(vec![sight(600, 9_000_000)]);
        assert!(matches!(spotted[0].spot, Spot::Unusual { score, .. } if score > 0.5), "{spotted:?}");
        assert_eq!(spotted[0].value, Micro(9_000_000));
    }
}
