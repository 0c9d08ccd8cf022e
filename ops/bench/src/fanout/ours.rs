//! A reader of a node's screens, and the units on the move that give it something to read.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::{Board, STALLED_RECEIVE_BYTES, Slot, client_address};
use crate::{
    Result,
    desk::Desk,
    screen::{self, Place, Said},
    stage::{now_ms, place, unix_ms},
    websocket::Socket,
};

/// `EVENT_KIND_UNIT_MOVED`.
const UNIT_MOVED: u64 = 12;
/// Units on the move.
pub(crate) const UNITS: usize = 200;
/// Desks that move them: enough that none waits for another's commit at the highest rate.
pub(crate) const MOVERS: usize = 16;
/// Pause before a socket that could not be opened is tried again, times the reader's number modulo 10.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Reads until it is stopped (by dropping it) or let go. With `resumes` it begins where the slot is, and is ready with the
/// first frame that follows on that without a gap; else it is ready with the pictures of all groups.
pub(crate) async fn read(
    address: SocketAddr,
    at: usize,
    token: Arc<str>,
    board: Arc<Board>,
    slot: Arc<Slot>,
    resumes: bool,
) {
    let receive_bytes = slot.stalls.then_some(STALLED_RECEIVE_BYTES);
    let target = screen::target(address, client_address(at), &token, receive_bytes);
    let from: Vec<Place> = if resumes { slot.places().to_vec() } else { Vec::new() };
    let mut socket = loop {
        match screen::open(&target, &from).await {
            Ok(socket) => break socket,
            Err(_) => {
                board.failed_opens.fetch_add(1, Ordering::Relaxed);
                sleep(AGAIN_AFTER * u32::try_from(1 + at % 10).unwrap_or(1)).await;
            }
        }
    };
    if !resumes {
        match screen::pictures(&mut socket).await {
            Ok(places) => places.into_iter().for_each(|place| slot.keep(place)),
            Err(_) => return slot.ended.store(true, Ordering::Relaxed),
        }
        board.ready.fetch_add(1, Ordering::Relaxed);
        if slot.stalls {
            // Open, and not read any more.
            return std::future::pending().await;
        }
    }
    let _ = follow(&mut socket, &board, &slot, resumes).await;
    slot.ended.store(true, Ordering::Relaxed);
}

async fn follow(socket: &mut Socket, board: &Board, slot: &Slot, resumes: bool) -> io::Result<()> {
    let mut last = slot.places()[0];
    let mut waits = resumes;
    loop {
        let payload = socket.next().await?;
        match Said::read(&payload) {
            Said::Frame { from, through, body } => {
                if from.group == 0 {
                    if from != last {
                        slot.breaks.fetch_add(1, Ordering::Relaxed);
                    }
                    last = through;
                    take(body, board, slot);
                    if std::mem::take(&mut waits) {
                        board.ready.fetch_add(1, Ordering::Relaxed);
                    }
                }
                slot.keep(through);
            }
            Said::Reset { group: 0, .. } => {
                slot.breaks.fetch_add(1, Ordering::Relaxed);
            }
            Said::Snapshot { through, last: true } => {
                if through.group == 0 {
                    last = through;
                }
                slot.keep(through);
            }
            Said::Bye { .. } => return Ok(()),
            _ => {}
        }
    }
}

fn take(frame: &[u8], board: &Board, slot: &Slot) {
    let now_ms = unix_ms();
    let measures = board.measures.load(Ordering::Relaxed);
    let mut count = 0;
    for event in screen::events(frame) {
        let (kind, at_ms) = screen::kind_and_time(event);
        if kind == UNIT_MOVED {
            slot.take(event);
            count += 1;
            if measures {
                board.latency.put(now_ms.saturating_sub(at_ms), 1);
            }
        }
    }
    board.deliveries.fetch_add(count, Ordering::Relaxed);
}

/// Registers the units.
pub(crate) async fn register_units(desk: &mut Desk) -> Result<()> {
    for at in 0..UNITS {
        let unit = json!({ "id": unit(at), "name": format!("Xe cứu thương số {at}"), "agency": "Trung tâm cấp cứu 115", "station": place(at) });
        desk.command("/api/units", &unit).await?;
    }
    Ok(())
}

fn unit(at: usize) -> String {
    format!("unit-{at}")
}

/// Units that move `per_s` times a second in all, while it is not stopped. Each unit is moved by one desk, and by one more
/// than 1 ms after the last, so that each command that is accepted is one event.
pub(crate) struct Movers {
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<(Desk, Option<String>)>>,
    accepted: Arc<AtomicU64>,
}

impl Movers {
    /// Starts them.
    pub(crate) fn start(desks: Vec<Desk>, per_s: f64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let accepted = Arc::new(AtomicU64::new(0));
        let count = desks.len();
        let tasks = desks.into_iter().enumerate().map(|(at, desk)| {
            let (stopped, accepted) = (stopped.clone(), accepted.clone());
            let period = Duration::from_secs_f64(count as f64 / per_s);
            let first = period.mul_f64(at as f64 / count as f64);
            tokio::spawn(async move {
                sleep(first).await;
                drive(desk, at, count, period, stopped, &accepted).await
            })
        });
        let tasks = tasks.collect();
        Self { stop, tasks, accepted }
    }

    /// Commands accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Stops them; the desks, and how many commands were accepted.
    pub(crate) async fn stop(self) -> Result<(Vec<Desk>, u64)> {
        let _ = self.stop.send(true);
        let mut desks = Vec::new();
        for task in self.tasks {
            let (desk, failed) = task.await?;
            if let Some(failed) = failed {
                return Err(failed.into());
            }
            desks.push(desk);
        }
        Ok((desks, self.accepted.load(Ordering::Relaxed)))
    }
}

async fn drive(
    mut desk: Desk,
    at: usize,
    desks: usize,
    period: Duration,
    stopped: watch::Receiver<bool>,
    accepted: &AtomicU64,
) -> (Desk, Option<String>) {
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut turn = 0;
    while !*stopped.borrow() {
        tick.tick().await;
        let unit = unit(at + desks * (turn % (UNITS / desks)));
        turn += 1;
        let body = json!({ "position": place(turn), "at_ms": unix_ms() });
        match desk.command(&format!("/api/units/{unit}/position"), &body).await {
            Ok(_) => accepted.fetch_add(1, Ordering::Relaxed),
            Err(error) => return (desk, Some(error.to_string())),
        };
    }
    (desk, None)
}

/// Bytes of one event as it comes over the wire, so that the peer carries as many.
pub(crate) async fn event_bytes(address: SocketAddr, desk: &mut Desk) -> Result<usize> {
    let target = screen::target(address, crate::stage::LOOPBACK, desk.token(), None);
    let mut socket = screen::open(&target, &[]).await?;
    screen::pictures(&mut socket).await?;
    let body = json!({ "position": place(1), "at_ms": unix_ms() });
    desk.command(&format!("/api/units/{}/position", unit(0)), &body).await?;
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        let payload = socket.next().await?;
        if let Said::Frame { body, .. } = Said::read(&payload)
            && let Some(event) = screen::events(body).find(|event| screen::kind_and_time(event).0 == UNIT_MOVED)
        {
            return Ok(event.len());
        }
    }
    Err(format!("a unit was moved and no screen was told within 10 s (now {})", now_ms()).into())
}
