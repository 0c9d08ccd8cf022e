//! How long one message takes while one node, or three, beside it take readings at full speed: the model's thread has to get its turn on
//! cores that are all in use.

use std::time::{Duration, Instant};

use models::{
    serve::{NoAnswer, Server},
    triage::{Triage, hand_written},
};
use tokio::task::spawn_blocking;

use crate::{
    Result,
    parts::{
        Found, Setting,
        readings::{Fleet, Road, WARM_UP},
    },
    stage::{NODES, Stage},
    stats::{self, Samples},
};

/// The road, readings of one request and connections of the fastest of the runs of readings in the spine's report.
const LOAD: (Road, usize, usize) = (Road::Http, 100, 64);
/// Time between two messages: a hundred a second, sixty times the worst night's thousand in ten minutes.
const PERIOD: Duration = Duration::from_millis(10);
/// How long a served question may take; what is later counts as that long.
const DEADLINE: Duration = Duration::from_secs(1);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let mut found = Found::default();
    // A machine of its own has one node; three on one are what a cluster takes of a machine for trying things out.
    for (nodes, beside) in [(1, "busy_node"), (NODES, "busy")] {
        let half = Duration::from_secs(setting.choose(30, 3));
        let (road, batch, connections) = LOAD;
        let stage = Stage::start_of(nodes, &setting.program, "models", setting.keep).await?;
        let fleet = Fleet::register(&stage, connections).await?;
        let asking = spawn_blocking(move || ask(half));
        let within = half * 2;
        let (asked, sent) = tokio::join!(asking, fleet.send(&stage, road, batch, connections, within));
        let (direct, served) = asked??;
        let (direct, served) = (direct.sorted(), served.sorted());
        let readings_per_s = (sent?.len() * batch) as f64 / within.as_secs_f64();
        found.figure(format!("{beside}_readings_per_s"), Some(readings_per_s));
        for percent in [50.0, 99.0] {
            found.figure(format!("triage_ms_p{percent}_{beside}"), stats::percentile(&direct, percent));
            found.figure(format!("triage_served_ms_p{percent}_{beside}"), stats::percentile(&served, percent));
        }
        found.note(format!("direct_{beside}"), stats::curve(&direct));
        found.note(format!("served_{beside}"), stats::curve(&served));
    }
    Ok(found)
}

/// Asks for so long directly and as long through the queue, once the readings flow.
fn ask(half: Duration) -> std::result::Result<(Samples, Samples), String> {
    let texts: Vec<String> =
        hand_written().map_err(|error| error.to_string())?.into_iter().map(|message| message.text).collect();
    let triage = Triage::shipped().map_err(|error| error.to_string())?;
    std::thread::sleep(WARM_UP);
    let direct = paced(&texts, half, |text| triage.read(text).map(drop).map_err(|error| error.to_string()))?;
    let server = Server::start("triage", vec![triage]).map_err(|error| error.to_string())?;
    let served = paced(&texts, half, |text| match server.ask(text.to_owned(), Instant::now() + DEADLINE).wait() {
        Ok(_) | Err(NoAnswer::Late) => Ok(()),
        Err(error) => Err(error.to_string()),
    })?;
    Ok((direct, served))
}

/// One text every [`PERIOD`] for so long: milliseconds of each, from asking to the answer.
fn paced(
    texts: &[String],
    within: Duration,
    ask: impl Fn(&str) -> std::result::Result<(), String>,
) -> std::result::Result<Samples, String> {
    let (begun, mut due) = (Instant::now(), Instant::now());
    let mut samples = Samples::default();
    for text in texts.iter().cycle() {
        if begun.elapsed() >= within {
            break;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let asked = Instant::now();
        ask(text)?;
        samples.put(asked.elapsed().as_secs_f64() * 1000.0);
        due += PERIOD;
    }
    Ok(samples)
}
