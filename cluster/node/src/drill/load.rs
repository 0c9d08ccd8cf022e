//! The load of a drill: exercise alarms of cameras, exercise incidents as calls would open them. All of it is marked as exercise in the
//! log, and taken back when the drill is over. No caller waits behind it: nothing of it rings at a desk, and no unit is sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{
    AcknowledgeIncident, AlarmKey, ClearAlarm, CloseIncident, Command, Condition, DrillNow, DrillScenario, EntityId,
    GroupId, Incident, IncidentKind, IncidentStatus, Micro, Millis, OpenIncident, Origin, Place, RaiseAlarm, Reply,
    Severity, Source, State,
};
use entity::Router;
use raft::Groups;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The condition under which cameras raise their exercise alarms.
const CONDITION: &str = "exercise";

/// How long one exercise command may take; then it counts as not taken.
const COMMAND_WITHIN: Duration = Duration::from_secs(5);

/// How long it is tried to take everything back.
const CLEAR_WITHIN: Duration = Duration::from_secs(60);

/// Exercise commands under way at once: a cluster that stands still is not made to bear more and more.
const UNDER_WAY_MAX: u32 = 32;

/// What was sent, and what of it was not taken.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) sent: AtomicU32,
    pub(crate) refused: AtomicU32,
    under_way: AtomicU32,
}

/// What every exercise incident of a drill is called by.
pub(crate) fn title(drill: u64) -> String {
    format!("[DIỄN TẬP {drill}]")
}

fn is_of(incident: &Incident, title: &str) -> bool {
    incident.exercise && incident.summary.starts_with(title)
}

/// A place for exercise incidents: where some unit stands, else the first administrative unit.
fn place(state: &State) -> Option<Place> {
    let station = state.units().values().next().map(|unit| unit.station.clone());
    station.or_else(|| {
        let admin_unit = state.admin_units().keys().next()?.clone();
        Some(Place { latitude_e7: 0, longitude_e7: 0, admin_unit, address: String::new() })
    })
}

/// The `turn`-th exercise incident.
fn call(state: &State, drill: u64, turn: u64) -> Option<OpenIncident> {
    Some(OpenIncident {
        kind: IncidentKind::Other,
        severity: Severity::Low,
        place: place(state)?,
        summary: format!("{} cuộc gọi / call {turn}", title(drill)),
        source: Source {
            origin: Origin::Report(format!("exercise-{drill}-{turn}")),
            episode: 0,
            version: 0,
            active: false,
            at_ms: Millis(0),
            alarm_report: None,
        },
        exercise: true,
        place_is_mapped: false,
        advice: None,
    })
}

/// An exercise incident that nobody has seen, on its way through the desk.
fn desk(state: &State, drill: u64) -> Option<AcknowledgeIncident> {
    let title = title(drill);
    let new = state.incidents().values().rev();
    let new =
        new.filter(|incident| incident.status == IncidentStatus::Opened).find(|incident| is_of(incident, &title))?;
    Some(AcknowledgeIncident { incident: new.id.clone(), expected_version: new.version })
}

/// The next alarm of a camera: one that is not active is raised, one that is goes.
fn alarm(state: &State, turn: u64) -> Option<Command> {
    let count = u64::try_from(state.cameras().len()).ok().filter(|count| *count > 0)?;
    let nth = usize::try_from(turn % count).ok()?;
    let camera = state.cameras().keys().nth(nth)?;
    let key = AlarmKey { entity: EntityId::from(camera), condition: Condition::new(CONDITION).ok()? };
    let known = state.alarms().get(&key);
    Some(match known.filter(|alarm| alarm.active) {
        Some(active) => ClearAlarm { key, episode: active.episode, value_micro: Micro(0) }.into(),
        None => RaiseAlarm {
            episode: known.map_or(0, |alarm| alarm.episode).checked_add(1)?,
            key,
            // An information: it is on every screen and opens no incident.
            severity: Severity::Info,
            value_micro: Micro(0),
            limit_micro: Micro(0),
            exercise: true,
            finding: None,
        }
        .into(),
    })
}

/// The command of this turn, and the group that it goes to; none: there is nothing that it could be about.
fn next(groups: &Groups, drill: &DrillNow, turn: u64) -> Option<(GroupId, Command)> {
    let zero = GroupId::COMMAND;
    match drill.scenario {
        DrillScenario::CameraStorm => {
            let with_cameras: Vec<GroupId> =
                GroupId::field().filter(|group| groups.read(*group, |state| !state.cameras().is_empty())).collect();
            let count = u64::try_from(with_cameras.len()).ok().filter(|count| *count > 0)?;
            let group = *with_cameras.get(usize::try_from(turn % count).ok()?)?;
            groups.read(group, |state| alarm(state, turn / count)).map(|command| (group, command))
        }
        DrillScenario::CallSurge => {
            groups.read(zero, |state| call(state, drill.number, turn)).map(|it| (zero, it.into()))
        }
        // Calls are opened and worked on in turn.
        DrillScenario::LeaderLost => {
            let worked_on = groups.read(zero, |state| desk(state, drill.number)).filter(|_| turn % 2 == 1);
            let opened = || groups.read(zero, |state| call(state, drill.number, turn)).map(Command::from);
            worked_on.map(Command::from).or_else(opened).map(|command| (zero, command))
        }
        DrillScenario::NodeLost | DrillScenario::LinkLost | DrillScenario::SlowDisk => None,
    }
}

/// Sends for as long as the drill goes on, at its strength; what is not taken is counted and not sent again.
pub(crate) async fn send(groups: Groups, router: Router, drill: DrillNow, sent: Arc<Sent>) {
    let has_load =
        matches!(drill.scenario, DrillScenario::CameraStorm | DrillScenario::CallSurge | DrillScenario::LeaderLost);
    if !has_load || drill.strength == 0 {
        return;
    }
    let mut tick = interval(Duration::from_secs(60) / drill.strength);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in 0_u64.. {
        tick.tick().await;
        let goes_on =
            groups.read(GroupId::COMMAND, State::drill_now).is_some_and(|now| now.number == drill.number && !now.ended);
        // Where the end itself cannot be heard of, the time that was said beforehand holds.
        if !goes_on || crate::clock::unix_ms() >= drill.until_ms.0 {
            return;
        }
        let Some((group, command)) = next(&groups, &drill, turn) else { continue };
        sent.sent.fetch_add(1, Ordering::Relaxed);
        if sent.under_way.load(Ordering::Relaxed) >= UNDER_WAY_MAX {
            sent.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        sent.under_way.fetch_add(1, Ordering::Relaxed);
        let (router, sent) = (router.clone(), Arc::clone(&sent));
        tokio::spawn(async move {
            // A refusal is an answer: the desk's version may have moved on meanwhile.
            if router.command(Some(group), command, None, None, COMMAND_WITHIN).await.is_err() {
                sent.refused.fetch_add(1, Ordering::Relaxed);
            }
            sent.under_way.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// What is still there of a drill's load, as the commands that take it back.
fn left(state: &State, drill: u64) -> Vec<Command> {
    let title = title(drill);
    let open = state.incidents().values().filter(|it| is_of(it, &title));
    let open = open.filter(|it| !matches!(it.status, IncidentStatus::Closed | IncidentStatus::Merged));
    let close = open.map(|it| {
        let note = "hết diễn tập / the drill is over".to_owned();
        Command::from(CloseIncident { incident: it.id.clone(), expected_version: it.version, note })
    });
    let alarms =
        state.alarms().values().filter(|it| it.active && it.exercise && it.key.condition.as_str() == CONDITION);
    let clear =
        alarms.map(|it| Command::from(ClearAlarm { key: it.key.clone(), episode: it.episode, value_micro: Micro(0) }));
    close.chain(clear).collect()
}

/// Takes everything back that a drill has sent. It may be done again.
pub(crate) async fn clear(groups: &Groups, router: &Router, drill: u64) {
    let until = Instant::now() + CLEAR_WITHIN;
    loop {
        let mut all = Vec::new();
        for group in GroupId::all() {
            all.extend(groups.read(group, |state| left(state, drill)).into_iter().map(|command| (group, command)));
        }
        if all.is_empty() || Instant::now() >= until {
            return;
        }
        for (group, command) in all {
            match router.command(Some(group), command, None, None, COMMAND_WITHIN).await {
                Ok(Reply::Accepted(_)) => {}
                // Somebody else has just changed it: the next round sees it as it is.
                Ok(Reply::Refused(refusal)) => tracing::debug!(?refusal, "an exercise is not over yet"),
                Err(error) => tracing::warn!(%error, "an exercise could not be ended: trying again"),
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use domain::{AdminUnit, AdminUnitCode, Camera, CameraHealth, CameraId, Entry, PutAdminUnits, RegisterCamera};

    use super::*;

    fn apply(state: &mut State, index: u64, command: impl Into<Command>) {
        let entry = Entry {
            at_ms: Millis(index),
            request: None,
            grant: None,
            command: command.into(),
            salt: bytes::Bytes::new(),
        };
        let reply = state.apply(index, &entry).reply;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
    }

    #[test]
    fn exercise_calls_are_marked_worked_on_and_taken_back() {
        let mut state = State::new(GroupId::COMMAND);
        assert!(call(&state, 4, 0).is_none(), "nothing can happen nowhere");
        let hue = AdminUnit {
            code: AdminUnitCode::new("hue").unwrap(),
            name: "Huế".into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        apply(&mut state, 1, PutAdminUnits { admin_units: vec![hue] });
        for turn in 0..3 {
            let call = call(&state, 4, turn).unwrap();
            assert!(call.exercise && call.summary.starts_with("[DIỄN TẬP 4]"));
            apply(&mut state, 2 + turn, call);
        }
        let seen = desk(&state, 4).unwrap();
        apply(&mut state, 6, seen);
        assert!(desk(&state, 5).is_none() && left(&state, 5).is_empty(), "another drill's are its own");
        let back = left(&state, 4);
        assert_eq!(back.len(), 3);
        for (index, command) in (7..).zip(back) {
            apply(&mut state, index, command);
        }
        assert!(left(&state, 4).is_empty());
    }

    #[test]
    fn exercise_alarms_come_and_go_and_are_taken_back() {
        let mut state = State::new(GroupId(1));
        assert!(alarm(&state, 0).is_none());
        let place = Place {
            latitude_e7: 0,
            longitude_e7: 0,
            admin_unit: AdminUnitCode::new("hue").unwrap(),
            address: String::new(),
        };
        let camera = Camera {
            id: CameraId::new("cam").unwrap(),
            name: "Cầu".into(),
            rtsp_url: "rtsp://127.0.0.1/1".into(),
            place,
            azimuth_deg: 0,
            field_of_view_deg: 60,
            credential_sealed: bytes::Bytes::new(),
            sensitive: false,
            out_of_service: Vec::new(),
            health: CameraHealth::Live,
            health_at_ms: Millis(0),
            version: 0,
        };
        apply(&mut state, 1, RegisterCamera { camera });
        for (index, is_active) in [(2, true), (3, false), (4, true)] {
            let command = alarm(&state, index).unwrap();
            apply(&mut state, index, command);
            assert_eq!(state.alarms().values().filter(|it| it.active && it.exercise).count(), usize::from(is_active));
        }
        let back = left(&state, 9);
        assert_eq!(back.len(), 1);
        apply(&mut state, 5, back.into_iter().next().unwrap());
        assert!(left(&state, 9).is_empty());
    }
}
