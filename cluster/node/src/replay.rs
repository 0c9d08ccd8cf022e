//! `trongdong replay`: real recordings played to a cluster through its public doors. Series become sensors whose readings
//! are published over MQTT with QoS 1, emergency calls become reports over HTTP, clips become cameras. The files stay where
//! they are: a folder is named, laid out as in `replay/DESIGN.md`, and nothing of it is in the program.

pub use program::{ReplayArgs, program};

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use domain::{Micro, Millis, Sensor, SensorId};
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use self::series::{Pace, Series};
use crate::{
    client::{
        Answer, Client, ClientError,
        publisher::{Account, Counts, Publisher},
    },
    clock::unix_ms,
    town::{self, Registered},
};

pub mod air_quality;
pub mod calls;
pub mod nab;
mod program;
pub mod river_stage;
pub mod series;
pub mod table;
pub mod traffic;
pub mod video;

/// MQTT connections.
const CONNECTIONS: usize = 8;
/// Readings handed over at once.
const CHUNK: usize = 1024;
/// How often progress is told.
const TELL_MS: u64 = 5_000;
/// How long what was handed over may take to be acknowledged at the end.
const FINISH_MS_MAX: u64 = 120_000;
/// Fastest play: points a second apart still get device times of their own, a millisecond apart.
const SPEED_MAX: f64 = 1000.0;
/// Bytes of the name of a run.
const RUN_BYTES_MAX: usize = 8;
/// Calls sent before all earlier ones are answered.
const CALLS_PER_ROUND: usize = 32;

/// The recordings there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Numenta Anomaly Benchmark: 58 series.
    Nab,
    /// Roadside gases of an Italian town, and PM2.5 of Beijing.
    AirQuality,
    /// Stages and rain of the Miami River.
    RiverStage,
    /// Vehicles on Interstate 94, with the weather.
    Traffic,
    /// 911 calls of Montgomery County, moved to the province.
    Calls,
    /// Clips as cameras.
    Video,
}

impl Set {
    /// Every set, in the order in which they are played.
    pub const ALL: [Self; 6] = [Self::Video, Self::Nab, Self::AirQuality, Self::RiverStage, Self::Traffic, Self::Calls];

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nab => "nab",
            Self::AirQuality => "air_quality",
            Self::RiverStage => "river_stage",
            Self::Traffic => "traffic",
            Self::Calls => "calls",
            Self::Video => "video",
        }
    }
}

impl FromStr for Set {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|set| set.as_str() == name).ok_or(format!("sets: choose among {names}"))
    }
}

/// How fast to play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times faster than it happened. Device times are pressed together by this, so each is now when it is sent.
    Times(f64),
    /// As fast as acknowledgements allow. Device times keep their distances and end now.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.parse().ok().filter(|times: &f64| *times > 0.0 && *times <= SPEED_MAX);
        times
            .map(Self::Times)
            .ok_or(format!("speed: give a number above 0 and up to {SPEED_MAX}, such as 60, or `max`"))
    }
}

/// What to play, and how.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Folder of the recordings.
    pub data: PathBuf,
    /// Which; empty: all.
    pub sets: Vec<Set>,
    /// How fast.
    pub speed: Speed,
    /// At most so many points of each series, and calls; 0: all.
    pub limit: usize,
    /// Goes into the ids of sensors and the references of calls. A cluster that has heard a series to its end refuses to hear
    /// it again as too late, so another run at full speed needs another name.
    pub run: String,
    /// Incidents are part of a drill.
    pub exercise: bool,
    /// Where the clips are served (`rtsp://host:port`), see `ops/rtsp`; none: no cameras.
    pub rtsp_base: Option<String>,
}

/// Why a replay did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file is not there, not readable, or not what it should be.
    #[error("{path}: {message}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// An option cannot be used.
    #[error("{field}: {remedy}")]
    Option {
        /// Which.
        field: &'static str,
        /// What to give instead.
        remedy: String,
    },
    /// The cluster did not answer, or did not let us in.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl ReplayError {
    pub(crate) fn file(path: &Path, error: impl fmt::Display) -> Self {
        Self::File { path: path.to_owned(), message: error.to_string() }
    }

    pub(crate) fn read(path: &Path, error: &io::Error) -> Self {
        let remedy =
            if error.kind() == io::ErrorKind::NotFound { "; name the folder of recordings with --data" } else { "" };
        Self::File { path: path.to_owned(), message: format!("{error}{remedy}") }
    }
}

/// What came of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetCount {
    /// Series, or cameras.
    pub series: usize,
    /// Readings, or calls, handed over.
    pub sent: u64,
    /// Of these acknowledged: held by a quorum, or quarantined; for calls: opened an incident.
    pub acknowledged: u64,
    /// Publishes sent again after a connection broke.
    pub resent: u64,
    /// Refused calls and registrations by code; for readings the publishes in quarantine, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Sensors whose newest reading in the cluster is the last one that was sent, of those that were asked for.
    pub at_last: Option<(usize, usize)>,
    /// How long it took.
    pub took: Duration,
    /// Why it was left out; empty when it was not.
    pub skipped: String,
}

/// What came of each set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// By name.
    pub sets: BTreeMap<&'static str, SetCount>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.sets {
            if !count.skipped.is_empty() {
                writeln!(f, "{name}: left out, {}", count.skipped)?;
                continue;
            }
            let seconds = count.took.as_secs_f64();
            write!(f, "{name}: {} series, sent {}, acknowledged {}", count.series, count.sent, count.acknowledged)?;
            write!(f, ", resent {}, {seconds:.1} s", count.resent)?;
            if let Some((right, all)) = count.at_last {
                write!(f, ", {right} of {all} sensors stand at their last reading")?;
            }
            for (reason, refused) in &count.refused {
                write!(f, ", refused {reason} {refused}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Plays until the end or until `stop` turns true. `client` is signed in as an administrator.
///
/// # Errors
/// A file that is missing or broken, or a cluster that does not answer. Refusals are no error: they are counted.
pub async fn run(
    client: &Client,
    account: &Account,
    options: &ReplayOptions,
    stop: watch::Receiver<bool>,
) -> Result<Summary, ReplayError> {
    // Ids of recordings are short enough for this.
    if options.run.len() > RUN_BYTES_MAX || !(options.run.is_empty() || SensorId::new(&options.run).is_ok()) {
        let remedy = format!("use up to {RUN_BYTES_MAX} of a-z A-Z 0-9 - _ .");
        return Err(ReplayError::Option { field: "run", remedy });
    }
    let mut summary = Summary::default();
    for set in Set::ALL {
        if !options.sets.is_empty() && !options.sets.contains(&set) {
            continue;
        }
        let began = Instant::now();
        let played = match set {
            Set::Video => video(client, options).await?,
            Set::Calls => calls(client, options, &stop).await?,
            Set::Nab => series(client, account, options, set, nab::load(&options.data)?, &stop).await?,
            Set::AirQuality => series(client, account, options, set, air_quality::load(&options.data)?, &stop).await?,
            Set::RiverStage => series(client, account, options, set, river_stage::load(&options.data)?, &stop).await?,
            Set::Traffic => series(client, account, options, set, traffic::load(&options.data)?, &stop).await?,
        };
        summary.sets.insert(set.as_str(), SetCount { took: began.elapsed(), ..played });
        if *stop.borrow() {
            break;
        }
    }
    Ok(summary)
}

fn refusals(registered: &Registered) -> BTreeMap<String, u64> {
    for (what, refused) in &registered.refusals {
        tracing::warn!(what, %refused, "replay: registration refused");
    }
    registered.refused.iter().map(|(code, count)| (format!("registration {code}"), *count as u64)).collect()
}

async fn video(client: &Client, options: &ReplayOptions) -> Result<SetCount, ReplayError> {
    let Some(base) = &options.rtsp_base else {
        let skipped = "serve the clips with ops/rtsp/serve.py and give its address with --rtsp".to_owned();
        return Ok(SetCount { skipped, ..SetCount::default() });
    };
    let cameras = video::cameras(&video::clips(&options.data)?, base);
    let registered = town::register(client, "/api/cameras", &cameras, |camera| camera.id.to_string()).await?;
    let accepted = registered.accepted as u64;
    Ok(SetCount {
        series: cameras.len(),
        sent: cameras.len() as u64,
        acknowledged: accepted,
        refused: refusals(&registered),
        ..SetCount::default()
    })
}

/// What became of a call.
enum Sent {
    Answered(Answer),
    NoPlace,
}

async fn calls(
    client: &Client,
    options: &ReplayOptions,
    stop: &watch::Receiver<bool>,
) -> Result<SetCount, ReplayError> {
    let mut calls = calls::load(&options.data)?;
    if options.limit > 0 {
        calls.truncate(options.limit);
    }
    let mapping = calls::Mapping::new(&calls);
    let pace = Pace::new(options.speed, calls.first().map(|it| it.at), calls.last().map(|it| it.at), Millis(unix_ms()));
    let mut count = SetCount { series: 1, ..SetCount::default() };
    let mut told = Instant::now();
    for (round, chunk) in calls.chunks(CALLS_PER_ROUND).enumerate() {
        if *stop.borrow() {
            break;
        }
        let requests = chunk.iter().enumerate().map(|(index, call)| {
            let number = round * CALLS_PER_ROUND + index;
            let reference = format!("911{}-{number}", options.run);
            let report = mapping.report(call, &reference, options.exercise);
            let pace = &pace;
            async move {
                if !pace.wait_for(call.at, stop).await {
                    return None;
                }
                let Some(report) = report else { return Some(Ok(Sent::NoPlace)) };
                Some(client.command("/api/reports", &report).await.map(Sent::Answered))
            }
        });
        for answer in futures::future::join_all(requests).await.into_iter().flatten() {
            count.sent += 1;
            match answer {
                Ok(Sent::Answered(Answer::Accepted(_))) => count.acknowledged += 1,
                Ok(Sent::Answered(Answer::Refused(refused))) => *count.refused.entry(refused.code).or_default() += 1,
                Ok(Sent::NoPlace) => *count.refused.entry("no place".into()).or_default() += 1,
                Err(error) => {
                    tracing::warn!(%error, "replay: call without an answer");
                    *count.refused.entry("no answer".into()).or_default() += 1;
                }
            }
        }
        if told.elapsed() >= Duration::from_millis(TELL_MS) {
            told = Instant::now();
            tracing::info!(
                set = "calls",
                sent = count.sent,
                of = calls.len(),
                acknowledged = count.acknowledged,
                "replay"
            );
        }
    }
    Ok(count)
}

async fn series(
    client: &Client,
    account: &Account,
    options: &ReplayOptions,
    set: Set,
    mut all: Vec<Series>,
    stop: &watch::Receiver<bool>,
) -> Result<SetCount, ReplayError> {
    for series in &mut all {
        if options.limit > 0 {
            series.points.truncate(options.limit);
        }
        series.rename(&options.run);
    }
    let sensors: Vec<Sensor> = all.iter().map(|series| series.sensor.clone()).collect();
    let registered = town::register(client, "/api/sensors", &sensors, |sensor| sensor.id.to_string()).await?;
    let began_ms = unix_ms();
    let name = format!("replay-{}-{began_ms}", set.as_str());
    let (counts, last) = play(account, &name, set, &all, options.speed, stop).await;
    let mut refused = refusals(&registered);
    refused.extend(quarantined(client, &name).await);
    if counts.given_up > 0 {
        refused.insert("given up".into(), counts.given_up);
    }
    Ok(SetCount {
        series: all.len(),
        sent: counts.given,
        acknowledged: counts.acknowledged,
        resent: counts.resent,
        refused,
        at_last: Some(at_last(client, &last).await?),
        ..SetCount::default()
    })
}

/// The last reading of each sensor that the cluster can have taken.
type Last = BTreeMap<SensorId, (Millis, Micro)>;

/// Publishes all series merged by time.
async fn play(
    account: &Account,
    name: &str,
    set: Set,
    all: &[Series],
    speed: Speed,
    stop: &watch::Receiver<bool>,
) -> (Counts, Last) {
    let first = all.iter().filter_map(|series| series.points.first()).map(|point| point.0).min();
    let last = all.iter().filter_map(|series| series.points.last()).map(|point| point.0).max();
    let pace = Pace::new(speed, first, last, Millis(unix_ms()));
    let total: usize = all.iter().map(|series| series.points.len()).sum();
    let publisher = Publisher::start(account, name, CONNECTIONS);
    let mut merged = series::merge(all).peekable();
    let mut newest = Last::new();
    let mut told = Instant::now();
    while let Some((next_at, _, _)) = merged.peek() {
        if !pace.wait_for(*next_at, stop).await {
            break;
        }
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK
            && let Some((at, series, value)) = merged.next_if(|(at, _, _)| pace.wait_ms(*at, Millis(unix_ms())) == 0)
        {
            let reading = series.reading(pace.device_time(at), value);
            if series.can_say(value) {
                newest.insert(reading.sensor.clone(), (reading.at_ms, value));
            }
            chunk.push(reading);
        }
        if publisher.publish(chunk).await.is_err() {
            break;
        }
        if told.elapsed() >= Duration::from_millis(TELL_MS) {
            told = Instant::now();
            let counts = publisher.counts();
            tracing::info!(
                set = set.as_str(),
                sent = counts.given,
                of = total,
                acknowledged = counts.acknowledged,
                "replay"
            );
        }
    }
    (publisher.finish(Duration::from_millis(FINISH_MS_MAX)).await, newest)
}

/// One entry of a node's quarantine.
#[derive(Deserialize)]
struct Quarantined {
    reason: String,
    client: String,
}

/// Publishes of ours in the nodes' quarantines, by reason. Each node keeps the newest only, so this is a lower bound.
async fn quarantined(client: &Client, name: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for origin in client.origins() {
        match client.get_from::<Vec<Quarantined>>(origin, "/api/quarantine").await {
            Ok(entries) => {
                for entry in entries.into_iter().filter(|entry| entry.client.contains(name)) {
                    *counts.entry(format!("{} (publishes)", entry.reason)).or_default() += 1;
                }
            }
            Err(error) => tracing::warn!(%error, "replay: quarantine not read"),
        }
    }
    counts
}

/// How many of the sensors stand at the reading that was sent last. A node may be a moment behind, so it is asked again.
async fn at_last(client: &Client, last: &Last) -> Result<(usize, usize), ReplayError> {
    /// How often, and how long apart.
    const LOOKS: usize = 10;
    const LOOK_MS: u64 = 500;
    let mut right = 0;
    for _ in 0..LOOKS {
        let sensors: Vec<Sensor> = client.list("/api/sensors").await?;
        let is_right = |sensor: &&Sensor| last.get(&sensor.id) == Some(&(sensor.last_at_ms, sensor.last_micro));
        right = sensors.iter().filter(is_right).count();
        if right == last.len() {
            break;
        }
        sleep(Duration::from_millis(LOOK_MS)).await;
    }
    Ok((right, last.len()))
}

#[cfg(test)]
mod tests;
