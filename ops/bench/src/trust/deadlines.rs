//! Deadlines in a storm: instructions that are due one after the other over some minutes, while the leader of the group that keeps
//! them is killed again and again, and once all nodes. A screen at each node, that goes on at another when its own dies, says when
//! people were told; the timelines say how often.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::wire::generated::{EventKind, to_screen::Body};
use node::watch::{Hook, Noted, Screen, ScreenConfig, picture::Picture};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    audit,
    judge::judge,
    storm::{kill_leader, restart_all},
};
use crate::{
    Result,
    desk::Desk,
    parts::{Found, Setting},
    stage::{self, ADMIN_UNIT, Stage, now_ms, unix_ms},
    stats::{self, rounded},
};

/// Incidents that the instructions serve: their timelines say what was told.
const INCIDENTS: usize = 100;
/// Sessions that give them.
const SESSIONS: usize = 16;
/// From the first instruction given to the first one due: all are given by then.
const AHEAD: Duration = Duration::from_secs(40);
/// A first complete picture.
const PICTURE_WITHIN: Duration = Duration::from_secs(30);
/// After the last one is due, or the last node is back: until the timelines are read.
const SETTLE: Duration = Duration::from_secs(12);
/// How long one that is missing is looked for before it counts as never told.
const MISSING_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks, and before a look that failed is tried again.
const LOOK: Duration = Duration::from_secs(1);
/// Looks that may fail in a row.
const LOOKS_MAX: u32 = 20;

/// Clocks, and when the first screen was told of each.
type Seen = Arc<Mutex<BTreeMap<String, f64>>>;

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let count: u32 = setting.choose(10_000, 200);
    let kills: u32 = setting.choose(20, 2);
    let spread = Duration::from_secs(setting.choose(290, 40));
    let mut stage = Stage::start(&setting.program, "deadlines", setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desk = stage.admin(0).await?;
    let incidents = furnish(&mut desk).await?;
    let seen = Seen::default();
    let screens = observe(&stage, desk.token(), &seen)?;
    for screen in &screens {
        screen.wait_until(PICTURE_WITHIN, Picture::is_complete).await?;
    }

    let begun = Instant::now();
    let first_ms = unix_ms() + u64::try_from(AHEAD.as_millis())?;
    let due =
        |at: u32| Ok::<_, std::num::TryFromIntError>(first_ms + u64::try_from((spread * at / count).as_millis())?);
    let due = (0..count).map(due).collect::<std::result::Result<Vec<_>, _>>()?;
    let due = give(stage.admins(SESSIONS).await?, &incidents, due).await?;
    println!("  {} given in {:.1} s", due.len(), begun.elapsed().as_secs_f64());

    let pace = spread / (kills + 2);
    let (mut moved_s, mut ready_s, mut all_ready_s) = (Vec::new(), Vec::new(), None);
    let ends = begun + AHEAD + spread;
    let mut while_due = 0;
    for round in 0..=kills {
        sleep_until(begun + AHEAD + pace * round + pace / 2).await;
        if round == kills / 2 {
            let seconds = restart_all(&mut stage).await?;
            println!("  all nodes killed: ready after {seconds:.1} s");
            all_ready_s = Some(rounded(seconds));
            continue;
        }
        while_due += u32::from(Instant::now() < ends);
        let killed = kill_leader(&mut stage, &gateways).await?;
        println!(
            "  node {} killed: another leads after {:.2} s, ready {:.1} s",
            killed.node, killed.moved_s, killed.ready_s
        );
        moved_s.push(rounded(killed.moved_s));
        ready_s.push(rounded(killed.ready_s));
    }
    sleep_until(ends.max(Instant::now()) + SETTLE).await;

    let told = told(&mut desk, &incidents, due.len()).await?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let verdict = judge(&due, &told, &seen);
    let mut found = Found::default();
    for (name, number) in
        [("tested", due.len() as u64), ("twice", verdict.twice), ("never", verdict.never), ("early", verdict.early)]
    {
        found.figures.insert(format!("deadlines_{name}"), number.into());
    }
    found.percentiles("deadline_late", &verdict.late_ms);
    found.figure("deadline_late_ms_max", verdict.late_ms.last().copied());
    found.note("deadline_late_in_log", stats::curve(&verdict.late_in_log_ms));
    found.note("kills_while_due", while_due);
    found.note("spread_s", spread.as_secs());
    found.note("not_seen_by_any_screen", verdict.unseen);
    found.note("told_of_nothing", verdict.foreign);
    found.note("another_leads_s", moved_s);
    found.note("node_ready_s", ready_s);
    found.note("all_ready_s", all_ready_s);
    found.note("screens_gaps_and_doubles", screens.iter().map(wrong).sum::<u64>());
    drop(screens);
    let (records, _) = audit::export_and_verify(setting, &mut desk, "deadlines").await?;
    found.note("records_that_verified", records);
    Ok(found)
}

/// Frames that a screen did not get, or got twice.
fn wrong(screen: &Screen) -> u64 {
    screen.picture(|picture| picture.counters.gaps + picture.counters.doubles + picture.counters.disorders)
}

/// The commune, and the incidents that are served.
async fn furnish(desk: &mut Desk) -> Result<Arc<Vec<String>>> {
    desk.command("/api/admin-units", &admin_units(&[ADMIN_UNIT])).await?;
    let mut incidents = Vec::with_capacity(INCIDENTS);
    for number in 0..INCIDENTS {
        incidents.push(desk.command("/api/reports", &stage::report(&format!("served-{number}"))).await?.entity);
    }
    Ok(Arc::new(incidents))
}

/// The body of `POST /api/admin-units`, for communes of these codes.
pub(super) fn admin_units(codes: &[&str]) -> Value {
    let unit = |code: &&str| {
        json!({
            "code": code, "name": code, "name_en": "", "parent": null, "aliases": [],
            "valid_from_ms": 0, "valid_until_ms": 0,
        })
    };
    json!({ "admin_units": codes.iter().map(unit).collect::<Vec<_>>() })
}

/// A screen at each node, which begins there and goes on at the next one.
fn observe(stage: &Stage, token: &str, seen: &Seen) -> Result<Vec<Screen>> {
    let urls = stage.cluster.urls();
    let mut screens = Vec::with_capacity(urls.len());
    for at in 0..urls.len() {
        let mut origins = urls.clone();
        origins.rotate_left(at);
        let seen = Arc::clone(seen);
        let hook: Hook = Arc::new(move |noted: Noted<'_>| {
            if let Noted::Message(body) = noted {
                put_down(&seen, told_in(body));
            }
        });
        screens.push(Screen::open(ScreenConfig {
            nouns: vec!["instruction".to_owned()],
            seen_max: 0,
            hook: Some(hook),
            ..ScreenConfig::new(origins, token.to_owned())
        })?);
    }
    Ok(screens)
}

/// The clocks that a message says are late: by an event, or, for who was away, by the picture that it is given anew.
fn told_in(body: &Body) -> Vec<String> {
    match body {
        Body::Frame(frame) => {
            let late = frame.events.iter().filter(|event| event.kind == EventKind::DeadlineLate as i32);
            late.filter_map(|event| clock_of(&event.note)).map(str::to_owned).collect()
        }
        Body::Snapshot(snapshot) => {
            let clocks = snapshot.instructions.iter().flat_map(|it| it.clocks.iter().map(move |clock| (&it.id, clock)));
            clocks.filter(|(_, clock)| clock.fired > 0).map(|(id, clock)| format!("{id}#{}", clock.number)).collect()
        }
        _ => Vec::new(),
    }
}

fn put_down(seen: &Seen, clocks: Vec<String>) {
    if clocks.is_empty() {
        return;
    }
    let at_ms = now_ms();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for clock in clocks {
        seen.entry(clock).or_insert(at_ms);
    }
}

/// The clock that the note of a step names first.
fn clock_of(note: &str) -> Option<&str> {
    note.split(' ').next().filter(|clock| clock.contains('#'))
}

/// Gives an instruction for each due time, in their order; clocks and when they are due.
async fn give(desks: Vec<Desk>, incidents: &Arc<Vec<String>>, due: Vec<u64>) -> Result<BTreeMap<String, u64>> {
    let (due, next) = (Arc::new(due), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for mut desk in desks {
        let (due, next, incidents) = (due.clone(), next.clone(), incidents.clone());
        tasks.spawn(async move {
            let mut given = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(due_at_ms), Some(incident)) = (due.get(at), incidents.get(at % INCIDENTS)) else {
                    return Ok::<_, String>(given);
                };
                let body = json!({
                    "title": format!("Báo cáo số {at}"), "incident": incident, "admin_unit": ADMIN_UNIT,
                    "agency": "Thanh tra", "due_at_ms": due_at_ms,
                });
                let done = desk.command("/api/instructions", &body).await.map_err(|error| error.to_string())?;
                // Its only clock is its first.
                given.push((format!("{}#1", done.entity), *due_at_ms));
            }
        });
    }
    let mut all = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended??);
    }
    if all.len() != due.len() {
        return Err(format!("{} of {} instructions were given", all.len(), due.len()).into());
    }
    Ok(all)
}

/// All lines of all timelines that tell that something is late: clock and time. Reads again while some are missing.
async fn told(desk: &mut Desk, incidents: &[String], expected: usize) -> Result<Vec<(String, u64)>> {
    let until = Instant::now() + MISSING_WITHIN;
    loop {
        let mut told = Vec::with_capacity(expected);
        for incident in incidents {
            let timeline = look(desk, &format!("/api/incidents/{incident}/timeline")).await?;
            let lines = timeline.as_array().ok_or("a timeline is no list")?;
            told.extend(lines.iter().filter_map(told_line));
        }
        if told.len() >= expected || Instant::now() > until {
            return Ok(told);
        }
        sleep(LOOK).await;
    }
}

fn told_line(line: &Value) -> Option<(String, u64)> {
    let is_late = line.get("kind")?.as_str()? == "deadline_late";
    let clock = clock_of(line.get("note")?.as_str()?).filter(|_| is_late)?;
    Some((clock.to_owned(), line.get("at_ms")?.as_u64()?))
}

/// A look that is tried again: the kept connection may be one to a node that has died since.
async fn look(desk: &mut Desk, path: &str) -> Result<Value> {
    let mut failed = 0;
    loop {
        match desk.get(path).await {
            Ok(found) => return Ok(found),
            Err(error) if failed >= LOOKS_MAX => return Err(error),
            Err(_) => failed += 1,
        }
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use domain::wire::generated::{Clock, Event, Frame, Instruction, Snapshot};

    use super::*;

    #[test]
    fn screens_are_told_by_events_and_by_pictures() {
        let event =
            |kind: EventKind| Event { kind: kind.into(), note: "T3#1 do_instruction".into(), ..Event::default() };
        let events = vec![event(EventKind::DeadlineLate), event(EventKind::InstructionGiven)];
        assert_eq!(told_in(&Body::Frame(Frame { events, ..Frame::default() })), ["T3#1"]);
        let clock = |number, fired| Clock { number, fired, ..Clock::default() };
        let clocks = vec![clock(1, 1), clock(2, 0)];
        let instructions = vec![Instruction { id: "T4".into(), clocks, ..Instruction::default() }];
        assert_eq!(told_in(&Body::Snapshot(Snapshot { instructions, ..Snapshot::default() })), ["T4#1"]);
    }

    #[test]
    fn lines_that_tell_of_a_late_clock_are_read() {
        let line =
            json!({ "kind": "deadline_late", "at_ms": 7, "by": null, "note": "T12#1 do_instruction step 1 told" });
        assert_eq!(told_line(&line), Some(("T12#1".to_owned(), 7)));
        let other = json!({ "kind": "deadline_nearly_late", "at_ms": 7, "note": "T12#1 do_instruction step 1 told" });
        assert_eq!(told_line(&other), None);
        assert_eq!(told_line(&json!({ "kind": "instruction_given", "at_ms": 7, "note": "" })), None);
    }
}
