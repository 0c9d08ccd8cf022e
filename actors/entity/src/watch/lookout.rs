//! The lookout of one lead of a field group: shows models what was recorded, and makes alarms of what they find. It runs
//! beside the actors and none of them waits for it: what does not fit in its queue is not shown, what is not answered in
//! time is counted, and nothing else happens.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak, atomic::Ordering},
};

use domain::{Command, GroupId, Reading, Reply, ReportSilence};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{
    advice::{
        Silence,
        desk::{Silences, Version},
    },
    alarm::Book,
    config::{
        FINDINGS_IN_FLIGHT_MAX, FINDINGS_PER_ANSWER_MAX, SILENCE_REPORT_PERIOD, WATCH_DEADLINE, WATCH_IN_FLIGHT_MAX,
        WATCH_TICK,
    },
    counters::{add, count},
    host::reign::Reign,
    sensor::rules::Known,
    watch::{
        Findings, Sights, Spotted,
        rules::{Decided, InUse, Scene, WatchRule, in_use, sights},
    },
};

/// Who was asked and what came of it.
type Answered = (InUse, Result<Vec<Spotted>, Silence>);
/// How often a version was late and how often it failed.
type Report = (Version, u32, u32);

struct Lookout {
    in_use: Vec<InUse>,
    rule: WatchRule,
    /// Answers that are waited for, at most `WATCH_IN_FLIGHT_MAX`.
    waiting: JoinSet<Answered>,
    /// Findings on their way into the log, at most `FINDINGS_IN_FLIGHT_MAX`.
    proposing: JoinSet<()>,
    /// The report on its way to the command group; gives back what has to be said again.
    reporting: JoinSet<Vec<Report>>,
    silences: Silences,
    /// Who has answered since the last report.
    heard: BTreeSet<Version>,
    report_at: Instant,
}

/// Runs until the reign ends.
pub(crate) async fn run(reign: Weak<Reign>, mut queue: mpsc::Receiver<Vec<Reading>>) {
    let mut lookout = Lookout {
        in_use: Vec::new(),
        rule: WatchRule::default(),
        waiting: JoinSet::new(),
        proposing: JoinSet::new(),
        reporting: JoinSet::new(),
        silences: Silences::default(),
        heard: BTreeSet::new(),
        report_at: Instant::now() + SILENCE_REPORT_PERIOD,
    };
    let Some(begun) = reign.upgrade() else { return };
    lookout.remember(&begun);
    drop(begun);
    let mut tick = interval(WATCH_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = tick.tick() => {
                let Some(reign) = reign.upgrade() else { return };
                lookout.look(&reign);
            }
            Some(answered) = lookout.waiting.join_next() => {
                let Some(reign) = reign.upgrade() else { return };
                if let Ok((by, answer)) = answered {
                    lookout.take(&reign, &by, answer);
                }
            }
            Some(_) = lookout.proposing.join_next() => {}
            Some(kept) = lookout.reporting.join_next() => {
                for (version, late, failed) in kept.unwrap_or_default() {
                    lookout.silences.add(version, late, failed);
                }
            }
            readings = queue.recv() => {
                let (Some(readings), Some(reign)) = (readings, reign.upgrade()) else { return };
                lookout.show(&reign, &readings);
            }
        }
    }
}

impl Lookout {
    /// The alarms of findings, found again in state.
    fn remember(&mut self, reign: &Reign) {
        let now = reign.clock.now();
        let known: Vec<_> = reign.ctx.cluster.read(reign.group, |state| {
            state.alarms().values().filter(|alarm| alarm.finding.is_some()).cloned().collect()
        });
        for alarm in &known {
            self.rule.remember(alarm, reign.district_of_unit(&alarm.place.admin_unit), now);
        }
    }

    /// Shows every version in use what was recorded. The order of the log is kept, so nothing is awaited here.
    fn show(&mut self, reign: &Reign, readings: &[Reading]) {
        let until = std::time::Instant::now() + WATCH_DEADLINE;
        let counters = &reign.ctx.counters;
        for by in &self.in_use {
            let sights = reign.ctx.cluster.read(reign.group, |state| sights(state, by.kind, readings));
            if sights.is_empty() {
                continue;
            }
            let version = (by.model.clone(), by.version.clone());
            let Some(watcher) = reign.ctx.watcher.get() else {
                count(&counters.watch_failed);
                self.silences.add(version, 0, 1);
                continue;
            };
            if self.waiting.len() >= WATCH_IN_FLIGHT_MAX {
                count(&counters.watch_late);
                self.silences.add(version, 1, 0);
                continue;
            }
            add(&counters.watch_shown, sights.len());
            let (findings, found) = Findings::new();
            let shown = Sights {
                group: reign.group,
                reign: reign.number,
                kind: by.kind,
                model: by.model.clone(),
                version: by.version.clone(),
                sha256: by.sha256,
                sights,
                until,
            };
            watcher.watch(shown, findings);
            let by = by.clone();
            self.waiting.spawn(async move {
                let found = timeout(WATCH_DEADLINE, found).await.map_err(|_| Silence::Late);
                (by, found.and_then(|found| found.unwrap_or(Err(Silence::Failed))))
            });
        }
    }

    /// Takes an answer: what is found is decided on, silence is counted.
    fn take(&mut self, reign: &Arc<Reign>, by: &InUse, answer: Result<Vec<Spotted>, Silence>) {
        let counters = &reign.ctx.counters;
        let version = (by.model.clone(), by.version.clone());
        match answer {
            Ok(found) => {
                self.heard.insert(version);
                for spotted in found.into_iter().take(FINDINGS_PER_ANSWER_MAX) {
                    self.decide(reign, by, &spotted);
                }
            }
            Err(Silence::Late | Silence::Full) => {
                count(&counters.watch_late);
                self.silences.add(version, 1, 0);
            }
            Err(Silence::Off | Silence::Failed) => {
                count(&counters.watch_failed);
                self.silences.add(version, 0, 1);
            }
        }
    }

    fn decide(&mut self, reign: &Arc<Reign>, by: &InUse, spotted: &Spotted) {
        // Switched off since it was shown this.
        if !self.in_use.contains(by) {
            return;
        }
        let counters = &reign.ctx.counters;
        let district = reign.district_of_sensor(&spotted.sensor);
        let now = reign.clock.now();
        let rule = &mut self.rule;
        let decided = reign.ctx.cluster.read(reign.group, |state| {
            let known = Known { sensor: state.sensors().get(&spotted.sensor)?, alarms: Book(state.alarms()) };
            Some(rule.found(by, spotted, Scene { known, district: &district, now }))
        });
        match decided {
            None | Some(Decided::Nothing) => {}
            Some(Decided::Nonsense) => {
                tracing::warn!(model = %by.model, version = %by.version, sensor = %spotted.sensor, "a finding makes no sense");
                count(&counters.watch_failed);
                self.silences.add((by.model.clone(), by.version.clone()), 0, 1);
            }
            Some(Decided::Bounded) => count(&counters.findings_bounded),
            Some(Decided::Raise(raise)) => self.propose(reign, (*raise).into()),
            Some(Decided::Clear(clear)) => self.propose(reign, clear.into()),
        }
    }

    /// Looks at what is in use, what is over, and whether a report is due.
    fn look(&mut self, reign: &Arc<Reign>) {
        let cluster = &reign.ctx.cluster;
        self.in_use = cluster.read(GroupId::COMMAND, in_use);
        reign.is_watched.store(!self.in_use.is_empty(), Ordering::Release);
        if !self.rule.is_quiet() {
            let now = reign.clock.now();
            let (rule, in_use) = (&mut self.rule, &self.in_use);
            let over = cluster.read(reign.group, |state| rule.over(in_use, state, now));
            for clear in over {
                self.propose(reign, clear.into());
            }
        }
        if Instant::now() >= self.report_at && self.reporting.is_empty() {
            self.report_at = Instant::now() + SILENCE_REPORT_PERIOD;
            self.report(reign);
        }
    }

    /// Proposes without waiting. At the bound a finding is left out: what still holds is found again, and what is over is
    /// looked at again.
    fn propose(&mut self, reign: &Arc<Reign>, command: Command) {
        if self.proposing.len() >= FINDINGS_IN_FLIGHT_MAX {
            count(&reign.ctx.counters.findings_bounded);
            return;
        }
        let reign = reign.clone();
        self.proposing.spawn(async move {
            let counters = &reign.ctx.counters;
            let is_raised = matches!(command, Command::RaiseAlarm(_));
            match reign.propose(command).await {
                Ok(Reply::Accepted(_)) if is_raised => count(&counters.findings_raised),
                Ok(Reply::Accepted(_)) => count(&counters.findings_cleared),
                // An alarm came up meanwhile, or somebody else was first.
                Ok(Reply::Refused(refusal)) => tracing::debug!(?refusal, "a finding was refused"),
                Err(error) => tracing::debug!(%error, "a finding has no outcome"),
            }
        });
    }

    /// Tells the command group who was asked in vain, and who answers again.
    fn report(&mut self, reign: &Arc<Reign>) {
        let mut reports: Vec<Report> =
            self.silences.take().into_iter().map(|(version, (late, failed))| (version, late, failed)).collect();
        let mut heard = std::mem::take(&mut self.heard);
        heard.retain(|version| !reports.iter().any(|(silent, ..)| silent == version));
        let again = reign.ctx.cluster.read(GroupId::COMMAND, |state| {
            heard.retain(|version| state.tallies().get(version).is_some_and(|tally| tally.silent));
            heard
        });
        reports.extend(again.into_iter().map(|version| (version, 0, 0)));
        if !reports.is_empty() {
            let reign = reign.clone();
            self.reporting.spawn(async move { report_all(&reign, reports).await });
        }
    }
}

/// Reports, one after the other. What was not answered is kept; the next report has it too.
async fn report_all(reign: &Reign, reports: Vec<Report>) -> Vec<Report> {
    let mut kept = Vec::new();
    let Some(road) = reign.ctx.road.get().and_then(Weak::upgrade) else { return kept };
    for ((model, model_version), late, failed) in reports {
        let report = ReportSilence { model: model.clone(), model_version: model_version.clone(), late, failed };
        let is_silent = late > 0 || failed > 0;
        if road.system(GroupId::COMMAND, report.into()).await.is_err() && is_silent {
            kept.push(((model, model_version), late, failed));
        }
    }
    kept
}
