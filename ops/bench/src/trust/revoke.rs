//! From a right that is taken to the last message that an open stream got by it. People look at one of two districts, in both of
//! which something happens all the time. Each is moved from one to the other and back, and in the end is let in no more: the stream
//! of whoever is moved goes on and must not tell of the former district, the other one must end.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::wire::generated::{Incident, event::Subject, to_screen::Body};
use node::watch::{Hook, Noted, Screen, ScreenConfig, picture::Picture};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};

use super::deadlines::admin_units;
use crate::{
    Result,
    desk::Desk,
    parts::{Found, Setting},
    stage::{self, ADMIN_UNIT, Stage, now_ms},
    stats::{self, Samples},
};

/// The communes of the two districts.
const COMMUNES: [&str; 2] = [ADMIN_UNIT, "05488"];
/// The two districts.
const DISTRICTS: [&str; 2] = ["phong-dong", "phong-tay"];
/// People with a stream each.
const PEOPLE: usize = 40;
/// What they sign in with; the cluster is gone a minute later.
const PASSWORD: &str = "mat-khau-tam-thoi";
/// Between two reports of one district.
const PERIOD: Duration = Duration::from_millis(40);
/// Between two revocations.
const SPACING: Duration = Duration::from_millis(80);
/// A first complete picture.
const PICTURE_WITHIN: Duration = Duration::from_secs(30);
/// After the first picture, and after the last revocation.
const SETTLE: Duration = Duration::from_secs(3);

/// What one stream has got.
#[derive(Debug, Default)]
struct Heard {
    /// When it was told of something in which district.
    told: Vec<(f64, usize)>,
    /// When it got its last message of any kind.
    last_ms: f64,
}

/// One right that was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Revoked {
    /// Whose.
    person: usize,
    /// The district that must not be told of any more.
    district: usize,
    /// The person is not let in any more, so nothing may come at all.
    is_final: bool,
    /// Since when the person had it.
    since_ms: f64,
    /// When the command was acknowledged.
    acknowledged_ms: f64,
    /// From when on the person may have it again.
    until_ms: f64,
}

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let (people, moves): (usize, usize) = setting.choose((PEOPLE, 5), (4, 2));
    let stage = Stage::start(&setting.program, "revoke", setting.keep).await?;
    let mut desk = stage.admin(0).await?;
    furnish(&mut desk, people).await?;
    let (stop, flows) = (Arc::new(AtomicBool::new(false)), flows(&stage).await?);
    let flows: Vec<_> =
        flows.into_iter().map(|(desk, district)| tokio::spawn(flow(desk, district, Arc::clone(&stop)))).collect();
    let (screens, heard) = streams(&stage, people).await?;
    for screen in &screens {
        screen.wait_until(PICTURE_WITHIN, Picture::is_complete).await?;
    }
    sleep(SETTLE).await;

    let mut revoked: Vec<Revoked> = Vec::new();
    let mut since_ms = vec![now_ms() - SETTLE.as_secs_f64() * 1000.0; people];
    for round in 0..=moves {
        for (person, since_ms) in since_ms.iter_mut().enumerate() {
            let (district, is_final) = ((person + round) % 2, round == moves);
            let body =
                if is_final { person_body(person, district, true) } else { person_body(person, 1 - district, false) };
            if let Some(last) = revoked.iter_mut().rev().find(|it| it.person == person) {
                last.until_ms = now_ms();
            }
            desk.command("/api/people", &body).await?;
            let acknowledged_ms = now_ms();
            let until_ms = f64::INFINITY;
            revoked.push(Revoked { person, district, is_final, since_ms: *since_ms, acknowledged_ms, until_ms });
            *since_ms = acknowledged_ms;
            sleep(SPACING).await;
        }
    }
    sleep(SETTLE).await;
    stop.store(true, Ordering::Relaxed);
    let reports = ended(flows).await?;
    let open = screens.iter().filter(|screen| screen.connection().over.is_none()).count();
    drop(screens);

    let (mut all, mut moved, mut over, mut unproved) = (Samples::default(), Samples::default(), Samples::default(), 0);
    for revocation in &revoked {
        let heard = heard.get(revocation.person).ok_or("a stream was not listened to")?;
        let heard = lock(heard);
        match silence_ms(&heard, revocation) {
            Some(ms) => {
                all.put(ms);
                if revocation.is_final { over.put(ms) } else { moved.put(ms) }
            }
            None => unproved += 1,
        }
    }
    let mut found = Found::default();
    found.note("revocations", all.len());
    found.percentiles("revoke_to_silence", &all.sorted());
    found.note("moved", stats::curve(&moved.sorted()));
    found.note("ended", stats::curve(&over.sorted()));
    found.note("streams", people);
    found.note("streams_that_did_not_end", open);
    found.note("nothing_was_told_before", unproved);
    found.note("reports", reports);
    if open > 0 {
        return Err(format!("{open} streams go on though their people are not let in any more").into());
    }
    Ok(found)
}

/// Communes, districts, and the people: those of an even number begin in the first district.
async fn furnish(desk: &mut Desk, people: usize) -> Result<()> {
    desk.command("/api/admin-units", &admin_units(&COMMUNES)).await?;
    for ((id, commune), group) in DISTRICTS.iter().zip(COMMUNES).zip(1..) {
        let district = json!({ "id": id, "name": id, "admin_units": [commune], "group": group });
        desk.command("/api/districts", &district).await?;
    }
    for person in 0..people {
        let mut body = person_body(person, person % 2, false);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("password".to_owned(), PASSWORD.into());
        }
        desk.command("/api/people", &body).await?;
    }
    Ok(())
}

fn name(person: usize) -> String {
    format!("nguoi-xem-{person}")
}

/// The body of `POST /api/people`.
fn person_body(person: usize, district: usize, disabled: bool) -> Value {
    json!({
        "id": name(person), "name": name(person), "role": "operator", "disabled": disabled,
        "districts": DISTRICTS.get(district).into_iter().collect::<Vec<_>>(),
    })
}

/// A desk for each district, each at another node.
async fn flows(stage: &Stage) -> Result<Vec<(Desk, usize)>> {
    let mut desks = Vec::new();
    for district in 0..DISTRICTS.len() {
        desks.push((stage.admin(1 + district).await?, district));
    }
    Ok(desks)
}

/// Reports from one district until it is stopped; how many.
async fn flow(mut desk: Desk, district: usize, stop: Arc<AtomicBool>) -> std::result::Result<u64, String> {
    let mut tick = tokio::time::interval(PERIOD);
    let mut reports = 0;
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        let mut report = stage::report(&format!("{district}-{reports}"));
        if let Some(code) = report.pointer_mut("/place/admin_unit") {
            *code = COMMUNES.get(district).copied().unwrap_or_default().into();
        }
        desk.command("/api/reports", &report).await.map_err(|error| error.to_string())?;
        reports += 1;
    }
    Ok(reports)
}

async fn ended(flows: Vec<JoinHandle<std::result::Result<u64, String>>>) -> Result<u64> {
    let mut reports = 0;
    for flow in flows {
        reports += flow.await??;
    }
    Ok(reports)
}

/// Signs everybody in and opens a stream each, spread over the nodes.
async fn streams(stage: &Stage, people: usize) -> Result<(Vec<Screen>, Vec<Arc<Mutex<Heard>>>)> {
    let (gateways, urls) = (stage.gateways()?, stage.cluster.urls());
    let (mut screens, mut all) = (Vec::with_capacity(people), Vec::with_capacity(people));
    for person in 0..people {
        let signed_in = Desk::sign_in(&gateways, person, &name(person), PASSWORD).await?;
        let mut origins = urls.clone();
        origins.rotate_left(person % urls.len().max(1));
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listening = Arc::clone(&heard);
        let hook: Hook = Arc::new(move |noted: Noted<'_>| {
            if let Noted::Message(body) = noted {
                put_down(&mut lock(&listening), body);
            }
        });
        let config =
            ScreenConfig { seen_max: 0, hook: Some(hook), ..ScreenConfig::new(origins, signed_in.token().to_owned()) };
        screens.push(Screen::open(config)?);
        all.push(heard);
    }
    Ok((screens, all))
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a message down, with the districts that it tells of.
fn put_down(heard: &mut Heard, body: &Body) {
    let at_ms = now_ms();
    heard.last_ms = at_ms;
    let mut districts = BTreeSet::new();
    match body {
        Body::Frame(frame) => {
            let incidents = frame.events.iter().filter_map(|event| match &event.subject {
                Some(Subject::Incident(incident)) => Some(incident),
                _ => None,
            });
            districts.extend(incidents.filter_map(district_of));
        }
        Body::Snapshot(snapshot) => {
            districts.extend(snapshot.incidents.iter().filter_map(district_of));
        }
        _ => {}
    }
    heard.told.extend(districts.into_iter().map(|district| (at_ms, district)));
}

fn district_of(incident: &Incident) -> Option<usize> {
    let code = &incident.place.as_ref()?.admin_unit;
    COMMUNES.iter().position(|commune| commune == code)
}

/// Milliseconds from the acknowledgement to the last message by the right that was taken, 0 when the last came before; none when
/// nothing came while the person had it, so that nothing is shown.
fn silence_ms(heard: &Heard, revoked: &Revoked) -> Option<f64> {
    let of_it = || heard.told.iter().filter(|(_, district)| *district == revoked.district).map(|(at_ms, _)| *at_ms);
    if !of_it().any(|at_ms| (revoked.since_ms..=revoked.acknowledged_ms).contains(&at_ms)) {
        return None;
    }
    let last_ms = if revoked.is_final {
        heard.last_ms
    } else {
        of_it().filter(|at_ms| *at_ms < revoked.until_ms).fold(0.0, f64::max)
    };
    Some((last_ms - revoked.acknowledged_ms).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_after_the_last_message_of_the_district_that_was_taken() {
        let heard = Heard { told: vec![(10.0, 0), (22.0, 0), (23.0, 1), (60.0, 0)], last_ms: 65.0 };
        let moved =
            Revoked { person: 0, district: 0, is_final: false, since_ms: 5.0, acknowledged_ms: 20.0, until_ms: 50.0 };
        assert_eq!(silence_ms(&heard, &moved), Some(2.0), "at 60 the person had it again");
        assert_eq!(silence_ms(&heard, &Revoked { acknowledged_ms: 22.5, ..moved }), Some(0.0));
        assert_eq!(silence_ms(&heard, &Revoked { is_final: true, until_ms: f64::INFINITY, ..moved }), Some(45.0));
        assert_eq!(silence_ms(&heard, &Revoked { since_ms: 11.0, ..moved }), None, "nothing was told before");
    }
}
