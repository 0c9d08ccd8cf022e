//! The desk that asks models, one for each lead of the command group. It runs beside the actors and none of them waits for
//! it: what does not fit in its queue is not asked, what is not answered in time is counted, and nothing else happens.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
};

use domain::{IncidentId, ModelName, Reply, ReportSilence, VersionName};
use futures::{FutureExt, future::join_all};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{
    advice::{
        Answer, Question, Silence,
        agenda::Agenda,
        rules::{Read, Told, questions, read},
    },
    config::{ADVICE_DEADLINE, ADVICE_IN_FLIGHT_MAX, ADVICE_PAUSE, SILENCE_REPORT_PERIOD},
    counters::{Counters, count},
    host::{Ctx, reign::Reign},
};

pub(crate) type Version = (ModelName, VersionName);

/// How often versions were asked in vain since it was last reported. At most as many as are in use.
#[derive(Debug, Default)]
pub(crate) struct Silences(BTreeMap<Version, (u32, u32)>);

impl Silences {
    /// All of it; nothing is left.
    pub(crate) fn take(&mut self) -> BTreeMap<Version, (u32, u32)> {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn add(&mut self, version: Version, late: u32, failed: u32) {
        let counted = self.0.entry(version).or_default();
        counted.0 = counted.0.saturating_add(late);
        counted.1 = counted.1.saturating_add(failed);
    }
}

/// What one piece of work of the desk came to: what is to be reported, later or again.
type Done = Vec<(Version, u32, u32)>;

/// Work of the desk, with the incident that is asked about, if it is about one.
type Work = JoinSet<(Option<IncidentId>, Done)>;

/// Runs until the reign ends.
pub(crate) async fn run(reign: Weak<Reign>, mut queue: mpsc::Receiver<Told>) {
    let mut under_way = Work::new();
    // Incidents that were asked about a moment ago; at most one entry for each on the agenda.
    let mut resting: JoinSet<IncidentId> = JoinSet::new();
    let mut agenda = Agenda::default();
    let mut silences = Silences::default();
    let mut reports = interval_at(Instant::now() + SILENCE_REPORT_PERIOD, SILENCE_REPORT_PERIOD);
    reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            Some(done) = under_way.join_next() => {
                let (incident, done) = done.unwrap_or_default();
                for (version, late, failed) in done {
                    silences.add(version, late, failed);
                }
                if let Some(incident) = incident {
                    resting.spawn(async move {
                        sleep(ADVICE_PAUSE).await;
                        incident
                    });
                }
            }
            _ = reports.tick(), if !silences.0.is_empty() => {
                let Some(reign) = reign.upgrade() else { return };
                let report = silences.take();
                under_way.spawn(async move { (None, report_all(&reign, report).await) });
            }
            Some(Ok(incident)) = resting.join_next(), if under_way.len() < ADVICE_IN_FLIGHT_MAX => {
                if let Some(told) = agenda.next(&incident) {
                    let Some(reign) = reign.upgrade() else { return };
                    begin(&mut under_way, reign, told);
                }
            }
            told = queue.recv(), if under_way.len() < ADVICE_IN_FLIGHT_MAX => {
                let (Some(told), Some(reign)) = (told, reign.upgrade()) else { return };
                if let Some(told) = agenda.take(told) {
                    begin(&mut under_way, reign, told);
                }
            }
        }
    }
}

fn begin(under_way: &mut Work, reign: Arc<Reign>, told: Told) {
    under_way.spawn(async move {
        // A panic of an advisor ends its own question only, and the incident may be asked about again.
        let done = AssertUnwindSafe(ask_all(&reign, &told)).catch_unwind().await.unwrap_or_default();
        (Some(told.incident), done)
    });
}

/// Asks every version in use, all at once.
async fn ask_all(reign: &Reign, told: &Told) -> Done {
    let until = std::time::Instant::now() + ADVICE_DEADLINE;
    let questions = reign.ctx.cluster.read(reign.group, |state| questions(state, told, until));
    let asked = questions.into_iter().map(|question| async move {
        let version = (question.model.clone(), question.version.clone());
        let silence = ask(reign, question).await.err()?;
        let counters = &reign.ctx.counters;
        Some(match silence {
            Silence::Late | Silence::Full => {
                count(&counters.advice_late);
                (version, 1, 0)
            }
            Silence::Off | Silence::Failed => {
                count(&counters.advice_failed);
                (version, 0, 1)
            }
        })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Asks one version and proposes what it says.
async fn ask(reign: &Reign, question: Question) -> Result<(), Silence> {
    let Ctx { advisor, counters, .. } = &*reign.ctx;
    let advisor = advisor.get().ok_or(Silence::Off)?;
    count(&counters.advice_asked);
    let (answer, answered) = Answer::new();
    advisor.ask(question.clone(), answer);
    let answered = timeout(ADVICE_DEADLINE, answered).await.map_err(|_| Silence::Late)?;
    let advice = answered.unwrap_or(Err(Silence::Failed))?;
    match read(&question, &advice) {
        Read::Nothing => Ok(()),
        Read::Nonsense => {
            tracing::warn!(model = %question.model, version = %question.version, "a model's answer makes no sense");
            Err(Silence::Failed)
        }
        Read::Suggest(suggest) => {
            suggested(counters, reign.propose(suggest.into()).await);
            Ok(())
        }
    }
}

fn suggested(counters: &Counters, outcome: Result<Reply, raft::ProposeError>) {
    match outcome {
        Ok(Reply::Accepted(_)) => count(&counters.advice_suggested),
        // The register or the incident moved on meanwhile.
        Ok(Reply::Refused(refusal)) => {
            count(&counters.advice_refused);
            tracing::debug!(?refusal, "a suggestion was refused");
        }
        // It is asked again with the next look at the whole state.
        Err(error) => tracing::debug!(%error, "a suggestion has no outcome"),
    }
}

/// Reports silence. What was not answered is kept; the next report has it too.
async fn report_all(reign: &Reign, silences: BTreeMap<Version, (u32, u32)>) -> Done {
    let mut kept = Done::new();
    for ((model, model_version), (late, failed)) in silences {
        let report = ReportSilence { model: model.clone(), model_version: model_version.clone(), late, failed };
        if reign.propose(report.into()).await.is_err() {
            kept.push(((model, model_version), late, failed));
        }
    }
    kept
}
