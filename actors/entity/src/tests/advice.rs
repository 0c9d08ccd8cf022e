//! Models beside the actors: what they say is kept, and what they do not say holds up nothing.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use domain::{
    AssignIncident, Digest, GroupId, IncidentId, IncidentKind, ModelKind, ModelMode, ModelName, NoteIncident,
    OpenIncident, Origin, RegisterModel, RollOutModel, Severity, SilenceCause, Source, SuggestionStatus, SwitchModel,
    UnitId, UnitStatus, VersionName,
};

use super::dispatch::{put_boats, tap, unit};
use super::world::{FIELD, SECOND, World, accepted, place, reading, until};
use crate::{
    Advice, Advisor, Answer, Question, Router, Silence,
    config::{ADVICE_DEADLINE, ADVICE_QUEUE_MAX, SILENCE_REPORT_PERIOD},
};

/// What a fake model does with a question; none: it never answers.
type Mind = fn(&Question) -> Option<Result<Advice, Silence>>;

struct Fake {
    mind: Mind,
    asked: Mutex<Vec<Question>>,
    /// Answers that somebody waits for in vain.
    held: Mutex<Vec<Answer>>,
}

impl Fake {
    fn new(mind: Mind) -> Arc<Self> {
        Arc::new(Self { mind, asked: Mutex::default(), held: Mutex::default() })
    }

    fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Advisor for Fake {
    fn ask(&self, question: Question, answer: Answer) {
        let said = (self.mind)(&question);
        self.asked.lock().unwrap().push(question);
        match said {
            Some(said) => answer.give(said),
            None => self.held.lock().unwrap().push(answer),
        }
    }
}

fn flood(_: &Question) -> Option<Result<Advice, Silence>> {
    Some(Ok(Advice { confidence: 0.9, kind: Some(0), severity: Some(5), ..Advice::default() }))
}

fn register(world: &World, name: &str, version: &str, kind: ModelKind, mode: ModelMode) {
    let (name, version) = (ModelName::new(name).unwrap(), VersionName::new(version).unwrap());
    let register = RegisterModel {
        name: name.clone(),
        version: version.clone(),
        kind,
        sha256: Digest([7; 32]),
        data: "own corpus".into(),
        quality: Vec::new(),
        shares: Vec::new(),
    };
    accepted(world.apply(GroupId::COMMAND, register));
    accepted(world.apply(GroupId::COMMAND, RollOutModel { name, version, mode }));
}

fn open(world: &World, summary: &str) -> IncidentId {
    let origin = Origin::Report("114-1".into());
    let opened = accepted(world.apply(
        GroupId::COMMAND,
        OpenIncident {
            kind: IncidentKind::Other,
            severity: Severity::Critical,
            place: place("05443"),
            summary: summary.into(),
            source: Source {
                origin,
                episode: 0,
                version: 0,
                active: false,
                at_ms: domain::Millis(1),
                alarm_report: None,
            },
            exercise: false,
            place_is_mapped: false,
            advice: None,
        },
    ));
    IncidentId::new(&opened.entity).unwrap()
}

fn counted(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn said(world: &World, incident: &IncidentId) -> Vec<(String, bool, SuggestionStatus)> {
    let incident = world.read(GroupId::COMMAND, |state| state.incidents().get(incident).cloned()).unwrap();
    let line = |it: &domain::Suggestion| (it.model_version.to_string(), it.shadow, it.status);
    incident.suggestions.iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_told_is_asked_about_and_what_is_said_is_kept() {
    let world = World::new();
    let router = world.node(1);
    let fake = Fake::new(flood);
    router.advise_with(fake.clone());
    world.lead(1).await;
    register(&world, "triage", "v1", ModelKind::Triage, ModelMode::Active);
    register(&world, "triage", "v2", ModelKind::Triage, ModelMode::Shadow);
    let incident = open(&world, "nuoc len mai nha");
    until(|| said(&world, &incident).len() == 2).await;
    let pending = SuggestionStatus::Pending;
    assert_eq!(said(&world, &incident), [("v1".into(), false, pending), ("v2".into(), true, pending)]);
    // A note is read together with the line, and the newer word takes the older one's place.
    let note = NoteIncident { incident: incident.clone(), note: "co 3 nguoi".into() };
    accepted(world.apply(GroupId::COMMAND, note));
    until(|| said(&world, &incident).len() == 4).await;
    let superseded = SuggestionStatus::Superseded;
    assert_eq!(said(&world, &incident)[..2], [("v1".into(), false, superseded), ("v2".into(), true, superseded)]);
    let asked = fake.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0].about.text, "nuoc len mai nha");
    assert_eq!(asked[3].about.text, "nuoc len mai nha\nco 3 nguoi");
    assert_eq!(counted(&router.counters().advice_suggested), 4);
    // Looking at the whole state again asks nothing again.
    tokio::time::sleep(200 * SECOND).await;
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_is_off_and_what_an_alarm_says_is_not_asked_about() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let router = world.node(1);
    let fake = Fake::new(flood);
    router.advise_with(fake.clone());
    world.lead(1).await;
    register(&world, "triage", "v1", ModelKind::Triage, ModelMode::Active);
    register(&world, "flicker", "v1", ModelKind::Anomaly, ModelMode::Active);
    router.record(vec![reading(&sensor, world.clock(), 273)], 5 * SECOND).await.unwrap();
    until(|| world.incidents().len() == 1).await;
    let name = ModelName::new("triage").unwrap();
    accepted(world.apply(GroupId::COMMAND, SwitchModel { name, on: false, reason: "wrong".into() }));
    open(&world, "nuoc len");
    tokio::time::sleep(200 * SECOND).await;
    assert_eq!(fake.asked().len(), 0);
    assert_eq!(counted(&router.counters().advice_late) + counted(&router.counters().advice_failed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_looked_for_among_the_live_ones() {
    let world = World::new();
    let router = world.node(1);
    let fake = Fake::new(|question| {
        let same_as = question.candidates.iter().position(|other| other.text == "chay cho Dong Ba");
        Some(Ok(Advice { confidence: 0.8, same_as, ..Advice::default() }))
    });
    router.advise_with(fake.clone());
    world.lead(1).await;
    register(&world, "same", "v1", ModelKind::Duplicate, ModelMode::Active);
    let first = open(&world, "chay cho Dong Ba");
    open(&world, "cay do");
    let third = open(&world, "cho Dong Ba chay lon");
    until(|| !said(&world, &third).is_empty()).await;
    let suggestion = world.incidents().iter().find(|it| it.id == third).unwrap().suggestions[0].clone();
    assert_eq!(suggestion.advice.duplicate_of, Some(first));
}

#[tokio::test(start_paused = true)]
async fn what_was_told_to_the_last_leader_is_asked_by_the_next() {
    let world = World::new();
    world.node(1).advise_with(Fake::new(|_| None));
    world.lead(1).await;
    register(&world, "triage", "v1", ModelKind::Triage, ModelMode::Active);
    let incident = open(&world, "nuoc len");
    tokio::time::sleep(SECOND).await;
    let two = world.node(2);
    two.advise_with(Fake::new(flood));
    world.lead(2).await;
    until(|| !said(&world, &incident).is_empty()).await;
}

/// What happens in a night, whatever models do: boats sent and what became of each, incidents, how far they have climbed
/// after one deadline and after all, alarms that are confirmed, and how often group 0 was told of them.
#[derive(Debug, PartialEq, Eq)]
struct Night {
    boats: Vec<(UnitStatus, Option<IncidentId>)>,
    offers_expired: usize,
    incidents: usize,
    levels_after_a_minute: u32,
    levels: u32,
    alarms_confirmed: usize,
    feeds: usize,
}

fn send(world: &World, boat: &str, plea: &IncidentId) {
    let expected_version = world.read(GroupId::COMMAND, |state| state.incidents()[plea].version);
    let units = vec![UnitId::new(boat).unwrap()];
    accepted(world.apply(GroupId::COMMAND, AssignIncident { incident: plea.clone(), expected_version, units }));
}

const PLEAS: usize = 40;
/// The first goes to the first plea, and so on; the last are free.
const BOATS: [&str; 6] = ["boat-1", "boat-2", "boat-3", "boat-4", "boat-5", "boat-6"];
/// As many are sent; the first of them accepts and arrives, and of the other nobody hears.
const BOATS_SENT: usize = 2;

async fn night(advisor: Option<Arc<Fake>>) -> (Arc<World>, Router, Night) {
    let world = World::new();
    let sensors: Vec<_> = (0..5).map(|number| world.sensor(&format!("S{number}"), "05443")).collect();
    let router = world.node(1);
    if let Some(advisor) = advisor {
        router.advise_with(advisor);
    }
    world.lead(1).await;
    register(&world, "triage", "v1", ModelKind::Triage, ModelMode::Active);
    register(&world, "triage", "v2", ModelKind::Triage, ModelMode::Shadow);
    register(&world, "same", "v1", ModelKind::Duplicate, ModelMode::Active);
    let pleas: Vec<_> = (0..PLEAS).map(|number| open(&world, &format!("cuu voi {number}"))).collect();
    for sensor in &sensors {
        router.record(vec![reading(sensor, world.clock(), 273)], 5 * SECOND).await.unwrap();
    }
    put_boats(&world, &BOATS);
    for (boat, plea) in BOATS.iter().zip(&pleas).take(BOATS_SENT) {
        send(&world, boat, plea);
    }
    for status in [UnitStatus::Accepted, UnitStatus::EnRoute, UnitStatus::OnScene] {
        tokio::time::sleep(SECOND).await;
        tap(&world, BOATS[0], status);
    }
    let levels = || world.incidents().iter().map(|incident| incident.escalation_level).sum();
    tokio::time::sleep(62 * SECOND).await;
    let levels_after_a_minute = levels();
    tokio::time::sleep(600 * SECOND).await;
    let is_confirmed =
        |number: &usize| world.alarm(&format!("S{number}"), "high").is_some_and(|it| !it.is_unreported());
    let boat = |name: &&str| {
        let unit = unit(&world, name);
        (unit.status, unit.incident)
    };
    let night = Night {
        boats: BOATS.iter().map(boat).collect(),
        offers_expired: world.proposed(GroupId::COMMAND, "ExpireOffer"),
        incidents: world.incidents().len(),
        levels_after_a_minute,
        levels: levels(),
        alarms_confirmed: (0..sensors.len()).filter(is_confirmed).count(),
        feeds: world.proposed(GroupId::COMMAND, "FeedIncident"),
    };
    (world, router, night)
}

#[tokio::test(start_paused = true)]
async fn silent_full_and_senseless_models_hold_up_nothing() {
    let (_, _, calm) = night(Some(Fake::new(flood))).await;
    // A unit that was sent is all that keeps a plea from climbing.
    assert_eq!(calm.levels_after_a_minute, u32::try_from(PLEAS - BOATS_SENT).unwrap(), "{calm:?}");
    assert_eq!(calm.boats[0].0, UnitStatus::OnScene, "{calm:?}");
    assert!(calm.offers_expired >= BOATS.len() - 1, "{calm:?}");
    assert_eq!((calm.incidents, calm.alarms_confirmed), (PLEAS + 5, 5), "{calm:?}");
    let minds: [(&str, Option<Mind>); 7] = [
        ("no models on the node", None),
        ("never answers", Some(|_| None)),
        ("full", Some(|_| Some(Err(Silence::Full)))),
        ("fails", Some(|_| Some(Err(Silence::Failed)))),
        ("a kind out of range", Some(|_| Some(Ok(Advice { confidence: 0.9, kind: Some(99), ..Advice::default() })))),
        ("not a number", Some(|_| Some(Ok(Advice { confidence: f64::NAN, kind: Some(0), ..Advice::default() })))),
        ("more than sure", Some(|_| Some(Ok(Advice { confidence: 1.5, severity: Some(5), ..Advice::default() })))),
    ];
    for (name, mind) in minds {
        let (world, router, disturbed) = night(mind.map(Fake::new)).await;
        assert_eq!(disturbed, calm, "{name}");
        // Nothing but a count comes of it.
        assert_eq!(world.proposed(GroupId::COMMAND, "Suggest"), 0, "{name}");
        let counters = router.counters();
        assert!(counted(&counters.advice_late) + counted(&counters.advice_failed) >= 2 * PLEAS as u64, "{name}");
        let reports = world.proposed(GroupId::COMMAND, "ReportSilence");
        let rounds = usize::try_from(662 / SILENCE_REPORT_PERIOD.as_secs()).unwrap() + 1;
        assert!((1..=3 * rounds).contains(&reports), "{name}: {reports} reports");
        let (silent, tallied) = world.read(GroupId::COMMAND, |state| {
            let silent: Vec<_> = state.silent_models().map(|(model, cause)| (model.name.to_string(), cause)).collect();
            (silent, state.tallies().values().map(|tally| tally.late + tally.failed).sum::<u64>())
        });
        assert!(silent.contains(&("triage".into(), SilenceCause::Silent)), "{name}: {silent:?}");
        // All that was counted is reported within a period and an answer's time.
        tokio::time::sleep(2 * SILENCE_REPORT_PERIOD + ADVICE_DEADLINE).await;
        assert!(tallied > 0, "{name}");
        let counted = counted(&counters.advice_late) + counted(&counters.advice_failed);
        let tallied =
            world.read(GroupId::COMMAND, |state| state.tallies().values().map(|it| it.late + it.failed).sum());
        assert_eq!(counted, tallied, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_fits_is_not_asked_about_and_escalates_all_the_same() {
    let world = World::new();
    let router = world.node(1);
    let fake = Fake::new(|_| None);
    router.advise_with(fake.clone());
    world.lead(1).await;
    register(&world, "triage", "v1", ModelKind::Triage, ModelMode::Active);
    let pleas = ADVICE_QUEUE_MAX + 200;
    for number in 0..pleas {
        open(&world, &format!("cuu voi {number}"));
    }
    tokio::time::sleep(65 * SECOND).await;
    assert!(counted(&router.counters().advice_dropped) > 0);
    let climbed = world.incidents().iter().filter(|incident| incident.escalation_level == 1).count();
    assert_eq!(climbed, pleas);
    assert_eq!(world.read(FIELD, |state| state.alarms().len()), 0);
}
