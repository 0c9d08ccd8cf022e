//! No screen is shown what the policy refuses, whatever happens: any people with any rights, any sequence of commands, among them
//! those that change rights. What each screen is pushed is compared with a statement of the rights that asks nothing of the policy
//! (`statement.rs`), over records as the test remembers them (`scene.rs`): a word that is told is one that may be met, a word that
//! may be met and is asked for is told at once, and a screen holds the records that the statement names and no others. At the end
//! the policy itself is asked about every noun in every place. `paths.rs` asks every path after such steps, and reads the record;
//! `rights_any.rs` goes through every role and every path, over one scene.

mod counts;
mod draw;
mod outside;
mod paths;
mod scene;
mod statement;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    Event, Grant, GroupId, IncidentKind, KeyScope, Millis, PutPerson, PutServiceKey, Role, ServiceKey, ServiceKeyId,
    Subject, SwitchFeature, VOCABULARY_2,
    policy::{self, Action, Matter, Noun},
    wire::generated::{event::Subject as Told, to_screen::Body},
};
use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};

use super::{
    commands::command,
    double::Cluster,
    fold::{Fold, decode},
    hub::{Gateway, Queue},
    province::{accepted, code, communes, person},
};
use crate::{
    cluster::{Source, read, read_at},
    screen::{
        hub::Join,
        message::{Payload, ResetReason},
        view::{Encoding, Subscription, View},
    },
};
use counts::Counts;
use draw::{asker, opening, step};
use scene::{
    APPROVER, KEPT, LASTS_MS, Ledger, ROOMS, SERVICES, Step, Topic, WRITER, entity, put_person, put_remit, put_room,
    put_service, text, words_in,
};
use statement::{AGENCIES, Facts, Rights, Somebody, Wish, Work, rights};

const PEOPLE: usize = 3;
const GROUPS: [GroupId; 2] = [GroupId(0), GroupId(1)];
const NOUNS: [Noun; 19] = [
    Noun::AdminUnit,
    Noun::District,
    Noun::Person,
    Noun::Unit,
    Noun::Incident,
    Noun::Sensor,
    Noun::Reading,
    Noun::Camera,
    Noun::Alarm,
    Noun::LiveNodes,
    Noun::Model,
    Noun::Instruction,
    Noun::Call,
    Noun::Warning,
    Noun::Exercise,
    Noun::Room,
    Noun::ShiftNote,
    Noun::DutyEntry,
    Noun::Report,
];
/// What stands in a camera's credential; no screen is ever sent it.
const SEALED: &str = "sealed";

/// Somebody with a screen.
#[derive(Clone, Debug)]
struct Asker {
    role: Role,
    /// Districts; none: everywhere.
    scope: Option<Vec<usize>>,
    work: Work,
    wish: Wish,
}

/// A screen, and what its person may see by the statement.
struct Screen {
    id: u64,
    who: usize,
    /// By a key of these scopes.
    key: Option<Vec<KeyScope>>,
    wish: Wish,
    grant: Option<Grant>,
    view: Option<Arc<View>>,
    stands: Option<Rights>,
    /// What is left of it by what the screen asks for.
    shown: Option<Rights>,
    queue: Queue,
    fold: Fold,
    /// It was just given a picture, which may be one that was taken before for another screen, and the way from there.
    has_joined: bool,
}

/// A reading: of which sensor, and what it says.
type Measured = (String, i64);

struct Play {
    cluster: Arc<Cluster>,
    gateway: Gateway,
    ledger: Ledger,
    screens: Vec<Screen>,
    /// Every reading so far.
    readings: Vec<Measured>,
    /// The newest notice of each other system that was looked at.
    noticed: BTreeMap<&'static str, u64>,
    counts: Counts,
}

fn key() -> ServiceKeyId {
    ServiceKeyId::new("k1").unwrap()
}

impl Play {
    /// Everybody with a screen, and the first of them with another one by a key.
    fn new(askers: &[Asker], scopes: &[KeyScope]) -> Self {
        let cluster = communes();
        accepted(cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
        for who in [WRITER, APPROVER] {
            accepted(cluster.commit(GroupId(0), PutPerson { person: person(who, Role::Operator, &[]) }));
        }
        for (id, at) in SERVICES {
            accepted(cluster.commit(GroupId(0), put_service(id, at)));
        }
        for (id, at) in ROOMS {
            accepted(cluster.commit(GroupId(0), put_room(id, at)));
        }
        let people = askers.iter().map(|asker| Somebody {
            role: asker.role,
            scope: asker.scope.clone(),
            work: asker.work.clone(),
            disabled: false,
            lent: None,
            glass_until: 0,
        });
        let ledger = Ledger::new(people.collect());
        for (who, asker) in askers.iter().enumerate() {
            accepted(cluster.commit(GroupId(0), put_person(who, asker.role, asker.scope.as_deref(), false)));
            accepted(cluster.commit(GroupId(0), put_remit(who, &asker.work)));
        }
        let gateway = Gateway::new(&cluster, 1);
        // Version v0 of the model is a shadow, and v1 is in use.
        for (what, id, value) in [(11, 0, 0), (11, 1, 0), (12, 0, 0), (12, 1, 1)] {
            let (group, command) = command(&gateway.node, what, id, 1, value);
            accepted(cluster.commit(group, command));
        }
        gateway.node.catch_up();
        let now = read(&*gateway.node, GroupId(0), domain::State::clock);
        let service_key = ServiceKey {
            id: key(),
            account: scene::id_of(0),
            name: "Màn hình".into(),
            secret_sha256: domain::Digest([1; 32]),
            scopes: scopes.to_vec(),
            put_at_ms: Millis(0),
            expires_at_ms: now.plus(100 * LASTS_MS),
        };
        accepted(cluster.commit(GroupId(0), PutServiceKey { key: service_key, replaces: None, overlap_ms: 0 }));
        let screen = |(id, who, key): (u64, usize, Option<Vec<KeyScope>>)| Screen {
            id,
            who,
            key,
            wish: askers[who].wish.clone(),
            grant: None,
            view: None,
            stands: None,
            shown: None,
            queue: Queue::default(),
            fold: Fold::default(),
            has_joined: false,
        };
        let of_people = (1_u64..).zip(0..askers.len()).map(|(id, who)| (id, who, None));
        let screens = of_people.chain([(100, 0, Some(scopes.to_vec()))]).map(screen).collect();
        let (readings, noticed, counts) = (Vec::new(), BTreeMap::new(), Counts::default());
        let mut new = Self { cluster, gateway, ledger, screens, readings, noticed, counts };
        new.settle(None, &[]);
        new
    }

    fn now(&self) -> u64 {
        read(&*self.gateway.node, GroupId(0), domain::State::clock).0
    }

    fn step(&mut self, step: &Step) {
        if matches!(step, Step::Pass) {
            self.cluster.pass(LASTS_MS / 2);
        }
        for part in 0.. {
            let node = self.gateway.node.clone();
            let version = |id: &str| {
                read(&*node, GroupId(0), |state0| {
                    let of_report = state0.reports().get(id).map(|report| report.version);
                    of_report.or_else(|| state0.incidents().get(id).map(|it| it.version)).unwrap_or_default()
                })
            };
            let (now, known) = (self.now(), self.ledger.words.len());
            let Some(doing) = self.ledger.doing(step, part, now, &version) else { return };
            if let Some(topic) = step.topic() {
                self.ledger.topics.extend((known..self.ledger.words.len()).map(|word| (word, topic)));
            }
            let reply = match &doing.by {
                Some(person) => self.cluster.commit_by(person, doing.command),
                None => self.cluster.commit(doing.group, doing.command),
            };
            self.gateway.node.catch_up();
            let now = self.now();
            let fresh = entity(reply).and_then(|id| (doing.then)(&mut self.ledger, &id, now));
            self.settle(fresh, std::slice::from_ref(step));
        }
    }

    /// What was applied is pushed by the rights that held before it, and looked at; then rights are derived anew if they may have
    /// changed, as a screen's socket does, and what came of that is looked at as well.
    fn settle(&mut self, fresh: Option<usize>, step: &[Step]) {
        self.gateway.node.catch_up();
        let mut events: Vec<Event> = Vec::new();
        for group in GROUPS {
            let before = self.gateway.hubs[&group].at().index;
            let batches = self.gateway.node.events_after(group, before, usize::MAX).unwrap();
            events.extend(batches.iter().flat_map(|batch| batch.events.iter().cloned()));
            self.gateway.pump(group);
        }
        let mut measured: Vec<Measured> = Vec::new();
        for event in &events {
            if let Some(Subject::Readings(it)) = &event.subject {
                measured.extend(it.readings.iter().map(|it| (it.sensor.to_string(), it.value_micro.0)));
            }
        }
        self.look(fresh, &measured, step);
        self.look_outside(fresh, step);
        self.readings.extend(measured);
        let of_rights = |event: &Event| matches!(event.subject, Some(Subject::Person(_) | Subject::District(_)));
        let now = Millis(self.now());
        let is_over = |screen: &Screen| screen.grant.as_ref().is_some_and(|grant| grant.terms.is_over(now));
        let is_new = self.screens.iter().all(|screen| screen.stands.is_none());
        if is_new || events.iter().any(of_rights) || self.screens.iter().any(is_over) {
            self.renew();
            self.look(None, &[], step);
        }
    }

    /// Derives every view anew, and joins the screens whose view is another one: once all of them have left, for whoever joins is the
    /// cause of a position to those who see the same, and nobody who may nothing any more is to be among them.
    fn renew(&mut self) {
        let now = self.now();
        let mut joining: Vec<(usize, bool)> = Vec::new();
        for (at, screen) in self.screens.iter_mut().enumerate() {
            let derive = |state0: &domain::State, index: u64| {
                let grant = match &screen.key {
                    Some(_) => policy::grant_of_key(state0, &key(), index, state0.clock()),
                    None => policy::grant(state0, &scene::id_of(screen.who), index),
                }?;
                let districts = screen.wish.districts.iter();
                let districts = districts.map(|n| domain::DistrictId::new(&format!("d{n}")).unwrap()).collect();
                let wanted = Subscription { districts, nouns: screen.wish.nouns.iter().copied().collect() };
                let view = View::new(&grant, &wanted, state0, Encoding::Protobuf);
                Some((grant, view))
            };
            let derived = read_at(&*self.gateway.node, GroupId(0), |state0, at| derive(state0, at.index));
            let (grant, view) = derived.unzip();
            screen.grant = grant;
            let stands = rights(&self.ledger.people, screen.who, &self.ledger.districts, now);
            screen.stands = stands.map(|stands| Rights { key: screen.key.clone(), ..stands });
            screen.shown = screen.stands.as_ref().map(|it| it.narrowed(&screen.wish, &self.ledger.districts));
            assert_eq!(view.is_some(), screen.stands.is_some(), "who may sign in: p{}", screen.who);
            if view.as_ref() == screen.view.as_deref() {
                continue;
            }
            let former = screen.view.take();
            if let Some(former) = &former {
                self.gateway.hubs.values_mut().for_each(|hub| hub.leave(screen.id, former));
            }
            screen.view = view.map(Arc::new);
            if screen.view.is_some() {
                joining.push((at, former.is_some()));
            }
        }
        for (at, was_there) in joining {
            let screen = &mut self.screens[at];
            let Some(view) = &screen.view else { continue };
            screen.has_joined = true;
            if !was_there {
                (screen.queue, screen.fold) = (Queue::default(), Fold::default());
            }
            for group in GROUPS {
                let reset = was_there.then_some(ResetReason::RightsChanged);
                let (socket, sink) = (screen.id, screen.queue.clone());
                let join = Join { socket, view: view.clone(), sink, from: None, reset };
                self.gateway.with(group, |hub, _, tail| hub.join(join, tail));
            }
        }
        while self.gateway.build(false) {}
    }

    /// Compares what each screen was sent with the statement. `fresh`: the word of what just happened; `measured`: its readings.
    fn look(&mut self, fresh: Option<usize>, measured: &[Measured], step: &[Step]) {
        let Self { ledger, screens, counts, readings: former, .. } = self;
        for screen in screens {
            let sent = screen.queue.take();
            let has_joined = std::mem::take(&mut screen.has_joined);
            let (Some(stands), Some(shown)) = (&screen.stands, &screen.shown) else {
                assert!(sent.is_empty(), "nobody was sent something after {step:?}");
                continue;
            };
            let whose = format!("the screen of p{}, who stands as {stands:?}, after {step:?}", screen.who);
            let mut words = BTreeSet::new();
            let mut readings: Vec<Measured> = Vec::new();
            for payload in &sent {
                let Payload::Binary(bytes) = payload else { panic!("not binary: {payload:?}") };
                let said = String::from_utf8_lossy(&bytes[..]);
                words.extend(words_in(&said));
                assert!(!said.contains(SEALED), "a credential came to {whose}");
                let body = decode(payload);
                if let Body::Frame(frame) = &body {
                    for event in &frame.events {
                        if let Some(Told::Readings(it)) = &event.subject {
                            readings.extend(it.readings.iter().map(|it| (it.sensor.clone(), it.value_micro)));
                        }
                    }
                    for name in &frame.withdrawn {
                        let is_held = screen.fold.groups.values().any(|group| group.records.contains_key(name));
                        assert!(is_held, "{name}, which was never there, was withdrawn from {whose}");
                        counts.withdrawn += 1;
                    }
                }
                screen.fold.take(body);
            }
            for word in &words {
                let seen = &ledger.words[*word];
                assert!(ledger.is_pushed(stands, *word), "LEAK: {} of {seen:?} came to {whose}", text(*word));
            }
            if let Some(word) = fresh {
                let (is_told, seen) = (words.contains(&word), &ledger.words[word]);
                assert_eq!(
                    is_told,
                    ledger.is_pushed(shown, word),
                    "{} of {seen:?}, told or not to {whose}",
                    text(word)
                );
                let (told, withheld) = (usize::from(is_told), usize::from(!is_told));
                (counts.told, counts.withheld) = (counts.told + told, counts.withheld + withheld);
                if let Some(topic) = ledger.topics.get(&word) {
                    counts.count(*topic, told, withheld);
                }
            }
            let may_read = |(sensor, _): &&Measured| {
                let (at, agencies) = (ledger.sensor_at(sensor), BTreeSet::new());
                shown.sees(&Facts { noun: Noun::Reading, at, kind: None, agencies })
            };
            let wanted: Vec<_> = if has_joined {
                // Those since its picture was taken are on the way from there; how many those are is the hub's to choose.
                let all: Vec<_> = former.iter().filter(may_read).cloned().collect();
                all[all.len().saturating_sub(readings.len())..].to_vec()
            } else {
                measured.iter().filter(may_read).cloned().collect()
            };
            assert_eq!(readings, wanted, "readings on {whose}");
            compare(ledger, screen, shown, &whose);
        }
    }

    /// The policy says what the statement says of every noun in every place, about whatever.
    fn ask_policy(&mut self) {
        for screen in &self.screens {
            let (Some(grant), Some(stands)) = (&screen.grant, &screen.stands) else { continue };
            let callers = policy::allows(grant, Action::SeeCaller, None).is_ok();
            assert_eq!(callers, stands.sees_callers(), "callers, for {stands:?}");
            for noun in NOUNS {
                for at in [None, Some(1), Some(2), Some(3), Some(4)] {
                    // Who sees what was written in the province's room is the view's to say.
                    if at.is_none() && matches!(noun, Noun::ShiftNote | Noun::DutyEntry) {
                        continue;
                    }
                    for (kind, agencies) in matters() {
                        let facts = Facts { noun, at, kind, agencies };
                        let field = kind.filter(|kind| *kind != IncidentKind::Other);
                        let agencies = facts.agencies.iter().map(ToString::to_string).collect();
                        let (place, matter) = (at.map(code), Matter { field, agencies });
                        let allowed = policy::allows_of(grant, Action::See(noun), place.as_ref(), &matter).is_ok();
                        assert_eq!(allowed, stands.sees(&facts), "{facts:?}, for {stands:?}");
                        self.counts.compared += 1;
                    }
                }
            }
        }
    }
}

/// Fields and agencies that something is about.
fn matters() -> Vec<(Option<IncidentKind>, BTreeSet<&'static str>)> {
    let agencies = [&AGENCIES[..0], &AGENCIES[..1], &AGENCIES[1..], &AGENCIES[..]];
    let kinds = [None, Some(IncidentKind::Other), Some(IncidentKind::Flood), Some(IncidentKind::Fire)];
    let of_kind = |kind: Option<IncidentKind>| {
        agencies.map(|agencies| (kind, agencies.iter().copied().collect::<BTreeSet<&'static str>>()))
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

/// A screen holds what the statement names and nothing else, as it is now.
fn compare(ledger: &Ledger, screen: &Screen, shown: &Rights, whose: &str) {
    let kept = |name: &&str| name.split('/').next().is_some_and(|noun| KEPT.contains(&noun));
    let records = || screen.fold.groups.values().flat_map(|group| &group.records);
    let held: BTreeSet<&str> = records().map(|(name, _)| name.as_str()).filter(kept).collect();
    let is_seen = |record: &scene::Record| record.is_held && shown.sees(&ledger.facts(record));
    let wanted: Vec<_> = ledger.records.iter().filter(|(_, record)| is_seen(record)).collect();
    let named: BTreeSet<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(held, named, "held by {whose}");
    for (name, record) in wanted {
        let Some(word) = record.word else { continue };
        let bytes = records().find(|(held, _)| *held == name).map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        let is_there = words_in(&String::from_utf8_lossy(bytes)).any(|it| it == word);
        assert!(is_there, "{name} is without {} on {whose}", text(word));
    }
}

#[test]
fn no_screen_is_shown_what_is_not_its_persons_and_none_misses_what_is() {
    let config = ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() };
    let askers = prop::collection::vec(asker(), PEOPLE);
    let scopes = subsequence(KeyScope::ALL.to_vec(), 1..=KeyScope::ALL.len());
    let opening = prop_oneof![Just(Vec::<Step>::new()), opening()];
    let scenes = (askers, scopes, opening, prop::collection::vec(step(), 1..24));
    let total = RefCell::new(Counts::default());
    let outcome = TestRunner::new(config).run(&scenes, |(askers, scopes, opening, steps)| {
        let mut play = Play::new(&askers, &scopes);
        opening.iter().chain(&steps).for_each(|step| play.step(step));
        play.ask_policy();
        total.borrow_mut().add(&play.counts);
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("{failed}");
    }
    let total = total.into_inner();
    let Counts { told, withheld, withdrawn, compared, out, .. } = total;
    let enough = told > 100 && withheld > 100 && withdrawn > 3 && compared > 50_000 && out.0 > 20 && out.1 > 20;
    assert!(
        enough,
        "what is seen is seen, or this proves nothing: {told}, {withheld}, {withdrawn}, {compared}, {out:?}"
    );
    for topic in Topic::ALL {
        let (told, withheld) = total.of(topic);
        // Those are asked for, and told to no screen.
        let is_asked_for = matches!(topic, Topic::Warning | Topic::Draft);
        let enough = withheld > 10 && if is_asked_for { told == 0 } else { told > 10 };
        assert!(enough, "{topic:?} is seen, and is withheld, or this proves nothing: {told}, {withheld}");
    }
}

#[test]
fn of_two_who_took_each_others_rights_the_one_who_is_turned_off_is_sent_nothing() {
    let wish = Wish { districts: Vec::new(), nouns: Vec::new() };
    let asker = |role| Asker { role, scope: None, work: Work::default(), wish: wish.clone() };
    let mut play = Play::new(&[Role::Admin, Role::Admin, Role::Responder].map(asker), &[KeyScope::See]);
    play.step(&Step::Lend { giver: 0, deputy: 2 });
    play.step(&Step::Lend { giver: 2, deputy: 0 });
    play.step(&Step::Person { who: 0, role: Role::Admin, scope: None, disabled: true });
    let silent: Vec<u64> =
        play.screens.iter().filter(|screen| screen.stands.is_none()).map(|screen| screen.id).collect();
    assert_eq!(silent, [1, 100], "the person's, and the key's");
}
