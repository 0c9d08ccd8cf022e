//! No path over HTTP tells what the policy refuses, whatever happened: after any steps each of the people, whoever shows a key, and
//! nobody in particular ask every route that the router describes, about what the steps made; they see the picture of the province,
//! are sent its events from the first one on, are refused commands, and read and export the record. Each word that comes back, in
//! headers and in refusals too, is one that the statement (`statement.rs`) lets them meet as rights and records are now, and what a
//! list lawfully shows is there.
//!
//! Beside the statement these are lawful, and nothing else is:
//! * Why rights were lent, or a glass was broken, is told to whoever gave, took or broke it, and to whoever may read the record
//!   (`is_told_why`).
//! * A screen that takes up again where it was is sent what happened as it was then: a word that a record had while it lay in
//!   another place, or was another field's, is met by who sees that (`could_meet`). Over HTTP a course is its incident's, as that is
//!   now.
//! * Whoever reads the record of every field is given all that was said, refused commands and shadows included; what tells of
//!   callers only with the right to see callers (`given`).
//! * A line of the record has why a hand-over was taken back, or a draft was not published, for who reads that of every field.
//! * What was published is everybody's (`Seen::Public`).
//!
//! A report's code, as the public has one, opens that report to anybody; those of the steps are no such codes.

mod record;
mod routes;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    EntityId, GroupId, KeyScope, Millis, OpenSession, PlaceEntities, Placement, PutServiceKey, Role, ServiceKey,
    ServiceKeyId, SwitchFeature, audit, policy,
};
use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use super::super::{
    http::client,
    province::{KEY, Served, accepted, config, serve},
};
use super::{
    Asker, Counts, GROUPS, PEOPLE, Play, asker, opening,
    scene::{self, LASTS_MS, Seen, Step, Topic, text, words_in},
    statement::{self, Facts, Rights},
    step,
};
use crate::{
    auth::Token,
    cluster::{Source, read},
    screen::{
        message::Payload,
        places::Places,
        snapshot::build,
        view::{Encoding, Subscription, View},
    },
    service_key,
};
use record::reader;

/// Scenes whose routes are asked; each is some 700 requests.
const CASES: u32 = 20;
/// Scenes whose record is read.
const RECORDED_CASES: u32 = 40;
/// A scene that fails is made smaller so often: each time costs a scene.
const SHRINKS_MAX: u32 = 60;
const STEPS_MAX: usize = 24;

/// Who asks.
#[derive(Debug)]
struct Visitor {
    /// None: nobody in particular.
    who: Option<usize>,
    /// By a key of these scopes.
    key: Option<Vec<KeyScope>>,
    bearer: Option<String>,
}

/// What came back.
struct Came {
    status: u16,
    headers: String,
    body: String,
}

impl Came {
    /// Status, headers and body.
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let shown = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers: Vec<String> = response.headers().values().map(shown).collect();
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        Self { status, headers: headers.join("\n"), body }
    }

    /// Every word, wherever it stands.
    fn words(&self) -> BTreeSet<usize> {
        words_in(&self.headers).chain(words_in(&self.body)).collect()
    }
}

/// What the steps made, behind an edge.
struct Scene {
    play: Play,
    served: Served,
    visitors: Vec<Visitor>,
    /// What decided who saw a record, after each step.
    was: BTreeMap<String, Vec<Facts>>,
    /// Words that stand in the course of their incident.
    courses: BTreeSet<usize>,
    /// Why rights were lent or a glass was broken: the word, and whose business it is.
    whys: BTreeMap<usize, [usize; 2]>,
    /// Words of commands that tell of callers.
    of_callers: BTreeSet<usize>,
    /// Why a hand-over was taken back or a draft not published: such reasons stand in lines of the record.
    reasons: BTreeSet<usize>,
    /// Incidents that were given a photo when all was done.
    photos: BTreeSet<String>,
    /// How often words that are counted by themselves were shown.
    met: RefCell<BTreeMap<Topic, usize>>,
}

impl Scene {
    fn new(askers: &[Asker], scopes: &[KeyScope], steps: &[Step], is_recorded: bool) -> Self {
        let mut play = Play::new(askers, scopes);
        if is_recorded {
            for group in GROUPS {
                accepted(play.cluster.commit(group, SwitchFeature { feature: audit::FEATURE }));
            }
        }
        let bearer = put_key(&play, scopes);
        play.settle(None, &[]);
        let mut was: BTreeMap<String, Vec<Facts>> = BTreeMap::new();
        let (mut courses, mut whys, mut of_callers) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        let mut reasons = BTreeSet::new();
        for step in steps {
            let before = play.ledger.words.len();
            play.step(step);
            let made = before..play.ledger.words.len();
            if step.is_reason() {
                reasons.extend(made.clone());
            }
            match step {
                Step::Incident { .. }
                | Step::Amend { .. }
                | Step::Note { .. }
                | Step::Decide { .. }
                | Step::Offer { .. }
                | Step::Receive { .. }
                | Step::Answer { .. }
                | Step::Photo { is_of_report: false, .. } => courses.extend(made),
                Step::Lend { giver, deputy } => whys.extend(made.map(|word| (word, [*giver, *deputy]))),
                Step::Glass { who } => whys.extend(made.map(|word| (word, [*who, *who]))),
                Step::Report { .. }
                | Step::ReportAgain { .. }
                | Step::Call
                | Step::CallReport { .. }
                | Step::Draft { .. } => of_callers.extend(made),
                _ => {}
            }
            for (name, record) in &play.ledger.records {
                was.entry(name.clone()).or_default().push(play.ledger.facts(record));
            }
        }
        let photos = routes::attach(&mut play);
        // A route to a sensor's readings asks in which group it is.
        let placed = |id: String| Placement { entity: EntityId::new(&id).unwrap(), group: GroupId(1) };
        let placements = (0..3).map(|n| placed(format!("s{n}"))).collect();
        accepted(play.cluster.commit(GroupId(0), PlaceEntities { placements }));
        let served = serve(&play.cluster, 2, config());
        let of_key = Visitor { who: Some(0), key: Some(scopes.to_vec()), bearer: Some(bearer) };
        let nobody = Visitor { who: None, key: None, bearer: None };
        let (visitors, met) = (vec![of_key, nobody], RefCell::default());
        let mut new = Self { play, served, visitors, was, courses, whys, of_callers, reasons, photos, met };
        let people = (0..PEOPLE).map(|who| Visitor { who: Some(who), key: None, bearer: Some(new.sign_in(who)) });
        let people: Vec<_> = people.collect();
        new.visitors.extend(people);
        new
    }

    /// Opens a session at the end, which nothing has ended. One of somebody disabled opens nothing, however it was answered.
    fn sign_in(&self, who: usize) -> String {
        let token = Token::random().unwrap();
        let expires_at_ms = Millis(self.now()).plus(10 * LASTS_MS);
        let open = OpenSession { session: token.session(), person: scene::id_of(who), expires_at_ms };
        self.play.cluster.commit(GroupId(0), open);
        token.text()
    }

    /// By state's clock, which stands still unless something is committed.
    fn now(&self) -> u64 {
        read(&*self.served.node, GroupId(0), domain::State::clock).0
    }

    /// What they may see now; none: nothing.
    fn rights(&self, visitor: &Visitor) -> Option<Rights> {
        let ledger = &self.play.ledger;
        let stands = statement::rights(&ledger.people, visitor.who?, &ledger.districts, self.now())?;
        Some(Rights { key: visitor.key.clone(), ..stands })
    }

    /// Whether they run the system or audit it, for everywhere and in no emergency.
    fn reads_record(&self, visitor: &Visitor, rights: &Rights) -> bool {
        let now = self.now();
        let is_broken = visitor.who.is_some_and(|who| now < self.play.ledger.people[who].glass_until);
        let is_reader = matches!(rights.role, Role::Admin | Role::Auditor);
        is_reader && rights.places.is_none() && rights.key.is_none() && !is_broken
    }

    /// Whether it is why rights were lent or a glass was broken, and theirs to know.
    fn is_told_why(&self, visitor: &Visitor, rights: &Rights, word: usize) -> bool {
        let Some(parties) = self.whys.get(&word).filter(|_| rights.key.is_none()) else { return false };
        let takes_part = !matches!(rights.role, Role::Device | Role::Telephony | Role::Auditor);
        let is_party = visitor.who.is_some_and(|who| parties.contains(&who));
        is_party && takes_part || self.reads_record(visitor, rights)
    }

    /// Whether they meet the word as everything is now.
    fn meets(&self, visitor: &Visitor, rights: &Rights, word: usize) -> bool {
        self.play.ledger.meets(rights, word) || self.is_told_why(visitor, rights, word)
    }

    /// Whether they meet the word in what happened, by their rights now and by what its record ever was.
    fn could_meet(&self, rights: &Rights, word: usize) -> bool {
        let saw = |name: &str| self.was[name].iter().any(|facts| rights.sees(facts));
        let ledger = &self.play.ledger;
        match &ledger.words[word] {
            Seen::Record(name) => saw(name),
            Seen::Photo(name) => ledger.incident_of(name).is_some_and(saw),
            _ => ledger.is_pushed(rights, word),
        }
    }

    /// Fails where a word came that is none of theirs by any of these rights; how many words came.
    fn judge(&self, visitor: &Visitor, by: &[Option<Rights>], path: &str, came: &Came) -> usize {
        let words = came.words();
        for word in &words {
            let ledger = &self.play.ledger;
            let seen = &ledger.words[*word];
            let is_theirs = by.iter().flatten().any(|rights| self.meets(visitor, rights, *word));
            let may = is_theirs || matches!(seen, Seen::Public);
            if let Some(topic) = ledger.topics.get(word) {
                *self.met.borrow_mut().entry(*topic).or_default() += 1;
            }
            assert!(may, "LEAK: {} of {seen:?} came from {path} to {visitor:?}, who stands as {by:?}", text(*word));
        }
        words.len()
    }

    async fn get(&self, client: &Client, visitor: &Visitor, path: &str) -> Came {
        let request = client.get(self.served.url(path));
        Came::of(visitor.signed(request)).await
    }

    async fn post(&self, client: &Client, visitor: &Visitor, seq: &mut u64, path: &str, body: &Value) -> Came {
        *seq += 1;
        let request =
            client.post(self.served.url(path)).header("x-request-seq", *seq).header("x-reason", "screen/test");
        let request = request.json(body);
        Came::of(visitor.signed(request)).await
    }

    /// Asks every path; how many words came.
    async fn read_all(&self, client: &Client, visitor: &Visitor, paths: &[String]) -> usize {
        let mut found = 0;
        for path in paths {
            let rights = self.rights(visitor);
            let came = self.get(client, visitor, path).await;
            found += self.judge(visitor, std::slice::from_ref(&rights), path, &came);
            self.check(visitor, rights.as_ref(), path, &came);
        }
        found
    }

    /// Looks at the picture and at every event since the first; how many words came.
    fn watch(&self, visitor: &Visitor) -> usize {
        let (Some(who), Some(rights)) = (visitor.who, self.rights(visitor)) else { return 0 };
        let node = &*self.served.node;
        let view = read(node, GroupId(0), |state0| {
            let grant = match &visitor.key {
                Some(_) => policy::grant_of_key(state0, &key(), 1, state0.clock()),
                None => policy::grant(state0, &scene::id_of(who), 1),
            };
            View::new(&grant.unwrap(), &Subscription::default(), state0, Encoding::Json)
        });
        let mut found = 0;
        for group in GROUPS {
            for part in build(node, group, &view).parts.iter() {
                let Payload::Text(part) = part else { panic!("a part of JSON is text") };
                let came = Came { status: 200, headers: String::new(), body: part.as_str().to_owned() };
                found += self.judge(visitor, &[Some(rights.clone())], "a picture", &came);
                for word in came.words() {
                    let seen = &self.play.ledger.words[word];
                    let is_asked_for = matches!(seen, Seen::Warning(_) | Seen::Public | Seen::Draft);
                    assert!(!is_asked_for, "LEAK: {} of {seen:?} came in a picture to {visitor:?}", text(word));
                }
            }
            let places = read(node, group, Places::of_state);
            for event in node.events_after(group, 0, usize::MAX).unwrap().iter().flat_map(|batch| &batch.events) {
                let Some(shown) = view.filter(event, &places) else { continue };
                for word in words_in(&serde_json::to_string(&*shown).unwrap()) {
                    let seen = &self.play.ledger.words[word];
                    let may = self.could_meet(&rights, word);
                    assert!(may, "LEAK: {} of {seen:?} came in {shown:?} to {visitor:?}", text(word));
                    found += 1;
                }
            }
        }
        found
    }

    /// Asks, watches and is refused as everybody; what came and what did not.
    async fn ask(&self, client: &Client) -> Counts {
        let paths = self.paths(client).await;
        let (mut counts, mut seq) = (Counts::default(), 0);
        for visitor in &self.visitors {
            counts.told += self.read_all(client, visitor, &paths).await + self.watch(visitor);
            let Some(rights) = self.rights(visitor) else { continue };
            let words = 0..self.play.ledger.words.len();
            for word in words.filter(|word| !self.meets(visitor, &rights, *word)) {
                counts.withheld += 1;
                let is_of_nobody = matches!(self.play.ledger.words[word], Seen::Nobody);
                if let Some(topic) = self.play.ledger.topics.get(&word).filter(|_| !is_of_nobody) {
                    counts.count(*topic, 0, 1);
                }
            }
        }
        for (topic, told) in self.met.borrow().iter() {
            counts.count(*topic, *told, 0);
        }
        // Last of all: each is an entry.
        for visitor in &self.visitors {
            self.refuse_all(client, visitor, &mut seq).await;
        }
        counts
    }

    /// Reads the record as everybody; what came and what did not.
    async fn audit(&self, client: &Client) -> Counts {
        let (mut counts, mut seq) = (Counts::default(), 0);
        for visitor in &self.visitors {
            let told = self.read_record(client, visitor, &mut seq).await;
            counts.told += told;
            counts.withheld += usize::from(told == 0);
        }
        counts
    }
}

impl Visitor {
    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }
}

fn key() -> ServiceKeyId {
    ServiceKeyId::new("k2").unwrap()
}

/// A key of the first person whose secret is known; what it is shown by.
fn put_key(play: &Play, scopes: &[KeyScope]) -> String {
    let (bearer, secret_sha256) = service_key::make(&KEY, &key(), &[0; 32], 1);
    let now = read(&*play.gateway.node, GroupId(0), domain::State::clock);
    let key = ServiceKey {
        id: key(),
        account: scene::id_of(0),
        name: "Màn hình".into(),
        secret_sha256,
        scopes: scopes.to_vec(),
        put_at_ms: Millis(0),
        expires_at_ms: now.plus(100 * LASTS_MS),
    };
    accepted(play.cluster.commit(GroupId(0), PutServiceKey { key, replaces: None, overlap_ms: 0 }));
    bearer
}

/// Looks at drawn scenes of these people: at their record, or at everything else. A look that is sensitive is recorded before it is
/// shown, one after the other with a pause: scenes of which everything is asked have no record.
fn of_scenes(cases: u32, asker: impl Strategy<Value = Asker>, is_recorded: bool) -> Counts {
    let config =
        ProptestConfig { cases, max_shrink_iters: SHRINKS_MAX, failure_persistence: None, ..ProptestConfig::default() };
    let scopes = subsequence(KeyScope::ALL.to_vec(), 1..=KeyScope::ALL.len());
    let scenes = (prop::collection::vec(asker, PEOPLE), scopes, opening(), prop::collection::vec(step(), 1..STEPS_MAX));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let total = RefCell::new(Counts::default());
    let outcome = TestRunner::new(config).run(&scenes, |(askers, scopes, opening, steps)| {
        let steps = [opening, steps].concat();
        let of = runtime.block_on(async {
            let scene = Scene::new(&askers, &scopes, &steps, is_recorded);
            let client = client();
            if is_recorded { scene.audit(&client).await } else { scene.ask(&client).await }
        });
        total.borrow_mut().add(&of);
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("{failed}");
    }
    total.into_inner()
}

#[test]
fn no_path_tells_what_is_not_the_askers_and_no_list_is_without_what_is() {
    let total = of_scenes(CASES, asker(), false);
    let Counts { told, withheld, .. } = total;
    assert!(told > 30 && withheld > 30, "what is seen is seen, or this proves nothing: {told}, {withheld}");
    for topic in Topic::ALL {
        let (told, withheld) = total.of(topic);
        let enough = told > 0 && withheld > 3;
        assert!(enough, "{topic:?} is seen, and is withheld, or this proves nothing: {told}, {withheld}");
    }
}

#[test]
fn the_record_is_told_to_who_reads_it_and_of_callers_to_who_sees_them() {
    let Counts { told, withheld, .. } = of_scenes(RECORDED_CASES, reader(), true);
    assert!(told > 30 && withheld > 20, "what is read is read, or this proves nothing: {told}, {withheld}");
}
