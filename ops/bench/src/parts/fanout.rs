//! Many sockets: 1,000 at 200 events a second and 5,000 at 40, one in a hundred of which stops reading; the others must get
//! every event, once, in order. Then all sockets are cut and come back at once. The peer does the same at the same size.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{Found, Setting};
use crate::{
    Result,
    desk::Desk,
    fanout::{Board, Slot, explain, judge, nats, ours, slots, wait},
    stage::Stage,
};

/// Sockets and events a second.
const SIZES: [(usize, f64); 2] = [(1_000, 200.0), (5_000, 40.0)];
/// Not counted, at the beginning.
const WARM_UP: Duration = Duration::from_secs(5);
/// Between the last picture and the first event that counts.
const QUIET: Duration = Duration::from_secs(2);
/// How long all sockets may take to be there.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long the last events may take after the last command.
const DRAIN_WITHIN: Duration = Duration::from_secs(30);
/// Events a second while all sockets come back, so that each can tell that it has missed nothing.
const TRICKLE_PER_S: f64 = 10.0;

/// Readers as tasks; they end with this.
struct Crowd(Vec<JoinHandle<()>>);

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Measures the nodes and the peer.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    crate::fanout::raise_open_files()?;
    let mut found = Found::default();
    let mut bytes = None;
    for (sockets, per_s) in SIZES {
        let sockets = setting.choose(sockets, sockets / 10);
        match of_nodes(setting, sockets, per_s, &mut found).await {
            Ok(event_bytes) => bytes = Some(event_bytes),
            Err(error) => {
                eprintln!("  fan-out to {sockets}: {error}");
                found.note(format!("failed_{sockets}"), error.to_string());
            }
        }
    }
    let bytes = bytes.ok_or("neither size could be measured, so the peer has nothing to be compared with")?;
    for (sockets, per_s) in SIZES {
        let sockets = setting.choose(sockets, sockets / 10);
        if let Err(error) = of_peer(setting, sockets, per_s, bytes, &mut found).await {
            eprintln!("  peer's fan-out to {sockets}: {error}");
            found.note(format!("nats_failed_{sockets}"), error.to_string());
        }
    }
    Ok(found)
}

/// One window of counting.
async fn window(setting: &Setting, board: &Board) -> f64 {
    sleep(WARM_UP).await;
    let before = board.deliveries.load(Ordering::Relaxed);
    let begun = Instant::now();
    board.measures.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(setting.choose(20, 4))).await;
    board.measures.store(false, Ordering::Relaxed);
    (board.deliveries.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64()
}

/// Waits until readers that go on have all events, and puts what became of them.
async fn put(
    found: &mut Found,
    prefix: &str,
    sockets: usize,
    expected: u64,
    per_s: f64,
    board: &Board,
    slots: &[Arc<Slot>],
) {
    let done = || judge(slots, expected).whole == judge(slots, expected).readers;
    wait(DRAIN_WITHIN, done).await;
    let verdict = judge(slots, expected);
    let all_whole = verdict.whole == verdict.readers;
    println!(
        "  {prefix}{sockets} sockets: {per_s:.0} deliveries/s, p99 {:?} ms, {verdict:?}",
        board.latency.percentile(99.0)
    );
    if !all_whole {
        println!("  not whole: {}", explain(slots, expected));
    }
    found.note(
        format!("{prefix}fanout_{sockets}"),
        json!({
            "latency": board.latency.curve(),
            "events": expected,
            "readers": verdict.readers,
            "whole": verdict.whole,
            "let_go": verdict.let_go,
            "breaks": verdict.breaks,
            "stalled": verdict.stalled,
        }),
    );
    // Deliveries that lose or double events are not what is claimed.
    if all_whole {
        found.figure(format!("{prefix}fanout_deliveries_per_s_{sockets}"), Some(per_s));
        found.figure(format!("{prefix}fanout_ms_p99_{sockets}"), board.latency.percentile(99.0));
    }
}

async fn of_nodes(setting: &Setting, sockets: usize, per_s: f64, found: &mut Found) -> Result<usize> {
    let mut stage = Stage::start(&setting.program, &format!("fanout-{sockets}"), setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desks = stage.admins(ours::MOVERS).await?;
    let first = desks.first_mut().ok_or("no desk")?;
    let token: Arc<str> = first.token().into();
    ours::register_units(first).await?;
    let event_bytes = ours::event_bytes(gateways[0], first).await?;
    found.note("event_bytes", event_bytes);

    let (board, slots) = (Arc::new(Board::default()), slots(sockets));
    let empty_kib: u64 = stage.rss_kib()?.iter().sum();
    let open = |board: &Arc<Board>, resumes: bool| {
        let reader = |(at, slot): (usize, &Arc<Slot>)| {
            let address = gateways[at % gateways.len()];
            tokio::spawn(ours::read(address, at, token.clone(), board.clone(), slot.clone(), resumes))
        };
        let readers = slots.iter().enumerate().filter(|(_, slot)| !resumes || !slot.stalls);
        Crowd(readers.map(reader).collect())
    };
    let begun = Instant::now();
    let crowd = open(&board, false);
    let are_ready = wait(READY_WITHIN, || board.ready.load(Ordering::Relaxed) == sockets).await;
    if !are_ready {
        let ready = board.ready.load(Ordering::Relaxed);
        return Err(format!("{ready} of {sockets} sockets have their pictures after {READY_WITHIN:?}").into());
    }
    let opened_s = begun.elapsed().as_secs_f64();
    let ready_kib: u64 = stage.rss_kib()?.iter().sum();
    // A picture that several screens share may be older than a registration, whose event then follows on it.
    sleep(QUIET).await;
    slots.iter().for_each(|slot| slot.forget());
    let movers = ours::Movers::start(desks, per_s);
    let started = Instant::now();
    let deliveries_per_s = window(setting, &board).await;
    let moved_s = started.elapsed().as_secs_f64();
    let (desks, accepted) = movers.stop().await?;
    // Movers wait for each answer, so that a cluster that cannot keep up gets fewer events than it was meant to.
    found.note(format!("events_per_s_{sockets}"), crate::stats::rounded(accepted as f64 / moved_s));
    let after_kib: u64 = stage.rss_kib()?.iter().sum();
    put(found, "", sockets, accepted, deliveries_per_s, &board, &slots).await;
    found.note(format!("opened_s_{sockets}"), crate::stats::rounded(opened_s));
    found.note(format!("failed_opens_{sockets}"), board.failed_opens.load(Ordering::Relaxed));
    found.note(format!("slow_let_go_{sockets}"), let_go_as_slow(&gateways).await?);
    let per_socket = |kib: u64| kib.saturating_sub(empty_kib) as f64 / sockets as f64;
    found.note(format!("socket_kib_ready_{sockets}"), crate::stats::rounded(per_socket(ready_kib)));
    found.note(format!("socket_kib_after_{sockets}"), crate::stats::rounded(per_socket(after_kib)));

    if sockets == SIZES[SIZES.len() - 1].0 || setting.quick {
        found.figure("socket_kib", Some(per_socket(after_kib)));
        let seconds = reconnect(&slots, crowd, desks, &open).await;
        match seconds {
            Ok((seconds, failed)) => {
                println!("  {sockets} sockets came back in {seconds:.2} s");
                found.figure("reconnect_all_s", Some(seconds));
                found.note("reconnect_failed_opens", failed);
            }
            Err(error) => {
                eprintln!("  coming back: {error}");
                found.note("reconnect_failed", error.to_string());
            }
        }
    }
    Ok(event_bytes)
}

/// Cuts every socket at once and opens them all again; seconds until the last has its first events that follow on what it
/// had, and how many tries to open failed.
async fn reconnect(
    slots: &[Arc<Slot>],
    crowd: Crowd,
    desks: Vec<Desk>,
    open: &impl Fn(&Arc<Board>, bool) -> Crowd,
) -> Result<(f64, u64)> {
    let breaks = || slots.iter().map(|slot| slot.breaks.load(Ordering::Relaxed)).sum::<u64>();
    let before = breaks();
    let movers = ours::Movers::start(desks, TRICKLE_PER_S);
    let count = slots.iter().filter(|slot| !slot.stalls).count();
    drop(crowd);
    let begun = Instant::now();
    let board = Arc::new(Board::default());
    let crowd = open(&board, true);
    let are_back = wait(READY_WITHIN, || board.ready.load(Ordering::Relaxed) == count).await;
    let seconds = begun.elapsed().as_secs_f64();
    let moved = movers.accepted();
    movers.stop().await?;
    drop(crowd);
    if !are_back {
        let back = board.ready.load(Ordering::Relaxed);
        return Err(format!("{back} of {count} sockets were back after {READY_WITHIN:?}, {moved} units moved").into());
    }
    let broken = breaks() - before;
    if broken > 0 {
        return Err(format!("{broken} sockets came back with a gap or a reset").into());
    }
    Ok((seconds, board.failed_opens.load(Ordering::Relaxed)))
}

/// Screens that all nodes have let go for being slow, by their metrics.
async fn let_go_as_slow(gateways: &[std::net::SocketAddr]) -> Result<f64> {
    let mut sum = 0.0;
    for gateway in gateways {
        let answer = crate::http::Connection::open(*gateway).await?.ask("GET", "/metrics", "", b"").await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let slow = text.lines().filter(|line| !line.starts_with('#') && line.contains("\"slow\""));
        sum += slow.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>();
    }
    Ok(sum)
}

async fn of_peer(setting: &Setting, sockets: usize, per_s: f64, event_bytes: usize, found: &mut Found) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("trongdong-bench-{}-nats", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let ended = peer_in(&folder, setting, sockets, per_s, event_bytes, found).await;
    let _ = std::fs::remove_dir_all(&folder);
    ended
}

async fn peer_in(
    folder: &std::path::Path,
    setting: &Setting,
    sockets: usize,
    per_s: f64,
    event_bytes: usize,
    found: &mut Found,
) -> Result<()> {
    let server = nats::Server::start(folder).await?;
    found.note("nats_version", server.version.clone());
    let rss_kib = || server.pid().map_or(Ok(0), crate::stage::rss_kib);
    let (board, slots) = (Arc::new(Board::default()), slots(sockets));
    let empty_kib = rss_kib()?;
    let open = |board: &Arc<Board>| {
        let reader =
            |(at, slot): (usize, &Arc<Slot>)| tokio::spawn(nats::read(server.address, at, board.clone(), slot.clone()));
        Crowd(slots.iter().enumerate().map(reader).collect())
    };
    let begun = Instant::now();
    let crowd = open(&board);
    if !wait(READY_WITHIN, || board.ready.load(Ordering::Relaxed) == sockets).await {
        let ready = board.ready.load(Ordering::Relaxed);
        return Err(format!("{ready} of {sockets} sockets are there after {READY_WITHIN:?}").into());
    }
    found.note(format!("nats_opened_s_{sockets}"), crate::stats::rounded(begun.elapsed().as_secs_f64()));
    let (stop, stopped) = watch::channel(false);
    let publisher = tokio::spawn(nats::publish(server.address, per_s, event_bytes, stopped));
    let deliveries_per_s = window(setting, &board).await;
    let _ = stop.send(true);
    let published = publisher.await??;
    let after_kib = rss_kib()?;
    put(found, "nats_", sockets, published, deliveries_per_s, &board, &slots).await;
    found.note(
        format!("nats_socket_kib_after_{sockets}"),
        crate::stats::rounded(after_kib.saturating_sub(empty_kib) as f64 / sockets as f64),
    );
    if sockets == SIZES[SIZES.len() - 1].0 {
        drop(crowd);
        let (board, begun) = (Arc::new(Board::default()), Instant::now());
        let crowd = open(&board);
        if wait(READY_WITHIN, || board.ready.load(Ordering::Relaxed) == sockets).await {
            found.note("nats_reconnect_all_s", crate::stats::rounded(begun.elapsed().as_secs_f64()));
        }
        drop(crowd);
    }
    Ok(())
}
